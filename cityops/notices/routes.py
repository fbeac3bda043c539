"""The bell: how many notices wait, their page, and the way from one to its case."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts.session import current_viewer
from cityops.cases import queries as cases
from cityops.notices import queries, services
from cityops.notices.telling import words

pages = Blueprint("notices", __name__)

SHOWN = 100


@pages.get("/notices")
def mine() -> str:
    """My notices: what asks for my eyes, the urgent ones first; then what did lately."""
    viewer = current_viewer()
    with web.reading() as session:
        found = queries.list_open(session, viewer, size=SHOWN + 1)
        return render_template(
            "notices/list.html",
            open=sorted(found[:SHOWN], key=lambda each: not each.notice.is_urgent),
            is_cut=len(found) > SHOWN,
            earlier=queries.list_earlier(session, viewer),
            say=words,
        )


@pages.get("/notices/bell")
@web.unattended
def bell() -> str:
    """The bell alone, which every open page asks for once a minute."""
    return render_template("notices/bell.html")


@pages.post("/notices/<key:notice_id>/open")
def open_case(notice_id: int) -> Response:
    """Mark a notice as read and go to its case; back to the list where the case is not the viewer's any more."""
    viewer = current_viewer()
    with web.transaction() as session:
        case = services.read(session, viewer, notice_id).case
        is_in_scope = cases.can_see(session, viewer, case)
    return redirect(url_for("cases.show", number=case.number) if is_in_scope else url_for("notices.mine"), 303)


@pages.post("/notices/read")
def read_all() -> Response:
    """Mark all that is shown as read."""
    with web.transaction() as session:
        services.read_all(session, current_viewer())
    return redirect(url_for("notices.mine"), 303)
