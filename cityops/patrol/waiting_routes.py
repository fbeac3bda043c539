"""The supervision's list of tasks for which no inspector is found, each with the reason."""

from flask import Blueprint, render_template, url_for

from cityops import web
from cityops.accounts.session import require
from cityops.cases.workflow import SUPERVISION
from cityops.patrol import queries
from cityops.patrol.choosing import WAIT_LABELS
from cityops.patrol.models import TASK_LABELS

pages = Blueprint("waiting_tasks", __name__)

PAGE_ROWS = 50


@pages.get("/tasks/waiting")
def list_waiting() -> str:
    """The open tasks that nobody has, the oldest first."""
    viewer, after = require(*SUPERVISION).only(*SUPERVISION), web.find_asked_key("after")
    with web.reading() as session:
        found = queries.list_waiting(session, viewer, after=after, size=PAGE_ROWS + 1)
        shown = found[:PAGE_ROWS]
        return render_template(
            "patrol/waiting.html",
            tasks=shown,
            kinds=TASK_LABELS,
            waits=WAIT_LABELS,
            first_url=url_for("waiting_tasks.list_waiting") if after else None,
            next_url=url_for("waiting_tasks.list_waiting", after=shown[-1].id) if len(found) > PAGE_ROWS else None,
        )
