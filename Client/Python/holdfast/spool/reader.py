"""The reading end of a spool: records in order, from any place where one begins."""

from __future__ import annotations

import os
import struct
from typing import NamedTuple, Optional

from .crc import crc32c
from .fields import read
from .folder import SpoolFolder, segment_name
from .records import Record, SpoolDamage
from .segment import HEADER_SIZE, MAGIC, RECORD_HEADER_SIZE, TAIL_OFFSET, record_size

_CHUNK = 1 << 20
_HEADER = struct.Struct("<IIQ")


class Entry(NamedTuple):
    """A record, the bytes that it takes in the spool, and the place where it ends."""

    sequence: int
    record: Record
    size: int
    end: int


class SpoolReader:
    """Reads the segments of one folder."""

    def __init__(self, folder: SpoolFolder, verifies: bool) -> None:
        """`verifies`: whether checksums are compared; what this very process has written needs none."""
        self._folder = folder
        self._verifies = verifies
        self._base: Optional[int] = None
        self._descriptor = -1
        #: Where the records of the open segment end, as far as that is known, and where they must end with its file.
        self._known_end = 0
        self._last_end = 0
        self._ahead = memoryview(b"")
        self._ahead_start = 0
        #: Where the last record that is whole ends, when what follows is not.
        self.damage: Optional[int] = None

    def entry(self, place: int, limit: Optional[int] = None) -> Optional[Entry]:
        """The record at a place; None where none is, or none yet. Raises OSError."""
        if self.damage is not None or (limit is not None and place >= limit) or not self._select(place):
            return None
        header = self._bytes(RECORD_HEADER_SIZE, place)
        if header is None:
            self.damage = place
            return None
        length, checksum, sequence = _HEADER.unpack(header)
        size = record_size(length)
        whole = self._bytes(size, place)
        if whole is None:
            self.damage = place
            return None
        if self._verifies and crc32c(whole[8 : RECORD_HEADER_SIZE + length]) != checksum:
            self.damage = place
            return None
        try:
            record = read(whole[RECORD_HEADER_SIZE : RECORD_HEADER_SIZE + length])
        except SpoolDamage:
            self.damage = place
            return None
        return Entry(sequence, record, size, place + size)

    def has(self, place: int) -> bool:
        """Whether a record begins at a place. Raises OSError."""
        return self.entry(place) is not None

    def is_end(self, place: int) -> bool:
        """Whether a spool that nobody appends to has nothing more from a place on; what it should have had is damage. Raises
        OSError."""
        if self.has(place):
            return False
        if self.damage is None:
            promised = 0 if self._base is None else self._base + self._tail()
            if promised > place or any(base > place for base in self._folder.bases()):
                self.damage = place
        return True

    def _select(self, place: int) -> bool:
        """Opens the segment that has a place; false if there is none with a record there."""
        if self._base is not None and self._base <= place:
            if place < self._known_end:
                return True
            self._known_end = min(self._base + self._tail(), self._last_end)
            if place < self._known_end:
                return True
        base = max((base for base in self._folder.bases() if base <= place), default=None)
        if base is None or base == self._base:
            return False
        self.close()
        self._descriptor = os.open(f"{self._folder.path}/{segment_name(base)}", os.O_RDONLY | os.O_CLOEXEC)
        self._ahead = memoryview(b"")
        header = os.pread(self._descriptor, HEADER_SIZE, 0)
        if len(header) < HEADER_SIZE or header[: TAIL_OFFSET] != MAGIC + base.to_bytes(8, "little"):
            self.damage = place
            return False
        # A segment has all its blocks from the start: a file that was cut ends before its records do.
        self._last_end = base + os.fstat(self._descriptor).st_size - HEADER_SIZE
        self._known_end = min(base + self._tail(), self._last_end)
        self._base = base
        return place < self._known_end

    def _tail(self) -> int:
        return int.from_bytes(os.pread(self._descriptor, 8, TAIL_OFFSET), "little")

    def _bytes(self, count: int, place: int) -> Optional[memoryview]:
        """Bytes of the open segment; None when it has not so many."""
        assert self._base is not None
        start = place - self._ahead_start
        if 0 <= start and start + count <= len(self._ahead):
            return self._ahead[start : start + count]
        size = min(max(count, _CHUNK), self._known_end - place)
        if size < count:
            return None
        data, offset = bytearray(), HEADER_SIZE + place - self._base
        while len(data) < size:
            piece = os.pread(self._descriptor, size - len(data), offset + len(data))
            if not piece:
                break
            data += piece
        if len(data) < count:
            return None
        self._ahead, self._ahead_start = memoryview(bytes(data)), place
        return self._ahead[:count]

    def close(self) -> None:
        """Closes the open segment."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._base = -1, None
