"""python -m holdfast."""

import errno
import os
import subprocess
import sys

import pytest

import holdfast
from conftest import CLIENT
from holdfast.spool.queue import SpoolQueue
from programs import environment


def holdfast_command(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "holdfast", *map(str, arguments)],
        env=environment(CLIENT, **variables),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_doctor_finds_all_well(address, spool, quick):
    with holdfast.init("r", server=address, options=quick) as run:
        run.log({"loss": 1.0})
        told = holdfast_command("doctor", spool, "--server", address)
    assert told.returncode == 0, told.stdout
    waits = f"wait for {address}; a living process fills it"
    for words in ("holdfast/0.1.0", "none given, none needed", "1 spool, ", waits, "clock"):
        assert words in told.stdout, told.stdout
    assert "FAIL" not in told.stdout


def test_the_doctor_says_what_is_wrong(make_server, make_trainer, spool):
    told = holdfast_command("doctor", spool, "--server", "127.0.0.1:1")
    assert told.returncode == 1 and "is holdfast serve running there?" in told.stdout and "isn't there yet" in told.stdout
    server = make_server(HOLDFAST_TOKEN="open-sesame", token="open-sesame")
    trainer = make_trainer(
        """
        run = holdfast.init("r", server="127.0.0.1:1", options=options)
        run.log({"loss": 1})
        say("logged")
        time.sleep(60)
        """
    )
    trainer.line()
    trainer.kill()
    (spool / "damaged-x").mkdir()
    told = holdfast_command("doctor", spool, "--server", server.ready["tcp"], "--token", "wrong")
    assert told.returncode == 1 and "unauthorized" in told.stdout and "HOLDFAST_TOKEN" in told.stdout
    told = holdfast_command("doctor", spool, HOLDFAST_SERVER=server.ready["tcp"], HOLDFAST_TOKEN="open-sesame")
    assert "token     accepted; it allows read, ingest, label, holdout, admin" in told.stdout and "left by a process that ended; python -m holdfast sync" in told.stdout
    assert "FAIL" in told.stdout and "damaged-x" in told.stdout
    assert holdfast_command("doctor", spool, "--server", "nonsense").returncode == 1
    (spool / "file").touch()
    told = holdfast_command("doctor", spool / "file", "--server", server.ready["tcp"])
    assert told.returncode == 1 and "file can't be read: Not a directory" in told.stdout


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"HOLDFAST_TOKN": "x"}, "HOLDFAST_TOKN is not read; should it be HOLDFAST_TOKEN?"),
        ({"HOLDFAST_SERVER": "127.0.0.1:99999"}, "99999 is no port from 1 to 65535"),
        ({"HOLDFAST_SERVER": "http://127.0.0.1:7412"}, "programs use the TCP door"),
        ({"HOLDFAST_SERVER": "nonsense"}, 'HOLDFAST_SERVER: "nonsense" is not host:port'),
        ({"HOLDFAST_TOKEN": os.fsdecode(b"\xff")}, "FAIL  token     HOLDFAST_TOKEN is no text in UTF-8"),
        ({"HOLDFAST_SERVER": "tls://a:1", "HOLDFAST_CA_FILE": "/no"}, 'FAIL  tls       HOLDFAST_CA_FILE is "/no": there is no such'),
    ],
)
def test_the_doctor_says_which_variable_is_wrong(spool, variables, words):
    told = holdfast_command("doctor", spool, **variables)
    assert told.returncode == 1 and words in told.stdout, told


def test_usage_is_told():
    assert holdfast_command().returncode == 2
    assert "doctor" in holdfast_command("--help").stdout
    assert holdfast_command("--version").stdout.startswith("holdfast 0.")


def test_sync_needs_the_token(make_server, spool):
    server = make_server(HOLDFAST_TOKEN="open-sesame", token="open-sesame")
    spool.mkdir()
    refused = holdfast_command("sync", spool, "--server", server.ready["tcp"])
    assert refused.returncode == 1 and "unauthorized" in refused.stderr and "HOLDFAST_TOKEN or --token" in refused.stderr
    done = holdfast_command("sync", spool, "--server", server.ready["tcp"], "--token", "open-sesame")
    assert done.stdout == f"nothing to send: there is no spool in {spool}\n"


def test_without_a_server_each_spool_goes_to_its_own(make_server, make_trainer, spool):
    servers = [make_server(name=name) for name in ("one", "two")]
    for address in [server.ready["tcp"] for server in servers] + ["127.0.0.1:1"]:
        trainer = make_trainer(
            f"""
            run = holdfast.init("r", server="{address}", options=options)
            run.log({{"loss": 1}})
            say("logged")
            time.sleep(60)
            """
        )
        trainer.line()
        trainer.kill()
    done = holdfast_command("sync", spool, HOLDFAST_SERVER="")
    assert done.returncode == 1 and done.stdout.startswith("sent "), done.stdout
    assert "no connection to the server at 127.0.0.1:1: " in done.stderr and done.stderr.count("\n") == 1, done.stderr
    for server in servers:
        with holdfast.Client(server.ready["tcp"]) as client:
            assert [row["metric_value"] for row in client.metrics.all(run_id="r")] == [1]


