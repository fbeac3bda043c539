"""What can be asked of samples and re-checks. A sample is seen by who drew it and who sees one of its cases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, contains_eager, joinedload, undefer

from cityops import clock
from cityops.accounts.models import Body, Person
from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases.at_place import CheckAnswer, Manner
from cityops.cases.models import Assignment, AssignmentEnd, Case, CaseEvent
from cityops.cases.names import Stage, StepName
from cityops.cases.queries import Tally
from cityops.catalog.models import KIND_LETTERS, CaseClass
from cityops.errors import NOTHING_HERE, NotFound
from cityops.patrol.choosing import Flag
from cityops.patrol.models import CheckFlag, InspectorTask
from cityops.patrol.recheck_models import Recheck, RecheckEnd, RecheckSample
from cityops.patrol.sampling import Closed, Drawn
from cityops.words import N_

_Thing = TypeVar("_Thing", Body, Person)

_PLAIN_FLAGS = tuple(flag for flag in Flag if flag not in {Flag.OWN_CASE, Flag.WAIVED})


@dataclass(frozen=True)
class Narrow:
    """Which closed cases a sample is drawn from; None and empty do not narrow."""

    from_at: datetime
    until_at: datetime
    area_prefix: str = ""
    class_key: str = ""
    body: Body | None = None
    manner: Manner | None = None


@dataclass(frozen=True)
class ClosedCase:
    """A closed case with what a re-check keeps of it."""

    closed: Closed
    closed_seq: int
    body_id: int | None
    judged_by: int | None
    manner: Manner | None


@dataclass(frozen=True)
class Progress:
    """How far a sample, or a part of it, has come."""

    drawn: int = 0
    answered: int = 0
    not_upheld: int = 0
    lapsed: int = 0

    @property
    def open(self) -> int:
        """How many are still to be re-checked."""
        return self.drawn - self.answered - self.lapsed


def list_closed(session: Session, seen: ColumnElement[bool], narrow: Narrow, limit: int) -> list[ClosedCase]:
    """The cases that were closed in a time and still are, each with how it can come into a sample.

    Args:
        seen: the cases in the scope of who draws.
    """
    closing, check, first = aliased(CaseEvent), aliased(CaseEvent), aliased(CaseEvent)
    flagged = select(CheckFlag.id).where(CheckFlag.event_id == check.id).correlate(check)
    in_sample = select(Recheck.id).where(Recheck.case_id == Case.id, Recheck.closed_seq == closing.seq)
    columns = (
        Case.id,
        closing.seq,
        Case.is_simple,
        Assignment.body_id,
        func.coalesce(check.person_id, first.person_id),
        CheckAnswer.manner,
        flagged.where(CheckFlag.flag == Flag.OWN_CASE).exists().label("is_own_case"),
        flagged.where(CheckFlag.flag.in_(_PLAIN_FLAGS)).exists().label("is_flagged"),
        in_sample.correlate(Case, closing).exists().label("is_drawn"),
    )
    is_closing = and_(closing.case_id == Case.id, closing.to_stage == Stage.CLOSED, closing.at == Case.ended_at)
    in_time = and_(closing.at >= narrow.from_at, closing.at < narrow.until_at, closing.from_stage != Stage.CLOSED)
    passed = and_(check.case_id == Case.id, check.step == StepName.CHECK, check.at == Case.passed_at)
    handled = and_(Assignment.case_id == Case.id, Assignment.ended_at == Case.passed_at)
    statement = (
        select(*columns)
        .select_from(closing)
        .join(Case, is_closing)
        .outerjoin(check, and_(passed, check.result == "passed"))
        .outerjoin(first, and_(first.case_id == Case.id, first.step == StepName.SELF_HANDLE))
        .outerjoin(CheckAnswer, and_(CheckAnswer.case_id == Case.id, CheckAnswer.seq == check.seq))
        .outerjoin(Assignment, and_(handled, Assignment.end == AssignmentEnd.PASSED))
        .where(in_time, Case.stage == Stage.CLOSED, seen, *_narrowed(narrow))
        .order_by(Case.id)
        .limit(limit)
    )
    return [
        ClosedCase(Closed(case_id, _kind(is_simple, manner, own, odd), is_drawn), seq, body_id, judged_by, manner)
        for case_id, seq, is_simple, body_id, judged_by, manner, own, odd, is_drawn in session.execute(statement)
    ]


def _narrowed(narrow: Narrow) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [true()]
    if narrow.area_prefix:
        conditions.append(Case.area_code.between(narrow.area_prefix.ljust(12, "0"), narrow.area_prefix.ljust(12, "9")))
    if narrow.class_key:
        kind = next(kind for kind, letter in KIND_LETTERS.items() if letter == narrow.class_key[0])
        same = and_(CaseClass.kind == kind, CaseClass.code == narrow.class_key[1:])
        conditions.append(Case.class_id.in_(select(CaseClass.id).where(same)))
    if narrow.body is not None:
        conditions.append(Assignment.body_id == narrow.body.id)
    if narrow.manner is not None:
        conditions.append(CheckAnswer.manner == narrow.manner)
    return conditions


def _kind(is_simple: bool, manner: Manner | None, own_case: bool, is_flagged: bool) -> Drawn:
    if own_case:
        return Drawn.OWN_CASE
    if is_flagged:
        return Drawn.FLAGGED
    if is_simple:
        return Drawn.SIMPLE
    return Drawn.WAIVED if manner is Manner.WAIVED else Drawn.LOT


def lock_drawn(session: Session, case_ids: Sequence[int]) -> dict[int, Case]:
    """The cases with these keys by them, their rows locked in order: what is drawn is drawn as it then stands."""
    locked = select(Case).where(Case.id.in_(case_ids)).order_by(Case.id).with_for_update(of=Case)
    return {case.id: case for case in session.scalars(locked.execution_options(populate_existing=True))}


def list_samples(
    session: Session, viewer: Viewer, *, before: int | None = None, size: int = 50
) -> list[tuple[RecheckSample, Progress]]:
    """The samples of which the viewer sees something, the newest first, each with how far it has come."""
    samples = select(RecheckSample).where(_seen(viewer)).order_by(RecheckSample.id.desc()).limit(size)
    if before is not None:
        samples = samples.where(RecheckSample.id < before)
    found = session.scalars(samples.options(joinedload(RecheckSample.person), joinedload(RecheckSample.body))).all()
    counted = _progress_by(session, viewer, Recheck.sample_id, [sample.id for sample in found])
    return [(sample, counted.get(sample.id, Progress())) for sample in found]


def get_sample(session: Session, viewer: Viewer, sample_id: int) -> tuple[RecheckSample, Progress]:
    """A sample with how far what the viewer sees of it has come.

    Raises:
        NotFound: there is none, or the viewer sees nothing of it.
    """
    wanted = select(RecheckSample).where(RecheckSample.id == sample_id, _seen(viewer))
    found = session.scalar(wanted.options(joinedload(RecheckSample.person), joinedload(RecheckSample.body)))
    if found is None:
        raise NotFound(NOTHING_HERE)
    return found, _progress_by(session, viewer, Recheck.sample_id, [sample_id]).get(sample_id, Progress())


def progress_by_body(session: Session, viewer: Viewer, sample_id: int) -> list[tuple[Body | None, Progress]]:
    """How far a sample has come, by the body that carried the case; the most that was not upheld first.

    What was not upheld counts for the body at fault, which may have carried another phase: it is no share of the rest.
    """
    counted = _progress_by(session, viewer, Recheck.body_id, [sample_id])
    failed = select(Recheck.at_fault_id, func.count()).join(Recheck.case).group_by(Recheck.at_fault_id)
    in_sample = Recheck.sample_id == sample_id, Recheck.end == RecheckEnd.NOT_UPHELD, cases.scope(viewer)
    faults: dict[int | None, int] = dict(session.execute(failed.where(*in_sample)).all())
    keys = counted.keys() | faults.keys()
    wanted = select(Body).where(Body.id.in_([key for key in keys if key is not None]))
    bodies = {body.id: body for body in session.scalars(wanted)}
    return _worst_first(
        [(bodies.get(key or 0), replace(counted.get(key, Progress()), not_upheld=faults.get(key, 0))) for key in keys]
    )


def progress_by_judge(session: Session, viewer: Viewer, sample_id: int) -> list[tuple[Person | None, Progress]]:
    """How far a sample has come, by who had checked the case or put it right himself; as by body."""
    counted = _progress_by(session, viewer, Recheck.judged_by, [sample_id])
    wanted = select(Person).where(Person.id.in_([key for key in counted if key is not None]))
    persons = {person.id: person for person in session.scalars(wanted)}
    return _worst_first([(persons.get(key or 0), progress) for key, progress in counted.items()])


def list_rechecks(
    session: Session,
    viewer: Viewer,
    sample_id: int,
    *,
    end: RecheckEnd | None = None,
    only_open: bool = False,
    after: int | None = None,
    size: int = 50,
) -> Sequence[Recheck]:
    """The re-checks of a sample in the viewer's scope, with their cases, in the order they were drawn."""
    statement = select(Recheck).join(Recheck.case).where(Recheck.sample_id == sample_id, cases.scope(viewer))
    if end is not None:
        statement = statement.where(Recheck.end == end)
    if only_open:
        statement = statement.where(Recheck.end.is_(None))
    if after is not None:
        statement = statement.where(Recheck.id > after)
    return session.scalars(statement.order_by(Recheck.id).limit(size).options(*_WHOLE)).all()


