"""Every page of every post: loads in silence, fits its screen."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Signed
from tests.journeys.visitor import DESK, TABLET

DESKS = ("operator", "dutyleader", "dispatcher", "handler", "supervisor", "leader", "admin")
# Pages that neither the rail nor the tabs lead to.
BESIDES = {
    "admin": ("/settings/census", "/settings/addresses", "/grid/renewals"),
    "supervisor": ("/grid/renewals", "/grid/renewals/checks", "/components/fault-rates"),
}
WIDER = """() => [document.documentElement, document.querySelector('main')]
    .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.tagName + ' ' + each.scrollWidth)"""


@pytest.mark.parametrize("username", DESKS)
def test_every_room_of_a_desk_loads_in_silence_and_fits(signed_in: Signed, username: str) -> None:
    person = signed_in(username)
    rooms = person.page.locator(".rail li a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    lists = person.page.locator(".tabs li a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert "/" in rooms
    person.page.goto("/cases")
    case = person.page.locator("tbody a.code").first.get_attribute("href") or ""
    for number, address in enumerate(dict.fromkeys([*rooms, *lists, *BESIDES.get(username, ()), case])):
        person.page.set_viewport_size(DESK)
        answer = person.page.goto(address)
        assert answer is not None and answer.status == 200, address
        if person.page.locator("[data-map]").count():
            person.wait_for_map()
        if address in rooms:
            expect(person.page.locator('.rail a[aria-current="page"]')).to_have_attribute("href", address)
        person.shows(f"{username}-{number}")
        for screen in (DESK, TABLET):
            person.page.set_viewport_size(screen)
            assert person.page.evaluate(WIDER) == [], (address, screen)
    assert person.complaints == []


@pytest.mark.parametrize(
    ("username", "address"),
    [
        ("leader", "/grid/coverage"),
        ("supervisor", "/scores?kind=area&level=street"),
        ("supervisor", "/scores?kind=post"),
        ("dutyleader", "/grid/duty"),
        ("dutyleader", "/grid/duty/figures"),
        ("dutyleader", "/grid/duty/without"),
        ("admin", "/settings/checks"),
        ("admin", "/settings/coverage"),
        ("admin", "/components/orphans"),
        ("admin", "/components/corrections"),
        ("dutyleader", "/components/corrections/new"),
        ("admin", "/settings/bodies/lamps/credit-code"),
    ],
)
def test_a_page_within_a_room_loads_in_silence_and_fits(signed_in: Signed, username: str, address: str) -> None:
    person = signed_in(username)
    for screen in (DESK, TABLET):
        person.page.set_viewport_size(screen)
        answer = person.page.goto(address)
        assert answer is not None and answer.status == 200
        if person.page.locator("[data-map]").count():
            person.wait_for_map()
        person.shows("within-" + "".join(letter for letter in address if letter.isalnum()) + f"-{screen['width']}")
        assert person.page.evaluate(WIDER) == [], screen
    assert person.complaints == []


def test_every_room_of_a_tablet_loads_in_silence_and_fits(signed_in: Signed) -> None:
    person = signed_in("inspector", on_tablet=True)
    rooms = person.page.locator(".foot-bar a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert len(rooms) == 4
    for number, address in enumerate(rooms):
        answer = person.page.goto(address)
        assert answer is not None and answer.status == 200, address
        if person.page.locator("[data-map]").count():
            person.wait_for_map()
        person.shows(f"inspector-{number}")
        assert person.page.evaluate(WIDER) == [], address
        assert person.page.locator(".foot-bar a").first.bounding_box()["height"] >= 48
    assert person.complaints == []


@pytest.mark.parametrize("address", ["/?stage=filed", "/?stage=filed&map=0", "/cases"])
def test_a_list_shows_eighteen_rows_on_a_small_screen(signed_in: Signed, address: str) -> None:
    person = signed_in("dispatcher2")
    person.page.goto(address)
    person.shows("rows-" + "".join(letter for letter in address if letter.isalnum()))
    whole = person.page.locator("tbody tr").evaluate_all(
        """rows => { const foot = document.querySelector('.keybar').getBoundingClientRect().top;
            return rows.filter((row) => row.getBoundingClientRect().bottom <= foot).length; }"""
    )
    assert whole >= 18


def test_the_night_theme_reaches_the_map_and_stays(signed_in: Signed) -> None:
    person = signed_in("dispatcher2")
    page = person.page
    page.locator("details.menu summary").last.click()
    page.locator('[data-theme-choice="dark"]').click()
    page.goto("/?stage=filed&map=1")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    person.wait_for_map()
    person.shows("night-work")
    page.locator("tbody a.code").first.click()
    person.wait_for_map()
    person.shows("night-case")
    assert person.complaints == []
