"""Labeling real DICOM pictures: insert, sample, label, undo, statistics, thumbnails."""

import contextlib
import sqlite3

import numpy
import pytest

import splits
from pictures import area_average, as_bytes_of_gray, decoded, dicom_pictures, largest_difference
from wire import Producer, RpcError

COLUMNS = [
    ("id", "INTEGER"),
    ("filename", "TEXT"),
    ("study_id", "TEXT"),
    ("thumbnail_path", "TEXT"),
    ("frame_number", "INTEGER"),
    ("has_biopsy_tool", "INTEGER"),
    ("has_mag_view", "INTEGER"),
    ("labeled_at", "TEXT"),
    ("confidence_biopsy", "REAL"),
    ("confidence_mag", "REAL"),
    ("predicted_at", "TEXT"),
    ("split", "TEXT"),
]


def insert(connection, images, producer=None):
    return (producer or Producer(connection)).call("images.insert", {"images": images})


def insert_names(connection, names):
    return insert(connection, [{"filename": name} for name in names])["ids"]


def insert_pictures(connection):
    images = [
        {"filename": name, "study_id": study, "frame_number": 0, "image": pixels}
        for name, study, pixels in dicom_pictures()
    ]
    return insert(connection, images)


def rows(server, query, *arguments):
    with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        return database.execute(query, arguments).fetchall()


def not_test(count, prefix="free"):
    """Names that are not held out."""
    names = (f"{prefix}_{k:05}.dcm" for k in range(count * 2 + 100))
    return [name for name in names if splits.at_insert(name) is None][:count]


def held_out(count, prefix="held"):
    return [name for name in (f"{prefix}_{k:05}.dcm" for k in range(count * 40)) if splits.at_insert(name)][:count]


def test_the_labels_table_has_exactly_the_columns_promised(server, connection):
    insert_pictures(connection)
    described = rows(server, "PRAGMA table_info(labels)")
    assert [row[1:3] for row in described][: len(COLUMNS)] == COLUMNS
    assert described[0][5] == 1, "id is the primary key"
    assert described[1][3] == 1, "filename is NOT NULL"
    indexed = {
        tuple(item[2] for item in rows(server, f"PRAGMA index_info('{index[1]}')")): index[2]
        for index in rows(server, "PRAGMA index_list(labels)")
    }
    assert indexed.get(("filename",)) == 1, f"filename has a unique index: {indexed}"
    first = {columns[0] for columns in indexed if columns}
    for column in ("study_id", "has_biopsy_tool", "confidence_biopsy", "confidence_mag", "split"):
        assert column in first, f"an index begins with {column}: {indexed}"


def test_dicom_pictures_come_back_as_png_bit_for_bit(server, connection):
    result = insert_pictures(connection)
    assert result["inserted"] == len(dicom_pictures()) and result["duplicates"] == []
    for id, (name, _, pixels) in zip(result["ids"], dicom_pictures()):
        status, headers, png = server.get(f"/thumbnails/{id}.png")
        assert status == 200 and headers["content-type"] == "image/png", f"{name}: {status}"
        allowed = 0 if pixels.dtype == numpy.uint8 else 1
        assert largest_difference(decoded(png), as_bytes_of_gray(pixels)) <= allowed, f"{name} at full size"


@pytest.mark.parametrize("name, factor", [("liver_1frame.dcm", 4), ("image_dfl.dcm", 8), ("examples_rgb_color.dcm", 5)])
def test_thumbnails_are_area_averages(server, connection, name, factor):
    result = insert_pictures(connection)
    at = [picture[0] for picture in dicom_pictures()].index(name)
    expected = area_average(dicom_pictures()[at][2], factor)
    status, _, png = server.get(f"/thumbnails/{result['ids'][at]}.png?size={max(expected.shape[:2])}")
    assert status == 200
    assert largest_difference(decoded(png), expected) <= 1, f"{name} made smaller {factor} times"


def test_an_image_without_pixels_has_no_thumbnail(server, connection):
    [id] = insert_names(connection, not_test(1))
    assert server.get(f"/thumbnails/{id}.png")[0] == 404
    assert server.get("/thumbnails/99999.png")[0] == 404
    [image] = connection.call("labels.next", {"limit": 5})["images"]
    assert image["thumbnail"] is None


def test_a_recorded_frame_can_be_labeled(server, connection, recording):
    connection.call("runs.start", {"run_id": "atari"})
    producer = Producer(connection)
    producer.call("steps.append", {"run_id": "atari", "steps": [recording.row(0)]})
    [name] = not_test(1)
    result = insert(connection, [{"filename": name, "frame_ref": "h5://atari/frames/0"}], producer)
    [image] = connection.call("labels.next", {"limit": 1})["images"]
    assert image["frame_ref"] == "h5://atari/frames/0" and image["id"] == result["ids"][0]
    assert largest_difference(decoded(server.get(image["thumbnail"])[2]), recording.frames[0]) == 0
    assert connection.refusal("runs.delete", {"run_id": "atari"}).kind == "run_in_use"


