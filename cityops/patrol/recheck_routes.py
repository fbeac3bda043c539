"""The pages of re-checks: the samples, one of them with how far it has come, one case of it, its answer."""

from collections.abc import Collection, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import clock, web
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS
from cityops.accounts.posts import Post
from cityops.accounts.session import require
from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases.acting import given
from cityops.cases.at_place import MANNER_LABELS, Manner
from cityops.cases.duty_routes import AREA_LEVELS
from cityops.cases.forms import StepForm, body_choices, fit_form
from cityops.cases.models import Case
from cityops.cases.names import StepName
from cityops.cases.office import current_office
from cityops.cases.photo_sheet import list_photos
from cityops.cases.sheet import Action, list_actions
from cityops.cases.telling import named
from cityops.cases.uploads import receive
from cityops.cases.workflow import STEPS, SUPERVISION
from cityops.catalog import queries as catalog
from cityops.errors import CityopsError, NotAllowed, NotFound
from cityops.forms import word_choices
from cityops.grid import queries as grid
from cityops.patrol import queries as patrol
from cityops.patrol import recheck_queries as queries
from cityops.patrol import rechecks
from cityops.patrol.choosing import WAIT_LABELS
from cityops.patrol.forms import SampleForm
from cityops.patrol.models import TASK_LABELS, InspectorTask
from cityops.patrol.recheck_models import RECHECK_END_LABELS, Recheck, RecheckEnd, RecheckSample
from cityops.patrol.sampling import DRAWN_LABELS
from cityops.words import N_

pages = Blueprint("rechecks", __name__)

Answer = str | Response | tuple[str, int]

PAGE_ROWS = 50
MOST_SKIPPED = 100_000
OPEN = "open"
ON_DUTY = frozenset(Manner) - {Manner.WAIVED}
MAY_ANSWER = (Post.INSPECTOR, *SUPERVISION)


@pages.get("/rechecks")
def list_samples() -> str:
    """The samples, the newest first, each with how far it has come."""
    return _samples_page(SampleForm(None, data={"from_on": clock.today().replace(day=1), "until_on": clock.today()}))


@pages.post("/rechecks")
def draw() -> Answer:
    """Draw a sample."""
    viewer, form = require(*SUPERVISION), SampleForm()
    if not form.validate():
        return _samples_page(form), 422
    keys = web.workshop().keys
    try:
        new = form.sample()
        sample_id = web.settle(lambda session: rechecks.draw(session, viewer, keys, new).id)
    except CityopsError as refusal:
        form.refuse(refusal)
        return _samples_page(form), web.STATUSES.get(type(refusal), 422)
    flash(gettext("Drawn; each case is given to an inspector within minutes."), "info")
    return redirect(url_for("rechecks.show", sample_id=sample_id), 303)


@pages.get("/rechecks/open")
def list_open() -> str:
    """What waits to be re-checked in all samples, the most pressing first."""
    viewer = require(*SUPERVISION).only(*SUPERVISION)
    skip = min(max(request.args.get("skip", 0, type=int), 0), MOST_SKIPPED)
    with web.reading() as session:
        found = queries.list_open(session, viewer, skip=skip, size=PAGE_ROWS + 1)
        more = url_for("rechecks.list_open", skip=skip + PAGE_ROWS) if len(found) > PAGE_ROWS else None
        return render_template(
            "patrol/open_rechecks.html",
            rows=found[:PAGE_ROWS],
            first_url=url_for("rechecks.list_open") if skip else None,
            next_url=more,
            **_words(),
        )


