"""Whose a duty grid is: given to inspectors for hours of weekdays, with dates; and where nobody is on duty."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, contains_eager

from cityops.accounts.audit import record
from cityops.accounts.holders import list_holders
from cityops.accounts.models import AuditAction, Person, PersonPost
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer, in_jurisdiction
from cityops.cases.queries import AREA_POSTS
from cityops.clock import CITY_ZONE, today
from cityops.errors import Invalid, NotFound
from cityops.grid.duty_grids import queries as grids
from cityops.grid.duty_grids.models import CellDutyGrid
from cityops.grid.duty_grids.queries import Held
from cityops.grid.models import Cell, DutyGrid
from cityops.patrol.models import InspectorShift
from cityops.patrol.queries import get_rules, is_away
from cityops.patrol.watch import Span, WeekdaySpan, find_gaps, lay_out
from cityops.words import N_

# What lies farther off was not meant as a day.
MOST_YEARS = 50


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of an inspector in a duty grid; from the first day to the last, both included."""

    grid_code: str
    username: str
    weekdays: tuple[int, ...]
    start_minute: int
    end_minute: int
    from_on: date
    until_on: date | None = None


class Owner(NamedTuple):
    """Who is on duty in a duty grid on a day, and when."""

    name: str
    span: Span
    username: str


class Duty(NamedTuple):
    """A duty grid, who is on duty there at a moment, and the hours of that day in which nobody is."""

    held: Held
    now: list[Owner]
    gaps: list[Span]


class Unwatched(NamedTuple):
    """A duty grid, its cells, and the hours of a day in which nobody is on duty there."""

    grid: DutyGrid
    cells: int
    gaps: list[Span]


def _holds(on: date) -> ColumnElement[bool]:
    """Shifts of people who hold an inspector's post on a day and are not away, that hold then."""
    has_post = exists().where(
        PersonPost.person_id == InspectorShift.person_id,
        PersonPost.post == Post.INSPECTOR,
        PersonPost.from_on <= on,
        or_(PersonPost.until_on.is_(None), PersonPost.until_on >= on),
    )
    return and_(
        InspectorShift.from_on <= on,
        or_(InspectorShift.ended_on.is_(None), InspectorShift.ended_on > on),
        or_(Person.ended_on.is_(None), Person.ended_on > on),
        has_post,
        ~exists().where(is_away(on)),
    )


def list_owners(session: Session, grid_ids: Collection[int], on: date) -> dict[int, list[Owner]]:
    """Who is on duty in duty grids on a day, by the grid's key, in the order of their hours."""
    hours = (InspectorShift.start_minute, InspectorShift.end_minute)
    rows = select(InspectorShift.duty_grid_id, Person.name, Person.username, *hours)
    rows = rows.join(Person, Person.id == InspectorShift.person_id).where(InspectorShift.duty_grid_id.in_(grid_ids))
    rows = rows.where(InspectorShift.weekday == on.weekday(), _holds(on))
    owners: dict[int, list[Owner]] = {}
    for grid_id, name, username, start, end in session.execute(rows.order_by(InspectorShift.start_minute, Person.name)):
        owners.setdefault(grid_id, []).append(Owner(name, Span(start, end), username))
    return owners


def list_seen_owners(session: Session, viewer: Viewer, grid_id: int, on: date) -> list[Owner] | None:
    """Who is on duty in a duty grid on a day; None where its cells lie outside the viewer's jurisdiction.

    A body's handlers are not told: they see cases, and not the ground.
    """
    inside = select(CellDutyGrid.cell_id).join(Cell, Cell.id == CellDutyGrid.cell_id)
    held = in_jurisdiction(viewer.holding(*AREA_POSTS), Cell.area_code)
    seen = session.scalar(inside.where(CellDutyGrid.duty_grid_id == grid_id, held).limit(1))
    return None if seen is None else list_owners(session, [grid_id], on).get(grid_id, [])


