"""Well-formed requests with impossible content: refused, final, and nothing of them stored."""

import zlib

import numpy
import pytest

from replay import assert_target_is_untouched, refs, send_rows, start, tiny_step
from wire import Producer, RpcError, Strings, frame

KINDS_OF_CONTENT = {"invalid_params", "shape_mismatch", "invalid_reference", "not_found", "result_too_large"}


@pytest.fixture(autouse=True)
def unharmed(target):
    yield
    assert_target_is_untouched(target)


def raw_call(connection, method, params, attachments):
    """A request whose array descriptions are written by hand."""
    id = next(connection.ids)
    message = {"jsonrpc": "2.0", "id": id, "method": method, "params": params}
    connection.send_bytes(frame(message, attachments))
    return connection.wait(id)


ARRAYS = {
    "unknown dtype": {"dtype": "float16", "shape": [4, 4, 3], "attachment": 0},
    "dtype of numpy": {"dtype": "<f4", "shape": [4, 4, 3], "attachment": 0},
    "dtype number": {"dtype": 1, "shape": [4, 4, 3], "attachment": 0},
    "no dtype": {"shape": [4, 4, 3], "attachment": 0},
    "no shape": {"dtype": "uint8", "attachment": 0},
    "too few bytes": {"dtype": "uint8", "shape": [4, 4, 4], "attachment": 0},
    "too many bytes": {"dtype": "uint8", "shape": [4, 4, 2], "attachment": 0},
    "negative": {"dtype": "uint8", "shape": [-4, -4, 3], "attachment": 0},
    "overflow": {"dtype": "uint8", "shape": [2**32, 2**32, 48], "attachment": 0},
    "overflow to the right size": {"dtype": "uint8", "shape": [2**62, 4, 48], "attachment": 0},
    "overflow with a zero": {"dtype": "uint8", "shape": [2**62, 2**62, 0], "attachment": 0},
    "beyond 64 bits": {"dtype": "uint8", "shape": [2**80], "attachment": 0},
    "fraction": {"dtype": "uint8", "shape": [4.5, 4, 3], "attachment": 0},
    "strings": {"dtype": "uint8", "shape": ["4", "4", "3"], "attachment": 0},
    "nine dimensions": {"dtype": "uint8", "shape": [48, 1, 1, 1, 1, 1, 1, 1, 1], "attachment": 0},
    "a million dimensions": {"dtype": "uint8", "shape": [48] + [1] * 1_000_000, "attachment": 0},
    "attachment that is not there": {"dtype": "uint8", "shape": [4, 4, 3], "attachment": 1},
    "attachment negative": {"dtype": "uint8", "shape": [4, 4, 3], "attachment": -1},
    "attachment huge": {"dtype": "uint8", "shape": [4, 4, 3], "attachment": 2**63},
    "attachment text": {"dtype": "uint8", "shape": [4, 4, 3], "attachment": "0"},
    "no bytes": {"dtype": "uint8", "shape": [4, 4, 3]},
    "bad base64": {"dtype": "uint8", "shape": [3], "base64": "%%%%"},
    "both": {"dtype": "uint8", "shape": [4, 4, 3], "attachment": 0, "base64": "AAAA"},
    "bools that are 7": {"dtype": "bool", "shape": [4, 4, 3], "attachment": 0},
    "rows compressed, row-wise": {
        "dtype": "uint8",
        "shape": [4, 4, 3],
        "attachment": 0,
        "encoding": "zlib",
        "row_bytes": [12, 12, 12, 12],
    },
    "list": [1, 2, 3],
    "text": "AAAA",
    "number": 7,
    "empty": {},
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())
def test_bad_arrays_are_refused(target, array):
    with target.connect() as connection:
        step = tiny_step(7) | {"frame": array}
        params = {"run_id": "target", "steps": [step], "producer": Producer(connection).id, "seq": 1}
        with pytest.raises(RpcError) as refused:
            raw_call(connection, "steps.append", params, [b"\x07" * 48])
        assert refused.value.final and refused.value.kind in KINDS_OF_CONTENT, str(refused.value)


BOMB = zlib.compress(bytes(5000), 9)
assert len(BOMB) < 48, "smaller than a raw row of 4×4×3 bytes"

ENCODED = {
    "unknown encoding": ({"encoding": "zstd", "row_bytes": [24, 24]}, bytes(48)),
    "no row_bytes": ({"encoding": "zlib"}, bytes(48)),
    "too few rows": ({"encoding": "zlib", "row_bytes": [48]}, bytes(48)),
    "too many rows": ({"encoding": "zlib", "row_bytes": [16, 16, 16]}, bytes(48)),
    "negative row": ({"encoding": "zlib", "row_bytes": [96, -48]}, bytes(48)),
    "rows beyond the attachment": ({"encoding": "zlib", "row_bytes": [24, 2**62]}, bytes(48)),
    "rows that overflow": ({"encoding": "zlib", "row_bytes": [2**63 - 1, 2**63 - 1]}, bytes(48)),
    "bytes left over": ({"encoding": "zlib", "row_bytes": [24, 23]}, bytes(48)),
    "garbage zlib": ({"encoding": "zlib", "row_bytes": [24, 24]}, b"\x07" * 48),
    "garbage lzf": ({"encoding": "lzf", "row_bytes": [24, 24]}, b"\xff" * 48),
    "a row larger than raw": ({"encoding": "lzf", "row_bytes": [49, 48]}, bytes(97)),
    "empty rows": ({"encoding": "lzf", "row_bytes": [0, 0]}, b""),
    "a row that inflates too far": ({"encoding": "zlib", "row_bytes": [len(BOMB), len(BOMB)]}, BOMB * 2),
}


