"""The administrator's pages of a draft: what is in it, and the forms that change it."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TypeVar

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import clock, web
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS, BodyKind
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer, require
from cityops.catalog import drafts
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.drafts import DraftView
from cityops.catalog.editing import list_rows, phase_before, stage_rows
from cityops.catalog.forms import (
    ClassForm,
    ConditionForm,
    DraftForm,
    EntryForm,
    PhaseForm,
    SheetForm,
    StageForm,
    condition_values,
    major_choices,
    phase_values,
)
from cityops.catalog.importing import MISSING, BadSheets, columns_missing, put_sheets
from cityops.catalog.keys import PHASE_NUMBERS, Entry, Key, class_key_of, condition_of
from cityops.catalog.sheets import MOST_BYTES, SheetFault, read_sheets, write_sheets
from cityops.catalog.standing import list_used, next_condition_code
from cityops.catalog.telling import Names, tell_changes, title_of
from cityops.errors import NOTHING_HERE, CityopsError, NotFound
from cityops.worktime import queries as worktime

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

pages = Blueprint("catalog_drafts", __name__, url_prefix="/settings/catalogue")

Page = Response | str | tuple[str, int]
_Read = TypeVar("_Read")


@pages.before_request
def ask_for_the_post() -> None:
    """All of these pages are the administrator's."""
    require(Post.ADMINISTRATOR)


@pages.post("/standards/<key(31):standard_id>/draft")
def open_draft(standard_id: int) -> Response:
    """Begin a draft of a standard, or go on with the open one."""
    with web.transaction() as session:
        draft_id = drafts.open_draft(session, current_viewer(), standard_id).id
    return redirect(url_for("catalog_drafts.show", draft_id=draft_id), 303)


@pages.get("/drafts/<key(31):draft_id>")
def show(draft_id: int) -> str:
    """What the draft changes, and its entries to be changed, found by words."""
    return _draft_page(draft_id)


@pages.post("/drafts/<key(31):draft_id>/classes")
def add_class(draft_id: int) -> Page:
    """Add a local class; its number is the next one downwards."""
    form = ClassForm()
    asked = (form.seen_edits, form.major.data or "", form.name.data or "", form.name_en.data or "")
    try:
        with web.transaction() as session:
            key = drafts.add_local_class(session, current_viewer(), draft_id, *asked)
    except CityopsError as refusal:
        form.refuse(refusal)
        return _draft_page(draft_id, class_form=form), web.STATUSES.get(type(refusal), 422)
    return redirect(url_for("catalog_drafts.show", draft_id=draft_id, q=key.partition("-")[2]), 303)


@pages.get("/drafts/<key(31):draft_id>/conditions/<code>")
def condition(draft_id: int, code: str) -> str:
    """The form of a filing condition, as the draft has it."""
    return _read(draft_id, lambda session, view: _condition_page(session, view, code, None))


@pages.post("/drafts/<key(31):draft_id>/conditions/<code>")
def put_condition(draft_id: int, code: str) -> Page:
    """Write a filing condition and its limits into the draft."""
    form = ConditionForm()
    if _put(draft_id, form, _existing(draft_id, form.to_entries(code, _kinds()))):
        return _back(draft_id)
    return _read(draft_id, lambda session, view: _condition_page(session, view, code, form)), 422


@pages.get("/drafts/<key(31):draft_id>/classes/<class_key>/condition")
def new_condition(draft_id: int, class_key: str) -> Response:
    """The form of a class's next filing condition, under a number that was never used."""

    def code_of(session: Session, view: DraftView) -> str:
        if (EntryKind.CLASS, class_key) not in view.wanted:
            raise NotFound(NOTHING_HERE)
        return next_condition_code(class_key, [*list_used(session, view.draft.standard_id), *view.wanted])

    code = _read(draft_id, code_of)
    return redirect(url_for("catalog_drafts.condition", draft_id=draft_id, code=code))


