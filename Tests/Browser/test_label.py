"""Labeling by key: what is pressed shows at once, arrives once, and is there after a reload."""

import os
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from conftest import answer, shown_image, wait_until
from holdfast_server import Server

PRESS = """(key) => {
    const room = document.querySelector('.label-room');
    const before = room.dataset.image;
    document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    return [before, room.dataset.image];
}"""


def test_keys_label_skip_and_arrive_at_the_server(server: Server, labeling: Page):
    yes = [answer(labeling, "1"), answer(labeling, "ArrowRight")]
    no = [answer(labeling, "0"), answer(labeling, "ArrowLeft")]
    skipped = answer(labeling, " ")
    wait_until(labeling, lambda: server.labeled() == 4, "four labels at the server")
    assert [server.label_of(image) for image in yes] == [1, 1]
    assert [server.label_of(image) for image in no] == [0, 0]
    assert server.label_of(skipped) is None


def test_the_next_picture_stands_before_the_key_handler_returns(labeling: Page):
    wait_until(labeling, lambda: decoded(labeling) >= 20, "twenty pictures decoded ahead")
    for _ in range(10):
        before, after = labeling.evaluate(PRESS, "1")
        assert after not in ("", before)


def decoded(page: Page) -> int:
    return page.evaluate("performance.getEntriesByType('resource').filter((e) => e.name.includes('/thumbnails/')).length")


def test_undo_brings_the_image_back_and_takes_the_label_away(server: Server, labeling: Page):
    first, second = answer(labeling, "1"), answer(labeling, "0")
    labeling.keyboard.press("u")
    assert shown_image(labeling) == second
    wait_until(labeling, lambda: server.label_of(second) is None and server.label_of(first) == 1, "one label undone")
    labeling.keyboard.press("u")
    assert shown_image(labeling) == first
    wait_until(labeling, lambda: server.labeled() == 0, "both labels undone")
    answer(labeling, "0")
    wait_until(labeling, lambda: server.label_of(first) == 0, "the other answer")


def test_undo_of_a_skip_asks_again(labeling: Page):
    skipped = answer(labeling, " ")
    labeling.keyboard.press("u")
    assert shown_image(labeling) == skipped


def test_undo_in_a_new_tab_takes_back_the_annotators_last_answer(server: Server, labeling: Page):
    image = answer(labeling, "1")
    wait_until(labeling, lambda: server.labeled() == 1, "the label")
    other = labeling.context.new_page()
    other.goto(server.url)
    shown_image(other)
    other.keyboard.press("u")
    expect(other.locator(".label-room")).to_have_attribute("data-image", str(image))
    wait_until(other, lambda: server.labeled() == 0, "the undo")


def test_a_key_that_is_held_answers_once(server: Server, labeling: Page):
    first = shown_image(labeling)
    labeling.keyboard.down("1")
    for _ in range(5):
        labeling.keyboard.down("1")
    labeling.keyboard.up("1")
    second = shown_image(labeling)
    assert second != first
    wait_until(labeling, lambda: server.labeled() == 1, "the one label")
    assert shown_image(labeling) == second


def test_keys_in_a_text_field_are_text(server: Server, labeling: Page):
    image = shown_image(labeling)
    labeling.get_by_label("Annotator").fill("")
    labeling.get_by_label("Annotator").press_sequentially("u10 ?")
    assert shown_image(labeling) == image
    labeling.keyboard.press("Enter")
    shown_image(labeling)
    answer(labeling, "1")
    wait_until(labeling, lambda: server.labeled() == 1, "the label")


def test_progress_moves_here_and_in_a_second_window(server: Server, labeling: Page):
    other = labeling.context.new_page()
    other.goto(server.url)
    counts = "[data-label=biopsy_tool]"
    expect(other.locator(counts)).to_contain_text("0 / 34")
    for _ in range(3):
        answer(labeling, "1")
    expect(labeling.locator(counts)).to_contain_text("3 / 34 · 3 yes")
    expect(other.locator(counts)).to_contain_text("3 / 34 · 3 yes")
    splits = server.call("labels.stats")["splits"]
    for name in ("train", "val", "test", "none"):
        expect(labeling.locator(f"[data-split={name}] b")).to_have_text(str(splits[name]))


def test_a_reload_shows_the_same_image_and_keeps_the_answers(server: Server, labeling: Page):
    answered = [answer(labeling, "1") for _ in range(5)]
    current = shown_image(labeling)
    labeling.reload()
    assert shown_image(labeling) == current
    wait_until(labeling, lambda: server.labeled() == 5, "five labels")
    assert [server.label_of(image) for image in answered] == [1] * 5
    wait_until(labeling, lambda: parse_qs(urlsplit(labeling.url).query).get("image") == [str(current)], "the address")


def test_a_pasted_link_shows_its_image(server: Server, page: Page):
    ids = server.insert_images(30)
    wanted = server.rows("SELECT max(id) AS id FROM labels WHERE split IS NULL")[0]["id"]
    assert wanted in ids
    page.goto(f"{server.url}/?room=label&label=mag_view&image={wanted}")
    expect(page.locator(".label-room")).to_have_attribute("data-image", str(wanted))
    expect(page.get_by_role("heading", name="Mag view?")).to_be_visible()
    answer(page, "1")
    wait_until(page, lambda: server.labeled("mag_view") == 1, "the label")


