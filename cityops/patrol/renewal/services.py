"""Leading a renewal: begin it, confirm what is seen on site, draw the sample of a street, check and decide it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import and_, exists, insert, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer, in_jurisdiction
from cityops.cases.workflow import SUPERVISION
from cityops.crypto import Keys
from cityops.errors import NOTHING_HERE, Invalid, NotAllowed, NotFound, WrongState
from cityops.grid.models import Area, AreaLevel, Component
from cityops.patrol import recheck_draw
from cityops.patrol.renewal import counting, queries
from cityops.patrol.renewal.models import (
    ComponentSighting,
    RenewalCampaign,
    RenewalCheck,
    RenewalSample,
    RenewalStreet,
    StreetState,
)
from cityops.patrol.renewal.rules import Level, is_accepted, sample_size
from cityops.queue import owe
from cityops.words import N_

COUNT = "patrol.count_renewals"
MOST_DAYS = 731


@dataclass(frozen=True)
class NewCampaign:
    """A renewal to begin: `areas` are codes of districts and streets, `majors` the digits of major classes or none."""

    title: str
    begins_on: date
    ends_on: date
    areas: Sequence[str]
    majors: Sequence[str]
    body: str
    level: Level = Level.II
    most_faulty_percent: float = 5.0
    least_seen_percent: float = 95.0


@dataclass(frozen=True)
class Judged:
    """What was found on site; of what was not found nothing else is judged."""

    is_found: bool
    is_class_right: bool | None = None
    is_place_right: bool | None = None
    is_state_right: bool | None = None
    is_owner_right: bool | None = None
    note: str = ""


def begin(session: Session, viewer: Viewer, new: NewCampaign) -> RenewalCampaign:
    """Begin a renewal of streets that lie wholly in what the viewer administers.

    Raises:
        NotAllowed: no administrator, or a street lies outside.
        Invalid: the days, the areas or the body cannot be.
    """
    held = viewer.holding(Post.ADMINISTRATOR)
    if not held:
        raise NotAllowed(N_("Only an administrator may do this."))
    if not new.title.strip():
        raise Invalid("title", N_("Fill this in."))
    if new.ends_on < new.begins_on:
        raise Invalid("ends_on", N_("The last day lies before the first."))
    if (new.ends_on - new.begins_on).days >= MOST_DAYS:
        raise Invalid("ends_on", N_("A renewal lasts two years at most."))
    body = accounts.find_body(session, new.body)
    if body is None:
        raise Invalid("body", N_("There is no body with this code."))
    codes = _list_streets(session, new.areas)
    for code in codes:
        if not any(each.covers(f"{code}000") and each.covers(f"{code}999") for each in held):
            raise NotAllowed(N_("The street %(code)s lies outside your jurisdiction."), code=code)
    campaign = RenewalCampaign(
        title=new.title.strip(),
        begins_on=new.begins_on,
        ends_on=new.ends_on,
        body_id=body.id,
        majors=",".join(sorted(new.majors)),
        level=new.level,
        most_faulty_percent=new.most_faulty_percent,
        least_seen_percent=new.least_seen_percent,
        made_at=clock.now(),
        made_by=viewer.person_id,
    )
    session.add(campaign)
    session.flush()
    same = {"campaign_id": campaign.id, "since_on": new.begins_on, "state": StreetState.SURVEYED}
    ends = [{"street_code": code, "first_area": f"{code}000", "last_area": f"{code}999"} for code in codes]
    session.execute(insert(RenewalStreet), [same | each for each in ends])
    owe(session, COUNT)
    return campaign


def close(session: Session, viewer: Viewer, campaign_id: int) -> None:
    """End a renewal: its figures are counted once more and stay; nothing of it is sampled or checked any more.

    Raises:
        NotFound, NotAllowed: it is not, or not wholly, the viewer's.
        WrongState: it is closed already.
    """
    campaign = _own_campaign(session, viewer, campaign_id)
    campaign.closed_at, campaign.closed_by = clock.now(), viewer.person_id
    owe(session, COUNT)


def order_count(session: Session, viewer: Viewer, campaign_id: int) -> None:
    """Have what is seen counted anew.

    Raises:
        NotFound: no street of it is the viewer's.
        WrongState: it is closed.
    """
    _must_be_open(queries.get_campaign(session, viewer, campaign_id))
    owe(session, COUNT)


def confirm_seen(session: Session, viewer: Viewer, code: str) -> Component:
    """Write down that the viewer stands before a component and finds it as it is written down; once a day is enough.

    Raises:
        NotFound: there is no such component where the viewer inspects.
        WrongState: it has ended.
    """
    own = in_jurisdiction(viewer.holding(Post.INSPECTOR), Component.area_code)
    rows = select(Component).where(Component.code == code, own).with_for_update()
    component = session.scalar(rows.execution_options(populate_existing=True))
    if component is None:
        raise NotFound(NOTHING_HERE)
    if component.ended_on is not None:
        raise WrongState(N_("This component has ended: it does not stand any more."))
    today = clock.today()
    same = (ComponentSighting.component_id == component.id, ComponentSighting.seen_by == viewer.person_id)
    if not session.scalar(select(exists().where(*same, ComponentSighting.seen_on == today))):
        seen = {"component_id": component.id, "seen_on": today, "seen_at": clock.now(), "seen_by": viewer.person_id}
        session.add(ComponentSighting(**seen))
        component.seen_on = today
    return component


def draw(session: Session, viewer: Viewer, keys: Keys, street_id: int) -> RenewalSample:
    """Draw the acceptance sample of a street from what is seen of it.

    Raises:
        NotFound: the street is not the viewer's.
        WrongState: the renewal is closed or has not begun, a sample is being checked, the street is accepted, or too
            little of it is seen.
    """
    street = queries.get_street_for_update(session, viewer, street_id)
    campaign = session.get_one(RenewalCampaign, street.campaign_id)
    _must_be_open(campaign)
    _must_have_begun(campaign)
    if street.state not in (StreetState.SURVEYED, StreetState.SENT_BACK):
        raise WrongState(N_("This street has a sample already, or is accepted."))
    figures = counting.count_street(session, campaign, street)
    standing, seen = sum(each.standing for each in figures), sum(each.seen for each in figures)
    if seen * 100 < campaign.least_seen_percent * standing:
        reason = N_("%(seen)s of %(standing)s components are seen; a sample is drawn from %(percent)s %% on.")
        raise WrongState(reason, seen=seen, standing=standing, percent=f"{campaign.least_seen_percent:g}")
    lot = counting.list_lot(session, campaign, street)
    if not lot:
        raise WrongState(N_("Nothing of this street is seen yet: there is nothing to draw from."))
    sample = RenewalSample(
        street_id=street.id,
        drawn_at=clock.now(),
        drawn_by=viewer.person_id,
        lot_count=len(lot),
        number=sample_size(len(lot), campaign.level),
        level=campaign.level,
        most_faulty_percent=campaign.most_faulty_percent,
    )
    drawn = recheck_draw.draw_number(keys, sample, lot, sample.number)
    session.add(sample)
    session.flush()
    session.execute(insert(RenewalCheck), [{"sample_id": sample.id, "component_id": key, "note": ""} for key in drawn])
    street.state = StreetState.SAMPLED
    return sample


def check(session: Session, viewer: Viewer, check_id: int, judged: Judged) -> RenewalCheck:
    """Enter what somebody else than the surveyor found on site.

    Raises:
        NotFound: it is not the viewer's to check.
        NotAllowed: he is of the surveying body, or confirmed the component himself.
        WrongState: it is entered already, or the renewal is closed.
        Invalid: something is not judged.
    """
    row = queries.get_check(session, viewer, check_id)
    sample = queries.lock_sample(session, row.sample_id)
    session.refresh(row)
    campaign = row.sample.street.campaign
    _must_be_open(campaign)
    if sample.decided_at is not None or row.checked_at is not None:
        raise WrongState(N_("What was found of this component is entered already."))
    _must_be_another(session, viewer, row, campaign)
    if judged.is_found:
        _must_be_whole(judged)
        row.is_class_right, row.is_place_right = judged.is_class_right, judged.is_place_right
        row.is_state_right, row.is_owner_right = judged.is_state_right, judged.is_owner_right
    row.is_found, row.note = judged.is_found, judged.note.strip()
    row.checked_at, row.checked_by = clock.now(), viewer.person_id
    return row


def decide(session: Session, viewer: Viewer, sample_id: int, note: str) -> RenewalSample:
    """Accept a street, or send it back, by the share of its sample that is at fault.

    What is sent back is surveyed again: only what is seen from the next day on counts.

    Raises:
        NotFound: it is not the viewer's.
        WrongState: something is not checked, it is decided already, or the renewal is closed.
    """
    found = queries.get_sample(session, viewer, sample_id, *SUPERVISION)
    street = queries.get_street_for_update(session, viewer, found.street_id)
    sample = queries.lock_sample(session, sample_id)
    _must_be_open(street.campaign)
    if sample.decided_at is not None:
        raise WrongState(N_("This sample is decided already."))
    checked, faulty = queries.count_checks(session, sample_id)
    if checked < sample.number:
        raise WrongState(N_("%(n)s components of the sample are not checked yet."), n=sample.number - checked)
    sample.faulty, sample.note = faulty, note.strip()
    sample.is_accepted = is_accepted(faulty, checked, sample.most_faulty_percent)
    sample.decided_at, sample.decided_by = clock.now(), viewer.person_id
    if sample.is_accepted:
        street.state = StreetState.ACCEPTED
    else:
        street.state, street.since_on = StreetState.SENT_BACK, clock.today() + timedelta(days=1)
        owe(session, COUNT)
    return sample


def _list_streets(session: Session, areas: Sequence[str]) -> list[str]:
    """The codes of the standing streets in these districts and streets.

    Raises:
        Invalid: field `areas`; none is named, or there is none of such a code.
    """
    streets = select(Area.code).where(Area.level == AreaLevel.STREET, Area.ended_on.is_(None)).order_by(Area.code)
    codes = session.scalars(streets).all()
    chosen = {code for code in codes if code in areas or code[:6] in areas}
    strange = [each for each in areas if not any(code.startswith(each) for code in codes)]
    if strange or not chosen:
        raise Invalid("areas", N_("Choose districts or streets of this city."))
    return sorted(chosen)


def _own_campaign(session: Session, viewer: Viewer, campaign_id: int) -> RenewalCampaign:
    """An open campaign of which every street is the viewer's to administer, its row locked."""
    queries.get_campaign(session, viewer, campaign_id)
    outside = select(RenewalStreet.id).where(RenewalStreet.campaign_id == campaign_id)
    outside = outside.where(~queries.in_scope(viewer, Post.ADMINISTRATOR)).limit(1)
    if not viewer.has(Post.ADMINISTRATOR) or session.scalar(outside) is not None:
        raise NotAllowed(N_("A part of this renewal lies outside what you administer."))
    rows = select(RenewalCampaign).where(RenewalCampaign.id == campaign_id).with_for_update()
    campaign = session.scalars(rows.execution_options(populate_existing=True)).one()
    _must_be_open(campaign)
    return campaign


def _must_be_open(campaign: RenewalCampaign) -> None:
    if campaign.closed_at is not None:
        raise WrongState(N_("This renewal is closed."))


def _must_have_begun(campaign: RenewalCampaign) -> None:
    if campaign.begins_on > clock.today():
        raise WrongState(N_("This renewal begins on %(day)s."), day=campaign.begins_on.isoformat())


def _must_be_whole(judged: Judged) -> None:
    for name in ("is_class_right", "is_place_right", "is_state_right", "is_owner_right"):
        if getattr(judged, name) is None:
            raise Invalid(name, N_("Say whether it is right."))


def _must_be_another(session: Session, viewer: Viewer, row: RenewalCheck, campaign: RenewalCampaign) -> None:
    body = session.get_one(Body, campaign.body_id)
    if any(held.body_path.startswith(body.path) for held in viewer.held):
        raise NotAllowed(N_("You belong to the body that surveyed it: somebody else checks."))
    own = and_(
        ComponentSighting.component_id == row.component_id,
        ComponentSighting.seen_by == viewer.person_id,
        ComponentSighting.seen_on >= campaign.begins_on,
    )
    if session.scalar(select(exists().where(own))):
        raise NotAllowed(N_("You confirmed this component yourself: somebody else checks."))
