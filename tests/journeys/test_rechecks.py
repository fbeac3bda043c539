"""A sample of closed cases drawn, one of them judged at the desk, not upheld and reopened; another on the tablet."""

from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import select

from cityops import clock
from cityops.accounts.models import Person
from cityops.patrol import services
from cityops.patrol.models import InspectorTask, TaskKind
from tests.journeys.conftest import Camera, Signed
from tests.journeys.site import Site


def test_a_sample_is_drawn_judged_and_a_case_reopened(signed_in: Signed, site: Site, photo: Camera) -> None:
    supervisor = signed_in("supervisor")
    page = supervisor.page
    page.goto("/tasks/waiting")
    expect(page.locator('.tabs a[aria-current="page"]')).to_contain_text("无人任务")
    supervisor.shows("rechecks-0-nobody")
    page.goto("/scores")
    supervisor.shows("rechecks-0-scores")
    page.get_by_role("link", name="抽查复核").click()
    supervisor.open_form("draw-sample")
    supervisor.shows("rechecks-1-drawing")
    dialog = page.locator("#draw-sample")
    dialog.locator("[name=from_on]").fill((clock.today() - timedelta(days=3)).isoformat())
    dialog.locator("[name=amount]").fill("6")
    dialog.locator("[name=measure]").select_option("number")
    dialog.locator(".btn-primary").click()
    expect(page.locator(".notes")).to_contain_text("已抽取")
    with site.workshop.transaction() as session:
        services.hand_on_tasks(session, site.workshop.keys)
    page.reload()
    supervisor.shows("rechecks-2-sample")
    sample = page.url
    page.goto("/rechecks/open")
    expect(page.locator('.tabs a[aria-current="page"]')).to_contain_text("待复核")
    expect(page.locator("tbody tr").first).to_be_visible()
    supervisor.shows("rechecks-2-to-come")
    page.goto(sample)

    page.locator("tbody a.code").first.click()
    page.locator("[name=manner]").select_option("by_video")
    page.locator("[name=at_place_reason]").fill("3 号路口摄像头，今日 9 时")
    page.locator("[name=result][value=not_upheld]").check()
    supervisor.shows("rechecks-3-at-the-desk")
    page.locator("form .btn-primary").last.click()
    page.locator("[name=note]").fill("灯仍不亮")
    supervisor.shows("rechecks-4-not-upheld")
    page.locator(".btn-grave").click()
    expect(page.locator(".facts").first).to_contain_text("已重开")
    page.goto("/rechecks")
    supervisor.shows("rechecks-5-samples")
    assert supervisor.complaints == []

    with site.workshop.reading() as session:
        open_task = select(Person.username, InspectorTask.id).join(InspectorTask, InspectorTask.person_id == Person.id)
        open_task = open_task.where(InspectorTask.kind == TaskKind.RECHECK, InspectorTask.done_at.is_(None))
        username, task_id = session.execute(open_task.limit(1)).one()
    inspector = signed_in(username, on_tablet=True)
    inspector.page.goto("/tasks")
    inspector.shows("rechecks-6-tasks")
    inspector.page.goto(f"/tasks/{task_id}")
    inspector.goes_to_the_place()
    inspector.page.locator("[name=photo]").set_input_files(photo())  # type: ignore[arg-type]
    inspector.shows("rechecks-7-on-the-tablet")
    inspector.page.locator("button[value=upheld]").click()
    expect(inspector.page.locator(".notes")).to_contain_text("已复核")
    page.goto(sample)
    supervisor.shows("rechecks-8-progress")
    assert inspector.complaints == [] and supervisor.complaints == []
