"""The intake desk and the answers owed to reporters."""

from uuid import uuid4

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from cityops import clock, web
from cityops.accounts import audit
from cityops.accounts.models import AuditAction
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer, require
from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases import services
from cityops.cases.intake import NewReport
from cityops.cases.mapping import first_view
from cityops.cases.merged_sheet import find_main
from cityops.cases.merging import NewMerge, merge
from cityops.cases.models import Case
from cityops.cases.names import Stage, StepName
from cityops.cases.office import current_office
from cityops.cases.services import StepRequest
from cityops.cases.sheet import shown_reporter
from cityops.cases.tiers import ONLY_TIER_1, waits_in_vain
from cityops.catalog import queries as catalog
from cityops.errors import CityopsError
from cityops.forms import client_made_id
from cityops.grid import queries as grid
from cityops.hotline import queries
from cityops.hotline.forms import IntakeForm
from cityops.hotline.models import MAX_TRIES, OUTCOME_LABELS, ReporterAnswer
from cityops.hotline.queries import CALLERS
from cityops.hotline.services import answer

pages = Blueprint("hotline", __name__)

DESK = (Post.OPERATOR, Post.DUTY_LEADER, Post.LEADER)

Answer = str | Response | BaseResponse | tuple[str, int]


@pages.get("/intake")
def intake() -> str:
    """The intake form, empty, ready for the next caller."""
    require(*DESK)
    return _form(IntakeForm(None, data={"uuid": str(uuid4()), "source": "hotline"}))


@pages.post("/intake")
def take_in() -> Answer:
    """Take in what a caller tells; what was typed stays where something is wrong."""
    viewer, form = require(*DESK), IntakeForm()
    form.uuid.data = client_made_id(form.uuid.data)
    if not form.validate():
        return _form(form), 422
    try:
        same_as = form.same_as.data or None
        number = _report(viewer, form.to_report(), is_accepted="accept" in request.form, same_as=same_as)
    except CityopsError as refusal:
        form.refuse(refusal)
        form.same_as.data = None
        return _form(form), web.STATUSES.get(type(refusal), 422)
    return redirect(url_for("hotline.told", number=number), 303)


@pages.get("/intake/told/<number>")
def told(number: str) -> str:
    """The number to read out to the caller."""
    with web.reading() as session:
        viewer = require(*DESK)
        report = cases.get_report(session, viewer, number)
        main = find_main(session, viewer, report.case)
        return render_template(
            "hotline/told.html",
            report=report,
            case=report.case,
            main=main,
            beyond_tier=ONLY_TIER_1 if waits_in_vain(session, report.case) else None,
        )


@pages.get("/answers")
def answers() -> str:
    """The answers owed to reporters, the oldest first."""
    viewer = require(*CALLERS)
    with web.reading() as session:
        owed = [_shown(row) for row in queries.list_owed(session, viewer)]
        return render_template("hotline/answers.html", owed=owed, outcomes=OUTCOME_LABELS)


@pages.post("/answers/<key:answer_id>")
def give_answer(answer_id: int) -> BaseResponse:
    """Write down how a call back went."""
    viewer = require(*CALLERS)
    with web.transaction() as session:
        row = answer(session, viewer, answer_id, request.form.get("outcome", ""))
        number, is_owed, left = row.report.number, row.answered_at is None, MAX_TRIES - row.tries
    if is_owed:
        flash(gettext("%(number)s was not reached: %(n)s more tries.", number=number, n=left), "info")
    else:
        flash(gettext("The answer to %(number)s is written down.", number=number), "info")
    return redirect(url_for("hotline.answers"), 303)


@pages.post("/answers/<key:answer_id>/reporter")
def show_reporter(answer_id: int) -> str:
    """Show whom to call, once; the look is written down."""
    viewer = require(*CALLERS)
    with web.transaction() as session:
        row = queries.get_answer(session, viewer, answer_id)
        audit.record(
            session, viewer.person_id, AuditAction.PERSONAL_DATA_SHOWN, row.report.number, address=request.remote_addr
        )
    with web.reading() as session:
        owed = [_shown(each, in_full=each.id == answer_id) for each in queries.list_owed(session, viewer)]
        return render_template("hotline/answers.html", owed=owed, outcomes=OUTCOME_LABELS)


def _report(viewer: Viewer, new: NewReport, *, is_accepted: bool, same_as: str | None) -> str:
    """Take the report in, and accept it at once where the desk says so and may; sent twice at once it is one report.

    Where it tells of what is told already (`same_as`), its case is merged into that one.
    """

    def work(session: Session) -> str:
        report = services.report(session, viewer, current_office(), new)
        case: Case = report.case
        if same_as is not None:
            if case.stage is not Stage.MERGED:
                merge(session, viewer, current_office(), case.number, NewMerge(case.version, same_as))
            return report.number
        # A place outside every cell is taken in by any desk, and accepted by one that sees the whole city.
        if is_accepted and any(step.name is StepName.ACCEPT for step in cases.steps_open_to(viewer, case)):
            asked = StepRequest(StepName.ACCEPT, case.version)
            services.take_step(session, viewer, current_office(), case.number, asked)
        return report.number

    return web.settle(work)


def _form(form: IntakeForm) -> str:
    today, viewer = clock.today(), current_viewer()
    with web.reading() as session:
        form.offer(catalog.list_classes(session, today), catalog.list_conditions_in_force(session, today))
        revision, bounds = grid.current_index(session).revision, first_view(session, viewer)
        return render_template("hotline/intake.html", form=form, revision=revision, bounds=bounds)


def _shown(row: ReporterAnswer, *, in_full: bool = False) -> dict[str, object]:
    report, case = row.report, row.report.case
    reporter = shown_reporter(report, current_office().keys, is_shown=in_full)
    return {"row": row, "report": report, "case": case, "reporter": reporter}
