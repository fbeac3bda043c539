"""`cityops rehearse`: how the last months would have gone under a rule or calendar that is not there yet."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.accounts.models import Body
from cityops.catalog.rules import NewRule
from cityops.errors import Invalid
from cityops.rehearsal import calendar_replay, duty_replay
from cityops.rehearsal.calendar_replay import CalendarChange
from cityops.rehearsal.cli import print_result
from cityops.rehearsal.duty_replay import DutyRehearsal, Redirected
from cityops.rehearsal.replay import first_day
from cityops.shell import Shell
from cityops.words import N_
from cityops.worktime import editing
from cityops.worktime.calendar import DayException, DayKind, DayRule
from cityops.worktime.editing import Terms
from cityops.worktime.keeping import CALENDAR, DAY, HOURS, week_given
from cityops.worktime.queries import get_calendar_row

REHEARSED = "rehearsed"

MONTHS = click.option("--months", default=3, show_default=True, metavar="N", help="How many months back.")
LIMIT = click.option("--limit", default=50, show_default=True, metavar="N", help="How many of the cases are named.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON instead of a table.")


@click.group()
def rehearse() -> None:
    """Replay the last months under a rule or calendar before it holds; nothing is kept, no case is touched."""


@rehearse.command()
@click.option("--body", metavar="CODE", help="Whose the rule would make it.")
@click.option("--class", "class_key", default="", metavar="KEY", help="C01037; without it every class.")
@click.option(
    "--condition",
    default="",
    metavar="CODE",
    help="C01037-1, or C01037-3.2 for a phase of it; without it every condition.",
)
@click.option("--area", default="", metavar="CODE", help="A district, street or community; without it the whole city.")
@click.option("--from", "from_on", type=DAY, help="The rule's first day; without it today.")
@click.option("--until", "until_on", type=DAY, help="The rule's last day.")
@click.option("--ends-others", is_flag=True, help="As if the rules that say otherwise of the same had ended.")
@click.option(
    "--without", "number", type=int, metavar="NUMBER", help="A rule that would end today, instead of a new one."
)
@MONTHS
@LIMIT
@AS_JSON
@click.pass_obj
def rule(
    shell: Shell,
    body: str | None,
    class_key: str,
    condition: str,
    area: str,
    from_on: datetime | None,
    until_on: datetime | None,
    ends_others: bool,
    number: int | None,
    months: int,
    limit: int,
    as_json: bool,
) -> None:
    """Which cases of the last months would have gone to whom under one responsibility rule more, or less."""
    if (body is None) == (number is None):
        raise Invalid("body", N_("Say either --body, whose it would be, or --without, which rule would end."))
    with shell.database.reading() as session:
        if number is not None:
            change = duty_replay.ending(session, None, number, clock.today())
        else:
            first_on, last_on = (day.date() if day is not None else None for day in (from_on, until_on))
            new = NewRule(body or "", class_key, condition, area, first_on, last_on)
            change = duty_replay.adding(session, None, new, ends_others=ends_others)
        result = duty_replay.rehearse(session, None, change, months, most_redirected=max(0, limit))
        bodies = accounts.find_bodies(session, result.body_ids)
    if as_json:
        click.echo(json.dumps(_told(result, bodies), ensure_ascii=False, indent=2))
    else:
        for line in _table(result, bodies):
            click.echo(line)
    outcomes = ", ".join(f"{result.outcomes[each]} {each.value}" for each in duty_replay.Outcome)
    click.echo(
        f"{result.total} cases filed since {result.since_on}: {outcomes}, {result.undecided} undecided", err=True
    )


@rehearse.command()
@click.argument("name")
@click.argument("from_on", type=DAY)
@click.option("--until", "until_on", type=DAY, help="The first day on which the hours before hold again.")
@HOURS
@MONTHS
@LIMIT
@AS_JSON
@click.pass_obj
def hours(
    shell: Shell,
    name: str,
    from_on: datetime,
    until_on: datetime | None,
    given: tuple[str, ...],
    months: int,
    limit: int,
    as_json: bool,
) -> None:
    """Which cases of the last months would have been late or on time had the calendar NAME other weekly hours.

    Hours that begin in the future are taken to have held in all of the months.
    """
    days = from_on.date(), until_on.date() if until_on else None
    change = calendar_replay.other_hours(None, name, week_given(given), *days, first_day(months))
    _rehearse_calendar(shell, change, months, limit, as_json)


@rehearse.command()
@click.argument("day", type=DAY)
@CALENDAR
@click.option("--from", "closed_from", type=click.DateTime(["%H:%M"]), help="Closed from this time on, like 14:00.")
@click.option("--without", "is_taken_out", is_flag=True, help="As if the day that was entered were taken out again.")
@MONTHS
@LIMIT
@AS_JSON
@click.pass_obj
def day(
    shell: Shell,
    day: datetime,
    name: str | None,
    closed_from: datetime | None,
    is_taken_out: bool,
    months: int,
    limit: int,
    as_json: bool,
) -> None:
    """Which cases of the last months would have gone otherwise had offices been closed on DAY, or from a time on."""
    if is_taken_out and closed_from is not None:
        raise click.UsageError("--without and --from cannot be asked together.")

    def change(session: Session) -> None:
        if is_taken_out:
            editing.remove_day(session, None, day.date(), name)
        elif closed_from is not None:
            minute = closed_from.hour * 60 + closed_from.minute
            editing.close_from(session, None, day.date(), minute, (REHEARSED, REHEARSED), name)
        else:
            closed = DayException(DayKind.HOLIDAY, (), REHEARSED, REHEARSED)
            editing.add_day(session, None, day.date(), closed, name)

    _rehearse_calendar(shell, change, months, limit, as_json)


@rehearse.command()
@click.argument("name")
@click.option("--nominal-minutes", type=int, help="What one 工作日 counts.")
@click.option("--day-rule", type=click.Choice([each.value for each in DayRule]), help="How n working days are counted.")
@click.option("--holidays/--no-holidays", "observes_holidays", default=None, help="Whether it observes holidays.")
@MONTHS
@LIMIT
@AS_JSON
@click.pass_obj
def terms(
    shell: Shell,
    name: str,
    nominal_minutes: int | None,
    day_rule: str | None,
    observes_holidays: bool | None,
    months: int,
    limit: int,
    as_json: bool,
) -> None:
    """Which cases of the last months would have been late or on time had the calendar NAME counted otherwise.

    What is not said stays as it is.
    """

    def change(session: Session) -> None:
        before = Terms.of(get_calendar_row(session, name))
        other = replace(
            before,
            nominal_minutes=before.nominal_minutes if nominal_minutes is None else nominal_minutes,
            day_rule=before.day_rule if day_rule is None else DayRule(day_rule),
            observes_holidays=before.observes_holidays if observes_holidays is None else observes_holidays,
        )
        editing.set_terms(session, None, name, other)

    _rehearse_calendar(shell, change, months, limit, as_json)


def _rehearse_calendar(shell: Shell, change: CalendarChange, months: int, limit: int, as_json: bool) -> None:
    with shell.database.transaction() as session:
        changed = calendar_replay.as_it_would_be(session, change)
    with shell.database.reading() as session:
        result = calendar_replay.rehearse(session, None, changed, months, most_turned=max(0, limit))
        names = {key: body.code for key, body in accounts.find_bodies(session, result.bodies.keys()).items()}
    print_result(result, names, as_json=as_json)


def _told(result: DutyRehearsal, bodies: dict[int, Body]) -> dict[str, Any]:
    return {
        "since_on": result.since_on.isoformat(),
        "cases": result.total,
        "outcomes": {each.value: result.outcomes[each] for each in duty_replay.Outcome},
        "as_went": result.as_went,
        "undecided": result.undecided,
        "lost_hours": round(result.lost.total_seconds() / 3600, 1),
        "bodies": [
            {"body": bodies[key].code, "before": asdict(before), "after": asdict(after)}
            for key, before, after in result.list_changed()
        ],
        "redirected": [_redirected(each, bodies) for each in result.redirected],
    }


def _redirected(each: Redirected, bodies: dict[int, Body]) -> dict[str, Any]:
    return {
        "case": each.past.number,
        "class": each.past.class_key,
        "went_to": bodies[each.past.first_id].code,
        "sent_back_by": [bodies[key].code for key in each.past.sent_back_by],
        "handled_by": bodies[each.past.last_id].code,
        "late": each.past.is_late,
        "proposed": each.body.code,
        "rules": [found.rule.id for found in each.proposal.rules],
        "outcome": each.outcome.value,
    }


def _table(result: DutyRehearsal, bodies: dict[int, Body]) -> Iterator[str]:
    head = ("body", "cases", "then", "late", "then", "sent back", "then")
    yield "  ".join(word.rjust(9) if place else word.ljust(20) for place, word in enumerate(head))
    for key, before, after in result.list_changed():
        pairs = ((before.cases, after.cases), (before.late, after.late), (before.sent_back, after.sent_back))
        yield "  ".join([bodies[key].code.ljust(20), *(str(figure).rjust(9) for pair in pairs for figure in pair)])
    for each in result.redirected:
        told = _redirected(each, bodies)
        yield "{case}  {class}  {went_to} -> {proposed}, handled by {handled_by}: {outcome}".format(**told)
