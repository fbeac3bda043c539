"""What each step changes on a case beyond its stage and clocks: the body that has it, its assignments, its counts."""

from collections.abc import Mapping

from cityops.accounts import queries as accounts
from cityops.cases.acting import Act, Effect, given, running
from cityops.cases.models import Assignment, AssignmentEnd, AttachmentKind, Case
from cityops.cases.workflow import ClockName, StepName
from cityops.catalog.models import FilingCondition
from cityops.errors import Invalid, WrongState
from cityops.words import N_

SCENES = frozenset({AttachmentKind.SCENE, AttachmentKind.BEFORE, AttachmentKind.VERIFY})


def lacks_scenes(case: Case, condition: FilingCondition) -> bool:
    """Whether filing under a condition still needs photos of the place."""
    needed = condition.photos_before
    return needed > 0 and sum(photo.kind in SCENES for photo in case.attachments) < needed


def _after_file(act: Act) -> None:
    condition = given(act.condition)
    if lacks_scenes(act.case, condition):
        message = N_("Filing under this condition needs %(n)s photos of the place: add them first.")
        raise Invalid("photo", message, n=condition.photos_before)
    act.case.condition_id, act.case.class_id, act.case.kind = (
        condition.id,
        condition.class_id,
        condition.case_class.kind,
    )
    act.case.condition, act.case.case_class = condition, condition.case_class
    act.case.filed_at = act.moment
    act.case.is_simple = False


def _after_dispatch(act: Act) -> None:
    due_at = given(running(act.case, ClockName.HANDLE)).due_at
    body = accounts.get_body(act.session, given(act.body_id))
    act.case.body_id, act.case.body = body.id, body
    due_at = given(running(act.case, ClockName.HANDLE)).due_at
    act.case.assignments.append(Assignment(body_id=body.id, dispatched_at=act.moment, due_at=due_at, rework_count=0))


def _after_sign_for(act: Act) -> None:
    act.case.assignments[-1].signed_at = act.moment


def _after_send_back(act: Act) -> None:
    assignment = act.case.assignments[-1]
    assignment.ended_at, assignment.end = act.moment, AssignmentEnd.SENT_BACK
    if act.moment > assignment.due_at:
        # Sending back does not undo that the limit had passed.
        assignment.on_time = False
    act.case.send_back_count += 1
    act.case.body_id = act.case.body = act.case.handle_due_at = None


def _after_report_back(act: Act) -> None:
    assignment = act.case.assignments[-1]
    needed = given(act.case.condition).photos_after
    # Every rework is shown anew.
    if needed and _count_shown(act) < needed * (1 + assignment.rework_count):
        raise Invalid("photo", N_("Reporting back needs %(n)s new photos of what was done: add them first."), n=needed)
    assignment.signed_at = assignment.signed_at or act.moment
    assignment.reported_back_at = act.case.reported_back_at = act.moment


def _count_shown(act: Act) -> int:
    """The photos of what was done since the case was dispatched."""
    since = act.case.assignments[-1].dispatched_at
    return sum(photo.kind is AttachmentKind.AFTER and photo.added_at >= since for photo in act.case.attachments)


def _after_check(act: Act) -> None:
    assignment = act.case.assignments[-1]
    if act.result == "passed":
        assignment.ended_at, assignment.end = act.moment, AssignmentEnd.PASSED
        assignment.on_time = given(assignment.reported_back_at) <= assignment.due_at
        act.case.passed_at = act.moment
        return
    assignment.rework_count += 1
    act.case.rework_count += 1
    assignment.reported_back_at = act.case.reported_back_at = None


def _after_verify(act: Act) -> None:
    act.case.verify_result = act.result


def _after_review(act: Act) -> None:
    if act.result == "passed":
        kinds = {photo.kind for photo in act.case.attachments}
        if not {AttachmentKind.BEFORE, AttachmentKind.AFTER} <= kinds:
            raise WrongState(
                N_("A self-handled case needs a photo before and one after before it can pass the review.")
            )
    else:
        act.case.is_simple = False


EFFECTS: Mapping[StepName, Effect] = {
    StepName.VERIFY: _after_verify,
    StepName.FILE: _after_file,
    StepName.DISPATCH: _after_dispatch,
    StepName.SIGN_FOR: _after_sign_for,
    StepName.SEND_BACK: _after_send_back,
    StepName.REPORT_BACK: _after_report_back,
    StepName.CHECK: _after_check,
    StepName.REVIEW: _after_review,
}
