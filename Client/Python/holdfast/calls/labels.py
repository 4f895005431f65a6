"""labels.*, holdout.* and snapshots.*"""

from __future__ import annotations

import csv
import inspect
import io
import os
from typing import Any, Dict, IO, List, Mapping, Optional, Sequence, Union

from ..checks import by_name, listed, members_in, names_in, number, shown, unless_none, whole, wrong
from ..spool.columns import numbers
from ..wire.caller import pages
from .noun import Noun, Result, Rows

Labels = Mapping[str, Optional[int]]

_LABELS = 'it is a dictionary with 1, 0 or None for each label, such as {"is_disc": 1}'
_SET = "it is a dictionary with the parameters of set(), such as id and labels"
_SET_MEMBERS = ("id", "labels", "outcome", "annotator", "opinion", "time_spent", "event_id")
_RANGE = 'it is a dictionary with one or both ends of a range, such as {"from": 0.5, "to": 1}'
_COLUMNS = "it is a dictionary with a list for each label"


class LabelCalls(Noun):
    """The labeling loop; no method gives out a held-out image."""

    def next(
        self,
        limit: Optional[int] = None,
        label: Optional[str] = None,
        strategy: Optional[str] = None,
        exploration_rate: Optional[float] = None,
        seed: Optional[int] = None,
        annotator: Optional[str] = None,
        session: Optional[str] = None,
        exclude: Optional[Sequence[int]] = None,
    ) -> Result:
        """The next `images` to label, leased to the annotator for 300 s or until this client's connection ends.

        Strategies: mixed (the default), uncertain, random, hunt, surprise, diverse, balanced, double.
        """
        return self._call(
            "labels.next",
            limit=limit,
            label=label,
            strategy=strategy,
            exploration_rate=exploration_rate,
            seed=seed,
            annotator=annotator,
            session=session,
            exclude=unless_none(listed, "exclude", exclude),
        )

    def release(
        self, annotator: Optional[str] = None, session: Optional[str] = None, ids: Optional[Sequence[int]] = None
    ) -> Result:
        """Gives leases back."""
        return self._call("labels.release", annotator=annotator, session=session, ids=unless_none(listed, "ids", ids))

    def set(
        self,
        id: int,
        labels: Labels,
        outcome: Optional[str] = None,
        annotator: Optional[str] = None,
        opinion: Optional[bool] = None,
        time_spent: Optional[float] = None,
        event_id: Optional[str] = None,
    ) -> Result:
        """Sets labels of an image to 0 or 1; None erases one. `outcome`: "unsure" or "unusable"; `time_spent` in seconds."""
        return self._call(
            "labels.set",
            id=id,
            labels=dict(by_name("labels", labels, _LABELS)),
            outcome=outcome,
            annotator=annotator,
            opinion=opinion,
            time_spent=time_spent,
            event_id=event_id,
        )

    def set_many(
        self, sets: Union[Sequence[Mapping[str, Any]], Mapping[int, Labels]], annotator: Optional[str] = None
    ) -> Result:
        """Sets the labels of many images in one commit: labels by id, or the parameters of `set` each; `images`, `rejected`."""
        if isinstance(sets, Mapping):
            sets = [
                {"id": id, "labels": dict(by_name(f"sets[{shown(id)}]", labels, _LABELS))} for id, labels in sets.items()
            ]
        rows = [by_name(f"sets[{place}]", given, _SET) for place, given in enumerate(listed("sets", sets))]
        for place, row in enumerate(rows):
            members_in(f"sets[{place}]", row, _SET_MEMBERS)
        return self._call("labels.set_many", sets=rows, annotator=annotator)

    def import_columns(
        self,
        filenames: Sequence[str],
        labels: Mapping[str, Sequence[Optional[int]]],
        study_ids: Optional[Sequence[Optional[str]]] = None,
        frame_numbers: Optional[Sequence[Optional[int]]] = None,
        annotator: Optional[str] = None,
    ) -> Result:
        """Labels images by name, new ones too, at most 20 000 at once: `labels` has a column of 0, 1 and None for each.

        Some ten times as fast as inserting and `set_many`. The result counts `inserted`, `labeled`, `unchanged` and `held_out`.
        """
        return self._call(
            "labels.import",
            filenames=listed("filenames", filenames),
            labels={
                name: listed(f"labels[{shown(name)}]", column) for name, column in by_name("labels", labels, _COLUMNS).items()
            },
            study_ids=unless_none(listed, "study_ids", study_ids),
            frame_numbers=unless_none(listed, "frame_numbers", frame_numbers),
            annotator=annotator,
        )

    def undo(self, id: Optional[int] = None, annotator: Optional[str] = None, event_id: Optional[str] = None) -> Result:
        """Takes back the annotator's last event, or the last one of an image."""
        return self._call("labels.undo", id=id, annotator=annotator, event_id=event_id)

    def skip(self, id: int, annotator: Optional[str] = None, event_id: Optional[str] = None) -> Result:
        """Passes over an image."""
        return self._call("labels.skip", id=id, annotator=annotator, event_id=event_id)

    def get(self, id: int) -> Result:
        """One image and, unless it is held out, its labels."""
        return self._call("labels.get", id=id)

    def list(
        self,
        split: Optional[str] = None,
        study_id: Optional[str] = None,
        labeled: Optional[bool] = None,
        where: Optional[Labels] = None,
        confidence: Optional[Mapping[str, Mapping[str, float]]] = None,
        annotator: Optional[str] = None,
        outcome: Optional[str] = None,
        text: Optional[str] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Result:
        """A page of `images` for which all conditions hold; `confidence`: for each label {"from": least, "to": most}."""
        if isinstance(confidence, Mapping):
            for name, ends in confidence.items():
                members_in(f"confidence[{shown(name)}]", by_name(f"confidence[{shown(name)}]", ends, _RANGE), ("from", "to"))
        return self._call(
            "labels.list",
            split=split,
            study_id=study_id,
            labeled=labeled,
            where=where,
            confidence=confidence,
            annotator=annotator,
            outcome=outcome,
            text=text,
            limit=limit,
            cursor=cursor,
        )

    def all(self, **conditions: Any) -> Rows:
        """Every image for which all conditions hold; they are those of `list`. Raises HoldfastError for one that it hasn't."""
        known = inspect.signature(LabelCalls.list).parameters
        names_in("all()", conditions, [name for name in known if name not in ("self", "limit", "cursor")])
        return pages(lambda cursor: self.list(limit=1000, cursor=cursor, **conditions), ["images"])

    def train_val(self) -> Dict[str, List[Dict[str, Any]]]:
        """All labeled images to train and to validate on, as `train` and `val`; never a held-out one."""
        rows: Dict[str, List[Dict[str, Any]]] = {"train": [], "val": []}
        for row in self._pages("labels.train_val", "train", "val", limit=10_000):
            rows[row["split"]].append(row)
        return rows

    def stats(self) -> Result:
        """Counts of images and labels."""
        return self._call("labels.stats")

    def update_predictions(self, ids: Sequence[int], confidences: Mapping[str, Sequence[float]]) -> Result:
        """Writes a model's confidences, 0 … 1, by label, one for each id; labeled and held-out images are passed over."""
        return self._call("labels.update_predictions", **_scores(ids, confidences))

    def update_scores(self, ids: Sequence[int], confidences: Mapping[str, Sequence[float]]) -> Result:
        """Writes out-of-sample scores of labeled images in the same form; they find likely label errors."""
        return self._call("labels.update_scores", **_scores(ids, confidences))

    def issues(self, label: Optional[str] = None) -> Rows:
        """Labels that are likely wrong, the likeliest first."""
        return self._pages("labels.issues", "issues", label=label)

    def calibration(self, label: Optional[str] = None) -> Result:
        """How often people said 1, by score."""
        return self._call("labels.calibration", label=label)

    def disagreements(self, label: Optional[str] = None) -> Rows:
        """Images whose label differs from what an annotator said."""
        return self._pages("labels.disagreements", "disagreements", label=label)

    def agreement(self, label: Optional[str] = None) -> Result:
        """How well annotators agree, pair by pair."""
        return self._call("labels.agreement", label=label)

    def export_csv(self, file: Union[str, "os.PathLike[str]", IO[str]]) -> int:
        """Writes the labeled images of train and val to a CSV file, a column each as `list` answers; returns how many.

        Raises HoldfastError for what is no file of texts, OSError where it can't be written.
        """
        # Binary files have write(), too, and would refuse what is written.
        is_path = isinstance(file, (str, os.PathLike))
        if not is_path and (not hasattr(file, "write") or isinstance(file, (io.RawIOBase, io.BufferedIOBase))):
            raise wrong("file", file, "it is a path, or a file that is open for writing texts")
        both = self.train_val()
        rows = sorted(both["train"] + both["val"], key=lambda row: int(row["id"]))
        if isinstance(file, (str, os.PathLike)):
            with open(file, "w", newline="", encoding="utf-8") as opened:
                return _write_csv(opened, rows)
        return _write_csv(file, rows)


def _write_csv(file: IO[str], rows: Sequence[Mapping[str, Any]]) -> int:
    names = list(rows[0]) if rows else ["id", "filename"]
    first = [name for name in ("id", "filename", "study_id", "split") if name in names]
    writer = csv.DictWriter(file, first + sorted(set(names) - set(first)))
    writer.writeheader()
    writer.writerows(rows)
    return len(rows)


def _scores(ids: Sequence[int], confidences: Mapping[str, Sequence[float]]) -> Dict[str, Any]:
    columns = {}
    for label, column in by_name("confidences", confidences, _COLUMNS).items():
        name = f"confidences[{shown(label)}]"
        values = [number(f"{name}[{place}]", value) for place, value in enumerate(listed(name, column))]
        columns[label] = numbers("float64", values)
    rows = [whole(f"ids[{place}]", id) for place, id in enumerate(listed("ids", ids))]
    return {"ids": numbers("int64", rows), "confidences": columns}


class HoldoutCalls(Noun):
    """The vault: held-out images are given out, listed and measured here only."""

    def next(self, limit: Optional[int] = None, annotator: Optional[str] = None) -> Result:
        """Held-out `images` that nobody has judged, at random, leased to the annotator for 1 800 s."""
        return self._call("holdout.next", limit=limit, annotator=annotator)

    def images(self) -> Rows:
        """All held-out images, each `id` and `thumbnail`, to run a model on them."""
        return self._pages("holdout.images", "images", limit=10_000)

    def evaluate(
        self, label: str, predictions: Mapping[int, float], reason: str, threshold: Optional[float] = None
    ) -> Result:
        """Measures confidences by id, one for each labeled held-out image; each look goes into the ledger with its reason."""
        known = by_name("predictions", predictions, "it is a dictionary with a confidence for each id")
        pairs = [
            {"id": whole("an id in predictions", id), "confidence": number(f"predictions[{id}]", value)}
            for id, value in known.items()
        ]
        return self._call("holdout.evaluate", label=label, predictions=pairs, threshold=threshold, reason=reason)

    def ledger(self) -> Rows:
        """All looks, the latest first."""
        return self._pages("holdout.ledger", "looks")


class SnapshotCalls(Noun):
    """What exactly a model was trained on."""

    def create(self, note: Optional[str] = None) -> Result:
        """Freezes the train and val set as it is; the same state is the same snapshot."""
        return self._call("snapshots.create", note=note)

    def get(self, snapshot_id: str, limit: Optional[int] = None, cursor: Optional[str] = None) -> Result:
        """A `snapshot` and a page of its `images`."""
        return self._call("snapshots.get", snapshot_id=snapshot_id, limit=limit, cursor=cursor)

    def images(self, snapshot_id: str) -> Rows:
        """All images of a snapshot."""
        return self._pages("snapshots.get", "images", snapshot_id=snapshot_id, limit=10_000)

    def list(self) -> Rows:
        """All snapshots, the latest first."""
        return self._pages("snapshots.list", "snapshots")
