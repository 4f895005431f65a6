"""Holdfast over TCP against h5py in this process, on real Atari frames, as ratios of one run.

HOLDFAST_BIN=.build/release/holdfast python Tests/Benchmarks/bench.py [--quick]
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

import baseline  # noqa: E402
import games  # noqa: E402
from ingest import Ingest, compressed_rows  # noqa: E402
from reader import Reader  # noqa: E402
from server import Server  # noqa: E402

EPISODE = 1000
BATCH_OF_FRAMES = 32
BATCHES_AHEAD = 4
# What steps.sample calls them, and the dataset.
ARRAYS = (("frame", "frames"), ("observation", "observations"))


def main():
    options = arguments()
    recording = games.record("ALE/Breakout-v5", steps=256 if options.quick else 512, seed=3)
    steps, repeats = (4_000, 3) if options.quick else (40_000, 5)
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="holdfast-bench-") as scratch:
        server = Server(os.path.abspath(options.binary), Path(scratch) / "data", "--durability", "process").start()
        try:
            rows = measure(server, Path(scratch), recording, steps, repeats)
            server.stop()
        finally:
            server.clean_up()
    report(rows, steps, repeats)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.environ.get("HOLDFAST_BIN"), help="default: $HOLDFAST_BIN")
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, fewer repeats")
    parser.add_argument("--scratch", help="folder for the data of the run (default: the system's temporary folder)")
    options = parser.parse_args()
    if not options.binary:
        parser.error("set HOLDFAST_BIN or give --binary")
    return options


def measure(server, scratch, recording, steps, repeats):
    """All rows of the table; the two sides take turns, so that other load on the machine meets both."""
    packed = compressed_rows(recording)
    written, sent, sent_packed = [], [], []
    for k in range(repeats):
        written.append(baseline.write(scratch / f"baseline_{k}.h5", recording, steps, EPISODE))
        sent.append(Ingest(server, recording, f"raw_{k}", EPISODE).run(steps))
        sent_packed.append(Ingest(server, recording, f"packed_{k}", EPISODE, packed).run(steps))
    with Reader(server.tcp) as connection, baseline.opened(scratch / "baseline_0.h5") as file:
        batches = random_batches(connection, file, steps, repeats)
        episodes = whole_episodes(connection, file, steps, repeats)
        feeds = [fed(connection, file, recording, steps, repeats, *pair) for pair in ARRAYS]
    rate = [("ingest, frame + observation", "steps/s", sent, written)]
    rate.append(("ingest, rows compressed by the client beforehand", "steps/s", sent_packed, written))
    return [("higher", *row) for row in rate + feeds] + [("lower", *row) for row in (*batches, episodes)]


def random_batches(connection, file, steps, repeats):
    """32 random frames: references resolved over TCP against h5py's fancy index."""
    dice = numpy.random.default_rng(5)
    ours, theirs = [], []
    for k in range(repeats * 40):
        chosen = numpy.sort(dice.choice(steps, BATCH_OF_FRAMES, replace=False))
        refs = [f"h5://raw_0/frames/{index}" for index in chosen]
        found, seconds = timed(connection.call, "frames.resolve", {"refs": refs, "stack": True})
        ours.append(seconds * 1000)
        if k % 40 < 4:
            expected, seconds = timed(file["frames"].__getitem__, chosen)
            theirs.append(seconds * 1000)
            assert numpy.array_equal(found["frames"], expected), "both sides must hold the same frames"
    name = f"random batch of {BATCH_OF_FRAMES} frames"
    return [
        (f"{name}, p50", "ms", ours, theirs),
        (f"{name}, p99", "ms", [percentile(ours, 99)], [percentile(theirs, 99)]),
    ]


def whole_episodes(connection, file, steps, repeats):
    """An episode of 1 000 steps with its frames and scalars against slices of h5py."""
    ours, theirs = [], []
    for k in range(repeats * 2):
        number = k % (steps // EPISODE)
        asked = {"episode_id": f"raw_0/{number}", "arrays": ["frame"], "limit": EPISODE}
        found, seconds = timed(connection.call, "episodes.steps", asked)
        ours.append(seconds * 1000)
        expected, seconds = timed(baseline.episode, file, number, EPISODE)
        theirs.append(seconds * 1000)
        assert len(found["steps"]) == EPISODE, f"the episode came with {len(found['steps'])} steps"
        assert numpy.array_equal(found["frame"], expected["frames"]), "both sides must hold the same frames"
    return (f"episode of {EPISODE} steps with frames", "ms", ours, theirs)


def fed(connection, file, recording, steps, repeats, column, dataset):
    """What a trainer gets in random batches, some asked for ahead, against h5py's fancy index."""
    dice, source = numpy.random.default_rng(6), getattr(recording, dataset)
    asked = {"n": BATCH_OF_FRAMES, "arrays": [column], "run_ids": ["raw_0"]}
    ours, theirs = [], []
    for _ in range(repeats):
        count, before = 100, time.perf_counter()
        for k in range(count):
            if k == 0:
                for _ in range(BATCHES_AHEAD):
                    connection.send("steps.sample", asked)
            found = connection.receive()["result"]
            if k + BATCHES_AHEAD < count:
                connection.send("steps.sample", asked)
            rows = [int(step["frame_ref"].rpartition("/")[2]) % len(recording) for step in found["steps"]]
            assert numpy.array_equal(found[column][0], source[rows[0]]), "a step must come with its own array"
        ours.append(count * BATCH_OF_FRAMES / (time.perf_counter() - before))
        chosen = numpy.sort(dice.choice(steps, BATCH_OF_FRAMES, replace=False))
        theirs.append(BATCH_OF_FRAMES / timed(file[dataset].__getitem__, chosen)[1])
    return (f"a trainer fed with random batches of {BATCH_OF_FRAMES} {dataset}", "frames/s", ours, theirs)


def timed(action, *arguments):
    before = time.perf_counter()
    result = action(*arguments)
    return result, time.perf_counter() - before


def percentile(values, percent):
    return float(numpy.percentile(values, percent))


def report(rows, steps, repeats):
    print(f"{steps} steps, {repeats} repeats, medians\n")
    print("| what | Holdfast over TCP | h5py in process | times better |")
    print("|---|---:|---:|---:|")
    for better, what, unit, ours, theirs in rows:
        mine, other = statistics.median(ours), statistics.median(theirs)
        ratio = mine / other if better == "higher" else other / mine
        print(f"| {what} | {mine:,.1f} {unit} | {other:,.1f} {unit} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