def get_recheck(session: Session, viewer: Viewer, recheck_id: int) -> Recheck:
    """A re-check of a case in the viewer's scope.

    Raises:
        NotFound: there is none, or outside the scope.
    """
    return _found(session, viewer, Recheck.id == recheck_id)


def get_recheck_of_task(session: Session, viewer: Viewer, task_id: int) -> Recheck:
    """The re-check that a task is about.

    Raises:
        NotFound: there is none, or outside the viewer's scope.
    """
    return _found(session, viewer, Recheck.task_id == task_id)


def get_members(session: Session, sample_id: int) -> tuple[RecheckSample, dict[int, Drawn]]:
    """A sample with its draw, and all its cases with why each is in it: for the command line, which sees all.

    Raises:
        NotFound: there is no such sample.
    """
    sample = session.scalar(
        select(RecheckSample).where(RecheckSample.id == sample_id).options(undefer(RecheckSample.draw))
    )
    if sample is None:
        raise NotFound(N_("There is no sample #%(number)s."), number=sample_id)
    rows = session.execute(select(Recheck.case_id, Recheck.drawn_because).where(Recheck.sample_id == sample_id))
    return sample, dict(rows.all())


def list_touched_by_reopening(session: Session, case_id: int) -> Sequence[Recheck]:
    """The re-checks of a case that wait for an answer, or came to nothing good and wait for the case to be reopened."""
    is_waiting = or_(Recheck.end.is_(None), Recheck.end == RecheckEnd.NOT_UPHELD)
    statement = select(Recheck).where(Recheck.case_id == case_id, Recheck.reopened_seq.is_(None), is_waiting)
    return session.scalars(statement.options(joinedload(Recheck.task))).all()


