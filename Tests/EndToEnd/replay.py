"""Helpers of the tests that write and read steps."""

import h5py
import numpy

from codecs_of_rows import CompressedRows
from wire import Producer


def start(connection, run_id, **optional):
    return connection.call("runs.start", {"run_id": run_id} | optional)


def send_columns(connection, run_id, recording, size=64, producer=None, encoding=None):
    """Sends a whole recording in columnar batches, pipelined; returns the producer."""
    producer = producer or Producer(connection)
    waiting = []
    for rows in recording.batches(size):
        columns = recording.columns(rows)
        if encoding:
            for name in columns.keys() & {"frame", "observation"}:
                columns[name] = CompressedRows(columns[name], encoding)
        count = rows.stop - rows.start
        waiting.append((rows, producer.send("steps.append", {"run_id": run_id, "count": count, "columns": columns})))
    for rows, id in waiting:
        expected = {"stored": rows.stop - rows.start, "first_index": rows.start}
        assert connection.wait(id) == expected, f"steps {rows.start}..<{rows.stop} of {run_id}"
    return producer


def send_rows(connection, run_id, rows, producer=None):
    producer = producer or Producer(connection)
    return producer.call("steps.append", {"run_id": run_id, "steps": rows})


def refs(run_id, dataset, indices):
    return [f"h5://{run_id}/{dataset}/{index}" for index in indices]


def resolve(connection, references, **optional):
    return connection.call("frames.resolve", {"refs": references} | optional)["frames"]


def resolve_stacked(connection, run_id, dataset, indices):
    return resolve(connection, refs(run_id, dataset, indices), stack=True)


def assert_same_arrays(actual, expected, what):
    """Bit for bit: dtype, shape and every element."""
    assert actual.dtype == expected.dtype, f"{what}: expected dtype {expected.dtype}, got {actual.dtype}"
    assert actual.shape == expected.shape, f"{what}: expected shape {expected.shape}, got {actual.shape}"
    if actual.tobytes() != expected.tobytes():
        rows = [k for k in range(len(expected)) if numpy.any(actual[k] != expected[k])] if expected.ndim else [0]
        raise AssertionError(f"{what}: rows {rows[:20]} of {len(expected)} differ")


def assert_file_holds(server, run_id, recording, swmr):
    """Everything that the contract says about a run's file, as h5py without plugins reads it."""
    with h5py.File(server.run_file(run_id), "r", libver="latest", swmr=swmr) as file:
        if recording.frames is not None:
            assert_same_arrays(file["frames"][:], recording.frames, "/frames")
        assert_same_arrays(file["observations"][:], recording.observations, "/observations")
        actions = recording.actions
        assert_same_arrays(file["actions"][:], actions.astype("i4") if actions.dtype.kind == "i" else actions, "/actions")
        assert_same_arrays(file["rewards"][:], recording.rewards, "/rewards")
        assert_same_arrays(file["dones"][:], recording.terminated | recording.truncated, "/dones")
        names = list(dict.fromkeys(recording.episodes))
        numbers = numpy.array([names.index(name) for name in recording.episodes])
        assert_same_arrays(file["episode_index"][:], numbers, "/episode_index")
        starts = numpy.array([recording.episodes.index(name) for name in names])
        assert_same_arrays(file["episodes/starts"][:], starts, "/episodes/starts")
        lengths = numpy.array([recording.episodes.count(name) for name in names])
        assert_same_arrays(file["episodes/lengths"][:], lengths, "/episodes/lengths")
        assert {"run_id", "created_at", "version"} <= file.attrs.keys()
        stored = file.attrs["run_id"]
        assert (stored.decode() if isinstance(stored, bytes) else stored) == run_id


def tiny_step(index, episode="episode", **members):
    """A step without arrays."""
    return {
        "episode_id": episode,
        "step_index": index,
        "action": index % 4,
        "reward": 0.5,
        "terminated": False,
        "truncated": False,
    } | members


def make_target(server):
    with server.connect() as connection:
        start(connection, "target")
        rows = [tiny_step(k, "kept", frame=numpy.full((4, 4, 3), k, numpy.uint8)) for k in range(3)]
        send_rows(connection, "target", rows)


def assert_target_is_untouched(server):
    """The server answers and the run of `make_target` is what it was."""
    with server.connect() as connection:
        found = connection.call("episodes.steps", {"run_id": "target", "arrays": ["frame"]})
    assert [step["step_index"] for step in found["steps"]] == [0, 1, 2], "another run's rows stay as they were"
    assert [int(frame[0, 0, 0]) for frame in found["frame"]] == [0, 1, 2], "another run's arrays stay as they were"
    server.check()
