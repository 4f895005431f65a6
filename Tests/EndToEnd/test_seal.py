"""Finished runs are compressed anew, and nothing of them changes."""

import contextlib
import os
import shutil
import sqlite3
import subprocess

import h5py
import numpy
import pytest

from replay import assert_same_arrays, resolve_stacked, send_columns, send_rows, start, tiny_step
from server import environment
from wire import Connection, RpcError


@pytest.fixture
def finished(connection, recording):
    start(connection, "run")
    send_columns(connection, "run", recording)
    # A step without arrays, which is a fill row in the file.
    send_rows(connection, "run", [tiny_step(0, episode="bare")])
    connection.call("runs.finish", {"run_id": "run", "status": "finished"})
    return recording


def arrays(connection, count):
    return [resolve_stacked(connection, "run", name, range(count)) for name in ("frames", "observations", "rewards")]


def test_a_sealed_run_is_smaller_and_the_same(server, connection, finished):
    count = connection.call("runs.get", {"run_id": "run"})["steps"] - 1
    path = server.data / "replay" / "run.h5"
    before, size = arrays(connection, count), path.stat().st_size
    sealed = connection.call("runs.seal", {"run_id": "run"})
    assert sealed["compression"] == "gzip-9"
    assert sealed["bytes_before"] == size and sealed["bytes"] == path.stat().st_size < 0.7 * size
    for name, one, other in zip(("frames", "observations", "rewards"), before, arrays(connection, count), strict=True):
        assert_same_arrays(other, one, name)
    assert connection.call("refs.validate", {"run_id": "run", "decode": True})["problems"] == []
    with h5py.File(path, "r") as file:
        assert file["frames"].compression == "gzip" and dict(file.attrs)["run_id"] == "run"
        assert_same_arrays(file["frames"][:count], before[0], "frames as h5py reads them")
        assert not file["frames"][count].any(), "a step without a frame is a fill row"
    assert not list(path.parent.glob("*.sealing"))
    for call in (lambda: connection.call("runs.seal", {"run_id": "run"}), lambda: send_rows(connection, "run", [tiny_step(5)])):
        with pytest.raises(RpcError, match="run_sealed"):
            call()
    server.stop()
    server.start()
    with contextlib.closing(Connection(server.tcp)) as again:
        assert_same_arrays(arrays(again, count)[0], before[0], "frames after a restart")


def test_only_finished_runs_are_sealed(server, connection, recording):
    start(connection, "run")
    send_columns(connection, "run", recording)
    with pytest.raises(RpcError, match="run_not_finished"):
        connection.call("runs.seal", {"run_id": "run"})
    command = [server.binary, "seal", "run", "--server", "{}:{}".format(*server.tcp)]
    assert subprocess.run(command, capture_output=True, env=environment(), timeout=60).returncode == 1
    connection.call("runs.finish", {"run_id": "run", "status": "finished"})
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert done.returncode == 0 and done.stdout.startswith("sealed 1 run:")


@pytest.mark.fault("server killed", "seal", "start-up")
@pytest.mark.parametrize("is_committed", [False, True])
def test_a_server_that_died_while_sealing_ends_it_or_forgets_it(server, connection, finished, is_committed):
    count = connection.call("runs.get", {"run_id": "run"})["steps"] - 1
    frames = resolve_stacked(connection, "run", "frames", range(count))
    path = server.data / "replay" / "run.h5"
    original = path.with_name("original")
    shutil.copy(path, original)
    connection.call("runs.seal", {"run_id": "run"})
    server.stop()
    # As it was on disk between the commit and the renaming, or before the commit with half a file.
    os.rename(path, path.with_name("run.h5.sealing"))
    os.rename(original, path)
    if not is_committed:
        with open(path.with_name("run.h5.sealing"), "r+b") as file:
            file.truncate(1000)
        with contextlib.closing(sqlite3.connect(server.database)) as database, database:
            database.execute("UPDATE runs SET sealed_at = NULL, compression = 'lzf' WHERE run_id = 'run'")
    server.start()
    with contextlib.closing(Connection(server.tcp)) as again:
        assert_same_arrays(resolve_stacked(again, "run", "frames", range(count)), frames, "frames")
        assert not path.with_name("run.h5.sealing").exists()
    with h5py.File(path, "r") as file:
        assert file["frames"].compression == ("gzip" if is_committed else "lzf")
        assert_same_arrays(numpy.asarray(file["frames"][:3]), frames[:3], "frames as h5py reads them")


def test_of_two_who_seal_a_run_at_once_one_does(server, connection, recording):
    for round in range(3):
        run = f"run-{round}"
        start(connection, run)
        send_columns(connection, run, recording.named(f"{run}/"))
        connection.call("runs.finish", {"run_id": run, "status": "finished"})
        frames = resolve_stacked(connection, run, "frames", range(len(recording)))
        with contextlib.closing(Connection(server.tcp)) as other:
            asked = [(each, each.send("runs.seal", {"run_id": run})) for each in (connection, other)]
            refusals = []
            for each, id in asked:
                try:
                    each.wait(id)
                except RpcError as refused:
                    refusals.append(refused.kind)
        assert len(refusals) == 1 and refusals[0] in ("overloaded", "run_sealed"), refusals
        assert not list(server.run_file(run).parent.glob("*.sealing"))
        assert_same_arrays(resolve_stacked(connection, run, "frames", range(len(recording))), frames, run)
    server.stop()
    server.start()
    with contextlib.closing(Connection(server.tcp)) as again:
        for round in range(3):
            found = resolve_stacked(again, f"run-{round}", "frames", range(len(recording)))
            assert_same_arrays(found, recording.frames, f"run {round} after a restart")
