"""Where log calls of any thread leave their records: the writing end of the spool, and whoever waits for it.

A child of fork() goes on with it: into a spool of its own, which another process sends.
"""

from __future__ import annotations

import errno
import os
import struct
import threading
import time
import weakref
from dataclasses import replace
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from ..errors import HoldfastError
from ..options import Options
from ..spool.queue import SpoolQueue
from ..spool.records import Parts, Record, RequestRecord, ResourceRecord
from ..spool.segment import HEADER_SIZE, MetricForm, Segment, record_size
from ..spool.writer import SpoolWriter
from ..words import plural
from .problem import DeliveryProblem, DeliveryStatistics, Reporter

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WHEN_FULL = "by default only readings of resources are dropped then, and all else waits"

#: The answer to a request, or why there is none.
Reply = Callable[[Optional[Dict[str, Any]], Optional[Exception]], None]


class Outlook(NamedTuple):
    """What the sender finds when it looks."""

    queue: Optional[SpoolQueue]
    #: The last record that is in the spool, and the last that must be sent without waiting for more.
    last_sequence: int
    send_through: int
    #: Where the spool ends.
    end: int
    wants_spare: bool
    #: How many were dropped since the sender looked last, by the cause.
    dropped: Dict[str, int]


class Intake:
    """The spool that this process fills."""

    def __init__(self, directory: str, server: str, options: Options, wake: Callable[[], None]) -> None:
        self._directory, self._server, self._options = directory, server, options
        self._wake = wake
        # Reentrant: a signal handler may log while the thread that it interrupts does.
        self._lock = threading.RLock()
        self._is_busy = False
        self._deferred: List[Callable[[], object]] = []
        self._changed = threading.Condition()
        self._room = threading.Event()
        self._replies: Dict[int, Reply] = {}
        self.counts = DeliveryStatistics()
        self._writer: Optional[SpoolWriter] = None
        # The writer's, for the short way.
        self._segment: Optional[Segment] = None
        #: How far the present segment may be filled without a second thought; -1: think first.
        self._limit = -1
        self._sequence = 0
        self._released_records = 0
        self._released_bytes = 0
        self._send_through = 0
        self._settled_through = 0
        self._unreported_drops: Dict[str, int] = {}
        # What comes after the end is told here, and in a child everything: there is no sender.
        self._reporter = Reporter(options.on_problem)
        self._dropped_at_end = 0
        self._is_end_told = False
        self._is_sender_up = False
        self._is_closed = False
        self._ending: Optional[Exception] = None
        # Of a forked process: its parent's spool, and where that ended.
        self._origin: Optional[Tuple[str, int]] = None
        #: Whether this process was forked from the one that made the client.
        self.is_child = False
        #: Threads that must not wait for room, since they make it.
        self.senders: List[int] = []
        _intakes.add(self)

    # MARK: Records

    def metric(self, form: MetricForm, timestamp: float, value: float, step: int) -> bool:
        """Adds a metric the short way; false where that is not possible: then `add` it."""
        with self._lock:
            if self._is_busy:
                return False
            self._is_busy = True
            try:
                segment = self._segment
                if segment is None:
                    return False
                used = segment.used
                end = used + form.size
                if end > self._limit:
                    return False
                sequence = self._sequence + 1
                place = HEADER_SIZE + used
                if form.has_step:
                    crc = form.constant ^ form.sum(form.pack_changing(sequence, timestamp, value, step))
                    form.pack_into(
                        segment.memory, place, form.payload, crc, sequence, 1, form.bits, timestamp, value, step, form.tail
                    )
                else:
                    crc = form.constant ^ form.sum(form.pack_changing(sequence, timestamp, value))
                    form.pack_into(
                        segment.memory, place, form.payload, crc, sequence, 1, form.bits, timestamp, value, form.tail
                    )
                # In this order: an exception between two of these must not leave a published record to be overwritten.
                self._sequence = sequence
                segment.publish(end)
            except struct.error:
                return False  # a step that does not fit 32 bits, or a number that is none
            finally:
                self._is_busy = False
            if not self._is_sender_up:
                self._wake_sender()
            if self._deferred:
                self._add_deferred()
        return True

    def add(self, record: Record, when_full: str) -> None:
        """Adds a record. While the spool is full under "block", it is the calling thread that waits.

        A reading of resources that the end overtakes is no loss, and is not counted as dropped.
        """
        parts = record.parts()
        payload = sum(len(part) for part in parts)
        while True:
            with self._lock:
                if self._is_closed and isinstance(record, ResourceRecord):
                    return
                if self._is_busy:
                    # A signal handler's record, while the thread that it interrupted adds one: that thread adds both.
                    self._deferred.append(lambda: self.add(record, when_full))
                    return
                self._is_busy = True
                try:
                    is_done = self._admit(parts, payload, when_full)
                finally:
                    self._is_busy = False
                if self._deferred:
                    self._add_deferred()
            if is_done:
                if self._dropped_at_end:
                    self._tell_end()
                if self.is_child and self._unreported_drops:
                    self._reporter.report_dropped(self.look().dropped)
                return
            # A child has no sender that would tell it, and a disk tells nobody when it has room again.
            self._room.clear()
            self._room.wait(0.05)

    def add_request(self, record: RequestRecord, reply: Optional[Reply] = None) -> bool:
        """Adds a request that neither waits for room nor is dropped, and is sent at once; false after the end.

        Raises OSError when the disk is full.
        """
        parts = record.parts()
        with self._lock:
            is_closed = self._is_closed
            if is_closed:
                self._drop_at_end()
            elif self._is_busy:
                self._deferred.append(lambda: self._append_request(parts, reply))
            else:
                self._append_request(parts, reply)
        if is_closed:
            self._tell_end()
        return not is_closed

    def _append_request(self, parts: Parts, reply: Optional[Reply]) -> None:
        self._is_busy = True
        try:
            self._append(parts, sum(len(part) for part in parts))
            if reply:
                self._replies[self._sequence] = reply
            self._send_through = self._sequence
        finally:
            self._is_busy = False
        self._wake_sender()
        if self._deferred:
            self._add_deferred()

    def _add_deferred(self) -> None:
        while self._deferred:
            self._deferred.pop(0)()

    @property
    def is_interrupted(self) -> bool:
        """Whether this is a signal handler, and the thread that it interrupted is adding a record."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            return self._is_busy
        finally:
            self._lock.release()

    def _admit(self, parts: Parts, payload: int, when_full: str) -> bool:
        """Adds a record or drops it; false if it must wait for room."""
        if self._is_closed:
            self._drop_at_end()
            return True
        size = record_size(payload)
        queued = self._end - self._released_bytes
        is_disk_full = False
        if queued == 0 or queued + size <= self._options.spool_bytes:
            try:
                self._append(parts, payload)
            except OSError as error:
                if error.errno not in _FULL:
                    self._drop(self._fault(error))
                    return True
                # That is waited for, too.
                is_disk_full = True
            else:
                if not self._is_sender_up:
                    self._wake_sender()
                return True
        if when_full != "block" or threading.get_ident() in self.senders:
            self._drop(self._no_room(is_disk_full))
            return True
        # What is there would never be settled while those who fill the batch wait for room.
        self._send_through = self._sequence
        self._wake_sender()
        return False

    def _append(self, parts: Parts, payload: int) -> None:
        writer = self._opened()
        # Whatever interrupts this, the short way must not use a segment that was left.
        self._segment = None
        writer.append(parts, payload, self._sequence + 1)
        self._sequence += 1
        self._segment = writer.segment
        self._set_limit()

    def _set_limit(self) -> None:
        """How far metrics may be added without looking at the spool's bound."""
        segment = self._segment
        if segment is None or self._is_closed:
            self._limit = -1
        else:
            room = self._options.spool_bytes + self._released_bytes - segment.base
            self._limit = min(segment.capacity, room)

    def _drop(self, cause: str) -> None:
        self.counts.dropped += 1
        self._unreported_drops[cause] = self._unreported_drops.get(cause, 0) + 1
        self._wake_sender()

    def _no_room(self, is_disk_full: bool) -> str:
        if is_disk_full:
            return f"the disk of {self._directory} is full: {_WHEN_FULL} until there is room again"
        return f"the spool has no room (of {self._options.spool_bytes} bytes): {_WHEN_FULL} until the server has taken more"

    def _fault(self, error: OSError) -> str:
        """Why nothing can be written into the spool, full or not."""
        folder = self._writer.folder if self._writer else self._directory
        if isinstance(error, FileNotFoundError):
            return f"{folder} is gone: what is logged can't be kept, and is dropped; start the process again"
        return f"{folder} can't be written ({error.strerror}): what is logged is dropped until it can"

    def _drop_at_end(self) -> None:
        self.counts.dropped += 1
        self._dropped_at_end += 1

    def _tell_end(self) -> None:
        if self._is_end_told:
            return
        self._is_end_told = True
        message = "the run has ended, and its client with it: what is logged from now on is dropped"
        self._reporter.report(DeliveryProblem("dropped", self._dropped_at_end, message))

    def _wake_sender(self) -> None:
        if not self.is_child:
            self._is_sender_up = True
            self._wake()

    # MARK: The spool

    @property
    def _end(self) -> int:
        return self._writer.end if self._writer else 0

    def open(self) -> None:
        """Makes the spool, if there is none yet. Raises OSError."""
        with self._lock:
            self._opened()

    def _opened(self) -> SpoolWriter:
        if self._writer is None:
            size = min(self._options.spool_segment_bytes, max(self._options.spool_bytes, 64 << 10))
            # A child's spool is for others to send.
            self._writer = SpoolWriter(
                self._directory, self._server, size, is_sent_here=not self.is_child, origin=self._origin
            )
        return self._writer

    def prepare_spare(self) -> None:
        """Makes the next segment ready, so that the log call which needs it does not wait for the disk."""
        writer = self._writer
        spare = writer.make_spare() if writer else None
        if spare is None:
            return
        with self._lock:
            if writer is self._writer and writer and not self._is_closed and writer.take(spare):
                return
        spare.discard()

    # MARK: For the sender

    def look(self) -> Outlook:
        """What there is to do."""
        with self._lock:
            dropped, self._unreported_drops = self._unreported_drops, {}
            self._is_sender_up = True
            self._set_limit()
            writer = self._writer
            queue, wants = (writer.queue, writer.wants_spare) if writer else (None, False)
            return Outlook(queue, self._sequence, self._send_through, self._end, wants, dropped)

    def rest(self, after: int) -> bool:
        """The sender has read up to a record and wants to rest; false if more has come."""
        with self._lock:
            if after < self._sequence or self._unreported_drops:
                return False
            self._is_sender_up = False
            return True

    def take_reply(self, sequence: int) -> Optional[Reply]:
        """Who waits for the answer to a record."""
        return self._replies.pop(sequence, None)

    def release(self, records: int, size: int, counter: str) -> None:
        """Records are acknowledged or rejected: their room is free again."""
        with self._lock:
            setattr(self.counts, counter, getattr(self.counts, counter) + records)
            self._released_records += records
            self._released_bytes += size
            self._set_limit()
        self._room.set()

    def settle(self, through: int) -> None:
        """Nothing up to a record is left to send."""
        with self._changed:
            self._settled_through = max(self._settled_through, through)
            self._changed.notify_all()

    @property
    def statistics(self) -> DeliveryStatistics:
        """Where the records are, now."""
        with self._lock:
            queued, size = self._sequence - self._released_records, self._end - self._released_bytes
            return replace(self.counts, queued=queued, queued_bytes=size)

    # MARK: The end

    def flush(self, timeout: float) -> None:
        """Has everything sent and waits until all of it is settled; raises HoldfastError with timeout or closed."""
        if self._ending and self._dropped_at_end:
            dropped = plural(self._dropped_at_end, "record")
            raise HoldfastError("closed", f"the run has ended; what was logged since then was dropped: {dropped}")
        with self._lock:
            if not self._is_busy:
                self._add_deferred()
            target = self._send_through = self._sequence
            if self._settled_through < target:
                self._wake_sender()
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._settled_through < target:
                if self._ending:
                    raise self._ending
                left = deadline - time.monotonic()
                if left <= 0:
                    message = (
                        f"{self.statistics.queued} records were not acknowledged within {timeout:g} s; they stay in the spool, "
                        "from which this process sends them on, or python -m holdfast sync when it has ended"
                    )
                    raise HoldfastError("timeout", message)
                self._changed.wait(left)

    def close(self) -> None:
        """Refuses further records; those who wait for room are let go, theirs are dropped."""
        with self._lock:
            self._is_closed = True
            self._limit = -1
        self._room.set()

    def end(self, error: Exception) -> None:
        """Ends every wait, since nothing will be sent any more; gives the spool back."""
        with self._changed:
            self._ending = error
            self._changed.notify_all()
        replies, self._replies = self._replies, {}
        for reply in replies.values():
            reply(None, error)
        with self._lock:
            self._limit = -1
            self._segment = None
            if self._writer:
                self._writer.close()

    # MARK: fork()

    def before_fork(self) -> None:
        """Nobody adds while the process is copied."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Goes on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """What the parent sends is not the child's, nor are the threads that wait in the parent."""
        writer, is_closed = self._writer, self._is_closed
        origin = (writer.name, writer.end) if writer else self._origin
        self.__init__(self._directory, self._server, self._options, self._wake)  # type: ignore[misc]
        self._origin = origin
        self.is_child = True
        self._is_closed = is_closed
        self._ending = HoldfastError("closed", "this process was forked; what it logs is sent by another")
        if writer:
            writer.close_in_child()


_intakes: "weakref.WeakSet[Intake]" = weakref.WeakSet()
_forking: List[Intake] = []


def _before() -> None:
    _forking[:] = list(_intakes)
    for intake in _forking:
        intake.before_fork()


def _in_parent() -> None:
    for intake in _forking:
        intake.after_fork_in_parent()
    _forking.clear()


def _in_child() -> None:
    for intake in _forking:
        intake.after_fork_in_child()
    _forking.clear()


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
