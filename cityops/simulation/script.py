"""A plan of a life for each case: what is reported where, and who does what about it when. Pure.

A life depends on the city's facts, the run and its own number alone (the second of two neighbours looks at the first,
which is written anew for it), so it is the same whatever the size of a batch or the ids of rows. A life goes on past
the end of the run; what lies beyond is cut off (`endings`).
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from uuid import UUID, uuid5

from cityops.cases.names import Source
from cityops.catalog.models import CaseKind
from cityops.clock import CITY_ZONE
from cityops.simulation import neighbours, wording
from cityops.simulation.facts import CellFacts, CityFacts, Condition
from cityops.simulation.habits import BONDS, Bond
from cityops.simulation.lives import Life, Run, Told
from cityops.simulation.pen import is_day
from cityops.simulation.plot import Plot

NAMESPACE = UUID("6f1c7c1e-1d0b-5a43-9c55-96310a96310a")
HOURS = (2, 1, 1, 1, 1, 2, 5, 12, 18, 18, 15, 11, 9, 12, 14, 13, 11, 9, 8, 7, 6, 5, 3, 2)
"""How many reports come in at each hour of the city's day."""
WEEKDAYS = (1.05, 1.0, 1.0, 1.0, 1.05, 0.9, 0.75)

SOURCES = {
    Source.HOTLINE: 46,
    Source.INSPECTOR: 24,
    Source.PUBLIC: 12,
    Source.VIDEO: 8,
    Source.TRANSFER: 5,
    Source.SENSOR: 3,
    Source.LEADER: 2,
}
COMMON = {
    "暴露垃圾": 14, "非法小广告": 12, "非机动车乱停放": 11, "机动车乱停放": 9, "店外经营": 8, "占道经营": 6,
    "无照经营游商": 6, "道路破损": 5, "乱堆杂物": 5, "共享单车乱象": 4, "积存垃圾渣土": 3, "沿街晾挂": 3,
    "路灯": 9, "雨水箅子": 6, "垃圾箱": 5, "行道树": 5, "污水井盖": 3, "雨水井盖": 3, "交通护栏": 3,
    "窨井周边塌陷（自定义）": 2, "定时出摊（自定义）": 4,
}  # fmt: skip
"""How common a class is beside the others, which are `RARE`."""
RARE = 0.15
HOT_CELLS, HOT_SHARE = 0.1, 0.46


def life_uuid(run: Run, index: int) -> str:
    """The identifier under which case `index` is reported."""
    return str(uuid5(NAMESPACE, f"{run.key}:{index}"))


class ReportTimes:
    """When reports come in: more in the morning than at night, fewer on Sundays, the same number in every run."""

    def __init__(self, run: Run) -> None:
        begin = run.begins.astimezone(CITY_ZONE)
        self._run = run
        self._opens = [begin, *_full_hours(begin, run.until)]
        ends = [*self._opens[1:], run.until]
        weights = [
            HOURS[hour.hour] * WEEKDAYS[hour.weekday()] * (end - hour).total_seconds()
            for hour, end in zip(self._opens, ends, strict=True)
        ]
        self._spans = [(end - hour).total_seconds() for hour, end in zip(self._opens, ends, strict=True)]
        self._sums = list(accumulate(weights))

    def moment(self, index: int, draw: Random) -> datetime:
        """When case `index` is reported: later than the one before, and before the run's end."""
        wanted = (index + draw.random()) / self._run.cases * self._sums[-1]
        slot = min(bisect_left(self._sums, wanted), len(self._sums) - 1)
        before = self._sums[slot - 1] if slot else 0.0
        share = (wanted - before) / (self._sums[slot] - before)
        moment = self._opens[slot] + timedelta(seconds=int(share * self._spans[slot]))
        return moment.astimezone(self._run.until.tzinfo)


def _full_hours(begin: datetime, until: datetime) -> list[datetime]:
    first = begin.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    count = max(0, math.ceil((until - first) / timedelta(hours=1)))
    return [first + timedelta(hours=n) for n in range(count)]


