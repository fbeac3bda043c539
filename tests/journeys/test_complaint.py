"""The way of a complaint, from the 96310 desk to the score, clicked through by the people whose work it is."""

import re

from playwright.sync_api import expect

from tests.journeys.conftest import Camera, Signed
from tests.journeys.site import Site
from tests.journeys.visitor import Visitor

CALLER, TELEPHONE = "周晓兰", "15400005678"


def choose_class(person: Visitor, words: str) -> None:
    person.page.locator("#class_code-search").fill(words)
    person.page.locator("#class_code-list li").first.click()


def take_call(operator: Visitor) -> str:
    """Type what the caller tells; the number of the case that came of it."""
    page = operator.page
    page.goto("/intake")
    operator.shows("complaint-1-empty-intake")
    page.locator("#description").fill("天一广场东侧的路灯不亮，夜里看不清台阶")
    choose_class(operator, "路灯")
    page.locator("#condition").select_option("C01037-1")
    expect(page.locator("#limit-answer")).to_have_text("2 个工作日")
    page.locator("#address").press_sequentially("天一")
    expect(page.locator("#place-list li").first).to_contain_text("天一")
    page.locator("#address").press("Enter")
    expect(page.locator("#where-answer")).to_contain_text(re.compile(r"\d{15}"))
    expect(page.locator("#where-answer")).to_contain_text("海曙区")
    page.locator("#reporter_name").fill(CALLER)
    page.locator("#reporter_phone").fill(TELEPHONE)
    operator.wait_for_map()
    operator.shows("complaint-2-intake")
    page.locator("button[name=accept]").click()
    expect(page.locator(".told-number")).to_have_text(re.compile(r"\S{10,}"))
    operator.shows("complaint-3-number-for-the-caller")
    page.locator('a[data-key="o"]').click()
    operator.stage_is("verifying")
    return page.locator(".case-head .code").inner_text()


def do_task(inspector: Visitor, task: str, number: str, photo: Camera, decision: str, name: str) -> None:
    """Open the case's task on the tablet, take a picture, decide."""
    page = inspector.page
    page.goto("/tasks")
    page.locator(f'.tasks a[href="{task}"]').click()
    expect(page).to_have_title(re.compile(number))
    inspector.wait_for_map()
    inspector.goes_to_the_place()
    page.locator("input[type=file]").set_input_files(photo())
    inspector.shows(name)
    page.locator(f'button[name=result][value="{decision}"]').click()
    expect(page.locator(".notes")).to_contain_text(number)


def test_a_complaint_goes_its_whole_way(signed_in: Signed, site: Site, photo: Camera) -> None:
    operator = signed_in("operator")
    number = take_call(operator)

    verifier, task = site.task_of(number)
    inspector = signed_in(verifier, on_tablet=True)
    do_task(inspector, task, number, photo, "confirmed", "complaint-4-verify")

    leader = signed_in("dutyleader")
    leader.page.goto("/?stage=accepted")
    leader.shows("complaint-5-to-be-filed")
    leader.take_by_key(number, "f")
    leader.open_case(number)
    leader.stage_is("filed")
    leader.wait_for_map()
    leader.shows("complaint-6-case-filed")

    dispatcher = signed_in("dispatcher")
    dispatcher.page.goto("/?stage=filed")
    row = dispatcher.page.locator(f'tr[data-number="{number}"]')
    expect(row).to_contain_text("市路灯管理中心")
    dispatcher.wait_for_map()
    dispatcher.shows("complaint-7-dispatch")
    dispatcher.take_by_key(number, "d")

    handler = signed_in("handler")
    handler.page.goto("/?stage=dispatched")
    handler.take_by_key(number, "s")
    handler.open_case(number)
    handler.stage_is("handling")
    handler.open_step("report_back")
    handler.page.locator("#report_back-note").fill("换了灯头，已亮")
    handler.page.locator("#report_back-photo").set_input_files(photo())
    handler.shows("complaint-8-report-back")
    handler.send_step("report_back")
    handler.stage_is("checking")

    checker, task = site.task_of(number)
    assert checker != verifier
    second = signed_in(checker, on_tablet=True)
    do_task(second, task, number, photo, "passed", "complaint-9-check")

    leader.page.goto("/?stage=closing")
    leader.take_by_key(number, "c")

    operator.page.goto("/answers")
    owed = operator.page.locator("tr", has_text="路灯").filter(has=operator.page.locator(f'a[href="/cases/{number}"]'))
    expect(owed).not_to_contain_text(TELEPHONE)
    owed.locator("form[action$=reporter] button").click()
    expect(owed).to_contain_text(TELEPHONE)
    expect(owed).to_contain_text(CALLER)
    operator.shows("complaint-10-answer-owed")
    owed.locator("button[name=outcome]").first.click()
    expect(operator.page.locator(".notes")).to_be_visible()
    expect(operator.page.locator(f'a[href="/cases/{number}"]')).to_have_count(0)

    supervisor = signed_in("supervisor")
    sees_all_of_it(supervisor, site, number, verifier, checker)
    everybody = (operator, inspector, leader, dispatcher, handler, second, supervisor)
    assert [each.complaints for each in everybody] == [[]] * 7


