"""Packages that are used when they are there."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import missing_package

_numpy: Any = False


def numpy() -> Any:
    """NumPy, or None where it isn't installed."""
    global _numpy
    if _numpy is False:
        try:
            _numpy = importlib.import_module("numpy")
        except ImportError:
            _numpy = None
    return _numpy



def require(name: str, purpose: str) -> Any:
    """A package; raises HoldfastError with missing_package."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise missing_package(name.split(".")[0], purpose, error) from None
