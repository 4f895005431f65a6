"""From the list of runs to their charts and to one frame of one step, all of it in the address."""

import contextlib
import re
import sqlite3
import time

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from conftest import show_page, wait_until
from holdfast_server import Server, array
from test_access import serious

MILLION = 1_000_000


@pytest.fixture
def runs(server: Server, page: Page) -> Page:
    server.log_run("alpha", tags=("atari",))
    server.log_run("beta", episodes=3, tags=("mujoco",))
    page.goto(f"{server.url}/?room=runs")
    expect(page.get_by_role("link", name="alpha", exact=True)).to_be_visible()
    return page


def log_values(server: Server, run: str, name: str, values, *, phase: str | None = None, first: int = 0, since: float | None = None) -> None:
    """Values of a metric, one for each step from the first on, a second apart; they end now unless said when they begin."""
    values = np.asarray(values, np.float64)
    since = time.time() - len(values) if since is None else since
    for start in range(0, len(values), 250_000):
        part = values[start:start + 250_000]
        place = np.arange(start, start + len(part))
        columns = {"metric_name": constant(name, len(part)), "metric_value": array(part), "step": array(place + first), "timestamp": array(since + place)}
        if phase is not None:
            columns["phase"] = constant(phase, len(part))
        server.ingest("metrics.append", run_id=run, columns=[{"table": "training_metrics", "count": len(part), "columns": columns}])


def constant(text: str, count: int) -> dict:
    return {"values": [text], "codes": array(np.zeros(count, np.uint8))}


def start_run(server: Server, run: str, **config) -> None:
    server.call("runs.start", run_id=run, config=config, tags=[])


def chart(page: Page, metric: str) -> Locator:
    return page.locator(f"[data-metric={metric}]")


def window(page: Page, metric: str = "loss") -> tuple[float, float]:
    """The part of the x-axis that a chart shows."""
    element = chart(page, metric)
    return float(element.get_attribute("data-from")), float(element.get_attribute("data-to"))


