"""The last months on a calendar as it would be: what turns, what stays as it was recorded, and that nothing is kept."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from cityops import clock
from cityops.accounts.models import AuditEntry
from cityops.cases.models import Case, StageClock
from cityops.cases.names import ClockName
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound
from cityops.rehearsal import calendar_routes, past
from cityops.rehearsal.calendar_replay import CalendarChange, as_it_would_be, other_hours, rehearse
from cityops.rehearsal.commands import rehearse as command
from cityops.rehearsal.replay import Rehearsal
from cityops.shell import Shell
from cityops.worktime import editing
from cityops.worktime.editing import Terms
from cityops.worktime.hours import read_spans
from cityops.worktime.limits import Unit
from cityops.worktime.models import WorkCalendar, WorkDay, WorkSpan
from cityops.worktime.queries import get_calendar_row, load_calendar
from tests import factories
from tests.factories import People

AsPerson = Callable[[str], FlaskClient]
MONDAY = factories.MONDAY_MORNING
TODAY = MONDAY.astimezone(clock.CITY_ZONE).date()
STREET, LIMIT_HOURS = "street", 2


def handled(db: Database, hours: float, condition: str = "C01037-1") -> str:
    """A lamp under two hours of the streets' calendar (or two urgent hours), reported back after some hours."""
    with db.transaction() as session:
        people = People(session)
        with clock.running_at(MONDAY):
            case = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept")
            factories.take(session, people.dutyleader, case, "file", condition=condition)
            factories.take(session, people.dispatcher, case, "dispatch")
            row = next(each for each in case.clocks if each.name is ClockName.HANDLE)
            if row.limit_unit is not Unit.URGENT_HOUR:
                row.limit_value, row.limit_unit, row.calendar = LIMIT_HOURS, Unit.WORKING_HOUR, STREET
                row.due_at = MONDAY + timedelta(hours=LIMIT_HOURS)
        with clock.running_at(MONDAY + timedelta(hours=hours)):
            factories.take(session, people.handler, case, "report_back")
            factories.take(session, people.inspector, case, "check")
        return case.number


def hours(text: str, from_on: date = TODAY + timedelta(days=30), until_on: date | None = None) -> CalendarChange:
    """The same hours on each day of the week, from a day on."""
    return other_hours(None, STREET, [read_spans(text)] * 7, from_on, until_on, TODAY - timedelta(days=60))


def run(db: Database, change: CalendarChange, **options: int) -> Rehearsal:
    with clock.running_at(MONDAY + timedelta(days=2)):
        with db.transaction() as session:
            changed = as_it_would_be(session, change)
        with db.reading() as session:
            return rehearse(session, None, changed, 3, **options)


def everything(db: Database) -> list[object]:
    rows = (Case, StageClock, WorkCalendar, WorkSpan, WorkDay, AuditEntry)
    with db.reading() as session:
        return [session.execute(select(*each.__table__.columns).order_by(each.id)).all() for each in rows]


def test_later_opening_hours_make_late_cases_punctual(small_city: Database):
    punctual, late = handled(small_city, LIMIT_HOURS - 0.5), handled(small_city, LIMIT_HOURS + 0.5)
    result = run(small_city, hours("10:00-21:00"))
    assert result.whole.total == 2
    assert [(each.past.number, each.is_late) for each in result.turned] == [(late, False)]
    assert result.turned[0].due_at - result.turned[0].past.due_at == timedelta(hours=1)
    assert punctual not in {each.past.number for each in result.turned}
    assert result.moved == 2


def test_hours_that_are_entered_for_the_past_hold_from_their_day_on(small_city: Database):
    handled(small_city, LIMIT_HOURS + 0.5)
    assert run(small_city, hours("10:00-21:00", TODAY, TODAY + timedelta(days=1))).whole.turned_on_time == 1
    assert run(small_city, hours("10:00-21:00", TODAY + timedelta(days=1))).moved == 0


def test_a_day_that_was_closed_turns_the_cases_of_that_day(small_city: Database):
    late = handled(small_city, LIMIT_HOURS + 0.5)

    def typhoon(session) -> None:
        editing.close_from(session, None, TODAY, 9 * 60 + 30, ("台风", "typhoon"), STREET)

    result = run(small_city, typhoon)
    assert [(each.past.number, each.is_late) for each in result.turned] == [(late, False)]


