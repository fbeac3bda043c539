"""Small forms open from the first moment a page is seen, whatever the line makes of its scripts."""

from playwright.sync_api import Route, expect

from tests.journeys.conftest import Signed
from tests.journeys.site import Site


def test_a_form_opens_while_the_scripts_of_the_page_are_still_under_way(signed_in: Signed, site: Site) -> None:
    number = site.make_case("accept", "file", "dispatch")
    handler = signed_in("handler")
    held: list[Route] = []
    handler.page.route("**/js/page.js*", lambda route: held.append(route))
    handler.page.goto(f"/cases/{number}", wait_until="commit")
    handler.open_form("ask-extend")
    expect(handler.page.locator("#ask-extend [name=reason]")).to_be_visible()
    assert len(held) == 1
    held[0].continue_()
    handler.page.wait_for_load_state("load")
    assert handler.complaints == []


def test_a_grave_form_asks_first_while_the_scripts_are_still_under_way(signed_in: Signed) -> None:
    admin = signed_in("admin")
    page = admin.page
    page.goto("/settings/calendars/office")
    page.locator("#day").fill("2026-03-10")
    page.locator("#name_zh").fill("停电")
    page.locator("#closed_from").fill("14:00")
    page.locator("#enter-day button.btn-primary").click()
    expect(page.locator(".notes").first).to_contain_text("已算出的时限不变")
    held: list[Route] = []
    page.route("**/js/page.js*", lambda route: held.append(route))
    page.goto("/settings/calendars/office?month=2026-03", wait_until="commit")
    page.locator("tbody tr", has_text="停电").locator('[data-asks="take-out"] button').click()
    expect(page.locator("#take-out")).to_be_visible()
    assert len(held) == 1
    held[0].continue_()
    page.locator('#take-out button[value="yes"]').click()
    expect(page.locator(".notes").first).to_contain_text("已恢复为普通日")
