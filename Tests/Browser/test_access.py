"""For everyone: axe, keyboard alone, both themes, small screens, a small page."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from conftest import shown_image, wait_until
from holdfast_server import WEB, Server


def serious(page: Page) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in violations if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(server: Server, page: Page, theme: str):
    page.emulate_media(color_scheme=theme)
    page.goto(server.url)
    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    assert serious(page) == []
    server.insert_images(30)
    server.log_run("alpha", tags=("atari",))
    shown_image(page)
    assert serious(page) == []
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert serious(page) == []
    page.goto(f"{server.url}/?room=runs&run=alpha")
    expect(page.locator("[data-metric=loss]")).to_be_visible()
    expect(page.locator(".episodes tbody tr")).to_have_count(2)
    assert serious(page) == []
    page.goto(f"{server.url}/?room=replay&run=alpha&episode=alpha-e0")
    expect(page.locator(".player")).to_have_attribute("data-step", "0")
    assert serious(page) == []
    page.goto(f"{server.url}/login.html")
    assert serious(page) == []


def test_the_keyboard_alone_reaches_everything(server: Server, page: Page):
    server.insert_images(30)
    server.log_run("alpha")
    page.goto(server.url)
    image = shown_image(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert shown_image(page) == image
    tab_to(page, "Yes")
    page.keyboard.press("Space")
    expect(page.locator(".label-room")).not_to_have_attribute("data-image", str(image))
    wait_until(page, lambda: server.labeled() == 1, "one label, and no skip")
    tab_to(page, "Runs", start=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="alpha", exact=True)).to_be_visible()
    tab_to(page, "alpha", start=True)
    page.keyboard.press("Enter")
    expect(page.locator(".episodes tbody tr")).to_have_count(2)
    tab_to(page, "alpha-e1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".player")).to_have_attribute("data-step", "0")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".player")).to_have_attribute("data-step", "1")


def tab_to(page: Page, text: str, *, start: bool = False) -> None:
    """Presses Tab until what has the focus ends with this text."""
    if start:
        page.evaluate("document.activeElement.blur()")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip().endswith(text):
            return
    raise AssertionError(f"Tab does not reach {text}")


def test_the_theme_follows_the_system_until_the_switch_is_pressed(server: Server, page: Page):
    background = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="light")
    page.goto(server.url)
    light = page.evaluate(background)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(background) != light
    page.get_by_role("button", name="Switch to the light theme").click()
    assert page.evaluate(background) == light
    page.reload()
    assert page.evaluate(background) == light


@pytest.mark.parametrize("path", ["/", "/?room=runs", "/?room=runs&run=alpha", "/?room=runs&run=empty", "/?room=replay&run=alpha&episode=alpha-e0", "/login.html"])
def test_a_phone_shows_everything_without_scrolling_sideways(server: Server, page: Page, path: str):
    server.insert_images(30)
    server.log_run("alpha", tags=("atari", "a-rather-long-tag"))
    server.call("runs.start", run_id="empty")
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(server.url + path)
    expect(page.locator("main")).not_to_be_empty()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box is None or box["x"] >= 0 and box["x"] + box["width"] <= 360


def test_a_phone_labels_by_touch_with_a_large_picture(server: Server, page: Page):
    server.insert_images(30)
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(server.url)
    image = shown_image(page)
    assert page.locator(".label-room .stage").bounding_box()["height"] >= 0.7 * 640
    page.get_by_role("button", name="Yes").click()
    expect(page.locator(".label-room")).not_to_have_attribute("data-image", str(image))
    page.keyboard.press("Space")
    wait_until(page, lambda: server.labeled() == 1, "the label")


@pytest.mark.parametrize("room", ["label", "grid", "review", "runs", "replay", "lineage", "progress"])
def test_the_page_is_small_whichever_room_it_opens(server: Server, page: Page, room: str):
    loaded: dict[str, int] = {}
    page.on("response", lambda response: loaded.__setitem__(response.url.removeprefix(server.url).split("?")[0], response.status))
    page.goto(f"{server.url}/?room={room}")
    expect(page.locator("#room > section")).to_be_visible()
    files = [WEB / (path.lstrip("/") or "index.html") for path in loaded]
    assert sum(path.stat().st_size for path in files if path.is_file()) <= 150_000
