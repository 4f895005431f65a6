"""A server that freezes, goes, comes back, has no disk or an older state: what was logged meanwhile arrives all the same."""

import os
import random
import shutil
import signal

import pytest

from replay import start
from server import without_privilege
from trainer import assert_exactly_once, fill, left, stored_metrics, stored_steps, sync
from waiting import eventually, pause

MIB = 1 << 20


def moved(server):
    """Has the server come back at the address that it has now."""
    server.arguments = (*server.arguments, "--tcp", "{}:{}".format(*server.tcp))
    return server


def killed_and_synced(server, trainer, binary, steps=True, is_poisoned=False):
    logged = trainer.kill()
    sync(binary, trainer.spool, server.tcp, is_poisoned=is_poisoned)
    assert_exactly_once(stored_metrics(server, trainer.name), logged, "metrics")
    if steps:
        assert_exactly_once(stored_steps(server, trainer.name), logged, "steps")
    assert left(trainer.spool) == []


@pytest.mark.fault("server stopped", "steps", "metrics")
def test_frozen(server, make_trainer, binary):
    """Its connections stay, so the trainer does not know."""
    trainer = make_trainer(server.tcp, "spool", "--rate", 2000, "--steps")
    trainer.wait_until_logged(1000)
    server.process.send_signal(signal.SIGSTOP)
    trainer.wait_until_logged(trainer.logged() + 4000)
    server.process.send_signal(signal.SIGCONT)
    trainer.wait_until_logged(trainer.logged() + 1000)
    killed_and_synced(server, trainer, binary)


@pytest.mark.fault("server stopped", "steps", "metrics")
def test_frozen_until_the_trainer_connects_again(server, make_trainer, binary):
    """When it thaws it takes what the connections that were given up had brought, while the next one brings it again."""
    trainer = make_trainer(server.tcp, "spool", "--rate", 2000, "--steps", "--request-timeout", 0.5)
    trainer.wait_until_logged(1000)
    for _ in range(2):
        server.process.send_signal(signal.SIGSTOP)
        trainer.says("has not answered in time")
        trainer.wait_until_logged(trainer.logged() + 3000)
        server.process.send_signal(signal.SIGCONT)
        trainer.wait_until_logged(trainer.logged() + 500)
    killed_and_synced(server, trainer, binary)


@pytest.mark.fault("server stopped", "steps", "metrics")
@pytest.mark.fault("client killed", "steps", "metrics")
def test_killed_while_the_server_is_frozen(server, make_trainer, binary):
    """The server has requests in its sockets that it takes only after the next connection has asked how far it is."""
    trainer = make_trainer(server.tcp, "spool", "--rate", 0, "--steps")
    trainer.wait_until_logged(1000)
    server.process.send_signal(signal.SIGSTOP)
    trainer.wait_until_logged(trainer.logged() + 3000)
    logged = trainer.kill()
    server.process.send_signal(signal.SIGCONT)
    sync(binary, trainer.spool, server.tcp)
    assert_exactly_once(stored_metrics(server, "n"), logged, "metrics")
    assert_exactly_once(stored_steps(server, "n"), logged, "steps")


def test_memory_stays_flat_while_the_server_is_frozen(server, make_trainer, binary):
    """300 MB wait in the spool."""
    trainer = make_trainer(server.tcp, "spool", "--rate", 0, "--steps", "--frame-bytes", 30_000, "--count", 10_000)
    trainer.says("^started$")
    before = trainer.resident_mib
    server.process.send_signal(signal.SIGSTOP)
    grown = 0

    def watched():
        nonlocal grown
        grown = max(grown, trainer.resident_mib - before)
        return trainer.logged() == 10_000

    eventually(watched, "all is logged", within=60, every=0.01)
    assert grown <= 64, f"the trainer's memory grew by {grown} MiB while its server was frozen"
    server.process.send_signal(signal.SIGCONT)
    killed_and_synced(server, trainer, binary)


@pytest.mark.fault("server killed", "steps", "metrics")
def test_stopped_and_restarted(server, make_trainer, binary):
    trainer = make_trainer(server.tcp, "spool", "--rate", 2000, "--steps")
    for number in range(4):
        trainer.wait_until_logged(trainer.logged() + 500)
        if number % 2:
            server.stop()
        else:
            server.kill()
        trainer.wait_until_logged(trainer.logged() + 500)
        moved(server).start()
    killed_and_synced(server, trainer, binary)


@pytest.mark.fault("client killed", "steps", "metrics")
def test_killed_while_the_server_is_away(server, make_trainer, binary):
    trainer = make_trainer(server.tcp, "spool", "--rate", 0, "--steps")
    trainer.wait_until_logged(500)
    server.kill()
    trainer.wait_until_logged(trainer.logged() + 500)
    logged = trainer.kill()
    assert "no connection to the server" in sync(binary, trainer.spool, server.tcp, code=1)
    moved(server).start()
    sync(binary, trainer.spool, server.tcp)
    assert_exactly_once(stored_metrics(server, "n"), logged, "metrics")
    assert_exactly_once(stored_steps(server, "n"), logged, "steps")


