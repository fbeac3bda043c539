"""`cityops grid duty`: the duty grids and who is on duty in them."""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import StringIO
from typing import Any

import click

from cityops import clock
from cityops.patrol.grid_owners import Duty, list_duty
from cityops.patrol.watch import span_words
from cityops.shell import Shell
from cityops.words import harmless

COLUMNS = ("code", "name", "street_code", "tier", "cells", "area_m2", "on_duty", "unwatched")
MOMENT = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"])


@click.command()
@click.option("--street", default="", help="Only of the street with this code.")
@click.option("--at", type=MOMENT, help="At this moment of the city's time instead of now.")
@click.option("--without", is_flag=True, help="Only those in which nobody is on duty at the moment.")
@click.option("--format", "form", default="table", type=click.Choice(["table", "csv", "json"]), show_default=True)
@click.pass_obj
def duty(shell: Shell, street: str, at: datetime | None, without: bool, form: str) -> None:
    """Print the duty grids, who is on duty in each, and the hours of the day that nobody watches."""
    moment = at.replace(tzinfo=clock.CITY_ZONE) if at else clock.now()
    with shell.database.reading() as session:
        found = list_duty(session, None, moment, street=street)
        lines = [_line(each) for each in found if not (without and each.now)]
    for told in _tell(lines, form):
        click.echo(told)
    if not lines:
        click.echo("no duty grid is like that", err=True)


def _line(duty: Duty) -> tuple[Any, ...]:
    grid = duty.held.grid
    names = ", ".join(f"{owner.name} {span_words(owner.span)}" for owner in duty.now)
    land = (grid.code, grid.name, grid.street_code, duty.held.tier, duty.held.cells, round(duty.held.area_m2))
    return (*land, names, ", ".join(map(span_words, duty.gaps)))


def _tell(lines: Iterable[tuple[Any, ...]], form: str) -> Iterator[str]:
    if form == "json":
        yield json.dumps([dict(zip(COLUMNS, line, strict=True)) for line in lines], ensure_ascii=False, indent=1)
    elif form == "csv":
        for line in (COLUMNS, *lines):
            text = StringIO()
            harmless_ones = [harmless(value) if isinstance(value, str) else value for value in line]
            csv.writer(text, lineterminator="").writerow(harmless_ones)
            yield text.getvalue()
    else:
        yield f"{'duty grid':<16}{'tier':>5}{'cells':>7}{'km²':>8}  on duty"
        for code, _, _, tier, cells, area_m2, names, gaps in lines:
            nobody = f" (nobody {gaps})" if gaps else ""
            yield f"{code:<16}{tier or '-':>5}{cells:>7}{area_m2 / 1e6:>8.2f}  {names or '-'}{nobody}"