def list_open(session: Session, viewer: Viewer, *, skip: int = 0, size: int = 50) -> Sequence[Recheck]:
    """The re-checks in the viewer's scope that wait for an answer, of all samples, the most pressing first."""
    statement = select(Recheck).join(Recheck.case).join(Recheck.task).where(Recheck.end.is_(None), cases.scope(viewer))
    ordered = statement.order_by(InspectorTask.due_at, Recheck.id).offset(skip).limit(size)
    return session.scalars(ordered.options(*_WHOLE)).all()


def tally_open(session: Session, viewer: Viewer) -> Tally:
    """How many re-checks in the viewer's scope wait for an answer, and how many of them are overdue."""
    counts = select(func.count(), func.count().filter(InspectorTask.due_at < clock.now()))
    counts = counts.select_from(Recheck).join(Recheck.case).join(Recheck.task)
    return Tally(*session.execute(counts.where(Recheck.end.is_(None), cases.scope(viewer))).one())


def list_carriers(session: Session, case_id: int) -> list[Body]:
    """The bodies whose handling of a case was passed, each once, in the order of the phases.

    Where a phase was handled again after a reopening, the last one counts.
    """
    passed = select(Assignment).where(Assignment.case_id == case_id, Assignment.end == AssignmentEnd.PASSED)
    rows = session.scalars(passed.order_by(Assignment.id).options(joinedload(Assignment.body)))
    of_phase = {row.phase: row.body for row in rows}
    return list(dict.fromkeys(of_phase[phase] for phase in sorted(of_phase)))


_WHOLE = (
    contains_eager(Recheck.case).options(
        joinedload(Case.case_class), joinedload(Case.condition), joinedload(Case.body), joinedload(Case.cell)
    ),
    joinedload(Recheck.task).joinedload(InspectorTask.person),
    joinedload(Recheck.body),
    joinedload(Recheck.at_fault),
    joinedload(Recheck.judge),
    joinedload(Recheck.answerer),
)


def _found(session: Session, viewer: Viewer, wanted: ColumnElement[bool]) -> Recheck:
    statement = select(Recheck).join(Recheck.case).where(wanted, cases.scope(viewer)).options(*_WHOLE)
    found = session.scalar(statement)
    if found is None:
        raise NotFound(NOTHING_HERE)
    return found


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    seen = exists().where(Recheck.sample_id == RecheckSample.id, Case.id == Recheck.case_id, cases.scope(viewer))
    return or_(RecheckSample.drawn_by == viewer.person_id, seen.correlate(RecheckSample))


def _progress_by(
    session: Session,
    viewer: Viewer,
    column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
    sample_ids: Sequence[int],
) -> dict[int | None, Progress]:
    not_upheld, lapsed = Recheck.end == RecheckEnd.NOT_UPHELD, Recheck.end == RecheckEnd.LAPSED
    counts = (
        func.count(),
        func.count().filter(or_(not_upheld, Recheck.end == RecheckEnd.UPHELD)),
        func.count().filter(not_upheld),
        func.count().filter(lapsed),
    )
    statement = select(column, *counts).join(Recheck.case).where(Recheck.sample_id.in_(sample_ids))
    rows = session.execute(statement.where(cases.scope(viewer)).group_by(column))
    return {key: Progress(*numbers) for key, *numbers in rows}


def _worst_first(rows: list[tuple[_Thing | None, Progress]]) -> list[tuple[_Thing | None, Progress]]:
    return sorted(rows, key=lambda row: (-row[1].not_upheld, -row[1].drawn, row[0].id if row[0] is not None else 0))
