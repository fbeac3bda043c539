"""Whose it is, where bodies dispute it (推诿): marked after the second sending back, decided by the supervision side.

Until then the place's fallback body (兜底) makes it safe at once, as a task of its own beside a lead there is not yet.
The decision binds: who is named may not send it back. It also proposes a responsibility rule to the administrator.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, and_, func, select, text
from sqlalchemy.orm import Mapped, Session, aliased, joinedload, mapped_column, relationship, selectinload

from cityops import clock
from cityops.accounts import administration
from cityops.accounts.bodies import find_responsible
from cityops.accounts.models import Body
from cityops.accounts.viewer import Viewer
from cityops.cases import co_queries, queries
from cityops.cases.actor import BY_RULE
from cityops.cases.co_handling import give
from cityops.cases.co_models import CoHandling, CoKind
from cityops.cases.models import Assignment, AssignmentEnd, Case, CaseEvent
from cityops.cases.names import StepName
from cityops.cases.office import CaseOffice
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import RequestKind, RequestState
from cityops.cases.workflow import SUPERVISION
from cityops.catalog import rules
from cityops.catalog.duties import Matter
from cityops.catalog.models import ResponsibilityRule
from cityops.catalog.rules import NewRule
from cityops.db import Base, UtcDateTime, words_enum
from cityops.errors import NotFound, WrongState
from cityops.words import N_
from cityops.worktime.limits import Limit, Unit

STREET_CODE_LENGTH = 9
SAFE_WITHIN = Limit(2, Unit.URGENT_HOUR)
MAKE_SAFE = N_("Make the place safe until it is decided whose it is.")
SIMILAR_DAYS = 180
SIMILAR_SHOWN = 3
_OPEN = text("state = 'open'")


class ProposalState(StrEnum):
    """What an administrator made of a proposed rule."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class ProposedRule(Base):
    """A rule that an arbitration's decision proposes: the class of the case, in its street, is the named body's."""

    __tablename__ = "proposed_rules"
    __table_args__ = (Index("ix_proposed_rules_open", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    class_key: Mapped[str] = mapped_column(String(6))
    area_prefix: Mapped[str] = mapped_column(String(12))
    body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"), index=True)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[ProposalState] = mapped_column(words_enum(ProposalState))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("responsibility_rules.id"), index=True)
    case: Mapped[Case] = relationship(viewonly=True)
    body: Mapped[Body] = relationship(viewonly=True)


@dataclass(frozen=True)
class Claim:
    """A body that had the case and sent it back, why, and whom it suggested."""

    body: Body
    sent_back_at: datetime
    reason: str | None
    suggested: Body | None


@dataclass(frozen=True)
class Dispute:
    """A disputed case as an arbiter sees it.

    Attributes:
        similar: who handled cases of the same class in the same street lately, and how many.
        safety: the tasks by which the place was made safe.
    """

    case: Case
    claims: Sequence[Claim]
    similar: Sequence[tuple[Body, int]]
    safety: Sequence[CoHandling]


def make_safe(session: Session, office: CaseOffice, case: Case) -> CoHandling | None:
    """Have the place's fallback body make it safe; None where the place has none, or it has a task already."""
    body = find_fallback(session, case)
    if body is None or co_queries.has_open(session, case, body):
        return None
    return give(session, office, case, BY_RULE, body, CoKind.MAKE_SAFE, MAKE_SAFE, SAFE_WITHIN)


def find_fallback(session: Session, case: Case) -> Body | None:
    """Who answers for whatever lies where the case is."""
    area = case.area_code or ""
    return find_fallbacks(session, {area}).get(area)


def find_fallbacks(session: Session, areas: Collection[str]) -> dict[str, Body]:
    """Who answers for whatever lies in each area: whom the rule for every class names, else the street's own office."""
    numbered = dict(enumerate(areas))
    matters = {key: Matter("", "", area) for key, area in numbered.items()}
    won = rules.find_winning(session, matters, clock.today())
    named = {area: won[key][0].body for key, area in numbered.items() if len(won.get(key, ())) == 1}
    offices = find_responsible(session, clock.today(), {area[:STREET_CODE_LENGTH] for area in areas})
    unnamed = {area: offices.get(area[:STREET_CODE_LENGTH]) for area in areas if area not in named}
    return named | {area: office for area, office in unnamed.items() if office is not None}


def follow(session: Session, case: Case, event: CaseEvent) -> None:
    """Follow a case's step: propose what was decided as a rule for the class in the street, where it lies in one."""
    if event.step is not StepName.ARBITRATE or case.body_id is None or not case.area_code:
        return
    session.add(
        ProposedRule(
            case_id=case.id,
            class_key=case.case_class.key,
            area_prefix=case.area_code[:STREET_CODE_LENGTH],
            body_id=case.body_id,
            decided_at=event.at,
            state=ProposalState.OPEN,
        )
    )


def list_disputes(session: Session, viewer: Viewer) -> list[Dispute]:
    """The disputed cases that the viewer's posts of the supervision side decide, the longest first.

    What is known of each: who sent it back and why, who handled the like, who made it safe; a fixed number of queries.
    """
    rows = select(Case).where(
        queries.scope(viewer.only(*SUPERVISION), beside=False), Case.arbitration_since_at.is_not(None)
    )
    rows = rows.options(
        joinedload(Case.case_class),
        joinedload(Case.condition),
        joinedload(Case.cell),
        selectinload(Case.assignments).joinedload(Assignment.body),
    )
    cases = session.scalars(rows.order_by(Case.arbitration_since_at, Case.id).limit(queries.MAX_PAGE)).all()
    ids = [case.id for case in cases]
    reasons, similar, safety = _reasons(session, ids), _similar(session, ids), _safety(session, ids)
    return [
        Dispute(case, _claims(case, reasons), similar.get(case.id, [])[:SIMILAR_SHOWN], safety.get(case.id, []))
        for case in cases
    ]


def count_disputes(session: Session, viewer: Viewer) -> int:
    """How many disputed cases wait for the viewer."""
    rows = select(func.count()).select_from(Case).where(Case.arbitration_since_at.is_not(None))
    return session.scalar(rows.where(queries.scope(viewer.only(*SUPERVISION), beside=False))) or 0


def _claims(case: Case, reasons: Mapping[int | None, CaseRequest]) -> list[Claim]:
    """Who sent it back, why, and whom they suggested."""
    return [
        Claim(each.body, each.ended_at, row.asked.note if row else None, row.suggested_body if row else None)
        for each in case.assignments
        if each.end is AssignmentEnd.SENT_BACK and each.ended_at is not None
        for row in [reasons.get(each.id)]
    ]


def _reasons(session: Session, case_ids: Sequence[int]) -> dict[int | None, CaseRequest]:
    """The granted requests to send back, by the assignment that they ended."""
    asked = select(CaseRequest).where(
        CaseRequest.case_id.in_(case_ids),
        CaseRequest.kind == RequestKind.SEND_BACK,
        CaseRequest.state == RequestState.GRANTED,
    )
    whole = joinedload(CaseRequest.asked), joinedload(CaseRequest.suggested_body)
    return {row.assignment_id: row for row in session.scalars(asked.options(*whole))}


def _safety(session: Session, case_ids: Sequence[int]) -> dict[int, list[CoHandling]]:
    """The tasks to make the places safe, by case, in the order they were given."""
    given = select(CoHandling).where(CoHandling.case_id.in_(case_ids), CoHandling.kind == CoKind.MAKE_SAFE)
    found: dict[int, list[CoHandling]] = {}
    for row in session.scalars(given.order_by(CoHandling.id).options(joinedload(CoHandling.body))):
        found.setdefault(row.case_id, []).append(row)
    return found


def _similar(session: Session, case_ids: Sequence[int]) -> dict[int, list[tuple[Body, int]]]:
    """For each case, the bodies that passed the check of the like in its street lately, who most often did first.

    An aggregate, so no case of another's is shown.
    """
    disputed, number = aliased(Case), func.count()
    street = func.substr(disputed.area_code, 1, STREET_CODE_LENGTH, type_=String)
    rows = (
        select(disputed.id, Body, number)
        .join(Case, and_(Case.class_id == disputed.class_id, Case.area_code.between(street + "000", street + "999")))
        .join(Assignment, Assignment.case_id == Case.id)
        .join(Body, Body.id == Assignment.body_id)
        .where(
            disputed.id.in_(case_ids),
            Assignment.end == AssignmentEnd.PASSED,
            Assignment.due_at >= clock.now() - timedelta(days=SIMILAR_DAYS),
        )
        .group_by(disputed.id, Body.id)
        .order_by(disputed.id, number.desc(), Body.code)
    )
    found: dict[int, list[tuple[Body, int]]] = {}
    for case_id, body, count in session.execute(rows):
        found.setdefault(case_id, []).append((body, count))
    return found


def list_proposed(session: Session, viewer: Viewer) -> Sequence[ProposedRule]:
    """The proposed rules that the viewer may accept or dismiss, the oldest first, with case and body."""
    administration.must_administer(viewer)
    rows = select(ProposedRule).where(
        ProposedRule.state == ProposalState.OPEN, rules.changeable(viewer, ProposedRule.area_prefix)
    )
    whole = joinedload(ProposedRule.case).joinedload(Case.case_class), joinedload(ProposedRule.body)
    return session.scalars(rows.order_by(ProposedRule.id).options(*whole).limit(queries.MAX_PAGE)).all()


def accept(session: Session, viewer: Viewer, proposed_id: int) -> ResponsibilityRule:
    """Make a proposed rule a rule of the city, from today on.

    Raises:
        NotFound: there is none.
        NotAllowed: no administrator, or of another area.
        WrongState: it has been accepted or dismissed.
        Invalid: there is such a rule already, or the body has closed meanwhile.
    """
    row = _locked(session, viewer, proposed_id)
    new = NewRule(row.body.code, row.class_key, area_prefix=row.area_prefix, reference=row.case.number)
    rule = rules.add_rule(session, viewer, new)
    row.state, row.rule_id = ProposalState.ACCEPTED, rule.id
    return rule


def dismiss(session: Session, viewer: Viewer, proposed_id: int) -> None:
    """Make no rule of a decision.

    Raises:
        NotFound, NotAllowed, WrongState: as `accept`.
    """
    _locked(session, viewer, proposed_id).state = ProposalState.DISMISSED


def _locked(session: Session, viewer: Viewer, proposed_id: int) -> ProposedRule:
    administration.must_administer(viewer)
    found = select(ProposedRule).where(ProposedRule.id == proposed_id).with_for_update()
    row = session.scalar(found.execution_options(populate_existing=True))
    if row is None or not rules.may_change(viewer, row.area_prefix):
        raise NotFound(N_("There is no proposed rule with this number."))
    if row.state is not ProposalState.OPEN:
        raise WrongState(N_("This proposal has been decided already."))
    return row
