"""Episodes step by step and at full speed: what is drawn is what was sent, and the address leads back to it."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import h5py
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from conftest import wait_until
from holdfast_server import Server, array
from test_access import serious

STEPS = 400
PIXEL = "(canvas) => Array.from(canvas.getContext('2d').getImageData(0, 0, 1, 1).data)"
PAINTED = """(seconds) => new Promise((done) => {
  const player = document.querySelector('.player');
  let [painted, shown] = [0, player.dataset.step];
  const begin = performance.now();
  const look = (now) => {
    if (player.dataset.step !== shown) painted += 1;
    shown = player.dataset.step;
    if (now - begin < seconds * 1000) requestAnimationFrame(look);
    else done(painted / ((now - begin) / 1000));
  };
  requestAnimationFrame(look);
})"""


def frames(first: int, count: int) -> np.ndarray:
    """Frames of one colour each, which tells the step."""
    pixels = np.empty((count, 120, 160, 3), np.uint8)
    steps = np.arange(first, first + count)
    for channel, values in enumerate((steps % 256, steps // 256 * 50, 255 - steps % 256)):
        pixels[..., channel] = values[:, None, None]
    return pixels


def append(server: Server, run: str, episode: str, first: int, count: int, *, ends: bool = False, observed: bool = False) -> None:
    pixels = frames(first, count)
    server.ingest("steps.append", run_id=run, steps=[
        {"episode_id": episode, "step_index": t, "action": t % 4, "reward": float(t % 10 == 0), "terminated": ends and t == first + count - 1,
         "truncated": False, "timestamp": 1_700_000_000.0 + t, "frame": array(pixels[t - first]), "info": {"lives": 3, "t": t},
         **({"observation": {"pixels": array(np.full((2, 8, 8), t, np.float32)), "speed": array(np.arange(4.0))}} if observed else {})}
        for t in range(first, first + count)
    ])


@pytest.fixture
def long(server: Server, page: Page) -> Page:
    server.call("runs.start", run_id="long", config={}, tags=[])
    for first in range(0, STEPS, 100):
        append(server, "long", "long/0", first, 100, ends=first + 100 == STEPS)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{server.url}/?room=replay&run=long&episode=long%2F0")
    at(page, 0)
    return page


def at(page: Page, step: int) -> None:
    expect(page.locator(".player")).to_have_attribute("data-step", str(step))


def shown(page: Page) -> int:
    return int(page.locator(".player").get_attribute("data-step"))


def hud(page: Page, name: str) -> Locator:
    return page.locator(f"[data-hud={name}]").first


def test_what_is_drawn_is_what_was_sent(long: Page):
    canvas = long.locator(".track canvas.frame")
    for key, step in (("ArrowRight", 1), ("Shift+ArrowRight", 11), ("ArrowLeft", 10), ("End", 399), ("Shift+ArrowLeft", 389), ("Home", 0)):
        long.keyboard.press(key)
        at(long, step)
        assert canvas.evaluate(PIXEL) == [*frames(step, 1)[0, 0, 0].tolist(), 255]
    long.keyboard.press("End")
    expect(hud(long, "ended")).to_have_text("terminated")
    expect(hud(long, "step")).to_have_text("399 of 399")
    expect(hud(long, "action")).to_have_text("3")
    expect(hud(long, "return")).to_have_text("40")
    expect(hud(long, "info")).to_contain_text('"t": 399')


def test_it_plays_as_fast_as_the_screen_paints(long: Page):
    long.keyboard.press("]")
    wait_until(long, lambda: "speed=2" in long.url, "the speed in the address")
    long.keyboard.press("Space")
    expect(long.get_by_role("button", name="Stop", exact=False).first).to_be_visible()
    rate = long.evaluate(PAINTED, 2)
    print(f"painted {rate:.1f} frames/s")
    assert rate >= 50
    long.keyboard.press("Space")
    step = shown(long)
    assert step > 100
    wait_until(long, lambda: f"step={step}" in long.url, "the step in the address")


def test_it_plays_to_the_end_and_in_a_loop_from_the_start(long: Page):
    long.keyboard.press("End")
    at(long, 399)
    long.keyboard.press("Shift+ArrowLeft")
    long.keyboard.press("Space")
    at(long, 399)
    expect(long.get_by_role("button", name="▶ Play")).to_be_visible()
    long.keyboard.press("l")
    expect(long.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    long.keyboard.press("Shift+ArrowLeft")
    long.keyboard.press("Space")
    wait_until(long, lambda: 0 < shown(long) < 300, "round the end")


def test_the_curve_is_the_seek_bar_and_the_address_leads_back(long: Page):
    curve = long.get_by_role("slider", name="Step", exact=True)
    box = curve.bounding_box()
    curve.click(position={"x": box["width"] / 2, "y": 20})
    wait_until(long, lambda: abs(shown(long) - 200) <= 1, "the middle")
    step = shown(long)
    expect(curve).to_have_attribute("aria-valuenow", str(step))
    wait_until(long, lambda: f"step={step}" in long.url, "the step in the address")
    long.reload()
    at(long, step)
    assert long.locator(".track canvas.frame").evaluate(PIXEL)[0] == step % 256


def test_the_runs_room_leads_here_and_back_leads_out(server: Server, page: Page):
    server.log_run("alpha")
    page.goto(f"{server.url}/?room=runs&run=alpha")
    page.get_by_role("link", name="2 episodes of alpha").click()
    expect(page.locator(".replay-list tbody tr")).to_have_count(2)
    page.go_back()
    page.get_by_role("link", name="alpha-e1", exact=True).click()
    at(page, 0)
    assert "room=replay" in page.url
    expect(page.locator("tr.chosen")).to_contain_text("alpha-e1")
    page.get_by_label("Search episodes").fill("e0")
    expect(page.locator(".replay-list tbody tr")).to_have_count(1)
    page.go_back()
    expect(page.locator("[data-metric=loss]")).to_be_visible()


def test_two_episodes_side_by_side(server: Server, page: Page):
    server.log_run("alpha")
    page.goto(f"{server.url}/?room=replay&episode=alpha-e0&vs=alpha-e1&step=4")
    at(page, 4)
    pixels = [canvas.evaluate(PIXEL)[:2] for canvas in page.locator("canvas.frame").all()]
    assert pixels == [[40, 0], [40, 50]]
    page.get_by_role("button", name="Stop comparing").click()
    expect(page.locator("canvas.frame")).to_have_count(1)


def test_a_running_episode_is_followed_and_observations_show(server: Server, page: Page):
    server.call("runs.start", run_id="live", config={}, tags=[])
    append(server, "live", "live/0", 0, 5, observed=True)
    page.goto(f"{server.url}/?room=replay&episode=live%2F0")
    at(page, 0)
    expect(page.locator(".multiples canvas")).to_have_count(3)
    assert page.locator(".multiples").bounding_box()["x"] > page.locator(".hud").bounding_box()["x"], "beside the frame"
    page.get_by_role("button", name="Follow").click()
    at(page, 4)
    append(server, "live", "live/0", 5, 3, observed=True)
    at(page, 7)
    assert page.locator("canvas.frame").evaluate(PIXEL)[0] == 7


def test_a_frame_becomes_an_image_to_label(long: Page, server: Server):
    long.keyboard.press("Shift+ArrowRight")
    at(long, 10)
    long.get_by_role("button", name="Label this frame").click()
    expect(long.get_by_role("link", name="Label it")).to_be_visible()
    [row] = server.rows("SELECT filename, study_id, frame_number, frame_ref FROM labels")
    assert tuple(row) == ("long/long/0/10", "long/long/0", 10, "h5://long/frames/10")


@pytest.mark.parametrize("room", ["label", "grid", "review&queue=positives"])
def test_an_image_to_label_leads_to_its_episode(server: Server, page: Page, room: str):
    server.log_run("alpha")
    server.ingest("images.insert", images=[
        {"filename": f"alpha {t}", "frame_ref": f"h5://alpha/frames/{t}"} for t in range(12, 20)])
    ids = [row["id"] for row in server.rows("SELECT id FROM labels WHERE split IS NULL")]
    server.call("labels.update_predictions", predictions=[{"id": id, "confidence": {"biopsy_tool": 0.9}} for id in ids])
    page.goto(f"{server.url}/?room={room}")
    link = page.get_by_role("link", name="Show the episode")
    expect(link).to_be_visible()
    row = parse_qs(urlsplit(link.get_attribute("href")).query)["ref"][0].split("/")[-1]
    link.click()
    at(page, int(row) - 12)
    assert "episode=alpha-e1" in page.url and "ref=" not in page.url
    assert page.locator("canvas.frame").evaluate(PIXEL)[:2] == [10 * (int(row) - 12), 50]
    page.go_back()
    expect(page.locator("#room > section")).to_have_attribute("aria-label", room.split("&")[0].title())


def test_an_image_with_pixels_of_its_own_leads_nowhere(labeling: Page):
    expect(labeling.get_by_role("link", name="Show the episode")).to_be_hidden()


def test_a_frame_of_no_step_says_so(server: Server, page: Page):
    server.log_run("alpha")
    page.goto(f"{server.url}/?room=replay&ref=h5%3A%2F%2Falpha%2Fframes%2F99")
    expect(page.get_by_role("heading", name="No step has this frame")).to_be_visible()
    page.goto(f"{server.url}/?room=replay&ref=nonsense")
    expect(page.get_by_role("heading", name="The frame's episode did not come")).to_be_visible()


def test_float_and_vector_actions_are_told(server: Server, page: Page):
    for run, actions in (("float", [0.25, -1.5]), ("vector", [array(np.float32([0.5, -2])), array(np.float32([1, 3]))])):
        server.call("runs.start", run_id=run, config={}, tags=[])
        server.ingest("steps.append", run_id=run, steps=[
            {"episode_id": f"{run}/0", "step_index": t, "action": action, "reward": 0, "terminated": False, "truncated": False}
            for t, action in enumerate(actions)])
    page.goto(f"{server.url}/?room=replay&episode=float%2F0&step=1")
    expect(hud(page, "action")).to_have_text("-1.5")
    page.goto(f"{server.url}/?room=replay&episode=vector%2F0")
    expect(hud(page, "action").locator("span")).to_have_text(["0.5", "-2"])
    page.keyboard.press("ArrowRight")
    expect(hud(page, "action").locator("span")).to_have_text(["1", "3"])


def test_the_frame_grows_and_shrinks_by_whole_pixels(long: Page):
    canvas = long.locator("canvas.frame")
    long.get_by_role("button", name="1×").click()
    assert canvas.bounding_box()["width"] == 160
    long.keyboard.press("+")
    wait_until(long, lambda: "zoom=2" in long.url, "the zoom in the address")
    assert canvas.bounding_box()["width"] == 320
    assert canvas.evaluate("(each) => getComputedStyle(each).imageRendering") == "pixelated"
    expect(long.get_by_role("button", name="2×")).to_have_attribute("aria-pressed", "true")
    for _ in range(3):
        long.keyboard.press("+")
    box = long.locator(".picture").bounding_box()
    assert canvas.bounding_box()["width"] == 6 * 160 and box["width"] < 6 * 160, "a larger frame is scrolled in its box"
    long.keyboard.press("f")
    wait_until(long, lambda: "zoom" not in long.url, "the frame fits again")
    assert canvas.bounding_box()["width"] <= box["width"]


@pytest.mark.parametrize("harm", ["damaged", "gone"])
def test_frames_that_cannot_be_had_say_why_and_are_not_asked_for_without_end(start_server: Callable[..., Server], page: Page, expected: list[str], harm: str):
    expected.append(f"Failed to load resource: the server responded with a status of {404 if harm == 'gone' else 500}")
    server = start_server()
    server.log_run("broken", episodes=1)
    server.stop()
    file = server.data / "replay" / "broken.h5"
    if harm == "gone":
        file.unlink()
    else:
        with h5py.File(file, "r") as arrays:
            chunk = arrays["frames"].id.get_chunk_info(0)
        content = file.read_bytes()
        end = chunk.byte_offset + chunk.size
        file.write_bytes(content[:chunk.byte_offset] + bytes(byte ^ 255 for byte in content[chunk.byte_offset:end]) + content[end:])
    server = start_server()
    asked: list[str] = []
    page.on("request", lambda request: "frames" in request.url and not request.url.endswith(".js") and asked.append(request.url))
    page.goto(f"{server.url}/?room=replay&run=broken&episode=broken-e0")
    note = page.locator(".frame-note").first
    expect(note).to_contain_text("This frame can't be shown: ")
    if harm == "damaged":
        expect(note).to_contain_text("holdfast verify lists what is damaged")
    page.get_by_role("button", name="▶ Play").click()
    at(page, 11)
    expect(note).to_contain_text("This frame can't be shown: ")
    page.wait_for_timeout(2500)
    assert len(asked) == len(set(asked)) <= 13


def test_nothing_there_says_so(server: Server, page: Page):
    page.goto(f"{server.url}/?room=replay")
    expect(page.get_by_role("heading", name="No episodes yet")).to_be_visible()
    server.call("runs.start", run_id="idle", config={}, tags=[])
    page.goto(f"{server.url}/?room=replay&run=idle")
    expect(page.get_by_text("The run idle has logged no steps so far.")).to_be_visible()
    page.goto(f"{server.url}/?room=replay&run=nope")
    expect(page.get_by_text("There is no run nope.")).to_be_visible()
    page.goto(f"{server.url}/?room=replay&episode=nowhere")
    expect(page.get_by_role("heading", name="The episode did not come")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_player(long: Page, theme: str):
    long.emulate_media(color_scheme=theme)
    long.keyboard.press("Shift+ArrowRight")
    at(long, 10)
    long.wait_for_timeout(400)
    assert serious(long) == []


def test_a_phone_plays_without_scrolling_sideways(long: Page):
    long.set_viewport_size({"width": 360, "height": 640})
    assert long.evaluate("document.documentElement.scrollWidth") <= 360
    parts = [long.locator(part).bounding_box() for part in (".picture", ".hud", ".seek", ".controls", ".replay-list")]
    assert all(above["y"] + above["height"] <= below["y"] + 1 for above, below in zip(parts, parts[1:])), "nothing lies over another"
    long.get_by_role("button", name="▶ Play").click()
    wait_until(long, lambda: shown(long) > 5, "it plays")
