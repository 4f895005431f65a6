"""Versioned variables at locations, and what they were computed from."""

import contextlib
import hashlib
import json
import sqlite3
import struct
import subprocess

import numpy
import pytest

from replay import assert_same_arrays
from server import Server, environment
from wire import Connection, Producer, RpcError, Strings

KEYS = [{"name": "subject", "type": "string"}, {"name": "session", "type": "string"}, {"name": "trial", "type": "integer"}]


@pytest.fixture
def producer(connection):
    return Producer(connection)


def save(producer, value, variable="EMG", lineage=None, **metadata):
    params = {"variable": variable, "metadata": metadata, "value": value}
    return producer.call("variables.save", params | ({"lineage": lineage} if lineage else {}))


def load(producer, variable="EMG", version=None, **metadata):
    params = {"variable": variable} | ({"version": version} if version else {"metadata": metadata})
    return producer.connection.call("variables.load", params)


# --- Values


ARRAYS = [
    numpy.arange(12, dtype=numpy.float64).reshape(3, 4),
    numpy.array([numpy.nan, numpy.inf, -0.0], numpy.float32),
    numpy.zeros((0, 3), numpy.int16),
    numpy.array(7, numpy.uint64),
    numpy.random.default_rng(0).integers(0, 255, (700, 1000), numpy.uint8),  # in the array file, one leaf
    numpy.random.default_rng(0).normal(size=(3, 1 << 17)),  # three whole leaves and a bit
]


@pytest.mark.parametrize("place", range(len(ARRAYS)))
def test_an_array_comes_back_bit_for_bit(server, producer, place):
    array = ARRAYS[place]
    saved = save(producer, array, subject="1")
    assert saved["version"] == saved["record_id"] and len(saved["record_id"]) == 16 and saved["deduplicated"] is False
    loaded = load(producer, subject="1")
    assert_same_arrays(loaded["value"], array, "the value")
    assert loaded["record_id"] == saved["record_id"] and loaded["metadata"] == {"subject": "1"}
    server.stop()
    server.start()
    with contextlib.closing(Connection(server.tcp)) as connection:
        again = connection.call("variables.load", {"variable": "EMG", "version": saved["record_id"]})
        assert_same_arrays(again["value"], array, "after a restart")


def test_a_record_comes_without_its_value_too(producer):
    saved = producer.call("variables.save", {"variable": "EMG", "metadata": {}, "value": numpy.zeros(4000)})
    params = {"variable": "EMG", "version": saved["record_id"]}
    whole = producer.connection.call("variables.load", params)
    assert 32_000 < whole["bytes"] < 33_000
    del whole["value"]
    assert producer.connection.call("variables.load", params | {"values": False}) == whole


def test_tables_and_json_come_back(producer):
    table = {
        "table": {
            "time": numpy.arange(4) / 10,
            "name": Strings(["a", None, "b", "a"]),
            "score": {"values": numpy.arange(4), "valid": numpy.array([True, False, True, True])},
            "mixed": [1, "x", None, 2.5],
        }
    }
    save(producer, table, subject="1")
    columns = load(producer, subject="1")["value"]["table"]
    assert columns["mixed"] == [1, "x", None, 2.5] and columns["name"]["values"] == ["a", "b"]
    assert columns["time"].tolist() == [0, 0.1, 0.2, 0.3] and columns["score"]["valid"].tolist() == [True, False, True, True]
    json = {"json": {"a": [1, 2.5, None, {"ö": True}], "": "x"}}
    save(producer, json, variable="Settings")
    assert load(producer, "Settings")["value"] == json


@pytest.mark.parametrize(
    "value",
    [
        {"table": {"a": [1, 2], "b": [1]}},
        {"table": {"a": {"values": ["x"], "codes": numpy.array([0, 9], numpy.uint8)}}},
        {"table": {"a": {"values": numpy.arange(3), "valid": numpy.array([True])}}},
        {"something": 1},
        5,
    ],
)
def test_values_that_are_none_are_refused(producer, value):
    with pytest.raises(RpcError, match="invalid_params"):
        save(producer, value)


