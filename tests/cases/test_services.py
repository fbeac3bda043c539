import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import attachments, history, merging, queries
from cityops.cases.merging import NewMerge
from cityops.cases.models import AssignmentEnd, Attachment, AttachmentKind, Case, CaseEvent
from cityops.cases.names import OPEN_STAGES, Source, Stage, StepName
from cityops.cases.steps import Need
from cityops.cases.workflow import STEPS, find_bar
from cityops.catalog.models import ConditionLimit, FilingCondition
from cityops.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from cityops.hotline.models import ReporterAnswer
from cityops.patrol.models import InspectorTask
from cityops.worktime.limits import Unit
from tests import factories
from tests.factories import OUTSIDE_POINT, WEST_POINT, People, ask, bring_to, decide, make_report, send_back, take

ROAD = ("accept", "file", "dispatch", "sign_for", "report_back", "check", "close")
TO_STAGE = {
    Stage.REPORTED: (),
    Stage.ACCEPTED: ("accept",),
    Stage.FILED: ("accept", "file"),
    Stage.DISPATCHED: ("accept", "file", "dispatch"),
    Stage.HANDLING: ("accept", "file", "dispatch", "sign_for"),
    Stage.CHECKING: ("accept", "file", "dispatch", "sign_for", "report_back"),
    Stage.CLOSING: ("accept", "file", "dispatch", "sign_for", "report_back", "check"),
    Stage.CLOSED: ROAD,
    Stage.DECLINED: ("decline",),
    Stage.REFUSED: ("accept", "refuse"),
}


def case_at(session: Session, people: People, stage: Stage) -> Case:
    if stage is Stage.VERIFYING:
        case = make_report(session, people.operator, source=Source.HOTLINE).case
        return bring_to(session, people, case, "accept")
    if stage is Stage.REVIEWING:
        return simple_case(session, people)
    if stage in {Stage.VOIDED, Stage.FORCE_CLOSED}:
        case = case_at(session, people, Stage.HANDLING)
        kind = "void" if stage is Stage.VOIDED else "force_close"
        decide(session, people.viewer("supervisor"), ask(session, people.handler, case, kind))
        return case
    case = bring_to(session, people, make_report(session, people.inspector).case, *TO_STAGE.get(stage, ()))
    if stage is Stage.MERGED:
        main = make_report(session, people.inspector).case
        new = NewMerge(case.version, main.number)
        return merging.merge(session, people.operator, factories.make_office(), case.number, new)
    return case


def simple_case(session: Session, people: People) -> Case:
    from_inspector = {"kind": "matter", "class_code": "06001", "condition": "M06001-1", "is_self_handled": True}
    return make_report(session, people.inspector, **from_inspector).case


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00")


def test_a_complaint_goes_the_whole_way(session: Session, people: People) -> None:
    case = make_report(session, people.operator, source=Source.HOTLINE, reporter_phone="15400000000").case
    bring_to(session, people, case, "accept", "verify", *ROAD[1:])
    assert case.stage is Stage.CLOSED
    assert case.ended_at is not None and case.due_at is None
    assert [event.step for event in history.list_events(session, case.id)] == ["report", "accept", "verify", *ROAD[1:]]
    assert [row.seq for row in history.list_events(session, case.id)] == list(range(1, 10))
    assert all(row.stopped_at is not None for row in case.clocks)
    assignment = case.assignments[-1]
    assert assignment.end is AssignmentEnd.PASSED and assignment.on_time is True


def test_each_step_records_the_post_it_was_taken_under(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.CLOSED)
    posts = [event.post for event in history.list_events(session, case.id)]
    assert posts == [
        "inspector",
        "operator",
        "duty_leader",
        "dispatcher",
        "handler",
        "handler",
        "inspector",
        "duty_leader",
    ]


def test_seven_calls_are_a_life_because_reporting_back_signs_for_it(session: Session, people: People) -> None:
    case = bring_to(session, people, make_report(session, people.inspector).case, "accept", "file", "dispatch")
    bring_to(session, people, case, "report_back", "check", "close")
    assert case.stage is Stage.CLOSED
    assert case.assignments[-1].signed_at == case.assignments[-1].reported_back_at


