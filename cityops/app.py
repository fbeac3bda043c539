"""create_app: the parts put together. Nothing happens at import."""

from importlib.metadata import version

from flask import Flask
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from cityops import frame, health, web, work
from cityops.accounts import api as accounts_api
from cityops.accounts import centre_pages
from cityops.accounts import people as accounts_people
from cityops.accounts import routes as accounts_routes
from cityops.accounts import session as accounts_session
from cityops.accounts import settings as accounts_settings
from cityops.assessment import api as assessment_api
from cityops.assessment import routes as assessment_routes
from cityops.cases import api as cases_api
from cityops.cases import (
    arbitration_routes,
    automation_routes,
    body_pages,
    census_pages,
    co_api,
    co_routes,
    component_pages,
    duty_routes,
    fault_rate_pages,
    linking_api,
    linking_routes,
    merging_api,
    merging_routes,
    recount_routes,
    request_api,
    request_routes,
)
from cityops.cases import routes as cases_routes
from cityops.cases import tiles as cases_tiles
from cityops.cases.corrections import pages as corrections_pages
from cityops.cases.ownership import pages as ownership_pages
from cityops.catalog import api as catalog_api
from cityops.catalog import routes as catalog_routes
from cityops.catalog import settings as catalog_settings
from cityops.catalog import standard_pages
from cityops.config import Config
from cityops.duty_figures import routes as duty_figure_routes
from cityops.following import make_office
from cityops.grid import api as grid_api
from cityops.grid import routes as grid_routes
from cityops.grid import version_pages
from cityops.grid.addresses import pages as addresses_pages
from cityops.grid.coverage import pages as coverage_pages
from cityops.grid.coverage import settings as coverage_settings
from cityops.grid.tiles import routes as grid_tiles
from cityops.hotline import routes as hotline_routes
from cityops.notices import api as notices_api
from cityops.notices import routes as notices_routes
from cityops.notices import settings as notices_settings
from cityops.notices import settings_api as warnings_api
from cityops.patrol import api as patrol_api
from cityops.patrol import (
    duty_grid_api,
    duty_grid_routes,
    flag_routes,
    grid_owner_routes,
    map_pages,
    recheck_routes,
    waiting_routes,
)
from cityops.patrol import routes as patrol_routes
from cityops.patrol import settings as patrol_settings
from cityops.patrol.renewal import pages as renewal_pages
from cityops.problems import Problem
from cityops.rehearsal import calendar_routes as calendar_rehearsal_routes
from cityops.rehearsal import duty_routes as duty_rehearsal_routes
from cityops.rehearsal import routes as rehearsal_routes
from cityops.resources import folders
from cityops.roster import contact_routes as roster_contacts
from cityops.roster import hand_over_routes as roster_hand_overs
from cityops.roster import routes as roster_routes
from cityops.workshop import Workshop
from cityops.worktime import holiday_pages
from cityops.worktime import routes as worktime_routes

PAGES = (
    health.pages,
    work.pages,
    accounts_routes.pages,
    accounts_people.pages,
    accounts_settings.pages,
    centre_pages.pages,
    cases_routes.pages,
    request_routes.pages,
    duty_routes.pages,
    co_routes.pages,
    merging_routes.pages,
    linking_routes.pages,
    arbitration_routes.pages,
    automation_routes.pages,
    body_pages.pages,
    cases_tiles.pages,
    component_pages.pages,
    fault_rate_pages.pages,
    census_pages.pages,
    corrections_pages.pages,
    ownership_pages.pages,
    catalog_routes.pages,
    worktime_routes.pages,
    holiday_pages.pages,
    catalog_settings.pages,
    standard_pages.pages,
    rehearsal_routes.pages,
    duty_rehearsal_routes.pages,
    calendar_rehearsal_routes.pages,
    recount_routes.pages,
    grid_routes.pages,
    version_pages.pages,
    addresses_pages.pages,
    coverage_pages.pages,
    coverage_settings.pages,
    grid_tiles.pages,
    hotline_routes.pages,
    patrol_routes.pages,
    notices_routes.pages,
    notices_settings.pages,
    patrol_settings.pages,
    flag_routes.pages,
    duty_grid_routes.pages,
    duty_figure_routes.pages,
    grid_owner_routes.pages,
    map_pages.pages,
    recheck_routes.pages,
    renewal_pages.pages,
    waiting_routes.pages,
    roster_routes.pages,
    roster_contacts.pages,
    roster_hand_overs.pages,
    assessment_routes.pages,
)
APIS = (
    accounts_api.api,
    co_api.api,
    merging_api.api,
    linking_api.api,
    grid_api.api,
    catalog_api.api,
    cases_api.api,
    request_api.api,
    patrol_api.api,
    duty_grid_api.api,
    notices_api.api,
    warnings_api.api,
    assessment_api.api,
)


def create_app(config: Config) -> OpenAPI:
    """The web application of one city."""
    place = folders()
    app = OpenAPI(
        "cityops",
        info=Info(title="cityops", version=version("cityops")),
        security_schemes={"token": {"type": "http", "scheme": "bearer"}},
        validation_error_callback=web.invalid_body,
        validation_error_model=Problem,
        doc_ui=False,
        template_folder=str(place.templates),
        static_folder=str(place.static),
    )
    if config.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.proxies, x_proto=config.proxies)  # type: ignore[method-assign]
    app.config.update(
        MAX_CONTENT_LENGTH=web.MAX_BODY_BYTES,
        # A text far too long is refused beside its field, with what was typed kept, not by an error page.
        MAX_FORM_MEMORY_SIZE=web.MAX_BODY_BYTES,
        SESSION_COOKIE_NAME="cityops",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_TRANSLATION_DIRECTORIES=str(place.translations),
    )
    equip(app, config)
    web.install(app)
    accounts_session.install(app)
    frame.install(app)
    for pages in PAGES:
        app.register_blueprint(pages)
    for api in APIS:
        app.register_api(api)
    app.add_url_rule("/api/v1/openapi.json", "openapi", web.public(lambda: app.api_doc))
    return app


def equip(app: Flask, config: Config) -> None:
    """Give an application its city: the database, the keys and the office."""
    workshop = Workshop(config)
    app.config.update(SECRET_KEY=workshop.keys.by_name["session"], SESSION_COOKIE_SECURE=config.secure_cookies)
    app.extensions["cityops"] = workshop
    app.extensions["cityops.office"] = make_office(workshop.keys, config)
