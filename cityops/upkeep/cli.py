"""`cityops backup`, `cityops restore`, `cityops keys rotate`."""

from pathlib import Path

import click

from cityops import locks
from cityops.crypto import Keys
from cityops.shell import Shell
from cityops.upkeep import backup as backups
from cityops.upkeep import keyring
from cityops.upkeep.archive import BadBackup
from cityops.words import N_
from cityops.workshop import Workshop

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--keys", "keys_file", type=_FILE, help="Write the keys into this second file; keep it elsewhere.")
@click.pass_obj
def backup(shell: Shell, file: Path, keys_file: Path | None) -> None:
    """Back up database and files into FILE, a tar, while the city runs. The keys are never in it."""
    count = backups.back_up(shell.config, shell.keys, file, keys_file)
    click.echo(f"{file}: the database and {count} files", err=True)
    if keys_file is None:
        click.echo("Without --keys the keys are not backed up; personal data cannot be read without them.", err=True)
    else:
        click.echo(f"{keys_file}: the keys; keep them apart from the backup", err=True)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--keys", "keys_file", type=_FILE, required=True, help="The file of keys that was written beside it.")
@click.pass_obj
def restore(shell: Shell, file: Path, keys_file: Path) -> None:
    """Restore a backup into an empty data folder and an empty database."""
    manifest = backups.restore(shell.config, file, keys_file)
    click.echo(f"restored the city of {manifest.made_at} into {shell.config.home}", err=True)


@click.group()
def keys() -> None:
    """The keys that seal personal data and sign the history."""


@keys.command()
@click.pass_obj
def rotate(shell: Shell) -> None:
    """Make new keys and seal all personal data anew. The old keys stay, for what they signed. Stop the city first."""
    config = shell.config
    if locks.is_held(config.home / locks.SERVING):
        raise BadBackup(N_("cityops runs on %(home)s: stop it first."), home=str(config.home))
    made = keyring.rotate(config.keys_folder, Keys.load(config.keys_folder, make=False))
    total = 0
    for size in keyring.reseal(Workshop(config)):
        total += size
        click.echo(f"sealed {total} rows anew", err=True)
    click.echo(f"in use now: {', '.join(sorted(made.values()))}; back up the keys", err=True)
