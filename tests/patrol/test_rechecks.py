"""Samples of closed cases: what is drawn, who looks at it once more, what comes of it, and that it can be proved."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock, jobs, schema
from cityops.accounts.models import Body, Person, PersonPost
from cityops.accounts.posts import Post
from cityops.cases import history
from cityops.cases.at_place import AtPlace, Manner
from cityops.cases.models import Attachment, AttachmentKind, Case
from cityops.cases.names import Stage, StepName
from cityops.cases.services import StepRequest
from cityops.cli import cli
from cityops.clock import running_at
from cityops.config import Config
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.patrol import recheck_draw, recheck_queries, rechecks, services
from cityops.patrol.choosing import Rules
from cityops.patrol.models import InspectorShift, InspectorTask, PatrolRules, TaskKind
from cityops.patrol.recheck_models import Recheck, RecheckEnd, RecheckSample
from cityops.patrol.recheck_queries import Progress
from cityops.patrol.rechecks import NewSample
from cityops.patrol.sampling import Drawn
from cityops.shell import Shell
from tests import factories
from tests.counting import counted_queries
from tests.factories import MONDAY_MORNING, People
from tests.patrol.test_routes import here, picture

As = Callable[[str], FlaskClient]

KEYS = factories.make_keys()
ROAD = ("accept", "file", "dispatch", "report_back")
TUESDAY = MONDAY_MORNING + timedelta(days=1)


@pytest.fixture
def session(small_city: Database) -> Iterator[Session]:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        yield session


def closed_case(session: Session, *, checked_by: str = "inspector2", manner: Manner = Manner.ON_THE_SPOT) -> Case:
    """A case that `inspector` reported, checked by another, and closed."""
    people = People(session)
    case = factories.bring_to(session, people, factories.make_report(session, people.inspector).case, *ROAD)
    place = AtPlace(case.lon, case.lat, None, "原因", manner)
    factories.take(session, people.viewer(checked_by), case, "check", at_place=place)
    return factories.take(session, people.dutyleader, case, "close")


def simple_case(session: Session) -> Case:
    """A case that `inspector` put right himself, and that passed its review."""
    people = People(session)
    facts = {"kind": "matter", "class_code": "06001", "condition": "M06001-1", "is_self_handled": True}
    case = factories.make_report(session, people.inspector, **facts).case
    for kind in (AttachmentKind.BEFORE, AttachmentKind.AFTER):
        row = Attachment(uuid=f"{case.id}-{kind}", case_id=case.id, kind=kind, sha256=f"{case.id}{kind}")
        row.media_type, row.size_bytes, row.added_at = "image/jpeg", 1, clock.now()
        row.added_by = people.inspector.person_id
        session.add(row)
    session.flush()
    session.refresh(case)
    return factories.take(session, people.dutyleader, case, "review")


def third_inspector(session: Session, username: str = "inspector3") -> str:
    """One more inspector on duty in the west."""
    first = session.scalars(select(Person).where(Person.username == "inspector")).one()
    held = first.posts[0]
    person = factories.make_person(session, username, Post.INSPECTOR, held.body, held.jurisdiction)
    own = session.scalars(select(InspectorShift).where(InspectorShift.person_id == first.id)).all()
    for shift in own:
        session.add(
            InspectorShift(
                person_id=person.id,
                duty_grid_id=shift.duty_grid_id,
                weekday=shift.weekday,
                start_minute=0,
                end_minute=1440,
            )
        )
    session.flush()
    return person.username


def draw(session: Session, **given: object) -> RecheckSample:
    """A sample of today's cases, drawn by the supervisor, each handed to whoever may have it."""
    facts: dict[str, object] = {"from_on": clock.today(), "until_on": clock.today(), "percent": 100} | given
    sample = rechecks.draw(session, People(session).viewer("supervisor"), KEYS, NewSample(**facts))  # type: ignore[arg-type]
    services.hand_on_tasks(session, KEYS)
    return sample


def is_broken(session: Session, case: Case) -> bool:
    return any(isinstance(each, history.Broken) for each in history.find_broken(session, KEYS, case.id))


