"""`cityops catalog diff`: what a draft would change, and which open cases that concerns."""

import csv
import json
import sys

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.catalog.drafts import DraftView, find_open_draft, read_draft
from cityops.catalog.models import Standard
from cityops.errors import NotFound
from cityops.rehearsal.concerned import list_concerns
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


COMMANDS: tuple[click.Command, ...] = (diff,)
