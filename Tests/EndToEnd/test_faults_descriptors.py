"""The server may open no more files: who is in is served, who comes waits or is turned away, and it recovers by itself."""

import contextlib
import os
import resource
import subprocess

import pytest

from faults import on
from senders import Sender
from server import Server, environment
from waiting import eventually, pause
from wire import Closed, Connection, RpcError
from workloads import WORKLOADS


@contextlib.contextmanager
def crowd(server, spare=2):
    """More connections than the server may have open, until the block ends."""
    process = server.process.pid
    before = resource.prlimit(process, resource.RLIMIT_NOFILE)
    limit = len(os.listdir(f"/proc/{process}/fd")) + spare
    resource.prlimit(process, resource.RLIMIT_NOFILE, (limit, before[1]))
    connections = [Connection(server.tcp, hello=False) for _ in range(spare + 20)]
    try:
        eventually(lambda: len(os.listdir(f"/proc/{process}/fd")) == limit, "the server has all that it may have")
        yield
    finally:
        for connection in connections:
            connection.close()
        resource.prlimit(process, resource.RLIMIT_NOFILE, before)


@pytest.fixture(scope="module")
def after_a_crowd(lasting_server):
    """What was wrong with each subject while a crowd was at the door, and after it."""
    senders, wrong = [Sender(kind()) for kind in WORKLOADS.values()], {}
    with lasting_server.connect() as connection:
        for sender in senders:
            sender.workload.prepare(connection)
            sender.write(connection, 2)
        with crowd(lasting_server):
            for sender in senders:
                with noting(wrong, sender):
                    try_within(sender, lasting_server, connection)
        for sender in senders:
            with noting(wrong, sender):
                sender.resend(connection)
                sender.write(connection)
    with lasting_server.connect() as connection:
        for sender in senders:
            with noting(wrong, sender):
                sender.check(lasting_server, connection)
    return wrong


@contextlib.contextmanager
def noting(wrong, sender):
    try:
        yield
    except AssertionError as error:
        wrong[sender.workload.name] = error


def try_within(sender, server, connection):
    """What needs no new file is done; what does is refused for the state of the server, and may be sent again."""
    assert connection.call("server.ping")
    for attempt in (lambda: sender.write(connection), lambda: sender.check(server, connection)):
        try:
            attempt()
        except RpcError as error:
            assert not error.final and error.kind in ("internal", "overloaded"), str(error)
    sender.waiting.clear()


@on("no descriptors", *WORKLOADS)
def test_who_is_in_is_served_or_told_why_not_and_all_is_there_later(after_a_crowd, subject):
    if subject in after_a_crowd:
        raise after_a_crowd[subject]


def limited(binary, folder, soft, hard):
    """A program that runs the binary with so many descriptors."""
    program = folder / "holdfast"
    program.write_text(f'#!/bin/sh\nexec prlimit --nofile={soft}:{hard} "{binary}" "$@"\n')
    program.chmod(0o755)
    return program


@pytest.mark.fault("no descriptors", "steps", "variables")
def test_connections_leave_descriptors_for_files(make_server, binary, tmp_path):
    server = make_server(start=False)
    server.binary = limited(binary, tmp_path, 128, 128)
    server.start()
    with server.connect() as connection:
        strangers = [Connection(server.tcp, hello=False) for _ in range(200)]
        for name in ("steps", "variables"):
            sender = Sender(WORKLOADS[name]())
            sender.workload.prepare(connection)
            sender.write(connection, 4)
            sender.check(server, connection)
        for stranger in strangers:
            stranger.close()
    eventually(lambda: is_open(server), "new connections are served")


def test_a_crowd_at_the_door_costs_no_processor(lasting_server):
    with lasting_server.connect() as connection, crowd(lasting_server):
        before = processor_seconds(lasting_server.process.pid)
        pause(1)
        used = processor_seconds(lasting_server.process.pid) - before
        assert connection.call("server.ping")
    assert used < 0.5, f"{used} s of a processor in a second of waiting"
    eventually(lambda: is_open(lasting_server), "new connections are served")


def processor_seconds(process):
    with open(f"/proc/{process}/stat") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def is_open(server):
    try:
        with server.connect(timeout=5) as connection:
            return connection.call("server.ping")
    except (Closed, TimeoutError):
        return False


@pytest.mark.fault("no descriptors", "start-up")
def test_a_start_with_too_few_descriptors_says_so(binary, tmp_path):
    command = ["prlimit", "--nofile=20", binary, "serve", "--data", tmp_path / "data"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment())
    assert refused.returncode == 1 and refused.stdout == "" and "ulimit -n" in refused.stderr, str(refused)


@pytest.mark.fault("no descriptors", "start-up")
def test_a_start_takes_all_the_descriptors_that_it_may_have(binary, tmp_path):
    server = Server(limited(binary, tmp_path, 128, 4096), tmp_path / "data").start()
    try:
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (4096, 4096)
        server.stop()
    finally:
        server.clean_up()