@pytest.mark.parametrize("form, data", ENCODED.values(), ids=ENCODED.keys())
def test_bad_compressed_rows_are_refused(target, form, data):
    columns = {
        "episode_id": {"values": ["e"], "codes": {"dtype": "uint8", "shape": [2], "base64": "AAA="}},
        "step_index": {"dtype": "int64", "shape": [2], "base64": "BwAAAAAAAAAIAAAAAAAAAA=="},
        "reward": {"dtype": "float64", "shape": [2], "base64": "AAAAAAAAAAAAAAAAAAAAAA=="},
        "terminated": {"dtype": "bool", "shape": [2], "base64": "AAA="},
        "truncated": {"dtype": "bool", "shape": [2], "base64": "AAA="},
        "frame": {"dtype": "uint8", "shape": [2, 4, 4, 3], "attachment": 0} | form,
    }
    with target.connect() as connection:
        params = {"run_id": "target", "count": 2, "columns": columns, "producer": Producer(connection).id, "seq": 1}
        with pytest.raises(RpcError) as refused:
            raw_call(connection, "steps.append", params, [data])
        assert refused.value.final and refused.value.kind == "invalid_params", str(refused.value)


def columns_with(**changes):
    columns = {
        "episode_id": Strings(["e", "e"]),
        "step_index": numpy.array([7, 8]),
        "reward": numpy.zeros(2),
        "terminated": numpy.zeros(2, bool),
        "truncated": numpy.zeros(2, bool),
        "frame": numpy.zeros((2, 4, 4, 3), numpy.uint8),
    }
    return {name: value for name, value in (columns | changes).items() if value is not None}


COLUMNS = {
    "column of another length": columns_with(reward=numpy.zeros(3)),
    "column of another dtype": columns_with(step_index=numpy.zeros(2)),
    "column of two dimensions": columns_with(reward=numpy.zeros((2, 1))),
    "column missing": columns_with(terminated=None),
    "codes beyond the values": columns_with(episode_id={"values": ["e"], "codes": numpy.array([0, 5], numpy.uint8)}),
    "null episode": columns_with(episode_id=Strings(["e", None])),
    "signed codes": columns_with(episode_id={"values": ["e"], "codes": numpy.array([0, -1], numpy.int8)}),
    "NaN reward": columns_with(reward=numpy.array([0, numpy.nan])),
    "negative index": columns_with(step_index=numpy.array([7, -8])),
    "the same step twice": columns_with(step_index=numpy.array([7, 7])),
    "frame_rows beyond count": columns_with(frame_rows=numpy.array([0, 2], numpy.uint32)),
    "frame_rows twice": columns_with(frame_rows=numpy.array([1, 1], numpy.uint32)),
    "frame_rows of another length": columns_with(frame_rows=numpy.array([0], numpy.uint32)),
    "frame_rows huge": columns_with(frame_rows=numpy.array([0, 2**32 - 1], numpy.uint32)),
    "frames of another count": columns_with(frame=numpy.zeros((3, 4, 4, 3), numpy.uint8)),
    "frames without rows": columns_with(frame=numpy.array(7, numpy.uint8)),
    "infinite time": columns_with(timestamp=numpy.array([0, numpy.inf])),
    "info that is no JSON": columns_with(info=Strings(["{", "}"])),
    "no columns": {},
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS.keys())
def test_bad_columns_are_refused(target, columns):
    with target.connect() as connection:
        params = {"run_id": "target", "count": 2, "columns": columns, "producer": Producer(connection).id, "seq": 1}
        refused = connection.refusal("steps.append", params)
        assert refused.final and refused.kind in ("invalid_params", "duplicate_step", "shape_mismatch"), str(refused)


@pytest.mark.parametrize("count", [0, 1, 3, -2, 2**31, 2**63, 2.5, "2", None], ids=str)
def test_a_wrong_count_is_refused(target, count):
    with target.connect() as connection:
        params = {"run_id": "target", "count": count, "columns": columns_with(), "producer": Producer(connection).id}
        assert connection.refusal("steps.append", params | {"seq": 1}).kind == "invalid_params"


def test_a_result_over_the_limits_is_an_error(server):
    with server.connect() as connection:
        start(connection, "large")
        frame = numpy.zeros((1024, 1024, 8), numpy.uint8)
        send_rows(connection, "large", [tiny_step(0, frame=frame)])
        asked = {"refs": refs("large", "frames", [0] * 40)}
        for optional in ({}, {"stack": True}):
            refused = connection.refusal("frames.resolve", asked | optional)
            assert refused.kind == "result_too_large" and refused.data["limit"] > 0, str(refused)
        [found] = connection.call("frames.resolve", {"refs": refs("large", "frames", [0])})["frames"]
        assert found.shape == frame.shape
        assert server.resident_mib < 1500
