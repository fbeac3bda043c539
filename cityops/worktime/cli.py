"""`cityops worktime`: working time, counted and explained, and what keeps the calendars."""

import json
from datetime import datetime, timedelta
from typing import Any

import click

from cityops.errors import CityopsError, Invalid
from cityops.shell import Shell
from cityops.words import N_
from cityops.worktime import keeping, queries
from cityops.worktime.arithmetic import Pause, add, counted
from cityops.worktime.calendar import Calendar, NoHolidayData
from cityops.worktime.defaults import DEFAULT_CALENDARS
from cityops.worktime.explanation import explain
from cityops.worktime.limits import UNIT_LABELS, Limit, Unit
from cityops.worktime.printing import length, local, number, piece_facts, piece_line, plain


@click.group()
def worktime() -> None:
    """Working time: when a limit is due, and why; the calendars, and the years whose holidays are known."""


for _command in keeping.COMMANDS:
    worktime.add_command(_command)


@worktime.command()
@click.option("--start", required=True, metavar="TIME", help="When the clock starts: 2026-09-30T16:00+08:00.")
@click.option("--limit", required=True, metavar="NUMBER", help="How many units.")
@click.option("--unit", required=True, type=click.Choice([unit.value for unit in Unit]), help="What is counted.")
@click.option("--calendar", "name", default="office", show_default=True, help=f"{', '.join(DEFAULT_CALENDARS)}.")
@click.option("--pause", "pauses", multiple=True, metavar="FROM/UNTIL", help="The clock stood still; may be repeated.")
@click.option("--city", is_flag=True, help="Count on the city's own calendars, out of the database.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_obj
def due(
    shell: Shell, start: str, limit: str, unit: str, name: str, pauses: tuple[str, ...], *, city: bool, as_json: bool
) -> None:
    """Say when a limit is due, and explain it piece by piece.

    Counts on the built-in calendars: office (08:30-12:00, 13:30-18:00 on working days), street (07:00-21:00 every day)
    and continuous. They know the holidays that come with the program; the city's own know those it has entered.
    """
    try:
        calendar = _city_calendar(shell, name) if city else _calendar(name)
        answer = _answer(start, _limit(limit, unit), calendar, [_pause(text) for text in pauses])
    except NoHolidayData as error:
        raise click.ClickException(str(error) if city else f"{error} and ask with --city") from error
    except CityopsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(answer)))


def _answer(start: str, limit: Limit, calendar: Calendar, pauses: list[Pause]) -> dict[str, Any]:
    begin = _moment(start, "start")
    due_at = add(calendar, begin, limit, pauses)
    pieces = explain(calendar, begin, limit, pauses)
    return {
        "start": local(begin),
        "limit": limit.value,
        "unit": limit.unit.value,
        "calendar": calendar.name,
        "due": local(due_at),
        "counted_minutes": number(counted(calendar, begin, limit) / timedelta(minutes=1)),
        "pieces": [piece_facts(piece) for piece in pieces],
    }


def _lines(answer: dict[str, Any]) -> list[str]:
    unit = UNIT_LABELS[Unit(answer["unit"])]
    head = [
        f"start {plain(answer['start'])}",
        f"limit {answer['limit']} {unit} = {length(answer['counted_minutes'])}, calendar {answer['calendar']}",
        f"due   {plain(answer['due'])}",
        "",
    ]
    return head + [piece_line(piece) for piece in answer["pieces"]]


def _calendar(name: str) -> Calendar:
    if name not in DEFAULT_CALENDARS:
        raise Invalid("calendar", N_("There is no built-in calendar “%(calendar)s”."), calendar=name)
    return DEFAULT_CALENDARS[name]


def _city_calendar(shell: Shell, name: str) -> Calendar:
    with shell.database.reading() as session:
        return queries.get_calendar(session, name)


def _limit(text: str, unit: str) -> Limit:
    try:
        value = int(text) if text.strip().isdecimal() else float(text)
    except ValueError as error:
        raise Invalid("limit", N_("The limit “%(limit)s” is not a number."), limit=text[:40]) from error
    return Limit(value, Unit(unit))


def _moment(text: str, field: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(field, N_("“%(time)s” is not a time like 2026-09-30T16:00+08:00."), time=text[:40]) from error


def _pause(text: str) -> Pause:
    begin, slash, until = text.partition("/")
    if not slash:
        raise Invalid("pause", N_("A pause is written FROM/UNTIL, two times with a slash between them."))
    return _moment(begin, "pause"), _moment(until, "pause")
