"""Gymnasium, replay, and the callbacks of training frameworks."""

import sys
import types

import gymnasium
import numpy
import pytest

import games  # registers the Atari games
import holdfast
from holdfast import ServerError, replay
from holdfast.callbacks import KerasCallback, LightningLogger
from holdfast.gymnasium import Recorder


class Copier(gymnasium.Env):
    """Observes by name, in memory that it writes again."""

    render_mode = None
    action_space = gymnasium.spaces.Box(-1, 1, (2,))
    observation_space = gymnasium.spaces.Dict(
        {
            "pose": gymnasium.spaces.Tuple((gymnasium.spaces.Box(0, 99, (2,)), gymnasium.spaces.Discrete(99))),
            "camera left": gymnasium.spaces.Box(0, 255, (4, 4), numpy.uint8),
        }
    )

    def __init__(self):
        self._memory, self._time = numpy.zeros((4, 4), numpy.uint8), 0

    def _observe(self):
        self._memory[:] = self._time
        return {"pose": (numpy.full(2, self._time, numpy.float32), self._time), "camera left": self._memory}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._time = 0
        return self._observe(), {}

    def step(self, action):
        self._time += 1
        info = {"time": numpy.int64(self._time), "skip": numpy.zeros(3), "word": "x"}
        return self._observe(), 1.0, False, self._time == 5, info


def test_an_atari_game_is_recorded(run, client):
    env = Recorder(gymnasium.make("ALE/Breakout-v5", render_mode="rgb_array", obs_type="ram"), run, every=2)
    env.action_space.seed(1)
    played = []
    for episode in range(3):
        observation, _ = env.reset(seed=episode)
        steps = []
        for _ in range(25):
            frame, action = env.env.render(), int(env.action_space.sample())
            after, reward, terminated, truncated, _ = env.step(action)
            steps.append((frame, observation, action, reward))
            observation = after
        played.append(steps)
    env.close()
    run.flush()
    episodes = list(client.episodes.all("r"))
    assert len(episodes) == 2 and all(episode["steps"] == 25 for episode in episodes)
    assert episodes[0]["metadata"] == {"environment": "ALE/Breakout-v5"}
    for steps, episode in zip((played[0], played[2]), episodes):
        page = client.episodes.steps(episode_id=episode["episode_id"], arrays=["frame", "observation"])
        assert numpy.array_equal(page["frame"], [step[0] for step in steps])
        assert numpy.array_equal(page["observation"], [step[1] for step in steps])
        assert [step["action"] for step in page["steps"]] == [step[2] for step in steps]
        assert page["steps"][0]["info"]["lives"] == 5
    assert list(run.metrics("episode/length")["metric_value"]) == [25, 25]


def test_frames_that_are_the_observation_are_kept_once(run, client):
    env = Recorder(gymnasium.make("ALE/Pong-v5", render_mode="rgb_array"), run)
    env.reset(seed=1)
    for _ in range(3):
        env.step(0)
    env.close()
    run.flush()
    (episode,) = client.episodes.all("r")
    steps = list(client.episodes.all_steps(episode["episode_id"]))
    assert all(step["frame_ref"] and step["obs_ref"] is None for step in steps) and len(steps) == 3


def test_observations_by_name_and_vector_actions(run, client):
    env = Recorder(Copier(), run)
    for _ in range(2):
        env.reset()
        while not env.step(numpy.array([0.5, -0.5], numpy.float32))[3]:
            pass
    run.flush()
    episodes = list(client.episodes.all("r"))
    assert [episode["truncated"] for episode in episodes] == [True, True]
    page = client.episodes.steps(run_id="r", arrays=["observation"])
    assert set(page["observation"]) == {"pose.0", "pose.1", "camera_left"}
    assert list(page["observation"]["pose.1"]) == [0, 1, 2, 3, 4] * 2
    assert page["observation"]["camera_left"][3, 0, 0] == 3
    assert page["steps"][1]["info"] == {"time": 2, "word": "x"} and page["steps"][0]["action"] is None
    assert client.resolve(["h5://r/actions/0"])[0].tolist() == [0.5, -0.5]


def test_recording_does_not_change_what_the_agent_sees(run):
    bare = gymnasium.make("ALE/Pong-v5", render_mode="rgb_array")
    env = Recorder(gymnasium.make("ALE/Pong-v5", render_mode="rgb_array"), run)
    assert numpy.array_equal(bare.reset(seed=3)[0], env.reset(seed=3)[0])
    for action in (0, 2, 3):
        one, two = bare.step(action), env.step(action)
        assert numpy.array_equal(one[0], two[0]) and one[1:] == two[1:]


def test_the_game_is_registered():
    assert games.gymnasium is gymnasium


class Batches:
    """In the place of a client, as steps.sample is by contract."""

    def __init__(self, fails_at=None):
        self.asked, self._fails_at = [], fails_at

    def call(self, method, params):
        if len(self.asked) == self._fails_at:
            raise ServerError({"code": -32000, "message": "gone", "data": {"kind": "not_found", "final": True}})
        self.asked.append((method, params))
        steps = [{"reward": 0.5, "terminated": False, "truncated": True, "action": 3}] * params["n"]
        return {"steps": steps, "frame": numpy.full((params["n"], 2, 2), len(self.asked), numpy.uint8)}


