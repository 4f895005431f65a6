"""Both doors over TLS: who gets in, what those learn who don't, and what else a certificate needs in its life."""

import contextlib
import json
import os
import signal
import socket
import ssl
import struct
import subprocess

import numpy
import pytest

from certificates import Authority
from server import environment
from trainer import assert_exactly_once, left, stored_metrics, stored_steps, sync
from waiting import eventually
from wire import Connection, Producer, frame

PING = frame({"jsonrpc": "2.0", "id": 1, "method": "server.ping", "params": {}})


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue()


@pytest.fixture
def server(make_server, certificate):
    return make_server(certificate=certificate)


def answer(address, data, timeout=30):
    """What comes back for bytes that are sent as they are, up to the end of the stream."""
    with socket.create_connection(address, timeout=timeout) as plain:
        plain.sendall(data)
        return b"".join(iter(lambda: plain.recv(65536), b""))


def shake_hands(address, context):
    """The socket of a connection over TLS."""
    return context.wrap_socket(socket.create_connection(address, timeout=30), server_hostname="localhost")


# MARK: Who gets in


def test_both_doors_speak_tls_and_the_ready_line_says_so(server):
    assert server.ready["tcp"] == "tls://127.0.0.1:{}".format(server.tcp[1])
    assert server.ready["http"] == "https://127.0.0.1:{}".format(server.http[1])
    with server.connect() as connection:
        assert connection.call("server.ping")["time"] > 0
    assert server.get("/healthz")[0] == 200
    assert f"dashboard=https://127.0.0.1:{server.http[1]}/" in server.messages()


def test_requests_and_arrays_of_any_size_arrive_whole(server):
    frames = numpy.random.default_rng(5).integers(0, 256, (40, 256, 256), numpy.uint8)
    with server.connect() as connection:
        producer = Producer(connection)
        producer.call("runs.start", {"run_id": "tls"})
        steps = [
            {"episode_id": "e", "step_index": k, "action": 0, "reward": 0.0, "terminated": False, "truncated": False,
             "timestamp": 1.7e9, "frame": frames[k]}
            for k in range(len(frames))
        ]  # fmt: skip
        sent = [producer.send("steps.append", {"run_id": "tls", "steps": [step]}) for step in steps]
        assert [connection.wait(id)["first_index"] for id in sent] == list(range(len(frames)))
        refs = [f"h5://tls/frames/{k}" for k in range(len(frames))]
        arrays = connection.call("frames.resolve", {"refs": refs})["frames"]
    assert all(numpy.array_equal(array, frame) for array, frame in zip(arrays, frames))


def test_large_answers_leave_no_memory_with_their_connections(server):
    frames = numpy.random.default_rng(6).integers(0, 256, (16, 2048, 1024), numpy.uint8)
    with contextlib.ExitStack() as open_connections:
        connections = [open_connections.enter_context(server.connect()) for _ in range(8)]
        producer = Producer(connections[0])
        producer.call("runs.start", {"run_id": "large", "compression": "none"})
        for step, image in enumerate(frames):
            described = {"episode_id": "e", "step_index": step, "action": 0, "reward": 0.0, "terminated": False}
            described |= {"truncated": False, "timestamp": 1.7e9, "frame": image}
            producer.call("steps.append", {"run_id": "large", "steps": [described]})
        refs = [f"h5://large/frames/{step}" for step in range(len(frames))]
        connections[0].call("frames.resolve", {"refs": refs})
        before = server.resident_mib
        for connection in connections:
            assert numpy.array_equal(connection.call("frames.resolve", {"refs": refs})["frames"], frames)
        grown = server.resident_mib - before
        assert grown < 64, f"eight connections that each read 32 MiB hold {grown:.0f} MiB more"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_versions_are_spoken_and_http_is_negotiated(server, authority, version):
    context = authority.context
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    for address in (server.tcp, server.http):
        with shake_hands(address, context) as connection:
            assert connection.selected_alpn_protocol() == "http/1.1"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_versions_before_1_2_are_refused(server, authority):
    context = authority.context
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    for address in (server.tcp, server.http):
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL"):
            shake_hands(address, context)