class Script:
    """Writes the lives of one run in one city."""

    def __init__(self, city: CityFacts, run: Run) -> None:
        self.city, self.run = city, run
        self._times = ReportTimes(run)
        order = list(range(len(city.cells)))
        Random(f"{run.seed}:cells").shuffle(order)
        hot = order[: max(1, round(len(order) * HOT_CELLS))]
        self._hot = [city.cells[k] for k in hot]
        self._simple = [each for each in city.conditions if each.is_simple_allowed]
        of_class = Counter((each.kind, each.class_code) for each in city.conditions)
        self._weights = {
            each.code: COMMON.get(each.class_name, RARE) / of_class[each.kind, each.class_code]
            for each in city.conditions
        }

    def write(self, index: int) -> Life:
        """The life of case `index`; of two neighbours the second, with an odd number, may have to do with the first."""
        bond = Random(f"{self.run.key}:{index}:bond").choices([*BONDS], weights=[*BONDS.values()])[0]
        if index % 2 and bond is not Bond.NONE:
            beside = self._beside(index, bond, self._alone(index - 1))
            if beside is not None:
                return beside
        return self._alone(index)

    def _beside(self, index: int, bond: Bond, first: Life) -> Life | None:
        """A life that has to do with the one before it; None where that one does not allow it."""
        if not neighbours.can_begin(bond, first):
            return None
        at = self._times.moment(index, Random(f"{self.run.key}:{index}"))
        draw = Random(f"{self.run.key}:{index}:beside")
        conditions = [first.told.condition] if bond in neighbours.DOUBLES else self.city.conditions
        told = neighbours.tell(bond, first.told, self._tell(draw, Source.HOTLINE, conditions, first.told.cell))
        plot = Plot(self.city, told, at, draw)
        neighbours.WRITERS[bond](plot, first)
        if not neighbours.holds(plot.acts, first):
            return None
        uuid, call_back = life_uuid(self.run, index), neighbours.call_back(plot, first)
        return Life(index, uuid, told, tuple(plot.acts), call_back)

    def _alone(self, index: int) -> Life:
        """The life of case `index` as it is without a neighbour."""
        draw = Random(f"{self.run.key}:{index}")
        at = self._times.moment(index, draw)
        is_simple = bool(self._simple) and draw.random() < (0.56 if is_day(at) else 0.1)
        source = Source.INSPECTOR if is_simple else draw.choices([*SOURCES], weights=[*SOURCES.values()])[0]
        told = self._tell(draw, source, self._simple if is_simple else self.city.conditions)
        plot = Plot(self.city, told, at, draw)
        if is_simple:
            plot.handle_alone()
        else:
            plot.report()
        return Life(index, life_uuid(self.run, index), told, tuple(plot.acts), plot.call_back(plot.acts[-1]))

    def _tell(
        self, draw: Random, source: Source, conditions: Sequence[Condition], cell: CellFacts | None = None
    ) -> Told:
        cells = self._hot if draw.random() < HOT_SHARE else self.city.cells
        cell = cell or draw.choice(cells)
        here = [each for each in conditions if each.kind is CaseKind.MATTER or each.class_code in cell.things]
        condition = self._choose(draw, here or conditions)
        things = cell.things.get(condition.class_code, ()) if condition.kind is CaseKind.COMPONENT else ()
        thing = draw.choice(things) if things else None
        lon, lat = (thing.lon, thing.lat) if thing else cell.point(draw)
        address = self.city.address(cell, lon, lat)
        name, phone = wording.reporter(draw) if source in {Source.HOTLINE, Source.PUBLIC} else (None, None)
        return Told(
            source=source,
            condition=condition,
            cell=cell,
            lon=lon,
            lat=lat,
            address=address,
            description=wording.describe(draw, source, condition, address),
            component_code=thing.code if thing else None,
            name=name,
            phone=phone,
        )

    def _choose(self, draw: Random, conditions: Sequence[Condition]) -> Condition:
        sums = list(accumulate(self._weights[each.code] for each in conditions))
        return conditions[min(bisect_left(sums, draw.random() * sums[-1]), len(sums) - 1)]