def test_who_may_not_log_is_told_so_at_once(make_server, make_trainer, spool, quick):
    server = make_server()
    with holdfast.Client(server.ready["tcp"]) as client:
        boss = client.call("tokens.create", {"name": "boss", "roles": ["admin"]})["token"]
    with holdfast.Client(server.ready["tcp"], token=boss) as client:
        tokens = {role: client.call("tokens.create", {"name": role, "roles": [role]})["token"] for role in ("read", "ingest")}
    trainer = make_trainer(
        """
        run = holdfast.init("r", server="127.0.0.1:1", options=options)
        for step in range(1000):
            run.log({"loss": step})
        say("logged")
        time.sleep(60)
        """
    )
    trainer.line()
    trainer.kill()
    with pytest.warns(UserWarning, match=r"refuses the token \(forbidden: .*set HOLDFAST_TOKEN or token=… to one with the"):
        holdfast.init("other", server=server.ready["tcp"], token=tokens["read"], spool=spool / "own", options=quick).finish(timeout=0)
    commands = {
        role: ["sync", spool, "--server", server.ready["tcp"], "--token", token] for role, token in tokens.items()
    }
    refused = holdfast_command(*commands["read"])
    assert refused.returncode == 1 and "forbidden" in refused.stderr.splitlines()[-1], refused
    assert "sequence_gap" not in refused.stderr
    program = subprocess.run([server.binary, *commands["read"]], capture_output=True, text=True, timeout=60)
    assert program.returncode == 1 and "forbidden" in program.stderr.splitlines()[-1], program
    assert holdfast_command(*commands["ingest"]).stdout == "sent 1001 records\n"


@pytest.fixture
def left(make_trainer, spool):
    """A spool with a run and two metrics, for a server that is not there."""
    trainer = make_trainer(
        """
        run = holdfast.init("r", server="127.0.0.1:1", options=options)
        run.log({"loss": 1, "accuracy": 0.5})
        say("logged")
        time.sleep(60)
        """
    )
    trainer.line()
    trainer.kill()
    (folder,) = spool.iterdir()
    return folder


def test_sync_says_what_was_refused_and_where_it_lies(make_server, left, spool):
    server = make_server()
    with holdfast.Client(server.ready["tcp"]) as client:
        client.runs.start("r")
        client.runs.delete("r")
    done = holdfast_command("sync", spool, "--server", server.ready["tcp"])
    assert done.returncode == 1 and done.stdout == "sent 2 records, 1 was refused\n", done
    assert done.stderr.count("run_deleted") == 1, done.stderr
    last = f"holdfast: the refused records lie in {spool}/rejected; each .error.json says why"
    assert done.stderr.splitlines()[-1] == last and list((spool / "rejected").glob("*.error.json"))
    assert not left.exists()


def test_the_folder_of_one_spool_is_not_taken_for_an_empty_directory(left, spool):
    for command in ("sync", "doctor"):
        told = holdfast_command(command, f"{left}/")
        assert told.returncode == 1 and f"{left}/ is itself a spool; name the folder above it" in told.stdout + told.stderr, told


def test_the_http_door_is_not_taken_for_a_server_that_is_down(make_server, left, spool):
    door = make_server().ready["http"]
    said = f"{door} does not speak the protocol; is it the HTTP door? "
    said += "Training code and commands use the other one, 7411 by default"
    done = holdfast_command("sync", spool, "--server", door)
    assert done.returncode == 1 and done.stderr == f"holdfast: {said}; name the right one with --server\n", done
    told = holdfast_command("doctor", spool, "--server", door)
    assert told.returncode == 1 and f"{said}; name the right one with HOLDFAST_SERVER" in told.stdout, told


def test_where_nothing_was_ever_logged_there_is_nothing_to_send(tmp_path):
    done = holdfast_command("sync", HOLDFAST_SPOOL=str(tmp_path / "missing"), HOLDFAST_SERVER="")
    assert done.returncode == 0 and done.stdout == f"nothing to send: there is no spool in {tmp_path}/missing\n"


@pytest.mark.parametrize("file", ["sender.lock", "state", "0000000000000000.segment"])
def test_a_spool_that_can_not_be_opened_is_named_with_the_reason(file, make_server, left, spool):
    (left / file).rename(spool / "elsewhere")
    (left / file).mkdir()
    server = make_server()
    # Without a state it is for no server that is known.
    for variable in (server.ready["tcp"], "") if file == "state" else (server.ready["tcp"],):
        done = holdfast_command("sync", spool, HOLDFAST_SERVER=variable)
        assert done.returncode == 1 and done.stderr == f"holdfast: {left}: Is a directory\n", done
        assert left.exists()


@pytest.mark.parametrize("place", ["resume", "is_done"])
def test_a_spool_that_nothing_can_be_made_of_is_not_tried_for_ever(place, make_server, left, spool, monkeypatch):
    def fail(*arguments):
        raise KeyError("column")

    monkeypatch.setattr(SpoolQueue, place, fail)
    report = holdfast.sync(str(spool), make_server().ready["tcp"])
    assert report.unreadable == [(str(left), "KeyError('column')")] and left.exists()


def test_who_may_not_open_a_spool_is_told_whose_it_is(left, spool, monkeypatch):
    def refuse(folder, server):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), f"{folder.path}/sender.lock")

    monkeypatch.setattr(SpoolQueue, "left", refuse)
    monkeypatch.setenv("HOLDFAST_SERVER", "")
    (left / "state").unlink()  # so that no server is asked first
    report = holdfast.sync(str(spool))
    assert report.unreadable == [(str(left), "Permission denied; run this as its owner")] and report.left == 1


def test_a_spool_that_can_not_be_read_is_not_taken_for_an_empty_one(tmp_path):
    missing = holdfast_command("sync", tmp_path / "missing")
    assert missing.returncode == 1 and f"there is no folder {tmp_path}/missing" in missing.stderr, missing
    (tmp_path / "file").touch()
    file = holdfast_command("sync", tmp_path / "file")
    assert file.returncode == 1 and "file can't be read: Not a directory" in file.stderr, file
