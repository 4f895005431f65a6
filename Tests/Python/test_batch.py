"""How batches are cut into requests: the same as the Swift SDK's, since either resumes the other's."""

import json
import struct

from holdfast.spool.batch import Batch
from holdfast.spool.reader import Entry
from holdfast.spool.records import GenerationRecord, MetricRecord, RequestRecord, ResourceRecord, StepRecord
from holdfast.wire.array import Array
from holdfast.wire.connection import Limits

LARGE = Limits()


def frame(size, dtype="uint8"):
    return Array(dtype, [size], bytes(size))


def step(index, run="r", **fields):
    return StepRecord(run, "e", index, 1.0, False, False, 2.0, **fields)


def batch_of(*records):
    batch = Batch(0)
    for number, record in enumerate(records):
        size = 16 + sum(len(part) for part in record.parts())
        assert batch.add(Entry(number + 1, record, size, batch.end + size))
    return batch


def counts(batch, limits=LARGE):
    requests, unsendable = batch.split(limits)
    assert [request.part for request in requests] == list(range(len(requests)))
    assert sum(part.bytes for part in (*requests, *unsendable)) == batch.bytes
    return [(request.method, request.records) for request in requests], [part.records for part in unsendable]


def test_kinds_go_in_their_order():
    image = RequestRecord("images.insert", {"images": [{"filename": "a"}]}, [], 5)
    batch = batch_of(
        image,
        GenerationRecord("r", "g", 1.0, 1, 1.0),
        ResourceRecord("r", "cpu", "n", 1.0, "%", "h", 1, 1.0),
        MetricRecord("r", "m", 1.0, 1.0),
        step(0),
        image,
    )
    assert counts(batch)[0] == [
        ("steps.append", 1), ("metrics.append", 1), ("metrics.append", 1), ("metrics.append", 1), ("images.insert", 2),
    ]  # fmt: skip
    tables = [request.params["columns"][0]["table"] for request in batch.split(LARGE)[0][1:4]]
    assert tables == ["training_metrics", "resource_metrics", "generation_metrics"]


def test_steps_are_parted_by_run_and_where_the_layout_of_arrays_changes():
    records = [
        step(0, "a", frame=frame(4)), step(0, "b"), step(1, "a"), step(2, "a", frame=frame(4)), step(3, "a", frame=frame(5)),
        step(1, "b"), step(4, "a", action=1), step(5, "a", action=2), step(6, "a", action=1.0),
    ]  # fmt: skip
    requests = batch_of(*records).split(LARGE)[0]
    # In the order in which the parts began, whichever run they are of.
    assert [(request.params["run_id"], request.records) for request in requests] == [
        ("a", 3), ("b", 2), ("a", 1), ("a", 2), ("a", 1),
    ]  # fmt: skip


def test_observations_part_by_name_and_layout():
    named = {"x": frame(2), "y": frame(3)}
    records = [
        step(0, observation=named), step(1), step(2, observation=dict(named)), step(3, observation={"x": frame(2)}),
        step(4, observation=frame(2)), step(5, observation=frame(2, "int8")),
    ]  # fmt: skip
    assert counts(batch_of(*records))[0] == [("steps.append", 3), ("steps.append", 1), ("steps.append", 1), ("steps.append", 1)]


def test_a_request_travels_alone():
    request, metric = RequestRecord("runs.start", {"run_id": "r"}), MetricRecord("r", "m", 1.0, 1.0)
    batch = batch_of(request)
    assert not batch.add(Entry(2, metric, 100, 200))
    batch = batch_of(metric)
    assert not batch.add(Entry(2, request, 100, 200))


def test_what_is_too_large_is_halved_until_it_fits():
    batch = batch_of(*[step(index, frame=frame(1000)) for index in range(9)])
    # Each step has 8 bytes of index, reward, timestamp each, 2 of flags and 4 of code beside its frame.
    size = 1000 + 8 * 3 + 2 + 4
    assert counts(batch, Limits(1 << 20, 3 * size))[0] == [("steps.append", n) for n in (2, 2, 2, 3)]
    assert counts(batch, Limits(1 << 20, size)) == ([("steps.append", 1)] * 9, [])
    assert counts(batch, Limits(1 << 20, size - 1)) == ([], [1] * 9)
    mixed = batch_of(step(0, frame=frame(10)), step(1, frame=frame(5000)), MetricRecord("r", "m", 1.0, 1.0))
    assert counts(mixed, Limits(1 << 20, 1000)) == ([("steps.append", 1), ("metrics.append", 1)], [1])


def test_the_size_is_that_of_the_longest_stamp():
    request = batch_of(MetricRecord("r", "m", 1.0, 1.0)).split(LARGE)[0][0]
    payload = request.payload(2**63 - 1, "0" * 36, 2**63 - 1)
    assert request.size == (len(payload), sum(map(len, request.attachments)))
    assert json.loads(payload)["params"]["producer"] == "0" * 36


def test_an_array_of_too_many_dimensions_costs_its_step_only():
    deep = Array("uint8", [1] * 8, b"\1")
    batch = batch_of(step(0, frame=deep), step(1), step(2, frame=deep))
    requests, unsendable = counts(batch)
    assert requests == [("steps.append", 1)] and unsendable == [1, 1]


def test_columns_are_those_of_the_protocol():
    request = batch_of(MetricRecord("r", "a", 1.0, 1.0, step=3), MetricRecord("r", "b", 2.0, 2.0)).split(LARGE)[0][0]
    block = request.params["columns"][0]
    assert block["count"] == 2 and set(block["columns"]) == {"run_id", "metric_name", "metric_value", "timestamp", "step"}
    names = block["columns"]["metric_name"]
    assert names["values"] == ["a", "b"] and names["codes"]["dtype"] == "uint32"
    steps = block["columns"]["step"]
    assert struct.unpack("<2q", request.attachments[steps["values"]["attachment"]]) == (3, 0)
    assert bytes(request.attachments[steps["valid"]["attachment"]]) == b"\1\0"
