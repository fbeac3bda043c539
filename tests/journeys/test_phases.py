"""Ground sunk beside a manhole: made safe, judged by its photos, and the same body goes on with the repair."""

import re

from playwright.sync_api import expect

from cityops.accounts.queries import find_viewer_by_username
from cityops.cases import services
from cityops.cases.names import StepName
from cityops.cases.queries import get_case_for_update
from cityops.cases.services import StepRequest
from cityops.clock import today
from cityops.following import make_office
from tests.journeys.conftest import Camera, Signed
from tests.journeys.site import Site


def test_a_case_goes_from_making_safe_to_the_repair(signed_in: Signed, site: Site, photo: Camera) -> None:
    number = site.make_case("accept")
    with site.workshop.transaction() as session:
        office = make_office(site.workshop.keys)
        steps = (("dutyleader", StepName.FILE, {"condition": "M10999-1"}),)
        steps += (("dispatcher", StepName.DISPATCH, {"body": "drainage"}),)
        for username, step, given in steps:
            viewer = find_viewer_by_username(session, username, today(), None, several_posts=True)
            assert viewer is not None
            version = get_case_for_update(session, viewer, number).version
            services.take_step(session, viewer, office, number, StepRequest(step, version, **given))

    handler = signed_in("handler2")
    handler.open_case(number)
    now = handler.page.locator("#phases [aria-current=step]")
    expect(now).to_contain_text("安全防护")
    handler.shows("phases-1-make-safe")
    handler.open_step("report_back")
    handler.page.locator("#report_back-note").fill("已围挡，设警示灯")
    handler.page.locator("#report_back-photo").set_input_files(photo())
    handler.send_step("report_back")
    handler.stage_is("checking")

    checker, task = site.task_of(number)
    inspector = signed_in(checker, on_tablet=True)
    inspector.page.goto(task)
    inspector.shows("phases-2-by-photo")
    expect(inspector.page.locator("[data-proves-place]")).to_contain_text("凭照片核查")
    inspector.page.locator("button[name=result][value=passed]").click()
    expect(inspector.page).not_to_have_url(re.compile(task))

    handler.open_case(number)
    expect(now).to_contain_text("修复")
    expect(handler.page.locator(".timeline-list")).to_contain_text("转入第 2 阶段")
    handler.shows("phases-3-repair")
    handler.page.locator("details.explains summary").click()
    assert handler.complaints == inspector.complaints == []


def test_the_administrator_adds_a_phase_in_a_draft(signed_in: Signed) -> None:
    admin = signed_in("admin")
    page = admin.page
    page.goto("/settings/catalogue?q=10999")
    expect(page.locator("tbody").first).to_contain_text("M10999-1.3")
    admin.shows("phases-4-catalogue")
    page.locator('form[action$="/draft"] button').first.click()
    page.locator("#words").fill("M10999")
    page.locator("#words").press("Enter")
    admin.shows("phases-5-draft")
    page.locator('a[href$="/phases/M10999-1.4"]').click()
    page.locator("#name").fill("绿化复种")
    page.locator("#name_en").fill("plant again")
    page.locator("#closing").fill("绿地恢复")
    page.locator("#closing_en").fill("Green again")
    page.locator("#limit_value").fill("0")
    page.locator("#body_code").select_option("gardens")
    page.locator("form button.btn-primary").click()
    expect(page.locator("#limit_value-error")).to_be_visible()
    admin.shows("phases-6-refused")
    page.locator("#limit_value").fill("15")
    page.locator("form button.btn-primary").click()
    expect(page.locator("tbody").first).to_contain_text("M10999-1.4")
    admin.shows("phases-7-written")
    page.locator('tr:has-text("M10999-1.4") form[action$="/take-back"] button').click()
    assert [told for told in admin.complaints if "422" not in told] == []
