"""Carries one spool to the server over one connection, and again until all of it is acknowledged.

A thread of its own, since whoever logs waits for nobody; it polls while records come, since a wake-up for each batch would
cost log calls a system call.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Callable, Dict, Optional

from ..address import Address
from ..errors import HoldfastError, ServerError
from ..options import Options
from ..spool.batch import OutgoingRequest
from ..spool.queue import SpoolQueue
from ..wire.connection import Connection, Greeting, Limits, Response
from ..wire.values import request
from .backoff import Backoff
from .heartbeats import OpenRuns
from .intake import Intake, Outlook
from .ledger import Ledger
from .outbox import Consequence, Outbox
from .problem import LOGGER, DeliveryProblem, DeliveryStatistics, Reporter

#: How often a spool is looked at while records come, and for how long after the last one; in seconds.
_POLL, _LINGER = 0.02, 2.0
#: How often a spool that a living process fills is looked at.
_CHILD_POLL = 0.1
_LONG = 3600.0
#: Of requests whose answers nobody waits for; the outbox counts from 1.
_RESTART_ID = 0


class Sender:
    """The sender of this process's spool (with an intake), or of one that another process left (with a queue)."""

    def __init__(
        self,
        address: Address,
        token: Optional[str],
        options: Options,
        intake: Optional[Intake] = None,
        queue: Optional[SpoolQueue] = None,
        on_done: Optional[Callable[["Sender"], None]] = None,
        runs: Optional[OpenRuns] = None,
    ) -> None:
        self._runs = runs
        self._address, self._token, self._options = address, token, options
        self._intake, self._on_done = intake, on_done
        self._reporter = Reporter(options.on_problem)
        self._ledger = Ledger(intake, self._reporter)
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)
        self._outbox: Outbox[OutgoingRequest] = Outbox("")
        self._queue: Optional[SpoolQueue] = None
        self._connection: Optional[Connection] = None
        self._backoff = Backoff(options)
        self._is_stopped = False
        self._retry_at = self._resume_at = 0.0
        self._pending_since: Optional[float] = None
        self._last_activity = 0.0
        self._has_connected = False
        #: Why the server could not be reached, or refused the greeting, the last time.
        self.failure: Optional[Exception] = None
        #: That the token lacks the role, until something is accepted.
        self.refusal: Optional[ServerError] = None
        #: Why a spool that another process left could not be read on, and whether it was set aside.
        self.trouble: Optional[Exception] = None
        self.is_damaged = False
        if queue:
            self._adopt(queue)
        self.thread = threading.Thread(target=self._run, name="holdfast-sender", daemon=True)

    @property
    def counts(self) -> DeliveryStatistics:
        """What became of the records."""
        return self._ledger.counts

    @property
    def folder_is_abandoned(self) -> bool:
        """Whether no process fills the spool any more."""
        queue = self._queue
        return queue is None or queue.folder.is_abandoned()

    def start(self) -> None:
        """Begins."""
        self.thread.start()

    def wake(self) -> None:
        """Makes it look, from any thread."""
        try:
            self._waker.send(b"\0")
        except (BlockingIOError, OSError):
            pass

    def stop(self, timeout: float) -> None:
        """Gives up what is not settled, which stays in the spool."""
        self._is_stopped = True
        self.wake()
        if self.thread.is_alive() and self.thread is not threading.current_thread():
            self.thread.join(max(0.0, timeout))

    def close_in_child(self) -> None:
        """After fork(): the connection is the parent's."""
        self._waker.close()
        self._wakened.close()
        if self._connection:
            self._connection.close()

    def _adopt(self, queue: SpoolQueue) -> None:
        self._outbox = queue.resume()
        self._queue = queue

    # MARK: The loop

    def _run(self) -> None:
        if self._intake:
            self._intake.senders.append(threading.get_ident())
        try:
            while not self._is_stopped and not self._look():
                pass
        except Exception as error:
            LOGGER.exception("the sender ended; records stay in the spool")
            self.trouble = error
            self._reporter.report(DeliveryProblem("waiting", 0, f"the sender failed: {error!r}"))
        self._end()

    def _look(self) -> bool:
        """Does whatever can be done now, then waits for more; true when a left spool is delivered."""
        now = time.monotonic()
        outlook = self._intake.look() if self._intake else Outlook(self._queue, 0, 0, 0, False, {})
        self._reporter.report_dropped(outlook.dropped)
        if self._queue is None and outlook.queue:
            self._adopt(outlook.queue)
        if outlook.wants_spare and self._intake:
            self._intake.prepare_spare()
        is_due = self._is_due(outlook, now)
        if self._connection is None and (is_due or not self._outbox.is_empty) and now >= self._retry_at:
            self._connect()
        if self._connection and 0 < self._resume_at <= now:
            self._resume_at = 0.0
            if self._outbox.resume():
                self._begin_anew()
        if self._connection:
            self._send(self._connection, outlook, is_due)
        if self._on_done and self._is_done():
            return True
        self._wait(outlook)
        return False

    def _wait(self, outlook: Outlook) -> None:
        now = time.monotonic()
        timeout = self._poll(outlook, now)
        for moment in (self._retry_at, self._resume_at):
            if moment > now:
                timeout = min(timeout, moment - now)
        connection = self._connection
        if connection is None:
            self._wakened.settimeout(max(timeout, 0.001))
            try:
                self._wakened.recv(4096)
            except OSError:
                pass
            self._wakened.setblocking(False)
            return
        is_due_to_answer = self._outbox.is_awaiting_answer
        if is_due_to_answer:
            timeout = min(timeout, max(0.0, connection.last_progress + self._options.request_timeout - now))
        try:
            for response in connection.pump(timeout, self._wakened):
                self._answered(response)
        except (HoldfastError, ServerError) as error:
            self._disconnected(error)
            return
        silence = time.monotonic() - connection.last_progress
        if is_due_to_answer and self._outbox.is_awaiting_answer and silence >= self._options.request_timeout:
            self._disconnected(HoldfastError("timeout", f"the server at {self._address} has not answered in time"))

    def _poll(self, outlook: Outlook, now: float) -> float:
        if self._on_done:
            return _CHILD_POLL
        last_read = self._queue.last_read if self._queue else 0
        if outlook.last_sequence > last_read or self._last_activity + _LINGER > now:
            # A server that is away need not be asked for so often.
            return min(_POLL if self._connection or self._retry_at <= now else 0.25, self._options.batch_delay)
        return _LONG if self._intake and self._intake.rest(last_read) else 0.0

    def _is_due(self, outlook: Outlook, now: float) -> bool:
        """Whether what was not read yet should be sent now."""
        queue, options = self._queue, self._options
        if queue is None:
            return False
        if self._on_done:
            return self._has_next()
        if outlook.last_sequence <= queue.last_read:
            self._pending_since = None
            return False
        if self._pending_since is None:
            self._pending_since = now
        self._last_activity = now
        return (
            outlook.send_through > queue.last_read
            or outlook.last_sequence - queue.last_read >= options.batch_records
            or outlook.end - queue.place >= options.batch_bytes
            or self._pending_since + options.batch_delay <= now
        )

    def _has_next(self) -> bool:
        """Whether there is a record that was not read yet."""
        try:
            return self._queue is not None and self._queue.has_next()
        except OSError as error:
            self._can_not_read(error)
            return False

    def _can_not_read(self, error: OSError) -> None:
        if self._on_done:
            # Left to others, who may be allowed to.
            self.trouble = error
            self._is_stopped = True
        elif self._queue:
            self._report_waiting(HoldfastError("spool", f"{self._queue.folder.path} can't be read: {error.strerror}"))

    # MARK: The connection

    def _connect(self) -> None:
        options = self._options
        greeting = Greeting(options.client_name, self._token, self._outbox.producer)
        try:
            connection = Connection(self._address, greeting, options.connect_timeout, options.request_timeout)
        except (HoldfastError, ServerError) as error:
            self.failure = error
            self._disconnected(error)
            return
        if self._has_connected:
            self._ledger.counts.reconnects += 1
        self._has_connected = True
        self._connection = connection
        if all(request.fits(connection.limits) for request in self._outbox.items()):
            if self._outbox.connected(connection.last_seq):
                self._begin_anew()
        else:
            self._fit(connection)

    def _fit(self, connection: Connection) -> None:
        """The server accepts less than it did when requests were numbered."""
        known, lost = self._outbox.discard(connection.last_seq, lambda request: request.fits(connection.limits))
        for request in known:
            self._finish(request, {}, None)
        error = {"code": -32600, "message": "larger than the server accepts since it was restarted"}
        for request in lost:
            self._finish(request, {}, ServerError({**error, "data": {"kind": "invalid_request", "final": True}}))
        self._outbox.connected(0)
        if self._queue:
            self._queue.save(self._outbox)

    def _disconnected(self, error: Exception) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None
        self._outbox.disconnected()
        self._resume_at = 0.0
        LOGGER.debug("disconnected: %s", error)
        self._retry_at = 0.0
        if not self._outbox.is_empty or self._has_next():
            self._report_waiting(error)
            self._retry_at = time.monotonic() + self._backoff.next()

    # MARK: Sending

    def _send(self, connection: Connection, outlook: Outlook, is_due: bool) -> None:
        outbox, options = self._outbox, self._options
        while is_due and len(outbox) < options.requests_in_flight:
            if sum(request.bytes for request in outbox.items()) >= options.bytes_in_flight:
                break
            if not self._admit_next(connection.limits, outlook):
                break
        while True:
            dispatch = outbox.next()
            if dispatch is None:
                return
            request = dispatch.item
            connection.send(request.payload(dispatch.id, outbox.producer, dispatch.seq), request.attachments)
            if dispatch.is_first:
                self._ledger.counts.sent += request.records

    def _admit_next(self, limits: Limits, outlook: Outlook) -> bool:
        """Cuts the next batch into requests and writes down how; false if there is none."""
        queue, options = self._queue, self._options
        if queue is None:
            return False
        try:
            limit = None if self._on_done else outlook.end
            batch = queue.next(options.largest_batch_records, options.batch_bytes, limit)
        except OSError as error:
            self._can_not_read(error)
            return False
        if batch is None:
            if queue.damage is not None and not self._on_done:
                self._report_waiting(HoldfastError("spool", f"{queue.folder.path} was damaged while it was in use"))
            return False
        ordinal = queue.next_ordinal()
        requests, unsendable = batch.split(limits)
        for part in unsendable:
            self._ledger.reject(part.records, part.bytes, part.reason)
            self._ledger.reply(batch.last_sequence, None, HoldfastError("too_large", part.reason))
        for request in requests:
            request.ordinal = ordinal
            self._outbox.add(request)
        queue.admit(batch, ordinal, limits, [request.part for request in requests], self._outbox)
        self._ledger.settled(queue.advance(self._outbox))
        self._pending_since = None
        return True

    # MARK: Answers

    def _answered(self, response: Response) -> None:
        if response.id == _RESTART_ID:
            return
        if response.id is None:
            if response.error:  # the server could not read what came, and closes
                raise response.error
            return
        error = response.error
        if error is None:
            self.refusal = None
            self._backoff.reset()
            self._ledger.is_accepted()
        if error is None or error.final:
            consequence = self._outbox.settled(response.id)
        else:
            expected = error.data.get("expected") if error.kind == "sequence_gap" else None
            # What was pipelined behind a refusal is refused for the gap, which says nothing.
            if error.kind != "sequence_gap":
                self._report_waiting(error)
            if error.kind == "forbidden":
                self.failure = self.refusal = error
            consequence = self._outbox.postponed(response.id, expected)
        self._follow(consequence, response.result, error)

    def _follow(self, consequence: Consequence, result: Dict[str, Any], error: Optional[ServerError]) -> None:
        if isinstance(consequence.settled, OutgoingRequest):
            self._finish(consequence.settled, result, error)
        if consequence.pauses:
            self._resume_at = time.monotonic() + self._backoff.next()

    def _finish(self, request: OutgoingRequest, result: Dict[str, Any], error: Optional[ServerError]) -> None:
        if error is None:
            self._ledger.accepted(request, result)
        else:
            self._ledger.reject(request.records, request.bytes, self._refusal(request, error), error)
        self._ledger.reply(request.sequence, result, error)
        if self._queue:
            self._ledger.settled(self._queue.settle(request, self._outbox))

    def _refusal(self, request: OutgoingRequest, error: ServerError) -> str:
        """Keeps a request that was refused; says which it is, and where it lies."""
        place = None
        if self._queue:
            payload = request.payload(1)
            frame = len(payload).to_bytes(4, "big") + payload + b"".join(request.attachments)
            place = self._queue.folder.keep_rejected(f"{request.ordinal}-{request.part}", frame, error.error)
        others, text = request.records - 1, str(error)
        if request.first_step:
            text += f" ({request.first_step}{' and those after it' if others else ''})"
        if others:
            text += f"; the {others} other records" if others > 1 else "; the other record"
            text += " sent with it were refused too" if others > 1 else " sent with it was refused too"
        if place:
            text += f"; all are in {place}" if others else f"; it is in {place}"
        return text

    def _report_waiting(self, error: Exception) -> None:
        self._ledger.report_waiting(error, sum(request.records for request in self._outbox.items()))

    def _begin_anew(self) -> None:
        """Makes up for what a server that was restored to an older state has forgotten.

        It may not know the open runs either, of which it would refuse whatever comes. They are started again before that: writes
        are applied in the order in which they come, and of a run that is there nothing changes.
        """
        if self._queue:
            self._queue.save(self._outbox)
        if self._connection and self._runs:
            for params in self._runs.starts():
                self._connection.send(request("runs.start", params, [], _RESTART_ID), [])
        records = sum(request.records for request in self._outbox.items())
        message = "the server no longer knows what it acknowledged; what is still here is sent as a new producer's"
        self._reporter.report(DeliveryProblem("server_restored", records, message))

    # MARK: The end

    def _is_done(self) -> bool:
        """Ends the delivery of a spool that another process left, once nothing more can come."""
        queue = self._queue
        try:
            return queue is not None and self._conclude(queue)
        except OSError as error:
            self._can_not_read(error)
            return False

    def _conclude(self, queue: SpoolQueue) -> bool:
        """Removes a spool that is delivered, or sets it aside with what could not be read; false if it isn't. Raises OSError."""
        if not queue.is_done(self._outbox):
            return False
        if queue.damage is None:
            queue.folder.remove()
        else:
            message = f"a spool is damaged; what is behind the damage was set aside as {queue.folder.set_aside()}"
            self.is_damaged = True
            self._reporter.report(DeliveryProblem("damaged", 0, message))
        return True

    def _end(self) -> None:
        if self._connection:
            self._connection.close()
        if self._intake:
            self._intake.end(HoldfastError("closed", "the run was closed before the server answered"))
        queue, self._queue = self._queue, None
        if queue:
            if self._intake:
                try:
                    self._conclude(queue)
                except OSError as error:
                    LOGGER.warning("%s can't be read to its end, and stays: %s", queue.folder.path, error.strerror)
            queue.close()
        self._is_stopped = True
        if self._on_done:
            self._on_done(self)
