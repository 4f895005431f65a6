"""What a log call costs the training loop, of a scalar and of a step: this client against tensorboardX and Trackio, and the
Swift SDK where it was built.

usage: HOLDFAST_BIN=… python Tests/Benchmarks/log_calls.py [--count N] [--swift .build/release/LogBenchmark]

All take turns in one run, each in a process of its own, against fresh folders and one Holdfast server. Printed are the median
and the 99th percentile of a call, and how many calls a second can be made back to back until everything is where it belongs:
acknowledged by the server, or closed on the disk.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def times_of(call, count):
    """Nanoseconds of each call, without what reading the clock costs."""
    clock = time.perf_counter_ns
    empty = sorted(-clock() + clock() for _ in range(10_000))[5_000]
    times = []
    for index in range(count):
        start = clock()
        call(index)
        times.append(clock() - start - empty)
    return sorted(times)


def measured(call, count, finish):
    for index in range(1000):
        call(index)
    begin = time.perf_counter()
    times = times_of(lambda index: call(index + 1000), count)
    finish()
    total = time.perf_counter() - begin
    return {"p50_ns": times[count // 2], "p99_ns": times[int(0.99 * count)], "per_s": count / total}


# --- What is measured; each runs in a process of its own


def holdfast_log(folder, server, count):
    run = start(folder, server)
    return measured(lambda index: run.log({"loss": index * 0.37}, step=index), count, lambda: run.finish(timeout=600))


def holdfast_log_step(folder, server, count):
    run = start(folder, server)

    def call(index):
        run.log_step("e/0", index, action=index % 4, reward=1.0)

    return measured(call, count // 5, lambda: run.finish(timeout=600))


def holdfast_log_step_frame(folder, server, count):
    run, frames = start(folder, server), some_frames()

    def call(index):
        run.log_step("e/0", index, action=index % 4, reward=1.0, frame=frames[index % 16])

    return measured(call, count // 50, lambda: run.finish(timeout=600))


def some_frames():
    import numpy

    return numpy.random.default_rng(1).integers(0, 64, (16, 210, 160, 3), numpy.uint8)


def start(folder, server):
    sys.path.insert(0, str(ROOT / "Client" / "Python"))
    import holdfast

    return holdfast.init("bench", server=server, spool=folder, options=holdfast.Options(resource_interval=None))


def tensorboardx_log(folder, server, count):
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(folder)
    return measured(lambda index: writer.add_scalar("loss", index * 0.37, index), count, writer.close)


def tensorboardx_step(folder, server, count):
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(folder)

    def call(index):
        for name, value in step(index).items():
            writer.add_scalar(name, value, index)

    return measured(call, count // 5, writer.close)


def tensorboardx_step_frame(folder, server, count):
    from tensorboardX import SummaryWriter

    writer, frames = SummaryWriter(folder), some_frames()

    def call(index):
        for name, value in step(index).items():
            writer.add_scalar(name, value, index)
        writer.add_image("frame", frames[index % 16], index, dataformats="HWC")

    return measured(call, count // 50, writer.close)


def step(index):
    """What a step has beside its arrays, for loggers of scalars."""
    return {"action": index % 4, "reward": 1.0, "terminated": 0, "truncated": 0}


def trackio_log(folder, server, count):
    trackio = start_trackio(folder)
    return measured(lambda index: trackio.log({"loss": index * 0.37}, step=index), count // 10, trackio.finish)


def trackio_step(folder, server, count):
    trackio = start_trackio(folder)
    return measured(lambda index: trackio.log(step(index), step=index), count // 10, trackio.finish)


def trackio_step_frame(folder, server, count):
    trackio, frames = start_trackio(folder), some_frames()

    def call(index):
        trackio.log({**step(index), "frame": trackio.Image(frames[index % 16])}, step=index)

    return measured(call, count // 200, trackio.finish)


def start_trackio(folder):
    os.environ.update(TRACKIO_DIR=folder, HF_HUB_OFFLINE="1", GRADIO_ANALYTICS_ENABLED="False")
    import trackio

    trackio.init(project="bench", embed=False)
    return trackio


CASES = {
    "Holdfast, Python: `log` of one scalar": holdfast_log,
    "tensorboardX: `add_scalar`": tensorboardx_log,
    "Trackio: `log` of one scalar": trackio_log,
    "Holdfast, Python: `log_step` without arrays": holdfast_log_step,
    "tensorboardX: such a step as four scalars": tensorboardx_step,
    "Trackio: such a step as one `log` of four numbers": trackio_step,
    "Holdfast, Python: `log_step` with a frame of 210×160×3": holdfast_log_step_frame,
    "tensorboardX: such a step, its frame by `add_image`": tensorboardx_step_frame,
    "Trackio: such a step, its frame as `Image`": trackio_step_frame,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200_000, help="scalars; steps and Trackio get a share")
    parser.add_argument("--swift", default=str(ROOT / ".build/release/LogBenchmark"), help="the Swift SDK's benchmark")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--server", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        result = list(CASES.values())[options.case](options.folder, options.server, options.count)
        print("RESULT " + json.dumps(result), flush=True)
        return
    sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))
    from server import Server

    with tempfile.TemporaryDirectory() as folder:
        server = Server(os.path.abspath(os.environ["HOLDFAST_BIN"]), Path(folder) / "data").start()
        try:
            print_table(run_all(options, folder, server.ready["tcp"]))
        finally:
            server.stop()


def run_all(options, folder, server):
    results = {}
    for number, name in enumerate(CASES):
        place = Path(folder) / f"case-{number}"
        place.mkdir()
        command = [sys.executable, __file__, "--case", number, "--server", server, "--folder", place, "--count", options.count]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=900)
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        results[name] = json.loads(lines[0][7:]) if lines else None
        if not lines:
            print(f"{name}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    if os.access(options.swift, os.X_OK):
        command = [options.swift, "--server", server, "--spool", Path(folder) / "swift", "--count", options.count]
        told = json.loads(subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout)
        result = {"p50_ns": told["p50_ns"], "p99_ns": told["p99_ns"], "per_s": told["acknowledged_per_s"]}
        results["Holdfast, Swift SDK: `log` of one scalar"] = result
    return results


def print_table(results):
    print("| what | p50 | p99 | calls a second until all is settled |\n|---|---:|---:|---:|")
    for name, result in results.items():
        if result is None:
            print(f"| {name} | not measured | | |")
            continue
        print(f"| {name} | {microseconds(result['p50_ns'])} | {microseconds(result['p99_ns'])} | {result['per_s']:,.0f} |")


def microseconds(nanoseconds):
    return f"{nanoseconds / 1000:.2f} µs" if nanoseconds < 100_000 else f"{nanoseconds / 1_000_000:.2f} ms"


if __name__ == "__main__":
    main()
