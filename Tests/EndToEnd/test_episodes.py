"""Episodes and runs: reading them back with scalars and arrays, listing, resuming, what is refused."""

import threading

import numpy

from replay import assert_same_arrays, refs, resolve_stacked, send_columns, send_rows, start, tiny_step
from wire import Producer


def test_every_episode_is_read_with_its_scalars_and_arrays(connection, recording):
    start(connection, "atari")
    producer = send_columns(connection, "atari", recording)
    for episode in dict.fromkeys(recording.episodes):
        rows = recording.of_episode(episode)
        asked = {"episode_id": episode, "arrays": ["frame", "observation"], "limit": 1000}
        result = connection.call("episodes.steps", asked)
        assert_steps_match(result["steps"], recording, rows, "atari")
        assert_same_arrays(result["frame"], recording.frames[rows], f"frames of {episode}")
        assert_same_arrays(result["observation"], recording.observations[rows], f"observations of {episode}")
        finished = producer.call("episodes.finish", {"run_id": "atari", "episode_id": episode})
        expected = {"episode_id": episode, "steps": len(rows), "total_reward": recording.rewards[rows].sum()}
        assert expected.items() <= finished.items(), f"roll-up of {episode}"
        assert finished["terminated"] == bool(recording.terminated[rows[-1]])


def assert_steps_match(steps, recording, rows, run_id):
    assert [step["step_index"] for step in steps] == recording.indices[rows].tolist()
    assert [step["action"] for step in steps] == recording.actions[rows].tolist()
    assert [step["reward"] for step in steps] == recording.rewards[rows].tolist()
    assert [step["terminated"] for step in steps] == recording.terminated[rows].tolist()
    assert [step["truncated"] for step in steps] == recording.truncated[rows].tolist()
    assert [step["frame_ref"] for step in steps] == refs(run_id, "frames", rows)
    assert [step["obs_ref"] for step in steps] == refs(run_id, "observations", rows)
    drift = max(abs(step["timestamp"] - recording.times[k]) for step, k in zip(steps, rows))
    assert drift < 1e-6, f"times come back to the microsecond, the largest difference was {drift}"


def test_a_range_of_steps_and_pages(connection, recording):
    start(connection, "paged")
    send_rows(connection, "paged", [tiny_step(k) for k in range(30)])
    ranged = connection.call("episodes.steps", {"episode_id": "episode", "from": 5, "to": 9})["steps"]
    assert [step["step_index"] for step in ranged] == [5, 6, 7, 8], "from ≤ step_index < to"
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        asked = {"run_id": "paged", "limit": 7} | ({"cursor": cursor} if cursor else {})
        page = connection.call("episodes.steps", asked)
        assert len(page["steps"]) <= 7
        seen += [step["step_index"] for step in page["steps"]]
        cursor, pages = page.get("cursor"), pages + 1
    assert seen == list(range(30)) and pages in (5, 6)


