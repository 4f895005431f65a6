"""Connections that end in the middle of a frame, and such that are there although nobody is."""

import socket
import struct

import pytest

from faults import on
from senders import Sender
from workloads import WORKLOADS


def reset(connection):
    """Ends a connection as a network does that lost one of its ends, not as a program that closes it."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@on("connection cut", *WORKLOADS)
def test_half_a_frame_does_nothing_and_is_sent_again(lasting_server, subject):
    sender = Sender(WORKLOADS[subject]())
    with lasting_server.connect() as connection:
        sender.workload.prepare(connection)
    for end in (lambda connection: connection.close(), reset):
        cut = lasting_server.connect(producer=sender.producer)
        sender.write(cut, 2)
        message = sender.message(sender.sent)
        cut.send_bytes(message[: len(message) - 3])
        end(cut)
        with lasting_server.connect(producer=sender.producer) as connection:
            last = connection.welcome["producer"]["last_seq"]
            assert not sender.workload.is_numbered or last == sender.acknowledged
            sender.check(lasting_server, connection)
            sender.write(connection)
            sender.check(lasting_server, connection)


@pytest.fixture(scope="module")
def forsaken():
    """Connections that nobody closes before the server has ended."""
    connections = []
    yield connections
    for connection in connections:
        connection.close()


@pytest.fixture(scope="module")
def haunted_server(forsaken, lasting_server):
    """Ends, in time, before they are closed."""
    return lasting_server


@on("half-open connection", *WORKLOADS)
def test_a_peer_that_is_gone_without_a_word_holds_nothing_up(haunted_server, forsaken, subject):
    sender = Sender(WORKLOADS[subject]())
    gone = haunted_server.connect()
    forsaken.append(gone)
    sender.workload.prepare(gone)
    sender.write(gone, 2)
    sender.send(gone, 2)
    message = sender.message(sender.sent)
    gone.send_bytes(message[: len(message) // 2])
    # Its machine has started again, and the program goes on from what it had.
    with haunted_server.connect() as connection:
        sender.resend(connection)
        sender.write(connection)
        sender.check(haunted_server, connection)


@pytest.mark.fault("half-open connection", "start-up")
def test_a_server_starts_at_its_address_although_old_peers_hold_on(make_server):
    server = make_server()
    peers = [server.connect() for _ in range(20)]
    server.stop()
    server.arguments = ("--tcp", "{}:{}".format(*server.tcp), "--http", "{}:{}".format(*server.http))
    server.start()
    with server.connect() as connection:
        assert connection.call("server.ping")
    for peer in peers:
        peer.close()
