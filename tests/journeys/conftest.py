"""The city and the browser that the journeys share, and the people who sign in to it."""

import os
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from secrets import token_bytes

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.journeys.site import Site, prepare_city, serve
from tests.journeys.visitor import Visitor

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)

Signed = Callable[..., Visitor]
Camera = Callable[[], dict[str, object]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without one the journeys are skipped, and fail under CI=true."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        words = "Chromium is not installed (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo city, a simulated day old, served by the real web process."""
    home = tmp_path_factory.mktemp("journeys") / "home"
    workshop = prepare_city(home)
    process, port = serve(home)
    yield Site(f"http://127.0.0.1:{port}", workshop)
    process.terminate()
    process.wait(30)
    workshop.close()


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Signed]:
    """People who come to the sign-in page: `visitor("operator")`."""
    came: list[Visitor] = []

    def come(username: str, *, on_tablet: bool = False) -> Visitor:
        came.append(Visitor(browser, site, username, on_tablet=on_tablet))
        return came[-1]

    yield come
    for each in came:
        each.leave()


@pytest.fixture
def signed_in(visitor: Signed) -> Signed:
    """People who have signed in: `signed_in("inspector", on_tablet=True)`."""

    def come(username: str, *, on_tablet: bool = False) -> Visitor:
        person = visitor(username, on_tablet=on_tablet).sign_in()
        person.page.wait_for_url(lambda address: "/sign-in" not in address)
        return person

    return come


@pytest.fixture
def photo() -> Camera:
    """Pictures as a tablet's camera hands them over: no two are the same."""

    def take() -> dict[str, object]:
        data = BytesIO()
        picture = Image.linear_gradient("L").resize((640, 480)).convert("RGB")
        picture.putpixel((0, 0), (*token_bytes(3),))
        picture.save(data, "PNG")
        return {"name": "photo.png", "mimeType": "image/png", "buffer": data.getvalue()}

    return take
