"""A case told to a person: its timeline in sentences, its clocks as strips of days, its limits in words."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from flask_babel import format_date, gettext

from cityops import clock, web
from cityops.accounts.models import Body
from cityops.accounts.posts import POST_LABELS
from cityops.cases.at_place import MANNER_LABELS, Manner
from cityops.cases.clocks import Interval, Light, closed_pauses, find_other_due, light_of, limit_of
from cityops.cases.models import Case, CaseEvent, StageClock
from cityops.cases.names import CLOCK_LABELS, ClockName, StepName
from cityops.cases.requests import RULES, RequestKind
from cityops.cases.workflow import RESULT_LABELS, STEPS
from cityops.catalog.labels import limit_words
from cityops.worktime.arithmetic import clock_calendar, remaining
from cityops.worktime.calendar import DAY_MINUTES, Calendar, NoHolidayData
from cityops.worktime.explanation import Piece, PieceKind, explain_between
from cityops.worktime.limits import Limit

MAX_DAYS = 31

_NAMING = frozenset({StepName.ASK, StepName.WITHDRAW, StepName.REJECT})
"""The steps that all requests share: their sentence has to say what was asked."""


_TO_BODIES = frozenset(
    {
        *(StepName.PASS_ON, StepName.HAND_UP, StepName.HAND_DOWN, StepName.HAND_BACK, StepName.TAKE_OVER),
        StepName.SUCCEED,
    }
)
"""The steps after which another body has the case: their sentence says which."""


def named(thing: Any) -> str:
    """The name (or text) of a thing that has one in two languages, in the reader's."""
    if thing is None:
        return ""
    pairs = (("label_en", "label_zh"), ("text_en", "text"), ("name_en", "name"))
    english, chinese = next(pair for pair in pairs if hasattr(thing, pair[1]))
    return str((web.language() == "en" and getattr(thing, english, None)) or getattr(thing, chinese))


def length_words(minutes: float) -> str:
    """A length of counted time: `1 h 20 min`."""
    hours, rest = divmod(round(abs(minutes)), 60)
    if hours and rest:
        return str(gettext("%(h)s h %(m)s min", h=hours, m=rest))
    return str(gettext("%(h)s h", h=hours) if hours else gettext("%(m)s min", m=rest))


@dataclass(frozen=True)
class ToldEvent:
    """One step as a sentence, with the reason or report that came with it, and the sample a re-check belongs to."""

    at: datetime
    sentence: str
    why: str | None
    sample_id: int | None = None


def tell_events(
    case: Case, others: Sequence[Body] = (), away: Mapping[int, str] = MappingProxyType({})
) -> list[ToldEvent]:
    """The case's history in sentences, the oldest first.

    Args:
        others: bodies that had a task or got it passed on.
        away: by the event's seq, why a verify or check was not answered at the place.
    """
    bodies = {body.id: named(body) for body in (*(each.body for each in case.assignments), *others)}
    told = []
    for event in case.events:
        words = [word for word in (event.note or _moves(event), away.get(event.seq)) if word]
        sample_id = json.loads(event.payload)["sample"] if event.step is StepName.RECHECK else None
        told.append(ToldEvent(event.at, sentence(event, bodies), " · ".join(words) or None, sample_id))
    return told


def _moves(event: CaseEvent) -> str | None:
    """What a recount did to the clocks: from when to when."""
    if event.step is not StepName.RECOUNT:
        return None
    moves = [
        f"{gettext(CLOCK_LABELS[ClockName(name)])} {_written(before)} → {_written(after)}"
        for name, before, after in json.loads(event.payload)["due"]
    ]
    return "; ".join(moves)


def _written(moment: str) -> str:
    return web.local_time(datetime.fromisoformat(moment))


def _where(payload: Mapping[str, Any]) -> str:
    """How far from the place a verify or check was answered, and how it was judged where not on the spot."""
    if "manner" not in payload:
        return ""
    if payload["manner"] != Manner.ON_THE_SPOT:
        return f" ({gettext(MANNER_LABELS[Manner(payload['manner'])])})"
    away_m = payload["away_m"]
    words = gettext("place not known") if away_m is None else gettext("%(n)s m from the place", n=away_m)
    return f" ({words})"


def _onward(payload: Mapping[str, Any]) -> str:
    """Which phase of handling begins with the step."""
    if "phase" not in payload:
        return ""
    return " · " + str(gettext("on to phase %(n)s", n=payload["phase"]))


