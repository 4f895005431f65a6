"""Labels at size: what picking, labeling, counting and inserting cost, and what the plain query costs on the same database.

    HOLDFAST_BIN=.build/release/holdfast python Tests/Benchmarks/labels.py [--rows 10000 1000000 10000000] [--imported 1000000]
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import pathlib
import selectors
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))
from prometheus import Metrics  # noqa: E402
from server import Server  # noqa: E402
from wire import request  # noqa: E402

# What one would write first; it looks at every open image and sorts them all.
PLAIN = """
    SELECT id FROM labels WHERE has_biopsy_tool IS NULL AND has_mag_view IS NULL AND outcome IS NULL
    AND skipped_at IS NULL AND split IS NOT 'test' ORDER BY abs(coalesce(confidence_biopsy, 0.5) - 0.5), random() LIMIT 1
"""


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def fill(database, rows):
    """Rows with random confidences, some of which tie; a third has none, a tenth is held out.

    Indexes and triggers are taken away and made again, and the counters counted: row by row they would take most of
    the time.
    """
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA cache_size = -2000000")
        schema = connection.execute(
            "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name IN ('labels', 'label_studies')"
            " AND type IN ('index', 'trigger') AND sql IS NOT NULL"
        ).fetchall()
        for kind, name, _ in schema:
            connection.execute(f"DROP {kind} {name}")
        connection.execute(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
            INSERT INTO labels (filename, study_id, split, confidence_biopsy, tiebreak)
            SELECT 'img_' || i, 'study_' || (i / 40), CASE WHEN i / 40 % 10 = 0 THEN 'test' END,
            CASE WHEN i / 40 % 10 AND i % 3 THEN (abs(random()) % 5001) / 5000.0 END, abs(random()) >> 1 FROM n
            """,
            (rows,),
        )
        connection.execute(
            "INSERT INTO label_studies (study_id, test, other)"
            " SELECT study_id, sum(split IS 'test'), sum(split IS NOT 'test') FROM labels GROUP BY study_id"
        )
        for _, _, sql in schema:
            connection.execute(sql)
        held = connection.execute("SELECT count(*) FROM labels WHERE split = 'test'").fetchone()[0]
        counts = {"total": rows, "split_test": held, "split_none": rows - held}
        counts |= {f"pick_{name}": rows - held for name in ("all", "biopsy_tool", "mag_view")}
        for name, count in counts.items():
            connection.execute("UPDATE label_counters SET count = ? WHERE name = ?", (count, name))
    connection.close()


def time_calls(connection, method, params, count):
    times = []
    for index in range(count):
        start = time.perf_counter()
        connection.call(method, params(index))
        times.append(time.perf_counter() - start)
    return times


def report(what, times, note=""):
    print(f"  {what:<44} p50 {statistics.median(times) * 1e3:8.3f} ms   p99 {percentile(times, 0.99) * 1e3:8.3f} ms  {note}")


#: By what shares of the calls the server's own part is told: milliseconds that are bounds of its histograms.
BOUNDS = (0.1, 0.25, 0.5, 1, 2.5, 5)


def server_part(server, method):
    """How many calls of a method took the server up to each of the bounds, and all."""
    metrics = Metrics(server.get("/metrics")[2].decode())
    labels = {"door": "tcp", "method": method}
    name = "holdfast_request_duration_seconds"
    counts = [metrics.value(f"{name}_bucket", le=f"{bound / 1e3:g}", **labels) for bound in BOUNDS]
    return [*counts, metrics.value(f"{name}_count", **labels)]


def report_server_part(what, before, after):
    *counts, total = (late - early for early, late in zip(before, after))
    shares = ", ".join(f"{100 * count / total:.1f} % up to {bound:g} ms" for bound, count in zip(BOUNDS, counts))
    print(f"  {what}, inside the server: {shares}")


