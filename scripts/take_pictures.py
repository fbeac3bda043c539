#!/usr/bin/env python3
"""Take the pictures of the README and of docs/roles from a running demo city.

    python -m scripts.take_pictures [http://localhost:8310] [NAME …]

A desktop's at 1366 × 768, a tablet's at 1280 × 800; written into docs/images, all of them or those named. Nothing is
changed in the city. Needs Chromium.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from cityops.accounts.passwords import DEMO_PASSWORD

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
DESKTOP, TABLET = (1366, 768), (1280, 800)
# Debian's Chromium draws WebGL in software, and needs a moment for tiles.
FLAGS = ("--no-sandbox", "--lang=zh-CN", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
DRAWN_MS, MAP_MS = 700, 4_000
MOST_BYTES, COLOURS = 200_000, 256
INSPECTORS = ("inspector", *(f"inspector{number}" for number in range(2, 81)))
CHECK_WITH_PHOTOS = (
    "main:has(h1:text-matches('^核查')) .photos:has(:text-is('处置后')):has(:text-matches('^(现场|核实时)$'))"
)
HANDLERS = ("handler", *(f"handler{number}" for number in range(2, 9)))

Show = Callable[[Page], bool]
"""Brings a page to what is to be seen; whether there is anything."""


@dataclass(frozen=True)
class Picture:
    """One picture: whose pages, the first of them who has something to show; how large; what is to be seen."""

    name: str
    people: tuple[str, ...]
    show: Show
    size: tuple[int, int] = DESKTOP
    has_map: bool = False


def at(path: str, needs: str = "main") -> Show:
    """A page as it opens, where it has what is looked for."""

    def show(page: Page) -> bool:
        page.goto(path)
        return page.locator(needs).count() > 0

    return show


def intake(page: Page) -> bool:
    """The intake form, half filled in."""
    page.goto("/intake")
    page.fill("[name=description]", "路灯不亮，晚上过马路看不清，已有三天。")
    page.locator("#class_code-search").fill("01037")
    page.locator("#class_code-list li").first.click()
    page.locator("#condition").select_option("C01037-1")
    page.fill("[name=lon]", "121.5500")
    page.fill("[name=lat]", "29.8700")
    page.keyboard.press("Tab")
    page.fill("[name=reporter_name]", "林女士")
    page.fill("[name=reporter_phone]", "15400000000")
    return True


def a_case(stage: str) -> Show:
    """A case of one's own list, of a lamp or a cover where there is one."""

    def show(page: Page) -> bool:
        page.goto(f"/?stage={stage}")
        rows = page.locator("main table tr").filter(has=page.locator("a[href^='/cases/']"))
        if not rows.count():
            return False
        fitting = rows.filter(has_text=re.compile("路灯|井盖|箅子"))
        (fitting if fitting.count() else rows).locator("a[href^='/cases/']").first.click()
        return True

    return show


def city_map(page: Page) -> bool:
    """The map, near enough for cells and cases; what lies in its middle is told."""
    page.goto("/map?show=&show=areas&show=duty&show=cells&show=cases#at=15.3/29.8695/121.5493")
    page.wait_for_timeout(MAP_MS)
    page.locator("#map canvas").focus()
    page.keyboard.press("Enter")
    return True


def night_map(page: Page) -> bool:
    """The map by night, a duty grid told of."""
    page.goto("/map?show=&show=areas&show=duty&show=cells&show=components#at=15.2/29.8683/121.5468")
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.reload()
    page.wait_for_timeout(MAP_MS)
    page.mouse.click(560, 400)
    page.locator("#map-told a[data-tells]").click()
    return True


def task(page: Page) -> bool:
    """The first check of an inspector that has photos before and after, who stands at its place."""
    page.goto("/tasks")
    links = [link.get_attribute("href") or "" for link in page.locator("ul.tasks a").all()]
    if not any(at(link, CHECK_WITH_PHOTOS)(page) for link in links):
        return False
    place = page.locator("[data-proves-place]").first
    lon, lat = (float(place.get_attribute(name) or 0) for name in ("data-lon", "data-lat"))
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": lon, "latitude": lat + 0.0002})
    page.reload()
    return True


def rehearsal(page: Page) -> bool:
    """A class given to another body, rehearsed over the last months."""
    page.goto("/settings/rules")
    page.click("[data-opens=add-rule]")
    form = page.locator("#add-rule form")
    for name, typed in (("class_key", "暴露垃圾"), ("body", "市容秩序")):
        form.locator(f"#{name}-search").fill(typed)
        form.locator(f"#{name}-list li").first.click()
    form.locator("button[formaction$='/rehearsal']").click()
    page.wait_for_load_state("networkidle")
    page.check("[name=ends_others]")
    page.click("button[formaction$='/rehearsal']")
    return True


def sample(page: Page) -> bool:
    """The form by which a sample of closed cases is drawn."""
    page.goto("/rechecks")
    page.click("[data-opens=draw-sample]")
    return True


def decision(page: Page) -> bool:
    """A disputed case about to be decided: it goes to the one who sent it back last."""
    page.goto("/arbitration")
    found = page.locator("main table tbody tr")
    if not found.count():
        return False
    body = found.first.locator("td").nth(2).locator("strong").last.inner_text()
    found.first.locator("a[href^='/cases/']").click()
    page.locator("[data-opens*=arbitrate]").first.click()
    form = page.locator("dialog[open] form")
    form.locator("input[id$='-search']").fill(body)
    form.locator("ul[id$='-list'] li").first.click()
    form.locator("textarea").fill("按职责清单由该单位处置，裁定后不再退回。")
    return True


