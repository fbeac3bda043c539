"""`cityops serve`, and each part of its tree on its own for a bigger installation."""

import os
import sys
import time
from datetime import datetime

import click

from cityops import clock
from cityops.accounts.passwords import DEMO_PASSWORD
from cityops.config import Config
from cityops.demo.city import load_demo
from cityops.errors import BadSetting
from cityops.serving import first_load, prepare, redis_server
from cityops.serving.supervisor import Supervisor, part_command, plan
from cityops.shell import Shell
from cityops.simulation.cli import simulate_with_bar
from cityops.words import N_
from cityops.worktime.holidays import ANNOUNCED_YEARS

DEMO_DAYS = 7
DEMO_PER_DAY = 100
DEMO_SEED = 7
SIGN_INS = (
    "operator, dutyleader, dispatcher, handler (handler2 … handler8), "
    "inspector (inspector2 …), supervisor, leader, admin"
)


@click.command()
@click.option("--no-demo", is_flag=True, help="Do not load the demo city into an empty database.")
@click.pass_obj
def serve(shell: Shell, no_demo: bool) -> None:
    """Run the city: web, worker, scheduler and, where REDIS_URL is not set, Redis. Ctrl-C stops all of it."""
    begun = time.monotonic()
    config = shell.config
    prepare.make_home(config)
    with prepare.alone(config):
        leftovers = prepare.clear_leftovers(config)
        if leftovers:
            _say(f"ended what a killed start had left: {', '.join(leftovers)}")
        prepare.check_port(config, patience_s=5 if leftovers else 0)
        if config.redis_url and not redis_server.answers(config.redis_address):
            raise BadSetting(N_("Redis does not answer: check REDIS_URL, and that the server runs."))
        first_load.make_keys(config)
        _say(f"data folder {config.home}")
        first_load.make_tables(config.database_url)
        if not no_demo and not config.production:
            first_load.load_once(shell.workshop, lambda: _load_demo(shell), _say)
        else:
            first_load.refuse_half_a_city(shell.database)
        first_load.lay_ground(shell.database)
        # The children are forked from here on: no connection may be open.
        shell.workshop.close()
        Supervisor(config, _say, plan(config)).run(lambda: _welcome(config, time.monotonic() - begun, not no_demo))
    _say("all stopped")


@click.command("web")
def run_web() -> None:
    """Run only the web. It needs a migrated database, Redis, and a worker somewhere."""
    _become("web")


@click.command("worker")
def run_worker() -> None:
    """Run only a worker. Any number of them may run."""
    _become("worker")


@click.command("scheduler")
def run_scheduler() -> None:
    """Run only a scheduler. A second one does no harm."""
    _become("scheduler")


@click.command("migrate")
@click.pass_obj
def migrate(shell: Shell) -> None:
    """Bring the database's tables up to date, and give a new one catalogue and calendars. `serve` does so by itself."""
    prepare.make_home(shell.config)
    first_load.make_tables(shell.config.database_url)
    first_load.lay_ground(shell.database)


def _load_demo(shell: Shell) -> None:
    _say("first start: loading the demo city and its first seven days; this takes a minute or two")
    load_demo(shell.database, shell.keys, shell.config, _say)
    until = demo_until(clock.now())
    if until is not None:
        _say(f"the holidays of {until.year + 1} are not known: the demo's week ends on {until:%Y-%m-%d}")
    simulate_with_bar(shell, days=DEMO_DAYS, per_day=DEMO_PER_DAY, seed=DEMO_SEED, until=until)


def demo_until(now: datetime) -> datetime | None:
    """Where the demo's week has to end so that no limit of it runs into a year without holiday data; None for now.

    The longest limit of the catalogue is 15 working days; from the first of December it stays inside the year.
    """
    last = datetime(max(ANNOUNCED_YEARS), 12, 1, tzinfo=clock.CITY_ZONE)
    return last if now > last else None


def _become(part: str) -> None:
    # The application is loaded by the part that needs it, and not by every command.
    sys.stdout.flush()
    os.execv(sys.executable, part_command(part))


def _welcome(config: Config, seconds: float, with_demo: bool) -> None:
    host = "localhost" if config.host in {"0.0.0.0", "127.0.0.1", "::", "::1"} else config.host
    click.echo(f"cityops is ready after {seconds:.1f} s: http://{host}:{config.port}/")
    if with_demo and not config.production:
        click.echo(f"demo sign-ins, password {DEMO_PASSWORD}: {SIGN_INS}")
    click.echo("Ctrl-C stops all of it.")
    sys.stdout.flush()


def _say(words: str) -> None:
    click.echo(words, err=True)
