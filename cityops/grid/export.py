"""The grid as it stands now, read out of the database as records."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.grid.models import Area, Cell, DutyGrid
from cityops.grid.records import AreaRecord, CellRecord, GridData


def read_out(session: Session) -> GridData:
    """All active areas and cells, in order of their codes; `line` is a row's place among them, from 1."""
    return GridData(areas=_areas(session), cells=_cells(session))


def _areas(session: Session) -> list[AreaRecord]:
    columns = (Area.code, Area.name, Area.name_en, Area.level, Area.parent_code, Area.boundary)
    rows = session.execute(select(*columns).where(Area.ended_on.is_(None)).order_by(Area.code))
    return [AreaRecord(*row, line=line) for line, row in enumerate(rows, start=1)]


def _cells(session: Session) -> list[CellRecord]:
    grid = (DutyGrid.code, DutyGrid.name, DutyGrid.name_en)
    columns = (Cell.code, Cell.boundary, *grid, Cell.grid_tier, Cell.area_level)
    rows = session.execute(
        select(*columns).outerjoin(Cell.duty_grid).where(Cell.ended_on.is_(None)).order_by(Cell.code)
    )
    return [
        CellRecord(row[0], row[1], row[2], row[3] or "", row[4] or "", row[5], row[6], line)
        for line, row in enumerate(rows, start=1)
    ]
