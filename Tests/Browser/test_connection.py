"""What happens to answers while the server is away: nothing is lost, nothing counts twice."""

import os
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from conftest import answer, show_page, shown_image, wait_until
from holdfast_server import Server


def test_answers_outlive_a_cut_and_a_reload(server: Server, labeling: Page):
    labeling.route("**/rpc", lambda route: route.abort())
    for _ in range(5):
        answer(labeling, "1")
    expect(labeling.get_by_text("No connection to the server")).to_be_visible()
    expect(labeling.get_by_text("5 unsaved")).to_be_visible()
    assert server.labeled() == 0
    labeling.reload()
    expect(labeling.get_by_text("5 changes kept here")).to_be_visible()
    labeling.unroute("**/rpc")
    wait_until(labeling, lambda: server.labeled() == 5, "five labels")
    assert events(server) == ["set"] * 5
    expect(labeling.get_by_text("No connection to the server")).to_be_hidden()
    expect(labeling.get_by_text("unsaved")).to_be_hidden()


def test_a_lost_response_does_not_count_twice(server: Server, labeling: Page):
    lost: list[str] = []

    def lose_response(route: Route) -> None:
        body = route.request.post_data or ""
        if '"labels.set"' in body and len(lost) < 2:
            route.fetch()
            lost.append(body)
            route.abort()
        else:
            route.continue_()

    labeling.route("**/rpc", lose_response)
    image = answer(labeling, "1")
    wait_until(labeling, lambda: len(lost) == 2, "two lost responses")
    wait_until(labeling, lambda: unsent(labeling) == 0, "an empty outbox")
    assert server.label_of(image) == 1
    assert events(server) == ["set"]


def test_answers_and_an_undo_made_while_the_server_is_away_arrive_in_order(server: Server, labeling: Page):
    labeling.route("**/rpc", lambda route: route.abort())
    kept = answer(labeling, "1")
    taken_back = answer(labeling, "1")
    labeling.keyboard.press("u")
    assert shown_image(labeling) == taken_back
    labeling.reload()
    labeling.unroute("**/rpc")
    wait_until(labeling, lambda: unsent(labeling) == 0, "an empty outbox")
    assert server.label_of(kept) == 1
    assert server.label_of(taken_back) is None
    assert events(server) == ["set", "set", "undo"]


def test_answers_of_one_database_never_land_in_another_at_the_same_address(start_server: Callable[..., Server], page: Page):
    first = start_server()
    first.insert_images(40)
    page.goto(first.url)
    answer(page, "1")
    wait_until(page, lambda: first.labeled() == 1, "the first label")
    first.stop()
    kept = {answer(page, "1") for _ in range(3)}
    expect(page.get_by_text("3 changes kept here")).to_be_visible()

    other = start_server("other", http=first.address)
    ids = other.insert_images(40, first=100)
    expect(page.get_by_text("Another database is served here now")).to_be_visible()
    expect(page.locator(".label-room .file")).to_contain_text("img_01")
    shown = answer(page, "0")
    wait_until(page, lambda: other.labeled() == 1, "the label of the other database")
    assert [id for id in ids if other.label_of(id) is not None] == [shown]
    expect(page.get_by_text("3 changes of another database are kept here")).to_be_visible()
    expect(page.locator("[data-label=biopsy_tool]")).to_contain_text("1 / ")
    page.keyboard.press("u")
    wait_until(page, lambda: other.labeled() == 0 and unsent(page) == 3, "the undo, and that the page knows")
    page.keyboard.press("u")
    expect(page.get_by_text("There is nothing to undo.")).to_be_visible()
    other.stop()

    back = start_server(http=first.address)
    wait_until(page, lambda: back.labeled() == 4, "the labels that were kept", seconds=30)
    assert all(back.label_of(id) == 1 for id in kept)
    wait_until(page, lambda: unsent(page) == 0, "an empty outbox")
    expect(page.locator("#bar")).to_contain_text("Another database is served here now")
    expect(page.locator("#bar")).to_be_hidden()


