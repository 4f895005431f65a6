"""Small files of /proc and /sys."""

from __future__ import annotations

from typing import List, Optional


def read_text(path: str) -> Optional[str]:
    """A file's text; None where it can't be read."""
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace")
    except OSError:
        return None


def numbers_of(text: str) -> List[int]:
    """The whole numbers among the words."""
    return [int(word) for word in text.split() if word.isdigit()]


def number_in(path: str) -> Optional[int]:
    """The first number of a file."""
    numbers = numbers_of(read_text(path) or "")
    return numbers[0] if numbers else None
