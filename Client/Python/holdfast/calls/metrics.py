"""metrics.*"""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from ..checks import bound, listed, text, unless_none
from ..tables import Columns, columns_of
from .noun import Noun, Result, Rows

_COLUMNS = {
    "training_metrics": (
        "timestamp", "run_id", "metric_name", "metric_value", "step", "round_number", "epoch_number", "phase",
    ),
    "resource_metrics": (
        "timestamp", "run_id", "metric_type", "metric_name", "value", "unit", "hostname", "process_id",
    ),
    "generation_metrics": (
        "timestamp", "run_id", "operation", "round_number", "chunk_number", "duration_seconds", "samples_generated",
        "memory_used_mb", "process_id",
    ),
}  # fmt: skip
_NUMBERS = ("timestamp", "metric_value", "value", "duration_seconds", "memory_used_mb")


class MetricCalls(Noun):
    """The tables training_metrics, resource_metrics and generation_metrics."""

    def append(self, rows: Sequence[Mapping[str, Any]], run_id: Optional[str] = None) -> Result:
        """Appends rows, each with `table` and columns of it; a bad row costs that row only (`rejected`)."""
        return self._call("metrics.append", rows=listed("rows", rows), run_id=run_id)

    def query(
        self,
        table: str = "training_metrics",
        run_id: Optional[str] = None,
        where: Optional[Mapping[str, Any]] = None,
        start: Optional[float] = None,
        stop: Optional[float] = None,
        limit: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Result:
        """A page of `rows` in the order in which they came, with start ≤ timestamp ≤ stop."""
        times = {"from": unless_none(bound, "start", start), "to": unless_none(bound, "stop", stop)}
        return self._call("metrics.query", table=table, run_id=run_id, where=where, limit=limit, cursor=cursor, **times)

    def all(
        self,
        table: str = "training_metrics",
        run_id: Optional[str] = None,
        where: Optional[Mapping[str, Any]] = None,
    ) -> Rows:
        """Every row of a table that the conditions find."""
        return self._pages("metrics.query", "rows", table=table, run_id=run_id, where=where, limit=10_000)

    def columns(
        self,
        table: str = "training_metrics",
        run_id: Optional[str] = None,
        metric_name: Optional[str] = None,
        phase: Optional[str] = None,
    ) -> Columns:
        """The same as columns."""
        conditions = {"metric_name": metric_name, "phase": phase}
        # The server would find no row with a value of another kind.
        where = {name: text(name, value) for name, value in conditions.items() if value is not None}
        return columns_of(self.all(table, run_id, where or None), _COLUMNS.get(table, ()), _NUMBERS)

    def series(
        self,
        metric_name: str,
        run_ids: Sequence[str],
        table: str = "training_metrics",
        where: Optional[Mapping[str, Any]] = None,
        value: Optional[str] = None,
        x: Optional[str] = None,
        start: Optional[float] = None,
        stop: Optional[float] = None,
        max_points: Optional[int] = None,
        smoothing: Optional[float] = None,
    ) -> Result:
        """`series` for plots, thinned so that nothing that sticks out is lost; start ≤ x ≤ stop."""
        return self._call(
            "metrics.series",
            table=table,
            metric_name=metric_name,
            run_ids=listed("run_ids", run_ids),
            where=where,
            value=value,
            x=x,
            max_points=max_points,
            smoothing=smoothing,
            **{"from": unless_none(bound, "start", start), "to": unless_none(bound, "stop", stop)},
        )

    def summary(self, run_id: Optional[str] = None) -> Result:
        """Counts and times of what a run, or all runs, logged."""
        return self._call("metrics.summary", run_id=run_id)

    def list(self, run_ids: Sequence[str]) -> Result:
        """Which `metrics` runs have, with the newest value of each."""
        return self._call("metrics.list", run_ids=listed("run_ids", run_ids))

    def prune(
        self,
        run_id: Optional[str] = None,
        before: Optional[float] = None,
        keep_every: Optional[int] = None,
        cursor: Optional[str] = None,
    ) -> Result:
        """Deletes metrics, a piece at a time: call again with its `cursor` until there is none."""
        return self._call("metrics.prune", run_id=run_id, before=before, keep_every=keep_every, cursor=cursor)
