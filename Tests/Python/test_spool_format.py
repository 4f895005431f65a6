"""The spool's bytes, as PROTOCOL.md describes them and the Swift SDK writes them."""

import fcntl
import gzip
import os
import struct
import threading
import uuid
from pathlib import Path

import numpy
import pytest

import holdfast
from holdfast.spool import records
from holdfast.spool.crc import crc32c
from holdfast.spool.fields import read
from holdfast.spool.folder import SpoolFolder
from holdfast.spool.reader import SpoolReader
from holdfast.spool.records import GenerationRecord, MetricRecord, RequestRecord, ResourceRecord, StepRecord
from holdfast.spool.segment import Segment
from holdfast.spool.state import SLOT_SIZE, Cut, State, StateFile, peek
from holdfast.wire.array import Array

PIXELS = Array("uint8", (2, 3), bytes(range(6)))
GOLDEN = [
    (
        MetricRecord("r", "loss", 0.5, 1.5, step=7, phase="val"),
        "01 09 000000000000f83f 000000000000e03f 0700000000000000 01000000 72 04000000 6c6f7373 03000000 76616c",
    ),
    (
        MetricRecord("r", "ö", float("-inf"), 0.0, round=-1, epoch=2),
        "01 06 0000000000000000 000000000000f0ff ffffffffffffffff 0200000000000000 01000000 72 02000000 c3b6",
    ),
    (
        ResourceRecord("r", "cpu", "total", 12.5, "%", "box", 7, 2.0),
        "02 0000000000000040 0000000000002940 0700000000000000 01000000 72 03000000 637075 05000000 746f74616c"
        "01000000 25 03000000 626f78",
    ),
    (
        GenerationRecord("r", "gen", 2.5, 9, 3.0, round=1, samples=100, memory=3.5),
        "03 0d 0000000000000840 0000000000000440 0900000000000000 0100000000000000 6400000000000000 0000000000000c40"
        "01000000 72 03000000 67656e",
    ),
    (
        StepRecord("r", "e", 3, 1.0, True, False, 4.0, action=-1, frame=PIXELS, info=b'{"lives":3}'),
        "04 0b 0000000000001040 0300000000000000 000000000000f03f 01 00 01000000 72 01000000 65"
        "00 ffffffffffffffff"
        "01 02 0200000000000000 0300000000000000 0600000000000000 000102030405"
        "0b000000 7b226c69766573223a337d",
    ),
    (
        StepRecord("r", "e", 4, 0.0, False, True, 4.0, action=0.5, observation={"b": PIXELS, "a": PIXELS}),
        "04 05 0000000000001040 0400000000000000 0000000000000000 00 01 01000000 72 01000000 65"
        "01 000000000000e03f"
        "01 02000000"
        "01000000 61 01 02 0200000000000000 0300000000000000 0600000000000000 000102030405"
        "01000000 62 01 02 0200000000000000 0300000000000000 0600000000000000 000102030405",
    ),
    (
        StepRecord("r", "e", 5, 0.0, False, False, 4.0, action=PIXELS, observation=PIXELS),
        "04 05 0000000000001040 0500000000000000 0000000000000000 00 00 01000000 72 01000000 65"
        "02 01 02 0200000000000000 0300000000000000 0600000000000000 000102030405"
        "00 01 02 0200000000000000 0300000000000000 0600000000000000 000102030405",
    ),
    (
        RequestRecord("images.insert", {"images": [{"filename": "ä"}]}, [b"\x01\x02"], records.IMAGE),
        "05 0d000000 696d616765732e696e73657274 01000000 1e000000 7b22696d61676573223a5b7b2266696c656e616d65223a22c3a4227d5d7d"
        "02000000 0102",
    ),
    (
        RequestRecord("runs.start", {"run_id": "r", "config": {"lr": 0.5}}),
        "06 0a000000 72756e732e7374617274 00000000 22000000"
        "7b22636f6e666967223a7b226c72223a302e357d2c2272756e5f6964223a2272227d",
    ),
]


