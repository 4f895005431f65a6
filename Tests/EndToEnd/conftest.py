"""Fixtures: servers and what they can do, recordings of real games, training processes."""

import contextlib
import os
import subprocess

import pytest

import games
import replay
from fault_table import pytest_configure, pytest_runtest_makereport, pytest_terminal_summary  # noqa: F401
from fixtures import binary, is_long, make_server, server  # noqa: F401
from server import Server, environment
from trainer import Trainer, tool


#: Builds a Swift package with all that it depends on.
collect_ignore = [] if os.environ.get("HOLDFAST_LONG") == "1" else ["test_thunk_package.py"]


@pytest.fixture
def connection(server):
    with server.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def lasting_server(binary, tmp_path_factory):
    """One server for all tests of a module: what one test does to it must not harm the next."""
    server = Server(binary, tmp_path_factory.mktemp("lasting") / "data").start()
    try:
        yield server
        server.stop()
    finally:
        server.clean_up()


@pytest.fixture(scope="module")
def target(lasting_server):
    """The lasting server with a small run that no hostile request may touch."""
    replay.make_target(lasting_server)
    return lasting_server


@pytest.fixture(scope="session")
def recording():
    """A few lives of Breakout."""
    return games.record("ALE/Breakout-v5", steps=160, seed=7)


@contextlib.contextmanager
def mounted(folder):
    """A file system of 48 MiB of memory."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"needs the right to mount a tmpfs: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def small_disk(tmp_path):
    with mounted(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture(scope="module")
def lasting_disk(tmp_path_factory):
    """A small file system for all tests of a module, each of which leaves room on it."""
    with mounted(tmp_path_factory.mktemp("lasting") / "disk") as folder:
        yield folder


@pytest.fixture
def make_trainer(binary, tmp_path):
    """Makes training processes; those that still run at the end are killed."""
    if not os.path.exists(tool(binary)):
        pytest.skip(f"needs {tool(binary)}")
    trainers = []

    def make(address, spool, *arguments, **options):
        trainers.append(Trainer(binary, address, tmp_path / spool, *arguments, **options))
        return trainers[-1]

    yield make
    for trainer in trainers:
        trainer.clean_up()


@pytest.fixture
def start_sync(binary, tmp_path):
    """Starts `holdfast sync` without waiting for it."""
    processes = []

    def start(spool, address):
        command = [binary, "sync", tmp_path / spool, "--server", "{}:{}".format(*address)]
        processes.append(subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
