"""Tells the server now and then that the processes of open runs live."""

from __future__ import annotations

import threading
from typing import Any, Dict, List, Optional

from ..errors import HoldfastError, ServerError
from ..wire.caller import Caller


class OpenRuns:
    """Ids of open runs, each as often as it was begun."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Dict[str, int] = {}
        self._starts: Dict[str, Dict[str, Any]] = {}

    def begin(self, run_id: str) -> None:
        """A run is open."""
        with self._lock:
            self._counts[run_id] = self._counts.get(run_id, 0) + 1

    def end(self, run_id: str) -> None:
        """It is not any more."""
        with self._lock:
            count = self._counts.pop(run_id, 0) - 1
            if count > 0:
                self._counts[run_id] = count

    def started(self, params: Dict[str, Any]) -> None:
        """How a run was started; what is given later replaces what was."""
        with self._lock:
            self._starts[params["run_id"]] = {**self._starts.get(params["run_id"], {}), **params}

    def starts(self) -> List[Dict[str, Any]]:
        """How those that are open were started."""
        with self._lock:
            return [self._starts[run] for run in sorted(self._counts) if run in self._starts]

    def ids(self) -> "list[str]":
        """Those that are open."""
        with self._lock:
            return sorted(self._counts)


class Heartbeats:
    """A thread that calls runs.heartbeat for each open run."""

    def __init__(self, interval: float, caller: Caller, runs: OpenRuns) -> None:
        self._interval, self._caller, self._runs = interval, caller, runs
        self._end = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        """Begins."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="holdfast-heartbeats", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._end.set()

    def _run(self) -> None:
        while not self._end.wait(self._interval):
            for run_id in self._runs.ids():
                try:
                    self._caller.call("runs.heartbeat", {"run_id": run_id})
                except (HoldfastError, ServerError):
                    # One that does not arrive is not sent later: it would say that the process lived then.
                    continue
