"""The commands that keep the calendars: years announced, hours, days of their own."""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

import click

from cityops import clock
from cityops.errors import Invalid
from cityops.shell import Shell
from cityops.words import N_
from cityops.worktime import editing, queries, services
from cityops.worktime.calendar import NOMINAL_MINUTES, DayException, DayKind, DayRule, Spans, Week
from cityops.worktime.editing import FOR_ALL, Terms
from cityops.worktime.hours import WEEKDAYS, read_spans, write_spans
from cityops.worktime.notices import BadNotice, Fault, read_notice, write_notice
from cityops.worktime.timeline import FIRST_YEAR, LAST_YEAR

FAULT_COLUMNS = ("line", "field", "reason")
YEAR = click.IntRange(FIRST_YEAR, LAST_YEAR)
DAY = click.DateTime(["%Y-%m-%d"])
HOURS = click.option(
    "--hours",
    "given",
    multiple=True,
    required=True,
    metavar="DAYS HOURS",
    help="Like '1-5 08:30-12:00;13:30-18:00': Monday is 1, days not named are closed; may be repeated.",
)
CALENDAR = click.option(
    "--calendar", "name", help="The calendar's short name; without it the day is for all that observe holidays."
)
_NUMBERS = frozenset("1234567")


@click.command()
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
            changes = services.announce_year(session, None, year, notice, source or file.name, replaces=replaces)
    for line in _change_lines(changes):
        click.echo(line)
    known = f"; known already: {changes.known_from}" if changes.known_from else ""
    done = "nothing was entered (--dry-run)" if dry_run else "entered"
    click.echo(
        f"{year}: {len(notice)} days, {len(changes.removed)} out, {len(changes.added)} in{known}; {done}", err=True
    )


@click.command()
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


@click.command()
@click.argument("year", type=YEAR)
@click.pass_obj
def days(shell: Shell, year: int) -> None:
    """Print the days of YEAR that hold for all calendars, as the CSV that `announce` takes."""
    with shell.database.reading() as session:
        notice = queries.list_announced(session, year)
    csv.writer(sys.stdout, lineterminator="\n").writerows(write_notice(notice))


@click.command()
@click.pass_obj
def calendars(shell: Shell) -> None:
    """List the calendars, each with the hours of its weeks by the day from which they hold."""
    with shell.database.reading() as session:
        for row in queries.list_calendars(session):
            holidays = "holidays observed" if row.observes_holidays else "no holidays"
            click.echo(
                f"{row.name}  {row.label_zh}  {row.label_en}  {row.nominal_minutes} min  {row.day_rule}  {holidays}"
            )
            for week in queries.weeks_of(row):
                click.echo(f"  from {week.valid_from_on}  {_week_words(week)}")


@click.command()
@click.argument("name")
@click.option("--label", required=True, help="What the pages call it in Chinese.")
@click.option("--label-en", help="The same in English (default: as --label).")
@HOURS
@click.option("--nominal-minutes", type=int, default=NOMINAL_MINUTES, show_default=True, help="What one 工作日 counts.")
@click.option("--same-hour", is_flag=True, help="n working days end at the same hour, not after n times the minutes.")
@click.option("--holidays", is_flag=True, help="It observes holidays and make-up days.")
@click.pass_obj
def add_calendar(
    shell: Shell,
    name: str,
    label: str,
    label_en: str | None,
    given: tuple[str, ...],
    nominal_minutes: int,
    *,
    same_hour: bool,
    holidays: bool,
) -> None:
    """Add the calendar NAME, like night-shift."""
    rule = DayRule.SAME_HOUR if same_hour else DayRule.NOMINAL
    terms = Terms(label, label_en or label, nominal_minutes, rule, observes_holidays=holidays)
    with shell.database.transaction() as session:
        editing.add_calendar(session, None, name, terms, week_given(given))
    click.echo(f"{name} is added", err=True)


