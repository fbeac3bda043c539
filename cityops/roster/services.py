"""The verbs of the roster: shifts, patterns, changes of a day. For duty leaders of the body, and for administrators."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import Body, Person, PersonPost
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.errors import Invalid, NotAllowed, WrongState
from cityops.roster.models import MAX_CYCLE_DAYS, DutyShift, RosterChange, RosterLine, RosterPattern
from cityops.words import N_


@dataclass(frozen=True)
class NewChange:
    """A change for one day: in which shift, who, for which post, on duty or not, and why."""

    on: date
    shift_id: int
    username: str
    post: Post
    is_on_duty: bool
    reason: str


def may_plan(viewer: Viewer, body: Body) -> bool:
    """Whether the viewer plans a body's roster: its duty leader, or an administrator of it or of a body above."""
    leads = any(held.body_id == body.id for held in viewer.holding(Post.DUTY_LEADER))
    return leads or any(
        held.is_city_wide or body.path.startswith(held.body_path) for held in viewer.holding(Post.ADMINISTRATOR)
    )


def must_plan(viewer: Viewer, body: Body) -> None:
    """Refuse who does not plan this body's roster.

    Raises:
        NotAllowed: neither its duty leader nor its administrator.
    """
    if not may_plan(viewer, body):
        raise NotAllowed(N_("Only its duty leader or an administrator plans this roster."))


def add_shift(
    session: Session, viewer: Viewer, body: Body, *, name: str, name_en: str, start_minute: int, end_minute: int
) -> DutyShift:
    """Give a body a shift.

    Raises:
        NotAllowed: not the viewer's to plan.
        Invalid: no name, or one that is taken.
    """
    must_plan(viewer, body)
    words = " ".join(name.split())
    if not 1 <= len(words) <= 32:
        raise Invalid("name", N_("Write a name of 1 to %(longest)s characters."), longest=32)
    known = select(DutyShift.id).where(DutyShift.body_id == body.id, DutyShift.name == words)
    if session.scalar(known) is not None:
        raise Invalid("name", N_("This body has a shift of this name."))
    shift = DutyShift(body_id=body.id, name=words, name_en=" ".join(name_en.split())[:32] or words)
    shift.start_minute, shift.end_minute = start_minute, end_minute
    session.add(shift)
    session.flush()
    return shift


def begin_pattern(session: Session, viewer: Viewer, body: Body, from_on: date, cycle_days: int) -> RosterPattern:
    """Begin a new pattern on a day; the one before ends the day before, and is copied where its cycle is as long.

    Raises:
        NotAllowed: not the viewer's to plan.
        Invalid: a day that has passed, that another pattern begins on or comes before; a cycle of no or too many days.
    """
    must_plan(viewer, body)
    if from_on < clock.today():
        raise Invalid("from_on", N_("This day has passed: what was on duty then stays as it was."))
    if not 1 <= cycle_days <= MAX_CYCLE_DAYS:
        raise Invalid("cycle_days", N_("A pattern repeats after 1 to %(most)s days."), most=MAX_CYCLE_DAYS)
    # Two that begin a pattern at once meet at this lock, also where the body has none yet.
    session.scalar(select(Body.id).where(Body.id == body.id).with_for_update())
    last = session.scalar(
        select(RosterPattern).where(RosterPattern.body_id == body.id).order_by(RosterPattern.from_on.desc()).limit(1)
    )
    if last is not None and last.from_on >= from_on:
        raise Invalid("from_on", N_("Another pattern begins on %(day)s: choose a later day."), day=str(last.from_on))
    pattern = RosterPattern(body_id=body.id, from_on=from_on, cycle_days=cycle_days)
    pattern.made_by, pattern.made_at = viewer.person_id, clock.now()
    if last is not None:
        last.until_on = from_on - timedelta(days=1)
        if last.cycle_days == cycle_days:
            pattern.lines = [
                RosterLine(day=line.day, shift_id=line.shift_id, person_id=line.person_id, post=line.post)
                for line in last.lines
            ]
    session.add(pattern)
    session.flush()
    return pattern


