"""What each count counts, as one SQL condition over one kind of rows: the count and its list are made of the same.

A count is `count(*)` over its source's rows that meet its condition; its list shows those very rows.

The cut-off of a period lies on the handling: reporting back counts until the period's end. The check and the closing
that follow judge that handling, and count whenever they are made: the centre's time is not the body's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer, in_jurisdiction
from cityops.assessment.formulas import Count
from cityops.assessment.periods import Span
from cityops.cases.at_place import CheckAnswer, Manner
from cityops.cases.models import Assignment, AssignmentEnd, Case, CaseEvent, StageClock
from cityops.cases.names import ClockName, Stage, StepName
from cityops.cases.queries import AREA_POSTS
from cityops.cases.steps import ClockAct
from cityops.cases.workflow import STEPS

Condition = ColumnElement[bool]
Statement = Select[*tuple[Any, ...]]

JUDGING_POSTS = (Post.SUPERVISOR, Post.LEADER, Post.DUTY_LEADER, Post.ADMINISTRATOR)
"""Who sees the counts of other persons; everybody sees his own."""


@dataclass(frozen=True)
class Source:
    """One kind of rows that are counted.

    Attributes:
        key: the row's own id: the cursor of lists.
        moment: the moment by which a row belongs to a period.
        body: the body a row counts for; None where the rows have none.
        joined: puts the tables together, the case among them.
        narrowed: the part of the condition that all its counts share.
    """

    key: InstrumentedAttribute[int]
    moment: InstrumentedAttribute[Any]
    body: InstrumentedAttribute[Any] | None
    joined: Callable[[Statement], Statement]
    narrowed: Callable[[Span], Condition]


def _of_assignments(statement: Statement) -> Statement:
    return statement.select_from(Assignment).join(Case, Case.id == Assignment.case_id)


def _of_cases(statement: Statement) -> Statement:
    return statement.select_from(Case)


def _clock_of(step: StepName) -> ClockName | None:
    """The clock that a step stops in every one of its ways, and whose time is therefore the step's."""
    stopped = [{name for name, act in way.clocks if act is ClockAct.STOP} for way in STEPS[step].ways.values()]
    shared = set.intersection(*stopped) - {ClockName.HANDLE}
    # Reporting back stops the clock of signing for too, but is not what that clock waited for; nor is a decision, nor
    # what a centre takes from another's desk, whichever clock ran there.
    is_other = step is StepName.REPORT_BACK or STEPS[step].has_own_door or len(shared) != 1
    return None if is_other else next(iter(shared))


STEP_CLOCKS: Mapping[StepName, ClockName] = {step: name for step in StepName if (name := _clock_of(step)) is not None}


def _of_steps(statement: Statement) -> Statement:
    clock_name = case({step.value: name.value for step, name in STEP_CLOCKS.items()}, value=CaseEvent.step)
    stopped_by_it = and_(
        StageClock.case_id == CaseEvent.case_id,
        StageClock.name == clock_name,
        StageClock.stopped_at == CaseEvent.at,
    )
    from_events = statement.select_from(CaseEvent).join(Case, Case.id == CaseEvent.case_id)
    return from_events.outerjoin(StageClock, stopped_by_it)


def _of_closings(statement: Statement) -> Statement:
    """The closings of cases, each with the check that the case had passed, and the body that had it then."""
    passed = aliased(CaseEvent)
    is_check = and_(passed.case_id == Case.id, passed.at == Case.passed_at, passed.step == StepName.CHECK)
    handled = and_(Assignment.case_id == Case.id, Assignment.ended_at == Case.passed_at)
    from_events = statement.select_from(CaseEvent).join(Case, Case.id == CaseEvent.case_id)
    from_events = from_events.join(Assignment, and_(handled, Assignment.end == AssignmentEnd.PASSED))
    from_events = from_events.join(passed, and_(is_check, passed.result == "passed"))
    answer = and_(CheckAnswer.case_id == passed.case_id, CheckAnswer.seq == passed.seq)
    return from_events.outerjoin(CheckAnswer, answer)


def _last_closing(_span: Span) -> Condition:
    """A case that was reopened counts when it is closed again, by its new check."""
    is_closing = and_(CaseEvent.to_stage == Stage.CLOSED, CaseEvent.from_stage != Stage.CLOSED)
    return and_(is_closing, CaseEvent.at == Case.ended_at, Case.stage == Stage.CLOSED)


def _counts() -> Condition:
    """What is held against a body: not a case that was voided or merged, nor a mark that an appeal took away."""
    return and_(Assignment.exempted_at.is_(None), Case.stage.not_in((Stage.VOIDED, Stage.MERGED)))


def _not_sent_back(span: Span) -> Condition:
    """What was not sent back before it was due: sending back later does not undo that the limit had passed."""
    sent_back = and_(
        Assignment.end == AssignmentEnd.SENT_BACK,
        Assignment.ended_at < span.until_at,
        Assignment.ended_at <= Assignment.due_at,
    )
    return and_(Assignment.dispatched_at < span.until_at, or_(Assignment.end.is_(None), ~sent_back), _counts())


def _still_theirs(span: Span) -> Condition:
    """What was not sent back at all: of the assignments of a case, the one in which it is handled and closed.

    Of one that is handled in phases it is the first that was late, else the last.
    """
    sent_back = and_(Assignment.end == AssignmentEnd.SENT_BACK, Assignment.ended_at < span.until_at)
    is_theirs = or_(Assignment.end.is_(None), ~sent_back)
    return and_(Assignment.dispatched_at < span.until_at, is_theirs, Assignment.stands_for_case, _counts())


