"""The examples, with a small budget."""

import re
import subprocess
import sys

import numpy
import pytest

import holdfast
from conftest import CLIENT
from programs import environment


def start(name, spool, *arguments):
    return subprocess.run(
        [sys.executable, CLIENT / "examples" / name, *map(str, arguments)],
        env=environment(CLIENT, HOLDFAST_SPOOL=str(spool)),
        capture_output=True,
        text=True,
        timeout=100,
    )


def example(name, spool, *arguments):
    done = start(name, spool, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_agent_learns_pong_and_everything_is_recorded(address, client, spool):
    told = example(
        "atari_reinforce.py", spool, "--server", address, "--run", "pong", "--episodes", 4, "--steps", 120, "--every", 2
    )
    assert "2 episodes recorded" in told and "uint8 (16, 210, 160, 3)" in told
    assert client.runs.get("pong")["status"] == "finished" and client.runs.get("pong")["steps"] == 240
    assert client.metrics.columns(run_id="pong", metric_name="return").rows == 4
    assert client.metrics.summary("pong")["generation_metrics_count"] == 4
    assert list(spool.iterdir()) == []


def test_an_oracle_teaches_eights(make_server, spool):
    server = make_server("--labels", "is_eight")
    told = example("active_learning.py", spool, "--server", server.ready["tcp"], "--rounds", 5, "--images", 600)
    scores = [float(score) for score in re.findall(r"AUC ([\d.]+)", told)]
    assert len(scores) == 5 and max(scores[2:]) > max(0.9, scores[0] - 0.02), told
    with holdfast.Client(server.ready["tcp"]) as client:
        assert len(list(client.holdout.ledger())) == 5 and len(list(client.snapshots.list())) == 1


def test_a_pipeline_runs_what_labels_concern_and_nothing_else(make_server, spool):
    server = make_server("--labels", "is_eight")
    told = example("pipeline.py", spool, "--server", server.ready["tcp"], "--images", 400)
    first, again, after = re.split(r"(?m)^(?:again|after)", told)
    assert len(re.findall(r"(?m)^  \w+ +ran", first)) == 3
    assert len(re.findall(r"(?m)^  \w+ +hit", again)) == 3
    assert re.findall(r"(?m)^  (\w+) +(hit|ran)", after) == [("features", "hit"), ("train", "ran"), ("predict", "ran")]
    assert "input: snapshot changed" in after
    record = re.search(r"record=(\w{16})", after)[1]
    with holdfast.Client(server.ready["tcp"]) as client:
        kinds = {node["output_type"] for node in client.lineage.upstream(record)["records"]}
        assert {"Predictions", "Model", "Features", "Pixels", "snapshot", "image", "frame"} <= kinds


@pytest.mark.parametrize("name", ["active_learning.py", "pipeline.py"])
def test_a_server_without_the_label_gets_no_image_and_the_user_one_line(name, make_server, spool):
    server = make_server("--labels", "other")
    done = start(name, spool, "--server", server.ready["tcp"])
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "no label is_eight" in done.stderr and "serve --data DIR --labels is_eight" in done.stderr
    with holdfast.Client(server.ready["tcp"]) as client:
        assert client.labels.stats()["progress"]["other"]["open"] == 0


@pytest.mark.parametrize("name", ["active_learning.py", "pipeline.py"])
def test_a_server_with_images_that_the_oracle_does_not_know_is_named(name, make_server, spool):
    server = make_server("--labels", "is_eight")
    with holdfast.Client(server.ready["tcp"]) as client:
        client.images.insert({"unknown.png": numpy.zeros((8, 8), numpy.uint8)})
    done = start(name, spool, "--server", server.ready["tcp"], "--images", 20)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"{name}: this server has other images; start another, DIR being new: holdfast serve")


def test_without_a_server_the_user_gets_one_line(spool):
    done = start("pipeline.py", spool, "--server", "127.0.0.1:1")
    assert done.returncode == 1 and re.fullmatch(r"pipeline\.py: no connection to the server at 127\.0\.0\.1:1.*\n", done.stderr)
