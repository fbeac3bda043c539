"""The case room's pages: the list, the case, its steps, its photos, its reporter."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from cityops import web
from cityops.accounts import audit
from cityops.accounts.models import AuditAction
from cityops.accounts.routes import safe_next
from cityops.accounts.session import current_viewer, require
from cityops.cases import attachments, queries, services
from cityops.cases.co_forms import CoHandlingForm
from cityops.cases.co_models import CO_END_LABELS, CO_KIND_LABELS
from cityops.cases.forms import PHOTO_OF_STEP, PhotoForm, StepForm
from cityops.cases.listing import PAGE_ROWS, list_choices, read_filter
from cityops.cases.merged_sheet import list_merged
from cityops.cases.models import AttachmentKind
from cityops.cases.names import OPEN_STAGES, Stage, StepName
from cityops.cases.office import current_office
from cityops.cases.request_forms import RequestForm
from cityops.cases.sheet import (
    NEAR_M,
    SEES_REPORTER,
    Sheet,
    find_chosen_class,
    list_standing,
    list_told_before,
    read_sheet,
)
from cityops.cases.uploads import receive
from cityops.cases.workflow import STEPS
from cityops.errors import CityopsError, Invalid, NotFound
from cityops.forms import RoomForm
from cityops.grid.geometry import is_point
from cityops.grid.models import COMPONENT_STATE_LABELS
from cityops.words import N_

pages = Blueprint("cases", __name__)

Answer = str | Response | BaseResponse | tuple[str, int]


@pages.get("/cases")
def list_page() -> str:
    """Cases this person may see, the newest first, narrowed by the address."""
    wanted, viewer = read_filter(request.args), current_viewer()
    with web.reading() as session:
        page = queries.list_cases(session, viewer, wanted, cursor=request.args.get("cursor"), size=PAGE_ROWS)
        choices = list_choices(session)
        kept: dict[str, Any] = {name: value for name, value in request.args.items() if value and name != "cursor"}
        return render_template(
            "cases/list.html",
            cases=page.cases,
            choices=choices,
            stages=list(Stage),
            open_stages=OPEN_STAGES,
            kept=kept,
            first_url=url_for("cases.list_page", **kept) if request.args.get("cursor") else None,
            next_url=url_for("cases.list_page", **kept, cursor=page.next_cursor) if page.next_cursor else None,
        )


@pages.get("/cases/outside")
def outside() -> str:
    """Cases outside every cell: kept with their coordinates until somebody says whose they are."""
    with web.reading() as session:
        return render_template("cases/outside.html", cases=queries.list_outside(session, current_viewer()))


@pages.get("/cases/near")
def near() -> str:
    """What stands near a place and what was told of it, as a part of a report's form: perhaps it is told once more."""
    viewer = require(*STEPS[StepName.REPORT].posts)
    lon, lat = request.args.get("lon", type=float), request.args.get("lat", type=float)
    if lon is None or lat is None or not is_point(lon, lat):
        return ""
    with web.reading() as session:
        chosen = find_chosen_class(session, request.args.get("class_code"))
        standing = list_standing(session, chosen, lon, lat)
        still_open, closed = list_told_before(session, viewer, current_office(), chosen, lon, lat)
        return render_template(
            "cases/near.html",
            near=still_open,
            closed=closed,
            days=current_office().offered_days,
            chosen=chosen,
            components=standing,
            radius_m=round(NEAR_M),
            merges="merges" in request.args and chosen is not None and viewer.has(*STEPS[StepName.MERGE].posts),
        )


@pages.get("/cases/<number>")
def show(number: str) -> Answer:
    """A case: facts, map, photos, clocks, history, and the steps this person may take."""
    return case_page(number)


@pages.post("/cases/<number>/steps")
def take_step(number: str) -> Answer:
    """Take a step; a refusal shows the page again with what was typed."""
    form, viewer, office = StepForm(), current_viewer(), current_office()
    try:
        asked = form.request()
        photo = receive(viewer, number, request.files.get("photo"))
        kind = PHOTO_OF_STEP.get(asked.step)
        if photo is not None and kind is None:
            raise Invalid("photo", N_("No photo belongs to this step."))
        with web.transaction() as session:
            if photo is not None and kind is not None:
                locked = queries.get_case_for_update(session, viewer, number)
                attachments.add(session, viewer, locked, str(uuid4()), kind, photo)
            services.take_step(session, viewer, office, number, asked)
    except NotFound:
        raise
    except CityopsError as refusal:
        form.refuse(refusal)
        return case_page(number, refused=form, refusal=refusal)
    step = gettext(STEPS[asked.step].done)
    flash(gettext("%(number)s: you %(step)s.", number=number, step=step), "info")
    return redirect(safe_next(form.next.data or url_for("cases.show", number=number)), 303)