# --- Locations and versions


def test_the_latest_is_the_latest_at_its_location(producer):
    producer.connection.call("variables.schema", {"keys": KEYS})
    for subject in ("1", "2"):
        save(producer, {"json": subject}, subject=subject, session="A", trial=1)
    assert load(producer, subject="1")["value"] == {"json": "1"}
    assert load(producer, subject="2", trial=1)["value"] == {"json": "2"}


def test_a_then_b_then_a_is_one_copy_of_a_and_a_is_the_latest(server, producer):
    first = save(producer, ARRAYS[4], subject="1")
    save(producer, {"json": "B"}, subject="1")
    again = save(producer, ARRAYS[4], subject="1")
    assert again == first | {"deduplicated": True}
    assert load(producer, subject="1")["record_id"] == first["record_id"]
    elsewhere = save(producer, ARRAYS[4], subject="2")
    assert elsewhere["record_id"] != first["record_id"]
    versions = producer.connection.call("variables.versions", {"variable": "EMG", "metadata": {"subject": "1"}})["versions"]
    assert [version["record_id"] == first["record_id"] for version in versions] == [True, False, True]
    with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        assert database.execute("SELECT count(*) FROM variable_contents").fetchone() == (2,), "each content once"


def test_several_locations_are_told_and_none_is_not_found(producer):
    producer.connection.call("variables.schema", {"keys": KEYS})
    for trial in (1, 2):
        save(producer, {"json": trial}, subject="1", session="A", trial=trial)
    with pytest.raises(RpcError, match="ambiguous_version") as refused:
        load(producer, subject="1")
    candidates = refused.value.data["candidates"]
    assert [candidate["metadata"]["trial"] for candidate in candidates] == [1, 2]
    for metadata in ({"subject": "2"}, {"subject": "1", "session": "A", "trial": 3}):
        with pytest.raises(RpcError, match="not_found") as refused:
            load(producer, **metadata)
        spelled = json.dumps(metadata, separators=(",", ":"), sort_keys=True)
        assert f"has no record with {spelled};" in refused.value.message
    with pytest.raises(RpcError, match="there is no variable"):
        load(producer, variable="Nothing")


def test_version_keys_tell_versions_at_one_location(producer):
    producer.connection.call("variables.schema", {"keys": KEYS})
    for cutoff in (10, 20):
        save(producer, {"json": cutoff}, subject="1", session="A", trial=1, cutoff=cutoff)
    assert load(producer, subject="1")["value"] == {"json": 20}, "the latest of them"
    assert load(producer, subject="1", cutoff=10)["value"] == {"json": 10}
    with pytest.raises(RpcError, match="not_found"):
        load(producer, subject="1", cutoff=30)


def test_keys_have_types_and_are_declared_once(producer):
    connection = producer.connection
    assert connection.call("variables.schema", {}) == {"keys": []}
    assert connection.call("variables.schema", {"keys": KEYS}) == {"keys": KEYS}
    assert connection.call("variables.schema", {"keys": KEYS}) == {"keys": KEYS}
    with pytest.raises(RpcError, match="schema_declared"):
        connection.call("variables.schema", {"keys": KEYS[:1]})
    for metadata in ({"subject": 1}, {"trial": "1"}, {"trial": 1.5}, {"subject": None}):
        with pytest.raises(RpcError, match="invalid_params"):
            save(producer, {"json": 1}, **metadata)


def test_one_is_not_the_text_one(producer):
    save(producer, {"json": "number"}, subject=1)
    save(producer, {"json": "text"}, subject="1")
    assert load(producer, subject=1)["value"] == {"json": "number"}
    assert load(producer, subject="1")["value"] == {"json": "text"}


def test_all_locations_are_loaded_page_by_page(producer):
    for subject in range(7):
        for value in ("old", "new"):
            save(producer, {"json": [subject, value]}, subject=subject)
    found, cursor = [], None
    while True:
        params = {"variable": "EMG", "limit": 3} | ({"cursor": cursor} if cursor else {})
        page = producer.connection.call("variables.load_all", params)
        found += [record["value"]["json"] for record in page["records"]]
        cursor = page.get("cursor")
        if not cursor:
            break
    assert found == [[subject, "new"] for subject in range(7)]
    assert producer.connection.call("variables.list", {})["variables"][0]["locations"] == 7


