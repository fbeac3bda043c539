"""Versions of the grid: taken in today or for a day to come, withdrawn before it, put into force on it."""

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from cityops.accounts import administration
from cityops.accounts.audit import record
from cityops.accounts.models import AuditAction
from cityops.accounts.viewer import Viewer
from cityops.clock import now, today
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.grid.findings import Finding
from cityops.grid.loading import Loaded
from cityops.grid.models import Area, AreaLevel, GridVersion, PlannedRow, VersionState
from cityops.grid.records import AreaRecord, CellRecord, GridData, RetiredArea
from cityops.grid.services import Terms, begin_version, bring_in, load_grid, lock_revision, must_be_sound
from cityops.words import N_


def must_survey(viewer: Viewer | None) -> None:
    """Refuse who may not change the ground; None is the command line.

    Raises:
        NotAllowed: no administrator, or one of a part of the city.
    """
    administration.must_administer(viewer)
    if not administration.is_city_administrator(viewer):
        raise NotAllowed(N_("The grid is the whole city's: ask the city's administrator."))


def take_in(
    session: Session,
    data: GridData,
    findings: Iterable[Finding],
    terms: Terms,
    from_on: date | None = None,
) -> Loaded:
    """Take in a survey, today or from a day to come; a later one waits, checked, and changes nothing before its day.

    Raises:
        BadGrid, Unsigned, WrongState: see `services.load_grid`.
        Invalid: field `from_on`; a day that has passed, or nothing for a day to come.
    """
    if from_on is not None and from_on < today():
        raise Invalid("from_on", N_("a version takes effect today or later: what was in force stays as it was"))
    if from_on is None or from_on == today():
        loaded = load_grid(session, data, findings, terms)
        record(session, terms.person_id, AuditAction.GRID_LOADED, terms.title)
        return loaded
    if not data.has_ground:
        raise Invalid("from_on", N_("there are no areas and cells in it to wait for that day"))
    warnings = must_be_sound(session, data, findings, terms, from_on)
    version = begin_version(session, terms, from_on, VersionState.PLANNED, warnings)
    rows = [_planned_row(version.id, "areas", area) for area in data.areas]
    rows += [_planned_row(version.id, "cells", cell) for cell in data.cells]
    rows += _retired_rows(session, version.id, data)
    session.execute(insert(PlannedRow), rows)
    record(session, terms.person_id, AuditAction.GRID_PLANNED, f"{version.id} {from_on}")
    begun = {"areas": len(data.areas), "cells": len(data.cells)}
    return Loaded(begun=begun, ended={"areas": len(data.retired)} if data.retired else {}, warnings=warnings)


def withdraw(session: Session, viewer: Viewer | None, version_id: int) -> GridVersion:
    """Undo a version before it takes effect.

    Raises:
        NotFound: there is no such version.
        WrongState: it has taken effect, or was withdrawn already.
    """
    must_survey(viewer)
    lock_revision(session)
    version = session.get(GridVersion, version_id, with_for_update=True)
    if version is None:
        raise NotFound(N_("there is no version %(number)s of the grid"), number=version_id)
    if version.state is VersionState.IN_FORCE or version.valid_from_on <= today():
        reason = N_("version %(number)s has been in force since %(day)s: it is not undone, a new version follows it")
        raise WrongState(reason, number=version.id, day=version.valid_from_on.isoformat())
    if version.state is VersionState.WITHDRAWN:
        raise WrongState(N_("version %(number)s was withdrawn already"), number=version.id)
    version.state = VersionState.WITHDRAWN
    version.withdrawn_at = now()
    version.withdrawn_by_id = viewer.person_id if viewer else None
    session.execute(delete(PlannedRow).where(PlannedRow.version_id == version.id))
    record(session, version.withdrawn_by_id, AuditAction.GRID_WITHDRAWN, str(version.id))
    return version


def put_due_into_force(session: Session) -> Loaded | None:
    """Put the planned version into force whose day has come; a day that was slept through is its own day still."""
    lock_revision(session)
    due = select(GridVersion).where(GridVersion.state == VersionState.PLANNED, GridVersion.valid_from_on <= today())
    version = session.scalar(due.with_for_update())
    if version is None:
        return None
    data = read_planned(session, version.id)
    version.state = VersionState.IN_FORCE
    session.execute(delete(PlannedRow).where(PlannedRow.version_id == version.id))
    return bring_in(session, data, [], version)


def read_planned(session: Session, version_id: int) -> GridData:
    """The areas and cells that a planned version brings."""
    data = GridData()
    rows = select(PlannedRow).where(PlannedRow.version_id == version_id).order_by(PlannedRow.id)
    for row in session.scalars(rows):
        values = json.loads(row.values) | {"boundary": row.boundary}
        if row.kind == "retired":
            data.retired.append(RetiredArea(values["code"]))
        elif row.kind == "areas":
            data.areas.append(AreaRecord(**values | {"level": AreaLevel(values["level"])}))
        else:
            data.cells.append(CellRecord(**values))
    return data


def list_versions(session: Session) -> list[GridVersion]:
    """All versions, the last first."""
    rows = select(GridVersion).order_by(GridVersion.valid_from_on.desc(), GridVersion.id.desc())
    return list(session.scalars(rows))


def _planned_row(version_id: int, kind: str, each: AreaRecord | CellRecord) -> dict[str, Any]:
    values = {field.name: getattr(each, field.name) for field in fields(each) if field.name != "boundary"}
    return {"version_id": version_id, "kind": kind, "values": json.dumps(values), "boundary": each.boundary}


def _retired_rows(session: Session, version_id: int, data: GridData) -> list[dict[str, Any]]:
    """The areas that end, with the boundary that they end with."""
    ending = select(Area.code, Area.boundary).where(Area.code.in_(data.retired_codes), Area.ended_on.is_(None))
    same = {"version_id": version_id, "kind": "retired"}
    return [
        same | {"values": json.dumps({"code": code}), "boundary": boundary}
        for code, boundary in session.execute(ending.order_by(Area.code))
    ]
