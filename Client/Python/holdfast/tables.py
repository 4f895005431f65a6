"""Rows as columns."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, Sequence

from .optional import numpy, require

_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class Columns(Dict[str, Any]):
    """Columns by name, each a NumPy array, or a list where NumPy isn't installed.

    Missing numbers are NaN (a column of whole numbers becomes float64 then), other missing values None.
    """

    def to_pandas(self) -> Any:
        """The same as a pandas.DataFrame; raises HoldfastError with missing_package."""
        return require("pandas", "to_pandas()").DataFrame(dict(self))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.values()), ()))


def columns_of(rows: Iterable[Mapping[str, Any]], names: Sequence[str] = (), numbers: Sequence[str] = ()) -> Columns:
    """Rows as columns: of `names`, which are there without rows too, or else of the rows' own; `numbers` are float64."""
    rows = list(rows)
    known = list(names) or list(rows[0] if rows else ())
    columns = Columns()
    for name in known:
        values = [row.get(name) for row in rows]
        columns[name] = _column(values, name in numbers)
    return columns


def _column(values: "list[Any]", is_number: bool) -> Any:
    np = numpy()
    if is_number:
        filled = [float("nan") if value is None else _NUMBERS.get(value, value) for value in values]
        return filled if np is None else np.array(filled, np.float64)
    if np is None or not values:
        return values if np is None else np.array(values)
    there = [value for value in values if value is not None]
    if there and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in there):
        return np.array([float("nan") if value is None else value for value in values])
    if len(there) == len(values) and all(isinstance(value, (str, bool)) for value in values):
        return np.array(values)
    column = np.empty(len(values), object)
    column[:] = values
    return column