def test_as_it_was_at_a_time(producer):
    save(producer, {"json": "old"}, subject="1")
    between = load(producer, subject="1")["saved_at"]
    while producer.connection.call("server.ping", {})["time"] <= between:
        pass
    save(producer, {"json": "new"}, subject="1")
    params = {"variable": "EMG", "metadata": {"subject": "1"}}
    assert producer.connection.call("variables.load", params)["value"] == {"json": "new"}
    assert producer.connection.call("variables.load", params | {"as_of": between})["value"] == {"json": "old"}
    with pytest.raises(RpcError, match="not_found"):
        producer.connection.call("variables.load", params | {"as_of": between - 3600})


def test_what_is_deleted_is_gone_and_comes_back_when_it_is_saved_again(producer):
    first = save(producer, {"json": 1}, subject="1")
    second = save(producer, {"json": 2}, subject="1")
    delete = lambda **params: producer.connection.call("variables.delete", {"variable": "EMG"} | params)  # noqa: E731
    assert delete(version=second["record_id"]) == {"deleted": 1}
    assert load(producer, subject="1")["record_id"] == first["record_id"]
    assert delete(metadata={"subject": "1"}) == {"deleted": 1}
    with pytest.raises(RpcError, match="not_found"):
        load(producer, subject="1")
    with pytest.raises(RpcError, match="not_found"):
        delete(version=second["record_id"])
    assert save(producer, {"json": 2}, subject="1") == {**second, "deduplicated": False}
    assert load(producer, subject="1")["value"] == {"json": 2}


# --- Hashes, from their description


def framed(data):
    return struct.pack("<Q", len(data)) + data


def canonical(value):
    if value is None:
        return b"n"
    if value is True or value is False:
        return b"t" if value else b"f"
    if isinstance(value, float) and value == int(value) and abs(value) < 2**63:
        value = int(value)
    if isinstance(value, int):
        return b"i" + struct.pack("<q", value)
    if isinstance(value, float):
        return b"d" + struct.pack("<d", value)
    if isinstance(value, str):
        return b"s" + framed(value.encode())
    if isinstance(value, list):
        return b"a" + struct.pack("<Q", len(value)) + b"".join(map(canonical, value))
    members = sorted((key.encode(), item) for key, item in value.items())
    return b"o" + struct.pack("<Q", len(members)) + b"".join(framed(key) + canonical(item) for key, item in members)


def array_hash(array):
    data = array.tobytes()
    leaves = b"".join(hashlib.sha256(data[k : k + (1 << 20)]).digest() for k in range(0, len(data), 1 << 20))
    parts = framed(b"array") + framed(array.dtype.name.encode()) + struct.pack("<Q", array.ndim)
    parts += b"".join(struct.pack("<Q", extent) for extent in array.shape) + hashlib.sha256(leaves).digest()
    return hashlib.sha256(parts)


def json_hash(value):
    return hashlib.sha256(framed(b"json") + canonical(value))


def record_id(variable, content, metadata, schema_version=1):
    parts = framed(b"record") + framed(variable.encode()) + struct.pack("<q", schema_version)
    return hashlib.sha256(parts + content + canonical(metadata)).hexdigest()[:16]


def test_array_hashes_are_as_described(producer):
    for place, array in enumerate(ARRAYS):
        saved = save(producer, array, place=place, name="ö")
        assert load(producer, place=place)["content_hash"] == array_hash(array).hexdigest()
        assert saved["record_id"] == record_id("EMG", array_hash(array).digest(), {"place": place, "name": "ö"})


