"""How often components fail, by class and by age: the cases filed in some days, per thousand components that stand.

Age is counted in calendar years, from the year in which a component was put up to the year of the last day asked for.
The standard's census has no such day; where the city's census does not give it, the age is unknown and said to be.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, extract, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.cases import queries
from cityops.cases.component_search import component_scope
from cityops.cases.models import Case
from cityops.cases.names import Stage
from cityops.errors import Invalid
from cityops.grid.models import Component
from cityops.words import N_

MOST_DAYS = 366
# What lies farther off was not meant as a day, and has no day before or after it.
YEARS = range(1900, 2200)
# Years of age, the last included; what is older, and what is unknown, comes after them.
BANDS = ((0, 2), (3, 5), (6, 10), (11, 15), (16, 20))
OLDER, UNKNOWN = len(BANDS), len(BANDS) + 1
COLUMNS = tuple(range(UNKNOWN + 1))


@dataclass(frozen=True)
class Wanted:
    """The days whose filed cases count, both included, and the digits that a community's code begins with.

    Raises:
        Invalid: the days cannot be.
    """

    from_on: date
    until_on: date
    area: str = ""

    def __post_init__(self) -> None:
        if self.until_on < self.from_on:
            raise Invalid("until_on", N_("The last day lies before the first."))
        if (self.until_on - self.from_on).days >= MOST_DAYS:
            raise Invalid("until_on", N_("At most %(n)s days are looked at."), n=MOST_DAYS)
        if self.from_on.year not in YEARS or self.until_on.year not in YEARS:
            raise Invalid("until_on", N_("This day is too far off."))

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """From the first moment of the first day to that of the day after the last."""
        days = (self.from_on, self.until_on + timedelta(days=1))
        begin, end = (datetime.combine(day, time.min, clock.CITY_ZONE) for day in days)
        return begin, end


@dataclass
class Rate:
    """Cases and the components they are counted against."""

    cases: int = 0
    components: int = 0

    @property
    def per_thousand(self) -> float | None:
        """Cases per thousand components; None where nothing stands."""
        return round(1_000 * self.cases / self.components, 1) if self.components else None


@dataclass
class ClassRates:
    """A class of components: its rate in all, and by band of age."""

    code: str
    total: Rate = field(default_factory=Rate)
    by_age: dict[int, Rate] = field(default_factory=lambda: {band: Rate() for band in COLUMNS})


def band_of(age: int | None) -> int:
    """The band that an age in years belongs to; what is put up after the last day is as young as can be.

    >>> [band_of(age) for age in (None, -1, 0, 2, 3, 20, 21)]
    [6, 0, 0, 0, 1, 4, 5]
    """
    if age is None:
        return UNKNOWN
    return next((nth for nth, (_, last) in enumerate(BANDS) if age <= last), OLDER)


def read_rates(session: Session, viewer: Viewer, wanted: Wanted) -> list[ClassRates]:
    """The rates of every class that stands or fails where the viewer looks, by class code; two queries.

    The cases are read by the range of the days they were filed on, the components by an index that holds all that is
    asked of them.
    """
    found: dict[str, ClassRates] = {}
    for (code, year), number in _count_components(session, viewer, wanted).items():
        _add(found, code, wanted, year, components=number)
    for (code, year), number in _count_cases(session, viewer, wanted).items():
        _add(found, code, wanted, year, cases=number)
    return [found[code] for code in sorted(found)]


def sum_up(rates: list[ClassRates], code: str = "") -> ClassRates:
    """Several classes as one."""
    total = ClassRates(code)
    for each in rates:
        for into, part in ((total.total, each.total), *((total.by_age[k], each.by_age[k]) for k in COLUMNS)):
            into.cases += part.cases
            into.components += part.components
    return total


def by_major(rates: list[ClassRates]) -> dict[str, ClassRates]:
    """The major classes, each as one."""
    codes = sorted({each.code[:2] for each in rates})
    return {code: sum_up([each for each in rates if each.code.startswith(code)], code) for code in codes}


def _add(
    found: dict[str, ClassRates], code: str, wanted: Wanted, year: int | None, *, cases: int = 0, components: int = 0
) -> None:
    row = found.setdefault(code, ClassRates(code))
    band = band_of(None if year is None else wanted.until_on.year - year)
    for rate in (row.total, row.by_age[band]):
        rate.cases += cases
        rate.components += components


def _count_components(session: Session, viewer: Viewer, wanted: Wanted) -> Mapping[tuple[str, int | None], int]:
    year = extract("year", Component.put_up_on)
    rows = select(Component.class_code, year, func.count()).where(Component.ended_on.is_(None), component_scope(viewer))
    rows = rows.where(*_in_area(Component.area_code, wanted)).group_by(Component.class_code, year)
    return _counted(session, rows)


def _count_cases(session: Session, viewer: Viewer, wanted: Wanted) -> Mapping[tuple[str, int | None], int]:
    begin, end = wanted.moments
    year = extract("year", Component.put_up_on)
    # A merged one tells of a fault that another case is about already.
    filed = (Case.filed_at >= begin, Case.filed_at < end, Case.stage != Stage.MERGED)
    rows = select(Component.class_code, year, func.count()).select_from(Case)
    rows = rows.join(Component, Component.id == Case.component_id).where(*filed, queries.scope(viewer))
    rows = rows.where(*_in_area(Case.area_code, wanted)).group_by(Component.class_code, year)
    return _counted(session, rows)


def _counted(session: Session, rows: Select[str, int, int]) -> Mapping[tuple[str, int | None], int]:
    counts: Counter[tuple[str, int | None]] = Counter()
    for code, year, number in session.execute(rows):
        counts[code, None if year is None else int(year)] += number
    return counts


def _in_area(area_code: InstrumentedAttribute[str | None], wanted: Wanted) -> list[ColumnElement[bool]]:
    return [area_code.between(wanted.area.ljust(12, "0"), wanted.area.ljust(12, "9"))] if wanted.area else []
