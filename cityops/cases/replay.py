"""A case's row as its events tell it: what `audit verify` compares the row with (pure).

Each step's payload holds the facts that it changed; what the row has beyond its events is worked out from the clocks,
which are not history.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from cityops import clock
from cityops.cases.names import FINAL_STAGES, StepName
from cityops.cases.steps import PASSED
from cityops.cases.workflow import DISPUTED_AFTER
from cityops.catalog.phases import FIRST_PHASE

Payload = Mapping[str, Any]


@dataclass(slots=True)
class Projection:
    """What the events say of a case; the attributes are the row's columns."""

    opened_at: datetime
    moved_at: datetime
    stage: str
    source: str
    lon: float
    lat: float
    cell_id: int | None
    area_code: str | None
    component_id: int | None
    class_id: int
    condition_id: int | None
    is_simple: bool
    centre_id: int | None = None
    desk_id: int | None = None
    desk_hops: int = 0
    desk_since_at: datetime | None = None
    body_id: int | None = None
    verify_result: str | None = None
    rework_count: int = 0
    send_back_count: int = 0
    reopen_count: int = 0
    filed_at: datetime | None = None
    reported_back_at: datetime | None = None
    passed_at: datetime | None = None
    suspended_until_at: datetime | None = None
    occurred_at: datetime | None = None
    arbitration_since_at: datetime | None = None
    hop_count: int = 0
    open_co_handlings: int = 0
    phase: int = FIRST_PHASE
    merged_into_id: int | None = None
    merged_count: int = 0
    ended_at: datetime | None = None


def begin(step: str, stage: str, at: datetime, payload: Payload) -> Projection:
    """The row as the first step made it."""
    return Projection(
        opened_at=at,
        moved_at=at,
        stage=stage,
        source=payload["source"],
        lon=payload["lon"],
        lat=payload["lat"],
        cell_id=payload["cell"],
        area_code=payload["area"],
        component_id=payload["component"],
        class_id=payload["class"],
        condition_id=payload["condition"],
        is_simple=step == StepName.SELF_HANDLE,
        centre_id=payload.get("centre"),
        desk_id=payload.get("desk"),
        occurred_at=datetime.fromisoformat(payload["occurred"]) if "occurred" in payload else None,
    )


def go_on(row: Projection, step: str, stage: str, at: datetime, payload: Payload) -> None:
    """Let a further step change the row."""
    row.stage, row.moved_at = stage, at
    row.ended_at = (row.ended_at or at) if stage in FINAL_STAGES else None
    change = _CHANGES.get(step)
    if change is not None:
        change(row, at, payload)


def _verify(row: Projection, _at: datetime, payload: Payload) -> None:
    row.verify_result = payload["result"]


def _file(row: Projection, at: datetime, payload: Payload) -> None:
    row.condition_id, row.class_id = payload["condition"], payload["class"]
    row.filed_at, row.is_simple, row.phase = at, False, FIRST_PHASE


def _dispatch(row: Projection, _at: datetime, payload: Payload) -> None:
    row.body_id, row.reported_back_at = payload["body"], None
    row.arbitration_since_at = None


def _pass_on(row: Projection, _at: datetime, payload: Payload) -> None:
    row.body_id = payload["body"]
    row.hop_count += 1


def _hand_up(row: Projection, _at: datetime, payload: Payload) -> None:
    row.body_id = payload["body"]
    row.hop_count -= 1


def _add_co_handler(row: Projection, _at: datetime, _payload: Payload) -> None:
    row.open_co_handlings += 1


def _answer(row: Projection, _at: datetime, _payload: Payload) -> None:
    row.open_co_handlings -= 1


def _send_back(row: Projection, at: datetime, payload: Payload) -> None:
    row.send_back_count += 1
    row.body_id = row.suspended_until_at = None
    row.hop_count = 0
    # An event that does not say it is of a history in which all phases were counted together.
    if payload.get("disputed", row.send_back_count >= DISPUTED_AFTER):
        row.arbitration_since_at = at


def _report_back(row: Projection, at: datetime, payload: Payload) -> None:
    row.reported_back_at, row.suspended_until_at = at, None
    if "phase" in payload:
        _begin_phase(row, payload)


def _begin_phase(row: Projection, payload: Payload) -> None:
    row.phase, row.body_id = payload["phase"], payload["body"]
    row.reported_back_at = row.suspended_until_at = None
    row.hop_count = 0


