"""The pages of co-handling: tasks given, answered and excused on the case's page; a handler's list; a month by body."""

from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts.posts import Post
from cityops.accounts.routes import safe_next
from cityops.accounts.session import current_viewer, require
from cityops.cases import co_handling, co_queries
from cityops.cases.co_forms import CoAnswerForm, CoHandlingForm
from cityops.cases.co_models import CO_END_LABELS, CO_KIND_LABELS
from cityops.cases.co_sheet import shown_task
from cityops.cases.office import current_office
from cityops.cases.routes import case_page
from cityops.cases.uploads import receive_all
from cityops.errors import CityopsError, NotFound

pages = Blueprint("co_handlings", __name__)

Answer = str | Response | tuple[str, int]


@pages.post("/cases/<number>/co-handlings")
def add(number: str) -> Answer:
    """Give another body a task; a refusal shows the page again with what was typed."""
    form = CoHandlingForm()
    try:
        with web.transaction() as session:
            co_handling.add(session, current_viewer(), current_office(), number, form.co_handling())
    except NotFound:
        raise
    except CityopsError as refusal:
        form.refuse(refusal)
        return case_page(number, given=form, refusal=refusal)
    flash(gettext("%(number)s: the task is given.", number=number), "info")
    return redirect(url_for("cases.show", number=number, _anchor="co-handlers"), 303)


@pages.post("/co-handlings/<key:co_handling_id>/report")
def report(co_handling_id: int) -> Answer:
    """Say that a task is done, with the photos that show it."""
    return _answer(co_handling_id, is_excuse=False)


@pages.post("/co-handlings/<key:co_handling_id>/excuse")
def excuse(co_handling_id: int) -> Answer:
    """Let a body off its task."""
    return _answer(co_handling_id, is_excuse=True)


@pages.get("/co-handlings")
def waiting() -> str:
    """The open tasks of a handler's bodies, the most pressing first."""
    viewer = require(Post.HANDLER)
    with web.reading() as session:
        tasks = [shown_task(viewer, row.case, row) for row in co_queries.list_work(session, viewer)]
        return render_template("cases/co_handlings.html", tasks=tasks, kinds=CO_KIND_LABELS, ends=CO_END_LABELS)


def _answer(co_handling_id: int, *, is_excuse: bool) -> Answer:
    form, viewer, office = CoAnswerForm(), current_viewer(), current_office()
    form.validate()
    words, cost = form.words.data or "", form.cost_yuan.data
    with web.reading() as session:
        number = co_queries.get_co_handling(session, viewer, co_handling_id).case.number
    try:
        version = form.seen()
        photos = [] if is_excuse else receive_all(viewer, number, request.files.getlist("photo"))
        with web.transaction() as session:
            for photo in photos:
                co_handling.add_photo(session, viewer, co_handling_id, str(uuid4()), photo)
            if is_excuse:
                co_handling.excuse(session, viewer, office, co_handling_id, version, words)
            else:
                co_handling.report(session, viewer, office, co_handling_id, version, words, cost)
    except NotFound:
        raise
    except CityopsError as refusal:
        return case_page(number, refusal=refusal, typed=words)
    flash(gettext("%(number)s: the task is answered.", number=number), "info")
    return redirect(safe_next(form.next.data or url_for("cases.show", number=number, _anchor="co-handlers")), 303)
