"""A segment that records are appended to: a mapped file, so that a record survives the process once it is stored."""

from __future__ import annotations

import mmap
import os
import platform
import struct
import threading
import uuid
from typing import Callable

from .crc import changing, crc32c
from .folder import allocate, segment_name
from .records import METRIC, Parts, text

MAGIC = b"HFSPOOL1"
HEADER_SIZE = 64
RECORD_HEADER_SIZE = 16
TAIL_OFFSET = 16

_HEADER = struct.Struct("<IIQ")
_SEQUENCE = struct.Struct("<Q")
_ZEROS = bytes(8)
_POPULATE_WRITE = 23  # MADV_POPULATE_WRITE, Linux 5.14

# x86 keeps the order of stores for other processes; elsewhere a lock between them does.
_is_ordered = platform.machine() in ("x86_64", "AMD64", "i686")
_fence = threading.Lock()


def record_size(payload: int) -> int:
    """The bytes of a record with its header and padding."""
    return RECORD_HEADER_SIZE + (payload + 7) // 8 * 8


class MetricForm:
    """Metrics of one run, name and phase, with a step or without one: all that is the same in each of their records."""

    __slots__ = ("payload", "size", "pack_into", "pack_changing", "sum", "constant", "has_step", "bits", "tail")

    def __init__(self, run_id: str, name: str, phase: str | None, has_step: bool) -> None:
        tail = text(run_id) + text(name) + (b"" if phase is None else text(phase))
        self.bits = (1 if has_step else 0) | (0 if phase is None else 8)
        self.has_step = has_step
        head = 18 + (8 if has_step else 0)
        self.payload = head + len(tail)
        self.size = record_size(self.payload)
        padding = self.size - RECORD_HEADER_SIZE - self.payload
        self.tail = tail
        self.pack_into = struct.Struct(f"<IIQBBdd{'q' if has_step else ''}{len(tail)}s{padding}x").pack_into
        # What changes: the low halves of sequence and step (others take the long way), timestamp and value.
        self.pack_changing = struct.Struct("<IddI" if has_step else "<Idd").pack
        places = [0, 1, 2, 3, *range(10, 26), *(range(26, 30) if has_step else ())]
        self.sum: Callable[[bytes], int] = changing(8 + self.payload, places)
        self.constant = crc32c(bytes(8) + struct.pack("<BB", METRIC, self.bits) + bytes(head - 2) + tail)


class Segment:
    """A segment of this process's spool."""

    def __init__(self, folder: str, capacity: int) -> None:
        """Makes a file under a name that no reader looks at, with all its blocks, since a store into a hole on a full disk
        would kill the process; raises OSError."""
        # Of its own: the thread that logs and the one that sends may make one at the same time.
        self._path = f"{folder}/spare-{uuid.uuid4()}"
        self._folder = folder
        self.capacity = capacity
        size = HEADER_SIZE + capacity
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            allocate(descriptor, size)
            self.memory = mmap.mmap(descriptor, size)
        except BaseException:
            os.unlink(self._path)
            raise
        finally:
            os.close(descriptor)
        self._prefault(size)
        self.memory[: len(MAGIC)] = MAGIC
        self.base = 0
        self.used = 0
        # One store of eight bytes, which no kill can tear in two.
        self.words = memoryview(self.memory).cast("Q")

    def _prefault(self, size: int) -> None:
        try:
            self.memory.madvise(_POPULATE_WRITE)
        except (OSError, ValueError, AttributeError):
            for offset in range(0, size, mmap.PAGESIZE):
                self.memory[offset] = 0

    def begin(self, base: int) -> None:
        """Takes its place behind the segments that are there."""
        _SEQUENCE.pack_into(self.memory, len(MAGIC), base)
        name = f"{self._folder}/{segment_name(base)}"
        os.rename(self._path, name)
        self._path = name
        self.base = base

    @property
    def end(self) -> int:
        """Where the next record begins."""
        return self.base + self.used

    def append(self, parts: Parts, payload: int, sequence: int) -> None:
        """Appends a record, for which there must be room."""
        start = HEADER_SIZE + self.used
        place = start + RECORD_HEADER_SIZE
        crc = crc32c(_SEQUENCE.pack(sequence) + bytes(parts[0]))
        for index, part in enumerate(parts):
            self.memory[place : place + len(part)] = part
            place += len(part)
            if index:
                crc = crc32c(part, crc)
        padding = -payload % 8
        if padding:
            self.memory[place : place + padding] = _ZEROS[:padding]
        _HEADER.pack_into(self.memory, start, payload, crc, sequence)
        self.publish(self.used + record_size(payload))

    def publish(self, used: int) -> None:
        """Last, and in this order for every other process too: what the tail covers is whole."""
        if not _is_ordered:
            with _fence:
                pass
        self.used = used
        self.words[TAIL_OFFSET // 8] = used

    def close(self) -> None:
        """Ends the mapping."""
        self.words.release()
        self.memory.close()

    def discard(self) -> None:
        """Ends the mapping and removes the file, which nobody has read."""
        self.close()
        try:
            os.unlink(self._path)
        except OSError:
            pass
