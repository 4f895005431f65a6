"""Fills a data directory through the server: runs with steps and metrics, and images to label."""

import contextlib

import numpy

from wire import Producer, Strings

RUN_STEPS = 10_000
EPISODE = 1000
METRICS = 20
RUN_METRICS = 100_000
#: A series of its own that stays as it is while the rest grows.
LONG_RUN, LONG_SERIES = "long", 1_000_000
#: A run with frames, which also stays as it is.
FRAMES_RUN, FRAMES = "frames", 2000
IMAGES = 20_000
STUDY = 40
WINDOW = 4


def run_name(number):
    return f"run-{number:05d}"


def image_name(number):
    return f"img_{number:08d}.png"


class Pipeline:
    """Requests of one producer, a few of them in flight."""

    def __init__(self, server):
        self.connection = server.connect(timeout=600)
        self.producer = Producer(self.connection)
        self.waiting = []

    def send(self, method, params):
        self._add(self.producer.send(method, params))

    def send_plain(self, method, params):
        """Of a method that takes no sequence."""
        self._add(self.connection.send(method, params))

    def _add(self, id):
        self.waiting.append(id)
        while len(self.waiting) > WINDOW:
            self.connection.wait(self.waiting.pop(0))

    def settle(self):
        while self.waiting:
            self.connection.wait(self.waiting.pop(0))


@contextlib.contextmanager
def pipeline(server):
    requests = Pipeline(server)
    yield requests
    requests.settle()
    requests.connection.close()


def coded(values, codes):
    """A string column whose codes are there already."""
    dtype = numpy.uint8 if len(values) < 256 else numpy.uint16
    return {"values": values, "codes": codes.astype(dtype)}


def fill_steps(server, first, last):
    """Runs `first` to `last`, each of ten finished episodes of a thousand steps, scalars only."""
    with pipeline(server) as requests:
        for number in range(first, last):
            run = run_name(number)
            requests.send("runs.start", {"run_id": run, "config": {"lr": 1e-4 * (number % 7), "seed": number}})
            for batch in range(0, RUN_STEPS, 2 * EPISODE):
                requests.send("steps.append", steps(run, batch, 2 * EPISODE))
            requests.send_plain("runs.finish", {"run_id": run, "status": "finished"})


def steps(run, first, count):
    numbers = numpy.arange(first, first + count)
    episodes = [f"{run}/{number}" for number in range(first // EPISODE, (first + count) // EPISODE)]
    columns = {
        "episode_id": coded(episodes, (numbers - first) // EPISODE),
        "step_index": numbers % EPISODE,
        "action": numbers % 4,
        "reward": numbers / 7,
        "terminated": numbers % EPISODE == EPISODE - 1,
        "truncated": numpy.zeros(count, bool),
        "timestamp": 1.7e9 + numbers / 60,
    }
    return {"run_id": run, "count": count, "columns": columns}


def fill_metrics(server, first, last):
    """Twenty metrics of five thousand points for each of the runs, all logged together."""
    generator = numpy.random.default_rng(first)
    names = [f"metric/{k}" for k in range(METRICS)]
    with pipeline(server) as requests:
        for number in range(first, last):
            for point in range(0, RUN_METRICS // METRICS, 1000):
                requests.send("metrics.append", points(run_name(number), names, point, 1000, generator))


def points(run, names, first, count, generator):
    numbers = numpy.arange(count * len(names))
    columns = {
        "metric_name": coded(names, numbers % len(names)),
        "metric_value": generator.normal(size=len(numbers)),
        "step": first + numbers // len(names),
        "timestamp": 1.7e9 + (first + numbers / len(names)) / 100,
    }
    return {"run_id": run, "columns": [{"table": "training_metrics", "count": len(numbers), "columns": columns}]}


def fill_long_series(server):
    generator = numpy.random.default_rng(0)
    with pipeline(server) as requests:
        for first in range(0, LONG_SERIES, 20_000):
            requests.send("metrics.append", points(LONG_RUN, ["loss"], first, 20_000, generator))


def fill_frames(server, frames):
    """The given frames, over and over, as one run."""
    with pipeline(server) as requests:
        requests.send("runs.start", {"run_id": FRAMES_RUN})
        for first in range(0, FRAMES, 100):
            request = steps(FRAMES_RUN, first // EPISODE * EPISODE, EPISODE)
            rows = slice(first % EPISODE, first % EPISODE + 100)
            columns = {name: column[rows] for name, column in request["columns"].items() if name != "episode_id"}
            columns["episode_id"] = Strings([f"{FRAMES_RUN}/{first // EPISODE}"] * 100)
            columns["frame"] = frames[numpy.arange(first, first + 100) % len(frames)]
            requests.send("steps.append", {"run_id": FRAMES_RUN, "count": 100, "columns": columns})


def fill_images(server, first, last):
    """Images of studies of forty; one in ten is labeled, another has a model's confidence."""
    with pipeline(server) as requests:
        for start in range(first, last, IMAGES):
            numbers = range(start, min(last, start + IMAGES))
            params = {
                "filenames": [image_name(number) for number in numbers],
                "study_ids": [f"study_{number // STUDY}" for number in numbers],
                "labels": {"biopsy_tool": [number // 10 % 2 if number % 10 == 0 else None for number in numbers]},
                "annotator": "import",
            }
            requests.send_plain("labels.import", params)
            ids = numpy.arange(start + 6, numbers[-1] + 2, 10)
            confidences = {"biopsy_tool": ids * 0.6180339887 % 1}
            requests.send_plain("labels.update_predictions", {"ids": ids, "confidences": confidences})
