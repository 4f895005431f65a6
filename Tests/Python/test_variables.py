"""Variables and lineage through the client."""

import numpy
import pytest

import holdfast
from holdfast.lineage import BaseVariable, thunk, use
from holdfast.lineage.canonical import content_hash


class Large(BaseVariable):
    pass


class Last(BaseVariable):
    pass


def test_values_are_saved_loaded_and_followed(client):
    signal = numpy.arange(12.0).reshape(3, 4)
    raw = client.variables.save("Raw", signal, {"subject": "1"})["record_id"]
    lineage = {
        "function_name": "mean",
        "function_hash": "0",
        "lineage_hash": "of it",
        "inputs": [{"name": "signal", "record_id": raw, "type": "Raw"}],
        "constants": [],
    }
    mean = client.variables.save("Mean", {"json": signal.mean()}, {"subject": "1"}, lineage=lineage)["record_id"]
    assert numpy.array_equal(client.variables.load("Raw", {"subject": "1"})["value"], signal)
    assert client.variables.load("Mean", version=mean)["value"] == {"json": 5.5}
    assert [node["record_id"] for node in client.lineage.upstream(mean)["records"]] == [mean, raw]
    assert [node["record_id"] for node in client.lineage.downstream(raw)["records"]] == [raw, mean]
    assert client.lineage.find("of it")["records"][0]["record_id"] == mean
    assert client.lineage.get(mean)["lineage"]["function_name"] == "mean"


def test_every_location_and_every_version_is_gone_through(client):
    client.variables.schema([{"name": "trial", "type": "integer"}])
    for trial in range(5):
        for value in ("old", "new"):
            client.variables.save("V", {"json": value}, {"trial": trial})
    assert [record["value"]["json"] for record in client.variables.load_all("V")] == ["new"] * 5
    assert len(list(client.variables.versions("V", {"trial": 3}))) == 2
    with pytest.raises(holdfast.ServerError, match="ambiguous_version"):
        client.variables.load("V")
    client.variables.delete("V", metadata={"trial": 3})
    assert client.variables.list()["variables"][0]["locations"] == 4


#: What one request takes at most.
LIMIT = 256 << 20


@pytest.mark.parametrize("count", [(40 << 20) // 4 + 1, LIMIT // 4 + 1])
def test_arrays_of_any_size_come_back(client, count):
    array = numpy.arange(count, dtype=numpy.uint32).reshape(1, -1)
    saved = client.variables.save("Large", array, {"subject": "1"})
    record = client.variables.load("Large", {"subject": "1"})
    assert record["value"].dtype == array.dtype and numpy.array_equal(record["value"], array)
    assert record["content_hash"] == saved["content_hash"] == content_hash(array)
    many = client.variables.save_many([{"variable": "Large", "metadata": {"subject": "2"}, "value": array}])["saved"]
    assert many[0]["content_hash"] == saved["content_hash"] and not many[0]["deduplicated"]
    assert [record["value"].shape for record in client.variables.load_all("Large")] == [array.shape] * 2


def test_a_large_array_is_an_argument_like_any_other(client):
    @thunk
    def last(x):
        return int(x[-1])

    large = Large.save(numpy.arange(5 << 20), client, subject="1")
    assert large.is_unchanged
    use(client)
    try:
        Last.save(last(large), subject="1")
        again = last(Large.load(subject="1"))
        assert again.was_hit and again.data == (5 << 20) - 1
    finally:
        use(None)
