"""What the tests of drafts share."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.catalog.draft_models import EntryKind
from cityops.catalog.drafts import open_draft, put_entries, read_draft
from cityops.catalog.keys import Entry, Key
from cityops.catalog.models import Standard

CONDITION, LIMIT, STAGE, CLASS = EntryKind.CONDITION, EntryKind.LIMIT, EntryKind.STAGE, EntryKind.CLASS
PHASE = EntryKind.PHASE


def begin(session: Session) -> int:
    """The open draft of the first standard."""
    standard_id = session.scalars(select(Standard.id).order_by(Standard.id)).first()
    return open_draft(session, None, standard_id or 0).id


def put(session: Session, draft_id: int, wanted: Mapping[Key, Entry | None]) -> int:
    """Write entries into a draft as somebody who has just looked at it."""
    return put_entries(session, None, draft_id, read_draft(session, None, draft_id).draft.edits, wanted)


def changed(session: Session, draft_id: int, key: Key, **values: str) -> dict[Key, Entry | None]:
    """An entry of a draft with other values."""
    return {key: {**read_draft(session, None, draft_id).wanted[key], **values}}


def limit(condition: str, level: str, value: str, unit: str = "working_hour", calendar: str = "street") -> Entry:
    """The entry of a limit for an area level."""
    return {
        "condition": condition,
        "area_level": level,
        "limit_value": value,
        "limit_unit": unit,
        "calendar": calendar,
    }
