"""Records what an agent does in a Gymnasium environment."""

from __future__ import annotations

import re
import uuid
import warnings
from typing import Any, Dict, Mapping, Optional, Tuple

from .checks import shown, truth, unless_none, whole
from .optional import numpy, require
from .run import Run, a_run

gymnasium: Any = require("gymnasium", "holdfast.gymnasium")


class Recorder(gymnasium.Wrapper):  # type: ignore[misc]
    """Logs every step of every n-th episode: action, reward, ends, the observation that the agent acted on, and a frame.

        env = Recorder(gymnasium.make("ALE/Pong-v5", render_mode="rgb_array"), run, every=10)

    Observations are arrays, or by name those of a Dict space (nested names joined by "."; a Tuple's entries by their place).
    Frames are what `env.render()` shows before the step, where its render mode is rgb_array; where it is another, or with
    `frames=True`, a warning says that there are none. An observation that is this frame itself is left away. `info` keeps what is
    a number, a text or a truth. Of a vector environment, record its parts.
    """

    def __init__(
        self, env: Any, run: Run, every: int = 1, frames: Optional[bool] = None, observations: bool = True
    ) -> None:
        super().__init__(env)
        self._run, self._every = a_run(run), whole("every", every, 1)
        self._has_observations = truth("observations", observations)
        mode = getattr(env, "render_mode", None)
        wanted = unless_none(truth, "frames", frames)
        self._has_frames = mode == "rgb_array" and wanted is not False
        # An environment that renders nothing is recorded without frames by intent, unless they are asked for.
        if mode != "rgb_array" and (mode is not None if wanted is None else wanted):
            warnings.warn(
                f"no frames are recorded: the environment's render_mode is {shown(mode)}; make it with "
                'render_mode="rgb_array", or give frames=False',
                stacklevel=2,
            )
        # Several recorders may log to one run, and a run may be resumed: an episode's id is used once.
        self._prefix = f"{run.id}/{uuid.uuid4().hex[:8]}"
        self._count = 0
        #: The id of the present episode; None where it isn't recorded.
        self.episode_id: Optional[str] = None
        self._index = 0
        self._total = 0.0
        self._observation: Any = None
        self._frame: Any = None

    def reset(self, *, seed: Optional[int] = None, options: Optional[Dict[str, Any]] = None) -> Tuple[Any, Dict[str, Any]]:
        """Begins an episode; the one before is finished."""
        self._finish()
        observation, info = self.env.reset(seed=seed, options=options)
        if self._count % self._every == 0:
            self.episode_id = f"{self._prefix}/{self._count}"
        self._count += 1
        self._index, self._total = 0, 0.0
        self._look(observation)
        return observation, info

    def step(self, action: Any) -> Tuple[Any, Any, bool, bool, Dict[str, Any]]:
        """Takes and logs a step."""
        before, frame = self._observation, self._frame
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._total += float(reward)
        if self.episode_id is not None:
            self._run.log_step(
                self.episode_id,
                self._index,
                action=action,
                reward=float(reward),
                frame=frame,
                observation=before,
                terminated=bool(terminated),
                truncated=bool(truncated),
                info=_plain_info(info),
            )
            self._index += 1
            if terminated or truncated:
                self._finish()
            else:
                self._look(observation)
        return observation, reward, terminated, truncated, info

    def close(self) -> None:
        """Finishes the episode and closes the environment."""
        self._finish()
        self.env.close()

    def _look(self, observation: Any) -> None:
        if self.episode_id is None:
            return
        self._frame = self.env.render() if self._has_frames else None
        self._observation = _named(observation) if self._has_observations else None
        np = numpy()
        if self._frame is not None and isinstance(self._observation, np.ndarray):
            if self._observation.shape == self._frame.shape and np.array_equal(self._observation, self._frame):
                self._observation = None  # once is enough: the frame is kept

    def _finish(self) -> None:
        if self.episode_id is not None and self._index:
            self._run.finish_episode(self.episode_id, {"environment": getattr(self.env.spec, "id", None)})
            self._run.log({"episode/return": self._total, "episode/length": self._index}, step=self._count - 1)
        self.episode_id = None


def _named(observation: Any) -> Any:
    """An array, or arrays by name."""
    np = numpy()
    if isinstance(observation, (Mapping, tuple)):
        return {name: np.array(value) for name, value in _entries(observation, "")}
    # A copy: some environments write the next observation into the same memory.
    return np.array(observation)


def _entries(value: Any, prefix: str) -> Any:
    if isinstance(value, Mapping):
        pairs = value.items()
    elif isinstance(value, tuple):
        pairs = enumerate(value)  # type: ignore[assignment]
    else:
        yield prefix, value
        return
    for name, item in pairs:
        word = re.sub(r"[^A-Za-z0-9_]", "_", str(name))
        yield from _entries(item, f"{prefix}.{word}" if prefix else word)


def _plain_info(info: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    kept: Dict[str, Any] = {}
    for name, value in info.items():
        if isinstance(value, (bool, int, float, str)):
            kept[name] = value
        elif getattr(value, "shape", None) == () and hasattr(value, "item"):
            kept[name] = value.item()
    return kept or None
