"""Who is on duty: now, and in a week. The organisation's own plan, which everybody at a desk may see."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload, selectinload

from cityops import clock
from cityops.accounts.bodies import exists_on
from cityops.accounts.holders import list_holders
from cityops.accounts.models import Body, Person
from cityops.accounts.posts import Post
from cityops.accounts.queries import NO_BODY, find_body
from cityops.accounts.viewer import Viewer
from cityops.errors import NotFound
from cityops.roster.models import DutyShift, RosterChange, RosterLine, RosterPattern
from cityops.roster.turns import day_of_cycle
from cityops.words import N_

DESKS = (Post.OPERATOR, Post.DISPATCHER, Post.DUTY_LEADER)

Holding = tuple[int, Post]


@dataclass(frozen=True)
class OnDuty:
    """Who is on duty at a moment.

    Attributes:
        now: persons with the post they are on duty for.
        ever: those who stand on a roster that is in force; for the others nothing is said.
    """

    now: frozenset[Holding]
    ever: frozenset[Holding]


@dataclass(frozen=True)
class Entry:
    """A person on duty in a shift of a day, with the posts; `is_changed` where the pattern says otherwise."""

    person: Person
    posts: tuple[Post, ...]
    is_changed: bool


@dataclass(frozen=True)
class Week:
    """A body's seven days: for each of its shifts and days who is on duty, and who was taken off."""

    body: Body
    days: tuple[date, ...]
    shifts: Sequence[DutyShift]
    entries: dict[tuple[int, date], list[Entry]]
    taken_off: dict[tuple[int, date], list[RosterChange]]
    pattern: RosterPattern | None


def on_duty(session: Session, moment: datetime) -> OnDuty:
    """Who is on duty at a moment, in all bodies that have a roster: three queries."""
    today = clock.city_day(moment)
    days = (today - timedelta(days=1), today)
    shifts = session.scalars(select(DutyShift)).all()
    lasting = {shift.id: shift.turn.day_at(moment, clock.CITY_ZONE) for shift in shifts}
    # By shift: one body takes nobody off who stands on another's roster.
    now: set[tuple[int, Holding]] = set()
    ever: set[Holding] = set()
    for line, pattern in _lines(session, *days):
        ever.add((line.person_id, line.post))
        on = lasting[line.shift_id]
        if on is not None and _is_in_force(pattern, on) and _day(pattern, on) == line.day:
            now.add((line.shift_id, (line.person_id, line.post)))
    changes = select(RosterChange).where(RosterChange.on.in_(days)).order_by(RosterChange.id)
    for change in session.scalars(changes):
        if lasting[change.shift_id] == change.on:
            place = change.shift_id, (change.person_id, change.post)
            (now.add if change.is_on_duty else now.discard)(place)
    held = frozenset(holding for _, holding in now)
    return OnDuty(held, held | ever)


def find_shift(session: Session, viewer: Viewer, moment: datetime) -> DutyShift | None:
    """The shift that the viewer is in at a moment; None off duty, and where there is no roster."""
    today = clock.city_day(moment)
    days = (today - timedelta(days=1), today)
    found = select(RosterLine, RosterPattern, DutyShift).join(RosterLine.pattern)
    found = found.join(DutyShift, DutyShift.id == RosterLine.shift_id)
    on: dict[Post, DutyShift] = {}
    for line, pattern, shift in session.execute(
        found.where(RosterLine.person_id == viewer.person_id, *_in_force(*days))
    ):
        day = shift.turn.day_at(moment, clock.CITY_ZONE)
        if day is not None and _is_in_force(pattern, day) and _day(pattern, day) == line.day:
            on[line.post] = shift
    changes = select(RosterChange, DutyShift).join(DutyShift, DutyShift.id == RosterChange.shift_id)
    own = (RosterChange.person_id == viewer.person_id, RosterChange.on.in_(days))
    for change, shift in session.execute(changes.where(*own)):
        if shift.turn.day_at(moment, clock.CITY_ZONE) == change.on:
            if change.is_on_duty:
                on[change.post] = shift
            elif on.get(change.post) is shift:
                del on[change.post]
    return next(iter(on.values()), None)


