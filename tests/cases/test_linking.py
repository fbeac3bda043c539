"""Cases linked with a reason, and cases split off: two histories, no clock touched, the reporter told of each."""

from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cityops.accounts.viewer import Viewer
from cityops.cases import history, linking
from cityops.cases.link_models import CaseLink, LinkKind
from cityops.cases.models import Case
from cityops.cases.names import Source, Stage, StepName
from cityops.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from cityops.hotline.models import ReporterAnswer
from tests import factories
from tests.factories import EAST_POINT, MONDAY_MORNING, WEST_POINT, People, bring_to, make_report, new_report

PHONE = "15400000031"


def link(session: Session, viewer: Viewer, case: Case, other: Case | str, **given: object) -> None:
    number = other if isinstance(other, str) else other.number
    facts = {"version": case.version, "other": number, "reason": "同一根杆"} | given
    linking.link(session, viewer, factories.make_office(), case.number, **facts)  # type: ignore[arg-type]


def unlink(session: Session, viewer: Viewer, case: Case, other: Case, reason: str = "不是") -> None:
    linking.unlink(session, viewer, factories.make_office(), case.number, case.version, other.number, reason)


def split(session: Session, viewer: Viewer, case: Case, uuid: str | None = None, **facts: object) -> Case:
    told = {"kind": "matter", "class_code": "06001", "description": "灯下还有垃圾", "source": case.source} | facts
    new = new_report(uuid=uuid or str(uuid4()), **told)
    return linking.split(session, viewer, factories.make_office(), case.number, case.version, new)


@pytest.fixture
def case(session: Session, people: People) -> Case:
    """A complaint whose caller left his telephone."""
    facts = {"source": Source.HOTLINE, "reporter_name": "林小满", "reporter_phone": PHONE}
    return make_report(session, people.operator, **facts).case


def steps(session: Session, case: Case) -> list[StepName]:
    return [event.step for event in history.list_events(session, case.id)]


def is_whole(session: Session) -> bool:
    session.flush()
    found = history.find_broken(session, factories.make_keys())
    return not [each for each in found if isinstance(each, history.Broken)]


def test_a_link_stands_on_both_sides_and_touches_no_clock(session: Session, people: People, case: Case) -> None:
    other = bring_to(session, people, make_report(session, people.inspector).case, "accept", "file")
    due = case.due_at, other.due_at
    link(session, people.operator, case, other)
    for one, beside in ((case, other), (other, case)):
        (found,) = linking.list_related(session, people.operator, one).related
        assert found.case is beside and found.link.reason == "同一根杆" and not found.is_origin
        assert steps(session, one)[-1] is StepName.LINK
    assert (case.due_at, other.due_at) == due and is_whole(session)
    with pytest.raises(Invalid, match="already"):
        link(session, people.operator, other, case)
    with pytest.raises(Invalid):
        unlink(session, people.operator, other, case, reason=" ")
    unlink(session, people.operator, other, case)
    assert linking.list_related(session, people.operator, case).related == []
    assert steps(session, case)[-1] is StepName.UNLINK and is_whole(session)
    with pytest.raises(WrongState):
        unlink(session, people.operator, case, other)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM case_links",
        "UPDATE case_links SET kind = 'split'",
        "UPDATE case_links SET reason = '另一根杆'",
        "UPDATE case_links SET made_at = '2020-01-01 00:00:00'",
    ],
)
def test_a_link_that_the_histories_do_not_tell_so_is_found_on_both_sides(
    session: Session, people: People, case: Case, change: str
) -> None:
    other = make_report(session, people.inspector).case
    link(session, people.operator, case, other)
    assert is_whole(session)
    session.execute(text(change))
    found = [each for each in history.find_broken(session, factories.make_keys()) if isinstance(each, history.Broken)]
    assert {each.case_id for each in found} == {case.id, other.id}
    assert {each.why for each in found} == {"the case's links are not what its history says"}


def test_a_link_that_nobody_made_is_found(session: Session, people: People, case: Case) -> None:
    other = make_report(session, people.inspector).case
    row = CaseLink(case_id=case.id, other_id=other.id, kind=LinkKind.RELATED, reason="同一根杆", made_at=MONDAY_MORNING)
    session.add(row)
    assert not is_whole(session)


def test_a_closed_case_can_be_linked_and_stays_closed(session: Session, people: People, case: Case) -> None:
    over = bring_to(session, people, make_report(session, people.inspector).case, "decline")
    ended_at = over.ended_at
    link(session, people.dutyleader, case, over)
    assert (over.stage, over.ended_at) == (Stage.DECLINED, ended_at) and is_whole(session)


def test_who_may_link_and_what(session: Session, people: People, case: Case) -> None:
    east = make_report(session, people.inspector, point=EAST_POINT).case
    stranger = people.viewer("operator-east")
    with pytest.raises(NotFound):
        link(session, stranger, case, east)
    for viewer, one, other in (
        (stranger, east, case),
        (people.operator, case, case),
        (people.operator, case, "20261109-0417-3"),
    ):
        with pytest.raises(Invalid) as refused:
            link(session, viewer, one, other)
        assert refused.value.field == "other"
    with pytest.raises(Invalid):
        link(session, people.operator, case, east, reason="")
    with pytest.raises(Conflict):
        link(session, people.operator, case, east, version=0)
    with pytest.raises(NotAllowed):
        link(session, people.inspector, case, east)


def test_a_split_off_case_keeps_the_reporter_who_is_told_of_each(session: Session, people: People, case: Case) -> None:
    made = split(session, people.operator, case, lon=WEST_POINT[0] + 0.0002)
    assert (made.stage, made.source, made.case_class.code) == (Stage.REPORTED, Source.HOTLINE, "06001")
    assert steps(session, case)[-1] is StepName.SPLIT
    assert steps(session, made) == [StepName.REPORT, StepName.SPLIT_OFF]
    (from_origin,), (off,) = (linking.list_related(session, people.operator, each).related for each in (made, case))
    assert from_origin.is_origin and not off.is_origin
    for each in (case, made):
        factories.take(session, people.operator, each, "decline")
    session.flush()
    assert {row.report.case_id for row in session.scalars(select(ReporterAnswer))} == {case.id, made.id}
    assert is_whole(session)
    with pytest.raises(WrongState):
        unlink(session, people.operator, case, made)


def test_the_same_split_sent_twice_is_one_case(session: Session, people: People, case: Case) -> None:
    uuid = str(uuid4())
    made = split(session, people.operator, case, uuid)
    assert split(session, people.operator, case, uuid) is made
    with pytest.raises(Invalid):
        split(session, people.operator, make_report(session, people.operator).case, uuid)


def test_a_report_of_an_inspector_is_split_too(session: Session, people: People) -> None:
    case = make_report(session, people.inspector).case
    assert split(session, people.dutyleader, case).source is Source.INSPECTOR


def test_who_may_split_and_when(session: Session, people: People, case: Case) -> None:
    with pytest.raises(NotFound):
        split(session, people.viewer("operator-east"), case)
    for who in ("dispatcher", "inspector", "supervisor"):
        with pytest.raises(NotAllowed):
            split(session, people.viewer(who), case)
    factories.take(session, people.operator, case, "decline")
    with pytest.raises(WrongState):
        split(session, people.operator, case)
