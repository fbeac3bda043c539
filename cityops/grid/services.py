"""Changing the grid: a checked load of areas and cells, all or nothing, and the revision that counts it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.clock import now, today
from cityops.errors import Invalid, WrongState
from cityops.grid.addresses.following import find_taken, follow_grid
from cityops.grid.checks import check_grid, find_shift
from cityops.grid.coverage.counts import recount
from cityops.grid.duty_grids.membership import keep_history
from cityops.grid.findings import Finding, count_errors
from cityops.grid.loading import Loaded, load_ground, relocate_components
from cityops.grid.models import Area, Cell, GridRevision, GridVersion, VersionState
from cityops.grid.queries import current_index
from cityops.grid.records import AreaRecord, CellRecord, GridData
from cityops.grid.retiring import check_hangers_on
from cityops.grid.revisions import bump, lock
from cityops.grid.standing_checks import StandingArea, check_standing, find_heirs
from cityops.grid.summary import count_components_outside
from cityops.grid.tiers import find_bands
from cityops.words import N_

# How many codes that stand here already are looked at to tell a shifted file.
SHIFT_SAMPLE = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version is called, who hands it in, and why he accepts the warnings about its file."""

    title: str = ""
    person_id: int | None = None
    because: str = ""


class BadGrid(Invalid):
    """A grid that cannot be loaded; nothing of it was. `findings` lists every fault with its line, field and reason."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("file", N_("%(errors)s faults: nothing was loaded"), errors=count_errors(findings))
        self.findings = findings


class Unsigned(Invalid):
    """Warnings that nobody has accepted; nothing was loaded. `findings` lists them."""

    def __init__(self, findings: list[Finding]) -> None:
        reason = N_("%(warnings)s warnings: look at them, and say why they are accepted")
        super().__init__("because", reason, warnings=len(findings))
        self.findings = findings


def load_grid(session: Session, data: GridData, findings: Iterable[Finding] = (), terms: Terms | None = None) -> Loaded:
    """Check a grid and bring the database to it, today.

    Areas of `data` are added or renewed, the retired areas end with all their cells, others stay. The
    cells of a community come as a whole: what `data` has cells for loses its other cells. A changed boundary ends the
    old row today and begins the next revision. A component without a cell, or whose cell ends, is located anew; one
    outside every cell is kept without a cell.
    Addresses follow.

    Args:
        findings: what the reading of the file already found.
        terms: what the version that areas and cells make is called, and by whom.

    Raises:
        BadGrid: with every fault; nothing is written.
        Unsigned: with every warning; nobody says why they are accepted.
        WrongState: a version is planned, which was checked against the grid as it stands now.
    """
    terms = terms or Terms()
    found = must_be_sound(session, data, findings, terms)
    version = None
    if data.has_ground:
        version = begin_version(session, terms, today(), VersionState.IN_FORCE, found)
    return bring_in(session, data, found, version)


def must_be_sound(
    session: Session, data: GridData, findings: Iterable[Finding], terms: Terms, on: date | None = None
) -> list[Finding]:
    """Refuse a grid with faults, or with warnings that nobody signs for; gives the warnings that somebody did.

    Nobody else changes the grid from here on until the transaction ends.

    Raises:
        BadGrid, Unsigned, WrongState: see `load_grid`.
    """
    lock_revision(session)
    if data.has_ground:
        must_have_no_plan(session)
    found = check(session, data, findings, on=on)
    if count_errors(found):
        raise BadGrid(found)
    if found and not terms.because.strip():
        raise Unsigned(found)
    return found


def bring_in(session: Session, data: GridData, warnings: list[Finding], version: GridVersion | None) -> Loaded:
    """Bring the database to a grid that was checked; what it ends and begins does so on the version's day."""
    loaded = Loaded(warnings=warnings)
    on = version.valid_from_on if version else today()
    standing = _areas_standing(session) if data.retired else {}
    heirs = {area.code: find_heirs(area.code, data, standing)[:1] for area in data.retired}
    load_ground(session, data, version, loaded)
    keep_history(session, on)
    loaded.revision = bump(session, GridRevision)
    index = current_index(session)
    relocate_components(session, index)
    loaded.components_outside = count_components_outside(session)
    if version is not None:
        recount(session, version.valid_from_on)
    follow_grid(session, index, on, {code: found[0] for code, found in heirs.items() if found})
    return loaded