def members(session: Session, sample: RecheckSample) -> dict[int, Drawn]:
    return recheck_queries.get_members(session, sample.id)[1]


def one(session: Session) -> Recheck:
    return session.scalars(select(Recheck)).one()


def answer(
    session: Session, username: str, row: Recheck, result: str = "upheld", body: str | None = None, **given: object
) -> Recheck:
    case = session.get_one(Case, row.case_id)
    place = AtPlace(case.lon, case.lat, clock.now(), **given)  # type: ignore[arg-type]
    asked = StepRequest(StepName.RECHECK, case.version, result=result, body=body, at_place=place)
    return rechecks.answer(session, People(session).viewer(username), factories.make_office(), row.id, asked, None)


def test_a_recheck_goes_to_one_who_neither_reported_nor_checked(session: Session) -> None:
    name = third_inspector(session)
    closed_case(session)
    draw(session)
    task = session.get_one(InspectorTask, one(session).task_id)
    assert task.person_id == People(session).viewer(name).person_id and task.waits_because is None
    assert json.loads(task.draw or "")["passed_over"].keys() == {
        str(People(session).viewer(who).person_id) for who in ("inspector", "inspector2")
    }


def phased_case(session: Session) -> Case:
    """A closed case of which the lamps' body had two phases, and the roads' the third."""
    people, condition = People(session), factories.make_phases(session)
    case = factories.make_report(session, people.inspector).case
    factories.bring_to(session, people, case, "accept")
    factories.take(session, people.dutyleader, case, "file", condition=condition.code)
    factories.bring_to(session, people, case, "dispatch", "sign_for")
    for hours, _ in enumerate(condition.phases, 1):
        with running_at(MONDAY_MORNING + timedelta(hours=hours)):
            case.attachments.append(factories.make_photo(people, AttachmentKind.AFTER))
            session.flush()
            factories.take(session, people.handler, case, "report_back")
            if case.stage is Stage.CHECKING:
                factories.take(session, people.viewer("inspector2"), case, "check", result="passed")
    with running_at(MONDAY_MORNING + timedelta(hours=4)):
        return _restored(session, people, case)


def _restored(session: Session, people: People, case: Case) -> Case:
    """Through the last phase, by the roads' body, to the close."""
    factories.take(session, people.dispatcher, case, "dispatch", body="roads")
    factories.take(session, people.viewer("handler-roads"), case, "report_back")
    factories.take(session, people.viewer("inspector2"), case, "check", result="passed")
    return factories.take(session, people.dutyleader, case, "close")


def make_handler(session: Session, username: str, of: str) -> None:
    """Give a person the handler's post that another one has."""
    person = session.scalars(select(Person).where(Person.username == username)).one()
    held = session.scalars(select(Person).where(Person.username == of)).one().posts[0]
    own = PersonPost(person_id=person.id, post=Post.HANDLER, from_on=clock.today())
    own.body_id, own.jurisdiction_id = held.body_id, held.jurisdiction_id
    session.add(own)
    session.flush()


@pytest.mark.parametrize("handler", ["handler", "handler-roads"])
def test_a_recheck_goes_to_nobody_of_a_body_that_had_any_phase(session: Session, handler: str) -> None:
    names = [third_inspector(session), third_inspector(session, "inspector4")]
    make_handler(session, names[0], handler)
    phased_case(session)
    draw(session)
    task = session.get_one(InspectorTask, one(session).task_id)
    assert task.person_id == People(session).viewer(names[1]).person_id
    barred = str(People(session).viewer(names[0]).person_id)
    assert json.loads(task.draw or "")["passed_over"][barred] == ["handles"]


