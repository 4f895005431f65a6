"""kill -9 at any moment: nothing acknowledged is lost, nothing is stored twice, and the server always starts again."""

import contextlib
import random
import shutil
import sqlite3
import subprocess
import time
import uuid

import h5py
import numpy
import pytest

from load import KINDS, RUNS, Trainer
from replay import assert_same_arrays, refs, send_columns, start
from server import environment
from waiting import eventually
from wire import Connection, Producer, RpcError


def check_whole(server, connection, *runs):
    """No reference without an array, no array without a row, no array that can't be read."""
    for run in runs:
        result = connection.call("refs.validate", {"run_id": run})
        assert result["missing"] == [] == result["problems"] and result["unreferenced"] == 0, f"{run}: {result}"
    command = [server.binary, "verify", "--server", "{}:{}".format(*server.tcp)]
    verified = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=600)
    assert verified.returncode == 0, f"holdfast verify: {verified.stdout}{verified.stderr}"


class Ends:
    """The ways in which a server under load is made to end; each kills it in the end."""

    def __init__(self, server, dice):
        self.server, self.dice = server, dice

    def while_it_writes(self):
        self.server.kill()

    def while_it_closes(self):
        """After SIGTERM; a server that was faster has closed everything."""
        self.server.process.terminate()
        self.within(0.4)

    def while_it_starts(self):
        """Several times while it repairs what a kill under load has left."""
        self.server.kill()
        before = time.monotonic()
        self.server.start()
        duration = time.monotonic() - before
        self.server.kill()
        for _ in range(3):
            self.server.launch()
            self.within(duration)

    def within(self, seconds):
        """At some moment of the next seconds."""
        try:
            self.server.process.wait(self.dice.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            pass
        self.server.kill()


@pytest.mark.timeout(7200)
@pytest.mark.fault("server killed", "steps")
@pytest.mark.parametrize(
    "end, rounds",
    [
        ("while_it_writes", 25),
        ("while_it_closes", 6),
        pytest.param("while_it_starts", 6, marks=pytest.mark.fault("server killed", "start-up")),
    ],
)
def test_nothing_acknowledged_is_lost_and_nothing_doubled_over_many_kills(make_server, recording, is_long, end, rounds):
    dice, trainer = random.Random(11), Trainer(recording)
    server = make_server()
    end = getattr(Ends(server, dice), end)
    with server.connect() as connection:
        assert not any(trainer.start_runs(connection))
    rounds, torn = 10 * rounds if is_long else rounds, 0
    for round in range(rounds):
        before = trainer.acknowledged
        with Connection(server.tcp, producer=trainer.producer) as connection:
            sent = trainer.train(connection, end, dice.uniform(0.02, 0.5))
        fresh = {run: list(range(trainer.rows(run, before), trainer.rows(run, trainer.acknowledged))) for run in RUNS}
        for run in RUNS:
            torn += not trainer.check_file(server, run, fresh[run][-16:])
        server.start()
        with Connection(server.tcp, producer=trainer.producer) as connection:
            last_seq = connection.welcome["producer"]["last_seq"]
            assert trainer.acknowledged <= last_seq <= sent, f"{round}: {trainer.acknowledged}, {last_seq}, {sent}"
            for run in RUNS:
                assert trainer.check_table(server, run) == trainer.rows(run, last_seq), f"round {round}: {run}"
            assert all(trainer.start_runs(connection))
            trainer.resend(connection, sent, last_seq)
            for run in RUNS:
                if total := trainer.rows(run, trainer.acknowledged):
                    trainer.check_rows(connection, run, [dice.randrange(total) for _ in range(8)] + fresh[run][-16:])
            if round % 10 == 9:
                check_whole(server, connection, *RUNS)
    assert torn <= 1 + rounds // 50, f"plain h5py could not read {torn} files of {rounds} kills"
    assert trainer.acknowledged > 100, f"only {trainer.acknowledged} batches came through: the rounds prove little"
    with server.connect() as connection:
        for run in RUNS:
            total = trainer.rows(run, trainer.acknowledged)
            assert trainer.check_table(server, run) == total
            for at in range(0, total, 256):
                trainer.check_rows(connection, run, list(range(at, min(at + 256, total))))
        check_whole(server, connection, *RUNS)
    server.stop()
    for run, (compression, _) in KINDS.items():
        with h5py.File(server.run_file(run), "r") as file:
            total = trainer.rows(run, trainer.acknowledged)
            assert len(file["frames"]) == len(file["rewards"]) == total
            assert (file["frames"].compression or "none") == compression.partition("-")[0]
            assert_same_arrays(file["rewards"][:], numpy.resize(recording.rewards, total), f"/rewards of {run}")


@pytest.mark.fault("server killed", "seal")
@pytest.mark.timeout(3600)
def test_a_server_killed_while_it_seals_has_the_run_sealed_or_as_it_was(make_server, recording, is_long):
    dice, server, duration = random.Random(12), make_server(), 0.5
    for round in range(60 if is_long else 6):
        run = f"seal-{round}"
        with server.connect() as connection:
            start(connection, run, compression=dice.choice(["none", "lzf", "gzip-1"]))
            send_columns(connection, run, recording.named(f"{run}/"))
            connection.call("runs.finish", {"run_id": run, "status": "finished"})
            connection.send("runs.seal", {"run_id": run})
            Ends(server, dice).within(duration)
        server.start()
        with server.connect() as connection:
            frames = connection.call("frames.resolve", {"refs": refs(run, "frames", range(160)), "stack": True})
            assert_same_arrays(frames["frames"], recording.frames, f"frames of {run}")
            began = time.monotonic()
            try:
                connection.call("runs.seal", {"run_id": run})
                duration = 1.2 * (time.monotonic() - began)
            except RpcError as refused:
                assert refused.kind == "run_sealed", str(refused)
            check_whole(server, connection, run)
        assert not list(server.run_file(run).parent.glob("*.sealing"))
    server.stop()
    for path in server.run_file("any").parent.glob("seal-*.h5"):
        with h5py.File(path, "r") as file:
            assert file["frames"].compression == "gzip"
            assert_same_arrays(file["frames"][:], recording.frames, f"frames of {path.name} as h5py reads them")


@pytest.mark.fault("server killed", "steps")
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


@pytest.mark.fault("server killed", "steps", "start-up")
def test_a_file_none_of_whose_rows_was_committed_is_removed_at_the_start(make_server, recording):
    server = make_server()
    with server.connect() as connection:
        for run in ("stored", "begun"):
            start(connection, run)
        send_columns(connection, "stored", recording)
    server.kill()
    # As it is when a run's first rows are in their file, and the commit was not reached.
    with open(server.data / "replay" / "open-files", "a") as noted:
        for run in ("begun", "images"):
            shutil.copy(server.run_file("stored"), server.run_file(run))
            print(run, file=noted)
    server.start()
    with server.connect() as connection:
        check_whole(server, connection, "stored", "begun")
        send_columns(connection, "begun", recording.named("begun/"))
        check_whole(server, connection, "stored", "begun")


@pytest.mark.fault("server killed", "metrics", "labels")
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


@pytest.mark.fault("server killed", "labels")
def test_pictures_of_ever_new_sizes_survive_kills(make_server):
    """Each new size changes which datasets and files there are."""
    dice, server, sent, acknowledged = random.Random(13), make_server(), 0, set()

    def picture(number):
        return numpy.random.default_rng(number).integers(0, 256, (number % 300 + 1, 3), numpy.uint8)

    for _ in range(6):
        with server.connect() as connection:
            producer = Producer(connection)
            ids = {}
            for number in range(sent, sent + 60):
                images = [{"filename": str(number), "image": picture(number)}]
                ids[number] = producer.send("images.insert", {"images": images})
            for number in list(ids)[: dice.randint(10, 60)]:
                connection.wait(ids[number])
                acknowledged.add(number)
            server.kill()
        sent += 60
        server.start()
        with server.connect() as connection, contextlib.closing(sqlite3.connect(server.database)) as database:
            rows = dict(database.execute("SELECT CAST(filename AS INTEGER), frame_ref FROM labels"))
            assert acknowledged <= rows.keys()
            found = connection.call("frames.resolve", {"refs": list(rows.values())})["frames"]
            for number, pixels in zip(rows, found):
                assert_same_arrays(pixels, picture(number), f"image {number}")
    with server.connect() as connection:
        check_whole(server, connection, "images")
    assert len(list((server.data / "replay").glob("images*.h5"))) > 1


@pytest.mark.fault("server killed", "labels")
def test_files_that_a_lost_request_began_are_gone(make_server):
    """One request with more new sizes than three files take, and a kill while they are written, the tenth before the ninth."""
    server = make_server()
    folder = server.data / "replay"

    def images(first, count):
        names = range(first, first + count)
        return [{"filename": str(n), "image": numpy.zeros((n // 40 + 1, n % 40 + 1), numpy.uint8)} for n in names]

    with server.connect() as connection:
        producer = Producer(connection)
        producer.call("images.insert", {"images": images(0, 8 * 128)})
        producer.send("images.insert", {"images": images(8 * 128, 300)})
        eventually(lambda: (folder / "images.10.h5").exists(), "the tenth file is begun")
        server.kill()
    server.start()
    with contextlib.closing(sqlite3.connect(server.database)) as database:
        known = {run for (run,) in database.execute("SELECT run_id FROM run_datasets")}
    assert {path.stem for path in folder.glob("*.h5")} == known
    with server.connect() as connection:
        check_whole(server, connection, "images")
