"""One thing told twice: the second call is merged into the first one's case, and taken apart again."""

import re

from playwright.sync_api import expect

from tests.journeys.conftest import Signed
from tests.journeys.site import SQUARE, Site


def test_a_second_call_about_the_same_lamp_is_merged_with_one_press(signed_in: Signed) -> None:
    operator = signed_in("operator")
    page = operator.page
    page.goto("/intake")
    page.locator("#description").fill("路灯还是不亮，和昨天说的是同一盏")
    page.locator("#class_code-search").fill("路灯")
    page.locator("#class_code-list li").first.click()
    page.locator("#lon").fill(str(SQUARE[0]))
    page.locator("#lat").fill(str(SQUARE[1]))
    page.locator("#lat").blur()
    press = page.locator("[data-same-as]").first
    main = press.get_attribute("data-same-as") or ""
    operator.shows("merging-1-told-before")
    press.click()
    expect(page.locator(".told-number")).to_have_text(re.compile(r"\S{10,}"))
    expect(page.locator(".stage-merged")).to_be_visible()
    operator.shows("merging-2-told")
    page.locator('a[data-key="o"]').click()
    operator.stage_is("merged")
    operator.shows("merging-3-merged")
    page.locator("#merged a.code").click()
    expect(page.locator(".case-head .code")).to_have_text(main)
    operator.shows("merging-4-main")
    page.locator("#merged li a.code").click()
    page.locator("#merged [name=reason]").fill("隔壁的另一盏灯")
    page.locator("#merged .decision button").click()
    operator.stage_is("reported")
    operator.open_form("merge-case")
    operator.shows("merging-5-apart")
    assert operator.complaints == []


def test_two_faults_of_one_complaint_become_two_cases(signed_in: Signed, site: Site) -> None:
    number = site.make_case()
    operator = signed_in("operator")
    page = operator.page
    operator.open_case(number)
    operator.open_form("split-case")
    dialog = page.locator("#split-case")
    dialog.locator("#split-class_code-search").fill("暴露垃圾")
    dialog.locator("#split-class_code-list li").first.click()
    dialog.locator("[name=description]").fill("灯杆下堆着垃圾")
    lon, answer = dialog.locator("#split-lon"), dialog.locator("#split-where-answer")
    expect(lon).to_have_value(str(SQUARE[0]))
    expect(answer).to_contain_text(re.compile(r"\d{15}"))
    picked = dialog.locator("#split-map[data-ready]")
    picked.click(position={"x": 60, "y": 90})
    expect(lon).not_to_have_value(str(SQUARE[0]))
    expect(answer).to_contain_text("海曙区")
    place = float(lon.input_value())
    operator.shows("split-1-asking")
    dialog.locator(".btn-primary").click()
    made = page.locator("#linked li a.code")
    expect(made).to_be_visible()
    operator.shows("split-2-origin")
    made.click()
    expect(page.locator("#linked li a.code")).to_have_text(number)
    stands = page.locator("#map").get_attribute("data-point") or ""
    assert float(stands.split(",")[0]) == place != SQUARE[0]
    operator.open_form("link-case")
    operator.shows("split-3-further-case")
    assert operator.complaints == []
