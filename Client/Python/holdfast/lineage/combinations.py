"""Which locations a batch goes over, and what is loaded at each."""

from __future__ import annotations

import itertools
from typing import Any, Dict, Iterable, List, Mapping, Tuple, Type, Union

from ..checks import listed, shown, text, wrong
from ..errors import HoldfastError
from .saving import checked_metadata
from .variable import BaseVariable

Location = Dict[str, Any]


class Fixed:
    """An input with metadata of its own: `Fixed(Calibration, session="baseline")` is the same for every session."""

    def __init__(self, variable: "Input", **metadata: Any) -> None:
        self.variable = variable
        self.metadata = metadata


class Columns:
    """An input of which some columns are given to the function; a single one as an array."""

    def __init__(self, variable: "Input", *columns: str) -> None:
        self.variable = variable
        self.columns = columns


Input = Union[Type[BaseVariable], Fixed, Columns]


class Existing:
    """The combinations of these keys at which inputs are; without keys, of all the keys that the inputs have."""

    def __init__(self, *keys: str) -> None:
        self.keys = tuple(text(f"keys[{place}]", key) for place, key in enumerate(keys))


Where = Union[Existing, Iterable[Mapping[str, Any]]]


def existing(*keys: str) -> Existing:
    """The combinations of these keys that any input which isn't Fixed has."""
    return Existing(*keys)


def product(**keys: Union[Iterable[Any], Any]) -> List[Location]:
    """Each value of a key with each of the others: `product(subject=[1, 2], session=["A", "B"])`; a text or a number is one
    value."""
    return [dict(zip(keys, values)) for values in itertools.product(*map(_values, keys.values()))]


def zipped(**keys: Union[Iterable[Any], Any]) -> List[Location]:
    """The first value of each key, then the second of each; they must be equally many."""
    columns = {name: _values(values) for name, values in keys.items()}
    if len({len(values) for values in columns.values()}) > 1:
        sizes = ", ".join(f"{name} {len(values)}" for name, values in columns.items())
        raise HoldfastError("invalid_value", f"zipped() needs as many values of each key: {sizes}")
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def _values(given: Any) -> List[Any]:
    return [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)


def locations(name: str, value: Any) -> List[Location]:
    """The locations of a list of metadata."""
    if isinstance(value, Mapping):
        example = ", ".join(f"{key}={shown(values)}" for key, values in value.items())
        raise HoldfastError("invalid_value", f"{name} is a dictionary; give product({example}), or a list of dictionaries")
    return [checked_metadata(f"{name}[{place}]", metadata) for place, metadata in enumerate(listed(name, value))]


def is_variable(value: Any) -> bool:
    """Whether it is a variable's class."""
    return isinstance(value, type) and issubclass(value, BaseVariable)


def taken_apart(name: str, value: Any) -> Tuple[Type[BaseVariable], Mapping[str, Any], Tuple[str, ...], bool]:
    """An input's variable, metadata, columns, and whether it is Fixed."""
    metadata: Dict[str, Any] = {}
    columns: Tuple[str, ...] = ()
    is_fixed = False
    while isinstance(value, (Fixed, Columns)):
        if isinstance(value, Fixed):
            metadata, is_fixed = {**value.metadata, **metadata}, True
        else:
            columns = tuple(text(f"a column of {name}", column) for column in value.columns)
            if not columns:
                raise HoldfastError("invalid_value", f'{name} names no column; give Columns(variable, "a")')
        value = value.variable
    if not is_variable(value):
        raise wrong(name, value, "it is a variable's class, Fixed(…) or Columns(…); a value is given in constants")
    return value, checked_metadata(name, metadata), columns, is_fixed
