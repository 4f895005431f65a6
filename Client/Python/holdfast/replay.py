"""Random batches of steps for training, fetched ahead."""

from __future__ import annotations

import queue
import threading
from typing import Any, Dict, Iterator, Optional, Sequence, Union

from .client import Client

_END = object()


class Samples(Iterator[Dict[str, Any]]):
    """Batches as `steps.sample` answers them: `steps`, and `frame` and `observation` (n, …) where they were asked for.

    A thread fetches the next ones while this one is used; it ends with `close`, or with the iterator. An error of the server
    is raised where its batch would come.
    """

    def __init__(
        self,
        client: Client,
        n: int,
        run_ids: Optional[Sequence[str]],
        arrays: Sequence[str],
        seed: Optional[int],
        batches: Optional[int],
        prefetch: int,
    ) -> None:
        self._client = client
        self._params = {"n": n, "run_ids": run_ids, "arrays": list(arrays) or None}
        self._seed, self._batches = seed, batches
        self._queue: "queue.Queue[Any]" = queue.Queue(max(1, prefetch))
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._fetch, name="holdfast-samples", daemon=True)
        self._thread.start()

    def _fetch(self) -> None:
        number = 0
        while not self._is_closed.is_set() and (self._batches is None or number < self._batches):
            # A seed makes all batches repeatable, and each of them another.
            seed = None if self._seed is None else self._seed + number
            try:
                item: Any = self._client.call("steps.sample", {**self._params, "seed": seed})
            except Exception as error:
                self._put(error)
                return
            self._put(item)
            number += 1
        self._put(_END)

    def _put(self, item: Any) -> None:
        while not self._is_closed.is_set():
            try:
                self._queue.put(item, timeout=0.2)
                return
            except queue.Full:
                continue

    def __next__(self) -> Dict[str, Any]:
        if self._is_closed.is_set():
            raise StopIteration
        item = self._queue.get()
        if item is _END or isinstance(item, Exception):
            self.close()
            if isinstance(item, Exception):
                raise item
            raise StopIteration
        batch: Dict[str, Any] = item
        return batch

    def close(self) -> None:
        """Fetches no more."""
        self._is_closed.set()

    def __del__(self) -> None:
        self._is_closed.set()


def samples(
    client: Union[Client, str, None] = None,
    n: int = 32,
    run_ids: Optional[Sequence[str]] = None,
    arrays: Sequence[str] = ("frame",),
    seed: Optional[int] = None,
    batches: Optional[int] = None,
    prefetch: int = 2,
) -> Samples:
    """An iterator over random batches of n steps of some runs, or of all; endless without `batches`.

    `client`: one, or the address of a server; `prefetch`: how many batches are fetched ahead.
    """
    chosen = client if isinstance(client, Client) else Client(client)
    return Samples(chosen, n, run_ids, arrays, seed, batches, prefetch)