def test_labels_are_set_and_undone(server, connection):
    names = not_test(3)
    ids = insert_names(connection, names)
    [image] = connection.call("labels.next", {"limit": 1, "annotator": "ann"})["images"]
    assert image["id"] in ids and image["filename"] == names[ids.index(image["id"])]
    answer = connection.call("labels.set", {"id": image["id"], "labels": {"biopsy_tool": 1}, "annotator": "ann"})
    expected = splits.at_first_label(image["filename"])
    assert (answer["id"], answer["split"]) == (image["id"], expected)
    query = "SELECT has_biopsy_tool, has_mag_view, split, labeled_at FROM labels WHERE id = ?"
    [(tool, view, split, labeled_at)] = rows(server, query, image["id"])
    assert (tool, view, split) == (1, None, expected)
    assert len(labeled_at) == 27 and labeled_at.endswith("Z") and labeled_at[10] == "T"
    connection.call("labels.set", {"id": image["id"], "labels": {"mag_view": 0}, "annotator": "ann"})
    assert connection.call("labels.stats")["fully_labeled"] == 1
    undone = connection.call("labels.undo", {"annotator": "ann"})
    assert undone["id"] == image["id"] and undone["labels"] == {"biopsy_tool": 1, "mag_view": None}
    connection.call("labels.undo", {"annotator": "ann"})
    [(tool, view, split, _)] = rows(server, query, image["id"])
    assert (tool, view, split) == (None, None, expected), "an undone image keeps its split and is unlabeled"
    again = {item["id"] for item in connection.call("labels.next", {"limit": 10, "annotator": "ann"})["images"]}
    assert again == set(ids)
    kinds = rows(server, "SELECT count(*) FROM label_events")
    assert kinds[0][0] >= 4, "each label and undo is an event"


def test_null_erases_a_label_and_fixes_no_split(server, connection):
    [id] = insert_names(connection, not_test(1))
    assert connection.call("labels.set", {"id": id, "labels": {"biopsy_tool": None}})["split"] is None
    split = connection.call("labels.set", {"id": id, "labels": {"biopsy_tool": 0}})["split"]
    assert split in ("train", "val")
    assert connection.call("labels.set", {"id": id, "labels": {"biopsy_tool": None}})["split"] == split
    assert connection.call("labels.stats")["labels"]["biopsy_tool"] == {"labeled": 0, "yes": 0}


def test_statistics_count_labels_and_splits(connection):
    free, held = not_test(30), held_out(4)
    ids = insert_names(connection, free + held)[: len(free)]
    for k, id in enumerate(ids[:20]):
        labels = {"biopsy_tool": k % 2} | ({"mag_view": 1} if k < 5 else {})
        connection.call("labels.set", {"id": id, "labels": labels})
    decided = [splits.at_first_label(name) for name in free[:20]]
    counts = {"train": decided.count("train"), "val": decided.count("val"), "test": 4, "none": 10}
    expected = {
        "total": 34,
        "fully_labeled": 5,
        "splits": counts,
        "labels": {"biopsy_tool": {"labeled": 20, "yes": 10}, "mag_view": {"labeled": 5, "yes": 5}},
    }
    stats = connection.call("labels.stats")
    assert {key: stats[key] for key in expected} == expected


def test_the_training_set_is_what_was_labeled_and_not_held_out(connection):
    free, held = not_test(30), held_out(4)
    ids = insert_names(connection, free + held)[: len(free)]
    for id in ids[:20]:
        connection.call("labels.set", {"id": id, "labels": {"biopsy_tool": 1}})
    both = connection.call("labels.train_val", {"limit": 1000})
    for split in ("train", "val"):
        names = {row["filename"] for row in both[split]}
        assert names == {name for name in free[:20] if splits.at_first_label(name) == split}


def test_lists_never_show_a_held_out_image(connection):
    held, free = held_out(20), not_test(20)
    insert_names(connection, held + free)
    listed = {row["filename"] for row in connection.call("labels.list", {"limit": 1000})["images"]}
    assert listed == set(free)


def test_held_out_images_are_not_drawn_and_not_labeled(connection):
    held, free = held_out(20), not_test(20)
    ids = dict(zip(held + free, insert_names(connection, held + free)))
    drawn = {row["filename"] for row in connection.call("labels.next", {"limit": 1000})["images"]}
    assert drawn == set(free)
    refused = connection.refusal("labels.set", {"id": ids[held[0]], "labels": {"biopsy_tool": 1}})
    assert refused.final, "a test image is labeled only under a lease of holdout.next"


