"""SIGTERM and Ctrl-C: what was logged reaches the server before the process is gone, or stays in the spool."""

import signal
import time

import pytest

from trainer import assert_exactly_once, left, stored_metrics, stored_steps, sync

SIGNALS = [signal.SIGTERM, signal.SIGINT]


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("rate", [50, 1000, 0])
def test_all_is_sent_before_the_process_ends(server, make_trainer, number, rate):
    trainer = make_trainer(server.tcp, "spool", "--rate", rate, "--steps")
    trainer.wait_until_logged(30)
    assert trainer.end(number) == -number
    assert_exactly_once(stored_metrics(server, "n"), trainer.logged(), "metrics")
    assert_exactly_once(stored_steps(server, "n"), trainer.logged(), "steps")
    assert left(trainer.spool) == []


@pytest.mark.parametrize("number", SIGNALS)
def test_without_a_server_it_ends_all_the_same(make_server, make_trainer, binary, number):
    server = make_server()
    trainer = make_trainer(server.tcp, "spool", "--rate", 1000, "--steps")
    trainer.wait_until_logged(500)
    server.kill()
    trainer.wait_until_logged(trainer.logged() + 500)
    begin = time.monotonic()
    assert trainer.end(number) == -number
    assert time.monotonic() - begin < 6.5
    server.start()
    sync(binary, trainer.spool, server.tcp)
    assert_exactly_once(stored_metrics(server, "n"), trainer.logged(), "metrics")
    assert_exactly_once(stored_steps(server, "n"), trainer.logged(), "steps")


def test_while_log_calls_wait_for_room(make_server, make_trainer, binary):
    server = make_server()
    trainer = make_trainer(server.tcp, "spool", "--rate", 0, "--spool-bytes", 200_000)
    trainer.wait_until_logged(2000)
    server.process.send_signal(signal.SIGSTOP)
    trainer.wait_until_blocked()
    begin = time.monotonic()
    assert trainer.end() == -signal.SIGTERM
    assert time.monotonic() - begin < 6.5
    server.process.send_signal(signal.SIGCONT)
    sync(binary, trainer.spool, server.tcp)
    assert_exactly_once(stored_metrics(server, "n"), trainer.logged(), "metrics")


def test_children_end_at_once_and_their_parent_sends_for_them(server, make_trainer, binary):
    trainer = make_trainer(server.tcp, "spool", "--rate", 500, "--children", 2, "--steps")
    for slot in range(3):
        trainer.wait_until_logged(300, slot)
    assert trainer.end(signal.SIGINT) == -signal.SIGINT
    for slot, name in enumerate(["n", "n-1", "n-2"]):
        assert_exactly_once(stored_metrics(server, name), trainer.logged(slot), name)
        assert_exactly_once(stored_steps(server, name), trainer.logged(slot), name)
    sync(binary, trainer.spool, server.tcp)
    assert left(trainer.spool) == []
