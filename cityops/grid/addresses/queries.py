"""Finding an address as an operator types it: candidates from the gazetteer, the best and the nearest first.

The names of all places but door plates are prepared in memory, once a process and again after each change; plates are
read from the database by their road and number.
"""

from collections.abc import Collection, Iterable
from datetime import date
from threading import Lock
from typing import NamedTuple

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session, undefer
from sqlalchemy.sql.base import ExecutableOption

from cityops.clock import today
from cityops.db import setting
from cityops.grid.addresses.crossings import meeting_points
from cityops.grid.addresses.index import Entry, Match, NameIndex
from cityops.grid.addresses.match import Grade, Typed
from cityops.grid.addresses.models import NUMBERED, Address, AddressKind, GazetteerRevision, standing_on
from cityops.grid.addresses.plates import Plate, PlateFound, choose_plate
from cityops.grid.addresses.words import Beside, Numbered, beside, crossing, moved, numbered, plain
from cityops.grid.geometry import check_point, distance_m
from cityops.words import N_

# Which kind comes first among names that answer equally well.
RANKS = {kind: rank for rank, kind in enumerate(AddressKind)} | {AddressKind.LANDMARK: 1}
# How many roads of a name are tried for a number or a crossing.
ROADS = 6
# Beyond this from the number asked for, a plate says nothing about where it would be.
NUMBERS_AWAY = 60

_lock = Lock()
_prepared: dict[str, tuple[str, "Gazetteer"]] = {}


class Candidate(NamedTuple):
    """A place that may be meant.

    Attributes:
        kind: None for a crossing of roads.
        note: what has to be known of it besides, a msgid with `params`: how near it is guessed, what it was called.
        metres: from the last click.
    """

    kind: AddressKind | None
    name: str
    lon: float
    lat: float
    area_code: str | None
    category: str | None = None
    is_approximate: bool = False
    note: str = ""
    params: dict[str, str] = {}
    metres: float | None = None


class Gazetteer:
    """The prepared names: what plates are numbered by, and the rest; and how the letters of both sound."""

    def __init__(self, numbered_by: NameIndex, others: NameIndex) -> None:
        self.numbered_by = numbered_by
        self.others = others
        self._sounds = numbered_by.sounds_of_letters() | others.sounds_of_letters()

    def typed(self, words: str) -> Typed:
        """Plain words with the sounds of their letters, as far as the gazetteer's names tell them."""
        return Typed(words, tuple(self._sounds.get(letter, letter) for letter in words))

    def find(self, words: str, near: tuple[float, float] | None, limit: int) -> list[Match]:
        """The names of all kinds that answer best."""
        typed = self.typed(words)
        found = [*self.numbered_by.find(typed, near, limit), *self.others.find(typed, near, limit)]
        return sorted(found, key=lambda match: match.order)[:limit]

    def roads(self, words: str, near: tuple[float, float] | None) -> list[Match]:
        """The roads, blocks and zones whose names answer best, all of one grade."""
        found = self.numbered_by.find(self.typed(words), near, ROADS)
        return [match for match in found if match.grade == found[0].grade]


# Built once: putting a statement together takes longer than running it.
_REVISION = select(GazetteerRevision.mark).where(GazetteerRevision.id == 1)


def current_gazetteer(session: Session) -> Gazetteer:
    """The gazetteer as it stands, prepared once a process and again after each change of it."""
    mark = setting(session, "gazetteer", lambda: session.scalar(_REVISION)) or ""
    url = str(session.get_bind().engine.url)
    kept = _prepared.get(url)
    if kept is not None and kept[0] == mark:
        return kept[1]
    with _lock:
        kept = _prepared.get(url)
        if kept is None or kept[0] != mark:
            kept = (mark, _prepare(session))
            _prepared[url] = kept
    return kept[1]