def test_json_hashes_are_as_described(producer):
    values = [None, True, 0, -1, 2**53, 1.0, 0.5, "", "ö🧪", [], [[1, 2]], [[1], 2], {}, {"b": 1, "a": 2}, {"ä": 1, "z": 2}]
    values += [{"a": {"b": [k, str(k)]}} for k in range(200)]
    hashes = set()
    for place, value in enumerate(values):
        saved = save(producer, {"json": value}, place=place)
        assert load(producer, place=place)["content_hash"] == json_hash(value).hexdigest(), value
        assert saved["record_id"] == record_id("EMG", json_hash(value).digest(), {"place": place})
        hashes.add(json_hash(value).hexdigest())
    assert len(hashes) == len(values), "no two of them share a hash"


def test_dtype_and_shape_are_part_of_the_hash(producer):
    zero = numpy.zeros(8, numpy.uint8)
    forms = [zero, zero.reshape(2, 4), zero.view(numpy.int8), zero.view(numpy.uint64), zero.view(numpy.float64)]
    assert len({save(producer, form, subject="1")["record_id"] for form in forms}) == len(forms)


# --- Lineage


def made(function, inputs=(), output_num=0, **members):
    return {
        "lineage_hash": f"hash of {function} {list(inputs)}",
        "output_num": output_num,
        "function_name": function,
        "function_hash": hashlib.sha256(function.encode()).hexdigest(),
        "inputs": [{"name": name, "record_id": id, "type": type} for name, id, type in inputs],
        "constants": [5, "x"],
    } | members


def test_a_pipeline_is_followed_both_ways(producer):
    connection = producer.connection
    raw = save(producer, ARRAYS[0], "Raw", subject="1")["record_id"]
    low = save(producer, ARRAYS[1], "Low", made("lowpass", [("signal", raw, "Raw")]), subject="1")["record_id"]
    peak = save(producer, {"json": 3}, "Peak", made("peak", [("low", low, "Low"), ("raw", raw, "Raw")]), subject="1")["record_id"]
    up = connection.call("lineage.upstream", {"record_id": peak})
    assert [(node["record_id"], node["depth"]) for node in up["records"]] == [(peak, 0), (low, 1), (raw, 1)]
    assert {(edge["from"], edge["to"], edge["name"]) for edge in up["edges"]} == {
        (low, peak, "low"),
        (raw, peak, "raw"),
        (raw, low, "signal"),
    }
    assert up["records"][1]["lineage"]["function_name"] == "lowpass" and up["is_cut"] is False
    down = connection.call("lineage.downstream", {"record_id": raw})
    assert {node["record_id"] for node in down["records"]} == {raw, low, peak}
    assert [n["record_id"] for n in connection.call("lineage.upstream", {"record_id": peak, "depth": 0})["records"]] == [peak]
    node = connection.call("lineage.get", {"record_id": low})
    assert node["metadata"] == {"subject": "1"} and node["lineage"]["constants"] == [5, "x"]
    assert load(producer, "Low", subject="1")["lineage_hash"] == made("lowpass", [("signal", raw, "Raw")])["lineage_hash"]
    with pytest.raises(RpcError, match="not_found"):
        connection.call("lineage.get", {"record_id": "0" * 16})


def test_an_invocation_is_found_by_its_hash_as_long_as_its_outputs_are_there(server, producer):
    connection = producer.connection
    outputs = [save(producer, {"json": k}, f"Out{k}", made("split", output_num=k))["record_id"] for k in range(3)]
    asked = {"lineage_hash": made("split")["lineage_hash"]}
    found = connection.call("lineage.find", asked)["records"]
    assert found == [{"record_id": id, "output_type": f"Out{k}", "output_num": k} for k, id in enumerate(outputs)]
    connection.call("variables.delete", {"variable": "Out1", "version": outputs[1]})
    assert [record["output_num"] for record in connection.call("lineage.find", asked)["records"]] == [0, 2]
    assert connection.call("lineage.get", {"record_id": outputs[1]})["lineage"]["function_name"] == "split", "it stays"
    assert connection.call("lineage.find", {"lineage_hash": "other"}) == {"records": []}
    with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(lineage)")]
        assert columns[:8] == [
            "output_record_id", "output_type", "lineage_hash", "output_num", "function_name", "function_hash", "inputs",
            "constants",
        ]  # fmt: skip