@pytest.mark.parametrize("record, expected", GOLDEN, ids=[f"{k}-{type(pair[0]).__name__}" for k, pair in enumerate(GOLDEN)])
def test_a_record_has_these_bytes_and_comes_back(record, expected):
    payload = b"".join(bytes(part) for part in record.parts())
    assert payload == bytes.fromhex(expected)
    again = read(memoryview(payload))
    assert b"".join(bytes(part) for part in again.parts()) == payload
    assert type(again) is type(record)


def test_a_cut_record_is_damage():
    for record, _ in GOLDEN:
        payload = b"".join(bytes(part) for part in record.parts())
        for size in range(len(payload)):
            with pytest.raises(records.SpoolDamage):
                read(memoryview(payload)[:size])
    with pytest.raises(records.SpoolDamage):
        read(memoryview(b"\x07"))


def test_a_segment_has_these_bytes(tmp_path):
    segment = Segment(str(tmp_path), 4096)
    segment.begin(0x1230)
    parts = MetricRecord("r", "loss", 0.5, 1.5).parts()
    payload = b"".join(parts)
    segment.append(parts, len(payload), 9)
    data = (tmp_path / "0000000000001230.segment").read_bytes()
    size = 16 + len(payload) + -len(payload) % 8
    assert len(data) == 64 + 4096
    assert data[:24] == b"HFSPOOL1" + struct.pack("<QQ", 0x1230, size)
    head = struct.pack("<IIQ", len(payload), crc32c(struct.pack("<Q", 9) + payload), 9)
    assert data[64 : 64 + size] == (head + payload).ljust(size, b"\0")
    segment.close()


def test_the_short_way_writes_the_same_record_as_the_long_one(spool, quick):
    with pytest.warns(UserWarning, match="no Holdfast server"):
        run = holdfast.init(run="r", options=quick)
    for step in (None, 3):
        for _ in range(3):
            run.log({"loss": 0.25}, step=step, phase="val", timestamp=1.5)
    folder = SpoolFolder.all(str(spool))[0]
    reader, place, found = SpoolReader(folder, verifies=True), 0, []
    while entry := reader.entry(place):
        place = entry.end
        found.append(entry)
    assert reader.damage is None
    assert [entry.sequence for entry in found] == list(range(1, 8))
    assert [entry.record for entry in found[1:]] == [
        MetricRecord("r", "loss", 0.25, 1.5, step, phase="val") for step in (None, None, None, 3, 3, 3)
    ]
    run.finish(timeout=0.1)


def test_a_state_has_these_bytes(tmp_path):
    state = State("p", "h:1", 0x10, 5, [Cut(0x10, 0x20, 3, 4, -1, [0, 2])], origin=("q", 0x30))
    content = bytes.fromhex(
        "01000000 70 03000000 683a31 1000000000000000 0500000000000000 01000000"
        "1000000000000000 2000000000000000 0300000000000000 0400000000000000 ffffffffffffffff 02000000 00000000 02000000"
        "01000000 71 3000000000000000"
    )
    head = b"HFS1" + struct.pack("<IQ", len(content), 7)
    slot = state.encode(7)
    assert slot == head + struct.pack("<II", crc32c(head + content), 0) + content
    assert State.decode(slot) == (state, 7)
    for place in range(len(slot)):
        if place not in range(20, 24):  # the zeros that nobody sums
            broken = bytearray(slot)
            broken[place] ^= 1
            assert State.decode(bytes(broken)) is None, place


def test_the_newer_whole_state_counts(tmp_path):
    file = StateFile(str(tmp_path))
    for head in range(5):
        file.write(State("p", "s:1", head))
    assert peek(str(tmp_path)).head == 4
    with open(tmp_path / "state", "r+b") as slots:
        slots.seek(SLOT_SIZE + 30)  # generation 5 is in the second slot
        slots.write(b"\xff" * 4)
    assert peek(str(tmp_path)).head == 3
    again = StateFile(str(tmp_path))
    assert again.read().head == 3
    again.write(State("p", "s:1", 9))
    assert peek(str(tmp_path)).head == 9


