"""A body that closes: from a day on it gets nothing, and what it has open goes over to the body that has its work.

Where that day is today all of it goes over at once, in the transaction that closes the body. Otherwise it does on the
day: until then the body works on, and what comes in has to go to somebody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from cityops import clock
from cityops.accounts import administration, audit
from cityops.accounts.bodies import existing, exists_on, find_heirs, is_responsible
from cityops.accounts.models import RESPONSIBLE_KINDS, AuditAction, Body, BodyKind, JurisdictionCentres
from cityops.accounts.posts import Post
from cityops.accounts.queries import find_body
from cityops.accounts.viewer import Viewer
from cityops.cases import co_handling, co_queries, queries
from cityops.cases.acting import Act, carry_out, current_assignment, moment_of
from cityops.cases.actor import BY_RULE, Actor
from cityops.cases.arbitration import ProposalState, ProposedRule
from cityops.cases.co_models import CoEnd, CoHandling
from cityops.cases.desks import DeskHop
from cityops.cases.hops import Hop, list_open
from cityops.cases.models import Assignment, Case
from cityops.cases.names import StepName
from cityops.cases.office import CaseOffice
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import RequestState
from cityops.cases.steps import DONE
from cityops.cases.workflow import STEPS
from cityops.catalog.succession import hand_over_rules
from cityops.errors import Invalid, WrongState
from cityops.words import N_

CENTRE_KINDS = frozenset({BodyKind.SUPERVISION_CENTRE, BodyKind.COMMAND_CENTRE})
BATCH = 50
"""How many cases of a body that is closed already go over in one transaction."""

HAS_A_PART = N_("Its work went over to a body that has a part in this case already.")


@dataclass(frozen=True)
class Work:
    """What a body has open: cases that it leads or was passed, tasks beside another lead."""

    cases: int
    tasks: int

    def __bool__(self) -> bool:
        return bool(self.cases or self.tasks)


def count_work(session: Session, body: Body) -> Work:
    """What a body has open."""
    cases = select(func.count()).select_from(Case).where(_has_case(body))
    tasks = select(func.count()).select_from(CoHandling).where(_is_task(body))
    return Work(session.scalar(cases) or 0, session.scalar(tasks) or 0)


def end_body(
    session: Session, viewer: Viewer | None, office: CaseOffice, code: str, *, on: date, successor: str = ""
) -> Body:
    """Close a body: `on` is the first day without it.

    Raises:
        NotAllowed, NotFound: not the viewer's to administer.
        WrongState: it is closed, others stand below it, or it is a centre that is in charge.
        Invalid: a day that has passed, a successor that cannot be one, or none though there is work.
    """
    administration.must_administer(viewer)
    body = administration.get_own_body(session, viewer, code)
    # Whoever moves a case locks it first and then the body that he names; who closes the body has the same order.
    cases = lock_work(session, body) if successor and on <= clock.today() else []
    heir = find_body(session, successor) if successor else None
    _lock(session, body, heir)
    _check(session, body, on)
    if successor:
        _check_heir(body, heir, on)
    elif body.kind in RESPONSIBLE_KINDS:
        _must_have_nothing(session, body, on)
    body.ended_on, body.successor_id = on, heir.id if heir is not None else None
    session.flush()
    if heir is not None:
        hand_over_rules(session, body, heir, on)
        if on <= clock.today():
            hand_over(session, office, _actor(viewer), body, heir, cases)
    words = f"{body.code} from {on}" + (f", its work to {heir.code}" if heir is not None else "")
    audit.record(session, viewer.person_id if viewer else None, AuditAction.BODY_ENDED, words)
    return body


def _lock(session: Session, body: Body, heir: Body | None) -> None:
    """Lock a body that closes and who has its work, and read both anew.

    Two that close it at once meet here, and so does who gives it something; two that close into each other do as well,
    and never wait for each other, for the keys say the order. Rows may be written that only name the bodies. What came
    to it between the lock of its cases and this one is owed, and goes over within minutes.
    """
    both = [body] if heir is None or heir is body else [body, heir]
    for each in sorted(both, key=lambda each: each.id):
        session.refresh(each, with_for_update={"key_share": True} if each is body else {"read": True})


def list_owed(session: Session) -> list[int]:
    """The bodies whose day has come and that still have something open; with a successor."""
    rows = select(Body).where(~existing(clock.today()), Body.successor_id.is_not(None)).order_by(Body.id)
    return [body.id for body in session.scalars(rows) if count_work(session, body)]


def hand_over_owed(session: Session, office: CaseOffice, body_id: int, after: int = 0) -> int | None:
    """Hand over a batch of what a closed body still has open to the body that has its work by now.

    Args:
        after: the last case of the batch before.

    Returns:
        The last case of this batch; None where it was the last batch.
    """
    body = session.get_one(Body, body_id)
    heir = find_heirs(session, [body], clock.today())[body.id]
    if heir is body:
        return None
    cases = lock_work(session, body, after=after, most=BATCH)
    hand_over(session, office, BY_RULE, body, heir, cases)
    return cases[-1].id if len(cases) == BATCH else None


def lock_work(session: Session, body: Body, *, after: int = 0, most: int | None = None) -> list[Case]:
    """The cases in which a body has something open, each locked, in the order of their keys."""
    found = select(Case.id).where(_concerns(body), Case.id > after).order_by(Case.id).limit(most)
    return [queries.lock_case(session, case_id) for case_id in session.scalars(found).all()]


def hand_over(
    session: Session, office: CaseOffice, actor: Actor, body: Body, heir: Body, cases: Sequence[Case]
) -> None:
    """Hand over what a body has open in these cases, which are locked: a step in the history of each.

    What was asked in its name, or is proposed for it, goes over as well.
    """
    for case in cases:
        _hand_over_case(session, office, actor, case, body, heir)
    for column in (CaseRequest.body_id, CaseRequest.suggested_body_id):
        undecided = update(CaseRequest).where(column == body.id, CaseRequest.state == RequestState.OPEN)
        session.execute(undecided.values({column: heir.id}))
    proposed = update(ProposedRule).where(ProposedRule.body_id == body.id, ProposedRule.state == ProposalState.OPEN)
    session.execute(proposed.values(body_id=heir.id))


def _hand_over_case(session: Session, office: CaseOffice, actor: Actor, case: Case, body: Body, heir: Body) -> None:
    step = STEPS[StepName.SUCCEED]
    act = Act(session, office, case, step, step.ways[DONE], DONE, moment_of(case), actor)
    assignment = current_assignment(case)
    parts = {case.body_id, assignment.body_id if assignment is not None else None}
    tasks = session.scalars(select(CoHandling).where(CoHandling.case_id == case.id, _is_task(body))).all()
    doubled = bool(tasks) and (heir.id in parts or co_queries.has_open(session, case, heir))
    hops = list_open(session, assignment) if assignment is not None else []
    is_passed = any(body.id in {hop.from_body_id, hop.to_body_id} for hop in hops)
    takes_over = body.id in parts or is_passed
    # Nobody has two parts in a case: who leads it by now is done with his task beside the lead.
    own = session.scalars(select(CoHandling).where(CoHandling.case_id == case.id, _is_task(heir))).all()
    excused = [*(tasks if doubled else ()), *(own if takes_over else ())]
    if takes_over or (tasks and not doubled):

        def go_over(act: Act) -> None:
            _move_case(act, assignment, hops, body, heir)
            for row in () if doubled else tasks:
                row.body_id = heir.id
            act.facts |= {"body": case.body_id, "hops": case.hop_count, "closed": body.id, "heir": heir.id}

        carry_out(act, go_over)
    for row in excused:
        co_handling.end(session, office, case, row, CoEnd.EXCUSED, StepName.EXCUSE, actor, HAS_A_PART)


def _move_case(act: Act, assignment: Assignment | None, hops: Sequence[Hop], body: Body, heir: Body) -> None:
    """The clock goes on: the assignment is the same one, in other hands."""
    case = act.case
    if assignment is not None and assignment.body_id == body.id:
        assignment.body_id, assignment.body = heir.id, heir
    if assignment is not None and case.body_id == body.id:
        case.body_id, case.body = heir.id, heir
    for hop in hops:
        hop.from_body_id = heir.id if hop.from_body_id == body.id else hop.from_body_id
        hop.to_body_id = heir.id if hop.to_body_id == body.id else hop.to_body_id
        if hop.from_body_id == hop.to_body_id:
            # Who passed it on has it again.
            hop.ended_at = act.moment
            case.hop_count -= 1


def _is_task(body: Body) -> ColumnElement[bool]:
    return (CoHandling.body_id == body.id) & CoHandling.ended_at.is_(None)


def _has_case(body: Body) -> ColumnElement[bool]:
    """The cases that a body leads, or that were passed on to it or by it."""
    passed = exists().where(
        Hop.assignment_id == Assignment.id,
        Hop.ended_at.is_(None),
        or_(Hop.from_body_id == body.id, Hop.to_body_id == body.id),
    )
    mine = or_(Assignment.body_id == body.id, passed)
    led = exists().where(Assignment.case_id == Case.id, Assignment.ended_at.is_(None), mine)
    return Case.ended_at.is_(None) & led


def _concerns(body: Body) -> ColumnElement[bool]:
    return or_(_has_case(body), Case.id.in_(select(CoHandling.case_id).where(_is_task(body))))


def _is_at_desk(body: Body) -> ColumnElement[bool]:
    """The cases that lie at a centre, or come back to it from another one."""
    handed = exists().where(
        DeskHop.case_id == Case.id,
        DeskHop.ended_at.is_(None),
        or_(DeskHop.from_body_id == body.id, DeskHop.to_body_id == body.id),
    )
    return or_(Case.desk_id == body.id, Case.centre_id == body.id, handed)


def _actor(viewer: Viewer | None) -> Actor:
    if viewer is None:
        return BY_RULE
    return Actor.under(viewer.holding(Post.ADMINISTRATOR)[0], viewer.person_id)


def _check(session: Session, body: Body, on: date) -> None:
    if not exists_on(body, clock.today()):
        raise WrongState(N_("%(code)s is closed already, since %(day)s."), code=body.code, day=str(body.ended_on))
    if body.ended_on is not None:
        # Its rules have gone over for that day already.
        raise WrongState(N_("%(code)s is to close already, on %(day)s."), code=body.code, day=str(body.ended_on))
    if on < clock.today():
        raise Invalid("on", N_("This day has passed: choose today or a later one."))
    if body.kind in CENTRE_KINDS and on > clock.today():
        # Until then cases would come to it, and lie there when it is gone.
        raise Invalid("on", N_("A centre closes on the day itself, once it is in charge of nothing."))
    below = aliased(Body)
    stands = or_(below.ended_on.is_(None), below.ended_on > on)
    child = session.scalar(select(below.code).where(below.parent_id == body.id, stands).order_by(below.code).limit(1))
    if child is not None:
        raise WrongState(N_("%(code)s still stands below it: close that body first."), code=child)
    said = or_(JurisdictionCentres.until_on.is_(None), JurisdictionCentres.until_on >= on)
    named = or_(JurisdictionCentres.supervision_id == body.id, JurisdictionCentres.command_id == body.id)
    if session.scalar(select(JurisdictionCentres.id).where(said, named).limit(1)) is not None:
        raise WrongState(N_("It is in charge of a jurisdiction on that day: say which centre is in charge instead."))
    if session.scalar(select(Case.id).where(Case.ended_at.is_(None), _is_at_desk(body)).limit(1)) is not None:
        raise WrongState(
            N_("Open cases lie at this centre or may be handed back to it: have them finished or taken over first.")
        )


def _check_heir(body: Body, heir: Body | None, on: date) -> None:
    if heir is None or heir.id == body.id or body.kind not in RESPONSIBLE_KINDS or not is_responsible(heir, on):
        raise Invalid("successor", N_("Choose another responsible body that is there on that day."))
    if heir.ended_on is not None:
        # Whose work goes over to whom is never a circle: who is to close himself takes nobody's.
        raise Invalid("successor", N_("%(code)s is to close itself: choose a body that stays."), code=heir.code)


def _must_have_nothing(session: Session, body: Body, on: date) -> None:
    if on > clock.today():
        raise Invalid("successor", N_("Name the body that has its work from that day on: until then it gets more."))
    coming = select(Body.code).where(Body.successor_id == body.id, Body.ended_on > clock.today()).order_by(Body.code)
    promised = session.scalar(coming.limit(1))
    if promised is not None:
        raise Invalid(
            "successor", N_("The work of %(code)s is to come to it: name the body that has it."), code=promised
        )
    work = count_work(session, body)
    if work:
        raise Invalid(
            "successor",
            N_("It has %(cases)s open cases and %(tasks)s open tasks: name the body that has its work from now on."),
            cases=work.cases,
            tasks=work.tasks,
        )
