"""Variables and lineage through the client."""

import numpy
import pytest

import holdfast


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
