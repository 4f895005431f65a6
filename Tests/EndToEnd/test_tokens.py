"""Tokens with roles, given out and taken back while the server runs."""

import http.client
import json
import subprocess
import urllib.error
import urllib.request

import h5py
import numpy
import pytest

from server import environment
from wire import Connection, Producer


def holdfast(binary, *arguments, **variables):
    command = [binary, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(**variables), timeout=60)


def test_tokens_from_the_command_line(make_server, binary):
    server = make_server()
    at = ["--server", "{}:{}".format(*server.tcp)]
    refused = holdfast(binary, "token", "create", "trainer", "--role", "ingest", *at)
    assert refused.returncode == 1 and "needs role admin" in refused.stderr
    admin = holdfast(binary, "token", "create", "boss", "--role", "admin,read", *at).stdout.strip()
    assert admin.startswith("hf_")
    closed = holdfast(binary, "token", "list", *at)
    assert closed.returncode == 1 and "token" in closed.stderr
    assert holdfast(binary, "token", "list", *at, HOLDFAST_TOKEN=admin + "\n").stdout.startswith("boss ")
    at += ["--token", admin]
    trainer = holdfast(binary, "token", "create", "trainer", "--role", "read", "--role", "ingest", *at).stdout.strip()
    more = holdfast(binary, "token", "create", "spy", "--role", "holdout", *at)
    assert more.returncode == 1 and "holdout" in more.stderr
    with server.connect(token=trainer) as connection:
        connection.call("runs.start", {"run_id": "a"})
        assert connection.refusal("runs.delete", {"run_id": "a"}).kind == "forbidden"
        assert holdfast(binary, "token", "revoke", "trainer", *at).stdout == "revoked trainer\n"
        # Also for those who are in.
        assert connection.refusal("runs.list").kind == "unauthorized"
    listed = holdfast(binary, "token", "list", *at).stdout.splitlines()
    assert [line.split()[:2] for line in listed] == [["boss", "read,admin"], ["trainer", "read,ingest"]]
    assert "revoked" in listed[1]
    assert holdfast(binary, "token", "revoke", "trainer", *at).stdout.startswith("trainer was revoked before, 20")
    audit = holdfast(binary, "audit", *at).stdout
    for part in ("login", "tokens.create", "tokens.revoke", "trainer", "127.0.0.1"):
        assert part in audit
    server.stop()
    found = holdfast(binary, "token", "create", "again", "--role", "admin", "--data", server.data)
    assert found.returncode == 0 and found.stdout.startswith("hf_")
    told = [holdfast(binary, "token", "revoke", name, "--data", server.data).stdout for name in ("boss", "again")]
    assert told[0] == "revoked boss\n" and "no other token with role admin" in told[1], told


def test_a_token_that_was_given_out_lets_a_door_be_open_to_other_machines(make_server, binary):
    server = make_server()
    server.stop()
    doors = ["--data", server.data, "--tcp", "0.0.0.0:0", "--http", "127.0.0.1:0"]
    refused = holdfast(binary, "serve", *doors)
    assert refused.returncode == 2 and "HOLDFAST_TCP: 0.0.0.0:0" in refused.stderr and "token create" in refused.stderr
    token = holdfast(binary, "token", "create", "boss", "--role", "admin", "--data", server.data).stdout.strip()
    command = [binary, "serve", *map(str, doors)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()) as process:
        try:
            port = int(json.loads(process.stdout.readline())["tcp"].rpartition(":")[2])
            with Connection(("127.0.0.1", port), hello=False) as connection:
                assert connection.refusal("hello", {"protocol": 1, "client": "x"}).kind == "unauthorized"
            with Connection(("127.0.0.1", port), token=token) as connection:
                assert connection.call("tokens.list")["tokens"][0]["name"] == "boss"
        finally:
            process.terminate()


