"""Disks that are full, can't be read, or may not be written: a refusal that says so, then all goes on as if nothing had been."""

import h5py
import pytest

from faults import on
from preload import FailingFiles
from senders import Sender
from server import Server, without_privilege
from trainer import fill
from wire import RpcError
from workloads import WORKLOADS


def restarted(server):
    """With nothing cached, and an empty log of the database."""
    server.stop()
    server.start()


def refused(sender, connection, most=20):
    """The error that one of the next units gets; those before it are acknowledged."""
    for _ in range(min(most, sender.left)):
        try:
            sender.write(connection)
        except RpcError as error:
            assert not error.final, f"the state of a disk is no fault of the request: {error}"
            return error
    raise AssertionError(f"{sender.acknowledged} units of {sender.workload.name} were taken")


def go_on(server, sender):
    """What was refused is taken, now that nothing is in the way, and all is there, also after a restart."""
    with server.connect() as connection:
        sender.resend(connection)
        sender.write(connection)
        sender.check(server, connection)
    restarted(server)
    with server.connect() as connection:
        sender.check(server, connection)


# --- Full


@pytest.fixture(scope="module")
def cramped_server(binary, lasting_disk):
    """Depends on the disk, so that the server ends before the disk goes."""
    server = Server(binary, lasting_disk / "data", log=lasting_disk.parent / "log").start()
    yield server
    server.clean_up()


@on("disk full", *WORKLOADS)
def test_a_full_disk_refuses_by_name_and_takes_it_later(cramped_server, lasting_disk, subject):
    sender, ballast = Sender(WORKLOADS[subject]()), lasting_disk / "ballast"
    with cramped_server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 2)
    restarted(cramped_server)
    fill(ballast)
    try:
        with cramped_server.connect() as connection:
            error = refused(sender, connection)
            assert error.kind == "disk_full", f"a full disk is disk_full: {error}"
            sender.check(cramped_server, connection)
    finally:
        ballast.unlink()
    go_on(cramped_server, sender)
    leftovers = [path for path in cramped_server.data.rglob("*") if path.suffix in (".sealing", ".draft", ".unfinished")]
    assert leftovers == []


@pytest.mark.fault("disk full", "start-up")
def test_a_server_killed_on_a_full_disk_starts_there(cramped_server, lasting_disk):
    sender, ballast = Sender(WORKLOADS["steps"]()), lasting_disk / "ballast"
    with cramped_server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 3)
    cramped_server.kill()
    fill(ballast)
    try:
        cramped_server.start()
        with cramped_server.connect() as connection:
            sender.check(cramped_server, connection)
            # The start may have made room.
            fill(ballast)
            assert refused(sender, connection).kind == "disk_full"
    finally:
        ballast.unlink()
    go_on(cramped_server, sender)


@pytest.mark.fault("disk full", "start-up")
def test_a_start_that_needs_room_says_so(cramped_server, lasting_disk):
    ballast = lasting_disk / "ballast"
    cramped_server.stop()
    fill(ballast)
    try:
        code, said = cramped_server.refused_start()
    finally:
        ballast.unlink()
    assert code == 1 and str(cramped_server.database) in said and "has room" in said, f"{code}: {said}"
    cramped_server.start()


# --- Not readable, not writable


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    return FailingFiles(tmp_path_factory.mktemp("failing"))


@pytest.fixture(scope="module")
def failing_server(binary, failing, tmp_path_factory):
    server = Server(binary, tmp_path_factory.mktemp("server") / "data", **failing.variables).start()
    yield server
    server.clean_up()


#: The files of whose reading each subject depends.
FILES = dict.fromkeys(WORKLOADS, "/telemetry.sqlite") | {"steps": "/steps-", "seal": "/seal-", "backup": "/backup-"}


@on("disk read error", *WORKLOADS)
def test_what_can_not_be_read_is_an_error_that_names_it(failing, failing_server, subject):
    sender = Sender(WORKLOADS[subject]())
    with failing_server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 3)
    restarted(failing_server)
    with failing.reads(FILES[subject]), failing_server.connect() as connection:
        before, errors = failing.count, []
        for attempt in (lambda: sender.check(failing_server, connection), lambda: sender.write(connection)):
            try:
                attempt()
            except RpcError as error:
                assert error.kind in ("internal", "overloaded") and not error.final, str(error)
                errors.append(error.message)
            except AssertionError:
                assert False, "what can't be read is an error, not another answer"
        assert failing.count > before and errors, f"{failing.count - before} reads have failed, errors: {errors}"
        for message in errors:
            assert FILES[subject].strip("/-") in message, f"the message names the file: {message}"
        assert connection.call("server.ping") and failing_server.get("/healthz")[0] == 200
    go_on(failing_server, sender)