def _check(row: Projection, at: datetime, payload: Payload) -> None:
    if "phase" in payload:
        _begin_phase(row, payload)
    elif payload["result"] == PASSED:
        row.passed_at, row.hop_count = at, 0
        row.body_id = payload.get("lead", row.body_id)
    else:
        row.rework_count += 1
        row.reported_back_at = None


def _review(row: Projection, _at: datetime, payload: Payload) -> None:
    if payload["result"] != PASSED:
        row.is_simple = False


def _reopen(row: Projection, at: datetime, payload: Payload) -> None:
    row.reopen_count += 1
    row.is_simple, row.filed_at = False, row.filed_at or at
    row.body_id = row.reported_back_at = row.passed_at = None
    row.hop_count, row.phase = 0, FIRST_PHASE
    _lie_anew(row, payload)


def _lie_anew(row: Projection, payload: Payload) -> None:
    if "centre" in payload:
        row.centre_id, row.desk_id, row.desk_hops = payload["centre"], payload["desk"], payload["hops"]


def _suspend(row: Projection, _at: datetime, payload: Payload) -> None:
    row.suspended_until_at = datetime.combine(date.fromisoformat(payload["until"]), time.min, clock.CITY_ZONE)


def _run_on(row: Projection, _at: datetime, _payload: Payload) -> None:
    row.suspended_until_at = None


def _hand_down(row: Projection, at: datetime, payload: Payload) -> None:
    row.desk_id, row.desk_since_at = payload["desk"], at
    row.desk_hops += 1


def _sign_at_desk(row: Projection, _at: datetime, _payload: Payload) -> None:
    row.desk_since_at = None


def _lay_above(row: Projection, _at: datetime, payload: Payload) -> None:
    row.desk_id, row.desk_since_at = payload["desk"], None
    row.desk_hops = payload.get("hops", row.desk_hops - 1)


def _succeed(row: Projection, _at: datetime, payload: Payload) -> None:
    row.body_id, row.hop_count = payload["body"], payload["hops"]


def _end(row: Projection, _at: datetime, payload: Payload) -> None:
    row.body_id = payload.get("lead", row.body_id)
    row.suspended_until_at = row.arbitration_since_at = row.desk_since_at = None
    row.hop_count = row.open_co_handlings = 0


def _merge(row: Projection, _at: datetime, payload: Payload) -> None:
    row.merged_into_id = payload["into"]
    row.merged_count = row.open_co_handlings = 0


def _carry(row: Projection, _at: datetime, payload: Payload) -> None:
    row.merged_into_id = payload["into"]


def _take_in(row: Projection, _at: datetime, payload: Payload) -> None:
    row.merged_count += len(payload["cases"])


def _unmerge(row: Projection, _at: datetime, payload: Payload) -> None:
    row.merged_into_id = None
    _lie_anew(row, payload)


def _let_go(row: Projection, _at: datetime, payload: Payload) -> None:
    row.merged_count -= len(payload["cases"])


_CHANGES: Mapping[str, Callable[[Projection, datetime, Payload], None]] = {
    StepName.VERIFY: _verify,
    StepName.FILE: _file,
    StepName.DISPATCH: _dispatch,
    StepName.SEND_BACK: _send_back,
    StepName.REPORT_BACK: _report_back,
    StepName.CHECK: _check,
    StepName.REVIEW: _review,
    StepName.REOPEN: _reopen,
    StepName.SUSPEND: _suspend,
    StepName.DEFER: _suspend,
    StepName.RESUME: _run_on,
    StepName.VOID: _end,
    StepName.FORCE_CLOSE: _end,
    StepName.ARBITRATE: _dispatch,
    StepName.PASS_ON: _pass_on,
    StepName.HAND_UP: _hand_up,
    StepName.ADD_CO_HANDLER: _add_co_handler,
    StepName.CO_REPORT: _answer,
    StepName.EXCUSE: _answer,
    StepName.HAND_DOWN: _hand_down,
    StepName.SIGN_AT_DESK: _sign_at_desk,
    StepName.HAND_BACK: _lay_above,
    StepName.TAKE_OVER: _lay_above,
    StepName.MERGE: _merge,
    StepName.MERGE_FILED: _merge,
    StepName.CARRY: _carry,
    StepName.TAKE_IN: _take_in,
    StepName.UNMERGE: _unmerge,
    StepName.UNMERGE_FILED: _unmerge,
    StepName.LET_GO: _let_go,
    StepName.SUCCEED: _succeed,
}
