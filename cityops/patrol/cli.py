"""`cityops patrol`: how tasks were given, and samples drawn."""

import json

import click
from sqlalchemy.orm import Session

from cityops.cases import numbers
from cityops.errors import Invalid
from cityops.patrol import queries, recheck_draw, recheck_queries
from cityops.patrol.choosing import BAR_LABELS, FLAG_LABELS, WHY_LABELS, Bar, Flag, Why
from cityops.patrol.drawing import Proof, prove
from cityops.patrol.models import InspectorTask
from cityops.patrol.renewal import queries as renewal_queries
from cityops.patrol.sampling import DRAWN_LABELS, Drawn
from cityops.shell import Shell
from cityops.words import N_


@click.group()
def patrol() -> None:
    """The inspectors' tasks."""


@patrol.command()
@click.option("--case", "number", required=True, help="The case with this number.")
@click.pass_obj
def draw(shell: Shell, number: str) -> None:
    """Explain how a case's verify and check tasks were given, and draw each again; exit code 1 where one differs.

    The answer, in JSON, goes to stdout: for each task who was drawn between whom, who was passed over and why.
    """
    found = numbers.find_key(number)
    if found is None:
        raise Invalid("case", N_("%(number)s is not a case number."), number=number[:40])
    with shell.workshop.reading() as session:
        tasks = queries.list_tasks_of_case(session, found[1])
        if not tasks:
            raise Invalid("case", N_("No task was given for the case %(number)s."), number=number[:40])
        proofs = [(task, prove(shell.keys, task)) for task in tasks]
        for task, proof in proofs:
            _explain(session, task, proof)
        told = [_told(task, proof) for task, proof in proofs]
    click.echo(json.dumps(told, ensure_ascii=False))
    if any(proof is not None and proof.wrong for _, proof in proofs):
        raise SystemExit(1)


@patrol.command()
@click.option("--sample", "number", required=True, type=int, help="The sample with this number.")
@click.pass_obj
def recheck(shell: Shell, number: int) -> None:
    """Explain how a sample of closed cases was drawn, and draw it again; exit code 1 where it differs.

    The answer, in JSON, goes to stdout: between which cases each lot fell, and on which.
    """
    with shell.workshop.reading() as session:
        sample, members = recheck_queries.get_members(session, number)
        proof = recheck_draw.prove(shell.keys, sample, members)
        seed, days = sample.seed, f"{sample.from_on} – {sample.until_on}"
        click.echo(
            f"sample {number}, drawn at {sample.drawn_at.isoformat()} from {sample.closed_count} cases", err=True
        )
    for kind, case_ids in proof.told["always"].items():
        click.echo(f"  {DRAWN_LABELS[Drawn(kind)]}: {len(case_ids)}, all of them", err=True)
    for kind, lots in proof.told["by_lot"].items():
        click.echo(f"  {DRAWN_LABELS[Drawn(kind)]}: {len(lots['drawn'])} of {len(lots['between'])}", err=True)
    click.echo(f"  drawn again: {proof.wrong or 'the same'}", err=True)
    told = {"sample": number, "days": days, "seed": seed, "draw": proof.told, "wrong": proof.wrong}
    click.echo(json.dumps(told, ensure_ascii=False))
    if proof.wrong:
        raise SystemExit(1)


@patrol.command()
@click.option("--sample", "number", required=True, type=int, help="The acceptance sample with this number.")
@click.pass_obj
def renewal(shell: Shell, number: int) -> None:
    """Draw the acceptance sample of a street again; exit code 1 where it differs.

    The answer, in JSON, goes to stdout: between which components the lot fell, and on which.
    """
    with shell.workshop.reading() as session:
        sample, members = renewal_queries.get_members(session, number)
        proof = recheck_draw.prove(shell.keys, sample, dict.fromkeys(members, Drawn.LOT))
        told = {"sample": number, "seed": sample.seed, "draw": proof.told, "wrong": proof.wrong}
        words = f"sample {number}, drawn at {sample.drawn_at.isoformat()}: {sample.number} of {sample.lot_count}"
    click.echo(words, err=True)
    click.echo(f"  drawn again: {proof.wrong or 'the same'}", err=True)
    click.echo(json.dumps(told, ensure_ascii=False))
    if proof.wrong:
        raise SystemExit(1)


def _told(task: InspectorTask, proof: Proof | None) -> dict[str, object]:
    told: dict[str, object] = {"task": task.id, "kind": task.kind.value, "person": task.person_id}
    if proof is None:
        return told | {"drawn": False}
    return told | {"drawn": True, "draw": proof.told, "lots": dict(proof.lots), "wrong": proof.wrong}


def _explain(session: Session, task: InspectorTask, proof: Proof | None) -> None:
    """The draw in sentences, on stderr."""
    if task.person is None:
        click.echo(f"{task.kind} task {task.id}: given to nobody", err=True)
        return
    click.echo(f"{task.kind} task {task.id}, given at {task.given_at.isoformat()} to {task.person.username}", err=True)
    if proof is None:
        click.echo("  given without a draw", err=True)
        return
    between, passed_over = proof.told["between"], proof.told["passed_over"]
    names = queries.list_usernames(session, [int(person) for person in (*between, *passed_over)])
    for person, lot in proof.lots:
        why = WHY_LABELS[Why(between[str(person)])]
        click.echo(f"  {names[person]}: {why}; lot {lot.rpartition(':')[2][:16]}", err=True)
    for person, bars in passed_over.items():
        why_not = ", ".join(BAR_LABELS[Bar(bar)] for bar in bars) or "another was to be preferred"
        click.echo(f"  {names[int(person)]}: passed over, {why_not}", err=True)
    for flag in proof.told["flags"]:
        click.echo(f"  flagged: {FLAG_LABELS[Flag(flag)]}", err=True)
    click.echo(f"  drawn again: {proof.wrong or 'the same'}", err=True)
