"""Videos of episodes, episodes as .npz files and Minari datasets, and files of other programs as runs."""

import json
import shutil
import signal
import subprocess

import gymnasium
import h5py
import numpy
import pytest

from replay import assert_same_arrays, refs, send_columns, send_rows, start
from server import environment
from waiting import eventually
from wire import Producer, Strings

minari = pytest.importorskip("minari")


def run(binary, *arguments, timeout=110, **variables):
    return subprocess.run(
        [binary, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        env=environment(**variables),
    )


def succeed(binary, *arguments, **variables):
    done = run(binary, *arguments, **variables)
    assert done.returncode == 0 and done.stderr == "", str(done)
    return done.stdout


def refuse(binary, *arguments, code=1, **variables):
    refused = run(binary, *arguments, **variables)
    assert refused.returncode == code and refused.stdout == "", str(refused)
    if code == 1:
        assert len(refused.stderr.splitlines()) == 1, f"an error is one line: {refused.stderr}"
    return refused.stderr


def address(server):
    return ("--server", f"{server.tcp[0]}:{server.tcp[1]}")


def play_pendulum(episodes=3, steps=40, seed=5):
    """Continuous control: for each episode observations (with the last one), actions, rewards, ends."""
    environment = gymnasium.make("Pendulum-v1", max_episode_steps=steps)
    environment.action_space.seed(seed)
    played = []
    for episode in range(episodes):
        observation, _ = environment.reset(seed=seed + episode)
        rows, last = [], False
        observations = [observation]
        while not last:
            action = environment.action_space.sample()
            observation, reward, terminated, last, _ = environment.step(action)
            observations.append(observation)
            rows.append((action, float(reward), terminated, last))
        actions, rewards, terminations, truncations = map(numpy.array, zip(*rows))
        played.append((numpy.stack(observations), actions, rewards, terminations, truncations))
    environment.close()
    return played


def send_pendulum(connection, run_id, played, observed=True):
    """The episodes interleaved, so that rows of a run and steps of an episode differ."""
    start(connection, run_id)
    producer, steps = Producer(connection), len(played[0][1])
    for first in range(0, steps, 10):
        for k, (observations, actions, rewards, terminations, truncations) in enumerate(played):
            rows = slice(first, first + 10)
            columns = {
                "episode_id": Strings([f"{run_id}/{k}"] * 10),
                "step_index": numpy.arange(first, first + 10),
                "action": actions[rows],
                "reward": rewards[rows],
                "terminated": terminations[rows],
                "truncated": truncations[rows],
                "timestamp": 1_700_000_000 + numpy.arange(first, first + 10) / 4,
                "info": Strings(json.dumps({"t": t, "ü": "ß"}, ensure_ascii=False) for t in range(first, first + 10)),
            }
            if observed:
                columns["observation"] = observations[:-1][rows]
            producer.call("steps.append", {"run_id": run_id, "count": 10, "columns": columns})
    for k in range(len(played)):
        ended = {"run_id": run_id, "episode_id": f"{run_id}/{k}", "metadata": {"seed": 5 + k}}
        producer.call("episodes.finish", ended)


def steps_of(connection, episode, arrays=("observation", "frame")):
    """All steps of an episode and its arrays."""
    page = connection.call("episodes.steps", {"episode_id": episode, "arrays": list(arrays), "limit": 10_000})
    assert "cursor" not in page or page["cursor"] is None
    return page


def actions_of(connection, run_id, steps):
    rows = [int(step["obs_ref"].split("/")[-1]) for step in steps]
    refs = [f"h5://{run_id}/actions/{row}" for row in rows]
    return connection.call("frames.resolve", {"refs": refs, "stack": True})["frames"]


# --- npz


@pytest.mark.parametrize("offline", [False, True])
def test_atari_as_npz(make_server, binary, recording, tmp_path, offline):
    server = make_server()
    with server.connect() as connection:
        start(connection, "breakout")
        send_columns(connection, "breakout", recording)
    if offline:
        server.stop()
    where = ("--data", server.data) if offline else address(server)
    out = tmp_path / "arrays"
    succeed(binary, "export", "episodes", "--run", "breakout", "--format", "npz", "--out", out, *where)
    names = list(dict.fromkeys(recording.episodes))
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{name}.npz" for name in names)
    for name in names:
        rows = recording.of_episode(name)
        with numpy.load(out / f"{name}.npz", allow_pickle=False) as arrays:
            assert_same_arrays(arrays["frames"], recording.frames[rows], "frames")
            assert_same_arrays(arrays["observations"], recording.observations[rows], "observations")
            assert_same_arrays(arrays["actions"], recording.actions[rows], "actions")
            assert_same_arrays(arrays["rewards"], recording.rewards[rows], "rewards")
            assert_same_arrays(arrays["terminations"], recording.terminated[rows], "terminations")
            assert_same_arrays(arrays["truncations"], recording.truncated[rows], "truncations")
            assert_same_arrays(arrays["step_index"], recording.indices[rows], "step_index")
            assert numpy.abs(arrays["timestamps"] - recording.times[rows]).max() < 1e-5
            assert list(arrays["infos"]) == ["null"] * len(rows) and str(arrays["episode_id"]) == name
    assert not list(tmp_path.glob("*.part")) and not list(out.glob("*.part"))


@pytest.mark.parametrize("observed", [True, False])
def test_continuous_control_as_one_npz(server, connection, binary, tmp_path, observed):
    played = play_pendulum()
    send_pendulum(connection, "swing", played, observed)
    out = tmp_path / "one.npz"
    succeed(binary, "export", "episodes", "--episode", "swing/1", "--format", "npz", "--out", out, *address(server))
    observations, actions, rewards, terminations, truncations = played[1]
    with numpy.load(out, allow_pickle=False) as arrays:
        assert_same_arrays(arrays["actions"], actions, "actions")
        assert_same_arrays(arrays["rewards"], rewards, "rewards")
        assert_same_arrays(arrays["truncations"], truncations, "truncations")
        assert ("observations" in arrays) == observed and "frames" not in arrays
        if observed:
            assert_same_arrays(arrays["observations"], observations[:-1], "observations")
        assert [json.loads(text) for text in arrays["infos"]] == [{"t": t, "ü": "ß"} for t in range(len(rewards))]


def test_steps_without_an_array_are_told_apart(server, connection, binary, tmp_path):
    start(connection, "gaps")
    rows = []
    for k in range(30):
        step = {"episode_id": "gaps/0", "step_index": 2 * k, "reward": 1, "terminated": False, "truncated": False}
        if k % 3 == 1:
            step["frame"] = numpy.full((4, 6), k, numpy.uint8)
        if k >= 10:
            step["observation"] = {"joints": numpy.arange(3.0) + k} | (
                {"touch": numpy.array(k, numpy.int16)} if k % 2 else {}
            )
        rows.append(step)
    send_rows(connection, "gaps", rows)
    out = tmp_path / "gaps.npz"
    succeed(binary, "export", "episodes", "--run", "gaps", "--format", "npz", "--out", out, *address(server))
    with numpy.load(out, allow_pickle=False) as arrays:
        assert arrays["step_index"].tolist() == list(range(0, 60, 2)) and "actions" not in arrays
        assert arrays["frames_rows"].tolist() == list(range(1, 30, 3))
        assert arrays["frames"][:, 0, 0].tolist() == list(range(1, 30, 3))
        assert arrays["observations.joints_rows"].tolist() == list(range(10, 30))
        assert arrays["observations.joints"][:, 2].tolist() == list(range(12, 32))
        assert arrays["observations.touch_rows"].tolist() == list(range(11, 30, 2))
        assert arrays["observations.touch"].tolist() == list(range(11, 30, 2))


# --- Minari


def load(monkeypatch, folder):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(folder.parent))
    return minari.load_dataset(folder.name)


