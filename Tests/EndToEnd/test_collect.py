"""Garbage collection of variables: what is kept, what goes, and that it comes back."""

import contextlib
import subprocess

import numpy
import pytest

from replay import assert_same_arrays
from server import environment
from test_lineage import call
from test_variables import load, made, save
from wire import Connection, Producer, RpcError

RANDOM = numpy.random.default_rng(0)
LARGE = [RANDOM.integers(0, 255, 3 << 20, numpy.uint8) for _ in range(4)]


@pytest.fixture
def producer(connection):
    return Producer(connection)


def collect(producer, grace_seconds=0, **params):
    result = producer.call("variables.collect", {"grace_seconds": grace_seconds} | params)
    return {name: amount["values"] for name, amount in result.items() if isinstance(amount, dict)}


def versions(producer, count, **metadata):
    """Values that a function made at one location, the newest last."""
    return [save(producer, {"json": k}, "Out", call(scale=k), **metadata)["record_id"] for k in range(count)]


def is_there(producer, record_id, variable="Out"):
    try:
        load(producer, variable, version=record_id)
    except RpcError as error:
        assert error.kind == "evicted" and error.final
        return False
    return True


def left(producer, records):
    return [is_there(producer, record) for record in records]


def test_the_newest_are_kept(producer):
    records = versions(producer, 4, subject=1)
    other = save(producer, {"json": 0}, "Out", call(scale=0), subject=2)["record_id"]
    assert collect(producer, keep_latest=2, dry_run=True) == {"kept": 3, "rescued": 0, "quarantined": 0, "evicted": 1}
    assert left(producer, records) == [True] * 4
    # The first and the other one have the same value.
    assert collect(producer, keep_latest=2) == {"kept": 3, "rescued": 0, "quarantined": 0, "evicted": 1}
    assert left(producer, records) == [True, False, True, True] and is_there(producer, other)


def test_what_nobody_can_make_again_is_kept(producer):
    records = [save(producer, {"json": k}, "Raw", subject=1)["record_id"] for k in range(3)]
    assert collect(producer)["evicted"] == 0
    assert collect(producer, originals=True)["evicted"] == 2
    assert [is_there(producer, record, "Raw") for record in records] == [False, False, True]


def test_what_is_tagged_and_what_it_came_from_are_kept(producer):
    connection = producer.connection
    raw = [save(producer, {"json": ["raw", k]}, "Raw", made("read", constants=[k]), subject=1)["record_id"] for k in range(3)]
    out = [
        save(producer, {"json": k}, "Out", made("f", [("x", raw[k], "Raw")]), subject=1)["record_id"] for k in range(3)
    ]
    assert producer.call("variables.tag", {"tag": "paper", "record_ids": [out[0]]}) == {"tagged": 1}
    assert producer.call("variables.tag", {"tag": "paper", "record_ids": [out[0]]}) == {"tagged": 0}
    tags = connection.call("variables.tags", {})["tags"]
    assert [(tag["tag"], tag["record_id"], tag["variable"]) for tag in tags] == [("paper", out[0], "Out")]
    assert collect(producer)["evicted"] == 2
    assert left(producer, out) == [True, False, True]
    assert [is_there(producer, record, "Raw") for record in raw] == [True, False, True]
    assert producer.call("variables.untag", {"tag": "paper"}) == {"untagged": 1}
    assert collect(producer)["evicted"] == 2
    assert left(producer, out) == [False, False, True]
    with pytest.raises(RpcError, match="not_found"):
        producer.call("variables.tag", {"tag": "paper", "record_ids": ["0" * 16]})


def test_what_was_computed_from_a_snapshot_is_kept(producer):
    model = save(producer, {"json": "old"}, "Model", made("train", [("data", "snapshot:" + "a" * 64, "snapshot")]), subject=1)
    save(producer, {"json": "new"}, "Model", made("train", []), subject=1)
    assert collect(producer)["evicted"] == 0
    assert collect(producer, keep_reachable=["tags"])["evicted"] == 1
    assert not is_there(producer, model["record_id"], "Model")


def test_quarantine_gives_time_and_what_is_needed_again_leaves_it(producer):
    first, second, third = versions(producer, 3, subject=1)
    assert collect(producer, grace_seconds=3600) == {"kept": 1, "rescued": 0, "quarantined": 2, "evicted": 0}
    assert left(producer, [first, second]) == [True, True]
    producer.call("variables.tag", {"tag": "keep", "record_ids": [first]})
    assert collect(producer, grace_seconds=3600) == {"kept": 2, "rescued": 1, "quarantined": 1, "evicted": 0}
    assert collect(producer) == {"kept": 2, "rescued": 0, "quarantined": 0, "evicted": 1}
    assert left(producer, [first, second, third]) == [True, False, True]


