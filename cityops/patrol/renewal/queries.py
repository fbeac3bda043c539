"""What can be asked of renewals. A street is seen by whose jurisdiction holds all of it; a campaign by its streets."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload, undefer

from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer, in_jurisdiction
from cityops.cases.workflow import SUPERVISION
from cityops.errors import NOTHING_HERE, NotFound
from cityops.grid.models import Area
from cityops.grid.queries import find_areas
from cityops.patrol.renewal.models import (
    RenewalCampaign,
    RenewalCheck,
    RenewalFigure,
    RenewalSample,
    RenewalStreet,
)
from cityops.words import N_

SEES = (Post.ADMINISTRATOR, *SUPERVISION, Post.LEADER)
"""Who follows a renewal."""

CHECKS = (*SUPERVISION, Post.INSPECTOR)
"""Who checks a sample's components on site."""


@dataclass
class StreetProgress:
    """How far a street has come: its figures by major class, and its last sample."""

    street: RenewalStreet
    area: Area | None
    figures: dict[str, RenewalFigure] = field(default_factory=dict)
    sample: RenewalSample | None = None
    checked: int = 0
    faulty: int = 0

    @property
    def standing(self) -> int:
        """How many components stood at the beginning."""
        return sum(each.standing for each in self.figures.values())

    @property
    def seen(self) -> int:
        """How many of them are seen."""
        return sum(each.seen for each in self.figures.values())

    @property
    def added(self) -> int:
        """How many came new."""
        return sum(each.added for each in self.figures.values())


def in_scope(viewer: Viewer, *posts: Post) -> ColumnElement[bool]:
    """The condition that a street of a renewal lies wholly where the viewer holds one of these posts."""
    held = viewer.holding(*posts)
    return and_(in_jurisdiction(held, RenewalStreet.first_area), in_jurisdiction(held, RenewalStreet.last_area))


def list_campaigns(session: Session, viewer: Viewer, *, limit: int = 50) -> Sequence[RenewalCampaign]:
    """The renewals with a street that the viewer follows, the last first."""
    rows = select(RenewalCampaign).where(_is_followed(viewer)).order_by(RenewalCampaign.id.desc()).limit(limit)
    return session.scalars(rows.options(joinedload(RenewalCampaign.body))).all()