def test_not_upheld_it_is_booked_on_the_body_whose_phase_is_at_fault(session: Session) -> None:
    third_inspector(session)
    case = phased_case(session)
    sample = draw(session)
    row = one(session)
    lamps, roads = recheck_queries.list_carriers(session, case.id)
    assert (lamps.code, roads.code, row.body_id) == ("lamps", "roads", roads.id)
    for body in (None, "nobody"):
        with pytest.raises(Invalid) as refused:
            answer(session, "inspector3", row, "not_upheld", body=body)
        assert refused.value.field == "body"
    answer(session, "inspector3", row, "not_upheld", body="lamps")
    assert json.loads(history.get_last(session, case.id).payload)["at_fault"] == lamps.id
    assert (row.body_id, row.at_fault_id) == (roads.id, lamps.id) and not is_broken(session, case)
    assert recheck_queries.progress_by_body(session, People(session).viewer("supervisor"), sample.id) == [
        (lamps, Progress(not_upheld=1)),
        (roads, Progress(drawn=1, answered=1)),
    ]


def test_the_pages_and_an_upgraded_city_tell_who_carried_a_case_and_who_is_at_fault(
    as_person: As, small_city: Database, app: Flask
) -> None:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        third_inspector(session)
        phased_case(session)
        sample_id = draw(session).id
        row = answer(session, "inspector3", one(session), "not_upheld", body="lamps")
        booked = row.body_id, row.at_fault_id
        words = f"责任在{session.get_one(Body, row.at_fault_id).name}"
    office = as_person("supervisor")
    for page in (f"/rechecks/{sample_id}", f"/rechecks/cases/{row.id}"):
        assert words in office.get(page).text
    small_city.dispose()
    schema.downgrade(small_city.url, "0040")
    schema.upgrade(small_city.url)
    with small_city.reading() as session:
        assert (one(session).body_id, one(session).at_fault_id) == booked


def test_upheld_nobody_is_asked_whose_work_it_is(session: Session) -> None:
    third_inspector(session)
    phased_case(session)
    draw(session)
    row = one(session)
    assert answer(session, "inspector3", row).at_fault_id is None


def test_the_same_inspector_does_not_get_every_recheck_of_one_body(session: Session) -> None:
    services.set_rules(session, People(session).viewer("admin"), Rules(pair_most=1, pair_of=1))
    for _ in range(6):
        closed_case(session)
    near = [third_inspector(session), third_inspector(session, "inspector4")]
    draw(session)
    rechecked = select(InspectorTask.person_id).where(InspectorTask.kind == TaskKind.RECHECK).order_by(InspectorTask.id)
    given = session.scalars(rechecked).all()
    assert set(given) == {People(session).viewer(name).person_id for name in near}
    assert all(one != other for one, other in pairwise(given))


def test_where_nobody_else_is_there_it_waits_and_is_given_when_somebody_comes(session: Session) -> None:
    closed_case(session)
    draw(session)
    task = session.get_one(InspectorTask, one(session).task_id)
    assert task.person_id is None and task.waits_because == "all_barred"
    name = third_inspector(session)
    assert services.hand_on_tasks(session, KEYS) == 1
    assert task.person_id == People(session).viewer(name).person_id and task.waits_because is None


def test_flagged_and_own_checks_are_always_in_it_and_the_shares_are_the_citys(session: Session) -> None:
    session.add(PatrolRules(id=1, **asdict(Rules(pair_most=99, pair_of=99, simple_percent=50, waived_percent=50))))
    plain = closed_case(session)
    own = closed_case(session, checked_by="inspector")
    waived = [closed_case(session, manner=Manner.WAIVED) for _ in range(2)]
    simple = [simple_case(session) for _ in range(4)]
    drawn = members(session, draw(session, percent=0))
    assert drawn.pop(own.id) is Drawn.OWN_CASE
    assert sorted(drawn.values()) == ["simple", "simple", "waived"]
    assert drawn.keys() <= {case.id for case in (*waived, *simple)}
    assert list(members(session, draw(session))) == [plain.id], "the shares are used up"
    with pytest.raises(Invalid):
        draw(session)


def test_a_sample_is_narrowed_by_area_body_class_and_kind_of_check(session: Session) -> None:
    case = closed_case(session, manner=Manner.BY_VIDEO)
    for narrow in (
        {"area_prefix": factories.EAST},
        {"class_key": "M06001"},
        {"body": "roads"},
        {"manner": Manner.BY_PHOTO},
        {"from_on": clock.today() - timedelta(days=3), "until_on": clock.today() - timedelta(days=1)},
    ):
        with pytest.raises(Invalid):
            draw(session, **narrow)
    found = draw(session, area_prefix=factories.WEST, class_key="C01037", body="lamps", manner=Manner.BY_VIDEO)
    assert list(members(session, found)) == [case.id]


