"""The pages of corrections: proposed from a component's page or the tablet, listed, looked at and decided."""

from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import clock, web
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS
from cityops.accounts.session import current_viewer, require
from cityops.cases import attachments
from cityops.cases.attachments import Photo
from cityops.cases.component_search import component_scope
from cityops.cases.corrections import queries, services
from cityops.cases.corrections.deciding import decide, may_decide
from cityops.cases.corrections.forms import CorrectionDecisionForm, CorrectionForm
from cityops.cases.corrections.models import (
    CORRECTION_KIND_LABELS,
    CORRECTION_STATE_LABELS,
    CorrectionKind,
    CorrectionState,
)
from cityops.cases.forms import body_choices, class_choices
from cityops.cases.mapping import first_view
from cityops.cases.routes import picture
from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseKind
from cityops.errors import CityopsError, NotFound
from cityops.grid import queries as grid
from cityops.grid.models import Component
from cityops.words import N_

pages = Blueprint("corrections", __name__, url_prefix="/components")

PAGE_ROWS = 50
# How near to a new component another of its class is told of.
NEAR_M = 15.0
CONFIRM, REFUSE = "confirm", "refuse"

Page = str | Response | tuple[str, int]


@pages.get("/corrections")
def list_page() -> str:
    """Corrections of the viewer's jurisdictions and his own, the newest first."""
    asked = request.args.get("state", "")
    state = CorrectionState(asked) if asked in set(CorrectionState) else None
    before = web.find_asked_key("before")
    with web.reading() as session:
        found = queries.list_corrections(session, current_viewer(), state=state, before=before, size=PAGE_ROWS + 1)
        shown = found[:PAGE_ROWS]
        return render_template(
            "cases/corrections.html",
            corrections=shown,
            class_names={each.code: each for each in catalog.list_classes(session, clock.today(), CaseKind.COMPONENT)},
            kinds=CORRECTION_KIND_LABELS,
            states=CORRECTION_STATE_LABELS,
            state=state,
            may_propose=services.may_propose(current_viewer()),
            first_url=url_for("corrections.list_page", state=state) if before else None,
            next_url=url_for("corrections.list_page", state=state, before=shown[-1].id)
            if len(found) > PAGE_ROWS
            else None,
        )


@pages.get("/corrections/new")
def show_new() -> str:
    """The form for a component that the survey does not know."""
    return _form_page(CorrectionKind.NEW)


@pages.post("/corrections/new")
def propose_new() -> Page:
    """Propose it."""
    return _propose(CorrectionKind.NEW)


@pages.get("/<code>/corrections/<kind>")
def show_form(code: str, kind: str) -> str:
    """The form for a component that is not as the survey says."""
    return _form_page(_kind(kind), code)


@pages.post("/<code>/corrections/<kind>")
def propose(code: str, kind: str) -> Page:
    """Propose it."""
    return _propose(_kind(kind), code)


@pages.get("/corrections/<key:correction_id>")
def show(correction_id: int) -> str:
    """A correction: what is said, by whom, and what became of it."""
    return _correction_page(correction_id, CorrectionDecisionForm(None))


@pages.post("/corrections/<key:correction_id>/decision")
def decision(correction_id: int) -> Page:
    """Confirm or refuse it; a refusal of that stands on the page with what was typed."""
    form, said = CorrectionDecisionForm(request.form), request.form.get("decision")
    if not form.validate():
        return _correction_page(correction_id, form), 422
    if said not in (CONFIRM, REFUSE):
        form.form_errors.append(gettext("Confirm it or refuse it."))
        return _correction_page(correction_id, form), 422
    try:
        with web.transaction() as session:
            decide(session, current_viewer(), correction_id, confirms=said == CONFIRM, because=form.because.data or "")
    except NotFound:
        raise
    except CityopsError as refusal:
        form.refuse(refusal)
        return _correction_page(correction_id, form), web.STATUSES[type(refusal)]
    flash(gettext("The correction is confirmed.") if said == CONFIRM else gettext("The correction is refused."), "info")
    return redirect(url_for("corrections.show", correction_id=correction_id), 303)