def test_continuous_control_through_minari_and_back(server, connection, binary, tmp_path, monkeypatch):
    played = play_pendulum()
    send_pendulum(connection, "swing", played)
    out = tmp_path / "pendulum-v0"
    succeed(binary, "export", "episodes", "--run", "swing", "--format", "minari", "--out", out, *address(server))
    dataset = load(monkeypatch, out)
    assert dataset.total_episodes == 3 and dataset.total_steps == 120
    assert [episode.id for episode in dataset.iterate_episodes()] == [0, 1, 2]
    for k, episode in enumerate(dataset.iterate_episodes()):
        observations, actions, rewards, terminations, truncations = played[k]
        assert_same_arrays(episode.observations[:-1], observations[:-1], "observations")
        assert (episode.observations[-1] == observations[-2]).all(), "the last one is there twice"
        assert_same_arrays(episode.actions, actions, "actions")
        assert_same_arrays(episode.rewards, rewards, "rewards")
        assert_same_arrays(episode.terminations, terminations, "terminations")
        assert_same_arrays(episode.truncations, truncations, "truncations")
        assert json.loads(episode.infos["json"][7]) == {"t": 7, "ü": "ß"}
        assert dataset.action_space.contains(episode.actions[0])
        assert dataset.observation_space.contains(episode.observations[0])
    assert [data["seed"] for data in dataset.storage.get_episode_metadata([0, 1, 2])] == [5, 6, 7]
    told = succeed(binary, "import", out / "data" / "main_data.hdf5", "--run", "back", *address(server))
    assert "3 episodes" in told, told
    for k in range(3):
        before, after = steps_of(connection, f"swing/{k}"), steps_of(connection, f"back/ep{k:06}")
        assert_same_arrays(after["observation"], before["observation"], "observations")
        for was, now in zip(before["steps"], after["steps"], strict=True):
            for name in ("step_index", "action", "reward", "terminated", "truncated", "timestamp", "info"):
                assert was[name] == now[name], name
        taken = actions_of(connection, "back", after["steps"])
        assert_same_arrays(taken, played[k][1], "actions")
        found = connection.call("episodes.get", {"episode_id": f"back/ep{k:06}"})
        assert found["finished"] and found["metadata"]["seed"] == 5 + k
    again = succeed(binary, "import", out / "data" / "main_data.hdf5", "--run", "back", *address(server))
    assert "nothing was added" in again, again


