"""The supervision's page of flagged answers: what of the verifies and checks is to be looked at again, and why."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext

from cityops import web
from cityops.accounts.posts import Post
from cityops.accounts.session import require
from cityops.cases.telling import sentence
from cityops.patrol import queries
from cityops.patrol.choosing import FLAG_LABELS, Flag

pages = Blueprint("check_flags", __name__)

PAGE_ROWS = 50
SEES = (Post.SUPERVISOR, Post.LEADER, Post.DUTY_LEADER)


@pages.get("/checks/flagged")
def list_flags() -> str:
    """The flagged answers, the newest first, all or those of one kind."""
    viewer = require(*SEES).only(*SEES)
    asked, before = request.args.get("flag", ""), web.find_asked_key("before")
    flag = Flag(asked) if asked in set(Flag) else None
    kept: dict[str, Any] = {"flag": flag.value} if flag else {}
    with web.reading() as session:
        found = queries.list_flags(session, viewer, flag=flag, before=before, size=PAGE_ROWS + 1)
        shown = found[:PAGE_ROWS]
        more = url_for("check_flags.list_flags", **kept, before=shown[-1].id) if len(found) > PAGE_ROWS else None
        return render_template(
            "patrol/flags.html",
            flags=shown,
            labels=FLAG_LABELS,
            choices=[(each.value, gettext(label)) for each, label in FLAG_LABELS.items()],
            chosen=kept.get("flag", ""),
            sentence=sentence,
            first_url=url_for("check_flags.list_flags", **kept) if before else None,
            next_url=more,
        )
