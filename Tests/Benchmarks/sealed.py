"""What rows that are compressed together save in sealed runs, and what they cost: size, random batches, whole episodes.

HOLDFAST_BIN=.build/release/holdfast python Tests/Benchmarks/sealed.py [--steps 20000]
"""

import argparse
import dataclasses
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "EndToEnd"))

import games  # noqa: E402
from ingest import Ingest  # noqa: E402
from reader import Reader  # noqa: E402
from server import Server  # noqa: E402
from storage import check, timed  # noqa: E402

EPISODE = 1000
BATCHES = 100
EPISODES = 10
#: How runs are sealed, in turn.
FORMS = {
    "LZF, as it came": None,
    "1": {"rows_per_chunk": 1},
    "default": {},
    "8": {"rows_per_chunk": 8},
    "32": {"rows_per_chunk": 32},
    "default, paged": {"paged": True},
}


def main():
    options = arguments()
    recording = games.record("ALE/Breakout-v5", steps=2000, seed=3)
    kinds = {
        "210×160×3": recording.frames,
        "84×84×4": recording.observations,
        "84×84": numpy.ascontiguousarray(recording.observations[..., -1]),
    }
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="holdfast-sealed-") as scratch:
        server = Server(os.path.abspath(options.binary), Path(scratch) / "data", "--durability", "process").start()
        try:
            print(f"{options.steps} steps of Breakout, 32 random rows and an episode of 1 000 over TCP\n")
            print("| rows | in a chunk | bytes a step | 32 random, p50 / p99 | episode of 1 000 |")
            print("|---|---:|---:|---:|---:|")
            with Reader(server.tcp, timeout=3600) as connection:
                for kind, frames in kinds.items():
                    played = dataclasses.replace(recording, frames=frames)
                    Ingest(server, played, kind.replace("×", "x"), EPISODE, without=("observation",)).run(options.steps)
                    for form, asked in FORMS.items():
                        print(measure(connection, server, kind, played, options.steps, form, asked), flush=True)
            server.stop()
        finally:
            server.clean_up()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.environ.get("HOLDFAST_BIN"), help="default: $HOLDFAST_BIN")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--scratch", help="folder for the data of the run (default: the system's temporary folder)")
    options = parser.parse_args()
    if not options.binary:
        parser.error("set HOLDFAST_BIN or give --binary")
    return options


def measure(connection, server, kind, recording, steps, form, asked):
    """One row of the table."""
    run, dice = kind.replace("×", "x"), numpy.random.default_rng(5)
    rows_per_chunk = 1
    if asked is None:
        connection.call("runs.finish", {"run_id": run, "status": "finished"})
    else:
        sealed = connection.call("runs.seal", {"run_id": run, "again": True} | asked)
        rows_per_chunk = sealed["rows_per_chunk"]["frames"]
    random, episodes = [], []
    for _ in range(BATCHES):
        chosen = dice.choice(steps, 32, replace=False)
        refs = [f"h5://{run}/frames/{k}" for k in chosen]
        took, found = timed(connection.call, "frames.resolve", {"refs": refs, "stack": True})
        random.append(1000 * took)
        check(found["frames"], recording, chosen)
    for k in range(EPISODES):
        number = k % (steps // EPISODE)
        asked = {"episode_id": f"{run}/{number}", "arrays": ["frame"], "limit": EPISODE}
        took, found = timed(connection.call, "episodes.steps", asked)
        episodes.append(1000 * took)
        check(found["frame"], recording, range(number * EPISODE, (number + 1) * EPISODE))
    size = server.run_file(run).stat().st_size / steps
    return (
        f"| {kind} | {form}: {rows_per_chunk} | {size:,.0f} | {statistics.median(random):.2f}"
        f" / {numpy.percentile(random, 99):.1f} ms | {statistics.median(episodes):.1f} ms |"
    )


if __name__ == "__main__":
    main()
