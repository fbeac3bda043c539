"""An address as the caller tells it: by its initials, by a number, by a click on the map."""

import re

from playwright.sync_api import Route, expect

from tests.journeys.conftest import Signed

ASKED = "**/api/v1/addresses?*"


def test_an_operator_finds_a_place_by_pinyin_a_plate_and_a_click(signed_in: Signed) -> None:
    operator = signed_in("operator")
    page = operator.page
    page.goto("/intake")
    address, offered = page.locator("#address"), page.locator("#place-list li")

    address.press_sequentially("tygc")
    expect(offered.first).to_contain_text("天一广场")
    operator.shows("address-1-initials")
    address.press("Enter")
    expect(address).to_have_value("天一广场")
    expect(page.locator("#where-answer")).to_contain_text(re.compile(r"\d{15}"))

    address.fill("中山西路12")
    expect(offered.first).to_contain_text("中山西路12号")
    operator.shows("address-2-plate")
    address.press("Escape")

    address.fill("")
    operator.wait_for_map()
    page.locator("[data-map]").click(position={"x": 200, "y": 200})
    expect(address).to_have_value(re.compile(r"(旁|[东南西北]约\d+米)$"))
    operator.shows("address-3-told-by-a-click")
    first = address.input_value()
    page.locator("[data-map]").click(position={"x": 320, "y": 320})
    expect(address).not_to_have_value(first)

    address.fill("菜场门口")
    answered = page.locator("#where-answer").inner_text()
    page.locator("[data-map]").click(position={"x": 60, "y": 420})
    expect(page.locator("#where-answer")).not_to_have_text(answered)
    expect(address).to_have_value("菜场门口")
    assert operator.complaints == []


def test_an_answer_that_comes_after_the_field_was_left_opens_no_list(signed_in: Signed) -> None:
    page = signed_in("operator").page
    page.goto("/intake")
    held: list[Route] = []
    page.route(ASKED, lambda route: held.append(route))
    with page.expect_request(ASKED):
        page.locator("#address").press_sequentially("tygc")
    page.locator("#address").blur()
    with page.expect_response(ASKED) as answer:
        held[-1].continue_()
    answer.value.finished()
    page.unroute(ASKED)
    # Asked later, answered later: by then the page has done with the first answer.
    page.evaluate("fetch('/api/v1/addresses?q=x').then((answer) => answer.json())")
    expect(page.locator("#place-list")).to_be_hidden()
