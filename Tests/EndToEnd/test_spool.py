"""What a training process has logged reaches the server exactly once, however and whenever that process dies."""

import os
import random
import signal
import subprocess

import pytest

from server import Server, environment
from trainer import assert_exactly_once, has_ended, left, stored_metrics, stored_steps, sync
from waiting import eventually, pause


def checked(server, trainer, logged, steps=False):
    assert_exactly_once(stored_metrics(server, trainer.name), logged, f"metrics of {trainer.name}")
    if steps:
        assert_exactly_once(stored_steps(server, trainer.name), logged, f"steps of {trainer.name}")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rate, rounds, patience", [(1, 3, 2.5), (1000, 6, 0.8), (0, 6, 0.5)])
def test_killed_at_any_moment(server, make_trainer, binary, tmp_path, is_long, rate, rounds, patience):
    """After some rounds the next process sends what is left, after others sync; small segments have many borders."""
    dice = random.Random(rate)
    killed = []
    for number in range(100 if is_long else rounds):
        steps = rate != 1 and number % 2 == 1
        size = dice.choice([16 << 10, 256 << 10, 8 << 20])
        arguments = ["--rate", rate, "--segment-bytes", size] + ["--steps", "--poison", 97] * steps
        trainer = make_trainer(server.tcp, "spool", *arguments, name=f"n{number}")
        # Sometimes before the run has started.
        if dice.random() < 0.8:
            trainer.wait_until_logged(1)
        pause(dice.random() * patience)
        killed.append((trainer, trainer.kill(), steps))
        if dice.random() < 0.4:
            sync(binary, tmp_path / "spool", server.tcp, is_poisoned=True)
            for trainer, logged, steps in killed:
                checked(server, trainer, logged, steps)
            killed = []
    last = make_trainer(server.tcp, "spool", "--count", 10, name="last")
    assert last.finish()["unsent"] == 0
    sync(binary, tmp_path / "spool", server.tcp, is_poisoned=True)
    for trainer, logged, steps in [*killed, (last, 10, False)]:
        checked(server, trainer, logged, steps)
    assert left(tmp_path / "spool") == []


def test_the_next_process_sends_what_was_left(server, make_trainer, tmp_path):
    """Without sync: its own start makes it look, and closing waits for it."""
    first = make_trainer(server.tcp, "spool", "--rate", 0, "--steps")
    first.wait_until_logged(3000)
    logged = first.kill()
    assert make_trainer(server.tcp, "spool", "--count", 1, name="next").finish()["unsent"] == 0
    checked(server, first, logged, steps=True)
    assert left(tmp_path / "spool") == []


def test_five_thousand_records_closed_at_once(server, make_trainer, tmp_path):
    trainer = make_trainer(server.tcp, "spool", "--count", 5000)
    assert trainer.finish() == {"unsent": 0, "dropped": 0, "rejected": 0}
    assert_exactly_once(stored_metrics(server, "n"), 5000, spare=0)
    assert left(tmp_path / "spool") == []


def test_a_refused_request_costs_only_itself(server, make_trainer, tmp_path):
    trainer = make_trainer(server.tcp, "spool", "--count", 2000, "--steps", "--poison", 100)
    assert trainer.finish() == {"unsent": 0, "dropped": 0, "rejected": 20}
    checked(server, trainer, 2000, steps=True)
    assert len(list((tmp_path / "spool" / "rejected").glob("*.frame"))) > 0


def test_forked_children_log_with_their_parent(server, make_trainer, binary, tmp_path):
    trainer = make_trainer(server.tcp, "spool", "--count", 3000, "--children", 4, "--steps")
    assert trainer.finish()["unsent"] == 0
    sync(binary, tmp_path / "spool", server.tcp)
    for name in ["n", "n-1", "n-2", "n-3", "n-4"]:
        assert_exactly_once(stored_metrics(server, name), 3000, name, spare=0)
        assert_exactly_once(stored_steps(server, name), 3000, name, spare=0)
    assert left(tmp_path / "spool") == []


