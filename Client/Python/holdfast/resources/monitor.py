"""Logs what the machine and this process use, at regular intervals, to all open runs."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Optional

from ..delivery.heartbeats import OpenRuns
from ..options import Options
from ..spool.records import ResourceRecord
from .sampler import ResourceSampler

if TYPE_CHECKING:
    from ..delivery.intake import Intake


class ResourceMonitor:
    """A thread that samples."""

    def __init__(self, intake: "Intake", runs: OpenRuns, options: Options) -> None:
        self._intake, self._runs, self._options = intake, runs, options
        self._end = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def start(self) -> None:
        """Begins."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="holdfast-resources", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._end.set()

    def _run(self) -> None:
        interval = self._options.resource_interval or 1.0
        sampler, host = ResourceSampler(), socket.gethostname()
        due = time.monotonic()
        while True:
            self._tick(sampler, host)
            # From tick to tick, not from the end of one: rates and charts want even distances.
            due = max(due + interval, time.monotonic())
            if self._end.wait(due - time.monotonic()):
                return

    def _tick(self, sampler: ResourceSampler, host: str) -> None:
        runs = self._runs.ids()
        if not runs:
            return
        now, process = time.time(), os.getpid()
        samples = sampler.sample()
        for run_id in runs:
            for sample in samples:
                record = ResourceRecord(run_id, sample.type, sample.name, sample.value, sample.unit, host, process, now)
                self._intake.add(record, self._options.resources_when_full)