def test_a_run_that_something_was_computed_in_is_kept(producer):
    connection = producer.connection
    for run in ("used", "unused"):
        connection.call("runs.start", {"run_id": run})
    save(producer, {"json": 1}, "Out", made("f", run_id="used"))
    with pytest.raises(RpcError, match="run_in_use") as refused:
        connection.call("runs.delete", {"run_id": "used"})
    assert refused.value.data["by"] == "lineage"
    connection.call("runs.delete", {"run_id": "unused"})


def test_lineage_is_saved_afterwards_too(producer):
    connection = producer.connection
    id = save(producer, {"json": 1}, "Out")["record_id"]
    lineage = made("f", [("x", "0123456789abcdef", "Elsewhere")])
    assert connection.call("lineage.save", {"output_record_id": id, "output_type": "Out"} | lineage) == {}
    records = connection.call("lineage.upstream", {"record_id": id})["records"]
    assert [(node["record_id"], node["output_type"]) for node in records] == [(id, "Out"), ("0123456789abcdef", "Elsewhere")]
    with pytest.raises(RpcError, match="not_found"):
        connection.call("lineage.save", {"output_record_id": "f" * 16, "output_type": "Out"} | lineage)


# --- The server


def test_a_resent_save_is_stored_once(server, producer):
    id = producer.send("variables.save", {"variable": "EMG", "metadata": {}, "value": ARRAYS[0]})
    first = producer.connection.wait(id)
    with contextlib.closing(Connection(server.tcp)) as other:
        params = {"producer": producer.id, "seq": 1, "variable": "EMG", "metadata": {}, "value": ARRAYS[0]}
        assert other.call("variables.save", params) == first | {"duplicate": True}
    assert len(producer.connection.call("variables.versions", {"variable": "EMG"})["versions"]) == 1


def test_schema_keys_are_given_on_the_command_line(binary, tmp_path):
    spelled = ",".join(f"{key['name']}:{key['type']}" for key in KEYS)
    server = Server(binary, tmp_path / "data", "--schema-keys", spelled).start()
    with contextlib.closing(Connection(server.tcp)) as connection:
        assert connection.call("variables.schema", {}) == {"keys": KEYS}
    server.stop()
    for wrong in ("subject:string", "subject", "subject:text"):
        refused = subprocess.run(
            [binary, "serve", "--data", tmp_path / "data", "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--schema-keys", wrong],
            capture_output=True,
            text=True,
            env=environment(),
            timeout=60,
        )
        assert refused.returncode == 2 and "--schema-keys" in refused.stderr


def test_the_arrays_of_variables_validate_and_are_no_run(producer):
    for place, array in enumerate(ARRAYS):
        save(producer, array, place=place)
    result = producer.connection.call("refs.validate", {"run_id": "variables", "decode": True})
    assert result["checked"] == 1 + 4 and result["missing"] == [] and result["unreferenced"] == 0
    assert producer.connection.call("runs.list", {})["runs"] == []
    with pytest.raises(RpcError, match="reserved"):
        producer.connection.call("runs.start", {"run_id": "variables"})


def test_many_are_saved_at_once_all_or_none(producer):
    def one(number, **more):
        return {"variable": f"V{number % 2}", "metadata": {"number": number}, "value": {"json": number}} | more

    saved = producer.call("variables.save_many", {"saves": [one(k) for k in range(4)] + [one(0)]})["saved"]
    assert [answer["deduplicated"] for answer in saved] == [False] * 4 + [True] and saved[0]["record_id"] == saved[4]["record_id"]
    assert load(producer, "V1", number=3)["value"] == {"json": 3}
    large = one(10) | {"value": ARRAYS[5]}
    refused = [one(11), one(12, metadata={"number": None})], [large, one(13, lineage=made("f", lease=7))]
    for saves, kind in zip(refused, ("invalid_params", "lease_lost")):
        with pytest.raises(RpcError, match=kind):
            producer.call("variables.save_many", {"saves": saves})
    for number in (10, 11):
        with pytest.raises(RpcError, match="not_found"):
            load(producer, f"V{number % 2}", number=number)
    assert producer.call("variables.save_many", {"saves": []}) == {"saved": []}
    producer.call("variables.save_many", {"saves": [large, one(14)]})
    assert_same_arrays(load(producer, "V0", number=10)["value"], ARRAYS[5], "after a refusal")


