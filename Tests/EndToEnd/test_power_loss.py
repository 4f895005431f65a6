"""Every write of the server is recorded; its files are put together as they stood after some of them, or after each in the
long form, killed there or having lost power there, and a new server must have all that was acknowledged until then, and be
able to go on.

A kill loses nothing that was written, but may end a write between two pages of memory. A loss of power loses any of the
writes since a file's last sync, here each with probability one half; sectors that were torn are not simulated.
"""

import contextlib
import random
import shutil
import sqlite3
import uuid

import h5py
import numpy
import pytest

from preload import build
from replay import assert_same_arrays, refs
from server import Server
from wire import Producer, Strings
from write_log import WriteLog

STEPS, EPISODE, OBSERVED_FROM = 96, 13, 40
RUNS = {"lzf": "lzf", "raw": "none"}
#: How metadata begins that is written anew, in place, while rows are added.
METADATA = (b"OHDR", b"EAHD", b"EAIB", b"EASB", b"EADB")
SHAPES = ((20, 20), (32, 24, 3), (50, 50))


def dice_of(*key):
    return numpy.random.default_rng([sum(map(ord, key[0])), *key[1:]])


def frame(run, row):
    picture = dice_of(run, row).integers(0, 256, (24, 30), numpy.uint8)
    picture[12:] = row % 251
    return picture


def observation(run, row):
    return dice_of(run, row, 7).random(4).astype(numpy.float32)


def image(number):
    return dice_of("image", number).integers(0, 256, SHAPES[number % len(SHAPES)], numpy.uint8)


def steps(run, first, count):
    rows = range(first, first + count)
    columns = {
        "episode_id": Strings([f"{run}/{row // EPISODE}" for row in rows]),
        "step_index": numpy.array([row % EPISODE for row in rows], numpy.int64),
        "reward": numpy.array([float(row) for row in rows]),
        "terminated": numpy.array([row % EPISODE == EPISODE - 1 for row in rows]),
        "truncated": numpy.zeros(count, bool),
        "frame": numpy.stack([frame(run, row) for row in rows]),
    }
    # The second dataset comes when the run is well under way: its file is replaced by a copy that has it.
    if first >= OBSERVED_FROM:
        columns["observation"] = numpy.stack([observation(run, row) for row in rows])
    return {"run_id": run, "count": count, "columns": columns}


def batch(first, dice):
    count = min(dice.randint(1, 9), STEPS - first)
    return OBSERVED_FROM - first if first < OBSERVED_FROM < first + count else count


def recording(binary, folder, data):
    """A server at full durability whose writes to its data go to `folder / "writes"`."""
    preload = {"LD_PRELOAD": str(build("write_log", folder)), "WRITE_LOG_ROOT": str(data), "WRITE_LOG": str(folder / "writes")}
    return Server(binary, data, "--durability", "full", log=folder / "log", **preload).start()


@pytest.fixture(scope="module")
def recorded(binary, tmp_path_factory):
    """A log of a server's writes, and what was acknowledged where in it."""
    folder = tmp_path_factory.mktemp("recorded")
    log, dice = folder / "writes", random.Random(3)
    server, acknowledged = recording(binary, folder, folder / "data"), []
    try:
        with server.connect() as connection:
            producer, images = Producer(connection), 0
            done = dict.fromkeys(RUNS, 0)
            for run, compression in RUNS.items():
                connection.call("runs.start", {"run_id": run, "compression": compression})
            while any(rows < STEPS for rows in done.values()):
                for run in RUNS:
                    if done[run] < STEPS:
                        count = batch(done[run], dice)
                        producer.call("steps.append", steps(run, done[run], count))
                        done[run] += count
                        acknowledged.append((log.stat().st_size, run, done[run]))
                producer.call("images.insert", {"images": [{"filename": str(images), "image": image(images)}]})
                images += 1
                acknowledged.append((log.stat().st_size, "images", images))
                if done["raw"] > STEPS // 2 > images:
                    connection.call("runs.finish", {"run_id": "raw", "status": "finished"})
                    connection.call("runs.start", {"run_id": "raw"})
    finally:
        server.kill()
    return WriteLog.read(log), acknowledged


def check_run(connection, server, run, at_least):
    """All rows of a run, bit for bit, and the file's lengths and extents as the database has them."""
    rows = connection.call("runs.get", {"run_id": run})["steps"]
    assert rows >= at_least, f"{run}: {rows} steps, {at_least} were acknowledged"
    if rows == 0:
        return rows
    found = connection.call("frames.resolve", {"refs": refs(run, "frames", range(rows)), "stack": True})["frames"]
    assert_same_arrays(found, numpy.stack([frame(run, row) for row in range(rows)]), f"{run}/frames")
    if rows > OBSERVED_FROM:
        observed = range(OBSERVED_FROM, rows)
        found = connection.call("frames.resolve", {"refs": refs(run, "observations", observed), "stack": True})["frames"]
        assert_same_arrays(found, numpy.stack([observation(run, row) for row in observed]), f"{run}/observations")
    with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        query = "SELECT steps FROM episodes WHERE run_id = ? ORDER BY episode_index"
        lengths = [length for (length,) in database.execute(query, (run,))]
    with h5py.File(server.run_file(run), "r", libver="latest", swmr=True, locking=False) as file:
        assert list(file["episodes/lengths"]) == lengths
        assert {len(file[name]) for name in file if name != "episodes"} == {rows}
        assert list(file["rewards"]) == [float(row) for row in range(rows)]
    return rows


