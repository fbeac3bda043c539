"""`cityops catalog diff` and `rehearse`: what a draft would change, whom it concerns, how the last months had gone."""

import csv
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.catalog.drafts import DraftView, find_open_draft, read_draft
from cityops.catalog.models import Standard
from cityops.errors import NotFound
from cityops.rehearsal import replay
from cityops.rehearsal.concerned import list_concerns
from cityops.rehearsal.past import Rule
from cityops.rehearsal.replay import Rehearsal, Tally, by_change
from cityops.shell import Shell
from cityops.words import N_

STANDARD = click.option(
    "--standard", "reference", metavar="REFERENCE", help="Whose draft; not needed where only one standard has one."
)


@click.command()
@STANDARD
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the open cases concerned.")
@click.pass_obj
def diff(shell: Shell, reference: str | None, as_json: bool) -> None:
    """What a draft adds, ends and changes against what is in force, as CSV: a line a field."""
    with shell.database.reading() as session:
        view = find_draft(session, reference)
        found, concerns = view.differences, list_concerns(session, None, view)
    lines = [
        (each.act, each.kind.value, each.key, column.name, before, after)
        for each in found
        for column, before, after in each.fields
    ]
    header = ("act", "kind", "key", "field", "before", "after")
    if as_json:
        told = [
            {"key": each.key, "ends": each.is_ended, "filed": each.filed, "unfiled": each.unfiled} for each in concerns
        ]
        answer = {"changes": [dict(zip(header, line, strict=True)) for line in lines], "open_cases": told}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)
    filed, unfiled = sum(each.filed for each in concerns), sum(each.unfiled for each in concerns)
    click.echo(f"{len(found)} entries differ; open cases under them: {filed} filed, {unfiled} not yet", err=True)


@click.command()
@STANDARD
@click.option("--months", default=3, show_default=True, metavar="N", help="How many months back.")
@click.option("--limit", default=50, show_default=True, metavar="N", help="How many of the turned cases are named.")
@click.option("--json", "as_json", is_flag=True, help="As JSON instead of a table.")
@click.pass_obj
def rehearse(shell: Shell, reference: str | None, months: int, limit: int, as_json: bool) -> None:
    """Replay the last months' cases under a draft: who would have been late or on time, and why; nothing is touched."""
    with shell.database.reading() as session:
        view = find_draft(session, reference)
        result = replay.rehearse(session, None, view, months, most_turned=max(0, limit))
        names = {key: body.code for key, body in accounts.find_bodies(session, result.bodies.keys()).items()}
    print_result(result, names, as_json=as_json)


def print_result(result: Rehearsal, names: dict[int, str], *, as_json: bool) -> None:
    """What came of a rehearsal of limits or calendars, as a table or JSON; the sum of it goes to stderr."""
    if as_json:
        click.echo(json.dumps(_told(result, names), ensure_ascii=False, indent=2))
    else:
        for line in _table(result, names):
            click.echo(line)
    whole = result.whole
    words = f"{whole.turned_late} would have been late, {whole.turned_on_time} on time, {result.moved} due elsewhen"
    left = f"{result.unknown} cannot be counted, {result.ended} under conditions that end"
    click.echo(f"{whole.total} cases filed since {result.since_on}: {words}; {left}", err=True)


def _told(result: Rehearsal, names: dict[int, str]) -> dict[str, Any]:
    bodies = [{"body": names.get(body_id, str(body_id)), **_figures(tally)} for body_id, tally in by_change(result)]
    return {
        "since_on": result.since_on.isoformat(),
        "whole": _figures(result.whole),
        "bodies": bodies,
        "moved": result.moved,
        "unknown": result.unknown,
        "ended": result.ended,
        "cases": [
            {
                "case": each.past.number,
                "condition": each.past.condition,
                "body": names.get(each.past.body_id, ""),
                "late": each.is_late,
                "before": _rule(each.past.rule, each.past.due_at),
                "after": _rule(each.rule, each.due_at),
            }
            for each in result.turned
        ],
    }


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "cases": tally.total,
        "late_before": tally.late_before,
        "late_after": tally.late_after,
        "turned_late": tally.turned_late,
        "turned_on_time": tally.turned_on_time,
    }


def _rule(rule: Rule, due_at: datetime) -> dict[str, Any]:
    due = due_at.astimezone(clock.CITY_ZONE).isoformat(timespec="minutes")
    return {"limit_value": rule.value, "limit_unit": rule.unit.value, "calendar": rule.calendar, "due_at": due}


def _table(result: Rehearsal, names: dict[int, str]) -> Iterator[str]:
    head = ("body", "cases", "on time before", "after", "now late", "now on time")
    yield "  ".join(word.rjust(14) if place else word.ljust(20) for place, word in enumerate(head))
    for body_id, tally in [*by_change(result), (0, result.whole)]:
        if tally.total:
            rates = (f"{rate:.1%}" for rate in (tally.rate_before, tally.rate_after))
            cells = (str(tally.total), *rates, str(tally.turned_late), str(tally.turned_on_time))
            yield "  ".join([names.get(body_id, "all").ljust(20), *(cell.rjust(14) for cell in cells)])
    for each in result.turned:
        before, after = _rule(each.past.rule, each.past.due_at), _rule(each.rule, each.due_at)
        told = " -> ".join(
            "{limit_value} {limit_unit} {calendar}, due {due_at}".format(**rule) for rule in (before, after)
        )
        yield f"{each.past.number}  {each.past.condition}  {'late' if each.is_late else 'on time'}: {told}"


def find_draft(session: Session, reference: str | None) -> DraftView:
    """The open draft of a standard, or the only one there is.

    Raises:
        NotFound: there is none, or there are several and no standard was named.
    """
    wanted = select(Standard).order_by(Standard.id)
    if reference is not None:
        wanted = wanted.where(Standard.reference == reference)
    drafts = [draft for row in session.scalars(wanted) if (draft := find_open_draft(session, row.id)) is not None]
    if len(drafts) != 1:
        raise NotFound(
            N_("There are %(n)s open drafts: name one standard that has one with --standard."), n=len(drafts)
        )
    return read_draft(session, None, drafts[0].id)


COMMANDS: tuple[click.Command, ...] = (diff, rehearse)
