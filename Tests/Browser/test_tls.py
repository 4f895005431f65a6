"""The dashboard over TLS."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from certificates import Authority
from holdfast_server import Server
from test_login import TOKEN, sign_in


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict) -> dict:
    """The browser does not know the authority of these tests."""
    return {**browser_context_args, "ignore_https_errors": True}


def test_the_page_is_live_over_tls_and_its_cookie_secure(
    start_server: Callable[..., Server], page: Page, tmp_path: Path
):
    server = start_server(token=TOKEN, certificate=Authority(tmp_path).issue())
    assert server.url.startswith("https://127.0.0.1:")
    server.log_run("run-1")
    page.goto(f"{server.url}/?room=runs")
    events = (f"{server.url}/events", 200)
    with page.expect_response(lambda response: (response.url, response.status) == events):
        sign_in(page)
    expect(page.get_by_text("run-1").first).to_be_visible()
    (cookie,) = page.context.cookies()
    assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Strict"
    server.log_run("run-2")
    expect(page.get_by_text("run-2").first).to_be_visible()
