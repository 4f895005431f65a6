"""A spool with bytes that are not what was written, or that are not there: what is before them is sent, nothing is removed
unsent."""

import os
import shutil
import signal

import pytest

import holdfast
from conftest import CLIENT
from holdfast.spool.state import StateFile
from programs import Trainer
from spool_damages import DAMAGES, change, segments
from spools import metric_steps, sync_by_python, sync_by_swift
from waiting import eventually

COUNT = 12_000


def left_by_a_killed_trainer(folder, count, segment):
    trainer = Trainer(
        f"""
        options.spool_segment_bytes = {segment}
        run = holdfast.init("n", server="127.0.0.1:1", options=options)
        for step in range({count}):
            run.log({{"loss": step}}, step=step)
        say("logged")
        time.sleep(60)
        """,
        folder,
        CLIENT,
        {},
    )
    try:
        assert trainer.line() == "logged"
        trainer.kill()
    finally:
        trainer.clean_up()
    return folder / "spool"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A spool of many segments."""
    return left_by_a_killed_trainer(tmp_path_factory.mktemp("template"), COUNT, 64 << 10)


@pytest.fixture
def left(template, spool):
    """A copy of it."""
    shutil.copytree(template, spool)
    (folder,) = spool.iterdir()
    return folder


def assert_set_aside(spool, address, client, least, most=COUNT):
    """Sync says what is amiss, the next one has nothing to say; all before the damage is there once."""
    done = sync_by_python(spool, address)
    (aside,) = spool.iterdir()
    assert aside.name.startswith("damaged-") and f"was set aside as {aside}\n" in done.stderr, done
    assert "holdfast: 1 damaged spool: " in done.stderr and done.returncode == 1 and "Traceback" not in done.stderr, done
    found = metric_steps(client, "n") if least else []
    assert least <= len(found) < most and found == list(range(len(found)))
    again = sync_by_python(spool, address)
    assert "there is no spool in" in again.stdout and again.returncode == 0


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_segment(damage, left, spool, address, client):
    found = segments(left)
    DAMAGES[damage](found[5])
    assert_set_aside(spool, address, client, least=COUNT * 4 // len(found))


@pytest.mark.parametrize("damage", ["empty", "truncated", "zeros"])
def test_the_last_segment_is_damaged(damage, left, spool, address, client):
    found = segments(left)
    if damage == "truncated":
        os.truncate(found[-1], 200)
    else:
        DAMAGES[damage](found[-1])
    assert_set_aside(spool, address, client, least=COUNT * (len(found) - 2) // len(found))


@pytest.mark.parametrize("by", ["python", "swift"])
def test_of_a_segment_that_is_cut_the_whole_records_are_sent(by, binary, tmp_path, address, client):
    spool = left_by_a_killed_trainer(tmp_path, 200, 8 << 20)
    (segment,) = spool.glob("*/*.segment")
    os.truncate(segment, 6000)
    done = (sync_by_python if by == "python" else sync_by_swift(binary))(spool, address)
    # The start of the run takes 104 bytes, a metric 56.
    assert done.stdout == "sent 106 records\n" and done.returncode == 1 and "1 damaged spool" in done.stderr, done
    assert metric_steps(client, "n") == list(range(105))


@pytest.mark.parametrize("damage", ["gone", "empty", "zeros", "noise"])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_lost_state(damage, is_told, left, spool, address, client, monkeypatch):
    """Nobody knows what was sent; sending all again could store it twice. For that no server needs to be named."""
    monkeypatch.setenv("HOLDFAST_SERVER", "")
    DAMAGES[damage](left / "state")
    assert_set_aside(spool, address if is_told else "", client, least=0, most=1)


def test_half_a_state_is_enough(left, spool, address, client):
    change(left / "state", 0, b"broken")
    assert sync_by_python(spool, address).returncode == 0
    assert metric_steps(client, "n") == list(range(COUNT))


def test_damage_in_what_was_on_its_way_doubles_nothing(spool, server, client, address, make_trainer):
    """The server has requests that can't be read any more: their numbers are not given to others, nor is the rest sent anew."""
    trainer = make_trainer(
        """
        options.batch_records = options.largest_batch_records = 40
        options.requests_in_flight = 2
        run = holdfast.init("n", server=os.environ["SERVER"], options=options)
        run.flush()
        say("begun")
        sys.stdin.readline()
        # Two whole requests, whenever the sender looks, and a rest that has to wait.
        for request in range(2):
            for step in range(40 * request, 40 * request + 40):
                run.log({"loss": step}, step=step)
            while run.statistics.sent < 41 + 40 * request:
                time.sleep(0.01)
        for step in range(80, 200):
            run.log({"loss": step}, step=step)
        say("sent")
        time.sleep(60)
        """,
        SERVER=address,
    )
    assert trainer.line() == "begun"
    server.process.send_signal(signal.SIGSTOP)
    trainer.process.stdin.write(b"\n")
    trainer.process.stdin.flush()
    assert trainer.line() == "sent"
    trainer.kill()
    (segment,) = spool.glob("*/*.segment")
    os.truncate(segment, 2000)
    server.process.send_signal(signal.SIGCONT)
    eventually(lambda: len(metric_steps(client, "n")) == 80, "what was sent before the kill is stored")
    done = sync_by_python(spool, address)
    assert done.returncode == 1 and "1 damaged spool" in done.stderr and "server_restored" not in done.stderr, done
    assert metric_steps(client, "n") == list(range(80))


def test_a_background_sender_sets_aside_what_is_damaged(left, spool, address, quick):
    os.truncate(segments(left)[0], 6000)
    file = StateFile(str(left))
    state = file.read()
    state.server = address
    file.write(state)
    file.close()
    problems = []
    quick.on_problem = problems.append
    with holdfast.init("other", server=address, options=quick) as run:
        eventually(lambda: problems, "the damage is told")
        (place,) = spool.glob("damaged-*")
        assert [problem.kind for problem in problems] == ["damaged"] and str(place) in problems[0].message
        assert [row["step"] for row in run.client.metrics.all(run_id="n")] == list(range(105))