def watched_hours(session: Session) -> Span:
    """The hours of a day in which no duty grid may be without an inspector."""
    rules = get_rules(session)
    return Span(rules.watch_from_hour * 60, rules.watch_until_hour * 60)


def list_unwatched(session: Session, viewer: Viewer, on: date) -> list[Unwatched]:
    """The duty grids of the viewer's streets that are without an inspector for a part of a day."""
    standing = grids.list_grids_of(session, viewer, on)
    owners, whole = list_owners(session, [grid.id for grid, _ in standing], on), watched_hours(session)
    found = [
        Unwatched(grid, cells, find_gaps((owner.span for owner in owners.get(grid.id, ())), whole))
        for grid, cells in standing
    ]
    return [each for each in found if each.gaps]


def list_duty(
    session: Session,
    viewer: Viewer | None,
    moment: datetime,
    *,
    code: str = "",
    street: str = "",
    after: str = "",
    limit: int | None = None,
) -> list[Duty]:
    """The duty grids of the viewer's cells with who is on duty at a moment, by code; None is the command line."""
    held = grids.list_held(session, viewer, code=code, street=street, after=after, limit=limit)
    local = moment.astimezone(CITY_ZONE)
    owners, whole = list_owners(session, [each.grid.id for each in held], local.date()), watched_hours(session)
    minute = local.hour * 60 + local.minute
    found = []
    for each in held:
        own = owners.get(each.grid.id, [])
        now = [owner for owner in own if owner.span.start <= minute < owner.span.end]
        found.append(Duty(each, now, find_gaps((owner.span for owner in own), whole)))
    return found


def list_shifts_of(session: Session, street_code: str) -> Sequence[InspectorShift]:
    """The shifts in a street's duty grids that hold now or later, with their persons."""
    rows = select(InspectorShift).join(InspectorShift.person).join(DutyGrid, DutyGrid.id == InspectorShift.duty_grid_id)
    rows = rows.where(DutyGrid.street_code == street_code, DutyGrid.ended_on.is_(None))
    rows = rows.where(or_(InspectorShift.ended_on.is_(None), InspectorShift.ended_on > today()))
    order = (DutyGrid.code, InspectorShift.start_minute, Person.name, InspectorShift.from_on, InspectorShift.weekday)
    return session.scalars(rows.order_by(*order).options(contains_eager(InspectorShift.person))).all()


def list_inspectors(session: Session, street_code: str) -> Sequence[Person]:
    """The inspectors whose jurisdiction holds a street, by user name."""
    held = list_holders(session, [Post.INSPECTOR])
    ids = {person_id for person_id, post in held if post.covers(f"{street_code}001")}
    return session.scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.username)).all()


def give(session: Session, viewer: Viewer, street_code: str, hours: Hours) -> None:
    """Give a duty grid to an inspector for hours of weekdays; hours over midnight go on on the day after.

    Raises:
        NotFound, NotAllowed: the street is not, or not wholly, the viewer's.
        Invalid: names the field; no such grid or inspector, days in the wrong order, or hours he has elsewhere.
    """
    street = grids.get_street(session, viewer, street_code)
    grid = next((each for each in grids.list_grids(session, [street.code]) if each.code == hours.grid_code), None)
    if grid is None:
        raise Invalid("grid", N_("There is no such duty grid in this street."))
    _must_be_days(hours, grid)
    inspectors = {person.username: person for person in list_inspectors(session, street.code)}
    if hours.username not in inspectors:
        raise Invalid("username", N_("This is no inspector of this street."))
    person = session.get(Person, inspectors[hours.username].id, with_for_update=True, populate_existing=True)
    for each in lay_out(hours.weekdays, hours.start_minute, hours.end_minute):
        shift = _shift_of(person, grid, hours, each)
        _must_be_free(session, shift)
        session.add(shift)
        session.flush()
    record(session, viewer.person_id, AuditAction.PATROL_SHIFT_GIVEN, f"{grid.code} {hours.username} {hours.from_on}")


