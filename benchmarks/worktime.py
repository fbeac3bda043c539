"""Due times: the sorted arrays beside the obvious way, a walk minute by minute, and whole arrays beside the loop."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

import numpy as np

from cityops.worktime.arithmetic import Pause, add, difference
from cityops.worktime.arrays import due_many
from cityops.worktime.calendar import Calendar
from cityops.worktime.defaults import OFFICE
from cityops.worktime.explanation import explain
from cityops.worktime.limits import MINUTE_US, Limit, Unit
from cityops.worktime.timeline import to_us
from tests.worktime.walking import due_by_walking

T = TypeVar("T")
Question = tuple[datetime, Limit, list[Pause]]

WHOLE = 500_000
QUICK = 20_000
SLOW = 60


def run() -> dict[str, Any]:
    """Time a call of each kind, in microseconds, and the ratio to the obvious way; both give the same answers."""
    questions = _questions(QUICK)
    same = questions[:SLOW]
    if [add(OFFICE, *question) for question in same] != [_walk(*question) for question in same]:
        raise AssertionError("the two ways disagree")
    add_us = _each_us(lambda question: add(OFFICE, *question), questions)
    walk_us = _each_us(lambda question: _walk(*question), same)
    ends = [(start, start + timedelta(days=9), pauses) for start, _, pauses in questions]
    return {
        "add_us": round(add_us, 2),
        "minute_by_minute_us": round(walk_us, 1),
        "times_faster": round(walk_us / add_us),
        "difference_us": round(_each_us(lambda two: difference(OFFICE, *two), ends), 2),
        "explain_us": round(_each_us(lambda question: explain(OFFICE, *question), questions[:500]), 1),
        "first_call_of_a_year_ms": round(_first_call_ms(), 2),
        "whole_array": _whole_array(questions),
    }


def _whole_array(questions: list[Question]) -> dict[str, Any]:
    """Half a million limits at once beside the same ones alone, without pauses; one core, the same answers."""
    days = [(start, limit) for start, limit, _ in questions if limit.unit is Unit.WORKING_DAY]
    few = np.array([to_us(start) for start, _ in days])
    starts, values = np.resize(few, WHOLE), np.resize([limit.value for _, limit in days], WHOLE)
    begin = time.process_time()
    due = due_many(OFFICE, starts, values, Unit.WORKING_DAY)
    whole_s = time.process_time() - begin
    begin = time.process_time()
    alone = [add(OFFICE, start, limit) for start, limit in days]
    alone_s = time.process_time() - begin
    if [to_us(each) for each in alone] != due[: len(days)].tolist():
        raise AssertionError("the array and its limits alone disagree")
    a_second, alone_a_second = WHOLE / whole_s, len(days) / alone_s
    return {"a_second": round(a_second), "times_the_loop": round(a_second / alone_a_second, 1)}


def _questions(count: int) -> list[Question]:
    """Limits of one to seven working days and one to eight hours through 2025 and 2026, one in ten paused."""
    dice = Random(7)
    first = datetime(2025, 1, 1, tzinfo=UTC)
    questions: list[Question] = []
    for _ in range(count):
        start = first + timedelta(minutes=dice.randrange(680 * 1440))
        is_days = dice.random() < 0.6
        limit = Limit(dice.randint(1, 7), Unit.WORKING_DAY) if is_days else Limit(dice.randint(1, 8), Unit.WORKING_HOUR)
        begin = start + timedelta(minutes=dice.randrange(600))
        paused = [(begin, begin + timedelta(minutes=dice.randrange(2_000)))] if dice.random() < 0.1 else []
        questions.append((start, limit, paused))
    return questions


def _walk(start: datetime, limit: Limit, pauses: list[Pause]) -> datetime:
    return due_by_walking(OFFICE, start, limit.microseconds(OFFICE.nominal_minutes) // MINUTE_US, pauses)


def _each_us(work: Callable[[T], object], inputs: list[T]) -> float:
    begin = time.perf_counter()
    for item in inputs:
        work(item)
    return (time.perf_counter() - begin) / len(inputs) * 1e6


def _first_call_ms() -> float:
    fresh = Calendar("fresh", OFFICE.weeks, OFFICE.days, holiday_years=OFFICE.holiday_years)
    begin = time.perf_counter()
    add(fresh, datetime(2026, 3, 2, 3, tzinfo=UTC), Limit(2, Unit.WORKING_DAY))
    return (time.perf_counter() - begin) * 1e3
