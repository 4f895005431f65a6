"""A spool with bytes that are not what was written: what is before them arrives, the rest is set aside, nothing hangs."""

import os
import random
import shutil
import signal
import uuid

import pytest

import spool_damages
from spool_damages import DAMAGES, change
from trainer import Trainer, assert_exactly_once, fill, left, stored_metrics, sync

COUNT = 5000
MIB = 1 << 20


@pytest.fixture(scope="module")
def template(binary, tmp_path_factory):
    """A spool that a process left: one with many segments, for a server that was not there."""
    folder = tmp_path_factory.mktemp("template")
    trainer = Trainer(
        binary, ("127.0.0.1", 1), folder / "spool", "--count", COUNT, "--no-close", "--segment-bytes", 32 << 10
    )
    try:
        assert trainer.process.wait(30) == 0, trainer.messages()
    finally:
        trainer.clean_up()
    return folder / "spool"


@pytest.fixture
def spool(template, tmp_path):
    return shutil.copytree(template, tmp_path / "spool")


def segments(spool):
    (name,) = left(spool)
    return spool_damages.segments(spool / name)


def flip_any_bit(path, dice):
    """Of the records in a segment, not of what has not been written yet, nor of the zeros between records."""
    data = path.read_bytes()
    place = 64 + dice.randrange(int.from_bytes(data[16:24], "little"))
    at = 64
    while at + (size := 16 + int.from_bytes(data[at : at + 4], "little")) <= place:
        at += (size + 7) // 8 * 8
    place = max(place, at)
    change(path, place, bytes([data[place] ^ 1 << dice.randrange(8)]))


def checked(server, spool, binary, least, most=COUNT):
    """Sync says what is amiss, the next one has nothing to say; all before the damage is there once."""
    assert "damaged" in sync(binary, spool, server.tcp, code=1)
    stored = stored_metrics(server, "n")
    assert least <= len(stored) < most, f"{len(stored)} records of {COUNT} arrived"
    assert_exactly_once(stored, len(stored), spare=0)
    assert left(spool) == [] and len(list(spool.glob("damaged-*"))) == 1
    assert "there is no spool in" in sync(binary, spool, server.tcp)
    server.check()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_segment(server, spool, binary, damage):
    found = segments(spool)
    DAMAGES[damage](found[5])
    checked(server, spool, binary, least=COUNT * 4 // len(found))


@pytest.mark.parametrize("damage", ["empty", "truncated", "zeros"])
def test_the_last_segment_is_damaged(server, spool, binary, damage):
    found = segments(spool)
    if damage == "truncated":
        os.truncate(found[-1], 200)
    else:
        DAMAGES[damage](found[-1])
    checked(server, spool, binary, least=COUNT * (len(found) - 2) // len(found))


@pytest.mark.timeout(600)
def test_flipped_bits(make_server, template, binary, tmp_path, is_long):
    dice = random.Random(5)
    for number in range(100 if is_long else 4):
        server = make_server(name=f"data{number}")
        spool = shutil.copytree(template, tmp_path / f"spool{number}")
        found = segments(spool)
        victim = dice.randrange(len(found))
        flip_any_bit(found[victim], dice)
        checked(server, spool, binary, least=COUNT * (victim - 1) // len(found))
        server.stop()


@pytest.mark.parametrize("damage", ["gone", "empty", "zeros", "noise"])
def test_a_lost_state(server, spool, binary, damage):
    """Nobody knows what was sent; sending all again could store it twice."""
    DAMAGES[damage](spool / left(spool)[0] / "state")
    checked(server, spool, binary, least=0, most=1)


def test_half_a_state_is_enough(server, spool, binary):
    change(spool / left(spool)[0] / "state", 0, b"broken")
    sync(binary, spool, server.tcp)
    assert_exactly_once(stored_metrics(server, "n"), COUNT, spare=0)


def test_what_is_not_a_spool_is_left_alone(server, spool, binary):
    name = left(spool)[0]
    (spool / name / "zzzz.segment").write_bytes(b"?")
    (spool / name / "+5.segment").write_bytes(b"?")
    (spool / name / "5.segment").write_bytes(b"?")
    (spool / name / "spare-1").write_bytes(bytes(1000))
    (spool / "notes.txt").write_text("?")
    (spool / str(uuid.uuid4())).write_text("a file")
    (spool / "damaged-1").mkdir()
    (spool / str(uuid.uuid4())).mkdir()
    sync(binary, spool, server.tcp, code=None)
    assert_exactly_once(stored_metrics(server, "n"), COUNT, spare=0)
    assert (spool / "notes.txt").exists() and (spool / "damaged-1").exists() and not (spool / name).exists()


def test_what_a_process_left_that_was_killed_early_is_removed(server, spool, binary):
    old, new = spool / f"new-{uuid.uuid4()}", spool / f"new-{uuid.uuid4()}"
    for folder in (old, new):
        folder.mkdir()
        (folder / "writer.lock").touch()
    os.utime(old, (1, 1))
    sync(binary, spool, server.tcp)
    assert not old.exists() and new.exists(), "a new one may belong to a process that is about to lock it"


@pytest.mark.parametrize("drop", [False, True])
def test_the_spools_disk_is_full(server, make_trainer, small_disk, binary, drop):
    """It waits for room, or drops and counts; it never dies of a page without a block."""
    trainer = make_trainer(server.tcp, small_disk / "spool", *["--rate", 0, "--segment-bytes", MIB], *["--drop"] * drop)
    trainer.wait_until_logged(1000)
    # The file grows while segments come and go, until nothing is left for the next one.
    server.process.send_signal(signal.SIGSTOP)
    fill(small_disk / "ballast")
    if drop:
        trainer.says("dropped")
    else:
        trainer.wait_until_blocked()
    late = make_trainer(server.tcp, small_disk / "spool", name="late")
    assert late.process.wait(20) == 1, "it says at once that nothing can be kept"
    assert list((small_disk / "spool").glob("new-*")) == []
    os.unlink(small_disk / "ballast")
    server.process.send_signal(signal.SIGCONT)
    trainer.wait_until_logged(trainer.logged() + 10_000)
    trainer.kill()
    sync(binary, trainer.spool, server.tcp)
    stored = stored_metrics(server, "n")
    if drop:
        assert all(count == 1 for count in stored.values()) and len(stored) < trainer.logged()
    else:
        assert_exactly_once(stored, trainer.logged())
