"""A span of city life, lived through the real services under the virtual clock, a batch of cases a transaction."""

import gc
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cityops import clock, locks, milestones
from cityops.accounts.models import Body
from cityops.cases.models import Report
from cityops.cases.names import Stage
from cityops.cases.office import CaseOffice
from cityops.catalog import queries as catalog
from cityops.config import Config
from cityops.db import Database, keep_settings
from cityops.errors import BadSetting, Invalid, NotAllowed, WrongState
from cityops.simulation.cast import Cast, read_cast
from cityops.simulation.endings import cut, hold_back
from cityops.simulation.lives import Life, Run
from cityops.simulation.photos import Album
from cityops.simulation.playing import Player
from cityops.simulation.rechecking import play_rechecks
from cityops.simulation.script import Script
from cityops.simulation.sources import read_city
from cityops.words import N_

BATCH = 100
# How many objects are made before garbage is looked for: those of some thousand steps.
ALLOCATED = 200_000
# The last lives are looked at together, so that some of them can be left standing at every stage.
TAIL_CASES, TAIL_DAYS = 1_000, 2
LEAST_AT_STAGE, SHARE_AT_STAGE = 3, 0.02
MOST_DAYS, MOST_PER_DAY = 3_660, 1_000_000


class Progress(Protocol):
    """Told after each batch."""

    def __call__(self, cases: int, of: int, steps: int) -> None:
        """How many cases of how many are there, and how many steps were taken now."""


@dataclass
class Summary:
    """What a simulation did.

    Attributes:
        cases: how many the run has; `added` of them now, the others were there already.
        steps: the steps taken now.
        by_stage: where the cases added now stand.
    """

    seed: int
    days: int
    per_day: int
    until: datetime
    cases: int
    added: int = 0
    steps: int = 0
    by_stage: Counter[Stage] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def steps_per_second(self) -> float:
        """The pace of it."""
        return self.steps / self.seconds if self.seconds else 0.0


def simulate(
    database: Database,
    office: CaseOffice,
    config: Config,
    *,
    days: int,
    per_day: int,
    seed: int,
    until: datetime | None = None,
    progress: Progress,
    batch: int = BATCH,
) -> Summary:
    """Live `days` days of city life that end at `until` (now).

    A run has a name: seed, days and cases a day. The same run again adds what is missing of it, up to the same end, and
    nothing where it is whole. Each batch is one transaction, so an interruption leaves whole cases.

    Raises:
        NotAllowed: in production.
        Invalid: the numbers are none, or the end lies in the future.
        WrongState: this run has been simulated up to another end.
        NotFound: there is no city, or nobody in it, or no filing condition is in force.
        BadSetting: another simulation runs on this data folder.
    """
    if config.production:
        raise NotAllowed(N_("This is a production system: simulated cases have no place in it."))
    _check(days, per_day, until)
    config.home.mkdir(parents=True, exist_ok=True)
    try:
        with locks.holding(config.home / locks.SIMULATING):
            run = _with_its_end(database, Run(seed, days, per_day, until or clock.now().replace(microsecond=0)), until)
            living = _Living(database, office, run, Album(config.files_folder), progress)
            _begin(database, run)
            return living.live(batch)
    except locks.Taken as taken:
        raise BadSetting(
            N_("Another simulation runs on %(home)s (process %(pid)s): wait until it has ended."),
            home=str(config.home),
            pid=taken.holder or "?",
        ) from None


def _check(days: int, per_day: int, until: datetime | None) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("days", N_("A simulation has from 1 to %(most)s days."), most=MOST_DAYS)
    if not 1 <= per_day <= MOST_PER_DAY:
        raise Invalid("per_day", N_("A simulated day has from 1 to %(most)s cases."), most=MOST_PER_DAY)
    if until is not None and until > clock.now():
        raise Invalid("until", N_("A simulation cannot end in the future."))


def _with_its_end(database: Database, run: Run, asked_until: datetime | None) -> Run:
    """The run with the end it had, where it was begun before."""
    with database.reading() as session:
        until = milestones.find_milestone(session, _milestone(run)) or run.until
    if asked_until is not None and until != asked_until:
        raise WrongState(
            N_("This run (seed %(seed)s) was simulated up to %(until)s: choose another seed, or the same end."),
            seed=run.seed,
            until=until.astimezone(clock.CITY_ZONE).isoformat(),
        )
    return Run(run.seed, run.days, run.per_day, until)


