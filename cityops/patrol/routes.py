"""The inspector's tablet: tasks, the check on the spot, the report, the shift."""

from uuid import NAMESPACE_OID, uuid4, uuid5

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from cityops import clock, web
from cityops.accounts.posts import Post
from cityops.accounts.session import require
from cityops.accounts.viewer import Viewer
from cityops.cases import attachments, services
from cityops.cases import queries as cases
from cityops.cases.attachments import Photo
from cityops.cases.intake import NewReport
from cityops.cases.mapping import first_view
from cityops.cases.models import AttachmentKind
from cityops.cases.names import StepName
from cityops.cases.office import current_office
from cityops.cases.photo_sheet import list_photos
from cityops.cases.sheet import list_actions
from cityops.catalog import queries as catalog
from cityops.errors import CityopsError, Invalid
from cityops.forms import client_made_id
from cityops.grid import queries as grid
from cityops.patrol import queries, recheck_routes
from cityops.patrol.choosing import WHY_LABELS
from cityops.patrol.forms import PatrolForm
from cityops.patrol.models import TASK_LABELS, TaskKind
from cityops.words import N_

pages = Blueprint("patrol", __name__)

Answer = str | Response | BaseResponse | tuple[str, int]

ON_THE_SPOT = (StepName.VERIFY, StepName.CHECK)


@pages.get("/tasks")
def tasks() -> str:
    """My verify, check and re-check tasks, the most pressing first."""
    viewer = require(Post.INSPECTOR)
    with web.reading() as session:
        found = queries.list_tasks(session, viewer)
        return render_template("patrol/tasks.html", tasks=found, kinds=TASK_LABELS, reasons=WHY_LABELS)


@pages.get("/tasks/<key:task_id>")
def show(task_id: int) -> Answer:
    """One task on one screen: what and where, the photo, the one decision."""
    viewer = require(Post.INSPECTOR)
    with web.reading() as session:
        task = queries.get_task(session, viewer, task_id)
        if task.kind is TaskKind.RECHECK:
            return recheck_routes.tablet_page(session, viewer, task)
        case = cases.get_case(session, viewer, task.case.number)
        actions = [action for action in list_actions(session, viewer, case) if action.step.name in ON_THE_SPOT]
        if task.done_at is not None or not actions:
            return redirect(url_for("cases.show", number=case.number))
        return render_template(
            "patrol/task.html",
            task=task,
            case=case,
            action=actions[0],
            kinds=TASK_LABELS,
            photos=list_photos(session, case),
            note=next((event.note for event in reversed(case.events) if event.note), None),
            revision=grid.current_index(session).revision,
        )


@pages.get("/patrol/report")
def report() -> str:
    """The empty report."""
    require(Post.INSPECTOR)
    return _form(PatrolForm(None, data={"uuid": str(uuid4())}))


@pages.post("/patrol/report")
def send_report() -> Answer:
    """Take in what an inspector found or put right; what was typed stays where something is wrong."""
    viewer, form = require(Post.INSPECTOR), PatrolForm()
    form.uuid.data = client_made_id(form.uuid.data)
    if not form.validate():
        return _form(form), 422
    try:
        new = form.to_report()
        number = _take_in(viewer, new, _photos(new))
    except CityopsError as refusal:
        form.refuse(refusal)
        return _form(form), web.STATUSES.get(type(refusal), 422)
    flash(gettext("Reported: %(number)s", number=number), "info")
    return redirect(url_for("patrol.tasks"), 303)


@pages.get("/patrol/me")
def me() -> str:
    """My shift today, and how many tasks wait for me."""
    viewer = require(Post.INSPECTOR)
    today = clock.today()
    with web.reading() as session:
        return render_template(
            "patrol/me.html",
            shifts=queries.list_shifts(session, viewer.person_id, today),
            count=len(queries.list_tasks(session, viewer)),
            today=today,
        )


def _photos(new: NewReport) -> list[tuple[AttachmentKind, Photo]]:
    """The photos sent with a report, stored; a self-handled one needs a before and an after."""
    kinds = [("photo", AttachmentKind.SCENE)]
    if new.is_self_handled:
        kinds = [("photo", AttachmentKind.BEFORE), ("photo_after", AttachmentKind.AFTER)]
    found = []
    for name, kind in kinds:
        sent = request.files.get(name)
        if sent is not None and sent.filename:
            found.append((kind, attachments.store(web.workshop().config.files_folder, sent.stream)))
        elif new.is_self_handled:
            raise Invalid(name, N_("What you put right yourself needs a photo before and one after."))
    return found


def _take_in(viewer: Viewer, new: NewReport, photos: list[tuple[AttachmentKind, Photo]]) -> str:
    """Report and photos in one transaction; sent twice at once they are one."""

    def work(session: Session) -> str:
        row = services.report(session, viewer, current_office(), new)
        for kind, photo in photos:
            uuid = str(uuid5(NAMESPACE_OID, f"{new.uuid}/{kind.value}"))
            attachments.add(session, viewer, row.case, uuid, kind, photo)
        return row.number

    return web.settle(work)


def _form(form: PatrolForm) -> str:
    today, viewer = clock.today(), require(Post.INSPECTOR)
    with web.reading() as session:
        form.offer(catalog.list_classes(session, today), catalog.list_conditions_in_force(session, today))
        revision, bounds = grid.current_index(session).revision, first_view(session, viewer)
        return render_template("patrol/report.html", form=form, revision=revision, bounds=bounds)