def answered_sample(page: Page) -> bool:
    """The sample of closed cases that somebody drew last: some answered, some still open."""
    page.goto("/rechecks")
    by_hand = page.locator("main tbody tr").filter(has_not_text="按本市规则自动")
    if not by_hand.count():
        return False
    by_hand.first.locator("a").first.click()
    return True


def component(page: Page) -> bool:
    """A component with a closed case that has photos."""
    page.goto("/cases?stage=closed")
    cases = [link.get_attribute("href") or "" for link in page.locator("main tbody a.code").all()]
    for case in cases:
        if at(case, "main a[href^='/components/']")(page):
            page.locator("main a[href^='/components/']").first.click()
            if page.locator(".photos img").count():
                return True
    return False


PICTURES = (
    Picture("my-work", ("dispatcher",), at("/?stage=filed"), has_map=True),
    Picture("intake", ("operator",), intake, has_map=True),
    Picture("answers", ("operator",), at("/answers", "main table")),
    Picture("to-file", ("dutyleader",), at("/?stage=accepted"), has_map=True),
    Picture("case", ("dutyleader",), a_case("closing"), has_map=True),
    Picture("roster", ("dutyleader",), at("/roster")),
    Picture("proposal", ("dispatcher",), a_case("filed"), has_map=True),
    Picture("handling", HANDLERS, at("/?stage=handling", "main table a[href^='/cases/']"), has_map=True),
    Picture("handling-case", HANDLERS, a_case("handling"), has_map=True),
    Picture("tablet-task", INSPECTORS, task, TABLET, has_map=True),
    Picture("tablet-tasks", INSPECTORS, at("/tasks", "ul.tasks a"), TABLET),
    Picture("tablet-report", ("inspector",), at("/patrol/report"), TABLET, has_map=True),
    Picture("scores", ("supervisor",), at("/scores")),
    Picture("requests", ("dispatcher",), at("/requests", "main table a[href^='/cases/']")),
    Picture("disputes", ("supervisor",), at("/arbitration", "main table a[href^='/cases/']")),
    Picture("arbitration", ("supervisor",), decision, has_map=True),
    Picture("sample", ("supervisor",), sample),
    Picture("sample-answers", ("supervisor",), answered_sample),
    Picture("ledger", ("supervisor",), at("/requests/ledger")),
    Picture("map", ("leader",), city_map, has_map=True),
    Picture("map-night", ("dutyleader",), night_map, has_map=True),
    Picture("grid", ("leader",), at("/grid")),
    Picture("component", ("dutyleader",), component, has_map=True),
    Picture("coverage", ("leader",), at("/grid/coverage", "main table"), has_map=True),
    Picture("orphans", ("admin",), at("/components/orphans", "main table")),
    Picture("rules", ("admin",), at("/settings/rules")),
    Picture("rehearsal", ("admin",), rehearsal),
    Picture("warnings", ("admin",), at("/settings/warnings")),
)


def main() -> None:
    """Take them all, or those that are named."""
    address = next((each for each in sys.argv[1:] if "://" in each), "http://localhost:8310")
    wanted = [each for each in sys.argv[1:] if "://" not in each]
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("take_pictures: Chromium is not installed")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=list(FLAGS), env=os.environ | {"LANGUAGE": "zh_CN"}
        )
        if not wanted or "sign-in" in wanted:
            sign_in = open_page(browser, address, DESKTOP)
            sign_in.goto("/sign-in")
            keep(sign_in, "sign-in", DRAWN_MS)
        empty = [
            each.name for each in PICTURES if (not wanted or each.name in wanted) and not take(browser, address, each)
        ]
        browser.close()
    if empty:
        sys.exit(f"take_pictures: nobody has anything to show for {', '.join(empty)}")


def take(browser: Browser, address: str, picture: Picture) -> bool:
    """Take one picture, of the first person who has something to show; whether somebody has."""
    for username in picture.people:
        page = signed_in(browser, address, picture.size, username)
        is_there = picture.show(page)
        if is_there:
            keep(page, picture.name, MAP_MS if picture.has_map else DRAWN_MS)
        page.context.close()
        if is_there:
            return True
    return False


def open_page(browser: Browser, address: str, size: Sequence[int]) -> Page:
    """A new page in Chinese."""
    width, height = size
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        has_touch=size == TABLET,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    return context.new_page()


def signed_in(browser: Browser, address: str, size: Sequence[int], username: str) -> Page:
    """A page signed in as a person of the demo."""
    page = open_page(browser, address, size)
    page.goto("/sign-in")
    page.fill("[name=username]", username)
    page.fill("[name=password]", DEMO_PASSWORD)
    page.click("form[method=post] button.btn-primary")
    page.wait_for_load_state("networkidle")
    return page


def keep(page: Page, name: str, drawn_ms: int) -> None:
    """Write the page's picture when it has been drawn."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(drawn_ms)
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    # The colours stay as they are, where that is not too large: fewer of them would make one of two lights.
    picture = Image.open(path).convert("RGB")
    picture.save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{name}.png {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
