"""What the city map tells of a cell and of a duty grid one points at, with who is on duty there."""

from datetime import date

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from cityops import clock, web
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.cases import map_facts
from cityops.grid.coverage.models import TIER_LABELS
from cityops.grid.duty_grids.queries import MAKERS
from cityops.grid.models import DutyGrid
from cityops.grid.tiles.routes import asked_day
from cityops.patrol import grid_owners
from cityops.patrol.grid_owners import Owner

pages = Blueprint("patrol_map", __name__)


@pages.get("/map/cells/<code>")
def cell_facts(code: str) -> str:
    """A cell: where it belongs, who is on duty in it, what is in it."""
    viewer, on = current_viewer(), asked_day("on")
    with web.reading() as session:
        facts = map_facts.get_cell_facts(session, viewer, code, on)
        return render_template(
            "map/cell.html",
            facts=facts,
            owners=_owners(session, viewer, facts.place.duty_grid, on),
            minute=_minute(on),
            english=web.language() == "en",
            tier_words=TIER_LABELS,
        )


@pages.get("/map/duty-grids/<code>")
def duty_grid_facts(code: str) -> str:
    """A duty grid: its street and size, who is on duty in it, what is in it."""
    viewer, on = current_viewer(), asked_day("on")
    with web.reading() as session:
        facts = map_facts.get_grid_facts(session, viewer, code, on)
        return render_template(
            "map/duty_grid.html",
            facts=facts,
            owners=_owners(session, viewer, facts.place.grid, on),
            minute=_minute(on),
            english=web.language() == "en",
            is_maker=viewer.has(*MAKERS) and on == clock.today(),
        )


def _owners(session: Session, viewer: Viewer, grid: DutyGrid | None, on: date) -> list[Owner] | None:
    return grid_owners.list_seen_owners(session, viewer, grid.id, on) if grid else None


def _minute(on: date) -> int | None:
    """The minute of the day it is, where the day asked for is today."""
    now = clock.now().astimezone(clock.CITY_ZONE)
    return now.hour * 60 + now.minute if on == now.date() else None
