"""Pages of the database that are not what was written: an error that says so, and everything else goes on."""

import contextlib
import shutil
import sqlite3

import h5py
import pytest

from faults import on
from senders import Sender
from server import Server
from wire import RpcError
from workloads import WORKLOADS

#: A table that each subject needs.
TABLES = {
    "steps": "steps",
    "metrics": "training_points",
    "labels": "labels",
    "variables": "variable_records",
    "snapshots": "snapshot_images",
    "prune": "metric_tiles",
    "backup": "holdout_ledger",
}
#: Who else needs it; all others go on.
NEED_IT_TOO = {"steps": {"seal"}, "labels": {"snapshots"}, "metrics": {"prune"}}


@pytest.fixture(scope="module")
def stored(binary, tmp_path_factory):
    """A data directory with a little of everything, and what is in it."""
    server = Server(binary, tmp_path_factory.mktemp("stored") / "data").start()
    senders = {name: Sender(kind()) for name, kind in WORKLOADS.items()}
    try:
        with server.connect() as connection:
            for sender in senders.values():
                sender.workload.prepare(connection)
                sender.write(connection, 2)
        server.stop()
    finally:
        server.clean_up()
    return server.data, senders


@pytest.fixture
def damaged(stored, make_server, tmp_path):
    """Makes a server on a copy of the directory."""

    def make(damage, **options):
        shutil.copytree(stored[0], tmp_path / "copy")
        damage(tmp_path / "copy")
        return make_server(data=tmp_path / "copy", **options)

    return make


def zero_table(database, table):
    """Overwrites the first page of a table with zeros, as a lost sector reads."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        [(size,)] = connection.execute("PRAGMA page_size")
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
    with open(database, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))


def errors_of(sender, server, connection):
    """What its next unit, and the look at what is there, are refused with."""
    errors, next = [], sender.sent
    for attempt in (
        lambda: connection.call(*sender.request(next)),
        lambda: sender.workload.check(server, connection, next, next + 1),
    ):
        try:
            attempt()
        except RpcError as error:
            errors.append(error)
    return errors


@on("file damaged", *TABLES)
def test_a_damaged_table_is_an_error_that_says_what_to_do(stored, damaged, subject):
    senders = stored[1]
    server = damaged(lambda data: zero_table(data / "telemetry" / "telemetry.sqlite", TABLES[subject]))
    with server.connect() as connection:
        errors = errors_of(senders[subject], server, connection)
        assert errors, f"{TABLES[subject]} has no readable page, and yet nothing is refused"
        for error in errors:
            assert "telemetry.sqlite" in error.message and "restore it from a backup" in error.message, str(error)
            assert not error.final, f"it is no fault of the request: {error}"
        for name in WORKLOADS.keys() - {subject, "backup"} - NEED_IT_TOO.get(subject, set()):
            senders[name].check(server, connection)


@pytest.mark.fault("file damaged", "seal")
def test_a_damaged_run_is_not_sealed_and_others_are(stored, damaged):
    sender = stored[1]["seal"]
    tag = sender.workload.tag

    def damage(data):
        path = data / "replay" / f"{tag}-2.h5"
        with h5py.File(path, "r") as file:
            row = file["frames"].id.get_chunk_info(3)
        with open(path, "r+b") as file:
            file.seek(row.byte_offset)
            file.write(bytes(row.size))

    server = damaged(damage)
    with server.connect() as connection:
        before = server.run_file(f"{tag}-2").read_bytes()
        with pytest.raises(RpcError, match="run_damaged"):
            connection.call("runs.seal", {"run_id": f"{tag}-2"})
        assert server.run_file(f"{tag}-2").read_bytes() == before, "what is left of it stays as it is"
        assert connection.call("runs.seal", {"run_id": f"{tag}-3"})["compression"] == "gzip-9"
    assert not list(server.run_file(tag).parent.glob("*.sealing*"))


@pytest.mark.fault("file damaged", "start-up")
def test_a_start_that_can_not_do_without_the_table_says_so(damaged):
    server = damaged(lambda data: zero_table(data / "telemetry" / "telemetry.sqlite", "tokens"), start=False)
    code, said = server.refused_start()
    assert code == 4 and str(server.database) in said and "restore it from a backup" in said, f"{code}: {said}"