def test_the_cookie_of_a_login_is_never_sent_without_tls(make_server, certificate):
    server = make_server(certificate=certificate, HOLDFAST_TOKEN="open-sesame", token="open-sesame")
    kind = {"Content-Type": "application/json"}
    status, headers, _ = server.request("POST", "/login", json.dumps({"token": "open-sesame"}), kind)
    cookie = headers["set-cookie"]
    assert status == 204 and cookie.endswith("; Secure"), cookie
    session = cookie.split(";")[0]
    assert server.request("POST", "/logout", headers={"Cookie": session})[1]["set-cookie"].endswith("; Secure")


# MARK: Who doesn't


def test_a_client_without_tls_is_told_in_its_own_protocol(server):
    data = answer(server.tcp, PING)
    (size,) = struct.unpack(">I", data[:4])
    error = json.loads(data[4:])["error"]
    assert size == len(data) - 4 and error["data"] == {"kind": "tls_required", "final": False}
    assert "tls://" in error["message"]
    data = answer(server.http, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 400 ") and b"https://" in data
    assert json.loads(data.partition(b"\r\n\r\n")[2])["error"]["kind"] == "tls_required"
    upload = b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + bytes(1_000_000)
    assert answer(server.http, upload).startswith(b"HTTP/1.1 400 ")


def test_a_client_with_tls_does_not_wait_for_doors_without(make_server, authority):
    plain = make_server()
    for address in (plain.tcp, plain.http):
        with pytest.raises(OSError) as failure:
            shake_hands(address, authority.context)
        assert not isinstance(failure.value, TimeoutError)


def test_who_does_not_finish_the_handshake_is_sent_away(server, authority):
    hello = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        authority.context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost").do_handshake()
    begun = hello.read()
    for address in (server.tcp, server.http):
        waiting = [socket.create_connection(address, timeout=30) for _ in range(3)]
        waiting[1].sendall(begun[:20])
        waiting[2].sendall(begun)
        for client in waiting:
            while client.recv(65536):
                pass
            client.close()


def test_garbage_behind_the_first_byte_harms_nobody(server):
    dice = numpy.random.default_rng(3)
    for address in (server.tcp, server.http):
        for size in (1, 5, 100, 70_000):
            with Connection(address, hello=False, timeout=30) as client:
                client.send_bytes(b"\x16\x03\x01" + dice.bytes(size))
                with contextlib.suppress(OSError):
                    client.socket.shutdown(socket.SHUT_WR)
                assert client.is_closed()
    with server.connect() as connection:
        connection.call("server.ping")


# MARK: The life of a certificate


def test_an_expired_certificate_is_shown_and_warned_of(make_server, authority):
    server = make_server(certificate=authority.issue("old", days=-1))
    assert "the certificate has expired" in server.messages()
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        server.connect()


def test_sighup_has_the_certificate_read_again(make_server, authority):
    shown, other = authority.issue("shown"), Authority(authority.folder, "other")
    server = make_server(certificate=shown)
    with server.connect() as early:
        before = shown.file.read_bytes()
        shown.file.write_text("nonsense")
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "stays the one of before" in server.messages(), "a bad file is told")
        server.connect().close()
        renewed = other.issue("renewed")
        shown.file.write_bytes(renewed.file.read_bytes())
        shown.key.write_bytes(renewed.key.read_bytes())
        assert before != shown.file.read_bytes()
        server.process.send_signal(signal.SIGHUP)

        def is_renewed():
            for address in (server.tcp, server.http):
                try:
                    shake_hands(address, other.context).close()
                except ssl.SSLCertVerificationError:
                    return False
            return True

        eventually(is_renewed, "both doors show the new certificate")
        early.call("server.ping")


# MARK: The Swift SDK and the commands


def test_a_trainer_survives_kills_of_the_server(make_server, make_trainer, binary, certificate):
    server = make_server(certificate=certificate)
    trust = {"HOLDFAST_CA_FILE": str(certificate.authority.file)}
    trainer = make_trainer(server.ready["tcp"], "spool", "--rate", 2000, "--steps", **trust)
    server.arguments = (*server.arguments, "--tcp", "{}:{}".format(*server.tcp))
    for _ in range(3):
        trainer.wait_until_logged(trainer.logged() + 500)
        server.kill()
        trainer.wait_until_logged(trainer.logged() + 200)
        server.start()
    logged = trainer.kill()
    sync(binary, trainer.spool, server.ready["tcp"], **trust)
    assert_exactly_once(stored_metrics(server, "n"), logged, "metrics")
    assert_exactly_once(stored_steps(server, "n"), logged, "steps")
    assert left(trainer.spool) == []