@pytest.mark.parametrize(
    "given",
    [
        {"percent": None},
        {"number": 5},
        {"percent": 101},
        {"percent": None, "number": -1},
        {"from_on": date(2026, 11, 10)},
        {"until_on": date(2027, 1, 1)},
        {"from_on": date(2020, 1, 1)},
        {"area_prefix": "33x"},
        {"class_key": "C99999"},
        {"body": "nobody"},
    ],
)
def test_what_cannot_be_is_refused(session: Session, given: dict[str, object]) -> None:
    closed_case(session)
    with pytest.raises(Invalid):
        draw(session, **given)


def test_only_the_supervision_side_draws_and_in_its_own_area(session: Session) -> None:
    closed_case(session)
    today = NewSample(clock.today(), clock.today(), percent=100)
    with pytest.raises(NotAllowed):
        rechecks.draw(session, People(session).viewer("leader"), KEYS, today)
    with pytest.raises(Invalid):
        rechecks.draw(session, People(session).viewer("dutyleader-east"), KEYS, today)


def test_an_answer_stands_in_the_history_and_ends_the_task(session: Session) -> None:
    third_inspector(session)
    case = closed_case(session)
    sample = draw(session)
    row = answer(session, "inspector3", one(session))
    assert row.end is RecheckEnd.UPHELD and session.get_one(InspectorTask, row.task_id).done_by == row.answered_by
    event = history.get_last(session, case.id)
    assert event.step is StepName.RECHECK and json.loads(event.payload)["sample"] == sample.id
    assert case.stage is Stage.CLOSED and not is_broken(session, case)
    with pytest.raises(WrongState):
        answer(session, "inspector3", row)


def test_who_checked_or_closed_it_and_who_was_not_given_it_may_not_answer(session: Session) -> None:
    third_inspector(session)
    closed_case(session)
    draw(session)
    with pytest.raises(NotAllowed):
        answer(session, "inspector2", one(session))
    with pytest.raises(NotAllowed):
        answer(session, "dutyleader", one(session), manner=Manner.BY_VIDEO, reason="监控")
    with pytest.raises(NotFound):
        answer(session, "inspector-east", one(session))


def test_at_the_desk_it_is_judged_by_video_or_photo_and_said_by_which(session: Session) -> None:
    closed_case(session)
    draw(session)
    for manner, reason in ((Manner.ON_THE_SPOT, "看过"), (Manner.WAIVED, "看过"), (Manner.BY_VIDEO, None)):
        with pytest.raises(Invalid):
            answer(session, "supervisor", one(session), manner=manner, reason=reason)
    row = answer(session, "supervisor", one(session), "not_upheld", manner=Manner.BY_VIDEO, reason="3 号监控")
    assert row.end is RecheckEnd.NOT_UPHELD


def test_reopened_after_it_was_not_upheld_it_says_so_and_what_was_open_lapses(session: Session) -> None:
    case, other = closed_case(session), closed_case(session)
    draw(session)
    first, second = session.scalars(select(Recheck).order_by(Recheck.case_id))
    answer(session, "supervisor", first, "not_upheld", manner=Manner.BY_VIDEO, reason="监控")
    for each in (case, other):
        factories.take(session, People(session).viewer("supervisor"), each, "reopen")
    assert first.reopened_seq == case.version and first.end is RecheckEnd.NOT_UPHELD
    assert second.end is RecheckEnd.LAPSED and session.get_one(InspectorTask, second.task_id).done_at is not None
    assert not is_broken(session, case)


