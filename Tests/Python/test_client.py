"""Calls: every method, arrays both ways, connections that break, and writes that are done once."""

import csv
import io
import math
import os
import re
import signal
import socket
import threading
from pathlib import Path

import numpy
import pytest

import holdfast
from holdfast import Array, HoldfastError, ServerError, calls
from waiting import pause

ROOT = Path(__file__).resolve().parent.parent.parent
LABEL = "biopsy_tool"


def frames(count, size=6):
    return numpy.arange(count * size * size, dtype=numpy.uint8).reshape(count, size, size)


def test_every_method_of_the_protocol_has_a_function():
    """By the headings of the manual."""
    manual = (ROOT / "Client" / "PROTOCOL.md").read_text()
    methods = set(re.findall(r"^### ([a-z]+\.[a-z_]+)$", manual, re.M))
    source = "".join(path.read_text() for path in Path(calls.__file__).parent.glob("*.py"))
    missing = {method for method in methods if f'"{method}"' not in source}
    assert len(methods) > 40 and not missing, missing


def test_labels_are_imported_as_columns(client):
    client.images.insert([{"filename": "known.png"}])
    columns = {LABEL: [None, 1], "mag_view": [None, 0]}
    result = client.labels.import_columns(["known.png", "new.png"], columns, study_ids=["a", "b"], annotator="ada")
    assert result == {"inserted": 1, "labeled": 1, "unchanged": 1, "held_out": 0, "rejected": []}
    assert [row["study_id"] for row in client.labels.all(where={LABEL: 1})] == ["b"]


def test_any_method_can_be_called_by_its_name(client):
    assert abs(client.call("server.ping")["time"] - client.server.ping()["time"]) < 5
    assert client.server_version.startswith("holdfast/")
    with pytest.raises(ServerError) as refused:
        client.call("no.such")
    assert refused.value.kind == "method_not_found" and refused.value.code == -32601


def test_errors_say_what_is_wrong(client):
    with pytest.raises(ServerError) as refused:
        client.runs.get("nope")
    assert refused.value.kind == "not_found" and refused.value.final and "nope" in str(refused.value)
    with pytest.raises(HoldfastError, match="type object"):
        client.runs.start("r", config={"x": object()})
    with pytest.raises(HoldfastError, match="no connection"):
        holdfast.Client("127.0.0.1:1").server.ping()


