"""Whose components are: orphans counted, their faults' way, ownership settled one by one and by class and street."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.models import BodyKind
from cityops.accounts.posts import Post
from cityops.cases.component_search import ComponentFilter
from cityops.cases.ownership.queries import OrphanGroup, count_orphans, list_orphans
from cityops.cases.ownership.services import Settlement, settle, settle_orphans
from cityops.cases.proposals import FOR_ORPHANS, propose_bodies
from cityops.catalog.models import FilingCondition
from cityops.clock import today
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.grid.census.models import ChangeCause, ComponentChange
from cityops.grid.models import Component
from tests import factories
from tests.counting import counted_queries
from tests.factories import EAST, WEST, People
from tests.waiting import until_it_waits

As = Callable[[str], FlaskClient]

WESTERN = [f"33020301037{number:06d}" for number in range(1, 4)]
EASTERN, OWNED, BIN = "33021201037000001", "33020301037000009", "33020303005000001"
STREET = f"{WEST}001"
LAMPS_THERE = OrphanGroup("01037", STREET)
NEW = Settlement("lamps", "lamps-crew", "移交协议 12 号")


@pytest.fixture
def city(small_city: Database) -> Database:
    """Three orphaned lamps and an orphaned bin in the west, a lamp there that is somebody's, an orphan in the east."""
    with small_city.transaction() as session:
        for code in (*WESTERN, BIN):
            factories.add_component(session, code, factories.WEST_POINT)
        factories.add_component(session, OWNED, factories.WEST_POINT, body_code="roads")
        factories.add_component(session, EASTERN, factories.EAST_POINT)
        factories.give_post(session, "operator-east", Post.ADMINISTRATOR, EAST)
    return small_city


@pytest.fixture
def session(city: Database) -> Iterator[Session]:
    with city.transaction() as session:
        yield session


def component(session: Session, code: str) -> Component:
    return session.scalars(select(Component).where(Component.code == code)).one()


def test_orphans_are_counted_by_class_and_street_as_far_as_one_sees(session: Session) -> None:
    people, everything = People(session), ComponentFilter()
    told = [(each.group, each.count) for each in list_orphans(session, people.dutyleader, everything)]
    assert told == [
        (LAMPS_THERE, 3),
        (OrphanGroup("03005", STREET), 1),
        (OrphanGroup("01037", f"{EAST}001"), 1),
    ]
    assert count_orphans(session, people.dutyleader, everything) == 5
    east = people.viewer("operator-east")
    assert [each.group.street_code for each in list_orphans(session, east, everything)] == [f"{EAST}001"]
    assert [each.count for each in list_orphans(session, people.dutyleader, ComponentFilter(class_code="03005"))] == [1]
    assert list_orphans(session, people.handler, everything) == []


def test_the_faults_of_an_orphan_go_to_the_fallback_of_the_place(session: Session) -> None:
    people = People(session)
    for condition in session.scalars(select(FilingCondition)):
        condition.body_code = None
    case = factories.make_report(session, people.inspector, component_code=WESTERN[0]).case
    factories.bring_to(session, people, case, "accept", "file")
    assert propose_bodies(session, [case]) == {}
    factories.make_body(session, STREET, BodyKind.STREET_OFFICE, None)
    proposal = propose_bodies(session, [case])[case.id]
    assert (proposal.body and proposal.body.code, proposal.why) == (STREET, FOR_ORPHANS)
    fallbacks = {each.group: each.fallback for each in list_orphans(session, people.dutyleader, ComponentFilter())}
    assert fallbacks[LAMPS_THERE] is proposal.body
    settle(session, people.viewer("admin"), WESTERN[0], NEW)
    proposal = propose_bodies(session, [case])[case.id]
    assert proposal.body is not None and proposal.body.code == "lamps-crew"


def test_one_is_settled_with_day_person_reason_and_history(session: Session) -> None:
    admin = People(session).viewer("admin")
    row = settle(session, admin, WESTERN[0], NEW)
    assert (row.owner_name, row.maintainer_name, row.body_code) == ("lamps", "lamps-crew", "lamps-crew")
    assert (row.settled_on, row.settled_by, row.changed_on) == (today(), admin.person_id, today())
    changes = session.scalars(select(ComponentChange).where(ComponentChange.component_id == row.id)).all()
    assert [each.fact.value for each in changes] == ["owner", "maintainer", "body"]
    assert {(each.cause, each.because, each.person_id) for each in changes} == {
        (ChangeCause.OFFICE, NEW.because, admin.person_id)
    }
    again = settle(session, admin, WESTERN[0], Settlement("roads", because="改判"))
    assert (again.owner_name, again.maintainer_name, again.body_code) == ("roads", "roads", "roads")


