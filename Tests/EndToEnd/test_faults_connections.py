"""Connections that end in the middle of a frame, and such that are there although nobody is."""

import socket
import struct

import pytest

from faults import on
from senders import Sender
from server import Server
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
def haunted(binary, tmp_path_factory):
    """A server, and connections that nobody closes before it has ended in order and in time."""
    server, gone = Server(binary, tmp_path_factory.mktemp("haunted") / "data").start(), []
    try:
        yield server, gone
        server.stop()
    finally:
        server.clean_up()
        for connection in gone:
            connection.close()


@on("half-open connection", *WORKLOADS)
def test_a_peer_that_is_gone_without_a_word_holds_nothing_up(haunted, subject):
    server, gone = haunted
    sender, connection = Sender(WORKLOADS[subject]()), server.connect()
    gone.append(connection)
    sender.workload.prepare(connection)
    sender.write(connection, 2)
    sender.send(connection, 2)
    message = sender.message(sender.sent)
    connection.send_bytes(message[: len(message) // 2])
    # Its machine has started again, and the program goes on from what it had.
    with server.connect() as again:
        sender.resend(again)
        sender.write(again)
        sender.check(server, again)


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