def test_atari_through_minari_and_back(server, connection, binary, recording, tmp_path, monkeypatch):
    start(connection, "breakout")
    send_columns(connection, "breakout", recording)
    names = [episode["episode_id"] for episode in connection.call("episodes.list", {"run_id": "breakout"})["episodes"]]
    out = tmp_path / "breakout-v3"
    command = ("export", "episodes", "--run", "breakout", "--format", "minari", "--out", f"{out}/")
    succeed(binary, *command, *address(server))
    dataset = load(monkeypatch, out)
    for name, episode in zip(names, dataset.iterate_episodes(), strict=True):
        rows = recording.of_episode(name)
        assert_same_arrays(episode.observations[:-1], recording.observations[rows], "observations")
        assert_same_arrays(episode.infos["frame"], recording.frames[rows], "frames")
        assert_same_arrays(episode.actions, recording.actions[rows], "actions")
        assert dataset.action_space.contains(episode.actions[0])
    succeed(binary, "import", out / "data" / "main_data.hdf5", "--run", "back", *address(server))
    for k, name in enumerate(names):
        before, after = steps_of(connection, name), steps_of(connection, f"back/ep{k:06}")
        assert_same_arrays(after["observation"], before["observation"], "observations")
        assert_same_arrays(after["frame"], before["frame"], "frames")
        assert [step["action"] for step in after["steps"]] == [step["action"] for step in before["steps"]]


