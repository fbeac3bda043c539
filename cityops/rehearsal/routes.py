"""The pages between a draft and its publishing: the difference, whom it concerns, the rehearsal, and the button."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from cityops import clock, web
from cityops.accounts import queries as accounts
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer, require
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.drafts import read_draft
from cityops.catalog.labels import limit_words
from cityops.catalog.telling import Names, tell_changes, title_of
from cityops.errors import CityopsError
from cityops.rehearsal.concerned import count_left_unfiled, list_concerned, list_concerns
from cityops.rehearsal.forms import DEFAULT_MONTHS, MONTHS, PublishForm
from cityops.rehearsal.replay import by_change, rehearse
from cityops.rehearsal.services import publish

# A page answers while somebody waits; the command looks at all.
MOST_ON_PAGE = 50_000

pages = Blueprint("rehearsal", __name__, url_prefix="/settings/catalogue/drafts/<key(31):draft_id>")

Page = Response | str | tuple[str, int]


@pages.before_request
def ask_for_the_post() -> None:
    """All of these pages are the administrator's."""
    require(Post.ADMINISTRATOR)


@pages.get("/difference")
def difference(draft_id: int) -> str:
    """What the draft adds, ends and changes, and which open cases that concerns."""
    return _difference_page(draft_id, PublishForm(None, data={"from_on": clock.today() + timedelta(days=1)}))


@pages.get("/concerned/<key>")
def concerned(draft_id: int, key: str) -> str:
    """The open cases under a condition or class that the draft changes or ends."""
    with web.reading() as session:
        view = read_draft(session, current_viewer(), draft_id)
        found = list_concerned(session, current_viewer(), view, key)
        return render_template("rehearsal/concerned.html", draft=view.draft, key=key, cases=found)


@pages.post("/publish")
def publish_draft(draft_id: int) -> Page:
    """Bring the draft into force from a day."""
    form = PublishForm()
    if not form.validate() or form.from_on.data is None:
        return _difference_page(draft_id, form), 422
    try:
        with web.transaction() as session:
            asked = (draft_id, form.seen_edits, form.from_on.data, bool(form.agrees.data))
            draft = publish(session, current_viewer(), *asked)
            words = {"standard": draft.standard.reference, "day": draft.valid_from_on}
    except CityopsError as refusal:
        form.refuse(refusal)
        return _difference_page(draft_id, form), web.STATUSES.get(type(refusal), 422)
    flash(gettext("%(standard)s is published: what changed is in force from %(day)s.", **words), "info")
    return redirect(url_for("catalog.catalogue"), 303)


@pages.get("/rehearsal")
def rehearsal(draft_id: int) -> str:
    """The last months' cases under the draft: which would have gone the other way, for whom and why."""
    months = request.args.get("months", DEFAULT_MONTHS, type=int)
    viewer = current_viewer()
    with web.reading() as session:
        view = read_draft(session, viewer, draft_id)
        result = rehearse(session, viewer, view, months, most_cases=MOST_ON_PAGE)
        names, bodies = Names.read(session), {body.id: body for body in accounts.list_bodies(session)}
        return render_template(
            "rehearsal/rehearsal.html",
            draft=view.draft,
            result=result,
            bodies=[(bodies.get(key), tally) for key, tally in by_change(result)],
            months=months,
            offered=MONTHS,
            hours=lambda rule: names.value("calendar", rule.calendar),
            limit_words=limit_words,
        )


def _difference_page(draft_id: int, form: PublishForm) -> str:
    with web.reading() as session:
        view = read_draft(session, current_viewer(), draft_id)
        names, concerns = Names.read(session), list_concerns(session, current_viewer(), view)
        form.seen.data = str(view.draft.edits)
        titles = {each.key: title_of(names, view.standing.entries, each.kind, each.key) for each in concerns}
        return render_template(
            "rehearsal/difference.html",
            draft=view.draft,
            changes=tell_changes(names, view),
            concerns=concerns,
            titles=titles,
            left=count_left_unfiled(concerns),
            form=form,
            today=clock.today(),
            condition_kind=EntryKind.CONDITION,
        )