@pytest.mark.parametrize("stage", list(Stage))
def test_a_step_is_taken_only_at_its_stages_and_by_its_posts(session: Session, people: People, stage: Stage) -> None:
    case = case_at(session, people, stage)
    names = ("operator", "dutyleader", "dispatcher", "handler", "inspector2", "supervisor", "admin")
    viewers = [people.viewer(name) for name in names]
    # There is one command centre here: what passes between centres has tests of its own.
    among_centres = {StepName.HAND_DOWN, StepName.TAKE_OVER}
    for step in (each for each in STEPS.values() if not each.has_own_door and each.name not in among_centres):
        for viewer in viewers:
            # The review needs photos that this case has not: it is refused even where it is the time and the post.
            may = (
                stage in step.stages
                and viewer.has(*step.posts)
                and step.name is not StepName.REVIEW
                and find_bar(step, case.marks) is None
            )
            assert was_taken(session, viewer, case, step.name) is may, (step.name, viewer.username)


def was_taken(session: Session, viewer: Viewer, case: Case, name: StepName) -> bool:
    savepoint = session.begin_nested()
    try:
        take(session, viewer, case, name)
    except (NotAllowed, NotFound, WrongState):
        return False
    finally:
        savepoint.rollback()
        session.expire_all()
    return True


def test_a_stale_version_is_refused_with_who_moved_it_and_when(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.FILED)
    seen = case.version
    take(session, people.dispatcher, case, "dispatch")
    with pytest.raises(Conflict) as refused:
        take(session, people.dispatcher, case, "dispatch", version=seen)
    assert refused.value.moved_by == people.dispatcher.name
    assert refused.value.moved_at == case.moved_at


def test_a_case_of_another_district_is_not_there(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.FILED)
    with pytest.raises(NotFound):
        take(session, people.viewer("dispatcher-east"), case, "dispatch")


def test_a_report_for_another_district_is_refused(session: Session, people: People) -> None:
    with pytest.raises(NotAllowed):
        make_report(session, people.viewer("operator-east"), source=Source.HOTLINE)


def test_a_handler_acts_for_the_bodies_under_his_own_and_no_other(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.FILED)
    take(session, people.dispatcher, case, "dispatch", body="lamps-crew")
    with pytest.raises(NotFound):
        take(session, people.viewer("handler-roads"), case, "sign_for")
    take(session, people.handler, case, "sign_for")
    take(session, people.viewer("handler-crew"), case, "report_back")
    assert case.stage is Stage.CHECKING


def test_only_a_responsible_body_is_dispatched_to(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.FILED)
    for code in ("supervision", "nobody", ""):
        with pytest.raises(Invalid) as refused:
            take(session, people.dispatcher, case, "dispatch", body=code)
        assert refused.value.field == "body"
    session.scalars(select(Body).where(Body.code == "lamps")).one().ended_on = clock.today()
    with pytest.raises(Invalid):
        take(session, people.dispatcher, case, "dispatch")


def test_a_step_that_needs_words_is_refused_without(session: Session, people: People) -> None:
    for name, step in STEPS.items():
        # What only a mark, a centre above or another door opens has tests of its own.
        is_open = step.stages and step.only_when is None and not (step.is_from_above or step.has_own_door)
        if is_open and {Need.REASON, Need.NOTE} & set(step.needs):
            case = case_at(session, people, step.stages[-1])
            who = people.handler if "handler" in step.posts else people.viewer("dutyleader")
            for words in (None, "", "   ", "字" * 5_000):
                with pytest.raises(Invalid) as refused:
                    take(session, who, case, name, note=words)
                assert refused.value.field == "note"


def test_who_reported_it_handled_may_not_check_or_close_it(session: Session, people: People) -> None:
    case = simple_case(session, people)
    viewer = people.inspector
    both = people.viewer("dutyleader")
    held = both.held
    merged = type(viewer)(viewer.person_id, viewer.username, viewer.name, viewer.language, viewer.held + held)
    with pytest.raises(NotAllowed):
        take(session, merged, case, "review")


def test_rework_lets_the_remaining_time_run_on(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.HANDLING)
    first_due = case.handle_due_at
    assert first_due == at("2026-11-11T09:00")
    with clock.running_at(at("2026-11-09T11:00")):
        take(session, people.handler, case, "report_back")
    with clock.running_at(at("2026-11-09T16:00")):
        take(session, people.inspector, case, "check", result="failed")
    assert case.stage is Stage.HANDLING and case.rework_count == 1
    # Paused 11:00 to 16:00 with the lunch break inside: three and a half working hours later.
    assert case.handle_due_at == at("2026-11-11T14:00")
    assert case.assignments[-1].due_at == case.handle_due_at
    assert case.due_at == case.handle_due_at


def test_late_is_late_even_when_it_passes(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.HANDLING)
    with clock.running_at(at("2026-11-11T09:01")):
        take(session, people.handler, case, "report_back")
    with clock.running_at(at("2026-11-11T10:00")):
        take(session, people.inspector, case, "check")
    assert case.assignments[-1].on_time is False


