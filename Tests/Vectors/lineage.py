"""Makes lineage.json: values and the hashes that every client and the server must give them.

    python3 Tests/Vectors/lineage.py > Tests/Vectors/lineage.json

The hashes are computed here by themselves, from what PROTOCOL.md and the Python client's README say, with nothing of a client.
"""

import base64
import hashlib
import itertools
import json
import math
import struct

ITEMS = {
    "bool": "?", "uint8": "B", "int8": "b", "uint16": "H", "int16": "h", "uint32": "I", "int32": "i", "uint64": "Q",
    "int64": "q", "float32": "f", "float64": "d",
}  # fmt: skip
TEXTS = ["", "a", "A", "ö", "o\u0308", "🧪", "\u212b", "Å", "e\u0301", "é", "a\nb", 'quote " and \\', "\u0000", "ﬁ", "日本語", " a"]
NUMBERS = [0, 1, -1, 2**31, 2**53 - 1, 2**53, -(2**53), 2**63 - 1, -(2**63), 0.5, -0.25, 1e-300, 1e17, 1.5e300, 0.1, 1 / 3]


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def number(value):
    return struct.pack("<Q", value & 2**64 - 1)


def frame(data):
    raw = data.encode() if isinstance(data, str) else data
    return number(len(raw)) + raw


# What is hashed of a value


def array_hash(dtype, shape, data):
    leaves = b"".join(sha(data[start : start + 2**20]) for start in range(0, len(data), 2**20))
    return sha(frame("array"), frame(dtype), number(len(shape)), *map(number, shape), sha(leaves))


def canonical(value):
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, (int, float)):
        is_whole = isinstance(value, int) or (value.is_integer() and -(2**63) <= value < 2**63)
        return b"i" + number(int(value)) if is_whole else b"d" + struct.pack("<d", value)
    if isinstance(value, str):
        return b"s" + frame(value)
    if isinstance(value, list):
        return b"a" + number(len(value)) + b"".join(map(canonical, value))
    members = sorted((key.encode(), item) for key, item in value.items())
    return b"o" + number(len(members)) + b"".join(frame(key) + canonical(item) for key, item in members)


def column_hash(column):
    if isinstance(column, list):
        return frame("values") + canonical(column)
    if "codes" in column:
        codes = list(base64.b64decode(column["codes"]["base64"]))
        strings = [None if code == len(column["values"]) else column["values"][code] for code in codes]
        return frame("values") + canonical(strings)
    if "values" in column:
        return frame("numbers") + content(column["values"]) + number(1) + content(column["valid"])
    return frame("numbers") + content(column) + number(0)


def content(value):
    if "json" in value:
        return sha(frame("json"), canonical(value["json"]))
    if "table" in value:
        columns = sorted((name.encode(), column) for name, column in value["table"].items())
        return sha(frame("table"), number(len(columns)), *(frame(name) + column_hash(column) for name, column in columns))
    return array_hash(value["dtype"], value["shape"], base64.b64decode(value["base64"]) * value.get("times", 1))


# What is hashed of an argument: a list is a node with what is in it, equal leaves are one


def constant(value):
    own, edges, leaves = [], [], {}

    def visit(item):
        parts = item if isinstance(item, list) else []
        leaf = plain(item)
        if not parts and leaf in leaves:
            return leaves[leaf]
        place = len(own)
        own.append(leaf)
        edges.append([])
        if not parts:
            leaves[leaf] = place
        for part in parts:
            edges[place].append(visit(part))
        return place

    visit(value)
    nodes = (
        frame(one) + number(len(to)) + b"".join(frame("") + number(place) for place in to) for one, to in zip(own, edges)
    )
    return sha(frame("constant"), sha(*nodes))


def plain(item):
    if item is None:
        return b"n"
    if isinstance(item, bool):
        return b"t" if item else b"f"
    if isinstance(item, int):
        return b"i" + frame(str(item))
    if isinstance(item, float):
        return b"d" + struct.pack("<d", math.nan if item != item else item)
    return b"s" + frame(item) if isinstance(item, str) else b"l"


def invocation(function, output, arguments):
    ordered = sorted((name.encode(), digest) for name, digest in arguments.items())
    return sha(
        frame("invocation"), function, number(output), number(len(ordered)), *(frame(name) + d for name, d in ordered)
    )


def declared_version(name, version, outputs):
    """Of a function whose version is declared: one node without parts."""
    own = b"version" + frame(name) + frame(version) + number(outputs)
    return sha(frame(own), number(0))


# The values


def array(dtype, shape, *items):
    return raw(dtype, shape, struct.pack(f"<{len(items)}{ITEMS[dtype]}", *items))


def raw(dtype, shape, data, times=1):
    value = {"dtype": dtype, "shape": shape, "base64": base64.b64encode(data).decode()}
    return value if times == 1 else {**value, "times": times}


