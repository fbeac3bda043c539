"""The verbs of the case room: who may take which step on which case now, and what he has to give.

A step locks the case's row, compares the caller's version, then acts or refuses; its event, the clocks and the
projection are written in the caller's one transaction, by `acting.carry_out`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.bodies import get_responsible
from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost, Viewer
from cityops.cases import by_rule, desks, history, queries
from cityops.cases.acting import Act, carry_out, given, moment_of, waits_until
from cityops.cases.actor import Actor
from cityops.cases.at_place import ANSWERS, AtPlace, write_answer
from cityops.cases.effects import EFFECTS
from cityops.cases.hops import lies_below
from cityops.cases.intake import NewReport, add_report, checked_text, keep_reporter, open_case, same_report
from cityops.cases.models import Case, CaseEvent, Report
from cityops.cases.names import StepName
from cityops.cases.office import CaseOffice
from cityops.cases.permission import find_held
from cityops.cases.proposals import find_duties
from cityops.cases.same_time import is_same_time
from cityops.cases.steps import DONE, NEXT, OTHER, Need
from cityops.cases.tiers import ONLY_TIER_1, counts_there
from cityops.cases.workflow import SOURCES_OF, STEPS, find_bar, find_way
from cityops.catalog import queries as catalog
from cityops.catalog.models import ConditionPhase, FilingCondition
from cityops.catalog.phases import PhaseCheck
from cityops.errors import Conflict, Invalid, NotAllowed, WrongState
from cityops.words import N_, Word

OTHER_CENTRE = N_("Another centre is in charge of this case.")
TAKEN_FROM_BELOW = N_("A case is taken over from the desk of a centre below yours.")

_SHOWN = frozenset({StepName.VERIFY, StepName.REPORT_BACK, StepName.CHECK, StepName.REVIEW, StepName.RECHECK})
"""The steps whose events name the photos that were there when somebody said so."""


@dataclass(frozen=True)
class StepRequest:
    """A step as the caller asks for it; `version` is the one he saw."""

    step: StepName
    version: int
    result: str | None = None
    condition: str | None = None
    body: str | None = None
    note: str | None = None
    at_place: AtPlace = AtPlace()


def report(
    session: Session, viewer: Viewer, office: CaseOffice, new: NewReport, split_from: Report | None = None
) -> Report:
    """Take in a report and open its case; the same uuid again gives the same report.

    Args:
        split_from: the report that named this fault beside another: its source and its reporter are kept.

    Raises:
        Invalid: a field that cannot be taken.
        NotAllowed: the viewer holds no post that reports, or not for this place.
    """
    earlier = queries.find_report_by_uuid(session, new.uuid)
    if earlier is not None:
        return same_report(earlier, viewer)
    step = STEPS[StepName.SELF_HANDLE if new.is_self_handled else StepName.REPORT]
    way = step.ways[DONE]
    case = open_case(session, office, new, given(way.to))
    held = held_for(viewer, step.posts, case, begins=True)
    if new.is_self_handled:
        _check_self_handled(session, case)
    if split_from is None and new.source not in SOURCES_OF[held.post]:
        raise Invalid("source", N_("Your post does not take in reports from this source."))
    act = Act(session, office, case, step, way, DONE, case.opened_at, Actor.under(held, viewer.person_id))
    session.add(case)
    session.flush()
    row = add_report(session, office, viewer, case, new)
    if split_from is not None:
        keep_reporter(row, split_from)
    act.facts = {"report": new.uuid, "source": new.source.value, "class": case.class_id, "condition": case.condition_id}
    act.facts |= {"lon": new.lon, "lat": new.lat, "cell": case.cell_id, "area": case.area_code}
    act.facts |= {"centre": case.centre_id, "desk": case.desk_id}
    act.facts |= {"component": case.component_id}
    if new.occurred_at is not None:
        act.facts["occurred"] = new.occurred_at.astimezone(UTC).isoformat()
    carry_out(act, None)
    return row


def _check_self_handled(session: Session, case: Case) -> None:
    if case.condition is None:
        raise Invalid("condition", N_("Choose the filing condition: what was put right on the spot has one too."))
    if not case.condition.is_simple_allowed:
        raise Invalid("condition", N_("The city lets no inspector put this right alone: report it instead."))
    if not counts_there(session, case, case.condition):
        raise Invalid("condition", ONLY_TIER_1)


def take_step(session: Session, viewer: Viewer, office: CaseOffice, number: str, request: StepRequest) -> Case:
    """Take one step of the workflow's table on a case.

    Raises:
        NotFound: no such case, or outside what the viewer sees.
        NotAllowed: none of the viewer's posts may take this step here, or the viewer handled it.
        Conflict: the case moved since `request.version`.
        WrongState: the step cannot be taken at the case's stage.
        Invalid: something the step needs is missing or wrong.
    """
    return take_step_on(session, viewer, office, queries.get_case_for_update(session, viewer, number), request)


def take_step_on(session: Session, viewer: Viewer, office: CaseOffice, case: Case, request: StepRequest) -> Case:
    """Take one step on a case whose row this transaction has locked, or has itself opened: nobody else can move it.

    The steps that the city leaves to its rules follow at once.

    Raises:
        NotAllowed, Conflict, WrongState, Invalid: as `take_step`.
    """
    if STEPS[request.step].has_own_door:
        check_version(session, case, request.version)
        raise Invalid("step", N_("This is taken by a request's decision or a co-handler's task."))
    act = _begin(session, viewer, office, case, request)
    event = carry_out(act, EFFECTS.get(act.step.name))
    by_rule.go_on(session, office, case, event)
    return case


def recheck(
    session: Session,
    viewer: Viewer,
    office: CaseOffice,
    case: Case,
    request: StepRequest,
    sample_id: int,
    at_fault: int | None,
) -> CaseEvent:
    """Write into a closed case's history what its re-check came to; its row is locked by this transaction.

    Args:
        sample_id: the sample in which it was drawn.
        at_fault: the body whose handling was not upheld.

    Raises:
        NotAllowed, Conflict, WrongState, Invalid: as `take_step`.
    """
    act = _begin(session, viewer, office, case, request)
    act.facts["sample"] = sample_id
    if at_fault is not None:
        act.facts["at_fault"] = at_fault
    return carry_out(act, None)


def _begin(session: Session, viewer: Viewer, office: CaseOffice, case: Case, request: StepRequest) -> Act:
    """A step that may be taken, with all that it was given."""
    step = STEPS[request.step]
    check_version(session, case, request.version)
    held = held_for(viewer, step.posts, case, from_above=step.is_from_above)
    if case.stage not in step.stages:
        raise _moved(session, case, WrongState, N_("This cannot be done now: %(who)s %(done)s at %(at)s."))
    bar = find_bar(step, case.marks)
    if bar is not None:
        raise WrongState(bar)
    if step.not_after and history.has_done(session, case.id, viewer.person_id, step.not_after):
        raise NotAllowed(N_("You handled or judged this case yourself: another person has to judge it."))
    with session.no_autoflush:
        return _prepare(session, office, viewer, case, request, held)


def check_version(session: Session, case: Case, version: int) -> None:
    """Refuse who looked at an earlier state of the case.

    Raises:
        Conflict: the case moved since; says who moved it and when.
    """
    if version != case.version:
        message = N_("This case has moved since you looked: %(who)s %(done)s at %(at)s.")
        raise _moved(session, case, Conflict, message)


def held_for(
    viewer: Viewer, posts: Sequence[Post], case: Case, *, begins: bool = False, from_above: bool = False
) -> HeldPost:
    """The held post, one of `posts`, that reaches this case.

    Raises:
        NotAllowed: none is held, or none for this place or body, or of the centre in charge.
    """
    if not viewer.has(*posts):
        raise NotAllowed(N_("None of your posts may do this."))
    body_path = case.body.path if case.body is not None else None
    held = find_held(viewer, posts, case, body_path, begins=begins, from_above=from_above)
    centres = [each for each in viewer.holding(*posts) if each.post is not Post.HANDLER]
    if held is None and any(each.covers(case.area_code) for each in centres):
        raise NotAllowed(TAKEN_FROM_BELOW if from_above else OTHER_CENTRE)
    if held is None:
        raise NotAllowed(N_("This place or body is not one of yours."))
    return held


def _moved(session: Session, case: Case, error: type[WrongState], message: str) -> WrongState:
    last = history.get_last(session, case.id)
    who = last.person.name if last.person is not None else N_("the city's rule")
    return error(
        message,
        moved_by=who,
        moved_at=last.at,
        who=Word(who) if last.person is None else who,
        done=Word(STEPS[last.step].done),
        at=f"{last.at.astimezone(clock.CITY_ZONE):%m-%d %H:%M}",
    )


def _prepare(
    session: Session, office: CaseOffice, viewer: Viewer, case: Case, request: StepRequest, held: HeldPost
) -> Act:
    step = STEPS[request.step]
    phase = _find_phase_led_to(case, step.name)
    onward = (OTHER if phase.body_kind else NEXT) if phase is not None else None
    has_co_handlers = case.open_co_handlings > 0
    way = find_way(step, request.result, case.source, has_co_handlers=has_co_handlers, onward=onward)
    if way is None:
        raise Invalid("result", N_("The result has to be one of: %(results)s."), results=", ".join(step.answers))
    result = next(word for word, other in step.ways.items() if other is way)
    if Need.RESULT in step.needs:
        result = request.result or result
    actor = Actor.under(held, viewer.person_id)
    act = Act(session, office, case, step, way, result, moment_of(case), actor)
    act.phase = phase if onward is not None and step.ways.get(onward) is way else None
    must_say = Need.REASON in step.needs or Need.NOTE in step.needs
    act.note = checked_text("note", request.note, required=must_say) or None
    if step.name is StepName.REOPEN:
        _check_reopening(office, case, act.moment)
    if Need.CONDITION in step.needs:
        act.condition = _chosen_condition(session, case, request, act.moment)
        act.facts |= {"condition": act.condition.id, "class": act.condition.class_id}
    if Need.BODY in step.needs:
        _choose_body(act, request.body or "")
    if Need.CENTRE in step.needs:
        _choose_centre(act, request.body, held)
    if step.name in _SHOWN:
        act.facts["photos"] = queries.list_photo_digests(session, case.id)
    if step.name is StepName.CHECK and case.is_checked_at_its_hour:
        _check_hour(act)
    if step.name in ANSWERS:
        write_answer(act, request.at_place)
    return act


def _choose_body(act: Act, code: str) -> None:
    body = get_responsible(act.session, code)
    if act.step.name is StepName.PASS_ON and not lies_below(body, act.case):
        raise Invalid("body", N_("A case is passed on to a body below the one that has it."))
    act.body_id = body.id
    act.facts |= {"body": body.id, "duties": find_duties(act.session, act.case, body.id)}


def _choose_centre(act: Act, code: str | None, held: HeldPost) -> None:
    desk = act.case.desk
    below = desks.list_below(act.session, act.case, desk.path if desk is not None else held.body_path)
    act.body_id = next((centre.id for centre in below if centre.code == code), None)
    if act.body_id is None:
        raise Invalid("body", N_("Choose a command centre below, where somebody dispatches this place."))


def _find_phase_led_to(case: Case, step: StepName) -> ConditionPhase | None:
    """The phase of handling that a step leads on to: a check where there is one, else reporting back."""
    if step is StepName.CHECK:
        return case.next_phase
    if step is StepName.REPORT_BACK and case.phase_check is PhaseCheck.NONE:
        return case.next_phase
    return None


def _check_reopening(office: CaseOffice, case: Case, moment: datetime) -> None:
    last = given(case.ended_at) + timedelta(days=office.reopen_days)
    if moment > last:
        raise WrongState(N_("A case can be reopened for %(n)s days: report it anew."), n=office.reopen_days)


def _check_hour(act: Act) -> None:
    """Refuse a check before the time of day at which it is to be made; say so where one is made at another."""
    begins_at = waits_until(act.case)
    if begins_at is not None and act.moment < begins_at:
        at = f"{begins_at.astimezone(clock.CITY_ZONE):%m-%d %H:%M}"
        raise WrongState(N_("It is checked at the time of day at which it was reported: from %(at)s on."), at=at)
    if not is_same_time(act.case.reported_at, act.moment):
        act.facts["other_time"] = True


def _chosen_condition(session: Session, case: Case, request: StepRequest, moment: datetime) -> FilingCondition:
    code = request.condition
    if code is None and case.condition_id is not None:
        code = catalog.get_condition(session, case.condition_id).code
    condition = catalog.find_condition(session, code or "", clock.city_day(moment))
    if condition is None:
        raise Invalid("condition", N_("Choose a filing condition that is in force."))
    return condition
