"""What is saved of a value where its variable says nothing else, and what is made of it."""

from __future__ import annotations

import math
import sys
from typing import Any, Dict, Mapping, Optional

from ..checks import shown
from ..errors import HoldfastError
from ..optional import numpy, require
from ..tables import Columns
from ..wire.array import CODES, Array
from .canonical import content_hash


def encode(data: Any) -> Any:
    """An array, {"table": columns} or {"json": anything}.

    Arrays and floats become arrays, so that NaN and the type stay; DataFrames and dicts of equally long arrays tables;
    None, bool, int, str, lists and dicts JSON.
    """
    np = numpy()
    if isinstance(data, Array):
        return data
    if np is not None:
        if isinstance(data, np.ndarray):
            return data if data.dtype.kind not in "OUS" else {"json": _json(data.tolist(), "")}
        if isinstance(data, (float, np.generic)) and not isinstance(data, (str, bytes)):
            return np.asarray(data)
    if _is_frame(data):
        return {"table": _frame_columns(data)}
    if _is_columns(data):
        return {"table": {_name(name): _column(name, column) for name, column in data.items()}}
    return {"json": _json(data, "")}


def decode(value: Any, as_frame: bool = False) -> Any:
    """The data of a saved value: arrays without a dimension as scalars, tables as Columns or a DataFrame."""
    np = numpy()
    if isinstance(value, Mapping):
        if set(value) == {"json"}:
            return value["json"]
        if set(value) == {"table"}:
            columns = Columns({name: _loaded(column) for name, column in value["table"].items()})
            return require("pandas", "as_frame").DataFrame(dict(columns)) if as_frame else columns
    return value[()] if np is not None and isinstance(value, np.ndarray) and value.ndim == 0 else value


def exact_hash(data: Any) -> Optional[str]:
    """The content hash of data that comes back from the server as it was; None for any other."""
    try:
        return content_hash(encode(data)) if _is_exact(data) else None
    except HoldfastError:
        return None


def _is_exact(data: Any) -> bool:
    np = numpy()
    if np is not None and type(data) is float:
        return True
    if np is not None and isinstance(data, (np.ndarray, np.generic)):
        return (isinstance(data, np.generic) or type(data) is np.ndarray) and is_kept(data.dtype)
    if isinstance(data, Columns):
        return all(np is not None and type(column) is np.ndarray and is_kept(column.dtype) for column in data.values())
    return not _is_columns(data) and _is_exact_json(data)


def is_kept(dtype: Any) -> bool:
    """Whether arrays come back with this dtype; float16 does as float32, for one."""
    return dtype.name in CODES and bool(dtype.isnative)


def _is_exact_json(data: Any) -> bool:
    if data is None or type(data) in (bool, str):
        return True
    if type(data) is int:
        return -(2**63) <= data < 2**63
    if type(data) is float:  # 1.0 would come back as 1
        return math.isfinite(data) and not data.is_integer()
    if type(data) is list:
        return all(_is_exact_json(item) for item in data)
    return type(data) is dict and all(type(key) is str and _is_exact_json(item) for key, item in data.items())


def _is_frame(data: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _is_columns(data: Any) -> bool:
    np = numpy()
    if isinstance(data, Columns):
        return True
    if np is None or not isinstance(data, dict) or not data:
        return False
    arrays = list(data.values())
    return all(isinstance(column, np.ndarray) and column.ndim for column in arrays) and len({len(a) for a in arrays}) == 1


def _frame_columns(frame: Any) -> Dict[str, Any]:
    """A DataFrame's columns; raises HoldfastError where a table would lose something of it."""
    if not frame.columns.is_unique:
        raise HoldfastError("invalid_value", f"the DataFrame has several columns of one name: {list(frame.columns)}")
    np = numpy()
    if not np.array_equal(frame.index.to_numpy(), np.arange(len(frame))):
        raise HoldfastError(
            "invalid_value",
            "a table has no index, and the DataFrame's isn't 0, 1, 2, …: reset_index() makes a column of it, "
            "reset_index(drop=True) drops it",
        )
    columns = {}
    for name in frame.columns:
        column = frame[name]
        values = column.to_numpy()
        if values.dtype.hasobject:
            values = column.astype(object).where(column.notna(), None).to_numpy()
        columns[_name(name)] = _column(name, values)
    return columns


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise HoldfastError("invalid_value", f"the column {name!r} has no text for a name; rename it")
    return name


def _column(name: Any, column: Any) -> Any:
    np = numpy()
    if np is not None and isinstance(column, np.ndarray):
        if column.dtype.kind in "biuf":
            return column
        if column.dtype.kind in "mM":
            raise HoldfastError(
                "invalid_value", f"column {name!r} is of times ({column.dtype}), which have no JSON; save numbers or texts of them"
            )
    values = column.tolist() if hasattr(column, "tolist") else list(column)
    where = f"[{name!r}]"
    return [
        None if isinstance(value, float) and value != value else _json(value, f"{where}[{row}]")
        for row, value in enumerate(values)
    ]


def _loaded(column: Any) -> Any:
    np = numpy()
    if np is None or not isinstance(column, list):
        return column
    if column and all(isinstance(value, str) for value in column):
        return np.array(column)
    made = np.empty(len(column), object)
    made[:] = column
    return made


def _json(data: Any, path: str) -> Any:
    """JSON that says what it was; raises HoldfastError for what would come back as something else."""
    np = numpy()
    if np is not None and isinstance(data, (np.generic, np.ndarray)):
        data = data.tolist()
    if data is None or isinstance(data, (bool, str)):
        return data
    if isinstance(data, int) and -(2**63) <= data < 2**63:
        return int(data)
    if isinstance(data, float) and math.isfinite(data):
        return data
    if isinstance(data, (list, tuple)):
        return [_json(item, f"{path}[{index}]") for index, item in enumerate(data)]
    if isinstance(data, Mapping):
        for key in data:
            if not isinstance(key, str):
                raise HoldfastError("invalid_value", f"data{path} has the key {shown(key)}; in JSON keys are texts")
        return {key: _json(item, f"{path}[{key!r}]") for key, item in data.items()}
    where = f"data{path}"
    raise HoldfastError(
        "invalid_value", f"{where}: {str(data)[:60]} ({type(data).__name__}) has no JSON; save an array or write a to_db"
    )
