"""A small city for the script: twenty cells, lamps and rubbish, four bodies. No database."""

import shapely

from cityops.cases.names import ClockName
from cityops.catalog.models import CaseKind
from cityops.simulation.facts import CellFacts, CityFacts, Condition, Landmark, Pace, Thing
from cityops.worktime.calendar import Calendar
from cityops.worktime.defaults import OFFICE, STREET
from cityops.worktime.limits import Limit, Unit

HOUR = Limit(1, Unit.URGENT_HOUR)


def make_city() -> CityFacts:
    """The facts as the database would give them."""
    return CityFacts(
        cells=[_cell(number) for number in range(20)],
        conditions=[
            _condition("C01037-1", CaseKind.COMPONENT, "路灯", "lamps", OFFICE, Limit(2, Unit.WORKING_DAY)),
            _condition("M06010-1", CaseKind.MATTER, "暴露垃圾", None, STREET, Limit(4, Unit.WORKING_HOUR), True),
            _condition("M06013-1", CaseKind.MATTER, "道路破损", "roads", STREET, Limit(2, Unit.URGENT_HOUR)),
        ],
        paces={name: Pace.of(STREET, HOUR) for name in ClockName if name is not ClockName.HANDLE},
        bodies=frozenset({"lamps", "lamps-upkeep", "roads", "330203001"}),
        departments=["lamps", "roads"],
        contractors={"lamps": ["lamps-upkeep"]},
        landmarks=[Landmark("天一广场", 121.5495, 29.8695)],
    )


def _cell(number: int) -> CellFacts:
    west = 121.55 + number * 0.001
    return CellFacts(
        code=f"330203001001{number + 1:03d}",
        boundary=shapely.box(west, 29.87, west + 0.001, 29.871),
        duty_grid_id=1,
        place="南门街道澄浪社区",
        things={"01037": [Thing(f"33020301037{number + 1:06d}", west + 0.0005, 29.8705)]} if number % 2 else {},
    )


def _condition(
    code: str,
    kind: CaseKind,
    name: str,
    body: str | None,
    calendar: Calendar,
    limit: Limit,
    is_simple_allowed: bool = False,
) -> Condition:
    return Condition(
        code=code,
        kind=kind,
        class_code=code[1:6],
        class_name=name,
        text="不合格",
        body=body,
        limit=limit,
        pace=Pace.of(calendar, limit),
        is_simple_allowed=is_simple_allowed,
    )
