"""Backup and restore: database, files and, apart, keys."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import OperationalError

from cityops import clock, schema
from cityops.config import Config
from cityops.crypto import Keys, make_key
from cityops.upkeep import dumps
from cityops.upkeep.archive import FILES, BadBackup, Manifest, unpack, writing
from cityops.upkeep.keyring import check_word, read_keys, write_keys
from cityops.words import N_


def back_up(config: Config, keys: Keys, path: Path, keys_path: Path | None = None) -> int:
    """Write a backup, and the keys into a second file where one is named; the number of files in it.

    The database is taken first: a row never names a file that the backup lacks, for files are kept before their rows.

    Raises:
        BadBackup: there is no city here, or a file cannot be written.
    """
    if keys_path is not None and (keys_path == path or keys_path.exists()):
        raise BadBackup(N_("%(path)s is there already: name another file."), path=str(keys_path))
    revision = _find_revision(config)
    if revision is None:
        raise BadBackup(N_("There is no city in this database yet: nothing to back up."))
    kind = dumps.kind_of(config.database_url)
    manifest = Manifest(
        made_at=clock.now().isoformat(timespec="seconds"),
        database=kind,
        revision=revision,
        key_checks={name: check_word(key) for name, key in keys.by_name.items()},
    )
    with writing(path) as tar, _room_beside(path.parent) as room:
        dumped = room / dumps.MEMBERS[kind]
        dumps.dump(config.database_url, dumped)
        tar.add(dumped, dumped.name)
        for file in _list_files(config.files_folder):
            tar.add(file, f"{FILES}/{file.relative_to(config.files_folder).as_posix()}")
        tar.finish(manifest)
    if keys_path is not None:
        write_keys(keys, keys_path)
    return len(manifest.digests) - 1


def restore(config: Config, path: Path, keys_path: Path) -> Manifest:
    """Bring a backup back into a data folder and a database that are empty; the database comes last.

    One that fails leaves both empty, so that it can be tried again.

    Raises:
        BadBackup: something is there already or cannot be written, the keys are not those of the backup, or a file is
            damaged.
    """
    keys = read_keys(keys_path)
    _refuse_what_is_there(config)
    with _room_beside(config.home) as room:
        manifest = unpack(path, room)
        _refuse_other_keys(manifest, keys, keys_path)
        kind = dumps.kind_of(config.database_url)
        if manifest.database != kind:
            raise BadBackup(
                N_("The backup is of a %(theirs)s database and DATABASE_URL names a %(ours)s one."),
                theirs=manifest.database,
                ours=kind,
            )
        with _all_or_nothing() as brought:
            for name in manifest.key_checks:
                brought.append(config.keys_folder / f"{name}.key")
                make_key(config.keys_folder, name, keys[name])
            for file in _list_files(room / FILES):
                target = config.files_folder / file.relative_to(room / FILES)
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                brought.append(target)
                shutil.move(file, target)
            dumps.load(config.database_url, room / dumps.MEMBERS[kind])
    return manifest


@contextmanager
def _all_or_nothing() -> Iterator[list[Path]]:
    """Whatever fails inside takes away the files that the block has listed."""
    brought: list[Path] = []
    try:
        yield brought
    except BaseException as error:
        for path in brought:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise BadBackup(
            N_("%(path)s cannot be written (%(reason)s)."),
            path=str(error.filename or brought[-1]),
            reason=error.strerror or str(error),
        ) from None


def _find_revision(config: Config) -> str | None:
    if dumps.kind_of(config.database_url) == "sqlite" and not dumps.sqlite_path(config.database_url).exists():
        return None
    try:
        return schema.revision_of(config.database_url)
    except OperationalError as error:
        raise BadBackup(N_("The database cannot be read (%(reason)s)."), reason=str(error.orig).strip()) from None


def _refuse_what_is_there(config: Config) -> None:
    is_there = (
        _find_revision(config) is not None
        or any(config.keys_folder.glob("*.key"))
        or next(_list_files(config.files_folder), None) is not None
    )
    if is_there:
        raise BadBackup(
            N_("There is a city in %(home)s already: name an empty folder (CITYOPS_HOME) and an empty database."),
            home=str(config.home),
        )


def _refuse_other_keys(manifest: Manifest, keys: dict[str, bytes], path: Path) -> None:
    for name, word in manifest.key_checks.items():
        if name not in keys or check_word(keys[name]) != word:
            raise BadBackup(
                N_("%(path)s does not hold the keys of this backup (%(name)s differs)."), path=str(path), name=name
            )


def _list_files(folder: Path) -> Iterator[Path]:
    # A name with a leading dot is a file still being written.
    return (each for each in sorted(folder.rglob("*")) if each.is_file() and not each.name.startswith("."))


@contextmanager
def _room_beside(folder: Path) -> Iterator[Path]:
    """A folder for what is on its way, on the same disk as where it goes."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        room = tempfile.TemporaryDirectory(prefix=".cityops-", dir=folder)
    except OSError as error:
        raise BadBackup(
            N_("%(path)s cannot be written (%(reason)s)."), path=str(folder), reason=error.strerror or str(error)
        ) from None
    with room as name:
        yield Path(name)