def picking(server, rows, plain_runs):
    with server.connect() as connection:
        time_calls(connection, "labels.next", lambda k: {"seed": k}, 50)
        pick(server, connection, "")
        with busy(server, rows, 2000):
            pick(server, connection, "while 2 000 images and as many predictions a second come")
        with busy(server, rows, None):
            pick(server, connection, "while as many images and predictions come as are taken")
        report("labels.stats", time_calls(connection, "labels.stats", lambda _: {}, 200))
    with sqlite3.connect(f"file:{server.database}?mode=ro", uri=True) as database:
        times = []
        for _ in range(plain_runs):
            start = time.perf_counter()
            database.execute(PLAIN).fetchall()
            times.append(time.perf_counter() - start)
    report("plain ORDER BY abs(…), random()", times)


def pick(server, connection, note):
    before = server_part(server, "labels.next")
    for strategy in ("mixed", "random", "uncertain", "hunt"):
        ask = lambda k, strategy=strategy: {"seed": k, "strategy": strategy, "annotator": f"a{k % 50}"}  # noqa: E731
        report(f"labels.next {strategy}", time_calls(connection, "labels.next", ask, 2000), note)
        # Or soon all images would be in front of somebody.
        for number in range(50):
            connection.call("labels.release", {"annotator": f"a{number}"})
    report_server_part("labels.next", before, server_part(server, "labels.next"))


@contextlib.contextmanager
def busy(server, rows, rate):
    """Images are inserted and predictions updated meanwhile, at most `rate` of each a second."""
    # A process of its own: what is timed must not wait for this interpreter's lock.
    fork = multiprocessing.get_context("fork")
    stop, is_underway = fork.Event(), fork.Event()
    worker = fork.Process(target=keep_busy, args=(server, rows, rate, stop, is_underway))
    worker.start()
    assert is_underway.wait(60), "what should come meanwhile does not"
    yield
    stop.set()
    worker.join()


def keep_busy(server, rows, rate, stop, is_underway):
    # It would be on another machine: here it must not take the server's processor.
    os.nice(10)
    producer, seq = str(uuid.uuid4()), 0
    with server.connect() as connection:
        while not stop.wait(100 / rate if rate else 0):
            seq += 1
            images = [{"filename": f"new_{producer}_{seq}_{k}"} for k in range(100)]
            connection.call("images.insert", {"images": images, "producer": producer, "seq": seq})
            guesses = [{"id": 1 + (seq * 977 + k) % rows, "confidence": {"biopsy_tool": k / 100}} for k in range(100)]
            connection.call("labels.update_predictions", {"predictions": guesses})
            if seq == 5:
                is_underway.set()


def together(what, server, annotators, work):
    """Many people at once: `work(connection, number)` says how many labels it set."""
    counts, errors = [0] * annotators, []

    def run(number):
        try:
            with server.connect() as connection:
                counts[number] = work(connection, number)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(annotators)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = sum(counts) / (time.perf_counter() - start)
    print(f"  {what + f', durable, {annotators} annotators':<44} {rate:10,.0f} per second   errors: {len(errors)}")


def set_label(image, number):
    return {"id": image, "labels": {"biopsy_tool": 1}, "annotator": f"annotator {number}"}


def labeling(server, annotators, seconds):
    """Picks twenty images and labels them, again and again."""

    def work(connection, number):
        count, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            images = connection.call("labels.next", {"annotator": f"annotator {number}", "limit": 20})["images"]
            for id in [connection.send("labels.set", set_label(image["id"], number)) for image in images]:
                connection.wait(id)
            count += len(images)
        return count

    together("labels.next and labels.set", server, annotators, work)


def setting(server, images, annotators):
    """Labels given images, each annotator one after the answer to the one before.

    One thread serves all connections with requests that it encoded beforehand, so that the server is what is timed.
    """
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as ready:
        for number in range(annotators):
            connection = stack.enter_context(server.connect())
            turns = iter([request("labels.set", set_label(image, number), image) for image in images[number::annotators]])
            ready.register(connection.socket, selectors.EVENT_READ, turns)
        start = time.perf_counter()
        for key in ready.get_map().values():
            key.fileobj.sendall(next(key.data))
        times, answers = [], []
        sent = dict.fromkeys(ready.get_map(), start)
        while ready.get_map():
            for key, _ in ready.select():
                answers.append(key.fileobj.recv(65536))
                now = time.perf_counter()
                times.append(now - sent[key.fd])
                sent[key.fd] = now
                if following := next(key.data, None):
                    key.fileobj.sendall(following)
                else:
                    ready.unregister(key.fileobj)
        took = time.perf_counter() - start
    wrong = [answer for answer in answers if not is_result(answer)]
    report("labels.set", times, f"{len(times) / took:,.0f} per second, durable, {annotators} annotators, errors: {len(wrong)}")


