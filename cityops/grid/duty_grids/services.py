"""Changing duty grids: a street drawn anew from a day on, withdrawn before it, put into force on it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from cityops.accounts.audit import record
from cityops.accounts.models import AuditAction
from cityops.accounts.viewer import Viewer
from cityops.clock import now, today
from cityops.errors import Invalid, WrongState
from cityops.grid.duty_grids.membership import keep_history
from cityops.grid.duty_grids.models import DutyGridChange
from cityops.grid.duty_grids.queries import (
    StreetCell,
    cells_of_street,
    find_planned,
    get_street,
    list_cells,
    list_codes_ever,
    list_grids,
    read_plan,
)
from cityops.grid.duty_grids.rules import Fault, NamedGrid, Plan, check, find_neighbours
from cityops.grid.models import Cell, CellAncestor, DutyGrid, GridRevision, VersionState
from cityops.grid.revisions import bump
from cityops.grid.services import lock_revision
from cityops.words import N_


class BadPlan(Invalid):
    """Duty grids that cannot be; nothing was changed. `faults` says why."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("plan", N_("%(faults)s faults: nothing was changed"), faults=len(faults))
        self.faults = faults


def plan_change(session: Session, viewer: Viewer, street_code: str, plan: Plan, from_on: date) -> DutyGridChange:
    """Draw a street's duty grids anew from a day on; today's come into force at once.

    The grids that it begins have their rows at once, so that inspectors can be given to them before their day.

    Raises:
        NotFound, NotAllowed: the street is not, or not wholly, the viewer's to lay out.
        Invalid: field `from_on`; the day has passed, or nothing would change.
        WrongState: another change of the street waits for its day.
        BadPlan: with every fault.
    """
    street = get_street(session, viewer, street_code)
    lock_revision(session)
    if from_on < today():
        raise Invalid("from_on", N_("This day has passed: duty grids change today or later."))
    waiting = find_planned(session, street.code)
    if waiting is not None:
        reason = N_("A change from %(day)s on waits already: withdraw it first.")
        raise WrongState(reason, day=waiting.from_on.isoformat())
    cells = list_cells(session, [street.code])
    before = {cell.code: cell.grid_code for cell in cells}
    faults = find_faults(session, street.code, plan, cells)
    if faults:
        raise BadPlan(faults)
    if _is_as_it_stands(session, street.code, plan, before):
        raise Invalid("from_on", N_("These are the duty grids as they stand: nothing would change."))
    change = DutyGridChange(
        street_code=street.code,
        from_on=from_on,
        state=VersionState.PLANNED,
        plan=json.dumps({"grids": [asdict(grid) for grid in plan.used.values()], "cells": dict(plan.cells)}),
        moved=sum(before[cell] != grid for cell, grid in plan.cells.items()),
        made_at=now(),
        made_by=viewer.person_id,
    )
    session.add(change)
    _begin_grids(session, street.code, plan, from_on)
    record(session, viewer.person_id, AuditAction.DUTY_GRIDS_PLANNED, f"{street.code} {from_on} {change.moved}")
    if from_on == today():
        _bring_into_force(session, change)
    return change


def find_faults(session: Session, street_code: str, plan: Plan, cells: Sequence[StreetCell]) -> list[Fault]:
    """All that is wrong with a plan for a street with these standing cells."""
    before = {cell.code: cell.grid_code for cell in cells}
    standing = {grid.code for grid in list_grids(session, [street_code])}
    retired = list_codes_ever(session, street_code) - standing
    return check(street_code, plan, before, find_neighbours({cell.code: cell.boundary for cell in cells}), retired)