def begin_version(
    session: Session, terms: Terms, on: date, state: VersionState, warnings: list[Finding]
) -> GridVersion:
    """Write down a version of the grid; its counts come with its cells."""
    version = GridVersion(
        title=terms.title.strip()[:100] or on.isoformat(),
        valid_from_on=on,
        state=state,
        person_id=terms.person_id,
        made_at=now(),
        warnings=len(warnings),
        because=terms.because.strip(),
    )
    session.add(version)
    session.flush()
    return version


def find_planned(session: Session) -> GridVersion | None:
    """The one version that waits for its day."""
    return session.scalar(select(GridVersion).where(GridVersion.state == VersionState.PLANNED))


def must_have_no_plan(session: Session) -> None:
    """Refuse a change of areas and cells while a version is planned.

    Raises:
        WrongState: names the version and its day.
    """
    planned = find_planned(session)
    if planned is not None:
        reason = N_("version %(number)s takes effect on %(day)s: withdraw it first, it was checked against this grid")
        raise WrongState(reason, number=planned.id, day=planned.valid_from_on.isoformat())


def check(
    session: Session,
    data: GridData,
    findings: Iterable[Finding] = (),
    buildings: Iterable[BaseGeometry] = (),
    on: date | None = None,
) -> list[Finding]:
    """All that is wrong or odd about a grid, by itself and beside what stands in the database; changes nothing.

    Args:
        findings: what the reading of the file already found; they come first.
        buildings: footprints that no cell's line may cut.
        on: the day the grid takes effect, today without.
    """
    areas, cells = _areas_standing(session), _cells_kept(session, data)
    leaving = {area.code for area in data.areas} | data.retired_codes
    kept = {code: area.boundary for code, area in areas.items() if code not in leaving}
    found = [*findings, *check_grid(data, kept, cells, buildings, find_bands(session))]
    found += [*check_standing(data, areas, cells), *check_hangers_on(session, data, areas, on or today())]
    found += _check_retired(session, "areas", Area, data.areas) + _check_retired(session, "cells", Cell, data.cells)
    found += _check_taken(session, data.areas)
    return found + _check_shifted(session, data)


def lock_revision(session: Session) -> None:
    """Let nobody else change the grid until this transaction ends."""
    lock(session, GridRevision)


def _areas_standing(session: Session) -> dict[str, StandingArea]:
    rows = select(Area.code, Area.level, Area.parent_code, Area.boundary).where(Area.ended_on.is_(None))
    return {row.code: StandingArea(row.level, row.parent_code, row.boundary) for row in session.execute(rows)}


def _cells_kept(session: Session, data: GridData) -> Mapping[str, Any]:
    coming = data.communities
    rows = session.execute(select(Cell.code, Cell.area_code, Cell.boundary).where(Cell.ended_on.is_(None)))
    return {row.code: row.boundary for row in rows if row.area_code not in coming}


def _check_retired(
    session: Session, layer: str, kind: type[Area] | type[Cell], records: Sequence[AreaRecord | CellRecord]
) -> list[Finding]:
    active = set(session.scalars(select(kind.code).where(kind.ended_on.is_(None))))
    retired = set(session.scalars(select(kind.code).where(kind.ended_on.is_not(None)))) - active
    reason = N_("this code was retired and is not used again")
    return [Finding(layer, each.line, "code", reason) for each in records if each.code in retired]


def _check_taken(session: Session, areas: list[AreaRecord]) -> list[Finding]:
    taken = find_taken(session, {area.code for area in areas})
    reason = N_("this code is that of a place in the gazetteer")
    return [Finding("areas", area.line, "code", reason) for area in areas if area.code in taken]


def _check_shifted(session: Session, data: GridData) -> list[Finding]:
    """A warning for each kind of thing whose places look shifted against those that stand here under the same codes."""
    found = []
    for layer, kind, records in (("areas", Area, data.areas), ("cells", Cell, data.cells)):
        sample = {record.code: record.boundary for record in records[:SHIFT_SAMPLE]}
        kept = select(kind.code, kind.boundary).where(kind.code.in_(sample), kind.ended_on.is_(None))
        pairs = [(sample[code].centroid, boundary.centroid) for code, boundary in session.execute(kept)]
        found += find_shift(layer, np.array([(a.x, a.y, b.x, b.y) for a, b in pairs]))
    return found
