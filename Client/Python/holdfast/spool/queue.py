"""A spool as its sender sees it: what is to be sent next, and how far it is delivered. Used by one thread only."""

from __future__ import annotations

import os
from typing import Dict, List, Optional

from ..address import may_take
from ..delivery.outbox import Outbox
from ..errors import HoldfastError
from ..wire.connection import Limits
from .batch import Batch, OutgoingRequest
from .folder import SENDER_LOCK, SpoolFolder, lock, unlock
from .reader import SpoolReader
from .records import SpoolDamage
from .state import Cut, State, StateFile, peek


class _Open:
    """A batch on its way, and its requests that are not settled."""

    def __init__(self, ordinal: int, batch: Batch, limits: Limits, parts: List[int]) -> None:
        self.ordinal, self.start, self.end = ordinal, batch.start, batch.end
        self.last_sequence = batch.last_sequence
        self.limits, self.parts = limits, parts


class SpoolQueue:
    """The sending end of a spool; it holds the sender's lock."""

    def __init__(self, folder: SpoolFolder, descriptor: int, file: StateFile, state: State, verifies: bool) -> None:
        self.folder = folder
        self._lock = descriptor
        self._file = file
        self._reader = SpoolReader(folder, verifies)
        self._open: List[_Open] = []
        self._last_ordinal = 0
        self._cleaned = 0
        self.state = state
        #: Where the next record is read, and the number of the last one that was.
        self.place = state.head
        self.last_read = 0

    @staticmethod
    def new(folder: SpoolFolder, made_at: str, state: State) -> "SpoolQueue":
        """The queue of a new spool, whose folder has another name while it is being made. Raises OSError."""
        descriptor = lock(f"{made_at}/{SENDER_LOCK}")
        if descriptor is None:
            raise HoldfastError("spool", f"{folder.path} is in use")
        try:
            file = StateFile(made_at)
            file.write(state)
        except BaseException:
            unlock(descriptor)
            raise
        return SpoolQueue(folder, descriptor, file, state, verifies=False)

    @staticmethod
    def left(folder: SpoolFolder, server: Optional[str]) -> Optional["SpoolQueue"]:
        """The queue of a spool that another process left; None if it is not for this server, or someone sends it already.

        With no server: whichever it is for. Raises OSError, and SpoolDamage when it has no state, which tells what was sent.
        """
        descriptor = lock(f"{folder.path}/{SENDER_LOCK}")
        if descriptor is None:
            return None
        try:
            file = StateFile(folder.path, is_new=False)
        except FileNotFoundError:
            unlock(descriptor)
            raise SpoolDamage("its state is gone") from None
        except BaseException:
            unlock(descriptor)
            raise
        try:
            state = file.read()
            if state is None:
                raise SpoolDamage("its state is damaged")
        except BaseException:
            file.close()
            unlock(descriptor)
            raise
        if not (server is None or may_take(state.server, server)):
            file.close()
            unlock(descriptor)
            return None
        return SpoolQueue(folder, descriptor, file, state, verifies=True)

    def close(self) -> None:
        """Gives the spool to others."""
        self._reader.close()
        self._file.close()
        unlock(self._lock)

    def follows_its_origin(self) -> bool:
        """Whether what its process logged before it was forked is delivered, as far as it still lies beside it."""
        origin = self.state.origin
        if origin is None or self.state.next_seq != 1:
            return True
        parent = peek(os.path.join(os.path.dirname(self.folder.path), origin[0]))
        return parent is None or parent.head >= origin[1]

    @property
    def damage(self) -> Optional[int]:
        """Where a damaged record ends the spool."""
        return self._reader.damage

    # MARK: Reading

    def resume(self) -> Outbox[OutgoingRequest]:
        """The requests that were on their way when the spool was left, cut as they were then. Raises OSError."""
        first = self.state.cuts[0].first_seq if self.state.cuts else self.state.next_seq
        outbox: Outbox[OutgoingRequest] = Outbox(self.state.producer, first - 1)
        for cut in self.state.cuts:
            batch = self._read(cut.start, cut.end, None, None)
            if batch is None:
                break
            limits = Limits(cut.payload_limit, cut.attachments_limit)
            ordinal = self.next_ordinal()
            left = [request for request in batch.split(limits)[0] if request.part in cut.parts]
            self._open.append(_Open(ordinal, batch, limits, [request.part for request in left]))
            for request in left:
                request.ordinal = ordinal
                outbox.add(request)
            self.place, self.last_read = cut.end, batch.last_sequence
        # Of records that are damaged since, the server may have had requests: their numbers are not given again.
        outbox.skip(self.state.next_seq - 1)
        self.advance(outbox)
        return outbox

    def next(self, records: int, size: int, limit: Optional[int]) -> Optional[Batch]:
        """The next batch; None if there is none. `limit`: where what is known to be written ends."""
        batch = self._read(self.place, limit, records, size)
        if batch:
            self.place, self.last_read = batch.end, batch.last_sequence
        return batch

    def _read(self, start: int, end: Optional[int], records: Optional[int], size: Optional[int]) -> Optional[Batch]:
        batch = Batch(start)
        while (records is None or batch.records < records) and (size is None or batch.bytes < size):
            entry = self._reader.entry(batch.end, end)
            if entry is None or not batch.add(entry):
                break
        return batch if batch.records else None

    def has_next(self) -> bool:
        """Whether there is a record that was not read yet. Raises OSError."""
        return self._reader.has(self.place)

    def next_ordinal(self) -> int:
        """A number for a batch."""
        self._last_ordinal += 1
        return self._last_ordinal

    # MARK: Delivery

    def admit(self, batch: Batch, ordinal: int, limits: Limits, parts: List[int], outbox: Outbox[OutgoingRequest]) -> None:
        """Keeps how a batch was cut, before it is sent for the first time."""
        self._open.append(_Open(ordinal, batch, limits, parts))
        self.save(outbox)

    def settle(self, request: OutgoingRequest, outbox: Outbox[OutgoingRequest]) -> Optional[int]:
        """One request of a batch is settled; returns the last record up to which all are."""
        for batch in self._open:
            if batch.ordinal == request.ordinal:
                batch.parts = [part for part in batch.parts if part != request.part]
                return self.advance(outbox)
        return None

    def advance(self, outbox: Outbox[OutgoingRequest]) -> Optional[int]:
        """Moves the head behind what is done with; returns the last record of that."""
        settled = None
        while self._open and not self._open[0].parts:
            first = self._open.pop(0)
            self.state.head, settled = first.end, first.last_sequence
        if settled is not None:
            self.save(outbox)
            # Not at every batch: it looks through the folder.
            if self.state.head - self._cleaned >= 1 << 20:
                self._cleaned = self.state.head
                try:
                    self.folder.remove_segments(self.state.head)
                except OSError:
                    pass
        return settled

    def save(self, outbox: Outbox[OutgoingRequest]) -> None:
        """Writes down what is on its way, under which numbers."""
        self.state.producer = outbox.producer
        self.state.next_seq = outbox.last_seq + 1
        first: Dict[int, int] = {}
        for seq, request in outbox.numbered():
            first.setdefault(request.ordinal, seq)
        self.state.cuts = [
            Cut(batch.start, batch.end, *batch.limits, first.get(batch.ordinal, self.state.next_seq), batch.parts)
            for batch in self._open
        ]
        try:
            self._file.write(self.state)
        except OSError:
            # What could not be written down is sent all the same; only if this process is killed now, and the next cuts it
            # otherwise, would the server be asked twice for the same.
            pass

    def is_done(self, outbox: Outbox[OutgoingRequest]) -> bool:
        """Whether everything up to the end, or to a damage, is delivered and no process adds to it any more. Raises OSError."""
        # The end only then: something may have come before its process ended.
        return outbox.is_empty and not self._open and self.folder.is_abandoned() and self._reader.is_end(self.place)
