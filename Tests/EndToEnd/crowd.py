"""A crowd at one server: people who label, training processes, samplers, dashboards, and those who look after it."""

import collections
import concurrent.futures
import contextlib
import dataclasses
import http.client
import json
import multiprocessing
import shutil
import socket
import statistics
import time
import uuid
from pathlib import Path

import numpy

from waiting import pause
from wire import Connection, Producer, Strings

#: The dashboard's files.
WEB = Path(__file__).resolve().parents[2] / "Web"
ANNOTATORS, TRAINERS, SAMPLERS, DASHBOARDS = 50, 20, 5, 10
BATCH, EPISODE = 10, 100
SIDE = 84
PICTURES = 200


def run_name(number):
    return f"crowd-{number}"


def picture(run, row):
    """The frame of a row of a run: a ball that flies, as in a game, so that it can be told which one it is."""
    frame = numpy.full((SIDE, SIDE), run, numpy.uint8)
    frame[row % SIDE, (row // SIDE) % SIDE] = 255
    frame[-1, :4] = numpy.frombuffer(numpy.uint32(row).tobytes(), numpy.uint8)
    return frame


@dataclasses.dataclass
class Outcome:
    """What members of the crowd saw: errors, the seconds that calls took, and what was acknowledged."""

    errors: list = dataclasses.field(default_factory=list)
    spent: dict = dataclasses.field(default_factory=lambda: collections.defaultdict(list))
    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    labels: dict = dataclasses.field(default_factory=dict)

    def add(self, other):
        self.errors += other.errors
        self.counts.update(other.counts)
        for method, spent in other.spent.items():
            self.spent[method] += spent
        twice = self.labels.keys() & other.labels.keys()
        self.errors += [f"image {image} was given to two annotators" for image in sorted(twice)]
        self.labels |= other.labels

    def percentiles(self, method):
        """Median and 99th percentile in milliseconds."""
        spent = sorted(self.spent[method])
        return statistics.median(spent) * 1e3, spent[min(len(spent) - 1, int(0.99 * len(spent)))] * 1e3


class Member:
    """One client that takes its turn every `pace` seconds until the time is up."""

    pace = 1.0

    def __init__(self, doors, number, until, pace):
        self.tcp, self.http = doors
        self.number, self.until, self.pace = number, until, self.pace * pace
        self.outcome = Outcome()

    def run(self):
        try:
            with contextlib.ExitStack() as stack:
                self.enter(stack)
                # Not all at the same moment.
                following = time.monotonic() + self.pace * (self.number * 0.618 % 1)
                while (now := time.monotonic()) < self.until:
                    if now < following:
                        pause(min(following, self.until) - now)
                        continue
                    following = now + self.pace
                    self.turn()
                self.leave()
        except Exception as error:  # noqa: BLE001
            self.outcome.errors.append(f"{type(self).__name__} {self.number}: {type(error).__name__} {error}")
        return self.outcome

    def enter(self, stack):
        self.connection = stack.enter_context(Connection(self.tcp))

    def turn(self):
        raise NotImplementedError

    def leave(self):
        """What is still to be done when the time is up."""

    def timed(self, name, call):
        started = time.perf_counter()
        result = call()
        self.outcome.spent[name].append(time.perf_counter() - started)
        return result

    def call(self, method, params):
        return self.timed(method, lambda: self.connection.call(method, params))


class Annotator(Member):
    """Asks for two images and labels them, or now and then passes over one."""

    pace = 0.5

    def turn(self):
        name = f"annotator {self.number}"
        images = self.call("labels.next", {"annotator": name, "limit": 2})["images"]
        assert images, "there are no images left to label"
        for image in images:
            id, event = image["id"], str(uuid.uuid4())
            if id % 10 == 0:
                self.call("labels.skip", {"id": id, "annotator": name, "event_id": event})
                self.outcome.counts["skips"] += 1
            else:
                value = id % 2
                params = {"id": id, "labels": {"biopsy_tool": value}, "annotator": name, "event_id": event}
                self.call("labels.set", params)
                self.outcome.labels[id] = value


class Trainer(Member):
    """Sends batches of steps with frames, and metrics behind them."""

    pace = 0.5

    def enter(self, stack):
        super().enter(stack)
        self.run_id = run_name(self.number)
        self.connection.call("runs.start", {"run_id": self.run_id})
        self.row = self.connection.call("runs.get", {"run_id": self.run_id})["steps"]
        self.producer = Producer(self.connection)

    def turn(self):
        started, first = time.perf_counter(), self.row
        self.row += BATCH
        sent = [
            self.producer.send("steps.append", steps(self.number, first)),
            self.producer.send("metrics.append", metrics(self.run_id, first)),
        ]
        if self.row % EPISODE == 0:
            episode = {"run_id": self.run_id, "episode_id": f"{self.run_id}/{first // EPISODE}"}
            sent.append(self.producer.send("episodes.finish", episode))
        stored, logged, *_ = [self.connection.wait(id) for id in sent]
        self.outcome.spent["steps.append"].append(time.perf_counter() - started)
        assert stored == {"stored": BATCH, "first_index": first}, f"batch at {first}: {stored}"
        assert logged == {"stored": 2 * BATCH, "rejected": []}, f"metrics at {first}: {logged}"
        self.outcome.counts["steps"] += BATCH
        self.outcome.counts["metrics"] += 2 * BATCH


def steps(run, first):
    rows = numpy.arange(first, first + BATCH)
    columns = {
        "episode_id": Strings([f"{run_name(run)}/{first // EPISODE}"] * BATCH),
        "step_index": rows % EPISODE,
        "action": rows % 4,
        "reward": rows / 7,
        "terminated": rows % EPISODE == EPISODE - 1,
        "truncated": numpy.zeros(BATCH, bool),
        "frame": numpy.stack([picture(run, row) for row in rows.tolist()]),
    }
    return {"run_id": run_name(run), "count": BATCH, "columns": columns}


def metrics(run_id, first):
    columns = {
        "metric_name": Strings(["loss", "return"] * BATCH),
        "metric_value": numpy.arange(2.0 * BATCH) + first,
        "step": first + numpy.arange(2 * BATCH) // 2,
    }
    return {"run_id": run_id, "columns": [{"table": "training_metrics", "count": 2 * BATCH, "columns": columns}]}


class Sampler(Member):
    """Draws batches of frames from all runs and looks whether each is the one that its reference says."""

    pace = 0.5

    def turn(self):
        batch = self.call("steps.sample", {"n": 32, "arrays": ["frame"]})
        assert batch["frame"].shape == (32, SIDE, SIDE)
        for step, frame in zip(batch["steps"], batch["frame"]):
            _, _, run, _, row = step["frame_ref"].split("/")
            expected = picture(int(run.rpartition("-")[2]), int(row))
            assert (frame == expected).all(), f"{step['frame_ref']} is another frame"


class Dashboard(Member):
    """A browser's page: its files, its stream of events, calls, pictures."""

    pace = 1.0

    def enter(self, stack):
        self.connection = http.client.HTTPConnection(*self.http, timeout=60)
        stack.callback(self.connection.close)
        self.events = stack.enter_context(socket.create_connection(self.http, timeout=60))
        self.events.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert self.events.recv(12) == b"HTTP/1.1 200"
        self.events.setblocking(False)

    def turn(self):
        runs = self.rpc("runs.list", {"limit": 50})["runs"]
        self.rpc("labels.stats", {})
        self.rpc("episodes.list", {"limit": 50})
        chosen = [run["run_id"] for run in runs[:5]]
        self.rpc("metrics.series", {"table": "training_metrics", "metric_name": "loss", "run_ids": chosen})
        for path in ("/", f"/thumbnails/{1 + self.number % PICTURES}.png?size=64", f"/frames/{run_name(0)}/frames/0.png"):
            self.timed("GET " + path.partition("?")[0].rpartition("/")[0] + "/", lambda: self.get(path))
        with contextlib.suppress(BlockingIOError):
            data = self.events.recv(1 << 20)
            assert data, "the stream of events ended"
            self.outcome.counts["events"] += data.count(b"event:")

    def get(self, path):
        self.connection.request("GET", path)
        self.answer(path)

    def rpc(self, method, params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})

        def ask():
            self.connection.request("POST", "/rpc", body, {"Content-Type": "application/json"})
            answer = json.loads(self.answer(method))
            assert "result" in answer, f"{method}: {answer}"
            return answer["result"]

        return self.timed(f"POST {method}", ask)

    def answer(self, what):
        response = self.connection.getresponse()
        body = response.read()
        assert response.status == 200, f"{what}: {response.status} {body[:300]}"
        return body


class Model(Member):
    """Sends a model's confidences for some of the images."""

    pace = 0.5

    def turn(self):
        turn = len(self.outcome.spent["labels.update_predictions"])
        ids = numpy.arange(1 + turn % 7, 1 + PICTURES * 5, 7)
        confidences = {"biopsy_tool": (ids + turn) * 0.618 % 1}
        result = self.call("labels.update_predictions", {"ids": ids, "confidences": confidences})
        assert result["unknown"] == [], f"images that were inserted are unknown: {result['unknown'][:10]}"


class Pruner(Member):
    """Deletes metrics that are some seconds old."""

    def turn(self):
        params = {"before": time.time() - 3}
        while True:
            result = self.call("metrics.prune", params)
            self.outcome.counts["pruned"] += result["deleted"]
            if "cursor" not in result:
                return
            params["cursor"] = result["cursor"]


class Keeper(Member):
    """Makes backups, and keeps the last one only."""

    pace = 4.0
    last = None

    def turn(self):
        result = self.call("server.backup", {"backup": f"crowd-{uuid.uuid4()}"})
        assert result["bytes"] > 0
        if self.last:
            shutil.rmtree(self.last)
        self.last = result["path"]
        self.outcome.counts["backups"] += 1

    def leave(self):
        if self.last:
            shutil.rmtree(self.last)


#: Which members share a process: its interpreter must not be what they wait for.
PROCESSES = (
    [(Annotator, ANNOTATORS)],
    [(Trainer, TRAINERS)],
    [(Sampler, SAMPLERS), (Dashboard, DASHBOARDS), (Model, 1), (Pruner, 1), (Keeper, 1)],
)


def prepare(server, images):
    """Images to label, the first of them with pixels, and a first batch of each run for those who only read."""
    with server.connect() as connection:
        producer = Producer(connection)
        for first in range(0, images, 5000):
            batch = [{"filename": f"img_{number}"} for number in range(first, min(images, first + 5000))]
            for number, image in enumerate(batch[: PICTURES - first] if first < PICTURES else []):
                image["image"] = numpy.full((64, 64), number, numpy.uint8)
            producer.call("images.insert", {"images": batch})
        for run in range(TRAINERS):
            connection.call("runs.start", {"run_id": run_name(run)})
            producer.call("steps.append", steps(run, 0))
            producer.call("metrics.append", metrics(run_name(run), 0))


def images_needed(seconds, pace):
    """What the annotators can label in this time, with what is held out and some to choose from."""
    return int(ANNOTATORS * 2 * (2 + seconds / (Annotator.pace * pace)) * 1.2) + 1000


def gather(server, seconds, pace=1.0, meanwhile=None):
    """Everybody at once for some seconds; `pace` stretches the time between their turns.

    `meanwhile()` is called about once a second.
    """
    spawn = multiprocessing.get_context("spawn")
    all_there = spawn.Barrier(len(PROCESSES))
    with concurrent.futures.ProcessPoolExecutor(len(PROCESSES), spawn, all_there.wait, (60,)) as processes:
        doors = server.tcp, server.http
        parts = [processes.submit(work, members, doors, seconds, pace) for members in PROCESSES]
        while concurrent.futures.wait(parts, timeout=1).not_done:
            if meanwhile:
                meanwhile()
        return merged(part.result() for part in parts)


def work(members, doors, seconds, pace):
    """Runs the members that share a process, each in a thread."""
    until = time.monotonic() + seconds
    crowd = [kind(doors, number, until, pace) for kind, count in members for number in range(count)]
    with concurrent.futures.ThreadPoolExecutor(len(crowd)) as threads:
        return merged(threads.map(lambda member: member.run(), crowd))


def merged(outcomes):
    whole = Outcome()
    for outcome in outcomes:
        whole.add(outcome)
    return whole