def test_interleaved_episodes_keep_their_own_order(connection):
    start(connection, "braid")
    order = [(f"strand_{k % 3}", k // 3) for k in range(30)]
    send_rows(connection, "braid", [tiny_step(index, name, reward=float(k)) for k, (name, index) in enumerate(order)])
    for strand in range(3):
        steps = connection.call("episodes.steps", {"episode_id": f"strand_{strand}"})["steps"]
        assert [step["step_index"] for step in steps] == list(range(10))
        assert [step["reward"] for step in steps] == [float(strand + 3 * k) for k in range(10)]


def test_episodes_are_listed_in_each_order(connection):
    start(connection, "lists")
    producer = Producer(connection)
    for name, rewards in (("b", [1.0, 1.0, 1.0]), ("a", [9.0]), ("c", [2.0, -7.5])):
        rows = [tiny_step(k, name, reward=reward, timestamp=1000.0 + ord(name) + k) for k, reward in enumerate(rewards)]
        send_rows(connection, "lists", rows, producer)
        producer.call("episodes.finish", {"run_id": "lists", "episode_id": name, "metadata": {"name": name}})
    for order, expected in (("total_reward", "cba"), ("steps", "acb"), ("started_at", "abc")):
        for descending in (False, True):
            asked = {"run_id": "lists", "order": order, "descending": descending}
            listed = [item["episode_id"] for item in connection.call("episodes.list", asked)["episodes"]]
            assert listed == list(expected[::-1] if descending else expected), f"{order}, descending {descending}"
            assert paged(connection, asked) == listed, f"pages of {order}, descending {descending}"


def paged(connection, asked):
    names, cursor = [], None
    while True:
        page = connection.call("episodes.list", asked | {"limit": 1} | ({"cursor": cursor} if cursor else {}))
        names += [item["episode_id"] for item in page["episodes"]]
        cursor = page.get("cursor")
        if not cursor:
            return names


def test_steps_that_must_be_refused(connection, recording):
    start(connection, "first")
    start(connection, "second")
    send_rows(connection, "first", [recording.row(k) for k in range(3)])
    small = {"frame": recording.frames[0][:100]}
    wide = {"frame": recording.frames[0].astype(numpy.float32)}
    cases = [
        ("a step that exists", "first", recording.row(1), "duplicate_step"),
        ("another run's episode", "second", recording.row(3), "episode_of_other_run"),
        ("another shape", "first", recording.row(3) | small, "shape_mismatch"),
        ("another dtype", "first", recording.row(3) | wide, "shape_mismatch"),
        ("a NaN reward", "first", recording.row(3) | {"reward": "NaN"}, "invalid_params"),
        ("an action beyond int32", "first", recording.row(3) | {"action": 2**31}, "invalid_params"),
        ("a negative step_index", "first", recording.row(3) | {"step_index": -1}, "invalid_params"),
        ("a run that was not started", "third", recording.row(3), "not_found"),
        ("the reserved run", "images", recording.row(3), None),
    ]
    for what, run_id, step, kind in cases:
        good = tiny_step(500, recording.episodes[0])
        params = {"run_id": run_id, "steps": [good, step], "producer": Producer(connection).id, "seq": 1}
        refused = connection.refusal("steps.append", params)
        assert refused.final, f"{what} must be final: {refused}"
        assert kind is None or refused.kind == kind, f"{what} must be {kind}: {refused}"
    kept = connection.call("episodes.steps", {"run_id": "first"})["steps"]
    assert len(kept) == 3, "a refused request stores nothing of its batch"
    after = send_rows(connection, "first", [recording.row(3)])
    assert after == {"stored": 1, "first_index": 3}, "a refused request leaves no hole in the file"


def test_two_runs_at_the_same_time(server, recording):
    def train(run_id, errors):
        try:
            with server.connect() as connection:
                start(connection, run_id)
                rows = [recording.row(k, prefix=run_id) for k in range(len(recording))]
                producer = Producer(connection)
                for at in range(0, len(rows), 20):
                    send_rows(connection, run_id, rows[at : at + 20], producer)
                frames = resolve_stacked(connection, run_id, "frames", range(len(recording)))
                assert_same_arrays(frames, recording.frames, run_id)
        except BaseException as error:
            errors.append(error)

    errors = []
    threads = [threading.Thread(target=train, args=(f"run_{k}", errors)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert errors == []
    with server.connect() as connection:
        listed = {run["run_id"] for run in connection.call("runs.list", {})["runs"]}
    assert {"run_0", "run_1"} <= listed


def test_a_finished_run_is_resumed(connection, recording):
    start(connection, "resumed")
    send_rows(connection, "resumed", [recording.row(0)])
    finished = connection.call("runs.finish", {"run_id": "resumed", "status": "finished"})
    assert finished == {"run_id": "resumed", "status": "finished"}
    assert start(connection, "resumed") == {"run_id": "resumed", "resumed": True}
    assert send_rows(connection, "resumed", [recording.row(1)]) == {"stored": 1, "first_index": 1}
