"""Learns which digits are eights from labels that the server chooses; an oracle answers in the place of a person.

    holdfast serve --data eights --labels is_eight &
    pip install ./Client/Python numpy scikit-learn
    python Client/Python/examples/active_learning.py --server 127.0.0.1:7411

Each round labels what the server asks, trains, sends the model's confidences back, and looks at the hold-out.
"""

import argparse
import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import holdfast

ANNOTATOR = "oracle"


class Loop:
    """The images on the server, their features and the truth that the oracle knows."""

    def __init__(self, client: holdfast.Client, label: str, count: int) -> None:
        self.client, self.label = client, label
        digits = load_digits()
        pixels = (digits.images[:count] * 15.9).astype(np.uint8)
        names = [f"digit_{number:04}.png" for number in range(count)]
        ids = client.images.insert(dict(zip(names, pixels)))["ids"]
        if client.labels.stats()["total"] > len(ids):
            message = f"this server has other images; start another, DIR being new: {start(label)}"
            raise holdfast.HoldfastError("invalid_value", message)
        self.features = dict(zip(ids, digits.data[:count] / 16))
        self.truth = {id: int(digit == 8) for id, digit in zip(ids, digits.target[:count])}

    def answer(self, images: "list[dict]") -> None:
        """The oracle labels what it is shown."""
        sets = {image["id"]: {self.label: self.truth[image["id"]]} for image in images}
        self.client.labels.set_many(sets, annotator=ANNOTATOR)

    def ask(self, limit: int, strategy: str) -> "list[dict]":
        """What the server wants to know."""
        return self.client.labels.next(limit, label=self.label, strategy=strategy, annotator=ANNOTATOR)["images"]

    def train(self) -> "LogisticRegression | None":
        """A model of the labels that are there; None while all are alike."""
        rows = self.client.labels.train_val()["train"]
        x = np.array([self.features[row["id"]] for row in rows])
        y = np.array([row[f"has_{self.label}"] for row in rows])
        return LogisticRegression(max_iter=1000).fit(x, y) if len(set(y)) == 2 else None

    def confidences(self, model: LogisticRegression, ids: "list[int]") -> np.ndarray:
        return model.predict_proba(np.array([self.features[id] for id in ids]))[:, 1]

    def look(self, model: LogisticRegression, reason: str) -> "dict":
        """One look at the hold-out."""
        ids = [image["id"] for image in self.client.holdout.images()]
        return self.client.holdout.evaluate(self.label, dict(zip(ids, self.confidences(model, ids))), reason)


def start(label: str) -> str:
    """What starts a server for this example."""
    return f"holdfast serve --data DIR --labels {label}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", help="host:port (HOLDFAST_SERVER, or 127.0.0.1:7411)")
    parser.add_argument("--label", default="is_eight", help="a label of the server")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--batch", type=int, default=20, help="labels a round")
    parser.add_argument("--images", type=int, default=1000)
    options = parser.parse_args()
    try:
        with holdfast.Client(options.server) as client:
            if options.label not in client.labels.stats()["labels"]:
                again = start(options.label)
                sys.exit(f"{parser.prog}: this server has no label {options.label}; start another, DIR being new: {again}")
            learn(client, options)
    except (holdfast.HoldfastError, holdfast.ServerError) as error:
        sys.exit(f"{parser.prog}: {error}")


def learn(client: holdfast.Client, options: argparse.Namespace) -> None:
    """Round by round; each is a point of the run's curves."""
    with holdfast.init(config=vars(options), tags=["active-learning"], server=options.server) as run:
        loop = Loop(client, options.label, options.images)
        loop.answer(client.holdout.next(limit=1000, annotator=ANNOTATOR)["images"])
        loop.answer(loop.ask(options.batch, "random"))
        for number in range(options.rounds):
            model = loop.train()
            while model is None:
                loop.answer(loop.ask(options.batch, "random"))
                model = loop.train()
            look = loop.look(model, f"round {number} of {run.id}")
            labels = client.labels.stats()["labels"][options.label]["labeled"]
            print(f"round {number}  {labels:4} labels  hold-out AUC {look['auc']:.3f}  accuracy {look['accuracy']:.3f}")
            run.log({"auc": look["auc"], "accuracy": look["accuracy"], "labels": labels}, round=number, phase="holdout")
            ids = sorted(loop.features)
            client.labels.update_predictions(ids, {options.label: loop.confidences(model, ids)})
            loop.answer(loop.ask(options.batch, "balanced"))
        print(f"snapshot {client.snapshots.create(run.id)['snapshot_id'][:16]}")


if __name__ == "__main__":
    main()