def _begin(database: Database, run: Run) -> None:
    with database.transaction() as session:
        milestones.keep(session, _milestone(run), run.until)


def _milestone(run: Run) -> str:
    return f"simulated {run.key}"


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Look for garbage seldom, and not among what was there before: at its usual pace it takes a tenth of the time."""
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATED, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


class _Living:
    """One run being lived."""

    def __init__(self, database: Database, office: CaseOffice, run: Run, album: Album, progress: Progress) -> None:
        self._database, self._office, self._run, self._album = database, office, run, album
        self._progress = progress
        with database.reading() as session:
            self._last_on = clock.city_day(run.until)
            self._script = Script(read_city(session, clock.city_day(run.begins), self._last_on), run)
            self._cast: Cast = read_cast(session, self._last_on)
        self._summary = Summary(run.seed, run.days, run.per_day, run.until, run.cases)

    def live(self, batch: int) -> Summary:
        """All lives of the run, in the order of their reports."""
        begun, done = time.monotonic(), 0
        self._progress(0, self._run.cases, 0)
        with _seldom_collecting():
            for lives in _in_batches(self._lives(), batch):
                with self._database.transaction() as session:
                    self._play(session, lives)
                done += len(lives)
                self._summary.seconds = time.monotonic() - begun
                self._progress(done, self._run.cases, self._summary.steps)
            self._summary.steps += play_rechecks(self._database, self._office, self._cast, self._run)
        if self._summary.added:
            with self._database.transaction() as session:
                # The planner goes by statistics of a city that was empty until now.
                session.execute(text("ANALYZE"))
        return self._summary

    def _lives(self) -> Iterator[Life]:
        run = self._run
        tail = min(run.cases, max(TAIL_CASES, TAIL_DAYS * run.per_day))
        yield from (self._life(index) for index in range(run.cases - tail))
        last = [self._life(index) for index in range(run.cases - tail, run.cases)]
        yield from hold_back(last, max(LEAST_AT_STAGE, round(SHARE_AT_STAGE * run.per_day)))

    def _life(self, index: int) -> Life:
        return cut(self._script.write(index), self._run.until)

    def _play(self, session: Session, lives: list[Life]) -> None:
        """Play a batch: the acts of all its lives in the order of time."""
        known = set(session.scalars(select(Report.uuid).where(Report.uuid.in_([life.uuid for life in lives]))))
        self._hold(session)
        together: dict[int, Player] = {}
        for life in lives:
            if life.uuid not in known:
                together[life.index] = Player(life, self._office, self._cast, self._album, together)
        players = [*together.values()]
        for at, _, place, player in sorted(_moments(players), key=lambda each: each[:3]):
            with clock.running_at(at):
                self._take(session, player, place)
        self._summary.added += len(players)
        self._summary.by_stage.update(player.case.stage for player in players if player.case is not None)

    def _hold(self, session: Session) -> None:
        """Keep what every step asks for: a session forgets rows that nobody holds, and would read them each time."""
        keep_settings(session)
        conditions = catalog.list_conditions_in_force(session, self._last_on)
        session.info["held"] = conditions, session.scalars(select(Body)).all()

    def _take(self, session: Session, player: Player, place: int) -> None:
        life = player.life
        if place < len(life.acts):
            act = life.acts[place]
            before = player.count(act)
            player.take(session, act)
            self._summary.steps += player.count(act) - before
        elif life.call_back is not None:
            player.answer(session, life.call_back)


def _moments(players: Iterable[Player]) -> Iterator[tuple[datetime, int, int, Player]]:
    """When something is done in whose life, and which of its acts it is; after the last one comes the call back."""
    for player in players:
        life = player.life
        yield from ((act.at, life.index, place, player) for place, act in enumerate(life.acts))
        if life.call_back is not None:
            yield life.call_back.at, life.index, len(life.acts), player


def _in_batches(lives: Iterable[Life], size: int) -> Iterator[list[Life]]:
    """So many lives together; two neighbours, of whom the second has an odd number, are never apart."""
    batch: list[Life] = []
    for life in lives:
        batch.append(life)
        if len(batch) >= size and life.index % 2:
            yield batch
            batch = []
    if batch:
        yield batch
