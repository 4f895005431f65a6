"""The files that a run leaves: h5py without plugins and plain SQLite read them, at any time."""

import contextlib
import sqlite3

import h5py
import numpy
import pytest

from replay import assert_file_holds, assert_same_arrays, resolve_stacked, send_columns, send_rows, start, tiny_step
from wire import Producer

STEPS = [
    ("episode_id", "TEXT"),
    ("step_index", "INTEGER"),
    ("action", "INTEGER"),
    ("reward", "REAL"),
    ("terminated", "INTEGER"),
    ("truncated", "INTEGER"),
    ("timestamp", "TEXT"),
    ("frame_ref", "TEXT"),
    ("obs_ref", "TEXT"),
    ("info", "BLOB"),
    ("agent_id", "TEXT"),
    ("run_id", "TEXT"),
    ("worker_id", "TEXT"),
]
EPISODES = [
    ("episode_id", "TEXT"),
    ("total_reward", "REAL"),
    ("steps", "INTEGER"),
    ("terminated", "INTEGER"),
    ("truncated", "INTEGER"),
    ("metadata", "BLOB"),
    ("timestamp", "TEXT"),
    ("agent_id", "TEXT"),
    ("run_id", "TEXT"),
    ("worker_id", "TEXT"),
]


def open_database(server):
    return contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True))


@pytest.mark.parametrize(
    "compression, in_h5py", [("lzf", ("lzf", None)), ("gzip-4", ("gzip", 4)), ("none", (None, None))]
)
def test_h5py_reads_a_run_while_it_is_written_after_the_end_and_after_a_kill(
    make_server, recording, compression, in_h5py
):
    server = make_server()
    with server.connect() as connection:
        start(connection, "atari", compression=compression)
        send_columns(connection, "atari", recording)
        assert_file_holds(server, "atari", recording, swmr=True)
    server.kill()
    assert_file_holds(server, "atari", recording, swmr=True)
    server.start()
    with server.connect() as connection:
        assert start(connection, "atari")["resumed"] is True
        frames = resolve_stacked(connection, "atari", "frames", range(len(recording)))
        assert_same_arrays(frames, recording.frames, "frames after kill -9 and restart")
    server.stop()
    assert_file_holds(server, "atari", recording, swmr=False)
    with h5py.File(server.run_file("atari"), "r") as file:
        frames = file["frames"]
        assert (frames.compression, frames.compression_opts) == in_h5py
        assert frames.chunks == (1, 210, 160, 3) and frames.maxshape == (None, 210, 160, 3)
        assert file["rewards"].compression is None, "scalar datasets are not compressed"


def test_a_live_reader_sees_rows_as_they_come(server, connection, recording):
    start(connection, "live")
    producer = Producer(connection)
    send_rows(connection, "live", [recording.row(k) for k in range(4)], producer)
    with h5py.File(server.run_file("live"), "r", libver="latest", swmr=True) as file:
        frames = file["frames"]
        assert len(frames) == 4
        send_rows(connection, "live", [recording.row(k) for k in range(4, 10)], producer)
        frames.id.refresh()
        assert_same_arrays(frames[:], recording.frames[:10], "frames after refresh, without reopening")


def test_a_dataset_that_comes_later_starts_with_fill_rows(server, connection, recording):
    start(connection, "late")
    producer = Producer(connection)
    send_rows(connection, "late", [tiny_step(k) for k in range(3)], producer)
    with h5py.File(server.run_file("late"), "r", libver="latest", swmr=True) as reader:
        send_rows(connection, "late", [tiny_step(3, frame=recording.frames[3])], producer)
        assert len(reader["rewards"]) == 3, "a reader that was open before keeps what it sees"
    send_rows(connection, "late", [tiny_step(4)], producer)
    with h5py.File(server.run_file("late"), "r", libver="latest", swmr=True) as file:
        expected = numpy.zeros((5, *recording.frames[3].shape), numpy.uint8)
        expected[3] = recording.frames[3]
        assert_same_arrays(file["frames"][:], expected, "/frames with fill rows around row 3")
        assert len(file["rewards"]) == len(file["actions"]) == 5, "row i of every dataset is the same step"


def test_interleaved_episodes_in_the_file(server, connection):
    start(connection, "braid")
    send_rows(connection, "braid", [tiny_step(k // 2, f"strand_{k % 2}") for k in range(7)])
    with h5py.File(server.run_file("braid"), "r", libver="latest", swmr=True) as file:
        assert file["episode_index"][:].tolist() == [0, 1, 0, 1, 0, 1, 0]
        assert file["episodes/starts"][:].tolist() == [0, 1]
        assert file["episodes/lengths"][:].tolist() == [4, 3]


def test_the_tables_of_steps_and_episodes(server, connection, recording):
    start(connection, "atari", agent_id="agent", worker_id="worker")
    producer = send_columns(connection, "atari", recording)
    row = recording.row(0) | {"episode_id": "extra", "info": {"lives": 3}, "agent_id": "other"}
    send_rows(connection, "atari", [row], producer)
    metadata = {"seed": 7}
    producer.call("episodes.finish", {"run_id": "atari", "episode_id": "extra", "metadata": metadata})
    with open_database(server) as database:
        assert [row[1:3] for row in database.execute("PRAGMA table_info(steps)")][: len(STEPS)] == STEPS
        assert [row[1:3] for row in database.execute("PRAGMA table_info(episodes)")][: len(EPISODES)] == EPISODES
        keys = [
            row[1] for row in sorted(database.execute("PRAGMA table_info(steps)"), key=lambda row: row[5]) if row[5]
        ]
        assert keys == ["episode_id", "step_index"], "primary key of steps"
        indexes = {row[1] for row in database.execute("PRAGMA index_list(steps)")}
        assert {"idx_steps_run_id", "idx_steps_frame_ref", "idx_steps_timestamp"} <= indexes
        stored = database.execute(
            "SELECT episode_id, step_index, action, reward, terminated, truncated, frame_ref, obs_ref FROM steps"
            " WHERE episode_id <> 'extra' ORDER BY timestamp"
        ).fetchall()
        assert stored == [
            (
                recording.episodes[k],
                recording.indices[k],
                recording.actions[k],
                recording.rewards[k],
                recording.terminated[k],
                recording.truncated[k],
                f"h5://atari/frames/{k}",
                f"h5://atari/observations/{k}",
            )
            for k in range(len(recording))
        ]
        [(info, agent, time)] = database.execute(
            "SELECT info, agent_id, timestamp FROM steps WHERE episode_id = 'extra'"
        )
        assert b'"lives"' in bytes(info) and agent == "other"
        assert time == "2023-11-14T22:13:20.000000Z", "times are UTC with six digits"
        rolled = database.execute(
            "SELECT steps, total_reward, run_id FROM episodes WHERE episode_id = 'extra'"
        ).fetchone()
        assert rolled == (1, recording.rewards[0], "atari")
        everything = {
            reference
            for (reference,) in database.execute("SELECT frame_ref FROM steps UNION SELECT obs_ref FROM steps")
        }
        assert len(everything) == 2 * (len(recording) + 1)
    asked = {"refs": sorted(everything), "missing": "error"}
    assert len(connection.call("frames.resolve", asked)["frames"]) == len(everything), "every reference resolves"
