"""What is told of the delivery: problems, and counts."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Callable, Dict, Optional

from ..errors import ServerError

LOGGER = logging.getLogger("holdfast")
#: A cause of dropped records is told again when there were none for so long, in seconds.
_QUIET = 60.0


@dataclass(frozen=True)
class DeliveryProblem:
    """Something that went wrong between a log call and the server's acknowledgement.

    `kind` is one of
    - rejected: the server refused records for their content, or they could never be sent; the spool's folder `rejected`
      keeps the former,
    - dropped: records were logged while the spool or its disk was full, its folder gone, or after the end; they are lost, and
      counted in the statistics: a cause is told once, and again when there was no such loss for a minute,
    - waiting: the server can't take anything now; the records wait and are sent later,
    - damaged: a spool has bytes that are not what was written; what is behind them is set aside,
    - server_restored: the server was restored to an older state; what is still here is sent under a new producer id.
    """

    kind: str
    records: int
    message: str
    error: Optional[ServerError] = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.records} records: {self.message}"


@dataclass
class DeliveryStatistics:
    """Where records are; a record is one metric, step or image, or the start or end of a run or episode."""

    #: In the spool, and neither acknowledged nor rejected.
    queued: int = 0
    #: What the queued records take there, in bytes.
    queued_bytes: int = 0
    #: Sent at least once.
    sent: int = 0
    #: Acknowledged by the server: they survive its death.
    acknowledged: int = 0
    #: Refused by the server for their content, or impossible to send.
    rejected: int = 0
    #: Logged while the spool was full under "drop", or after the end.
    dropped: int = 0
    #: Connections established after the first one.
    reconnects: int = 0


class Reporter:
    """Tells the log and the user's callback of problems."""

    def __init__(self, callback: Optional[Callable[[DeliveryProblem], None]]) -> None:
        self._callback = callback
        # When records were dropped last, by the cause.
        self._last_drops: Dict[str, float] = {}

    def report_dropped(self, records: Dict[str, int]) -> None:
        """Reports dropped records by their causes, each of which is told once until it is over."""
        now = time.monotonic()
        for cause, count in records.items():
            if now - self._last_drops.get(cause, -_QUIET) >= _QUIET:
                self.report(DeliveryProblem("dropped", count, cause))
            self._last_drops[cause] = now

    def report(self, problem: DeliveryProblem) -> None:
        """Reports one problem; an exception of the callback goes to the log."""
        level = logging.INFO if problem.kind == "waiting" else logging.WARNING
        LOGGER.log(level, "delivery problem: %s", problem)
        if self._callback:
            try:
                self._callback(problem)
            except Exception:
                LOGGER.exception("on_problem failed")
