"""The roster's pages: the week of a body, its shifts, the patterns behind it."""

from datetime import date, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_date, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cityops import clock, web
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer, require
from cityops.errors import CityopsError
from cityops.roster import queries, services
from cityops.roster.contacts import CALLERS
from cityops.roster.forms import ChangeForm, LineForm, PatternForm, ShiftForm, chosen_posts, minute_of, offer, read_days
from cityops.roster.services import NewChange

pages = Blueprint("roster", __name__, url_prefix="/roster")

READERS = tuple(post for post in Post if post not in {Post.HANDLER, Post.INSPECTOR})
Page = str | Response | tuple[str, int]


@pages.before_request
def ask_for_a_desk() -> None:
    """The roster is for the desks."""
    require(*READERS)


@pages.get("")
def week() -> Page:
    """A body's week: the shifts against the days."""
    with web.reading() as session:
        body = _body(session)
        return _week_page(session, body) if body is not None else render_template("roster/none.html")


@pages.post("/<body>/changes")
def change_day(body: str) -> Page:
    """Change a day; what was typed stays where something is wrong."""
    form = ChangeForm()
    with web.reading() as session:
        there = queries.get_body(session, body)
        _offer(session, form, there)
        if not form.validate():
            return _week_page(session, there, change=form), 422
    new = NewChange(
        form.on.data or clock.today(),
        form.shift.data,
        form.username.data,
        Post(form.post.data),
        form.is_on_duty.data == "1",
        form.reason.data or "",
    )
    try:
        with web.transaction() as session:
            services.change_day(session, current_viewer(), queries.get_body(session, body), new)
    except CityopsError as refusal:
        return _refused(form, refusal, body, "change")
    flash(gettext("The roster of %(day)s is changed.", day=str(new.on)), "info")
    return redirect(url_for("roster.week", body=body, week=new.on.isoformat()), 303)


@pages.post("/<body>/shifts")
def add_shift(body: str) -> Page:
    """Give a body a shift."""
    form = ShiftForm()
    if not form.validate():
        return _refused(form, None, body, "shift")
    try:
        with web.transaction() as session:
            services.add_shift(
                session,
                current_viewer(),
                queries.get_body(session, body),
                name=form.shift_name.data or "",
                name_en=form.name_en.data or "",
                start_minute=minute_of(form.start),
                end_minute=minute_of(form.end),
            )
    except CityopsError as refusal:
        return _refused(form, refusal, body, "shift")
    return redirect(url_for("roster.week", body=body), 303)


@pages.post("/<body>/patterns")
def begin_pattern(body: str) -> Page:
    """Begin a new pattern, and go to where it is filled."""
    form = PatternForm()
    if not form.validate():
        return _refused(form, None, body, "pattern")
    try:
        with web.transaction() as session:
            there = queries.get_body(session, body)
            pattern = services.begin_pattern(
                session, current_viewer(), there, form.from_on.data or clock.today(), form.cycle_days.data or 0
            )
    except CityopsError as refusal:
        return _refused(form, refusal, body, "pattern")
    return redirect(url_for("roster.show_pattern", pattern_id=pattern.id), 303)


@pages.get("/patterns/<key(31):pattern_id>")
def show_pattern(pattern_id: int) -> str:
    """A pattern: the shifts against the days of its cycle."""
    with web.reading() as session:
        return _pattern_page(session, pattern_id, LineForm(None))


@pages.post("/patterns/<key(31):pattern_id>/lines")
def put_on(pattern_id: int) -> Page:
    """Put a person on days of a pattern."""
    form = LineForm()
    with web.reading() as session:
        _offer(session, form, queries.get_pattern(session, pattern_id).body)
        if not form.validate():
            return _pattern_page(session, pattern_id, form), 422
    try:
        days = read_days(form.days.data or "")
        with web.transaction() as session:
            services.put_on(
                session,
                current_viewer(),
                queries.get_pattern(session, pattern_id),
                shift_id=form.shift.data,
                username=form.username.data,
                posts=chosen_posts(form.posts.data),
                days=days,
            )
    except CityopsError as refusal:
        form.refuse(refusal)
        with web.reading() as session:
            return _pattern_page(session, pattern_id, form), web.STATUSES.get(type(refusal), 422)
    return redirect(url_for("roster.show_pattern", pattern_id=pattern_id), 303)


@pages.post("/patterns/<key(31):pattern_id>/lines/<key(31):shift_id>/<key(31):person_id>/<int:day>/remove")
def take_off(pattern_id: int, shift_id: int, person_id: int, day: int) -> Response:
    """Take a person off a shift of a day of a pattern."""
    with web.transaction() as session:
        pattern = queries.get_pattern(session, pattern_id)
        services.take_off(session, current_viewer(), pattern, shift_id=shift_id, person_id=person_id, day=day)
    return redirect(url_for("roster.show_pattern", pattern_id=pattern_id), 303)


def _body(session: Session) -> Body | None:
    """The body asked for; else the first the viewer plans or works at that has a roster, else any that has one."""
    code = request.args.get("body")
    if code:
        return queries.get_body(session, code)
    bodies, viewer = queries.list_rostered_bodies(session), current_viewer()
    own = {held.body_id for held in viewer.held}
    return next((each for each in bodies if each.id in own), next(iter(bodies), None))


def _week_page(
    session: Session,
    body: Body,
    *,
    change: ChangeForm | None = None,
    shift: ShiftForm | None = None,
    pattern: PatternForm | None = None,
) -> str:
    asked = request.args.get("week", type=date.fromisoformat) or clock.today()
    monday = asked - timedelta(days=asked.weekday())
    change = change or ChangeForm(None, data={"on": clock.today()})
    _offer(session, change, body)
    return render_template(
        "roster/week.html",
        week=queries.get_week(session, body, monday),
        bodies=queries.list_rostered_bodies(session),
        change=change,
        shift=shift or ShiftForm(None),
        pattern=pattern or PatternForm(None, data={"from_on": clock.today() + timedelta(days=1), "cycle_days": 7}),
        may_plan=services.may_plan(current_viewer(), body),
        may_call=current_viewer().has(*CALLERS),
        today=clock.today(),
        step=timedelta(days=7),
        weekday=lambda day: format_date(day, "MM-dd EEE"),
    )


def _pattern_page(session: Session, pattern_id: int, form: LineForm) -> str:
    pattern = queries.get_pattern(session, pattern_id)
    _offer(session, form, pattern.body)
    return render_template(
        "roster/pattern.html",
        pattern=pattern,
        shifts=queries.list_shifts(session, pattern.body),
        form=form,
        is_open=pattern.from_on >= clock.today() and services.may_plan(current_viewer(), pattern.body),
    )


def _refused(form: ChangeForm | ShiftForm | PatternForm, refusal: CityopsError | None, body: str, name: str) -> Page:
    """The week's page again, with what was typed and what is wrong beside it."""
    if refusal is not None:
        form.refuse(refusal)
    with web.reading() as session:
        page = _week_page(session, queries.get_body(session, body), **{name: form})
    return page, web.STATUSES.get(type(refusal), 422) if refusal is not None else 422


def _offer(session: Session, form: ChangeForm | LineForm, body: Body) -> None:
    offer(form, queries.list_shifts(session, body), queries.list_plannable(session), web.language())
