"""Somebody at a browser: signs in, clicks, and remembers what the browser complained of."""

import os
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from cityops.accounts.passwords import DEMO_PASSWORD
from tests.journeys.site import Site

DESK = {"width": 1366, "height": 768}
TABLET = {"width": 1280, "height": 800}
# The software renderer tells of its slowness; that is about the machine, not about the page.
OF_THE_MACHINE = ("GL Driver Message", "GPU stall", "software WebGL", "WebGL")


class Visitor:
    """A person's own browser window; `complaints` is what its console said in warning or worse."""

    def __init__(self, browser: Browser, site: Site, username: str, *, on_tablet: bool = False) -> None:
        self.site, self.username, self.on_tablet = site, username, on_tablet
        self.context = browser.new_context(
            base_url=site.url,
            viewport=TABLET if on_tablet else DESK,
            has_touch=on_tablet,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            permissions=["geolocation"],
        )
        self.context.set_default_timeout(30_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(word in message.text for word in OF_THE_MACHINE):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def sign_in(self, password: str = DEMO_PASSWORD) -> "Visitor":
        """Sign in through the page, as everybody does."""
        self.page.goto("/sign-in")
        self.page.locator("#username").fill(self.username)
        self.page.locator("#password").fill(password)
        with self.page.expect_navigation():
            self.page.locator("main form button.btn-primary").click()
        return self

    def open_case(self, number: str) -> None:
        """Look the case up by its number, as one does with the search."""
        self.page.goto(f"/cases/{number}")
        expect(self.page.locator(".case-head .code")).to_have_text(number)

    def stage_is(self, stage: str) -> None:
        """Expect the page of the case to stand at this stage."""
        expect(self.page.locator(f".case-head .stage-{stage}")).to_be_visible()

    def goes_to_the_place(self) -> None:
        """Stand where the case of the page is, so that the page knows it."""
        frame = self.page.locator("[data-proves-place]")
        lon, lat = (float(frame.get_attribute(f"data-{name}") or "nan") for name in ("lon", "lat"))
        self.context.set_geolocation({"longitude": lon, "latitude": lat})
        expect(frame.get_by_role("status")).to_contain_text("0 米")

    def open_step(self, step: str) -> None:
        """Open the small form of a step."""
        self.open_form(f"step-{step}")

    def open_form(self, name: str) -> None:
        """Open a small form of the page."""
        self.page.locator(f'button[data-opens="{name}"]').click()

    def send_step(self, step: str) -> None:
        """Send the small form of a step."""
        self.page.locator(f"#step-{step} .btn-bar button").first.click()

    def take_plain(self, step: str) -> None:
        """Take a step that asks for nothing."""
        self.page.locator(f'.actions form:has(input[value="{step}"]) button').click()

    def take_by_key(self, number: str, key: str) -> None:
        """Go to a case's row in a list of work and press the key of its step."""
        row = self.page.locator(f'tr[data-number="{number}"]')
        row.focus()
        row.press(key)
        expect(self.page.locator(".notes")).to_contain_text(number)

    def wait_for_map(self) -> None:
        """Wait until the page's map is drawn."""
        self.page.wait_for_function(
            """() => { const map = document.querySelector('[data-map]')?.cityMap; return map?.loaded() ?? false; }"""
        )

    def shows(self, name: str) -> None:
        """Keep a picture of what is seen now, where somebody wants to look at them (JOURNEY_SHOTS names a folder)."""
        if os.environ.get("JOURNEY_SHOTS"):
            self.page.wait_for_timeout(600)
            self.page.screenshot(path=Path(os.environ["JOURNEY_SHOTS"]) / f"{name}.png")

    def leave(self) -> None:
        """Close the window."""
        self.context.close()