def test_a_killed_server_is_waited_for(start_server: Callable[..., Server], page: Page):
    server = start_server()
    server.insert_images(40)
    page.goto(server.url)
    answer(page, "1")
    wait_until(page, lambda: server.labeled() == 1, "the first label")
    server.stop(kill=True)
    for _ in range(4):
        answer(page, "0")
    expect(page.get_by_text("4 unsaved")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("no server")
    back = start_server(http=server.address)
    wait_until(page, lambda: back.labeled() == 5, "all labels", seconds=30)
    expect(page.locator("#connection")).to_have_text("live")


def test_a_room_that_does_not_come_says_so_and_opens_when_the_server_is_back(start_server: Callable[..., Server], page: Page):
    server = start_server()
    server.insert_images(40)
    page.goto(server.url)
    shown_image(page)
    server.stop(kill=True)
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="The room Runs did not come")).to_be_visible()
    expect(page.locator(".label-room")).to_have_count(0)
    start_server(http=server.address)
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    assert page.get_by_role("heading", name="No runs yet").evaluate("heading => getComputedStyle(heading.closest('.runs-room')).display") == "grid"
    page.get_by_role("link", name="Label", exact=True).click()
    shown_image(page)


def test_a_room_of_which_a_part_is_missing_is_tried_again(server: Server, page: Page):
    page.goto(server.url)
    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    for part, title, heading in (("/lineage/layout.js", "Lineage", "No variables yet"), ("/progress/progress.css", "Progress", "No images yet")):
        page.route(f"**{part}", lambda route: route.abort())
        page.get_by_role("link", name=title).click()
        expect(page.get_by_role("heading", name=f"The room {title} did not come")).to_be_visible()
        page.unroute(f"**{part}")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", name=heading)).to_be_visible()


def test_a_room_that_is_on_its_way_takes_the_place_of_the_one_before(server: Server, page: Page):
    server.insert_images(40)
    page.goto(server.url)
    image = shown_image(page)
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        page.get_by_role("link", name="Runs").click()
        expect(page.get_by_text("Loading Runs")).to_be_visible()
        page.keyboard.press("1")
        page.go_back()
        assert shown_image(page) == image, "the key was none for a picture that nobody saw"
        page.go_forward()
        expect(page.get_by_text("Loading Runs")).to_be_visible()
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    assert server.labeled() == 0


def test_a_page_without_a_server_says_so_and_recovers(server: Server, page: Page):
    server.insert_images(30)
    page.route("**/rpc", lambda route: route.abort())
    page.goto(server.url)
    expect(page.get_by_role("heading", name="No server")).to_be_visible()
    page.unroute("**/rpc")
    page.get_by_role("button", name="Try again").click()
    shown_image(page)


def test_a_refused_answer_is_told_and_does_not_hold_up_the_rest(server: Server, labeling: Page):
    refusal = '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"This image is gone.","data":{"kind":"not_found","final":true}}}'
    refused: list[str] = []

    def refuse_first(route: Route) -> None:
        body = route.request.post_data or ""
        if '"labels.set"' in body and not refused:
            refused.append(body)
            route.fulfill(content_type="application/json", body=refusal)
        else:
            route.continue_()

    labeling.route("**/rpc", refuse_first)
    answer(labeling, "1")
    answer(labeling, "1")
    expect(labeling.get_by_text("Not saved: This image is gone.")).to_be_visible()
    wait_until(labeling, lambda: server.labeled() == 1 and unsent(labeling) == 0, "the other label")
    expect(labeling.locator("[data-label=biopsy_tool]")).to_contain_text("1 / 34")


@pytest.mark.parametrize("room", ["grid", "review", "lineage"])
def test_a_room_at_rest_notices_that_the_server_is_gone(start_server: Callable[..., Server], page: Page, room: str):
    server = start_server()
    page.goto(f"{server.url}/?room={room}")
    expect(page.locator("#room > section")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("live")
    page.wait_for_load_state("networkidle")
    server.stop(kill=True)
    expect(page.locator("#connection")).to_have_text("no server", timeout=8000)
    start_server(http=server.address)
    expect(page.locator("#connection")).to_have_text("live")


def test_a_browser_may_have_more_tabs_than_connections(server: Server, page: Page):
    server.insert_images(40)
    for _ in range(7):
        page.goto(f"{server.url}/?room=runs")
        expect(page.locator("#connection")).to_have_text("live")
        show_page(page, False)
        page = page.context.new_page()
    page.goto(server.url)
    shown_image(page)


def events(server: Server) -> list[str]:
    return [row["kind"] for row in server.rows("SELECT kind FROM label_events ORDER BY id")]


def unsent(page: Page) -> int:
    return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('holdfast.outbox.')).length")
