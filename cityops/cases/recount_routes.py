"""The page of a calendar's recount: which open clocks would move, and the order to count them anew."""

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from cityops import clock, queue, web
from cityops.accounts.session import current_viewer
from cityops.accounts.settings import ask_for_the_post
from cityops.cases import recounting
from cityops.cases.names import CLOCK_LABELS
from cityops.cases.recounting import MovedClock
from cityops.worktime import queries as worktime

pages = Blueprint("recounting", __name__, url_prefix="/settings/calendars")
pages.before_request(ask_for_the_post)

SHOWN = 100


@pages.get("/<name>/recount")
def preview(name: str) -> str:
    """The open clocks that a recount would move, with what they are due and would be."""
    viewer, now = current_viewer(), clock.now()
    with web.reading() as session:
        row = worktime.get_calendar_row(session, name)
        moved = recounting.list_moved(session, viewer, name)
        countable = [each for each in moved if each.becomes_at is not None]
        return render_template(
            "cases/recount.html",
            row=row,
            moved=moved[:SHOWN],
            cases=recounting.list_cases(session, viewer, moved[:SHOWN]),
            total=len(countable),
            case_count=len({each.case_id for each in countable}),
            later=sum(_is_later(each) for each in countable),
            on_time_again=sum(each.due_at < now <= _due(each) for each in countable),
            late_then=sum(_due(each) < now <= each.due_at for each in countable),
            stay=len(moved) - len(countable),
            is_under_way=queue.is_open(session, recounting.TASK),
            clock_labels=CLOCK_LABELS,
        )


@pages.post("/<name>/recount")
def order(name: str) -> Response:
    """Have the open clocks of a calendar counted anew."""
    with web.transaction() as session:
        recounting.order_recount(session, current_viewer(), name)
    flash(_("The recount is ordered; each case's history will say so."), "info")
    return redirect(url_for("recounting.preview", name=name))


def _due(each: MovedClock) -> datetime:
    return each.becomes_at or each.due_at


def _is_later(each: MovedClock) -> bool:
    return _due(each) > each.due_at
