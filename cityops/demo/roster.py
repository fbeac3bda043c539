"""The demo city's roster: two teams take mornings and evenings by turns, at night one person is the whole centre.

A fortnight repeats. At week-ends a team has the morning and somebody of the nights the evening, so that everybody has a
day of his own.
"""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import Person
from cityops.accounts.posts import Post
from cityops.crypto import Keys
from cityops.demo.bodies import COMMAND, DEPARTMENTS, SUPERVISION
from cityops.roster.models import DutyContact, DutyShift, RosterLine, RosterPattern

FORTNIGHT = 14
MORNING, EVENING, NIGHT = ("早班", "Morning", 7, 15), ("中班", "Evening", 15, 23), ("夜班", "Night", 23, 7)
SHIFTS = (MORNING, EVENING, NIGHT)
TEAMS = (
    {
        "operator": Post.OPERATOR,
        "operator2": Post.OPERATOR,
        "dutyleader": Post.DUTY_LEADER,
        "dispatcher": Post.DISPATCHER,
    },
    {
        "operator3": Post.OPERATOR,
        "operator4": Post.OPERATOR,
        "dutyleader2": Post.DUTY_LEADER,
        "dispatcher2": Post.DISPATCHER,
    },
)
NIGHTS = ("night1", "night2", "night3")
WHOLE_CENTRE = (Post.OPERATOR, Post.DUTY_LEADER, Post.DISPATCHER)

Line = tuple[int, str, str, Post]


def lines() -> Iterator[Line]:
    """Who is on duty: the day of the fortnight, the shift's name, the user name, the post."""
    for day in range(1, FORTNIGHT + 1):
        week, weekday = divmod(day - 1, 7)
        for username, post in TEAMS[(week + (weekday == 6)) % 2].items():
            yield day, MORNING[0], username, post
        if weekday < 5:
            for username, post in TEAMS[(week + 1) % 2].items():
                yield day, EVENING[0], username, post
        else:
            yield from ((day, EVENING[0], NIGHTS[(day + 1) % 3], post) for post in WHOLE_CENTRE)
        yield from ((day, NIGHT[0], NIGHTS[day % 3], post) for post in WHOLE_CENTRE)


def load_duty_lists(session: Session, keys: Keys, bodies: dict[str, int]) -> None:
    """Whom to call for each city department: its desk, its crew, and its head, who has no sign-in."""
    persons = {person.username: person for person in session.scalars(select(Person))}
    for number, body in enumerate(DEPARTMENTS, 1):
        desk = persons["handler" if number == 1 else f"handler{number}"]
        crew = persons[f"crew-{body.code}"]
        called = ((desk.name, desk.id), (crew.name, crew.id), (f"{body.name}负责人", None))
        session.add_all(
            DutyContact(
                body_id=bodies[body.code],
                position=position,
                name=name,
                phone_sealed=keys.seal(f"+86154000{number:02d}{position:03d}"),
                person_id=person_id,
            )
            for position, (name, person_id) in enumerate(called, 1)
        )


def load_roster(session: Session, bodies: dict[str, int]) -> None:
    """Give the city's two centres their shifts and patterns: dispatchers in the command centre, the others beside."""
    persons = {person.username: person.id for person in session.scalars(select(Person))}
    began_on = clock.today()
    # The pattern begins on a Monday, so that its week-ends are the city's.
    from_on = began_on - timedelta(days=began_on.weekday())
    for code, is_command in ((SUPERVISION, False), (COMMAND, True)):
        shifts = {
            name: DutyShift(body_id=bodies[code], name=name, name_en=name_en, start_minute=a * 60, end_minute=b * 60)
            for name, name_en, a, b in SHIFTS
        }
        pattern = RosterPattern(
            body_id=bodies[code], from_on=from_on, cycle_days=FORTNIGHT, made_by=None, made_at=clock.now()
        )
        session.add_all([*shifts.values(), pattern])
        session.flush()
        rows = [
            {
                "pattern_id": pattern.id,
                "day": day,
                "shift_id": shifts[name].id,
                "person_id": persons[username],
                "post": post,
            }
            for day, name, username, post in lines()
            if (post is Post.DISPATCHER) is is_command
        ]
        session.execute(insert(RosterLine), rows)