@click.command()
@click.argument("name")
@click.argument("from_on", type=DAY)
@click.option("--until", "until_on", type=DAY, help="The first day on which the hours before hold again.")
@HOURS
@click.pass_obj
def set_hours(shell: Shell, name: str, from_on: datetime, until_on: datetime | None, given: tuple[str, ...]) -> None:
    """Give the calendar NAME other weekly hours from the day FROM_ON on."""
    week = week_given(given)
    with shell.database.transaction() as session:
        editing.set_hours(session, None, name, week, from_on.date(), until_on.date() if until_on else None)
    click.echo(f"{name}: other hours from {from_on:%Y-%m-%d}; due times that have been counted stay", err=True)


@click.command()
@click.argument("day", type=DAY)
@CALENDAR
@click.option("--name", "name_zh", required=True, help="Why, in Chinese: 台风.")
@click.option("--name-en", help="Why, in English (default: as --name).")
@click.option("--from", "closed_from", type=click.DateTime(["%H:%M"]), help="Closed from this time on, like 14:00.")
@click.option("--hours", help="The hours that remain, like 08:30-12:00;13:30-14:00.")
@click.pass_obj
def close_day(
    shell: Shell,
    day: datetime,
    name: str | None,
    name_zh: str,
    name_en: str | None,
    closed_from: datetime | None,
    hours: str | None,
) -> None:
    """Close DAY: all of it, or from a time on (each calendar keeps its own hours before), or but for some hours."""
    if closed_from and hours:
        raise click.UsageError("--from and --hours cannot be asked together.")
    names, spans = (name_zh, name_en or name_zh), read_spans(hours or "")
    with shell.database.transaction() as session:
        if closed_from:
            minute = closed_from.hour * 60 + closed_from.minute
            closed = editing.close_from(session, None, day.date(), minute, names, name)
        else:
            kind = DayKind.SPECIAL if spans else DayKind.HOLIDAY
            editing.add_day(session, None, day.date(), DayException(kind, spans, names[1], names[0]), name)
            closed = [name or FOR_ALL]
    click.echo(f"{day:%Y-%m-%d} is entered for {', '.join(closed)}; due times that have been counted stay", err=True)


@click.command()
@click.argument("day", type=DAY)
@CALENDAR
@click.pass_obj
def remove_day(shell: Shell, day: datetime, name: str | None) -> None:
    """Take DAY out of a calendar, or out of the days for all: it has the hours of its weekday again."""
    with shell.database.transaction() as session:
        editing.remove_day(session, None, day.date(), name)
    click.echo(f"{day:%Y-%m-%d} is an ordinary day again; due times that have been counted stay", err=True)


COMMANDS: tuple[click.Command, ...] = (announce, years, days, calendars, add_calendar, set_hours, close_day, remove_day)


def week_given(given: Sequence[str]) -> list[Spans]:
    """The hours of Monday to Sunday out of what was given with `--hours`.

    Raises:
        Invalid: a part is no weekdays with hours.
    """
    week: list[Spans] = [()] * len(WEEKDAYS)
    for text in given:
        numbers, _, hours = text.partition(" ")
        first, _, last = numbers.partition("-")
        if not (first in _NUMBERS and (last or first) in _NUMBERS and first <= (last or first)):
            raise Invalid("hours", N_("Weekdays are written like 1-5 or 6: Monday is 1."))
        for number in range(int(first), int(last or first) + 1):
            week[number - 1] = read_spans(hours)
    return week


def _week_words(week: Week) -> str:
    runs = groupby(enumerate(week.spans, 1), lambda pair: pair[1])
    told = []
    for spans, run in runs:
        numbers = [number for number, _ in run]
        days = f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
        told.append(f"{days} {write_spans(spans) or 'closed'}")
    return ", ".join(told)


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
    hours = write_spans(each.spans)
    return f"{sign} {day:%a %Y-%m-%d}  {each.kind.value:7}  {each.name_zh}  {each.name_en}  {hours}".rstrip()


def _year_lines(known: Mapping[int, str]) -> Iterator[str]:
    """Yield a line for each run of years from one source."""
    numbered = enumerate(known.items())
    for (_, source), pairs in groupby(numbered, lambda pair: (pair[1][0] - pair[0], pair[1][1])):
        run = [year for _, (year, _source) in pairs]
        yield f"{run[0]}-{run[-1]}\t{source}" if len(run) > 1 else f"{run[0]}\t{source}"
