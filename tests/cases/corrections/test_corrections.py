"""Corrections: proposed from the street or by a case, once; confirmed or refused by an office; overtaken."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases.attachments import Photo
from cityops.cases.corrections.deciding import decide
from cityops.cases.corrections.models import Correction, CorrectionKind, CorrectionState
from cityops.cases.corrections.queries import list_corrections
from cityops.cases.corrections.services import NewCorrection, propose
from cityops.clock import city_day, today
from cityops.db import Database
from cityops.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from cityops.grid.census.history import Why, changing
from cityops.grid.census.models import ChangeCause, ComponentChange
from cityops.grid.models import Component, ComponentState
from tests import factories
from tests.counting import counted_queries
from tests.factories import EAST, WEST, People

As = Callable[[str], FlaskClient]

LAMP, EASTERN = "33020301037000001", "33021201037000001"
SEEN = "灯杆不见了"
PHOTO = Photo("0" * 64, "image/jpeg", 1, None, None, None)


@pytest.fixture
def city(small_city: Database) -> Database:
    """A lamp in the west and one in the east, which has its administrator."""
    with small_city.transaction() as session:
        factories.add_component(session, LAMP, factories.WEST_POINT, body_code="roads")
        factories.add_component(session, EASTERN, factories.EAST_POINT)
        factories.give_post(session, "operator-east", Post.ADMINISTRATOR, EAST)
    return small_city


@pytest.fixture
def session(city: Database) -> Iterator[Session]:
    with city.transaction() as session:
        yield session


def new(kind: CorrectionKind = CorrectionKind.MISSING, code: str = LAMP, **facts: object) -> NewCorrection:
    return NewCorrection(**{"uuid": str(uuid4()), "kind": kind, "reason": SEEN, "component_code": code} | facts)  # type: ignore[arg-type]


def proposed(session: Session, asked: NewCorrection, viewer: Viewer | None = None) -> Correction:
    return propose(session, viewer or People(session).inspector, asked, PHOTO)


def confirm(session: Session, row: Correction) -> Correction:
    return decide(session, People(session).viewer("admin"), row.id, confirms=True, because="")


def component(session: Session, code: str = LAMP) -> Component:
    found = select(Component).where(Component.code == code).execution_options(populate_existing=True)
    return session.scalars(found).one()


def changes(session: Session) -> list[tuple[str, str | None, str | None]]:
    rows = session.scalars(select(ComponentChange).order_by(ComponentChange.id))
    return [(row.fact.value, row.before, row.after) for row in rows]


def test_what_is_proposed_changes_nothing_until_it_is_confirmed(session: Session) -> None:
    row = proposed(session, new())
    assert (row.state, row.area_code, component(session).state) == (
        CorrectionState.OPEN,
        f"{WEST}001001",
        ComponentState.IN_PLACE,
    )
    confirm(session, row)
    assert component(session).state is ComponentState.MISSING
    (change,) = session.scalars(select(ComponentChange)).all()
    assert (change.cause, change.because, change.person_id) == (ChangeCause.OFFICE, SEEN, row.decided_by)


def test_one_that_was_taken_away_ends(session: Session) -> None:
    confirm(session, proposed(session, new(CorrectionKind.REMOVED)))
    assert (component(session).state, component(session).ended_on) == (ComponentState.REMOVED, today())
    with pytest.raises(WrongState, match="stands no more"):
        proposed(session, new())


def test_one_that_moved_stands_in_the_cell_of_its_place(session: Session) -> None:
    before = component(session).cell_id
    row = proposed(session, new(CorrectionKind.MOVED, point=(121.5015, 29.8705)))
    confirm(session, row)
    now = component(session)
    assert (now.lon, now.lat, now.cell_id != before, now.quad != 0) == (121.5015, 29.8705, True, True)
    assert changes(session) == [("place", "121.5005000, 29.8705000", "121.5015000, 29.8705000")]


def test_one_of_somebody_else_is_settled_so(session: Session) -> None:
    row = propose(session, People(session).inspector, new(CorrectionKind.OWNER, body="lamps"), None)
    confirm(session, row)
    now = component(session)
    assert (now.owner_name, now.body_code, now.settled_on, now.settled_by) == (
        "lamps",
        "lamps",
        today(),
        row.decided_by,
    )


def test_a_new_one_gets_the_next_code_of_its_district(session: Session) -> None:
    asked = new(CorrectionKind.NEW, "", class_code="01037", point=factories.WEST_POINT)
    row = proposed(session, asked)
    confirm(session, row)
    begun = session.get_one(Component, row.component_id)
    assert (begun.code, begun.name, begun.area_code, begun.initial_on) == (
        "33020301037000002",
        "路灯",
        f"{WEST}001001",
        today(),
    )
    asked = new(CorrectionKind.NEW, "", class_code="01037", point=factories.OUTSIDE_POINT)
    outside = proposed(session, asked)
    with pytest.raises(WrongState, match="outside every cell"):
        confirm(session, outside)


@pytest.mark.parametrize("kind", [CorrectionKind.MISSING, CorrectionKind.REMOVED, CorrectionKind.MOVED])
def test_who_proposed_it_has_seen_the_place(session: Session, kind: CorrectionKind) -> None:
    row = proposed(session, new(kind, point=factories.WEST_POINT))
    row.proposed_at -= timedelta(days=3)
    session.flush()
    confirm(session, row)
    assert component(session).seen_on == city_day(row.proposed_at)


def test_one_that_moved_to_another_district_is_that_ones_to_decide(session: Session) -> None:
    missing = proposed(session, new(code=EASTERN))
    confirm(session, proposed(session, new(CorrectionKind.MOVED, EASTERN, point=factories.WEST_POINT)))
    with pytest.raises(WrongState, match="has changed"):
        decide(session, People(session).viewer("operator-east"), missing.id, confirms=True, because="")
    assert component(session, EASTERN).state is ComponentState.IN_PLACE


def test_a_refusal_says_why_and_changes_nothing(session: Session) -> None:
    row, admin = proposed(session, new()), People(session).viewer("admin")
    with pytest.raises(Invalid) as refusal:
        decide(session, admin, row.id, confirms=False, because=" ")
    assert refusal.value.field == "because"
    decide(session, admin, row.id, confirms=False, because="还在原处")
    assert (row.state, row.because, changes(session)) == (CorrectionState.REFUSED, "还在原处", [])
    with pytest.raises(WrongState, match="has decided"):
        confirm(session, row)


def test_the_same_is_proposed_once(session: Session) -> None:
    people, asked = People(session), new()
    row = proposed(session, asked)
    assert proposed(session, asked) is row
    with pytest.raises(Conflict, match="inspector 某"):
        proposed(session, new(), people.viewer("inspector2"))
    other = proposed(session, new(CorrectionKind.REMOVED), people.viewer("inspector2"))
    assert other is not row
    confirm(session, row)
    assert proposed(session, new(CorrectionKind.MISSING), people.viewer("inspector2")) is not row


def test_one_that_is_overtaken_is_not_confirmed_but_refused(session: Session) -> None:
    rows = [proposed(session, new(kind)) for kind in (CorrectionKind.MISSING, CorrectionKind.REMOVED)]
    moved = proposed(session, new(CorrectionKind.MOVED, point=(121.5015, 29.8705)))
    with changing(session, component(session), Why(ChangeCause.CENSUS, "普查")):
        component(session).state = ComponentState.DAMAGED
    session.flush()
    for row in rows:
        with pytest.raises(WrongState, match="has changed since"):
            confirm(session, row)
    decide(session, People(session).viewer("admin"), rows[0].id, confirms=False, because="已普查")
    confirm(session, moved)


@pytest.mark.parametrize(
    ("asked", "photo", "field"),
    [
        (new(reason=" "), PHOTO, "reason"),
        (new(), None, "photo"),
        (new(CorrectionKind.MOVED), PHOTO, "lon"),
        (new(CorrectionKind.MOVED, point=(29.87, 121.5)), PHOTO, "lon"),
        (new(CorrectionKind.OWNER, body="supervision"), None, "body"),
        (new(CorrectionKind.NEW, "", class_code="99999", point=factories.WEST_POINT), PHOTO, "class_code"),
    ],
)
def test_what_cannot_be_proposed_is_said_of_its_field(
    session: Session, asked: NewCorrection, photo: Photo | None, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        propose(session, People(session).inspector, asked, photo)
    assert refusal.value.field == field


def test_who_may_not_propose_and_not_decide(session: Session) -> None:
    people = People(session)
    east = people.viewer("operator-east")
    for viewer, error in (
        (people.viewer("leader"), NotAllowed),
        (people.viewer("admin"), NotAllowed),
        (people.viewer("inspector-east"), NotFound),
        (people.handler, NotFound),
    ):
        with pytest.raises(error):
            proposed(session, new(), viewer)
    assert proposed(session, new(), people.viewer("handler-roads")).is_open
    with pytest.raises(NotAllowed):
        proposed(session, new(CorrectionKind.NEW, "", class_code="01037", point=factories.WEST_POINT), east)
    row = proposed(session, new(CorrectionKind.MOVED, point=factories.EAST_POINT))
    with pytest.raises(NotFound):
        decide(session, east, row.id, confirms=True, because="")
    with pytest.raises(NotAllowed):
        decide(session, people.dutyleader, row.id, confirms=True, because="")
    own = proposed(session, new(CorrectionKind.MISSING, EASTERN), east)
    with pytest.raises(NotAllowed, match="somebody else decides"):
        decide(session, east, own.id, confirms=True, because="")


def test_one_that_a_case_shows_names_it(session: Session) -> None:
    people = People(session)
    case = factories.make_report(session, people.inspector, component_code=LAMP).case
    row = proposed(session, new(case_number=case.number))
    confirm(session, row)
    (change,) = session.scalars(select(ComponentChange)).all()
    assert row.case_id == change.case_id == case.id
    with pytest.raises(Invalid, match="another component"):
        proposed(session, new(CorrectionKind.MISSING, EASTERN, case_number=case.number))


def test_a_list_has_what_one_sees_and_what_one_has_proposed(session: Session) -> None:
    people = People(session)
    western, eastern = proposed(session, new()), proposed(session, new(code=EASTERN))
    assert list(list_corrections(session, people.dutyleader)) == [eastern, western]
    assert list(list_corrections(session, people.viewer("inspector-east"))) == [eastern]
    assert list(list_corrections(session, people.handler)) == []
    own = proposed(session, new(CorrectionKind.REMOVED), people.viewer("handler-roads"))
    assert list(list_corrections(session, people.viewer("handler-roads"))) == [own]
    confirm(session, western)
    assert list(list_corrections(session, people.dutyleader, state=CorrectionState.CONFIRMED)) == [western]


def jpeg() -> tuple[io.BytesIO, str]:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "JPEG")
    picture.seek(0)
    return picture, "a.jpg"


def test_from_the_tablet_to_the_office(as_person: As, city: Database) -> None:
    inspector, admin = as_person("inspector"), as_person("admin")
    address = f"/components/{LAMP}/corrections/missing"
    assert address in inspector.get(f"/components/{LAMP}").text
    assert inspector.get(address).status_code == 200
    bare = inspector.post(address, data={"reason": SEEN})
    assert (bare.status_code, SEEN in bare.text, 'id="photo-error"' in bare.text) == (422, True, True)
    spoilt = inspector.post(address, data={"reason": SEEN, "photo": (io.BytesIO(b"no picture"), "a.jpg")})
    assert (spoilt.status_code, 'id="photo-error"' in spoilt.text) == (422, True)
    sent = inspector.post(address, data={"reason": SEEN, "photo": jpeg()})
    assert sent.status_code == 303
    again = inspector.post(address, data={"reason": SEEN, "photo": jpeg()})
    assert (again.status_code, "inspector 某" in again.text) == (409, True)
    assert SEEN in admin.get("/components/corrections?state=open").text
    page = admin.get(sent.location).text
    assert SEEN in page and f"{sent.location}/photo" in page
    photo = admin.get(f"{sent.location}/photo")
    assert photo.content_type == "image/jpeg"
    photo.close()
    decision = f"{sent.location}/decision"
    assert 'value="confirm"' not in inspector.get(sent.location).text
    assert inspector.post(decision, data={"decision": "confirm"}).status_code == 403
    assert admin.post(decision, data={"decision": "refuse"}).status_code == 422
    undecided = admin.post(decision, data={"because": "看过"})
    assert undecided.status_code == 422 and "请选择确认或退回。" in undecided.text
    assert admin.post(decision, data={"decision": "confirm"}).status_code == 303
    assert admin.post(decision, data={"decision": "confirm"}).status_code == 409
    assert "完好 → 缺失" in admin.get(f"/components/{LAMP}").text
    assert inspector.get("/components/corrections").status_code == 200


def test_a_reason_that_is_too_long_is_refused_before_anything_is_decided(as_person: As, city: Database) -> None:
    with city.transaction() as session:
        page = f"/components/corrections/{proposed(session, new()).id}"
    admin = as_person("admin")
    refused = admin.post(f"{page}/decision", data={"decision": "confirm", "because": "长" * 501})
    assert (refused.status_code, 'id="because-error"' in refused.text) == (422, True)
    assert 'value="confirm"' in admin.get(page).text


@pytest.mark.parametrize("before", ["9" * 30, "-1", "x"])
def test_an_odd_page_is_the_first(as_person: As, city: Database, before: str) -> None:
    assert as_person("admin").get(f"/components/corrections?before={before}").status_code == 200


def test_a_new_one_is_proposed_on_its_page(as_person: As, city: Database) -> None:
    inspector = as_person("inspector")
    assert "/components/corrections/new" in inspector.get("/patrol/me").text
    assert inspector.get("/components/corrections/new").status_code == 200
    lon, lat = factories.WEST_POINT
    typed = {"class_code": "01037", "lon": str(lon), "lat": str(lat), "reason": SEEN, "uuid": str(uuid4())}
    first = inspector.post("/components/corrections/new", data=typed | {"photo": jpeg()})
    again = inspector.post("/components/corrections/new", data=typed | {"photo": jpeg()})
    assert (first.status_code, again.location) == (303, first.location)
    assert LAMP in as_person("admin").get(first.location).text


def test_a_stranger_to_the_district_finds_none_of_it(as_person: As, city: Database) -> None:
    with city.transaction() as session:
        correction_id = proposed(session, new()).id
    stranger = as_person("inspector-east")
    addresses = (f"/components/corrections/{correction_id}", f"/components/corrections/{correction_id}/photo")
    assert [stranger.get(address).status_code for address in addresses] == [404, 404]
    assert as_person("operator-east").post(f"{addresses[0]}/decision", data={"decision": "confirm"}).status_code == 404
    form = f"/components/{LAMP}/corrections/moved"
    assert [stranger.get(form).status_code, stranger.post(form, data={"reason": SEEN}).status_code] == [404, 404]
    assert stranger.get(f"/components/{LAMP}/corrections/new").status_code == 404
    assert as_person("leader").get(form).status_code == 403
    assert SEEN not in stranger.get("/components/corrections").text


def test_what_stands_near_is_told_within_the_jurisdiction(as_person: As, city: Database) -> None:
    beyond = "33020301037000077"
    with city.transaction() as session:
        factories.add_component(session, beyond, (121.50195, 29.8705))
        asked = new(CorrectionKind.NEW, "", class_code="01037", point=(121.50205, 29.8705))
        row = proposed(session, asked, People(session).viewer("inspector-east"))
        assert row.area_code and row.area_code.startswith(EAST)
        page = f"/components/corrections/{row.id}"
    assert beyond in as_person("admin").get(page).text
    assert beyond not in as_person("operator-east").get(page).text


def test_the_list_asks_the_same_number_of_queries_for_1_and_for_3(as_person: As, city: Database) -> None:
    client = as_person("dutyleader")
    with city.transaction() as session:
        proposed(session, new())
    client.get("/components/corrections")
    with counted_queries() as few:
        client.get("/components/corrections")
    with city.transaction() as session:
        proposed(session, new(CorrectionKind.REMOVED))
        proposed(session, new(code=EASTERN), People(session).viewer("inspector2"))
    with counted_queries() as many:
        client.get("/components/corrections")
    assert len(few) == len(many)
