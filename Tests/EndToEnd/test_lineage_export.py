"""From a model back to snapshot, labels, frames, episode and run; and lineage in other programs' forms."""

import datetime
import json
import re
import shutil
import subprocess
import uuid

import numpy
import pytest

from server import environment
from test_variables import made, save
from wire import Producer, RpcError


@pytest.fixture
def producer(connection):
    return Producer(connection)


@pytest.fixture
def model(producer):
    """A model that was trained on a snapshot of labeled frames of a run: features, model, predictions."""
    connection = producer.connection
    connection.call("runs.start", {"run_id": "pong-1"})
    steps = [
        {"episode_id": "pong-1/0", "step_index": k, "action": 0, "reward": 1.0, "terminated": k == 2, "truncated": False,
         "frame": numpy.full((4, 4), k, numpy.uint8)}
        for k in range(3)
    ]  # fmt: skip
    producer.call("steps.append", {"run_id": "pong-1", "steps": steps})
    producer.call("episodes.finish", {"run_id": "pong-1", "episode_id": "pong-1/0"})
    names = [f"img_{k:04}" for k in range(40)]
    images = [{"filename": name, "frame_ref": f"h5://pong-1/frames/{k % 3}"} for k, name in enumerate(names)]
    ids = producer.call("images.insert", {"images": images})["ids"]
    held_out = {image["id"] for image in connection.call("holdout.images", {"limit": 1000})["images"]}
    usable = [id for id in ids if id not in held_out][:4]
    for id in usable:
        connection.call("labels.set", {"id": id, "labels": {"biopsy_tool": 1}, "annotator": "ada"})
    snapshot = connection.call("snapshots.create", {})["snapshot_id"]
    features = save(
        producer, numpy.arange(4.0), "Features",
        made("features", [("snapshot", f"snapshot:{snapshot}", "snapshot")], user_id="ada", started_at=1795848000.5),
        round=1,
    )["record_id"]  # fmt: skip
    trained = save(producer, {"json": {"w": 1}}, "Model", made("train", [("x", features, "Features")]), round=1)["record_id"]
    scores = save(
        producer, {"json": 3}, 'Scores "all"', made("predict", [("model", trained, "Model"), ("x", features, "Features")]), round=1
    )["record_id"]
    report = save(
        producer, {"json": 4}, "Report",
        made("predict", [("model", trained, "Model"), ("x", features, "Features")], output_num=1), round=1,
    )["record_id"]  # fmt: skip
    return {
        "snapshot": f"snapshot:{snapshot}", "images": usable, "features": features, "model": trained, "scores": scores,
        "report": report,
    }  # fmt: skip


def test_a_model_leads_back_to_its_run(producer, model):
    graph = producer.connection.call("lineage.upstream", {"record_id": model["model"]})
    nodes = {node["record_id"]: node for node in graph["records"]}
    kinds = [node["output_type"] for node in graph["records"]]
    assert sorted(set(kinds), key=kinds.index) == ["Model", "Features", "snapshot", "image", "frame", "episode", "run"]
    assert nodes[model["snapshot"]]["details"]["train"] + nodes[model["snapshot"]]["details"]["val"] == 4
    for id in model["images"]:
        details = nodes[f"image:{id}"]["details"]
        assert details["labels"] == {"biopsy_tool": 1} and details["split"] in ("train", "val") and details["labeled_at"] > 0
    frame = nodes[f"h5://pong-1/frames/{(model['images'][0] - 1) % 3}"]
    assert frame["details"]["episode_id"] == "pong-1/0"
    assert nodes["episode:pong-1/0"]["details"]["total_reward"] == 3 and nodes["run:pong-1"]["details"]["status"] == "running"
    edges = {(edge["from"], edge["to"]) for edge in graph["edges"]}
    assert {(model["snapshot"], model["features"]), ("episode:pong-1/0", frame["record_id"]), ("run:pong-1", "episode:pong-1/0")} <= edges
    assert graph["is_cut"] is False


def test_a_graph_tells_the_first_images_only_and_says_so(producer, model):
    graph = producer.connection.call("lineage.upstream", {"record_id": model["model"], "fan_out": 2})
    assert [node["output_type"] for node in graph["records"]].count("image") == 2 and graph["is_cut"] is True


def test_labels_of_a_snapshot_are_those_of_then_and_of_held_out_images_none(producer, model):
    connection = producer.connection
    connection.call("labels.set", {"id": model["images"][0], "labels": {"biopsy_tool": 0}, "annotator": "ada"})
    graph = connection.call("lineage.upstream", {"record_id": model["snapshot"]})
    node = next(node for node in graph["records"] if node["record_id"] == f"image:{model['images'][0]}")
    assert node["details"]["labels"] == {"biopsy_tool": 1}
    held_out = connection.call("holdout.next", {"annotator": "ada"})["images"][0]["id"]
    connection.call("labels.set", {"id": held_out, "labels": {"biopsy_tool": 1}, "annotator": "ada"})
    details = connection.call("lineage.get", {"record_id": f"image:{held_out}"})["details"]
    assert details["split"] == "test" and details["labeled_at"] is None and "labels" not in details