def test_nobody_who_asks_for_a_writer_is_taken_for_one(tmp_path):
    folder = SpoolFolder(str(tmp_path))
    with open(tmp_path / "writer.lock", "w") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert folder.is_abandoned()
    with open(tmp_path / "writer.lock", "w") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert not folder.is_abandoned()


def test_a_spool_that_is_removed_is_gone_whoever_asks_for_its_writer_meanwhile(tmp_path):
    is_over = threading.Event()
    folders = [SpoolFolder(str(tmp_path / str(uuid.uuid4()))) for _ in range(200)]

    def ask():
        while not is_over.is_set():
            for folder in folders:
                folder.is_abandoned()

    for folder in folders:
        os.mkdir(folder.path)
        for name in ("state", "sender.lock", "writer.lock", "0000000000000000.segment"):
            open(f"{folder.path}/{name}", "w").close()
    thread = threading.Thread(target=ask)
    thread.start()
    for folder in folders:
        folder.remove()
    is_over.set()
    thread.join()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_of_a_spool_is_removed_once_it_is_old(tmp_path):
    folders = [tmp_path / f"new-{name}" for name in ("old", "young", "filled", "written")]
    for folder in folders:
        folder.mkdir()
        (folder / "writer.lock").touch()
    (folders[2] / "0000000000000000.segment").touch()
    for folder in (folders[0], *folders[2:]):
        os.utime(folder, (0, 0))
    with open(folders[3] / "writer.lock") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        SpoolFolder.remove_unfinished(str(tmp_path))
    assert sorted(tmp_path.iterdir()) == sorted(folders[1:])


def test_a_changed_byte_ends_a_spool(tmp_path):
    folder = SpoolFolder(str(tmp_path / str(uuid.uuid4())))
    (tmp_path / folder.name).mkdir()
    segment = Segment(folder.path, 4096)
    segment.begin(0)
    for step in range(10):
        parts = MetricRecord("r", "loss", 0.5, 1.5, step).parts()
        segment.append(parts, len(parts[0]), step + 1)
    size = segment.used // 10
    segment.memory[64 + 4 * size + 20] ^= 1
    reader, steps, place = SpoolReader(folder, verifies=True), [], 0
    while entry := reader.entry(place):
        steps.append(entry.record.step)
        place = entry.end
    assert steps == [0, 1, 2, 3] and reader.damage == 4 * size
    segment.close()


def test_a_segment_of_the_swift_sdk_is_read(tmp_path):
    """A spool that the Swift SDK's example has left, cut behind its last record."""
    folder = SpoolFolder(str(tmp_path / str(uuid.uuid4())))
    (tmp_path / folder.name).mkdir()
    data = gzip.decompress((Path(__file__).parent / "swift.segment.gz").read_bytes())
    (tmp_path / folder.name / "0000000000000000.segment").write_bytes(data)
    reader, place, kinds = SpoolReader(folder, verifies=True), 0, {}
    while entry := reader.entry(place):
        payload = b"".join(bytes(part) for part in entry.record.parts())
        assert payload == data[64 + place + 16 : 64 + place + 16 + len(payload)], f"record {entry.sequence} differs"
        kinds[payload[0]] = kinds.get(payload[0], 0) + 1
        place = entry.end
    assert reader.damage is None and place == struct.unpack_from("<Q", data, 16)[0]
    assert kinds.keys() == {1, 4, 6}


def test_arrays_of_every_kind_have_a_dtype(monkeypatch):
    for name in ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"):
        array = numpy.arange(6).reshape(2, 3).astype(name)
        made = Array.of(array.T)  # not contiguous
        assert made.dtype == name and made.shape == (3, 2) and bytes(made.data) == array.T.tobytes()
        big = Array.of(array.astype(array.dtype.newbyteorder(">")))
        assert bytes(big.data) == array.tobytes()
    assert Array.of(numpy.float16(1.5)).dtype == "float32"
    assert Array.of(numpy.zeros((0, 4))).shape == (0, 4)
    with pytest.raises(holdfast.HoldfastError, match="complex128"):
        Array.of(numpy.zeros(2, complex))