def test_nobody_writes_lines_of_the_audit_log(make_server, binary):
    server = make_server(HOLDFAST_TOKEN="secret", token="secret")
    line = "2026-01-02T03:04:05Z  login  boss  10.0.0.1  ssh"
    hello = {"protocol": 1, "client": f"x\n{line}\x1b[1A", "token": "wrong"}
    with Connection(server.tcp, hello=False) as connection:
        assert connection.refusal("hello", hello).kind == "unauthorized"
    at = ["--server", "{}:{}".format(*server.tcp), "--token", "secret"]
    [entry] = [text for text in holdfast(binary, "audit", *at).stdout.split("\n") if "login_failed" in text]
    assert f"x\\n{line}\\u{{1b}}[1A" in entry
    refused = holdfast(binary, "token", "create", "a\nb", "--role", "admin", *at)
    assert refused.returncode == 1 and "control character" in refused.stderr


def test_an_import_ends_where_its_token_may_not_log(make_server, binary, tmp_path):
    server = make_server()
    at = ["--server", "{}:{}".format(*server.tcp)]
    with server.connect() as connection:
        admin = connection.call("tokens.create", {"name": "boss", "roles": ["admin"]})["token"]
    with server.connect(token=admin) as connection:
        reader = connection.call("tokens.create", {"name": "reader", "roles": ["read"]})["token"]
    with h5py.File(tmp_path / "scans.h5", "w") as file:
        file["images"] = numpy.zeros((3, 4, 4), numpy.uint8)
    command = ["import", tmp_path / "scans.h5", "--dataset", "images", *at]
    refused = holdfast(binary, *command, "--token", reader)
    assert refused.returncode == 1 and "with role ingest" in refused.stderr.splitlines()[-1], refused
    unknown = holdfast(binary, *command)
    assert unknown.returncode == 1 and "HOLDFAST_TOKEN or --token" in unknown.stderr, unknown


@pytest.mark.parametrize("path", ["/events", "/metrics/rows"])
def test_streams_end_with_their_token(make_server, path):
    server = make_server()
    with server.connect() as connection:
        boss = connection.call("tokens.create", {"name": "boss", "roles": ["admin", "ingest"]})["token"]
    with server.connect(token=boss) as connection:
        reader = connection.call("tokens.create", {"name": "reader", "roles": ["read"]})["token"]
        stream = http.client.HTTPConnection(*server.http, timeout=20)
        stream.request("GET", path, headers={"Authorization": f"Bearer {reader}"})
        answer = stream.getresponse()
        assert answer.status == 200
        connection.call("tokens.revoke", {"name": "reader"})
        row = {"table": "training_metrics", "metric_name": "secret", "metric_value": 1.0, "step": 1, "timestamp": 1000.0}
        connection.call("runs.start", {"run_id": "secret"})
        Producer(connection).call("metrics.append", {"run_id": "secret", "rows": [row]})
        try:
            rest = answer.read()
        except http.client.IncompleteRead as cut:
            rest = cut.partial
    stream.close()
    assert b"secret" not in rest


def test_wrong_tokens_behind_a_proxy_cost_their_sender_alone(make_server):
    server = make_server()
    with server.connect() as connection:
        boss = connection.call("tokens.create", {"name": "boss", "roles": ["admin"]})["token"]

    def status(token, sender):
        headers = {"Content-Type": "application/json", "X-Forwarded-For": f"198.51.100.1, {sender}"}
        body = json.dumps({"token": token}).encode()
        request = urllib.request.Request("http://{}:{}/login".format(*server.http), body, headers)
        try:
            return urllib.request.urlopen(request, timeout=20).status
        except urllib.error.HTTPError as error:
            return error.code

    assert [status("wrong", "203.0.113.9") for _ in range(21)] == [401] * 20 + [429]
    assert status(boss, "203.0.113.9") == 429
    assert status(boss, "203.0.113.10") == 204
    with server.connect(token=boss) as connection:
        entries = connection.call("audit.list", {"limit": 1000})["entries"]
    assert {entry["address"] for entry in entries if entry["event"] == "login_failed"} == {"203.0.113.9"}