def get_week(session: Session, body: Body, monday: date) -> Week:
    """A body's roster of a week."""
    days = tuple(monday + timedelta(days=number) for number in range(7))
    shifts = list_shifts(session, body)
    patterns = list_patterns(session, body, days[0], days[-1])
    on: dict[tuple[int, date], dict[int, dict[Post, bool]]] = defaultdict(lambda: defaultdict(dict))
    persons: dict[int, Person] = {}
    for day in days:
        for pattern in patterns:
            if _is_in_force(pattern, day):
                for line in pattern.lines:
                    if line.day == _day(pattern, day):
                        persons[line.person_id] = line.person
                        on[line.shift_id, day][line.person_id][line.post] = False
    taken_off: dict[tuple[int, date], list[RosterChange]] = defaultdict(list)
    for change in _changes(session, shifts, days):
        persons[change.person_id] = change.person
        posts = on[change.shift_id, change.on][change.person_id]
        if change.is_on_duty:
            posts[change.post] = True
        elif posts.pop(change.post, None) is not None:
            taken_off[change.shift_id, change.on].append(change)
    entries = {
        place: [Entry(persons[who], tuple(posts), any(posts.values())) for who, posts in there.items() if posts]
        for place, there in on.items()
    }
    today = clock.today()
    current = next((each for each in reversed(patterns) if each.from_on <= max(today, days[0])), None)
    return Week(body, days, shifts, entries, taken_off, current)


def list_shifts(session: Session, body: Body) -> Sequence[DutyShift]:
    """A body's shifts in the order of the day, from seven in the morning on."""
    found = session.scalars(select(DutyShift).where(DutyShift.body_id == body.id)).all()
    return sorted(found, key=lambda shift: (shift.start_minute - 420) % 1440)


def list_patterns(session: Session, body: Body, first: date, last: date) -> Sequence[RosterPattern]:
    """A body's patterns that are in force on one of these days, the earliest first, with their lines and persons."""
    return session.scalars(
        select(RosterPattern)
        .where(RosterPattern.body_id == body.id, *_in_force(first, last))
        .order_by(RosterPattern.from_on)
        .options(selectinload(RosterPattern.lines).joinedload(RosterLine.person))
    ).all()


def list_rostered_bodies(session: Session) -> Sequence[Body]:
    """The bodies that have shifts, by code."""
    return session.scalars(select(Body).where(Body.id.in_(select(DutyShift.body_id))).order_by(Body.code)).all()


def get_body(session: Session, code: str) -> Body:
    """The body of this code that exists today.

    Raises:
        NotFound: there is none.
    """
    body = find_body(session, code)
    if body is None or not exists_on(body, clock.today()):
        raise NotFound(NO_BODY, code=code[:32])
    return body


def list_plannable(session: Session) -> Sequence[Person]:
    """The persons who hold a post of the centres' desks today, by name."""
    ids = {person_id for person_id, _ in list_holders(session, DESKS)}
    return session.scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.name)).all()


def get_pattern(session: Session, pattern_id: int) -> RosterPattern:
    """A pattern with its body, lines and persons.

    Raises:
        NotFound: there is none.
    """
    whole = (joinedload(RosterPattern.body), selectinload(RosterPattern.lines).joinedload(RosterLine.person))
    found = session.scalar(select(RosterPattern).where(RosterPattern.id == pattern_id).options(*whole))
    if found is None:
        raise NotFound(N_("There is no such roster."))
    return found


def _lines(session: Session, first: date, last: date) -> Iterable[tuple[RosterLine, RosterPattern]]:
    found = select(RosterLine, RosterPattern).join(RosterLine.pattern).where(*_in_force(first, last))
    return [(line, pattern) for line, pattern in session.execute(found)]


def _in_force(first: date, last: date) -> tuple[ColumnElement[bool], ...]:
    ended = RosterPattern.until_on.is_(None) | (RosterPattern.until_on >= first)
    return RosterPattern.from_on <= last, ended


def _is_in_force(pattern: RosterPattern, on: date) -> bool:
    return pattern.from_on <= on and (pattern.until_on is None or on <= pattern.until_on)


def _day(pattern: RosterPattern, on: date) -> int:
    return day_of_cycle(pattern.from_on, pattern.cycle_days, on)


def _changes(session: Session, shifts: Sequence[DutyShift], days: Sequence[date]) -> Sequence[RosterChange]:
    return session.scalars(
        select(RosterChange)
        .where(RosterChange.shift_id.in_([shift.id for shift in shifts]), RosterChange.on.in_(days))
        .order_by(RosterChange.id)
        .options(joinedload(RosterChange.person))
    ).all()