@pages.get("/drafts/<key(31):draft_id>/phases/<code>")
def phase(draft_id: int, code: str) -> str:
    """The form of a further phase of handling, as the draft has it, or of a new one."""
    return _read(draft_id, lambda session, view: _phase_page(session, view, code, None))


@pages.post("/drafts/<key(31):draft_id>/phases/<code>")
def put_phase(draft_id: int, code: str) -> Page:
    """Write a further phase and its limits into the draft."""
    form = PhaseForm()
    if _put(draft_id, form, _existing(draft_id, form.to_entries(code, _kinds()))):
        return _back(draft_id)
    return _read(draft_id, lambda session, view: _phase_page(session, view, code, form)), 422


@pages.get("/drafts/<key(31):draft_id>/stages/<name>")
def stage(draft_id: int, name: str) -> str:
    """The form of a stage's limit, as the draft has it."""
    return _read(draft_id, lambda session, view: _stage_page(session, view, name, None))


@pages.post("/drafts/<key(31):draft_id>/stages/<name>")
def put_stage(draft_id: int, name: str) -> Page:
    """Write a stage's limit into the draft."""
    form = StageForm()
    if _put(draft_id, form, form.to_entries(name)):
        return _back(draft_id)
    return _read(draft_id, lambda session, view: _stage_page(session, view, name, form)), 422


@pages.get("/drafts/<key(31):draft_id>/catalogue.xlsx")
def export_sheets(draft_id: int) -> Response:
    """The draft's catalogue as an Excel file."""
    wanted, file = _read(draft_id, lambda _, view: view.wanted), BytesIO()
    write_sheets(wanted, file)
    file.seek(0)
    return send_file(file, EXCEL, as_attachment=True, download_name=f"catalogue-{clock.today()}.xlsx")


@pages.post("/drafts/<key(31):draft_id>/import")
def import_sheets(draft_id: int) -> Page:
    """Read an Excel file into the draft; with one bad line nothing of it is taken."""
    form, sent = SheetForm(), request.files.get("file")
    try:
        found = read_sheets(sent.stream.read(MOST_BYTES + 1) if sent else b"")
        with web.transaction() as session:
            number = put_sheets(session, current_viewer(), draft_id, form.seen_edits, found)
    except CityopsError as refusal:
        faults = refusal.faults if isinstance(refusal, BadSheets) else []
        form.refuse(refusal)
        return _draft_page(draft_id, sheet_form=form, faults=faults), web.STATUSES.get(type(refusal), 422)
    flash(gettext("%(n)s entries of the draft have changed.", n=number), "info")
    if found.missing:
        flash(gettext(MISSING, columns=columns_missing(found)), "info")
    return _back(draft_id)


@pages.post("/drafts/<key(31):draft_id>/end")
def end_entry(draft_id: int) -> Response:
    """Let an entry end with the draft."""
    key, form = _asked_key(), DraftForm()
    with web.transaction() as session:
        drafts.put_entries(session, current_viewer(), draft_id, form.seen_edits, {key: None})
    return _back(draft_id)


@pages.post("/drafts/<key(31):draft_id>/take-back")
def take_back(draft_id: int) -> Response:
    """Take a change out of the draft."""
    with web.transaction() as session:
        drafts.take_back(session, current_viewer(), draft_id, _asked_key())
    return _back(draft_id)


@pages.post("/drafts/<key(31):draft_id>/drop")
def drop(draft_id: int) -> Response:
    """Give the draft up."""
    with web.transaction() as session:
        drafts.drop_draft(session, current_viewer(), draft_id)
    flash(gettext("The draft is dropped: nothing has changed."), "info")
    return redirect(url_for("catalog.catalogue"), 303)


def _read(draft_id: int, answer: Callable[[Session, DraftView], _Read]) -> _Read:
    with web.reading() as session:
        return answer(session, drafts.read_draft(session, current_viewer(), draft_id))


def _back(draft_id: int) -> Response:
    return redirect(url_for("catalog_drafts.show", draft_id=draft_id), 303)


