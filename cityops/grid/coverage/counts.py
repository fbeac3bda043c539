"""Counting coverage: figures for every day on which cells, areas or a layer changed, kept as rows."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import shapely
from sqlalchemy import LargeBinary, Row, delete, insert, select, type_coerce
from sqlalchemy.orm import Session

from cityops.grid.coverage.covering import Covered, Pieces, measure
from cityops.grid.coverage.models import TIERS, CoverArea, CoverFigure
from cityops.grid.models import Area, AreaLevel, Cell, GridVersion, VersionState
from cityops.grid.queries import in_force


def recount(session: Session, since: date) -> None:
    """Count coverage anew for every day from `since` on that changed it: of a grid version, or of a layer.

    Versions that are planned count on their day, when they come into force.
    """
    session.execute(delete(CoverFigure).where(CoverFigure.since_on >= since))
    layers = set(session.scalars(select(CoverArea.valid_from_on).distinct()))
    if not layers:
        return
    versions = select(GridVersion.valid_from_on).where(GridVersion.state == VersionState.IN_FORCE)
    days = {day for day in {*layers, *session.scalars(versions)} if day >= max(since, min(layers))}
    for day in sorted(days):
        _count_day(session, day)


def _count_day(session: Session, day: date) -> None:
    communities = _communities(session, day)
    rows = []
    for tier in TIERS:
        stands = CoverArea.valid_from_on <= day, CoverArea.ended_on.is_(None) | (CoverArea.ended_on > day)
        layer = session.scalars(select(CoverArea.boundary).where(CoverArea.tier == tier, *stands)).all()
        if layer:
            rows += [_row(day, tier, each) for each in measure(layer, communities, _cells(session, day, tier))]
    if rows:
        session.execute(insert(CoverFigure), rows)


def _communities(session: Session, day: date) -> Pieces:
    boundary = type_coerce(Area.boundary, LargeBinary)
    wanted = Area.level == AreaLevel.COMMUNITY, in_force(Area, day)
    return _pieces(session.execute(select(Area.code, boundary, Area.area_m2).where(*wanted)).all())


def _cells(session: Session, day: date, tier: int) -> Pieces:
    boundary = type_coerce(Cell.boundary, LargeBinary)
    wanted = Cell.grid_tier == tier, in_force(Cell, day)
    return _pieces(session.execute(select(Cell.area_code, boundary, Cell.area_m2).where(*wanted)).all())


def _pieces(rows: Sequence[Row[str, bytes, float]]) -> Pieces:
    shapes = np.asarray(shapely.from_wkb(np.array([row[1] for row in rows], dtype=object)), dtype=object)
    return Pieces([row[0] for row in rows], shapes, np.array([row[2] for row in rows], dtype=np.float64))


def _row(day: date, tier: int, covered: Covered) -> dict[str, object]:
    land = covered.open_land
    box = land.bounds if land is not None else (None, None, None, None)
    return {
        "since_on": day,
        "tier": tier,
        "area_code": covered.area_code,
        "land_m2": covered.land_m2,
        "covered_m2": covered.covered_m2,
        "cells": covered.cells,
        "cells_m2": covered.cells_m2,
        "open_land": land,
        **dict(zip(("west", "south", "east", "north"), box, strict=True)),
    }
