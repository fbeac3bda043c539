"""What is refused, is refused in words, beside its field, and nothing typed is lost."""

import re

from playwright.sync_api import expect

from tests.journeys.conftest import Signed
from tests.journeys.site import Site


def test_the_second_of_two_dispatchers_is_told_who_was_first_and_keeps_his_words(signed_in: Signed, site: Site) -> None:
    number = site.make_case("accept", "file")
    first, second = signed_in("dispatcher"), signed_in("dispatcher2")
    for person in (first, second):
        person.open_case(number)
        person.open_step("dispatch")
    second.page.locator("#dispatch-note").fill("请先联系物业再上灯杆")
    first.send_step("dispatch")
    first.stage_is("dispatched")
    second.send_step("dispatch")
    told = second.page.locator(".note-error")
    expect(told).to_contain_text(site.name_of("dispatcher"))
    expect(told).to_contain_text(re.compile(r"\d\d:\d\d"))
    expect(second.page.locator("main")).to_contain_text("请先联系物业再上灯杆")
    second.stage_is("dispatched")
    second.shows("refusal-second-dispatcher")


def test_a_form_keeps_what_was_typed_and_leads_to_the_first_error(signed_in: Signed) -> None:
    operator = signed_in("operator")
    page = operator.page
    page.goto("/intake")
    page.locator("#description").fill("井盖松动，车过有响声")
    page.locator("button[name=accept]").click()
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.locator("#description")).to_have_value("井盖松动，车过有响声")
    for field in ("class_code", "lon", "lat"):
        expect(page.locator(f"#{field}-error")).to_be_visible()
    expect(page.locator("#class_code-search")).to_be_focused()
    operator.shows("refusal-intake")


def test_coordinates_the_wrong_way_round_are_recognised(signed_in: Signed) -> None:
    operator = signed_in("operator")
    operator.page.goto("/intake")
    operator.page.locator("#lon").fill("29.87")
    operator.page.locator("#lat").fill("121.55")
    operator.page.locator("#lat").press("Tab")
    expect(operator.page.locator("#where-answer")).to_have_class(re.compile("is-wrong"))
    operator.shows("refusal-swapped")


def test_who_may_not_take_a_step_sees_no_button_and_is_refused(signed_in: Signed, site: Site) -> None:
    number = site.make_case("accept")
    dispatcher = signed_in("dispatcher")
    dispatcher.open_case(number)
    expect(dispatcher.page.locator(".case-head .actions button")).to_have_count(0)
    token = dispatcher.page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    form = {"csrf_token": token, "step": "file", "version": "2", "condition": "C01037-1"}
    sent = dispatcher.context.request.post(f"/cases/{number}/steps", form=form)
    assert sent.status == 403
    without_token = dispatcher.context.request.post(f"/cases/{number}/steps", form=form | {"csrf_token": ""})
    assert without_token.status == 400
    dispatcher.open_case(number)
    dispatcher.stage_is("accepted")


def test_the_language_changes_and_stays_changed(signed_in: Signed) -> None:
    leader = signed_in("dutyleader2")
    title = leader.page.locator("h1")
    expect(title).to_have_text("我的工作")
    leader.page.locator("button[lang=en]").click()
    expect(title).to_have_text("My work")
    leader.page.goto("/cases")
    expect(title).to_have_text("Cases")
    leader.shows("english-cases")
    leader.page.locator("button[lang=zh]").click()
    expect(title).to_have_text("案件")


def test_signing_out_ends_it(signed_in: Signed) -> None:
    operator = signed_in("operator2")
    operator.page.goto("/intake")
    cookies = operator.context.cookies()
    operator.page.locator("details.menu summary").last.click()
    operator.page.locator('form[action="/sign-out"] button').click()
    expect(operator.page).to_have_url(re.compile("/sign-in"))
    operator.page.go_back()
    expect(operator.page).to_have_url(re.compile("/sign-in"))
    operator.context.add_cookies(cookies)
    operator.page.goto("/intake")
    expect(operator.page).to_have_url(re.compile("/sign-in"))


def test_five_wrong_passwords_lock_the_door(visitor: Signed) -> None:
    stranger = visitor("operator4")
    for _ in range(5):
        stranger.sign_in("guessed-wrongly")
        expect(stranger.page.locator(".error-summary")).to_be_visible()
    expect(stranger.page.locator("#username")).to_have_value("operator4")
    stranger.sign_in()
    expect(stranger.page.locator(".error-summary")).to_be_visible()
    stranger.shows("refusal-locked")
    stranger.page.goto("/cases")
    expect(stranger.page).to_have_url(re.compile("/sign-in"))


def test_keys_go_to_the_search_and_list_themselves(signed_in: Signed) -> None:
    dispatcher = signed_in("dispatcher")
    page = dispatcher.page
    page.goto("/cases")
    page.keyboard.press("/")
    expect(page.locator(".bar-search input")).to_be_focused()
    page.keyboard.type("?/")
    expect(page.locator(".bar-search input")).to_have_value("?/")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#keys")).to_contain_text("/")
    dispatcher.shows("keys")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/cases/.+"))
