"""Arrays that are too large for one request, in pieces: several at a time, each over a connection of its own."""

from __future__ import annotations

import contextlib
import queue
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Sequence

from .optional import numpy
from .wire.array import ITEM_SIZES, Array, restored
from .wire.connection import block

if TYPE_CHECKING:
    from .client import Client

#: A larger array goes in pieces of this many bytes: one is hashed and written while the next one comes.
_LARGEST_WHOLE, _PIECE, _AT_A_TIME = 32 << 20, 16 << 20, 3


def uploaded(client: "Client", value: Any) -> Any:
    """The value as a request takes it: of a large array its pieces, which are uploaded."""
    np = numpy()
    if not isinstance(value, Array) and (np is None or not isinstance(value, np.ndarray) or value.nbytes <= _LARGEST_WHOLE):
        return value
    array = Array.of(value)
    if len(array.data) <= _LARGEST_WHOLE:
        return value

    def upload(client: "Client", start: int) -> str:
        data = array.data[start : start + _PIECE]
        name: str = client.variables.upload(Array("uint8", [len(data)], data))["piece"]
        return name

    names = _transfer(client, range(0, len(array.data), _PIECE), upload)
    return {"dtype": array.dtype, "shape": list(array.shape), "pieces": names}


def downloaded(client: "Client", record: Dict[str, Any]) -> Dict[str, Any]:
    """A record whose value is whole."""
    value = record.get("value")
    if not isinstance(value, Mapping) or "pieces" not in value:
        return record
    size = ITEM_SIZES[value["dtype"]]
    for extent in value["shape"]:
        size *= extent
    whole = memoryview(block(size)).cast("B")
    first = _piece(client, value["pieces"][0])
    whole[: len(first)] = first

    def download(client: "Client", number: int) -> None:
        piece = _piece(client, value["pieces"][number])
        # All but the last are as long as the first.
        start = number * len(first)
        whole[start : start + len(piece)] = piece

    _transfer(client, range(1, len(value["pieces"])), download)
    return {**record, "value": restored(value["dtype"], value["shape"], whole)}


def _piece(client: "Client", name: str) -> memoryview:
    return Array.of(client.variables.download(name)["bytes"]).data


def _transfer(client: "Client", items: Sequence[int], transfer: Callable[["Client", int], Any]) -> List[Any]:
    """What `transfer` makes of each item, in their order."""
    waiting: "queue.SimpleQueue[int]" = queue.SimpleQueue()
    for place in range(len(items)):
        waiting.put(place)
    results: List[Any] = [None] * len(items)

    def work(beside: "Client") -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                place = waiting.get_nowait()
                results[place] = transfer(beside, items[place])

    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client.beside()) for _ in range(min(_AT_A_TIME, len(items)))]
        workers = stack.enter_context(ThreadPoolExecutor(max(1, len(clients))))
        try:
            for done in [workers.submit(work, beside) for beside in clients]:
                done.result()
        except BaseException:
            with contextlib.suppress(queue.Empty):
                while True:  # The other workers end with what they are at.
                    waiting.get_nowait()
            raise
    return results
