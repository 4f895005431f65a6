"""The client that is used where none is given."""

from __future__ import annotations

import threading
from typing import Optional

from ..client import Client

_lock = threading.Lock()
_client: Optional[Client] = None


def use(client: Optional[Client]) -> None:
    """Makes a client the one that is used where none is given; None: one that HOLDFAST_SERVER names."""
    global _client
    with _lock:
        _client = client


def current(client: Optional[Client] = None) -> Client:
    """This client, else the one that `use` named, else one of the environment's."""
    global _client
    if client is not None:
        return client
    with _lock:
        if _client is None:
            _client = Client()
        return _client