def test_predictions_steer_and_touch_neither_test_nor_labeled_rows(server, connection):
    free, held = not_test(5), held_out(1)
    ids = insert_names(connection, free + held)
    connection.call("labels.set", {"id": ids[0], "labels": {"biopsy_tool": 1}})
    guesses = [{"id": id, "confidence": {"biopsy_tool": 0.9}} for id in [*ids, 424242]]
    answer = connection.call("labels.update_predictions", {"predictions": guesses})
    assert answer == {"updated": 4, "skipped_labeled": 1, "skipped_holdout": 1, "unknown": [424242]}
    stored = dict(rows(server, "SELECT id, confidence_biopsy FROM labels"))
    assert [stored[id] for id in ids] == [None, 0.9, 0.9, 0.9, 0.9, None]
    for wrong in (1.5, -0.1, "NaN", "Infinity", "0.5", True):
        params = {"predictions": [{"id": ids[1], "confidence": {"biopsy_tool": wrong}}]}
        assert connection.refusal("labels.update_predictions", params).kind == "invalid_params", f"confidence {wrong}"


def test_sampling_is_repeatable_uncertain_and_confident(connection):
    ids = insert_names(connection, not_test(100))
    guesses = [{"id": id, "confidence": {"biopsy_tool": k / 100}} for k, id in enumerate(ids)]
    connection.call("labels.update_predictions", {"predictions": guesses})
    seen = {}
    for seed in range(60):
        asked = {"limit": 4, "seed": seed, "annotator": "same"}
        first = [image["id"] for image in connection.call("labels.next", asked)["images"]]
        second = [image["id"] for image in connection.call("labels.next", asked)["images"]]
        assert first == second, f"the same seed and state give the same answer (seed {seed})"
        ranks = [abs(ids.index(id) - 50) for id in first]
        kind = (
            "uncertain"
            if ranks == sorted(ranks) and max(ranks) <= 2
            else "confident"
            if min(ranks) >= 48
            else "explore"
        )
        seen[kind] = seen.get(kind, 0) + 1
    assert seen.get("uncertain", 0) >= 12 and seen.get("confident", 0) >= 12, f"of 60 picks: {seen}"
    assert seen.get("explore", 0) <= 20, f"of 60 picks about 6 explore: {seen}"


def test_two_annotators_never_get_the_same_image(server):
    names = not_test(40)
    with server.connect() as ann, server.connect() as ben:
        insert_names(ann, names)
        first = [row["id"] for row in ann.call("labels.next", {"limit": 15, "annotator": "ann"})["images"]]
        second = [row["id"] for row in ben.call("labels.next", {"limit": 25, "annotator": "ben"})["images"]]
        assert len(first) == 15 and len(second) == 25 and not set(first) & set(second)
        assert ben.call("labels.next", {"limit": 5, "annotator": "third"})["images"] == []


def test_duplicates_are_skipped_and_counted(connection):
    first = insert(connection, [{"filename": name} for name in ("one", "two")])
    second = insert(connection, [{"filename": name} for name in ("three", "two", "three")])
    assert first["inserted"] == 2 and second["inserted"] == 1
    assert sorted(second["duplicates"]) == ["three", "two"]
    assert second["ids"][1] == first["ids"][1] and second["ids"][0] == second["ids"][2]


def test_a_label_resent_with_its_event_id_counts_once(server, connection):
    [id] = insert_names(connection, not_test(1))
    event = {
        "id": id,
        "labels": {"mag_view": 1},
        "annotator": "ann",
        "event_id": "3f2c7c1e-6a5e-4f0e-9b8e-0d8a1a1a1a1a",
    }
    assert connection.call("labels.set", event) == connection.call("labels.set", event)
    connection.call("labels.undo", {"annotator": "ann"})
    assert connection.call("labels.stats")["labels"]["mag_view"]["labeled"] == 0, "one undo takes back the one event"


@pytest.mark.parametrize(
    "params",
    [
        {"id": 424242, "labels": {"biopsy_tool": 1}},
        {"id": "1", "labels": {"biopsy_tool": 1}},
        {"id": 1, "labels": {"cat": 1}},
        {"id": 1, "labels": {"biopsy_tool": 2}},
        {"id": 1, "labels": {"biopsy_tool": -1}},
        {"id": 1, "labels": {"biopsy_tool": True}},
        {"id": 1, "labels": {"biopsy_tool": "1"}},
        {"id": 1, "labels": {"biopsy_tool": 0.5}},
        {"id": 1},
        {"labels": {"biopsy_tool": 1}},
        {"id": 1, "labels": []},
        {"id": 2**70, "labels": {"biopsy_tool": 1}},
        {"id": 1, "labels": {"has_biopsy_tool = 1; --": 1}},
    ],
    ids=str,
)
def test_wrong_labels_are_refused(connection, params):
    assert insert_names(connection, not_test(1)) == [1]
    with pytest.raises(RpcError) as refused:
        connection.call("labels.set", params)
    assert refused.value.code in (-32602, -32000) and refused.value.final
    assert connection.call("labels.stats")["labels"]["biopsy_tool"]["labeled"] == 0