def test_frames_are_the_observations_where_there_are_no_others(
    server, connection, binary, recording, tmp_path, monkeypatch
):
    start(connection, "seen")
    columns = recording.columns(slice(0, 60), "seen/")
    del columns["observation"]
    Producer(connection).call("steps.append", {"run_id": "seen", "count": 60, "columns": columns})
    out = tmp_path / "seen-v0"
    succeed(binary, "export", "episodes", "--run", "seen", "--format", "minari", "--out", out, *address(server))
    dataset = load(monkeypatch, out)
    seen = numpy.concatenate([episode.observations[:-1] for episode in dataset.iterate_episodes()])
    assert_same_arrays(seen, recording.frames[:60], "observations")
    assert dataset.observation_space.shape == (210, 160, 3)
    command = ("import", out / "data" / "main_data.hdf5", "--frames", "observations", "--run", "again")
    succeed(binary, *command, *address(server))
    page = connection.call("episodes.steps", {"run_id": "again", "arrays": ["frame", "observation"]})
    assert_same_arrays(page["frame"], recording.frames[:60], "frames")
    assert all(step["obs_ref"] is None for step in page["steps"])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_minari_writes_itself(server, connection, binary, tmp_path, monkeypatch):
    """Dict observations and infos of Minari's own, with the observation and the info of the reset first."""
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    spaces = {
        "arm": gymnasium.spaces.Box(-1, 1, (3,), numpy.float32),
        "image": gymnasium.spaces.Box(0, 255, (40, 40, 3), numpy.uint8),
    }
    random, buffers = numpy.random.default_rng(1), []
    for _ in range(4):
        buffers.append(
            minari.data_collector.EpisodeBuffer(
                observations={
                    "arm": random.random((13, 3), numpy.float32),
                    "image": random.integers(0, 255, (13, 40, 40, 3), numpy.uint8),
                },
                actions=random.integers(0, 5, 12),
                rewards=random.random(12),
                terminations=numpy.arange(12) == 11,
                truncations=numpy.zeros(12, bool),
                infos={"speed": random.random(13)},
            )
        )
    options = {"observation_space": gymnasium.spaces.Dict(spaces), "action_space": gymnasium.spaces.Discrete(5)}
    for name, encoded in (("raw-v0", False), ("jpeg-v0", True)):
        minari.create_dataset_from_buffers(name, buffers, jpeg_encoding=encoded, **options)
    file = tmp_path / "raw-v0" / "data" / "main_data.hdf5"
    succeed(binary, "import", file, "--run", "own", "--frames", "image", *address(server))
    for k, buffer in enumerate(buffers):
        page = steps_of(connection, f"own/ep{k:06}")
        assert_same_arrays(page["frame"], buffer.observations["image"][:-1], "frames")
        assert page["observation"].keys() == {"arm"}
        assert_same_arrays(page["observation"]["arm"], buffer.observations["arm"][:-1], "arm")
        assert [step["action"] for step in page["steps"]] == buffer.actions.tolist()
        assert [step["reward"] for step in page["steps"]] == buffer.rewards.tolist()
        assert [step["info"]["speed"] for step in page["steps"]] == buffer.infos["speed"][1:].tolist()
        assert page["steps"][-1]["terminated"] and not page["steps"][-2]["terminated"]
    message = refuse(binary, "import", tmp_path / "jpeg-v0" / "data" / "main_data.hdf5", *address(server))
    assert "JPEG" in message and "jpeg_encoding=False" in message, message


# --- Files of other programs


def test_a_file_like_those_of_d4rl(server, connection, binary, tmp_path):
    played = play_pendulum(episodes=5, steps=30)
    observations, actions, rewards, _, truncations = (numpy.concatenate(columns) for columns in zip(
        *((o[:-1], *rest) for o, *rest in played)
    ))
    terminals = numpy.zeros(len(rewards), bool)
    terminals[44] = True
    with h5py.File(tmp_path / "swing.hdf5", "w") as file:
        file["observations"], file["actions"] = observations, actions
        file["rewards"], file["terminals"] = rewards.astype(numpy.float32), terminals
        file["timeouts"] = truncations
        file["infos/qpos"] = numpy.zeros((len(rewards), 2))
        file["metadata/algorithm"] = "none"
    told = succeed(binary, "import", tmp_path / "swing.hdf5", *address(server))
    assert "6 episodes" in told and "150 steps" in told, told
    lengths = [30, 15, 15, 30, 30, 30]
    for k, (length, first) in enumerate(zip(lengths, numpy.cumsum([0, *lengths]))):
        page = steps_of(connection, f"swing/ep{k:06}")
        rows = slice(first, first + length)
        assert [step["step_index"] for step in page["steps"]] == list(range(length))
        assert_same_arrays(page["observation"], observations[rows], "observations")
        assert_same_arrays(actions_of(connection, "swing", page["steps"]), actions[rows], "actions")
        assert [step["reward"] for step in page["steps"]] == rewards[rows].astype(numpy.float32).tolist()
        assert [step["terminated"] for step in page["steps"]] == terminals[rows].tolist()
        assert [step["truncated"] for step in page["steps"]] == truncations[rows].tolist()


@pytest.mark.parametrize("chunks", [None, (1000,)])
def test_rows_of_d4rl_that_were_never_written(server, binary, tmp_path, chunks):
    """A small file must not make us look for the ends of episodes in as many rows as it claims."""
    with h5py.File(tmp_path / "claims.hdf5", "w", libver=("earliest", "v110")) as file:
        for name in ("actions", "rewards", "terminals"):
            file.create_dataset(name, (2**40,), "uint8", chunks=chunks, fillvalue=1)
        if chunks is not None:
            file["terminals"][5] = 1
    message = refuse(binary, "import", tmp_path / "claims.hdf5", *address(server), code=4)
    assert "terminals" in message and "1099511627776 rows" in message, message


