"""The backup file: a tar of the database, the files and, last, a manifest with every member's digest.

The manifest stands at the end, so a backup that broke off half-way has none and is known for what it is.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from cityops.errors import CityopsError
from cityops.words import N_

FORMAT = 1
MANIFEST = "manifest.json"
FILES = "files"
CHUNK_BYTES = 1 << 20


class BadBackup(CityopsError):
    """A backup that cannot be taken or restored; the sentence says why."""


@dataclass
class Manifest:
    """What a backup holds.

    Attributes:
        made_at: when, ISO 8601 in UTC.
        database: `sqlite` or `postgresql`.
        revision: the revision of its tables.
        key_checks: for each key a word by which the right one is known; it says nothing about the key.
        digests: SHA-256 of each member.
    """

    made_at: str
    database: str
    revision: str
    key_checks: dict[str, str]
    digests: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


class Writer:
    """An open backup that members are added to."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar
        self.digests: dict[str, str] = {}

    def add(self, path: Path, name: str) -> None:
        """Add a file. One that vanished since it was listed is left out."""
        try:
            with path.open("rb") as file:
                info = self.tar.gettarinfo(arcname=name, fileobj=file)
                info.uid = info.gid = 0
                info.uname = info.gname = ""
                reader = _Hashing(file)
                self.tar.addfile(info, reader)
        except FileNotFoundError:
            return
        self.digests[name] = reader.digest.hexdigest()

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest: the backup is whole."""
        manifest.digests = self.digests
        body = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(body)
        self.tar.addfile(info, io.BytesIO(body))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write a backup to `path`, which appears only when it is whole.

    Raises:
        BadBackup: there is a file of that name, or it cannot be written.
    """
    if path.exists():
        raise BadBackup(N_("%(path)s is there already: name another file."), path=str(path))
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
            yield Writer(tar)
        partial.replace(path)
    except OSError as error:
        raise BadBackup(
            N_("%(path)s cannot be written (%(reason)s)."), path=str(path), reason=error.strerror or str(error)
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def unpack(path: Path, into: Path) -> Manifest:
    """Unpack a backup into an empty folder and check every member against the manifest.

    Raises:
        BadBackup: it is no backup, not a whole one, or was changed.
    """
    digests: dict[str, str] = {}
    try:
        with tarfile.open(path, mode="r:") as tar:
            for member in tar:
                digests[member.name] = _extract(tar, member, into)
        body = json.loads((into / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(**body)
    except (OSError, tarfile.TarError, ValueError, TypeError):
        raise BadBackup(N_("%(path)s is not a whole backup of cityops."), path=str(path)) from None
    if manifest.format != FORMAT:
        raise BadBackup(N_("%(path)s was made by a newer cityops: restore it with that version."), path=str(path))
    digests.pop(MANIFEST)
    if digests != manifest.digests:
        raise BadBackup(N_("%(path)s was changed or damaged since it was made."), path=str(path))
    return manifest


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> str:
    name = PurePosixPath(member.name)
    if not member.isfile() or name.is_absolute() or ".." in name.parts:
        raise tarfile.TarError(f"unexpected member {member.name}")
    source = tar.extractfile(member)
    if source is None:
        raise tarfile.TarError(f"unreadable member {member.name}")
    target = into / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source, target.open("xb") as file:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self.file.read(size)
        self.digest.update(chunk)
        return chunk
