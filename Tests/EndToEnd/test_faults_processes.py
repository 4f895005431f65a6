"""Processes that are killed or stopped: the server while it does everything at once, the client, the server for a while."""

import collections
import contextlib
import os
import random
import select
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faults import on
from senders import BROKEN, Sender, SenderProcess
from server import Server
from waiting import eventually, pause
from wire import Producer
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


class ManyPoints(WORKLOADS["prune"]):
    """As many points as one request prunes, so that it takes its time."""

    points = 256 * 32 + 8
    #: So many other units come before one of those.
    others = 0


class ManyImages(WORKLOADS["snapshots"]):
    """Thousands of images in each snapshot."""

    others = 1

    def prepare(self, connection):
        super().prepare(connection)
        names = [f"other-{number}" for number in range(4000)]
        labels = {"mag_view": [number % 2 for number in range(4000)]}
        Producer(connection).call("labels.import", {"filenames": names, "labels": labels})

    def check(self, server, connection, least, most):
        super().check(server, connection, least, most)
        for snapshot in connection.call("snapshots.list", {"limit": 1000})["snapshots"]:
            asked = {"snapshot_id": snapshot["snapshot_id"], "limit": 10_000}
            found = connection.call("snapshots.get", asked)["images"]
            assert len(found) == snapshot["train"] + snapshot["val"] > 3500, f"{len(found)} images of {snapshot}"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.fault("server killed", kind.name), id=kind.name)
        for kind in (ManyPoints, ManyImages)
    ],
)
def test_a_server_killed_in_the_middle_of_a_request_has_done_it_or_not(make_server, is_long, kind):
    server, sender, outcomes = make_server(), Sender(kind()), collections.Counter()
    rounds = 30 if is_long else 5
    sender.workload.units = (rounds + 1) * (kind.others + 1)
    with server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, kind.others)
        duration = until_answered(sender, connection)
    for round in range(rounds):
        with server.connect(producer=sender.producer) as connection:
            sender.write(connection, kind.others)
            sender.send(connection)
            eventually(lambda: is_read(connection), "the server has read the request", every=0)
            pause(duration * round / (rounds - 1))
            server.kill()
            with contextlib.suppress(*BROKEN):
                sender.take(connection)
        sender.waiting.clear()
        server.start()
        with server.connect(producer=sender.producer) as connection:
            done = connection.welcome["producer"]["last_seq"]
            assert sender.acknowledged <= done <= sender.sent, f"{sender.acknowledged}, {done}, {sender.sent}"
            is_answered = sender.acknowledged == sender.sent
            outcomes["answered" if is_answered else "done" if done == sender.sent else "undone"] += 1
            sender.workload.check(server, connection, done, done)
            sender.resend(connection)
    with server.connect() as connection:
        sender.check(server, connection)
    assert outcomes["undone"], f"no kill hit a request before it was done: {dict(outcomes)}"


def is_read(connection):
    """Whether the server has taken everything from its socket."""
    ports = [address[1] for address in (connection.socket.getpeername(), connection.socket.getsockname())]
    for fields in [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]:
        if [int(field.rpartition(":")[2], 16) for field in fields[1:3]] == ports:
            return int(fields[4].rpartition(":")[2], 16) == 0
    raise AssertionError(f"no socket of the server belongs to {ports}")


def until_answered(sender, connection):
    """How long a unit takes from when the server has read it."""
    sender.send(connection)
    eventually(lambda: is_read(connection), "the server has read the request", every=0)
    before = time.monotonic()
    sender.take(connection)
    return time.monotonic() - before


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


# --- Stopped


@contextlib.contextmanager
def stopped(server):
    """A server that stands still, in all its threads."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        eventually(lambda: states(server.process.pid) == {"T"}, "the server is stopped", every=0)
        yield
        assert states(server.process.pid) == {"T"}, "it was stopped all the time"
    finally:
        server.process.send_signal(signal.SIGCONT)


def states(process):
    """What its threads do, as the system says."""
    found = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        # A thread may end meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found.add((task / "stat").read_text().rpartition(")")[2].split()[0])
    return found


def give_up(sender, connection):
    """The client waits for answers as long as it ever does, and then leaves; says whether one was missing."""
    connection.socket.settimeout(0.3)
    with contextlib.suppress(TimeoutError):
        while sender.waiting:
            sender.take(connection)
    connection.close()
    sender.waiting.clear()
    return sender.acknowledged < sender.sent


def come_again(server, sender):
    """The client sends again what was not acknowledged, while the server may still have it from before, and more."""
    with server.connect(producer=sender.producer) as connection:
        sender.resend(connection)
        sender.check(server, connection)
        sender.write(connection)
        sender.check(server, connection)
    server.check()


@on("server stopped", *WORKLOADS)
def test_what_is_sent_to_a_stopped_server_is_sent_again_later(lasting_server, subject):
    sender = Sender(WORKLOADS[subject]())
    with lasting_server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 2)
        with stopped(lasting_server):
            sender.send(connection, 3)
            assert give_up(sender, connection) and sender.acknowledged == 2, "a stopped server answers nothing"
    come_again(lasting_server, sender)


@on("server stopped", *WORKLOADS)
def test_a_server_stopped_in_the_middle_of_a_request_goes_on_with_it(lasting_server, subject):
    for attempt in range(40):
        sender = Sender(WORKLOADS[subject]())
        with lasting_server.connect() as connection:
            sender.workload.prepare(connection)
            # Of snapshots every second one is one.
            sender.send(connection, 4)
            # A server that is too quick for that is stopped as soon as they are on their way.
            if attempt < 5:
                eventually(lambda: is_read(connection), "the server has read the requests", every=0)
            with stopped(lasting_server):
                is_underway = give_up(sender, connection)
        come_again(lasting_server, sender)
        if is_underway:
            return
    raise AssertionError("the server was never stopped before it had answered everything")


@pytest.mark.fault("server stopped", "start-up")
def test_a_server_stopped_while_it_starts_goes_on(make_server):
    server, sender = make_server(), Sender(WORKLOADS["steps"]())
    with server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 20)
    for _ in range(20):
        server.kill()
        server.launch()
        eventually(lambda: has_begun(server), "the server has begun to look at its data", every=0)
        with stopped(server):
            is_early = not select.select([server.process.stdout], [], [], 0.1)[0]
        server.await_ready()
        with server.connect() as connection:
            sender.check(server, connection)
        if is_early:
            return
    raise AssertionError("the server was never stopped before it was ready")


def has_begun(server):
    """It has its database open."""
    with contextlib.suppress(FileNotFoundError):
        return str(server.database) in [os.readlink(file) for file in Path(f"/proc/{server.process.pid}/fd").iterdir()]
