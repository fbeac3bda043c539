"""How a life is written down: acts one after another, each at its moment, and what is left to the draw. Pure."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from cityops.cases.models import AttachmentKind
from cityops.cases.names import ClockName, StepName
from cityops.cases.requests import RequestKind
from cityops.cases.same_time import begins_at
from cityops.clock import CITY_ZONE
from cityops.simulation import wording
from cityops.simulation.facts import CityFacts, Pace
from cityops.simulation.lives import Act, Told

DAY_BEGINS, DAY_ENDS = 7, 21


def is_day(at: datetime) -> bool:
    """Whether the day shifts are out."""
    return DAY_BEGINS <= at.astimezone(CITY_ZONE).hour < DAY_ENDS


class Pen:
    """Writes the acts of one life, in the order of time; `at` is the moment it has come to."""

    def __init__(self, city: CityFacts, told: Told, at: datetime, draw: Random) -> None:
        self.city, self.told, self.at, self.draw = city, told, at, draw
        self.acts: list[Act] = []

    def ask(
        self,
        kind: RequestKind,
        reasons: Sequence[str],
        *,
        more: int | None = None,
        until_on: date | None = None,
        body: str | None = None,
        photos: tuple[AttachmentKind, ...] = (),
    ) -> None:
        """Ask for something, for one of the reasons."""
        note = self.say(reasons)
        asked = Act(self.at, StepName.ASK, self.draw.random(), body=body, note=note, photos=photos)
        self.acts.append(replace(asked, asks=kind, more=more, until_on=until_on))

    def decide(self, step: StepName, clock: ClockName, words: Sequence[str] = wording.GRANTED) -> None:
        """Decide what was asked."""
        self.wait(clock, 0.3)
        self.do(step, note=self.say(words))

    def do(
        self,
        step: StepName,
        *,
        result: str | None = None,
        condition: str | None = None,
        body: str | None = None,
        note: str | None = None,
        photos: tuple[AttachmentKind, ...] = (),
        other: int | None = None,
    ) -> None:
        """Write down an act."""
        act = Act(self.at, step, self.draw.random(), result, condition, body, note, photos, other=other)
        self.acts.append(act)

    def wait(self, clock: ClockName, share: float) -> None:
        """Wait about a share of a stage's limit."""
        self.come_to(self.city.paces[clock].after(self.at, self.about(share)))

    def wait_open(self, clock: ClockName, share: float) -> None:
        """Wait in the hours in which the condition's bodies work."""
        working = Pace(self.told.condition.pace.calendar, self.city.paces[clock].minutes)
        self.come_to(working.after(self.at, self.about(share)))

    def wait_for_inspector(self, clock: ClockName, share: float) -> None:
        """At night few inspectors are out: most of what comes in then waits for the morning."""
        if not is_day(self.at) and self.chance(0.7):
            self.come_to(self.by_day(self.at))
        self.wait(clock, share)

    def wait_for_its_hour(self) -> None:
        """Wait for the time of day of the report, at which the place is looked at again."""
        soonest = begins_at(self.acts[0].at, self.at)
        self.come_to(soonest + timedelta(minutes=self.draw.randint(1, 55 if soonest > self.at else 5)))

    def by_day(self, at: datetime) -> datetime:
        """The moment itself by day, the next morning for one in the night."""
        if is_day(at):
            return at
        local = at.astimezone(CITY_ZONE)
        morning = local.replace(hour=DAY_BEGINS, minute=0, second=0)
        morning += timedelta(days=local.hour >= DAY_ENDS, minutes=self.draw.randrange(10, 60))
        return morning.astimezone(at.tzinfo)

    def come_to(self, moment: datetime) -> None:
        """Go on to a moment, a little later than the last act at the soonest."""
        soonest = self.at + timedelta(seconds=self.draw.randrange(20, 90))
        self.at = max(moment.replace(microsecond=0), soonest)

    def about(self, share: float) -> float:
        """A share more or less of this, seldom much more."""
        return min(share * math.exp(0.6 * self.draw.gauss(0, 1)), 3.0)

    def chance(self, share: float) -> bool:
        """Whether it happens that happens in this share of lives."""
        return self.draw.random() < share

    def say(self, words: Sequence[str]) -> str:
        """One of the things people say."""
        return self.draw.choice(words)
