"""A typhoon afternoon: entered, its effect looked at, the open clocks counted anew, explained, and taken out again."""

import re

from playwright.sync_api import expect

from cityops import clock, jobs
from cityops.cases.clocks import explain_clock
from cityops.cases.models import Case
from cityops.cases.names import ClockName
from cityops.cases.numbers import find_key
from cityops.queue import list_owed
from cityops.worktime.explanation import PieceKind
from cityops.worktime.queries import get_calendar
from tests.journeys.conftest import Signed
from tests.journeys.site import Site

REASON = "台风停止办公"


def last_counted(site: Site, number: str) -> tuple[str, str, str]:
    """Where the case's handling clock counts last: its calendar, and the day and time at which that begins."""
    found = find_key(number)
    assert found is not None
    with site.workshop.reading() as session:
        case = session.get_one(Case, found[1])
        row = next(each for each in case.clocks if each.name is ClockName.HANDLE)
        pieces = explain_clock(get_calendar(session, row.calendar), row)
    begin = [piece.begin for piece in pieces if piece.kind is PieceKind.COUNTED][-1].astimezone(clock.CITY_ZONE)
    return row.calendar, f"{begin:%Y-%m-%d}", f"{begin:%H:%M}"


def work(site: Site) -> None:
    """Do what the worker would do."""
    with site.workshop.reading() as session:
        job_ids = list_owed(session)
    for job_id in job_ids:
        jobs.run_owed(job_id, site.workshop)


def test_a_typhoon_afternoon_moves_open_clocks_when_asked(site: Site, signed_in: Signed) -> None:
    number = site.make_case("accept", "file", "dispatch")
    calendar, day, time = last_counted(site, number)
    admin = signed_in("admin")
    page = admin.page
    page.goto("/settings")
    page.locator(".tabs a", has_text="工作日历").click()
    page.locator(f'tbody a[href="/settings/calendars/{calendar}"]').click()
    page.locator("#day").fill(day)
    page.locator("#name_zh").fill(REASON)
    page.locator("#closed_from").fill(time)
    page.locator("#enter-day button.btn-primary").click()
    expect(page.locator(".notes").first).to_contain_text("已算出的时限不变")
    page.goto(f"/settings/calendars/{calendar}?month={day[:7]}")
    expect(page.locator(".month .reason", has_text=REASON)).to_be_visible()
    admin.shows("typhoon-month")

    page.locator(".page-head a", has_text="受影响的时限").click()
    row = page.locator("tbody tr", has_text=number)
    expect(row).to_contain_text("推迟")
    admin.shows("typhoon-moved")
    admin.open_form("recount")
    page.locator("#recount button.btn-primary").click()
    expect(page.locator(".notes").first).to_contain_text("已下达重新计算")
    work(site)
    page.reload()
    expect(page.locator("main")).to_contain_text("没有需要调整的时限")

    admin.open_case(number)
    expect(page.locator(".timeline-list li").last).to_contain_text(re.compile("重新计算了时限.*→", re.DOTALL))
    expect(page.locator(".card", has=page.locator(".strip")).first).to_contain_text(REASON)
    page.locator(".explains summary").click()
    expect(page.locator(".explains .piece-closed", has_text=REASON).first).to_be_visible()
    admin.shows("typhoon-case")

    page.goto(f"/settings/calendars/{calendar}?month={day[:7]}")
    page.locator("tbody tr", has_text=REASON).get_by_role("button", name="撤除").click()
    expect(page.locator("#take-out")).to_be_visible()
    page.locator('#take-out button[value="yes"]').click()
    expect(page.locator(".notes").first).to_contain_text("已恢复为普通日")
    page.locator(".page-head a", has_text="受影响的时限").click()
    expect(page.locator("tbody tr", has_text=number)).to_contain_text("提前")
    admin.open_form("recount")
    page.locator("#recount button.btn-primary").click()
    work(site)
    assert admin.complaints == []
