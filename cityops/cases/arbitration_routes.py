"""The page of disputes, for the supervision side, and what an administrator makes of the rules they propose."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer, require
from cityops.cases import arbitration
from cityops.cases.co_models import CO_END_LABELS, CO_KIND_LABELS
from cityops.cases.workflow import SUPERVISION

pages = Blueprint("arbitration", __name__)


@pages.get("/arbitration")
def waiting() -> str:
    """The disputed cases, the longest first: who sent them back and why, who handled the like, who made it safe."""
    viewer = require(*SUPERVISION)
    with web.reading() as session:
        disputes = arbitration.list_disputes(session, viewer)
        return render_template("cases/arbitration.html", disputes=disputes, kinds=CO_KIND_LABELS, ends=CO_END_LABELS)


@pages.post("/settings/rules/proposed/<key(31):proposed_id>/accept")
def accept(proposed_id: int) -> Response:
    """Make a proposed rule a rule of the city."""
    viewer = require(Post.ADMINISTRATOR)
    with web.transaction() as session:
        number = arbitration.accept(session, viewer, proposed_id).id
    flash(_("Rule #%(number)s is added.", number=number), "info")
    return redirect(url_for("duties.list_rules"))


@pages.post("/settings/rules/proposed/<key(31):proposed_id>/dismiss")
def dismiss(proposed_id: int) -> Response:
    """Make no rule of a decision."""
    require(Post.ADMINISTRATOR)
    with web.transaction() as session:
        arbitration.dismiss(session, current_viewer(), proposed_id)
    flash(_("No rule is made of it."), "info")
    return redirect(url_for("duties.list_rules"))