def test_the_daily_draw_takes_the_days_that_were_missed_once(small_city: Database) -> None:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        session.add(PatrolRules(id=1, **asdict(Rules(simple_percent=100, waived_percent=0))))
        case = simple_case(session)
        closed_case(session, manner=Manner.WAIVED)
    with running_at(TUESDAY + timedelta(days=2)), small_city.transaction() as session:
        simple_case(session)
    for days, number in ((0, 1), (0, 1), (4, 2), (4, 2), (5, 2)):
        with running_at(TUESDAY + timedelta(days=days)), small_city.transaction() as session:
            rechecks.draw_by_rule(session, KEYS)
            samples = session.scalars(select(RecheckSample).order_by(RecheckSample.id)).all()
            assert len(samples) == number
            assert members(session, samples[0]) == {case.id: Drawn.SIMPLE}
    assert samples[1].from_on == TUESDAY.date() and samples[1].until_on == (TUESDAY + timedelta(days=3)).date()


def test_the_daily_draw_is_scheduled() -> None:
    assert any(each.task == "patrol.draw_rechecks" for each in jobs.SCHEDULE)


def test_a_draw_is_proved_and_what_was_changed_afterwards_is_found(session: Session) -> None:
    session.add(PatrolRules(id=1, **asdict(Rules(pair_most=99, pair_of=99))))
    for _ in range(4):
        closed_case(session)
    sample = draw(session, percent=50)
    drawn = members(session, sample)
    assert len(drawn) == 2 and recheck_draw.prove(KEYS, sample, drawn).wrong is None
    assert recheck_draw.prove(KEYS, sample, {}).wrong is not None
    seed, sample.seed = sample.seed, "0" * 32
    assert recheck_draw.prove(KEYS, sample, drawn).wrong is not None
    sample.seed, told = seed, json.loads(sample.draw)
    sample.draw = json.dumps(told | {"always": {"flagged": [1]}})
    assert recheck_draw.prove(KEYS, sample, drawn).wrong is not None


def test_the_command_line_draws_a_sample_again(tmp_path: Path, small_city: Database, config: Config) -> None:
    shell = Shell(config)
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        case = closed_case(session)
        today = NewSample(clock.today(), clock.today(), number=1)
        sample_id = rechecks.draw(session, People(session).viewer("supervisor"), shell.keys, today).id
    result = CliRunner().invoke(cli, ["patrol", "recheck", "--sample", str(sample_id)], obj=shell)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["draw"]["by_lot"]["lot"]["drawn"] == [case.id]
    assert CliRunner().invoke(cli, ["patrol", "recheck", "--sample", "99"], obj=shell).exit_code != 0


def test_tasks_that_nobody_has_are_listed_with_the_reason(as_person: As, small_city: Database, app: Flask) -> None:
    with small_city.transaction() as session:
        number = closed_case(session).number
        draw(session)
    for name, status in (("supervisor", 200), ("dutyleader", 200), ("inspector", 403), ("handler", 403)):
        page = as_person(name).get("/tasks/waiting")
        assert (page.status_code, number in page.text) == (status, status == 200)
    assert number not in as_person("dutyleader-east").get("/tasks/waiting").text
    assert "/tasks/waiting" in as_person("dutyleader").get("/").text


@pytest.fixture
def drawn(small_city: Database, app: Flask) -> tuple[int, int, int, str]:
    """A sample of one case with `inspector3`: the keys of sample, re-check and task, and the case's number."""
    with small_city.transaction() as session:
        third_inspector(session)
        case = closed_case(session)
        sample = draw(session)
        row = one(session)
        return sample.id, row.id, row.task_id, case.number


def test_the_pages_of_samples(as_person: As, small_city: Database, drawn: tuple[int, int, int, str]) -> None:
    sample_id, recheck_id, _task_id, number = drawn
    office = as_person("supervisor")
    assert f"/rechecks/{sample_id}" in office.get("/rechecks").text
    page = office.get(f"/rechecks/{sample_id}").text
    assert number in page and "inspector3 某" in page and "inspector2 某" in page
    assert number not in office.get(f"/rechecks/{sample_id}?end=upheld").text
    assert number in office.get(f"/rechecks/{sample_id}?end=open").text
    assert office.get(f"/rechecks/cases/{recheck_id}").status_code == 200
    assert as_person("leader").get(f"/rechecks/{sample_id}").status_code == 200
    for name in ("handler", "inspector", "dispatcher"):
        assert as_person(name).get("/rechecks").status_code == 403
    assert as_person("dutyleader-east").get(f"/rechecks/{sample_id}").status_code == 404


