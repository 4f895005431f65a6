"""What each of a crowd waits for: annotators, training processes, samplers and dashboards at one server.

HOLDFAST_BIN=.build/release/holdfast python Tests/Benchmarks/load.py [--seconds 60] [--pace 1]
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "EndToEnd"))

import crowd  # noqa: E402
from server import Server  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.environ.get("HOLDFAST_BIN"), help="default: $HOLDFAST_BIN")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pace", type=float, default=1, help="stretches the time between everybody's turns (default: 1)")
    parser.add_argument("--durability", default="full")
    options = parser.parse_args()
    if not options.binary:
        parser.error("set HOLDFAST_BIN or give --binary")
    with tempfile.TemporaryDirectory(prefix="holdfast-load-") as scratch:
        binary, data = os.path.abspath(options.binary), Path(scratch) / "data"
        arguments = ["--web", str(crowd.WEB), "--durability", options.durability, "--log-level", "error"]
        server = Server(binary, data, *arguments).start()
        try:
            crowd.prepare(server, crowd.images_needed(options.seconds, options.pace))
            before, memory = server.resident_mib, []
            whole = crowd.gather(server, options.seconds, options.pace, lambda: memory.append(server.resident_mib))
            server.stop()
        finally:
            server.clean_up()
    report(whole, options.seconds)
    counts = ", ".join(f"{count:,} {name}" for name, count in sorted(whole.counts.items()))
    print(f"\n{len(whole.labels):,} labels, {counts}; {len(whole.errors)} errors")
    print(f"memory: {before:.0f} MiB before, at most {max(memory):.0f} MiB, {memory[-1]:.0f} MiB at the end")
    for error in whole.errors[:10]:
        print(error)


def report(whole, seconds):
    print("| call | a second | p50 | p99 |\n|---|---:|---:|---:|")
    for method in sorted(whole.spent):
        middle, high = whole.percentiles(method)
        print(f"| `{method}` | {len(whole.spent[method]) / seconds:,.1f} | {middle:.1f} ms | {high:.1f} ms |")


if __name__ == "__main__":
    main()
