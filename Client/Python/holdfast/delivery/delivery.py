"""The moving parts behind a run: the spool, its sender, heartbeats and the resource monitor."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Dict, NamedTuple, Optional, Set

from ..address import Address
from ..errors import HoldfastError
from ..options import Options
from ..resources.monitor import ResourceMonitor
from ..spool.folder import SpoolFolder, blamed, standard_directory
from ..spool.records import RequestRecord
from ..wire.caller import Caller
from . import termination
from .drains import Drains
from .heartbeats import Heartbeats, OpenRuns
from .intake import Intake
from .problem import DeliveryProblem, Reporter
from .sender import Sender

if TYPE_CHECKING:
    from ..run import Run


class Unsent(NamedTuple):
    """What was not acknowledged, and stays in the spool."""

    records: int
    bytes: int


class Answer:
    """The answer to a request that travels through the spool."""

    def __init__(self) -> None:
        self._is_there = threading.Event()
        self._result: Optional[Dict[str, Any]] = None
        self._error: Optional[Exception] = None

    def set(self, result: Optional[Dict[str, Any]], error: Optional[Exception]) -> None:
        """Takes it."""
        self._result, self._error = result, error
        self._is_there.set()

    def wait(self, timeout: float) -> Optional[Dict[str, Any]]:
        """The result, or None when the time is over; raises what the server refused it with."""
        if not self._is_there.wait(timeout):
            return None
        if self._error:
            raise self._error
        return self._result


class Delivery:
    """A spool and everything that empties it."""

    def __init__(self, address: Address, token: Optional[str], spool: Optional[str], options: Options) -> None:
        self.address, self.token, self.options = address, token, options
        self.directory = spool or standard_directory()
        self.reporter = Reporter(options.on_problem)
        self._lock = threading.Lock()
        self._is_open = self._is_closed = False
        self._is_done = threading.Event()
        self.runs = OpenRuns()
        self._open_runs: "Set[Run]" = set()
        self.intake = Intake(self.directory, str(address), options, self._wake)
        self.sender = Sender(address, token, options, intake=self.intake, runs=self.runs)
        self.caller = Caller(address, token, options.client_name, options.connect_timeout, options.request_timeout)
        self._heartbeats = Heartbeats(options.heartbeat_interval, self.caller, self.runs)
        self._monitor = ResourceMonitor(self.intake, self.runs, options)
        self._drains = Drains(self.directory, str(address), address, token, options)

    def _wake(self) -> None:
        self.sender.wake()

    def open(self) -> None:
        """Makes the spool and begins to send; raises HoldfastError with spool."""
        try:
            self.intake.open()
        except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
            place = blamed(self.directory)
            message = f"records can't be kept in {place}; name another folder with HOLDFAST_SPOOL or spool= ({error})"
            raise HoldfastError("spool", message) from None
        with self._lock:
            if self._is_open:
                return
            self._is_open = True
        self.sender.start()
        self._heartbeats.start()
        if self.options.sends_left_spools:
            self._drains.start()
        termination.add(self)

    def add_run(self, run: "Run") -> None:
        """A run is open until `Run.finish`."""
        self.runs.begin(run.id)
        self._open_runs.add(run)
        if self.options.resource_interval is not None and not self.intake.is_child:
            self._monitor.start()

    def remove_run(self, run: "Run") -> None:
        """It has finished."""
        self.runs.end(run.id)
        self._open_runs.discard(run)

    def settle_children(self, timeout: float) -> None:
        """Sends what forked children that have ended left, so that the end of a run comes after all that was done in it; takes
        no longer than the timeout, in seconds."""
        if self.intake.is_child or self.intake.is_interrupted or not self.options.sends_left_spools:
            return
        if not any(folder.is_abandoned() for folder in SpoolFolder.all(self.directory)):
            return
        deadline = time.monotonic() + timeout
        try:
            self.intake.flush(timeout)  # theirs follows what was logged before them
        except HoldfastError:
            return
        self._drains.wait(deadline - time.monotonic(), for_living=False)

    def finish_runs(self, status: str) -> None:
        """Ends the runs that are open."""
        for run in list(self._open_runs):
            run.end(status)

    def enqueue(self, method: str, params: Dict[str, Any]) -> Answer:
        """Puts a request into the spool, in order with the records."""
        answer = Answer()
        if method == "runs.start":
            self.runs.started(params)
        try:
            if not self.intake.add_request(RequestRecord(method, params), answer.set):
                answer.set(None, HoldfastError("closed", f"{method} came after the end of the run"))
        except (OSError, HoldfastError) as error:
            self.reject(f"{method} can't be kept: {error}")
            answer.set(None, HoldfastError("spool", f"{method} can't be kept in {self.directory}: {error}"))
        return answer

    def reject(self, message: str) -> None:
        """Counts and reports a record that could never be stored."""
        self.intake.counts.rejected += 1
        self.reporter.report(DeliveryProblem("rejected", 1, message))

    def close(self, timeout: float = 5.0) -> Unsent:
        """Refuses new records, sends what is there until the time is over, and ends; takes no longer than that, in seconds."""
        if self.intake.is_interrupted:
            # In a signal handler, while the thread under it adds a record: that must come to its end first.
            threading.Thread(target=self.close, args=(timeout,), daemon=True).start()
            return self._unsent()
        deadline = time.monotonic() + timeout
        with self._lock:
            is_first, self._is_closed = not self._is_closed, True
        if not is_first:
            self._is_done.wait(timeout)
            return self._unsent()
        self.intake.close()
        self._heartbeats.stop()
        self._monitor.stop()
        if not self.intake.is_child and self._is_open:
            try:
                self.intake.flush(timeout)
            except HoldfastError:
                pass
            left = deadline - time.monotonic()
            if self.options.sends_left_spools and left > 0:
                # What forked children still fill is not waited for: they may live on.
                self._drains.wait(left, for_living=False)
            unsent = self._unsent()
            # Those are thrown off whatever they wait for, or left alone: they are daemons.
            self.sender.stop(max(0.2, deadline - time.monotonic()))
            self._drains.stop(max(0.1, deadline - time.monotonic()))
        else:
            unsent = self._unsent()
            self.intake.end(HoldfastError("closed", "the run was closed"))
        self._is_done.set()
        termination.remove(self)
        return unsent

    def _unsent(self) -> Unsent:
        statistics = self.intake.statistics
        return Unsent(statistics.queued, statistics.queued_bytes)

    def after_fork_in_child(self) -> None:
        """Everything but the intake stays with the parent."""
        self._lock = threading.Lock()
        self._is_done = threading.Event()
        self._open_runs = set()
        self.sender.close_in_child()
        self._drains.close_in_child()
