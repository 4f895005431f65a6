"""Run files with flipped bytes, holes and missing ends: each damage costs its own run at most, and is told by name."""

import contextlib
import json
import random
import shutil
import sqlite3
import subprocess
import uuid

import numpy
import pytest

from replay import assert_same_arrays, refs, start
from server import Server, environment
from wire import Producer, RpcError, Strings

RUNS = 24
ROWS = 60
FORMS = ("lzf", "gzip-1", "none", "sealed", "lzf", "gzip-4")


def frames(run):
    """Pictures with noise and flat parts, so that some rows are compressed and some are not."""
    pictures = numpy.random.default_rng(run).integers(0, 256, (ROWS, 20, 24), numpy.uint8)
    pictures[::2, 6:] = numpy.arange(ROWS // 2, dtype=numpy.uint8)[:, None, None]
    return pictures


def columns(run, rows):
    count = rows.stop - rows.start
    return {
        "episode_id": Strings([f"{run}/{k // 13}" for k in range(rows.start, rows.stop)]),
        "step_index": numpy.array([k % 13 for k in range(rows.start, rows.stop)]),
        "reward": numpy.ones(count),
        "terminated": numpy.zeros(count, bool),
        "truncated": numpy.zeros(count, bool),
        "frame": frames(run)[rows],
    }


@pytest.fixture(scope="module")
def intact(binary, tmp_path_factory):
    """Data directories with runs in every form: as a kill leaves them, some closed and some open, and all closed."""
    folder = tmp_path_factory.mktemp("intact")
    server = Server(binary, folder / "data").start()
    try:
        with server.connect() as connection:
            producer = Producer(connection)
            for run in range(RUNS):
                form = FORMS[run % len(FORMS)]
                start(connection, str(run), compression="lzf" if form == "sealed" else form)
                for rows in (slice(0, 25), slice(25, ROWS)):
                    batch = {"run_id": str(run), "count": rows.stop - rows.start, "columns": columns(run, rows)}
                    producer.call("steps.append", batch)
                if form == "sealed" or run % 2:
                    connection.call("runs.finish", {"run_id": str(run), "status": "finished"})
                if form == "sealed":
                    connection.call("runs.seal", {"run_id": str(run)})
    finally:
        server.kill()
    shutil.copytree(folder / "data", folder / "killed")
    server.start()
    server.stop()
    return folder / "killed", folder / "data"


def damage(data, dice):
    """What disks, copies and people do to files: the bytes, and whether all that are left are right."""
    data = bytearray(data)
    # Most of what is not rows lies at the beginning.
    reach = min(len(data), dice.choice((1 << 30, 4096, 16384)))
    at = dice.randrange(reach)
    match dice.choice(("bits", "cut", "sector", "page", "noise", "misplaced")):
        case "bits":
            for _ in range(dice.choice((1, 4, 64))):
                data[dice.randrange(reach)] ^= 1 << dice.randrange(8)
        case "cut":
            del data[dice.randrange(len(data)) :]
            return data, True
        case "sector":
            at -= at % 512
            data[at : at + 512] = bytes(len(data[at : at + 512]))
        case "page":
            at -= at % 4096
            data[at : at + 4096] = bytes(len(data[at : at + 4096]))
        case "noise":
            size = dice.randrange(1, 600)
            data[at : at + size] = dice.randbytes(len(data[at : at + size]))
        case "misplaced":
            source = dice.randrange(len(data) - 512)
            size = len(data[at : at + 512])
            data[at : at + size] = data[source : source + size]
    return data, False


def answer(connection, run, method, params):
    """The result, or nothing where the run was refused by name."""
    try:
        return connection.call(method, params)
    except RpcError as error:
        assert error.kind in ("run_damaged", "run_sealed", "not_found", "run_not_finished"), f"{method} of {run}: {error}"
        assert f'"{run}"' in error.message or f"h5://{run}/" in error.message, f"{method} of {run}: {error}"
        return None


def stacked(connection, run):
    """The frames of a run, where they can be read."""
    asked = {"refs": refs(run, "frames", range(ROWS)), "stack": True}
    found = answer(connection, run, "frames.resolve", asked)
    return found and found["frames"]


def use(connection, run):
    """Everything that touches a run's file; its frames, where they could be read."""
    found = stacked(connection, run)
    answer(connection, run, "frames.resolve", {"refs": refs(run, "rewards", range(ROWS))})
    answer(connection, run, "episodes.steps", {"run_id": run, "arrays": ["frame"]})
    answer(connection, run, "refs.validate", {"run_id": run, "decode": True})
    answer(connection, run, "runs.start", {"run_id": run})
    added = {"episode_id": f"{run}/more", "step_index": 0, "reward": 1.0, "terminated": False, "truncated": False}
    batch = {"run_id": run, "steps": [added | {"frame": frames(int(run))[0]}]}
    stored = answer(connection, run, "steps.append", batch | {"producer": str(uuid.UUID(int=int(run))), "seq": 1})
    answer(connection, run, "runs.finish", {"run_id": run, "status": "finished"})
    answer(connection, run, "runs.seal", {"run_id": run})
    return found, stored


def test_every_file_that_cannot_be_read_is_named(intact, binary, tmp_path):
    shutil.copytree(intact[1], tmp_path / "data")
    for run in ("1", "5", "7"):
        path = tmp_path / "data" / "replay" / f"{run}.h5"
        path.write_bytes(path.read_bytes()[:600])
    ended = subprocess.run(
        [binary, "verify", "--data", tmp_path / "data"], capture_output=True, text=True, env=environment(), timeout=60
    )
    assert ended.returncode == 4, ended
    assert {line.split(":")[0] for line in ended.stdout.splitlines()} == {"1", "5", "7"}, ended.stdout
    assert "3 of " in ended.stderr and "from a backup" in ended.stderr


def test_a_file_that_is_gone_is_told_at_the_start_and_to_who_looks(make_server):
    server = make_server()
    with server.connect() as connection:
        producer = Producer(connection)
        producer.call("images.insert", {"images": [{"filename": "a", "image": numpy.zeros((4, 4), numpy.uint8)}]})
    server.stop()
    (server.data / "replay" / "images.h5").unlink()
    server.start()
    assert "array files are missing" in server.messages() and "first=images" in server.messages()
    status, _, body = server.get("/thumbnails/1.png")
    error = json.loads(body)["error"]
    assert status == 500 and error["kind"] == "run_damaged" and "image 1" in error["message"], error


def test_a_damaged_page_of_the_database_is_told_before_the_arrays_are_read(intact, binary, tmp_path):
    data = shutil.copytree(intact[1], tmp_path / "data")
    database = data / "telemetry" / "telemetry.sqlite"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        # Nothing that is read to check the arrays.
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'labels'").fetchall()
        [(size,)] = connection.execute("PRAGMA page_size").fetchall()
    with open(database, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 100)
    ended = subprocess.run([binary, "verify", "--data", data], capture_output=True, text=True, env=environment(), timeout=60)
    assert ended.returncode == 4 and not ended.stdout, ended
    assert f"{database} is damaged: " in ended.stderr and ".recover" in ended.stderr and "\ufffd" not in ended.stderr, ended


@pytest.mark.fault("file damaged", "steps", "seal", "start-up")
@pytest.mark.timeout(7200)
def test_damaged_files_take_only_themselves_out_of_service(intact, binary, tmp_path, is_long):
    for round in range(300 if is_long else 4):
        dice, folder = random.Random(round), tmp_path / str(round)
        shutil.copytree(intact[round % 2], folder / "data")
        hurt = {}
        for run in dice.sample(range(RUNS), 16):
            path = folder / "data" / "replay" / f"{run}.h5"
            data, hurt[run] = damage(path.read_bytes(), dice)
            path.write_bytes(data)
        server = Server(binary, folder / "data").start()
        try:
            with server.connect(timeout=60) as connection:
                for run in range(RUNS):
                    found, stored = use(connection, str(run))
                    if run not in hurt:
                        assert found is not None and (stored or FORMS[run % len(FORMS)] == "sealed"), f"{round}: {run}"
                    if found is not None and hurt.get(run, True):
                        assert_same_arrays(found, frames(run), f"round {round}: frames of run {run}")
            server.stop()
            # What was found damaged is no less so the next time.
            server.start()
            with server.connect(timeout=60) as connection:
                for run, is_right in hurt.items():
                    found = stacked(connection, str(run))
                    if found is not None and is_right:
                        assert_same_arrays(found, frames(run), f"round {round}, started again: frames of run {run}")
            server.stop()
        except BaseException as error:
            error.add_note(f"round {round}, damaged: {sorted(hurt)}")
            raise
        finally:
            server.clean_up()
        shutil.rmtree(folder)
