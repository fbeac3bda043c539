"""My work: what waits for each of the posts that a person holds, the most pressing first."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import web
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.cases import arbitration, co_queries, request_queries
from cityops.cases import queries as cases
from cityops.cases.listing import PAGE_ROWS, list_choices, read_filter
from cityops.cases.names import OPEN_STAGES, STAGE_LABELS, Stage, StepName
from cityops.cases.proposals import propose_bodies
from cityops.cases.queries import Tally
from cityops.cases.requests import RULES
from cityops.cases.steps import Step
from cityops.cases.workflow import STEPS, SUPERVISION, moves_from
from cityops.hotline import queries as hotline
from cityops.patrol import queries as patrol
from cityops.patrol import recheck_queries
from cityops.words import N_

pages = Blueprint("work", __name__)

ON_THE_STREET = frozenset({Stage.VERIFYING, Stage.CHECKING})

ONE_KEY: dict[Stage, tuple[StepName, str]] = {
    Stage.REPORTED: (StepName.ACCEPT, "a"),
    Stage.ACCEPTED: (StepName.FILE, "f"),
    Stage.FILED: (StepName.DISPATCH, "d"),
    Stage.DISPATCHED: (StepName.SIGN_FOR, "s"),
    Stage.CLOSING: (StepName.CLOSE, "c"),
}
"""The step that one key takes on a row of a stage's list, where nothing has to be asked any more."""


EMPTY_WORDS = {
    Stage.REPORTED: N_("Nothing waits to be accepted."),
    Stage.ACCEPTED: N_("Nothing waits to be filed."),
    Stage.FILED: N_("Nothing waits to be dispatched."),
    Stage.DISPATCHED: N_("Nothing waits to be signed for."),
    Stage.HANDLING: N_("Nothing is being handled."),
    Stage.CLOSING: N_("Nothing waits to be closed."),
    Stage.REVIEWING: N_("Nothing waits to be reviewed."),
}
"""Why a list is empty, in the words of its stage."""


@dataclass(frozen=True)
class Tab:
    """A list of work: the open cases of a stage that this person may move, or the answers owed."""

    key: str
    label: str
    url: str
    tally: Tally


def list_tabs(session: Session, viewer: Viewer) -> list[Tab]:
    """The lists of work of a viewer's posts, those of the chosen post first; a fixed number of queries."""
    tabs = []
    tallies = {post: cases.tally_by_stage(session, viewer.only(post)) for post in viewer.posts}
    for post, stage in _lists(viewer):
        url = url_for("work.mine", stage=stage.value)
        tabs.append(Tab(stage.value, gettext(STAGE_LABELS[stage]), url, tallies[post][stage]))
    if any(set(viewer.posts) & set(rule.deciders) for rule in RULES.values()):
        waiting = request_queries.tally_to_decide(session, viewer)
        tabs.append(Tab("requests", gettext("requests to decide"), url_for("requests.waiting"), waiting))
    if viewer.has(*SUPERVISION):
        disputed = Tally(arbitration.count_disputes(session, viewer))
        tabs.append(Tab("arbitration", gettext("disputes"), url_for("arbitration.waiting"), disputed))
        waiting_tasks = Tally(patrol.count_waiting(session, viewer.only(*SUPERVISION)))
        url = url_for("waiting_tasks.list_waiting")
        tabs.append(Tab("nobody", gettext("tasks with nobody"), url, waiting_tasks))
        to_come = recheck_queries.tally_open(session, viewer.only(*SUPERVISION))
        tabs.append(Tab("rechecks", gettext("re-checks to come"), url_for("rechecks.list_open"), to_come))
    if viewer.has(Post.HANDLER):
        beside = co_queries.tally_work(session, viewer)
        tabs.append(Tab("co", gettext("tasks beside a lead"), url_for("co_handlings.waiting"), beside))
    if viewer.has(*hotline.CALLERS):
        owed = Tally(hotline.count_owed(session, viewer))
        tabs.append(Tab("answers", gettext("answers owed"), url_for("hotline.answers"), owed))
    return tabs


def my_tabs() -> list[Tab]:
    """The tabs of who asks, for a page of another room that stands among them."""
    with web.reading() as session:
        return list_tabs(session, current_viewer())


@pages.get("/")
def mine() -> str | Response:
    """My work: the list of one stage by post; the tablet's tasks for an inspector, an overview for who looks on."""
    viewer = current_viewer()
    lists = _lists(viewer)
    if viewer.post is Post.INSPECTOR:
        return redirect(url_for("patrol.tasks"))
    with web.reading() as session:
        tabs = list_tabs(session, viewer)
        if not lists:
            tallies = cases.tally_by_stage(session, viewer)
            return render_template("work/overview.html", tallies=tallies, stages=OPEN_STAGES, tabs=tabs)
        chosen = request.args.get("stage") or next((tab.key for tab in tabs if tab.tally.total), lists[0][1].value)
        post, stage = next((each for each in lists if each[1].value == chosen), lists[0])
        return _list_page(session, viewer.only(post), stage, tabs)


def _list_page(session: Session, viewer: Viewer, stage: Stage, tabs: list[Tab]) -> str:
    wanted = read_filter(request.args, (stage,))
    skip = min(max(request.args.get("skip", 0, type=int), 0), 100_000)
    rows = cases.list_work(session, viewer, wanted, size=PAGE_ROWS + 1, skip=skip)
    kept: dict[str, Any] = {
        name: value for name, value in request.args.items() if value and name not in {"skip", "stage"}
    }
    step, key = ONE_KEY.get(stage, (None, None))
    address: dict[str, Any] = {"stage": stage.value, **kept}
    return render_template(
        "work/list.html",
        cases=rows[:PAGE_ROWS],
        stage=stage,
        tabs=tabs,
        tally=cases.count_work(session, viewer, wanted),
        choices=list_choices(session, with_bodies=False),
        kept=kept,
        step=STEPS[step] if step else None,
        key=key,
        empty_words=EMPTY_WORDS,
        proposals=propose_bodies(session, rows) if stage is Stage.FILED else {},
        has_map=request.args.get("map", "1" if stage is Stage.FILED else "0") == "1",
        here=url_for("work.mine", **address, skip=skip or None),
        first_url=url_for("work.mine", **address) if skip else None,
        next_url=url_for("work.mine", **address, skip=skip + PAGE_ROWS) if len(rows) > PAGE_ROWS else None,
    )


def _lists(viewer: Viewer) -> list[tuple[Post, Stage]]:
    """The stages at which the viewer's posts take steps: first those a post is named first for, each stage once."""
    found: dict[Stage, Post] = {}
    for is_own in (True, False):
        for post in viewer.posts:
            for stage in OPEN_STAGES:
                if stage not in ON_THE_STREET and any(_is_for(step, post, is_own) for step in moves_from(stage)):
                    found.setdefault(stage, post)
    return [(post, stage) for stage, post in found.items()]


def _is_for(step: Step, post: Post, is_own: bool) -> bool:
    return step.posts[0] is post if is_own else post in step.posts
