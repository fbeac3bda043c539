"""Planning: who may, what is refused, what a change of a day does, and who is on duty then."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.errors import Invalid, NotAllowed, WrongState
from cityops.roster import queries, services
from cityops.roster.models import DutyShift, RosterPattern
from cityops.roster.services import NewChange
from tests.factories import MONDAY_MORNING, People

TODAY = MONDAY_MORNING.date()


@pytest.fixture
def centre(session: Session, people: People) -> Body:
    return queries.get_body(session, "supervision")


@pytest.fixture
def shifts(session: Session, people: People, centre: Body) -> dict[str, DutyShift]:
    """A day and a night."""
    spans = {"早班": (7 * 60, 19 * 60), "夜班": (19 * 60, 7 * 60)}
    return {
        name: services.add_shift(
            session, people.dutyleader, centre, name=name, name_en=name, start_minute=begin, end_minute=end
        )
        for name, (begin, end) in spans.items()
    }


@pytest.fixture
def pattern(session: Session, people: People, centre: Body, shifts: dict[str, DutyShift]) -> RosterPattern:
    """The operator by day, the duty leader by night, every other day."""
    made = services.begin_pattern(session, people.dutyleader, centre, TODAY, 2)
    put = {"shift_id": shifts["早班"].id, "username": "operator", "posts": [Post.OPERATOR], "days": [1]}
    services.put_on(session, people.dutyleader, made, **put)
    night = {"shift_id": shifts["夜班"].id, "username": "dutyleader", "posts": [Post.DUTY_LEADER], "days": [1]}
    services.put_on(session, people.dutyleader, made, **night)
    session.flush()
    return made


def on_duty(session: Session, hour: int, days: int = 0) -> set[Post]:
    moment = datetime(TODAY.year, TODAY.month, TODAY.day, hour, tzinfo=clock.CITY_ZONE) + timedelta(days=days)
    return {post for _, post in queries.on_duty(session, moment).now}


def change(shifts: dict[str, DutyShift], **facts: object) -> NewChange:
    whole = {"on": TODAY, "shift_id": shifts["早班"].id, "username": "operator", "post": Post.OPERATOR}
    whole |= {"is_on_duty": False, "reason": "病假"}
    return NewChange(**(whole | facts))  # type: ignore[arg-type]


def test_who_is_on_duty_follows_the_pattern_over_midnight(session: Session, pattern: RosterPattern) -> None:
    assert on_duty(session, 8) == {Post.OPERATOR}
    assert on_duty(session, 20) == {Post.DUTY_LEADER}
    assert on_duty(session, 6, days=1) == {Post.DUTY_LEADER}
    assert on_duty(session, 8, days=1) == on_duty(session, 20, days=1) == set()
    assert on_duty(session, 8, days=2) == {Post.OPERATOR}


def test_a_change_counts_for_its_day_alone_and_the_last_word_counts(
    session: Session, people: People, centre: Body, pattern: RosterPattern, shifts: dict[str, DutyShift]
) -> None:
    services.change_day(session, people.dutyleader, centre, change(shifts))
    assert on_duty(session, 8) == set()
    assert on_duty(session, 8, days=2) == {Post.OPERATOR}
    services.change_day(session, people.dutyleader, centre, change(shifts, is_on_duty=True))
    assert on_duty(session, 8) == {Post.OPERATOR}


def test_a_body_takes_nobody_off_another_bodys_roster(
    session: Session, people: People, pattern: RosterPattern, shifts: dict[str, DutyShift]
) -> None:
    admin, command = people.viewer("admin"), queries.get_body(session, "command")
    day = {"name": "白班", "name_en": "", "start_minute": 7 * 60, "end_minute": 19 * 60}
    shift = services.add_shift(session, admin, command, **day)
    services.change_day(session, admin, command, change(shifts, shift_id=shift.id))
    assert on_duty(session, 8) == {Post.OPERATOR}


def test_the_week_says_what_was_changed_and_why(
    session: Session, people: People, centre: Body, pattern: RosterPattern, shifts: dict[str, DutyShift]
) -> None:
    services.change_day(session, people.dutyleader, centre, change(shifts))
    extra = change(shifts, username="operator-east", is_on_duty=True, reason="替班")
    services.change_day(session, people.dutyleader, centre, extra)
    week = queries.get_week(session, centre, TODAY)
    place = shifts["早班"].id, TODAY
    assert [(entry.person.username, entry.is_changed) for entry in week.entries[place]] == [("operator-east", True)]
    assert [row.reason for row in week.taken_off[place]] == ["病假"]


def test_another_pattern_ends_the_one_before_and_takes_its_lines_over(
    session: Session, people: People, centre: Body, pattern: RosterPattern
) -> None:
    later = services.begin_pattern(session, people.dutyleader, centre, TODAY + timedelta(days=7), 2)
    assert pattern.until_on == TODAY + timedelta(days=6)
    assert {line.post for line in later.lines} == {Post.OPERATOR, Post.DUTY_LEADER}
    with pytest.raises(Invalid, match="Another pattern"):
        services.begin_pattern(session, people.dutyleader, centre, TODAY + timedelta(days=3), 2)


def test_a_pattern_that_has_begun_is_not_changed(
    session: Session, people: People, pattern: RosterPattern, shifts: dict[str, DutyShift]
) -> None:
    with clock.running_at(MONDAY_MORNING + timedelta(days=1)), pytest.raises(WrongState):
        services.take_off(
            session,
            people.dutyleader,
            pattern,
            shift_id=shifts["早班"].id,
            person_id=people.operator.person_id,
            day=1,
        )


def test_a_duty_leader_plans_his_own_body_and_an_administrator_those_below(
    session: Session, people: People, centre: Body
) -> None:
    command = queries.get_body(session, "command")
    assert services.may_plan(people.dutyleader, centre) and not services.may_plan(people.dutyleader, command)
    assert services.may_plan(people.viewer("admin"), command)
    with pytest.raises(NotAllowed):
        services.begin_pattern(session, people.operator, centre, TODAY, 7)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"on": date(2026, 11, 1)}, "on"),
        ({"shift_id": 999}, "shift"),
        ({"username": "nobody"}, "username"),
        ({"post": Post.DISPATCHER}, "posts"),
        ({"reason": "  "}, "reason"),
    ],
)
def test_a_bad_change_says_what_is_wrong(
    session: Session,
    people: People,
    centre: Body,
    shifts: dict[str, DutyShift],
    facts: dict[str, object],
    field: str,
) -> None:
    with pytest.raises(Invalid) as refusal:
        services.change_day(session, people.dutyleader, centre, change(shifts, **facts))
    assert refusal.value.field == field


def test_the_shift_one_is_in_is_the_shift_of_the_roster(
    session: Session, people: People, pattern: RosterPattern
) -> None:
    shift = queries.find_shift(session, people.operator, MONDAY_MORNING)
    assert shift is not None and shift.name == "早班"
    assert queries.find_shift(session, people.dutyleader, MONDAY_MORNING) is None
