"""The inspectors' tasks that run by themselves: each opens its own doors and may run twice."""

from cityops.patrol import rechecks, services
from cityops.patrol.renewal import counting
from cityops.patrol.renewal.models import RenewalCampaign
from cityops.workshop import Workshop


def hand_on_tasks(workshop: Workshop) -> None:
    """Hand the open tasks that have nobody, or one who has left, to whoever may do them."""
    with workshop.transaction() as session:
        services.hand_on_tasks(session, workshop.keys)


def draw_rechecks(workshop: Workshop) -> None:
    """Draw the city's share of cases put right on the spot, or closed without a check, for re-check."""
    with workshop.transaction() as session:
        rechecks.draw_by_rule(session, workshop.keys)


def count_renewals(workshop: Workshop) -> None:
    """Count what is seen in the renewals whose figures may have changed, each in a transaction of its own."""
    with workshop.reading() as session:
        campaign_ids = counting.list_to_count(session)
    for campaign_id in campaign_ids:
        with workshop.transaction() as session:
            counting.count_campaign(session, session.get_one(RenewalCampaign, campaign_id))
