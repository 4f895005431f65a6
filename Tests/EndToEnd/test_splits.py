"""Splits by hash: the server and an independent implementation agree on every name."""

import contextlib
import sqlite3

import pytest

import splits
from wire import Producer

CHECKS = [("image_001.dcm", 0.4228, 0.6812), ("study_001/img1", 0.2240, 0.9296)]


def stored_splits(server):
    with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        return {
            bytes(name): split for name, split in database.execute("SELECT CAST(filename AS BLOB), split FROM labels")
        }


def odd_names(count):
    """Names of many forms, among them pairs that only Unicode normalisation would make equal."""
    plain = [f"img_{k:04}" for k in range(1000)] + [name for name, _, _ in CHECKS]
    deep = [f"study_{k % 97:03}/série {k}/{k * 7919}.dcm" for k in range(count)]
    return plain + deep + ["caf\u00e9.dcm", "cafe\u0301.dcm", "\u212b", "\u00c5", "患者/画像 1", "🙂", " ", "'; --"]


def insert(connection, images, size=500):
    producer, ids = Producer(connection), []
    for start in range(0, len(images), size):
        ids += producer.call("images.insert", {"images": images[start : start + size]})["ids"]
    return ids


def label_all(connection, ids):
    waiting = [connection.send("labels.set", {"id": id, "labels": {"biopsy_tool": 1}}) for id in ids]
    return [connection.wait(id)["split"] for id in waiting]


def test_the_check_values_of_the_contract():
    for name, plain, trainval in CHECKS:
        assert round(splits.fraction(name), 4) == plain and round(splits.fraction(f"trainval:{name}"), 4) == trainval
    assert sum(splits.at_insert(f"img_{k:04}") == "test" for k in range(1000)) == 103


def test_thousands_of_names_fall_where_the_hashes_say(server, connection):
    names = odd_names(2000)
    ids = dict(zip(names, insert(connection, [{"filename": name} for name in names])))
    assert len(set(ids.values())) == len(names), "names that differ in bytes are different images"
    stored = stored_splits(server)
    wrong = [name for name in names if stored[name.encode()] != splits.at_insert(name)]
    assert wrong == [], f"{len(wrong)} of {len(names)} names in the wrong place at insert"
    chosen = [name for name in names if splits.at_insert(name) is None][::3]
    answered = label_all(connection, [ids[name] for name in chosen])
    wrong = [name for name, split in zip(chosen, answered) if split != splits.at_first_label(name)]
    assert wrong == [], f"{len(wrong)} of {len(chosen)} names in the wrong split after their first label"


def test_splits_by_study_keep_a_patient_together(make_server):
    server = make_server("--split-by", "study", "--split-seed", "7", "--holdout-percent", "25")
    images = [{"filename": f"{k}.dcm", "study_id": f"patient {k % 40}"} for k in range(400)]
    with server.connect() as connection:
        ids = insert(connection, images)
        free = [k for k in range(400) if splits.at_insert(images[k]["study_id"], 7, 0.25) is None]
        answered = label_all(connection, [ids[k] for k in free])
        expected = [splits.at_first_label(images[k]["study_id"], 7, 0.25) for k in free]
        assert answered == expected and 0 < len(free) < 400
        producer = Producer(connection)
        params = {"images": [{"filename": "nobody's.dcm"}], "producer": producer.id, "seq": 1}
        assert connection.refusal("images.insert", params).final, "study_id is required with --split-by study"


@pytest.mark.parametrize(
    "changed",
    [("--split-seed", "43"), ("--holdout-percent", "20"), ("--validation-percent", "10"), ("--split-by", "study")],
)
def test_a_server_with_other_splits_refuses_the_database(make_server, changed):
    make_server().stop()
    other = make_server(*changed, start=False)
    with pytest.raises(AssertionError, match="ready line"):
        other.start()
    assert other.process.returncode not in (0, None) and "split" in other.messages() or "percent" in other.messages()
