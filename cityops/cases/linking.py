"""Cases that have to do with each other: linked with a reason, or split off because one report named two faults.

A link touches no clock and no figure. Each of the two cases has its own event of it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case as if_then
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from cityops.accounts.viewer import Viewer
from cityops.cases import queries
from cityops.cases.acting import Act, carry_out, moment_of
from cityops.cases.actor import Actor
from cityops.cases.intake import NewReport, checked_text
from cityops.cases.link_models import MAX_REASON, CaseLink, LinkKind
from cityops.cases.models import Case
from cityops.cases.names import StepName
from cityops.cases.office import CaseOffice
from cityops.cases.services import check_version, held_for, report
from cityops.cases.steps import DONE
from cityops.cases.workflow import STEPS
from cityops.errors import Invalid, NotFound, WrongState
from cityops.words import N_


@dataclass(frozen=True)
class Related:
    """A case that has to do with another, as that one's page tells it."""

    case: Case
    link: CaseLink

    @property
    def is_origin(self) -> bool:
        """Whether the other was split off from this case."""
        return self.link.kind is LinkKind.SPLIT and self.link.case_id == self.case.id


@dataclass(frozen=True)
class RelatedPage:
    """A page of the cases that have to do with one, and how many follow."""

    related: list[Related]
    more: int

    @property
    def next_cursor(self) -> str | None:
        """Where the next page begins, where there is one."""
        return str(self.related[-1].link.id) if self.more else None


def list_related(
    session: Session, viewer: Viewer, case: Case, *, cursor: str | None = None, size: int = queries.MOST_BESIDE
) -> RelatedPage:
    """The cases linked with this one that the viewer sees, the oldest link first, a page at a time."""
    other_id = if_then((CaseLink.case_id == case.id, CaseLink.other_id), else_=CaseLink.case_id)
    of_case = or_(CaseLink.case_id == case.id, CaseLink.other_id == case.id)
    seen = select(Case, CaseLink).select_from(CaseLink).join(Case, Case.id == other_id)
    seen = seen.where(of_case, queries.scope(viewer))
    if cursor:
        seen = seen.where(CaseLink.id > queries.cursor_id(cursor))
    shown = (joinedload(each) for each in (Case.case_class, Case.condition, Case.body, Case.cell))
    rows = session.execute(seen.order_by(CaseLink.id).options(*shown).limit(size + 1)).all()
    found = [Related(row[0], row[1]) for row in rows[:size]]
    counted = seen.with_only_columns(func.count(), maintain_column_froms=True)
    return RelatedPage(found, (session.scalar(counted) or 0) - size if len(rows) > size else 0)


def link(
    session: Session, viewer: Viewer, office: CaseOffice, number: str, version: int, other: str, reason: str
) -> None:
    """Say that two cases have to do with each other.

    Raises:
        NotFound: no such case, or outside what the viewer sees.
        NotAllowed: the viewer has no say over one of them.
        Conflict: the case moved since `version`.
        Invalid: no such other case, the case itself, one that is linked already, or no reason.
    """
    case, other_case = _locked(session, viewer, number, version, other)
    words = checked_text("reason", reason, longest=MAX_REASON)
    if _find(session, case, other_case) is not None:
        raise Invalid("other", N_("These two cases are linked already."))
    moment = _tell(session, viewer, office, StepName.LINK, case, other_case, words)
    first, second = sorted((case.id, other_case.id))
    row = CaseLink(case_id=first, other_id=second, kind=LinkKind.RELATED, reason=words, made_at=moment)
    session.add(row)
    session.flush()


def unlink(
    session: Session, viewer: Viewer, office: CaseOffice, number: str, version: int, other: str, reason: str
) -> None:
    """Take a link away again, with the reason; that a case was split off stays.

    Raises:
        NotFound, NotAllowed, Conflict: as `link`.
        WrongState: they are not linked, or one was split off from the other.
        Invalid: no such other case, or no reason.
    """
    case, other_case = _locked(session, viewer, number, version, other)
    words = checked_text("reason", reason, longest=MAX_REASON)
    row = _find(session, case, other_case)
    if row is None or row.kind is LinkKind.SPLIT:
        raise WrongState(N_("There is no link between these cases to take away."))
    _tell(session, viewer, office, StepName.UNLINK, case, other_case, words)
    session.delete(row)
    session.flush()


def split(session: Session, viewer: Viewer, office: CaseOffice, number: str, version: int, new: NewReport) -> Case:
    """Make a further case of a case's report, which named two faults; the reporter is kept, and told of each.

    Args:
        new: class, place and words of the further case; its source and reporter are those of the report. The same uuid
            again gives the same case.

    Raises:
        NotFound: no such case, or outside what the viewer sees.
        NotAllowed: the viewer takes in no reports here.
        Conflict: the case moved since `version`.
        WrongState: the case is over.
        Invalid: a field that cannot be taken.
    """
    case = queries.get_case_for_update(session, viewer, number)
    earlier = queries.find_report_by_uuid(session, new.uuid)
    if earlier is not None:
        if _find(session, case, earlier.case) is None:
            raise Invalid("id", N_("This id belongs to another report: make a new one."))
        return earlier.case
    check_version(session, case, version)
    step = STEPS[StepName.SPLIT]
    held = held_for(viewer, step.posts, case)
    if case.stage not in step.stages:
        raise WrongState(N_("The case is over: report the other fault anew."))
    made = report(session, viewer, office, new, split_from=case.reports[0]).case
    actor, moment = Actor.under(held, viewer.person_id), moment_of(case)
    for each, name, facts in (
        (case, StepName.SPLIT, {"case": made.id}),
        (made, StepName.SPLIT_OFF, {"case": case.id}),
    ):
        taken = STEPS[name]
        carry_out(Act(session, office, each, taken, taken.ways[DONE], DONE, moment, actor, facts=facts), None)
    session.add(CaseLink(case_id=case.id, other_id=made.id, kind=LinkKind.SPLIT, made_at=moment))
    session.flush()
    return made


def _locked(session: Session, viewer: Viewer, number: str, version: int, other: str) -> tuple[Case, Case]:
    key = queries.get_key(session, viewer, number)
    try:
        other_key = queries.get_key(session, viewer, other)
    except NotFound:
        raise Invalid("other", queries.NO_CASE, number=other[:40]) from None
    if key == other_key:
        raise Invalid("other", N_("A case is not linked with itself."))
    cases = {each: queries.lock_case(session, each) for each in sorted((key, other_key))}
    check_version(session, cases[key], version)
    return cases[key], cases[other_key]


def _find(session: Session, case: Case, other: Case) -> CaseLink | None:
    first, second = sorted((case.id, other.id))
    return session.scalar(select(CaseLink).where(CaseLink.case_id == first, CaseLink.other_id == second))


def _tell(
    session: Session, viewer: Viewer, office: CaseOffice, name: StepName, case: Case, other: Case, words: str
) -> datetime:
    """Write the step into both histories; the moment of it."""
    step, moment = STEPS[name], max(moment_of(case), moment_of(other))
    held = {each.id: held_for(viewer, step.posts, each) for each in (case, other)}
    for each, beside in ((case, other), (other, case)):
        actor, facts = Actor.under(held[each.id], viewer.person_id), {"case": beside.id}
        act = Act(session, office, each, step, step.ways[DONE], DONE, moment, actor, note=words, facts=facts)
        carry_out(act, None)
    return moment
