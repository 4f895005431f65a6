"""Real environments, recorded as training code sees them."""

import dataclasses

import ale_py
import gymnasium
import numpy
from PIL import Image

from wire import Strings

gymnasium.register_envs(ale_py)


@dataclasses.dataclass(repr=False)
class Recording:
    """Steps in the order in which they were played; an episode of a game is one life."""

    episodes: list
    indices: numpy.ndarray
    actions: numpy.ndarray
    rewards: numpy.ndarray
    terminated: numpy.ndarray
    truncated: numpy.ndarray
    times: numpy.ndarray
    frames: numpy.ndarray | None
    observations: numpy.ndarray

    def __len__(self):
        return len(self.episodes)

    def named(self, prefix):
        """The same steps, in episodes of other names."""
        return dataclasses.replace(self, episodes=[prefix + episode for episode in self.episodes])

    def columns(self, rows, prefix=""):
        """The columnar form of some of the steps."""
        columns = {
            "episode_id": Strings(prefix + episode for episode in self.episodes[rows]),
            "step_index": self.indices[rows],
            "action": self.actions[rows],
            "reward": self.rewards[rows],
            "terminated": self.terminated[rows],
            "truncated": self.truncated[rows],
            "timestamp": self.times[rows],
            "observation": self.observations[rows],
        }
        return columns if self.frames is None else columns | {"frame": self.frames[rows]}

    def row(self, k, prefix=""):
        """The row-wise form of one step."""
        return {
            "episode_id": prefix + self.episodes[k],
            "step_index": int(self.indices[k]),
            "action": int(self.actions[k]),
            "reward": float(self.rewards[k]),
            "terminated": bool(self.terminated[k]),
            "truncated": bool(self.truncated[k]),
            "timestamp": float(self.times[k]),
            "frame": self.frames[k],
            "observation": self.observations[k],
        }

    def batches(self, size):
        return [slice(start, min(start + size, len(self))) for start in range(0, len(self), size)]

    def of_episode(self, episode):
        return [k for k, name in enumerate(self.episodes) if name == episode]


def small_gray(frame):
    """A frame as 84×84 gray."""
    return numpy.asarray(Image.fromarray(frame).convert("L").resize((84, 84), Image.Resampling.BOX))


def record(game, steps, seed):
    """Plays with random actions; observations are the last four small frames, channels last."""
    environment = gymnasium.make(game)
    environment.action_space.seed(seed)
    frame, info = environment.reset(seed=seed)
    stack, life, index, rows = [small_gray(frame)] * 4, 0, 0, []
    while len(rows) < steps:
        action = int(environment.action_space.sample()) if index else 1
        after, reward, over, cut, next_info = environment.step(action)
        ended = bool(over) or next_info["lives"] < info["lives"]
        observation = numpy.stack(stack, axis=-1)
        rows.append((f"life_{life}", index, action, float(reward), ended, bool(cut), frame, observation))
        index += 1
        if ended or cut:
            life, index = life + 1, 0
        if over or cut:
            after, next_info = environment.reset()
        frame, info, stack = after, next_info, [*stack[1:], small_gray(after)]
    environment.close()
    return _as_recording(rows)


def record_control(name, steps, seed):
    """Continuous control with random actions: no frames, float actions; an episode ends when its time is up."""
    environment = gymnasium.make(name)
    environment.action_space.seed(seed)
    observation, _ = environment.reset(seed=seed)
    episode, index, rows = 0, 0, []
    while len(rows) < steps:
        action = environment.action_space.sample()
        after, reward, over, cut, _ = environment.step(action)
        rows.append((f"episode_{episode}", index, action, float(reward), over, cut, None, observation))
        index += 1
        if over or cut:
            episode, index = episode + 1, 0
            after, _ = environment.reset()
        observation = after
    environment.close()
    return _as_recording(rows)


def _as_recording(rows):
    episodes, indices, actions, rewards, terminated, truncated, frames, observations = zip(*rows)
    return Recording(
        list(episodes),
        numpy.array(indices, numpy.int64),
        numpy.array(actions),
        numpy.array(rewards),
        numpy.array(terminated),
        numpy.array(truncated),
        1_700_000_000 + numpy.arange(len(rows)) / 60,
        None if frames[0] is None else numpy.stack(frames),
        numpy.stack(observations),
    )