@pytest.mark.parametrize("offline", [False, True])
def test_a_file_like_those_of_robomimic(make_server, binary, recording, tmp_path, offline):
    random, demos = numpy.random.default_rng(2), {}
    with h5py.File(tmp_path / "lift.hdf5", "w") as file:
        file.create_group("data").attrs["env_args"] = json.dumps({"env_name": "Lift"})
        file["mask/train"] = numpy.array([b"demo_0", b"demo_2"])
        for k, length in ((0, 20), (1, 9), (2, 31), (10, 14)):
            demo = {
                "actions": random.random((length, 7)),
                "rewards": (numpy.arange(length) == length - 1).astype(float),
                "dones": (numpy.arange(length) == length - 1).astype(numpy.int64),
                "states": random.random((length, 5)),
                "obs/agentview_image": recording.frames[:length, :84, :84],
                "obs/robot0_eef_pos": random.random((length, 3)),
                "next_obs/robot0_eef_pos": random.random((length, 3)),
            }
            demos[k] = demo
            for name, values in demo.items():
                file[f"data/demo_{k}/{name}"] = values
    server = make_server(start=not offline)
    where = ("--data", server.data) if offline else address(server)
    told = succeed(binary, "import", tmp_path / "lift.hdf5", *where, "--frames", "agentview_image", "--run", "lift")
    assert "4 episodes" in told and "74 steps" in told, told
    if offline:
        server.start()
    with server.connect() as connection:
        assert connection.call("runs.get", {"run_id": "lift"})["config"]["env_args"] == {"env_name": "Lift"}
        for place, demo in enumerate(demos.values()):
            page = steps_of(connection, f"lift/ep{place:06}")
            assert_same_arrays(page["frame"], demo["obs/agentview_image"], "frames")
            assert page["observation"].keys() == {"robot0_eef_pos"}
            assert_same_arrays(page["observation"]["robot0_eef_pos"], demo["obs/robot0_eef_pos"], "observations")
            assert_same_arrays(actions_of(connection, "lift", page["steps"]), demo["actions"], "actions")
            assert page["steps"][-1]["terminated"]


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_run_file_of_holdfast(server, connection, binary, tmp_path, is_sealed):
    start(connection, "run")
    producer, random, done = Producer(connection), numpy.random.default_rng(2), 0
    # Frames and observations of some of the steps; observations that change their names, and one that comes back.
    observed = [(), ("",), ("arm", "eye"), ("arm",), (), ("",), ("eye",), ("arm", "eye")]
    for names in observed * 2:
        arrays = {name: random.random((3, 4), numpy.float32) for name in names}
        columns = {
            "episode_id": Strings([f"run/{k // 40}" for k in range(done, done + 8)]),
            "step_index": numpy.arange(done, done + 8) % 40,
            "action": random.integers(0, 4, 8),
            "reward": random.random(8),
            "terminated": numpy.arange(done, done + 8) % 40 == 39,
            "truncated": numpy.zeros(8, bool),
            "frame": random.integers(0, 255, (5, 20, 20), numpy.uint8),
            "frame_rows": numpy.array([0, 1, 4, 5, 6], numpy.uint32),
        }
        if names:
            columns["observation"] = arrays[""] if names == ("",) else arrays
            columns["observation_rows"] = numpy.array([1, 2, 5], numpy.uint32)
        producer.call("steps.append", {"run_id": "run", "count": 8, "columns": columns})
        done += 8
    connection.call("runs.finish", {"run_id": "run", "status": "finished"})
    if is_sealed:
        connection.call("runs.seal", {"run_id": "run", "rows_per_chunk": 16})
    assert f"{done} steps" in succeed(binary, "import", server.run_file("run"), "--run", "again", *address(server))
    for dataset in ("frames", "observations", "observations.arm", "observations.eye", "actions", "rewards", "dones"):
        before, after = (
            connection.call("frames.resolve", {"refs": refs(run, dataset, range(done)), "missing": "null"})["frames"]
            for run in ("run", "again")
        )
        assert [array is None for array in after] == [array is None for array in before], dataset
        for row, (expected, actual) in enumerate(zip(before, after)):
            if expected is not None:
                assert_same_arrays(actual, expected, f"{dataset}/{row}")
        assert any(array is not None for array in before), dataset


