"""A server with a token: the login page, the way back, signing out."""

import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conftest import answer, shown_image, wait_until
from holdfast_server import Server

TOKEN = "a-token-of-at-least-thirty-two-characters"


def sign_in(page: Page, token: str = TOKEN) -> None:
    """Types a token into the login page; enter works as soon as the button does."""
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")


def test_a_token_opens_the_page_that_was_asked_for(start_server: Callable[..., Server], page: Page):
    server = start_server(token=TOKEN)
    server.log_run("run-1")
    page.goto(f"{server.url}/?room=runs&run=run-1")
    expect(page.get_by_label("Token")).to_be_focused()
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("not the server's")
    sign_in(page)
    expect(page.get_by_role("heading", name="run-1")).to_be_visible()
    assert page.url.endswith("/?room=runs&run=run-1")
    assert page.evaluate("document.cookie") == ""


def test_signing_out_closes_the_door(start_server: Callable[..., Server], page: Page):
    server = start_server(token=TOKEN)
    server.insert_images(30)
    page.goto(server.url)
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    answer(page, "1")
    wait_until(page, lambda: server.labeled() == 1, "the label")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    page.goto(server.url)
    expect(page.get_by_label("Token")).to_be_visible()


def test_what_a_token_may_not_do_is_kept_and_told_and_holds_up_nothing(start_server: Callable[..., Server], page: Page):
    server = start_server(token=TOKEN)
    server.insert_images(90)
    server.log_run("run-1")
    annotator = server.call("tokens.create", name="annotator", roles=["read", "label"])["token"]
    page.goto(f"{server.url}/?room=replay&run=run-1&episode=run-1-e0")
    sign_in(page, annotator)
    page.get_by_role("button", name="Label this frame").click()
    bar = page.locator("#bar")
    expect(bar).to_contain_text("1 change is kept: images.insert needs a token with role ingest")
    expect(bar).to_contain_text("Sign out and use another token.")
    page.get_by_role("link", name="Label", exact=True).click()
    for _ in range(3):
        answer(page, "1")
    wait_until(page, lambda: server.labeled() == 3, "the labels")
    page.get_by_role("link", name="Grid", exact=True).click()
    expect(page.locator(".cell")).not_to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    sign_in(page)
    wait_until(page, lambda: server.call("labels.stats")["total"] == 91, "the frame")
    expect(bar).to_be_hidden()


def test_an_answer_made_after_the_session_ended_is_sent_after_the_next_login(start_server: Callable[..., Server], page: Page):
    server = start_server(token=TOKEN)
    server.insert_images(30)
    page.goto(server.url)
    sign_in(page)
    shown_image(page)
    # Without a network the page can't learn before the press that its session has ended.
    page.context.set_offline(True)
    page.context.clear_cookies()
    answer(page, "1")
    page.context.set_offline(False)
    sign_in(page)
    wait_until(page, lambda: server.labeled() == 1, "the label")


def test_a_token_that_was_taken_back_is_told_of_and_a_sign_out_is_not(start_server: Callable[..., Server], page: Page):
    server = start_server(token=TOKEN)
    server.call("tokens.create", name="boss", roles=["admin"])
    token = server.call("tokens.create", name="ada", roles=["read", "label"])["token"]
    taken_back = page.get_by_text("Your token was taken back")
    page.goto(server.url)
    expect(page.get_by_label("Token")).to_be_focused()
    expect(taken_back).to_be_hidden()
    sign_in(page, token)
    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    expect(taken_back).to_be_hidden()
    sign_in(page, token)
    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    server.call("tokens.revoke", name="ada")
    expect(taken_back).to_be_visible()
    sign_in(page)
    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()


def test_too_many_wrong_tokens_are_told_to_wait(start_server: Callable[..., Server], page: Page, expected: list[str]):
    expected.append("Failed to load resource: the server responded with a status of 429")
    server = start_server(token=TOKEN)
    for _ in range(20):
        request = urllib.request.Request(f"{server.url}/login", b'{"token": "wrong"}', {"content-type": "application/json"})
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request)
    page.goto(server.url)
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("20 wrong tokens from here within a minute; try again in")


def test_the_login_page_sends_nobody_to_another_site(start_server: Callable[..., Server], page: Page):
    server = start_server(token=TOKEN)
    page.goto(f"{server.url}/login.html?next=//example.invalid/")
    sign_in(page)
    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    assert page.url.startswith(f"{server.url}/")
