"""The server's log: lines of text or JSON, by levels, with what a message is about, and without secrets."""

import hashlib
import json
import re

import pytest

from replay import start
from waiting import eventually
from wire import RpcError

LEVELS = ("trace", "debug", "info", "notice", "warning", "error", "critical")
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (\w+) (holdfast[.\w]*|[\w.]+): \S.*")


def lines(server):
    return server.log.read_text().splitlines()


def records(server):
    return [json.loads(line) for line in lines(server)]


def test_lines_of_text_have_a_time_a_level_and_a_part(make_server):
    server = make_server("--log-level", "debug")
    with server.connect() as connection:
        with pytest.raises(RpcError):
            connection.call("runs.get", {"run_id": "no\nsuch run"})
        eventually(lambda: "request refused" in server.messages(), "refusals are told at the level debug")
    server.stop()
    found = [LINE.fullmatch(line) for line in lines(server)]
    assert all(found), [line for line, match in zip(lines(server), found) if not match][:3]
    assert {match[1] for match in found} <= set(LEVELS)


def test_a_slow_request_is_told_with_all_that_finds_it(make_server):
    # Every request is slower than nothing.
    server = make_server(HOLDFAST_LOG_FORMAT="json", HOLDFAST_SLOW_REQUEST="0")
    with server.connect() as connection:
        start(connection, "watched")
        connection.call("runs.get", {"run_id": "watched"})
        told = eventually(
            lambda: [r for r in records(server) if r["message"] == "slow request" and r["method"] == "runs.get"],
            "the request is told",
        )
        name = "{}:{}".format(*connection.socket.getsockname()[:2])
    [record] = told
    assert (record["level"], record["logger"], record["run"]) == ("warning", "holdfast.tcp", "watched")
    assert record["connection"] == name and record["duration"] > 0 and isinstance(record["id"], int)
    server.post("runs.get", {"run_id": "watched"})
    [record] = [r for r in records(server) if r.get("method") == "runs.get" and r["logger"] == "holdfast.http"]
    assert (record["run"], record["id"]) == ("watched", 1)


def test_levels_choose(make_server):
    quiet = make_server("--log-level", "error", name="quiet")
    usual = make_server("--log-format", "json", name="usual")
    for server in (quiet, usual):
        with server.connect() as connection, pytest.raises(RpcError):
            connection.call("runs.get", {"run_id": "none"})
        server.stop()
    assert lines(quiet) == []
    # A server without its dashboard's folder warns.
    assert {record["level"] for record in records(usual)} - {"warning"} == {"info"}
    assert "open" in {record["message"] for record in records(usual)}


@pytest.mark.parametrize("format", ["text", "json"])
def test_secrets_are_not_logged(make_server, tmp_path, format):
    secrets = ["the-servers-token", "the-vaults-token", "a-wrong-token"]
    server = make_server(
        "--log-format", format, "--log-level", "trace", "--slow-request", "0",
        token=secrets[0], HOLDFAST_TOKEN=secrets[0], HOLDFAST_HOLDOUT_TOKEN=secrets[1],
    )  # fmt: skip
    with server.connect() as connection:
        made = connection.call("tokens.create", {"name": "ada", "roles": ["read"]})
    for token in (made["token"], secrets[1]):
        with server.connect(token=token) as connection:
            connection.call("server.ping")
        body = json.dumps({"token": token})
        assert server.request("POST", "/login", body, {"Content-Type": "application/json"})[0] == 204
    with pytest.raises(RpcError):
        server.connect(token=secrets[2])
    server.get("/metrics", Authorization=f"Bearer {secrets[0]}")
    server.stop()
    log = server.log.read_text()
    assert "server.ping" in log
    # Values that are printed with all that is in them show bytes as numbers.
    key = (server.data / "session.key").read_bytes()
    digests = [hashlib.sha256(secret.encode()).digest() for secret in secrets]
    numbers = [", ".join(str(byte) for byte in secret) for secret in [key, *digests]]
    for secret in [*secrets, made["token"], *numbers]:
        assert secret not in log, secret
