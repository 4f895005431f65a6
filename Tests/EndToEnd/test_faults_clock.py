"""The wall clock is set forward and back while the server runs: what was promised for a time lasts that long, and order stays."""

import time

import pytest

from faults import on
from preload import JumpingClock
from senders import Sender
from server import Server
from wire import Producer
from workloads import WORKLOADS

DAY = 86_400
JUMPS = (DAY, -DAY, 0)


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return JumpingClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def timed_server(binary, clock, tmp_path_factory):
    """The clock is right when it starts."""
    server = Server(binary, tmp_path_factory.mktemp("server") / "data", **clock.variables).start()
    yield server
    server.stop()
    server.clean_up()


@pytest.fixture(autouse=True)
def right_at_first(clock):
    clock.set(0)
    yield
    clock.set(0)


@on("clock jump", *WORKLOADS)
def test_what_is_stored_keeps_its_order_when_the_clock_is_set(timed_server, clock, subject):
    sender = Sender(WORKLOADS[subject]())
    with timed_server.connect() as connection:
        sender.workload.prepare(connection)
        for jump in (0, *JUMPS):
            clock.set(jump)
            told = connection.call("server.ping")["time"]
            assert abs(told - time.time() - jump) < DAY / 2, "the server goes by the clock that was set"
            sender.write(connection, 2)
            sender.check(timed_server, connection)


@pytest.mark.fault("clock jump", "labels")
@pytest.mark.parametrize("jump", JUMPS[:2])
def test_an_image_stays_in_front_of_one_annotator(timed_server, clock, jump):
    labels = WORKLOADS["labels"]()
    with timed_server.connect() as ada, timed_server.connect() as bob:
        labels.prepare(ada)

        def offered(connection, annotator):
            found = connection.call("labels.next", {"annotator": annotator, "limit": 1000, "strategy": "random"})
            return {image["id"] for image in found["images"]}

        mine = offered(ada, "ada")
        assert mine >= set(labels.ids)
        clock.set(jump)
        assert not offered(bob, "bob") & mine, "what was leased to another before the clock was set"
        ada.call("labels.release", {"annotator": "ada"})
        assert offered(bob, "bob") == mine, "what was given back"


@pytest.mark.fault("clock jump", "variables")
@pytest.mark.parametrize("jump", JUMPS[:2])
def test_an_invocation_stays_with_the_one_who_claimed_it(timed_server, clock, jump):
    claim = {"lineage_hashes": [f"jump {jump}"], "ttl_ms": 60_000}
    with timed_server.connect() as connection:
        token = connection.call("lineage.claim", claim | {"owner": "ada"})["token"]
        clock.set(jump)
        assert connection.call("lineage.claim", claim | {"owner": "bob"})["holder"] == "ada"
        Producer(connection).call("lineage.renew", {"token": token})
        assert connection.call("lineage.claim", claim | {"owner": "bob"})["holder"] == "ada"
        connection.call("lineage.release", {"token": token})
        assert connection.call("lineage.claim", claim | {"owner": "bob"})["status"] == "claimed"


@pytest.mark.fault("clock jump", "start-up", *WORKLOADS)
def test_a_server_starts_although_its_data_are_from_the_future(binary, clock, tmp_path):
    server, senders = Server(binary, tmp_path / "data", **clock.variables), [Sender(kind()) for kind in WORKLOADS.values()]
    clock.set(300 * DAY)
    try:
        server.start()
        with server.connect() as connection:
            for sender in senders:
                sender.workload.prepare(connection)
                sender.write(connection, 2)
            connection.call("lineage.claim", {"lineage_hashes": ["h"], "owner": "ada", "ttl_ms": DAY * 1000})
        server.kill()
        clock.set(0)
        server.start()
        with server.connect() as connection:
            for sender in senders:
                sender.write(connection, 2)
                sender.check(server, connection)
            claimed = connection.call("lineage.claim", {"lineage_hashes": ["h"], "owner": "bob"})["status"]
            assert claimed == "claimed", "a lease from the future keeps nobody away for a year"
        server.stop()
    finally:
        server.clean_up()
