"""Random training batches, and references checked against the array files."""

import collections
import contextlib
import sqlite3
import struct
import subprocess

import h5py
import numpy
import pytest

from replay import send_rows, start, tiny_step
from server import environment
from wire import Producer, RpcError, Strings


def step(run, episode, index, frame=True, reward=1.0):
    row = {"episode_id": f"{run}-{episode}", "step_index": index, "reward": reward, "terminated": False, "truncated": False}
    if frame:
        # Tells run, episode and step.
        row["frame"] = numpy.array([[ord(run), episode], [index % 256, index // 256]], numpy.uint8)
    return row


@pytest.fixture
def runs(connection):
    """Run a: 3 episodes of 40 steps; run b: one of 80, every other with a frame; rewards grow with the episode."""
    for run in "ab":
        start(connection, run)
    for episode in range(3):
        send_rows(connection, "a", [step("a", episode, k, reward=float(episode)) for k in range(40)])
    send_rows(connection, "b", [step("b", 0, k, frame=k % 2 == 0) for k in range(80)])
    return connection


def sample(connection, n, **members):
    return connection.call("steps.sample", {"n": n} | members)


def keys(result):
    return [(row["episode_id"], row["step_index"]) for row in result["steps"]]


def test_a_batch_has_the_frames_of_its_steps(runs):
    result = sample(runs, 200, arrays=["frame"], seed=1)
    assert result["frame"].shape == (200, 2, 2)
    for row, frame in zip(result["steps"], result["frame"], strict=True):
        run, episode = row["episode_id"].split("-")
        assert frame.tolist() == [[ord(run), int(episode)], [row["step_index"], 0]], "the step's own frame"
        assert row["frame_ref"], "only steps with a frame were drawn"


def test_a_seed_draws_the_same_and_another_does_not(runs):
    assert keys(sample(runs, 50, seed=7)) == keys(sample(runs, 50, seed=7))
    assert keys(sample(runs, 50, seed=7)) != keys(sample(runs, 50, seed=8))
    assert keys(sample(runs, 50)) != keys(sample(runs, 50))


def test_every_step_has_the_same_probability(runs):
    draws = collections.Counter()
    for seed in range(4):
        draws.update(keys(sample(runs, 10_000, seed=seed)))
    assert len(draws) == 200
    chi = sum((count - 200) ** 2 / 200 for count in draws.values())
    assert chi < 300, f"χ² {chi:.0f} at 199 degrees of freedom"


def test_without_replacement_no_step_comes_twice(runs):
    drawn = keys(sample(runs, 120, replacement=False, run_ids=["a"]))
    assert len(set(drawn)) == 120 and {episode for episode, _ in drawn} == {"a-0", "a-1", "a-2"}
    assert len(set(keys(sample(runs, 40, replacement=False, run_ids=["b"], arrays=["frame"])))) == 40
    with pytest.raises(RpcError, match="not_found"):
        sample(runs, 121, replacement=False, run_ids=["a"])
    with pytest.raises(RpcError, match="not_found"):
        sample(runs, 41, replacement=False, run_ids=["b"], arrays=["frame"])


def test_the_few_steps_that_have_a_frame_are_all_found(runs):
    count = 20_000
    columns = {
        "episode_id": Strings([f"rare-{k // 1000}" for k in range(count)]),
        "step_index": numpy.arange(count) % 1000,
        "reward": numpy.ones(count),
        "terminated": numpy.zeros(count, bool),
        "truncated": numpy.zeros(count, bool),
        "frame": numpy.arange(5, dtype=numpy.uint8).reshape(5, 1, 1),
        "frame_rows": numpy.array([7, 7007, 7008, 7009, 19_999], numpy.uint32),
    }
    start(runs, "rare")
    Producer(runs).call("steps.append", {"run_id": "rare", "count": count, "columns": columns})
    rare = [("rare-0", 7), ("rare-7", 7), ("rare-7", 8), ("rare-7", 9), ("rare-19", 999)]
    asked = {"run_ids": ["rare"], "arrays": ["frame"]}
    assert set(keys(sample(runs, 5, replacement=False, **asked))) == set(rare)
    draws = collections.Counter(keys(sample(runs, 5000, seed=4, **asked)))
    assert set(draws) == set(rare) and min(draws.values()) > 850, "each as often as the others"
    assert keys(sample(runs, 100, seed=4, **asked)) == keys(sample(runs, 100, seed=4, **asked))
    pairs = sample(runs, 50, sequence_length=2, seed=5, **asked)
    assert set(keys(pairs)[::2]) == {("rare-7", 7), ("rare-7", 8)}
    assert {tuple(pair.ravel()) for pair in pairs["frame"]} == {(1, 2), (2, 3)}
    assert set(keys(sample(runs, 3, episode_ids=["rare-19"], arrays=["frame"]))) == {("rare-19", 999)}
    for none in ({"n": 6, "replacement": False}, {"n": 1, "sequence_length": 4}, {"n": 1, "episode_ids": ["rare-3"]}):
        with pytest.raises(RpcError, match="not_found.*could be drawn"):
            runs.call("steps.sample", asked | none)


def test_runs_episodes_and_rewards_are_chosen(runs):
    assert {row["run_id"] for row in sample(runs, 50, run_ids=["b"])["steps"]} == {"b"}
    assert {episode for episode, _ in keys(sample(runs, 50, episode_ids=["a-1"]))} == {"a-1"}
    assert {episode for episode, _ in keys(sample(runs, 99, min_total_reward=40, max_total_reward=79))} == {"a-1"}


def test_sequences_are_consecutive_steps_of_one_episode(runs):
    result = sample(runs, 30, sequence_length=8, arrays=["frame"], run_ids=["a"], seed=3)
    assert result["frame"].shape == (30, 8, 2, 2)
    for start_ in range(0, 240, 8):
        part = keys(result)[start_ : start_ + 8]
        episode, first = part[0]
        assert part == [(episode, first + k) for k in range(8)]
    starts = collections.Counter(
        key for seed in range(10) for key in keys(sample(runs, 1000, sequence_length=39, run_ids=["a"], seed=seed))[::39]
    )
    assert set(starts) == {(f"a-{episode}", first) for episode in range(3) for first in range(2)}
    assert max(starts.values()) < 1.2 * min(starts.values())


def test_a_sequence_leaves_no_step_out(runs):
    send_rows(runs, "a", [step("a", 5, k) for k in (0, 1, 5, 6, 7, 8, 20)])
    asked = {"sequence_length": 3, "episode_ids": ["a-5"]}
    starts = collections.Counter(keys(sample(runs, 1000, seed=2, **asked))[::3])
    assert set(starts) == {("a-5", 5), ("a-5", 6)} and min(starts.values()) > 400
    assert set(keys(sample(runs, 2, replacement=False, **asked))[::3]) == set(starts)
    for too_many in ({"replacement": False, "n": 3}, {"sequence_length": 5, "n": 1}):
        with pytest.raises(RpcError, match="not_found"):
            runs.call("steps.sample", asked | too_many)


def test_a_growing_run_is_sampled_up_to_its_last_step(runs):
    send_rows(runs, "a", [step("a", 9, k) for k in range(2000)])
    assert any(episode == "a-9" for episode, _ in keys(sample(runs, 50, run_ids=["a"])))


@pytest.mark.parametrize(
    "members",
    [{"n": 0}, {"n": 10_001}, {"n": 1, "sequence_length": 0}, {"n": 10_000, "sequence_length": 11}, {"n": 1, "run_ids": ["../x"]}],
)
def test_what_can_not_be_drawn_is_refused(runs, members):
    with pytest.raises(RpcError, match="invalid_params"):
        runs.call("steps.sample", members)


def test_nothing_to_draw_is_said(connection):
    start(connection, "empty")
    with pytest.raises(RpcError, match="not_found"):
        sample(connection, 1)


# --- Frames for players


def test_the_frames_of_an_episode_come_as_raw_bytes(server, runs):
    status, headers, body = server.get("/episodes/a-1/frames?from=10&to=15")
    assert status == 200 and headers["content-type"] == "application/octet-stream"
    assert headers["x-dtype"] == "uint8" and headers["x-shape"] == "5,2,2" and headers["x-steps"] == "10,11,12,13,14"
    frames = numpy.frombuffer(body, numpy.uint8).reshape(5, 2, 2)
    assert frames[:, 1, 0].tolist() == [10, 11, 12, 13, 14] and set(frames[:, 0, 1].tolist()) == {1}
    status, headers, body = server.get("/episodes/b-0/frames?from=1&to=6")
    assert headers["x-steps"] == "2,4" and len(body) == 8, "steps without a frame are left out"
    send_rows(runs, "a", [step("a", 7, 0) | {"episode_id": "with/slash ö"}])
    assert server.get("/episodes/with%2Fslash%20%C3%B6/frames")[0] == 200
    for path, expected in (("nothing/frames", 404), ("a-1/frames?from=-1", 400), ("a-1/frames?from=3&to=2", 400)):
        assert server.get(f"/episodes/{path}")[0] == expected


# --- refs.validate


def test_whole_runs_validate(runs):
    for run, checked in (("a", 120), ("b", 40)):
        result = runs.call("refs.validate", {"run_id": run, "decode": True})
        assert result["checked"] == checked and result["missing"] == [] and result["undecodable"] == []
        assert result["unreferenced"] == 0 and result["problems"] == []


def test_what_is_missing_or_damaged_is_named(server, runs):
    runs.call("runs.finish", {"run_id": "a", "status": "finished"})
    server.stop()
    with contextlib.closing(sqlite3.connect(server.database)) as database, database:
        database.execute("UPDATE steps SET frame_ref = 'h5://a/frames/7000' WHERE episode_id = 'a-0' AND step_index = 3")
    with h5py.File(server.data / "replay" / "a.h5", "r+") as file:
        file["frames"].id.write_direct_chunk((50, 0, 0), b"\xff" * 3, filter_mask=0)
    server.start()
    from wire import Connection

    with contextlib.closing(Connection(server.tcp)) as connection:
        result = connection.call("refs.validate", {"run_id": "a"})
        assert result["missing"] == ["h5://a/frames/7000"] and result["missing_count"] == 1
        decoded = connection.call("refs.validate", {"run_id": "a", "decode": True})
        assert decoded["undecodable"] == ["h5://a/frames/50"]
        with pytest.raises(RpcError, match="not_found"):
            connection.call("refs.validate", {"run_id": "nothing"})

        assert verify(server, "b").returncode == 0
        faulty = verify(server)
        assert faulty.returncode == 4 and "h5://a/frames/7000" in faulty.stdout and "h5://a/frames/50" in faulty.stdout
        assert verify(server, "--repair").returncode == 4
        assert verify(server).returncode == 0
        page = connection.call("episodes.steps", {"episode_id": "a-0", "from": 3, "to": 4})
        assert page["steps"][0]["frame_ref"] is None, "the step itself stays"


@pytest.fixture
def dicts(server, connection):
    """A run whose observations have two arrays and whose actions are arrays; its file is closed."""
    start(connection, "dicts")
    rows = [tiny_step(k) | {
        "action": numpy.float32([k, -k]),
        "observation": {"a": numpy.full((9, 9), k, numpy.uint8), "b": numpy.full((9, 9), -k, numpy.int16)},
    } for k in range(6)]
    del rows[5]["observation"]["b"]
    send_rows(connection, "dicts", rows)
    connection.call("runs.finish", {"run_id": "dicts", "status": "finished"})
    server.stop()
    return server.run_file("dicts")


def verify(server, *arguments):
    command = [server.binary, "verify", "--server", "{}:{}".format(*server.tcp), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)


def validate(server, run):
    with server.connect() as connection:
        return connection.call("refs.validate", {"run_id": run, "decode": True})


def test_every_array_of_an_observation_is_checked(server, dicts):
    server.start()
    whole = validate(server, "dicts")
    assert whole["checked"] == 6 and whole["missing"] == whole["undecodable"] == whole["problems"] == []
    server.stop()
    with h5py.File(dicts, "r+") as file:
        file["observations.b"].id.write_direct_chunk((3, 0, 0), b"\xff" * 3, filter_mask=0)
    server.start()
    damaged = validate(server, "dicts")
    assert damaged["undecodable"] == ["h5://dicts/observations.b/3"] and damaged["missing"] == []
    found = verify(server)
    assert found.returncode == 4 and "h5://dicts/observations.b/3" in found.stdout
    assert verify(server, "--repair").returncode == 4
    assert verify(server).returncode == 0
    with server.connect() as connection:
        steps = connection.call("episodes.steps", {"run_id": "dicts"})["steps"]
    assert [step["step_index"] for step in steps if step["obs_ref"] is None] == [3], "its observation is not whole"


def test_actions_that_are_arrays_are_checked(server, dicts):
    with h5py.File(dicts, "r") as file:
        place = struct.pack("<Q", file["actions"].id.get_chunk_info(0).byte_offset)
    data = dicts.read_bytes()
    assert data.count(place) == 1
    dicts.write_bytes(data.replace(place, struct.pack("<Q", 1 << 40)))
    server.start()
    damaged = validate(server, "dicts")
    assert damaged["undecodable"] == [f"h5://dicts/actions/{k}" for k in range(6)]
    assert verify(server, "dicts").returncode == 4


def test_images_are_validated_by_their_labels(connection):
    image = numpy.arange(16, dtype=numpy.uint8).reshape(4, 4)
    Producer(connection).call("images.insert", {"images": [{"filename": f"{k}.png", "image": image} for k in range(3)]})
    result = connection.call("refs.validate", {"run_id": "images", "decode": True})
    assert result["checked"] == 3 and result["missing"] == [] and result["unreferenced"] == 0
