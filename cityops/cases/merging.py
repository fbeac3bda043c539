"""Many reports, one case (并案): a case is merged into another, and taken apart from it again.

The merged case ends in a stage of its own and keeps its reports; its clocks stand still. It goes on from there, at the
stage where it stood, when it is taken apart. Each case concerned has its own event. All of them are locked in the order
of their keys, so that two who merge the same cases at once never wait for each other.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.bodies import exists_on
from cityops.accounts.viewer import HeldPost, Viewer
from cityops.cases import queries
from cityops.cases.acting import Act, carry_out, current_assignment, given, moment_of, open_clocks, running
from cityops.cases.actor import Actor
from cityops.cases.effects import EFFECTS
from cityops.cases.intake import checked_text
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import ClockName, Stage, StepName
from cityops.cases.office import CaseOffice
from cityops.cases.permission import find_held
from cityops.cases.services import check_version, held_for
from cityops.cases.steps import DONE, Step
from cityops.cases.workflow import STEPS, find_bar
from cityops.catalog.phases import FIRST_PHASE
from cityops.errors import Conflict, Invalid, NotFound, WrongState
from cityops.words import N_

MERGES = (STEPS[StepName.MERGE], STEPS[StepName.MERGE_FILED])
UNMERGES = (STEPS[StepName.UNMERGE], STEPS[StepName.UNMERGE_FILED])


@dataclass(frozen=True)
class NewMerge:
    """Into which case; `version` is that of the case to be merged, as the caller saw it."""

    version: int
    into: str
    reason: str | None = None


def find_merge(case: Case) -> Step | None:
    """The step by which a case is merged where it stands; None from the report back of its first phase on."""
    steps = MERGES if case.phase == FIRST_PHASE else ()
    return next((step for step in steps if case.stage in step.stages), None)


def may_merge(viewer: Viewer, case: Case) -> bool:
    """Whether the viewer may merge this case now."""
    step = find_merge(case)
    return (
        step is not None
        and find_bar(step, case.marks) is None
        and not is_spoilt(case, clock.now())
        and find_held(viewer, step.posts, case, None) is not None
    )


def may_unmerge(session: Session, viewer: Viewer, case: Case) -> bool:
    """Whether the viewer may take this merged case apart again now."""
    if case.stage is not Stage.MERGED:
        return False
    step, letting, main = _unmerge_to(_find_merged(session, case).from_stage), STEPS[StepName.LET_GO], case.merged_into
    if main is None or main.stage not in letting.stages or find_held(viewer, letting.posts, main, None) is None:
        return False
    return find_held(viewer, step.posts, case, None) is not None


def can_take_in(main: Case, case: Case) -> bool:
    """Whether the main case was filed before the other: nobody gets off a limit by merging it into a later one."""
    return case.filed_at is None or (main.filed_at is not None and main.filed_at <= case.filed_at)


def is_spoilt(case: Case, moment: datetime) -> bool:
    """Whether handling is late, was done anew or is the second time: what counts against a body is not merged away."""
    handling = running(case, ClockName.HANDLE)
    is_late = handling is not None and handling.due_at < moment
    return is_late or case.rework_count > 0 or case.reopen_count > 0


def merge(session: Session, viewer: Viewer, office: CaseOffice, number: str, new: NewMerge) -> Case:
    """Merge a case into another one; what was merged into it before is carried along.

    Raises:
        NotFound: no such case, or outside what the viewer sees.
        NotAllowed: the viewer does not merge here, or has no say over the other case.
        Conflict: the case moved since `new.version`.
        WrongState: the case is not merged at its stage, or the other one is over or merged itself.
        Invalid: no such other case, the case itself, or a filed case into one that was not filed before it.
    """
    key, main_key = queries.get_key(session, viewer, number), _main_key(session, viewer, new.into)
    if key == main_key:
        raise Invalid("into", N_("A case is not merged into itself."))
    carried = queries.list_merged_keys(session, key)
    cases = _lock(session, {key, main_key, *carried})
    case, main = cases[key], cases[main_key]
    check_version(session, case, new.version)
    step = find_merge(case)
    if step is None:
        raise WrongState(N_("A case is merged until it is reported back; this one goes its own way to its end."))
    held = held_for(viewer, step.posts, case)
    bar = find_bar(step, case.marks)
    if bar is not None:
        raise WrongState(bar)
    taking = held_for(viewer, STEPS[StepName.TAKE_IN].posts, main)
    _check_main(case, main)
    note = checked_text("reason", new.reason, required=False) or None
    moment = max(moment_of(each) for each in cases.values())
    ran, stood = open_clocks(case)
    facts = {"into": main.id, "ran": ran, "stood": stood}

    def act(of: Case, taken: Step, under: HeldPost, facts: dict[str, Any]) -> None:
        actor = Actor.under(under, viewer.person_id)
        acted = Act(session, office, of, taken, taken.ways[DONE], DONE, moment, actor, note=note, facts=facts)
        carry_out(acted, EFFECTS.get(taken.name))

    case.merged_count = 0
    # All are the main case's before the first step is told: who follows it finds them there.
    for each in (case, *(cases[other] for other in carried)):
        each.merged_into_id, each.merged_into = main.id, main
    act(case, step, held, facts)
    for each in (cases[other] for other in carried):
        act(each, STEPS[StepName.CARRY], held, {"into": main.id})
    main.merged_count += 1 + len(carried)
    act(main, STEPS[StepName.TAKE_IN], taking, {"cases": [case.id, *carried]})
    return case


def unmerge(session: Session, viewer: Viewer, office: CaseOffice, number: str, version: int, reason: str) -> Case:
    """Take a merged case apart again: it goes on at the stage where it stood, the time between being a pause.

    Raises:
        NotFound, NotAllowed, Conflict: as `merge`.
        WrongState: it is not merged, or the case it was merged into is over.
        Invalid: no reason.
    """
    key = queries.get_key(session, viewer, number)
    main_key = session.scalar(select(Case.merged_into_id).where(Case.id == key))
    if main_key is None:
        raise WrongState(N_("This case is not merged into another."))
    cases = _lock(session, {key, main_key})
    case, main = cases[key], cases[main_key]
    check_version(session, case, version)
    if case.merged_into_id != main_key:
        raise Conflict(N_("This case was merged elsewhere just now: look again."))
    merged = _find_merged(session, case)
    stage, payload = given(merged.from_stage), json.loads(merged.payload)
    step, letting = _unmerge_to(stage), STEPS[StepName.LET_GO]
    held = held_for(viewer, step.posts, case)
    under = held_for(viewer, letting.posts, main)
    if main.stage not in letting.stages:
        raise WrongState(N_("The case it was merged into is over: reopen that one, or report this anew."))
    assignment = current_assignment(case)
    if assignment is not None and not exists_on(assignment.body, clock.today()):
        raise WrongState(N_("The body that had it is closed by now: report this anew."))
    note = checked_text("reason", reason)
    moment = max(moment_of(case), moment_of(main))
    case.merged_into_id, case.merged_into = None, None
    main.merged_count -= 1
    facts = {"out_of": main.id, "ran": payload["ran"], "stood": payload["stood"]}
    way, actor = step.ways[stage.value], Actor.under(held, viewer.person_id)
    act = Act(session, office, case, step, way, stage.value, moment, actor, note=note, facts=facts)
    carry_out(act, EFFECTS[step.name])
    way, actor, facts = letting.ways[DONE], Actor.under(under, viewer.person_id), {"cases": [case.id]}
    carry_out(Act(session, office, main, letting, way, DONE, moment, actor, note=note, facts=facts), None)
    return case


def _main_key(session: Session, viewer: Viewer, number: str) -> int:
    try:
        return queries.get_key(session, viewer, number)
    except NotFound:
        raise Invalid("into", queries.NO_CASE, number=number[:40]) from None


def _lock(session: Session, keys: Collection[int]) -> dict[int, Case]:
    return {key: queries.lock_case(session, key) for key in sorted(keys)}


def _check_main(case: Case, main: Case) -> None:
    if main.stage is Stage.MERGED:
        raise WrongState(N_("That case is merged itself: choose the one it was merged into."))
    if main.stage not in STEPS[StepName.TAKE_IN].stages:
        raise WrongState(N_("That case is over: nothing is merged into it any more."))
    if not can_take_in(main, case):
        raise Invalid("into", N_("This case was filed before that one: merge the other into this."))
    if is_spoilt(case, clock.now()):
        raise WrongState(N_("This case is late, reworked or reopened: it goes its own way to its end."))


def _unmerge_to(stage: Stage | None) -> Step:
    return next(step for step in UNMERGES if given(stage).value in step.ways)


def _find_merged(session: Session, case: Case) -> CaseEvent:
    """The event by which the case was merged the last time."""
    names = [step.name for step in MERGES]
    rows = select(CaseEvent).where(CaseEvent.case_id == case.id, CaseEvent.step.in_(names))
    return session.scalars(rows.order_by(CaseEvent.seq.desc()).limit(1)).one()