def check_images(connection, at_least):
    rows = connection.call("labels.list", {"limit": 1000})["images"]
    total = connection.call("labels.stats")["total"]
    assert total >= at_least, f"{total} images, {at_least} were acknowledged"
    if rows:
        found = connection.call("frames.resolve", {"refs": [row["frame_ref"] for row in rows]})["frames"]
        for row, pixels in zip(rows, found):
            assert_same_arrays(pixels, image(int(row["filename"])), f"image {row['filename']}")
    return total


def go_on(connection, rows, images):
    """What a trainer does next: resumes, appends, inserts."""
    producer = Producer(connection)
    for run, compression in RUNS.items():
        connection.call("runs.start", {"run_id": run, "compression": compression})
        count = min(5, OBSERVED_FROM - rows[run]) if rows[run] < OBSERVED_FROM else 5
        producer.call("steps.append", steps(run, rows[run], count))
        rows[run] += count
    producer.call("images.insert", {"images": [{"filename": str(images), "image": image(images)}]})


def check_state(binary, folder, acknowledged):
    server = Server(binary, folder, log=folder.parent / f"{folder.name}.log").start()
    try:
        with server.connect() as connection:
            known = {run["run_id"] for run in connection.call("runs.list")["runs"]}
            assert known >= {run for run in RUNS if acknowledged.get(run)}
            rows = {
                run: check_run(connection, server, run, acknowledged.get(run, 0)) if run in known else 0 for run in RUNS
            }
            images = check_images(connection, acknowledged.get("images", 0))
            go_on(connection, rows, images)
            for run in RUNS:
                check_run(connection, server, run, rows[run])
            check_images(connection, images + 1)
        server.stop()
    finally:
        server.clean_up()


def known_at(recorded, moment):
    """What was acknowledged when so many operations were done."""
    log, acknowledged = recorded
    reached = log.operations[moment - 1][5]
    return {name: count for offset, name, count in acknowledged if offset <= reached}


def check_files(binary, folder, known):
    """Checks a folder of files, and removes it: all of them take twenty gigabytes."""
    try:
        check_state(binary, folder, known)
    except AssertionError as error:
        raise AssertionError(f"{folder.name}: {error}") from error
    shutil.rmtree(folder)


def check_moment(binary, folder, recorded, moment, **rebuilding):
    """Builds the files as they stood after so many operations, and checks them."""
    recorded[0].rebuild(moment, folder, **rebuilding)
    check_files(binary, folder, known_at(recorded, moment))


@pytest.mark.timeout(0)
@pytest.mark.parametrize(
    "end",
    [
        pytest.param("kill", marks=pytest.mark.fault("server killed", "steps", "labels")),
        pytest.param("power", marks=pytest.mark.fault("power lost", "steps", "labels")),
    ],
)
def test_the_files_of_any_moment_have_what_was_acknowledged_by_then(recorded, binary, tmp_path, end, is_long):
    log, _ = recorded
    first = next(place for place, operation in enumerate(log.operations) if ".h5" in operation[1])
    moments = range(first, len(log.operations))
    # All of them take hours.
    for moment in moments if is_long else sorted(random.Random(end).sample(moments, 30)):
        dice = random.Random(moment) if end == "power" else None
        check_moment(binary, tmp_path / f"{end}-{moment}", recorded, moment, dice=dice)


@pytest.mark.timeout(0)
@pytest.mark.fault("server killed", "steps", "labels")
def test_a_write_that_a_kill_ended_halfway_loses_nothing(recorded, binary, tmp_path, is_long):
    log, _ = recorded
    metadata, others = [], []
    for moment, (_, name, _, _, data, _) in enumerate(log.operations):
        if name.endswith(".h5"):
            kind = metadata if data[:4] in METADATA else others
            kind += [(moment, cut) for cut in log.cuts(moment)]
    kinds = {log.operations[moment][4][:4] for moment, _ in metadata}
    assert kinds >= {b"EAIB", b"EADB"}, f"of metadata only {kinds} lies across two pages"
    for moment, cut in metadata + (others if is_long else random.Random(1).sample(others, 10)):
        check_moment(binary, tmp_path / f"cut-{moment}-{cut}", recorded, moment, cut=cut)


@pytest.mark.timeout(0)
@pytest.mark.parametrize(
    "end",
    [
        pytest.param("kill", marks=pytest.mark.fault("server killed", "start-up")),
        pytest.param("power", marks=pytest.mark.fault("power lost", "start-up")),
    ],
)
def test_a_repair_that_did_not_come_to_its_end_is_done_by_the_next_one(recorded, binary, tmp_path, end, is_long):
    log, _ = recorded
    # The files have a group then that the database does not.
    moments = [moment for moment, (kind, name, *_) in enumerate(log.operations) if kind == "S" and name.endswith("/lzf.h5")]
    for moment in moments[8::8] if is_long else [random.Random(end).choice(moments[len(moments) // 2 :])]:
        known, folder = known_at(recorded, moment), tmp_path / f"repair-{moment}"
        folder.mkdir()
        log.rebuild(moment, folder / "data")
        recording(binary, folder, folder / "data").kill()
        # What the killed server had not synced may be lost after the repair, too.
        both = WriteLog(log.operations[:moment] + WriteLog.read(folder / "writes").operations)
        places = [place for place, (_, name, *_) in enumerate(both.operations) if place >= moment and ".h5" in name]
        assert any(both.operations[place][1].endswith(".repair") for place in places)
        states = [(place, cut) for place in places for cut in (0, *both.cuts(place))]
        for place, cut in states if is_long else random.Random(moment).sample(states, 30):
            state = folder / f"{end}-{place}-{cut}"
            both.rebuild(place, state, cut=cut, dice=random.Random(place) if end == "power" else None)
            check_files(binary, state, known)
