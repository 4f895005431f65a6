"""Hostile bytes at the TCP door: each gets its error, harms nobody else, and costs no memory."""

import json
import struct

import pytest

from server import wait_until_answers
from wire import Closed, Connection, RpcError, frame, request

MIB = 1 << 20


@pytest.fixture(autouse=True)
def unharmed(lasting_server):
    """After each test the same server answers and its memory has not grown."""
    before = lasting_server.resident_mib
    yield
    wait_until_answers(lasting_server)
    lasting_server.check()
    grown = lasting_server.resident_mib - before
    assert grown < 100, f"the server's memory grew by {grown:.0f} MiB"


def answer_to(server, data, hello=True):
    """The error that raw bytes get, and whether the connection is closed then."""
    with Connection(server.tcp, hello=hello, timeout=20) as connection:
        connection.send_bytes(data)
        message = connection.receive()
        assert "error" in message, f"expected an error: {message}"
        error = RpcError(message["error"])
        try:
            connection.call("server.ping")
            closed = False
        except (Closed, BrokenPipeError, ConnectionResetError):
            closed = True
        return message["id"], error, closed


def payload(text):
    return frame(text.encode() if isinstance(text, str) else text)


PING = '{"jsonrpc":"2.0","id":1,"method":"server.ping","params":{}'

UNTRUSTED = {
    "length 0": (struct.pack(">I", 0), None),
    "length 4 GiB": (struct.pack(">I", 0xFFFFFFFF), None),
    "length over 16 MiB": (struct.pack(">I", 16 * MIB + 1), None),
    "garbage": (payload(b"\x00\xff\xfe garbage"), -32700),
    "half an object": (payload('{"jsonrpc": "2.0", "id": 1,'), -32700),
    "not UTF-8": (payload(b'{"jsonrpc":"2.0","id":1,"method":"\xff\xfe"}'), -32700),
    "two objects": (payload(PING + "} {}"), -32700),
    "100 000 brackets": (payload("[" * 100_000 + "]" * 100_000), None),
    "100 000 objects": (payload('{"a":' * 100_000 + "1" + "}" * 100_000), None),
    "attachments negative": (payload(PING + ',"attachments":[-1]}'), None),
    "attachments a fraction": (payload(PING + ',"attachments":[1.5]}'), None),
    "attachments strings": (payload(PING + ',"attachments":["8"]}'), None),
    "attachments a number": (payload(PING + ',"attachments":8}'), None),
    "attachments an object": (payload(PING + ',"attachments":{"0":8}}'), None),
    "attachments true": (payload(PING + ',"attachments":[true]}'), None),
    "attachments null inside": (payload(PING + ',"attachments":[null]}'), None),
    "attachments over the limit": (payload(PING + f',"attachments":[{256 * MIB + 1}]}}'), None),
    "attachments over the limit together": (payload(PING + f',"attachments":[{200 * MIB},{200 * MIB}]}}'), None),
    "attachments that overflow": (payload(PING + f',"attachments":[{2**63 - 1},{2**63 - 1}]}}'), None),
    "attachments beyond 64 bits": (payload(PING + f',"attachments":[{2**64 + 1}]}}'), None),
    "attachments 1e400": (payload(PING + ',"attachments":[1e400]}'), None),
}