def _prepare(session: Session) -> Gazetteer:
    columns = (Address.id, Address.kind, Address.name, Address.pinyin, Address.lon, Address.lat)
    rows = session.execute(select(*columns).where(Address.kind != AddressKind.PLATE).order_by(Address.id)).all()
    return Gazetteer(
        NameIndex(_entry(row) for row in rows if row.kind in NUMBERED),
        NameIndex(_entry(row) for row in rows if row.kind not in NUMBERED),
    )


def _entry(row: Row[int, AddressKind, str, str, float, float]) -> Entry:
    return Entry(row.id, RANKS[row.kind], plain(row.name), row.pinyin, row.lon, row.lat)


def search(session: Session, text: str, *, near: tuple[float, float] | None = None, limit: int = 10) -> list[Candidate]:
    """Places that may be meant by what was typed, the likeliest first; none for what has no letters.

    Args:
        near: lon, lat of the last click: among names that answer equally well the nearest comes first.

    Raises:
        Invalid: `near` is no point.
    """
    if near is not None:
        check_point(*near)
    words = plain(text)
    if not words:
        return []
    gazetteer = current_gazetteer(session)
    places = _places(session, gazetteer.find(words, near, limit))
    exact = [each for each, grade in places if grade is Grade.SAME]
    others = [each for each, grade in places if grade is not Grade.SAME]
    read = [
        *_crossings(session, gazetteer, text, near),
        *_plates(session, gazetteer, words, near),
        *_beside(session, gazetteer, words, near),
    ]
    return _measured([*exact, *read, *others], near)[:limit]


def _measured(candidates: Iterable[Candidate], near: tuple[float, float] | None) -> list[Candidate]:
    """Each place once, with its distance from the last click."""
    seen, kept = set(), []
    for each in candidates:
        key = (each.name, each.lon, each.lat)
        if key not in seen:
            seen.add(key)
            kept.append(each if near is None else each._replace(metres=distance_m(*near, each.lon, each.lat)))
    return kept


def _places(session: Session, matches: list[Match]) -> list[tuple[Candidate, Grade]]:
    """The candidates of matched names: a former name leads to the place of today, an ended place is said to be one."""
    rows = _rows(session, [match.id for match in matches])
    on = today()
    ended = {row.code for row in rows.values() if row.is_alias or (row.ended_on and row.ended_on <= on)}
    standing = _standing(session, ended)
    found = []
    for match in matches:
        row = rows[match.id]
        if row.valid_from_on <= on:
            found.append((_candidate(row, standing.get(row.code), on), match.grade))
    return found


def _candidate(row: Address, today_called: Address | None, on: date) -> Candidate:
    place = today_called or row
    found = _place_candidate(place)
    if today_called is None and row.ended_on is not None and row.ended_on <= on:
        return found._replace(note=N_("no longer since %(on)s"), params={"on": row.ended_on.isoformat()})
    # The second name of an area is its English one.
    if place.name != row.name and row.kind is not AddressKind.AREA:
        note = N_("also called %(name)s") if row.is_alias else N_("formerly %(name)s")
        return found._replace(note=note, params={"name": row.name})
    return found


def _rows(session: Session, ids: Collection[int]) -> dict[int, Address]:
    return {row.id: row for row in session.scalars(select(Address).where(Address.id.in_(ids)))} if ids else {}


def _standing(session: Session, codes: Collection[str], *options: ExecutableOption) -> dict[str, Address]:
    """The places of these codes under their standard names."""
    if not codes:
        return {}
    rows = select(Address).where(Address.code.in_(codes), standing_on(today()))
    # Rows that are known already get their deferred columns only where they are read anew.
    read = session.scalars(rows.options(*options), execution_options={"populate_existing": bool(options)})
    return {row.code: row for row in read}


def _roads(session: Session, matches: list[Match]) -> list[Address]:
    """The roads of today that matched names lead to, with their courses, in their order, each once."""
    rows = _rows(session, [match.id for match in matches])
    codes = list(dict.fromkeys(rows[match.id].code for match in matches))
    standing = _standing(session, codes, undefer(Address.line))
    return [standing[code] for code in codes if code in standing]