DUE = Source(Assignment.id, Assignment.due_at, Assignment.body_id, _of_assignments, _not_sent_back)
TO_CLOSE = Source(Assignment.id, Assignment.due_at, Assignment.body_id, _of_assignments, _still_theirs)
SENT_BACK = Source(
    Assignment.id,
    Assignment.ended_at,
    Assignment.body_id,
    _of_assignments,
    # SQLite takes a partial index only where its word stands in the statement.
    lambda _span: Assignment.end == bindparam(None, AssignmentEnd.SENT_BACK, literal_execute=True),
)
FILED = Source(
    Case.id,
    Case.filed_at,
    Case.body_id,
    _of_cases,
    lambda _span: and_(Case.filed_at.is_not(None), Case.stage != Stage.MERGED),
)
SIMPLE = Source(
    Case.id, Case.opened_at, None, _of_cases, lambda _span: and_(Case.is_simple, Case.stage == Stage.CLOSED)
)
CHECKED = Source(CaseEvent.id, CaseEvent.at, Assignment.body_id, _of_closings, _last_closing)
TAKEN = Source(CaseEvent.id, CaseEvent.at, CaseEvent.body_id, _of_steps, lambda _span: true())


def _all(_span: Span) -> Condition:
    return true()


def _handled(span: Span) -> Condition:
    return and_(Assignment.reported_back_at.is_not(None), Assignment.reported_back_at < span.until_at)


def _overdue(span: Span) -> Condition:
    return or_(Assignment.reported_back_at.is_(None), Assignment.reported_back_at >= span.until_at)


def _late(_span: Span) -> Condition:
    return or_(
        Assignment.reported_back_at.is_(None),
        Assignment.reported_back_at > Assignment.due_at,
        Assignment.end == AssignmentEnd.FORCED,
    )


def _awaiting_check(_span: Span) -> Condition:
    return and_(Assignment.reported_back_at <= Assignment.due_at, Assignment.on_time.is_(None))


def _closed(span: Span) -> Condition:
    return and_(_handled(span), Case.stage == Stage.CLOSED)


COUNTS: Mapping[Count, tuple[Source, Callable[[Span], Condition]]] = {
    Count.FILED: (FILED, _all),
    Count.SIMPLE: (SIMPLE, _all),
    Count.TO_HANDLE: (DUE, _all),
    Count.HANDLED: (DUE, _handled),
    Count.HANDLED_ON_TIME: (DUE, lambda _span: Assignment.on_time.is_(True)),
    Count.AWAITING_CHECK: (DUE, _awaiting_check),
    Count.LATE: (DUE, _late),
    Count.OVERDUE: (TO_CLOSE, _overdue),
    Count.SENT_BACK: (SENT_BACK, _all),
    Count.REWORKED: (TO_CLOSE, lambda _span: Assignment.rework_count > 0),
    Count.TO_CLOSE: (TO_CLOSE, _all),
    Count.CLOSED: (TO_CLOSE, _closed),
    Count.CLOSED_ON_TIME: (TO_CLOSE, lambda span: and_(_closed(span), Assignment.on_time.is_(True))),
    Count.CHECKED: (CHECKED, _all),
    Count.CHECKED_ON_THE_SPOT: (CHECKED, lambda _span: CheckAnswer.manner == Manner.ON_THE_SPOT),
    Count.CHECKED_BY_VIDEO: (CHECKED, lambda _span: CheckAnswer.manner == Manner.BY_VIDEO),
    Count.CHECKED_BY_PHOTO: (CHECKED, lambda _span: CheckAnswer.manner == Manner.BY_PHOTO),
    Count.CHECK_WAIVED: (CHECKED, lambda _span: CheckAnswer.manner == Manner.WAIVED),
    Count.STEPS: (TAKEN, _all),
    Count.CLOCKED_STEPS: (TAKEN, lambda _span: StageClock.id.is_not(None)),
    Count.STEPS_ON_TIME: (TAKEN, lambda _span: CaseEvent.at <= StageClock.due_at),
}


def within(source: Source, span: Span) -> Condition:
    """The rows of a source that belong to a period."""
    return and_(source.moment >= span.from_at, source.moment < span.until_at, source.narrowed(span))


def body_scope(viewer: Viewer, source: Source) -> Condition:
    """The rows a viewer sees in the scores of bodies: those in his area, and as a handler those of his own bodies."""
    conditions = [_area_scope(viewer)]
    if source.body is not None:
        for held in viewer.holding(Post.HANDLER):
            conditions.append(source.body.in_(select(Body.id).where(Body.path.startswith(held.body_path))))
    return or_(*conditions)


def area_scope(viewer: Viewer, _source: Source) -> Condition:
    """The rows a viewer sees in the scores of areas: those in his area."""
    return _area_scope(viewer)


def person_scope(viewer: Viewer, _source: Source) -> Condition:
    """The steps a viewer sees in the scores of persons: his own, and as one who judges those in his area."""
    judging = viewer.holding(*JUDGING_POSTS)
    others = in_jurisdiction(judging, Case.area_code) if judging else false()
    return or_(CaseEvent.person_id == viewer.person_id, others)


def _area_scope(viewer: Viewer) -> Condition:
    held = viewer.holding(*(post for post in AREA_POSTS if post is not Post.INSPECTOR))
    return in_jurisdiction(held, Case.area_code) if held else false()
