"""What can be wrong with a file of a spool."""

import os
import random


def segments(folder):
    """The files of a spool with its records, in order."""
    found = sorted(folder.glob("*.segment"))
    assert len(found) > 8, f"too few segments to damage one in the middle: {found}"
    return found


def change(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


#: What is done to a segment.
DAMAGES = {
    "truncated": lambda path: os.truncate(path, 10_000),
    "truncated in its header": lambda path: os.truncate(path, 20),
    "empty": lambda path: os.truncate(path, 0),
    "gone": lambda path: path.unlink(),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "noise": lambda path: path.write_bytes(random.Random(1).randbytes(path.stat().st_size)),
    "another magic": lambda path: change(path, 0, b"HFSPOOL9"),
    "another place": lambda path: change(path, 8, bytes(8)),
    "an endless tail": lambda path: change(path, 16, b"\xff" * 8),
    "a tail behind the end": lambda path: change(path, 16, (1 << 20).to_bytes(8, "little")),
    "a tail of nothing": lambda path: change(path, 16, bytes(8)),
    "a tail amid a record": lambda path: change(path, 16, (1004).to_bytes(8, "little")),
    "a length of 4 GiB": lambda path: change(path, 64, b"\xff" * 4),
}
