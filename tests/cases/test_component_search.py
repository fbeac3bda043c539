from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from cityops.accounts.viewer import Viewer
from cityops.cases.component_search import ComponentFilter, list_components, read_component_filter
from cityops.db import Database
from cityops.grid.models import ComponentState
from tests import factories
from tests.counting import counted_queries
from tests.factories import People

LAMPS = [f"33020301037{number:06d}" for number in range(1, 61)]
BIN, EAST_LAMP, STRAY = "33020303005000001", "33021201037000001", "33020301037999999"


@pytest.fixture
def furnished(small_city: Database) -> Database:
    """60 lamps and a missing bin in the west, a lamp in the east, one outside every cell."""
    west, east = factories.WEST_POINT, factories.EAST_POINT
    places = dict.fromkeys(LAMPS, west) | {EAST_LAMP: east, STRAY: (120.0, 29.0)}
    with small_city.transaction() as session:
        for code, point in places.items():
            factories.add_component(session, code, point)
        missing = {"name": "垃圾箱", "state": ComponentState.MISSING, "body_code": "lamps"}
        factories.add_component(session, BIN, west, **missing)
    return small_city


def found(database: Database, username: str, after: str = "", **wanted: object) -> list[str]:
    with database.reading() as session:
        viewer: Viewer = People(session).viewer(username)
        chosen = ComponentFilter(**wanted)  # type: ignore[arg-type]
        return [each.code for each in list_components(session, viewer, chosen, after=after)]


def test_components_are_narrowed_by_each_field(furnished: Database) -> None:
    assert found(furnished, "dutyleader", class_code="03005") == [BIN]
    assert found(furnished, "dutyleader", state=ComponentState.MISSING) == [BIN]
    assert found(furnished, "dutyleader", code="33020301037000006") == [LAMPS[5]]
    assert found(furnished, "dutyleader", code="3302030103700005") == LAMPS[49:59]
    assert found(furnished, "dutyleader", body_code="lamps") == [BIN]


def test_a_page_goes_on_after_the_last_code(furnished: Database) -> None:
    first = found(furnished, "dutyleader", class_code="01037", area="330203")
    assert first == LAMPS[:50]
    assert found(furnished, "dutyleader", first[-1], class_code="01037", area="330203") == LAMPS[50:]


def test_who_has_a_part_of_the_city_finds_what_stands_there(furnished: Database) -> None:
    assert found(furnished, "operator-east") == [EAST_LAMP]
    assert found(furnished, "handler") == [BIN]


def test_what_is_no_word_of_the_tables_does_not_narrow() -> None:
    assert read_component_filter({"q": "a'b", "state": "gone", "area": "x" * 30}) == ComponentFilter()


def test_the_page_lists_links_and_pages(as_person: Callable[[str], FlaskClient], furnished: Database) -> None:
    client = as_person("dutyleader")
    page = client.get("/components?class=01037&area=330203").text
    assert f"/components/{LAMPS[0]}" in page and f"after={LAMPS[49]}" in page
    assert LAMPS[59] in client.get(f"/components?class=01037&after={LAMPS[49]}").text
    assert "没有符合条件的部件" in client.get("/components?q=99").text
    assert "/components" in client.get("/grid").text
    assert LAMPS[0] not in as_person("operator-east").get("/components").text


def test_a_list_asks_the_same_number_of_queries_for_1_and_for_50(
    as_person: Callable[[str], FlaskClient], furnished: Database
) -> None:
    client = as_person("dutyleader")
    client.get("/components")
    with counted_queries() as few:
        client.get("/components?class=03005")
    with counted_queries() as many:
        client.get("/components?class=01037")
    assert len(few) == len(many)
