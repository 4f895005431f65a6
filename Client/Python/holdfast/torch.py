"""Replay as a torch dataset."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Optional

from .errors import HoldfastError
from .optional import require
from .replay import OWN, checked, samples

torch: Any = require("torch", "holdfast.torch")
_data: Any = require("torch.utils.data", "holdfast.torch")
_collate: Any = require("torch.utils.data._utils.collate", "holdfast.torch")


class _Batch(Dict[str, Any]):
    """A batch, which is whole: a loader that makes another one of several is told so."""


def _refuse(batches: Any, *, collate_fn_map: Any = None) -> Any:
    raise HoldfastError(
        "invalid_value", "a SampleDataset gives whole batches: give the DataLoader batch_size=None, and the dataset n="
    )


# What a loader with a batch size calls for elements of this type; see torch.utils.data.default_collate. Old ones have none.
getattr(_collate, "default_collate_fn_map", {})[_Batch] = _refuse


class SampleDataset(_data.IterableDataset):  # type: ignore[misc]
    """Random batches of n steps, each a dictionary of tensors: `reward` (n, float32), `terminated` and `truncated` (n, bool),
    `action` where actions are integers (n, int64) or `arrays` names them (n, …), `frame` and `observation` (n, …); and `steps`, as
    the server tells them.

        loader = DataLoader(SampleDataset("127.0.0.1:7411", n=64, run_ids=["pong-1"]), batch_size=None, num_workers=2)

    A batch comes whole from the server: give the loader batch_size=None, or it raises HoldfastError. Each of its workers has a
    connection; they share the batches, so that with a seed these are the same however many workers there are, and in every pass.
    In distributed training `part=rank, parts=world_size` gives each process batches of its own. `sampling`: what else
    `holdfast.replay.samples` takes. Raises HoldfastError for a wrong argument.
    """

    def __init__(
        self, server: Optional[str] = None, n: int = 32, part: int = 0, parts: int = 1, **sampling: Any
    ) -> None:
        super().__init__()
        # Told here, and not by each worker.
        numbers = {name: sampling[name] for name in ("seed", "batches", "prefetch") if name in sampling}
        draw = {name: value for name, value in sampling.items() if name not in OWN}
        checked(n, part=part, parts=parts, draw=draw, **numbers)
        self._part, self._parts = part, parts
        self._sampling = {"client": server, "n": n, **sampling}

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        worker = _data.get_worker_info()
        number, count = (0, 1) if worker is None else (worker.id, worker.num_workers)
        # A loader takes from its workers in turn.
        part, parts = self._part + self._parts * number, self._parts * count
        with samples(part=part, parts=parts, **self._sampling) as batches:
            for batch in batches:
                yield _Batch(tensors(batch, self._sampling.get("sequence_length")))


def tensors(batch: Dict[str, Any], sequence_length: Optional[int] = None) -> Dict[str, Any]:
    """A batch of `holdfast.replay.samples` with its arrays as tensors: (n, …), or of sequences (n, length, …)."""
    steps = batch["steps"]
    shape = (-1,) if sequence_length is None else (-1, sequence_length)

    def column(name: str, of: Any, dtype: Any) -> Any:
        return torch.tensor([of(step[name]) for step in steps], dtype=dtype).reshape(shape)

    made: Dict[str, Any] = {"steps": steps}
    made["reward"] = column("reward", float, torch.float32)
    made["terminated"] = column("terminated", bool, torch.bool)
    made["truncated"] = column("truncated", bool, torch.bool)
    if all(step["action"] is not None for step in steps):
        made["action"] = column("action", int, torch.int64)
    for name in ("action", "frame", "observation"):
        if name in made:
            continue
        value = batch.get(name)
        if isinstance(value, dict):
            made[name] = {key: torch.from_numpy(array) for key, array in value.items()}
        elif value is not None:
            made[name] = torch.from_numpy(value)
    return made