def check_refused_and_taken_later(server, sender, failing):
    """While it fails the next unit is refused; if the error says so, it is taken after a restart."""
    with server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 2)
        with failing:
            error = refused(sender, connection)
            assert error.kind == "internal", str(error)
            sender.check(server, connection)
    if "restarted" in error.message:
        restarted(server)
        with server.connect() as connection:
            sender.check(server, connection)
    go_on(server, sender)


@on("read-only data", *WORKLOADS)
def test_what_can_not_be_written_is_refused_and_taken_later(failing, failing_server, subject):
    changes = failing.changes(f"{failing_server.data}/")
    check_refused_and_taken_later(failing_server, Sender(WORKLOADS[subject]()), changes)


@on("disk write error", *WORKLOADS)
def test_what_does_not_reach_the_disk_is_refused_and_taken_later(failing, failing_server, subject):
    syncs = failing.syncs(f"{failing_server.data}/")
    check_refused_and_taken_later(failing_server, Sender(WORKLOADS[subject]()), syncs)


@pytest.mark.fault("disk write error", "start-up")
def test_a_start_whose_repair_does_not_reach_the_disk_is_made_up_for(failing, failing_server):
    sender = Sender(WORKLOADS["steps"]())
    with failing_server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 3)
    failing_server.kill()
    with failing.syncs(f"{failing_server.data}/"):
        before = failing.count
        failing_server.start()
        assert failing.count > before
        with failing_server.connect() as connection:
            sender.check(failing_server, connection)
    restarted(failing_server)
    go_on(failing_server, sender)


@pytest.mark.fault("disk read error", "start-up")
def test_a_start_without_a_readable_database_says_so(failing, failing_server):
    sender = Sender(WORKLOADS["metrics"]())
    with failing_server.connect() as connection:
        sender.write(connection, 3)
    failing_server.stop()
    with failing.reads("/telemetry.sqlite"):
        code, said = failing_server.refused_start()
    assert code in (1, 4) and str(failing_server.database) in said, f"{code}: {said}"
    failing_server.start()
    go_on(failing_server, sender)


@pytest.mark.fault("disk read error", "start-up")
def test_an_array_file_that_can_not_be_read_at_the_start_is_repaired_at_the_next(failing, failing_server):
    sender = Sender(WORKLOADS["steps"]())
    with failing_server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 3)
    failing_server.kill()
    with failing.reads(f"/{sender.workload.tag}.h5"):
        failing_server.start()
        with failing_server.connect() as connection:
            with pytest.raises(RpcError, match=sender.workload.tag):
                sender.check(failing_server, connection)
            assert connection.call("server.ping")
    restarted(failing_server)
    with h5py.File(failing_server.run_file(sender.workload.tag), "r") as file:
        assert len(file["frames"]) == 6, "the file is closed in order"
    go_on(failing_server, sender)


@pytest.mark.fault("read-only data", "start-up")
def test_a_start_on_data_that_may_not_be_written_says_so(failing, failing_server):
    sender = Sender(WORKLOADS["labels"]())
    with failing_server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 3)
    failing_server.stop()
    with failing.changes(f"{failing_server.data}/"):
        code, said = failing_server.refused_start()
    assert code == 1 and str(failing_server.data) in said and "writ" in said, f"{code}: {said}"
    failing_server.start()
    go_on(failing_server, sender)


@pytest.mark.fault("read-only data", "start-up")
def test_a_start_on_files_of_somebody_else_says_so(make_server, binary, tmp_path):
    program = without_privilege(binary, tmp_path)
    server = make_server()
    server.stop()
    paths = [server.data, *server.data.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        server.binary = program
        code, said = server.refused_start()
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert code == 1 and str(server.data) in said and "writ" in said, f"{code}: {said}"
    server.start()