def _plates(session: Session, gazetteer: Gazetteer, words: str, near: tuple[float, float] | None) -> list[Candidate]:
    """Door plates of the roads that are meant, exact or between their neighbours."""
    for asked in numbered(words):
        matches = gazetteer.roads(asked.road, near)
        roads = _roads(session, matches)
        plates = _plates_about(session, asked, [road.code for road in roads])
        found = [
            _plate_candidate(road, chosen)
            for road in roads
            if (chosen := choose_plate(plates.get(road.code, []), asked.number, asked.rest)) is not None
        ]
        if found:
            return sorted(found, key=lambda candidate: candidate.is_approximate)
        if roads and matches[0].grade is Grade.SAME:
            note = N_("approximate, no plate near this number is known")
            return [_place_candidate(road)._replace(is_approximate=True, note=note) for road in roads]
    return []


def _place_candidate(place: Address) -> Candidate:
    return Candidate(place.kind, place.name, place.lon, place.lat, place.area_code, place.category)


def _plates_about(session: Session, asked: Numbered, codes: list[str]) -> dict[str, list[Plate]]:
    first, last = asked.number - NUMBERS_AWAY, asked.number + NUMBERS_AWAY
    columns = (Address.parent_code, Address.name, Address.number, Address.lon, Address.lat, Address.area_code)
    rows = select(*columns, Address.ended_on).where(
        or_(*(Address.parent_code == code for code in codes)) if codes else Address.id.is_(None),
        Address.number.between(first, last),
        or_(Address.ended_on.is_(None), Address.number == asked.number),
    )
    found: dict[str, list[Plate]] = {}
    for row in session.execute(rows.order_by(Address.number, Address.name)):
        if row.parent_code is not None and row.number is not None:
            plate = Plate(row.name, row.number, row.lon, row.lat, row.area_code, row.ended_on)
            found.setdefault(row.parent_code, []).append(plate)
    return found


def _plate_candidate(road: Address, chosen: PlateFound) -> Candidate:
    return Candidate(
        AddressKind.PLATE,
        f"{road.name}{chosen.name}",
        chosen.lon,
        chosen.lat,
        chosen.area_code or road.area_code,
        is_approximate=chosen.is_approximate,
        note=chosen.note,
        params=chosen.params,
    )


def _crossings(session: Session, gazetteer: Gazetteer, text: str, near: tuple[float, float] | None) -> list[Candidate]:
    """Where two named roads meet, worked out from their courses."""
    for first, second in crossing(text):
        one, other = (_roads(session, gazetteer.roads(words, near)) for words in (first, second))
        meetings = [
            Candidate(None, f"{a.name}与{b.name}交叉口", lon, lat, a.area_code)
            for a in one
            for b in other
            if a.code != b.code and a.line is not None and b.line is not None
            for lon, lat in meeting_points(a.line, b.line)
        ]
        if meetings:
            return sorted(meetings, key=lambda each: distance_m(*near, each.lon, each.lat)) if near else meetings
    return []


def _beside(session: Session, gazetteer: Gazetteer, words: str, near: tuple[float, float] | None) -> list[Candidate]:
    """A side of a landmark, or a place so many metres from it; its own point where nothing more is known."""
    asked: Beside | None = beside(words)
    if asked is None:
        return []
    matches = [match for match in gazetteer.find(asked.base, near, ROADS) if match.grade < Grade.LIKE]
    found = []
    for base, _ in _places(session, matches):
        lon, lat = moved(base.lon, base.lat, asked.direction, asked.metres or 0)
        note = N_("worked out from %(name)s") if asked.metres else N_("at %(name)s, which side is not known")
        name = f"{base.name}{words[len(asked.base) :]}"
        found.append(
            base._replace(name=name, lon=lon, lat=lat, is_approximate=True, note=note, params={"name": base.name})
        )
    return found