@pytest.mark.parametrize("data, code", UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_a_stream_that_cannot_be_trusted_gets_an_error_and_ends(lasting_server, data, code):
    id, error, closed = answer_to(lasting_server, data)
    assert id is None, f"the error has id null: {error}"
    assert code is None or error.code == code, f"expected code {code}: {error}"
    assert error.code in (-32700, -32600, -32000), f"unexpected code: {error}"
    assert closed, "the connection must be closed"


INVALID = {
    "a batch": ("[" + PING + "}]", -32600),
    "an empty batch": ("[]", -32600),
    "a number": ("7", -32600),
    "a string": ('"hello"', -32600),
    "null": ("null", -32600),
    "no id": ('{"jsonrpc":"2.0","method":"server.ping","params":{}}', -32600),
    "no method": ('{"jsonrpc":"2.0","id":1,"params":{}}', -32600),
    "no version": ('{"id":1,"method":"server.ping","params":{}}', -32600),
    "version 1.0": ('{"jsonrpc":"1.0","id":1,"method":"server.ping"}', -32600),
    "a method that is a number": ('{"jsonrpc":"2.0","id":1,"method":7}', -32600),
}


@pytest.mark.parametrize("text, code", INVALID.values(), ids=INVALID.keys())
def test_what_is_no_request_is_invalid(lasting_server, text, code):
    id, error, _ = answer_to(lasting_server, payload(text))
    assert error.code == code, f"expected {code}: {error}"
    assert id in (None, 1)


def test_a_write_without_id_is_not_executed(lasting_server):
    with lasting_server.connect() as connection:
        message = {"jsonrpc": "2.0", "method": "runs.start", "params": {"run_id": "never_started"}}
        connection.send_bytes(frame(message))
        answer = connection.receive()
        assert answer["id"] is None and answer["error"]["code"] == -32600
    with lasting_server.connect() as connection:
        assert connection.refusal("runs.get", {"run_id": "never_started"}).kind == "not_found"


@pytest.mark.parametrize("id", [1, 0, -7, "text", "", 2**53, "ü🙂"], ids=str)
def test_an_id_comes_back_as_it_was(lasting_server, id):
    with lasting_server.connect() as connection:
        connection.send_bytes(request("server.ping", {}, id))
        assert connection.receive()["id"] == id


def test_unknown_methods_and_wrong_parameters(lasting_server):
    with lasting_server.connect() as connection:
        for method in ("", "runs", "runs.explode", "Runs.Start", "runs.start ", "rpc.discover", "x" * 100_000):
            refused = connection.refusal(method)
            assert refused.code == -32601, f"{method[:50]!r} is an unknown method: {refused.args[0][:200]}"
        for params in ([], [1], "text", 7, None, {"run_id": 7}, {"run_id": None}, {}):
            id = next(connection.ids)
            connection.send_bytes(frame({"jsonrpc": "2.0", "id": id, "method": "runs.get", "params": params}))
            with pytest.raises(RpcError) as refused:
                connection.wait(id)
            assert refused.value.code in (-32602, -32600), f"params {params!r}: {refused.value}"


@pytest.mark.parametrize("cut", [1, 3, 4, 5, 40, -1])
def test_a_frame_cut_short_is_not_executed(lasting_server, cut):
    whole = request("runs.start", {"run_id": "cut_short"})
    with lasting_server.connect() as connection:
        connection.send_bytes(whole[:cut])
        connection.socket.shutdown(1)
        assert connection.is_closed(), "the server closes after the client's end of stream"
    with lasting_server.connect() as connection:
        assert connection.refusal("runs.get", {"run_id": "cut_short"}).kind == "not_found"


def test_attachments_cut_short_are_not_executed(lasting_server):
    with lasting_server.connect() as connection:
        message = {"jsonrpc": "2.0", "id": 1, "method": "runs.start", "params": {"run_id": "cut_too"}}
        connection.send_bytes(frame(message | {"attachments": [1000]}) + b"x" * 999)
        connection.socket.shutdown(1)
        assert connection.is_closed()
    with lasting_server.connect() as connection:
        assert connection.refusal("runs.get", {"run_id": "cut_too"}).kind == "not_found"


def test_bytes_that_come_one_by_one_make_a_frame(lasting_server):
    with lasting_server.connect() as connection:
        for byte in request("server.ping", {}, "slow"):
            connection.socket.sendall(bytes([byte]))
        assert connection.receive()["id"] == "slow"


def test_unused_attachments_are_skipped(lasting_server):
    with lasting_server.connect() as connection:
        message = {"jsonrpc": "2.0", "id": 1, "method": "server.ping", "params": {}}
        connection.send_bytes(frame(message, [b"x" * MIB, b"", b"y"]) + request("server.ping", {}, 2))
        assert {connection.receive()["id"] for _ in range(2)} == {1, 2}


FIRST = {
    "no hello": (request("server.ping"), "hello_required"),
    "a write first": (request("runs.start", {"run_id": "unasked"}), "hello_required"),
    "protocol 2": (request("hello", {"protocol": 2, "client": "x/1"}), "unsupported_protocol"),
    "protocol 0": (request("hello", {"protocol": 0, "client": "x/1"}), "unsupported_protocol"),
    "attachments": (
        frame({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"protocol": 1, "client": "x"}}, [b"abc"]),
        None,
    ),
    "65 KiB": (request("hello", {"protocol": 1, "client": "x" * 65 * 1024}), None),
    "a length of 65 KiB": (struct.pack(">I", 65 * 1024), None),
    "HTTP": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", None),
    "TLS": (bytes.fromhex("16030100b6010000b20303") + bytes(200), None),
}


