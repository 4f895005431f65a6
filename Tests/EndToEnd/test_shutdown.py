"""The end of a server: what has arrived is answered within the deadline, and a second signal does not wait for it."""

import contextlib
import json
import signal
import sqlite3

import pytest

from replay import start, tiny_step
from waiting import eventually
from wire import Producer, request


@contextlib.contextmanager
def deaf_client(server):
    """A client that asks for more than it reads, so that the server's shutdown waits for it."""
    with server.connect() as deaf:
        deaf.socket.settimeout(2)
        with contextlib.suppress(TimeoutError):
            for k in range(1_000_000):
                deaf.socket.sendall(request("server.stats", {}, k))
        yield deaf


def is_draining(server):
    return json.loads(server.get("/healthz/ready")[2]).get("reason") == "draining"


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(make_server, second):
    server = make_server("--shutdown-deadline", "600")
    with deaf_client(server):
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_draining(server), "the server drains")
        assert server.process.poll() is None
        server.process.send_signal(second)
        assert server.process.wait(60) == 128 + second, "far within the deadline"
    server.process.stdout.close()
    assert "second signal" in server.messages()


def test_the_deadline_ends_what_waits(make_server):
    server = make_server(HOLDFAST_SHUTDOWN_DEADLINE="0.5")
    with deaf_client(server):
        server.process.send_signal(signal.SIGTERM)
        # The default would let it wait for longer.
        assert server.process.wait(7) == 0
    server.process.stdout.close()


def test_what_was_acknowledged_before_a_second_signal_is_kept(make_server):
    server = make_server("--shutdown-deadline", "600")
    with server.connect() as connection, deaf_client(server):
        start(connection, "run")
        producer = Producer(connection)
        for k in range(20):
            producer.call("steps.append", {"run_id": "run", "steps": [tiny_step(k)]})
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_draining(server), "the server drains")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 128 + signal.SIGTERM
    server.process.stdout.close()
    server.start()
    with server.connect() as connection:
        assert len(connection.call("episodes.steps", {"run_id": "run", "limit": 100})["steps"]) == 20


def test_what_was_given_out_just_before_is_recorded(make_server):
    server = make_server()
    with server.connect() as connection:
        Producer(connection).call("images.insert", {"images": [{"filename": str(n)} for n in range(50)]})
        for n in range(3):
            assert connection.call("labels.next", {"annotator": f"a{n}"})["images"]
        server.stop()
    with contextlib.closing(sqlite3.connect(server.database)) as database:
        assert database.execute("SELECT count(*) FROM label_serves").fetchone() == (3,)