def test_files_that_cannot_be_imported_are_told(server, binary, tmp_path):
    with h5py.File(tmp_path / "new.hdf5", "w", libver="latest") as file:
        file.create_dataset("episode_0/rewards", data=numpy.zeros(30), compression="gzip")
        file["episode_0/actions"] = numpy.zeros(30)
    assert "libver" in refuse(binary, "import", tmp_path / "new.hdf5", *address(server))
    with h5py.File(tmp_path / "short.hdf5", "w") as file:
        file["rewards"], file["actions"] = numpy.zeros(5), numpy.zeros((4, 2))
        file["terminals"], file["observations"] = numpy.zeros(5, bool), numpy.zeros((5, 2))
    message = refuse(binary, "import", tmp_path / "short.hdf5", *address(server), code=4)
    assert "actions has 4 rows" in message, message
    with h5py.File(tmp_path / "index.hdf5", "w") as file:
        file["rewards"], file["dones"], file["episodes/starts"] = numpy.zeros(3), numpy.zeros(3, bool), [0]
        file["episode_index"] = numpy.zeros(3)
    message = refuse(binary, "import", tmp_path / "index.hdf5", *address(server))
    assert "episode_index is not one whole number a row" in message, message
    with h5py.File(tmp_path / "huge.hdf5", "w") as file:
        file.create_dataset("frames", (2**62, 4, 4), "uint8", chunks=(1, 4, 4))
    message = refuse(binary, "import", tmp_path / "huge.hdf5", *address(server), code=4)
    assert "4611686018427387904 rows" in message, message
    with h5py.File(tmp_path / "fine.hdf5", "w") as file:
        file["rewards"], file["actions"] = numpy.zeros(5), numpy.zeros((5, 2))
        file["terminals"], file["observations"] = numpy.zeros(5, bool), numpy.zeros((5, 2))
    message = refuse(binary, "import", tmp_path / "fine.hdf5", "--frames", "camera", *address(server))
    assert "camera" in message and "observations" in message, message
    with h5py.File(tmp_path / "both.hdf5", "w") as file:
        file["rewards"], file["dones"], file["episodes/starts"] = numpy.zeros(3), numpy.zeros(3, bool), [0]
        file["episode_index"] = numpy.zeros(3, int)
        file["observations"], file["observations.arm"] = numpy.zeros((3, 2)), numpy.zeros((3, 2))
    message = refuse(binary, "import", tmp_path / "both.hdf5", *address(server))
    assert "observations as well as observations.arm" in message, message


