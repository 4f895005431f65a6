"""Typed arrays as they are on the wire and in the spool: C order, little-endian."""

from __future__ import annotations

import operator
import sys
from typing import Any, Dict, List, Sequence, Tuple, Union

from ..errors import HoldfastError
from ..optional import numpy

#: The dtypes by their number in a record of the spool.
DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")
CODES = {name: code for code, name in enumerate(DTYPES)}
ITEM_SIZES = dict(zip(DTYPES, (1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8)))
MOST_DIMENSIONS = 8

_FORMATS: Dict[str, str] = {"?": "bool", "B": "uint8", "b": "int8", "c": "uint8", "f": "float32", "d": "float64"}
for _size, _unsigned, _signed in ((2, "H", "h"), (4, "I", "i"), (8, "L", "l"), (8, "Q", "q")):
    _FORMATS[_unsigned], _FORMATS[_signed] = f"uint{8 * _size}", f"int{8 * _size}"

Bytes = Union[bytes, bytearray, memoryview]


class Array:
    """An array without NumPy: dtype name, shape and bytes; the bytes must be exactly as many as these say."""

    __slots__ = ("dtype", "shape", "data")

    def __init__(self, dtype: str, shape: Sequence[int], data: Bytes) -> None:
        if not isinstance(dtype, str) or dtype not in CODES:
            raise HoldfastError("invalid_value", f'unknown dtype "{dtype}"; expected one of {" ".join(DTYPES)}')
        self.dtype = dtype
        try:
            self.shape: Tuple[int, ...] = tuple(map(operator.index, shape))
        except TypeError:
            raise HoldfastError("invalid_value", f"the shape is {shape!r}; it is a list of whole numbers") from None
        try:
            self.data: memoryview = memoryview(data).cast("B") if len(data) else memoryview(b"")
        except TypeError as error:
            reason = f"the data are of type {type(data).__name__}; they are bytes, or a buffer in C order ({error})"
            raise HoldfastError("invalid_value", reason) from None
        if len(self.shape) > MOST_DIMENSIONS:
            raise HoldfastError("invalid_value", f"an array has {len(self.shape)} dimensions, at most 8 are allowed")
        expected = ITEM_SIZES[dtype]
        for size in self.shape:
            if size < 0:
                raise HoldfastError("invalid_value", f"the shape {self.shape} has a negative size")
            expected *= size
        if len(self.data) != expected:
            raise HoldfastError(
                "invalid_value", f"expected {expected} bytes for {dtype}{list(self.shape)}, got {len(self.data)}"
            )

        if dtype == "bool" and bytes(self.data).translate(None, b"\0\1"):
            raise HoldfastError("invalid_value", "a bool array has bytes 0 and 1 only")

    def has_layout_of(self, other: "Array") -> bool:
        """Whether dtype and shape are equal."""
        return self.dtype == other.dtype and self.shape == other.shape

    def numpy(self) -> Any:
        """The same bytes as a NumPy array."""
        return numpy().frombuffer(self.data, numpy().dtype(self.dtype).newbyteorder("<")).reshape(self.shape)

    def tolist(self) -> Any:
        """The elements as nested lists."""
        if not self.shape or 0 in self.shape:
            return numpy().asarray(self.numpy()).tolist() if numpy() else list(self._flat())[0] if not self.shape else []
        flat: List[Any] = list(self._flat())
        for size in reversed(self.shape[1:]):
            flat = [flat[start : start + size] for start in range(0, len(flat), size)]
        return flat

    def _flat(self) -> memoryview:
        letters = {name: letter for letter, name in _FORMATS.items() if letter not in "cLl"}
        return self.data.cast(letters[self.dtype])  # type: ignore[call-overload, no-any-return]

    def __repr__(self) -> str:
        return f"Array({self.dtype}{list(self.shape)})"

    @staticmethod
    def of(value: Any) -> "Array":
        """An array made of a NumPy array, whatever NumPy takes for one, or without NumPy a buffer such as array.array."""
        if isinstance(value, Array):
            return value
        np = numpy()
        if np is not None:
            return _of_numpy(np, value)
        try:
            view = memoryview(value)
        except TypeError:
            raise HoldfastError(
                "invalid_value",
                f"{type(value).__name__} is no array; without NumPy give holdfast.Array or a buffer such as array.array",
            ) from None
        name = _FORMATS.get(view.format.lstrip("@=<"))
        if name is None or sys.byteorder != "little" or ITEM_SIZES[name] != view.itemsize:
            raise HoldfastError("invalid_value", f'a buffer of format "{view.format}" has no dtype here')
        return Array(name, view.shape or (), view.tobytes())


def _of_numpy(np: Any, value: Any) -> Array:
    array = np.asarray(value)
    if array.dtype == np.float16:  # there is none on the wire
        array = array.astype(np.float32)
    name = array.dtype.name
    if name not in CODES:
        raise HoldfastError(
            "invalid_value", f"an array of dtype {name} can't be stored; convert it to one of {' '.join(DTYPES)}"
        )
    array = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    data = memoryview(array.reshape(-1)).cast("B") if array.size else b""
    return Array(name, array.shape, data)


def restored(dtype: str, shape: Sequence[int], data: Bytes) -> Any:
    """An array that came from the server: of NumPy where it is installed."""
    array = Array(dtype, shape, data)
    return array if numpy() is None else array.numpy()