def sentence(event: CaseEvent, bodies: Mapping[int, str] = MappingProxyType({})) -> str:
    """A step in a sentence: who did what. `bodies` names the bodies to which the case was dispatched."""
    payload = json.loads(event.payload)
    facts = {"who": gettext("the city's rule"), "post": gettext("no person")}
    if event.person is not None and event.post is not None:
        facts = {"who": event.person.name, "post": gettext(POST_LABELS[event.post])}
    elif "rule" in payload:
        facts["who"] = gettext("automation rule #%(number)s", number=payload["rule"])
    if event.step is StepName.DISPATCH:
        body = bodies.get(payload.get("body"), "")
        if payload.get("duties"):
            body = gettext("%(body)s (rule #%(number)s)", body=body, number=payload["duties"][0])
        return str(gettext("%(who)s (%(post)s) dispatched it to %(body)s", body=body, **facts))
    if event.step in _NAMING:
        rule = RULES[RequestKind(event.result)]
        done = gettext(rule.asked) if event.step is StepName.ASK else gettext(STEPS[event.step].done)
        what = "" if event.step is StepName.ASK else f" ({gettext(rule.label)})"
        return str(gettext("%(who)s (%(post)s) %(done)s", done=done + what, **facts))
    facts["done"] = gettext(STEPS[event.step].done)
    if STEPS[event.step].is_beside or event.step in _TO_BODIES:
        body = bodies.get(payload.get("heir", payload.get("desk", payload.get("body"))), "")
        return str(gettext("%(who)s (%(post)s) %(done)s: %(body)s", body=body, **facts))
    if event.result in RESULT_LABELS:
        result = gettext(RESULT_LABELS[event.result])
        told = str(gettext("%(who)s (%(post)s) %(done)s: %(result)s", result=result, **facts))
        return told + _where(payload) + _onward(payload)
    return str(gettext("%(who)s (%(post)s) %(done)s", **facts))


@dataclass
class ToldDay:
    """A day of the strip; spans in minutes of the day, and the name of a day that has hours of its own."""

    label: str
    name: str = ""
    foot: str = ""
    open: list[tuple[int, int]] = field(default_factory=list)
    counted: list[tuple[int, int]] = field(default_factory=list)
    over: list[tuple[int, int]] = field(default_factory=list)
    paused: list[tuple[int, int]] = field(default_factory=list)
    due_minute: int | None = None
    now_minute: int | None = None


@dataclass(frozen=True)
class ToldPiece:
    """A stretch of the way to a due time in words."""

    begin: datetime
    until: datetime
    kind: str
    why: str
    length: str


@dataclass(frozen=True)
class ToldClock:
    """A clock of a stage as the case page shows it.

    Attributes:
        phase: the phase of handling in which it was started.
        otherwise_at: when an open clock would be due by its calendar as it stands, where that is not its due time.
    """

    name: str
    label: str
    round: int
    phase: int
    limit: str
    calendar: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    light: Light
    left: str
    days: list[ToldDay]
    pieces: list[ToldPiece]
    otherwise_at: datetime | None

    @property
    def is_running(self) -> bool:
        """Whether the clock has not been stopped; a paused one counts as running."""
        return self.stopped_at is None


def tell_clock(row: StageClock, calendar: Calendar, calendar_label: str) -> ToldClock:
    """A clock with its due time explained, span by span, up to now or to where it stopped."""
    limit = limit_of(row)
    counts = clock_calendar(calendar, limit)
    moment = row.stopped_at or max(clock.now(), row.started_at)
    pauses = [(pause.from_at, pause.until_at or max(moment, pause.from_at)) for pause in row.pauses]
    pieces = _explained(counts, row, max(row.due_at, moment), pauses)
    state = light_of(row)
    is_told_left = row.stopped_at is None and state is not Light.PAUSED
    return ToldClock(
        name=row.name.value,
        label=gettext(CLOCK_LABELS[row.name]),
        round=row.round,
        phase=row.phase,
        limit=limit_words(limit),
        calendar=gettext("day and night") if counts.is_continuous else calendar_label,
        started_at=row.started_at,
        due_at=row.due_at,
        stopped_at=row.stopped_at,
        light=state,
        left=_left(calendar, row, limit, moment) if is_told_left else "",
        days=_days(counts, row, pieces, moment),
        pieces=[_piece(piece) for piece in _explained(counts, row, row.due_at, closed_pauses(row))],
        otherwise_at=find_other_due(calendar, row),
    )


