#!/usr/bin/env python3
"""Take the README's pictures from a running demo city: scripts/take_pictures.py [http://localhost:8310].

A desktop's at 1366 × 768, a tablet's at 1280 × 800; written into docs/images. Needs Chromium.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from cityops.accounts.passwords import DEMO_PASSWORD

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
DESKTOP, TABLET = (1366, 768), (1280, 800)
# Debian's Chromium draws WebGL in software, and needs a moment for tiles.
FLAGS = ("--no-sandbox", "--lang=zh-CN", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
DRAWN_MS = 4_000


def my_work(page: Page) -> None:
    """A dispatcher's list."""
    page.goto("/?stage=filed")


def intake(page: Page) -> None:
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


def case(page: Page) -> None:
    """A case that waits to be closed, of a lamp or a cover where there is one."""
    page.goto("/?stage=closing")
    rows = page.locator("main table tr")
    fitting = rows.filter(has_text=re.compile("路灯|井盖|箅子"))
    chosen = fitting if fitting.count() else rows
    chosen.locator("a[href^='/cases/']").first.click()


def city_map(page: Page) -> None:
    """The map, near enough for cells, cases and components."""
    page.goto("/map")
    page.wait_for_timeout(DRAWN_MS)
    for _ in range(4):
        page.locator(".maplibregl-ctrl-zoom-in").click()
        page.wait_for_timeout(1_200)
    page.mouse.click(600, 400)


def scores(page: Page) -> None:
    """The month's scores of responsible bodies."""
    page.goto("/scores")


def task(page: Page) -> None:
    """The first task of an inspector."""
    page.goto("/tasks")
    page.locator("ul.tasks a").first.click()


PICTURES: tuple[tuple[str, tuple[str, ...], tuple[int, int], Callable[[Page], None]], ...] = (
    ("my-work", ("dispatcher",), DESKTOP, my_work),
    ("intake", ("operator",), DESKTOP, intake),
    ("case", ("dutyleader",), DESKTOP, case),
    ("map", ("leader",), DESKTOP, city_map),
    ("scores", ("supervisor",), DESKTOP, scores),
    ("tablet-task", ("inspector", *(f"inspector{number}" for number in range(2, 81))), TABLET, task),
)


def main() -> None:
    """Take them all."""
    address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8310"
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("take_pictures: Chromium is not installed")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=list(FLAGS), env=os.environ | {"LANGUAGE": "zh_CN"}
        )
        sign_in = open_page(browser, address, DESKTOP)
        sign_in.goto("/sign-in")
        keep(sign_in, "sign-in")
        for name, people, size, show in PICTURES:
            page = next(filter(None, (signed_in(browser, address, size, who, name) for who in people)), None)
            if page is None:
                sys.exit(f"take_pictures: nobody has anything to show for {name}")
            show(page)
            keep(page, name)
            page.context.close()
        browser.close()


def open_page(browser: Browser, address: str, size: tuple[int, int]) -> Page:
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


def signed_in(browser: Browser, address: str, size: tuple[int, int], username: str, name: str) -> Page | None:
    """A page signed in as a person of the demo; None for an inspector who has no task."""
    page = open_page(browser, address, size)
    page.goto("/sign-in")
    page.fill("[name=username]", username)
    page.fill("[name=password]", DEMO_PASSWORD)
    page.click("form[method=post] button.btn-primary")
    page.wait_for_load_state("networkidle")
    if name == "tablet-task":
        page.goto("/tasks")
        if not page.locator("ul.tasks a").count():
            page.context.close()
            return None
    return page


def keep(page: Page, name: str) -> None:
    """Write the page's picture when it has been drawn."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(DRAWN_MS)
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    # The colours stay as they are: fewer of them would make one of two lights.
    Image.open(path).convert("RGB").save(path, optimize=True)


if __name__ == "__main__":
    main()
