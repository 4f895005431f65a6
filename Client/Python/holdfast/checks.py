"""What arguments must be: each check returns the argument as it is used, or raises HoldfastError with invalid_value, which names
it, what it was and what is expected."""

from __future__ import annotations

import math
import os
from numbers import Real
from typing import Any, Callable, Iterable, List, Mapping, Optional, Sequence, Tuple, TypeVar

from .errors import HoldfastError
from .wire.array import Array
from .wire.values import dumps, plain
from .words import hint

T = TypeVar("T")

_MOST = 100
#: The system can't wait for much longer.
_MOST_SECONDS = 1e9


def shown(value: Any) -> str:
    """A value in few words; never raises, whatever the value is."""
    try:
        if isinstance(value, str):
            # Half of a surrogate pair could not be printed.
            text = str(value).encode("utf-8", "backslashreplace").decode()
            return f'"{text[:_MOST]}…"' if len(text) > _MOST else f'"{text}"'
        if isinstance(value, type):
            return f"the class {value.__name__}"
        # NumPy's and torch's numbers as Python's.
        text = repr(value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value)
        if len(text) <= _MOST and "\n" not in text and "0x" not in text:
            return text
    except Exception:
        pass
    return f"of type {type(value).__name__}"


def wrong(name: str, value: Any, expected: str) -> HoldfastError:
    """The error for an argument; `expected`: what it must be, as a clause."""
    return HoldfastError("invalid_value", f"{name} is {shown(value)}; {expected}")


def whole(name: str, value: Any, least: Optional[int] = None) -> int:
    """A whole number, of any type: one that isn't must not be cut to fit."""
    try:
        number = int(value)
        is_whole = bool(number == value)
    except Exception:
        number, is_whole = 0, False
    if least is not None and not (is_whole and least <= number < 2**63):
        raise wrong(name, value, f"it is a whole number from {least}")
    if not is_whole:
        raise HoldfastError("invalid_value", f"{name} is {shown(value)}, not a whole number")
    if not -(2**63) <= number < 2**63:
        raise HoldfastError("invalid_value", f"{name} is {shown(value)}, not a whole number of 64 bits")
    return number


def truth(name: str, value: Any) -> bool:
    """True or False, also as NumPy's or as 1 or 0; a text is neither, whatever it says."""
    try:
        return bool((False, True).index(value))
    except Exception:
        raise wrong(name, value, "it is True or False") from None


def number(name: str, value: Any) -> float:
    """A number, of any type."""
    try:
        return float(value)
    except Exception:
        raise wrong(name, value, "it is a number") from None


def seconds(
    name: str,
    value: Any,
    least: float = 1e-9,
    expected: str = "it is a number of seconds above 0",
    most: float = _MOST_SECONDS,
) -> float:
    """A number of seconds, of any type but a text."""
    try:
        time = math.nan if isinstance(value, str) else float(value)
    except Exception:
        time = math.nan
    if not time >= least:
        raise wrong(name, value, expected)
    if time > most:
        raise wrong(name, value, f"it is at most {most:g} seconds")
    return time


def patience(name: str, value: Any) -> float:
    """How many seconds something may take: below 0, as what is left until a deadline may be, is 0, and infinity very long."""
    time = seconds(name, value, -math.inf, "it is a number of seconds", math.inf)
    return max(0.0, min(time, _MOST_SECONDS))


def bound(name: str, value: Any) -> float:
    """An end of a range; NaN is none."""
    if isinstance(value, str) or number(name, value) != number(name, value):
        raise wrong(name, value, "it is a number")
    return number(name, value)


def text(name: str, value: Any) -> str:
    """A text that UTF-8 has."""
    if not isinstance(value, str):
        raise wrong(name, value, "it is a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong(name, value, "half of a surrogate pair is no text") from None
    return str(value)


def id_text(name: str, value: Any) -> str:
    """A text, or a number or path as one; None is missing, and no text."""
    return text(name, str(value) if isinstance(value, (Real, os.PathLike)) else value)


def path(name: str, value: Any) -> str:
    """The path of a file or folder, which need not be UTF-8."""
    given = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(given, str):
        raise wrong(name, value, "it is a path")
    return given


def listed(name: str, value: Any) -> List[Any]:
    """The members of a list, or of what is gone through like one; a text is none of its letters."""
    if isinstance(value, str):
        raise HoldfastError("invalid_value", f"{name} is a text; give a list: [{shown(value)}]")
    try:
        return list(value)
    except TypeError:
        raise wrong(name, value, "give a list") from None


def names_in(function: str, given: Iterable[str], known: Sequence[str]) -> None:
    """The names of arguments that a function passes on."""
    for name in given:
        if name not in known:
            raise HoldfastError(
                "invalid_value", f"{function} has no argument {name}{hint(name, known)}; it takes {', '.join(known)}"
            )


def members_in(name: str, given: Mapping[Any, Any], known: Sequence[str]) -> None:
    """The members of an object; the server would pass over one that it doesn't know, and the value would be lost."""
    for member in given:
        if member not in known:
            reason = f"{name} has {shown(member)}{hint(member, known)}; there are {', '.join(known)}"
            raise HoldfastError("invalid_value", reason)


def by_name(name: str, value: Any, expected: str) -> Mapping[Any, Any]:
    """A dictionary; `expected`: what it must be, as a clause."""
    if not isinstance(value, Mapping):
        raise wrong(name, value, expected)
    return value


def array_of(name: str, value: Any) -> Array:
    """An array, or what becomes one."""
    try:
        return Array.of(value)
    except Exception as error:
        raise HoldfastError("invalid_value", f"{name} can't be kept as an array: {error}") from None


def json_of(name: str, value: Any) -> Tuple[Any, bytes]:
    """What JSON has of a value, and its text."""
    try:
        there = plain(value)
        return there, dumps(there)
    except RecursionError:
        raise HoldfastError("invalid_value", f"{name} contains itself, or is nested too deeply for JSON") from None
    except Exception as error:
        raise HoldfastError("invalid_value", f"{name}: {error}") from None


def unless_none(check: Callable[[str, Any], T], name: str, value: Any) -> Optional[T]:
    """What another check makes of an argument that may be left away."""
    return None if value is None else check(name, value)