def test_what_was_made_of_a_snapshot_is_found(producer, model):
    down = producer.connection.call("lineage.downstream", {"record_id": model["snapshot"]})["records"]
    assert {node["record_id"] for node in down[1:]} == {model["features"], model["model"], model["scores"], model["report"]}
    nothing = {
        "snapshot:nothing": "there is no snapshot",
        "image:0": "there is no image",
        "run:nothing": "there is no run",
        "h5://x": "there is no frame",
        "h5://nothing/frames/0": "there is no frame",
        "0" * 16: "nothing is known of a record",
    }
    for unknown, words in nothing.items():
        with pytest.raises(RpcError, match=words):
            producer.connection.call("lineage.downstream", {"record_id": unknown})


def exported(producer, record, format, **params):
    return producer.connection.call("lineage.export", {"record_id": record, "format": format} | params)


def test_prov_json_names_everything_that_it_relates(producer, model):
    result = exported(producer, model["scores"], "prov-json", direction="both")
    assert result["media_type"] == "application/json" and result["filename"].endswith(".prov.json") and not result["is_cut"]
    document = json.loads(result["text"])
    names = {**document["entity"], **document["activity"], **document["agent"]}
    pattern = re.compile(r"holdfast:(record|call|user)-([A-Za-z0-9_-]|%[0-9A-F]{2})+")
    assert all(pattern.fullmatch(name) for name in names)
    for kind in ("used", "wasGeneratedBy", "wasDerivedFrom", "wasAssociatedWith"):
        for relation in document[kind].values():
            ends = {key: value for key, value in relation.items() if key != "prov:role"}
            assert set(ends.values()) <= names.keys(), f"{kind}: {relation}"
    activities = {activity["prov:label"]: activity for activity in document["activity"].values()}
    assert activities.keys() == {"features", "train", "predict"}
    times = [activities["features"][key] for key in ("prov:startTime", "prov:endTime")]
    assert all(datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) for time in times)
    assert times[0].startswith("2026-11-28T")


def test_open_lineage_has_an_event_for_each_call_with_all_its_outputs(producer, model):
    result = exported(producer, model["scores"], "openlineage", direction="both")
    events = [json.loads(line) for line in result["text"].splitlines()]
    assert [event["job"]["name"] for event in events][:2] == ["features", "train"]
    for event in events:
        assert event["eventType"] == "COMPLETE" and uuid.UUID(event["run"]["runId"]).version == 8
        for dataset in event["inputs"] + event["outputs"]:
            assert dataset["namespace"] and dataset["name"] and dataset["facets"]["version"]["datasetVersion"]
    both = exported(producer, model["model"], "openlineage", direction="downstream")["text"].splitlines()
    outputs = [output["name"] for line in both for output in json.loads(line)["outputs"]]
    assert sorted(outputs) == ['Model{"round":1}', 'Report{"round":1}', 'Scores "all"{"round":1}'] and len(both) == 2


def test_pictures_of_lineage_escape_what_they_quote(producer, model):
    mermaid = exported(producer, model["scores"], "mermaid")["text"]
    assert mermaid.startswith("flowchart TD\n") and 'Scores #34;all#34;<br>round=1' in mermaid
    dot = exported(producer, model["scores"], "dot")["text"]
    assert 'label="Scores \\"all\\"\\nround=1' in dot and dot.count("{") == dot.count("}") == 1
    if shutil.which("dot"):
        drawn = subprocess.run(["dot", "-Tsvg"], input=dot, capture_output=True, text=True, timeout=60)
        assert drawn.returncode == 0 and drawn.stderr == "" and "</svg>" in drawn.stdout


def test_exports_are_files_over_http_and_on_the_command_line(server, producer, model, binary, tmp_path):
    text = exported(producer, model["scores"], "dot", depth=1)["text"]
    status, headers, body = server.get(f"/exports/lineage/{model['scores']}?format=dot&depth=1")
    assert status == 200 and body.decode() == text
    assert headers["content-disposition"] == f'attachment; filename="lineage-{model["scores"]}.dot"'
    assert server.get(f"/exports/lineage/{model['scores']}?format=svg")[0] == 400
    assert server.get(f"/exports/lineage/{'0' * 16}")[0] == 404
    assert server.get(f"/exports/lineage/{model['snapshot'].replace(':', '%3A')}?format=mermaid")[0] == 200
    target = ["--format", "dot", "--depth", "1", "--server", f"{server.tcp[0]}:{server.tcp[1]}"]
    run = lambda *more: subprocess.run(  # noqa: E731
        [binary, "export", "lineage", model["scores"], *target, *more],
        capture_output=True, text=True, env=environment(), timeout=60,
    )  # fmt: skip
    assert run().stdout == text
    assert run("--out", tmp_path / "lineage.dot").returncode == 0 and (tmp_path / "lineage.dot").read_text() == text
