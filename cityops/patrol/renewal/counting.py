"""What is seen of a street's components since its renewal began: counted by the worker, and where a sample is drawn."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, insert, or_, select
from sqlalchemy.orm import Session

from cityops.clock import now
from cityops.grid.models import Component
from cityops.patrol.renewal.models import RenewalCampaign, RenewalFigure, RenewalStreet


class Figure(NamedTuple):
    """Of a major class in a street: standing at the beginning, seen of them since, come new."""

    major: str
    standing: int
    seen: int
    added: int


def count_street(session: Session, campaign: RenewalCampaign, street: RenewalStreet) -> list[Figure]:
    """The figures of a street by major class, by the components as they stand; one query, by an index's range."""
    stood = and_(
        Component.initial_on < campaign.begins_on,
        or_(Component.ended_on.is_(None), Component.ended_on >= campaign.begins_on),
    )
    came = and_(Component.initial_on >= campaign.begins_on, Component.ended_on.is_(None))
    major = func.substr(Component.class_code, 1, 2)
    rows = (
        select(major, _number_of(stood), _number_of(and_(stood, _is_seen(street))), _number_of(came))
        .where(Component.area_code.between(street.first_area, street.last_area))
        .group_by(major)
        .order_by(major)
    )
    figures = (Figure(*row) for row in session.execute(rows))
    return [each for each in figures if campaign.covers(each.major) and (each.standing or each.added)]


def list_lot(session: Session, campaign: RenewalCampaign, street: RenewalStreet) -> list[int]:
    """The keys of the components that a street's sample is drawn from: those that stand and are seen."""
    in_street = Component.area_code.between(street.first_area, street.last_area)
    rows = select(Component.id, Component.class_code).where(in_street, Component.ended_on.is_(None), _is_seen(street))
    return [key for key, class_code in session.execute(rows) if campaign.covers(class_code)]


def count_campaign(session: Session, campaign: RenewalCampaign) -> None:
    """Count all streets of a campaign anew, and keep the figures."""
    # One count at a time: two workers would both write the figures, and the second would fail.
    session.execute(select(RenewalCampaign.id).where(RenewalCampaign.id == campaign.id).with_for_update())
    streets = session.scalars(select(RenewalStreet).where(RenewalStreet.campaign_id == campaign.id)).all()
    session.execute(delete(RenewalFigure).where(RenewalFigure.street_id.in_([street.id for street in streets])))
    for street in streets:
        figures = count_street(session, campaign, street)
        if figures:
            session.execute(insert(RenewalFigure), [{"street_id": street.id} | each._asdict() for each in figures])
    campaign.counted_at = now()


def list_to_count(session: Session) -> list[int]:
    """The campaigns whose figures may have changed: open ones, and those closed since they were counted."""
    uncounted = or_(RenewalCampaign.counted_at.is_(None), RenewalCampaign.counted_at < RenewalCampaign.closed_at)
    of_interest = or_(RenewalCampaign.closed_at.is_(None), uncounted)
    has_streets = exists().where(RenewalStreet.campaign_id == RenewalCampaign.id)
    return list(session.scalars(select(RenewalCampaign.id).where(of_interest, has_streets)))


def _is_seen(street: RenewalStreet) -> ColumnElement[bool]:
    return and_(Component.seen_on.is_not(None), Component.seen_on >= street.since_on)


def _number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
