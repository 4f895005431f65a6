"""Hashes that all clients and the server share (Tests/Vectors)."""

import base64
import json
import struct
import sys
from pathlib import Path

import pytest

from holdfast import Array
from holdfast.lineage.arguments import argument_hash
from holdfast.lineage.canonical import content_hash, frame, json_bytes, number, sha
from holdfast.lineage.thunks import Thunk, lineage_hash

FOLDER = Path(__file__).resolve().parent.parent / "Vectors"
sys.path.insert(0, str(FOLDER))

import lineage as generator  # noqa: E402

VECTORS = json.loads((FOLDER / "lineage.json").read_text())


def array(value):
    return Array(value["dtype"], value["shape"], base64.b64decode(value["base64"]) * value.get("times", 1))


def column(value):
    """As a client has it; None for a form that only other clients send."""
    if isinstance(value, list):
        return value
    if "codes" in value:
        strings = [*value["values"], None]
        return [strings[code] for code in array(value["codes"]).tolist()]
    return None if "values" in value else array(value)


def sent(value):
    if "json" in value:
        return value
    if "table" not in value:
        return array(value)
    columns = {name: column(one) for name, one in value["table"].items()}
    return None if any(one is None for one in columns.values()) else {"table": columns}


def untyped(value):
    if "list" in value:
        return [untyped(item) for item in value["list"]]
    if "float" in value:
        return struct.unpack("<d", bytes.fromhex(value["float"]))[0]
    return int(value["int"]) if "int" in value else value["plain"]


def test_the_file_is_what_its_generator_makes():
    assert (FOLDER / "lineage.json").read_text() == generator.text()
    assert sum(map(len, VECTORS.values())) >= 200


@pytest.mark.parametrize("vector", VECTORS["contents"], ids=lambda vector: vector["hash"][:12])
def test_contents(vector):
    value = sent(vector["value"])
    if value is not None:
        assert content_hash(value) == vector["hash"]


def test_records():
    for vector in VECTORS["records"]:
        content, metadata = bytes.fromhex(vector["content_hash"]), json_bytes(vector["metadata"])
        parts = frame("record"), frame(vector["variable"]), number(vector["schema_version"]), content, metadata
        assert sha(*parts).hex()[:16] == vector["record_id"]


def test_constants():
    for vector in VECTORS["constants"]:
        assert argument_hash(untyped(vector["value"]), "value").hex() == vector["hash"], vector


def test_functions_whose_version_is_declared():
    for vector in VECTORS["functions"]:

        def function():
            pass

        function.__qualname__ = vector["name"]
        made = Thunk(function, outputs=vector["outputs"], version=vector["version"], reason="a test")
        assert made.identity().hash.hex() == vector["hash"]


def test_invocations():
    for vector in VECTORS["invocations"]:
        arguments = {name: bytes.fromhex(digest) for name, digest in vector["arguments"].items()}
        assert lineage_hash(bytes.fromhex(vector["function"]), vector["output"], arguments) == vector["hash"]
