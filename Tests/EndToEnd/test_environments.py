"""Several games and a continuous control task, whole episodes of them, bit for bit through every way in and out."""

import urllib.parse

import numpy
import pytest

import games
from replay import assert_file_holds, assert_same_arrays, resolve_stacked, send_columns, start


def check_answers(server, connection, recording):
    """Every method that gives arrays back."""
    rows = range(len(recording))
    if recording.frames is not None:
        assert_same_arrays(resolve_stacked(connection, "run", "frames", rows), recording.frames, "frames")
    assert_same_arrays(resolve_stacked(connection, "run", "observations", rows), recording.observations, "observations")
    actions = resolve_stacked(connection, "run", "actions", rows)
    assert_same_arrays(actions.astype(recording.actions.dtype), recording.actions, "actions")
    for episode in dict.fromkeys(recording.episodes):
        check_episode(server, connection, recording, episode)
    check_sample(connection, recording)


def check_episode(server, connection, recording, episode):
    rows = recording.of_episode(episode)
    wanted = ["frame", "observation"] if recording.frames is not None else ["observation"]
    found = connection.call("episodes.steps", {"episode_id": episode, "arrays": wanted, "limit": 10_000})
    steps = found["steps"]
    assert [step["step_index"] for step in steps] == list(recording.indices[rows])
    assert [step["reward"] for step in steps] == list(recording.rewards[rows])
    assert [step["terminated"] for step in steps] == list(recording.terminated[rows])
    assert [step["truncated"] for step in steps] == list(recording.truncated[rows])
    is_discrete = recording.actions.dtype.kind == "i"
    assert [step["action"] for step in steps] == (list(recording.actions[rows]) if is_discrete else [None] * len(rows))
    assert_same_arrays(found["observation"], recording.observations[rows], f"observations of {episode}")
    if recording.frames is None:
        return
    assert_same_arrays(found["frame"], recording.frames[rows], f"frames of {episode}")
    status, headers, body = server.get(f"/episodes/{urllib.parse.quote(episode, safe='')}/frames?from=1&to=90")
    shape = [int(size) for size in headers["x-shape"].split(",")]
    raw = numpy.frombuffer(body, headers["x-dtype"]).reshape(shape)
    assert status == 200
    assert_same_arrays(raw, recording.frames[rows[1:90]], f"raw frames of {episode}")


def check_sample(connection, recording):
    at = {key: k for k, key in enumerate(zip(recording.episodes, recording.indices.tolist(), strict=True))}
    found = connection.call("steps.sample", {"n": 64, "arrays": ["observation"], "seed": 1})
    rows = [at[step["episode_id"], step["step_index"]] for step in found["steps"]]
    assert_same_arrays(found["observation"], recording.observations[rows], "sampled observations")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "name, compression, encoding",
    [
        ("ALE/Pong-v5", "lzf", None),
        ("ALE/SpaceInvaders-v5", "gzip-4", "zlib"),
        ("ALE/MsPacman-v5", "none", None),
        ("Pendulum-v1", "lzf", None),
    ],
)
def test_whole_episodes_live_killed_closed_and_sealed(make_server, name, compression, encoding, is_long):
    steps = 2000 if is_long else 450
    record = games.record if name.startswith("ALE") else games.record_control
    recording = record(name, steps=steps, seed=17)
    server = make_server()
    with server.connect() as connection:
        start(connection, "run", compression=compression)
        send_columns(connection, "run", recording, encoding=encoding)
        check_answers(server, connection, recording)
        assert_file_holds(server, "run", recording, swmr=True)
    server.kill()
    assert_file_holds(server, "run", recording, swmr=True)
    server.start()
    with server.connect() as connection:
        check_answers(server, connection, recording)
        connection.call("runs.finish", {"run_id": "run", "status": "finished"})
    server.stop()
    assert_file_holds(server, "run", recording, swmr=False)
    server.start()
    with server.connect() as connection:
        connection.call("runs.seal", {"run_id": "run"})
        check_answers(server, connection, recording)
    assert_file_holds(server, "run", recording, swmr=False)
    server.stop()
    assert_file_holds(server, "run", recording, swmr=False)
