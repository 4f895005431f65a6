"""Waiting on conditions, always with a deadline."""

import os
import signal
import threading
import time
import traceback

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


def ends(check, within):
    """Whether a check comes to its end, in a process of its own; one that fails there fails here."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            check()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0, "the check failed; what it said is on standard error"
            return True
        pause(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False
