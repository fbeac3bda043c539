"""A portion of a census as rows of components: every column read, checked and told of as a whole."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from cityops.credit_codes import is_credit_code
from cityops.errors import Invalid
from cityops.grid.census.classes import LEFT_OUT, ClassBook, UnknownClass
from cityops.grid.census.fields import FIELDS, STATES, find_columns, read_day
from cityops.grid.findings import Finding
from cityops.grid.geometry import CHINA, check_point, is_point, quads
from cityops.grid.index import GridIndex
from cityops.grid.models import TOLERANCES_M, Accuracy, ComponentState
from cityops.grid.records import EXACT_FLOAT
from cityops.grid.sources import Features
from cityops.words import FORMULA_SIGNS, N_

LAYER = "components"
# How many findings of one reason are kept with their places; what is beyond them is counted.
KEPT_OF_A_REASON = 5_000
# So much of what stands in a field is told of.
MOST_TOLD = 100
PARTIES = ("maintainer", "owner", "department")
WORDED = ("name", "department_name", "owner_name", "maintainer_name", "source", "note")
LENGTHS = {field.name: field.length for field in FIELDS}

Texts = Sequence[str]


@dataclass(slots=True)
class Book:
    """What was found in a census: so many findings of each reason as a person can look at, and how many there are."""

    kept: list[Finding] = field(default_factory=list)
    counts: Counter[tuple[bool, str]] = field(default_factory=Counter)

    def counts_only(self, reason: str, *, is_error: bool) -> bool:
        """Count a finding, and say whether enough of its reason are kept."""
        self.counts[is_error, reason] += 1
        return self.counts[is_error, reason] > KEPT_OF_A_REASON

    def add(self, finding: Finding) -> None:
        """Write a finding down, or count it."""
        if not self.counts_only(finding.reason, is_error=finding.is_error):
            self.kept.append(finding)

    def add_once(self, finding: Finding) -> None:
        """Write a finding down that the whole file has, and not each portion of it."""
        if (finding.is_error, finding.reason) not in self.counts:
            self.add(finding)

    @property
    def errors(self) -> int:
        """How many of all keep the file out."""
        return sum(number for (is_error, _), number in self.counts.items() if is_error)

    @property
    def warnings(self) -> int:
        """How many of all have to be signed for."""
        return self.counts.total() - self.errors


@dataclass(slots=True)
class Rows:
    """The rows of a portion that go on, column by column, and what the look for twins needs of them.

    `told` are the fields that the file has.
    """

    lines: list[int]
    columns: dict[str, Sequence[Any]]
    codes: NDArray[np.int64]
    tolerances_m: NDArray[np.float64]
    told: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.lines)


@dataclass(slots=True)
class Desk:
    """Where a census is checked: the city's classes, cells and bodies, and the book of what is found.

    Attributes:
        bodies: the code of a body by each of its names, its code and its credit code.
        accuracy: of what does not say how exactly it was surveyed.
        give_number: the next free code for a class, where the file has none; None refuses what has no code.
    """

    classes: ClassBook
    index: GridIndex
    bodies: Mapping[str, str]
    today: date
    accuracy: Accuracy = Accuracy.A
    give_number: Callable[[str], str] | None = None
    book: Book = field(default_factory=Book)
    named: dict[str, str] = field(default_factory=dict)
    left_out: int = 0

    def read(self, features: Features) -> Rows:
        """The rows of a portion, what has a fault among them: nothing is written where there is one."""
        for warning in features.warnings:
            self.book.add_once(warning)
        return _Portion(self, features).rows()


class _Portion:
    def __init__(self, desk: Desk, features: Features) -> None:
        self.desk = desk
        self.first_line = features.before + 1
        self.size = len(features)
        theirs = find_columns(features.fields, features.mapping)
        columns = dict(zip(features.fields, features.columns, strict=True))
        self.texts: dict[str, Texts] = {ours: _texts(ours, columns[name]) for ours, name in theirs.items()}
        self.lons, self.lats = _places(features.geometries)
        self.left_out: set[int] = set()

    def rows(self) -> Rows:
        """All columns, checked; those that are left out on purpose are gone."""
        codes, classes = self._codes()
        self._check_places()
        self._check_words()
        positions = self.desk.index.locate_many(self.lons, self.lats).tolist()
        found = {position: self.desk.index.at(position) for position in set(positions) if position >= 0}
        cells = [found.get(position) for position in positions]
        self._check_cells(cells)
        accuracies = self._words("accuracy", {a.value: a for a in Accuracy} | {"": None})
        states = self._words("state", STATES)
        days = {name: self._days(name) for name in ("put_up_on", "initial_on", "changed_on")}
        class_names = self.desk.classes.names
        said = zip(self._said("name"), classes, strict=True)
        names = [name or class_names.get(class_code, "") for name, class_code in said]
        changed = zip(states, days["changed_on"], strict=True)
        gone = [(on or self.desk.today) if state is ComponentState.REMOVED else None for state, on in changed]
        columns: dict[str, Sequence[Any]] = {
            "code": codes,
            "class_code": classes,
            "name": names,
            "lon": self.lons.tolist(),
            "lat": self.lats.tolist(),
            "quad": quads(self.lons, self.lats).tolist(),
            "cell_id": [cell and cell.cell_id for cell in cells],
            "area_code": [cell and cell.area_code for cell in cells],
            "state": states,
            "body_code": self._bodies(),
            **{f"{party}_{part}": self._or_none(f"{party}_{part}") for party in PARTIES for part in ("code", "name")},
            "accuracy": accuracies,
            "source": self._or_none("source"),
            "note": self._or_none("note"),
            "put_up_on": days["put_up_on"],
            "initial_on": [on or self.desk.today for on in days["initial_on"]],
            "changed_on": days["changed_on"],
            "seen_on": [self.desk.today] * self.size,
            "ended_on": gone,
        }
        kept = [k for k in range(self.size) if k not in self.left_out]
        if self.left_out:
            self.desk.left_out += len(self.left_out)
            columns = {name: [values[k] for k in kept] for name, values in columns.items()}
        tolerances = [TOLERANCES_M[each or self.desk.accuracy] for each in columns["accuracy"]]
        numbers = np.array([int(code) for code in columns["code"]], dtype=np.int64)
        lines, metres = [self.first_line + k for k in kept], np.array(tolerances, dtype=np.float64)
        return Rows(lines, columns, numbers, metres, frozenset(self.texts))

    def _said(self, name: str) -> Texts:
        return self.texts.get(name) or [""] * self.size

    def _or_none(self, name: str) -> list[str | None]:
        return [text or None for text in self.texts[name]] if name in self.texts else [None] * self.size

    def _tell(self, k: int, name: str, reason: str, /, *, is_error: bool = True, **params: Any) -> None:
        if k in self.left_out or self.desk.book.counts_only(reason, is_error=is_error):
            return
        place = shapely.Point(self.lons[k], self.lats[k])
        params = {key: value[:MOST_TOLD] if isinstance(value, str) else value for key, value in params.items()}
        self.desk.book.kept.append(Finding(LAYER, self.first_line + k, name, reason, params, is_error, place))

    def _tell_each(self, name: str, faults: Mapping[str, tuple[str, bool, dict[str, Any]]]) -> None:
        """Tell of every row that holds one of these texts."""
        if faults:
            for k, text in enumerate(self._said(name)):
                if text in faults:
                    reason, is_error, params = faults[text]
                    self._tell(k, name, reason, is_error=is_error, **params)

    def _check_places(self) -> None:
        west, south, east, north = CHINA
        sure = (self.lons >= west) & (self.lons <= east) & (self.lats >= south) & (self.lats <= north)
        for k in np.flatnonzero(~sure).tolist():
            if np.isnan(self.lons[k]):
                self._tell(k, "geometry", N_("it has no place: the geometry is missing or cannot be read"))
            elif not is_point(self.lons[k], self.lats[k]):
                self._tell_place(k, float(self.lons[k]), float(self.lats[k]))
        # What is told of has a place all the same, so that the other columns can be looked at.
        lost = np.isnan(self.lons) | (np.abs(self.lons) > 180) | (np.abs(self.lats) > 90)
        self.lons, self.lats = np.where(lost, 0.0, self.lons), np.where(lost, 0.0, self.lats)

    def _tell_place(self, k: int, lon: float, lat: float) -> None:
        try:
            check_point(lon, lat)
        except Invalid as refusal:
            self._tell(k, refusal.field, refusal.message, **refusal.params)

    def _check_words(self) -> None:
        for name, texts in self.texts.items():
            several = set(texts)
            length = LENGTHS[name]
            long = N_("it has more than the %(most)s signs of this field")
            self._tell_each(name, {text: (long, True, {"most": length}) for text in several if len(text) > length})
            if name in WORDED:
                formula = N_(
                    "it looks like a formula (%(text)s): it stays a text, and is harmless in what is written out"
                )
                suspect = {text for text in several if text.startswith(FORMULA_SIGNS)}
                self._tell_each(name, {text: (formula, False, {"text": text[:40]}) for text in suspect})

    def _codes(self) -> tuple[list[str], list[str]]:
        """The codes in 17 digits and the classes in five, both empty where a component is left out; 0 where told of."""
        codes, classes = ["0"] * self.size, ["0"] * self.size
        known = self.desk.classes.names
        has_kinds = "class" in self.texts
        for k, (code, kind) in enumerate(zip(self._said("code"), self._said("class"), strict=True)):
            if len(code) == 17 and code[6:11] in known and not has_kinds and code.isascii() and code.isdigit():
                codes[k], classes[k] = code, code[6:11]
                continue
            try:
                codes[k], classes[k] = self._code(k, code, kind)
            except UnknownClass:
                reason = N_("%(kind)s is no component class of this city, and is not known to have become one")
                self._tell(k, "class", reason, kind=kind or code[6 : len(code) - 6])
            except Invalid as refusal:
                self._tell(k, refusal.field, refusal.message, **refusal.params)
        return codes, classes

    def _code(self, k: int, code: str, kind: str) -> tuple[str, str]:
        said = self.desk.classes.of(kind) if kind else None
        if said == LEFT_OUT:
            self.left_out.add(k)
            return "", LEFT_OUT
        if not code:
            if said is None:
                raise Invalid("code", N_("it has neither a code nor a class"))
            if self.desk.give_number is None:
                raise Invalid("code", N_("it has no code: say in which division new ones are to be given"))
            return self.desk.give_number(said), said
        if len(code) not in (16, 17) or not (code.isascii() and code.isdigit()):
            reason = N_("a component's code has 17 digits, or 16 by the earlier standards: %(code)s")
            raise Invalid("code", reason, code=code)
        if len(code) == 16 and self.desk.classes.edition is None:
            raise Invalid("code", N_("a code of 16 digits is of an earlier standard: say whether of 2007 or 2013"))
        number = self.desk.classes.number(code)
        if said is not None and number[6:11] != said:
            reason = N_("its code says class %(code)s, its field says %(said)s")
            raise Invalid("class", reason, code=number[6:11], said=said)
        return number, number[6:11]

    def _check_cells(self, cells: Sequence[Any]) -> None:
        for k, (said, cell) in enumerate(zip(self._said("cell_code"), cells, strict=True)):
            if cell is None:
                self._tell(k, "geometry", N_("it stands outside every cell"), is_error=False)
            elif said and said != cell.cell_code and f"{said[:12]}0{said[12:]}" != cell.cell_code:
                reason = N_("it says cell %(said)s, its place is in %(cell)s")
                self._tell(k, "cell_code", reason, is_error=False, said=said, cell=cell.cell_code)

    def _words(self, name: str, words: Mapping[str, Any]) -> list[Any]:
        texts = self._said(name)
        reason = N_("the value %(value)s is not allowed")
        self._tell_each(name, {text: (reason, True, {"value": text}) for text in set(texts) if text not in words})
        return [words.get(text) for text in texts]

    def _days(self, name: str) -> list[date | None]:
        texts = self._said(name)
        days, faults = {}, {}
        for text in set(texts):
            try:
                days[text] = read_day(text)
            except ValueError:
                days[text] = None
                faults[text] = (N_("this is no day: %(text)s (write 20260701)"), True, {"text": text[:20]})
        self._tell_each(name, faults)
        return [days[text] for text in texts]

    def _bodies(self) -> list[str | None]:
        """The body here that answers for each: that of the file, of the maintainer, of the owner, of the department."""
        bodies = self.desk.bodies
        reason = N_("%(name)s is no body of this city")
        strange = {text for text in set(self._said("body_code")) if text and text not in bodies}
        self._tell_each("body_code", {text: (reason, True, {"name": text}) for text in strange})
        parties = [list(zip(self._said(f"{who}_code"), self._said(f"{who}_name"), strict=True)) for who in PARTIES]
        for who, pairs in zip(PARTIES, parties, strict=True):
            self._check_party(who, pairs)
        chosen: dict[Any, str | None] = {}
        answers = list(zip(self._said("body_code"), *parties, strict=True))
        for answer in set(answers):
            calls = [answer[0], *(text for pair in answer[1:] for text in pair)]
            chosen[answer] = next((bodies[call] for call in calls if call in bodies), None)
        nobody = N_("neither a department nor an owner nor a maintainer is named")
        unnamed = {answer for answer in chosen if not any((answer[0], *(text for pair in answer[1:] for text in pair)))}
        for k, answer in enumerate(answers):
            if answer in unnamed:
                self._tell(k, "owner_name", nobody, is_error=False)
        return [chosen[answer] for answer in answers]

    def _check_party(self, who: str, pairs: Sequence[tuple[str, str]]) -> None:
        faults = {pair: list(self._party_faults(who, *pair)) for pair in set(pairs) if any(pair)}
        if any(faults.values()):
            for k, pair in enumerate(pairs):
                for name, reason, is_error, params in faults.get(pair, ()):
                    self._tell(k, name, reason, is_error=is_error, **params)

    def _party_faults(self, who: str, code: str, name: str) -> Iterable[tuple[str, str, bool, dict[str, Any]]]:
        bodies = self.desk.bodies
        if code and code not in bodies and not is_credit_code(code):
            reason = N_("%(code)s is no unified social credit code: 18 signs, of which the last checks the others")
            yield f"{who}_code", reason, True, {"code": code}
        if code not in bodies and name not in bodies:
            yield f"{who}_name", N_("%(name)s is no body of this city"), False, {"name": name or code}
        other = self.desk.named.setdefault(code, name) if code and name else name
        if other != name:
            reason = N_("the code %(code)s is called %(other)s elsewhere in the file")
            yield f"{who}_name", reason, False, {"code": code, "other": other}


def _places(geometries: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes; of a line or an area those of a point on it, NaN where there is none."""
    points = geometries.copy()
    others = np.flatnonzero(shapely.get_type_id(geometries) != shapely.GeometryType.POINT)
    points[others] = shapely.point_on_surface(geometries[others])
    return shapely.get_x(points), shapely.get_y(points)


def _texts(name: str, column: NDArray[Any]) -> Texts:
    if column.dtype.kind == "M":
        return ["" if text == "NaT" else text for text in np.datetime_as_string(column, unit="D").tolist()]
    if column.dtype.kind == "f":
        if name == "code" and np.nanmax(np.abs(column), initial=0.0) >= EXACT_FLOAT:
            raise Invalid("code", N_("the codes are decimal numbers, which lose their last digits: write them as text"))
        return ["" if value != value else f"{value:.16g}" for value in column.tolist()]
    values = column.tolist()
    try:
        # In most columns all values are texts.
        return list(map(str.strip, values))
    except TypeError:
        return ["" if value is None else str(value).strip() for value in values]