def test_another_label_can_be_asked_about(server: Server, labeling: Page):
    labeling.get_by_label("Label that is asked").select_option("mag_view")
    expect(labeling.get_by_role("heading", name="Mag view?")).to_be_visible()
    answer(labeling, "1")
    wait_until(labeling, lambda: server.labeled("mag_view") == 1 and server.labeled() == 0, "the label")
    labeling.go_back()
    expect(labeling.get_by_role("heading", name="Biopsy tool?")).to_be_visible()


def test_every_image_is_asked_about_once_and_the_end_says_so(server: Server, page: Page):
    server.insert_images(30)
    askable = 30 - server.call("labels.stats")["splits"]["test"]
    page.goto(server.url)
    seen = []
    for _ in range(askable - 1):
        seen.append(answer(page, "1"))
    seen.append(shown_image(page))
    page.keyboard.press("1")
    expect(page.get_by_text("Nothing left to ask about")).to_be_visible()
    assert len(set(seen)) == askable
    wait_until(page, lambda: server.labeled() == askable, "all labels")
    server.insert_images(30, first=30)
    assert shown_image(page) not in seen


def test_an_empty_server_says_how_to_fill_it_and_starts_by_itself(server: Server, page: Page):
    page.goto(server.url)
    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    expect(page.locator(".command code")).to_contain_text("holdfast import")
    server.insert_images(10)
    shown_image(page)


def test_an_image_without_a_picture_says_so(server: Server, page: Page):
    server.ingest("images.insert", images=[{"filename": f"bare_{k}.dcm"} for k in range(20)])
    page.goto(server.url)
    expect(page.get_by_text("No picture is stored for this image.")).to_be_visible()
    answer(page, "0")
    wait_until(page, lambda: server.labeled() == 1, "the label")


@pytest.mark.parametrize("damage", ["torn", "gone"])
@pytest.mark.parametrize("room", ["label", "review&queue=positives"])
def test_a_picture_that_cant_be_read_says_why_and_takes_no_answer(
    start_server: Callable[..., Server], page: Page, expected: list[str], room: str, damage: str
):
    expected.append("Failed to load resource: the server responded with a status of 500")
    server = damaged(start_server, 30, damage)
    page.goto(f"{server.url}/?room={room}")
    expect(page.get_by_text("This picture can't be shown: ")).to_be_visible()
    image = shown_image(page)
    page.keyboard.press("1")
    expect(page.get_by_text("Not answered: the picture can't be shown.")).to_be_visible()
    assert shown_image(page) == image
    answer(page, "Space")
    assert server.labeled() == 0


def test_the_picture_gets_most_of_the_height_and_stays_crisp(labeling: Page):
    stage = labeling.locator(".label-room .stage").bounding_box()
    canvas = labeling.locator(".label-room canvas")
    assert stage["height"] >= 0.7 * labeling.viewport_size["height"]
    assert canvas.bounding_box()["height"] >= 0.99 * stage["height"]
    assert canvas.evaluate("(element) => getComputedStyle(element).imageRendering") == "pixelated"
    labeling.keyboard.press("+")
    assert canvas.bounding_box()["height"] > 1.4 * stage["height"]
    labeling.keyboard.press("f")
    assert canvas.bounding_box()["height"] <= stage["height"] + 1


def test_keys_can_be_changed_and_stay_changed(server: Server, labeling: Page):
    labeling.keyboard.press("?")
    dialog = labeling.get_by_role("dialog")
    dialog.get_by_role("button", name="Change").first.click()
    labeling.keyboard.press("j")
    expect(dialog.locator("kbd").first).to_have_text("j")
    labeling.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(labeling.locator("[data-answer=yes] kbd")).to_have_text("j")
    labeling.reload()
    image = answer(labeling, "j")
    wait_until(labeling, lambda: server.label_of(image) == 1, "the label by the new key")


def test_with_a_slow_line_the_next_picture_is_there_all_the_same(server: Server, labeling: Page):
    pictures = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/thumbnails/')).length"
    wait_until(labeling, lambda: labeling.evaluate(pictures) >= 20, "the pictures of the first screen and the next")
    line = labeling.context.new_cdp_session(labeling)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", {"offline": False, "latency": 300, "downloadThroughput": -1, "uploadThroughput": -1})
    for _ in range(10):
        before, after = labeling.evaluate(PRESS, "1")
        assert before and after and before != after, "a press shows the next picture within the same task"
    wait_until(labeling, lambda: server.labeled() == 10, "the labels, one after the other")


def damaged(start_server: Callable[..., Server], count: int, damage: str) -> Server:
    """A server with images of whose pixels the file is torn or gone."""
    server = start_server()
    ids = server.insert_images(count)
    askable = [row["id"] for row in server.rows("SELECT id FROM labels WHERE split IS NOT 'test'")]
    server.call("labels.update_predictions", predictions=[{"id": id, "confidence": {"biopsy_tool": 0.9}} for id in ids if id in askable])
    server.stop()
    [file] = server.data.glob("replay/images.h5")
    if damage == "gone":
        file.unlink()
    else:
        os.truncate(file, file.stat().st_size // 3)
    return start_server()
