"""Verify and check tasks: given when a case comes to that stage, done by the case's own step."""

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from cityops.cases.models import Case, CaseEvent
from cityops.cases.workflow import Stage, StepName
from cityops.patrol.choosing import choose
from cityops.patrol.models import InspectorTask, TaskKind
from cityops.patrol.queries import list_candidates, list_persons_involved

TASK_AT_STAGE = {Stage.VERIFYING: TaskKind.VERIFY, Stage.CHECKING: TaskKind.CHECK}
TASK_OF_STEP = {StepName.VERIFY: TaskKind.VERIFY, StepName.CHECK: TaskKind.CHECK}

# Built once: putting a statement together takes longer than running it.
_FINISH = (
    update(InspectorTask)
    .where(InspectorTask.case_id == bindparam("of_case"), InspectorTask.done_at.is_(None))
    .where(InspectorTask.kind == bindparam("of_kind"))
    .values(done_at=bindparam("at"), done_by=bindparam("by"))
    .execution_options(synchronize_session=False)
)


def follow(session: Session, case: Case, event: CaseEvent) -> None:
    """Follow a case's step: finish the task it answers, give the task its new stage asks for."""
    if event.step in TASK_OF_STEP:
        _finish(session, case, event)
    if event.to_stage in TASK_AT_STAGE:
        give_task(session, case, TASK_AT_STAGE[event.to_stage])


def give_task(session: Session, case: Case, kind: TaskKind) -> InspectorTask | None:
    """Give a case's task to an inspector: another than who took a step on it before, where one is there.

    None where the place lies outside every cell; any inspector of the jurisdiction may still take the step.
    """
    moment = case.moved_at
    candidates = list_candidates(session, case.cell_id, moment)
    chosen = choose(case.id, candidates, list_persons_involved(session, case.id))
    if chosen is None:
        return None
    task = InspectorTask(
        case_id=case.id,
        kind=kind,
        person_id=chosen.person_id,
        chosen_because=chosen.why,
        given_at=moment,
        due_at=case.due_at,
    )
    session.add(task)
    return task


def _finish(session: Session, case: Case, event: CaseEvent) -> None:
    done = {"of_case": case.id, "of_kind": TASK_OF_STEP[event.step], "at": event.at, "by": event.person_id}
    session.execute(_FINISH, done)
