"""The `cityops` command: every room's commands under one name.

Data goes to stdout, words to stderr; the exit code is 0 only when a command did what it was asked.
"""

import os
import sys

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from cityops.accounts import cli as accounts
from cityops.cases import cli as cases
from cityops.cases import component_cli, ground_cli
from cityops.catalog import cli as catalog
from cityops.closing import end_body
from cityops.demo import cli as demo
from cityops.errors import CityopsError
from cityops.grid import cli as grid
from cityops.grid.addresses import cli as address_cli
from cityops.grid.coverage import cli as coverage_cli
from cityops.patrol import cli as patrol
from cityops.patrol import duty_grid_cli
from cityops.rehearsal import cli as rehearsal
from cityops.rehearsal.commands import rehearse
from cityops.serving import cli as serving
from cityops.shell import Shell
from cityops.simulation import cli as simulation
from cityops.upkeep import cli as upkeep
from cityops.worktime import cli as worktime

COMMANDS: tuple[click.Command, ...] = (
    serving.serve,
    serving.run_web,
    serving.run_worker,
    serving.run_scheduler,
    serving.migrate,
    upkeep.backup,
    upkeep.restore,
    upkeep.keys,
    demo.demo,
    simulation.simulate_city,
    simulation.bench_data,
    accounts.person,
    accounts.token,
    accounts.body,
    accounts.jurisdiction,
    cases.audit,
    address_cli.addresses,
    grid.grid,
    component_cli.components,
    catalog.catalog,
    rehearse,
    grid.locate,
    patrol.patrol,
    worktime.worktime,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="cityops")
@click.pass_context
def cli(context: click.Context) -> None:
    """A city's grid-management system (数字城管): settings come from the environment, CITYOPS_HOME and its like."""
    if context.obj is None:
        context.obj = Shell()


for _command in COMMANDS:
    cli.add_command(_command)
for _command in rehearsal.COMMANDS:
    catalog.catalog.add_command(_command)
accounts.body.add_command(end_body)
# What cases hang on an area that ends is told by the room above: the grid knows no cases.
grid.grid.add_command(ground_cli.import_file)
grid.grid.add_command(coverage_cli.cover)
grid.grid.add_command(coverage_cli.coverage)
grid.grid.add_command(duty_grid_cli.duty)
# A case's clocks are explained by the room above: worktime knows no cases.
worktime.worktime.add_command(cases.explain)


def main() -> None:
    """Run one command; an error that a person can do something about is one sentence on stderr."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except CityopsError as error:
        _fail(str(error))
    except (OperationalError, ProgrammingError) as error:
        _fail(f"The database cannot be used ({_first_line(error)}): check DATABASE_URL, and run `cityops migrate`.")
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our data has read enough; nothing more may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    sys.exit(code if isinstance(code, int) else 0)


def _first_line(error: OperationalError | ProgrammingError) -> str:
    return str(error.orig).strip().splitlines()[0]


def _fail(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
