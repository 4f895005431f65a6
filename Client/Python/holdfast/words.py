"""Words for people."""

from __future__ import annotations

import difflib
from typing import Iterable


def plural(count: int, noun: str) -> str:
    """`1 spool`, `2 spools`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def hint(name: object, known: Iterable[str]) -> str:
    """What a name that is none of those known was probably meant to be, to be added to what is said of it."""
    near = difflib.get_close_matches(str(name), list(known), 1, 0.6)
    return f" (should it be {near[0]}?)" if near else ""
