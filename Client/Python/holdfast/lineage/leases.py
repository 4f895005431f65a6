"""Single flight: of all threads and processes that call a thunk with the same arguments, one computes."""

from __future__ import annotations

import atexit
import os
import queue
import socket
import threading
import time
import uuid
import weakref
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from ..client import Client
from ..errors import HoldfastError, ServerError

#: Seconds after which another may compute what a process that died was computing.
TTL = 30.0
#: Seconds that the server is asked to wait in one call.
_WAIT = 10.0


class Lease:
    """The right to compute an invocation: prolonged while it is computed, over when its outputs are saved or gone."""

    def __init__(self, token: int, client: Client) -> None:
        self.token = token
        self.client = client
        #: The outputs that are still to be saved under it.
        self.open: Set[str] = set()
        weakref.finalize(self, _keeper.release, token, client, self.open).atexit = False

    def __enter__(self) -> "Lease":
        _keeper.keep(self)
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        _keeper.leave(self)
        if error is not None:
            _keeper.release(self.token, self.client, self.open)


def claim(hashes: Sequence[str], unusable: Sequence[str], client: Client) -> Tuple[List[Dict[str, Any]], Optional[Lease]]:
    """The outputs' records if they are stored, else the lease to compute them; waits while another computes them.

    `unusable`: records that can't be loaded, which are none then.
    """
    answer = _asked(client, hashes, unusable, 0.0)
    if answer["status"] == "busy":
        # With a connection of its own: the one that saves the outputs may be this client's.
        with client.beside() as beside:
            while answer["status"] == "busy":
                answer = _asked(beside, hashes, unusable, _WAIT)
    if answer["status"] == "stored":
        return answer["records"], None
    return [], _known(answer["token"], hashes, client)


def _asked(client: Client, hashes: Sequence[str], unusable: Sequence[str], wait: float) -> Dict[str, Any]:
    return client.lineage.claim(hashes, _owner(), int(1000 * TTL), int(1000 * wait), unusable or None)


_thread = threading.local()


def _owner() -> str:
    """A name of this thread alone: the numbers of threads that have ended are used again."""
    if not hasattr(_thread, "name"):
        _thread.name = uuid.uuid4().hex[:12]
    return f"{_process}:{_thread.name}"


_leases: "weakref.WeakValueDictionary[Tuple[int, int], Lease]" = weakref.WeakValueDictionary()


def _known(token: int, hashes: Sequence[str], client: Client) -> Lease:
    """A thread that computes the same twice before it saves it has one lease."""
    key = (id(client), token)
    lease = _leases.get(key)
    if lease is None:
        lease = _leases[key] = Lease(token, client)
    lease.open.update(hashes)
    return lease


class _Keeper:
    """A thread that prolongs leases while they are computed, and gives back those whose outputs are gone."""

    def __init__(self) -> None:
        # Reentrant, so that a finalizer may put something in at any moment.
        self._orders: "queue.SimpleQueue[Tuple[str, int, Client]]" = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None

    def keep(self, lease: Lease) -> None:
        self._orders.put(("keep", lease.token, lease.client))
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="holdfast leases", daemon=True)
                self._thread.start()

    def leave(self, lease: Lease) -> None:
        self._orders.put(("leave", lease.token, lease.client))

    def release(self, token: int, client: Client, open: Set[str]) -> None:
        if open:
            self._orders.put(("release", token, client))

    def _run(self) -> None:
        kept: Dict[Tuple[int, Client], float] = {}
        while True:
            pause = max(0.0, min(kept.values()) - time.monotonic()) if kept else None
            try:
                what, token, client = self._orders.get(timeout=pause)
            except queue.Empty:
                for token, client in [key for key, due in kept.items() if due <= time.monotonic()]:
                    kept[token, client] = time.monotonic() + TTL / 3
                    _tell(client, "lineage.renew", {"token": token, "ttl_ms": int(1000 * TTL)})
                continue
            if what == "keep":
                kept[token, client] = time.monotonic() + TTL / 3
            else:
                kept.pop((token, client), None)
            if what == "release":
                _tell(client, "lineage.release", {"token": token})
            del client


def _tell(client: Client, method: str, params: Dict[str, Any]) -> None:
    """Over a connection of its own, since the client's may be busy with something large."""
    try:
        with client.beside(timeout=5.0) as beside:
            beside.call(method, params)
    except (HoldfastError, ServerError):
        pass  # a lease ends by itself, and whether it still counts shows when the outputs are saved


def _end() -> None:
    """A process that ends keeps nobody waiting for what it did not save."""
    for lease in list(_leases.values()):
        if lease.open:
            _tell(lease.client, "lineage.release", {"token": lease.token})


def _named() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def _in_child() -> None:
    """The parent's leases are not the child's, and the thread that kept them is not there."""
    global _keeper, _process
    _keeper, _process = _Keeper(), _named()
    for lease in list(_leases.values()):
        lease.open.clear()
    _leases.clear()


_keeper, _process = _Keeper(), _named()
atexit.register(_end)
os.register_at_fork(after_in_child=_in_child)
