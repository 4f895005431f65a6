"""Replay as a torch dataset."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Optional, Sequence

from .optional import require
from .replay import samples

torch: Any = require("torch", "holdfast.torch")
_data: Any = require("torch.utils.data", "holdfast.torch")


class SampleDataset(_data.IterableDataset):  # type: ignore[misc]
    """Random batches of n steps, each a dictionary: `action` and `reward` (n), `terminated` and `truncated` (n, bool), and
    `frame` and `observation` (n, …) as tensors, `steps` as the server tells them.

        loader = DataLoader(SampleDataset("127.0.0.1:7411", n=64, run_ids=["pong-1"]), batch_size=None, num_workers=2)

    A batch comes whole from the server: give the loader batch_size=None. Each of its workers has a connection and, with a
    seed, batches of its own.
    """

    def __init__(
        self,
        server: Optional[str] = None,
        n: int = 32,
        run_ids: Optional[Sequence[str]] = None,
        arrays: Sequence[str] = ("frame",),
        seed: Optional[int] = None,
        batches: Optional[int] = None,
        prefetch: int = 2,
    ) -> None:
        super().__init__()
        self._server, self._seed = server, seed
        self._params: Dict[str, Any] = {
            "n": n, "run_ids": run_ids, "arrays": arrays, "batches": batches, "prefetch": prefetch,
        }  # fmt: skip

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        worker = _data.get_worker_info()
        seed = self._seed
        if seed is not None and worker is not None:
            seed += 1_000_003 * worker.id
        for batch in samples(self._server, seed=seed, **self._params):
            yield tensors(batch)


def tensors(batch: Dict[str, Any]) -> Dict[str, Any]:
    """A batch of `steps.sample` with its arrays as tensors."""
    steps = batch["steps"]
    made: Dict[str, Any] = {"steps": steps}
    for name, dtype in (("reward", "float32"), ("terminated", "bool"), ("truncated", "bool")):
        made[name] = torch.tensor([step[name] for step in steps], dtype=getattr(torch, dtype))
    actions = [step.get("action") for step in steps]
    if None not in actions:
        made["action"] = torch.tensor(actions)
    for name in ("frame", "observation"):
        value = batch.get(name)
        if isinstance(value, dict):
            made[name] = {key: torch.from_numpy(array) for key, array in value.items()}
        elif value is not None:
            made[name] = torch.from_numpy(value)
    return made
