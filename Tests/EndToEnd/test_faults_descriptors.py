"""More connections come than the server may have descriptors: who is in is served, and files can always be opened."""

import contextlib
import os
import resource
import socket
import subprocess

import pytest

from faults import on
from senders import BROKEN, Sender
from server import Server, environment
from waiting import eventually, pause
from wire import RpcError
from workloads import WORKLOADS

#: What the server needs at least.
LIMIT = 1024


def limited(binary, folder, soft, hard):
    """A program that runs the binary with so many descriptors."""
    program = folder / "holdfast"
    program.write_text(f'#!/bin/sh\nexec prlimit --nofile={soft}:{hard} "{binary}" "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture(scope="module")
def narrow_server(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("narrow")
    server = Server(limited(binary, folder, LIMIT, LIMIT), folder / "data").start()
    try:
        yield server
        server.stop()
    finally:
        server.clean_up()


@contextlib.contextmanager
def crowd(server):
    """As many connections as the server takes at both of its doors, and more that want to come in."""
    with contextlib.ExitStack() as stack:
        taken = 0
        with contextlib.suppress(RpcError, *BROKEN):
            while taken < LIMIT:
                stack.enter_context(server.connect())
                taken += 1
        assert LIMIT // 8 < taken < LIMIT, f"{taken} connections were taken"
        for _ in range(LIMIT // 4):
            stack.enter_context(contextlib.closing(socket.create_connection(server.http)))
        yield


@pytest.fixture(scope="module")
def in_a_crowd(narrow_server):
    """What was wrong with each subject for one who was in before the crowd came."""
    senders, wrong = [Sender(kind()) for kind in WORKLOADS.values()], {}
    with narrow_server.connect() as connection, crowd(narrow_server):
        for sender in senders:
            try:
                sender.workload.prepare(connection)
                sender.write(connection, 3)
                sender.check(narrow_server, connection)
            except AssertionError as error:
                wrong[sender.workload.name] = error
    return wrong


@on("no descriptors", *WORKLOADS)
def test_who_is_in_is_served_whoever_else_comes(in_a_crowd, subject):
    if subject in in_a_crowd:
        raise in_a_crowd[subject]


def test_a_crowd_at_the_door_costs_no_processor_and_leaves_room_when_it_goes(narrow_server):
    with narrow_server.connect() as connection, crowd(narrow_server):
        before = processor_seconds(narrow_server.process.pid)
        pause(1)
        used = processor_seconds(narrow_server.process.pid) - before
        assert connection.call("server.ping")
    assert used < 0.5, f"{used} s of a processor in a second of waiting"
    eventually(lambda: is_open(narrow_server), "there is room for one more")


def is_open(server):
    with contextlib.suppress(RpcError, *BROKEN), server.connect() as connection:
        return connection.call("server.ping")


def processor_seconds(process):
    with open(f"/proc/{process}/stat") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


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