def test_forking_while_logging(server, make_trainer, binary, tmp_path):
    """Segments begin and end, and files are opened and closed, while another thread forks."""
    trainer = make_trainer(server.tcp, "spool", "--count", 1000, "--forks", 60, "--segment-bytes", 1024)
    assert trainer.finish()["unsent"] == 0
    sync(binary, tmp_path / "spool", server.tcp)
    assert_exactly_once(stored_metrics(server, "n"), 1000, spare=0)
    assert_exactly_once(stored_metrics(server, "n-fork"), 600, spare=0)
    assert left(tmp_path / "spool") == []


def test_children_of_a_killed_parent_come_after_it(make_server, make_trainer, binary, tmp_path):
    """Their steps belong to a run whose start lies in the parent's spool."""
    server = make_server()
    server.stop()
    trainer = make_trainer(server.tcp, "spool", "--count", 2000, "--children", 4, "--steps", "--no-close")
    assert trainer.process.wait(30) == 0, trainer.messages()
    server.start()
    sync(binary, tmp_path / "spool", server.tcp)
    for name in ["n", "n-1", "n-2", "n-3", "n-4"]:
        assert_exactly_once(stored_metrics(server, name), 2000, name, spare=0)
        assert_exactly_once(stored_steps(server, name), 2000, name, spare=0)
    assert left(tmp_path / "spool") == []


def test_a_living_child_is_sent_by_sync_when_its_parent_is_gone(server, make_trainer, binary, tmp_path):
    """Sync ends as soon as the server has what there is, and not with the child."""
    trainer = make_trainer(server.tcp, "spool", "--rate", 200, "--children", 1)
    trainer.wait_until_logged(100, slot=1)
    (child,) = trainer.children()
    try:
        trainer.kill()
        logged = trainer.logged(slot=1)
        sync(binary, tmp_path / "spool", server.tcp, deadline=30, code=1)
        assert_exactly_once(stored_metrics(server, "n-1"), logged, "the living child", spare=100_000)
    finally:
        os.kill(child, signal.SIGKILL)
    eventually(lambda: has_ended(child), "the child has ended")
    sync(binary, tmp_path / "spool", server.tcp)
    assert_exactly_once(stored_metrics(server, "n-1"), trainer.logged(slot=1), "the dead child")


def test_many_processes_share_a_spool(server, make_trainer, binary, tmp_path):
    trainers = [make_trainer(server.tcp, "spool", "--rate", 300, name=f"n{number}") for number in range(6)]
    for trainer in trainers:
        trainer.wait_until_logged(150)
    logged = [trainer.kill() for trainer in trainers[:3]]
    for trainer in trainers[3:]:
        assert trainer.end() == -signal.SIGTERM
        logged.append(trainer.logged())
    sync(binary, tmp_path / "spool", server.tcp)
    for trainer, count in zip(trainers, logged, strict=True):
        checked(server, trainer, count)
    assert left(tmp_path / "spool") == []


def test_two_syncs_at_the_same_time(make_server, make_trainer, start_sync, binary, tmp_path):
    server = make_server()
    address = server.tcp
    for number in range(8):
        trainer = make_trainer(address, "spool", "--count", 3000, "--no-close", "--no-left", name=f"n{number}")
        assert trainer.process.wait(30) == 0
    syncs = [start_sync("spool", address) for _ in range(3)]
    for one in syncs:
        one.wait(60)
    sync(binary, tmp_path / "spool", address)
    for number in range(8):
        assert_exactly_once(stored_metrics(server, f"n{number}"), 3000, f"n{number}", spare=0)
    assert left(tmp_path / "spool") == []


def test_without_a_server_named_each_spool_goes_to_its_own(binary, server, make_trainer, tmp_path):
    other = Server(binary, tmp_path / "other").start()
    killed = []
    # One was sent to the wrong door: that keeps nothing from the others.
    for number, address in enumerate((server.tcp, other.tcp, server.http)):
        trainer = make_trainer(address, "spool", "--rate", 0, name=f"n{number}")
        trainer.wait_until_logged(2000)
        killed.append((trainer, trainer.kill()))
    done = subprocess.run(
        [binary, "sync", tmp_path / "spool"], capture_output=True, text=True, env=environment(), timeout=60
    )
    assert done.returncode == 1 and "{}:{} does not speak the protocol".format(*server.http) in done.stderr, done
    for place, (trainer, logged) in zip((server, other), killed):
        checked(place, trainer, logged)
    assert len(left(tmp_path / "spool")) == 1
    other.stop()
