"""`cityops audit`: prove the histories of cases. `cityops worktime explain`: why their clocks are due when they are."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

import click
from sqlalchemy.orm import Session

from cityops.cases import checkpoints, history, numbers, queries
from cityops.cases.clocks import closed_pauses, due_now, explain_clock, light_of, limit_of
from cityops.cases.history import Broken, Walked
from cityops.cases.models import StageClock
from cityops.cases.names import CLOCK_LABELS, ClockName
from cityops.catalog.phases import FIRST_PHASE
from cityops.errors import Invalid
from cityops.shell import Shell
from cityops.words import N_
from cityops.worktime import queries as worktime
from cityops.worktime.limits import UNIT_LABELS
from cityops.worktime.printing import length, local, number, piece_facts, piece_line, plain


@click.group()
def audit() -> None:
    """Prove that no case's history was changed."""


@audit.command()
@click.option("--case", "number", help="Only the case with this number; checkpoints are not looked at.")
@click.option(
    "--checkpoint",
    "exported",
    type=click.File(encoding="utf-8"),
    help="Checkpoints as `cityops audit checkpoint` printed them, one a line: the city's history has to hold them.",
)
@click.pass_obj
def verify(shell: Shell, number: str | None, exported: TextIO | None) -> None:
    """Check every event, its place in its chain, its case, and every checkpoint; exit code 1 when one is broken.

    The answer, in JSON, goes to stdout: how much was walked, what is broken, and until when the checkpoints prove it.
    """
    if number and exported:
        raise click.UsageError("--case and --checkpoint cannot be asked together.")
    answer = _verify_case(shell, number) if number else _verify_city(shell, exported)
    click.echo(json.dumps(answer))
    if answer["broken"] or answer.get("broken_checkpoints"):
        raise SystemExit(1)


def _verify_case(shell: Shell, number: str) -> dict[str, Any]:
    found = numbers.find_key(number)
    if found is None:
        raise Invalid("case", N_("%(number)s is not a case number."), number=number[:40])
    with shell.workshop.reading() as session:
        walked, broken = _walk(history.find_broken(session, shell.keys, found[1]))
    if walked.cases == 0 and not broken:
        raise Invalid("case", N_("There is no case %(number)s."), number=number[:40])
    return asdict(walked) | {"broken": [asdict(each) for each in broken]}


def _verify_city(shell: Shell, exported: TextIO | None) -> dict[str, Any]:
    kept_elsewhere = checkpoints.read_exported(exported) if exported else []
    with shell.workshop.reading() as session:
        proof = checkpoints.Proof(checkpoints.list_checkpoints(session))
        walked, broken = _walk(history.find_broken(session, shell.keys, seen=proof.see))
    unfit = proof.find_broken(shell.keys) + proof.compare(shell.keys, kept_elsewhere)
    for each in unfit:
        click.echo(f"checkpoint of {each.at}: {each.why}", err=True)
    newest = proof.checkpoints[-1].until.isoformat() if proof.checkpoints else None
    return asdict(walked) | {
        "broken": [asdict(each) for each in broken],
        "checkpoints": len(proof.checkpoints),
        "broken_checkpoints": [asdict(each) for each in unfit],
        "proved_until": None if broken or unfit else newest,
    }


def _walk(found: Iterator[Broken | Walked]) -> tuple[Walked, list[Broken]]:
    walked, broken = Walked(0, 0), []
    for each in found:
        if isinstance(each, Broken):
            broken.append(each)
            click.echo(f"case {each.case_id}: {each.why}", err=True)
        else:
            walked = each
            click.echo(f"\r{walked.cases} cases, {walked.events} events walked", err=True, nl=False)
    click.echo("", err=True)
    return walked, broken


@audit.command()
@click.pass_obj
def checkpoint(shell: Shell) -> None:
    """Chain what was written since the last checkpoint into a new one and print it, to be kept elsewhere.

    It covers what was written until ten minutes ago: a transaction may still be adding what is newer.
    """
    with shell.workshop.reading() as session:
        gathered = checkpoints.gather(session)
    with shell.workshop.transaction() as session:
        row = checkpoints.add(session, shell.keys, gathered)
    click.echo(checkpoints.facts_of(row).as_json())


@click.command()
@click.option("--case", "asked", required=True, metavar="NUMBER", help="The number of the case.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_obj
def explain(shell: Shell, asked: str, *, as_json: bool) -> None:
    """Explain each clock of a case: when it is due, and what counted, was closed or stood still on the way there."""
    with shell.workshop.reading() as session:
        case = queries.get_any_case(session, asked)
        answer = {"case": case.number, "clocks": [_clock_facts(session, row) for row in case.clocks]}
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else "\n".join(_clock_lines(answer)))


def _clock_facts(session: Session, row: StageClock) -> dict[str, Any]:
    calendar, limit = worktime.get_calendar(session, row.calendar), limit_of(row)
    pieces, now_due = explain_clock(calendar, row), due_now(calendar, row)
    return {
        "clock": row.name.value,
        "round": row.round,
        "phase": row.phase,
        "limit": number(limit.value),
        "unit": limit.unit.value,
        "calendar": row.calendar,
        "start": local(row.started_at),
        "due": local(row.due_at),
        "stopped": local(row.stopped_at) if row.stopped_at else None,
        "light": light_of(row).value,
        "pauses": [{"from": local(begin), "until": local(until)} for begin, until in closed_pauses(row)],
        "by_the_calendar_now": local(now_due) if now_due else None,
        "counted_minutes": number(sum(piece.minutes for piece in pieces)),
        "pieces": [piece_facts(piece) for piece in pieces],
    }


def _clock_lines(answer: dict[str, Any]) -> Iterator[str]:
    yield f"case {answer['case']}"
    for each in answer["clocks"]:
        label = CLOCK_LABELS[ClockName(each["clock"])] + (f" ({each['round']})" if each["round"] > 1 else "")
        label += f", phase {each['phase']}" if each["phase"] > FIRST_PHASE else ""
        stopped = f"stopped {plain(each['stopped'])}, " if each["stopped"] else ""
        state = f"{stopped}{each['light'].replace('_', ' ')}, counted {length(each['counted_minutes'])}"
        yield ""
        yield f"{label}: {each['limit']} {UNIT_LABELS[each['unit']]}, calendar {each['calendar']}"
        yield f"start {plain(each['start'])}"
        yield f"due   {plain(each['due'])}, {state}"
        if each["by_the_calendar_now"] is None:
            yield "the holidays of a year on the way are not known to the calendar as it stands now"
        elif each["by_the_calendar_now"] != each["due"]:
            yield f"the calendar has changed since: by it this would be due {plain(each['by_the_calendar_now'])}"
        yield from map(piece_line, each["pieces"])