def samples(fake, **options):
    made = replay.Samples.__new__(replay.Samples)
    defaults = {"n": 4, "run_ids": ["r"], "arrays": ["frame"], "seed": None, "batches": None, "prefetch": 2}
    made.__init__(fake, **{**defaults, **options})
    return made


def test_batches_are_fetched_ahead_in_order():
    fake = Batches()
    found = list(samples(fake, batches=7, seed=10))
    assert [int(batch["frame"][0, 0, 0]) for batch in found] == list(range(1, 8))
    assert [params["seed"] for _, params in fake.asked] == list(range(10, 17))
    assert fake.asked[0] == ("steps.sample", {"n": 4, "run_ids": ["r"], "arrays": ["frame"], "seed": 10})


def test_an_error_comes_where_its_batch_would():
    stream = samples(Batches(fails_at=2))
    assert len([next(stream), next(stream)]) == 2
    with pytest.raises(ServerError, match="gone"):
        next(stream)
    assert list(stream) == []


def test_real_batches_come_from_the_server(run, client):
    for index in range(20):
        run.log_step("r/0", index, action=index, reward=1.0, frame=numpy.full((3, 3), index, numpy.uint8))
    run.flush()
    try:
        client.steps.sample(1)
    except ServerError as error:
        if error.code == -32601:
            pytest.skip("the server has no steps.sample")
        raise
    stream = replay.samples(client, n=8, run_ids=["r"], seed=1, batches=3)
    found = list(stream)
    assert len(found) == 3
    for batch in found:
        assert [step["action"] for step in batch["steps"]] == list(batch["frame"][:, 0, 0])


def test_torch_gets_tensors(monkeypatch):
    """With a stand-in for torch, which is too large for the tests."""
    torch, data = types.ModuleType("torch"), types.ModuleType("torch.utils.data")
    torch.tensor = lambda values, dtype=None: numpy.array(values, dtype)
    torch.from_numpy, torch.float32, torch.bool = (lambda array: array), numpy.float32, numpy.bool_
    data.IterableDataset, data.get_worker_info = object, lambda: types.SimpleNamespace(id=2)
    for name, module in (("torch", torch), ("torch.utils", types.ModuleType("torch.utils")), ("torch.utils.data", data)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "holdfast.torch", raising=False)
    import holdfast.torch

    fake = Batches()
    monkeypatch.setattr(holdfast.torch, "samples", lambda server, **params: samples(fake, **params))
    batches = list(holdfast.torch.SampleDataset("h:1", n=3, seed=5, batches=2))
    assert len(batches) == 2 and batches[0]["reward"].dtype == numpy.float32 and batches[0]["frame"].shape == (3, 2, 2)
    assert list(batches[0]["action"]) == [3, 3, 3] and batches[0]["truncated"].all()
    assert fake.asked[0][1]["seed"] == 5 + 2 * 1_000_003
    monkeypatch.delitem(sys.modules, "holdfast.torch")


def test_keras_style_callbacks(run, client):
    callback = KerasCallback(run, every_batch=2)
    callback.set_params({"epochs": 2})
    callback.set_model(None)
    callback.on_train_begin()
    for epoch in range(2):
        callback.on_epoch_begin(epoch)
        for batch in range(4):
            callback.on_train_batch_begin(batch)
            callback.on_train_batch_end(batch, {"loss": numpy.float32(batch)})
        callback.on_epoch_end(epoch, {"loss": 1.5, "val_loss": 2.5, "name": "x"})
    callback.on_train_end()
    run.flush()
    rows = list(client.metrics.all(run_id="r", where={"metric_name": "loss"}))
    assert [(row["step"], row["epoch_number"], row["phase"], row["metric_value"]) for row in rows] == [
        (2, None, "train", 1), (4, None, "train", 3), (4, 0, "train", 1.5), (4, 0, "val", 2.5),
        (6, None, "train", 1), (8, None, "train", 3), (8, 1, "train", 1.5), (8, 1, "val", 2.5),
    ]  # fmt: skip


def test_lightning_style_loggers(address, client, quick):
    logger = LightningLogger(holdfast.init("r", server=address, options=quick))
    assert logger.name == "holdfast" and logger.version == "r"
    logger.log_hyperparams({"lr": 0.1})
    logger.log_metrics({"train_loss": 0.5, "epoch": 1.0}, step=7)
    logger.log_metrics({"val/loss": numpy.float64(0.25)}, step=8)
    logger.save()
    logger.finalize("success")
    rows = list(client.metrics.all(run_id="r"))
    assert [(row["metric_name"], row["step"], row["epoch_number"], row["phase"]) for row in rows] == [
        ("train_loss", 7, 1, "train"), ("val/loss", 8, None, "val"),
    ]  # fmt: skip
    told = client.runs.get("r")
    assert told["config"] == {"lr": 0.1} and told["status"] == "finished"
