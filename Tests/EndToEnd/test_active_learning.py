"""The whole labeling loop on real pictures: digits, two games and DICOM files."""

import uuid

import numpy
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

import games
import pictures

LABEL = "biopsy_tool"


def insert(connection, images):
    return connection.call("images.insert", {"images": images, "producer": str(uuid.uuid4()), "seq": 1})["ids"]


class Digits:
    """scikit-learn's handwritten digits; the question is whether one is an eight."""

    def __init__(self, connection):
        data = load_digits()
        images = [
            {"filename": f"digit_{k}", "study_id": f"writer_{k // 20}", "image": (16 * picture).clip(0, 255).astype(numpy.uint8)}
            for k, picture in enumerate(data.images[:900])
        ]
        ids = insert(connection, images)
        self.pixels = dict(zip(ids, data.data[:900]))
        self.truth = {id: int(digit == 8) for id, digit in zip(ids, data.target[:900])}

    def set_labels(self, connection, images, annotator):
        sets = [
            {"id": image["id"], "labels": {LABEL: self.truth[image["id"]]}, **({"opinion": True} if image.get("opinion") else {})}
            for image in images
        ]
        answer = connection.call("labels.set_many", {"sets": sets, "annotator": annotator})
        assert answer["rejected"] == []

    def train(self, connection):
        """Trains on what is labeled and tells the server what the model thinks of the rest."""
        both = connection.call("labels.train_val", {"limit": 10_000})
        rows = both["train"] + both["val"]
        x = numpy.array([self.pixels[row["id"]] for row in rows])
        y = numpy.array([row[f"has_{LABEL}"] for row in rows])
        model = LogisticRegression(max_iter=2000).fit(x, y)
        known = {row["id"] for row in rows}
        open_ids = [id for id in self.pixels if id not in known]
        confidence = model.predict_proba(numpy.array([self.pixels[id] for id in open_ids]))[:, 1]
        answer = connection.call(
            "labels.update_predictions",
            {"ids": numpy.array(open_ids, numpy.int64), "confidences": {LABEL: confidence}},
        )
        assert answer["updated"] + answer["skipped_holdout"] == len(open_ids) and answer["unknown"] == []
        if y.sum() >= 5:
            scores = cross_val_predict(LogisticRegression(max_iter=2000), x, y, cv=3, method="predict_proba")[:, 1]
            ids = numpy.array([row["id"] for row in rows], numpy.int64)
            connection.call("labels.update_scores", {"ids": ids, "confidences": {LABEL: scores}})
        return model

    def evaluate(self, connection, model, reason):
        held = [image["id"] for image in connection.call("holdout.images", {"limit": 10_000})["images"]]
        confidence = model.predict_proba(numpy.array([self.pixels[id] for id in held]))[:, 1]
        predictions = [{"id": id, "confidence": float(value)} for id, value in zip(held, confidence)]
        look = connection.call("holdout.evaluate", {"label": LABEL, "predictions": predictions, "reason": reason})
        truth = numpy.array([self.truth[id] for id in held])
        assert look["n"] == len(held)
        assert look["accuracy"] == pytest.approx(((confidence >= 0.5) == truth).mean())
        return look


def test_a_rare_digit_is_learned_from_a_few_labels_that_the_server_chose(server):
    with server.connect() as connection:
        digits = Digits(connection)
        held = connection.call("holdout.next", {"limit": 1000, "annotator": "ada"})["images"]
        digits.set_labels(connection, held, "ada")
        ask = {"limit": 40, "label": LABEL, "annotator": "ada"}
        # Until both answers are there, there is nothing to learn from.
        while connection.call("labels.stats")["labels"][LABEL]["yes"] < 2:
            digits.set_labels(connection, connection.call("labels.next", ask | {"strategy": "random"})["images"], "ada")
        looks = []
        for round in range(4):
            model = digits.train(connection)
            looks.append(digits.evaluate(connection, model, f"round {round}"))
            digits.set_labels(connection, connection.call("labels.next", ask | {"strategy": "balanced"})["images"], "ada")
        assert looks[-1]["auc"] > 0.85 and looks[-1]["auc"] >= looks[0]["auc"] - 0.05, looks
        hunted = {part["branch"]: part for part in connection.call("labels.stats")["strategies"]}
        # Hunting finds the rare class far more often than chance does: a tenth of the digits are eights.
        assert hunted["hunt"]["positives"] / hunted["hunt"]["labeled"] > 0.2, hunted["hunt"]
        ledger = connection.call("holdout.ledger")["looks"]
        assert [look["reason"] for look in ledger] == ["round 3", "round 2", "round 1", "round 0"]


def test_a_wrong_label_among_real_digits_is_found(server):
    with server.connect() as connection:
        digits = Digits(connection)
        # Always the same ones, so that the model is the same in every run.
        images = connection.call("labels.list", {"limit": 400})["images"]
        digits.set_labels(connection, images, "ada")
        wrong = [image["id"] for image in images[:6]]
        for id in wrong:
            connection.call("labels.set", {"id": id, "labels": {LABEL: 1 - digits.truth[id]}, "annotator": "tired"})
        digits.train(connection)
        issues = [issue["image"]["id"] for issue in connection.call("labels.issues", {"label": LABEL, "limit": 30})["issues"]]
        assert len(set(issues[:15]) & set(wrong)) >= 3, (issues, wrong)


def test_frames_of_two_games_and_dicom_files_are_spread_by_study_and_looks(server):
    with server.connect() as connection:
        images = []
        for game in ("ALE/Breakout-v5", "ALE/Pong-v5"):
            recording = games.record(game, steps=40, seed=5)
            images += [
                {"filename": f"{game}/{k}", "study_id": f"{game}/{k // 10}", "image": recording.frames[k]} for k in range(40)
            ]
        images += [{"filename": name, "study_id": study, "image": pixels} for name, study, pixels in pictures.dicom_pictures()]
        ids = insert(connection, images)
        assert len(ids) == len(set(ids)) == len(images)
        chosen = connection.call("labels.next", {"limit": 12, "strategy": "diverse", "seed": 3})["images"]
        studies = [image["study_id"] for image in chosen]
        assert len(chosen) == 12 and max(studies.count(study) for study in studies) <= 2
        for image in chosen:
            assert server.get(f"{image['thumbnail']}?size=64")[0] == 200
