"""Changing the gazetteer: a checked load of addresses, all or nothing."""

import json
import secrets
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from shapely import Point
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, undefer

from cityops.clock import today
from cityops.errors import Invalid
from cityops.grid.addresses.models import NUMBERED, Address, AddressKind, GazetteerRevision, not_ended_on
from cityops.grid.addresses.records import LAYER, AddressRecord
from cityops.grid.addresses.sounds import sounds_of
from cityops.grid.findings import Finding, count_errors
from cityops.grid.geometry import distance_m, quad
from cityops.grid.index import GridIndex
from cityops.grid.models import PlannedRow
from cityops.grid.queries import current_index
from cityops.grid.revisions import bump, lock
from cityops.words import N_

# A place without a code is the one that stood here under the same name if it lies as near as this.
SAME_PLACE_M = {AddressKind.ROAD: 2_000.0}
SAME_PLACE_OTHERWISE_M = 100.0

# What a place that keeps its name may have otherwise.
RENEWED = (
    *("category", "lon", "lat", "quad", "cell_id", "area_code", "line"),
    *("parent_code", "number", "ended_on"),
)


class BadAddresses(Invalid):
    """Addresses that cannot be loaded; nothing of them was. `findings` lists every fault."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("file", N_("%(errors)s faults: nothing was loaded"), errors=count_errors(findings))
        self.findings = findings


@dataclass(slots=True)
class LoadedAddresses:
    """What a load changed: names begun by kind, renewed and ended, places outside every cell, and the warnings."""

    begun: dict[str, int] = field(default_factory=dict)
    renewed: int = 0
    ended: int = 0
    outside: int = 0
    warnings: list[Finding] = field(default_factory=list)


def load_addresses(
    session: Session,
    records: Iterable[AddressRecord],
    findings: Iterable[Finding] = (),
    *,
    is_rehearsal: bool = False,
) -> LoadedAddresses:
    """Check addresses and bring the gazetteer to them; what `records` does not name stays.

    A place is known again by its code, or without one by its kind, its name and where it lies. One that is called
    otherwise ends and begins again under its code, so that the former name is still found.

    Args:
        findings: what the reading of the file already found.
        is_rehearsal: say what would change and write nothing; a session that only reads is enough.

    Raises:
        BadAddresses: with every fault; nothing is written.
    """
    if not is_rehearsal:
        lock(session, GazetteerRevision)
    load = _Load(session, current_index(session))
    coming = list(load.identified(records))
    found = [*findings, *load.findings]
    if count_errors(found):
        raise BadAddresses(found)
    load.told.warnings = found
    for record in coming:
        load.bring(record)
    if not is_rehearsal:
        load.write()
        bump(session, GazetteerRevision)
    return load.told


class _Load:
    """One load: what stands, what has ended, and the rows that are to be written."""

    def __init__(self, session: Session, index: GridIndex) -> None:
        self.session, self.index, self.on = session, index, today()
        self.told, self.findings = LoadedAddresses(), list[Finding]()
        standing = select(Address).where(not_ended_on(self.on), Address.is_alias.is_(False))
        rows = session.scalars(standing.order_by(Address.valid_from_on).options(undefer(Address.line)))
        # Of a place that will be called otherwise the name to come.
        self.standing = {row.code: row for row in rows}
        ended = select(*_SAME_END, Address.code).where(Address.ended_on <= self.on, Address.is_alias.is_(False))
        self.gone: dict[tuple[Any, ...], str] = {tuple(key): code for *key, code in session.execute(ended)}
        names = select(Address.code, Address.name).where(Address.ended_on.is_not(None) | Address.is_alias)
        self.other_names = {(code, name) for code, name in session.execute(names)}
        self.by_name: dict[tuple[AddressKind, str, str | None], list[Address | AddressRecord]] = {}
        for row in self.standing.values():
            self.by_name.setdefault((row.kind, row.name, row.parent_code), []).append(row)
        self.numbered_by = {code for code, row in self.standing.items() if row.kind in NUMBERED}
        planned = session.scalars(select(PlannedRow.values).where(PlannedRow.kind == "areas"))
        self.to_come = {json.loads(values)["code"] for values in planned}
        self.begun: list[dict[str, Any]] = []
        self.renewed: list[dict[str, Any]] = []
        self.ends: list[dict[str, Any]] = []

    def identified(self, records: Iterable[AddressRecord]) -> Iterable[AddressRecord]:
        """The records with their codes, plates with their road's; roads first, as plates ask for them."""
        seen: dict[str, int] = {}
        for record in sorted(records, key=lambda each: each.kind is AddressKind.PLATE):
            if record.kind is AddressKind.PLATE:
                road = self._road_of(record)
                if road is None:
                    reason = N_("there is no road, block or zone %(name)s for this plate")
                    self._refuse(record, "road", reason, name=record.road)
                    continue
                record = replace(record, road=road)
            if record.ended_on and record.valid_from_on and record.ended_on < record.valid_from_on:
                self._refuse(record, "ended_on", N_("it ends before it begins"))
                continue
            code = record.code or self._code_of(record, seen)
            if code in seen:
                reason = N_("this place stands twice in the file, first in line %(line)s")
                self._refuse(record, "code", reason, line=seen[code])
                continue
            seen[code] = record.source_line
            known = self.standing.get(code)
            if (known is not None and known.kind is not record.kind) or code in self.to_come:
                self._refuse(record, "kind", N_("the code %(code)s is that of another kind of place"), code=code)
                continue
            record = replace(record, code=code)
            self.by_name.setdefault((record.kind, record.name, record.road), []).append(record)
            if record.kind in NUMBERED:
                self.numbered_by.add(code)
            yield record

    def _refuse(self, record: AddressRecord, of: str, reason: str, **params: Any) -> None:
        place = Point(record.lon, record.lat)
        self.findings.append(Finding(LAYER, record.source_line, of, reason, params, place=place))

    def _road_of(self, record: AddressRecord) -> str | None:
        """The code of a plate's road: given as such, or the nearest of that name."""
        named = [each for kind in NUMBERED for each in self.by_name.get((kind, record.road or "", None), ())]
        nearest = min(named, key=lambda each: _apart_m(each, record), default=None)
        if nearest is not None:
            return nearest.code
        return record.road if record.road in self.numbered_by else None

    def _code_of(self, record: AddressRecord, seen: Container[str]) -> str:
        """The code under which a place without one is here already, the nearest that is not taken; or one of its own.

        Two stops of one name stand on both sides of a road.
        """
        if _end_of(record) in self.gone:
            return self.gone[_end_of(record)]
        limit_m = SAME_PLACE_M.get(record.kind, SAME_PLACE_OTHERWISE_M)
        named = self.by_name.get((record.kind, record.name, record.road), ())
        free = [known for known in named if isinstance(known, Address) and known.code not in seen]
        nearest = min(free, key=lambda known: _apart_m(known, record), default=None)
        if nearest is not None and _apart_m(nearest, record) <= limit_m:
            return nearest.code
        return f"{record.kind[0].upper()}{secrets.token_hex(8)}"

    def bring(self, record: AddressRecord) -> None:
        """Begin, renew or end one place."""
        known = self.standing.get(record.code or "")
        if known is None and _end_of(record) in self.gone:
            return
        begins_on = record.valid_from_on or self.on
        row = self._row(record, begins_on)
        if known is not None and known.name != record.name:
            self.ends.append({"id": known.id, "ended_on": max(begins_on, known.valid_from_on)})
            self.told.ended += 1
            self.other_names.add((known.code, known.name))
            known = None
        if known is None:
            self._begin(row)
        else:
            if any(getattr(known, name) != row[name] for name in RENEWED):
                self.renewed.append({"id": known.id} | {name: row[name] for name in RENEWED})
                self.told.renewed += 1
            self.told.ended += record.ended_on not in (None, known.ended_on)
        others: tuple[dict[str, Any], ...] = {"is_alias": True}, {"ended_on": begins_on}
        for more, names in zip(others, (record.aliases, record.former_names), strict=True):
            for name in names:
                if (row["code"], name) not in self.other_names and name != record.name:
                    self.other_names.add((row["code"], name))
                    self._begin(row | {"name": name, "pinyin": sounds_of(name)} | more)

    def _row(self, record: AddressRecord, begins_on: date) -> dict[str, Any]:
        place = self.index.locate(record.lon, record.lat)
        self.told.outside += place is None
        return {
            "code": record.code,
            "kind": record.kind,
            "category": record.category,
            "name": record.name,
            "pinyin": "" if record.kind is AddressKind.PLATE else sounds_of(record.name),
            "is_alias": False,
            "parent_code": record.road,
            "number": record.number,
            "lon": record.lon,
            "lat": record.lat,
            "quad": quad(record.lon, record.lat),
            "cell_id": place and place.cell_id,
            "area_code": place and place.area_code,
            "line": record.line,
            "valid_from_on": begins_on,
            "ended_on": record.ended_on,
        }

    def _begin(self, row: dict[str, Any]) -> None:
        self.begun.append(row)
        self.told.begun[row["kind"]] = self.told.begun.get(row["kind"], 0) + 1

    def write(self) -> None:
        """Write what ended first: only one name of a code is its standard one."""
        for changes in (self.ends, self.renewed):
            if changes:
                self.session.execute(update(Address), changes)
        if self.begun:
            self.session.execute(insert(Address), self.begun)


# What a place that has ended is known again by.
_SAME_END = (Address.kind, Address.name, Address.parent_code, Address.lon, Address.lat, Address.ended_on)


def _end_of(record: AddressRecord) -> tuple[Any, ...]:
    return record.kind, record.name, record.road, record.lon, record.lat, record.ended_on


def _apart_m(one: Address | AddressRecord, other: AddressRecord) -> float:
    return distance_m(one.lon, one.lat, other.lon, other.lat)
