"""The inspectors' tasks that run by themselves: each opens its own doors and may run twice."""

from cityops.patrol import services
from cityops.workshop import Workshop


def hand_on_tasks(workshop: Workshop) -> None:
    """Hand the open tasks of inspectors who have left to others."""
    with workshop.transaction() as session:
        services.hand_on_tasks(session, workshop.keys)