def test_a_sample_is_drawn_on_the_page_and_a_wrong_one_is_refused_beside_its_field(
    as_person: As, small_city: Database, app: Flask
) -> None:
    with small_city.transaction() as session:
        closed_case(session)
    office, today = as_person("supervisor"), clock.today().isoformat()
    asked = {"from_on": today, "until_on": today, "amount": "1", "measure": "number"}
    assert office.post("/rechecks", data=asked | {"amount": ""}).status_code == 422
    assert office.post("/rechecks", data=asked | {"area_prefix": factories.EAST}).status_code == 422
    assert as_person("leader").post("/rechecks", data=asked).status_code == 403
    answer = office.post("/rechecks", data=asked)
    assert answer.status_code == 303 and office.get(answer.location).status_code == 200


def test_the_tablet_answers_at_the_place_with_a_photo(as_person: As, drawn: tuple[int, int, int, str]) -> None:
    _sample_id, recheck_id, task_id, number = drawn
    tablet = as_person("inspector3")
    assert f"/tasks/{task_id}" in tablet.get("/tasks").text
    screen = tablet.get(f"/tasks/{task_id}").text
    assert f"/rechecks/cases/{recheck_id}" in screen and 'value="not_upheld"' in screen
    version = as_person("supervisor").get(f"/api/v1/cases/{number}").json["version"]
    asked = {"step": "recheck", "version": str(version), "result": "not_upheld", **here()}
    refused = tablet.post(f"/rechecks/cases/{recheck_id}", data=asked)
    assert refused.status_code == 422 and 'value="not_upheld"' in refused.text
    sent = tablet.post(f"/rechecks/cases/{recheck_id}", data=asked | {"photo": (picture("blue"), "a.jpg")})
    assert sent.location == "/tasks", sent.text
    again = tablet.post(f"/rechecks/cases/{recheck_id}", data=asked, follow_redirects=True)
    assert again.request.path == f"/cases/{number}" and "这次复核已结束" in again.text
    assert tablet.get(f"/tasks/{task_id}").status_code == 302


def test_an_answer_from_elsewhere_or_with_a_photo_used_before_is_refused_and_keeps_what_was_typed(
    as_person: As, small_city: Database, drawn: tuple[int, int, int, str]
) -> None:
    _sample_id, recheck_id, task_id, number = drawn
    tablet, url = as_person("inspector3"), f"/rechecks/cases/{recheck_id}"
    version = as_person("supervisor").get(f"/api/v1/cases/{number}").json["version"]
    asked = {"step": "recheck", "version": str(version), "result": "upheld", "note": "灯亮了", **here()}
    far = tablet.post(url, data=asked | {"lat": "30.5", "photo": (picture("green"), "a.jpg")})
    nowhere = tablet.post(url, data=asked | {"located_at": "", "photo": (picture("green"), "a.jpg")})
    with small_city.transaction() as session:
        case = session.scalars(select(Case)).one()
        used = factories.make_photo(People(session), AttachmentKind.AFTER)
        used.sha256, used.case_id = sha256(picture("red").read()).hexdigest(), case.id
        session.add(used)
    twin = tablet.post(url, data=asked | {"photo": (picture("red"), "a.jpg")})
    for refused, field in ((far, "at_place_reason"), (nowhere, "at_place_reason"), (twin, "photo")):
        assert refused.status_code == 422, refused.text
        assert f'id="recheck-{field}-error"' in refused.text and "灯亮了" in refused.text
    assert f"/tasks/{task_id}" in tablet.get("/tasks").text


