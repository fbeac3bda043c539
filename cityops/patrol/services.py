"""Verify and check tasks: given when a case comes to that stage, done by the case's own step."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import audit
from cityops.accounts.administration import is_city_administrator, must_administer
from cityops.accounts.models import AuditAction
from cityops.accounts.viewer import Viewer
from cityops.cases.acting import waits_until
from cityops.cases.at_place import Manner
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import Source, Stage, StepName
from cityops.cases.workflow import DISPUTED_AFTER
from cityops.catalog.phases import FIRST_PHASE
from cityops.crypto import Keys
from cityops.errors import Invalid, NotAllowed
from cityops.patrol import choosing, drawing, rechecks
from cityops.patrol.choosing import Bar, Candidate, Flag, Rules, Wait
from cityops.patrol.models import CheckFlag, InspectorTask, PatrolRules, TaskKind
from cityops.patrol.queries import (
    JUDGED,
    PAIRED,
    REPORTED,
    get_case_of_task_for_update,
    get_rules,
    list_candidates,
    list_judging_steps,
    list_last_checks,
    list_left_behind,
)
from cityops.words import N_

TASK_AT_STAGE = {Stage.VERIFYING: TaskKind.VERIFY, Stage.CHECKING: TaskKind.CHECK}

# Built once: putting a statement together takes longer than running it.
_OPEN_TASKS = select(InspectorTask).where(
    InspectorTask.case_id == bindparam("case_id"),
    InspectorTask.done_at.is_(None),
    InspectorTask.kind.in_(TASK_AT_STAGE.values()),
)


def follow(keys: Keys, session: Session, case: Case, event: CaseEvent) -> None:
    """Follow a case's step: finish the task it answers or leaves behind, give the task its new stage asks for."""
    if event.step is StepName.RECOUNT:
        for task in session.scalars(_OPEN_TASKS, {"case_id": case.id}):
            task.due_at = case.due_at
    if event.step is StepName.RECHECK:
        flags = _flags_of_place(json.loads(event.payload))
        _raise_flags(session, case, event, flags)
    if event.step is StepName.REOPEN:
        rechecks.follow_reopening(session, case, event)
    if event.from_stage is event.to_stage:
        return
    if event.from_stage in TASK_AT_STAGE:
        _finish(session, case, event)
    if event.to_stage in TASK_AT_STAGE:
        give_task(session, keys, case, TASK_AT_STAGE[event.to_stage])


def give_task(
    session: Session,
    keys: Keys,
    case: Case,
    kind: TaskKind,
    *,
    always_another: bool = False,
    given_at: datetime | None = None,
    due_at: datetime | None = None,
) -> InspectorTask:
    """Give a case's task to an inspector by lot, between those near the place who may judge it.

    Where nobody may, it waits with the reason and is tried again; any inspector of the jurisdiction may still verify or
    check.

    Args:
        always_another: nobody who reported or judged the case before, even where nobody else is near.
        given_at, due_at: where they are not those of the case's stage.
    """
    taken = list_judging_steps(session, case.id)
    task = InspectorTask(
        case_id=case.id,
        kind=kind,
        case_version=case.version,
        turn=1,
        body_id=case.body_id if kind is TaskKind.CHECK else None,
        reporter_id=_reporter(case, taken) if kind is TaskKind.CHECK else None,
        given_at=given_at or case.moved_at,
        due_at=due_at or case.due_at,
    )
    task.not_before_at = waits_until(case) if kind is TaskKind.CHECK else None
    if task.not_before_at is not None:
        task.turn, task.waits_because = 0, Wait.NOT_YET
    else:
        _draw(session, keys, case, task, taken, always_another=always_another or _is_disputed(case, taken))
    session.add(task)
    return task


def hand_on_tasks(session: Session, keys: Keys, limit: int = 100) -> int:
    """Draw the open tasks that have nobody, or one who has left, anew; how many found somebody.

    A task for which nobody is there stays where it is until somebody is.
    """
    handed_on = 0
    for task in list_left_behind(session, clock.now(), limit):
        case = get_case_of_task_for_update(session, task)
        if task.done_at is not None:
            continue
        left, given_at = task.person_id, task.given_at
        task.turn, task.given_at = task.turn + 1, clock.now()
        task.tried_at = task.given_at
        taken = list_judging_steps(session, case.id)
        another = task.kind is TaskKind.RECHECK or _is_disputed(case, taken)
        if _draw(session, keys, case, task, taken, always_another=another, instead_of=left):
            handed_on += 1
        else:
            task.turn, task.given_at = task.turn - 1, given_at
    return handed_on


def set_rules(session: Session, viewer: Viewer, rules: Rules) -> None:
    """Set who checks, for the tasks that are given from now on.

    Raises:
        NotAllowed: the viewer does not administer the whole city.
        Invalid: more of the last checks than there are, or a day that ends before it begins.
    """
    must_administer(viewer)
    if not is_city_administrator(viewer):
        raise NotAllowed(N_("Only the city's administrator sets who checks."))
    if rules.pair_most > rules.pair_of:
        raise Invalid("pair_most", N_("This is more than the last checks that are looked at."))
    if rules.watch_until_hour <= rules.watch_from_hour:
        raise Invalid("watch_until_hour", N_("This is not after the hour before it."))
    session.merge(PatrolRules(id=1, **asdict(rules)))
    audit.record(session, viewer.person_id, AuditAction.CHECK_RULES_SET, str(rules))


