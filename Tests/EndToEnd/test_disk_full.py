"""A full disk: a refusal that says so and can be resent, reads go on, and it recovers when space is freed."""

import os
import uuid

import numpy
import pytest

from replay import assert_same_arrays, refs
from waiting import eventually
from wire import RpcError

MIB = 1 << 20


@pytest.fixture
def cramped_server(small_disk, make_server):
    """Depends on the disk first, so that the server ends before the disk goes."""
    return make_server(data=small_disk / "data")


def batch(seq):
    """Noise, so that compression does not save the disk."""
    return numpy.random.default_rng(seq).integers(0, 256, (4, 256, 256, 4), numpy.uint8)


def append(connection, producer, seq):
    rows = [
        {
            "episode_id": "e",
            "step_index": 4 * (seq - 1) + k,
            "reward": 0.0,
            "terminated": False,
            "truncated": False,
            "frame": frame,
        }
        for k, frame in enumerate(batch(seq))
    ]
    params = {"run_id": "full", "steps": rows, "producer": producer, "seq": seq}
    return connection.call("steps.append", params)


def fill(connection, producer):
    """Appends until the server says that the disk is full."""
    for seq in range(1, 200):
        try:
            append(connection, producer, seq)
        except RpcError as refused:
            assert (refused.kind, refused.final) == ("disk_full", False), f"a full disk is disk_full: {refused}"
            return seq - 1
    raise AssertionError("200 MiB fit on a disk of 48 MiB")


def check_kept(connection, stored):
    for seq in range(1, stored + 1):
        rows = range(4 * (seq - 1), 4 * seq)
        found = connection.call("frames.resolve", {"refs": refs("full", "frames", rows), "stack": True})["frames"]
        assert_same_arrays(found, batch(seq), f"batch {seq} on a full disk")


@pytest.mark.fault("disk full", "steps")
def test_a_full_disk_refuses_and_recovers(cramped_server, small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(os.urandom(24 * MIB))
    producer = str(uuid.uuid4())
    with cramped_server.connect() as connection:
        connection.call("runs.start", {"run_id": "full", "compression": "none"})
        stored = fill(connection, producer)
        assert stored > 3, f"only {stored} batches of 1 MiB fit into 24 MiB"
        check_kept(connection, stored)
        with pytest.raises(RpcError, match="sequence_gap"):
            append(connection, producer, stored + 2)
        ballast.unlink()

        def resent():
            try:
                return append(connection, producer, stored + 1)
            except RpcError as refused:
                assert (refused.kind, refused.final) in (("disk_full", False), ("overloaded", False)), str(refused)

        result = eventually(resent, "the refused batch is taken when there is space", within=20, every=0.2)
        assert result == {"stored": 4, "first_index": 4 * stored}
        append(connection, producer, stored + 2)
        check_kept(connection, stored + 2)
    cramped_server.stop()
    cramped_server.start()
    with cramped_server.connect() as connection:
        check_kept(connection, stored + 2)


@pytest.mark.fault("disk full", "steps", "start-up")
@pytest.mark.fault("server killed", "steps")
def test_a_server_killed_on_a_full_disk_keeps_what_it_acknowledged(cramped_server, small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(os.urandom(24 * MIB))
    producer = str(uuid.uuid4())
    with cramped_server.connect() as connection:
        connection.call("runs.start", {"run_id": "full", "compression": "none"})
        stored = fill(connection, producer)
    cramped_server.kill()
    ballast.unlink()
    cramped_server.start()
    with cramped_server.connect() as connection:
        check_kept(connection, stored)
        assert append(connection, producer, stored + 1)["stored"] == 4
