"""kill -9 while values are evicted and the array file is written anew: what is needed is there, bit for bit."""

import contextlib
import random

import numpy
import pytest

from replay import assert_same_arrays
from test_lineage import call
from test_variables import load, save
from waiting import pause
from wire import Closed, Connection, Producer, RpcError

VALUES = 4


def value(number):
    """Too large for the database, two leaves and a bit."""
    return numpy.random.default_rng(number).integers(0, 255, (2 << 20) + 1000, numpy.uint8)


@pytest.mark.fault("server killed", "variables")
@pytest.mark.timeout(3600)
def test_kills_during_a_collection_lose_nothing_that_is_needed(make_server, is_long):
    server, chance = make_server(), random.Random(3)
    kept, number = {}, 0
    for _ in range(100 if is_long else 5):
        with contextlib.closing(Connection(server.tcp)) as connection:
            producer = Producer(connection)
            for place in range(VALUES):
                number += 1
                kept[place] = save(producer, value(number), "Out", call(scale=number), place=place)["record_id"], number
            producer.send("variables.collect", {"grace_seconds": 0})
            producer.send("variables.compact", {})
            pause(chance.uniform(0, 0.15))
            server.kill()
            with contextlib.suppress(Closed, RpcError):
                while True:
                    connection.receive()
        server.start()
        with contextlib.closing(Connection(server.tcp)) as connection:
            producer = Producer(connection)
            for place, (record, seed) in kept.items():
                loaded = load(producer, "Out", place=place)
                assert loaded["record_id"] == record
                assert_same_arrays(loaded["value"], value(seed), f"value {seed}")
            validated = connection.call("refs.validate", {"run_id": "variables", "decode": True})
            assert validated["missing"] == [] and validated["undecodable"] == [] and validated["problems"] == []
    leftover = [path.name for path in server.run_file("variables").parent.iterdir() if not path.name.endswith(".h5")]
    assert leftover == []
    with contextlib.closing(Connection(server.tcp)) as connection:
        producer = Producer(connection)
        producer.call("variables.collect", {"grace_seconds": 0})
        size = producer.call("variables.compact", {})["bytes"]
        assert size < (VALUES + 1) * 3 << 20, "nothing that was evicted is left"