@pages.get("/corrections/<key:correction_id>/photo")
def show_photo(correction_id: int) -> Response:
    """The photo of a correction, without the position it carried."""
    with web.reading() as session:
        row = queries.get_correction(session, current_viewer(), correction_id)
        sha256, media_type = row.photo_sha256, row.photo_media_type
    if sha256 is None or media_type is None:
        raise NotFound(N_("There is no photo with this correction."))
    return picture(attachments.path_of(web.workshop().config.files_folder, sha256, ".shown"), media_type)


def _propose(kind: CorrectionKind, code: str = "") -> Page:
    form, viewer = CorrectionForm(), require(*services.PROPOSERS)
    if not form.validate():
        return _form_page(kind, code, form), 422
    try:
        photo = _photo(code)
        new = form.correction(kind, code)
        # Sent twice at once, the second finds the first.
        correction_id = web.settle(lambda session: services.propose(session, viewer, new, photo).id)
    except NotFound:
        raise
    except CityopsError as refusal:
        form.refuse(refusal)
        return _form_page(kind, code, form), web.STATUSES[type(refusal)]
    flash(gettext("It is proposed: an office decides."), "info")
    return redirect(url_for("corrections.show", correction_id=correction_id), 303)


def _photo(code: str) -> Photo | None:
    """The picture that was sent, kept only for who may propose something of the component."""
    sent = request.files.get("photo")
    if sent is None or not sent.filename:
        return None
    if code:
        with web.reading() as session:
            services.get_proposable(session, current_viewer(), code)
    return attachments.store(web.workshop().config.files_folder, sent.stream)


def _form_page(kind: CorrectionKind, code: str = "", refused: CorrectionForm | None = None) -> str:
    viewer = require(*services.PROPOSERS)
    with web.reading() as session:
        component = services.get_proposable(session, viewer, code) if code else None
        form = refused or CorrectionForm(None, data=_begun(component))
        _offer(session, form, kind)
        return render_template(
            "cases/correct.html",
            form=form,
            kind=kind,
            kinds=CORRECTION_KIND_LABELS,
            component=component,
            bounds=first_view(session, viewer),
            revision=grid.current_index(session).revision,
            needs_photo=kind not in services.WITHOUT_PHOTO,
        )


def _begun(component: Component | None) -> dict[str, object]:
    """What the form begins with; the place of a moved one is moved from where it stood."""
    place = {"lon": component.lon, "lat": component.lat} if component is not None else {}
    return {"uuid": str(uuid4()), "case": request.args.get("case", ""), **place}


def _offer(session: Session, form: CorrectionForm, kind: CorrectionKind) -> None:
    form.class_code.choices = form.body.choices = []
    if kind is CorrectionKind.NEW:
        form.class_code.choices = class_choices(catalog.list_classes(session, clock.today(), CaseKind.COMPONENT))
    if kind is CorrectionKind.OWNER:
        form.body.choices = body_choices(accounts.list_bodies(session, RESPONSIBLE_KINDS))


def _correction_page(correction_id: int, form: CorrectionDecisionForm) -> str:
    viewer = current_viewer()
    with web.reading() as session:
        row = queries.get_correction(session, viewer, correction_id)
        near = (
            grid.list_components_near(
                session, row.lon, row.lat, NEAR_M, class_code=row.class_code, scope=component_scope(viewer)
            )
            if row.lon is not None and row.lat is not None and row.is_open
            else []
        )
        return render_template(
            "cases/correction.html",
            correction=row,
            form=form,
            case_class=catalog.find_class(session, CaseKind.COMPONENT, row.class_code, clock.today()),
            near_m=NEAR_M,
            near=[(each, metres) for each, metres in near if each.id != row.component_id],
            kinds=CORRECTION_KIND_LABELS,
            states=CORRECTION_STATE_LABELS,
            may_decide=row.is_open and may_decide(viewer, row),
            revision=grid.current_index(session).revision,
        )


def _kind(word: str) -> CorrectionKind:
    if word not in set(CorrectionKind) or word == CorrectionKind.NEW:
        raise NotFound(N_("There is no such kind of correction."))
    return CorrectionKind(word)
