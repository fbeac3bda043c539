"""Who is responsible, by the city's own rules: kept by the administrator, followed by the dispatcher with one key."""

import re
from datetime import timedelta

from playwright.sync_api import Locator, expect

from cityops import clock
from tests.journeys.conftest import Camera, Signed
from tests.journeys.site import Site
from tests.journeys.visitor import Visitor


def pick(person: Visitor, name: str, words: str) -> None:
    """Choose in a long list by typing."""
    person.page.locator(f"#add-rule #{name}-search").fill(words)
    person.page.locator(f"#{name}-list li").first.click()


def row_of(dispatcher: Visitor, number: str) -> Locator:
    """A case's row in the dispatcher's list."""
    dispatcher.page.goto("/?stage=filed&class=01037")
    return dispatcher.page.locator(f'tr[data-number="{number}"]')


def add_rule(admin: Visitor, words: str, body: str) -> str:
    """Add a rule for the whole city; its address."""
    admin.page.goto("/settings/rules")
    admin.open_form("add-rule")
    pick(admin, "class_key", words)
    pick(admin, "body", body)
    admin.shows("dispatch-1-a-rule")
    admin.page.locator("#add-rule .btn-primary").click()
    expect(admin.page.locator("h1")).to_have_text(re.compile(r"规则 #\d+"))
    return admin.page.url


def test_a_second_rule_leaves_the_choice_to_the_dispatcher_until_it_is_ended(signed_in: Signed, site: Site) -> None:
    number = site.make_case("accept", "file")
    dispatcher, admin = signed_in("dispatcher"), signed_in("admin")
    reason = row_of(dispatcher, number).locator(".why")
    expect(reason).to_have_attribute("title", re.compile(r"规则 #\d+：路灯 → 市路灯管理中心（全市）"))

    rule = add_rule(admin, "C01037", "市政设施")
    expect(row_of(dispatcher, number)).to_contain_text("打开后选择")
    expect(reason).to_have_attribute("title", re.compile("同样适用"))
    expect(row_of(dispatcher, number).locator('button[data-key="d"]')).to_have_count(0)
    dispatcher.shows("dispatch-2-a-choice")
    admin.page.goto("/settings/rules")
    expect(admin.page.locator(".plain-list")).to_contain_text("市市政设施管理中心")
    admin.shows("dispatch-3-a-fault")

    admin.page.goto(rule)
    admin.page.locator("#last_on").fill(str(clock.today() - timedelta(days=1)))
    admin.page.locator(".btn-grave").click()
    row_of(dispatcher, number)
    dispatcher.take_by_key(number, "d")
    dispatcher.open_case(number)
    dispatcher.stage_is("dispatched")
    expect(dispatcher.page.locator(".timeline-list")).to_contain_text(re.compile(r"市路灯管理中心（规则 #\d+）"))
    dispatcher.shows("dispatch-4-by-which-rule")
    assert dispatcher.complaints == admin.complaints == []


def test_a_case_waits_for_its_co_handler_and_goes_on_to_the_check(signed_in: Signed, site: Site, photo: Camera) -> None:
    number = site.make_case("accept", "file", "dispatch")
    dispatcher, lead, other = signed_in("dispatcher"), signed_in("handler"), signed_in("handler3")
    dispatcher.open_case(number)
    dispatcher.open_form("give-task")
    dispatcher.page.locator("#task-body-search").fill("市政设施")
    dispatcher.page.locator("#task-body-list li").first.click()
    dispatcher.page.locator("#task-task").fill("围挡灯杆周边，修补基座")
    dispatcher.shows("dispatch-5-a-task")
    dispatcher.page.locator("#give-task .btn-primary").click()
    expect(dispatcher.page.locator("#co-handlers")).to_contain_text("市市政设施管理中心")

    lead.open_case(number)
    lead.open_step("report_back")
    lead.page.locator("#report_back-note").fill("已更换灯泡")
    lead.send_step("report_back")
    lead.stage_is("handling")
    expect(lead.page.locator("#co-handlers")).to_contain_text("主办单位已反馈")

    other.page.goto("/co-handlings")
    row = other.page.locator("tr", has_text=number)
    row.locator("input[name=words]").fill("基座已修补")
    row.locator("[name=photo]").set_input_files(photo())
    other.shows("dispatch-6-the-others-task")
    row.locator(".btn-primary").click()
    other.open_case(number)
    other.stage_is("checking")
    expect(other.page.locator("#co-handlers .photos img")).to_have_count(1)
    other.shows("dispatch-7-on-to-the-check")
    assert dispatcher.complaints == lead.complaints == other.complaints == []
