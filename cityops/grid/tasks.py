"""What the grid does by the clock: a planned version comes into force on its day."""

from cityops.grid import versions
from cityops.workshop import Workshop


def put_version_into_force(workshop: Workshop) -> None:
    """Put the version into force whose day has come, if there is one."""
    with workshop.transaction() as session:
        versions.put_due_into_force(session)