def test_a_day_taken_out_gives_the_cases_of_that_day_its_hours_again(small_city: Database):
    with clock.running_at(MONDAY), small_city.transaction() as session:
        editing.close_from(session, None, TODAY, 9 * 60 + 30, ("台风", "typhoon"), STREET)
    with small_city.reading() as session:
        hours_left = load_calendar(session, STREET).spans_on(TODAY)
    number = handled(small_city, LIMIT_HOURS + 0.5)
    with small_city.transaction() as session:
        for row in session.scalars(select(StageClock).where(StageClock.calendar == STREET)):
            row.due_at = MONDAY + timedelta(days=1)
    before = everything(small_city)
    result = run(small_city, partial(editing.remove_day, viewer=None, day=TODAY, name=STREET))
    assert [(each.past.number, each.is_late) for each in result.turned] == [(number, True)]
    assert result.turned[0].due_at == MONDAY + timedelta(hours=LIMIT_HOURS)
    assert everything(small_city) == before
    with small_city.reading() as session:
        assert load_calendar(session, STREET).spans_on(TODAY) == hours_left
    with pytest.raises(NotFound):
        run(small_city, partial(editing.remove_day, viewer=None, day=TODAY, name=None))


def test_a_calendar_that_counts_otherwise_moves_what_is_due_by_it(small_city: Database):
    number = handled(small_city, 3)
    with small_city.transaction() as session:
        for row in session.scalars(select(StageClock).where(StageClock.calendar == STREET)):
            row.limit_value, row.limit_unit, row.due_at = 1, Unit.WORKING_DAY, MONDAY + timedelta(hours=8)
        terms = Terms.of(get_calendar_row(session, STREET))
    before = everything(small_city)

    def as_if(**other: object) -> Rehearsal:
        return run(small_city, partial(editing.set_terms, viewer=None, name=STREET, terms=replace(terms, **other)))

    result = as_if(nominal_minutes=120)
    assert [(each.past.number, each.is_late) for each in result.turned] == [(number, True)]
    assert result.turned[0].due_at == MONDAY + timedelta(hours=2)
    assert as_if(label_zh="街面").whole.total == 0
    assert everything(small_city) == before
    with pytest.raises(Invalid):
        as_if(nominal_minutes=0)


def test_urgent_hours_know_no_closing_time(small_city: Database):
    handled(small_city, 3, "C01037-2")
    result = run(small_city, hours("10:00-21:00"))
    assert (result.moved, result.turned) == (0, [])


def test_what_was_counted_otherwise_keeps_its_due_time_where_both_calendars_agree(small_city: Database):
    handled(small_city, LIMIT_HOURS + 0.5)
    with small_city.transaction() as session:
        for row in session.scalars(select(StageClock)):
            row.due_at += timedelta(minutes=20)
    assert run(small_city, hours("07:00-21:00; 22:00-23:00")).moved == 0


def test_nothing_is_kept_and_a_refusal_is_the_one_of_entering(small_city: Database):
    before = everything(small_city)
    run(small_city, hours("10:00-21:00"))
    assert everything(small_city) == before
    for change in (hours(""), hours("10:00-21:00", TODAY, TODAY)):
        with pytest.raises(Invalid):
            run(small_city, change)
    with small_city.transaction() as session:
        east = People(session).viewer("operator-east")
        with pytest.raises(NotAllowed):
            as_it_would_be(session, other_hours(east, STREET, [read_spans("10:00-21:00")] * 7, TODAY, None, TODAY))
    assert everything(small_city) == before


def test_the_commands_print_a_table_or_json(shell: Shell, small_city: Database):
    asked = ["hours", STREET, str(clock.today() + timedelta(days=9)), "--hours", "1-7 10:00-21:00"]
    assert "due elsewhen" in CliRunner().invoke(command, asked, obj=shell).stderr
    assert json.loads(CliRunner().invoke(command, [*asked, "--json"], obj=shell).stdout)["moved"] == 0
    closed = CliRunner().invoke(
        command, ["day", str(clock.today()), "--calendar", STREET, "--from", "08:00"], obj=shell
    )
    assert closed.exit_code == 0 and "0 cases" in closed.stderr
    assert CliRunner().invoke(command, ["day", str(clock.today()), "--calendar", STREET], obj=shell).exit_code == 0


def test_the_commands_rehearse_a_day_taken_out_and_other_terms(shell: Shell, small_city: Database):
    day = ["day", str(clock.today()), "--calendar", STREET, "--without"]
    assert isinstance(CliRunner().invoke(command, day, obj=shell).exception, NotFound)
    assert CliRunner().invoke(command, [*day, "--from", "08:00"], obj=shell).exit_code == 2
    with small_city.transaction() as session:
        editing.close_from(session, None, clock.today(), 8 * 60, ("台风", "typhoon"), STREET)
    assert "0 cases" in CliRunner().invoke(command, day, obj=shell).stderr
    for said in (["--nominal-minutes", "600"], ["--day-rule", "same_hour"], ["--holidays"]):
        assert "0 cases" in CliRunner().invoke(command, ["terms", STREET, *said], obj=shell).stderr
    assert isinstance(CliRunner().invoke(command, ["terms", "none"], obj=shell).exception, NotFound)


