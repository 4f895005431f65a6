"""Frames and scalars in SQLite, in h5py files and in Holdfast: writing, reading, size, in one run.

HOLDFAST_BIN=.build/release/holdfast python Tests/Benchmarks/storage.py [--steps 100000] [--slow-steps 3000]
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
from contenders import Blobs, Chunks, drop_from_cache  # noqa: E402
from ingest import Ingest  # noqa: E402
from reader import Reader  # noqa: E402
from server import Server  # noqa: E402

EPISODE = 1000
SIZE_OF = 100_000
ROUNDS = 10


class Hot:
    """Holdfast over TCP, as steps come in: LZF."""

    name = "Holdfast over TCP"
    is_quick = True

    def __init__(self, server, run):
        self.server, self.run = server, run
        # Sealing takes minutes.
        self.connection = Reader(server.tcp, timeout=3600)

    def write(self, recording, steps):
        Ingest(self.server, recording, self.run, EPISODE, without=("observation",)).run(steps)

    def close(self):
        self.connection.call("runs.finish", {"run_id": self.run, "status": "finished"})

    def episode(self, rows, shape):
        asked = {"episode_id": f"{self.run}/{rows.start // EPISODE}", "arrays": ["frame"], "limit": EPISODE}
        return self.connection.call("episodes.steps", asked)["frame"]

    def batch(self, chosen, shape):
        refs = [f"h5://{self.run}/frames/{k}" for k in chosen]
        return self.connection.call("frames.resolve", {"refs": refs, "stack": True})["frames"]

    @property
    def files(self):
        return [self.server.run_file(self.run)]

    def rows_size(self):
        """What the database keeps of the steps, measured where it has this run only."""
        return sum(path.stat().st_size for path in self.server.database.parent.glob("telemetry.sqlite*"))


class Sealed(Hot):
    name = "Holdfast over TCP, sealed"

    def write(self, recording, steps):
        self.connection.call("runs.seal", {"run_id": self.run})

    def close(self):
        pass


def main():
    options = arguments()
    recording = games.record("ALE/Breakout-v5", steps=2000, seed=3)
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="holdfast-storage-") as scratch:
        folder = Path(scratch)
        server = Server(os.path.abspath(options.binary), folder / "data", "--durability", "process").start()
        try:
            contenders = [
                (Hot(server, "run"), options.steps),
                (Sealed(server, "run"), options.steps),
                (Chunks(folder, "h5py lzf, chunk 1", "lzf", 1), options.steps),
                (Chunks(folder, "h5py lzf, chunk 100", "lzf", 100), options.steps),
                (Chunks(folder, "h5py gzip-4, chunk 1", "gzip", 1), options.steps),
                (Chunks(folder, "h5py gzip-4, chunk 100", "gzip", 100), options.steps),
                (Chunks(folder, "h5py none, chunk 1", None, 1), options.slow_steps),
                (Chunks(folder, "h5py none, chunk 100", None, 100), options.slow_steps),
                (Blobs(folder, "SQLite, raw blobs", as_json=False), options.slow_steps),
                (Blobs(folder, "SQLite, JSON", as_json=True), options.slow_steps),
            ]
            print(f"{options.steps} steps, {options.slow_steps} of SQLite and of h5py without compression\n")
            print("| kept as | written, steps/s | episode of 1 000 | 1 000 neighbours | 32 random, p50 / p99 | 32 random, cold | 100 000 frames |")
            print("|---|---:|---:|---:|---:|---:|---:|")
            for contender, steps in contenders:
                print(measure(contender, recording, steps), flush=True)
            print(f"\nThe rows of {options.steps} steps in Holdfast's database: {Hot(server, 'run').rows_size() / 1e6:,.1f} MB")
            server.stop()
        finally:
            server.clean_up()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.environ.get("HOLDFAST_BIN"), help="default: $HOLDFAST_BIN")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--slow-steps", type=int, default=3000, help="steps where a frame takes 100 KB or more")
    parser.add_argument("--scratch", help="folder for the data of the run (default: the system's temporary folder)")
    options = parser.parse_args()
    if not options.binary:
        parser.error("set HOLDFAST_BIN or give --binary")
    return options


def measure(contender, recording, steps):
    """One row of the table."""
    shape, dice = recording.frames.shape[1:], numpy.random.default_rng(5)
    seconds, _ = timed(contender.write, recording, steps)
    contender.close()
    episodes, neighbours, random, cold = [], [], [], []
    rounds = ROUNDS if contender.is_quick else 1
    for k in range(rounds):
        rows = range(k % (steps // EPISODE) * EPISODE, (k % (steps // EPISODE) + 1) * EPISODE)
        took, found = timed(contender.episode, rows, shape)
        episodes.append(took)
        check(found, recording, rows)
        neighbours.append(timed(contender.batch, numpy.arange(rows.start + 3, rows.start + 3 + 990), shape)[0])
    for k in range(10 * ROUNDS if contender.is_quick else 2):
        chosen = numpy.sort(dice.choice(steps, 32, replace=False))
        took, found = timed(contender.batch, chosen, shape)
        random.append(took)
        check(found, recording, chosen)
    for _ in range(rounds):
        drop_from_cache(contender.files)
        cold.append(timed(contender.batch, numpy.sort(dice.choice(steps, 32, replace=False)), shape)[0])
    size = sum(path.stat().st_size for path in contender.files) / steps * SIZE_OF
    milliseconds = [1000 * statistics.median(times) for times in (episodes, neighbours, random, cold)]
    p99 = 1000 * float(numpy.percentile(random, 99))
    return (
        f"| {contender.name} | {steps / seconds:,.0f} | {milliseconds[0]:,.1f} ms | {milliseconds[1]:,.1f} ms"
        f" | {milliseconds[2]:,.1f} / {p99:,.1f} ms | {milliseconds[3]:,.1f} ms | {size / 1e6:,.0f} MB |"
    )


def check(found, recording, rows):
    expected = recording.frames[numpy.asarray(rows) % len(recording)]
    assert numpy.array_equal(found, expected), "what is read must be what was written"


def timed(action, *arguments):
    before = time.perf_counter()
    result = action(*arguments)
    return time.perf_counter() - before, result


if __name__ == "__main__":
    main()