def test_not_upheld_the_page_offers_to_reopen(as_person: As, drawn: tuple[int, int, int, str]) -> None:
    sample_id, recheck_id, _task_id, number = drawn
    office = as_person("supervisor")
    version = office.get(f"/api/v1/cases/{number}").json["version"]
    asked = {"step": "recheck", "version": str(version), "result": "not_upheld", "manner": "by_photo"}
    assert office.post(f"/rechecks/cases/{recheck_id}", data=asked).status_code == 422
    sent = office.post(f"/rechecks/cases/{recheck_id}", data=asked | {"at_place_reason": "照片"})
    assert sent.location == f"/rechecks/cases/{recheck_id}"
    page = office.get(sent.location).text
    assert 'value="reopen"' in page
    assert f"/rechecks/{sample_id}" in office.get(f"/cases/{number}").text
    step = {"step": "reopen", "version": str(version + 1), "note": "没修好", "next": sent.location}
    assert office.post(f"/cases/{number}/steps", data=step).location == sent.location
    assert 'value="reopen"' not in office.get(sent.location).text


def test_the_api_lists_and_takes_a_recheck(as_person: As, drawn: tuple[int, int, int, str]) -> None:
    sample_id, _recheck_id, task_id, number = drawn
    tablet = as_person("inspector3")
    (task,) = tablet.get("/api/v1/tasks").json["tasks"]
    assert (task["kind"], task["id"], task["steps"], task["light"]) == ("recheck", task_id, [], "on_time")
    asked = {"version": task["case"]["version"], "result": "upheld"} | here()
    assert as_person("inspector2").post(f"/api/v1/tasks/{task_id}/recheck", data=asked).status_code == 403
    assert as_person("inspector-east").post(f"/api/v1/tasks/{task_id}/recheck", data=asked).status_code == 404
    assert tablet.post(f"/api/v1/tasks/{task_id}/recheck", data=asked | {"version": 1}).status_code == 409
    sent = tablet.post(f"/api/v1/tasks/{task_id}/recheck", data=asked)
    assert sent.status_code == 200, sent.text
    assert sent.json == {
        "task": task_id,
        "sample": sample_id,
        "case": number,
        "version": task["case"]["version"] + 1,
        "end": "upheld",
    }
    assert tablet.get("/api/v1/tasks").json["tasks"] == []
    assert tablet.post(f"/api/v1/tasks/{task_id}/recheck", data=asked).status_code == 409


def test_what_waits_to_be_rechecked_is_counted_and_listed_the_overdue_first(
    as_person: As, small_city: Database, drawn: tuple[int, int, int, str]
) -> None:
    _sample_id, recheck_id, task_id, number = drawn
    office = as_person("supervisor")
    page = office.get("/rechecks/open").text
    assert number in page and f"/rechecks/cases/{recheck_id}" in page and "inspector3 某" in page
    assert 'href="/rechecks/open"' in office.get("/tasks/waiting").text
    with small_city.transaction() as session:
        other = closed_case(session)
        draw(session)
        viewer = People(session).viewer("supervisor")
        task = session.get_one(InspectorTask, task_id)
        task.due_at = clock.now() - timedelta(hours=1)
        session.flush()
        tally = recheck_queries.tally_open(session, viewer)
        assert (tally.total, tally.over) == (2, 1)
        assert [row.case.number for row in recheck_queries.list_open(session, viewer)] == [number, other.number]
        answer(session, "inspector3", session.get_one(Recheck, recheck_id))
        assert recheck_queries.tally_open(session, viewer).total == 1
    for name in ("handler", "inspector", "leader"):
        assert as_person(name).get("/rechecks/open").status_code == 403
    assert number not in as_person("dutyleader-east").get("/rechecks/open").text


def test_a_sample_page_asks_the_same_number_of_queries_however_many_cases(
    as_person: As, small_city: Database, app: Flask
) -> None:
    office, counts = as_person("supervisor"), []
    for number in (1, 3):
        with small_city.transaction() as session:
            for _ in range(number):
                closed_case(session)
            sample_id = draw(session).id
        office.get(f"/rechecks/{sample_id}")
        with counted_queries() as queries:
            office.get(f"/rechecks/{sample_id}")
        counts.append(len(queries))
    assert counts[0] == counts[1], counts