@pages.get("/rechecks/<key(31):sample_id>")
def show(sample_id: int) -> str:
    """A sample: what was drawn from what, how much was not upheld by body and by inspector, and its cases."""
    viewer = require(*rechecks.SEES).only(*rechecks.SEES)
    asked, after = request.args.get("end", ""), web.find_asked_key("after")
    end = RecheckEnd(asked) if asked in set(RecheckEnd) else None
    kept: dict[str, Any] = {"sample_id": sample_id, "end": asked or None}
    with web.reading() as session:
        sample, progress = queries.get_sample(session, viewer, sample_id)
        found = queries.list_rechecks(
            session, viewer, sample_id, end=end, only_open=asked == OPEN, after=after, size=PAGE_ROWS + 1
        )
        shown = found[:PAGE_ROWS]
        return render_template(
            "patrol/sample.html",
            sample=sample,
            narrowed=_narrowed(sample, _offer(session, SampleForm(None))),
            progress=progress,
            by_body=queries.progress_by_body(session, viewer, sample_id),
            by_judge=queries.progress_by_judge(session, viewer, sample_id),
            rows=shown,
            chosen=asked,
            choices=[
                (OPEN, gettext("to be re-checked")),
                *((end.value, gettext(RECHECK_END_LABELS[end])) for end in RecheckEnd),
            ],
            first_url=url_for("rechecks.show", **kept) if after else None,
            next_url=url_for("rechecks.show", **kept, after=shown[-1].id) if len(found) > PAGE_ROWS else None,
            **_words(),
        )


@pages.get("/rechecks/cases/<key:recheck_id>")
def show_case(recheck_id: int) -> Answer:
    """One case of a sample: what it is, how it was judged, and what may be done now."""
    return _case_page(require(*rechecks.SEES).only(*rechecks.SEES), recheck_id)


@pages.post("/rechecks/cases/<key:recheck_id>")
def answer(recheck_id: int) -> Answer:
    """Say what a re-check came to, on the spot or at the desk."""
    viewer, office, form = require(*MAY_ANSWER), current_office(), StepForm()
    try:
        with web.reading() as session:
            number = queries.get_recheck(session, viewer, recheck_id).case.number
        asked = form.request()
        photo = receive(viewer, number, request.files.get("photo"))
        with web.transaction() as session:
            row = rechecks.answer(session, viewer, office, recheck_id, asked, photo)
            is_own, end, sample_id = row.task.person_id == viewer.person_id, given(row.end), row.sample_id
    except NotFound:
        raise
    except CityopsError as refusal:
        form.refuse(refusal)
        return _answer_again(viewer, recheck_id, form, refusal)
    flash(gettext("%(number)s: re-checked, %(end)s.", number=number, end=gettext(RECHECK_END_LABELS[end])), "info")
    if is_own:
        return redirect(url_for("patrol.tasks"), 303)
    if end is RecheckEnd.NOT_UPHELD:
        return redirect(url_for("rechecks.show_case", recheck_id=recheck_id), 303)
    return redirect(url_for("rechecks.show", sample_id=sample_id, end=OPEN), 303)


def tablet_page(session: Session, viewer: Viewer, task: InspectorTask, form: StepForm | None = None) -> str | Response:
    """A re-check task on one screen, as the other tasks are shown; what is answered is shown by its case."""
    row = queries.get_recheck_of_task(session, viewer, task.id)
    case = cases.get_case(session, viewer, row.case.number)
    if row.end is not None or task.person_id != viewer.person_id:
        return redirect(url_for("cases.show", number=case.number))
    return render_template(
        "patrol/task.html",
        task=task,
        case=case,
        action=_action(session, case, form),
        kinds=TASK_LABELS,
        photos=list_photos(session, case),
        note=next((event.note for event in reversed(case.events) if event.step is StepName.REPORT_BACK), None),
        revision=grid.current_index(session).revision,
        answer_url=url_for("rechecks.answer", recheck_id=row.id),
    )


def _answer_again(viewer: Viewer, recheck_id: int, form: StepForm, refusal: CityopsError) -> Answer:
    """The screen from which a refused answer was sent, with what was typed; the case, where it is answered already."""
    status = web.STATUSES.get(type(refusal), 422)
    with web.reading() as session:
        row = queries.get_recheck(session, viewer, recheck_id)
        if row.task.person_id == viewer.person_id:
            page = tablet_page(session, viewer, patrol.get_task(session, viewer, row.task_id), form)
            if isinstance(page, str):
                return page, status
            flash(web.say(refusal), "error")
            return page
    if not viewer.has(*rechecks.SEES):
        raise NotAllowed(N_("This re-check was given to another."))
    return _case_page(viewer.only(*rechecks.SEES), recheck_id, form), status


