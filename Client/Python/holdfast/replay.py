"""Random batches of steps for training, fetched ahead."""

from __future__ import annotations

import inspect
import itertools
import threading
import weakref
from collections import deque
from types import TracebackType
from typing import Any, Callable, Deque, Dict, Iterable, Iterator, Mapping, Optional, Sequence, Tuple, Type, Union

from .address import Address
from .calls import StepCalls
from .checks import listed, names_in, text, unless_none, whole, wrong
from .client import Client

Batch = Dict[str, Any]


class _Fetcher:
    """Draws batches on a thread, at most `prefetch` ahead of who takes them."""

    def __init__(
        self, draw: Callable[[int], Batch], numbers: Iterable[int], prefetch: int, at_end: Callable[[], None]
    ) -> None:
        self._draw, self._numbers, self._most, self._at_end = draw, numbers, max(1, prefetch), at_end
        self._fetched: Deque[Union[Batch, Exception]] = deque()
        self._changed = threading.Condition()
        self._is_closed = False

    def start(self) -> None:
        threading.Thread(target=self._fetch, name="holdfast-samples", daemon=True).start()

    def _fetch(self) -> None:
        try:
            for number in self._numbers:
                if not self._put(self._draw(number)):
                    return
            self._put(StopIteration())
        except Exception as error:
            self._put(error)
        finally:
            self._at_end()

    def _put(self, item: Union[Batch, Exception]) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or len(self._fetched) < self._most)
            self._fetched.append(item)
            self._changed.notify_all()
            return not self._is_closed

    def take(self) -> Batch:
        """The next batch; raises what came in its place."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._fetched)
            item = StopIteration() if self._is_closed else self._fetched.popleft()
            self._changed.notify_all()
        if isinstance(item, Exception):
            self.close()
            raise item
        return item

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._fetched.clear()
            self._changed.notify_all()


class Samples(Iterator[Batch]):
    """Batches as `steps.sample` answers them: `steps`, and `frame`, `observation` and `action` (n, …) where they were asked for.

    A thread fetches the next ones while this one is used; it ends with the iterator, which may be closed or just left. An
    error of the server is raised where its batch would come.
    """

    def __init__(
        self,
        client: Client,
        arrays: Sequence[str],
        seed: Optional[int],
        numbers: Iterable[int],
        prefetch: int,
        at_end: Callable[[], None],
        **draw: Any,
    ) -> None:
        draw["arrays"] = listed("arrays", arrays) or None

        def batch(number: int) -> Batch:
            # A seed makes all batches repeatable, and each of them another.
            return client.steps.sample(seed=None if seed is None else seed + number, **draw)

        self._fetcher = _Fetcher(batch, numbers, prefetch, at_end)
        self._fetcher.start()
        #: The thread knows the fetcher alone, so that this ends it also where nobody closes the iterator.
        self._end = weakref.finalize(self, self._fetcher.close)

    def __next__(self) -> Batch:
        return self._fetcher.take()

    def close(self) -> None:
        """Fetches no more."""
        self._end()

    def __enter__(self) -> "Samples":
        return self

    def __exit__(
        self, type: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()


def samples(
    client: Union[Client, str, None] = None,
    n: int = 32,
    run_ids: Optional[Sequence[str]] = None,
    arrays: Sequence[str] = ("frame",),
    seed: Optional[int] = None,
    batches: Optional[int] = None,
    prefetch: int = 2,
    part: int = 0,
    parts: int = 1,
    **draw: Any,
) -> Samples:
    """An iterator over random batches of n steps of some runs, or of all; endless without `batches`.

    - client: one, or the address of a server
    - arrays: of "frame", "observation" and "action"; steps that lack a frame or observation that is asked for are not drawn.
      Integer actions are in `steps` in any case.
    - seed: the same one draws the same batches from the same data, each another
    - prefetch: how many batches are fetched ahead
    - part, parts: of all batches, every `parts`-th from `part` on, so that several processes share them
    - draw: what else `Client.steps.sample` takes

    Raises HoldfastError for a wrong argument; what the server refuses is raised where its batch would come.
    """
    n, seed, batches, prefetch, part, parts = checked(n, seed, batches, prefetch, part, parts, draw)
    numbers = itertools.islice(itertools.count(), part, batches, parts)
    chosen = client if isinstance(client, (Client, Address)) else unless_none(text, "client", client)
    chosen = chosen if isinstance(chosen, Client) else Client(chosen)
    # A connection that was made for this ends with it.
    at_end = chosen.close if chosen is not client else lambda: None
    return Samples(chosen, arrays, seed, numbers, prefetch, at_end, n=n, run_ids=run_ids, **draw)


#: The arguments of `samples` that it doesn't just pass on.
OWN = tuple(name for name in inspect.signature(samples).parameters if name != "draw")


def checked(
    n: Any,
    seed: Any = None,
    batches: Any = None,
    prefetch: Any = 2,
    part: Any = 0,
    parts: Any = 1,
    draw: Mapping[str, Any] = {},
) -> Tuple[int, Optional[int], Optional[int], int, int, int]:
    """The numbers that `samples` takes, and that `draw` has no other names than `Client.steps.sample` knows."""
    passed_on = [name for name in inspect.signature(StepCalls.sample).parameters if name not in ("self", *OWN)]
    names_in("samples()", draw, [*OWN, *passed_on])
    parts = whole("parts", parts, 1)
    part = whole("part", part, 0)
    if part >= parts:
        raise wrong("part", part, f"it is from 0 to {parts - 1}, since parts is {parts}")
    return (
        whole("n", n, 1),
        unless_none(whole, "seed", seed),
        None if batches is None else whole("batches", batches, 0),
        whole("prefetch", prefetch, 0),
        part,
        parts,
    )