def sees_all_of_it(supervisor: Visitor, site: Site, number: str, *inspectors: str) -> None:
    """The case's page tells who did what; the month's scores count it and open it."""
    page = supervisor.page
    supervisor.open_case(number)
    supervisor.stage_is("closed")
    told = page.locator(".timeline-list")
    expect(told.locator("li")).to_have_count(9)
    for username in ("operator", "dutyleader", "dispatcher", "handler", *inspectors):
        expect(told).to_contain_text(site.name_of(username))
    supervisor.wait_for_map()
    supervisor.shows("complaint-11-closed")
    page.goto("/scores")
    supervisor.shows("complaint-12-scores")
    page.locator("table.rows tr", has_text="市路灯管理中心").locator("td a").first.click()
    expect(page.locator(f'a[href="/cases/{number}"]')).to_be_visible()
    supervisor.shows("complaint-13-behind-a-figure")


def test_a_simple_case_is_put_right_by_its_finder(signed_in: Signed, site: Site, photo: Camera) -> None:
    inspector = signed_in("inspector", on_tablet=True)
    page = inspector.page
    page.goto("/patrol/report")
    choose_class(inspector, "暴露垃圾")
    page.locator("#description").fill("人行道上一袋垃圾，已清走")
    page.locator("#address").press_sequentially("天一")
    expect(page.locator("#place-list li").first).to_contain_text("天一")
    page.locator("#address").press("Enter")
    expect(page.locator("#where-answer")).to_contain_text(re.compile(r"\d{15}"))
    page.locator("#photo").set_input_files(photo())
    page.locator("#self_handled").check()
    inspector.shows("simple-1-without-the-second-photo")
    page.locator(".big-button button").click()
    expect(page.locator("#photo_after-error")).to_be_visible()
    expect(page.locator("#description")).to_have_value("人行道上一袋垃圾，已清走")
    page.locator("#photo").set_input_files(photo())
    page.locator("#photo_after").set_input_files(photo())
    inspector.shows("simple-2-report")
    page.locator(".big-button button").click()
    expect(page.locator(".notes")).to_be_visible()

    leader = signed_in("dutyleader")
    leader.page.goto("/?stage=reviewing")
    leader.page.locator("tr", has_text="暴露垃圾").filter(has_text="天一").first.locator("a").first.click()
    leader.stage_is("reviewing")
    expect(leader.page.locator(".compare")).to_be_visible()
    leader.open_step("review")
    leader.page.locator("#step-review input[value=passed]").check()
    leader.shows("simple-3-review")
    leader.send_step("review")
    leader.stage_is("closed")
    expect(leader.page.locator(".mark-simple")).to_be_visible()
    assert leader.complaints == []
