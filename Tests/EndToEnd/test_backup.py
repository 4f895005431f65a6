"""A backup made while the server works, and a data directory made of it."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import threading

import h5py
import numpy
import pytest

from server import Server, environment
from wire import Connection, Producer, RpcError


def steps(episode, first, count):
    """Columns of steps whose frames tell their number."""
    numbers = numpy.arange(first, first + count)
    frames = (numbers[:, None, None] * numpy.ones((1, 8, 8))).astype(numpy.uint16)
    return {
        "episode_id": {"values": [episode], "codes": numpy.zeros(count, numpy.uint8)},
        "step_index": numbers,
        "reward": numpy.ones(count),
        "terminated": numpy.zeros(count, bool),
        "truncated": numpy.zeros(count, bool),
        "frame": frames,
    }


def append(producer, run, first, count=20):
    answer = producer.call("steps.append", {"run_id": run, "count": count, "columns": steps(run, first, count)})
    assert answer["stored"] == count


def holdfast(binary, *arguments):
    return subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, env=environment(), timeout=120)


@contextlib.contextmanager
def writing(server, run):
    """Steps and metrics go in as fast as they are taken, until the block ends; what was acknowledged is told."""
    acknowledged = {"steps": 0}
    is_over, is_underway = threading.Event(), threading.Event()

    def write():
        with contextlib.closing(Connection(server.tcp)) as connection:
            producer = Producer(connection)
            while not is_over.is_set():
                append(producer, run, acknowledged["steps"])
                acknowledged["steps"] += 20
                if acknowledged["steps"] >= 200:
                    is_underway.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert is_underway.wait(60)
        yield acknowledged
    finally:
        is_over.set()
        writer.join()


def committed(data, run):
    with contextlib.closing(sqlite3.connect(f"file:{data}/telemetry/telemetry.sqlite?mode=ro", uri=True)) as database:
        return database.execute("SELECT next_row FROM runs WHERE run_id = ?", (run,)).fetchone()[0]


def test_a_backup_made_under_load_is_consistent_and_can_be_served(binary, server, connection, tmp_path):
    for run in ("busy", "done"):
        connection.call("runs.start", {"run_id": run})
    append(Producer(connection), "done", 0, 50)
    connection.call("runs.finish", {"run_id": "done", "status": "finished"})
    # As if it had lain there for long: such a file is copied beside the writer.
    os.utime(server.run_file("done"), (1e9, 1e9))
    with writing(server, "busy") as acknowledged:
        before = acknowledged["steps"]
        made = holdfast(binary, "backup", "first", "--server", "{}:{}".format(*server.tcp))
    assert made.returncode == 0, made.stderr
    folder = pathlib.Path(made.stdout.split(":")[0])
    assert folder.name == "first" and not folder.with_name("first.unfinished").exists()
    kept = committed(folder, "busy")
    assert kept >= before, "what was acknowledged before the backup began is in it"

    restored = tmp_path / "restored"
    assert holdfast(binary, "restore", folder, restored).returncode == 0
    again = Server(binary, restored).start()
    with contextlib.closing(Connection(again.tcp)) as reader:
        refs = [f"h5://busy/frames/{k}" for k in range(kept)] + [f"h5://done/frames/{k}" for k in range(50)]
        frames = reader.call("frames.resolve", {"refs": refs, "stack": True})["frames"]
        assert [int(frame[0, 0]) for frame in frames] == [*range(kept), *range(50)]
        append(Producer(reader), "busy", kept)
    again.stop()
    with h5py.File(restored / "replay" / "busy.h5", "r") as file:
        assert len(file["frames"]) == kept + 20, "rows behind the database's moment are gone, new ones follow"


def test_runs_that_are_deleted_while_a_backup_is_made_are_whole_in_it_or_gone(binary, server, connection, tmp_path):
    producer = Producer(connection)
    for number in range(40):
        connection.call("runs.start", {"run_id": f"r{number}"})
        append(producer, f"r{number}", 0, 50)
        connection.call("runs.finish", {"run_id": f"r{number}", "status": "finished"})
        os.utime(server.run_file(f"r{number}"), (1e9, 1e9))
    is_made = []

    def back_up():
        with contextlib.closing(Connection(server.tcp)) as other:
            is_made.append(other.call("server.backup", {"backup": "b"}))

    worker = threading.Thread(target=back_up)
    worker.start()
    for number in reversed(range(40)):
        connection.call("runs.delete", {"run_id": f"r{number}"})
    worker.join()
    [made] = is_made
    assert list((server.data / "replay").glob("*.h5")) == []
    restored = tmp_path / "restored"
    assert holdfast(binary, "restore", made["path"], restored).returncode == 0
    verified = holdfast(binary, "verify", "--data", restored)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_backup_without_the_arrays_that_it_names_is_told(binary, server, connection, tmp_path):
    connection.call("runs.start", {"run_id": "r"})
    append(Producer(connection), "r", 0)
    made = connection.call("server.backup", {"backup": "b"})
    shutil.rmtree(pathlib.Path(made["path"]) / "replay")
    told = holdfast(binary, "restore", made["path"], tmp_path / "restored")
    assert told.returncode == 4 and "lacks the array files of 1 run, such as r" in told.stderr, told


def test_a_backup_of_a_directory_that_no_server_uses(binary, server, connection, tmp_path):
    connection.call("runs.start", {"run_id": "r"})
    append(Producer(connection), "r", 0)
    server.stop()
    assert holdfast(binary, "backup", "--data", server.data).returncode == 0
    [folder] = (server.data / "backups").iterdir()
    assert holdfast(binary, "restore", folder, tmp_path / "new").returncode == 0
    assert committed(tmp_path / "new", "r") == 20


def test_names_and_targets_are_checked(binary, server, connection, tmp_path):
    address = "{}:{}".format(*server.tcp)
    assert holdfast(binary, "backup", "one", "--server", address).returncode == 0
    for name, word in (("one", "exists"), ("../one", 'backup "../one"'), ("a/b", "not valid"), ("a.unfinished", "ends in")):
        refused = holdfast(binary, "backup", name, "--server", address)
        assert refused.returncode == 1 and word in refused.stderr and refused.stderr.count("\n") == 1
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    folder = server.data / "backups" / "one"
    assert holdfast(binary, "restore", folder, tmp_path / "full").returncode == 2
    assert holdfast(binary, "restore", tmp_path, tmp_path / "new").returncode == 1
    # A copy of its database alone would lack what is in the write-ahead log.
    living = holdfast(binary, "restore", server.data, tmp_path / "new")
    assert living.returncode == 2 and "data directory" in living.stderr and not (tmp_path / "new").exists(), living
    shutil.rmtree(folder)


def test_of_two_who_make_a_backup_of_one_name_one_does(server, connection):
    connection.call("runs.start", {"run_id": "r"})
    append(Producer(connection), "r", 0, 200)
    with contextlib.closing(Connection(server.tcp)) as other:
        asked = [(each, each.send("server.backup", {"backup": "twice"})) for each in (connection, other)]
        refusals = []
        for each, id in asked:
            try:
                each.wait(id)
            except RpcError as refused:
                refusals.append(refused.kind)
    assert len(refusals) == 1 and refusals[0] in ("overloaded", "backup_exists"), refusals
    assert committed(server.data / "backups" / "twice", "r") == 200
    with h5py.File(server.data / "backups" / "twice" / "replay" / "r.h5", "r", swmr=True, libver="latest") as file:
        assert len(file["frames"]) == 200


@pytest.mark.fault("server killed", "backup", "start-up")
def test_what_a_server_that_died_left_of_a_backup_goes(server):
    server.kill()
    left = server.data / "backups" / "half.unfinished"
    (left / "telemetry").mkdir(parents=True)
    (left / "telemetry" / "telemetry.sqlite").write_bytes(b"half a database")
    server.start()
    assert list(left.parent.iterdir()) == []


def loss(step, **members):
    row = {"table": "training_metrics", "metric_name": "loss", "metric_value": float(step), "step": step}
    return row | {"timestamp": 1000.0 + step} | members


def rows_of(server, query):
    with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


@pytest.mark.parametrize("every", [None, 4])
def test_old_metrics_are_pruned_and_their_curve_stays(binary, server, connection, every):
    producer = Producer(connection)
    for run in ("a", "b"):
        producer.call("metrics.append", {"run_id": run, "rows": [loss(k) for k in range(2000)]})
    asked = {"table": "training_metrics", "metric_name": "loss", "run_ids": ["a"], "max_points": 50}
    before = connection.call("metrics.series", asked)["series"][0]
    arguments = ["--run", "a", *(["--keep-every", str(every)] if every else [])]
    pruned = holdfast(binary, "prune", *arguments, "--server", "{}:{}".format(*server.tcp))
    assert pruned.returncode == 0, pruned.stderr
    tiled = 2000 // 32 * 32
    left = [k for k in range(2000) if k >= tiled or (every and k % every == 0)]
    found = [row[0] for row in rows_of(server, "SELECT step FROM training_metrics WHERE run_id = 'a' ORDER BY step")]
    assert found == left
    assert rows_of(server, "SELECT count(*) FROM training_metrics WHERE run_id = 'b'") == [(2000,)]
    assert connection.call("metrics.summary", {"run_id": "a"})["training_metrics_count"] == len(left)
    after = connection.call("metrics.series", asked)["series"][0]
    for member in ("x", "min", "max", "last"):
        assert after[member] == before[member], f"the curve's {member}"
    again = holdfast(binary, "prune", *arguments, "--server", "{}:{}".format(*server.tcp))
    assert again.stdout.startswith("deleted 0 of")
    misspelt = holdfast(binary, "prune", "--run", "aa", "--server", "{}:{}".format(*server.tcp))
    assert misspelt.returncode == 1 and '"aa"' in misspelt.stderr, misspelt


def test_pruning_by_age_keeps_what_is_newer_and_gives_space_back(binary, server, connection):
    producer = Producer(connection)
    now = connection.call("server.ping", {})["time"]
    old = [loss(k, timestamp=now - 10 * 86_400 + k) for k in range(8000)]
    new = [loss(k, timestamp=now + k) for k in range(100)]
    for rows in (old, new):
        producer.call("metrics.append", {"run_id": "a", "rows": rows})
    operation = {"table": "generation_metrics", "operation": "x", "duration_seconds": 1.0}
    times = (now - 10 * 86_400, now)
    producer.call("metrics.append", {"run_id": "a", "rows": [operation | {"timestamp": time} for time in times]})
    pruned = holdfast(binary, "prune", "--older-than", "2d", "--server", "{}:{}".format(*server.tcp))
    assert pruned.returncode == 0, pruned.stderr
    assert rows_of(server, "SELECT count(*) FROM training_metrics") == [(8100 - 8000 // 32 * 32,)]
    assert rows_of(server, "SELECT count(*) FROM generation_metrics") == [(1,)]
    assert rows_of(server, "PRAGMA freelist_count") == [(0,)]
    assert holdfast(binary, "prune", "--server", "{}:{}".format(*server.tcp)).returncode == 2
    assert holdfast(binary, "prune", "--older-than", "2 days").returncode == 2
