"""Features, model and predictions of labeled digits, as functions that run again only when something they need has changed.

    holdfast serve --data eights --labels is_eight &
    pip install ./Client/Python numpy scikit-learn
    python Client/Python/examples/pipeline.py --server 127.0.0.1:7411

Labels images, freezes them as a snapshot, and computes snapshot → training set → model → predictions. Then it does all that
again without a change, which runs nothing, and once more after 50 further labels, which runs what depends on labels but not
the features. Says which step ran and which was loaded, why, and where the dashboard shows it.
"""

import argparse
import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import holdfast
from holdfast.lineage import BaseVariable, Reference, ThunkOutput, thunk, use, why
from holdfast.lineage.current import current

ANNOTATOR = "oracle"


class Pixels(BaseVariable):
    """All images, one a row."""


class Features(BaseVariable):
    """What the model sees of each image."""


class Model(BaseVariable):
    """The weights and the intercept of a logistic regression."""


class Predictions(BaseVariable):
    """The model's confidence for each image."""


@thunk
def features(pixels: np.ndarray) -> np.ndarray:
    """The pixels, and how much ink there is in each row and column."""
    images = pixels.reshape(-1, 8, 8) / 16
    return np.hstack([pixels / 16, images.mean(1), images.mean(2)])


@thunk
def train(snapshot: Reference, features: np.ndarray, ids: "list[int]", label: str) -> np.ndarray:
    """A model of what is labeled in the snapshot's training part."""
    rows = {id: row for row, id in enumerate(ids)}
    known = [image for image in current().snapshots.images(snapshot.id) if image["split"] == "train"]
    x = features[[rows[image["id"]] for image in known]]
    y = np.array([image["labels"][label] for image in known])
    model = LogisticRegression(class_weight="balanced", C=10, max_iter=1000).fit(x, y)
    return np.append(model.coef_[0], model.intercept_)


@thunk
def predict(model: np.ndarray, features: np.ndarray) -> np.ndarray:
    """The confidence for each image."""
    return 1 / (1 + np.exp(-(features @ model[:-1] + model[-1])))


class Pipeline:
    """The images on the server, and the truth that the oracle knows."""

    def __init__(self, client: holdfast.Client, label: str, count: int) -> None:
        self.client, self.label = client, label
        digits = load_digits()
        names = [f"digit_{number:04}.png" for number in range(count)]
        pictures = (digits.images[:count] * 15.9).astype(np.uint8)
        self.ids = client.images.insert(dict(zip(names, pictures)))["ids"]
        if client.labels.stats()["total"] > len(self.ids):
            message = f"this server has other images; start another, DIR being new: {start(label)}"
            raise holdfast.HoldfastError("invalid_value", message)
        self.truth = {id: int(digit == 8) for id, digit in zip(self.ids, digits.target)}
        Pixels.save(digits.data[:count], dataset="digits")

    def answer(self, count: int, strategy: str) -> None:
        """The oracle labels what the server asks."""
        asked = self.client.labels.next(count, label=self.label, strategy=strategy, annotator=ANNOTATOR)["images"]
        sets = {image["id"]: {self.label: self.truth[image["id"]]} for image in asked}
        self.client.labels.set_many(sets, annotator=ANNOTATOR)

    def run(self, title: str) -> str:
        """From the labels that there are now to predictions; the record of these."""
        snapshot = self.client.snapshots.create(title)
        print(f"{title}: {snapshot['train']} images to train on, {snapshot['val']} to validate")
        shared = self.saved(Features, features(Pixels.load(dataset="digits")))
        model = self.saved(Model, train(Reference.snapshot(snapshot["snapshot_id"]), shared, self.ids, self.label))
        predictions = self.saved(Predictions, predict(model, shared))
        self.client.labels.update_predictions(self.ids, {self.label: predictions.data})
        truth = np.array([self.truth[id] for id in self.ids])
        print(f"  {np.mean((predictions.data > 0.5) == truth):.1%} of all images are right")
        return str(predictions.record_id)

    def saved(self, variable: "type[BaseVariable]", output: ThunkOutput) -> BaseVariable:
        """Saves an output, and says whether it was computed for that."""
        made = variable.save(output, dataset="digits")
        reasons = "" if output.was_hit else "; ".join(str(change)[:80] for change in why(made))
        print(f"  {output.invocation.name:<9} {'hit' if output.was_hit else 'ran'}" + (f"  {reasons}" if reasons else ""))
        return made


def start(label: str) -> str:
    """What starts a server for this example."""
    return f"holdfast serve --data DIR --labels {label}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", help="host:port (HOLDFAST_SERVER, or 127.0.0.1:7411)")
    parser.add_argument("--dashboard", default="http://127.0.0.1:7412", help="where the dashboard is")
    parser.add_argument("--label", default="is_eight", help="a label of the server")
    parser.add_argument("--images", type=int, default=1000)
    options = parser.parse_args()
    try:
        with holdfast.Client(options.server) as client:
            if options.label not in client.labels.stats()["labels"]:
                again = start(options.label)
                sys.exit(f"{parser.prog}: this server has no label {options.label}; start another, DIR being new: {again}")
            use(client)
            pipeline = Pipeline(client, options.label, options.images)
            pipeline.answer(100, "random")
            pipeline.run("first")
            pipeline.run("again")
            pipeline.answer(50, "balanced")
            record = pipeline.run("after 50 more labels")
            print(f"what they came from: {options.dashboard}/?room=lineage&record={record}")
    except (holdfast.HoldfastError, holdfast.ServerError) as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
