"""A score as it is shown: its rows with their names and figures, their sum, and the month before."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS, Body, Jurisdiction, Person
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.assessment import queries
from cityops.assessment.formulas import Figure, Kind, Rate, figures_of, points_between
from cityops.assessment.periods import Month, Span
from cityops.assessment.queries import EVERYTHING, Counts, RowOf
from cityops.cases.names import StepName
from cityops.catalog.models import CaseClass
from cityops.errors import NOTHING_HERE, NotFound
from cityops.grid import queries as grid
from cityops.grid.coverage.models import TIERS
from cityops.grid.majority import main_tier
from cityops.grid.models import AreaLevel
from cityops.grid.tiers import measure_tiers

NOBODY = "-"
"""The code of the row of what has no body, or lies in no area."""

AREA_LEVELS = (AreaLevel.DISTRICT, AreaLevel.STREET, AreaLevel.COMMUNITY)
"""By district (with the development zone, by jurisdiction), by street, by community."""

Ranges = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ScoreRow:
    """One row of a score.

    Attributes:
        code: a body's or area's code, or `username/post/step`; empty for the sum of all rows.
        thing: what the row is of, to be named in the reader's language; None for the sum and for nobody's row.
        post, step: of a person's row.
        tier: the grid's tier that an area or an inspector counts to; None without any, and of all others.
    """

    code: str
    thing: Any
    figures: Mapping[str, Figure]
    post: Post | None = None
    step: StepName | None = None
    tier: int | None = None


class ScoreGroup(NamedTuple):
    """Rows that are compared with each other: of one tier of the grid, or of none."""

    tier: int | None
    rows: list[ScoreRow]


@dataclass(frozen=True)
class Board:
    """A score of a month.

    Attributes:
        total: all rows together, also what belongs to none of them.
        before: the share handled on time in the month before; None for persons' scores.
        latest: the class with the most late cases, and their number.
    """

    kind: Kind
    level: AreaLevel | None
    month: Month
    span: Span
    rows: list[ScoreRow]
    total: ScoreRow
    before: Figure | None = None
    latest: tuple[CaseClass, int] | None = None

    @property
    def groups(self) -> list[ScoreGroup]:
        """The rows by tier of the grid, since work on dense and on open land is not alike; what has none comes last."""
        own = [ScoreGroup(tier, [row for row in self.rows if row.tier == tier]) for tier in (*TIERS, None)]
        return [group for group in own if group.rows]

    @property
    def tiers_on(self) -> date:
        """The day by whose cells an area counts to a tier."""
        return _last_day(self.month)

    @property
    def is_running(self) -> bool:
        """Whether the month is not over yet."""
        return self.span.until_at < self.month.after.from_at

    @property
    def points(self) -> float | None:
        """How many points the share handled on time lies above the month before's."""
        now = self.total.figures.get(Rate.ON_TIME_RATE)
        return points_between(now, self.before) if now and self.before else None


def read_board(session: Session, viewer: Viewer, kind: Kind, month: Month, level: AreaLevel | None = None) -> Board:
    """A month's score as the viewer may see it.

    Raises:
        NotAllowed: none of the viewer's posts reads these scores.
    """
    queries.check_kind(viewer, kind)
    now = clock.now()
    span, level = month.span(now), (level or AreaLevel.DISTRICT) if kind is Kind.AREA else None
    counted = queries.count_rows(session, viewer, kind, span)
    if kind is Kind.POST:
        rows = _person_rows(session, counted, queries.find_inspector_tiers(session, viewer, span))
    elif level is not None:
        rows = _area_rows(session, viewer, level, month, counted)
    else:
        rows = _body_rows(session, viewer, counted)
    total = ScoreRow("", None, figures_of(kind, _summed(counted.values())))
    if kind is Kind.POST:
        return Board(kind, level, month, span, rows, total)
    due_before = queries.count_due(session, viewer, kind, month.before.span(now))
    before = figures_of(kind, due_before)[Rate.ON_TIME_RATE]
    latest = queries.find_latest_class(session, viewer, kind, span)
    return Board(kind, level, month, span, rows, total, before, latest)


@dataclass(frozen=True)
class NamedRow:
    """What a row's code stands for: the rows behind it, and what it is of."""

    row: RowOf
    thing: Any = None
    step: StepName | None = None


def get_row(session: Session, kind: Kind, month: Month, level: AreaLevel | None, code: str) -> NamedRow:
    """What a row's code stands for; an empty one for all the rows together.

    Raises:
        NotFound: there is no such body, area or person.
    """
    if not code:
        return NamedRow(EVERYTHING)
    if not code.isprintable():
        # PostgreSQL takes no NUL in a text, and no code holds what cannot be seen.
        raise NotFound(NOTHING_HERE)
    if code == NOBODY:
        return NamedRow(RowOf(is_nobody=True))
    if kind is Kind.DEPARTMENT:
        body = _found(accounts.find_body(session, code))
        return NamedRow(RowOf(body_id=body.id), body)
    if kind is Kind.POST:
        return _step_row(session, code)
    if level in {AreaLevel.STREET, AreaLevel.COMMUNITY}:
        area = _found(next((each for each in grid.list_areas(session, level) if each.code == code), None))
        return NamedRow(RowOf(ranges=_codes_below(code)), area)
    jurisdiction = _found(accounts.find_jurisdiction(session, code))
    return NamedRow(RowOf(ranges=_ranges_on(jurisdiction, month)), jurisdiction)


