"""Open cases on the map: each by its place, and from afar their number by community, street or district."""

import numpy as np
from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.cases import numbers
from cityops.cases.clocks import light
from cityops.cases.models import Case
from cityops.cases.names import Stage
from cityops.cases.queries import AREA_POSTS, scope
from cityops.grid.models import AreaLevel
from cityops.grid.tiles.mvt import Layer, encode
from cityops.grid.tiles.names import Box, MapNames, current_map_names
from cityops.grid.tiles.tiling import Tile, point_layer

CASES_FROM = 14
COUNTED_FROM = ((AreaLevel.COMMUNITY, 12), (AreaLevel.STREET, 10), (AreaLevel.DISTRICT, 0))
CODE_DIGITS = {AreaLevel.DISTRICT: 6, AreaLevel.STREET: 9, AreaLevel.COMMUNITY: 12}

Wanted = tuple[ColumnElement[bool], ...]


def case_tile(session: Session, viewer: Viewer, tile: Tile, stages: tuple[Stage, ...] = ()) -> bytes:
    """The open cases of a tile in the viewer's scope, one by one from zoom 14, counted by area below."""
    wanted = (scope(viewer), Case.ended_at.is_(None), Case.stage.in_(stages) if stages else true())
    if tile.zoom >= CASES_FROM:
        return encode([_cases(session, tile, wanted)])
    return encode([_counts(session, tile, wanted)])


def _cases(session: Session, tile: Tile, wanted: Wanted) -> Layer:
    columns = (Case.id, Case.opened_at, Case.stage, Case.due_at, Case.warn_at, Case.lon, Case.lat)
    rows = session.execute(select(*columns).where(*wanted, Case.quad.between(*tile.quads)).order_by(Case.id)).all()
    now = clock.now()
    return point_layer(
        "cases",
        np.array([(row.lon, row.lat) for row in rows], dtype=np.float64),
        tile,
        {
            "number": [numbers.case_number(clock.city_day(row.opened_at), row.id) for row in rows],
            "stage": [row.stage.value for row in rows],
            "light": [light(now, row.due_at, row.warn_at, is_open=True).value for row in rows],
        },
    )


def _counts(session: Session, tile: Tile, wanted: Wanted) -> Layer:
    """The numbers of the areas named in the tile; a case outside every cell belongs to none."""
    level = next(level for level, first in COUNTED_FROM if tile.zoom >= first)
    areas = current_map_names(session)
    here = {areas.codes[position]: position for position in areas.named_in(tile.box, (level,))}
    counted = _count_by_area(session, CODE_DIGITS[level], wanted) if here else {}
    shown = [(here[code], n) for code, n in counted.items() if code in here]
    return point_layer(
        "case_counts",
        areas.points[[position for position, _ in shown]],
        tile,
        {
            "code": [areas.codes[position] for position, _ in shown],
            "name": [areas.names[position] for position, _ in shown],
            "n": [n for _, n in shown],
        },
    )


def _count_by_area(session: Session, digits: int, wanted: Wanted) -> dict[str, int]:
    code = func.substr(Case.area_code, 1, digits)
    rows = session.execute(select(code, func.count()).where(*wanted, Case.area_code.is_not(None)).group_by(code))
    return {row[0]: row[1] for row in rows}


def first_view(session: Session, viewer: Viewer) -> Box | None:
    """The box the map opens with: the viewer's jurisdiction, the whole city without one."""
    areas: MapNames = current_map_names(session)
    held = viewer.holding(*AREA_POSTS)
    box = areas.box_around(lambda code: any(post.covers(code) for post in held)) if held else None
    return box or areas.box_around(lambda _: True)
