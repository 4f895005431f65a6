"""Arrays that are larger than a request may be, saved and loaded in pieces."""

import contextlib

import h5py
import numpy
import pytest

from replay import assert_same_arrays
from test_collect import collect
from test_variables import load, save
from wire import Connection, Producer, RpcError

MEBIBYTE = 1 << 20
RANDOM = numpy.random.default_rng(0)
#: Two pieces of 2 MiB and the rest.
ARRAY = RANDOM.integers(-1000, 1000, (5, 61_681, 4), numpy.int32)
PIECE = 2 * MEBIBYTE


@pytest.fixture
def producer(connection):
    return Producer(connection)


def upload(producer, data):
    return producer.call("variables.upload", {"bytes": numpy.frombuffer(data, numpy.uint8)})["piece"]


def pieces(producer, array, size=PIECE):
    data = array.tobytes()
    names = [upload(producer, data[start : start + size]) for start in range(0, len(data), size)]
    return {"dtype": array.dtype.name, "shape": list(array.shape), "pieces": names}


def test_an_array_in_pieces_is_the_same_as_a_whole_one(server, producer):
    whole = save(producer, ARRAY, subject="1")
    in_pieces = save(producer, pieces(producer, ARRAY), subject="2")
    assert in_pieces["content_hash"] == whole["content_hash"] and in_pieces["deduplicated"] is False
    assert save(producer, pieces(producer, ARRAY), subject="1") == whole | {"deduplicated": True}
    assert_same_arrays(load(producer, subject="2")["value"], ARRAY, "saved in pieces, known as a whole")


def test_an_array_in_pieces_comes_back_whole_and_in_pieces(server, producer):
    value = pieces(producer, ARRAY)
    saved = save(producer, value, subject="1")
    server.kill()
    server.start()
    with contextlib.closing(Connection(server.tcp)) as connection:
        where = {"variable": "EMG", "version": saved["record_id"]}
        record = connection.call("variables.load", where)
        assert_same_arrays(record["value"], ARRAY, "loaded whole")
        assert record["content_hash"] == saved["content_hash"] and ARRAY.nbytes < record["bytes"] < ARRAY.nbytes + 1000
        assert connection.call("variables.load", where | {"pieces": True})["value"] == value
        listed = connection.call("variables.load_all", {"variable": "EMG", "pieces": True})["records"]
        assert [record["value"] for record in listed] == [value]
        parts = [connection.call("variables.download", {"piece": name})["bytes"] for name in value["pieces"]]
        assert b"".join(part.tobytes() for part in parts) == ARRAY.tobytes()


def test_a_piece_is_stored_once(server, producer):
    first = pieces(producer, ARRAY)
    changed = ARRAY.copy()
    changed[-1, -1, -1] += 1
    second = pieces(producer, changed)
    assert first["pieces"][:-1] == second["pieces"][:-1] and first["pieces"][-1] != second["pieces"][-1]
    save(producer, first, subject="1")
    save(producer, second, subject="1")
    assert_same_arrays(load(producer, subject="1")["value"], changed, "the second version")
    # Six leaves for the first, and one and a bit for what changed.
    with h5py.File(server.run_file("variables"), "r", swmr=True) as file:
        assert len(file["leaves"]) == 6


