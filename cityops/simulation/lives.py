"""A run of the simulation, and the lives of its cases as plain records."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cityops.cases.models import AttachmentKind
from cityops.cases.names import Source, StepName
from cityops.cases.requests import RequestKind
from cityops.hotline.models import Outcome
from cityops.simulation.facts import CellFacts, Condition


@dataclass(frozen=True, slots=True)
class Run:
    """What tells one simulation from another: so many cases a day, over the days that end at `until`."""

    seed: int
    days: int
    per_day: int
    until: datetime

    @property
    def cases(self) -> int:
        """How many cases there are in all."""
        return self.days * self.per_day

    @property
    def begins(self) -> datetime:
        """The first moment of the run."""
        return self.until - timedelta(days=self.days)

    @property
    def key(self) -> str:
        """The run's name, apart from when it ends."""
        return f"{self.seed}:{self.days}:{self.per_day}"


@dataclass(frozen=True, slots=True)
class Act:
    """One step of a life; `lot` (0 to 1) chooses among those who could take it.

    Attributes:
        result: the way of the step's row in the workflow; None for the plain one.
        other: the number of the life that it concerns as well: a case merged into that one's, or split off from it.
        asks: what is asked for, where the step is the asking; `more`, `until_on` and the suggested
            `body` come with it.
    """

    at: datetime
    step: StepName
    lot: float
    result: str | None = None
    condition: str | None = None
    body: str | None = None
    note: str | None = None
    photos: tuple[AttachmentKind, ...] = ()
    asks: RequestKind | None = None
    more: int | None = None
    until_on: date | None = None
    other: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What is reported; `condition` is known where an inspector reports."""

    source: Source
    condition: Condition
    cell: CellFacts
    lon: float
    lat: float
    address: str
    description: str
    component_code: str | None = None
    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class CallBack:
    """The reporter is called back (回访) after the case has ended."""

    at: datetime
    lot: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Life:
    """A case from its report to its end, and the call that tells its reporter."""

    index: int
    uuid: str
    told: Told
    acts: tuple[Act, ...]
    call_back: CallBack | None = None
