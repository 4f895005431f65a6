"""The client that is used where none is given."""

from __future__ import annotations

import threading
from typing import Any, Mapping, Optional

from ..checks import unless_none, wrong
from ..client import Client

_lock = threading.Lock()
_client: Optional[Client] = None


def use(client: Optional[Client]) -> None:
    """Makes a client the one that is used where none is given; None: one that HOLDFAST_SERVER names."""
    global _client
    with _lock:
        _client = unless_none(_a_client, "the client", client)


def _a_client(name: str, value: Any) -> Client:
    if not isinstance(value, Client):
        # A likely mistake: metadata as a dictionary comes here.
        by_key = "; metadata is given by its keys, such as subject=1" if isinstance(value, Mapping) else ""
        raise wrong(name, value, f'it is a client such as holdfast.Client("127.0.0.1:7411"){by_key}')
    return value


def current(client: Optional[Client] = None) -> Client:
    """This client, else the one that `use` named, else one of the environment's."""
    global _client
    if client is not None:
        return _a_client("client", client)
    with _lock:
        if _client is None:
            _client = Client()
        return _client
