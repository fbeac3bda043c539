"""What the worker does for the grid: plans come into force on their day, surveys are looked at and taken in."""

from cityops.grid import surveys, versions
from cityops.grid.addresses import looking as addresses_looking
from cityops.grid.coverage import looking as cover_looking
from cityops.grid.duty_grids import services as duty_grids
from cityops.workshop import Workshop


def put_version_into_force(workshop: Workshop) -> None:
    """Put the version into force whose day has come, then the duty grids that were drawn for its cells' heirs."""
    with workshop.transaction() as session:
        versions.put_due_into_force(session)
        duty_grids.put_due_into_force(session)


def look_at_cover(workshop: Workshop, survey_id: int) -> None:
    """Look at a layer of land that was handed in on the page."""
    cover_looking.look_at(workshop, survey_id)


def take_in_cover(workshop: Workshop, survey_id: int) -> None:
    """Take in a layer of land as the administrator ordered."""
    cover_looking.take_in(workshop, survey_id)


def look_at_addresses(workshop: Workshop, survey_id: int) -> None:
    """Look at a file of addresses that was handed in on the page."""
    addresses_looking.look_at(workshop, survey_id)


def take_in_addresses(workshop: Workshop, survey_id: int) -> None:
    """Take in a file of addresses as the administrator ordered."""
    addresses_looking.take_in(workshop, survey_id)


def forget_surveys(workshop: Workshop) -> None:
    """Delete the survey files that were handed in a day ago and more."""
    surveys.forget_old(workshop.config.surveys_folder)