def end(session: Session, viewer: Viewer, street_code: str, shift_id: int, last_on: date) -> None:
    """End an inspector's hours in a duty grid after a day, on all the weekdays on which they are the same.

    Open tasks stay with the inspector: who does them is not asked anew.

    Raises:
        NotFound, NotAllowed: the street is not, or not wholly, the viewer's, or has no such shift.
        Invalid: field `last_on`; the day has passed, or they end before it.
    """
    street = grids.get_street(session, viewer, street_code)
    shifts = list_shifts_of(session, street.code)
    chosen = next((shift for shift in shifts if shift.id == shift_id), None)
    if chosen is None:
        raise NotFound(N_("There are no such hours in this street."))
    if last_on < today() - timedelta(days=1):
        raise Invalid("last_on", N_("This day has passed: who had a duty grid then stays as it was."))
    _must_be_near("last_on", last_on)
    if chosen.ended_on is not None and last_on >= chosen.ended_on:
        reason = N_("These hours end before, after %(day)s: give new ones from the day after.")
        raise Invalid("last_on", reason, day=str(chosen.ended_on - timedelta(days=1)))
    given_together = same_hours(chosen)
    for shift in shifts:
        if same_hours(shift) == given_together:
            shift.ended_on = max(shift.from_on, last_on + timedelta(days=1))
    subject = f"{chosen.person.username} {last_on}"
    record(session, viewer.person_id, AuditAction.PATROL_SHIFT_ENDED, subject)


def same_hours(shift: InspectorShift) -> tuple[object, ...]:
    """What shifts have in common that were given together."""
    return shift.duty_grid_id, shift.person_id, shift.start_minute, shift.end_minute, shift.from_on, shift.ended_on


def _must_be_days(hours: Hours, grid: DutyGrid) -> None:
    if not hours.weekdays or not set(hours.weekdays) <= set(range(7)):
        raise Invalid("weekdays", N_("Choose the days of the week."))
    if hours.start_minute == hours.end_minute:
        raise Invalid("end", N_("The hours end when they begin."))
    if hours.from_on < max(today(), grid.valid_from_on):
        raise Invalid("from_on", N_("This is before today, or before the duty grid begins."))
    if hours.until_on is not None and hours.until_on < hours.from_on:
        raise Invalid("until_on", N_("This is before the first day."))
    _must_be_near("from_on", hours.from_on)
    if hours.until_on is not None:
        _must_be_near("until_on", hours.until_on)


def _must_be_near(field: str, day: date) -> None:
    if day.year > today().year + MOST_YEARS:
        raise Invalid(field, N_("This day is too far off."))


def _shift_of(person: Person | None, grid: DutyGrid, hours: Hours, each: WeekdaySpan) -> InspectorShift:
    later = timedelta(days=each.later)
    return InspectorShift(
        person_id=person.id if person else None,
        duty_grid_id=grid.id,
        weekday=each.weekday,
        start_minute=each.span.start,
        end_minute=each.span.end,
        from_on=hours.from_on + later,
        ended_on=hours.until_on + timedelta(days=1) + later if hours.until_on else None,
    )


def _must_be_free(session: Session, shift: InspectorShift) -> None:
    """Nobody stands in two duty grids at one time."""
    rows = select(DutyGrid.code).join(InspectorShift, InspectorShift.duty_grid_id == DutyGrid.id)
    rows = rows.where(
        DutyGrid.ended_on.is_(None),
        InspectorShift.person_id == shift.person_id,
        InspectorShift.weekday == shift.weekday,
        InspectorShift.start_minute < shift.end_minute,
        InspectorShift.end_minute > shift.start_minute,
        or_(InspectorShift.ended_on.is_(None), InspectorShift.ended_on > shift.from_on),
    )
    if shift.ended_on is not None:
        rows = rows.where(InspectorShift.from_on < shift.ended_on)
    taken = session.scalar(rows.limit(1))
    if taken is not None:
        raise Invalid("start", N_("He is on duty in %(grid)s at that time: end those hours first."), grid=taken)
