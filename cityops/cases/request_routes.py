"""The pages of requests: asking from the case's page, deciding, the month's ledger, the city's numbers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import clock, web
from cityops.accounts.posts import Post
from cityops.accounts.routes import safe_next
from cityops.accounts.session import current_viewer, post_word, require
from cityops.cases import asking, attachments, co_queries, queries, request_queries, request_services
from cityops.cases.listing import PAGE_ROWS
from cityops.cases.models import AttachmentKind
from cityops.cases.office import current_office
from cityops.cases.request_forms import DecisionForm, RequestForm, TermsForm
from cityops.cases.request_sheet import shown_request
from cityops.cases.requests import RULES, Ask, RequestKind, RequestRule
from cityops.cases.routes import case_page
from cityops.cases.telling import named
from cityops.cases.uploads import receive
from cityops.errors import CityopsError, NotFound
from cityops.forms import Choice
from cityops.worktime import queries as worktime

pages = Blueprint("requests", __name__)

Answer = str | Response | tuple[str, int]

MONTHS_OFFERED = 12
READS_LEDGER = (*queries.AREA_POSTS, Post.HANDLER)


@pages.post("/cases/<number>/requests")
def ask(number: str) -> Answer:
    """Ask for something; a refusal shows the page again with what was typed."""
    form, viewer, office = RequestForm(), current_viewer(), current_office()
    try:
        new = form.request()
        photo = receive(viewer, number, request.files.get("photo"))
        with web.transaction() as session:
            if photo is not None and Ask.PROOF in RULES[new.kind].asks:
                case = queries.get_case_for_update(session, viewer, number)
                attachments.add(session, viewer, case, str(uuid4()), AttachmentKind.PROOF, photo)
            asking.ask(session, viewer, office, number, new)
    except NotFound:
        raise
    except CityopsError as refusal:
        form.refuse(refusal)
        return case_page(number, asked=form, refusal=refusal)
    flash(gettext("%(number)s: you %(asked)s.", number=number, asked=gettext(RULES[new.kind].asked)), "info")
    return redirect(url_for("cases.show", number=number, _anchor="requests"), 303)


@pages.post("/requests/<key:request_id>/decision")
def decide(request_id: int) -> Answer:
    """Decide on a request, from its case's page or from the list."""
    form, viewer = DecisionForm(), current_viewer()
    try:
        decision, version = form.asked()
        with web.transaction() as session:
            row = asking.decide(session, viewer, current_office(), request_id, decision, version, form.note.data)
            number, label = row.case.number, RULES[row.kind].label
    except NotFound:
        raise
    except CityopsError as refusal:
        with web.reading() as session:
            number = request_queries.get_request(session, viewer, request_id).case.number
        return case_page(number, refusal=refusal, typed=form.note.data or "")
    flash(gettext("%(number)s: %(request)s is decided.", number=number, request=gettext(label)), "info")
    return redirect(safe_next(form.next.data or url_for("cases.show", number=number, _anchor="requests")), 303)


@pages.get("/requests")
def waiting() -> str:
    """What waits for a decision of the viewer's posts, the most pressing first."""
    viewer, after = current_viewer(), web.find_asked_key("after")
    with web.reading() as session:
        page = request_queries.list_to_decide(session, viewer, after=after, size=PAGE_ROWS)
        return render_template(
            "requests/waiting.html",
            shown=[shown_request(viewer, row.case, row) for row in page.requests],
            here=url_for("requests.waiting", after=after),
            first_url=url_for("requests.waiting") if after else None,
            next_url=url_for("requests.waiting", after=page.next_after) if page.next_after else None,
        )


@pages.get("/requests/ledger")
def ledger() -> str:
    """What bodies asked for in a month and were granted, beside the share they may have; their tasks beside leads."""
    viewer = require(*READS_LEDGER)
    months = _last_months()
    chosen = request.args.get("period", "")
    chosen = chosen if chosen in months else next(iter(months))
    begin, end = months[chosen]
    with web.reading() as session:
        rows = request_queries.list_ledger(session, viewer, begin, end)
        terms = request_queries.list_terms(session)
        return render_template(
            "requests/ledger.html",
            rows=rows,
            terms=terms,
            months=list(months),
            chosen=chosen,
            rules=RULES,
            beside=co_queries.list_scores(session, viewer, begin, end),
        )


@pages.get("/settings/requests")
def terms_page() -> str:
    """The city's numbers for each kind of request."""
    require(Post.ADMINISTRATOR)
    return _terms_page()


@pages.post("/settings/requests")
def set_terms() -> Answer:
    """Set the numbers of one kind."""
    viewer, form = require(Post.ADMINISTRATOR), TermsForm()
    with web.reading() as session:
        form.offer(list_calendar_choices(session))
    if form.kind.data not in set(RequestKind) or not form.validate():
        return _terms_page(form), 422
    try:
        with web.transaction() as session:
            request_services.set_terms(session, viewer, RequestKind(form.kind.data), form.terms())
    except CityopsError as refusal:
        form.refuse(refusal)
        return _terms_page(form), web.STATUSES.get(type(refusal), 422)
    return redirect(url_for("requests.terms_page"), 303)


def _last_months() -> dict[str, tuple[datetime, datetime]]:
    """The last twelve months of the city, the running one first, by their word (`2026-11`)."""
    months, day = {}, clock.today()
    for _ in range(MONTHS_OFFERED):
        months[f"{day:%Y-%m}"] = asking.month_of(day)
        day = day.replace(day=1) - timedelta(days=1)
    return months


def _terms_page(refused: TermsForm | None = None) -> str:
    with web.reading() as session:
        calendars = list_calendar_choices(session)
        forms: list[tuple[RequestRule, TermsForm]] = []
        for kind, terms in request_queries.list_terms(session).items():
            if refused is not None and refused.kind.data == kind.value:
                form = refused
            else:
                form = TermsForm(None)
                form.fill(kind, terms)
            form.offer(calendars)
            forms.append((RULES[kind], form))
        return render_template("requests/terms.html", forms=forms, refused=refused, post_words=_post_words)


def _post_words(posts: Sequence[Post]) -> str:
    return (", " if web.language() == "en" else "、").join(post_word(post) for post in posts)


def list_calendar_choices(session: Session) -> list[Choice]:
    """The hours in which a decision's limit may run."""
    return [Choice(row.name, named(row)) for row in worktime.list_calendars(session)]
