"""Row codecs of the wire's compressed form, written from their public formats."""

import copy
import zlib

import numpy

_WINDOW = 8192
_LONGEST = 264


def zlib_row(raw):
    """One row as a zlib stream, or the row itself where that is not smaller."""
    packed = zlib.compress(raw, 1)
    return packed if len(packed) < len(raw) else raw


def lzf_row(raw):
    """One row as an LZF stream, or the row itself where that is not smaller."""
    packed = lzf_stream(raw)
    return packed if len(packed) < len(raw) else raw


def lzf_stream(raw):
    """An LZF stream: greedy matches against the last place where three bytes were seen."""
    out, seen, position, literals, size = bytearray(), {}, 0, 0, len(raw)
    while position + 2 < size:
        key = raw[position : position + 3]
        candidate = seen.get(key)
        seen[key] = position
        if candidate is None or position - candidate > _WINDOW:
            position += 1
            continue
        length = _match_length(raw, candidate, position, min(_LONGEST, size - position))
        _put_literals(out, raw[literals:position])
        _put_match(out, position - candidate - 1, length - 2)
        position += length
        literals = position
    _put_literals(out, raw[literals:])
    return bytes(out)


def _match_length(raw, candidate, position, limit):
    length = 3
    while length < limit and raw[candidate + length] == raw[position + length]:
        length += 1
    return length


def _put_literals(out, run):
    for start in range(0, len(run), 32):
        piece = run[start : start + 32]
        out.append(len(piece) - 1)
        out += piece


def _put_match(out, offset, length):
    high = offset >> 8
    if length < 7:
        out.append(length << 5 | high)
    else:
        out += bytes((7 << 5 | high, length - 7))
    out.append(offset & 0xFF)


def lzf_decode(stream):
    """The bytes of an LZF stream: the check on the encoder above."""
    out, at = bytearray(), 0
    while at < len(stream):
        control = stream[at]
        at += 1
        if control < 32:
            out += stream[at : at + control + 1]
            at += control + 1
            continue
        length = control >> 5
        if length == 7:
            length += stream[at]
            at += 1
        start = len(out) - ((control & 31) << 8 | stream[at]) - 1
        at += 1
        for k in range(length + 2):
            out.append(out[start + k])
    return bytes(out)


class CompressedRows:
    """An array whose rows (first dimension) travel compressed one by one."""

    codecs = {"zlib": zlib_row, "lzf": lzf_row}

    def __init__(self, array, encoding):
        self.array = numpy.ascontiguousarray(array)
        self.encoding = encoding
        self.rows = [self.codecs[encoding](row.tobytes()) for row in self.array]

    def __getitem__(self, rows):
        """Some of the rows, not compressed again."""
        part = copy.copy(self)
        part.array, part.rows = self.array[rows], self.rows[rows]
        return part
