"""episodes.*, frames.* and steps.*"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Sequence

from ..checks import array_of, by_name, listed, members_in, shown, truth, unless_none, whole
from ..errors import HoldfastError
from ..tables import Columns, columns_of
from .noun import Noun, Result, Rows

_EPISODE = (
    "episode_id", "run_id", "steps", "total_reward", "terminated", "truncated", "finished", "started_at", "agent_id",
    "worker_id", "metadata",
)  # fmt: skip
_STEP = (
    "episode_id", "step_index", "action", "reward", "terminated", "truncated", "timestamp", "frame", "observation", "info",
    "agent_id", "worker_id",
)  # fmt: skip


class EpisodeCalls(Noun):
    """Episodes and their steps."""

    def finish(self, run_id: str, episode_id: str, metadata: Any = None) -> Result:
        """Closes an episode; `Run.finish_episode` does so behind what was logged."""
        return self._call("episodes.finish", run_id=run_id, episode_id=episode_id, metadata=metadata)

    def list(
        self,
        run_id: Optional[str] = None,
        order: Optional[str] = None,
        descending: Optional[bool] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Result:
        """A page of `episodes` by `started_at`, `total_reward` or `steps`."""
        return self._call(
            "episodes.list", run_id=run_id, order=order, descending=descending, limit=limit, cursor=cursor
        )

    def all(self, run_id: Optional[str] = None, order: Optional[str] = None, descending: Optional[bool] = None) -> Rows:
        """Every episode of a run, or of all."""
        return self._pages(
            "episodes.list", "episodes", run_id=run_id, order=order, descending=descending, limit=1000
        )

    def columns(self, run_id: Optional[str] = None) -> Columns:
        """All episodes as columns."""
        return columns_of(self.all(run_id), _EPISODE, ("total_reward", "started_at"))

    def get(self, episode_id: str) -> Result:
        """One episode."""
        return self._call("episodes.get", episode_id=episode_id)

    def steps(
        self,
        episode_id: Optional[str] = None,
        run_id: Optional[str] = None,
        start: Optional[int] = None,
        stop: Optional[int] = None,
        arrays: Optional[Sequence[str]] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Result:
        """A page of the steps of an episode with start ≤ step_index < stop, or of a run in the order of arrival.

        `arrays` of "frame" and "observation" gives these too, stacked to (n, …); "action" those of all n steps, float and
        vector actions too.
        """
        ends = {"from": unless_none(whole, "start", start), "to": unless_none(whole, "stop", stop)}
        params = {**ends, "episode_id": episode_id, "run_id": run_id}
        return self._call("episodes.steps", arrays=unless_none(listed, "arrays", arrays), limit=limit, cursor=cursor, **params)

    def all_steps(self, episode_id: Optional[str] = None, run_id: Optional[str] = None) -> Rows:
        """Every step of an episode or a run, without its arrays."""
        return self._pages("episodes.steps", "steps", episode_id=episode_id, run_id=run_id)


class FrameCalls(Noun):
    """Arrays by reference."""

    def resolve(self, refs: Sequence[str], missing: str = "error", stack: bool = False) -> Any:
        """The arrays in the order asked, duplicates allowed: a list, or with `stack` one array (n, …).

        `missing="null"` gives None for an array that isn't there instead of ServerError with not_found.
        """
        if missing not in ("error", "null"):
            raise HoldfastError("invalid_value", f'missing is "error" or "null", not {shown(missing)}')
        stacked = True if truth("stack", stack) else None
        return self._call("frames.resolve", refs=listed("refs", refs), missing=missing, stack=stacked)["frames"]


class RefCalls(Noun):
    """References to arrays."""

    def validate(self, run_id: str, decode: Optional[bool] = None) -> Result:
        """Checks a run's references; `decode` decompresses every array, too."""
        return self._call("refs.validate", run_id=run_id, decode=decode)

    def repair(self, run_id: str, refs: Sequence[str]) -> Result:
        """Takes references with nothing behind them out of a run's rows."""
        return self._call("refs.repair", run_id=run_id, refs=listed("refs", refs))


def _arrays(place: int, given: Any) -> Dict[str, Any]:
    """Numbers of NumPy become arrays without dimensions where an array is meant."""
    where = f"steps[{place}]"
    step = dict(by_name(where, given, "it is a dictionary with episode_id, step_index, reward …"))
    members_in(where, step, _STEP)
    for name in ("frame", "observation"):
        value = step.get(name)
        if isinstance(value, Mapping) and name == "observation":
            step[name] = {key: array_of(f"{where}.{name}[{shown(key)}]", array) for key, array in value.items()}
        elif value is not None:
            step[name] = array_of(f"{where}.{name}", value)
    return step


class StepCalls(Noun):
    """Steps for training; `Run.log_step` logs them."""

    def append(self, run_id: str, steps: Sequence[Any]) -> Result:
        """Appends steps row by row; all are stored or none."""
        rows = [_arrays(place, step) for place, step in enumerate(listed("steps", steps))]
        return self._call("steps.append", run_id=run_id, steps=rows)

    def find(self, refs: Sequence[str]) -> Result:
        """The `steps` that frames belong to, by the references to these; None where no step has such a frame."""
        return self._call("steps.find", refs=listed("refs", refs))

    def sample(
        self,
        n: int,
        run_ids: Optional[Sequence[str]] = None,
        seed: Optional[int] = None,
        arrays: Optional[Sequence[str]] = None,
        *,
        episode_ids: Optional[Sequence[str]] = None,
        min_total_reward: Optional[float] = None,
        max_total_reward: Optional[float] = None,
        replacement: Optional[bool] = None,
        sequence_length: Optional[int] = None,
    ) -> Result:
        """A random batch of n steps: `steps`, and `frame`, `observation` and `action` (n, …) where `arrays` names them.

        - episode_ids, min_total_reward, max_total_reward: of which episodes
        - replacement: whether a step may come twice, as it may by default
        - sequence_length: draws n sequences of so many consecutive steps; arrays are (n, length, …) then
        """
        return self._call(
            "steps.sample",
            n=n,
            run_ids=unless_none(listed, "run_ids", run_ids),
            seed=seed,
            arrays=unless_none(listed, "arrays", arrays),
            episode_ids=unless_none(listed, "episode_ids", episode_ids),
            min_total_reward=min_total_reward,
            max_total_reward=max_total_reward,
            replacement=replacement,
            sequence_length=sequence_length,
        )
