"""Leases of invocations: of many who want one run, one runs it, and nobody commits it twice."""

import contextlib
import threading

import pytest

from server import Server
from test_variables import made, save
from waiting import eventually
from wire import Connection, Producer, RpcError

HASHES = ["hash of split 0", "hash of split 1"]


@pytest.fixture
def producer(connection):
    return Producer(connection)


def claim(connection, owner, hashes=HASHES, **params):
    return connection.call("lineage.claim", {"lineage_hashes": hashes, "owner": owner} | params)


def output(num, token=None):
    lineage = made("split", output_num=num, lineage_hash=HASHES[num])
    return lineage | ({"lease": token} if token is not None else {})


def expired(connection, owner, **params):
    """Takes a lease of a millisecond and waits for its end."""
    lease = claim(connection, owner, ttl_ms=1, **params)
    eventually(lambda: connection.call("server.ping", {})["time"] > lease["expires_at"], "the lease ends")
    return lease


def test_one_gets_it_the_others_wait_and_get_what_was_stored(producer, server):
    lease = claim(producer.connection, "ada")
    assert lease["status"] == "claimed" and lease["token"] == 1
    busy = claim(producer.connection, "bob")
    assert busy["status"] == "busy" and busy["holder"] == "ada" and busy["retry_after_ms"] > 0
    assert busy["expires_at"] == lease["expires_at"]
    with contextlib.closing(Connection(server.tcp)) as other:
        waiting = other.send("lineage.claim", {"lineage_hashes": HASHES, "owner": "bob", "wait_ms": 60_000})
        first = save(producer, {"json": 0}, "Out0", output(0, lease["token"]))["record_id"]
        second = save(producer, {"json": 1}, "Out1", output(1, lease["token"]))["record_id"]
        stored = other.wait(waiting)
    assert stored["status"] == "stored"
    assert [(record["record_id"], record["output_num"]) for record in stored["records"]] == [(first, 0), (second, 1)]
    assert claim(producer.connection, "eve") | {"records": stored["records"]} == stored
    again = claim(producer.connection, "eve", **{"except": [second]})
    assert again["status"] == "claimed" and again["token"] == 2, "to whom a record is none it is as if it weren't there"


def test_the_same_owner_gets_its_own_lease_again(connection):
    lease = claim(connection, "ada")
    assert claim(connection, "ada")["token"] == lease["token"]
    assert claim(connection, "ada", hashes=["other"])["token"] > lease["token"]


def test_a_lease_ends_and_whoever_was_late_commits_nothing(producer):
    connection = producer.connection
    late = expired(connection, "ada")
    taken = claim(connection, "bob")
    assert taken["status"] == "claimed" and taken["token"] > late["token"]
    with pytest.raises(RpcError, match="lease_lost"):
        save(producer, {"json": "ada"}, "Out0", output(0, late["token"]))
    with pytest.raises(RpcError, match="lease_lost"):
        producer.call("lineage.renew", {"token": late["token"]})
    with pytest.raises(RpcError, match="not_found"):
        connection.call("variables.load", {"variable": "Out0", "metadata": {}})
    save(producer, {"json": "bob"}, "Out0", output(0, taken["token"]))
    with pytest.raises(RpcError, match="lease_lost"):
        save(producer, {"json": "ada"}, "Out0", output(0, late["token"]))
    assert connection.call("variables.load", {"variable": "Out0", "metadata": {}})["value"] == {"json": "bob"}


def test_a_lease_that_ended_and_that_nobody_took_still_counts(producer):
    lease = expired(producer.connection, "ada")
    save(producer, {"json": 0}, "Out0", output(0, lease["token"]))


def test_a_lease_is_renewed_and_given_back(producer, server):
    connection = producer.connection
    lease = claim(connection, "ada", ttl_ms=60_000)
    assert producer.call("lineage.renew", {"token": lease["token"], "ttl_ms": 600_000})["expires_at"] > lease["expires_at"]
    with contextlib.closing(Connection(server.tcp)) as other:
        waiting = other.send("lineage.claim", {"lineage_hashes": HASHES, "owner": "bob", "wait_ms": 60_000})
        assert claim(connection, "eve")["status"] == "busy"
        assert producer.call("lineage.release", {"token": lease["token"]}) == {"released": True}
        free = other.wait(waiting)
        assert free == {"status": "busy", "retry_after_ms": 0}, "it is told that it may ask again"
        assert claim(other, "bob")["status"] == "claimed"
    assert producer.call("lineage.release", {"token": lease["token"]}) == {"released": False}


@pytest.mark.fault("server killed", "variables")
def test_leases_and_their_numbers_outlive_the_server(make_server):
    server = make_server()
    with contextlib.closing(Connection(server.tcp)) as connection:
        lease = claim(connection, "ada")
        claim(connection, "bob", hashes=["other"])
    server.kill()
    server.start()
    with contextlib.closing(Connection(server.tcp)) as connection:
        assert claim(connection, "eve")["holder"] == "ada"
        assert claim(connection, "eve", hashes=["third"])["token"] == 3
        save(Producer(connection), {"json": 0}, "Out0", output(0, lease["token"]))


def test_of_a_hundred_connections_one_runs_it(server):
    runs, results, start = [], [], threading.Barrier(100)

    def work(number):
        with contextlib.closing(Connection(server.tcp)) as connection:
            start.wait()
            answer = claim(connection, f"worker {number}", hashes=HASHES[:1], wait_ms=60_000)
            if answer["status"] == "claimed":
                runs.append(number)
                save(Producer(connection), {"json": number}, "Out0", output(0, answer["token"]))
                answer = claim(connection, f"worker {number}", hashes=HASHES[:1])
            results.append([record["record_id"] for record in answer["records"]])

    threads = [threading.Thread(target=work, args=[number]) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 1 and len(results) == 100 and all(result == results[0] for result in results)


def test_a_server_that_stops_does_not_wait_for_those_who_wait(server):
    with contextlib.closing(Connection(server.tcp)) as connection:
        claim(connection, "ada", ttl_ms=3_600_000)
        connection.send("lineage.claim", {"lineage_hashes": HASHES, "owner": "bob", "wait_ms": 60_000})
        claim(connection, "eve")
        server.stop()


@pytest.mark.parametrize(
    "wrong", [{"lineage_hashes": []}, {"lineage_hashes": ["a", "a"]}, {"owner": ""}, {"ttl_ms": 0}, {"wait_ms": 60_001}]
)
def test_claims_that_are_none_are_refused(connection, wrong):
    with pytest.raises(RpcError, match="invalid_params"):
        connection.call("lineage.claim", {"lineage_hashes": ["a"], "owner": "ada"} | wrong)