def point_at(page: Page, metric: str, share: float) -> None:
    """Moves the pointer over a chart, so far from its left."""
    box = chart(page, metric).locator(".plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)


def drag(page: Page, metric: str, start: float, end: float, steps: int = 10) -> None:
    """Chooses a stretch of a chart with the mouse."""
    point_at(page, metric, start)
    page.mouse.down()
    box = chart(page, metric).locator(".plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + box["height"] / 2, steps=steps)
    page.mouse.up()


def ink(page: Page, metric: str) -> int:
    """How many pixels of a chart are drawn on."""
    count = "(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((value, index) => index % 4 === 3 && value > 0).length"
    return chart(page, metric).locator("canvas").first.evaluate(count)


def tip(page: Page, metric: str = "loss") -> Locator:
    return chart(page, metric).locator(".tip")


def run_names(page: Page) -> list[str]:
    return page.locator(".runs-list tbody th a").all_inner_texts()


def test_the_list_is_searched_and_sorted_in_the_address(runs: Page):
    runs.get_by_label("Search runs").fill("mujoco")
    expect(runs.locator(".runs-list tbody tr")).to_have_count(1)
    assert run_names(runs) == ["beta"]
    assert "q=mujoco" in runs.url
    runs.get_by_label("Search runs").fill("")
    expect(runs.locator(".runs-list tbody tr")).to_have_count(2)
    runs.get_by_role("button", name="Episodes").first.click()
    assert run_names(runs) == ["beta", "alpha"]
    runs.get_by_role("button", name="Episodes").first.click()
    assert run_names(runs) == ["alpha", "beta"]
    assert "sort=episodes" in runs.url
    runs.reload()
    expect(runs.locator(".runs-list tbody tr")).to_have_count(2)
    assert run_names(runs) == ["alpha", "beta"]


def test_a_run_shows_its_facts_its_charts_and_its_episodes(runs: Page):
    runs.get_by_role("link", name="beta", exact=True).click()
    expect(runs.get_by_role("heading", name="beta")).to_be_visible()
    expect(runs.locator(".facts")).to_contain_text("finished")
    expect(runs.locator(".facts")).to_contain_text("steps 36")
    expect(chart(runs, "loss")).to_have_attribute("data-lines", "2")
    expect(chart(runs, "loss")).to_have_attribute("data-points", "100")
    expect(chart(runs, "loss")).to_contain_text("train 0.02 · val 0.02")
    assert ink(runs, "loss") > 1000
    expect(runs.locator(".episodes tbody tr")).to_have_count(3)
    runs.get_by_text("Configuration").click()
    expect(runs.locator(".config pre")).to_contain_text('"lr": 0.001')


@pytest.mark.parametrize(("width", "column"), [(1440, "steps"), (1366, "episodes"), (1280, "steps"), (1024, "started_at")])
def test_when_a_run_began_and_how_long_it_is_are_seen_whole(server: Server, page: Page, width: int, column: str):
    for k in range(3):
        start_run(server, f"a-rather-long-name-of-a-run-{k}", lr=k, optimizer="adam")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{server.url}/?room=runs")
    expect(page.locator("table.runs tbody tr")).to_have_count(3)
    head, pane = page.locator(f"[data-column={column}]").bounding_box(), page.locator(".runs-list").bounding_box()
    assert head["x"] + head["width"] <= pane["x"] + pane["width"]


def test_episodes_are_sorted_by_the_server(runs: Page):
    runs.get_by_role("link", name="beta", exact=True).click()
    episodes = runs.locator(".episodes tbody th a")
    runs.locator(".episodes").get_by_role("button", name="Reward").click()
    expect(episodes).to_have_text(["beta-e2", "beta-e1", "beta-e0"])
    runs.locator(".episodes").get_by_role("button", name="Reward").click()
    expect(episodes).to_have_text(["beta-e0", "beta-e1", "beta-e2"])
    assert "episodes=total_reward" in runs.url


def test_an_empty_list_and_an_unknown_run_say_so(server: Server, page: Page):
    page.goto(f"{server.url}/?room=runs")
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    expect(page.locator(".command")).to_contain_text('run.log("loss", 0.5, step: 1)')
    page.goto(f"{server.url}/?room=runs&run=nowhere")
    expect(page.get_by_role("heading", name="Run nowhere did not come")).to_be_visible()
    server.log_run("gamma")
    expect(page.get_by_role("link", name="gamma", exact=True)).to_be_visible()
    page.goto(f"{server.url}/?room=runs&run=../etc")
    expect(page.get_by_text("“../etc” is no run's name.")).to_be_visible()


# The table


def test_the_newest_run_is_shown_and_stands_in_the_address(runs: Page):
    expect(runs.get_by_role("heading", name="beta")).to_be_visible()
    wait_until(runs, lambda: "run=beta" in runs.url, "the newest run in the address")
    expect(runs.get_by_label("Select beta")).to_be_checked()
    expect(runs.get_by_label("Select alpha")).not_to_be_checked()


def test_a_search_finds_keys_of_the_configuration(server: Server, page: Page):
    for run, rate in (("slow", 0.0001), ("fast", 0.1)):
        start_run(server, run, lr=rate, optimizer={"name": f"sgd-{run}"})
    page.goto(f"{server.url}/?room=runs&q=lr:0.1")
    expect(page.locator(".runs-list tbody tr")).to_have_count(1)
    assert run_names(page) == ["fast"]
    for text, found in (("name:sgd-slow", ["slow"]), ("lr>0.01", ["fast"]), ("status:running", ["fast", "slow"])):
        page.get_by_label("Search runs").fill(text)
        expect(page.locator(".runs-list tbody th a")).to_have_text(found)
    page.get_by_label("Search runs").fill("lr:7")
    expect(page.get_by_role("heading", name="No run fits")).to_be_visible()


def test_losses_configurations_and_pictures_are_in_the_table_and_sort_it(server: Server, page: Page):
    for run, loss in (("bad", 5.0), ("good", 0.25), ("lost", float("nan"))):
        start_run(server, run, lr=loss if loss == loss else 9, seed=1)
        log_values(server, run, "loss", [9, 8, loss])
    page.goto(f"{server.url}/?room=runs")
    row = page.locator("tr[data-run=good]")
    expect(row).to_contain_text("0.25")
    expect(row.locator(".spark path")).to_have_attribute("d", re.compile("^M.*L.*L"))
    expect(page.locator("tr[data-run=lost]")).to_contain_text("NaN")
    expect(page.get_by_role("columnheader", name="lr")).to_be_visible()
    page.get_by_role("button", name="Loss", exact=True).click()
    assert run_names(page) == ["good", "bad", "lost"]
    page.get_by_role("button", name="lr", exact=True).click()
    assert run_names(page) == ["good", "bad", "lost"]
    page.get_by_role("button", name="lr", exact=True).click()
    assert run_names(page) == ["lost", "bad", "good"]
    assert "sort=-config.lr" in page.url
    page.get_by_text("Columns").click()
    page.get_by_label("seed").check()
    expect(page.get_by_role("columnheader", name="seed")).to_be_visible()
    assert "cols=" in page.url


def test_a_dead_run_says_so(server: Server, page: Page):
    start_run(server, "dead")
    with contextlib.closing(sqlite3.connect(server.data / "telemetry" / "telemetry.sqlite")) as database, database:
        database.execute("UPDATE runs SET heartbeat_at = started_at, started_at = replace(started_at, substr(started_at, 1, 4), '2020')")
        database.execute("UPDATE runs SET heartbeat_at = started_at")
    page.goto(f"{server.url}/?room=runs&run=dead")
    expect(page.locator("tr[data-run=dead]")).to_contain_text("crashed")
    expect(page.locator(".facts")).to_contain_text("no sign of life since 2020-")


def test_a_running_run_goes_on_counting(server: Server, page: Page):
    start_run(server, "alive")
    page.goto(f"{server.url}/?room=runs&run=alive")
    cell = page.locator("tr[data-run=alive] td").nth(1)
    expect(cell).to_contain_text("s")
    before = cell.inner_text()
    expect(cell).not_to_have_text(before)
    expect(page.locator("[data-ticking=alive]")).not_to_have_text(before)


# The charts


@pytest.fixture
def two(server: Server, page: Page) -> Page:
    """Two runs with a loss in two phases, and an accuracy."""
    for run, factor in (("one", 1.0), ("two", 2.0)):
        start_run(server, run, lr=factor, seed=1)
        steps = np.arange(1000)
        log_values(server, run, "loss", factor * np.exp(-steps / 200) + 0.1, phase="train")
        log_values(server, run, "loss", factor * np.exp(-steps / 200) + 0.2, phase="val")
        log_values(server, run, "accuracy", 1 - np.exp(-steps / 200))
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server.url}/?room=runs&run=one,two")
    expect(chart(page, "loss")).to_have_attribute("data-lines", "4")
    expect(chart(page, "accuracy")).to_have_attribute("data-lines", "2")
    return page


def test_two_runs_are_compared_in_their_own_colours(two: Page):
    expect(two.get_by_role("heading", name="2 runs")).to_be_visible()
    colours = [two.locator(f"tr[data-run={run}] .chip").evaluate("(chip) => getComputedStyle(chip).backgroundColor") for run in ("one", "two")]
    assert colours[0] != colours[1]
    assert [two.locator(f"tr[data-run={run}] .chip").inner_text() for run in ("one", "two")] == ["1", "2"]
    in_legend = [chip.evaluate("(chip) => getComputedStyle(chip).backgroundColor") for chip in two.locator(".legend .chip").all()]
    assert in_legend == colours
    two.get_by_text("Configurations differ in 1 of 2 keys").click()
    expect(two.locator(".differences tbody tr")).to_have_count(1)
    two.get_by_label("Select one").uncheck()
    expect(chart(two, "loss")).to_have_attribute("data-lines", "2")
    assert two.locator("tr[data-run=two] .chip").evaluate("(chip) => getComputedStyle(chip).backgroundColor") == colours[1]
    two.go_back()
    expect(chart(two, "loss")).to_have_attribute("data-lines", "4")
    two.get_by_label("Select all listed runs").click()
    expect(two.get_by_role("heading", name="No run is chosen")).to_be_visible()


def test_the_pointer_shows_the_values_of_all_runs_on_all_charts(two: Page):
    point_at(two, "loss", 0.5)
    expect(tip(two)).to_contain_text("step ")
    expect(tip(two).locator(".tip-row")).to_have_count(4)
    expect(tip(two)).to_contain_text("one · train")
    expect(tip(two, "accuracy").locator(".tip-row")).to_have_count(2)
    step = int(tip(two).locator("p").first.inner_text().removeprefix("step ").replace(",", ""))
    shown = float(tip(two).locator(".tip-row b").first.inner_text())
    assert shown == pytest.approx(np.exp(-step / 200) + 0.1, rel=1e-3)
    two.mouse.move(10, 10)
    expect(tip(two)).to_be_hidden()
    expect(tip(two, "accuracy")).to_be_hidden()


def test_a_stretch_is_zoomed_into_in_full_detail_and_left_again(server: Server, page: Page):
    start_run(server, "long")
    values = np.zeros(200_000)
    values[100_123] = 50.0
    log_values(server, "long", "loss", values)
    page.goto(f"{server.url}/?room=runs&run=long")
    expect(chart(page, "loss")).to_have_attribute("data-points", "200000")
    assert window(page)[0] < 500 and window(page)[1] == 199_999
    for _ in range(3):
        before = window(page)
        drag(page, "loss", 0.45, 0.62)
        wait_until(page, lambda: window(page) != before, "the stretch")
    start, end = window(page)
    assert end - start < 3000
    wait_until(page, lambda: "zoom=step" in page.url, "the zoom in the address")
    link = page.url
    point_at(page, "loss", 0.5)
    expect(tip(page)).to_contain_text("step ")
    expect(tip(page)).not_to_contain_text("…", timeout=5000)
    page.reload()
    expect(chart(page, "loss")).to_have_attribute("data-from", re.compile(r"^\d"))
    wait_until(page, lambda: window(page) == pytest.approx((start, end), abs=1), "the zoom after a reload")
    assert page.url == link
    page.go_back()
    wait_until(page, lambda: window(page)[1] - window(page)[0] > 3000, "the zoom before")
    chart(page, "loss").locator(".plot").dblclick()
    wait_until(page, lambda: window(page)[0] < 500 and window(page)[1] == 199_999, "all of it")
    assert "zoom" not in page.url


def test_smoothing_and_the_log_axis(two: Page):
    two.get_by_label("Smoothing").fill("0.9")
    expect(chart(two, "loss")).to_have_attribute("data-smoothing", "0.9")
    assert "smooth=0.9" in two.url
    point_at(two, "loss", 0.5)
    expect(tip(two).locator(".tip-row .muted").first).to_be_visible()
    assert float(chart(two, "loss").get_attribute("data-low")) < 0.05
    two.get_by_label("Log y").check()
    wait_until(two, lambda: float(chart(two, "loss").get_attribute("data-low")) > 0.05, "the log axis")
    assert "log=1" in two.url
    two.get_by_label("Smoothing").fill("0")
    expect(chart(two, "loss")).to_have_attribute("data-smoothing", "0")


def test_the_x_axis_is_step_epoch_or_time(two: Page):
    two.get_by_label("X axis").select_option("relative")
    wait_until(two, lambda: window(two)[1] < 999, "seconds since the start")
    point_at(two, "loss", 0.5)
    expect(tip(two)).to_contain_text(re.compile(r"\d+ (s|min)"))
    two.get_by_label("X axis").select_option("time")
    wait_until(two, lambda: window(two)[1] > 1e9, "the clock")
    two.get_by_label("X axis").select_option("epoch")
    expect(chart(two, "loss")).to_contain_text("No value has an epoch.")
    two.get_by_label("X axis").select_option("step")
    wait_until(two, lambda: window(two) == (0, 999), "steps")


def test_values_that_are_not_finite_are_marked(server: Server, page: Page):
    start_run(server, "lost")
    log_values(server, "lost", "loss", [1, 2, float("nan"), float("inf"), 2, 1])
    page.goto(f"{server.url}/?room=runs&run=lost")
    expect(chart(page, "loss").locator(".note")).to_contain_text("2 places with NaN, Infinity")
    point_at(page, "loss", 0.45)
    expect(tip(page)).to_contain_text("NaN")
    expect(tip(page)).to_contain_text("step 2")


def test_new_values_come_by_themselves_and_leave_the_zoom(server: Server, page: Page):
    start_run(server, "live")
    log_values(server, "live", "loss", np.linspace(9, 1, 100))
    page.goto(f"{server.url}/?room=runs&run=live&zoom=step:20..60")
    expect(chart(page, "loss")).to_have_attribute("data-points", "100")
    page.get_by_role("button", name="Reset zoom").click()
    wait_until(page, lambda: window(page) == (0, 99), "all of it")
    log_values(server, "live", "loss", np.full(50, 0.5), first=100)
    wait_until(page, lambda: window(page) == (0, 149), "the new values")
    expect(page.locator("tr[data-run=live]")).to_contain_text("0.5")
    drag(page, "loss", 0.3, 0.6)
    wait_until(page, lambda: "zoom=" in page.url and window(page)[0] > 0, "the zoom")
    before = window(page)
    log_values(server, "live", "loss", np.full(50, 0.25), first=150)
    log_values(server, "live", "brand_new", [1, 2, 3])
    expect(chart(page, "brand_new")).to_be_visible()
    expect(page.locator("tr[data-run=live]")).to_contain_text("0.25")
    assert window(page) == before


def test_what_came_while_nobody_saw_the_page_shows_when_it_is_seen_again(server: Server, page: Page):
    start_run(server, "live")
    log_values(server, "live", "loss", [9, 8, 7])
    page.goto(f"{server.url}/?room=runs&run=live")
    expect(chart(page, "loss")).to_have_attribute("data-points", "3")
    show_page(page, False)
    log_values(server, "live", "loss", [6, 0.25], first=3)
    page.wait_for_timeout(1500)
    expect(chart(page, "loss")).to_have_attribute("data-points", "3")
    show_page(page, True)
    expect(chart(page, "loss")).to_have_attribute("data-points", "5")
    expect(page.locator("tr[data-run=live]")).to_contain_text("0.25")


def test_a_run_chosen_while_the_server_is_away_is_not_called_empty(two: Page):
    two.locator("tr[data-run=one]").get_by_role("link", name="one").click()
    expect(chart(two, "loss")).to_have_attribute("data-lines", "2")
    two.route("**/rpc", lambda route: route.abort())
    two.locator("tr[data-run=two]").get_by_role("link", name="two").click()
    for metric in ("loss", "accuracy"):
        expect(chart(two, metric).get_by_role("heading", name="The values did not come")).to_be_visible()
    expect(two.get_by_text("No value has a place")).to_have_count(0)
    two.unroute("**/rpc")
    expect(chart(two, "loss").get_by_role("heading", name="The values did not come")).to_be_hidden()
    expect(chart(two, "loss")).to_have_attribute("data-lines", "2")


def test_resources_and_operations_are_folded_below(server: Server, page: Page):
    start_run(server, "busy")
    now = time.time()
    rows = [{"table": "resource_metrics", "timestamp": now + k, "metric_type": kind, "metric_name": "system_total", "value": 10.0 + k, "unit": "%"}
            for k in range(20) for kind in ("cpu", "ram")]
    rows += [{"table": "generation_metrics", "timestamp": now + k, "operation": "rollout", "duration_seconds": 2.0, "samples_generated": 300} for k in range(20)]
    server.ingest("metrics.append", run_id="busy", rows=rows)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    page.goto(f"{server.url}/?room=runs&run=busy")
    panel = page.locator("[data-group=resources]")
    expect(panel.get_by_text("Resources (2)")).to_be_visible()
    assert not any('"resource_metrics"' in body for body in asked), "what is folded is not fetched"
    panel.get_by_text("Resources (2)").click()
    expect(panel.locator(".chart").first).to_contain_text("CPU system total")
    expect(panel.locator(".chart").first).to_have_attribute("data-points", "20")
    wait_until(page, lambda: "open=resources" in page.url, "the open panel in the address")
    page.get_by_text("Operations (2)").click()
    rate = page.locator("[data-group=operations] .chart", has_text="rollout samples")
    rate.scroll_into_view_if_needed()
    expect(rate.locator(".readout")).to_have_text("150")
    page.reload()
    expect(page.locator("[data-group=resources] .chart").first).to_be_visible()


def test_metrics_are_filtered_by_name(two: Page):
    two.get_by_label("Filter metrics").fill("acc")
    expect(chart(two, "loss")).to_be_hidden()
    expect(chart(two, "accuracy")).to_be_visible()
    assert "metrics=acc" in two.url
    two.get_by_label("Filter metrics").fill("nothing")
    expect(two.get_by_role("heading", name="No metric fits")).to_be_visible()


def test_the_whole_state_is_in_the_address(two: Page):
    link = two.url.split("?")[0] + "?room=runs&q=lr&sort=run_id&run=two,one&metrics=loss&smooth=0.5&log=1&zoom=step:100..500"
    other = two.context.new_page()
    other.goto(link)
    for page in (other,):
        expect(chart(page, "loss")).to_have_attribute("data-smoothing", "0.5")
        wait_until(page, lambda: window(page) == (100, 500), "the zoom")
        assert float(chart(page, "loss").get_attribute("data-low")) > 0
        expect(chart(page, "accuracy")).to_be_hidden()
        assert page.get_by_label("Search runs").input_value() == "lr"
        assert run_names(page) == ["one", "two"]
        assert page.locator("tr[data-run=two] .chip").inner_text() == "1"
        expect(page.get_by_label("Log y")).to_be_checked()


def test_a_chart_is_read_and_zoomed_by_keyboard(two: Page):
    plot = chart(two, "accuracy").locator(".plot")
    plot.focus()
    two.keyboard.press("Home")
    expect(tip(two, "accuracy")).to_contain_text("step 0")
    expect(tip(two, "loss").locator(".tip-row")).to_have_count(4)
    two.keyboard.press("ArrowRight")
    two.keyboard.press("Shift+ArrowRight")
    expect(plot).to_have_attribute("aria-valuetext", re.compile("one .*, two "))
    here = float(plot.get_attribute("aria-valuenow"))
    assert here > 0
    two.keyboard.press("+")
    wait_until(two, lambda: window(two)[1] - window(two)[0] < 600, "closer")
    assert window(two)[0] <= here <= window(two)[1]
    two.keyboard.press("0")
    wait_until(two, lambda: window(two) == (0, 999), "all of it")


def test_charts_that_nobody_sees_are_not_fetched(server: Server, page: Page):
    start_run(server, "many")
    for k in range(40):
        log_values(server, "many", f"metric_{k:02d}", np.arange(50.0))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    page.goto(f"{server.url}/?room=runs&run=many")
    expect(chart(page, "metric_00")).to_have_attribute("data-points", "50")
    page.wait_for_timeout(300)
    assert not any('"metric_39"' in body for body in asked)
    chart(page, "metric_39").scroll_into_view_if_needed()
    expect(chart(page, "metric_39")).to_have_attribute("data-points", "50")


FRAMES = """(seconds) => new Promise((done) => {
  const tasks = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: "longtask" });
  const frames = [];
  const begin = performance.now();
  const frame = (now) => {
    frames.push(now);
    if (now - begin < seconds * 1000) requestAnimationFrame(frame);
    else done({ frames: frames.slice(1).map((at, index) => at - frames[index]), tasks });
  };
  requestAnimationFrame(frame);
})"""


def test_a_million_points_stay_fluid(server: Server, page: Page):
    start_run(server, "large")
    rng = np.random.default_rng(0)
    log_values(server, "large", "loss", np.exp(-np.arange(MILLION) / 200_000) + rng.normal(0, 0.05, MILLION))
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server.url}/?room=runs&run=large&smooth=0.6")
    expect(chart(page, "loss")).to_have_attribute("data-points", str(MILLION))
    page.evaluate(f"() => {{ window.measured = ({FRAMES})(4) }}")
    for k in range(4):
        drag(page, "loss", 0.3 + k / 20, 0.8, steps=30)
    measured = page.evaluate("window.measured")
    assert max(measured["tasks"], default=0) < 150, "no task holds up the page"
    frames = sorted(measured["frames"])
    assert frames[len(frames) // 2] < 25, "most frames are painted on time"
    assert frames[int(len(frames) * 0.95)] < 70, "hardly one is late"
    wait_until(page, lambda: window(page)[1] - window(page)[0] < 200_000, "the zooms")


# For everyone


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_among_the_charts(two: Page, theme: str):
    two.emulate_media(color_scheme=theme)
    two.get_by_text("Configurations differ").click()
    two.get_by_text("Columns").click()
    point_at(two, "loss", 0.5)
    expect(tip(two)).to_be_visible()
    assert serious(two) == []


def test_a_phone_has_the_table_above_the_charts(two: Page):
    two.set_viewport_size({"width": 360, "height": 740})
    expect(chart(two, "loss")).to_have_attribute("data-lines", "4")
    table = two.locator(".runs-list").bounding_box()
    first = chart(two, "loss").bounding_box()
    assert table["height"] > 100
    assert table["y"] + table["height"] <= first["y"]
    assert first["width"] <= 360
    assert two.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = two.evaluate("[...document.querySelectorAll('.runs-room *')].filter((each) => each.textContent.trim() && !each.closest('.dot')).map((each) => parseFloat(getComputedStyle(each).fontSize))")
    assert min(sizes) >= 14