def test_reported_back_in_time_but_failed_and_late_the_second_time_is_late(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.HANDLING)
    with clock.running_at(at("2026-11-10T09:00")):
        take(session, people.handler, case, "report_back")
        take(session, people.inspector, case, "check", result="failed")
    with clock.running_at(at("2026-11-11T09:01")):
        take(session, people.handler, case, "report_back")
        take(session, people.inspector, case, "check")
    assert case.assignments[-1].on_time is False


def test_sent_back_and_dispatched_to_the_same_body_the_time_runs_on(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.HANDLING)
    with clock.running_at(at("2026-11-09T10:00")):
        send_back(session, people, case)
    assert case.stage is Stage.FILED and case.body_id is None and case.handle_due_at is None
    with clock.running_at(at("2026-11-09T11:00")):
        take(session, people.dispatcher, case, "dispatch")
    assert case.handle_due_at == at("2026-11-11T10:00")
    assert [row.end for row in case.assignments] == [AssignmentEnd.SENT_BACK, None]


def test_sent_back_and_dispatched_to_another_body_the_time_starts_anew(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.HANDLING)
    with clock.running_at(at("2026-11-09T10:00")):
        send_back(session, people, case)
    with clock.running_at(at("2026-11-09T11:00")):
        take(session, people.dispatcher, case, "dispatch", body="roads")
    assert case.handle_due_at == at("2026-11-11T11:00")


def test_a_light_is_near_from_eighty_percent_of_the_limit(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.HANDLING)
    # 16 working hours from Monday 09:00, 80 % of them are 12 h 48 min.
    assert case.warn_at == at("2026-11-10T15:18")


def test_a_refusal_is_owed_to_the_reporter_who_left_a_phone(session: Session, people: People) -> None:
    case = make_report(session, people.operator, source=Source.HOTLINE, reporter_phone="0574 8718 0000").case
    take(session, people.operator, case, "decline")
    owed = session.scalars(select(ReporterAnswer)).one()
    assert (owed.report.case_id, owed.step) == (case.id, StepName.DECLINE)
    nameless = make_report(session, people.operator, source=Source.HOTLINE).case
    take(session, people.operator, nameless, "decline")
    assert len(session.scalars(select(ReporterAnswer)).all()) == 1


def test_a_reporters_name_and_phone_are_sealed(session: Session, people: People) -> None:
    given = {"reporter_name": "林小满", "reporter_phone": "154 0000 0000"}
    report = make_report(session, people.operator, source=Source.HOTLINE, **given)
    keys = factories.make_keys()
    assert "林" not in str(report.reporter_name_sealed) and "1540" not in str(report.reporter_phone_sealed)
    assert keys.unseal(str(report.reporter_phone_sealed)) == "+8615400000000"
    assert report.reporter_phone_lookup == keys.lookup("+8615400000000")
    stored = session.scalars(select(CaseEvent.payload)).one()
    assert "林" not in stored and "0000000" not in stored


@pytest.mark.parametrize(
    ("username", "source"),
    [
        ("operator", Source.INSPECTOR),
        ("inspector", Source.HOTLINE),
        ("leader", Source.VIDEO),
        ("dutyleader", "inspector"),
    ],
)
def test_nobody_evades_the_verification_by_naming_another_source(
    session: Session, people: People, username: str, source: Source
) -> None:
    with pytest.raises(Invalid) as refused:
        make_report(session, people.viewer(username), source=Source(source))
    assert refused.value.field == "source"


def test_who_signed_for_it_may_not_check_it(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.DISPATCHED)
    inspector = people.viewer("inspector2")
    both = replace(inspector, held=inspector.held + people.handler.held)
    take(session, both, case, "sign_for")
    take(session, people.viewer("handler"), case, "report_back")
    with pytest.raises(NotAllowed):
        take(session, both, case, "check")


def test_a_handler_who_is_too_late_is_told_who_was_first(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.HANDLING)
    seen = case.version
    send_back(session, people, case)
    with pytest.raises(Conflict) as refused:
        take(session, people.handler, case, "report_back", version=seen)
    assert refused.value.moved_by == people.dispatcher.name


def test_sending_back_after_the_limit_stays_late(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.HANDLING)
    request = ask(session, people.handler, case, "send_back")
    with clock.running_at(at("2026-11-11T09:01")):
        decide(session, people.dispatcher, request)
    assert case.assignments[-1].on_time is False


def test_an_ended_condition_is_not_filed_under(session: Session, people: People) -> None:
    case = make_report(session, people.inspector, condition="C01037-1").case
    bring_to(session, people, case, "accept")
    condition = session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-1")).one()
    condition.valid_until_on = clock.today() - timedelta(days=1)
    with pytest.raises(Invalid) as refused:
        take(session, people.dutyleader, case, "file", condition=None)
    assert refused.value.field == "condition"


