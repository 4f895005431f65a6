"""The client over TLS: whom it trusts, what it says when it doesn't, and what else must go on as without."""

import pickle
import socket
import ssl

import numpy
import pytest

import holdfast
from certificates import Authority
from holdfast import HoldfastError, ServerError
from holdfast.address import Address, may_take, server_address
from test_command_line import holdfast_command
from test_faults import metric_steps, step_indices


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue()


@pytest.fixture
def trust(monkeypatch, authority):
    """The variable that names whom to trust."""
    monkeypatch.setenv("HOLDFAST_CA_FILE", str(authority.file))


@pytest.fixture
def server(make_server, certificate):
    return make_server(certificate=certificate)


def refusal(server, **options):
    """Why a client does not talk to a server."""
    with holdfast.Client(server, timeout=20, **options) as client, pytest.raises(HoldfastError) as refused:
        client.server.ping()
    assert refused.value.code == "tls"
    return refused.value.message


def test_addresses_with_tls_are_read_and_written():
    address = Address.parse("tls://[::1]:7411")
    assert address == Address("::1", 7411, is_secure=True) and str(address) == "tls://[::1]:7411"
    for text in ("tls://", "tls://host", "https://host:7411", "TLS://host:7411", "tls://tls://host:7411"):
        with pytest.raises(HoldfastError, match="tls://host:port"):
            Address.parse(text)


def test_what_waits_for_a_server_may_go_to_its_door_with_tls_but_never_to_one_without():
    assert may_take("box:1", "box:1") and may_take("box:1", "tls://box:1")
    assert not may_take("tls://box:1", "box:1") and not may_take("box:1", "tls://box:2")


REMEDY = "; name a PEM file with the certificates of the authorities to trust by HOLDFAST_CA_FILE, ca_file or --ca-file"


