"""`/healthz`: live as long as it answers, ready while writes are taken, and the reason when they are not."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess

import pytest

from server import Server
from waiting import eventually
from wire import request


def ready(server):
    code, headers, body = server.get("/healthz/ready")
    answer = json.loads(body)
    assert headers["content-type"] == "application/json"
    assert (code, answer["status"]) in ((200, "ready"), (503, "not_ready")), (code, answer)
    return answer.get("reason", "")


def test_a_server_with_a_token_tells_everybody(make_server):
    server = make_server(token="secret", HOLDFAST_TOKEN="secret")
    assert ready(server) == ""
    assert server.get("/healthz/live")[0] == server.get("/healthz")[0] == 200


def test_a_server_that_drains_is_live_and_not_ready(make_server):
    server = make_server()
    with server.connect() as deaf:
        # It does not read its answers, so that the server waits for it.
        deaf.socket.settimeout(2)
        with contextlib.suppress(TimeoutError):
            for k in range(1_000_000):
                deaf.socket.sendall(request("server.stats", {}, k))
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: ready(server) == "draining", "the server says that it drains", within=5, every=0.05)
        assert server.get("/healthz/live")[0] == 200
    assert server.process.wait(10) == 0
    server.process.stdout.close()


def test_a_full_disk_is_a_reason_until_there_is_room(small_disk, make_server):
    server = make_server(data=small_disk / "data")
    assert ready(server) == ""
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), open(ballast, "wb") as file:
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    eventually(lambda: ready(server) == "disk_full", "a full disk is told", every=0.2)
    assert server.get("/healthz/live")[0] == 200
    ballast.unlink()
    eventually(lambda: ready(server) == "", "the server is ready when there is room", every=0.2)


def test_a_directory_that_may_not_be_written_is_a_reason(binary, tmp_path):
    program = tmp_path / "holdfast"
    # Root without a capability is like any other user.
    drop = "setpriv --bounding-set=-all" if os.geteuid() == 0 else ""
    program.write_text(f'#!/bin/sh\nexec {drop} "{binary}" "$@"\n')
    program.chmod(0o755)
    server = Server(program, tmp_path / "data").start()
    folders = [server.data / "telemetry", server.data / "replay"]
    try:
        for folder in folders:
            folder.chmod(0o500)
            eventually(lambda: ready(server) == "read_only", f"{folder.name} can't be written to", every=0.2)
            folder.chmod(0o700)
            eventually(lambda: ready(server) == "", "the server is ready again", every=0.2)
        server.stop()
    finally:
        for folder in folders:
            folder.chmod(0o700)
        server.clean_up()


@pytest.mark.parametrize("question", ["ready", "live"])
def test_the_containers_check_asks(server, question):
    check = pathlib.Path(__file__).parents[2] / "docker" / "healthcheck"
    address = {"HOLDFAST_HTTP": f"0.0.0.0:{server.http[1]}", "PATH": os.environ["PATH"]}
    assert subprocess.run(["bash", check, question], env=address, timeout=20).returncode == 0
    assert subprocess.run(["bash", check, "nothing"], env=address, timeout=20).returncode == 1
    server.stop()
    assert subprocess.run(["bash", check, question], env=address, stderr=subprocess.DEVNULL, timeout=20).returncode != 0
