"""The keys apart from all else: kept in a backup of their own, known again by a check word, exchanged for new ones."""

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Column, Table, or_, select, update
from sqlalchemy.orm import Session

from cityops.crypto import Keys, make_key
from cityops.db import Base
from cityops.upkeep.archive import BadBackup
from cityops.words import N_
from cityops.workshop import Workshop

BATCH_ROWS = 500
SEALED = "_sealed"


def check_word(key: bytes) -> str:
    """A word by which a key is known again; nothing about the key follows from it."""
    return hmac.new(key, b"cityops backup", hashlib.sha256).hexdigest()[:16]


def write_keys(keys: Keys, path: Path) -> None:
    """Write all keys into a new file that only its owner reads.

    Raises:
        BadBackup: there is a file of that name, or it cannot be written.
    """
    body = json.dumps({"cityops_keys": {name: key.hex() for name, key in sorted(keys.by_name.items())}}, indent=1)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(body + "\n")
    except FileExistsError:
        raise BadBackup(N_("%(path)s is there already: name another file."), path=str(path)) from None
    except OSError as error:
        raise BadBackup(
            N_("%(path)s cannot be written (%(reason)s)."), path=str(path), reason=error.strerror or str(error)
        ) from None


def read_keys(path: Path) -> dict[str, bytes]:
    """Read what `write_keys` wrote.

    Raises:
        BadBackup: it is not such a file.
    """
    try:
        body = json.loads(path.read_text(encoding="ascii"))
        return {str(name): bytes.fromhex(key) for name, key in body["cityops_keys"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BadBackup(N_("%(path)s is not a backup of keys."), path=str(path)) from None


def rotate(folder: Path, keys: Keys) -> dict[str, str]:
    """Make the next key that seals personal data and the next that signs the history; kind to its new name.

    The old ones stay: what they sealed and signed stays readable.
    """
    made = {}
    for kind in ("personal", "chain"):
        number = int(keys.newest(kind).rpartition("-")[2]) + 1
        made[kind] = f"{kind}-{number}"
        make_key(folder, made[kind])
    return made


def reseal(workshop: Workshop) -> Iterator[int]:
    """Seal all personal data anew with the newest key, a batch of rows a transaction; yields the size of each batch.

    One that breaks off is taken up again by the next run: what carries the newest key's name is passed over.
    """
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if column.name.endswith(SEALED)]
        if not columns:
            continue
        while True:
            with workshop.transaction() as session:
                size = _reseal_batch(session, workshop.keys, table, columns)
            if not size:
                break
            yield size


def _reseal_batch(session: Session, keys: Keys, table: Table, columns: list[Column[str | None]]) -> int:
    newest = keys.newest("personal")
    key = table.primary_key.columns.values()[0]
    old = or_(*(column.is_not(None) & ~column.startswith(f"{newest}:", autoescape=True) for column in columns))
    rows = session.execute(select(key, *columns).where(old).order_by(key).limit(BATCH_ROWS).with_for_update()).all()
    for row in rows:
        fresh = {
            column.name: None if sealed is None else keys.seal(keys.unseal(sealed))
            for column, sealed in zip(columns, row[1:], strict=True)
        }
        session.execute(update(table).where(key == row[0]).values(fresh))
    return len(rows)
