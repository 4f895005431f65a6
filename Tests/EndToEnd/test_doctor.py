"""`holdfast doctor`: what is wrong with a data directory is named, with its remedy, and nothing is changed."""

import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

import numpy
import pytest

from replay import send_rows, start, tiny_step
from server import Server, environment


def run_doctor(binary, data, **variables):
    return subprocess.run(
        [binary, "doctor", data, "--json"], capture_output=True, text=True, env=environment(**variables), timeout=60
    )


def examine(binary, data, code=None, **variables):
    """The findings that are not well, by level; the directory is as it was."""
    before = contents(data)
    ended = run_doctor(binary, data, **variables)
    report = json.loads(ended.stdout)
    levels = [finding["level"] for finding in report["findings"]]
    worst = "error" if "error" in levels else "warn" if "warn" in levels else "ok"
    assert (report["level"], ended.returncode) == (worst, {"ok": 0, "warn": 1, "error": 2}[worst]), ended
    assert contents(data) == before, "the doctor only reads"
    for finding in report["findings"]:
        assert (finding["level"] == "ok") == ("remedy" not in finding), f"what isn't well has a remedy: {finding}"
    # What this machine is like is not the directory's doing.
    machine = {"descriptors", "disk", "inodes", "file system"}
    return [finding for finding in report["findings"] if finding["subject"] not in machine]


def faults(binary, data, **variables):
    return [(f["level"], f["subject"], f["message"]) for f in examine(binary, data, **variables) if f["level"] != "ok"]


