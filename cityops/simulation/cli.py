"""`cityops simulate`: days of city life through the real services. `cityops bench-data`: copies of them by the many."""

import json
from dataclasses import asdict
from datetime import datetime, time, timedelta

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.engine import make_url

from cityops import clock
from cityops.errors import Invalid
from cityops.following import make_quiet_office
from cityops.shell import Shell
from cityops.simulation.copying import fill
from cityops.simulation.services import Summary, simulate
from cityops.words import N_


@click.command("simulate")
@click.option("--days", default=30, show_default=True, help="How many days to live.")
@click.option("--per-day", default=100, show_default=True, help="How many cases come in on a day, on average.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same lives.")
@click.option("--until", metavar="DATE", help="The last day, or the last moment with a time zone. [default: now]")
@click.pass_obj
def simulate_city(shell: Shell, days: int, per_day: int, seed: int, until: str | None) -> None:
    """Live days of city life through the real services, under a virtual clock.

    Half of the cases are simple ones; some are declined, refused, sent back, disputed, shared, merged, linked, reworked
    or late, and closed ones are re-checked; at the end there are open cases at every stage. The summary is JSON on
    stdout.
    """
    summary = simulate_with_bar(
        shell, days=days, per_day=per_day, seed=seed, until=read_until(until) if until else None
    )
    click.echo(json.dumps(as_json(summary), ensure_ascii=False))


@click.command("bench-data")
@click.option("--cases", "wanted", type=int, required=True, help="How many cases there shall be: 1_000_000.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def bench_data(shell: Shell, wanted: int, *, yes: bool) -> None:
    """Fill a demo city with copied cases, to measure with: they cannot be taken out again.

    Lives a week, then copies it over the three years before: 3 % of the cases are open, every history is chained and
    signed. Stop the city first. If it is broken off, the same command goes on from there. The answer is JSON on stdout.
    """
    if not yes:
        address = make_url(shell.config.database_url).render_as_string(hide_password=True)
        click.confirm(f"Fill {address} with copied cases? They stay there.", abort=True, err=True)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=wanted)

        def show(doing: str, cases: int, of: int) -> None:
            bar.update(task, description=doing, completed=cases, total=of)

        try:
            filled = fill(shell.database, make_quiet_office(shell.keys), shell.config, wanted, show)
        except KeyboardInterrupt:
            console.print("broken off: what is there is whole, the same command goes on from there")
            raise
    click.echo(json.dumps(asdict(filled) | {"seconds": round(filled.seconds, 1)}))


def simulate_with_bar(shell: Shell, *, days: int, per_day: int, seed: int, until: datetime | None) -> Summary:
    """Simulate, with a progress bar and its rate on stderr."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("simulating", total=days * per_day, rate="")

        def show(cases: int, of: int, steps: int) -> None:
            seconds = bar.tasks[task].elapsed or 0.0
            rate = f"{steps / seconds:.0f} steps/s" if seconds and steps else ""
            bar.update(task, completed=cases, total=of, rate=rate)

        summary = simulate(
            shell.database,
            make_quiet_office(shell.keys),
            shell.config,
            days=days,
            per_day=per_day,
            seed=seed,
            until=until,
            progress=show,
        )
    if summary.added:
        console.print(
            f"{summary.added} cases lived in {summary.seconds:.1f} s: {summary.steps} steps, "
            f"{summary.steps_per_second:.0f} a second",
            highlight=False,
        )
    if summary.added < summary.cases:
        known = summary.cases - summary.added
        end = summary.until.astimezone(clock.CITY_ZONE)
        console.print(
            f"{known} of the {summary.cases} cases of this run (up to {end:%Y-%m-%d %H:%M}) were there already"
        )
    return summary


def read_until(text: str) -> datetime:
    """A day's end (today: now), or a moment with its time zone.

    Raises:
        Invalid: neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("until", N_("Write a day like 2026-11-23, or a moment like 2026-11-23T18:00+08:00.")) from None
    if len(text) == len("2026-11-23"):
        midnight = datetime.combine(moment.date() + timedelta(days=1), time(), clock.CITY_ZONE)
        is_today = moment.date() == clock.city_day(clock.now())
        return clock.now().replace(microsecond=0) if is_today else midnight
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=clock.CITY_ZONE)
    return moment


def as_json(summary: Summary) -> dict[str, object]:
    """The summary as the command prints it."""
    return {
        "seed": summary.seed,
        "days": summary.days,
        "per_day": summary.per_day,
        "until": summary.until.astimezone(clock.CITY_ZONE).isoformat(),
        "cases": summary.cases,
        "added": summary.added,
        "steps": summary.steps,
        "by_stage": {stage.value: count for stage, count in sorted(summary.by_stage.items())},
        "seconds": round(summary.seconds, 1),
        "steps_per_second": round(summary.steps_per_second),
    }