def arrays():
    for dtype in ITEMS:
        for shape in ([], [1], [2], [4], [2, 2], [1, 4], [4, 1], [2, 1, 2], [0], [0, 3], [3, 0]):
            yield array(dtype, shape, *(place % 2 for place in range(math.prod(shape))))
    for value in (0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1.5):
        yield array("float64", [1], value)
    for value in (-0.0, math.nan, math.inf, 1.5):
        yield array("float32", [1], value)
    yield raw("float64", [1], struct.pack("<Q", 0x7FF8000000000001))  # another NaN: other bytes
    yield array("int64", [3], -(2**63), 0, 2**63 - 1)
    yield array("uint64", [1], 2**64 - 1)
    yield array("uint8", [1] * 8, 7)
    for size in (2**20 - 4, 2**20, 2**20 + 4, 3 * 2**20 + 8):
        yield raw("uint8", [size], b"\x00\x01\x02\x03", size // 4)


def jsons():
    for value in (None, True, False, *NUMBERS, *TEXTS):
        yield {"json": value}
    nested = [[], [1], [1, 2], [2, 1], [[1, 2]], [[1], 2], [[1], [2]], [[[1, 2]]], [None], [[]], ["1"], [1, "1"], [True]]
    objects = [{}, {"a": 1}, {"a": "1"}, {"a": None}, {"b": 1, "a": 2}, {"ä": 1, "z": 2}, {"a": {"b": 1}}, {"a": [{"b": 1}]}]
    objects += [{"o\u0308": 1}, {"": 0}, {"🧪": 1, "ﬁ": 2}, {"a": 1, "ab": 2, "b": 3}, {"ab": 1, "a": {"b": 1}}]
    for value in nested + objects:
        yield {"json": value}


def tables():
    numbers, flags = array("float64", [3], 1.0, math.nan, -0.0), array("bool", [3], 1, 0, 1)
    codes = raw("uint8", [3], bytes([0, 1, 2]))
    columns = [numbers, flags, array("int64", [3], 1, 2, 3), array("float32", [3, 2], *range(6)), [1, "a", None], [True, 0.5, []]]
    columns += [{"values": numbers, "valid": flags}, {"values": ["x", "ö"], "codes": codes}, ["x", "ö", None]]
    yield {"table": {}}
    for column in columns:
        yield {"table": {"a": column}}
    for one, other in itertools.combinations(range(len(columns)), 2):
        yield {"table": {"one": columns[one], "ö": columns[other]}}


def constants():
    yield from (None, True, False, *NUMBERS, *TEXTS, 1.0, -0.0, 0.0, math.nan, math.inf, -math.inf)
    yield from ([], [1], [1.0], [True], ["1"], [1, 2], [2, 1], [1, 1], [[1, 2]], [[1], 2], [[1], [1]], [[], []], [None, [None]])
    yield from ([0.0, -0.0, math.nan, math.nan], [[1, 2], [1, 2], [2, 1]], ["a", ["a", ["a"]]])


def typed(value):
    """JSON that tells 1 from 1.0 and has NaN."""
    if isinstance(value, list):
        return {"list": [typed(item) for item in value]}
    if isinstance(value, float):
        return {"float": struct.pack("<d", value).hex()}
    return {"int": str(value)} if isinstance(value, int) and not isinstance(value, bool) else {"plain": value}


def vectors():
    values = [*arrays(), *jsons(), *tables()]
    contents = [{"value": value, "hash": content(value).hex()} for value in values]
    places = [{}, {"subject": 1}, {"subject": "1"}, {"subject": True}, {"a": 1, "b": 2}, {"ö": "ö"}, {"o\u0308": "ö"}, {"x": 0.5}]
    records = []
    for variable, version, (place, metadata) in itertools.product(("EMG", "ö"), (1, 2), enumerate(places)):
        hashed = content(values[place])
        parts = frame("record") + frame(variable) + number(version) + hashed + canonical(metadata)
        record = {"variable": variable, "schema_version": version, "metadata": metadata, "content_hash": hashed.hex()}
        records.append({**record, "record_id": sha(parts).hex()[:16]})
    known = [{"value": typed(value), "hash": constant(value).hex()} for value in constants()]
    functions = [
        {"name": name, "version": version, "outputs": outputs, "hash": declared_version(name, version, outputs).hex()}
        for name, version, outputs in itertools.product(("mean", "ö"), ("1", "2"), (1, 2))
    ]
    digests = [sha(b"one"), sha(b"two")]
    bound = [{}, {"signal": digests[0]}, {"low": digests[0]}, {"a": digests[0], "b": digests[1]}]
    bound += [{"a": digests[1], "b": digests[0]}, {"ö": digests[0], "z": digests[1]}, {"ab": digests[0]}]
    invocations = []
    for function, output, arguments in itertools.product(digests, (0, 1), bound):
        hashed = invocation(function, output, arguments).hex()
        named = {name: digest.hex() for name, digest in arguments.items()}
        invocations.append({"function": function.hex(), "output": output, "arguments": named, "hash": hashed})
    return {
        "contents": contents, "records": records, "constants": known, "functions": functions, "invocations": invocations,
    }  # fmt: skip


def text():
    made = vectors()
    lists = (f'"{name}": [\n' + ",\n".join(json.dumps(one) for one in made[name]) + "\n]" for name in made)
    return "{" + ",\n".join(lists) + "}\n"


if __name__ == "__main__":
    print(text(), end="")
