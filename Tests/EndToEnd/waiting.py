"""Waiting on conditions, always with a deadline."""

import threading
import time

_never = threading.Event()


def pause(seconds):
    """Gives other processes the processor between two looks at a condition."""
    _never.wait(seconds)


def eventually(condition, what, within=10.0, every=0.01):
    """Returns the first true value of `condition()`; fails with `what` when none came in time."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"expected within {within} s: {what}"
        pause(every)
