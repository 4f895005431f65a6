"""The bytes that are hashed, as the server makes them (PROTOCOL.md, Variables)."""

from __future__ import annotations

import hashlib
import math
import struct
from typing import Any, List, Mapping

from ..errors import HoldfastError
from ..optional import numpy
from ..wire.array import Array

_LEAF = 1 << 20


def number(value: int) -> bytes:
    """64 bits, little-endian."""
    return struct.pack("<Q", value & (1 << 64) - 1)


def frame(data: "bytes | str") -> bytes:
    """The length, then the bytes, so that no two lists of parts have the same bytes."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else bytes(data)
    return number(len(raw)) + raw


def sha(*parts: bytes) -> bytes:
    """SHA-256 over the parts, one after the other."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def array_hash(array: Array) -> bytes:
    """Over dtype, shape and the hash of the hashes of 2^20 bytes at a time."""
    leaves = hashlib.sha256()
    for start in range(0, len(array.data), _LEAF):
        leaves.update(hashlib.sha256(array.data[start : start + _LEAF]).digest())
    shape = b"".join(number(extent) for extent in array.shape)
    return sha(frame("array"), frame(array.dtype), number(len(array.shape)), shape, leaves.digest())


def json_bytes(value: Any) -> bytes:
    """A JSON value; a number without a fraction is an integer, as JSON can't tell."""
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return b"i" + number(value) if -(2**63) <= value < 2**63 else b"d" + struct.pack("<d", value)
    if isinstance(value, float):
        if value.is_integer() and -(2**63) <= value < 2**63:
            return b"i" + number(int(value))
        return b"d" + struct.pack("<d", math.nan if value != value else value)
    if isinstance(value, str):
        return b"s" + frame(value)
    if isinstance(value, (list, tuple)):
        return b"a" + number(len(value)) + b"".join(json_bytes(item) for item in value)
    if isinstance(value, Mapping):
        members: List[bytes] = []
        for key in sorted(value, key=lambda key: str(key).encode("utf-8", "surrogatepass")):
            members += [frame(key), json_bytes(value[key])]
        return b"o" + number(len(value)) + b"".join(members)
    raise HoldfastError("invalid_value", f"a value of type {type(value).__name__} has no JSON")


def content_hash(value: Any) -> str:
    """What the server calls a saved value's content_hash, in hexadecimal."""
    if isinstance(value, Mapping):
        if set(value) == {"json"}:
            return sha(frame("json"), json_bytes(value["json"])).hex()
        if set(value) == {"table"}:
            columns: List[bytes] = []
            for name in sorted(value["table"], key=lambda name: str(name).encode()):
                columns += [frame(name), _column(value["table"][name])]
            return sha(frame("table"), number(len(value["table"])), *columns).hex()
    return array_hash(Array.of(value)).hex()


def _column(column: Any) -> bytes:
    np = numpy()
    if isinstance(column, Array) or (np is not None and isinstance(column, np.ndarray)):
        return frame("numbers") + array_hash(Array.of(column)) + number(0)
    return frame("values") + json_bytes(list(column))
