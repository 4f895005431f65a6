"""kill -9 at random moments during ingest: nothing acknowledged is lost, nothing is stored twice."""

import contextlib
import dataclasses
import random
import sqlite3
import time
import uuid

import h5py
import numpy
import pytest

from replay import assert_same_arrays, refs
from wire import Closed, Connection, RpcError

BATCH = 4
WINDOW = 24


@dataclasses.dataclass
class Trainer:
    """Sends batches of real steps for as long as the server lives and remembers what was acknowledged."""

    recording: object
    producer: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    acknowledged: int = 0
    results: dict = dataclasses.field(default_factory=dict)

    def request(self, seq):
        """Batch `seq`: the recording over and over; each round of it has episodes of its own."""
        rounds, at = divmod((seq - 1) * BATCH, len(self.recording))
        columns = self.recording.columns(slice(at, at + BATCH), prefix=f"{rounds}/")
        columns["observation"] = columns["observation"][..., 3]
        return {"run_id": "crash", "count": BATCH, "columns": columns, "producer": self.producer, "seq": seq}

    def row(self, k):
        return k % len(self.recording)

    def train(self, connection, kill, moment):
        """Keeps WINDOW requests in flight, calls `kill` after `moment` seconds, reads until the stream ends."""
        deadline, killed = time.monotonic() + moment, False
        sent, seqs = self.acknowledged, {}
        with contextlib.suppress(Closed, BrokenPipeError, ConnectionResetError):
            while True:
                while not killed and sent - self.acknowledged < WINDOW and time.monotonic() < deadline:
                    sent += 1
                    seqs[connection.send("steps.append", self.request(sent))] = sent
                if not killed and time.monotonic() >= deadline:
                    kill()
                    killed = True
                self.take(connection, seqs, deadline, killed)
        assert killed, "the server closed the connection before it was killed"
        return sent

    def take(self, connection, seqs, deadline, killed):
        """One acknowledgement; before the kill at most until the deadline."""
        patience = connection.socket.gettimeout()
        connection.socket.settimeout(10 if killed else max(0.001, deadline - time.monotonic()))
        try:
            message = connection.receive()
        except TimeoutError:
            assert not killed, "the stream of a killed server must end"
            return
        finally:
            # The deadline is for waiting only: what is being sent may take a busy server longer.
            connection.socket.settimeout(patience)
        self.note(seqs[message["id"]], message)

    def note(self, seq, message):
        assert "result" in message, f"batch {seq} was refused: {message}"
        assert seq == self.acknowledged + 1, "acknowledgements come in order"
        result = message["result"]
        assert result["stored"] == BATCH and result["first_index"] == (seq - 1) * BATCH, f"batch {seq}: {result}"
        self.acknowledged = seq

    def resend(self, connection, sent, last_seq):
        """Sends again what was not acknowledged; only what the server already had is a duplicate."""
        ids = {
            connection.send("steps.append", self.request(seq)): seq for seq in range(self.acknowledged + 1, sent + 1)
        }
        for id, seq in ids.items():
            result = connection.wait(id)
            assert result.get("duplicate", False) == (seq <= last_seq), f"batch {seq}, last_seq {last_seq}: {result}"
            self.note(seq, {"result": result})


def check_rows(connection, trainer, rows):
    """The arrays of these rows, bit for bit, through their references."""
    for dataset, source in (
        ("frames", trainer.recording.frames),
        ("observations", trainer.recording.observations[..., 3]),
    ):
        found = connection.call("frames.resolve", {"refs": refs("crash", dataset, rows), "stack": True})["frames"]
        assert_same_arrays(found, source[[trainer.row(k) for k in rows]], f"{dataset} {rows[0]}…{rows[-1]}")


def check_table(server, trainer, at_least):
    """Every acknowledged step is a row, once, with its own references."""
    with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        stored = database.execute(
            "SELECT episode_id, step_index, action, reward, frame_ref, obs_ref FROM steps"
            " ORDER BY CAST(substr(frame_ref, length('h5://crash/frames/') + 1) AS INTEGER)"
        ).fetchall()
    assert len(stored) >= at_least, f"{at_least} acknowledged steps, {len(stored)} in the table"
    size = len(trainer.recording)
    for k, (episode, index, action, reward, frame_ref, obs_ref) in enumerate(stored):
        at = trainer.row(k)
        assert (episode, index) == (f"{k // size}/{trainer.recording.episodes[at]}", trainer.recording.indices[at])
        assert (action, reward) == (trainer.recording.actions[at], trainer.recording.rewards[at])
        assert (frame_ref, obs_ref) == (f"h5://crash/frames/{k}", f"h5://crash/observations/{k}")
    return len(stored)


def check_file(server, trainer, rows):
    """Plain h5py opens the file that the killed server left and finds the acknowledged rows."""
    if not rows:
        return
    with h5py.File(server.run_file("crash"), "r", libver="latest", swmr=True) as file:
        assert len(file["frames"]) >= rows[-1] + 1
        found = file["frames"][rows[0] : rows[-1] + 1]
    assert_same_arrays(found, trainer.recording.frames[[trainer.row(k) for k in rows]], "frames read by h5py")


