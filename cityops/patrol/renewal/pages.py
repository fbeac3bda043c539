"""The pages of renewals: all of them, one with its progress, a street's sample, a component looked at on site."""

from collections.abc import Mapping
from io import BytesIO

from flask import Blueprint, Response, flash, redirect, render_template, send_file, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Redirect

from cityops import clock, web
from cityops.accounts import queries as accounts
from cityops.accounts.posts import Post
from cityops.accounts.session import require
from cityops.cases.telling import named
from cityops.cases.workflow import SUPERVISION
from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseKind
from cityops.errors import CityopsError, WrongState
from cityops.grid import queries as grid
from cityops.grid.handing_in import EXCEL
from cityops.grid.models import COMPONENT_STATE_LABELS, TOLERANCES_M, Accuracy, AreaLevel
from cityops.patrol.renewal import queries, services, sheet
from cityops.patrol.renewal.forms import CampaignForm, CheckForm, NoteForm
from cityops.patrol.renewal.models import STREET_STATE_LABELS
from cityops.patrol.renewal.queries import CHECKS, SEES, StreetProgress

pages = Blueprint("renewal", __name__)

Page = str | Redirect | tuple[str, int]
PAGE_ROWS = 50


@pages.get("/grid/renewals")
def list_campaigns() -> str:
    """The renewals, the last first, each with how much of it is seen."""
    return _list_page(CampaignForm(None, data={"begins_on": clock.today()}))


@pages.post("/grid/renewals")
def begin() -> Page:
    """Begin a renewal."""
    viewer, form = require(Post.ADMINISTRATOR), CampaignForm()
    if not form.validate():
        return _list_page(form), 422
    try:
        with web.transaction() as session:
            campaign_id = services.begin(session, viewer, form.campaign(_majors(session))).id
    except CityopsError as refusal:
        form.refuse(refusal)
        return _list_page(form), web.STATUSES.get(type(refusal), 422)
    return redirect(url_for("renewal.show", campaign_id=campaign_id), 303)


@pages.get("/grid/renewals/<key(31):campaign_id>")
def show(campaign_id: int) -> str:
    """How far a renewal has come: by street and major class, as a chart and a table, and the acceptance."""
    return _campaign_page(campaign_id)


@pages.get("/grid/renewals/<key(31):campaign_id>.xlsx")
def export(campaign_id: int) -> Response:
    """The figures of a renewal as an Excel file."""
    viewer, file = require(*SEES), BytesIO()
    with web.reading() as session:
        campaign = queries.get_campaign(session, viewer, campaign_id)
        streets = queries.read_progress(session, viewer, campaign_id)
        sheet.write_sheets(campaign, streets, _majors(session), file, named, gettext)
    file.seek(0)
    return send_file(file, EXCEL, as_attachment=True, download_name=f"renewal-{campaign_id}.xlsx")


@pages.post("/grid/renewals/<key(31):campaign_id>/count")
def count(campaign_id: int) -> Page:
    """Have what is seen counted anew."""
    viewer = require(*SEES)
    try:
        with web.transaction() as session:
            services.order_count(session, viewer, campaign_id)
    except WrongState as refusal:
        return _campaign_page(campaign_id, refusal), 409
    flash(gettext("It is being counted: look again in a moment."), "info")
    return redirect(url_for("renewal.show", campaign_id=campaign_id), 303)


@pages.post("/grid/renewals/<key(31):campaign_id>/close")
def close(campaign_id: int) -> Page:
    """End a renewal."""
    viewer = require(Post.ADMINISTRATOR)
    try:
        with web.transaction() as session:
            services.close(session, viewer, campaign_id)
    except WrongState as refusal:
        return _campaign_page(campaign_id, refusal), 409
    flash(gettext("The renewal is closed; its figures stay as they are."), "info")
    return redirect(url_for("renewal.show", campaign_id=campaign_id), 303)


@pages.post("/grid/renewals/<key(31):campaign_id>/streets/<key(31):street_id>/draw")
def draw(campaign_id: int, street_id: int) -> Page:
    """Draw the acceptance sample of a street."""
    viewer, keys = require(*SUPERVISION), web.workshop().keys
    try:
        with web.transaction() as session:
            sample_id = services.draw(session, viewer, keys, street_id).id
    except WrongState as refusal:
        return _campaign_page(campaign_id, refusal), 409
    return redirect(url_for("renewal.show_sample", acceptance_id=sample_id), 303)


@pages.get("/grid/renewals/samples/<key(31):acceptance_id>")
def show_sample(acceptance_id: int) -> str:
    """A street's sample: its terms, its components with what was found, and the decision."""
    return _sample_page(acceptance_id)


@pages.post("/grid/renewals/samples/<key(31):acceptance_id>/decide")
def decide(acceptance_id: int) -> Page:
    """Accept a street or send it back, as its sample says."""
    viewer, form = require(*SUPERVISION), NoteForm()
    if not form.validate():
        return _sample_page(acceptance_id, form), 422
    try:
        with web.transaction() as session:
            services.decide(session, viewer, acceptance_id, form.note.data or "")
    except WrongState as refusal:
        form.refuse(refusal)
        return _sample_page(acceptance_id, form), 409
    return redirect(url_for("renewal.show_sample", acceptance_id=acceptance_id), 303)


