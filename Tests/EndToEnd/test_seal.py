"""Finished runs are compressed anew, and nothing of them changes."""

import contextlib
import os
import shutil
import sqlite3
import subprocess

import h5py
import numpy
import pytest

from replay import assert_same_arrays, refs, resolve, resolve_stacked, send_columns, send_rows, start, tiny_step
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


def test_a_slip_in_one_name_is_told_before_another_run_is_sealed(server, connection, finished, binary):
    command = [binary, "seal", "run", "nope", "--server", "{}:{}".format(*server.tcp)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode == 1 and 'run "nope" does not exist' in done.stderr, done
    assert connection.call("runs.get", {"run_id": "run"})["compression"] == "lzf"


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


@pytest.mark.parametrize("compression", [None, "lzf", "gzip-9", "none"])
def test_a_sealed_run_is_not_started_again(connection, finished, compression):
    connection.call("runs.seal", {"run_id": "run"})
    before = connection.call("runs.get", {"run_id": "run"})
    with pytest.raises(RpcError, match="run_sealed.*another run") as refused:
        start(connection, "run", config={"lr": 1}, **({"compression": compression} if compression else {}))
    assert refused.value.final
    assert connection.call("runs.get", {"run_id": "run"}) == before, "the run is as it was"


#: Rows in a chunk: one at a time, some, more than the run has.
@pytest.mark.parametrize("rows_per_chunk", [1, 3, 7, 1000])
def test_rows_that_are_compressed_together_are_read_as_before(server, connection, recording, rows_per_chunk):
    small = numpy.ascontiguousarray(recording.frames[:, ::8, ::8, 0])
    start(connection, "run")
    rows = [tiny_step(k) | ({} if k % 11 in (4, 5) else {"frame": small[k]}) for k in range(100)]
    send_rows(connection, "run", rows)
    connection.call("runs.finish", {"run_id": "run", "status": "finished"})
    sealed = connection.call("runs.seal", {"run_id": "run", "rows_per_chunk": rows_per_chunk})
    assert sealed["rows_per_chunk"]["frames"] == min(rows_per_chunk, 100)
    order = [k * 37 % 100 for k in range(100)] + [7, 7]
    found = resolve(connection, refs("run", "frames", order), missing="null")
    for k, frame in zip(order, found, strict=True):
        assert (frame is None) == (k % 11 in (4, 5)), f"row {k}"
        assert frame is None or numpy.array_equal(frame, small[k]), f"row {k}"
    present = [k for k in order if k % 11 not in (4, 5)]
    assert_same_arrays(resolve_stacked(connection, "run", "frames", present), small[present], "stacked")
    steps = connection.call("steps.sample", {"run_ids": ["run"], "n": 64, "seed": 3, "arrays": ["frame"]})
    indices = [int(step["frame_ref"].rpartition("/")[2]) for step in steps["steps"]]
    assert_same_arrays(steps["frame"], small[indices], "a random batch")
    assert server.get("/frames/run/frames/2.png")[0] == 200
    validated = connection.call("refs.validate", {"run_id": "run", "decode": True})
    assert validated["missing"] == validated["problems"] == validated["undecodable"] == []
    with h5py.File(server.run_file("run"), "r") as file:
        assert file["frames"].chunks[0] == min(rows_per_chunk, 100)
        assert_same_arrays(file["frames"][:4], small[:4], "frames as h5py reads them")


def test_a_sealed_run_is_sealed_anew_where_that_is_asked_for(server, connection, finished):
    count = connection.call("runs.get", {"run_id": "run"})["steps"] - 1
    before = arrays(connection, count)
    first = connection.call("runs.seal", {"run_id": "run"})
    assert first["rows_per_chunk"]["frames"] == 1 and first["rows_per_chunk"]["observations"] == 2
    asked = {"run_id": "run", "rows_per_chunk": 8, "level": 4, "paged": True, "again": True}
    again = connection.call("runs.seal", asked)
    assert again["bytes_before"] == first["bytes"] and again["compression"] == "gzip-4"
    assert connection.call("runs.get", {"run_id": "run"})["compression"] == "gzip-4"
    for name, one, other in zip(("frames", "observations", "rewards"), before, arrays(connection, count), strict=True):
        assert_same_arrays(other, one, name)
    with h5py.File(server.run_file("run"), "r") as file:
        assert file["frames"].chunks[0] == file["observations"].chunks[0] == 8
        assert file.id.get_create_plist().get_file_space_strategy()[0] == h5py.h5f.FSPACE_STRATEGY_PAGE
        assert_same_arrays(file["frames"][:count], before[0], "frames as h5py reads them")
    for wrong in ({"level": 0}, {"level": 10}, {"rows_per_chunk": 0}):
        with pytest.raises(RpcError, match="invalid_params|-32602"):
            connection.call("runs.seal", {"run_id": "run", "again": True} | wrong)


def test_what_is_left_of_another_sealing_never_takes_the_place_of_a_run(server, connection, finished):
    path = server.run_file("run")
    connection.call("runs.seal", {"run_id": "run"})
    server.stop()
    # As a server leaves it that dies while it seals a sealed run anew: half a file, or a whole one before the commit.
    path.with_name("run.h5.sealing.draft").write_bytes(path.read_bytes()[:1000])
    other = path.with_name("run.h5.sealing")
    shutil.copy(path, other)
    with h5py.File(other, "r+") as file:
        file.attrs["sealed_at"] = numpy.bytes_(b"2001-01-01T00:00:00.000000Z")
    before = path.read_bytes()
    server.start()
    assert not list(path.parent.glob("*.sealing*"))
    assert path.read_bytes() == before


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