def test_authorities_that_cant_be_read_are_an_error_at_once(tmp_path, authority, monkeypatch):
    pem = authority.file.read_text()
    files = {
        "missing": (None, "there is no such file"),
        "folder": (None, "it can't be read: Is a directory"),
        "nonsense": (b"nonsense", "that is no PEM file"),
        "empty": (b"", "that is no PEM file"),
        "der": (ssl.PEM_cert_to_DER_cert(pem), "that is no PEM file, but perhaps one in DER, of which openssl x509 -inform der -in "),
        "key": (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no certificate in it, but PRIVATE KEY"),
        "cut": (pem[: len(pem) // 2].encode(), "a certificate in it is damaged ("),
    }
    (tmp_path / "folder").mkdir()
    for name, (content, fault) in files.items():
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        for make in (holdfast.Client, lambda server, ca_file: holdfast.init("r", server=server, ca_file=ca_file)):
            with pytest.raises(HoldfastError) as refused:
                make("tls://127.0.0.1:1", ca_file=str(file))
            assert refused.value.code == "tls" and refused.value.message.endswith(REMEDY)
            assert refused.value.message.startswith(f'ca_file is "{file}": ') and fault in refused.value.message
        monkeypatch.setenv("HOLDFAST_CA_FILE", str(file))
        with pytest.raises(HoldfastError) as refused:
            server_address("tls://127.0.0.1:1")
        assert refused.value.message.startswith(f'HOLDFAST_CA_FILE is "{file}": ') and fault in refused.value.message


def test_only_a_good_certificate_is_trusted(make_server, authority, certificate, tmp_path):
    server, mine = make_server(name="good", certificate=certificate), str(authority.file)
    with holdfast.Client(server.ready["tcp"], ca_file=mine) as client:
        assert client.server.ping()["time"] > 0 and client.certificate.names == ("localhost", "127.0.0.1")
        assert client.beside().server.ping()
    assert "those that this system trusts" in refusal(server.ready["tcp"])
    stranger = Authority(tmp_path, "stranger")
    assert f"of no authority among those in {stranger.file}" in refusal(server.ready["tcp"], ca_file=str(stranger.file))
    renamed = make_server(name="renamed", certificate=authority.issue("renamed", names="DNS:lab.example,IP:192.0.2.1"))
    for host in ("127.0.0.1", "localhost"):
        assert f"does not name {host}" in refusal(f"tls://{host}:{renamed.tcp[1]}", ca_file=mine)
    expired = make_server(name="expired", certificate=authority.issue("expired", days=-1))
    assert "has expired" in refusal(expired.ready["tcp"], ca_file=mine)


def test_with_and_without_tls_tell_each_other_apart(make_server, certificate, trust):
    plain, secure = make_server(name="plain"), make_server(name="secure", certificate=certificate)
    assert "does not speak TLS" in refusal(f"tls://{plain.ready['tcp']}")
    with holdfast.Client("{}:{}".format(*secure.tcp)) as client, pytest.raises(ServerError, match="tls://") as refused:
        client.server.ping()
    assert refused.value.kind == "tls_required"


def test_a_server_that_is_silent_or_leaves_is_not_waited_for_long(trust):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = "tls://127.0.0.1:{}".format(silent.getsockname()[1])
        with holdfast.Client(address, timeout=0.3) as client, pytest.raises(HoldfastError) as refused:
            client.server.ping()
        assert refused.value.code == "timeout"


def test_a_run_arrives_whole_and_can_be_sampled(server, trust, quick):
    frames = numpy.random.default_rng(2).integers(0, 256, (60, 200, 200, 3), numpy.uint8)
    with holdfast.init("r", server=server.ready["tcp"], options=quick) as run:
        for step, frame in enumerate(frames):
            run.log({"loss": step}, step=step)
            run.log_step("r/0", step, reward=1.0, frame=frame)
        run.flush(30)
        assert run.client.runs.get("r")["status"] == "running"
        assert pickle.loads(pickle.dumps(run._delivery.address)).ca_file
    refs = [f"h5://r/frames/{step}" for step in range(len(frames))]
    assert numpy.array_equal(holdfast.resolve(refs, server.ready["tcp"], stack=True), frames)
    with holdfast.replay.samples(server.ready["tcp"], n=8, batches=3) as batches:
        assert [batch["frame"].shape for batch in batches] == [(8, 200, 200, 3)] * 3


def test_a_server_that_is_killed_and_comes_back(server, trust, quick):
    server.arguments = (*server.arguments, "--tcp", "{}:{}".format(*server.tcp))
    with holdfast.init("r", server=server.ready["tcp"], options=quick) as run:
        for step in range(2000):
            run.log({"loss": step}, step=step)
            run.log_step("r/0", step, reward=1.0)
            if step in (500, 1200):
                run.flush(20)
                server.kill()
            if step in (800, 1500):
                server.start()
        run.flush(20)
        assert run.statistics.reconnects >= 1 and run.statistics.rejected == 0
    with holdfast.Client(server.ready["tcp"]) as client:
        assert metric_steps(client, "r") == step_indices(client, "r/0") == list(range(2000))


def test_forked_workers_have_connections_of_their_own(server, trust, spool, make_trainer):
    trainer = make_trainer(
        """
        import multiprocessing

        def work(number):
            for step in range(200):
                run.log({f"worker_{number}": step}, step=step)
            run.client.server.ping()

        run = holdfast.init("r", server=os.environ["SERVER"], options=options)
        run.client.server.ping()
        workers = [multiprocessing.get_context("fork").Process(target=work, args=(number,)) for number in range(2)]
        for worker in workers:
            worker.start()
        for step in range(1000):
            run.log({"loss": step}, step=step)
        for worker in workers:
            worker.join()
        run.client.server.ping()
        assert [worker.exitcode for worker in workers] == [0, 0]
        """,
        SERVER=server.ready["tcp"],
    )
    assert trainer.wait() == 0, trainer.errors()
    with holdfast.Client(server.ready["tcp"]) as client:
        assert metric_steps(client, "r") == list(range(1000))
        for number in range(2):
            assert metric_steps(client, "r", f"worker_{number}") == list(range(200))


def test_the_doctor_tells_of_tls_and_of_certificates(make_server, authority, server, trust, spool):
    told = holdfast_command("doctor", spool, "--server", server.ready["tcp"])
    assert told.returncode == 0, told.stdout
    assert "TLSv1.3; the certificate is for localhost, 127.0.0.1, valid until 2" in told.stdout
    ending = make_server(name="ending", certificate=authority.issue("ending", days=3))
    told = holdfast_command("doctor", spool, "--server", ending.ready["tcp"])
    assert told.returncode == 1 and "3 days; renew it" in told.stdout
    told = holdfast_command("doctor", spool, "--server", server.ready["tcp"], HOLDFAST_CA_FILE="")
    assert told.returncode == 1 and "FAIL  tls" in told.stdout and "of no authority" in told.stdout
    told = holdfast_command("doctor", spool, "--server", "{}:{}".format(*server.tcp))
    assert told.returncode == 1 and "HOLDFAST_SERVER=tls://127.0.0.1:" in told.stdout
    told = holdfast_command("doctor", spool, "--server", server.ready["tcp"], "--ca-file", "/nowhere")
    assert told.returncode == 1 and "/nowhere" in told.stdout


def test_sync_over_tls(server, spool, certificate, make_trainer):
    trainer = make_trainer(
        """
        run = holdfast.init("r", server="127.0.0.1:1", options=options)
        for step in range(100):
            run.log({"loss": step}, step=step)
        say("logged")
        time.sleep(60)
        """
    )
    trainer.line()
    trainer.kill()
    refused = holdfast_command("sync", spool, "--server", server.ready["tcp"])
    assert refused.returncode == 1 and "of no authority" in refused.stderr
    trusted = ("--ca-file", certificate.authority.file)
    done = holdfast_command("sync", spool, "--server", server.ready["tcp"], *trusted)
    assert done.stdout.startswith("sent ") and "refused" not in done.stdout, done.stdout + done.stderr
    with holdfast.Client(server.ready["tcp"], ca_file=str(certificate.authority.file)) as client:
        assert metric_steps(client, "r") == list(range(100))