def test_what_is_wrong_with_pieces_is_named(producer):
    value = pieces(producer, ARRAY)
    unknown = "0" * 64
    with pytest.raises(RpcError, match="missing_pieces") as refusal:
        save(producer, value | {"pieces": [*value["pieces"], unknown]}, subject="1")
    assert refusal.value.data["pieces"] == [unknown] and refusal.value.final
    with pytest.raises(RpcError, match=f"takes {ARRAY.nbytes - 16 * 5} bytes, its pieces have {ARRAY.nbytes}"):
        save(producer, value | {"shape": [5, 61_680, 4]}, subject="1")
    with pytest.raises(RpcError, match=r"overflows"):
        save(producer, value | {"shape": [1 << 62, 1 << 62]}, subject="1")
    with pytest.raises(RpcError, match="at least one piece"):
        save(producer, {"dtype": "uint8", "shape": [0], "pieces": []}, subject="1")
    other = upload(producer, bytes(MEBIBYTE))
    with pytest.raises(RpcError, match=r"pieces\[1\] has 1048576 bytes, the first has 2097152"):
        save(producer, value | {"pieces": [value["pieces"][0], other, value["pieces"][1]]}, subject="1")
    with pytest.raises(RpcError, match=r"pieces\[1\] has 2097152 bytes, the first has 1048576"):
        save(producer, value | {"pieces": [other, value["pieces"][0]]}, subject="1")
    odd = upload(producer, b"odd")
    with pytest.raises(RpcError, match=r"a multiple of 1048576"):
        save(producer, {"dtype": "uint8", "shape": [6], "pieces": [odd, odd]}, subject="1")
    with pytest.raises(RpcError, match="not_found"):
        producer.connection.call("variables.download", {"piece": unknown})
    for bytes_ in (numpy.zeros(0, numpy.uint8), numpy.zeros((2, 2), numpy.uint8), numpy.zeros(2, numpy.int8)):
        with pytest.raises(RpcError, match="invalid_params"):
            producer.call("variables.upload", {"bytes": bytes_})


def test_pieces_live_as_long_as_their_arrays(producer):
    value = pieces(producer, ARRAY)
    newer = ARRAY.copy()
    newer[-1, -1, -1] += 1
    record = save(producer, value, subject="1")["record_id"]
    save(producer, pieces(producer, newer), subject="1")
    # The older array and the one piece that it alone has.
    assert collect(producer, originals=True)["evicted"] == 2
    assert_same_arrays(load(producer, subject="1")["value"], newer, "what was kept")
    with pytest.raises(RpcError, match="evicted"):
        load(producer, version=record)
    with pytest.raises(RpcError, match="missing_pieces") as refusal:
        save(producer, value, subject="1")
    assert refusal.value.data["pieces"] == value["pieces"][-1:]
    assert save(producer, pieces(producer, ARRAY), subject="1")["restored"] is True
    assert_same_arrays(load(producer, subject="1")["value"], ARRAY, "what came back")


def test_a_piece_that_no_array_has_goes(producer):
    name = upload(producer, RANDOM.bytes(MEBIBYTE))
    assert collect(producer, grace_seconds=3600)["quarantined"] == 1
    assert len(producer.connection.call("variables.download", {"piece": name})["bytes"]) == MEBIBYTE
    assert collect(producer)["evicted"] == 1
    with pytest.raises(RpcError, match="not_found"):
        producer.connection.call("variables.download", {"piece": name})


def test_more_than_an_answer_takes_comes_in_pieces_only(producer):
    piece = RANDOM.bytes(64 * MEBIBYTE)
    name = upload(producer, piece)
    value = {"dtype": "uint8", "shape": [5 * len(piece)], "pieces": [name] * 5}
    record = save(producer, value, subject="1")
    with pytest.raises(RpcError, match="result_too_large"):
        load(producer, subject="1")
    where = {"variable": "EMG", "version": record["record_id"], "pieces": True}
    assert producer.connection.call("variables.load", where)["value"] == value


def test_a_page_of_large_values_ends_where_the_answer_is_full(producer):
    arrays = [RANDOM.integers(0, 255, 60 * MEBIBYTE, numpy.uint8) for _ in range(5)]
    for subject, array in enumerate(arrays):
        save(producer, array, subject=subject)
    pages, cursor = [], None
    while not pages or cursor:
        page = producer.connection.call("variables.load_all", {"variable": "EMG"} | ({"cursor": cursor} if cursor else {}))
        pages.append([record["metadata"]["subject"] for record in page["records"]])
        cursor = page.get("cursor")
    assert pages == [[0, 1, 2, 3], [4]]
