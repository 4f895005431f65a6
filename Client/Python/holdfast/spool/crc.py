"""CRC-32C (Castagnoli, RFC 3720 appendix B.4), as fast as Python can.

The checksum is linear: with R the register after some bytes, R(s, bytes) = R(s, zeros) ^ R(0, bytes), and what each byte adds
depends only on its value and on how many bytes follow. Three things are made of that: a record whose constant parts are
known costs a lookup for each byte that changes (`changing`), arrays are summed by NumPy in parallel pieces, and pieces are
joined by `shifted`. Where the package google_crc32c or crc32c is installed, it sums everything but the first.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ..optional import numpy
from ..wire.array import Bytes

_POLYNOMIAL = 0x82F63B78
_ONES = 0xFFFFFFFF


def _make_table() -> List[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE = _make_table()
# _FOLLOWED[k][b]: what a byte b adds when k bytes follow.
_FOLLOWED: List[List[int]] = [_TABLE]


def followed(count: int) -> List[int]:
    """What each value of a byte adds to the register when so many bytes follow."""
    while len(_FOLLOWED) <= count:
        _FOLLOWED.append([(crc >> 8) ^ _TABLE[crc & 255] for crc in _FOLLOWED[-1]])
    return _FOLLOWED[count]


# MARK: Joining


def _operator_of_a_zero_byte() -> List[int]:
    # The register's bit i as a column: where it goes when a zero byte follows.
    return [((1 << bit) >> 8) ^ _TABLE[(1 << bit) & 255] for bit in range(32)]


def _applied(columns: Sequence[int], register: int) -> int:
    result, bit = 0, 0
    while register:
        if register & 1:
            result ^= columns[bit]
        register >>= 1
        bit += 1
    return result


@lru_cache(maxsize=64)
def _power(exponent: int) -> Tuple[int, ...]:
    """The operator of 2^exponent zero bytes."""
    if exponent == 0:
        return tuple(_operator_of_a_zero_byte())
    half = _power(exponent - 1)
    return tuple(_applied(half, column) for column in half)


@lru_cache(maxsize=256)
def _zeros(count: int) -> Tuple[Tuple[int, ...], ...]:
    """The operator of zero bytes as four tables, one for each byte of the register."""
    columns = [1 << bit for bit in range(32)]
    exponent = 0
    while count:
        if count & 1:
            columns = [_applied(_power(exponent), column) for column in columns]
        count >>= 1
        exponent += 1
    tables = []
    for place in range(4):
        part = columns[8 * place : 8 * place + 8]
        table = [0] * 256
        for byte in range(1, 256):
            low = byte & -byte
            table[byte] = table[byte ^ low] ^ part[low.bit_length() - 1]
        tables.append(tuple(table))
    return tuple(tables)


def shifted(register: int, count: int) -> int:
    """The register after so many zero bytes."""
    t0, t1, t2, t3 = _zeros(count)
    return t0[register & 255] ^ t1[register >> 8 & 255] ^ t2[register >> 16 & 255] ^ t3[register >> 24]


# MARK: Any bytes


def _register(data: Bytes, register: int) -> int:
    table = _TABLE
    for byte in bytes(data):
        register = (register >> 8) ^ table[(register ^ byte) & 255]
    return register


def crc32c_by_table(data: Bytes, crc: int = 0) -> int:
    """The checksum by the byte; the plain definition."""
    return _register(data, crc ^ _ONES) ^ _ONES


_BLOCK = 64
_vector_tables: Dict[int, Any] = {}


def _block_table(np: Any) -> Any:
    if 0 not in _vector_tables:
        rows = [followed(_BLOCK - 1 - place) for place in range(_BLOCK)]
        _vector_tables[0] = np.array(rows, np.uint32).reshape(-1)
        _vector_tables[-1] = (np.arange(_BLOCK, dtype=np.int32) * 256)[None, :]
    return _vector_tables[0]


def crc32c_by_numpy(data: Bytes, crc: int = 0) -> int:
    """The checksum of many bytes: all blocks of 64 at once, then joined pair by pair."""
    np = numpy()
    view = memoryview(data).cast("B")
    blocks = len(view) // _BLOCK
    register = crc ^ _ONES
    if blocks:
        table = _block_table(np)
        whole = blocks * _BLOCK
        # In pieces that stay in the cache; zeros ahead of the first block change nothing of a register that is 0.
        for start in range(0, whole, 1 << 16):
            piece = np.frombuffer(view[start : min(whole, start + (1 << 16))], np.uint8).reshape(-1, _BLOCK)
            sums = np.bitwise_xor.reduce(np.take(table, piece + _vector_tables[-1]), axis=1)
            register = shifted(register, piece.size) ^ _joined(np, sums)
        view = view[whole:]
    return _register(view, register) ^ _ONES


def _joined(np: Any, sums: Any) -> int:
    size = _BLOCK
    while len(sums) > 1:
        if len(sums) % 2:
            sums = np.concatenate((np.zeros(1, np.uint32), sums))
        if size not in _vector_tables:
            _vector_tables[size] = np.array(_zeros(size), np.uint32)
        t0, t1, t2, t3 = _vector_tables[size]
        left = sums[0::2]
        sums = t0[left & 255] ^ t1[left >> 8 & 255] ^ t2[left >> 16 & 255] ^ t3[left >> 24] ^ sums[1::2]
        size *= 2
    return int(sums[0])


def _native() -> Optional[Callable[[Bytes, int], int]]:
    try:
        google: Any = importlib.import_module("google_crc32c")
        # Its pure Python form is slower than ours.
        if getattr(google, "implementation", "c") == "c":

            def by_google(data: Bytes, crc: int) -> int:
                return int(google.extend(crc, bytes(data)))

            return by_google
    except ImportError:
        pass
    try:
        package: Any = importlib.import_module("crc32c")

        def by_package(data: Bytes, crc: int) -> int:
            return int(package.crc32c(data, crc))

        return by_package if by_package(b"123456789", 0) == 0xE3069283 else None
    except (ImportError, AttributeError):
        return None


_native_crc = _native()


def crc32c(data: Bytes, crc: int = 0) -> int:
    """The checksum of bytes behind those that gave `crc`."""
    if _native_crc is not None:
        return _native_crc(data, crc)
    if len(data) >= 512 and numpy() is not None:
        return crc32c_by_numpy(data, crc)
    return crc32c_by_table(data, crc)


# MARK: Records of which little changes


@lru_cache(maxsize=None)
def _maker(count: int) -> Callable[..., Callable[[bytes], int]]:
    tables = ", ".join(f"t{place}" for place in range(count))
    names = ", ".join(f"b{place}" for place in range(count))
    terms = " ^ ".join(f"t{place}[b{place}]" for place in range(count))
    source = f"def make({tables}):\n def sum(data):\n  ({names},) = data\n  return {terms}\n return sum\n"
    scope: Dict[str, Any] = {}
    exec(source, scope)  # unrolled: a loop takes twice as long
    made: Callable[..., Callable[[bytes], int]] = scope["make"]
    return made


def changing(size: int, places: Sequence[int]) -> Callable[[bytes], int]:
    """What the bytes at some places of `size` add to the checksum of the rest, in which they are 0."""
    return _maker(len(places))(*[followed(size - 1 - place) for place in places])