def is_result(answer):
    """Whether bytes that came are one whole frame with a result."""
    return int.from_bytes(answer[:4], "big") == len(answer) - 4 and "result" in json.loads(answer[4:])


def inserting(server, count):
    """Registers images and gives the ids of those that are not held out."""
    producer = str(uuid.uuid4())
    with server.connect() as connection:
        start = time.perf_counter()
        ids = []
        for seq in range(1, count // 1000 + 1):
            images = [{"filename": f"bulk_{seq}_{k}", "study_id": f"s{seq}"} for k in range(1000)]
            ids.append(connection.send("images.insert", {"images": images, "producer": producer, "seq": seq}))
        answers = [connection.wait(id) for id in ids]
        print(f"  {'images.insert without arrays':<44} {count / (time.perf_counter() - start):10,.0f} per second")
        images = [image for answer in answers for image in answer["ids"]]
    with sqlite3.connect(f"file:{server.database}?mode=ro", uri=True) as database:
        open_images = {id for (id,) in database.execute("SELECT id FROM labels WHERE split IS NULL AND id >= ?", (min(images),))}
    return [image for image in images if image in open_images]


def processor_seconds(pid):
    """User and system time that a process has taken so far."""
    with open(f"/proc/{pid}/stat") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return int(user) / os.sysconf("SC_CLK_TCK"), int(system) / os.sysconf("SC_CLK_TCK")


def importing(server, binary, file, rows):
    """`holdfast import labels` of new images with two labels each, and again, when nothing changes."""
    with open(file, "w") as csv:
        csv.write("filename,study_id,frame_number,has_biopsy_tool,has_mag_view\n")
        for k in range(rows):
            csv.write(f"patient_{k // 30:06d}/frame_{k:08d}.png,patient_{k // 30:06d},{k % 30},{k % 2},{k // 2 % 2}\n")
    for what in ("import labels, new images", "import labels, the same again"):
        before, own, start = processor_seconds(server.process.pid), os.times(), time.perf_counter()
        command = [binary, "import", "labels", file, "--server", server.ready["tcp"]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        took, after, own_after = time.perf_counter() - start, processor_seconds(server.process.pid), os.times()
        user, system = (late - early for early, late in zip(before, after))
        client = own_after.children_user + own_after.children_system - own.children_user - own.children_system
        print(
            f"  {what:<44} {took:8.1f} s   {rows / took:10,.0f} per second"
            f"   of the CPU: server {user:.1f} + {system:.1f} s, client {client:.1f} s"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--imported", type=int, default=0, help="rows of a file that is imported into an empty server")
    options = parser.parse_args()
    binary = os.environ["HOLDFAST_BIN"]
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            server = Server(binary, pathlib.Path(folder) / "data", "--log-level", "error")
            server.start()
            server.stop()
            start = time.perf_counter()
            fill(server.database, rows)
            print(f"{rows:,} images (filled in {time.perf_counter() - start:.0f} s)")
            server.start()
            picking(server, rows, plain_runs=20 if rows <= 100_000 else 3)
            labeling(server, 50, 4)
            setting(server, inserting(server, 20_000), 50)
            server.stop()
    if options.imported:
        with tempfile.TemporaryDirectory() as folder:
            server = Server(binary, pathlib.Path(folder) / "data", "--log-level", "error").start()
            print(f"{options.imported:,} images imported")
            importing(server, binary, pathlib.Path(folder) / "labels.csv", options.imported)
            server.stop()


if __name__ == "__main__":
    main()
