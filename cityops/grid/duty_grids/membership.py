"""Which cell belonged to which duty grid when: kept by whatever changes cells or duty grids."""

from datetime import date

from sqlalchemy import delete, exists, insert, literal, select, update
from sqlalchemy.orm import Session

from cityops.grid.duty_grids.models import CellDutyGrid
from cityops.grid.models import Cell


def keep_history(session: Session, on: date) -> None:
    """Write down from which day on a cell belongs to its duty grid, wherever that has changed or the cell has ended."""
    session.flush()
    is_so_still = exists().where(
        Cell.id == CellDutyGrid.cell_id, Cell.duty_grid_id == CellDutyGrid.duty_grid_id, Cell.ended_on.is_(None)
    )
    ended = update(CellDutyGrid).where(CellDutyGrid.ended_on.is_(None), ~is_so_still).values(ended_on=on)
    session.execute(ended, execution_options={"synchronize_session": False})
    # What did not hold for a day was not.
    empty = delete(CellDutyGrid).where(CellDutyGrid.ended_on == on, CellDutyGrid.from_on >= on)
    session.execute(empty, execution_options={"synchronize_session": False})
    is_known = exists().where(CellDutyGrid.cell_id == Cell.id, CellDutyGrid.ended_on.is_(None))
    begun = select(Cell.id, Cell.duty_grid_id, literal(on)).where(
        Cell.ended_on.is_(None), Cell.duty_grid_id.is_not(None), ~is_known
    )
    session.execute(insert(CellDutyGrid).from_select(["cell_id", "duty_grid_id", "from_on"], begun))