@pytest.mark.parametrize("kind", list(attachments.TAKEN_BY))
def test_a_photo_is_added_by_whose_proof_it_is_and_while_the_case_is_open(
    session: Session, people: People, kind: AttachmentKind
) -> None:
    case = case_at(session, people, Stage.HANDLING)
    photo = attachments.Photo(f"{kind:>064}", "image/png", 1, None, None, None)
    for username in ("operator", "dutyleader", "dispatcher", "handler", "inspector", "supervisor", "admin"):
        viewer = people.viewer(username)
        if viewer.has(*attachments.TAKEN_BY[kind]):
            attachments.add(session, viewer, case, f"{username}-{kind}", kind, photo)
        else:
            with pytest.raises(NotAllowed):
                attachments.add(session, viewer, case, f"{username}-{kind}", kind, photo)
    closed = case_at(session, people, Stage.CLOSED)
    with pytest.raises(WrongState):
        attachments.add(session, people.inspector, closed, f"closed-{kind}", AttachmentKind.CHECK, photo)
    assert not {Post.HANDLER, Post.DISPATCHER} & set(attachments.TAKEN_BY[AttachmentKind.CHECK])


def test_a_desk_of_one_district_sees_what_it_took_in_outside_every_cell(session: Session, people: People) -> None:
    east = people.viewer("operator-east")
    case = make_report(session, east, point=OUTSIDE_POINT).case
    assert queries.get_case(session, east, case.number) is case
    assert queries.steps_open_to(east, case) == ()
    with pytest.raises(NotFound):
        queries.get_case(session, people.viewer("dutyleader-east"), case.number)
    with pytest.raises(NotAllowed):
        take(session, east, case, "accept")


def test_the_handling_limit_is_that_of_the_level_of_the_area(session: Session, people: People) -> None:
    condition = session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-2")).one()
    condition.limits = [ConditionLimit(area_level=1, limit_value=4, limit_unit=Unit.WORKING_HOUR, calendar="street")]
    inside, outside = (
        make_report(session, people.inspector, point=point).case for point in (WEST_POINT, OUTSIDE_POINT)
    )
    for case in (inside, outside):
        take(session, people.operator, case, "accept")
        take(session, people.dutyleader, case, "file", condition="C01037-2")
        take(session, people.dispatcher, case, "dispatch")
    first, second = inside.clocks[-1], outside.clocks[-1]
    assert (first.limit_value, first.limit_unit, first.calendar) == (4, Unit.WORKING_HOUR, "street")
    assert (second.limit_value, second.limit_unit, second.calendar) == (2, Unit.URGENT_HOUR, "continuous")


def add_photo(session: Session, case: Case, kind: AttachmentKind, name: str) -> None:
    photo = Attachment(uuid=f"{name:0>36}", kind=kind, sha256=f"{name:0>64}", media_type="image/jpeg", size_bytes=1)
    photo.added_at, photo.added_by = clock.now(), 1
    case.attachments.append(photo)


def test_the_photos_a_condition_asks_for_are_needed_to_file_and_to_report_back(
    session: Session, people: People
) -> None:
    condition = session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-1")).one()
    condition.photos_before = condition.photos_after = 1
    case = bring_to(session, people, make_report(session, people.inspector).case, "accept")
    with pytest.raises(Invalid, match="needs 1 photos") as refused:
        take(session, people.dutyleader, case, "file")
    assert (refused.value.field, case.stage) == ("photo", Stage.ACCEPTED)
    add_photo(session, case, AttachmentKind.SCENE, "a")
    bring_to(session, people, case, "file", "dispatch")
    with pytest.raises(Invalid, match="needs 1 new photos"):
        take(session, people.handler, case, "report_back")
    add_photo(session, case, AttachmentKind.AFTER, "b")
    bring_to(session, people, case, "report_back")
    take(session, people.inspector, case, "check", result="failed")
    with pytest.raises(Invalid, match="needs 1 new photos"):
        take(session, people.handler, case, "report_back")
    add_photo(session, case, AttachmentKind.AFTER, "c")
    assert bring_to(session, people, case, "report_back").stage is Stage.CHECKING


def test_a_point_outside_every_cell_is_kept(session: Session, people: People) -> None:
    case = make_report(session, people.operator, point=OUTSIDE_POINT, source=Source.TRANSFER).case
    assert (case.cell_id, case.area_code) == (None, None)
    bring_to(session, people, case, "accept", "file")
    assert case.stage is Stage.FILED


