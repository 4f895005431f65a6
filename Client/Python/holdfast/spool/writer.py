"""The writing end of a spool: a folder of segments that this process appends to."""

from __future__ import annotations

import os
from typing import Optional, Tuple

from ..delivery.outbox import new_producer
from .folder import NEW_PREFIX, WRITER_LOCK, SpoolFolder, lock, make_folder, unlock
from .queue import SpoolQueue
from .records import Parts
from .segment import Segment, record_size
from .state import State, StateFile


class SpoolWriter:
    """A new spool of a directory; it holds the writer's lock. Raises OSError."""

    def __init__(
        self,
        directory: str,
        server: str,
        segment_size: int,
        is_sent_here: bool,
        origin: Optional[Tuple[str, int]] = None,
    ) -> None:
        """`is_sent_here`: whether this process sends it, too; else it is for others. `origin`: as a state has it."""
        producer = new_producer()
        # Under a name that nobody looks for, until it has its locks and its state.
        new = f"{directory}/{NEW_PREFIX}{producer}"
        folder = SpoolFolder(f"{directory}/{producer}")
        self._lock: Optional[int] = None
        #: Its sending end, where this process has it.
        self.queue: Optional[SpoolQueue] = None
        try:
            make_folder(new)
            self._lock = lock(f"{new}/{WRITER_LOCK}")
            state = State(producer, server, origin=origin)
            if is_sent_here:
                self.queue = SpoolQueue.new(folder, new, state)
            else:
                file = StateFile(new)
                file.write(state)
                file.close()
            os.rename(new, folder.path)
        except BaseException:
            # On a full disk this is tried again and again.
            if self.queue:
                self.queue.close()
            if self._lock is not None:
                unlock(self._lock)
            SpoolFolder(new).remove()
            raise
        self.folder = folder.path
        self._segment_size = segment_size
        #: The segment that is filled; None before the first record.
        self.segment: Optional[Segment] = None
        # The next one, ready before it is needed.
        self._spare: Optional[Segment] = None
        self._last_end = 0

    @property
    def name(self) -> str:
        """Under which its directory has it."""
        return os.path.basename(self.folder)

    @property
    def end(self) -> int:
        """Where the next record begins."""
        return self.segment.end if self.segment else self._last_end

    def append(self, parts: Parts, payload: int, sequence: int) -> None:
        """Appends a record. Raises OSError when the disk is full."""
        segment = self.segment
        if segment is None or segment.used + record_size(payload) > segment.capacity:
            segment = self._advance(record_size(payload))
        segment.append(parts, payload, sequence)

    def _advance(self, size: int) -> Segment:
        following = self._spare
        if following is None or size > following.capacity:
            following = Segment(self.folder, max(self._segment_size, size))
        following.begin(self.end)
        if following is self._spare:
            self._spare = None
        old, self.segment = self.segment, following
        if old:
            old.close()
        return following

    @property
    def wants_spare(self) -> bool:
        """Whether the next segment should be made ready: half of this one is used."""
        segment = self.segment
        return segment is not None and self._spare is None and segment.used > segment.capacity // 2

    def make_spare(self) -> Optional[Segment]:
        """A segment for `take`, made without whoever logs having to wait; None when the disk is full."""
        try:
            return Segment(self.folder, self._segment_size)
        except OSError:
            return None

    def take(self, spare: Segment) -> bool:
        """Takes the next segment; false if there is one."""
        if self._spare is not None:
            return False
        self._spare = spare
        return True

    def close(self) -> None:
        """Gives the spool to others."""
        self._last_end = self.end
        if self._spare:
            self._spare.discard()
        if self.segment:
            self.segment.close()
        self.segment = self._spare = None
        if self._lock is not None:
            unlock(self._lock)
            self._lock = None

    def close_in_child(self) -> None:
        """After fork(): the files are the parent's, and only the mappings this process's."""
        for segment in (self.segment, self._spare):
            if segment:
                segment.close()
