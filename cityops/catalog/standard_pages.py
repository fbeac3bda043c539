"""The administrator's pages of standards: which there are, what stands above each, and how they compare."""

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer, require
from cityops.catalog import standards
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.forms import ParentForm, StandardForm
from cityops.catalog.labels import LEVEL_LABELS
from cityops.catalog.standing import read_standing
from cityops.catalog.telling import Names, title_of
from cityops.errors import CityopsError

pages = Blueprint("catalog_standards", __name__, url_prefix="/settings/catalogue/standards")

Page = Response | str | tuple[str, int]


@pages.before_request
def ask_for_the_post() -> None:
    """All of these pages are the administrator's."""
    require(Post.ADMINISTRATOR)


@pages.get("")
def list_page() -> str:
    """Every standard with the one above it, and a form to add one."""
    return _list_page(StandardForm(None))


@pages.post("")
def add() -> Page:
    """Add a standard."""
    form = StandardForm()
    if not form.validate() or form.valid_from_on.data is None:
        return _list_page(form), 422
    try:
        with web.transaction() as session:
            standard = standards.add_standard(
                session,
                current_viewer(),
                reference=form.reference.data or "",
                title=form.title.data or "",
                title_en=form.title_en.data or "",
                valid_from_on=form.valid_from_on.data,
                parent_id=form.parent_id,
            )
    except CityopsError as refusal:
        form.refuse(refusal)
        return _list_page(form), web.STATUSES.get(type(refusal), 422)
    return redirect(url_for("catalog_standards.show", standard_id=standard.id), 303)


@pages.get("/<key(31):standard_id>")
def show(standard_id: int) -> str:
    """A standard beside the one above it: looser limits, lacking classes."""
    return _show_page(standard_id, None)


@pages.post("/<key(31):standard_id>/parent")
def set_parent(standard_id: int) -> Page:
    """Put the standard under another one, or under none."""
    form = ParentForm()
    try:
        with web.transaction() as session:
            standards.set_parent(session, current_viewer(), standard_id, form.parent_id)
    except CityopsError as refusal:
        form.refuse(refusal)
        return _show_page(standard_id, form), web.STATUSES.get(type(refusal), 422)
    return redirect(url_for("catalog_standards.show", standard_id=standard_id), 303)


def _list_page(form: StandardForm) -> str:
    with web.reading() as session:
        found = standards.list_all_standards(session, current_viewer())
        form.offer(found)
        by_id = {each.id: each for each in found}
        return render_template("catalog/standards.html", standards=found, by_id=by_id, form=form, english=_english())


def _show_page(standard_id: int, refused: ParentForm | None) -> str:
    with web.reading() as session:
        viewer = current_viewer()
        standard = standards.find_standard(session, viewer, standard_id)
        form = refused or ParentForm(None, data={"parent": str(standard.parent_id or "")})
        form.offer([each for each in standards.list_all_standards(session, viewer) if each is not standard])
        names = Names.read(session)
        return render_template(
            "catalog/standard.html",
            standard=standard,
            form=form,
            comparison=standards.compare_with_parent(session, viewer, standard),
            titles=_titles(session, names, standard.parent_id),
            names=names,
            level_labels=LEVEL_LABELS,
            english=names.english,
        )


def _titles(session: Session, names: Names, parent_id: int | None) -> dict[str, str]:
    entries = {} if parent_id is None else read_standing(session, parent_id).entries
    kinds = (EntryKind.CONDITION, EntryKind.PHASE)
    return {key: title_of(names, entries, kind, key) for kind, key in entries if kind in kinds}


def _english() -> bool:
    return web.language() == "en"