def test_what_waits_for_a_server_is_sent_when_it_speaks_tls(make_server, make_trainer, binary, certificate):
    server = make_server()
    trainer = make_trainer(server.tcp, "spool", "--rate", 0)
    trainer.wait_until_logged(500)
    server.kill()
    logged = trainer.kill()
    server.arguments, server.certificate = (*server.arguments, *certificate.arguments), certificate
    server.arguments += ("--tcp", "{}:{}".format(*server.tcp))
    server.start()
    trust = {"HOLDFAST_CA_FILE": str(certificate.authority.file)}
    successor = make_trainer(server.ready["tcp"], "spool", "--rate", 100, name="next", **trust)
    eventually(lambda: len(stored_metrics(server, "n")) >= logged, "the next trainer sends what the last one left")
    successor.kill()
    assert_exactly_once(stored_metrics(server, "n"), logged, "metrics")


def refusal(binary, server, *arguments, **variables):
    """How a command fails at a server, in one line."""
    command = [binary, "token", "list", "--server", server, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(**variables))
    assert done.returncode != 0 and done.stderr.count("\n") == 1, done.stdout + done.stderr
    return done.stderr


def test_commands_take_a_server_at_its_word_only_with_a_good_certificate(make_server, authority, binary, tmp_path):
    trust = {"HOLDFAST_CA_FILE": str(authority.file)}
    good = make_server(name="good", certificate=authority.issue("good"))
    command = [binary, "token", "list", "--server", good.ready["tcp"]]
    for arguments, variables in ((["--ca-file", str(authority.file)], {}), ([], trust)):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, env=environment(**variables))
        assert done.stdout == "there are no tokens\n", done.stderr
    stranger = Authority(tmp_path, "stranger")
    assert "of no authority among those that this system trusts" in refusal(binary, good.ready["tcp"])
    assert f"of no authority among those in {stranger.file}" in refusal(
        binary, good.ready["tcp"], "--ca-file", stranger.file, **trust
    )
    assert f"{tmp_path}/missing.pem" in refusal(binary, good.ready["tcp"], HOLDFAST_CA_FILE=f"{tmp_path}/missing.pem")
    assert "tls://" in refusal(binary, "{}:{}".format(*good.tcp))
    plain = make_server(name="plain")
    assert "does not speak TLS" in refusal(binary, "tls://{}:{}".format(*plain.tcp), **trust)
    renamed = make_server(name="renamed", certificate=authority.issue("renamed", names="DNS:lab.example,IP:192.0.2.1"))
    for host in ("127.0.0.1", "localhost"):
        assert f"does not name {host}" in refusal(binary, f"tls://{host}:{renamed.tcp[1]}", **trust)
    # Whoever answers for a name chooses the address that it leads to.
    addressed = make_server(name="addressed", certificate=authority.issue("addressed", names="DNS:lab.example,IP:127.0.0.1"))
    assert "does not name localhost" in refusal(binary, f"tls://localhost:{addressed.tcp[1]}", **trust)
    expired = make_server(name="expired", certificate=authority.issue("expired", days=-1))
    assert "has expired, on 2" in refusal(binary, expired.ready["tcp"], **trust)


def test_the_containers_healthcheck_asks_either_door(make_server, certificate):
    script = os.path.join(os.path.dirname(__file__), "../../docker/healthcheck")
    for server in (make_server(name="plain"), make_server(name="tls", certificate=certificate)):
        variables = {"HOLDFAST_HTTP": "0.0.0.0:{}".format(server.http[1])}
        if server.certificate:
            variables["HOLDFAST_TLS_CERT"] = str(server.certificate.file)
        assert subprocess.run(["bash", script], env=environment(**variables), timeout=30).returncode == 0
        server.stop()
        assert subprocess.run(["bash", script], env=environment(**variables), timeout=30).returncode != 0
