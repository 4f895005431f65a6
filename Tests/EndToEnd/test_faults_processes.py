"""Processes that are killed or stopped: the server while it does everything at once, the client, the server for a while."""

import random
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from faults import on
from senders import Sender, SenderProcess
from server import Server
from waiting import eventually, pause
from workloads import WORKLOADS


@pytest.fixture(scope="module")
def after_kills(binary, tmp_path_factory, is_long):
    """What was wrong with each subject after a server that did all of them was killed again and again."""
    server = Server(binary, tmp_path_factory.mktemp("kills") / "data").start()
    dice, rounds = random.Random(17), 40 if is_long else 5
    senders, wrong = [Sender(workload()) for workload in WORKLOADS.values()], {}
    try:
        with server.connect() as connection:
            for sender in senders:
                sender.workload.prepare(connection)
        for round in range(rounds):
            kill_under_load(server, senders, rounds, dice)
            server.start()
            with server.connect() as connection:
                for sender in [sender for sender in senders if sender.workload.name not in wrong]:
                    try:
                        sender.check(server, connection)
                        sender.resend(connection)
                        sender.check(server, connection)
                    except AssertionError as error:
                        error.add_note(f"in round {round}")
                        wrong[sender.workload.name] = error
        server.stop()
    finally:
        server.clean_up()
    return wrong


def kill_under_load(server, senders, rounds, dice):
    """Each on a connection of its own, with its share of the units."""
    with ThreadPoolExecutor(len(senders)) as threads:
        ends = [
            threads.submit(sender.send_until_the_end, server.connect(), -(-sender.workload.units // rounds))
            for sender in senders
        ]
        pause(dice.uniform(0.02, 0.5))
        server.kill()
        for end in ends:
            end.result()


@pytest.mark.timeout(3600)
@on("server killed", *WORKLOADS)
def test_a_server_killed_under_load_has_what_it_acknowledged(after_kills, subject):
    if subject in after_kills:
        raise after_kills[subject]


@on("client killed", *WORKLOADS)
def test_a_killed_client_leaves_whole_units(lasting_server, subject):
    sender, dice = Sender(WORKLOADS[subject]()), random.Random(subject)
    with lasting_server.connect() as connection:
        sender.workload.prepare(connection)
        process = SenderProcess(sender, lasting_server)
        try:
            eventually(lambda: process.acknowledged.value > 1, "the client is under way")
            pause(dice.uniform(0, 0.05))
        finally:
            process.kill()
        sender.check(lasting_server, connection)
        sender.resend(connection)
        sender.check(lasting_server, connection)
    lasting_server.check()


@on("server stopped", *WORKLOADS)
def test_what_is_sent_to_a_stopped_server_is_taken_later(lasting_server, subject):
    sender = Sender(WORKLOADS[subject]())
    with lasting_server.connect() as connection:
        sender.workload.prepare(connection)
        sender.send(connection, 2)
        lasting_server.process.send_signal(signal.SIGSTOP)
        try:
            sender.send(connection, 3)
        finally:
            lasting_server.process.send_signal(signal.SIGCONT)
        while sender.waiting:
            sender.take(connection)
        sender.check(lasting_server, connection)


@pytest.mark.fault("server stopped", "start-up")
def test_a_server_stopped_while_it_starts_goes_on(make_server):
    server, sender = make_server(), Sender(WORKLOADS["steps"]())
    with server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 20)
    server.kill()
    server.launch()
    pause(0.05)
    server.process.send_signal(signal.SIGSTOP)
    pause(0.1)
    server.process.send_signal(signal.SIGCONT)
    server.await_ready()
    with server.connect() as connection:
        sender.check(server, connection)
