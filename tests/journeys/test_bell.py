"""The bell: a handler asks to send a case back, the dispatcher hears of it where he is, and goes there."""

from playwright.sync_api import expect
from sqlalchemy import delete, update

from cityops.accounts.posts import Post
from cityops.notices.models import QuietHours
from cityops.roster.models import RosterLine
from tests.journeys.conftest import Signed
from tests.journeys.site import Site


def test_a_dispatcher_hears_of_what_is_asked_and_goes_there(signed_in: Signed, site: Site) -> None:
    with site.workshop.transaction() as session:
        # At night it would be told in the morning, and to who has the night.
        session.execute(update(QuietHours).values(from_minute=0, until_minute=0))
        session.execute(delete(RosterLine).where(RosterLine.post == Post.DISPATCHER))
    number = site.make_case("accept", "file", "dispatch")
    dispatcher, handler = signed_in("dispatcher"), signed_in("handler")
    page = dispatcher.page
    page.clock.install()
    page.goto("/cases")
    before = page.locator("#bell .count").inner_text() if page.locator("#bell .count").count() else "0"
    handler.open_case(number)
    handler.open_form("ask-send_back")
    handler.page.locator("#ask-send_back [name=reason]").fill("灯杆属公路部门")
    handler.page.locator("#ask-send_back .btn-primary").click()
    expect(handler.page.locator("#requests .request-open")).to_be_visible()
    page.clock.run_for(61_000)
    expect(page.locator("#bell .count")).to_have_text(str(int(before) + 1))
    page.locator("#bell").click()
    row = page.locator("tr[data-href]", has_text=number)
    expect(row).to_contain_text("灯杆属公路部门")
    dispatcher.shows("bell-1-notices")
    row.locator("button[data-opens-row]").click()
    expect(page.locator(".case-head .code")).to_have_text(number)
    expect(page.locator("#bell .count")).to_have_count(0 if before == "0" else 1)
    assert dispatcher.complaints == handler.complaints == []