@pages.get("/grid/renewals/checks")
def list_checks() -> str:
    """What waits to be looked at on site."""
    viewer, after = require(*CHECKS), web.find_asked_key("after")
    with web.reading() as session:
        found = queries.list_open_checks(session, viewer, after=after, size=PAGE_ROWS + 1)
        shown = found[:PAGE_ROWS]
        return render_template(
            "renewal/checks.html",
            rows=shown,
            areas=grid.find_areas(session, {row.sample.street.street_code for row in shown}),
            first_url=url_for("renewal.list_checks") if after else None,
            next_url=url_for("renewal.list_checks", after=shown[-1].id) if len(found) > PAGE_ROWS else None,
        )


@pages.get("/grid/renewals/checks/<key:check_id>")
def show_check(check_id: int) -> str:
    """A component of a sample as the census has it, and the questions to answer before it."""
    return _check_page(check_id, CheckForm(None))


@pages.post("/grid/renewals/checks/<key:check_id>")
def check(check_id: int) -> Page:
    """Enter what was found of a component."""
    viewer, form = require(*CHECKS), CheckForm()
    if not form.validate():
        return _check_page(check_id, form), 422
    try:
        judged = form.judged()
        with web.transaction() as session:
            services.check(session, viewer, check_id, judged)
    except CityopsError as refusal:
        form.refuse(refusal)
        return _check_page(check_id, form), web.STATUSES.get(type(refusal), 422)
    flash(gettext("Entered."), "info")
    return redirect(url_for("renewal.list_checks"), 303)


@pages.post("/components/<code>/seen")
def confirm_seen(code: str) -> Page:
    """Confirm on site that a component stands as it is written down."""
    viewer = require(Post.INSPECTOR)
    with web.transaction() as session:
        services.confirm_seen(session, viewer, code)
    flash(gettext("Written down: you saw it today as it is described."), "info")
    return redirect(url_for("components.show", code=code), 303)


def _majors(session: Session) -> Mapping[str, str]:
    classes = catalog.list_classes(session, clock.today(), CaseKind.COMPONENT)
    return {each.major_code: each.major_name for each in classes}


def _list_page(form: CampaignForm) -> str:
    viewer = require(*SEES)
    with web.reading() as session:
        areas = [each for level in (AreaLevel.DISTRICT, AreaLevel.STREET) for each in grid.list_areas(session, level)]
        form.offer(areas, _majors(session), accounts.list_bodies(session))
        campaigns = queries.list_campaigns(session, viewer)
        return render_template(
            "renewal/list.html",
            form=form,
            campaigns=campaigns,
            sums=queries.sum_up(session, viewer, [each.id for each in campaigns]),
            percent=sheet.percent,
            may_begin=viewer.has(Post.ADMINISTRATOR),
        )


def _campaign_page(campaign_id: int, refusal: CityopsError | None = None) -> str:
    viewer = require(*SEES)
    with web.reading() as session:
        streets = queries.read_progress(session, viewer, campaign_id)
        return render_template(
            "renewal/show.html",
            campaign=queries.get_campaign(session, viewer, campaign_id),
            streets=streets,
            majors=_majors(session),
            chart=_chart(streets),
            percent=sheet.percent,
            states=STREET_STATE_LABELS,
            refusal=web.say(refusal) if refusal else None,
            today=clock.today(),
            may_draw=viewer.has(*SUPERVISION),
            may_close=viewer.has(Post.ADMINISTRATOR),
        )


def _chart(streets: list[StreetProgress]) -> dict[str, object]:
    rows = [
        {
            "label": named(row.area) if row.area else row.street.street_code,
            "value": sheet.percent(row.seen, row.standing) or 0,
            "said": f"{sheet.percent(row.seen, row.standing)} % ({row.seen:,}/{row.standing:,})",
        }
        for row in streets
        if row.standing
    ]
    return {"kind": "bars", "unit": "%", "rows": sorted(rows, key=lambda row: str(row["label"]))}


def _sample_page(sample_id: int, form: NoteForm | None = None) -> str:
    viewer, after = require(*SEES), web.find_asked_key("after")
    with web.reading() as session:
        sample = queries.get_sample(session, viewer, sample_id, *SEES)
        found = queries.list_checks(session, sample_id, after=after, size=PAGE_ROWS + 1)
        shown = found[:PAGE_ROWS]
        checked, faulty = queries.count_checks(session, sample_id)
        return render_template(
            "renewal/sample.html",
            sample=sample,
            area=grid.find_areas(session, {sample.street.street_code}).get(sample.street.street_code),
            rows=shown,
            checked=checked,
            faulty=faulty,
            percent=sheet.percent,
            form=form or NoteForm(None),
            may_decide=viewer.has(*SUPERVISION),
            may_check=viewer.has(*CHECKS),
            first_url=url_for("renewal.show_sample", acceptance_id=sample_id) if after else None,
            next_url=url_for("renewal.show_sample", acceptance_id=sample_id, after=shown[-1].id)
            if len(found) > PAGE_ROWS
            else None,
        )


def _check_page(check_id: int, form: CheckForm) -> str:
    viewer = require(*CHECKS)
    with web.reading() as session:
        row = queries.get_check(session, viewer, check_id)
        component = row.component
        code, today = component.class_code, clock.today()
        return render_template(
            "renewal/check.html",
            row=row,
            component=component,
            case_class=catalog.find_class(session, CaseKind.COMPONENT, code, today),
            body=accounts.find_body(session, component.body_code) if component.body_code else None,
            state_word=gettext(COMPONENT_STATE_LABELS[component.state]),
            tolerance_m=TOLERANCES_M[component.accuracy or Accuracy.A],
            revision=grid.current_index(session).revision,
            form=form,
        )
