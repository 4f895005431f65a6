"""Gymnasium's environments, recorded."""

import warnings

import gymnasium
import numpy
import pytest

import games  # registers the Atari games
from holdfast import HoldfastError
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


def test_a_recorder_needs_a_run_and_a_whole_number(run):
    with pytest.raises(HoldfastError, match='run is "pong"; it is what holdfast.init returned'):
        Recorder(Copier(), "pong")
    with pytest.raises(HoldfastError, match="every is 0; it is a whole number from 1"):
        Recorder(Copier(), run, every=0)


@pytest.mark.parametrize(
    "mode, frames, is_told",
    [
        (None, None, False),
        (None, True, True),
        (None, False, False),
        ("human", None, True),
        ("rgb_array_list", None, True),
        ("human", False, False),
        ("rgb_array", None, False),
        ("rgb_array", True, False),
    ],
)
def test_frames_that_cannot_be_are_told_once(run, mode, frames, is_told):
    env = Copier()
    env.render_mode = mode
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        Recorder(env, run, frames=frames)
    assert len(told) == int(is_told)
    if is_told:
        assert "no frames are recorded" in str(told[0].message) and 'render_mode="rgb_array"' in str(told[0].message)
        assert told[0].filename == __file__
