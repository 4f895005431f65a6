"""What is kept of invocations: which made the same record, and why one was computed again."""

import pytest

from test_variables import made, save
from wire import Producer, RpcError


@pytest.fixture
def producer(connection):
    return Producer(connection)


def find(producer, lineage_hash):
    return [record["record_id"] for record in producer.connection.call("lineage.find", {"lineage_hash": lineage_hash})["records"]]


def test_another_function_with_the_same_result_takes_nothing_from_the_first(producer):
    record = save(producer, {"json": 1}, "Out", made("f"))["record_id"]
    for name in ("g", "f", "g"):
        assert save(producer, {"json": 1}, "Out", made(name))["record_id"] == record
        for known in ("f", "g") if name == "g" else ("f",):
            assert find(producer, made(known)["lineage_hash"]) == [record], f"{known} after {name}"
        assert producer.connection.call("lineage.get", {"record_id": record})["lineage"]["function_name"] == name
    producer.connection.call("variables.delete", {"variable": "Out", "version": record})
    assert find(producer, made("f")["lineage_hash"]) == []


def test_a_function_is_told_with_its_parts_host_and_time(producer):
    told = {"function_parts": {"body": "1a", "global RATE": "2b"}, "host": "ada", "user_id": "me", "started_at": 1795848000.5}
    record = save(producer, {"json": 1}, "Out", made("f", **told))["record_id"]
    lineage = producer.connection.call("lineage.get", {"record_id": record})["lineage"]
    assert {name: lineage[name] for name in told} == told and "lease" not in lineage
    other = save(producer, {"json": 2}, "Out", made("f"))["record_id"]
    again = producer.connection.call("lineage.get", {"record_id": other})["lineage"]
    assert again["function_parts"] == told["function_parts"], "they are the function's"


def test_who_saves_what_was_found_takes_nothing_from_who_ran_it(producer):
    told = {"host": "ada", "user_id": "me", "started_at": 1795848000.5}
    record = save(producer, {"json": 1}, "Out", made("f", **told))["record_id"]
    for name in ("f", "g", "f"):
        save(producer, {"json": 1}, "Out", made(name))
        lineage = producer.connection.call("lineage.get", {"record_id": record})["lineage"]
        assert {member: lineage.get(member) for member in told} == (told if name == "f" else dict.fromkeys(told)), name
    save(producer, {"json": 1}, "Out", made("f", host="bob", started_at=1795849000.5))
    assert producer.connection.call("lineage.get", {"record_id": record})["lineage"]["host"] == "bob", "it ran again"


def argument(name, hash, **value):
    return {"name": name, "hash": hash} | value


def call(name="f", rate="1", scale=1, signal="raw 1", content="c1", **members):
    """A call of f(signal, scale) with a global of its own."""
    hashes = {"function_hash": f"hash of {name} {rate}", "function_parts": {"body": name, "global RATE": rate}}
    lineage = made(name, [("signal", signal, "Raw")], **hashes)
    lineage["lineage_hash"] = f"{name} {rate} {scale} {content}"
    lineage["constants"] = [argument("signal", content), argument("scale", f"s{scale}", value=scale)]
    return lineage | members


CHANGES = {
    "nothing": ({}, []),
    "a part of the function": ({"rate": "2"}, [{"kind": "function", "name": "global RATE", "before": "1", "after": "2"}]),
    "a constant": ({"scale": 2}, [{"kind": "constant", "name": "scale", "before": 1, "after": 2}]),
    "an input": ({"signal": "raw 2", "content": "c2"}, [{"kind": "input", "name": "signal", "before": "raw 1", "after": "raw 2"}]),
    "an input's address, which does not count": ({"signal": "raw 2"}, []),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_why_tells_what_would_make_a_record_be_computed_again(producer, change):
    record = save(producer, {"json": 1}, "Out", call())["record_id"]
    answer = producer.connection.call("lineage.why", {"record_id": record, "lineage": call(**change[0])})
    assert answer["changes"] == change[1] and "previous_record_id" not in answer


def test_why_tells_what_made_a_record_be_computed_again(producer):
    connection = producer.connection
    first = save(producer, {"json": 1}, "Out", call(), subject=1)["record_id"]
    assert connection.call("lineage.why", {"record_id": first}) == {"changes": [], "outdated": []}
    save(producer, {"json": 3}, "Out", call(scale=9), subject=2)
    second = save(producer, {"json": 2}, "Out", call(scale=2), subject=1)["record_id"]
    answer = connection.call("lineage.why", {"record_id": second})
    assert answer["previous_record_id"] == first and [one["name"] for one in answer["changes"]] == ["scale"]
    same = save(producer, {"json": 2}, "Out", call(rate="2", scale=2), subject=1)["record_id"]
    answer = connection.call("lineage.why", {"record_id": same})
    assert same == second and answer["previous_record_id"] == second
    assert [(one["kind"], one["name"]) for one in answer["changes"]] == [("function", "global RATE")]


def test_why_tells_which_inputs_are_outdated(producer):
    connection = producer.connection
    raw = save(producer, {"json": "old"}, "Raw", subject=1)["record_id"]
    record = save(producer, {"json": 1}, "Out", call(signal=raw), subject=1)["record_id"]
    assert connection.call("lineage.why", {"record_id": record})["outdated"] == []
    newer = save(producer, {"json": "new"}, "Raw", subject=1)["record_id"]
    outdated = {"name": "signal", "record_id": raw, "latest_record_id": newer}
    assert connection.call("lineage.why", {"record_id": record})["outdated"] == [outdated]
    connection.call("variables.delete", {"variable": "Raw", "metadata": {"subject": 1}})
    assert connection.call("lineage.why", {"record_id": record})["outdated"] == [{"name": "signal", "record_id": raw}]
    for unknown in ("0" * 16, raw):
        with pytest.raises(RpcError, match="not_found"):
            connection.call("lineage.why", {"record_id": unknown})