def _explained(counts: Calendar, row: StageClock, end: datetime, pauses: Sequence[Interval]) -> list[Piece]:
    """The way to `end`; only to the due time, or none at all, where the calendar does not know the years on the way."""
    for until, stops in ((end, pauses), (row.due_at, closed_pauses(row))):
        with suppress(NoHolidayData):
            return explain_between(counts, row.started_at, until, stops)
    return []


def _left(calendar: Calendar, row: StageClock, limit: Limit, moment: datetime) -> str:
    try:
        minutes = remaining(calendar, row.started_at, limit, moment, closed_pauses(row)) / timedelta(minutes=1)
    except NoHolidayData:
        return ""
    if minutes < 0:
        return str(gettext("%(length)s of counted time over", length=length_words(minutes)))
    return str(gettext("%(length)s of counted time left", length=length_words(minutes)))


def _piece(piece: Piece) -> ToldPiece:
    why = piece.why if web.language() == "en" else piece.why_zh
    return ToldPiece(piece.begin, piece.until, piece.kind.value, why, length_words(piece.minutes))


def _days(counts: Calendar, row: StageClock, pieces: Sequence[Piece], moment: datetime) -> list[ToldDay]:
    first, last = clock.city_day(row.started_at), clock.city_day(pieces[-1].until if pieces else row.due_at)
    days: dict[date, ToldDay] = {}
    for number in range(min((last - first).days + 1, MAX_DAYS)):
        day = first + timedelta(days=number)
        days[day] = ToldDay(format_date(day, "MM-dd EEE"), _name_of(counts, day), open=_open_on(counts, day))
    for piece in pieces:
        _lay(days, piece, row.due_at)
    _mark_feet(days, pieces)
    due_day, now_day = days.get(clock.city_day(row.due_at)), days.get(clock.city_day(moment))
    if due_day is not None:
        due_day.due_minute = _minute(row.due_at)
        due_day.foot = gettext("due %(time)s", time=f"{row.due_at.astimezone(clock.CITY_ZONE):%H:%M}")
    if now_day is not None:
        now_day.now_minute = _minute(moment)
    return list(days.values())


def _lay(days: Mapping[date, ToldDay], piece: Piece, due_at: datetime) -> None:
    """Lay one piece over the days it touches, cut where it passes midnight and the due time."""
    if piece.kind is PieceKind.CLOSED:
        return
    begin = piece.begin
    while begin < piece.until:
        day = clock.city_day(begin)
        midnight = datetime(day.year, day.month, day.day, tzinfo=clock.CITY_ZONE) + timedelta(days=1)
        until = min(piece.until, midnight)
        if begin < due_at < until:
            until = due_at
        told = days.get(day)
        if told is not None:
            end = DAY_MINUTES if until == midnight else _minute(until)
            lane = told.paused if piece.kind is PieceKind.PAUSED else told.over if begin >= due_at else told.counted
            lane.append((_minute(begin), end))
        begin = until


def _mark_feet(days: Mapping[date, ToldDay], pieces: Sequence[Piece]) -> None:
    reasons: dict[date, str] = {}
    for piece in pieces:
        if piece.kind is PieceKind.CLOSED:
            why = piece.why if web.language() == "en" else piece.why_zh
            first, last = clock.city_day(piece.begin), clock.city_day(piece.until - timedelta(microseconds=1))
            for day in days:
                if first <= day <= last:
                    reasons.setdefault(day, why)
    for day, told in days.items():
        minutes = sum(until - begin for begin, until in told.counted)
        told.foot = length_words(minutes) if minutes else ("" if told.open else reasons.get(day, ""))


def _name_of(counts: Calendar, day: date) -> str:
    """The name of a day that has hours of its own; that of one without stands under its box."""
    each = counts.days.get(day)
    if each is None or not each.spans:
        return ""
    return each.name_en if web.language() == "en" else each.name_zh


def _open_on(counts: Calendar, day: date) -> list[tuple[int, int]]:
    if counts.is_continuous:
        return [(0, DAY_MINUTES)]
    with suppress(NoHolidayData):
        return [(span.start_minute, min(span.end_minute, DAY_MINUTES)) for span in counts.spans_on(day)]
    return []


def _minute(moment: datetime) -> int:
    local = moment.astimezone(clock.CITY_ZONE)
    return local.hour * 60 + local.minute