@pages.post("/cases/<number>/photos")
def add_photo(number: str) -> Answer:
    """Add a photo to a case."""
    form, viewer = PhotoForm(), current_viewer()
    try:
        sent = receive(viewer, number, request.files.get("photo"))
        if sent is None or form.kind.data not in set(AttachmentKind):
            raise Invalid("file", N_("Choose a picture first."))
        photo, kind, uuid = sent, AttachmentKind(form.kind.data), form.uuid.data or str(uuid4())

        def work(session: Session) -> None:
            attachments.add(session, viewer, queries.get_case_for_update(session, viewer, number), uuid, kind, photo)

        web.settle(work)
    except NotFound:
        raise
    except CityopsError as refusal:
        return case_page(number, refusal=refusal)
    return redirect(url_for("cases.show", number=number, _anchor="photos"), 303)


@pages.get("/cases/<number>/photos/<uuid>")
def show_photo(number: str, uuid: str) -> Response:
    """A photo of a case this person may see, without the position it carried; never the original."""
    with web.reading() as session:
        row = attachments.get_photo(queries.get_case(session, current_viewer(), number), uuid)
        sha256, media_type = row.sha256, row.media_type
    folder = web.workshop().config.files_folder
    small = attachments.path_of(folder, sha256, ".small")
    if request.args.get("small") and small.exists():
        return picture(small, "image/jpeg")
    return picture(attachments.path_of(folder, sha256, ".shown"), media_type)


@pages.post("/cases/<number>/reporter")
def show_reporter(number: str) -> Answer:
    """Show a reporter's name and phone once; the look is written down."""
    viewer = require(*SEES_REPORTER)
    wanted = request.form.get("report", "")
    with web.transaction() as session:
        case = queries.get_case(session, viewer.only(*SEES_REPORTER), number)
        cases = (case, *list_merged(session, viewer.only(*SEES_REPORTER), case).cases)
        if wanted not in {report.number for each in cases for report in each.reports}:
            raise NotFound(N_("There is no such report in this case."))
        audit.record(session, viewer.person_id, AuditAction.PERSONAL_DATA_SHOWN, wanted, address=request.remote_addr)
    return case_page(number, shown_report=wanted)


def case_page(
    number: str,
    *,
    refused: StepForm | None = None,
    asked: RequestForm | None = None,
    given: CoHandlingForm | None = None,
    joined: RoomForm | None = None,
    refusal: CityopsError | None = None,
    typed: str | None = None,
    shown_report: str | None = None,
) -> tuple[str, int]:
    """A case's page and its status; a form that was refused stands open with what was typed.

    Args:
        typed: words that belong to no form of the page any more.
    """
    viewer = current_viewer()
    with web.reading() as session:
        sheet = read_sheet(
            session,
            viewer,
            current_office(),
            number,
            refused=refused,
            asked=asked,
            given=given,
            joined=joined,
            shown_report=shown_report,
            merged_after=request.args.get("merged_after"),
            linked_after=request.args.get("linked_after"),
        )
        page = _render(sheet, refused or asked, refusal, typed)
    return page, web.STATUSES.get(type(refusal), 422) if refusal is not None else 200


def _render(
    sheet: Sheet, refused: StepForm | RequestForm | None, refusal: CityopsError | None, typed: str | None
) -> str:
    shown_again = next((action for action in sheet.actions if action.form is refused), None)
    asked_again = next((each for each in sheet.askable if each.form is refused), None)
    if refused is not None and shown_again is None and asked_again is None:
        typed = (refused.reason if isinstance(refused, RequestForm) else refused.note).data
    return render_template(
        "cases/show.html",
        sheet=sheet,
        case=sheet.case,
        component_states=COMPONENT_STATE_LABELS,
        co_kinds=CO_KIND_LABELS,
        co_ends=CO_END_LABELS,
        refused=shown_again,
        asked_again=asked_again,
        typed=typed,
        refusal=web.say(refusal) if refusal is not None else None,
        photo_form=PhotoForm(None, data={"uuid": str(uuid4())}),
    )


def picture(path: Path, media_type: str) -> Response:
    """A kept picture as an answer that runs nothing."""
    if not path.exists():
        raise NotFound(N_("There is no such photo in this case."))
    answer = send_file(path, mimetype=media_type, conditional=True)
    answer.headers["Cache-Control"] = "private, max-age=3600"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