def _body_rows(session: Session, viewer: Viewer, counted: Mapping[Hashable, Counts]) -> list[ScoreRow]:
    """Bodies with something to count, and a handler's own; the centres first are left out, they handle nothing."""
    own = [held.body_path for held in viewer.holding(Post.HANDLER)]
    bodies = session.scalars(select(Body).where(Body.kind.in_(RESPONSIBLE_KINDS)).order_by(Body.code)).all()
    shown = [body for body in bodies if body.id in counted or any(body.path.startswith(path) for path in own)]
    shown.sort(key=lambda body: (RESPONSIBLE_KINDS.index(body.kind), body.code))
    rows = [ScoreRow(body.code, body, figures_of(Kind.DEPARTMENT, counted.get(body.id, {}))) for body in shown]
    return rows + _nobody(Kind.DEPARTMENT, counted)


def _area_rows(
    session: Session, viewer: Viewer, level: AreaLevel, month: Month, counted: Mapping[Hashable, Counts]
) -> list[ScoreRow]:
    places = _jurisdictions(session, month) if level is AreaLevel.DISTRICT else _areas(session, level)
    seen = None if viewer.is_city_wide else [span for held in viewer.held for span in held.ranges]
    sizes = measure_tiers(session, _last_day(month))
    rows = [
        ScoreRow(
            place.code,
            place,
            figures_of(Kind.AREA, _summed(row for code, row in counted.items() if _lies_in(code, ranges))),
            tier=main_tier(size for code, size in sizes.items() if _lies_in(code, ranges)),
        )
        for place, ranges in places
        if seen is None or _overlap(ranges, seen)
    ]
    return rows + _nobody(Kind.AREA, counted)


def _person_rows(session: Session, counted: Mapping[Hashable, Counts], tiers: Mapping[int, int]) -> list[ScoreRow]:
    keys = [key for key in counted if isinstance(key, tuple)]
    wanted = select(Person).where(Person.id.in_({key[0] for key in keys}))
    persons = {person.id: person for person in session.scalars(wanted)}
    posts, steps = list(Post), list(StepName)
    keys.sort(key=lambda key: (posts.index(key[1]), persons[key[0]].username, steps.index(key[2])))
    return [
        ScoreRow(
            f"{persons[person_id].username}/{post}/{step}",
            persons[person_id],
            figures_of(Kind.POST, counted[person_id, post, step]),
            post,
            step,
            tiers.get(person_id) if post is Post.INSPECTOR else None,
        )
        for person_id, post, step in keys
    ]


def _nobody(kind: Kind, counted: Mapping[Hashable, Counts]) -> list[ScoreRow]:
    return [ScoreRow(NOBODY, None, figures_of(kind, counted[None]))] if None in counted else []


def _jurisdictions(session: Session, month: Month) -> list[tuple[Any, Ranges]]:
    rows = session.scalars(
        select(Jurisdiction)
        .where(Jurisdiction.is_city_wide.is_(False))
        .options(selectinload(Jurisdiction.ranges))
        .order_by(Jurisdiction.code)
    )
    return [(each, _ranges_on(each, month)) for each in rows]


def _areas(session: Session, level: AreaLevel) -> list[tuple[Any, Ranges]]:
    return [(area, _codes_below(area.code)) for area in grid.list_areas(session, level)]


def _ranges_on(jurisdiction: Jurisdiction, month: Month) -> Ranges:
    """The jurisdiction's ranges on the month's last day, or today where it is not over."""
    day = _last_day(month)
    return tuple(
        (each.code_from, each.code_until)
        for each in jurisdiction.ranges
        if each.from_on <= day and (each.until_on is None or each.until_on >= day)
    )


def _last_day(month: Month) -> date:
    """The month's last day, or today where it is not over."""
    return min(month.last_day, clock.today())


def _codes_below(code: str) -> Ranges:
    return ((code.ljust(12, "0"), code.ljust(12, "9")),)


def _lies_in(code: Hashable, ranges: Ranges) -> bool:
    return isinstance(code, str) and any(low <= code <= high for low, high in ranges)


def _overlap(ranges: Iterable[tuple[str, str]], others: list[tuple[str, str]]) -> bool:
    return any(low <= until and begin <= high for low, high in ranges for begin, until in others)


def _summed(rows: Iterable[Counts]) -> Counts:
    total: Counts = {}
    for row in rows:
        for count, number in row.items():
            total[count] = total.get(count, 0) + number
    return total


def _step_row(session: Session, code: str) -> NamedRow:
    parts = code.rsplit("/", 2)
    if len(parts) != 3 or parts[1] not in set(Post) or parts[2] not in set(StepName):
        raise NotFound(NOTHING_HERE)
    person = _found(session.scalar(select(Person).where(Person.username == parts[0])))
    step = StepName(parts[2])
    return NamedRow(RowOf(step=(person.id, Post(parts[1]), step)), person, step)


def _found(thing: Any) -> Any:
    if thing is None:
        raise NotFound(NOTHING_HERE)
    return thing
