"""`cityops demo`: the demo city in an empty database."""

import time

import click

from cityops.demo.city import load_demo
from cityops.shell import Shell


@click.command()
@click.option("--no-components", is_flag=True, help="Leave out the 36,000 components.")
@click.pass_obj
def demo(shell: Shell, no_components: bool) -> None:
    """Load the demo city into a migrated database that has no city yet.

    Real names and codes of Ningbo, illustrative boundaries; people for every role with the password demo-96310.
    """
    begun = time.monotonic()
    load_demo(shell.database, shell.keys, shell.config, _say, with_components=not no_components)
    _say(f"the demo city stands after {time.monotonic() - begun:.1f} s")


def _say(words: str) -> None:
    click.echo(words, err=True)