@pytest.mark.parametrize(
    ("point", "field"),
    [((29.87, 121.55), "lon"), ((float("nan"), 29.87), "lon"), ((float("inf"), 29.87), "lon"), ((121.5, 1e309), "lat")],
)
def test_a_place_that_is_none_is_refused(
    session: Session, people: People, point: tuple[float, float], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        make_report(session, people.operator, point=point)
    assert refused.value.field == field


def test_swapped_coordinates_are_said_to_look_swapped(session: Session, people: People) -> None:
    with pytest.raises(Invalid, match="swapped"):
        make_report(session, people.operator, point=(29.87, 121.55))


@pytest.mark.parametrize("text", ["", "   ", "\x00", "字" * 4_001])
def test_a_description_that_cannot_be_taken_is_refused(session: Session, people: People, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        make_report(session, people.operator, description=text)
    assert refused.value.field == "description"


def test_an_emoji_is_a_description(session: Session, people: People) -> None:
    assert make_report(session, people.operator, description="💡💥").case.description == "💡💥"


def test_the_same_uuid_is_the_same_report_and_another_persons_is_refused(session: Session, people: People) -> None:
    first = make_report(session, people.operator, uuid="00000000-0000-4000-8000-000000000001")
    again = make_report(session, people.operator, uuid=first.uuid)
    assert again is first
    with pytest.raises(Invalid):
        make_report(session, people.inspector, uuid=first.uuid)


def test_a_class_or_condition_that_is_none_is_refused(session: Session, people: People) -> None:
    for changes in ({"class_code": "99999"}, {"condition": "C01037-9"}, {"condition": "M06001-1"}):
        with pytest.raises(Invalid) as refused:
            make_report(session, people.operator, **changes)
        assert refused.value.field in {"class_code", "condition"}


def test_a_self_handled_case_is_reviewed_with_both_photos(session: Session, people: People) -> None:
    case = simple_case(session, people)
    with pytest.raises(WrongState):
        take(session, people.dutyleader, case, "review")
    for kind in (AttachmentKind.BEFORE, AttachmentKind.AFTER):
        photo = attachments.Photo(f"{kind:>064}", "image/png", 1, None, None, None)
        attachments.add(session, people.inspector, case, f"photo-{kind}", kind, photo)
    session.expire(case)
    take(session, people.dutyleader, case, "review")
    assert case.stage is Stage.CLOSED and case.is_simple
    event = history.get_last(session, case.id)
    assert json.loads(event.payload)["photos"] == list(
        session.scalars(select(Attachment.sha256).order_by(Attachment.id))
    )


def test_a_self_handled_case_that_fails_the_review_becomes_an_ordinary_one(session: Session, people: People) -> None:
    case = simple_case(session, people)
    take(session, people.dutyleader, case, "review", result="failed")
    assert case.stage is Stage.ACCEPTED and not case.is_simple
    bring_to(session, people, case, *ROAD[1:-2])
    take(session, people.viewer("inspector2"), case, "check")
    take(session, people.dutyleader, case, "close")
    assert case.stage is Stage.CLOSED


def test_what_a_city_does_not_let_inspectors_put_right_cannot_be_self_handled(session: Session, people: People) -> None:
    with pytest.raises(Invalid):
        make_report(session, people.inspector, condition="C01037-1", is_self_handled=True)
    with pytest.raises(Invalid) as refused:
        make_report(session, people.inspector, is_self_handled=True)
    assert "Choose the filing condition" in refused.value.message


def test_a_task_goes_to_another_inspector_than_who_reported(session: Session, people: People) -> None:
    case = make_report(session, people.inspector).case
    bring_to(session, people, case, "accept", "file", "dispatch", "sign_for", "report_back")
    task = session.scalars(select(InspectorTask)).one()
    assert task.person_id == people.viewer("inspector2").person_id
    take(session, people.viewer("inspector2"), case, "check")
    session.refresh(task)
    assert task.done_at == case.moved_at


def test_a_clock_of_a_machine_that_is_behind_never_runs_backwards(session: Session, people: People) -> None:
    case = case_at(session, people, Stage.ACCEPTED)
    before = case.moved_at
    with clock.running_at(before - timedelta(minutes=5)):
        take(session, people.dutyleader, case, "file")
    assert case.moved_at == before


def test_every_open_stage_but_a_paused_one_has_a_due_time(session: Session, people: People) -> None:
    for stage in OPEN_STAGES:
        case = case_at(session, people, stage)
        assert case.due_at is not None and case.warn_at is not None and case.warn_at < case.due_at, stage