def test_a_group_is_settled_at_once(session: Session) -> None:
    admin = People(session).viewer("admin")
    assert settle_orphans(session, admin, LAMPS_THERE, 3, NEW) == 3
    session.expire_all()
    assert {component(session, code).body_code for code in WESTERN} == {"lamps-crew"}
    assert component(session, BIN).body_code is None and component(session, OWNED).body_code == "roads"
    assert len(session.scalars(select(ComponentChange)).all()) == 9
    with pytest.raises(WrongState, match="not 3"):
        settle_orphans(session, admin, LAMPS_THERE, 3, NEW)


def test_a_group_that_two_settle_at_once_is_settled_once(city: Database) -> None:
    def settle_too() -> int:
        with city.transaction() as session:
            return settle_orphans(
                session, People(session).viewer("admin"), LAMPS_THERE, 3, Settlement("roads", "", "x")
            )

    with ThreadPoolExecutor(1) as pool:
        with city.transaction() as session:
            settle_orphans(session, People(session).viewer("admin"), LAMPS_THERE, 3, NEW)
            second = pool.submit(settle_too)
            until_it_waits(session, second)
        with pytest.raises(WrongState, match="not 3"):
            second.result()
    with city.reading() as session:
        assert {component(session, code).body_code for code in WESTERN} == {"lamps-crew"}


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (Settlement("nobody", because="x"), "owner"),
        (Settlement("supervision", because="x"), "owner"),
        (Settlement("lamps", "nobody", "x"), "maintainer"),
        (Settlement("lamps", because=" "), "because"),
    ],
)
def test_what_cannot_be_settled_is_said_of_its_field(session: Session, new: Settlement, field: str) -> None:
    admin = People(session).viewer("admin")
    with pytest.raises(Invalid) as refusal:
        settle(session, admin, WESTERN[0], new)
    assert refusal.value.field == field
    with pytest.raises(Invalid) as refusal:
        settle_orphans(session, admin, LAMPS_THERE, 3, new)
    assert refusal.value.field == field


def test_who_may_not_settle(session: Session) -> None:
    people = People(session)
    for viewer, error in ((people.dutyleader, NotAllowed), (people.viewer("operator-east"), NotFound)):
        with pytest.raises(error):
            settle(session, viewer, WESTERN[0], NEW)
    with pytest.raises(WrongState):
        settle_orphans(session, people.viewer("operator-east"), LAMPS_THERE, 3, NEW)
    component(session, WESTERN[0]).ended_on = today()
    with pytest.raises(WrongState, match="stands no more"):
        settle(session, people.viewer("admin"), WESTERN[0], NEW)


def test_the_pages_list_and_settle(as_person: As, city: Database) -> None:
    admin = as_person("admin")
    page = admin.get("/components/orphans").text
    group = f"/components/orphans/settle?street={STREET}&amp;class=01037"
    assert group in page
    assert WESTERN[0] in admin.get(f"/components?orphan=1&class=01037&area={STREET}").text
    assert OWNED not in admin.get("/components?orphan=1").text
    address = group.replace("&amp;", "&")
    assert 'value="3"' in admin.get(address).text
    typed = {"owner": "", "because": "移交", "expected": "3"}
    refused = admin.post(address, data=typed)
    assert (refused.status_code, "移交" in refused.text) == (422, True)
    changed = admin.post(address, data=typed | {"owner": "lamps", "expected": "2"})
    assert (changed.status_code, "移交" in changed.text, 'value="3"' in changed.text) == (409, True, True)
    assert admin.post(address, data=typed | {"owner": "lamps"}).status_code == 303
    assert admin.get(address).status_code == 404
    assert group not in admin.get("/components/orphans").text
    shown = admin.get(f"/components/{WESTERN[0]}").text
    assert "admin 某" in shown and "移交" in shown


def test_one_is_settled_on_its_page(as_person: As, city: Database) -> None:
    admin, address = as_person("admin"), f"/components/{BIN}/ownership"
    assert address in admin.get(f"/components/{BIN}").text
    assert admin.get(address).status_code == 200
    assert admin.post(address, data={"owner": "nobody", "because": "x"}).status_code == 422
    assert admin.post(address, data={"owner": "lamps", "because": "x"}).status_code == 303
    east = as_person("operator-east")
    assert address not in east.get(f"/components/{BIN}").text
    assert [east.get(address).status_code, east.post(address, data={"owner": "lamps", "because": "x"}).status_code] == [
        404,
        404,
    ]
    leader = as_person("dutyleader")
    assert leader.get("/components/orphans").status_code == 200
    for closed in (address, "/components/orphans/settle"):
        assert [leader.get(closed).status_code, leader.post(closed).status_code] == [403, 403]
    assert as_person("handler").get("/components/orphans").status_code == 403


def test_the_list_asks_the_same_number_of_queries_for_1_and_for_3(as_person: As, city: Database) -> None:
    client = as_person("dutyleader")
    client.get("/components/orphans")
    with counted_queries() as few:
        client.get("/components/orphans?class=03005")
    with counted_queries() as many:
        client.get("/components/orphans")
    assert len(few) == len(many)
