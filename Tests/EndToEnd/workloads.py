"""What a server is asked to keep or to do, one unit after another, so that a test can break it at any moment and compare.

A workload's units are numbered from 0. Unit n is one request, the same whenever it is asked for, and the check knows what
the server must hold after the first n. All but backups, which are reads, carry the numbers of a producer.
"""

import contextlib
import itertools
import sqlite3

import h5py
import numpy

import splits
from replay import assert_same_arrays, refs, resolve_stacked, send_rows, start, tiny_step
from wire import Producer

_tags = itertools.count()


class Workload:
    """Units 0, 1, 2, … of one subject; the tag keeps those of several tests on one server apart."""

    #: How many units `prepare` makes possible.
    units = 40
    is_numbered = True

    def __init__(self):
        self.tag = f"{self.name}-{next(_tags)}"

    def prepare(self, connection):
        """Makes what the units need."""

    def request(self, number):
        """The method and the parameters of a unit."""
        raise NotImplementedError

    def check(self, server, connection, least, most):
        """The units before `least` are there, whole and once, and of the rest only some before `most`, whole too."""
        raise NotImplementedError


class Steps(Workload):
    """Two steps with frames."""

    name = "steps"
    units = 10_000

    def prepare(self, connection):
        start(connection, self.tag)

    def request(self, number):
        steps = [tiny_step(row, self.tag, frame=picture(row)) for row in (2 * number, 2 * number + 1)]
        return "steps.append", {"run_id": self.tag, "steps": steps}

    def check(self, server, connection, least, most):
        rows = connection.call("runs.get", {"run_id": self.tag})["steps"]
        assert rows % 2 == 0 and 2 * least <= rows <= 2 * most, f"{rows} steps, not {2 * least} to {2 * most}"
        assert_frames(connection, self.tag, rows)


class Metrics(Workload):
    """Three points of a curve."""

    name = "metrics"
    units = 10_000

    def request(self, number):
        return "metrics.append", {"run_id": self.tag, "rows": [point(3 * number + k) for k in range(3)]}

    def check(self, server, connection, least, most):
        found = sorted(points_of(connection, self.tag))
        assert found == list(range(len(found))) and len(found) % 3 == 0, f"points {found[:9]}…"
        assert 3 * least <= len(found) <= 3 * most, f"{len(found)} points, not {3 * least} to {3 * most}"


class Labels(Workload):
    """Both labels of an image."""

    name = "labels"

    def prepare(self, connection):
        names = (f"{self.tag}/{k}.dcm" for k in itertools.count())
        free = list(itertools.islice((name for name in names if splits.at_insert(name) is None), self.units))
        producer = Producer(connection)
        self.ids = producer.call("images.insert", {"images": [{"filename": name} for name in free]})["ids"]

    def request(self, number):
        return "labels.set", {"id": self.ids[number], "labels": _labels(number), "annotator": "ada"}

    def check(self, server, connection, least, most):
        labeled = [number for number, image in enumerate(self.images(connection)) if image["labeled_at"] is not None]
        assert labeled == list(range(len(labeled))), f"labeled are {labeled}"
        assert least <= len(labeled) <= most, f"{len(labeled)} labeled images, not {least} to {most}"

    def images(self, connection):
        asked = {"text": f"{self.tag}/", "limit": 1000}
        images = connection.call("labels.list", asked)["images"]
        for number, image in enumerate(images):
            said = {"mag_view": image["has_mag_view"], "biopsy_tool": image["has_biopsy_tool"]}
            expected = dict.fromkeys(said) if image["labeled_at"] is None else _labels(number)
            assert said == expected, f"image {number}: {said}"
        return images


