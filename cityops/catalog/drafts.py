"""Drafts of the catalogue: what an administrator changes before it counts. Nothing in force is touched here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from cityops import clock
from cityops.accounts import audit
from cityops.accounts.administration import is_city_administrator, must_administer
from cityops.accounts.models import AuditAction
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.catalog.columns import NOT_EMPTY
from cityops.catalog.draft_models import CatalogChange, CatalogDraft, DraftState, EntryKind
from cityops.catalog.entries import Difference, differences, next_local_code, without_orphans
from cityops.catalog.fitting import fit_entries
from cityops.catalog.keys import Entries, Entry, Key, key_of
from cityops.catalog.models import CaseClass, CaseKind, Standard
from cityops.catalog.standing import Standing, read_standing
from cityops.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from cityops.words import N_

LOCAL_MARK, LOCAL_MARK_EN = "（自定义）", " (local)"
"""What the name of a local class ends with."""


@dataclass(frozen=True)
class DraftView:
    """A draft beside what stands: the entries as published, as the draft wants them, and what differs."""

    draft: CatalogDraft
    standing: Standing
    wanted: Entries

    @property
    def differences(self) -> list[Difference]:
        """What publishing would add, end and change."""
        return differences(self.standing.entries, self.wanted)


def may_edit(viewer: Viewer) -> bool:
    """Whether a person may change the catalogue: the administrators of the whole city."""
    return viewer.has(Post.ADMINISTRATOR) and is_city_administrator(viewer)


def must_edit(viewer: Viewer | None) -> None:
    """Refuse who may not change the catalogue; None stands for the command line.

    Raises:
        NotAllowed: the viewer is no administrator, or one of a part of the city.
    """
    must_administer(viewer)
    if not is_city_administrator(viewer):
        raise NotAllowed(N_("The catalogue is the whole city's: ask the city's administrator."))


def open_draft(session: Session, viewer: Viewer | None, standard_id: int) -> CatalogDraft:
    """The open draft of a standard, begun where there is none: two at once get the same.

    Raises:
        NotFound: there is no such standard.
    """
    must_edit(viewer)
    standard = session.scalar(select(Standard).where(Standard.id == standard_id).with_for_update())
    if standard is None:
        raise NotFound(N_("There is no such standard."))
    draft = find_open_draft(session, standard_id)
    if draft is None:
        draft = CatalogDraft(standard=standard, opened_by=_person(viewer), opened_at=clock.now())
        session.add(draft)
        session.flush()
    return draft


def find_open_draft(session: Session, standard_id: int) -> CatalogDraft | None:
    """The open draft of a standard, if there is one."""
    return session.scalar(
        select(CatalogDraft).where(CatalogDraft.standard_id == standard_id, CatalogDraft.state == DraftState.OPEN)
    )


def list_open_drafts(session: Session, viewer: Viewer | None) -> Sequence[CatalogDraft]:
    """All open drafts with their standards, the oldest first."""
    must_edit(viewer)
    rows = select(CatalogDraft).where(CatalogDraft.state == DraftState.OPEN).options(joinedload(CatalogDraft.standard))
    return session.scalars(rows.order_by(CatalogDraft.id)).all()


def read_draft(session: Session, viewer: Viewer | None, draft_id: int) -> DraftView:
    """An open draft beside what stands.

    Raises:
        NotFound: there is no such draft.
        WrongState: it has been published or dropped.
    """
    must_edit(viewer)
    rows = select(CatalogDraft).where(CatalogDraft.id == draft_id)
    rows = rows.options(joinedload(CatalogDraft.standard), selectinload(CatalogDraft.changes))
    return _view(session, _checked(session.scalar(rows)))


def read_draft_of(session: Session, viewer: Viewer | None, standard_id: int) -> DraftView:
    """The open draft of a standard beside what stands; where there is none, one that changes nothing."""
    must_edit(viewer)
    return _view(session, find_open_draft(session, standard_id) or CatalogDraft(standard_id=standard_id))


def lock_draft(session: Session, viewer: Viewer | None, draft_id: int) -> DraftView:
    """An open draft for its changer: nobody else changes or publishes it until the transaction ends.

    Raises:
        NotFound, WrongState: as `read_draft`.
    """
    must_edit(viewer)
    rows = select(CatalogDraft).where(CatalogDraft.id == draft_id).with_for_update(of=CatalogDraft)
    return _view(session, _checked(session.scalar(rows.execution_options(populate_existing=True))))


def compare_entries(session: Session, view: DraftView, wanted: Mapping[Key, Entry | None]) -> dict[Key, Entry | None]:
    """What of the wanted entries is other than the draft has it; nothing is written.

    Raises:
        BadEntries: something is wrong with one or several of them.
    """
    entries = fit_entries(session, view.draft.standard_id, view.standing, view.wanted, wanted)
    return {key: entry for key, entry in entries.items() if view.wanted.get(key) != entry}


def put_entries(
    session: Session, viewer: Viewer | None, draft_id: int, seen: int, wanted: Mapping[Key, Entry | None]
) -> int:
    """Write into a draft what entries are to become, all or none; how many of its entries are now other than before.

    Args:
        seen: the draft's edits when the caller looked at it: what another has changed since is not overwritten.
        wanted: the values as they were typed; None ends an entry. What is as it stands is no change.

    Raises:
        BadEntries: something is wrong with one or several of them.
        Conflict: somebody has changed one of them since.
    """
    view = lock_draft(session, viewer, draft_id)
    draft, changes = view.draft, {(each.kind, each.key): each for each in view.draft.changes}
    touched = compare_entries(session, view, wanted)
    for key in touched:
        change = changes.get(key)
        if change is not None and change.edit > seen:
            raise Conflict(N_("“%(key)s” has been changed since you looked: look at the draft again."), key=key[1])
    if not touched:
        return 0
    draft.edits += 1
    for key, entry in touched.items():
        _write(draft, view.standing, changes.get(key), key, entry)
    session.flush()
    return len(touched)


def take_back(session: Session, viewer: Viewer | None, draft_id: int, key: Key) -> None:
    """Let an entry be what it is in force, whatever the draft wanted of it; what it did not change stays so."""
    draft = lock_draft(session, viewer, draft_id).draft
    change = next((each for each in draft.changes if (each.kind, each.key) == key), None)
    if change is not None:
        draft.changes.remove(change)
        draft.edits += 1
        session.flush()


def add_local_class(
    session: Session, viewer: Viewer | None, draft_id: int, seen: int, major: str, name: str, name_en: str
) -> str:
    """Add a local class (自定义) to a major class, numbered downwards from the highest; the key of the class.

    Args:
        major: the kind and number of the major class: `component-01`.

    Raises:
        Invalid: there is no such major class, its numbers are used up, or the name cannot be taken.
    """
    view = lock_draft(session, viewer, draft_id)
    classes = [entry for (kind, _), entry in view.wanted.items() if kind is EntryKind.CLASS]
    like = next((each for each in classes if f"{each['kind']}-{each['major_code']}" == major), None)
    if like is None:
        raise Invalid("major", N_("Choose a major class from the list."))
    if not name.strip():
        raise Invalid("name", NOT_EMPTY)
    # A number means one thing in the whole city, whichever standard had it.
    used = [row.code for row in session.scalars(select(CaseClass).where(CaseClass.kind == CaseKind(like["kind"])))]
    used += [each["code"] for each in classes if each["kind"] == like["kind"]]
    code = next_local_code(like["major_code"], used, len(like["code"]) - len(like["major_code"]))
    entry = {**like, "code": code, "name": f"{name.strip()}{LOCAL_MARK}"}
    entry["name_en"] = f"{name_en.strip()}{LOCAL_MARK_EN}" if name_en.strip() else ""
    key = key_of(EntryKind.CLASS, entry)
    put_entries(session, viewer, draft_id, seen, {(EntryKind.CLASS, key): entry})
    return key


def drop_draft(session: Session, viewer: Viewer | None, draft_id: int) -> None:
    """Give up a draft: nothing of it comes into force."""
    draft = lock_draft(session, viewer, draft_id).draft
    draft.state, draft.ended_by, draft.ended_at = DraftState.DROPPED, _person(viewer), clock.now()
    audit.record(session, _person(viewer), AuditAction.CATALOGUE_DROPPED, draft.standard.reference)


def _person(viewer: Viewer | None) -> int | None:
    return None if viewer is None else viewer.person_id


def _checked(draft: CatalogDraft | None) -> CatalogDraft:
    if draft is None:
        raise NotFound(N_("There is no such draft."))
    if draft.state is not DraftState.OPEN:
        raise WrongState(N_("This draft has been published or dropped already."))
    return draft


def _view(session: Session, draft: CatalogDraft) -> DraftView:
    standing = read_standing(session, draft.standard_id)
    wanted = dict(standing.entries)
    for change in draft.changes:
        if change.wanted is None:
            wanted.pop((change.kind, change.key), None)
        else:
            wanted[change.kind, change.key] = json.loads(change.wanted)
    return DraftView(draft, standing, without_orphans(wanted))


def _write(
    draft: CatalogDraft, standing: Standing, change: CatalogChange | None, key: Key, entry: Entry | None
) -> None:
    if entry == standing.entries.get(key):
        if change is not None:
            draft.changes.remove(change)
        return
    if change is None:
        change = CatalogChange(kind=key[0], key=key[1])
        draft.changes.append(change)
    change.based_on = standing.row_of(*key)
    change.wanted = None if entry is None else json.dumps(entry, ensure_ascii=False)
    change.edit = draft.edits
