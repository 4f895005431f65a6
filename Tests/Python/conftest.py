"""Fixtures: servers, clients, spools and trainers of their own."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CLIENT = HERE.parent.parent / "Client" / "Python"
sys.path[:0] = [str(CLIENT), str(HERE.parent / "EndToEnd")]

import holdfast  # noqa: E402
from fixtures import binary, is_long, make_server, server  # noqa: E402, F401
from programs import Trainer  # noqa: E402


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """No test reaches a server or a spool of the user's."""
    for name in list(os.environ):
        if name.startswith("HOLDFAST_") and name not in ("HOLDFAST_BIN", "HOLDFAST_LONG"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOLDFAST_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("HOLDFAST_SERVER", "127.0.0.1:1")


@pytest.fixture
def address(server):
    return server.ready["tcp"]


@pytest.fixture
def client(address):
    with holdfast.Client(address) as client:
        yield client


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def quick():
    """Options without the resource monitor, with short pauses."""
    return holdfast.Options(resource_interval=None, longest_retry_delay=0.3)


@pytest.fixture
def run(address, quick):
    with holdfast.init(run="r", server=address, options=quick) as run:
        yield run


@pytest.fixture
def make_trainer(tmp_path):
    """Runs Python programs that log, each in a process of its own; none outlives the test."""
    trainers = []

    def make(source, **variables):
        trainer = Trainer(source, tmp_path, CLIENT, variables)
        trainers.append(trainer)
        return trainer

    yield make
    for trainer in trainers:
        trainer.clean_up()
