"""Where and for whom something is computed."""

from __future__ import annotations

import functools
import getpass
import socket
from typing import Dict

from ..run import only_open_run


def surroundings() -> Dict[str, str]:
    """The host, the user, and the run if this process has exactly one that is not finished."""
    run = only_open_run()
    return {**_fixed(), **({} if run is None else {"run_id": run.id})}


@functools.lru_cache(maxsize=None)
def _fixed() -> Dict[str, str]:
    try:
        return {"host": socket.gethostname(), "user_id": getpass.getuser()}
    except (KeyError, ImportError, OSError):  # a container may have no name for its user
        return {"host": socket.gethostname()}
