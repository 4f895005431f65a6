"""Fills a server so that every table of its database has rows, and asks for all of it.

    HOLDFAST_SPOOL=… python every_table.py BINARY ARCHIVE

makes an archive of such a data directory with the answers of that version, which later versions must still give:
tests of upgrades open it (old_data/, test_upgrade.py). What a version has no method for is left out.
"""

import json
import pathlib
import shutil
import sys
import tarfile
import tempfile

import numpy

from server import Server
from wire import RpcError, encode

PRODUCER = "0b5f6f0e-5d0c-4c0a-9d8e-2f4b6a7c8d90"
#: Of answers: what says when they were given.
VOLATILE = {"uptime", "heartbeat_at", "session", "today", "per_hour", "resources", "disk_free_bytes", "database_bytes"}
#: Written by the server when something is deleted or evicted, or when it is at work.
EMPTY = {"metric_ids", "variable_quarantine", "lineage_leases", "lineage_earlier"}


class Caller:
    """Calls methods over HTTP; what is not there yet is passed over."""

    def __init__(self, server):
        self.server, self.seq = server, 0

    def __call__(self, method, **params):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": encode(params, None)}
        code, _, content = self.server.request("POST", "/rpc", json.dumps(body), {"Content-Type": "application/json"})
        answer = json.loads(content)
        assert code == 200, answer
        if "error" in answer:
            error = RpcError(answer["error"])
            if error.kind in ("method_not_found", "unknown_table"):
                return None
            raise error
        return answer["result"]

    def ingest(self, method, **params):
        self.seq += 1
        result = self(method, producer=PRODUCER, seq=self.seq, **params)
        if result is None:
            self.seq -= 1
        return result


def fill(call):
    _runs(call)
    _metrics(call)
    _labels(call)
    _lineage(call)


def _runs(call):
    rng = numpy.random.default_rng(1)
    for run, compression in (("first", "lzf"), ("second", "gzip-4"), ("deleted", "none")):
        call.ingest("runs.start", run_id=run, compression=compression, config={"lr": 0.001}, tags=["old", run])
        steps = [
            {
                "episode_id": f"{run}/{k // 4}", "step_index": k % 4, "reward": k / 4, "timestamp": 1.7e9 + k,
                "terminated": k % 4 == 3, "truncated": False, "info": {"lives": k}, "agent_id": "a", "worker_id": "w",
                "action": k if run == "first" else rng.random(2),
                "frame": rng.integers(0, 256, (6, 5, 3), numpy.uint8), "observation": {"pose": rng.random(3)},
            }
            for k in range(8)
        ]  # fmt: skip
        call.ingest("steps.append", run_id=run, steps=steps)
        call.ingest("episodes.finish", run_id=run, episode_id=f"{run}/1", metadata={"note": "kept"})
        call.ingest("runs.finish", run_id=run, status="finished")
    call("runs.seal", run_id="second")
    call("runs.delete", run_id="deleted")


