"""Fixtures of the tests that run a server: the binary under test, and servers on fresh data directories."""

import os

import pytest

from server import Server


@pytest.fixture(scope="session")
def binary():
    path = os.environ.get("HOLDFAST_BIN")
    if not path:
        pytest.exit("set HOLDFAST_BIN to the holdfast binary to test", returncode=2)
    return os.path.abspath(path)


@pytest.fixture
def make_server(binary, tmp_path):
    """Makes servers; at the end each that still runs must be well and end on SIGTERM with code 0."""
    servers = []

    def make(*arguments, name="data", start=True, data=None, **options):
        server = Server(binary, data or tmp_path / name, *arguments, log=tmp_path / f"{name}.log", **options)
        servers.append(server)
        return server.start() if start else server

    yield make
    try:
        for server in servers:
            if server.process is not None and server.process.returncode is None:
                server.stop()
    finally:
        for server in servers:
            server.clean_up()


@pytest.fixture
def server(make_server):
    return make_server()


@pytest.fixture(scope="session")
def is_long():
    """HOLDFAST_LONG=1 asks for the long form of the tests that have one."""
    return os.environ.get("HOLDFAST_LONG") == "1"