def test_the_pages_rehearse_a_day_taken_out_and_other_terms(as_person: AsPerson, small_city: Database):
    client, path = as_person("admin"), f"/settings/calendars/{STREET}"
    with small_city.transaction() as session:
        editing.close_from(session, None, clock.today(), 9 * 60, ("台风", "typhoon"), STREET)
        terms = {name: str(value) for name, value in vars(Terms.of(get_calendar_row(session, STREET))).items()}
    leader, before, shown = as_person("dutyleader"), everything(small_city), client.get(path).text
    assert f"{path}/days/remove/rehearsal" in shown and f"{path}/terms/rehearsal" in shown
    gone = {"day": str(clock.today()), "whose": "this"}
    page = client.post(f"{path}/days/remove/rehearsal", data=gone)
    assert page.status_code == 200 and f'action="{path}/days/remove"' in page.text
    assert client.post(f"{path}/days/remove/rehearsal", data=gone | {"whose": "all"}).status_code == 404
    assert client.post(f"{path}/days/remove/rehearsal", data=gone | {"day": "soon"}).status_code == 422
    del terms["observes_holidays"]
    page = client.post(f"{path}/terms/rehearsal", data=terms | {"nominal_minutes": "600"})
    assert page.status_code == 200 and 'value="600"' in page.text
    refused = client.post(f"{path}/terms/rehearsal", data=terms | {"nominal_minutes": "0"})
    assert refused.status_code == 422 and 'id="nominal_minutes-error"' in refused.text
    assert leader.post(f"{path}/terms/rehearsal", data=terms).status_code == 403
    assert leader.post(f"{path}/days/remove/rehearsal", data=gone).status_code == 403
    assert everything(small_city) == before


def test_a_page_that_looked_at_the_newest_only_names_its_own_command(
    as_person: AsPerson, small_city: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(calendar_routes, "MOST_ON_PAGE", 1)
    monkeypatch.setattr(past, "BATCH", 1)
    for _ in range(2):
        handled(small_city, 1)
    path, day = f"/settings/calendars/{STREET}", str(TODAY)
    with small_city.transaction() as session:
        editing.close_from(session, None, TODAY - timedelta(days=1), 9 * 60, ("台风", "typhoon"), STREET)
        terms = {name: str(value) for name, value in vars(Terms.of(get_calendar_row(session, STREET))).items()}
    with clock.running_at(MONDAY + timedelta(days=2)):
        client = as_person("admin")
        for sent, data, words in (
            ("hours", {f"hours_{n}": "10:00-21:00" for n in range(7)} | {"from_on": day}, "hours"),
            ("days", {"day": day, "kind": "special", "name_zh": "台风", "closed_from": "09:30"}, "day"),
            ("days/remove", {"day": str(TODAY - timedelta(days=1)), "whose": "this"}, "day --without"),
            ("terms", terms, "terms"),
        ):
            page = client.post(f"{path}/{sent}/rehearsal", data=data)
            assert f"命令可看全部：cityops rehearse {words}</p>" in page.text, page.text


def test_the_pages_rehearse_what_is_typed_and_keep_it(as_person: AsPerson, small_city: Database):
    client, week = as_person("admin"), {f"hours_{weekday}": "10:00-21:00" for weekday in range(7)}
    path, ahead = f"/settings/calendars/{STREET}", str(clock.today() + timedelta(days=30))
    page = client.post(f"{path}/hours/rehearsal", data=week | {"from_on": ahead, "months": "6"})
    assert page.status_code == 200 and 'value="10:00-21:00"' in page.text
    refused = client.post(f"{path}/hours/rehearsal", data=week | {"from_on": ahead, "hours_2": "soon"})
    assert refused.status_code == 422 and 'id="hours_2-error"' in refused.text
    day = {"day": str(clock.today()), "kind": "special", "name_zh": "台风", "closed_from": "09:30"}
    assert client.post(f"{path}/days/rehearsal", data=day).status_code == 200
    assert client.post(f"{path}/days/rehearsal", data=day | {"closed_from": "23:30"}).status_code == 422
    assert client.post("/settings/calendars/none/days/rehearsal", data=day).status_code == 404
    assert as_person("dutyleader").post(f"{path}/days/rehearsal", data=day).status_code == 403
    with small_city.reading() as session:
        assert session.scalars(select(WorkDay.id).where(WorkDay.calendar_id.is_not(None))).all() == []