def contents(data):
    """Every file but the -shm, which each reader of a database has a place in."""
    files = [path for path in data.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    return {path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


def fill(server):
    with server.connect() as connection:
        for run in ("first", "second"):
            start(connection, run)
            send_rows(connection, run, [tiny_step(k, run, frame=numpy.full((4, 4), k, numpy.uint8)) for k in range(5)])


@pytest.fixture(scope="module")
def filled(binary, tmp_path_factory):
    """A data directory that a server has left in order, and one that it has left by a kill."""
    folder = tmp_path_factory.mktemp("filled")
    server = Server(binary, folder / "data").start()
    try:
        fill(server)
        server.kill()
        shutil.copytree(folder / "data", folder / "killed")
        server.start()
        server.stop()
    finally:
        server.clean_up()
    return folder


@pytest.fixture
def data(filled, tmp_path):
    return shutil.copytree(filled / "data", tmp_path / "data")


def test_all_is_well_with_a_server_that_was_stopped(binary, data):
    findings = examine(binary, data)
    assert {finding["level"] for finding in findings} == {"ok"}, findings
    told = {finding["subject"]: finding["message"] for finding in findings}
    assert told["server"] == "none is using the directory"
    assert told["arrays"].startswith("2 files"), told
    for library in ("SQLite", "HDF5", "libpng", "libdeflate", "zlib"):
        assert library in told["program"]
    lines = subprocess.run([binary, "doctor", data], capture_output=True, text=True, env=environment(), timeout=60)
    assert all(line.startswith(("ok ", "warn ", "error ", " ")) for line in lines.stdout.splitlines()), lines.stdout


def test_a_server_that_runs_is_named_and_not_disturbed(server, binary):
    fill(server)
    findings = {finding["subject"]: finding for finding in examine(binary, server.data)}
    assert {finding["level"] for finding in findings.values()} == {"ok"}, findings
    assert f"process {server.process.pid} " in findings["server"]["message"]
    server.check()


def test_a_kill_is_told_and_no_error(binary, filled, tmp_path):
    killed = shutil.copytree(filled / "killed", tmp_path / "killed")
    found = faults(binary, killed)
    assert {level for level, _, _ in found} == {"warn"}, found
    assert [text for _, subject, text in found if subject == "arrays" and "not closed" in text], found
    assert [text for _, subject, text in found if subject == "log"], found


def test_a_backup_of_a_run_that_is_being_written_is_well(server, binary):
    fill(server)
    with server.connect() as connection:
        copy = connection.call("server.backup")["path"]
    findings = examine(binary, pathlib.Path(copy))
    assert {finding["level"] for finding in findings} == {"ok"}, findings
    assert [f for f in findings if "2 files not closed: a backup of a run" in f["message"]], findings


def test_a_directory_that_is_not_there(binary, tmp_path):
    ended = run_doctor(binary, tmp_path / "missing")
    assert ended.returncode == 2 and "does not exist" in ended.stdout
    (tmp_path / "file").write_text("")
    ended = run_doctor(binary, tmp_path / "file")
    assert ended.returncode == 2 and "not a folder" in ended.stdout


def test_a_directory_of_other_files_is_none_of_a_server(binary, tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    assert [fault for _, subject, fault in faults(binary, tmp_path) if "no data directory" in fault and subject == "directory"]


def test_an_empty_directory_is_well(binary, tmp_path):
    (tmp_path / "data").mkdir()
    assert faults(binary, tmp_path / "data") == []


def test_a_damaged_page_is_found(binary, data):
    database = data / "telemetry" / "telemetry.sqlite"
    with open(database, "r+b") as file:
        # The b-tree of `runs`: its page's first bytes say what kind it is.
        connection = sqlite3.connect(f"file:{database}?immutable=1", uri=True)
        [[page]] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'runs'")
        [[size]] = connection.execute("PRAGMA page_size")
        connection.close()
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)
    [(level, subject, text)] = faults(binary, data)
    assert (level, subject) == ("error", "database") and "damaged" in text
    database.write_bytes(b"not a database at all" * 100)
    [(level, subject, text)] = faults(binary, data)
    assert (level, subject) == ("error", "database") and "not a database" in text


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")], ids=["gone", "empty"])
def test_arrays_without_their_database_are_named_and_kept(binary, data, damage):
    replay, database = data / "replay", data / "telemetry" / "telemetry.sqlite"
    damage(database)
    before = contents(replay)
    [(level, subject, text)] = faults(binary, data)
    assert (level, subject) == ("error", "database") and "gone or empty" in text and "2 array files" in text
    code, said = Server(binary, data).refused_start()
    assert code == 4 and str(database) in said and "restore a backup" in said, f"{code}: {said}"
    assert contents(replay) == before


def test_array_files_that_lack_rows_are_found(binary, data):
    (data / "replay" / "first.h5").unlink()
    file = data / "replay" / "second.h5"
    file.write_bytes(file.read_bytes()[:-100])
    found = faults(binary, data)
    assert [(level, subject) for level, subject, _ in found] == [("error", "arrays")] * 2, found
    assert "first.h5 is missing" in found[0][2] and "second.h5 can't be read" in found[1][2]


def test_rows_that_the_database_expects_are_counted(binary, data):
    with sqlite3.connect(data / "telemetry" / "telemetry.sqlite") as connection:
        connection.execute("UPDATE runs SET next_row = 6 WHERE run_id = 'first'")
    connection.close()
    [(level, subject, text)] = faults(binary, data)
    assert (level, subject) == ("error", "arrays") and "5 rows" in text and "6 are committed" in text


def test_what_interrupted_work_left_is_named(binary, data):
    (data / "replay" / "first.h5.sealing").write_bytes(b"")
    (data / "replay" / "second.h5.draft").write_bytes(b"")
    (data / "replay" / "third.h5.repair").write_bytes(b"")
    (data / "replay" / "stranger.h5").write_bytes(b"")
    (data / "backups" / "night.unfinished").mkdir(parents=True)
    (data / "backups" / "empty").mkdir()
    found = faults(binary, data)
    assert {level for level, _, _ in found} == {"warn"}
    names = ("first.h5.sealing", "second.h5.draft", "third.h5.repair", "stranger.h5", "night.unfinished", "backups/empty")
    for name in names:
        assert [text for _, _, text in found if name in text], f"{name}: {found}"
    assert len(found) == len(names), found


def test_backups_are_looked_at(server, binary):
    fill(server)
    with server.connect() as connection:
        path = connection.call("server.backup", {"backup": "night"})["path"]
    assert faults(binary, server.data) == []
    with open(os.path.join(path, "telemetry", "telemetry.sqlite"), "r+b") as file:
        file.write(b"no header")
    [(level, subject, text)] = faults(binary, server.data)
    assert (level, subject) == ("error", "backup") and "night" in text


def test_a_clock_that_went_back_is_told(binary, data):
    with sqlite3.connect(data / "telemetry" / "telemetry.sqlite") as connection:
        connection.execute("UPDATE runs SET heartbeat_at = '2199-01-01T00:00:00.000000Z' WHERE run_id = 'first'")
    connection.close()
    [(level, subject, text)] = faults(binary, data)
    assert (level, subject) == ("warn", "clock") and "2199-01-01" in text


def test_a_schema_of_another_version_is_told(binary, data):
    database = data / "telemetry" / "telemetry.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute("DELETE FROM grdb_migrations WHERE identifier = 'audit_log'")
    connection.close()
    [(level, subject, text)] = faults(binary, data)
    assert (level, subject) == ("warn", "schema") and "audit_log" in text
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO grdb_migrations VALUES ('what comes next')")
    connection.close()
    [(level, subject, text)] = faults(binary, data)
    assert (level, subject) == ("error", "schema") and "what comes next" in text


def test_settings_that_a_server_would_refuse_are_errors(binary, data):
    [(level, subject, text)] = faults(binary, data, HOLDFAST_SPLIT_SEED="7")
    assert (level, subject) == ("error", "settings") and "--split-seed" in text
    [(level, subject, text)] = faults(binary, data, HOLDFAST_TCP="nowhere")
    assert (level, subject) == ("error", "settings") and "HOLDFAST_TCP=nowhere" in text


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files to others")
def test_permissions_that_do_not_fit_are_told(binary, data):
    os.chown(data / "replay" / "first.h5", 4711, 4711)
    os.chmod(data / "replay" / "second.h5", 0o666)
    os.chmod(data / "replay", 0o500)
    found = faults(binary, data)
    assert [(level, subject) for level, subject, _ in found] == [
        ("error", "permissions"), ("warn", "permissions"), ("warn", "permissions"),
    ], found  # fmt: skip
    for (_, _, text), name in zip(found, ("/replay lack", "first.h5", "second.h5")):
        assert name in text, found


def test_a_directory_behind_a_symbolic_link_is_as_that_is(binary, data, tmp_path):
    (tmp_path / "link").symlink_to(data)
    assert not faults(binary, tmp_path / "link")


def test_a_disk_that_is_nearly_full_is_an_error(binary, small_disk, filled):
    data = shutil.copytree(filled / "data", small_disk / "data")
    findings = json.loads(run_doctor(binary, data).stdout)["findings"]
    found = {finding["subject"]: finding["level"] for finding in findings}
    assert (found["disk"], found["file system"]) == ("error", "warn"), findings
