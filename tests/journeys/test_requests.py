"""More time, asked for by a body and given by a dispatcher, in the browser."""

from playwright.sync_api import expect

from tests.journeys.conftest import Signed
from tests.journeys.site import Site


def test_a_body_asks_for_more_time_and_is_given_it(signed_in: Signed, site: Site) -> None:
    number = site.make_case("accept", "file", "dispatch")
    handler = signed_in("handler")
    handler.open_case(number)
    handler.shows("requests-1-case")
    handler.open_form("ask-extend")
    dialog = handler.page.locator("#ask-extend")
    dialog.locator("[name=more]").fill("1")
    dialog.locator("[name=reason]").fill("灯杆基础需重做，材料明日到货")
    handler.shows("requests-2-asking")
    dialog.locator(".btn-primary").click()
    expect(handler.page.locator("#requests .request-open")).to_be_visible()
    handler.shows("requests-3-asked")

    dispatcher = signed_in("dispatcher")
    dispatcher.page.goto("/requests")
    row = dispatcher.page.locator("tr", has_text=number)
    expect(row).to_contain_text("材料明日到货")
    dispatcher.shows("requests-4-to-decide")
    row.locator('button[value="grant"]').click()
    expect(dispatcher.page.locator(".notes")).to_contain_text(number)
    dispatcher.open_case(number)
    expect(dispatcher.page.locator("#requests .request-granted")).to_be_visible()
    dispatcher.shows("requests-5-granted")

    supervisor = signed_in("supervisor")
    supervisor.page.goto("/requests/ledger")
    expect(supervisor.page.locator("tbody").first).to_contain_text("延期")
    supervisor.shows("requests-6-ledger")
    admin = signed_in("admin")
    admin.page.goto("/settings/requests")
    admin.shows("requests-7-terms")
    assert [each.complaints for each in (handler, dispatcher, supervisor, admin)] == [[], [], [], []]