def _case_page(viewer: Viewer, recheck_id: int, form: StepForm | None = None) -> str:
    with web.reading() as session:
        row = queries.get_recheck(session, viewer, recheck_id)
        case = cases.get_case(session, viewer, row.case.number)
        is_open = row.end is None and rechecks.is_at_desk(viewer, row)
        is_failed = row.end is RecheckEnd.NOT_UPHELD and row.reopened_seq is None
        actions = list_actions(session, viewer, case) if is_failed else []
        return render_template(
            "patrol/recheck.html",
            row=row,
            case=case,
            photos=list_photos(session, case),
            answer=_answer_of(case, row),
            action=_action(session, case, form, rechecks.AT_DESK) if is_open else None,
            reopen=next((action for action in actions if action.step.name is StepName.REOPEN), None),
            here=url_for("rechecks.show_case", recheck_id=row.id),
            **_words(),
        )


def _answer_of(case: Case, row: Recheck) -> str | None:
    """What was written with the answer."""
    return next((event.note for event in case.events if event.seq == row.answered_seq), None)


def _action(session: Session, case: Case, form: StepForm | None, manners: Collection[Manner] = ON_DUTY) -> Action:
    """The answer to be given, as the step that it is; where several bodies had a phase, whose work is at fault too."""
    carriers = queries.list_carriers(session, case.id)
    step = STEPS[StepName.RECHECK]
    filled = form or StepForm(None, data={"step": step.name.value})
    filled.version.data = case.version
    fitted = fit_form(filled, step, [], body_choices(carriers) if len(carriers) > 1 else [])
    fitted.manner.choices = word_choices({each: MANNER_LABELS[each] for each in Manner if each in manners}, gettext)
    if Manner.ON_THE_SPOT not in manners:
        fitted.at_place_reason.label.text = gettext("Judged by")
    return Action(step, fitted, is_grave=False)


def _samples_page(form: SampleForm) -> str:
    viewer, before = require(*rechecks.SEES).only(*rechecks.SEES), web.find_asked_key("before", bits=31)
    with web.reading() as session:
        words = _offer(session, form)
        found = queries.list_samples(session, viewer, before=before, size=PAGE_ROWS + 1)
        shown = found[:PAGE_ROWS]
        more = url_for("rechecks.list_samples", before=shown[-1][0].id) if len(found) > PAGE_ROWS else None
        return render_template(
            "patrol/samples.html",
            form=form,
            rows=[(sample, _narrowed(sample, words), progress) for sample, progress in shown],
            rules=patrol.get_rules(session),
            may_draw=viewer.has(*SUPERVISION),
            first_url=url_for("rechecks.list_samples") if before else None,
            next_url=more,
        )


def _offer(session: Session, form: SampleForm) -> dict[str, str]:
    areas = [area for level in AREA_LEVELS for area in grid.list_areas(session, level)]
    bodies = accounts.list_bodies(session, RESPONSIBLE_KINDS)
    return form.offer(areas, catalog.list_classes(session, clock.today()), bodies)


def _narrowed(sample: RecheckSample, words_of: Mapping[str, str]) -> list[str]:
    """What a sample was narrowed to, in words."""
    words = [words_of.get(code, code) for code in (sample.area_prefix, sample.class_key) if code]
    if sample.body is not None:
        words.append(named(sample.body))
    if sample.manner is not None:
        words.append(gettext(MANNER_LABELS[sample.manner]))
    return words


def _words() -> dict[str, Any]:
    return {
        "reasons": DRAWN_LABELS,
        "manners": MANNER_LABELS,
        "ends": RECHECK_END_LABELS,
        "waits": WAIT_LABELS,
    }