ANSWERS = {
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n",
    "SMTP": b"220 mail.example ESMTP\r\n",
    "TLS": bytes.fromhex("15030300020228"),
    "nothing": bytes(4),
    "a list": b"\0\0\0\2[]",
    "no JSON": b"\0\0\0\4nope",
    "another object": b"\0\0\0\2{}",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_is_no_server_is_told_from_one_that_is_down(answer):
    def serve():
        connection, _ = stranger.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(ANSWERS[answer])

    with socket.create_server(("127.0.0.1", 0)) as stranger:
        thread = threading.Thread(target=serve)
        thread.start()
        address = "127.0.0.1:{}".format(stranger.getsockname()[1])
        with holdfast.Client(address, timeout=10) as client, pytest.raises(HoldfastError) as refused:
            client.server.ping()
        thread.join()
    assert refused.value.code == "protocol_violation"
    assert refused.value.message.startswith(f"{address} does not speak the protocol; is it the HTTP door? ")


def test_arrays_go_both_ways(client):
    client.runs.start("r", compression="none")
    rows = [
        {"episode_id": "r/0", "step_index": k, "reward": math.inf if k else 0.5, "terminated": False, "truncated": False,
         "frame": frame, "observation": {"x": numpy.float32(k), "y": numpy.asfortranarray(frame.astype(numpy.int64))}}
        for k, frame in enumerate(frames(3))
    ]  # fmt: skip
    assert client.steps.append("r", rows) == {"stored": 3, "first_index": 0}
    page = client.episodes.steps(run_id="r", arrays=["frame", "observation"])
    assert numpy.array_equal(page["frame"], frames(3)) and page["frame"].flags.writeable
    assert page["observation"]["y"].dtype == numpy.int64 and numpy.array_equal(page["observation"]["y"], frames(3))
    assert page["steps"][1]["reward"] == "Infinity"
    found = client.resolve(["h5://r/frames/2", "h5://r/frames/9"], missing="null")
    assert numpy.array_equal(found[0], frames(3)[2]) and found[1] is None
    assert holdfast.resolve(["h5://r/rewards/0"], server=str(client._caller.address))[0] == 0.5


def test_answers_of_many_megabytes_come_whole(client):
    client.runs.start("r", compression="none")
    step = {"episode_id": "r/0", "step_index": 0, "reward": 0, "terminated": False, "truncated": False}
    frame = numpy.random.default_rng(1).integers(0, 256, (1024, 1024), numpy.uint8)
    client.steps.append("r", [step | {"frame": frame}])
    found = client.resolve(["h5://r/frames/0"] * 9, stack=True)
    assert found.flags.writeable and all(numpy.array_equal(one, frame) for one in found)


def test_without_numpy_arrays_are_plain(client, monkeypatch):
    import array

    client.runs.start("r")
    monkeypatch.setattr("holdfast.optional._numpy", None)
    step = {"episode_id": "r/0", "step_index": 0, "reward": 0, "terminated": False, "truncated": False}
    arrays = {"frame": Array("uint8", (2, 2), b"\1\2\3\4"), "observation": Array.of(array.array("d", [0.5]))}
    client.steps.append("r", [step | arrays])
    page = client.episodes.steps(run_id="r", arrays=["frame", "observation"])
    assert isinstance(page["frame"], Array) and page["frame"].tolist() == [[[1, 2], [3, 4]]]
    assert page["observation"].tolist() == [[0.5]]
    columns = client.episodes.columns("r")
    assert columns["steps"] == [1] and columns.rows == 1
    with pytest.raises(HoldfastError, match="without NumPy"):
        Array.of([1, 2])


def test_lists_are_read_to_their_end(client):
    for number in range(130):
        client.runs.start(f"run-{number}")
    assert len(list(client.runs.all())) == 130
    rows = [{"table": "training_metrics", "metric_name": "m", "metric_value": k} for k in range(12_000)]
    client.metrics.append(rows, "run-1")
    assert client.metrics.columns(run_id="run-1")["metric_value"].sum() == 12_000 * 11_999 / 2
    assert client.metrics.summary("run-1")["training_metrics_count"] == 12_000
    assert client.metrics.list(["run-1"])["metrics"][0]["count"] == 12_000
    assert client.metrics.series("m", ["run-1"], max_points=10)["series"][0]["count"] == 12_000
    assert client.metrics.append([{"table": "training_metrics", "metric_name": "m"}])["rejected"][0]["index"] == 0
    assert client.episodes.columns().rows == 0 and client.metrics.columns(run_id="none")["step"].size == 0


def test_the_labeling_loop(client, tmp_path):
    pictures = {f"p{k}.png": frames(60)[k] for k in range(60)}
    ids = client.images.insert(pictures, study_ids={"p1.png": "s1"})["ids"]
    assert client.images.insert([{"filename": "p0.png"}])["duplicates"] == ["p0.png"]
    held = {image["id"] for image in client.holdout.images()}
    assert 0 < len(held) < 20
    given = client.labels.next(limit=5, annotator="ada")["images"]
    assert not held & {image["id"] for image in given}
    first = given[0]["id"]
    assert client.labels.set(first, {LABEL: 1, "mag_view": None}, annotator="ada", event_id="e1")["split"] in ("train", "val")
    assert client.labels.undo(annotator="ada")["id"] == first and client.labels.get(first)["labels"][LABEL] is None
    client.labels.skip(first, annotator="ada")
    client.labels.release(annotator="ada")
    others = [id for id in ids if id not in held and id != first]
    assert client.labels.set_many({id: {LABEL: id % 2} for id in others}, annotator="ada")["rejected"] == []
    both = client.labels.train_val()
    assert sorted(row["id"] for row in both["train"] + both["val"]) == others and both["val"]
    assert {row["split"] for row in both["val"]} == {"val"}
    assert [row["id"] for row in client.labels.all(where={LABEL: 1})] == [id for id in others if id % 2]
    answer = client.labels.update_predictions([first, *held, 10**6], {LABEL: numpy.full(len(held) + 2, 0.25, numpy.float32)})
    assert answer == {"updated": 1, "skipped_labeled": 0, "skipped_holdout": len(held), "unknown": [10**6]}
    assert client.labels.update_scores(others[:2], {LABEL: [0.9, 0.1]})["updated"] == 2
    assert client.labels.stats()["labels"][LABEL]["labeled"] == len(others)
    client.labels.set(others[0], {LABEL: 1 - others[0] % 2}, annotator="bob", opinion=True)
    assert [row["image"]["id"] for row in client.labels.disagreements(LABEL)] == [others[0]]
    assert client.labels.agreement(LABEL)["disagreements"] == 1 and len(client.labels.calibration()["bins"]) == 20
    assert isinstance(list(client.labels.issues()), list)
    table = io.StringIO()
    assert client.labels.export_csv(table) == len(others) == client.labels.export_csv(str(tmp_path / "labels.csv"))
    rows = list(csv.DictReader((tmp_path / "labels.csv").open()))
    assert [int(row["id"]) for row in rows] == others and rows[0]["has_" + LABEL] == str(others[0] % 2)
    assert numpy.array_equal(client.resolve([both["val"][0]["frame_ref"]])[0], pictures[both["val"][0]["filename"]])


def test_the_vault_and_snapshots(client):
    client.images.insert({f"p{k}.png": frame for k, frame in enumerate(frames(60))})
    held = client.holdout.next(limit=50, annotator="ada")["images"]
    client.labels.set_many({image["id"]: {LABEL: number % 2} for number, image in enumerate(held)}, annotator="ada")
    confidences = {image["id"]: 0.9 if number % 2 else 0.1 for number, image in enumerate(held)}
    look = client.holdout.evaluate(LABEL, confidences, reason="baseline")
    assert look["accuracy"] == look["auc"] == 1.0 and look["n"] == len(held)
    with pytest.raises(ServerError, match="incomplete"):
        client.holdout.evaluate(LABEL, dict(list(confidences.items())[:1]), reason="peek")
    assert [look["reason"] for look in client.holdout.ledger()] == ["baseline"]
    client.labels.set_many({image["id"]: {LABEL: 1} for image in client.labels.next(limit=9)["images"]})
    snapshot = client.snapshots.create("first")
    assert len(list(client.snapshots.images(snapshot["snapshot_id"]))) == 9
    assert client.snapshots.create() == snapshot and [one["note"] for one in client.snapshots.list()] == ["first"]


def test_a_lost_connection_is_made_again(server, client):
    client.runs.start("r")
    client._caller._connection.close()
    assert client.runs.get("r")["run_id"] == "r"
    client._caller._connection._socket.shutdown(2)
    assert client.metrics.append([{"table": "training_metrics", "metric_name": "m", "metric_value": 1}], "r")["stored"] == 1
    assert client.metrics.summary("r")["training_metrics_count"] == 1


def test_writes_are_done_once_whatever_breaks(make_server):
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = make_server("--tcp", f"127.0.0.1:{port}")
    client = holdfast.Client(server.ready["tcp"], timeout=20)
    client.runs.start("r")
    stop = threading.Event()

    def break_often():
        while not stop.wait(0.05):
            connection = client._caller._connection
            try:
                connection._socket.shutdown(2)
            except (AttributeError, OSError):
                pass

    breaker = threading.Thread(target=break_often)
    breaker.start()
    for number in range(300):
        row = {"table": "training_metrics", "metric_name": "m", "metric_value": number, "step": number}
        assert client.metrics.append([row], "r")["stored"] == 1
    stop.set()
    breaker.join()
    assert list(client.metrics.columns(run_id="r")["step"]) == list(range(300))


def test_a_write_without_an_answer_gives_its_number_to_no_other(server, address):
    client = holdfast.Client(address, timeout=0.5)
    client.runs.start("r")
    server.process.send_signal(signal.SIGSTOP)
    with pytest.raises(HoldfastError, match="not answered"):
        client.runs.start("lost")
    server.process.send_signal(signal.SIGCONT)
    pause(0.1)
    assert client.runs.start("second") == {"run_id": "second", "resumed": False}


def test_threads_and_forks_share_a_client(client):
    def work(number):
        for _ in range(50):
            assert client.runs.start(f"run-{number}")["run_id"] == f"run-{number}"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    child = os.fork()
    if child == 0:
        work(7)
        os._exit(0)
    work(8)
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(client.runs.all())) == 7


def test_what_is_too_large_is_refused_here(client):
    with pytest.raises(HoldfastError, match="send less") as refused:
        client.call("frames.resolve", {"refs": ["h5://r/frames/0" * 100] * 20_000})
    assert refused.value.code == "too_large"


def test_tokens_are_given_out_and_taken_back(client, server):
    boss = client.tokens.create("boss", ["admin", "read"])["token"]
    address = "{}:{}".format(*server.tcp)
    with holdfast.Client(address, token=boss) as admin:
        assert admin.tokens.create("reader", ["read"])["roles"] == ["read"]
        assert admin.tokens.revoke("reader") == {"name": "reader"}
        assert [token["name"] for token in admin.tokens.list()["tokens"]] == ["boss", "reader"]
        events = [entry["event"] for entry in admin.audit.all()]
        assert events[0] == "tokens.revoke" and admin.audit.list(limit=1)["entries"][0]["note"] == "reader"