class Snapshots(Labels):
    """One more labeled image, then a snapshot of what is labeled, in turn."""

    name = "snapshots"

    def request(self, number):
        if number % 2 == 0:
            return super().request(number // 2)
        return "snapshots.create", {"note": f"{self.tag} {number // 2 + 1}"}

    def check(self, server, connection, least, most):
        super().check(server, connection, (least + 1) // 2, (most + 1) // 2)
        listed = connection.call("snapshots.list", {"limit": 1000})["snapshots"]
        notes = [snapshot["note"].split() for snapshot in listed]
        made = {int(note[1]): snapshot for note, snapshot in zip(notes, listed) if note[0] == self.tag}
        assert sorted(made) == list(range(1, len(made) + 1)), f"snapshots {sorted(made)}"
        assert least // 2 <= len(made) <= most // 2, f"{len(made)} snapshots, not {least // 2} to {most // 2}"
        for count, snapshot in made.items():
            asked = {"snapshot_id": snapshot["snapshot_id"], "limit": 10_000}
            images = connection.call("snapshots.get", asked)["images"]
            mine = [image["labels"] for image in images if image["filename"].startswith(f"{self.tag}/")]
            assert mine == [_labels(number) for number in range(count)], f"images of snapshot {count}"


class Variables(Workload):
    """A value at a place of its own, every third of them in the array file, and each a new version at a common place."""

    name = "variables"

    def request(self, number):
        save = {"variable": self.tag, "value": self.value(number)}
        saves = [save | {"metadata": {"place": number}}, save | {"metadata": {"place": "latest"}}]
        return "variables.save_many", {"saves": saves}

    def value(self, number):
        if number % 3:
            return {"json": {"number": number}}
        return numpy.random.default_rng(number).integers(0, 255, (150, 1000), numpy.uint8)

    def check(self, server, connection, least, most):
        asked = {"variable": self.tag, "limit": 1000, "values": False}
        places = [record["metadata"]["place"] for record in connection.call("variables.load_all", asked)["records"]]
        count = len(places) - 1 if places else 0
        assert set(places) == ({*range(count), "latest"} if count else set()), f"values at {places}"
        assert least <= count <= most, f"{count} values, not {least} to {most}"
        for place in range(count):
            assert self.is_value(self.load(connection, place), place), f"the value at {place}"
        if count:
            # What a client had sent before its end may come in meanwhile.
            latest, numbers = self.load(connection, "latest"), range(count - 1, max(count, most))
            assert any(self.is_value(latest, number) for number in numbers), f"the latest of {count} is {latest}"

    def load(self, connection, place):
        return connection.call("variables.load", {"variable": self.tag, "metadata": {"place": place}})["value"]

    def is_value(self, found, number):
        expected = self.value(number)
        if isinstance(found, dict) or isinstance(expected, dict):
            return type(found) is type(expected) and found == expected
        return found.dtype == expected.dtype and numpy.array_equal(found, expected)


class Seal(Workload):
    """A finished run is sealed."""

    name = "seal"
    units = 10
    rows = 12

    def prepare(self, connection):
        for number in range(self.units):
            run = f"{self.tag}-{number}"
            start(connection, run, compression="lzf")
            send_rows(connection, run, [tiny_step(row, run, frame=picture(row)) for row in range(self.rows)])
            connection.call("runs.finish", {"run_id": run, "status": "finished"})

    def request(self, number):
        return "runs.seal", {"run_id": f"{self.tag}-{number}"}

    def check(self, server, connection, least, most):
        for number in range(self.units):
            run = f"{self.tag}-{number}"
            compression = connection.call("runs.get", {"run_id": run})["compression"]
            allowed = {"gzip-9"} if number < least else {"gzip-9", "lzf"} if number < most else {"lzf"}
            assert compression in allowed, f"{run} has {compression}"
            assert_frames(connection, run, self.rows)
            with h5py.File(server.run_file(run), "r", libver="latest", swmr=True, locking=False) as file:
                assert file["frames"].compression == ("gzip" if compression == "gzip-9" else "lzf")
                assert_same_arrays(file["frames"][:], pictures(self.rows), f"frames of {run} as h5py reads them")


class Prune(Workload):
    """The old points of a run are deleted; its curve stays."""

    name = "prune"
    units = 10
    #: Points stay that are no whole tile of 32 yet. A curve of few points shows tiles, whose points it needs no more.
    points, left, shown = 200, 8, 5

    def prepare(self, connection):
        producer = Producer(connection)
        for number in range(self.units):
            rows = [point(step) for step in range(self.points)]
            producer.call("metrics.append", {"run_id": f"{self.tag}-{number}", "rows": rows})
        self.curves = self.read_curves(connection)

    def request(self, number):
        return "metrics.prune", {"run_id": f"{self.tag}-{number}"}

    def check(self, server, connection, least, most):
        for number in range(self.units):
            count = len(points_of(connection, f"{self.tag}-{number}"))
            pruned, whole = self.left, self.points
            allowed = {pruned} if number < least else {pruned, whole} if number < most else {whole}
            assert count in allowed, f"run {number} has {count} points, not one of {allowed}"
        assert self.read_curves(connection) == self.curves, "the curves are what they were"

    def read_curves(self, connection):
        runs = [f"{self.tag}-{number}" for number in range(self.units)]
        asked = {"table": "training_metrics", "metric_name": "loss", "run_ids": runs, "max_points": self.shown}
        found = connection.call("metrics.series", asked)["series"]
        members = ("x", "min", "max", "last")
        return {
            series["key"]["run_id"]: [numpy.asarray(series[name]).tolist() for name in members] for series in found
        }


class Backup(Workload):
    """A backup under a name of its own."""

    name = "backup"
    units = 8
    is_numbered = False
    rows = 12

    def prepare(self, connection):
        start(connection, self.tag)
        send_rows(connection, self.tag, [tiny_step(row, self.tag, frame=picture(row)) for row in range(self.rows)])

    def request(self, number):
        return "server.backup", {"backup": f"{self.tag}-{number}"}

    def check(self, server, connection, least, most):
        folder = server.data / "backups"
        for number in range(self.units):
            made = folder / f"{self.tag}-{number}"
            assert number >= least or made.is_dir(), f"{made} was acknowledged"
            if made.is_dir():
                assert number < most, f"{made} was never asked for"
                self.check_made(made)

    def check_made(self, made):
        with contextlib.closing(sqlite3.connect(f"file:{made}/telemetry/telemetry.sqlite?immutable=1", uri=True)) as database:
            assert database.execute("PRAGMA quick_check").fetchall() == [("ok",)], f"the database of {made}"
            query = "SELECT count(*) FROM steps WHERE run_id = ?"
            assert database.execute(query, (self.tag,)).fetchone() == (self.rows,)
        with h5py.File(made / "replay" / f"{self.tag}.h5", "r", libver="latest", swmr=True, locking=False) as file:
            assert_same_arrays(file["frames"][: self.rows], pictures(self.rows), f"frames of {made}")


WORKLOADS = {kind.name: kind for kind in (Steps, Metrics, Labels, Variables, Snapshots, Seal, Prune, Backup)}


def picture(row):
    """A frame with noise and a flat part, which tells its row."""
    frame = numpy.random.default_rng(row).integers(0, 256, (16, 24), numpy.uint8)
    frame[8:] = row % 251
    return frame


def pictures(rows):
    return numpy.stack([picture(row) for row in range(rows)])


def assert_frames(connection, run, rows):
    """Every row's frame through its reference, and of every row a step."""
    for first in range(0, rows, 512):
        last = min(first + 512, rows)
        found = resolve_stacked(connection, run, "frames", range(first, last))
        assert_same_arrays(found, numpy.stack([picture(row) for row in range(first, last)]), f"frames of {run}")
    validated = connection.call("refs.validate", {"run_id": run})
    assert validated["missing"] == [] == validated["problems"], f"{run}: {validated}"


def point(step):
    return {"table": "training_metrics", "metric_name": "loss", "metric_value": step / 2, "step": step}


def points_of(connection, run):
    """The steps of a run's points."""
    asked, steps = {"table": "training_metrics", "run_id": run, "limit": 1000}, []
    while True:
        page = connection.call("metrics.query", asked)
        assert all(row["metric_value"] == row["step"] / 2 for row in page["rows"]), f"points of {run}"
        steps += [row["step"] for row in page["rows"]]
        if not page.get("cursor"):
            return steps
        asked["cursor"] = page["cursor"]


def _labels(number):
    return {"mag_view": number % 2, "biopsy_tool": number // 2 % 2}
