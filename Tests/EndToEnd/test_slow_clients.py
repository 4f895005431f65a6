"""Hundreds of clients that are silent, slow or deaf, at both doors: others are served, and what they cost is bounded."""

import contextlib
import itertools
import json
import os
import socket
import threading

import pytest

import crowd
from waiting import eventually, pause
from wire import Connection, Producer, request

#: Clients of each kind.
EACH = 25
ROWS = 400


@pytest.fixture
def busy_server(make_server):
    """A server with frames that add up to large answers."""
    server = make_server("--web", crowd.WEB)
    crowd.prepare(server, crowd.images_needed(5, 1))
    with server.connect() as connection:
        producer = Producer(connection)
        for first in range(crowd.BATCH, ROWS, crowd.BATCH):
            producer.call("steps.append", crowd.steps(0, first))
    return server


def sockets(server):
    """How many sockets the server has open."""
    folder, count = f"/proc/{server.process.pid}/fd", 0
    for number in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            count += os.readlink(f"{folder}/{number}").startswith("socket:")
    return count


#: Almost 2 MiB of frames.
LARGE = {"refs": [f"h5://{crowd.run_name(0)}/frames/{row}" for row in range(290)], "stack": True}


def post(method, params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    head = "POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
    return head.format(len(body)).encode() + body


def send_all_it_takes(connection, data):
    """Sends until the server, which waits for its answers to be read, takes no more."""
    connection.settimeout(0.2)
    with contextlib.suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
        connection.sendall(data)


def deaf_at_tcp(server):
    connection = server.connect().socket
    send_all_it_takes(connection, b"".join(request("frames.resolve", LARGE, id) for id in range(60)))
    return connection


def deaf_at_http(server):
    connection = socket.create_connection(server.http, timeout=20)
    send_all_it_takes(connection, post("frames.resolve", LARGE) * 60)
    return connection


def deaf_to_events(server):
    connection = socket.create_connection(server.http, timeout=20)
    connection.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return connection


def silent_at_tcp(server):
    return socket.create_connection(server.tcp, timeout=20)


def silent_after_hello(server):
    return server.connect().socket


def silent_at_http(server):
    return socket.create_connection(server.http, timeout=20)


def half_closed_at_tcp(server):
    """Asks, and says that it has nothing more to say, but stays."""
    connection = server.connect().socket
    connection.sendall(request("server.ping", {}, 1))
    connection.shutdown(socket.SHUT_WR)
    return connection


def half_closed_at_http(server):
    connection = socket.create_connection(server.http, timeout=20)
    connection.sendall(post("server.ping", {}))
    connection.shutdown(socket.SHUT_WR)
    return connection


KINDS = (
    deaf_at_tcp,
    deaf_at_http,
    deaf_to_events,
    silent_at_tcp,
    silent_after_hello,
    silent_at_http,
    half_closed_at_tcp,
    half_closed_at_http,
)


class Dripper(threading.Thread):
    """Clients that send a request byte by byte, a byte of each in a round, until told to stop."""

    def __init__(self, server):
        super().__init__()
        self.ended = threading.Event()
        tcp = [(silent_after_hello(server), request("runs.list", {}, 1)) for _ in range(EACH)]
        web = [(silent_at_http(server), post("runs.list", {})) for _ in range(EACH)]
        self.clients = [(connection, itertools.cycle(data)) for connection, data in tcp + web]

    def run(self):
        while not self.ended.wait(0.1):
            for connection, data in self.clients:
                with contextlib.suppress(OSError):
                    connection.sendall(bytes([next(data)]))

    def close(self):
        self.ended.set()
        self.join()
        for connection, _ in self.clients:
            connection.close()


@pytest.mark.timeout(300)
def test_hundreds_of_odd_clients_disturb_nobody(busy_server):
    server = busy_server
    before, sockets_before = server.resident_mib, sockets(server)
    odd, dripper = [], Dripper(server)
    dripper.start()
    try:
        for _ in range(EACH):
            odd += [kind(server) for kind in KINDS]
        assert len(odd) + len(dripper.clients) >= 250
        whole = crowd.gather(server, 5)
        assert whole.errors == [], f"{len(whole.errors)} clients failed, the first: {whole.errors[:5]}"
        assert whole.labels and whole.counts["steps"] and whole.spent["steps.sample"]
        grown = server.resident_mib - before
        # 512 MiB for all answers at the TCP door, then one of each; one of each at the HTTP door, as JSON; and the crowd.
        assert grown < 512 + EACH * (4 + 12) + 200, f"the memory grew by {grown:.0f} MiB"
    finally:
        dripper.close()
        for connection in odd:
            connection.close()
    eventually(lambda: sockets(server) <= sockets_before, "the connections of those who left are closed", within=30)


def test_a_deaf_client_holds_up_its_own_answers_only(busy_server):
    """However much it asks for: what it gets made beyond what it reads is bounded, and used again when it is gone."""
    before = busy_server.resident_mib
    for _ in range(3):
        deaf = [deaf_at_tcp(busy_server) for _ in range(4)]
        with busy_server.connect() as other:
            for _ in range(20):
                assert len(other.call("frames.resolve", LARGE)["frames"]) == 290
                pause(0.01)
        grown = busy_server.resident_mib - before
        for connection in deaf:
            connection.close()
        eventually(lambda: sockets(busy_server) <= 2, "only the doors are open")
        # 64 MiB for each, where all that they ask for would take 120 MiB.
        assert grown < 4 * 64 + 150, f"the memory grew by {grown:.0f} MiB"


def test_answers_that_waited_come_when_they_are_read(busy_server):
    with Connection(busy_server.tcp, timeout=60) as slow:
        ids = [slow.send("frames.resolve", LARGE) for _ in range(60)]
        for id in ids:
            frames = slow.wait(id)["frames"]
            assert (frames[7] == crowd.picture(0, 7)).all()