def withdraw(session: Session, viewer: Viewer, street_code: str) -> DutyGridChange:
    """Undo a street's change before its day.

    Raises:
        NotFound, NotAllowed: see `plan_change`.
        WrongState: none waits, or its day has come.
    """
    street = get_street(session, viewer, street_code)
    lock_revision(session)
    change = find_planned(session, street.code)
    if change is None:
        raise WrongState(N_("No change of this street's duty grids waits for its day."))
    if change.from_on <= today():
        raise WrongState(N_("The day of this change has come: it is not undone, another one follows it."))
    change.state, change.withdrawn_at, change.withdrawn_by = VersionState.WITHDRAWN, now(), viewer.person_id
    has_cells = exists().where(Cell.duty_grid_id == DutyGrid.id, Cell.ended_on.is_(None))
    unborn = update(DutyGrid).where(DutyGrid.street_code == street.code, DutyGrid.ended_on.is_(None), ~has_cells)
    session.execute(unborn.values(ended_on=DutyGrid.valid_from_on))
    record(session, viewer.person_id, AuditAction.DUTY_GRIDS_WITHDRAWN, f"{street.code} {change.from_on}")
    return change


def put_due_into_force(session: Session) -> int:
    """Put the changes into force whose day has come; how many."""
    lock_revision(session)
    due = select(DutyGridChange).where(DutyGridChange.state == VersionState.PLANNED, DutyGridChange.from_on <= today())
    changes = session.scalars(due.order_by(DutyGridChange.id).with_for_update()).all()
    for change in changes:
        _bring_into_force(session, change)
    return len(changes)


def _is_as_it_stands(session: Session, street_code: str, plan: Plan, before: dict[str, str | None]) -> bool:
    held = {cell: grid for cell, grid in before.items() if grid}
    named = {NamedGrid(grid.code, grid.name, grid.name_en) for grid in list_grids(session, [street_code])}
    return held == plan.cells and set(plan.used.values()) <= named


def _begin_grids(session: Session, street_code: str, plan: Plan, on: date) -> dict[str, DutyGrid]:
    """The rows of a plan's grids by code, begun where there is none."""
    standing = {grid.code: grid for grid in list_grids(session, [street_code])}
    for code, named in plan.used.items():
        if code not in standing:
            standing[code] = DutyGrid(
                code=code, name=named.name, name_en=named.name_en, street_code=street_code, valid_from_on=on
            )
            session.add(standing[code])
    session.flush()
    return standing


def _bring_into_force(session: Session, change: DutyGridChange) -> None:
    plan = read_plan(change)
    grids = _begin_grids(session, change.street_code, plan, change.from_on)
    for code, named in plan.used.items():
        grids[code].name, grids[code].name_en = named.name.strip(), named.name_en.strip() or named.name.strip()
    cells = session.scalars(select(Cell).where(cells_of_street(change.street_code)).order_by(Cell.code)).all()
    planned = _planned_grids(session, cells, plan)
    for cell in cells:
        if cell.id in planned:
            cell.duty_grid_id = grids[planned[cell.id]].id
    used = {cell.duty_grid_id for cell in cells}
    for grid in grids.values():
        if grid.id not in used:
            grid.ended_on = change.from_on
    change.state = VersionState.IN_FORCE
    keep_history(session, change.from_on)
    bump(session, GridRevision)


def _planned_grids(session: Session, cells: Sequence[Cell], plan: Plan) -> dict[int, str]:
    """Each cell's grid by the cell's key; a cell that came after the plan takes that of who left it most land."""
    planned = {cell.id: plan.cells[cell.code] for cell in cells if cell.code in plan.cells}
    asked = {cell.id: cell.id for cell in cells if cell.id not in planned}
    while asked:
        rows = select(CellAncestor.cell_id, Cell.id, Cell.code).join(Cell, Cell.id == CellAncestor.ancestor_id)
        rows = rows.where(CellAncestor.cell_id.in_(asked.values())).order_by(CellAncestor.shared_m2)
        heaviest = {cell_id: (ancestor_id, code) for cell_id, ancestor_id, code in session.execute(rows)}
        found = {heir: heaviest[cell_id] for heir, cell_id in asked.items() if cell_id in heaviest}
        planned |= {heir: plan.cells[code] for heir, (_, code) in found.items() if code in plan.cells}
        asked = {heir: ancestor_id for heir, (ancestor_id, _) in found.items() if heir not in planned}
    return planned
