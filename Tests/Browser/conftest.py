"""A server, a browser that reports every complaint, and the pages under test."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

sys.path.append(str(Path(__file__).resolve().parent.parent / "EndToEnd"))

from holdfast_server import Server  # noqa: E402

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# What the browser itself says of a request that a test lets fail on purpose.
EXPECTED = ("Failed to load resource: net::ERR_", "Failed to load resource: the server responded with a status of 401")

NUMBER = re.compile(r"^\d+$")

expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": ["--no-sandbox"]}


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(name: str = "data", **options) -> Server:
        servers.append(Server(tmp_path / name, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(start_server: Callable[..., Server]) -> Server:
    return start_server()


@pytest.fixture
def expected() -> list[str]:
    """How complaints begin that a test brings about; it may add others."""
    return [*EXPECTED]


@pytest.fixture
def page(context: BrowserContext, expected: list[str]) -> Iterator[Page]:
    """A page on which no script may fail, no policy be broken, no other host be asked."""
    complaints: list[str] = []
    hosts: set[str] = set()
    context.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    yield context.new_page()
    assert [text for text in complaints if not text.startswith(tuple(expected))] == []
    assert len(hosts) <= 1, f"requests went to {hosts}"


@pytest.fixture
def labeling(server: Server, page: Page) -> Page:
    """The label room with forty images, the first of them shown."""
    server.insert_images(40)
    page.goto(server.url)
    shown_image(page)
    return page


def shown_image(page: Page) -> int:
    """The id of the image that is drawn, as soon as one is."""
    room = page.locator(".label-room")
    expect(room).to_have_attribute("data-image", NUMBER)
    return int(room.get_attribute("data-image"))


def answer(page: Page, key: str) -> int:
    """Presses a key for the image that is drawn, waits until another is, returns the first one's id."""
    image = shown_image(page)
    page.keyboard.press(key)
    expect(page.locator(".label-room")).not_to_have_attribute("data-image", str(image))
    return image


def wait_until(page: Page, condition: Callable[[], bool], what: str, seconds: float = 15) -> None:
    """Asks again and again, while the page goes on working, until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        page.wait_for_timeout(50)


def show_page(page: Page, is_shown: bool) -> None:
    """Tells a page that it is seen or that another tab is before it; without a window, a browser tells nothing of that kind."""
    page.evaluate("""isShown => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => !isShown });
      document.dispatchEvent(new Event("visibilitychange"));
    }""", is_shown)
