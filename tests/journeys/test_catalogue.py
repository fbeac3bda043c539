"""The administrator changes a limit in a draft, looks at the difference, publishes it, and intake says the new one."""

import re

from playwright.sync_api import expect

from cityops import clock
from tests.journeys.conftest import Signed
from tests.journeys.test_complaint import choose_class


def test_a_limit_is_changed_in_a_draft_and_published(signed_in: Signed) -> None:
    admin = signed_in("admin")
    page = admin.page
    page.goto("/settings/catalogue")
    page.locator('form[action$="/draft"] button').first.click()
    page.locator("#words").fill("C01037-3")
    page.locator("#words").press("Enter")
    admin.shows("catalogue-1-draft")
    page.locator('a[href$="/conditions/C01037-3"]').click()
    page.locator("#limit_value").fill("0")
    page.locator("form button.btn-primary").click()
    expect(page.locator("#limit_value-error")).to_be_visible()
    admin.shows("catalogue-2-refused")
    page.locator("#limit_value").fill("9")
    page.locator("#level_2_limit_value").fill("12")
    page.locator("form button.btn-primary").click()
    expect(page.locator("tbody").first).to_contain_text("C01037-3/2")
    admin.shows("catalogue-3-changed")
    page.locator('.tabs a[href$="/rehearsal"]').click()
    expect(page.locator("h1")).to_have_text("草案预演")
    admin.shows("catalogue-4-rehearsal")
    page.locator('.tabs a[href$="/difference"]').click()
    expect(page.locator("tbody").first).to_contain_text("9")
    admin.shows("catalogue-5-difference")
    page.locator("#from_on").fill(clock.today().isoformat())
    page.locator("form[action$='/publish'] button").click()
    expect(page.locator(".notes")).to_contain_text("GB/T 47678.5-2026")
    page.goto("/settings/catalogue?q=01037")
    expect(page.locator("tbody").first).to_contain_text(re.compile("二类区域"))
    admin.shows("catalogue-6-published")
    # The browser tells of the answer that refused the limit of 0.
    assert [told for told in admin.complaints if "422" not in told] == []

    operator = signed_in("operator")
    operator.page.goto("/intake")
    choose_class(operator, "路灯")
    operator.page.locator("#condition").select_option("C01037-3")
    expect(operator.page.locator("#limit-answer")).to_have_text("9 个工作日")
