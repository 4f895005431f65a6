"""The grid, the review queues and the progress page."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from conftest import NUMBER, shown_image, wait_until
from holdfast_server import Server, array
from test_access import serious
from test_login import TOKEN, sign_in

LABEL = "biopsy_tool"


def insert_distinct_images(server: Server, count: int) -> list[int]:
    dice = np.random.default_rng(5)
    images = [
        {"filename": f"img_{k:04d}.png", "study_id": f"study_{k // 8}", "frame_number": k % 8,
         "image": array(np.kron(dice.integers(0, 256, (6, 6)), np.ones((10, 10))).astype(np.uint8))}
        for k in range(count)
    ]
    return server.ingest("images.insert", images=images)["ids"]


def label(server: Server, image: int, value: int, annotator: str, **more) -> None:
    server.call("labels.set", id=image, labels={LABEL: value}, annotator=annotator, **more)


def cells(page: Page):
    expect(page.locator(".cell")).not_to_have_count(0)
    return page.locator(".cell")


def seen_all(page: Page) -> None:
    """Waits until every picture of the grid has come: what is not seen is not answered."""
    wait_until(page, lambda: page.locator(".cells").evaluate("(cells) => [...cells.querySelectorAll('img')].every((each) => each.complete && each.naturalWidth > 0)"), "the pictures")


def test_a_page_of_the_grid_is_marked_by_keys_and_pointer_and_sent_at_once(server: Server, page: Page):
    insert_distinct_images(server, 80)
    page.goto(f"{server.url}/?room=grid&size=5")
    expect(cells(page)).to_have_count(25)
    ids = [int(cell.get_attribute("data-id")) for cell in page.locator(".cell").all()]
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    page.locator(".cell").nth(20).click()
    marked = [0, 5, 6, 20]
    expect(page.locator(".cell.marked")).to_have_count(len(marked))
    seen_all(page)
    page.keyboard.press("Enter")
    wait_until(page, lambda: server.labeled() == 25, "the page's labels")
    expect(page.locator(".cell").first).not_to_have_attribute("data-id", str(ids[0]))
    assert [server.label_of(id) for id in ids] == [int(place in marked) for place in range(25)]
    again = {int(cell.get_attribute("data-id")) for cell in page.locator(".cell").all()}
    assert again.isdisjoint(ids)


def test_what_nobody_can_see_in_the_grid_gets_no_answer(server: Server, page: Page, expected: list[str]):
    expected.append("Failed to load resource: the server responded with a status of 500")
    insert_distinct_images(server, 80)
    reason = {"error": {"kind": "run_damaged", "message": "the file of frames is damaged"}}
    torn: list[int] = []
    held: list[Route] = []

    def serve(route: Route) -> None:
        image = int(route.request.url.partition("/thumbnails/")[2].partition(".png")[0])
        if len(torn) < 2 and image not in torn:
            torn.append(image)
        if image in torn:
            route.fulfill(status=500, json=reason)
        elif not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/thumbnails/**", serve)
    page.goto(f"{server.url}/?room=grid&size=5")
    expect(page.locator(".cell.failed")).to_have_count(2)
    expect(page.locator(".cell.failed").first).to_have_attribute("title", reason["error"]["message"])
    expect(page.get_by_text("25 images, 0 marked, 2 left out: can't be shown")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not sent: pictures are still on their way.")).to_be_visible()
    assert server.labeled() == 0
    held[0].continue_()
    seen_all(page)
    page.keyboard.press("Enter")
    wait_until(page, lambda: server.labeled() == 23, "the labels of what was seen")
    expect(page.get_by_text("2 images got no answer: the pictures can't be shown.")).to_be_visible()
    assert [server.label_of(image) for image in torn] == [None, None]
    again = {int(cell.get_attribute("data-id")) for cell in cells(page).all()}
    assert again.isdisjoint(torn)


@pytest.mark.parametrize("room", ["label", "grid", "review"])
def test_a_label_that_does_not_exist_is_told(server: Server, page: Page, room: str):
    server.insert_images(30)
    page.goto(f"{server.url}/?room={room}&label=nope")
    expect(page.get_by_text("There is no label “nope”; this asks about “Biopsy tool”.")).to_be_visible()
    expect(page.get_by_role("heading", name="Biopsy tool?")).to_be_visible()
    expect(page).to_have_url(re.compile(f"label={LABEL}"))
    page.goto(f"{server.url}/?room={room}&label=mag_view")
    expect(page.get_by_role("heading", name="Mag view?")).to_be_visible()
    expect(page.locator("#bar")).to_be_hidden()


def test_the_grid_of_an_empty_server_says_how_to_fill_it_and_starts_by_itself(server: Server, page: Page):
    page.goto(f"{server.url}/?room=grid")
    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    expect(page.locator(".command code")).to_contain_text("holdfast import")
    server.insert_images(10)
    cells(page)


def test_a_page_of_the_grid_that_waits_for_the_server_is_said_to_be_kept(start_server: Callable[..., Server], page: Page):
    server = start_server()
    insert_distinct_images(server, 80)
    page.goto(f"{server.url}/?room=grid&size=5")
    expect(cells(page)).to_have_count(25)
    seen_all(page)
    server.stop()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 change kept here")).to_be_visible()
    if page.locator(".cell:visible").count() > 0:
        # The page after it was there already; now it is known that the server is away.
        page.keyboard.press("Enter")
    expect(page.get_by_text("25 answers kept here, 0 yes")).to_be_visible()


def test_dragging_over_the_grid_paints(server: Server, page: Page):
    insert_distinct_images(server, 40)
    page.goto(f"{server.url}/?room=grid&size=5")
    boxes = [cell.bounding_box() for cell in cells(page).all()[:4]]
    middle = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    page.mouse.move(*middle[0])
    page.mouse.down()
    for point in middle[1:]:
        page.mouse.move(*point)
    page.mouse.up()
    page.mouse.move(5, 5)
    expect(page.locator(".cell.marked")).to_have_count(4)


def test_disagreements_are_settled_and_what_others_said_shows_after_the_answer(server: Server, page: Page):
    ids = insert_distinct_images(server, 60)
    asked = server.call("labels.next", limit=3, label=LABEL, annotator="ada")["images"]
    for image in asked:
        label(server, image["id"], 1, "ada")
        label(server, image["id"], 0, "ben", opinion=True)
    assert ids
    page.goto(f"{server.url}/?room=review&queue=disagreements&label={LABEL}")
    image = shown_image(page)
    expect(page.locator(".queues [aria-current]")).to_contain_text("Disagreements 3")
    expect(page.get_by_text("ada: yes")).to_have_count(0)
    page.keyboard.press("0")
    expect(page.locator(".last")).to_contain_text("ada: yes, ben: no")
    wait_until(page, lambda: server.label_of(image) == 0, "the label that counts")
    assert server.call("labels.agreement", label=LABEL)["disagreements"] == 2
    page.keyboard.press("u")
    expect(page.locator(".label-room")).to_have_attribute("data-image", str(image))
    wait_until(page, lambda: server.label_of(image) == 1, "the label is back")


def test_likely_errors_come_first_and_go_once_they_were_looked_at(server: Server, page: Page):
    insert_distinct_images(server, 60)
    asked = [image["id"] for image in server.call("labels.next", limit=20, label=LABEL)["images"]]
    for place, image in enumerate(asked):
        label(server, image, place % 2, "ada")
    scores = {image: 0.95 if place == 4 else 0.9 if place % 2 else 0.1 for place, image in enumerate(asked)}
    server.call("labels.update_scores", scores=[{"id": id, "confidence": {LABEL: score}} for id, score in scores.items()])
    page.goto(f"{server.url}/?room=review&queue=errors&label={LABEL}")
    assert shown_image(page) == asked[4]
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="Nothing in “Likely errors”")).to_be_visible()
    wait_until(page, lambda: server.label_of(asked[4]) == 1, "the corrected label")
    assert server.call("labels.issues", label=LABEL)["issues"] == []


def test_the_hold_out_is_labeled_blind(server: Server, page: Page):
    insert_distinct_images(server, 80)
    held = {row["id"] for row in server.rows("SELECT id FROM labels WHERE split = 'test'")}
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.post_data or ""))
    page.goto(f"{server.url}/?room=review&queue=holdout&label={LABEL}")
    expect(page.locator(".label-room")).to_have_attribute("data-image", NUMBER)
    image = int(page.locator(".label-room").get_attribute("data-image"))
    assert image in held
    expect(page.locator(".file")).to_contain_text(f"image {image}")
    name = server.rows("SELECT filename FROM labels WHERE id = ?", image)[0]["filename"]
    assert name not in page.content()
    page.keyboard.press("1")
    wait_until(page, lambda: server.label_of(image) == 1, "the hold-out's label")
    asked = [body for body in bodies if '"holdout.next"' in body]
    assert len(asked) == 1, "images that come a second time take the place of the one that is looked at"
    assert server.labeled() == 0, "what the hold-out says is not counted where training can see it"


def test_progress_shows_counts_yield_and_looks_and_follows_others(server: Server, page: Page):
    ids = insert_distinct_images(server, 80)
    page.goto(f"{server.url}/?room=progress")
    expect(page.get_by_role("heading", name="Splits")).to_be_visible()
    for image in server.call("labels.next", limit=5, label=LABEL, strategy="random", annotator="ada")["images"]:
        label(server, image["id"], 1, "ada", time_spent=2.0)
    expect(page.get_by_role("cell", name="5 (100 %)").first).to_be_visible()
    expect(page.get_by_text("by the hour of the day; at most 5 labels in one hour")).to_be_visible()
    held = server.call("holdout.next", limit=100, annotator="ada")["images"]
    for place, image in enumerate(held):
        label(server, image["id"], place % 2, "ada")
    predictions = [{"id": image["id"], "confidence": 0.5} for image in held]
    server.call("holdout.evaluate", label=LABEL, predictions=predictions, reason="before the paper")
    expect(page.get_by_role("cell", name="before the paper")).to_be_visible()
    assert ids


def test_labels_are_downloaded_as_files(start_server, page: Page):
    server = start_server(token=TOKEN)
    ids = insert_distinct_images(server, 60)
    asked = server.call("labels.next", limit=12, label=LABEL)["images"]
    for place, image in enumerate(asked):
        label(server, image["id"], place % 2, "ada")
    held = {row["filename"] for row in server.rows("SELECT filename FROM labels WHERE split = 'test'")}
    page.goto(f"{server.url}/?room=progress")
    sign_in(page)
    files = {}
    for name in ("Labeled images as CSV", "All images as JSON Lines", "Labeled images as COCO"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        files[download.value.suggested_filename] = Path(download.value.path()).read_text()
    rows = list(csv.DictReader(files["labels.csv"].splitlines()))
    assert [(int(row["id"]), row[f"has_{LABEL}"]) for row in rows] == sorted((image["id"], str(place % 2)) for place, image in enumerate(asked))
    lines = [json.loads(line) for line in files["labels.jsonl"].splitlines()]
    assert len(lines) == len(ids) - len(held) and not held & {line["filename"] for line in lines}
    coco = json.loads(files["labels.coco.json"])
    assert len(coco["annotations"]) == 12
    assert {coco["info"]["snapshot_id"]} == {row["snapshot_id"] for row in rows} == {line["snapshot_id"] for line in lines}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("room", ["grid", "review&queue=holdout", "review&queue=errors", "progress"])
def test_axe_finds_nothing_serious_in_the_further_rooms(server: Server, page: Page, theme: str, room: str):
    insert_distinct_images(server, 60)
    page.emulate_media(color_scheme=theme)
    page.goto(f"{server.url}/?room={room}")
    expect(page.locator("#room > section")).to_be_visible()
    page.wait_for_load_state("networkidle" if room == "progress" else "load")
    assert serious(page) == []


@pytest.mark.parametrize("room", ["grid", "review", "progress"])
def test_a_phone_shows_the_further_rooms_without_scrolling_sideways(server: Server, page: Page, room: str):
    insert_distinct_images(server, 60)
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{server.url}/?room={room}")
    expect(page.locator("#room > section")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert_is_in_sight(page, "#rooms")


def test_a_phone_shows_which_queue_it_is(server: Server, page: Page):
    insert_distinct_images(server, 60)
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{server.url}/?room=review&queue=holdout")
    expect(page.locator(".queues [aria-current]")).to_contain_text("Hold-out")
    assert_is_in_sight(page, ".queues")


def assert_is_in_sight(page: Page, links: str):
    """The one of the links that is where the page is."""
    here, row = page.locator(f"{links} [aria-current]").bounding_box(), page.locator(links).bounding_box()
    assert row["x"] <= here["x"] and here["x"] + here["width"] <= row["x"] + row["width"], f"the current link of {links}"