def _draw(
    session: Session,
    keys: Keys,
    case: Case,
    task: InspectorTask,
    taken: Sequence[tuple[StepName, int]],
    *,
    always_another: bool,
    instead_of: int | None = None,
) -> bool:
    """Draw who gets a task, and write the draw down on it; whether somebody could, else why nobody."""
    rules = get_rules(session)
    candidates = list_candidates(session, case, task.given_at, rules.reach_m)
    barred = _barred(session, task, rules, frozenset(person for _, person in taken))
    drawn = choosing.draw(
        (_with_bars(each, barred) for each in candidates),
        lambda person_id: drawing.lot_of(keys, task, person_id),
        always_another=always_another,
    )
    if drawn is None:
        task.waits_because = _why_nobody(case, candidates)
        return False
    task.person_id, task.chosen_because, task.waits_because = drawn.chosen.person_id, drawn.chosen.why, None
    drawing.write_down(keys, task, drawn, instead_of)
    return True


def _why_nobody(case: Case, candidates: Sequence[Candidate]) -> Wait:
    if case.cell_id is None:
        return Wait.OUTSIDE
    return Wait.ALL_BARRED if candidates else Wait.NOBODY_ON_DUTY


def _is_disputed(case: Case, taken: Sequence[tuple[StepName, int]]) -> bool:
    """Whether another than the reporter has to judge it: after a failed check, a dispute, a reopening or an appeal."""
    was_appealed = any(step is StepName.ASK for step, _ in taken)
    phases = range(FIRST_PHASE, case.phase + 1)
    was_disputed = any(case.count_sent_back(phase) >= DISPUTED_AFTER for phase in phases)
    return bool(was_appealed or was_disputed or case.rework_count or case.reopen_count)


def _barred(
    session: Session, task: InspectorTask, rules: Rules, involved: frozenset[int]
) -> list[tuple[Bar, frozenset[int]]]:
    if task.kind not in PAIRED:
        return [(Bar.INVOLVED, involved)]
    of_body, of_reporter = list_last_checks(session, task.body_id, task.reporter_id, rules.pair_of)
    return [
        (Bar.INVOLVED, involved),
        (Bar.PAIR_WITH_BODY, choosing.too_often(of_body, rules)),
        (Bar.PAIR_WITH_REPORTER, choosing.too_often(of_reporter, rules)),
    ]


def _with_bars(each: Candidate, barred: Sequence[tuple[Bar, frozenset[int]]]) -> Candidate:
    return replace(each, bars=each.bars | {bar for bar, persons in barred if each.person_id in persons})


def _reporter(case: Case, taken: Sequence[tuple[StepName, int]]) -> int | None:
    """The inspector who reported the case; a desk only writes down what others saw."""
    if case.source is not Source.INSPECTOR:
        return None
    return next((person for step, person in taken if step in REPORTED), None)


def _finish(session: Session, case: Case, event: CaseEvent) -> None:
    """End the case's tasks, and raise what has an answer looked at again; voiding a case answers nothing."""
    is_answer = event.step in JUDGED
    flags: set[Flag] = set()
    for task in session.scalars(_OPEN_TASKS, {"case_id": case.id}):
        task.done_at, task.done_by = event.at, event.person_id if is_answer else None
        if is_answer and task.person_id == event.person_id:
            flags |= drawing.flags_of(task)
    if is_answer:
        flags |= _flags_of_answer(session, case, event)
    _raise_flags(session, case, event, flags)


def _raise_flags(session: Session, case: Case, event: CaseEvent, flags: set[Flag]) -> None:
    session.add_all(CheckFlag(case_id=case.id, event_id=event.id, flag=flag, at=event.at) for flag in sorted(flags))


def _flags_of_answer(session: Session, case: Case, event: CaseEvent) -> set[Flag]:
    flags = _flags_of_place(json.loads(event.payload))
    return flags | {Flag.OWN_CASE} if _judged_before(session, case, event) else flags


def _flags_of_place(told: Mapping[str, Any]) -> set[Flag]:
    """What is odd about where an answer was given, as the history tells it."""
    if told["manner"] == Manner.WAIVED:
        return {Flag.WAIVED}
    flags = set()
    if told["manner"] == Manner.ON_THE_SPOT and told["away_m"] is None:
        flags.add(Flag.NO_POSITION)
    if "other_time" in told:
        flags.add(Flag.OTHER_TIME)
    if told["is_far"]:
        flags.add(Flag.FAR_AWAY)
    if told["has_twin"]:
        flags.add(Flag.SAME_POSITION)
    return flags


def _judged_before(session: Session, case: Case, event: CaseEvent) -> bool:
    """Whether who answers reported or judged the case before."""
    return sum(person == event.person_id for _, person in list_judging_steps(session, case.id)) > 1
