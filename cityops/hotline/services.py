"""Answers to reporters: owed when their case is declined, refused or closed; given by an operator on the phone."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.cases.models import Case, CaseEvent, Report
from cityops.cases.names import FINAL_STAGES
from cityops.cases.workflow import STEPS
from cityops.errors import Invalid, NotAllowed, WrongState
from cityops.hotline.models import MAX_TRIES, Outcome, ReporterAnswer
from cityops.hotline.queries import CALLERS, get_answer
from cityops.words import N_

# Built once: putting a statement together takes longer than running it.
_WAITING = select(Report.id).where(Report.case_id == bindparam("case_id"), Report.wants_answer.is_(True))
_MERGED_WAITING = (
    select(Report.id)
    .join(Report.case)
    .where(Case.merged_into_id == bindparam("case_id"), Report.wants_answer.is_(True))
    .order_by(Report.id)
)


def follow(session: Session, case: Case, event: CaseEvent) -> None:
    """Follow a case's step: what the table says is answered is owed to each reporter who left a phone.

    Who reported a case that was merged into it is told as well.
    """
    if not STEPS[event.step].is_answered or event.to_stage not in FINAL_STAGES:
        return
    waiting = [*session.scalars(_WAITING, {"case_id": case.id})]
    if case.merged_count:
        waiting += session.scalars(_MERGED_WAITING, {"case_id": case.id})
    for report_id in waiting:
        session.add(ReporterAnswer(report_id=report_id, step=event.step, owed_at=event.at, tries=0))


def answer(session: Session, viewer: Viewer, answer_id: int, outcome: str) -> ReporterAnswer:
    """Write down that a reporter was called back, and how it went.

    Not reached, he is called again: the answer stays owed until `MAX_TRIES` calls were made.

    Raises:
        NotAllowed: the viewer is no operator or duty leader.
        NotFound: no such answer in the viewer's scope.
        WrongState: it was given already.
        Invalid: an outcome that is none.
    """
    if not viewer.has(*CALLERS):
        raise NotAllowed(N_("None of your posts may do this."))
    if outcome not in set(Outcome):
        raise Invalid("outcome", N_("Say how the call went: reached, not reached, or dissatisfied."))
    row = get_answer(session, viewer, answer_id, lock=True)
    if row.answered_at is not None:
        raise WrongState(N_("This reporter has been called back already."), moved_at=row.answered_at)
    row.tries += 1
    if outcome != Outcome.NOT_REACHED or row.tries >= MAX_TRIES:
        row.answered_at, row.answered_by, row.outcome = clock.now(), viewer.person_id, Outcome(outcome)
    return row