def check_references(connection):
    try:
        result = connection.call("refs.validate", {"run_id": "crash"})
    except RpcError as error:
        if error.code == -32601:
            return
        raise
    assert result["missing"] == [] and result["unreferenced"] == 0, f"refs.validate: {result}"


@pytest.mark.timeout(3000)
def test_nothing_acknowledged_is_lost_and_nothing_doubled_over_many_kills(make_server, recording, is_long):
    dice, trainer = random.Random(11), Trainer(recording)
    server = make_server()
    with server.connect() as connection:
        connection.call("runs.start", {"run_id": "crash"})
    for round in range(250 if is_long else 25):
        before = trainer.acknowledged
        with Connection(server.tcp, producer=trainer.producer) as connection:
            sent = trainer.train(connection, server.kill, dice.uniform(0.02, 0.5))
        fresh = list(range(before * BATCH, trainer.acknowledged * BATCH))
        check_file(server, trainer, fresh[-64:])
        server.start()
        with Connection(server.tcp, producer=trainer.producer) as connection:
            last_seq = connection.welcome["producer"]["last_seq"]
            assert trainer.acknowledged <= last_seq <= sent, (
                f"round {round}: {trainer.acknowledged}, {last_seq}, {sent}"
            )
            stored = check_table(server, trainer, trainer.acknowledged * BATCH)
            assert stored == last_seq * BATCH, f"round {round}: last_seq {last_seq}, {stored} steps"
            assert connection.call("runs.start", {"run_id": "crash"})["resumed"] is True
            trainer.resend(connection, sent, last_seq)
            total = trainer.acknowledged * BATCH
            if total:
                check_rows(connection, trainer, [dice.randrange(total) for _ in range(32)] + fresh[-64:])
            check_references(connection)
    assert trainer.acknowledged > 100, f"only {trainer.acknowledged} batches came through: the rounds prove little"
    with server.connect() as connection:
        total = check_table(server, trainer, trainer.acknowledged * BATCH)
        assert total == trainer.acknowledged * BATCH
        for at in range(0, total, 256):
            check_rows(connection, trainer, list(range(at, min(at + 256, total))))
    server.stop()
    with h5py.File(server.run_file("crash"), "r") as file:
        assert len(file["frames"]) == len(file["rewards"]) == total
        expected = numpy.resize(recording.rewards, total)
        assert_same_arrays(file["rewards"][:], expected, "/rewards after all rounds")


def test_a_run_resumes_after_a_kill_in_each_compression(make_server, recording):
    server = make_server()
    step = {name: recording.row(0)[name] for name in ("frame", "observation")}
    with server.connect() as connection:
        for compression in ("none", "gzip-1", "lzf"):
            connection.call("runs.start", {"run_id": compression, "compression": compression})
            rows = [recording.row(k, prefix=compression) for k in range(5)]
            params = {"run_id": compression, "steps": rows, "producer": str(uuid.uuid4()), "seq": 1}
            connection.call("steps.append", params)
    server.kill()
    server.start()
    with server.connect() as connection:
        for compression in ("none", "gzip-1", "lzf"):
            connection.call("runs.start", {"run_id": compression, "compression": compression})
            rows = [recording.row(5, prefix=compression) | step]
            params = {"run_id": compression, "steps": rows, "producer": str(uuid.uuid4()), "seq": 1}
            assert connection.call("steps.append", params)["first_index"] == 5
            found = connection.call("frames.resolve", {"refs": refs(compression, "frames", range(6)), "stack": True})
            assert_same_arrays(found["frames"], recording.frames[[0, 1, 2, 3, 4, 0]], compression)


def test_metrics_and_labels_survive_a_kill(make_server):
    server, producer = make_server(), str(uuid.uuid4())
    rows = [{"table": "training_metrics", "metric_name": "loss", "metric_value": 0.25, "step": 3}]
    with server.connect() as connection:
        connection.call("metrics.append", {"rows": rows, "producer": producer, "seq": 1})
        images = [{"filename": "image_001.dcm", "image": numpy.eye(8, dtype=numpy.uint8)}]
        connection.call("images.insert", {"images": images, "producer": producer, "seq": 2})
        labeled = connection.call("labels.set", {"id": 1, "labels": {"mag_view": 1}})
    server.kill()
    server.start()
    with server.connect(producer=producer) as connection:
        assert connection.welcome["producer"]["last_seq"] == 2
        [row] = connection.call("metrics.query", {"table": "training_metrics"})["rows"]
        assert (row["metric_value"], row["step"]) == (0.25, 3)
        assert connection.call("labels.stats")["labels"]["mag_view"] == {"labeled": 1, "yes": 1}
        again = connection.call("labels.set", {"id": 1, "labels": {"biopsy_tool": 0}})
        assert again["split"] == labeled["split"]
        assert server.get("/thumbnails/1.png")[0] == 200
