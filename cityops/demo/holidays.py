"""Days off by law in the years whose arrangement is not announced yet, so that the demo city runs in any of them.

A real city enters what the State Council announces; here the days are those of 全国年节及纪念日放假办法 (2024) alone,
with no make-up days and no bridges between them.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy.orm import Session

from cityops.worktime.calendar import DayException, DayKind
from cityops.worktime.queries import list_years
from cityops.worktime.services import announce_year

SOURCE = "演示：仅法定节日，调休安排尚未公布 (illustrative: days off by law, without the arrangement)"

_BY_MOON: Mapping[int, tuple[str, str, str, str]] = {
    2027: ("02-06", "04-05", "06-09", "09-15"),
    2028: ("01-26", "04-04", "05-28", "10-03"),
    2029: ("02-13", "04-04", "06-16", "09-22"),
    2030: ("02-03", "04-05", "06-05", "09-12"),
    2031: ("01-23", "04-05", "06-24", "10-01"),
    2032: ("02-11", "04-04", "06-12", "09-19"),
    2033: ("01-31", "04-04", "06-01", "09-08"),
    2034: ("02-19", "04-05", "06-20", "09-27"),
    2035: ("02-08", "04-05", "06-10", "09-16"),
}
"""By year: the lunar new year, Qingming, the Dragon Boat Festival, Mid-Autumn (month and day)."""


def load_years_by_law(session: Session) -> None:
    """Enter the days off by law of every year that is not known, as far as the table goes."""
    known = {each.year for each in list_years(session)}
    for year in sorted(_BY_MOON.keys() - known):
        announce_year(session, None, year, days_by_law(year), SOURCE)


def days_by_law(year: int) -> dict[date, DayException]:
    """The days off by law of a year of the table; where two fall on one day, the first named has it.

    >>> [f"{day:%m-%d}" for day in days_by_law(2027)][:5]
    ['01-01', '02-05', '02-06', '02-07', '02-08']
    """
    spring, tombs, boats, moon = (date.fromisoformat(f"{year}-{day}") for day in _BY_MOON[year])
    off = [
        *_named(date(year, 1, 1), 1, "元旦", "New Year's Day"),
        *_named(spring - timedelta(days=1), 4, "春节", "Spring Festival"),
        *_named(tombs, 1, "清明节", "Tomb-sweeping Day"),
        *_named(date(year, 5, 1), 2, "劳动节", "Labour Day"),
        *_named(boats, 1, "端午节", "Dragon Boat Festival"),
        *_named(date(year, 10, 1), 3, "国庆节", "National Day"),
        *_named(moon, 1, "中秋节", "Mid-autumn Festival"),
    ]
    return dict(sorted(dict(reversed(off)).items()))


def _named(first: date, count: int, name_zh: str, name_en: str) -> list[tuple[date, DayException]]:
    holiday = DayException(DayKind.HOLIDAY, (), name_en, name_zh)
    return [(first + timedelta(days=n), holiday) for n in range(count)]
