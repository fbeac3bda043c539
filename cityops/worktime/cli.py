"""`cityops worktime`: working time, counted and explained, and the years whose holidays are known."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from cityops import clock
from cityops.errors import CityopsError, Invalid
from cityops.shell import Shell
from cityops.words import N_
from cityops.worktime import queries, services
from cityops.worktime.arithmetic import Pause, add, counted
from cityops.worktime.calendar import Calendar, DayException, NoHolidayData
from cityops.worktime.defaults import DEFAULT_CALENDARS
from cityops.worktime.explanation import Piece, explain
from cityops.worktime.limits import UNIT_LABELS, Limit, Unit
from cityops.worktime.notices import BadNotice, Fault, read_notice, write_notice
from cityops.worktime.timeline import FIRST_YEAR, LAST_YEAR

FAULT_COLUMNS = ("line", "field", "reason")
YEAR = click.IntRange(FIRST_YEAR, LAST_YEAR)


@click.group()
def worktime() -> None:
    """Working time: when a limit is due, and why; the years whose holidays are known."""


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


@worktime.command()
@click.argument("year", type=YEAR)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", help="Where the days are from, as the number of the notice (default: the file's name).")
@click.option("--replace", "replaces", is_flag=True, help="Put the file in the place of what the year has.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.pass_obj
def announce(shell: Shell, year: int, file: Path, source: str | None, *, replaces: bool, dry_run: bool) -> None:
    """Enter the holidays of YEAR for all calendars from FILE: CSV with the columns day,kind,name_zh,name_en[,spans].

    A kind is holiday, make_up or special; only special days have spans, like 08:30-12:00;13:30-17:00. All of the file
    is entered or nothing: bad rows go to stdout as CSV with line, field and reason, otherwise the days that change.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            notice = read_notice(lines, year)
    except BadNotice as refusal:
        _print_faults(refusal.faults)
        raise
    if dry_run:
        with shell.database.reading() as session:
            changes = services.compare_year(session, year, notice)
    else:
        with shell.database.transaction() as session:
            changes = services.announce_year(session, year, notice, source or file.name, replaces=replaces)
    for line in _change_lines(changes):
        click.echo(line)
    known = f"; known already: {changes.known_from}" if changes.known_from else ""
    done = "nothing was entered (--dry-run)" if dry_run else "entered"
    click.echo(
        f"{year}: {len(notice)} days, {len(changes.removed)} out, {len(changes.added)} in{known}; {done}", err=True
    )


@worktime.command()
@click.pass_obj
def years(shell: Shell) -> None:
    """List the years whose holidays are known with their source, and say which of this and the next is missing."""
    with shell.database.reading() as session:
        known = {each.year: each.source for each in queries.list_years(session)}
    for line in _year_lines(known):
        click.echo(line)
    this_year = clock.today().year
    missing = {this_year, this_year + 1} - set(known)
    for year in sorted(missing):
        click.echo(f"{year} is missing; enter it with: cityops worktime announce {year} FILE.csv", err=True)


@worktime.command()
@click.argument("year", type=YEAR)
@click.pass_obj
def days(shell: Shell, year: int) -> None:
    """Print the days of YEAR that hold for all calendars, as the CSV that `announce` takes."""
    with shell.database.reading() as session:
        notice = queries.list_announced(session, year)
    csv.writer(sys.stdout, lineterminator="\n").writerows(write_notice(notice))


def _print_faults(faults: Sequence[Fault]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(FAULT_COLUMNS)
    writer.writerows((each.line, each.field, each.reason) for each in faults)


def _change_lines(changes: services.Changes) -> Iterator[str]:
    for day in sorted({*changes.removed, *changes.added}):
        for sign, side in (("-", changes.removed), ("+", changes.added)):
            if day in side:
                yield _day_line(sign, day, side)


def _day_line(sign: str, day: date, side: Mapping[date, DayException]) -> str:
    each = side[day]
    hours = ";".join(str(span) for span in each.spans)
    return f"{sign} {day:%a %Y-%m-%d}  {each.kind.value:7}  {each.name_zh}  {each.name_en}  {hours}".rstrip()


def _year_lines(known: Mapping[int, str]) -> Iterator[str]:
    """Yield a line for each run of years from one source."""
    numbered = enumerate(known.items())
    for (_, source), pairs in groupby(numbered, lambda pair: (pair[1][0] - pair[0], pair[1][1])):
        run = [year for _, (year, _source) in pairs]
        yield f"{run[0]}-{run[-1]}\t{source}" if len(run) > 1 else f"{run[0]}\t{source}"


def _answer(start: str, limit: Limit, calendar: Calendar, pauses: list[Pause]) -> dict[str, Any]:
    begin = _moment(start, "start")
    due_at = add(calendar, begin, limit, pauses)
    pieces = explain(calendar, begin, limit, pauses)
    return {
        "start": _local(calendar, begin),
        "limit": limit.value,
        "unit": limit.unit.value,
        "calendar": calendar.name,
        "due": _local(calendar, due_at),
        "counted_minutes": _number(counted(calendar, begin, limit) / timedelta(minutes=1)),
        "pieces": [_piece(calendar, piece) for piece in pieces],
    }


def _piece(calendar: Calendar, piece: Piece) -> dict[str, Any]:
    return {
        "from": _local(calendar, piece.begin),
        "until": _local(calendar, piece.until),
        "kind": piece.kind.value,
        "why": piece.why,
        "why_zh": piece.why_zh,
        "minutes": _number(piece.minutes),
    }


def _lines(answer: dict[str, Any]) -> list[str]:
    unit = UNIT_LABELS[Unit(answer["unit"])]
    head = [
        f"start {_plain(answer['start'])}",
        f"limit {answer['limit']} {unit} = {_minutes(answer['counted_minutes'])}, calendar {answer['calendar']}",
        f"due   {_plain(answer['due'])}",
        "",
    ]
    return head + [
        "  ".join([_plain(piece["from"]), _plain(piece["until"]), f"{_minutes(piece['minutes']):>9}", _reason(piece)])
        for piece in answer["pieces"]
    ]


def _reason(piece: dict[str, Any]) -> str:
    return f"{piece['kind']:7}  {piece['why']}"


def _minutes(minutes: float) -> str:
    return f"{_number(round(minutes, 3))} min"


def _plain(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return f"{moment:%a %Y-%m-%d} {text[11:].split('+')[0].removesuffix(':00')}"


def _local(calendar: Calendar, moment: datetime) -> str:
    return moment.astimezone(calendar.zone).isoformat()


def _number(minutes: float) -> float:
    return int(minutes) if float(minutes).is_integer() else minutes


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
