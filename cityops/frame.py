"""The frame of every page: the rooms in the rail by post, lights, and the words of stages in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, request, url_for
from flask_babel import gettext

from cityops import clock, web
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer, find_current_viewer
from cityops.accounts.viewer import Viewer
from cityops.cases.clocks import LIGHT_LABELS, Light, light
from cityops.cases.models import Case
from cityops.cases.names import SOURCE_LABELS, STAGE_LABELS, Source, Stage
from cityops.cases.office import current_office
from cityops.cases.plain_cases import HELD_LABELS
from cityops.cases.reasons import proposal_words
from cityops.cases.telling import ToldClock, named
from cityops.notices import queries as notices
from cityops.roster import queries as roster
from cityops.roster import routes as roster_routes
from cityops.words import N_
from cityops.work import my_tabs

SYMBOLS: Mapping[Light, str] = {
    Light.ON_TIME: "●",
    Light.NEAR: "◐",
    Light.OVER: "▲",
    Light.PAUSED: "‖",
    Light.CLOSED: "✓",
}

DESKS = tuple(post for post in Post if post is not Post.INSPECTOR)


@dataclass(frozen=True)
class Room:
    """A room of the rail.

    Attributes:
        endpoints: the first of these that the application has is its door; without any the room is not shown.
        posts: who it is shown to; nobody named means everybody.
    """

    key: str
    label: str
    icon: str
    endpoints: tuple[str, ...]
    posts: tuple[Post, ...] = ()


RAIL = (
    Room("work", N_("My work"), "clipboard-list", ("work.mine",)),
    Room("intake", N_("Intake"), "headset", ("hotline.intake",), (Post.OPERATOR, Post.DUTY_LEADER, Post.LEADER)),
    Room("cases", N_("Cases"), "folders", ("cases.list_page",)),
    Room("map", N_("Map"), "map", ("cases_tiles.city_map",)),
    Room("grid", N_("Grid"), "grid-4x4", ("grid.overview", "grid.outside"), DESKS),
    Room("scores", N_("Scores"), "chart-bar", ("assessment.scores",), DESKS),
    Room("settings", N_("Settings"), "settings", ("accounts.settings",), (Post.ADMINISTRATOR,)),
)

TABLET = (
    Room("tasks", N_("Tasks"), "clipboard-list", ("patrol.tasks",)),
    Room("report", N_("Report"), "camera", ("patrol.report",)),
    Room("map", N_("Map"), "map", ("cases_tiles.city_map",)),
    Room("me", N_("Me"), "user", ("patrol.me",)),
)


@dataclass(frozen=True)
class NavItem:
    """A room's link."""

    key: str
    label: str
    url: str
    icon: str


@dataclass(frozen=True)
class ShownLight:
    """A light as the pages draw it: word, shape and colour together."""

    state: str
    symbol: str
    words: str


def install(app: Flask) -> None:
    """Give every page of an application its frame."""
    app.context_processor(_frame)
    # Macros that are imported know only what is global.
    app.jinja_env.globals["base_map"] = _base_map


def due_light(due_at: datetime | None, warn_at: datetime | None = None, *, is_open: bool = True) -> ShownLight:
    """The light of a due moment now; without a moment from which it is near it is on time until it is over."""
    moment = clock.now()
    state = light(moment, due_at, warn_at or due_at, is_open=is_open)
    words = web.time_left(due_at, moment) if due_at and is_open else gettext(LIGHT_LABELS[state])
    return ShownLight(state.value, SYMBOLS[state], words)


def case_light(case: Case) -> ShownLight:
    """The light of a case: its running clock's."""
    return due_light(case.due_at, case.warn_at, is_open=case.is_open)


def clock_light(told: ToldClock) -> ShownLight:
    """The light of one clock; a stopped one says whether it was stopped in time."""
    is_kept = told.light is Light.CLOSED
    return ShownLight(
        told.light.value, SYMBOLS[told.light], gettext("in time") if is_kept else gettext(LIGHT_LABELS[told.light])
    )


def _frame() -> dict[str, Any]:
    viewer = find_current_viewer()
    return {
        "viewer": viewer,
        "here": _here(),
        "nav": _links(RAIL, viewer),
        "tablet_nav": _links(TABLET, viewer),
        "is_tablet": viewer is not None and viewer.post is Post.INSPECTOR,
        "due_light": due_light,
        "case_light": case_light,
        "clock_light": clock_light,
        "light_of": lambda state: ShownLight(state, SYMBOLS[Light(state)], gettext(LIGHT_LABELS[Light(state)])),
        "stage_word": lambda stage: gettext(STAGE_LABELS[Stage(stage)]),
        "source_word": lambda source: gettext(SOURCE_LABELS[Source(source)]),
        "named": named,
        "place_limit_m": lambda: current_office().place_limit_m,
        "proposal_words": proposal_words,
        "held_word": lambda held: gettext(HELD_LABELS[held]),
        "my_tabs": my_tabs,
        "count_notices": _count_notices,
        "shift_word": _shift_word,
        "roster_url": url_for("roster.week") if viewer is not None and viewer.has(*roster_routes.READERS) else None,
        "map_words": _map_words,
        "map_note": _map_note,
    }


def _count_notices() -> int:
    """The number at the bell."""
    with web.reading() as session:
        return notices.count_open(session, current_viewer())


def _shift_word() -> str:
    """The shift that the viewer is in, where a roster says so."""
    viewer = current_viewer()
    if not viewer.has(*roster.DESKS):
        return ""
    with web.reading() as session:
        return named(roster.find_shift(session, viewer, clock.now()))


def _here() -> str:
    """The address to come back to: this page's, or that of the page whose form was sent."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    referrer = urlsplit(request.referrer or "")
    return referrer.path or "/"


def _links(rooms: tuple[Room, ...], viewer: Viewer | None) -> list[NavItem]:
    if viewer is None:
        return []
    shown = [room for room in rooms if not room.posts or viewer.has(*room.posts)]
    doors = [(room, _door(room)) for room in shown]
    return [NavItem(room.key, gettext(room.label), url_for(door), room.icon) for room, door in doors if door]


def _door(room: Room) -> str | None:
    return next((endpoint for endpoint in room.endpoints if endpoint in current_app.view_functions), None)


def _map_words() -> dict[str, str]:
    """What the map's popups call stages and lights."""
    words = {stage.value: gettext(label) for stage, label in STAGE_LABELS.items()}
    return words | {state.value: gettext(label) for state, label in LIGHT_LABELS.items()}


def _base_map() -> dict[str, object] | None:
    """What lies under every map, where the city has set it."""
    base = web.workshop().config.base_map
    return base.told if base else None


def _map_note() -> str | None:
    """What is said on every map of the demo, which production refuses to load."""
    if web.workshop().config.production:
        return None
    return str(gettext("Demo: illustrative boundaries, not official"))