# --- Videos

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def decoded(path):
    """The pictures of a video, as ffmpeg decodes it."""
    ask = ["-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height,r_frame_rate,pix_fmt"]
    shown = subprocess.run(["ffprobe", *ask, "-of", "json", path], capture_output=True, check=True).stdout
    [stream] = json.loads(shown)["streams"]
    command = ["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = subprocess.run(command, capture_output=True, check=True).stdout
    return numpy.frombuffer(pixels, numpy.uint8).reshape(-1, stream["height"], stream["width"], 3), stream


def enlarged(frames, scale):
    return frames.repeat(scale, axis=1).repeat(scale, axis=2)


@needs_ffmpeg
@pytest.mark.parametrize("scale", [1, 2])
def test_a_lossless_video_has_every_pixel(server, connection, binary, recording, tmp_path, scale):
    start(connection, "breakout")
    send_columns(connection, "breakout", recording)
    rows = recording.of_episode(recording.episodes[0])
    out = tmp_path / "life.mp4"
    options = ("--lossless", "--scale", scale, "--fps", 15)
    succeed(binary, "export-video", recording.episodes[0], out, *options, *address(server))
    pictures, stream = decoded(out)
    assert len(pictures) == len(rows) and stream["r_frame_rate"] == "15/1"
    expected = enlarged(recording.frames[rows], scale)
    assert_same_arrays(pictures[:, : 210 * scale, : 160 * scale], expected, "pictures")
    below = pictures[:, 210 * scale :]
    assert below.shape[1] >= 30 * scale and (below.reshape(len(below), -1).max(1) == 255).all(), "the text is there"
    assert len({picture.tobytes() for picture in below}) == len(rows), "the step's number is another for each"
    assert not list(tmp_path.glob("*.part"))


@needs_ffmpeg
@pytest.mark.parametrize("offline", [False, True])
def test_a_usual_video_resembles_the_frames(make_server, binary, recording, tmp_path, offline):
    server = make_server()
    with server.connect() as connection:
        start(connection, "breakout")
        send_columns(connection, "breakout", recording)
    if offline:
        server.stop()
    where = ("--data", server.data) if offline else address(server)
    out = tmp_path / "life.mp4"
    succeed(binary, "export-video", recording.episodes[0], out, "--no-hud", *where)
    pictures, stream = decoded(out)
    rows = recording.of_episode(recording.episodes[0])
    assert stream["pix_fmt"] == "yuv420p" and stream["r_frame_rate"] == "30/1"
    expected = enlarged(recording.frames[rows], 2).astype(float)
    assert pictures.shape == expected.shape and numpy.abs(pictures - expected).mean() < 4


@needs_ffmpeg
@pytest.mark.parametrize("kind", ["gray", "odd", "channels first", "stack", "float", "alpha"])
def test_frames_of_every_kind_look_as_on_the_dashboard(server, connection, binary, recording, tmp_path, kind):
    small = recording.observations[:12]
    frames = {
        "gray": small[..., 0],
        "odd": recording.frames[:12, :83, :31],
        "channels first": recording.frames[:12].transpose(0, 3, 1, 2),
        "stack": small,
        "float": small[..., 1].astype(numpy.float32) / 255 + numpy.linspace(0, 1, 84, dtype=numpy.float32),
        "alpha": numpy.concatenate([recording.frames[:12], numpy.full((12, 210, 160, 1), 255, numpy.uint8)], -1),
    }[kind]
    start(connection, "kinds")
    columns = recording.columns(slice(0, 12), "kinds/") | {"frame": numpy.ascontiguousarray(frames)}
    columns["episode_id"] = Strings(["kinds/0"] * 12)
    columns["step_index"] = numpy.arange(12)
    Producer(connection).call("steps.append", {"run_id": "kinds", "count": 12, "columns": columns})
    out = tmp_path / "kinds.mp4"
    succeed(binary, "export-video", "kinds/0", out, "--lossless", "--scale", 1, "--no-hud", *address(server))
    from pictures import decoded as decoded_png

    shown = [decoded_png(server.get(f"/frames/kinds/frames/{k}.png")[2]) for k in range(12)]
    expected = numpy.stack([numpy.stack([p] * 3, -1) if p.ndim == 2 else p[..., :3] for p in shown])
    pictures, _ = decoded(out)
    height, width = expected.shape[1:3]
    assert pictures.shape[1:3] == ((height + 1) // 2 * 2, (width + 1) // 2 * 2), "even sides"
    assert_same_arrays(numpy.ascontiguousarray(pictures[:, :height, :width]), expected, kind)


@needs_ffmpeg
def test_a_step_without_a_frame_shows_the_last_one(server, connection, binary, tmp_path):
    start(connection, "gaps")
    rows = []
    for k in range(20):
        step = {"episode_id": "gaps/0", "step_index": k, "reward": 1, "terminated": k == 19, "truncated": False}
        step["action"] = numpy.array([k / 3, -1.5])
        rows.append(step | ({"frame": numpy.full((32, 32), 10 * k, numpy.uint8)} if k % 4 == 2 else {}))
    send_rows(connection, "gaps", rows)
    out = tmp_path / "gaps.mp4"
    succeed(binary, "export-video", "gaps/0", out, "--lossless", "--scale", 1, *address(server))
    pictures, _ = decoded(out)
    assert pictures[:, 5, 5, 0].tolist() == [0, 0] + [20] * 4 + [60] * 4 + [100] * 4 + [140] * 4 + [180] * 2


def test_an_ffmpeg_that_fails_is_told(server, connection, binary, recording, tmp_path):
    start(connection, "breakout")
    send_columns(connection, "breakout", recording)
    tools = tmp_path / "tools"
    tools.mkdir()
    tool = tools / "ffmpeg"
    tool.write_text("#!/bin/sh\nhead -c 200000 >/dev/null\necho 'no such codec' >&2\nexit 3\n")
    tool.chmod(0o755)
    path = f"{tools}:/usr/bin:/bin"
    command = ("export-video", recording.episodes[0], tmp_path / "out.mp4", *address(server))
    assert "ffmpeg failed: no such codec" in refuse(binary, *command, PATH=path)
    assert not list(tmp_path.glob("*.mp4*"))


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("what", ["video", "minari"])
def test_an_interrupted_export_leaves_nothing(make_server, binary, tmp_path, what, offline):
    server = make_server()
    with server.connect() as connection:
        start(connection, "long")
        frames = numpy.random.default_rng(1).integers(0, 255, (100, 200, 200, 3), numpy.uint8)
        producer = Producer(connection)
        for first in range(0, 2000, 100):
            columns = {
                "episode_id": Strings(["long/0"] * 100),
                "step_index": numpy.arange(first, first + 100),
                "reward": numpy.ones(100),
                "terminated": numpy.zeros(100, bool),
                "truncated": numpy.zeros(100, bool),
                "frame": frames,
            }
            producer.call("steps.append", {"run_id": "long", "count": 100, "columns": columns})
    if offline:
        server.stop()
    out = tmp_path / ("out.mp4" if what == "video" else "long-v0")
    command = ["export-video", "long/0", out] if what == "video" else ["export", "episodes", "--run", "long"]
    command += [] if what == "video" else ["--format", "minari", "--out", out]
    command += ["--data", server.data] if offline else address(server)
    process = subprocess.Popen(
        [binary, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    eventually(lambda: list(tmp_path.glob("*.part")), "the export has begun")
    process.send_signal(signal.SIGINT)
    printed, message = process.communicate(timeout=60)
    assert process.returncode == 130 and printed == "" and "interrupted" in message, (process.returncode, message)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "data.log"]


def test_videos_that_cannot_be_made_are_told(server, connection, binary, tmp_path):
    start(connection, "blind")
    rows = [{"episode_id": "blind/0", "step_index": 0, "reward": 1, "terminated": True, "truncated": False}]
    send_rows(connection, "blind", rows)
    out = tmp_path / "out.mp4"
    message = refuse(binary, "export-video", "blind/0", out, *address(server), PATH="/nowhere")
    assert "apt-get install ffmpeg" in message
    if shutil.which("ffmpeg"):
        assert "no frames" in refuse(binary, "export-video", "blind/0", out, *address(server))
        message = refuse(binary, "export-video", "blind/7", out, *address(server))
        assert 'no episode "blind/7"; run "blind" has "blind/0"' in message
        frame = rows[0] | {"step_index": 1, "frame": numpy.zeros((8, 8), numpy.uint8)}
        send_rows(connection, "blind", [frame])
        message = refuse(binary, "export-video", "blind/0", tmp_path / "no" / "out.mp4", *address(server))
        assert f"{tmp_path}/no/out.mp4 can't be written: {tmp_path}/no: No such file or directory" in message, message
    assert not list(tmp_path.glob("*.mp4*"))
    refuse(binary, "export-video", "blind/0", out, "--fps", 0, *address(server), code=2)


def test_exports_that_cannot_be_made_are_told(server, connection, binary, recording, tmp_path):
    start(connection, "one")
    send_columns(connection, "one", recording)
    where = address(server)
    assert "--run" in refuse(binary, "export", "episodes", "--format", "npz", "--out", tmp_path / "o", *where, code=2)
    command = ("export", "episodes", "--run", "one", "--format")
    assert "folder" in refuse(binary, *command, "npz", "--out", tmp_path / "all.npz", *where)
    assert "NAME-vN" in refuse(binary, *command, "minari", "--out", tmp_path / "unversioned", *where, code=2)
    (tmp_path / "old-v0").mkdir()
    assert "exists" in refuse(binary, *command, "minari", "--out", tmp_path / "old-v0", *where)
    (tmp_path / "file").write_text("no folder")
    for name, format in (("file/one-v0", "minari"), ("file/arrays", "npz"), ("file/one.npz", "npz")):
        command = ("export", "episodes", "--episode", recording.episodes[0], "--format", format)
        message = refuse(binary, *command, "--out", tmp_path / name, *where)
        assert "file" in message and "can't be" in message, message
    missing = ("export", "episodes", "--run", "two", "--format", "npz", "--out", tmp_path / "o", *where)
    assert "two" in refuse(binary, *missing)
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
