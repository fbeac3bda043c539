"""`cityops worktime explain`: a case's clocks in words, as the command line prints them."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from cityops import clock
from cityops.cases.models import AttachmentKind, Case
from cityops.cli import cli
from cityops.config import Config
from cityops.db import Database
from cityops.errors import NotFound
from cityops.shell import Shell
from cityops.worktime import editing
from tests import factories

Run = Callable[..., Result]


@pytest.fixture
def run(config: Config) -> Iterator[Run]:
    """The command on the test's city, on Tuesday noon."""
    shell = Shell(config)

    def invoke(*arguments: str) -> Result:
        with clock.running_at(datetime(2026, 11, 10, 12, 0, tzinfo=clock.CITY_ZONE)):
            return CliRunner().invoke(cli, ["worktime", "explain", *arguments], obj=shell)

    yield invoke
    shell.workshop.close()


@pytest.fixture
def number(small_city: Database) -> str:
    """A lamp with two working days from Monday 09:00, sent back at 10:00 and dispatched again at 11:00."""

    def take(hour: int, *steps: str) -> None:
        moment = datetime(2026, 11, 9, hour, 0, tzinfo=clock.CITY_ZONE)
        with clock.running_at(moment), small_city.transaction() as session:
            people = factories.People(session)
            factories.bring_to(session, people, session.get_one(Case, case_id), *steps)

    with clock.running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
        case = factories.make_report(session, factories.People(session).inspector).case
        case_id, number = case.id, case.number
    take(9, "accept", "file", "dispatch", "sign_for")
    take(10, "report_back")
    with (
        clock.running_at(datetime(2026, 11, 9, 11, 0, tzinfo=clock.CITY_ZONE)),
        small_city.transaction() as session,
    ):
        people = factories.People(session)
        factories.take(session, people.inspector, session.get_one(Case, case_id), "check", result="failed")
    return number


def test_every_clock_is_explained_span_by_span(run: Run, number: str) -> None:
    shown = run("--case", number).stdout
    assert f"case {number}\n" in shown
    head, handle = shown.split("\nhandle: ")
    assert "accept: 1 urgent hours, calendar continuous" in head
    assert handle.split("\n\n")[0].splitlines() == [
        "2 working days, calendar office",
        "start Mon 2026-11-09 09:00",
        "due   Wed 2026-11-11 10:00, on time, counted 960 min",
        "Mon 2026-11-09 09:00  Mon 2026-11-09 10:00     60 min  counted  working hours",
        "Mon 2026-11-09 10:00  Mon 2026-11-09 11:00      0 min  paused   clock paused",
        "Mon 2026-11-09 11:00  Mon 2026-11-09 12:00     60 min  counted  working hours",
        "Mon 2026-11-09 12:00  Mon 2026-11-09 13:30      0 min  closed   outside hours",
        "Mon 2026-11-09 13:30  Mon 2026-11-09 18:00    270 min  counted  working hours",
        "Mon 2026-11-09 18:00  Tue 2026-11-10 08:30      0 min  closed   outside hours",
        "Tue 2026-11-10 08:30  Tue 2026-11-10 12:00    210 min  counted  working hours",
        "Tue 2026-11-10 12:00  Tue 2026-11-10 13:30      0 min  closed   outside hours",
        "Tue 2026-11-10 13:30  Tue 2026-11-10 18:00    270 min  counted  working hours",
        "Tue 2026-11-10 18:00  Wed 2026-11-11 08:30      0 min  closed   outside hours",
        "Wed 2026-11-11 08:30  Wed 2026-11-11 10:00     90 min  counted  working hours",
    ]


def test_each_phase_of_handling_is_explained_with_its_own_limit(run: Run, small_city: Database) -> None:
    with clock.running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
        people = factories.People(session)
        factories.make_phases(session)
        case = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, "accept")
        factories.take(session, people.dutyleader, case, "file", condition=factories.PHASED)
        factories.bring_to(session, people, case, "dispatch", "sign_for")
    with clock.running_at(factories.MONDAY_MORNING + timedelta(hours=1)), small_city.transaction() as session:
        people, case = factories.People(session), session.get_one(Case, case.id)
        case.attachments.append(factories.make_photo(people, AttachmentKind.AFTER))
        session.flush()
        factories.bring_to(session, people, case, "report_back", "check")
        number = case.number
    parts = run("--case", number).stdout.split("\n\n")
    safe = next(part for part in parts if part.startswith("handle: "))
    repair = next(part for part in parts if part.startswith("handle (2), phase 2: "))
    assert safe.startswith(
        "handle: 2 urgent hours, calendar continuous\nstart Mon 2026-11-09 09:00\ndue   Mon 2026-11-09 11:00, "
    )
    assert "stopped Mon 2026-11-09 10:00" in safe
    head, start, due, *pieces = repair.splitlines()
    assert head == "handle (2), phase 2: 1 working days, calendar office"
    assert (start, due) == ("start Mon 2026-11-09 10:00", "due   Tue 2026-11-10 10:00, over, counted 480 min")
    assert sum(int(line.split(" min")[0].split()[-1]) for line in pieces) == 480
    facts = json.loads(run("--case", number, "--json").stdout)["clocks"]
    assert [(each["phase"], each["round"]) for each in facts if each["clock"] == "handle"] == [(1, 1), (2, 2)]


def test_a_changed_calendar_is_said(run: Run, small_city: Database, number: str) -> None:
    with small_city.transaction() as session:
        editing.close_from(session, None, date(2026, 11, 10), 14 * 60, ("台风", "typhoon"), "office")
    shown = run("--case", number).stdout
    assert "the calendar has changed since: by it this would be due Wed 2026-11-11 15:30" in shown
    assert "Tue 2026-11-10 14:00  Wed 2026-11-11 00:00      0 min  closed   typhoon" in shown


def test_programs_get_json(run: Run, number: str) -> None:
    answer = json.loads(run("--case", number, "--json").stdout)
    handle = next(each for each in answer["clocks"] if each["clock"] == "handle")
    assert (answer["case"], handle["due"], handle["by_the_calendar_now"], handle["stopped"]) == (
        number,
        "2026-11-11T10:00:00+08:00",
        "2026-11-11T10:00:00+08:00",
        None,
    )
    assert handle["pauses"] == [{"from": "2026-11-09T10:00:00+08:00", "until": "2026-11-09T11:00:00+08:00"}]
    assert handle["counted_minutes"] == sum(piece["minutes"] for piece in handle["pieces"]) == 960


@pytest.mark.parametrize("asked", ["1", "20261109-9999-9", "x" * 200])
def test_a_case_that_is_not_there_is_not_found(run: Run, small_city: Database, asked: str) -> None:
    assert small_city
    assert isinstance(run("--case", asked).exception, NotFound)
