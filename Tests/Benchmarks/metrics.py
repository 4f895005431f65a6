"""Series of a million points, and what a scalar takes on disk; against the same question to plain tables in SQLite."""

import argparse
import pathlib
import sqlite3
import statistics
import sys
import tempfile
import time

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "EndToEnd"))

from server import Server  # noqa: E402
from wire import Connection, Producer, Strings  # noqa: E402

RUN = "bench"


def fill(connection, points, metrics):
    """Random walks, a block of every metric in turn, as a training loop logs them."""
    producer, generator = Producer(connection), numpy.random.default_rng(0)
    waiting, block = [], 1000
    started = time.perf_counter()
    for first in range(0, points, block):
        count = block * metrics
        columns = {
            "metric_name": Strings([f"metric/{k % metrics}" for k in range(count)]),
            "metric_value": generator.normal(size=count),
            "step": first + numpy.arange(count) // metrics,
            "timestamp": 1.7e9 + (first + numpy.arange(count) / metrics) / 100,
        }
        request = {"run_id": RUN, "columns": [{"table": "training_metrics", "count": count, "columns": columns}]}
        waiting.append(producer.send("metrics.append", request))
        if len(waiting) == 8:
            connection.wait(waiting.pop(0))
    for id in waiting:
        connection.wait(id)
    return points * metrics / (time.perf_counter() - started)


def times(call, repeats):
    spent = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent)


def plain(folder, database, points):
    """The same points in one table with text columns and an index, bucketed by SQL."""
    path = folder / "plain.sqlite"
    copy = sqlite3.connect(path)
    copy.execute("ATTACH ? AS source", (f"file:{database}?mode=ro",))
    copy.execute(
        "CREATE TABLE plain AS SELECT id, timestamp, run_id, metric_name, metric_value, step FROM source.training_metrics"
    )
    copy.execute("CREATE INDEX by_name ON plain (run_id, metric_name, step)")
    copy.commit()
    width = points // 1000
    query = (
        "SELECT step / ?, min(metric_value), max(metric_value), max(step) FROM plain "
        "WHERE run_id = ? AND metric_name = 'metric/0' GROUP BY 1"
    )
    return times(lambda: copy.execute(query, (width, RUN)).fetchall(), 3), path.stat().st_size


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--points", type=int, default=1_000_000)
    options.add_argument("--metrics", type=int, default=4)
    options.add_argument("--binary", default=".build/release/holdfast")
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        server = Server(pathlib.Path(options.binary).resolve(), folder / "data").start()
        connection = Connection(server.tcp)
        rate = fill(connection, options.points, options.metrics)
        asked = {"table": "training_metrics", "metric_name": "metric/0", "run_ids": [RUN], "x": "step"}
        middle = options.points // 2
        rows = [
            ("whole", times(lambda: connection.call("metrics.series", asked), 20)),
            ("whole, smoothed", times(lambda: connection.call("metrics.series", asked | {"smoothing": 0.9}), 20)),
            (
                "1 000 steps of it",
                times(lambda: connection.call("metrics.series", asked | {"from": middle, "to": middle + 999}), 20),
            ),
        ]
        connection.close()
        server.stop()
        scalars = options.points * options.metrics
        size = server.database.stat().st_size / scalars
        base, plain_size = plain(folder, server.database, options.points)
        print(f"{scalars:,} scalars, {rate:,.0f}/s acknowledged (durability full, a Python client)\n")
        print("| what | Holdfast | plain table |\n|---|---:|---:|")
        for name, spent in rows:
            print(f"| series of {options.points:,} points, {name} | {spent:.1f} ms | {base:.0f} ms |")
        print(f"| bytes of a scalar on disk | {size:.1f} | {plain_size / scalars:.1f} |")


if __name__ == "__main__":
    main()
