"""How far a spool is delivered, and how what is on its way was cut into requests."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from typing import List, Optional, Tuple

from .crc import crc32c
from .folder import allocate
from .records import text

_MAGIC = b"HFS1"
SLOT_SIZE = 64 << 10
_PREFIX = struct.Struct("<4sIQ")
_CHECK = struct.Struct("<II")
_CUT = struct.Struct("<QQQQqI")


@dataclass
class Cut:
    """Records that were numbered together."""

    #: The places of the first record and behind the last one.
    start: int
    end: int
    #: What the server accepted when they were cut into requests, in bytes.
    payload_limit: int
    attachments_limit: int
    #: The number of the first request that is not settled,
    first_seq: int
    #: and the requests that are not, by their places among all that the records were cut into.
    parts: List[int]


@dataclass
class State:
    """What the file `state` says."""

    producer: str
    #: host:port
    server: str
    #: The place before which everything is settled.
    head: int = 0
    #: The number of the next request.
    next_seq: int = 1
    cuts: List[Cut] = field(default_factory=list)
    #: Of a process that was forked: its parent's spool, and where that ended then. Nothing of this one is sent while that one
    #: lies beside it and is not settled up to there.
    origin: Optional[Tuple[str, int]] = None

    def encode(self, generation: int) -> bytes:
        """A slot."""
        content = text(self.producer) + text(self.server)
        content += struct.pack("<QqI", self.head, self.next_seq, len(self.cuts))
        for cut in self.cuts:
            limits = cut.payload_limit, cut.attachments_limit
            content += _CUT.pack(cut.start, cut.end, *limits, cut.first_seq, len(cut.parts))
            content += struct.pack(f"<{len(cut.parts)}I", *cut.parts)
        name, place = self.origin or ("", 0)
        content += text(name) + struct.pack("<Q", place)
        prefix = _PREFIX.pack(_MAGIC, len(content), generation)
        return prefix + _CHECK.pack(crc32c(prefix + content), 0) + content

    @staticmethod
    def decode(slot: bytes) -> Optional[Tuple["State", int]]:
        """The state in a slot and its generation; None if it isn't whole."""
        header = _PREFIX.size + _CHECK.size
        if len(slot) < header:
            return None
        magic, length, generation = _PREFIX.unpack_from(slot)
        content = slot[header : header + length]
        checksum = _CHECK.unpack_from(slot, _PREFIX.size)[0]
        if magic != _MAGIC or len(content) < length or crc32c(slot[: _PREFIX.size] + content) != checksum:
            return None
        try:
            return _read(content), generation
        except (struct.error, UnicodeDecodeError):
            return None


def _text(content: bytes, place: int) -> Tuple[str, int]:
    """A text, and the place behind it."""
    (size,) = struct.unpack_from("<I", content, place)
    return content[place + 4 : place + 4 + size].decode(), place + 4 + size


def _read(content: bytes) -> State:
    producer, place = _text(content, 0)
    server, place = _text(content, place)
    head, next_seq, count = struct.unpack_from("<QqI", content, place)
    place += 20
    state = State(producer, server, head, next_seq)
    for _ in range(count):
        start, end, payload, attachments, seq, parts = _CUT.unpack_from(content, place)
        place += _CUT.size
        numbers = list(struct.unpack_from(f"<{parts}I", content, place))
        state.cuts.append(Cut(start, end, payload, attachments, seq, numbers))
        place += 4 * parts
    name, place = _text(content, place)
    (end,) = struct.unpack_from("<Q", content, place)
    state.origin = (name, end) if name else None
    return state


class StateFile:
    """The file of a state: two slots, written in turn, each with a checksum. Raises OSError."""

    def __init__(self, folder: str, is_new: bool = True) -> None:
        self._descriptor = os.open(f"{folder}/state", os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if is_new else 0), 0o600)
        self._generation = 0
        try:
            # So that it can be written when the disk is full; where that is not possible it grows.
            if os.fstat(self._descriptor).st_size < 2 * SLOT_SIZE:
                allocate(self._descriptor, 2 * SLOT_SIZE)
        except OSError:
            pass

    def read(self) -> Optional[State]:
        """The newest state that is whole."""
        newest = None
        for slot in (0, 1):
            found = State.decode(os.pread(self._descriptor, SLOT_SIZE, slot * SLOT_SIZE))
            if found and found[1] > self._generation:
                newest, self._generation = found
        return newest

    def write(self, state: State) -> None:
        """Replaces the older of the two."""
        self._generation += 1
        data = state.encode(self._generation)
        if len(data) > SLOT_SIZE:
            raise OSError(f"a state of {len(data)} bytes does not fit its slot")
        place = (self._generation % 2) * SLOT_SIZE
        while data:
            count = os.pwrite(self._descriptor, data, place)
            data, place = data[count:], place + count

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)


def peek(folder: str) -> Optional[State]:
    """The state of a spool that somebody else may be writing; None if there is none that is whole, or that can be read."""
    try:
        with open(f"{folder}/state", "rb") as file:
            slots = [file.read(SLOT_SIZE) for _ in range(2)]
    except OSError:
        return None
    found = [state for state in map(State.decode, slots) if state]
    return max(found, key=lambda state: state[1])[0] if found else None
