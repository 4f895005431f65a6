"""Labels out of one data directory and into another, in each format, while the first is in use."""

import csv
import json
import subprocess
import uuid

import pytest

import splits
from server import environment


def holdfast(binary, *arguments):
    return subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, env=environment(), timeout=120)


def fill(connection):
    """A hundred images with awkward names, sixty of them labeled, and the hold-out labeled too."""
    names = [f'übung {k}, "quoted"\n{k}.dcm' for k in range(100)]
    images = [{"filename": name, "study_id": f"s{k // 10}"} for k, name in enumerate(names)]
    ids = connection.call("images.insert", {"images": images, "producer": str(uuid.uuid4()), "seq": 1})["ids"]
    connection.call("holdout.next", {"limit": 1000, "annotator": "ada"})
    for k, id in enumerate(ids[:60]):
        labels = {"biopsy_tool": k % 2} if k % 3 else {"biopsy_tool": k % 2, "mag_view": 1}
        connection.call("labels.set", {"id": id, "labels": labels, "annotator": "ada"})
    return names


def labeled(connection):
    both = connection.call("labels.train_val", {"limit": 10_000})
    return {
        row["filename"]: (row["split"], row["study_id"], row["has_biopsy_tool"], row["has_mag_view"])
        for row in both["train"] + both["val"]
    }


@pytest.mark.parametrize(("format", "ending"), [("csv", "csv"), ("jsonl", "jsonl"), ("coco", "json")])
def test_labels_travel_in_each_format(make_server, binary, tmp_path, format, ending):
    source, target, file = make_server(), make_server(name="target"), tmp_path / f"labels.{ending}"
    with source.connect() as connection:
        names = fill(connection)
        before = labeled(connection)
        snapshot = connection.call("snapshots.create", {})["snapshot_id"]
    written = holdfast(binary, "export", "labels", "--data", source.data, "--format", format, "--out", file)
    assert written.returncode == 0, written.stderr
    assert written.stdout.rstrip().endswith(" that are held out"), written.stdout
    text = file.read_text()
    assert snapshot in text
    held = [name for name in names if splits.at_insert(name) == "test"]
    assert held and all(json.dumps(name, ensure_ascii=False)[1:12] not in text for name in held)
    host, port = target.tcp
    read = holdfast(binary, "import", "labels", file, "--server", f"{host}:{port}")
    assert read.returncode == 0, read.stderr
    with target.connect() as connection:
        assert labeled(connection) == before
        total = connection.call("labels.stats")["total"]
    assert total == len(names) - len(held)
    again = holdfast(binary, "import", "labels", file, "--server", f"{host}:{port}")
    assert "labeled 0 images" in again.stdout and "new" not in again.stdout
    with target.connect() as connection:
        assert labeled(connection) == before


def test_a_label_of_the_server_that_can_not_be_read_is_named(make_server, binary, tmp_path):
    server, file = make_server(), tmp_path / "labels.csv"
    file.write_text("filename,mag_view,note\na.png,1,yes\nb.png,yes,no\n")
    refused = holdfast(binary, "import", "labels", file, "--server", "%s:%s" % server.tcp)
    assert refused.returncode == 1 and 'line 3: mag_view is "yes"' in refused.stderr, str(refused)


def test_labels_that_the_server_does_not_have_are_named_and_the_others_brought_in(make_server, binary, tmp_path):
    server, file = make_server(), tmp_path / "labels.csv"
    file.write_text("filename,mag_view,has_biopsy_tol,reader\na.png,1,1,ada\n")
    done = holdfast(binary, "import", "labels", file, "--server", "%s:%s" % server.tcp)
    assert done.returncode == 1 and done.stdout == "", str(done)
    assert "passed over reader, " in done.stderr and "no label biopsy_tol; it has biopsy_tool, " in done.stderr, done.stderr
    with server.connect() as connection:
        assert connection.call("labels.stats")["labels"]["mag_view"]["yes"] == 1


def test_a_csv_export_is_what_any_reader_of_csv_takes(make_server, binary):
    server = make_server()
    with server.connect() as connection:
        fill(connection)
        before = labeled(connection)
    answer = holdfast(binary, "export", "labels", "--data", server.data, "--labeled")
    rows = list(csv.DictReader(answer.stdout.splitlines(keepends=True)))
    assert {row["filename"]: (row["split"], row["has_biopsy_tool"]) for row in rows} == {
        name: (split, str(tool)) for name, (split, _, tool, _) in before.items()
    }


def test_an_export_without_a_database_says_so(binary, tmp_path):
    answer = holdfast(binary, "export", "labels", "--data", tmp_path / "none")
    assert answer.returncode == 1 and "no data directory" in answer.stderr and answer.stdout == ""
