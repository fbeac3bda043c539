"""What a census has no field for stays, on what it renews, as it stands in the city."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.grid.census.rows import PARTIES, Rows
from cityops.grid.models import Component

COMPONENTS = Component.metadata.tables["components"]
# A database takes so many codes in one question.
ASKED_AT_ONCE = 5_000

_PARTY_FIELDS = tuple(f"{party}_{part}" for party in PARTIES for part in ("code", "name"))
# The fields of a file, one of which tells a column.
_TOLD_BY = {name: (name,) for name in ("name", "state", "accuracy", "source", "note", *_PARTY_FIELDS)} | {
    "ended_on": ("state",),
    "body_code": ("body_code", *_PARTY_FIELDS),
}


def keep_untold(session: Session, rows: Rows, is_renewed: NDArray[np.bool_]) -> None:
    """Give rows that renew a component what stands of it in the columns that the file does not tell.

    Else a file of codes and places alone would put every broken component in order and forget its owner.
    """
    untold = [name for name, fields in _TOLD_BY.items() if rows.told.isdisjoint(fields)]
    renewed = np.flatnonzero(is_renewed).tolist()
    if not untold or not renewed:
        return
    codes, columns = rows.columns["code"], [list(rows.columns[name]) for name in untold]
    for start in range(0, len(renewed), ASKED_AT_ONCE):
        at = {codes[k]: k for k in renewed[start : start + ASKED_AT_ONCE]}
        wanted = select(*(COMPONENTS.c[name] for name in ("code", *untold))).where(COMPONENTS.c.code.in_(at))
        # Locked: what a case or an office changes before this is written would be put back else.
        for code, *values in session.execute(wanted.with_for_update()):
            for column, value in zip(columns, values, strict=True):
                column[at[code]] = value
    rows.columns.update(zip(untold, columns, strict=True))
