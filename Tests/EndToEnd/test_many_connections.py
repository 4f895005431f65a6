"""Thousands of connections that are held, and what those get that are too many."""

import contextlib
import http.client
import json
import resource
import socket

import numpy
import pytest

from test_slow_clients import sockets
from waiting import eventually
from wire import Closed, Connection, Producer, RpcError

#: What a server takes that may have 1 024 descriptors, the least: see `DescriptorLimit`.
DESCRIPTORS, TCP, HTTP = 1024, 256, 128


@pytest.fixture
def many_descriptors():
    """How many files this process may open, as many as it can get."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4000:
        pytest.skip(f"needs 4 000 open files, and the hard limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def limited(binary, folder, soft, hard):
    """A program that runs the server with these limits of open files."""
    script = folder / f"limited-{soft}-{hard}"
    script.write_text(f'#!/bin/sh\nulimit -S -n {soft} && ulimit -H -n {hard} && exec "{binary}" "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture
def small_server(binary, tmp_path, make_server):
    """A server that may have few descriptors."""
    server = make_server(start=False)
    server.binary = limited(binary, tmp_path, DESCRIPTORS, DESCRIPTORS)
    return server.start()


def append_a_step(server_or_connection, run):
    """Makes a new run with a frame: its files are opened."""
    connection = server_or_connection
    connection.call("runs.start", {"run_id": run})
    step = {"episode_id": run, "step_index": 0, "reward": 0, "terminated": True, "truncated": False}
    step["frame"] = numpy.zeros((8, 8), numpy.uint8)
    assert Producer(connection).call("steps.append", {"run_id": run, "steps": [step]})["stored"] == 1


@pytest.mark.timeout(600)
def test_thousands_of_idle_connections_are_held(server, many_descriptors, is_long):
    count = min(10_000, many_descriptors // 2) if is_long else 2000
    memory = server.resident_mib
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(server.connect()) for _ in range(count)]
        streams = [stack.enter_context(socket.create_connection(server.http, timeout=20)) for _ in range(count // 10)]
        for stream in streams:
            stream.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        for stream in streams:
            assert stream.recv(12) == b"HTTP/1.1 200"
        each = (server.resident_mib - memory) * 1024 / (len(idle) + len(streams))
        print(f"{len(idle):,} connections and {len(streams):,} streams of events: {each:.1f} KiB each")
        assert each < 64, f"{each:.1f} KiB for a connection that does nothing"
        assert sockets(server) >= len(idle) + len(streams)
        with server.connect() as connection:
            append_a_step(connection, "meanwhile")
        assert server.post("runs.list")["runs"][0]["run_id"] == "meanwhile"
        assert server.get("/healthz")[0] == 200
        for connection in idle[:: max(1, count // 50)]:
            connection.call("server.ping")
    # What else it has open are its doors, and at most a connection that asks for them.
    eventually(lambda: sockets(server) < 10, "all are released", within=60)


def test_streams_of_events_show_that_they_live_and_end_with_their_clients(server):
    """Also where there is nothing to tell."""
    with contextlib.ExitStack() as stack:
        paths = ("/events", "/metrics/rows") * 10
        streams = [stack.enter_context(socket.create_connection(server.http, timeout=30)) for _ in paths]
        for stream, path in zip(streams, paths):
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        for stream in streams:
            received = b""
            # All that came is read: a close with bytes that were not would be a reset.
            while b": open\n\n\r\n3\r\n:\n\n\r\n" not in received:
                received += stream.recv(65536)
        assert sockets(server) >= 20
    eventually(lambda: sockets(server) < 10, "all are released")


def test_a_low_soft_limit_is_raised(binary, tmp_path, make_server):
    server = make_server(start=False)
    server.binary = limited(binary, tmp_path, 256, 2048)
    server.start()
    with contextlib.ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(server.connect()).call("server.ping")


def test_one_too_many_is_told_so(small_server):
    with contextlib.ExitStack() as stack:
        served = [stack.enter_context(small_server.connect()) for _ in range(TCP)]
        for _ in range(3):
            with Connection(small_server.tcp, hello=False) as connection:
                with pytest.raises(RpcError) as refused:
                    connection.hello()
                assert (refused.value.kind, refused.value.final) == ("overloaded", False)
                assert f"{TCP} connections" in refused.value.message, refused.value.message
                assert connection.is_closed()
        # For files there is still room.
        append_a_step(served[0], "beside")
        served[1].close()

        def welcome():
            with contextlib.suppress(RpcError, Closed):
                return stack.enter_context(small_server.connect())

        assert eventually(welcome, "there is room again").call("server.ping")


def test_one_too_many_at_the_http_door_is_told_so(small_server):
    with contextlib.ExitStack() as stack:
        for _ in range(HTTP):
            stream = stack.enter_context(socket.create_connection(small_server.http, timeout=20))
            stream.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert stream.recv(12) == b"HTTP/1.1 200"
        for verb, path in (("GET", "/healthz"), ("GET", "/"), ("POST", "/rpc")):
            connection = http.client.HTTPConnection(*small_server.http, timeout=20)
            connection.request(verb, path, b"{}" if verb == "POST" else None)
            response = connection.getresponse()
            assert response.status == 503 and response.getheader("connection") == "close"
            error = json.loads(response.read())["error"]
            assert error["kind"] == "overloaded" and f"{HTTP} connections" in error["message"]
            connection.close()
        with small_server.connect() as connection:
            append_a_step(connection, "beside")
    eventually(lambda: small_server.get("/healthz")[0] == 200, "there is room again")