def _asked_key() -> Key:
    kind = request.form.get("kind", "")
    if kind not in set(EntryKind):
        raise NotFound(NOTHING_HERE)
    return EntryKind(kind), request.form.get("key", "")[:24]


def _existing(draft_id: int, wanted: dict[Key, Entry | None]) -> dict[Key, Entry | None]:
    """Without the ends of what there is not: a level that had no limit and has none."""
    there = _read(draft_id, lambda _, view: set(view.wanted) | set(view.standing.entries))
    return {key: entry for key, entry in wanted.items() if entry is not None or key in there}


def _kinds() -> dict[str, BodyKind]:
    with web.reading() as session:
        return {row.code: row.kind for row in accounts.list_bodies(session, RESPONSIBLE_KINDS, clock.today())}


def _put(draft_id: int, form: EntryForm, wanted: dict[Key, Entry | None]) -> bool:
    try:
        with web.transaction() as session:
            drafts.put_entries(session, current_viewer(), draft_id, form.seen_edits, wanted)
    except CityopsError as refusal:
        form.refuse(refusal)
        return False
    return True


def _draft_page(
    draft_id: int,
    *,
    class_form: ClassForm | None = None,
    sheet_form: SheetForm | None = None,
    faults: Sequence[SheetFault] = (),
) -> str:
    words = request.args.get("q", "").strip()[:100]
    form, sheet_form = class_form or ClassForm(None), sheet_form or SheetForm(None)

    def page(session: Session, view: DraftView) -> str:
        names = Names.read(session)
        form.major.choices = major_choices(view)
        return render_template(
            "catalog/draft.html",
            draft=view.draft,
            changes=tell_changes(names, view),
            rows=list_rows(names, view, words),
            stages=stage_rows(names, view),
            words=words,
            form=form,
            sheet_form=sheet_form,
            faults=faults,
            say=web.say,
        )

    return _read(draft_id, page)


def _condition_page(session: Session, view: DraftView, code: str, refused: ConditionForm | None) -> str:
    if (EntryKind.CLASS, class_key_of(code)) not in view.wanted:
        raise NotFound(NOTHING_HERE)
    form = refused or ConditionForm(None, data=condition_values(view, code) | {"seen": str(view.draft.edits)})
    form.offer_hours(worktime.list_calendars(session))
    form.offer_states()
    form.offer_bodies(accounts.list_bodies(session, RESPONSIBLE_KINDS, clock.today()))
    names, key = Names.read(session), (EntryKind.CONDITION, code)
    is_new = key not in view.wanted
    title = code if is_new else title_of(names, view.wanted, *key)
    return render_template("catalog/condition.html", draft=view.draft, form=form, code=code, title=title, is_new=is_new)


def _phase_page(session: Session, view: DraftView, code: str, refused: PhaseForm | None) -> str:
    above, number = (EntryKind.CONDITION, condition_of(code)), code.partition(".")[2]
    if above not in view.wanted or len(number) != 1 or number not in PHASE_NUMBERS:
        raise NotFound(NOTHING_HERE)
    form = refused or PhaseForm(None, data=phase_values(view, code) | {"seen": str(view.draft.edits)})
    form.offer_hours(worktime.list_calendars(session))
    form.offer_checks()
    form.offer_bodies(accounts.list_bodies(session, RESPONSIBLE_KINDS, clock.today()))
    names = Names.read(session)
    title, before = title_of(names, view.wanted, *above), phase_before(names, view, code)
    return render_template(
        "catalog/phase.html", draft=view.draft, form=form, code=code, title=title, number=number, before=before
    )


def _stage_page(session: Session, view: DraftView, name: str, refused: StageForm | None) -> str:
    entry = view.wanted.get((EntryKind.STAGE, name))
    if entry is None:
        raise NotFound(NOTHING_HERE)
    form = refused or StageForm(None, data={**entry, "seen": str(view.draft.edits)})
    form.offer_hours(worktime.list_calendars(session))
    title = title_of(Names.read(session), view.wanted, EntryKind.STAGE, name)
    return render_template("catalog/stage.html", draft=view.draft, form=form, title=title)
