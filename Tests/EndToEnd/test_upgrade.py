"""Data directories of older versions: everything in them is there after the upgrade; those of newer ones are left alone."""

import hashlib
import json
import pathlib
import sqlite3
import subprocess
import tarfile
import uuid

import pytest

from every_table import EMPTY, VOLATILE, Caller
from replay import tiny_step
from server import environment

ARCHIVES = sorted((pathlib.Path(__file__).parent / "old_data").glob("*.tar.xz"))
#: Columns that say how a file stands, which the next start puts right.
STATE = {"file_open"}


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.split(".")[0])
def old(request, tmp_path):
    """A data directory as an older version left it, and what that version answered."""
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "data", json.loads((tmp_path / "answers.json").read_text())


def holdfast(binary, *arguments):
    return subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, env=environment(), timeout=120)


def database_of(data):
    return data / "telemetry" / "telemetry.sqlite"


def rows(data):
    """The rows of every table, each a mapping of its columns."""
    connection = sqlite3.connect(f"file:{database_of(data)}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    names = [name for [name] in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    found = {name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for name in names}
    connection.close()
    return found


def check_kept(data, before):
    """Every row of every older table is in the table, or view, of that name, in the columns that it had."""
    connection = sqlite3.connect(f"file:{database_of(data)}?mode=ro", uri=True)
    for table, kept in before.items():
        columns = [column for column in kept[0] if column not in STATE] if kept else []
        if not columns:
            continue
        listed = ", ".join(f'"{column}"' for column in columns)
        now = {repr(row) for row in connection.execute(f'SELECT {listed} FROM "{table}"')}
        lost = [row for row in kept if repr(tuple(row[column] for column in columns)) not in now]
        assert not lost, f"{table} lacks {len(lost)} of {len(kept)} rows, the first is {lost[0]}"
    connection.close()


def check_holds(old, new, where):
    """Whatever an answer said, it still says; there may be more members."""
    if isinstance(old, dict):
        assert isinstance(new, dict), f"{where} is {new}, it was {old}"
        for key in old.keys() - VOLATILE:
            assert key in new, f"{where}.{key} is gone"
            check_holds(old[key], new[key], f"{where}.{key}")
    elif isinstance(old, list):
        assert isinstance(new, list) and len(new) == len(old), f"{where}: {new}, it was {old}"
        for index, (one, other) in enumerate(zip(old, new)):
            check_holds(one, other, f"{where}[{index}]")
    else:
        assert old == new, f"{where} is {new}, it was {old}"


def test_every_table_of_the_older_version_has_rows(old):
    assert [name for name, found in rows(old[0]).items() if not found and name not in EMPTY] == []


def test_everything_is_there_after_the_upgrade(old, make_server, binary):
    data, answers = old
    before = rows(data)
    server = make_server(data=data)
    call = Caller(server)
    for asked in answers:
        check_holds(asked["answer"], call(asked["method"], **asked["params"]), asked["method"])
    check_kept(data, before)
    # What functions consist of was among the constants of what they made.
    parts = [json.loads(row["parts"]) for row in rows(data)["lineage_functions"]]
    assert parts == [{"window": "c" * 64} for _ in before.get("lineage", [])]
    # And it goes on.
    steps = [tiny_step(0, "new/0", action=1)]
    assert call("steps.append", run_id="first", steps=steps, producer=str(uuid.uuid4()), seq=1)["first_index"] == 8
    server.stop()
    verified = holdfast(binary, "verify", "--data", data)
    assert verified.returncode == 0 and "all whole" in verified.stdout, verified
    server.start()
    for asked in answers:
        if asked["method"] in ("frames.resolve", "labels.list", "metrics.query", "variables.load"):
            check_holds(asked["answer"], call(asked["method"], **asked["params"]), asked["method"])


def test_a_resend_to_the_upgraded_server_is_known(old, make_server):
    """Producers' answers are kept: what was acknowledged before the upgrade is not stored again."""
    data, _ = old
    [last] = [row["last_seq"] for row in rows(data)["producers"]]
    call = Caller(make_server(data=data))
    call.seq = last - 1
    again = call.ingest("runs.start", run_id="never")
    assert again["duplicate"] is True
    assert "never" not in [run["run_id"] for run in call("runs.list")["runs"]]


def test_an_older_backup_is_restored(old, binary, tmp_path):
    restored = tmp_path / "restored"
    assert holdfast(binary, "restore", old[0], restored).returncode == 0
    told = json.loads(holdfast(binary, "doctor", restored, "--json").stdout)
    [schema] = [finding for finding in told["findings"] if finding["subject"] == "schema"]
    assert schema["level"] == "warn" and "audit_log" in schema["message"]
    verified = holdfast(binary, "verify", "--data", restored)
    assert verified.returncode == 0, verified
    check_kept(restored, rows(old[0]))


def test_a_step_that_fails_is_undone_and_tried_again(old, make_server, binary):
    data, _ = old
    before = rows(data)
    with sqlite3.connect(database_of(data)) as connection:
        # In the way of the last step.
        connection.execute("CREATE TABLE audit_log (x)")
    connection.close()
    refused = holdfast(binary, "serve", "--data", data, "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0")
    assert refused.returncode == 1 and "audit_log" in refused.stderr, refused
    assert len(refused.stderr.strip().splitlines()) == 1, f"errors are one line: {refused.stderr}"
    check_kept(data, before)
    with sqlite3.connect(database_of(data)) as connection:
        connection.execute("DROP TABLE audit_log")
    connection.close()
    make_server(data=data)
    check_kept(data, before)


def test_data_of_a_newer_version_are_left_alone(make_server, binary):
    server = make_server()
    server.stop()
    with sqlite3.connect(server.database) as connection:
        connection.execute("INSERT INTO grdb_migrations VALUES ('what comes next')")
    connection.close()
    # Whose server is using the directory is written into the lock.
    contents = lambda: {  # noqa: E731
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in server.data.rglob("*")
        if path.is_file() and path.name != "holdfast.lock"
    }
    before = contents()
    doors = ("--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0")
    for command in (("serve", *doors), ("verify",)):
        refused = holdfast(binary, command[0], "--data", server.data, *command[1:])
        assert refused.returncode == 5 and refused.stdout == "", refused
        for part in ("newer version", "what comes next", str(server.database)):
            assert part in refused.stderr, refused.stderr
        assert contents() == before
