"""What became of the records of one spool: who is told, and what is counted."""

from __future__ import annotations

from typing import Any, Dict, Optional

from ..errors import ServerError
from ..spool.batch import OutgoingRequest
from .intake import Intake
from .problem import DeliveryProblem, DeliveryStatistics, Reporter


class Ledger:
    """The counts of this process's spool (with an intake), or of one that another process left."""

    def __init__(self, intake: Optional[Intake], reporter: Reporter) -> None:
        self._intake, self._reporter = intake, reporter
        self.counts = intake.counts if intake else DeliveryStatistics()
        self._reported: Optional[str] = None

    def accepted(self, request: OutgoingRequest, result: Dict[str, Any]) -> None:
        """The server has stored a request, but for single rows of metrics that it refused."""
        refused: Any = result.get("rejected") or [] if request.method == "metrics.append" else []
        count = int(result.get("rejected_count") or len(refused)) if refused else 0
        self._release(request.records - count, request.bytes, "acknowledged")
        if refused:
            self.reject(count, 0, f"row {refused[0].get('index')}: {refused[0].get('message')}")

    def reject(self, records: int, size: int, reason: str, error: Optional[ServerError] = None) -> None:
        """Records will never be stored."""
        self._release(records, size, "rejected")
        self._reporter.report(DeliveryProblem("rejected", records, reason, error))

    def _release(self, records: int, size: int, counter: str) -> None:
        if self._intake:
            self._intake.release(records, size, counter)
        else:
            setattr(self.counts, counter, getattr(self.counts, counter) + records)

    def reply(self, sequence: int, result: Optional[Dict[str, Any]], error: Optional[Exception]) -> None:
        """Tells whoever waits for the answer to a record."""
        reply = self._intake.take_reply(sequence) if self._intake and sequence else None
        if reply:
            reply(result, error)

    def settled(self, through: Optional[int]) -> None:
        """Nothing up to a record is left to send."""
        if self._intake and through is not None:
            self._intake.settle(through)

    def report_waiting(self, error: Exception, records: int) -> None:
        """The server can't take anything now; a reason is told once, until the server accepts again."""
        reason = str(error)
        if reason == self._reported:
            return
        self._reported = reason
        records = self._intake.statistics.queued if self._intake else records
        cause = error if isinstance(error, ServerError) else None
        self._reporter.report(DeliveryProblem("waiting", records, reason, cause))

    def is_accepted(self) -> None:
        """The server accepts again."""
        self._reported = None