def test_what_sync_can_not_send_is_named(server, connection, make_trainer, binary, tmp_path):
    trainer = make_trainer("127.0.0.1:1", "spool", "--rate", 0)
    trainer.wait_until_logged(100)
    trainer.kill()
    [spool] = left(trainer.spool)
    assert "is itself a spool; name the folder above it" in sync(binary, trainer.spool / spool, server.tcp, code=1)
    (trainer.spool / spool).chmod(0)
    try:
        program = without_privilege(binary, tmp_path)
        told = [sync(program, trainer.spool, address, code=1) for address in (server.tcp, None)]
    finally:
        (trainer.spool / spool).chmod(0o700)
    for text in told:
        assert text.count(f"{spool} can't be read: ") == 1 and "Permission denied" in text, text
    start(connection, "run")
    connection.call("runs.delete", {"run_id": "run"})
    told = sync(binary, trainer.spool, server.tcp, code=1)
    assert "1 was refused" in told and f"requests that were are in {trainer.spool}/rejected, with the reasons" in told, told
    assert told.count("was deleted") == 1, told


@pytest.mark.fault("server killed", "steps", "metrics")
@pytest.mark.fault("client killed", "steps", "metrics")
@pytest.mark.timeout(1800)
def test_server_trainer_and_children_are_killed(server, make_trainer, binary, is_long):
    """Each at its own moment, so that requests were taken of which nobody got the answer."""
    dice = random.Random(11)
    for number in range(100 if is_long else 5):
        arguments = ["--rate", dice.choice([0, 300, 3000]), "--segment-bytes", dice.choice([4096, 1 << 20])]
        trainer = make_trainer(
            server.tcp, "spool", *arguments, "--steps", "--poison", 89, "--children", 2, name=f"n{number}"
        )
        trainer.wait_until_logged(1, slot=2)
        for victim in dice.sample([server.kill, trainer.kill, trainer.kill_children], 3):
            pause(dice.random() * 0.15)
            victim()
        if dice.random() < 0.3:
            assert "no connection to the server" in sync(binary, trainer.spool, server.tcp, code=1)
        moved(server).start()
        sync(binary, trainer.spool, server.tcp, is_poisoned=True)
        for slot, name in enumerate([trainer.name, f"{trainer.name}-1", f"{trainer.name}-2"]):
            assert_exactly_once(stored_metrics(server, name), trainer.logged(slot), f"metrics of {name}")
            assert_exactly_once(stored_steps(server, name), trainer.logged(slot), f"steps of {name}")
        assert left(trainer.spool) == []


@pytest.mark.fault("disk full", "steps", "metrics")
def test_the_servers_disk_is_full(small_disk, make_server, make_trainer, binary):
    server = make_server(data=small_disk / "data")
    ballast = small_disk / "ballast"
    ballast.write_bytes(os.urandom(24 * MIB))
    trainer = make_trainer(server.tcp, "spool", "--rate", 500, "--steps", "--poison", 100)
    trainer.wait_until_logged(200)
    fill(small_disk / "more")
    trainer.says("disk_full", within=20)
    trainer.wait_until_logged(trainer.logged() + 500)
    ballast.unlink()
    trainer.wait_until_logged(trainer.logged() + 500)
    killed_and_synced(server, trainer, binary, is_poisoned=True)


def test_restored_from_an_older_copy(make_server, make_trainer, binary, tmp_path):
    """What was acknowledged since the copy is gone with it; what was not arrives, once."""
    server = make_server()
    trainer = make_trainer(server.tcp, "spool", "--rate", 1000, "--steps")
    trainer.wait_until_logged(1000)
    server.stop()
    shutil.copytree(server.data, tmp_path / "copy")
    moved(server).start()
    eventually(lambda: len(stored_metrics(server, "n")) > 1500, "more is stored than in the copy", within=20)
    server.stop()
    acknowledged = max(stored_metrics(server, "n"))
    shutil.rmtree(server.data)
    (tmp_path / "copy").rename(server.data)
    trainer.wait_until_logged(acknowledged + 2000)
    server.start()
    logged = trainer.kill()
    sync(binary, trainer.spool, server.tcp)
    for stored in (stored_metrics(server, "n"), stored_steps(server, "n")):
        kept = {number: count for number, count in stored.items() if number > acknowledged}
        assert_exactly_once({n - acknowledged - 1: c for n, c in kept.items()}, logged - acknowledged - 1, "new")
        assert all(count == 1 for count in stored.values())
    assert left(trainer.spool) == []


def test_restored_from_a_copy_that_is_older_than_the_run(make_server, make_trainer, binary, tmp_path):
    """The server knows the run again before what comes of it, or it would refuse all of that."""
    server = make_server()
    server.stop()
    shutil.copytree(server.data, tmp_path / "copy")
    moved(server).start()
    trainer = make_trainer(server.tcp, "spool", "--rate", 1000, "--steps")
    eventually(lambda: len(stored_steps(server, "n")) > 500, "steps are stored", within=20)
    server.stop()
    acknowledged = max(stored_steps(server, "n"))
    shutil.rmtree(server.data)
    (tmp_path / "copy").rename(server.data)
    server.start()
    eventually(lambda: max(stored_steps(server, "n"), default=0) > acknowledged + 1000, "steps arrive", within=20)
    logged = trainer.kill()
    sync(binary, trainer.spool, server.tcp)
    kept = {number: count for number, count in stored_steps(server, "n").items() if number > acknowledged}
    assert_exactly_once({n - acknowledged - 1: c for n, c in kept.items()}, logged - acknowledged - 1, "new")
    assert left(trainer.spool) == [] and not (trainer.spool / "rejected").exists()
