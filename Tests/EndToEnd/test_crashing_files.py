"""Array files made so that libhdf5 itself crashes: a server does it once, then the file is out of service."""

import contextlib
import signal
import sqlite3
import struct
import subprocess

import pytest

from preload import build
from replay import assert_same_arrays, refs, resolve_stacked, send_columns, send_rows, start, tiny_step
from server import environment
from wire import Closed, RpcError

MASK = 0xFFFFFFFF
#: How far Bob Jenkins' lookup3 (2006) turns its three words, in the order of its steps.
MIXING = (4, 6, 8, 16, 19, 4)
FINISHING = (14, 11, 25, 16, 4, 14, 24)


def turned(word, bits):
    return word << bits & MASK | word >> (32 - bits)


def checksum(data):
    """lookup3, as HDF5 uses it for its metadata."""
    words = [(0xDEADBEEF + len(data)) & MASK] * 3
    while True:
        rest, data = data[:12], data[12:]
        added = struct.unpack("<3I", bytes(rest).ljust(12, b"\0"))
        words = [(word + more) & MASK for word, more in zip(words, added, strict=True)]
        if not data:
            break
        for step, bits in enumerate(MIXING):
            one, two, three = step % 3, (step + 1) % 3, (step + 2) % 3
            words[one] = (words[one] - words[three] & MASK) ^ turned(words[three], bits)
            words[three] = words[three] + words[two] & MASK
    for step, bits in enumerate(FINISHING):
        one, three = (step + 2) % 3, (step + 1) % 3
        words[one] = (words[one] ^ words[three]) - turned(words[three], bits) & MASK
    return words[2]


def break_with_right_checksum(path):
    """Says that the second part of the root group's header is two bytes long: the library reads far beyond them."""
    data = bytearray(path.read_bytes())
    begin = data.index(b"OHDR")
    end = next(k for k in range(begin + 8, len(data)) if data[k : k + 4] == struct.pack("<I", checksum(data[begin:k])))
    place = data.index(struct.pack("<Q", data.index(b"OCHK")), begin, end)
    data[place + 8 : place + 16] = struct.pack("<Q", 2)
    data[end : end + 4] = struct.pack("<I", checksum(data[begin:end]))
    path.write_bytes(data)


def test_the_checksum_is_that_of_the_library():
    # The example in lookup3.c itself.
    assert checksum(b"Four score and seven years ago") == 0x17770551


def assert_crashed(server):
    assert server.process.wait(60) == -signal.SIGSEGV
    server.process.stdout.close()


def assert_out_of_service(server, run):
    """The file is named, nothing is written to it, other runs are as ever, and the server lives."""
    with server.connect() as connection:
        for call in (
            lambda: resolve_stacked(connection, run, "frames", range(3)),
            lambda: connection.call("refs.validate", {"run_id": run}),
            lambda: send_rows(connection, run, [tiny_step(0, "more")]),
        ):
            with pytest.raises(RpcError, match="crashed") as refused:
                call()
            assert refused.value.kind == "run_damaged" and str(server.run_file(run)) in refused.value.message
        assert len(resolve_stacked(connection, "well", "frames", range(3))) == 3
    server.check()


@pytest.fixture
def files(make_server, recording):
    """A server that has ended, with two runs; one is still open when `ended` is a kill."""

    def make(ended):
        server = make_server()
        with server.connect() as connection:
            for run in ("well", "crafted"):
                start(connection, run)
                send_columns(connection, run, recording.named(f"{run}/"))
        getattr(server, ended)()
        whole = server.run_file("crafted").read_bytes()
        break_with_right_checksum(server.run_file("crafted"))
        return server, whole

    return make


def test_a_file_that_crashes_its_reader_does_so_once(files):
    server, whole = files("stop")
    server.start()
    with server.connect() as connection, pytest.raises((Closed, ConnectionError)):
        resolve_stacked(connection, "crafted", "frames", range(3))
    assert_crashed(server)
    for _ in range(2):
        server.start()
        assert_out_of_service(server, "crafted")
        server.stop()
    verified = subprocess.run(
        [server.binary, "verify", "--data", server.data], capture_output=True, text=True, env=environment(), timeout=60
    )
    assert verified.returncode != 0 and "crafted.h5" in verified.stdout + verified.stderr
    # What is put in its place is used at once.
    server.start()
    assert_out_of_service(server, "crafted")
    server.run_file("crafted").write_bytes(whole)
    with server.connect() as connection:
        assert len(resolve_stacked(connection, "crafted", "frames", range(3))) == 3


def test_a_file_that_crashes_its_repair_does_not_keep_the_server_from_starting(files):
    server, whole = files("kill")
    for _ in range(2):
        server.start()
        assert_out_of_service(server, "crafted")
        server.stop()
    server.run_file("crafted").write_bytes(whole)
    server.start()
    with server.connect() as connection:
        assert len(resolve_stacked(connection, "crafted", "frames", range(3))) == 3


def test_repairs_that_end_before_they_begin_take_only_their_runs_out_of_service(make_server, recording, tmp_path):
    server = make_server()
    with server.connect() as connection:
        start(connection, "run")
        send_columns(connection, "run", recording)
    server.kill()
    server.variables["LD_PRELOAD"] = str(build("ended_repairs", tmp_path))
    server.start()
    assert "run.h5" in server.messages()
    with server.connect() as connection, pytest.raises(RpcError, match="said nothing"):
        send_rows(connection, "run", [tiny_step(0, "more")])
    server.stop()
    del server.variables["LD_PRELOAD"]
    server.start()
    with server.connect() as connection:
        rows = connection.call("runs.get", {"run_id": "run"})["steps"]
        assert_same_arrays(resolve_stacked(connection, "run", "frames", range(rows)), recording.frames, "frames")


def test_a_file_that_can_not_be_repaired_in_place_is_rebuilt(make_server, recording):
    server, committed = make_server(), 40
    with server.connect() as connection:
        start(connection, "run")
        send_columns(connection, "run", recording)
    server.kill()
    # As after a loss of power: the last rows were on their way, and so were blocks of the index that has them.
    with contextlib.closing(sqlite3.connect(server.database)) as database, database:
        database.execute("UPDATE runs SET next_row = ?", (committed,))
        database.execute("DELETE FROM steps WHERE rowid NOT IN (SELECT rowid FROM steps ORDER BY rowid LIMIT ?)", (committed,))
    data = bytearray(server.run_file("run").read_bytes())
    for _ in range(2):
        block = data.rindex(b"EADB")
        data[block : block + 64] = bytes(64)
    server.run_file("run").write_bytes(data)
    server.start()
    assert "rebuilt" in server.messages()
    with server.connect() as connection:
        assert_same_arrays(
            resolve_stacked(connection, "run", "frames", range(committed)), recording.frames[:committed], "frames"
        )
        assert send_rows(connection, "run", [tiny_step(0, "more")]) == {"stored": 1, "first_index": committed}
    server.check()


def test_a_file_in_use_when_a_server_is_killed_stays_in_service(make_server, recording):
    server = make_server()
    with server.connect() as connection:
        start(connection, "run")
        send_columns(connection, "run", recording)
        for _ in range(20):
            connection.send("frames.resolve", {"refs": refs("run", "frames", range(100)), "stack": True})
        server.kill()
    server.start()
    with server.connect() as connection:
        assert len(resolve_stacked(connection, "run", "frames", range(3))) == 3