def put_on(
    session: Session,
    viewer: Viewer,
    pattern: RosterPattern,
    *,
    shift_id: int,
    username: str,
    posts: Collection[Post],
    days: Collection[int],
) -> None:
    """Put a person on days of a pattern that has not begun, for one or several posts; what stands there stays.

    Raises:
        NotAllowed: not the viewer's to plan.
        WrongState: the pattern has begun.
        Invalid: no such shift, person, post held or day of the cycle.
    """
    _must_be_open(viewer, pattern)
    shift = _shift_of(session, pattern.body, shift_id)
    if not days or not all(1 <= day <= pattern.cycle_days for day in days):
        raise Invalid("days", N_("Name days of the cycle, from 1 to %(most)s."), most=pattern.cycle_days)
    if not posts:
        raise Invalid("posts", N_("Choose at least one post."))
    person = _person(session, username, posts, pattern.from_on)
    known = {(line.day, line.shift_id, line.person_id, line.post) for line in pattern.lines}
    pattern.lines += [
        RosterLine(day=day, shift_id=shift.id, person_id=person.id, post=post)
        for day in sorted(set(days))
        for post in posts
        if (day, shift.id, person.id, post) not in known
    ]


def take_off(
    session: Session, viewer: Viewer, pattern: RosterPattern, *, shift_id: int, person_id: int, day: int
) -> None:
    """Take a person off a shift of a day of a pattern that has not begun.

    Raises:
        NotAllowed, WrongState: as `put_on`.
    """
    _must_be_open(viewer, pattern)
    gone = [line for line in pattern.lines if (line.shift_id, line.person_id, line.day) == (shift_id, person_id, day)]
    for line in gone:
        pattern.lines.remove(line)


def change_day(session: Session, viewer: Viewer, body: Body, new: NewChange) -> RosterChange:
    """Change a day's roster; said again of the same person, shift and post, the last word counts.

    Raises:
        NotAllowed: not the viewer's to plan.
        Invalid: a day that has passed, no such shift or person, a post not held, no reason.
    """
    must_plan(viewer, body)
    if new.on < clock.today() - timedelta(days=1):
        raise Invalid("on", N_("This day has passed: what was on duty then stays as it was."))
    shift = _shift_of(session, body, new.shift_id)
    person = _person(session, new.username, [new.post], new.on)
    reason = " ".join(new.reason.split())[:200]
    if not reason:
        raise Invalid("reason", N_("Say why."))
    same = (RosterChange.on == new.on, RosterChange.shift_id == shift.id, RosterChange.person_id == person.id)
    change = session.scalar(select(RosterChange).where(*same, RosterChange.post == new.post).with_for_update())
    if change is None:
        change = RosterChange(on=new.on, shift_id=shift.id, person_id=person.id, post=new.post)
        session.add(change)
    change.is_on_duty, change.reason = new.is_on_duty, reason
    change.made_by, change.made_at = viewer.person_id, clock.now()
    session.flush()
    return change


def _must_be_open(viewer: Viewer, pattern: RosterPattern) -> None:
    must_plan(viewer, pattern.body)
    if pattern.from_on < clock.today():
        raise WrongState(N_("This pattern has begun: change a day, or begin another pattern."))


def _shift_of(session: Session, body: Body, shift_id: int) -> DutyShift:
    shift = session.get(DutyShift, shift_id)
    if shift is None or shift.body_id != body.id:
        raise Invalid("shift", N_("Choose one of this body's shifts."))
    return shift


def _person(session: Session, username: str, posts: Collection[Post], on: date) -> Person:
    """Somebody who holds all of these posts on a day, at whichever body: at night one person is several centres."""
    person = session.scalar(select(Person).where(Person.username == username))
    if person is None or (person.ended_on is not None and person.ended_on <= on):
        raise Invalid("username", N_("There is no person with this user name."))
    held = select(PersonPost.post).where(
        PersonPost.person_id == person.id,
        PersonPost.from_on <= on,
        or_(PersonPost.until_on.is_(None), PersonPost.until_on >= on),
    )
    if set(posts) - set(session.scalars(held)):
        raise Invalid("posts", N_("This person does not hold this post on that day."))
    return person