def _metrics(call):
    training = [
        {"table": "training_metrics", "metric_name": name, "metric_value": value, "timestamp": 1.7e9 + k, "step": k,
         "epoch_number": k // 100, "round_number": 0, "phase": "train"}
        for name in ("loss", "return")
        for k, value in enumerate([0.5, "NaN", "-Infinity"] + [k / 8 for k in range(400)])
    ]  # fmt: skip
    call.ingest("metrics.append", run_id="first", rows=training)
    call.ingest("metrics.append", rows=[training[0] | {"phase": None}])
    others = [
        {"table": "resource_metrics", "metric_type": "cpu", "metric_name": "system_total", "value": 12.5, "unit": "%",
         "hostname": "lab", "process_id": 7, "timestamp": 1.7e9},
        {"table": "generation_metrics", "operation": "render", "duration_seconds": 1.5, "samples_generated": 10,
         "memory_used_mb": 3.5, "round_number": 1, "chunk_number": 2, "process_id": 7, "timestamp": 1.7e9},
    ]  # fmt: skip
    call.ingest("metrics.append", run_id="first", rows=others)


def _labels(call):
    rng = numpy.random.default_rng(2)
    images = [
        {"filename": f"image_{k:03}.dcm", "study_id": f"study_{k // 3}", "frame_number": k,
         "image": rng.integers(0, 256, (8, 8), numpy.uint8)}
        for k in range(60)
    ]  # fmt: skip
    call.ingest("images.insert", images=images)
    held = [image["id"] for image in call("holdout.next", limit=100, annotator="ada")["images"]]
    call("labels.release", annotator="ada", ids=held[-1:])
    for k, image in enumerate(held[:-1]):
        call("labels.set", id=image, labels={"mag_view": k % 2}, annotator="ada", event_id=f"held-{image}")
    call("holdout.next", limit=1, annotator="bob")
    scores = [{"id": image, "confidence": 0.25 + 0.5 * (k % 2)} for k, image in enumerate(held)]
    call("holdout.evaluate", label="mag_view", predictions=scores, reason="baseline")
    asked = call("labels.next", limit=20, annotator="ada", seed=1)["images"]
    for k, image in enumerate(asked):
        labels = {"mag_view": k % 2, "biopsy_tool": k % 3 == 0 or None}
        call("labels.set", id=image["id"], labels={name: value and int(value) for name, value in labels.items()},
             annotator="ada", time_spent=1.5)  # fmt: skip
    for image in asked[:6]:
        call("labels.set", id=image["id"], labels={"mag_view": 1}, annotator="bob", opinion=True)
    rest = [row["id"] for row in call("labels.list", labeled=False, limit=1000)["images"]]
    call("labels.set", id=rest[0], labels={}, outcome="unsure", annotator="ada")
    call("labels.skip", id=rest[1], annotator="ada")
    call("labels.set", id=rest[2], labels={"mag_view": 1}, annotator="ada")
    call("labels.undo", annotator="ada")
    confident = [{"id": image, "confidence": {"mag_view": 0.75, "biopsy_tool": 0.125}} for image in rest[3:20]]
    call("labels.update_predictions", predictions=confident)
    scores = [{"id": image["id"], "confidence": {"mag_view": k / 20}} for k, image in enumerate(asked)]
    call("labels.update_scores", scores=scores)
    call("snapshots.create", note="first")


def _lineage(call):
    call("variables.schema", keys=[{"name": "subject", "type": "integer"}, {"name": "session", "type": "string"}])
    large = numpy.arange(20_000) / 8
    where = {"subject": 1, "session": "A"}
    saved = call.ingest("variables.save", variable="Raw", metadata=where, value=large)
    if saved is None:
        return
    call.ingest("variables.save", variable="Small", metadata=where | {"rate": 100}, value={"json": {"a": [1, 2]}})
    made = {
        "function_name": "bandpass", "function_hash": "f" * 64, "lineage_hash": "a" * 64, "run_id": "first",
        "inputs": [{"name": "signal", "record_id": saved["record_id"], "type": "Raw"}],
        "constants": [20, {"function": "bandpass", "parts": {"window": "c" * 64}}],
    }  # fmt: skip
    filtered = {"variable": "Filtered", "metadata": where, "value": large[:10], "lineage": made}
    call.ingest("variables.save", **filtered)
    call.ingest("variables.save", variable="Raw", metadata=where, value=large[::-1].copy())


def questions(call):
    """The methods that read what `fill` has stored, with their parameters."""
    runs = ["first", "second"]
    yield "runs.list", {}
    yield "episodes.list", {}
    for run in runs:
        yield "runs.get", {"run_id": run}
        yield "refs.validate", {"run_id": run}
        for episode in (f"{run}/0", f"{run}/1"):
            yield "episodes.get", {"episode_id": episode}
            yield "episodes.steps", {"episode_id": episode, "arrays": ["frame", "observation"]}
        yield "frames.resolve", {"refs": [f"h5://{run}/{name}/{k}" for name in ("frames", "actions") for k in range(2)]}
    for table in ("training_metrics", "resource_metrics", "generation_metrics"):
        yield "metrics.query", {"table": table, "limit": 1000}
    for name in ("loss", "return"):
        asked = {"table": "training_metrics", "metric_name": name, "run_ids": ["first"], "x": "step", "max_points": 10}
        yield "metrics.series", asked
    for method in ("labels.list", "labels.train_val"):
        yield method, {"limit": 1000}
    for method in ("labels.agreement", "labels.disagreements", "labels.issues", "labels.calibration"):
        yield method, {"label": "mag_view"}
    yield "labels.stats", {}
    yield "holdout.images", {"limit": 1000}
    yield "holdout.ledger", {}
    yield "snapshots.list", {}
    for snapshot in call("snapshots.list")["snapshots"]:
        yield "snapshots.get", {"snapshot_id": snapshot["snapshot_id"]}
    yield "variables.schema", {}
    yield "variables.list", {}
    for variable in ("Raw", "Small", "Filtered"):
        yield "variables.load", {"variable": variable}
        yield "variables.versions", {"variable": variable}
    versions = (call("variables.versions", variable="Filtered") or {"versions": []})["versions"]
    for version in versions:
        for method in ("lineage.get", "lineage.upstream"):
            yield method, {"record_id": version["record_id"]}


def answers(call):
    """What the server says to all questions that it understands."""
    found = []
    for method, params in questions(call):
        answer = call(method, **params)
        if answer is not None:
            found.append({"method": method, "params": params, "answer": answer})
    return found


def make(binary, archive):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        server = Server(binary, folder / "data").start()
        try:
            fill(Caller(server))
            (folder / "answers.json").write_text(json.dumps(answers(Caller(server)), sort_keys=True))
            server.stop()
        finally:
            server.clean_up()
        for leftover in ("holdfast.lock", "telemetry/telemetry.sqlite-shm", "telemetry/telemetry.sqlite-wal"):
            (folder / "data" / leftover).unlink(missing_ok=True)
        with tarfile.open(archive, "w:xz") as file:
            for name in ("answers.json", "data"):
                file.add(folder / name, name, filter=_anonymous)


def _anonymous(member):
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    make(shutil.which(sys.argv[1]), sys.argv[2])
