"""Fills a data directory with millions of steps, images and metrics through the server, and times what people wait for.

    HOLDFAST_BIN=.build/release/holdfast python Tests/Benchmarks/scale.py [--quick] [--data DIR]

At 1 %, 10 % and 100 % of the size. With --data the directory is kept, and what an earlier call has filled is gone on with.
"""

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "EndToEnd"))

import games  # noqa: E402
import scale_fill as fill  # noqa: E402
from server import Server  # noqa: E402

#: Of the whole, a hundred times what --quick fills.
STEPS, IMAGES, METRICS = 10_000_000, 10_000_000, 100_000_000
SHARES = (0.01, 0.1, 1.0)
REPEATS = 30


def grow(server, steps, images, metrics):
    """Fills up to these counts, and says at what rates."""
    with server.connect() as connection:
        stats = connection.call("server.stats")
        runs = connection.call("runs.list", {"limit": 1})["runs"]
    if not runs:
        fill.fill_frames(server, games.record("ALE/Breakout-v5", steps=400, seed=3).observations[..., 3])
        fill.fill_long_series(server)
        stats["steps"], stats["metrics"] = fill.FRAMES, fill.LONG_SERIES
    tasks = (
        ("metrics", fill.fill_metrics, stats["metrics"] - fill.LONG_SERIES, metrics, fill.RUN_METRICS),
        ("steps", fill.fill_steps, stats["steps"] - fill.FRAMES, steps, fill.RUN_STEPS),
        ("images", fill.fill_images, stats["images"], images, 1),
    )
    rates = {}
    for name, write, there, wanted, size in tasks:
        started = time.perf_counter()
        write(server, there // size, wanted // size)
        rates[name] = max(0, wanted - there) / (time.perf_counter() - started)
        print(f"{name}: {there:,} -> {wanted:,}, {rates[name]:,.0f} a second", file=sys.stderr, flush=True)
    return rates


def questions(runs, images, offered):
    """What people wait for: a name, a method, and the parameters of its n-th call; `offered` are ids of open images."""

    def run(k):
        return fill.run_name(k * 7919 % runs)

    def refs(k):
        return [f"h5://{fill.FRAMES_RUN}/frames/{(k * 32 + j) * 997 % fill.FRAMES}" for j in range(32)]

    series = {"table": "training_metrics", "x": "step"}
    return (
        ("`server.stats`", "server.stats", lambda k: {}),
        ("`runs.list`, 100", "runs.list", lambda k: {}),
        ("`episodes.list` of all runs, 100", "episodes.list", lambda k: {"order": "total_reward", "descending": True}),
        ("`episodes.list` of one run", "episodes.list", lambda k: {"run_id": run(k)}),
        ("`episodes.steps`, 1 000", "episodes.steps", lambda k: {"episode_id": f"{run(k)}/3", "limit": 1000}),
        ("`steps.sample` of 32 from all runs", "steps.sample", lambda k: {"n": 32, "seed": k}),
        (
            "`steps.sample` of 32 frames from one run",
            "steps.sample",
            lambda k: {"n": 32, "seed": k, "run_ids": [fill.FRAMES_RUN], "arrays": ["frame"]},
        ),
        ("`frames.resolve` of 32", "frames.resolve", lambda k: {"refs": refs(k), "stack": True}),
        ("`metrics.list` of one run", "metrics.list", lambda k: {"run_ids": [run(k)]}),
        ("`metrics.summary` of all runs", "metrics.summary", lambda k: {}),
        (
            "`metrics.series`, 1 000 000 points",
            "metrics.series",
            lambda k: series | {"metric_name": "loss", "run_ids": [fill.LONG_RUN]},
        ),
        (
            "`metrics.series` of ten runs",
            "metrics.series",
            lambda k: series | {"metric_name": "metric/3", "run_ids": sorted({run(10 * k + j) for j in range(10)})},
        ),
        ("`metrics.query`, 1 000 rows", "metrics.query", lambda k: {"table": "training_metrics", "run_id": run(k)}),
        ("`labels.stats`", "labels.stats", lambda k: {}),
        ("`labels.next` mixed, 20", "labels.next", lambda k: {"limit": 20, "seed": k, "annotator": f"a{k}"}),
        ("`labels.next` hunt, 20", "labels.next", lambda k: {"limit": 20, "strategy": "hunt", "annotator": f"b{k}"}),
        ("`labels.list`, 100", "labels.list", lambda k: {}),
        ("`labels.list` of a study", "labels.list", lambda k: {"study_id": f"study_{k * 7919 % (images // fill.STUDY)}"}),
        ("`labels.list`, yes only, 100", "labels.list", lambda k: {"where": {"biopsy_tool": 1}}),
        ("`labels.train_val`, 1 000", "labels.train_val", lambda k: {}),
        ("`labels.set`, durable", "labels.set", lambda k: {"id": offered[k], "labels": {"mag_view": 1}}),
        ("`labels.calibration`", "labels.calibration", lambda k: {"label": "biopsy_tool"}),
        ("`labels.agreement`", "labels.agreement", lambda k: {"label": "biopsy_tool"}),
    )


#: What each room asks for first.
ROOMS = {
    "Label": (("labels.stats", {}), ("labels.next", {"limit": 8, "annotator": "room"})),
    "Review": (
        ("labels.stats", {}),
        ("labels.issues", {"label": "biopsy_tool", "limit": 24}),
        ("labels.agreement", {"label": "biopsy_tool"}),
    ),
    "Runs": (("runs.list", {"limit": 200}),),
    "Replay": (("runs.list", {"limit": 200}), ("episodes.list", {"limit": 100})),
    "Progress": (
        ("labels.stats", {}),
        ("holdout.ledger", {"limit": 50}),
        *((f"labels.{what}", {"label": label}) for what in ("calibration", "agreement") for label in ("biopsy_tool", "mag_view")),
    ),
}


def timed(call):
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1e3


def times(call):
    """The median and the slowest of the calls."""
    spent = [timed(lambda: call(k)) for k in range(REPEATS)]
    return f"{statistics.median(spent):.2f} / {max(spent):.1f} ms"


def measure(server, runs, images):
    """The table's rows as name and text."""
    rows = {}
    started = time.perf_counter()
    server.start(within=600)
    rows["start until both doors are open"] = f"{time.perf_counter() - started:.2f} s"
    rows["memory after the start"] = f"{server.resident_mib:.0f} MiB"
    for room, calls in ROOMS.items():
        spent = timed(lambda: [server.post(method, params) for method, params in calls])
        rows[f"first calls of the room {room}, after the start"] = f"{spent:.1f} ms"
    with server.connect(timeout=600) as connection:
        offered = connection.call("labels.next", {"limit": REPEATS, "strategy": "random", "annotator": "c"})["images"]
        for name, method, params in questions(runs, images, [image["id"] for image in offered]):
            rows[name] = times(lambda k: connection.call(method, params(k)))
            print(f"  {name}: {rows[name]}", file=sys.stderr, flush=True)
    rows["memory after all of these"] = f"{server.resident_mib:.0f} MiB"
    server.stop(within=60)
    rows["database"] = f"{server.database.stat().st_size / 1e9:.2f} GB"
    rows["array files"] = f"{sum(file.stat().st_size for file in (server.data / 'replay').iterdir()) / 1e9:.2f} GB"
    return rows


def report(columns):
    """One table, a column for each share."""
    print("| what | " + " | ".join(columns) + " |\n|---|" + "---:|" * len(columns))
    for name in next(iter(columns.values())):
        print(f"| {name} | " + " | ".join(rows.get(name, "") for rows in columns.values()) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.environ.get("HOLDFAST_BIN"), help="default: $HOLDFAST_BIN")
    parser.add_argument("--data", type=Path, help="a folder to fill and keep (default: a temporary one)")
    parser.add_argument("--quick", action="store_true", help="a hundredth of everything")
    parser.add_argument("--shares", type=float, nargs="*", default=SHARES, help="of the whole (default: 0.01 0.1 1)")
    options = parser.parse_args()
    if not options.binary:
        parser.error("set HOLDFAST_BIN or give --binary")
    columns = {}
    with contextlib.ExitStack() as stack:
        data = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-scale-"))) / "data"
        server = Server(os.path.abspath(options.binary), data, "--log-level", "error")
        stack.callback(server.clean_up)
        for share in options.shares:
            whole = share / 100 if options.quick else share
            counts = [int(total * whole) for total in (STEPS, IMAGES, METRICS)]
            rates = grow(server.start(within=600), *counts)
            server.stop(within=60)
            rows = {name: f"{count:,}" for name, count in zip(("steps", "images", "metrics"), counts)}
            rows |= {f"filled, {name} a second": f"{rate:,.0f}" for name, rate in rates.items() if rate}
            columns[f"{share:.0%}"] = rows | measure(server, max(1, counts[0] // fill.RUN_STEPS), counts[1])
            report(columns)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
