"""The demo's people: the names that scripts rely on, a post for each, and an inspector on duty at every hour."""

from collections import Counter

from cityops.accounts.models import BodyKind
from cityops.accounts.posts import Post
from cityops.demo.bodies import BODY_OF_TRADE, DEPARTMENTS, demo_bodies, demo_jurisdictions, street_codes
from cityops.demo.furniture import TRADES
from cityops.demo.geography import demo_city
from cityops.demo.people import PersonRecord, demo_people

GRIDS = sorted({cell.duty_grid_code for cell in demo_city().cells if cell.duty_grid_code})
PEOPLE = {person.username: person for person in demo_people(GRIDS)}
BODIES = {body.code: body for body in demo_bodies()}


def posts(person: PersonRecord) -> set[Post]:
    return {held.post for held in person.posts}


def test_the_fixed_sign_ins_are_there_and_city_wide() -> None:
    wanted = {
        "operator": Post.OPERATOR,
        "dutyleader": Post.DUTY_LEADER,
        "dispatcher": Post.DISPATCHER,
        "inspector": Post.INSPECTOR,
        "inspector80": Post.INSPECTOR,
        "supervisor": Post.SUPERVISOR,
        "leader": Post.LEADER,
        "admin": Post.ADMINISTRATOR,
    }
    for username, post in wanted.items():
        assert posts(PEOPLE[username]) == {post}
        assert {held.jurisdiction for held in PEOPLE[username].posts} == {"city"}


def test_the_handlers_stand_for_the_eight_departments_lamps_first() -> None:
    names = ["handler", *(f"handler{number}" for number in range(2, 9))]
    assert [PEOPLE[name].posts[0].body for name in names] == [body.code for body in DEPARTMENTS]
    assert DEPARTMENTS[0].code == "lamps" and len(DEPARTMENTS) == 8


def test_every_post_is_at_a_body_and_over_a_jurisdiction_that_is_there() -> None:
    jurisdictions = {each.code for each in demo_jurisdictions()}
    held = [each for person in PEOPLE.values() for each in person.posts]
    assert {each.body for each in held} <= set(BODIES) and {each.jurisdiction for each in held} <= jurisdictions


def test_every_responsible_body_has_a_handler() -> None:
    staffed = {held.body for person in PEOPLE.values() for held in person.posts if held.post is Post.HANDLER}
    kinds = {BodyKind.DEPARTMENT, BodyKind.COMPANY, BodyKind.STREET_OFFICE}
    assert {code for code, body in BODIES.items() if body.kind in kinds} == staffed
    assert set(street_codes()) <= staffed


def test_the_tree_has_its_centres_departments_and_contractors() -> None:
    kinds = Counter(body.kind for body in BODIES.values())
    assert kinds[BodyKind.SUPERVISION_CENTRE] == kinds[BodyKind.COMMAND_CENTRE] == 5
    assert (kinds[BodyKind.DEPARTMENT], kinds[BodyKind.COMPANY]) == (9, 2)
    assert BODIES["hitech-works"].parent == "hitech"
    assert all(
        BODIES[str(body.parent)].kind is BodyKind.DEPARTMENT for body in BODIES.values() if body.code in COMPANIES
    )


COMPANIES = {code for code, body in BODIES.items() if body.kind is BodyKind.COMPANY}


def test_a_parent_comes_before_its_children() -> None:
    seen: set[str | None] = {None}
    for body in demo_bodies():
        assert body.parent in seen
        seen.add(body.code)


def test_the_districts_and_the_zone_share_out_every_community_once() -> None:
    parts = [each for each in demo_jurisdictions() if not each.is_city_wide]
    for cell in demo_city().cells:
        covering = [part.code for part in parts for low, high in part.ranges if low <= cell.code[:12] <= high]
        assert len(covering) == 1
        assert (covering == ["hitech"]) is (cell.code[:9] in {"330212004", "330212015"})


def test_each_duty_grid_has_an_inspector_from_seven_to_nine_in_the_evening() -> None:
    for grid in GRIDS:
        hours = sorted(
            (shift.start_minute, shift.end_minute)
            for username, person in PEOPLE.items()
            for shift in person.shifts
            if shift.duty_grid == grid and username.startswith("inspector")
        )
        assert hours == [(420, 840), (840, 1260)]
    assert sum(username.startswith("inspector") for username in PEOPLE) == 80


def test_at_night_each_district_has_an_inspector_and_one_person_is_the_whole_centre() -> None:
    nights = [shift for person in PEOPLE.values() for shift in person.shifts if shift.start_minute == 0]
    assert {shift.duty_grid[:6] for shift in nights} == {"330203", "330205", "330212"}
    assert posts(PEOPLE["night1"]) == {Post.OPERATOR, Post.DUTY_LEADER, Post.DISPATCHER}


def test_every_trade_of_the_components_has_its_department() -> None:
    assert set(BODY_OF_TRADE) == set(TRADES)
    assert set(BODY_OF_TRADE.values()) <= {body.code for body in DEPARTMENTS}


def test_nobody_has_the_name_of_another() -> None:
    assert len({person.name for person in PEOPLE.values()}) == len(PEOPLE)
