"""Whether appending costs more when there is much already: a filled server and an empty one take turns.

HOLDFAST_BIN=.build/release/holdfast python Tests/Benchmarks/growth.py [--scalars 10000000] [--frames 500000] [--sizes 2000]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "EndToEnd"))

import games  # noqa: E402
from codecs_of_rows import CompressedRows  # noqa: E402
from server import Server  # noqa: E402
from wire import Producer, Strings  # noqa: E402

EPISODE = 1000
WINDOW = 8
ROUNDS = 10


class Steps:
    """Columnar batches of one run, without an end."""

    def __init__(self, server, frames, batch):
        self.connection, self.frames, self.batch, self.next = server.connect(timeout=600), frames, batch, 0
        self.producer = Producer(self.connection)
        self.connection.call("runs.start", {"run_id": "run"})

    def append(self, steps):
        """Steps per second, from the first byte to the last acknowledgement."""
        before, waiting = time.perf_counter(), []
        for _ in range(steps // self.batch):
            waiting.append(self.producer.send("steps.append", self.request()))
            if len(waiting) >= WINDOW:
                self.connection.wait(waiting.pop(0))
        for id in waiting:
            self.connection.wait(id)
        return steps / (time.perf_counter() - before)

    def request(self):
        numbers = numpy.arange(self.next, self.next + self.batch)
        self.next += self.batch
        columns = {
            "episode_id": Strings(f"run/{number // EPISODE}" for number in numbers.tolist()),
            "step_index": numbers % EPISODE,
            "action": numbers % 4,
            "reward": numbers / 7,
            "terminated": numbers % EPISODE == EPISODE - 1,
            "truncated": numpy.zeros(self.batch, bool),
            "timestamp": 1e9 + numbers / 60,
        }
        if self.frames is not None:
            first = self.next // self.batch * self.batch % (len(self.frames.array) - self.batch)
            columns["observation"] = self.frames[first : first + self.batch]
        return {"run_id": "run", "count": self.batch, "columns": columns}


class Pictures:
    """Images to label, each of a size that no other has: a new dataset costs a copy of its file."""

    def __init__(self, server):
        self.connection, self.next = server.connect(timeout=600), 0
        self.producer = Producer(self.connection)
        self.pixels = numpy.random.default_rng(4).integers(0, 256, 300_000, numpy.uint8)

    def append(self, count):
        """Images per second, one to a request."""
        before, waiting = time.perf_counter(), []
        for number in range(self.next, self.next + count):
            rows, columns = 100 + number // 100, 100 + number % 100
            picture = self.pixels[: rows * columns * 3].reshape(rows, columns, 3)
            waiting.append(self.producer.send("images.insert", {"images": [{"filename": str(number), "image": picture}]}))
            if len(waiting) >= WINDOW:
                self.connection.wait(waiting.pop(0))
        for id in waiting:
            self.connection.wait(id)
        self.next += count
        return count / (time.perf_counter() - before)


def main():
    options = arguments()
    small = games.record("ALE/Breakout-v5", steps=1200, seed=3).observations[..., 3]
    frames = CompressedRows(small, "lzf")
    print("| what | empty | filled | kept |\n|---|---:|---:|---:|")
    for name, unit, count, turn, source in (
        ("scalars", "steps", options.scalars, 20_000, lambda server: Steps(server, None, 2000)),
        ("frames of 84×84, compressed by the client", "steps", options.frames, 2000, lambda server: Steps(server, frames, 200)),
        ("pictures that all have other sizes", "pictures", options.sizes, 20, Pictures),
    ):
        if count == 0:
            continue
        with tempfile.TemporaryDirectory(dir=options.scratch, prefix="holdfast-growth-") as scratch:
            empty, filled = compare(os.path.abspath(options.binary), Path(scratch), source, count, turn)
        print(f"| {name}, after {count:,} | {empty:,.0f} {unit}/s | {filled:,.0f} {unit}/s | {filled / empty:.0%} |", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.environ.get("HOLDFAST_BIN"), help="default: $HOLDFAST_BIN")
    parser.add_argument("--scalars", type=int, default=10_000_000)
    parser.add_argument("--frames", type=int, default=500_000)
    parser.add_argument("--sizes", type=int, default=2000)
    parser.add_argument("--scratch", help="folder for the data of the run (default: the system's temporary folder)")
    options = parser.parse_args()
    if not options.binary:
        parser.error("set HOLDFAST_BIN or give --binary")
    return options


def compare(binary, folder, source, count, turn):
    """Medians of the rates of both, taken in turns."""
    servers = [Server(binary, folder / name, "--durability", "process").start() for name in ("empty", "filled")]
    try:
        filled = source(servers[1])
        filled.append(count // turn * turn)
        empty = source(servers[0])
        rates = [(empty.append(turn), filled.append(turn)) for _ in range(ROUNDS)]
        for server in servers:
            server.stop()
    finally:
        for server in servers:
            server.clean_up()
    return (statistics.median(rate) for rate in zip(*rates))


if __name__ == "__main__":
    main()