def find(producer, locations, variable="EMG", **params):
    """The answer as rows of what matters, the texts decoded."""
    answer = producer.connection.call("variables.find", {"variable": variable, "locations": locations} | params)
    texts = {}
    for name in ("record_id", "content_hash", "lineage_hash"):
        values = [*answer[name]["values"], None]
        texts[name] = [values[code] for code in answer[name]["codes"]]
    rows = [answer[name].tolist() for name in ("matches", "schema_version", "is_exact", "is_evicted")]
    assert len(texts["content_hash"]) == len(rows[0])
    return list(zip(texts["record_id"], texts["lineage_hash"], *rows))


def test_what_is_at_many_locations_is_found_at_once(producer):
    producer.connection.call("variables.schema", {"keys": KEYS})
    ids = {
        (subject, trial): save(producer, {"json": [subject, trial]}, subject=subject, session="A", trial=trial)["record_id"]
        for subject in ("1", "ö") for trial in (1, 2)
    }  # fmt: skip
    newest = save(producer, {"json": "new"}, lineage=made("f"), subject="1", session="A", trial=1)["record_id"]
    keyed = save(producer, {"json": "keyed"}, subject="1", session="A", trial=2, cutoff=5)["record_id"]
    whole = {"subject": Strings(["1", "ö", "1", "none"]), "session": ["A"] * 4, "trial": numpy.array([1, 2, 2, 1])}
    known = [
        (newest, made("f")["lineage_hash"], 1, 1, True, False),
        (ids["ö", 2], None, 1, 1, True, False),
        (keyed, None, 1, 1, False, False),
        (None, None, 0, 0, False, False),
    ]
    assert find(producer, whole) == find(producer, whole, exact=True) == known
    partial = {"subject": ["1", "ö", None], "trial": {"values": numpy.arange(1, 4), "valid": numpy.array([True, True, False])}}
    assert [row[:3] for row in find(producer, partial)] == [
        (newest, made("f")["lineage_hash"], 1), (ids["ö", 2], None, 1), (None, None, 4)
    ]  # fmt: skip
    assert [row[2] for row in find(producer, partial, exact=True)] == [0, 0, 0]
    for exact in (False, True):
        with_version = find(producer, whole | {"cutoff": [None, None, 5, 6]}, exact=exact)
        assert [row[0] for row in with_version] == [newest, ids["ö", 2], keyed, None] and with_version[2][4] is True
    assert find(producer, {}) == [] and find(producer, {"trial": []}) == []
    for wrong in ({"trial": ["1"]}, {"trial": [1], "subject": []}, {"trial": numpy.zeros((2, 2))}):
        with pytest.raises(RpcError, match="invalid_params"):
            find(producer, wrong)


def test_locations_are_found_whatever_the_order_of_their_keys_is(producer):
    names = ["b", "B", "a10", "a2", "ä", "_", "a b", 'q"']
    save(producer, {"json": 1}, **{name: k for k, name in enumerate(names)})
    assert find(producer, {name: [k] for k, name in enumerate(names)}, exact=True)[0][2] == 1


def test_many_invocations_are_found_at_once(producer):
    ids = [save(producer, {"json": k}, f"Out{k}", made("split", output_num=k))["record_id"] for k in range(2)]
    other = save(producer, {"json": 5}, "Out", made("g"))["record_id"]
    asked = [made("g")["lineage_hash"], "none", made("split")["lineage_hash"]]
    found = producer.connection.call("lineage.find_many", {"lineage_hashes": asked})["found"]
    assert [(one["index"], one["record"]["record_id"], one["record"]["output_num"]) for one in found] == [
        (0, other, 0), (2, ids[0], 0), (2, ids[1], 1)
    ]  # fmt: skip
