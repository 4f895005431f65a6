"""Records as the columns of their method."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..wire.array import Array, Bytes
from ..wire.values import pack
from .records import GenerationRecord, MetricRecord, ResourceRecord, StepRecord

_LETTERS = {"bool": "?", "uint32": "I", "int64": "q", "float64": "d"}

Encoded = Tuple[str, Dict[str, Any], List[Bytes]]


def numbers(dtype: str, values: Sequence[Any]) -> Array:
    """An array of one dimension."""
    return Array(dtype, [len(values)], struct.pack(f"<{len(values)}{_LETTERS[dtype]}", *values))


def strings(values: Sequence[Optional[str]]) -> Dict[str, Any]:
    """A string column: each distinct string once, and a code per row; None is null."""
    codes: Dict[str, int] = {}
    for value in values:
        if value is not None:
            codes.setdefault(value, len(codes))
    null = len(codes)
    rows = [null if value is None else codes[value] for value in values]
    return {"values": list(codes), "codes": numbers("uint32", rows)}


def _texts(values: Sequence[Optional[str]]) -> Optional[Dict[str, Any]]:
    return strings(values) if any(value is not None for value in values) else None


def _column(dtype: str, values: Sequence[Any]) -> Any:
    """A numeric column; None where no record has a value."""
    missing = values.count(None) if isinstance(values, list) else 0
    if missing == len(values):
        return None
    if not missing:
        return numbers(dtype, values)
    valid = [value is not None for value in values]
    filled = [value if value is not None else 0 for value in values]
    return {"values": numbers(dtype, filled), "valid": numbers("bool", valid)}


def _block(table: str, count: int, columns: Dict[str, Any]) -> Encoded:
    there = {name: column for name, column in columns.items() if column is not None}
    blobs: List[Bytes] = []
    return "metrics.append", pack({"columns": [{"table": table, "count": count, "columns": there}]}, blobs), blobs


def metrics(records: Sequence[MetricRecord]) -> Encoded:
    """Rows of training_metrics; a column that no record has a value for is left out."""
    columns = {
        "run_id": _texts([record.run_id for record in records]),
        "metric_name": _texts([record.name for record in records]),
        "metric_value": _column("float64", [record.value for record in records]),
        "timestamp": _column("float64", [record.timestamp for record in records]),
        "step": _column("int64", [record.step for record in records]),
        "round_number": _column("int64", [record.round for record in records]),
        "epoch_number": _column("int64", [record.epoch for record in records]),
        "phase": _texts([record.phase for record in records]),
    }
    return _block("training_metrics", len(records), columns)


def resources(records: Sequence[ResourceRecord]) -> Encoded:
    """Rows of resource_metrics."""
    columns = {
        "run_id": _texts([record.run_id for record in records]),
        "metric_type": _texts([record.type for record in records]),
        "metric_name": _texts([record.name for record in records]),
        "value": _column("float64", [record.value for record in records]),
        "unit": _texts([record.unit for record in records]),
        "hostname": _texts([record.hostname for record in records]),
        "process_id": _column("int64", [record.process_id for record in records]),
        "timestamp": _column("float64", [record.timestamp for record in records]),
    }
    return _block("resource_metrics", len(records), columns)


def generations(records: Sequence[GenerationRecord]) -> Encoded:
    """Rows of generation_metrics."""
    columns = {
        "run_id": _texts([record.run_id for record in records]),
        "operation": _texts([record.operation for record in records]),
        "round_number": _column("int64", [record.round for record in records]),
        "chunk_number": _column("int64", [record.chunk for record in records]),
        "duration_seconds": _column("float64", [record.duration for record in records]),
        "samples_generated": _column("int64", [record.samples for record in records]),
        "memory_used_mb": _column("float64", [record.memory for record in records]),
        "process_id": _column("int64", [record.process_id for record in records]),
        "timestamp": _column("float64", [record.timestamp for record in records]),
    }
    return _block("generation_metrics", len(records), columns)


def steps(records: Sequence[StepRecord]) -> Encoded:
    """Steps of uniform layout, their arrays one behind the other."""
    columns = {
        "episode_id": strings([record.episode_id for record in records]),
        "step_index": numbers("int64", [record.index for record in records]),
        "action": _actions(records),
        "reward": numbers("float64", [record.reward for record in records]),
        "terminated": numbers("bool", [record.terminated for record in records]),
        "truncated": numbers("bool", [record.truncated for record in records]),
        "timestamp": numbers("float64", [record.timestamp for record in records]),
        "frame": _stacked([record.frame for record in records if record.frame is not None]),
        "frame_rows": _rows([record.frame is not None for record in records]),
        "observation": _observations(records),
        "observation_rows": _rows([record.observation is not None for record in records]),
        "info": _texts([None if record.info is None else record.info.decode() for record in records]),
    }
    there = {name: column for name, column in columns.items() if column is not None}
    blobs: List[Bytes] = []
    params = pack({"run_id": records[0].run_id, "count": len(records), "columns": there}, blobs)
    return "steps.append", params, blobs


def _actions(records: Sequence[StepRecord]) -> Optional[Array]:
    first = records[0].action
    actions: List[Any] = [record.action for record in records]
    if first is None:
        return None
    if isinstance(first, Array):
        return _stacked(actions)
    return numbers("float64" if isinstance(first, float) else "int64", actions)


def _observations(records: Sequence[StepRecord]) -> Any:
    observations: List[Any] = [record.observation for record in records if record.observation is not None]
    if not observations or isinstance(observations[0], Array):
        return _stacked(observations)
    return {name: _stacked([arrays[name] for arrays in observations]) for name in observations[0]}


def _stacked(arrays: Sequence[Array]) -> Optional[Array]:
    """Arrays of one layout as one, with a new first dimension; None without arrays."""
    if not arrays:
        return None
    first = arrays[0]
    return Array(first.dtype, [len(arrays), *first.shape], b"".join(array.data for array in arrays))


def _rows(present: Sequence[bool]) -> Optional[Array]:
    """Which steps have an array; None when all or none have."""
    if all(present) or not any(present):
        return None
    return numbers("uint32", [row for row, is_there in enumerate(present) if is_there])
