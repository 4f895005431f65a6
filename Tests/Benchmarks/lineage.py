"""Variables and batches: many small values, a large one, hashing, where values are kept, and planning; beside joblib.Memory.

    HOLDFAST_BIN=.build/release/holdfast python Tests/Benchmarks/lineage.py [--quick]
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time

import numpy

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "EndToEnd"), str(HERE.parent.parent / "Client" / "Python")]

import holdfast  # noqa: E402
from holdfast.lineage import BaseVariable, for_each, product, thunk, use  # noqa: E402
from holdfast.lineage.canonical import content_hash  # noqa: E402
from server import Server  # noqa: E402


class Small(BaseVariable):
    """A number."""


class Large(BaseVariable):
    """An array."""


class Out(BaseVariable):
    """What was computed."""


@thunk
def squared(x):
    return x * x


#: The server that runs.
_running = []


@contextlib.contextmanager
def served(binary, folder, name, *arguments):
    server = Server(pathlib.Path(binary).resolve(), folder / name, *arguments).start()
    with holdfast.Client(server.ready["tcp"], timeout=600) as client:
        use(client)
        _running.append(server)
        yield server, client
        _running.clear()
        use(None)
    server.stop()


class Spent(float):
    """Seconds, and in `cpu` those of the processor: of this process, and of the server that runs."""

    cpu = 0.0


def processor():
    """Seconds of the processor that this process and the server have taken."""
    if not _running:
        return time.process_time()
    fields = pathlib.Path(f"/proc/{_running[0].process.pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def seconds(body):
    started, before = time.perf_counter(), processor()
    body()
    spent = Spent(time.perf_counter() - started)
    spent.cpu = processor() - before
    return spent


def row(what, measured, goal=""):
    print(f"| {what} | {measured} | {goal} |", flush=True)


def small(binary, folder, count):
    """Saved in requests of a thousand, loaded in pages of a thousand; then one by one."""
    values = numpy.random.default_rng(0).normal(size=count)
    with served(binary, folder, "small") as (_, client):
        saved = seconds(lambda: Small.save_all((value, {"number": number}) for number, value in enumerate(values)))
        loaded = []
        spent = seconds(lambda: loaded.extend(Small.load_all()))
        assert [variable.data for variable in loaded] == list(values)
        row(f"{count:,} small values saved, each durable", f"{saved:.2f} s, {saved.cpu:.2f} of the CPU", "1 s")
        row(f"{count:,} small values loaded", f"{spent:.2f} s, {spent.cpu:.2f} of the CPU", "1 s")
        few = min(count, 500)
        one = seconds(lambda: [Small.save(values[k], again=k) for k in range(few)]) / few
        row("one small value saved by itself", f"{1000 * one:.2f} ms")
        one = seconds(lambda: [Small.load(number=k) for k in range(few)]) / few
        row("one small value loaded by itself", f"{1000 * one:.2f} ms")


def disk(folder, data):
    """Writing and syncing the same bytes to a file, and reading them."""
    path = folder / "raw"

    def write():
        with open(path, "wb") as file:
            file.write(data)
            os.fsync(file.fileno())

    written = seconds(write)
    read = seconds(path.read_bytes)
    path.unlink()
    return written, read


def large(binary, folder, megabytes, repeats=3):
    """An array that does not compress; beside it a file of the same bytes. Medians."""
    array = numpy.random.default_rng(0).integers(0, 255, megabytes << 20, numpy.uint8)
    spent = {"written": [], "read": [], "saved": [], "loaded": []}
    for repeat in range(repeats):
        written, read = disk(folder, array.data)
        with served(binary, folder, f"large{repeat}") as (server, client):
            saved = seconds(lambda: Large.save(array))
            got = []
            loaded = seconds(lambda: got.append(Large.load().data))
            assert numpy.array_equal(got[0], array)
        shutil.rmtree(server.data)
        for name, value in (("written", written), ("read", read), ("saved", saved), ("loaded", loaded)):
            spent[name].append(value)
    written, read, saved, loaded = (statistics.median_low(values) for values in spent.values())
    row(f"{megabytes} MiB saved, one array of random bytes", f"{megabytes / saved:.0f} MiB/s; file {megabytes / written:.0f}",
        f"0.8: {written / saved:.2f}")  # fmt: skip
    row(f"{megabytes} MiB loaded", f"{megabytes / loaded:.0f} MiB/s; file {megabytes / read:.0f}", f"0.8: {read / loaded:.2f}")
    row("the same in seconds of the CPU: saved, loaded", f"{saved.cpu:.2f} s, {loaded.cpu:.2f} s")


def hashing():
    data = numpy.random.default_rng(0).integers(0, 255, 256 << 20, numpy.uint8)
    spent = [seconds(lambda: content_hash(data)) for _ in range(3)]
    wall, cpu = statistics.median(spent), statistics.median(one.cpu for one in spent)
    row("hashing an array in the client", f"{0.268 / wall:.2f} GB/s, {0.268 / cpu:.2f} of the CPU", "0.5 GB/s")


def crossover(binary, folder, repeats):
    """What a value costs where it is kept in the database and in the array file."""
    with served(binary, folder, "crossover") as (_, client):
        for kilobytes in (32, 64, 120, 136, 256, 512):
            arrays = [
                numpy.random.default_rng(k).integers(0, 255, (kilobytes << 10) - 200, numpy.uint8) for k in range(repeats)
            ]
            saves = [seconds(lambda: Large.save(a, size=kilobytes, number=k)) for k, a in enumerate(arrays)]
            loads = [seconds(lambda: Large.load(size=kilobytes, number=k)) for k in range(repeats)]
            place = "database" if kilobytes <= 128 else "array file"
            row(f"{kilobytes} KiB in the {place}: save, load",
                f"{1000 * statistics.median(saves):.2f} ms, {1000 * statistics.median(loads):.2f} ms")  # fmt: skip


def filled(database, first, count, trials):
    """Puts records into a database that no server uses, as many saves would; their values are all the same number."""
    source = sqlite3.connect(database)
    source.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000")
    size, value = source.execute("SELECT size, bytes FROM variable_contents LIMIT 1").fetchone()
    now = "2026-01-01T00:00:00.000000Z"

    def rows():
        for number in range(first, first + count):
            subject, trial = divmod(number, trials)
            yield number, os.urandom(32).hex(), os.urandom(8).hex(), subject, trial

    source.execute("BEGIN")
    location = source.execute("SELECT max(location_id) FROM variable_locations").fetchone()[0] - first + 1
    for number, content, record, subject, trial in rows():
        id, text = location + number, f'{{"subject":{subject},"trial":{trial}}}'
        source.execute("INSERT INTO variable_contents VALUES (?, ?, ?, NULL)", (content, size, value))
        source.execute("INSERT INTO variable_locations VALUES (?, 'Small', ?)", (id, text))
        for name, key in (("subject", subject), ("trial", trial)):
            source.execute("INSERT INTO variable_location_keys VALUES ('Small', ?, ?, ?)", (name, str(key), id))
        source.execute(
            "INSERT INTO variable_records VALUES (?, ?, 1, ?, ?, '{}', ?, NULL)", (record, id, content, text, now)
        )
        source.execute("INSERT INTO variable_saves (location_id, record_id, at) VALUES (?, ?, 0)", (id, record))
    source.commit()
    source.close()


def planning(binary, folder, combinations, records):
    """A batch over some of the locations of a large database: nothing computed yet, then everything."""
    trials = 100
    with served(binary, folder, "plan") as (server, client):
        client.variables.schema([{"name": "subject", "type": "integer"}, {"name": "trial", "type": "integer"}])
        Small.save_all((float(n), {"subject": n // trials, "trial": n % trials}) for n in range(combinations))
    filled(server.database, combinations, records - combinations, trials)
    with served(binary, folder, "plan") as (_, client):
        where = product(subject=range(combinations // trials), trial=range(trials))
        batch = for_each(squared, {"x": Small}, [Out], where)
        plans = []
        fresh = seconds(lambda: plans.append(batch.plan()))
        assert plans[0].counts == {"run": combinations}
        row(f"plan of {combinations:,} combinations over {records:,} records, all to run", f"{fresh:.2f} s, {fresh.cpu:.2f} of the CPU", "1 s")
        few = min(combinations, 1000)
        part = for_each(squared, {"x": Small}, [Out], where[:few])
        run = seconds(lambda: part.run(progress=False))
        row(f"run of {few:,} of them, one thread", f"{1000 * run / few:.2f} ms each")
        hit = seconds(lambda: plans.append(batch.plan()))
        assert plans[1].counts == {"hit": few, "run": combinations - few}
        row(f"plan when {few:,} of them are there", f"{hit:.2f} s, {hit.cpu:.2f} of the CPU", "1 s")


def baseline(binary, folder, count):
    """Calls that are hits, against joblib.Memory on the same machine."""
    import joblib

    memory = joblib.Memory(folder / "joblib", verbose=0)
    cached = memory.cache(lambda x: x * x)
    data = [numpy.random.default_rng(k).normal(size=1000) for k in range(count)]
    missed = seconds(lambda: [cached(x) for x in data]) / count
    hit = seconds(lambda: [cached(x) for x in data]) / count
    row("joblib.Memory, 8 kB: a call that runs, a hit", f"{1000 * missed:.2f} ms, {1000 * hit:.2f} ms")
    with served(binary, folder, "baseline") as (_, client):
        missed = seconds(lambda: [Out.save(squared(x), number=k) for k, x in enumerate(data)]) / count
        hit = seconds(lambda: [squared(x) for x in data]) / count
    row("a thunk, 8 kB: a call that runs and is saved, a hit", f"{1000 * missed:.2f} ms, {1000 * hit:.2f} ms")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--only", nargs="*", default=["small", "large", "hashing", "crossover", "planning", "baseline"])
    options.add_argument("--binary", default=os.environ.get("HOLDFAST_BIN", ".build/release/holdfast"))
    options = options.parse_args()
    parts = {
        "small": lambda binary, folder: small(binary, folder, 1000 if options.quick else 8000),
        "large": lambda binary, folder: large(binary, folder, 128 if options.quick else 1024),
        "hashing": lambda binary, folder: hashing(),
        "crossover": lambda binary, folder: crossover(binary, folder, 5 if options.quick else 30),
        "planning": lambda binary, folder: planning(binary, folder, 10_000, 20_000 if options.quick else 1_000_000),
        "baseline": lambda binary, folder: baseline(binary, folder, 50 if options.quick else 500),
    }
    print("| what | measured | goal |\n|---|---:|---:|")
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder:
            parts[name](options.binary, pathlib.Path(folder))


if __name__ == "__main__":
    main()
