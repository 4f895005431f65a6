"""Mutated requests: every one gets a well-formed answer or a closed connection; the server stays what it was."""

import json
import random
import uuid

import numpy
import pytest

from replay import assert_target_is_untouched, tiny_step
from wire import Closed, Connection, RpcError, Strings, encode, frame, request

PRODUCER = str(uuid.UUID(int=7))
ODD = [
    None,
    True,
    False,
    0,
    1,
    -1,
    7,
    2**31,
    2**53,
    2**63,
    -(2**63),
    2**64,
    1e308,
    -0.5,
    1e-320,
    "",
    "x",
    "NaN",
    "Infinity",
    "../../x",
    "h5://target/frames/0",
    "a\u0000b",
    "\ud7ff🙂",
    "x" * 5000,
    [],
    {},
    [[]],
    [None],
    {"": {}},
    [1, "2", {}],
    {"dtype": "uint8", "shape": [2], "attachment": 0},
    {"dtype": "float64", "shape": [0], "base64": ""},
]


def valid_requests():
    """(method, parameters) of every family."""
    frames = numpy.arange(96, dtype=numpy.uint8).reshape(2, 4, 4, 3)
    columns = {
        "episode_id": Strings(["f", "f"]),
        "step_index": numpy.array([0, 1]),
        "action": numpy.array([1, 2]),
        "reward": numpy.zeros(2),
        "terminated": numpy.zeros(2, bool),
        "truncated": numpy.zeros(2, bool),
        "frame": frames,
        "info": Strings(['{"a":1}', None]),
        "frame_rows": numpy.array([0, 1], numpy.uint32),
    }
    metric = {"table": "training_metrics", "metric_name": "loss", "metric_value": 0.5, "step": 1, "timestamp": 1e9}
    numbers = {"producer": PRODUCER, "seq": 1}
    return [
        ("server.ping", {}),
        ("server.stats", {}),
        ("hello", {"protocol": 1, "client": "fuzz/1", "producer": PRODUCER}),
        ("runs.start", {"run_id": "fuzz", "config": {"lr": 0.1}, "tags": ["a"], "compression": "lzf"}),
        ("runs.get", {"run_id": "target"}),
        ("runs.list", {"limit": 5}),
        ("steps.append", {"run_id": "fuzz", "steps": [tiny_step(0, "f", frame=frames[0], info={"a": [1]})]} | numbers),
        ("steps.append", {"run_id": "fuzz", "count": 2, "columns": columns} | numbers),
        ("episodes.finish", {"run_id": "fuzz", "episode_id": "f", "metadata": {"a": 1}} | numbers),
        ("episodes.list", {"run_id": "target", "order": "steps", "descending": True, "limit": 3}),
        ("episodes.steps", {"run_id": "target", "from": 0, "to": 2, "arrays": ["frame", "observation"], "limit": 2}),
        (
            "frames.resolve",
            {"refs": ["h5://target/frames/0", "h5://target/frames/1"], "missing": "null", "stack": False},
        ),
        ("metrics.append", {"run_id": "fuzz", "rows": [metric]} | numbers),
        ("metrics.query", {"table": "training_metrics", "where": {"metric_name": ["loss"]}, "from": 0, "to": 2e9}),
        ("metrics.summary", {"run_id": "fuzz"}),
        ("images.insert", {"images": [{"filename": "a", "study_id": "s", "image": frames[0]}]} | numbers),
        ("labels.next", {"limit": 2, "label": "mag_view", "strategy": "mixed", "seed": 1, "annotator": "fuzz"}),
        ("labels.set", {"id": 1, "labels": {"mag_view": 1}, "annotator": "fuzz"}),
        ("labels.stats", {}),
        ("labels.undo", {"annotator": "fuzz"}),
        ("labels.list", {"split": "train", "limit": 3}),
    ]


@pytest.fixture(autouse=True)
def unharmed(target):
    before = target.resident_mib
    yield
    assert_target_is_untouched(target)
    grown = target.resident_mib - before
    assert grown < 150, f"the server's memory grew by {grown:.0f} MiB"


def places(value, path=()):
    """All paths into a JSON tree."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def mutated(params, dice):
    """One value of the tree replaced, removed or doubled."""
    tree = json.loads(json.dumps(params))
    *path, last = dice.choice([place for place in places(tree) if place] or [("surplus",)])
    parent = tree
    for key in path:
        parent = parent[key]
    action = dice.randrange(4)
    if action == 0 and isinstance(parent, dict):
        parent.pop(last, None)
    elif action == 1 and isinstance(parent, list):
        parent.append(parent[last])
    else:
        parent[last] = dice.choice(ODD)
    return tree


@pytest.mark.timeout(600)
def test_mutated_values_get_well_formed_answers(target, is_long):
    dice, requests, numbers = random.Random(21), valid_requests(), iter(range(10**9))
    connection = target.connect()
    for _ in range(40_000 if is_long else 2500):
        method, params = dice.choice(requests)
        attachments = []
        params = encode(params, attachments)
        if "producer" in params:
            params["producer"] = str(uuid.UUID(int=1000 + next(numbers)))
        for _ in range(dice.choice((1, 1, 1, 2, 5))):
            params = mutated(params, dice)
        id = next(connection.ids)
        connection.socket.sendall(frame({"jsonrpc": "2.0", "id": id, "method": method, "params": params}, attachments))
        try:
            connection.wait(id)
        except RpcError as error:
            assert error.code != -32603, f"{method} {json.dumps(params)[:1500]} must not be an internal error: {error}"
        except Closed:
            raise AssertionError(f"{method} {json.dumps(params)[:1500]} must not close the connection") from None
    connection.close()


def spoiled(data, dice):
    """A few bytes of a frame changed, cut, doubled or added."""
    data = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8))):
        at = dice.randrange(len(data))
        action = dice.randrange(5)
        if action == 0:
            data[at] ^= 1 << dice.randrange(8)
        elif action == 1:
            data[at] = dice.choice(b'\x00\xff{}[]",:0-9e.\\')
        elif action == 2:
            del data[at : at + dice.randrange(1, 40)]
        elif action == 3:
            data[at:at] = data[at : at + dice.randrange(1, 40)]
        else:
            data[at:at] = dice.randbytes(dice.randrange(1, 20))
        if not data:
            break
    return bytes(data)


@pytest.mark.timeout(600)
def test_spoiled_frames_get_errors_or_a_closed_connection(target, is_long):
    dice, requests = random.Random(22), valid_requests()
    for k in range(20_000 if is_long else 1000):
        method, params = dice.choice(requests)
        with Connection(target.tcp, hello=k % 10 != 0, timeout=20) as connection:
            for _ in range(dice.choice((1, 3))):
                connection.send_bytes(spoiled(request(method, params, 5), dice))
            half_close(connection)
            try:
                while True:
                    connection.receive()
            except Closed:
                pass
            except TimeoutError:
                raise AssertionError(f"round {k}: the connection must end after the client's end of stream") from None


def half_close(connection):
    try:
        connection.socket.shutdown(1)
    except OSError:
        assert connection.is_closed()