def sum_up(session: Session, viewer: Viewer, campaign_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Of each campaign, how many stood and how many are seen, in the streets that the viewer follows."""
    rows = (
        select(RenewalStreet.campaign_id, func.sum(RenewalFigure.standing), func.sum(RenewalFigure.seen))
        .join(RenewalFigure, RenewalFigure.street_id == RenewalStreet.id)
        .where(RenewalStreet.campaign_id.in_(campaign_ids), in_scope(viewer, *SEES))
        .group_by(RenewalStreet.campaign_id)
    )
    return {key: (standing, seen) for key, standing, seen in session.execute(rows)}


def get_campaign(session: Session, viewer: Viewer, campaign_id: int) -> RenewalCampaign:
    """A renewal with a street that the viewer follows.

    Raises:
        NotFound: there is none, or no street of it lies in the viewer's jurisdiction.
    """
    rows = select(RenewalCampaign).where(RenewalCampaign.id == campaign_id, _is_followed(viewer))
    found = session.scalar(rows.options(joinedload(RenewalCampaign.body), joinedload(RenewalCampaign.maker)))
    if found is None:
        raise NotFound(NOTHING_HERE)
    return found


def read_progress(session: Session, viewer: Viewer, campaign_id: int) -> list[StreetProgress]:
    """The streets of a renewal that the viewer follows, by code; a fixed number of queries."""
    mine = and_(RenewalStreet.campaign_id == campaign_id, in_scope(viewer, *SEES))
    streets = session.scalars(select(RenewalStreet).where(mine).order_by(RenewalStreet.street_code)).all()
    areas = find_areas(session, {street.street_code for street in streets})
    told = {street.id: StreetProgress(street, areas.get(street.street_code)) for street in streets}
    figures = select(RenewalFigure).join(RenewalStreet, RenewalStreet.id == RenewalFigure.street_id).where(mine)
    for figure in session.scalars(figures.order_by(RenewalFigure.major)):
        told[figure.street_id].figures[figure.major] = figure
    last = select(func.max(RenewalSample.id)).join(RenewalStreet).where(mine).group_by(RenewalSample.street_id)
    counted = (
        select(RenewalSample, func.count(RenewalCheck.checked_at), _count_faulty())
        .join(RenewalCheck, RenewalCheck.sample_id == RenewalSample.id)
        .where(RenewalSample.id.in_(last))
        .group_by(RenewalSample.id)
    )
    for sample, checked, faulty in session.execute(counted):
        row = told[sample.street_id]
        row.sample, row.checked, row.faulty = sample, checked, faulty
    return list(told.values())


def get_street_for_update(session: Session, viewer: Viewer, street_id: int) -> RenewalStreet:
    """A street of a renewal whose samples the viewer draws, its row locked.

    Raises:
        NotFound: there is none, or it lies outside.
    """
    rows = select(RenewalStreet).where(RenewalStreet.id == street_id, in_scope(viewer, *SUPERVISION))
    found = session.scalar(rows.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound(NOTHING_HERE)
    return found


def get_sample(session: Session, viewer: Viewer, sample_id: int, *posts: Post) -> RenewalSample:
    """An acceptance sample of a street where the viewer holds one of these posts, with its street and campaign.

    Raises:
        NotFound: there is none, or its street lies outside.
    """
    rows = select(RenewalSample).join(RenewalSample.street).join(RenewalStreet.campaign)
    rows = rows.where(RenewalSample.id == sample_id, in_scope(viewer, *posts))
    loaded = contains_eager(RenewalSample.street).contains_eager(RenewalStreet.campaign)
    found = session.scalar(rows.options(loaded, joinedload(RenewalSample.drawer), joinedload(RenewalSample.decider)))
    if found is None:
        raise NotFound(NOTHING_HERE)
    return found


def lock_sample(session: Session, sample_id: int) -> RenewalSample:
    """A sample, its row locked: its checks are entered and it is decided one after the other."""
    rows = select(RenewalSample).where(RenewalSample.id == sample_id).with_for_update()
    return session.scalars(rows.execution_options(populate_existing=True)).one()


def count_checks(session: Session, sample_id: int) -> tuple[int, int]:
    """How many components of a sample are checked, and how many of them are at fault."""
    rows = select(func.count(RenewalCheck.checked_at), _count_faulty()).where(RenewalCheck.sample_id == sample_id)
    checked, faulty = session.execute(rows).one()
    return checked, faulty


def list_checks(session: Session, sample_id: int, *, after: int | None = None, size: int = 50) -> list[RenewalCheck]:
    """A page of a sample's components, by the order of their keys."""
    rows = select(RenewalCheck).where(RenewalCheck.sample_id == sample_id, RenewalCheck.id > (after or 0))
    loaded = (joinedload(RenewalCheck.component), joinedload(RenewalCheck.checker))
    return list(session.scalars(rows.order_by(RenewalCheck.id).limit(size).options(*loaded)))


def list_open_checks(
    session: Session, viewer: Viewer, *, after: int | None = None, size: int = 50
) -> list[RenewalCheck]:
    """What is still to be checked on site where the viewer checks, in the order it was drawn."""
    rows = select(RenewalCheck).join(RenewalCheck.sample).join(RenewalSample.street).join(RenewalStreet.campaign)
    rows = rows.where(
        RenewalCheck.checked_at.is_(None),
        RenewalCheck.id > (after or 0),
        RenewalCampaign.closed_at.is_(None),
        in_scope(viewer, *CHECKS),
    )
    loaded = contains_eager(RenewalCheck.sample).contains_eager(RenewalSample.street)
    rows = rows.options(loaded, joinedload(RenewalCheck.component)).order_by(RenewalCheck.id).limit(size)
    return list(session.scalars(rows))


def get_check(session: Session, viewer: Viewer, check_id: int) -> RenewalCheck:
    """A component of a sample where the viewer checks, with its sample, street and campaign.

    Raises:
        NotFound: there is none, or its street lies outside.
    """
    rows = select(RenewalCheck).join(RenewalCheck.sample).join(RenewalSample.street).join(RenewalStreet.campaign)
    rows = rows.where(RenewalCheck.id == check_id, in_scope(viewer, *CHECKS))
    loaded = contains_eager(RenewalCheck.sample).contains_eager(RenewalSample.street)
    rows = rows.options(loaded.contains_eager(RenewalStreet.campaign), joinedload(RenewalCheck.checker))
    found = session.scalar(rows.options(joinedload(RenewalCheck.component)))
    if found is None:
        raise NotFound(NOTHING_HERE)
    return found


def get_members(session: Session, sample_id: int) -> tuple[RenewalSample, list[int]]:
    """A sample with its whole draw, and the components that are in it; for the command line.

    Raises:
        NotFound: there is none.
    """
    sample = session.get(RenewalSample, sample_id, options=[undefer(RenewalSample.draw)])
    if sample is None:
        raise NotFound(N_("there is no acceptance sample %(number)s"), number=sample_id)
    members = select(RenewalCheck.component_id).where(RenewalCheck.sample_id == sample_id)
    return sample, list(session.scalars(members))


def _is_followed(viewer: Viewer) -> ColumnElement[bool]:
    mine = select(RenewalStreet.id).where(RenewalStreet.campaign_id == RenewalCampaign.id)
    return mine.where(in_scope(viewer, *SEES)).exists()


def _count_faulty() -> ColumnElement[int]:
    answers = (RenewalCheck.is_found, RenewalCheck.is_class_right, RenewalCheck.is_place_right)
    wrong = or_(*(each.is_(False) for each in (*answers, RenewalCheck.is_state_right, RenewalCheck.is_owner_right)))
    return func.coalesce(func.sum(case((and_(RenewalCheck.checked_at.is_not(None), wrong), 1), else_=0)), 0)
