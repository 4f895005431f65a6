"""Words for people."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """`1 spool`, `2 spools`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
