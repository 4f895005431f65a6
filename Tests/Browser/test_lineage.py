"""From the list of variables to a record's graph, its value, and what differs between two versions."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from conftest import wait_until
from holdfast_server import Server, array
from test_access import serious

CLIENT = Path(__file__).resolve().parents[2] / "Client" / "Python"
GRAPH = ".graph"
# What is painted in the middle of the graph, as one number per pixel.
INK = """(graph) => {
  const canvas = graph.querySelector('canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, k) => k % 4 === 3 && value > 0).length;
}"""
PAINTED = """(graph) => new Promise((done) => {
  const canvas = graph.querySelector('canvas');
  const context = canvas.getContext('2d');
  let painted = 0;
  const own = context.clearRect.bind(context);
  context.clearRect = (...values) => { painted += 1; own(...values); };
  const begin = performance.now();
  let turn = 0;
  const move = (now) => {
    turn += 1;
    graph.dispatchEvent(new WheelEvent('wheel', { deltaY: turn % 40 < 20 ? -40 : 40, clientX: 700, clientY: 400, bubbles: true, cancelable: true }));
    if (now - begin < 2000) requestAnimationFrame(move);
    else done(painted / ((now - begin) / 1000));
  };
  requestAnimationFrame(move);
})"""


def save(server: Server, variable: str, value: dict, metadata: dict, function: str | None = None, inputs=(), **lineage) -> str:
    """Saves a value; `inputs` are (parameter, record, variable)."""
    params = {"variable": variable, "value": value, "metadata": metadata}
    if function is not None:
        made = [{"name": name, "record_id": record, "type": of} for name, record, of in inputs]
        params["lineage"] = {"function_name": function, "function_hash": f"{len(function):064x}", "inputs": made, "constants": [], **lineage}
    return server.ingest("variables.save", **params)["record_id"]


@pytest.fixture
def pipeline(server: Server) -> dict[str, str]:
    """A signal in two versions, and two steps behind the second one."""
    server.call("variables.schema", keys=[{"name": "subject", "type": "string"}])
    server.log_run("alpha")
    server.insert_images(20)
    for image in server.call("labels.next", limit=4, annotator="ada")["images"]:
        server.call("labels.set", id=image["id"], labels={"biopsy_tool": 1}, annotator="ada")
    snapshot = server.call("snapshots.create")["snapshot_id"]
    signal = np.sin(np.arange(400) / 9)
    old = save(server, "Raw", array(signal), {"subject": "1"})
    changed = signal.copy()
    changed[[7, 300]] += 1
    raw = save(server, "Raw", array(changed), {"subject": "1"})
    save(server, "Raw", array(signal[:5]), {"subject": "2"})
    for low in (10, 20):
        clean = save(server, "Clean", {"table": {"rms": [1.5, low], "name": ["a", None]}}, {"subject": "1"}, "bandpass", [("signal", raw, "Raw")],
                     constants=[{"name": "low", "hash": f"{low:064x}", "value": low}], function_parts={"filters.bandpass": "5e" * 32}, run_id="alpha", user_id="ada")
    inputs = [("table", clean, "Clean"), ("picture", "h5://alpha/frames/14", "frame"), ("labels", f"snapshot:{snapshot}", "snapshot")]
    model = save(server, "Model", {"json": {"image_id": 1}}, {"subject": "1"}, "fit", inputs)
    return {"old": old, "raw": raw, "clean": clean, "model": model}


@pytest.fixture
def many(server: Server) -> str:
    """A record with five hundred behind it."""
    means = []
    for k in range(16):
        spectra = []
        for trial in range(10):
            place = {"subject": f"s{k}", "trial": trial}
            signal = save(server, "Signal", {"json": [k, trial]}, place)
            clean = save(server, "Clean", {"json": [k, trial, 1]}, place, "clean", [("signal", signal, "Signal")])
            spectra.append(save(server, "Spectrum", {"json": [k, trial, 2]}, place, "spectrum", [("clean", clean, "Clean"), ("signal", signal, "Signal")]))
        means.append(save(server, "Mean", {"json": k}, {"subject": f"s{k}"}, "mean", [(f"of[{n}]", each, "Spectrum") for n, each in enumerate(spectra)]))
    grand = save(server, "GrandMean", {"json": 1}, {"of": 16}, "grand_mean", [(f"of[{n}]", each, "Mean") for n, each in enumerate(means)])
    for k in range(3):
        save(server, "Test", {"json": k}, {"number": k}, "t_test", [("mean", grand, "GrandMean")])
    return grand


def shown(page: Page, boxes: int) -> None:
    expect(page.locator(GRAPH)).to_have_attribute("data-painted", str(boxes))


def record_address(server: Server, variable: str, record: str, more: str = "") -> str:
    return f"{server.url}/?room=lineage&variable={variable}&record={record}{more}"


def test_from_the_variables_to_a_record(server: Server, page: Page, pipeline: dict[str, str]):
    page.goto(f"{server.url}/?room=lineage")
    expect(page.locator(".catalog tbody tr")).to_have_count(3)
    page.get_by_label("Filter variables").fill("ra")
    expect(page.locator(".catalog tbody tr")).to_have_count(1)
    page.get_by_label("Filter variables").fill("")
    page.get_by_role("link", name="Raw", exact=True).click()
    expect(page.get_by_role("link", name="subject 1", exact=True)).to_be_visible()
    page.get_by_label("Filter locations").fill("subject:2")
    expect(page.get_by_role("link", name="subject 1", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="subject 2", exact=True)).to_be_visible()
    page.get_by_label("Filter locations").fill("")
    page.get_by_role("link", name="subject 1", exact=True).click()
    shown(page, 4)
    assert f"record={pipeline['raw']}" in page.url
    expect(page.locator(".details")).to_contain_text("saved as it is")
    expect(page.locator(".details")).to_contain_text("float64 [400]")
    expect(page.locator(".catalog tr.version")).to_have_count(2)
    page.go_back()
    expect(page.locator(GRAPH)).to_be_hidden()


def test_a_record_says_what_made_it_and_leads_on(server: Server, page: Page, pipeline: dict[str, str]):
    page.goto(record_address(server, "Clean", pipeline["clean"]))
    details = page.locator(".details")
    for text in ("ƒ bandpass", "low", "20", "ada", "subject", "rms", "1.5", "a"):
        expect(details).to_contain_text(text)
    expect(details.get_by_role("link", name="alpha", exact=True)).to_have_attribute("href", "/?room=runs&run=alpha")
    details.get_by_role("button", name=re.compile("^Raw")).click()
    expect(details.get_by_role("heading", name="Raw")).to_be_visible()
    assert f"node={pipeline['raw']}" in page.url
    details.get_by_role("link", name="Show its graph").click()
    wait_until(page, lambda: f"record={pipeline['raw']}" in page.url, "the record in the address")
    page.goto(record_address(server, "Clean", pipeline["clean"]))
    details.get_by_text("Why was it computed again?").click()
    expect(details).to_contain_text("constant low")
    expect(details).to_contain_text("10 → 20")
    details.get_by_text("What the function consists of").click()
    expect(details).to_contain_text("filters.bandpass")


def test_what_is_no_record_leads_to_its_own_room(server: Server, page: Page, pipeline: dict[str, str]):
    page.goto(record_address(server, "Model", pipeline["model"]))
    details = page.locator(".details")
    expect(details.get_by_role("link", name="image 1")).to_have_attribute("href", "/?room=label&image=1")
    details.get_by_role("button", name=re.compile("^snapshot")).click()
    expect(details.get_by_role("heading", name="snapshot")).to_be_visible()
    expect(details).to_contain_text("to validate on")
    page.goto(record_address(server, "Model", pipeline["model"]))
    details.get_by_role("button", name=re.compile("^frame")).click()
    expect(details.get_by_alt_text("The frame")).to_be_visible()
    details.get_by_role("link", name="Show its graph").click()
    wait_until(page, lambda: "record=h5:" in page.url, "the frame in the address")
    shown(page, 4)
    details.get_by_role("link", name="frame alpha/frames/14").click()
    expect(page.locator(".player")).to_have_attribute("data-step", "2")


def test_the_graph_is_downloaded_as_other_programs_read_it(server: Server, page: Page, pipeline: dict[str, str]):
    page.goto(record_address(server, "Clean", pipeline["clean"], "&way=up"))
    shown(page, 2)
    texts = {}
    for name in ("Mermaid", "PROV-JSON"):
        page.get_by_text("Download", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        texts[name] = Path(download.value.path()).read_text()
    assert "bandpass" in texts["Mermaid"] and "fit" not in texts["Mermaid"]
    assert pipeline["raw"] in texts["PROV-JSON"] and json.loads(texts["PROV-JSON"])["entity"]


def test_two_versions_are_held_against_each_other(server: Server, page: Page, pipeline: dict[str, str]):
    page.goto(record_address(server, "Raw", pipeline["raw"]))
    page.get_by_role("link", name=f"Compare with version {pipeline['old']}").click()
    comparison = page.locator(".comparison")
    expect(comparison).to_contain_text("2 elements of 400 differ")
    expect(comparison.get_by_role("row", name=re.compile(r"^\[7\]"))).to_be_visible()
    expect(comparison.get_by_role("row", name="shape [400] [400]")).to_be_visible()
    expect(page.locator(GRAPH)).to_be_hidden()
    page.get_by_role("link", name="Back to the graph").click()
    expect(comparison).to_be_hidden()
    shown(page, 4)


def test_arrows_go_from_box_to_box(server: Server, page: Page, pipeline: dict[str, str]):
    page.goto(record_address(server, "Clean", pipeline["clean"]))
    shown(page, 3)
    page.locator(GRAPH).focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".details").get_by_role("heading", name="Model")).to_be_visible()
    expect(page.locator(f"{GRAPH} [role=status]")).to_contain_text("Model, subject 1, ƒ fit, 1 inputs")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".details").get_by_role("heading", name="Raw")).to_be_visible()
    page.keyboard.press("Enter")
    wait_until(page, lambda: f"record={pipeline['raw']}" in page.url and "node" not in page.url, "the record in the address")


def test_a_box_is_chosen_by_a_click_and_the_graph_dragged(server: Server, page: Page, pipeline: dict[str, str]):
    page.goto(record_address(server, "Clean", pipeline["clean"]))
    shown(page, 3)
    box = page.locator(GRAPH).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 150, box["y"] + 90, steps=4)
    page.mouse.up()
    assert "node" not in page.url, "a drag chooses nothing"
    page.get_by_role("button", name="Fit the graph (f)").click()
    # Three boxes in a row: the last is at the right.
    page.mouse.click(box["x"] + box["width"] - 60, box["y"] + box["height"] / 2)
    expect(page.locator(".details").get_by_role("heading", name="Model")).to_be_visible()


def test_five_hundred_records_are_read_at_a_glance_and_one_by_one(server: Server, page: Page, many: str):
    page.goto(record_address(server, "GrandMean", many))
    shown(page, 6)
    expect(page.get_by_text("500 records, in 6 boxes")).to_be_visible()
    page.get_by_role("button", name="Group alike").click()
    shown(page, 500)
    assert page.locator(GRAPH).evaluate(INK) > 0
    rate = page.locator(GRAPH).evaluate(PAINTED)
    print(f"painted {rate:.1f} times/s")
    assert rate > 0
    page.get_by_label("Steps").select_option("1")
    shown(page, 20)
    page.get_by_label("Direction").select_option("down")
    shown(page, 4)
    assert "way=down" in page.url and "depth=1" in page.url
    page.reload()
    shown(page, 4)


def test_the_table_says_the_same_as_the_graph(server: Server, page: Page, many: str):
    page.goto(record_address(server, "GrandMean", many))
    shown(page, 6)
    page.get_by_role("button", name="Table").click()
    rows = page.locator(".listing tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.nth(0)).to_contain_text("160 alike")
    page.get_by_role("button", name="GrandMean").click()
    page.get_by_role("button", name="Group alike").click()
    expect(rows).to_have_count(500)


def test_nothing_there_says_so_and_what_to_do(server: Server, page: Page):
    page.goto(f"{server.url}/?room=lineage")
    expect(page.get_by_role("heading", name="No variables yet")).to_be_visible()
    expect(page.get_by_text("No variable is chosen")).to_be_hidden()
    code = page.locator(".command code")
    assert code.evaluate("code => code.scrollWidth <= code.clientWidth"), "all of the code is to be seen"
    told = code.inner_text().replace("127.0.0.1:7411", server.tcp)
    subprocess.run([sys.executable, "-c", told], check=True, env={**os.environ, "PYTHONPATH": str(CLIENT)})
    page.reload()
    expect(page.locator(".catalog tbody tr")).to_have_text(re.compile("^Raw"))
    page.goto(f"{server.url}/?room=lineage&variable=nope")
    expect(page.get_by_text("There is no variable nope.")).to_be_visible()
    page.goto(f"{server.url}/?room=lineage&variable=Raw&q=subject:9")
    expect(page.get_by_role("heading", name="No location fits")).to_be_visible()
    page.goto(record_address(server, "Raw", "0000"))
    expect(page.get_by_role("heading", name="The graph did not come")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_lineage_room(server: Server, page: Page, pipeline: dict[str, str], theme: str):
    page.emulate_media(color_scheme=theme)
    page.goto(f"{server.url}/?room=lineage")
    expect(page.locator(".catalog tbody tr")).to_have_count(3)
    assert serious(page) == []
    for more in ("", f"&vs={pipeline['old']}", "&view=table"):
        page.goto(record_address(server, "Raw", pipeline["raw"], more))
        expect(page.locator(".details .numbers")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert serious(page) == []


def test_a_phone_shows_the_lineage_without_scrolling_sideways(server: Server, page: Page, pipeline: dict[str, str]):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(record_address(server, "Raw", pipeline["raw"]))
    shown(page, 4)
    expect(page.locator(".details .numbers")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    parts = [page.locator(part).bounding_box() for part in (".lineage-main", ".details", ".catalog")]
    assert all(above["y"] + above["height"] <= below["y"] + 1 for above, below in zip(parts, parts[1:])), "nothing lies over another"
