"""Standards and what stands above them: nation, province, city."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import audit
from cityops.accounts.models import AuditAction
from cityops.accounts.viewer import Viewer
from cityops.catalog.columns import NOT_EMPTY
from cityops.catalog.comparing import Comparison, compare
from cityops.catalog.drafts import must_edit, read_draft_of
from cityops.catalog.models import Standard
from cityops.catalog.standing import read_known, read_standing
from cityops.errors import Conflict, Invalid, NotFound
from cityops.words import N_

MOST_REFERENCE, MOST_TITLE = 64, 200


def list_all_standards(session: Session, viewer: Viewer | None) -> list[Standard]:
    """Every standard there is, in force or not, the oldest first."""
    must_edit(viewer)
    return list(session.scalars(select(Standard).order_by(Standard.valid_from_on, Standard.id)))


def find_standard(session: Session, viewer: Viewer | None, standard_id: int) -> Standard:
    """One standard.

    Raises:
        NotFound: there is none.
    """
    must_edit(viewer)
    standard = session.get(Standard, standard_id)
    if standard is None:
        raise NotFound(N_("There is no such standard."))
    return standard


def add_standard(
    session: Session,
    viewer: Viewer | None,
    *,
    reference: str,
    title: str,
    title_en: str,
    valid_from_on: date,
    parent_id: int | None,
) -> Standard:
    """Add a standard without classes: they come by its draft.

    Raises:
        Invalid: a field that cannot be taken; the parent begins later.
        Conflict: there is a standard of this reference.
    """
    must_edit(viewer)
    words = (
        _checked_words("reference", reference, MOST_REFERENCE),
        _checked_words("title", title, MOST_TITLE),
        _checked_words("title_en", title_en, MOST_TITLE, may_be_empty=True),
    )
    if session.scalar(select(Standard.id).where(Standard.reference == words[0])) is not None:
        raise Conflict(N_("There is a standard %(reference)s already."), reference=words[0])
    standard = Standard(reference=words[0], title=words[1], title_en=words[2] or None, valid_from_on=valid_from_on)
    if parent_id is not None:
        standard.parent_id = _checked_parent(session, viewer, standard, parent_id)
    session.add(standard)
    session.flush()
    audit.record(session, _person(viewer), AuditAction.STANDARD_ADDED, standard.reference)
    return standard


def set_parent(session: Session, viewer: Viewer | None, standard_id: int, parent_id: int | None) -> Standard:
    """Put a standard under another one, or under none.

    Raises:
        NotFound: there is no such standard.
        Invalid: the parent begins later, or lies itself under the standard.
    """
    must_edit(viewer)
    # All of them: two that put each other above would both pass.
    session.scalars(select(Standard).order_by(Standard.id).with_for_update()).all()
    standard = find_standard(session, viewer, standard_id)
    standard.parent_id = None if parent_id is None else _checked_parent(session, viewer, standard, parent_id)
    session.flush()
    audit.record(session, _person(viewer), AuditAction.STANDARD_PARENT_SET, standard.reference)
    return standard


def compare_with_parent(session: Session, viewer: Viewer | None, standard: Standard) -> Comparison | None:
    """A standard, as its open draft wants it, beside what was published of its parent; None without a parent."""
    must_edit(viewer)
    if standard.parent_id is None:
        return None
    own = read_draft_of(session, viewer, standard.id).wanted
    parents = read_standing(session, standard.parent_id).entries
    return compare(own, parents, read_known(session, clock.today()))


def _checked_parent(session: Session, viewer: Viewer | None, standard: Standard, parent_id: int) -> int:
    parent: Standard | None = find_standard(session, viewer, parent_id)
    if parent is not None and parent.valid_from_on > standard.valid_from_on:
        raise Invalid(
            "parent", N_("The standard above begins later (%(day)s): the newer one counts."), day=parent.valid_from_on
        )
    while parent is not None:
        if parent is standard:
            raise Invalid("parent", N_("A standard cannot stand above itself."))
        parent = None if parent.parent_id is None else session.get(Standard, parent.parent_id)
    return parent_id


def _person(viewer: Viewer | None) -> int | None:
    return None if viewer is None else viewer.person_id


def _checked_words(field: str, text: str, most: int, *, may_be_empty: bool = False) -> str:
    words = text.strip()
    if not words and not may_be_empty:
        raise Invalid(field, NOT_EMPTY)
    if len(words) > most or not text.isprintable():
        raise Invalid(field, N_("At most %(most)s characters."), most=most)
    return words