@pytest.mark.parametrize("data, kind", FIRST.values(), ids=FIRST.keys())
def test_before_hello_little_is_allowed(lasting_server, data, kind):
    id, error, closed = answer_to(lasting_server, data, hello=False)
    assert kind is None or (error.kind == kind and error.code == -32000), f"expected {kind}: {error}"
    assert closed, "the connection must be closed"
    if kind == "unsupported_protocol":
        assert error.data["supported"] == [1]


def test_pipelined_requests_behind_a_refused_hello_are_not_executed(lasting_server):
    data = request("server.ping") + request("runs.start", {"run_id": "smuggled"}, 2)
    answer_to(lasting_server, data, hello=False)
    with lasting_server.connect() as connection:
        assert connection.refusal("runs.get", {"run_id": "smuggled"}).kind == "not_found"


@pytest.mark.parametrize(
    "params", [{"protocol": "1", "client": "x"}, {"client": "x"}, {"protocol": 1}, {"protocol": 1.5}, {}], ids=str
)
def test_a_malformed_hello_is_refused(lasting_server, params):
    with Connection(lasting_server.tcp, hello=False) as connection:
        try:
            connection.call("hello", params)
        except RpcError as refused:
            assert refused.kind in ("invalid_params", "unsupported_protocol", "hello_required"), str(refused)
        else:
            assert params == {"protocol": 1}, f"hello {params} must be refused"


def test_many_silent_and_many_broken_connections(lasting_server):
    silent = [Connection(lasting_server.tcp, hello=False) for _ in range(100)]
    wait_until_answers(lasting_server)
    for k in range(300):
        with Connection(lasting_server.tcp, hello=k % 2 == 0) as connection:
            connection.send_bytes(request("server.ping")[: k % 60])
    for connection in silent:
        connection.close()


def test_a_silent_connection_is_closed_without_hello(lasting_server):
    with Connection(lasting_server.tcp, hello=False, timeout=30) as connection:
        assert connection.is_closed(), "an unauthenticated connection is closed after a few seconds"


def test_announced_but_unsent_bytes_cost_no_memory(lasting_server):
    connections = [lasting_server.connect() for _ in range(20)]
    before = lasting_server.resident_mib
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server.ping", "attachments": [200 * MIB]}).encode()
    for connection in connections:
        connection.send_bytes(frame(message) + b"x" * 1000)
    wait_until_answers(lasting_server)
    assert lasting_server.resident_mib - before < 64, "memory is taken when bytes arrive, not when they are announced"
    for connection in connections:
        connection.close()


def test_a_client_that_never_reads_does_not_stop_others(lasting_server):
    with lasting_server.connect() as deaf:
        deaf.socket.settimeout(2)
        before = lasting_server.resident_mib
        try:
            for k in range(200_000):
                deaf.socket.sendall(request("server.stats", {}, k))
        except TimeoutError:
            pass
        wait_until_answers(lasting_server)
        grown = lasting_server.resident_mib - before
        assert grown < 100, f"answers to a client that does not read took {grown:.0f} MiB"


def test_a_token_is_needed_where_one_is_set(make_server):
    server = make_server(HOLDFAST_TOKEN="correct horse battery staple")
    for token in (None, "", "wrong", "correct horse battery stapl", "x" * 10_000):
        with Connection(server.tcp, hello=False) as connection:
            with pytest.raises(RpcError) as refused:
                connection.hello(token=token)
            assert (refused.value.kind, refused.value.final) == ("unauthorized", False), f"token {token!r}"
            assert connection.is_closed()
    with server.connect(token="correct horse battery staple") as connection:
        connection.call("server.ping")
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server.ping"})
    kind = {"Content-Type": "application/json"}
    assert server.request("POST", "/rpc", body, kind)[0] == 401
    assert server.request("POST", "/rpc", body, kind | {"Authorization": "Bearer wrong"})[0] == 401
    right = {"Authorization": "Bearer correct horse battery staple"}
    assert server.request("POST", "/rpc", body, kind | right)[0] == 200
    for path in ("/thumbnails/1.png", "/frames/run/frames/0.png"):
        assert server.get(path)[0] == 401, f"{path} needs the token"
    assert server.get("/healthz")[0] == 200
    assert "correct horse" not in server.messages(), "a token is never logged"