def test_an_evicted_value_is_no_hit_is_told_and_comes_back(producer):
    connection = producer.connection
    first, _ = versions(producer, 2, subject=1)
    asked = {"lineage_hash": call(scale=0)["lineage_hash"]}
    collect(producer)
    assert connection.call("lineage.find", asked) == {"records": []}
    refused = connection.refusal("variables.load", {"variable": "Out", "version": first})
    assert refused.data["function_name"] == "f" and refused.data["lineage_hash"] == asked["lineage_hash"]
    node = connection.call("lineage.get", {"record_id": first})
    assert node["is_evicted"] is True and node["lineage"]["function_name"] == "f"
    again = save(producer, {"json": 0}, "Out", call(scale=0), subject=1)
    assert again["record_id"] == first and again["restored"] is True and "differs_from" not in again
    assert is_there(producer, first) and len(connection.call("lineage.find", asked)["records"]) == 1


def test_another_result_of_the_same_call_is_told(producer):
    first, _ = versions(producer, 2, subject=1)
    collect(producer)
    again = save(producer, {"json": "other"}, "Out", call(scale=0), subject=1)
    assert again["differs_from"] == first and "restored" not in again


def test_values_of_deleted_records_go(producer):
    record = save(producer, {"json": 1}, "Raw", subject=1)
    producer.connection.call("variables.delete", {"variable": "Raw", "version": record["record_id"]})
    assert collect(producer)["evicted"] == 1
    assert save(producer, {"json": 1}, "Raw", subject=1)["restored"] is True
    assert load(producer, "Raw", subject=1)["value"] == {"json": 1}


def test_the_array_file_shrinks_and_what_is_left_stays_where_it_is(server, producer):
    records = [save(producer, array, "Out", call(scale=k), subject=1)["record_id"] for k, array in enumerate(LARGE)]
    producer.call("variables.tag", {"tag": "keep", "record_ids": [records[1]]})
    size = server.run_file("variables").stat().st_size
    collect(producer)
    compacted = producer.call("variables.compact", {})
    assert compacted["bytes_before"] >= size > 1.7 * compacted["bytes"]
    assert server.run_file("variables").stat().st_size == compacted["bytes"]
    assert left(producer, records) == [False, True, False, True]
    for place in (1, 3):
        assert_same_arrays(load(producer, "Out", version=records[place])["value"], LARGE[place], f"value {place}")
    validated = producer.connection.call("refs.validate", {"run_id": "variables", "decode": True})
    assert validated["missing"] == [] and validated["problems"] == [] and validated["unreferenced"] == 0
    again = save(producer, LARGE[0], "Out", call(scale=0), subject=1)
    assert again["record_id"] == records[0] and again["restored"] is True
    server.stop()
    server.start()
    with contextlib.closing(Connection(server.tcp)) as connection:
        for place in (0, 1, 3):
            value = connection.call("variables.load", {"variable": "Out", "version": records[place]})["value"]
            assert_same_arrays(value, LARGE[place], f"value {place} after a restart")


def test_of_two_who_compact_at_once_one_waits_its_turn(server, producer):
    records = [save(producer, array, "Out", call(scale=k), subject=1)["record_id"] for k, array in enumerate(LARGE)]
    producer.call("variables.tag", {"tag": "keep", "record_ids": records[:2]})
    collect(producer)
    with contextlib.closing(Connection(server.tcp)) as other:
        asked = [(each, each.send("variables.compact", {})) for each in (producer.connection, other)]
        refusals = []
        for each, id in asked:
            try:
                each.wait(id)
            except RpcError as refused:
                refusals.append(refused.kind)
    assert refusals in ([], ["overloaded"]), refusals
    for place in (0, 1, 3):
        assert_same_arrays(load(producer, "Out", version=records[place])["value"], LARGE[place], f"value {place}")
    assert not list(server.run_file("variables").parent.glob("*.compacting*"))


def test_the_command_says_what_it_does(server, producer, binary):
    versions(producer, 3, subject=1)
    target = ["--server", f"{server.tcp[0]}:{server.tcp[1]}"]

    def gc(*arguments):
        done = subprocess.run(
            [binary, "gc", *arguments, *target], capture_output=True, text=True, env=environment(), timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert gc("--grace", "0s", "--dry-run").startswith("2 values (0.0 MB) would be evicted; 0 values")
    assert gc().startswith("0 values (0.0 MB) evicted; 2 values (0.0 MB) in quarantine; 1 value (0.0 MB) kept")
    assert "are free again" in gc("--grace", "0s")
    assert collect(producer)["kept"] == 1


@pytest.mark.parametrize("wrong", [{"keep_latest": -1}, {"grace_seconds": -1}, {"keep_reachable": ["all"]}])
def test_what_makes_no_sense_is_refused(producer, wrong):
    with pytest.raises(RpcError, match="invalid_params"):
        producer.call("variables.collect", wrong)
