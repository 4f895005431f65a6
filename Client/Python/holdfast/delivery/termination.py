"""Ends what is open when the process ends: at its regular end, and at SIGTERM where the program does not handle it itself."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, List, Optional, Set

if TYPE_CHECKING:
    from .delivery import Delivery

#: How long that may take, in seconds; what is not sent by then stays in the spool.
PATIENCE = 5.0

_deliveries: "Set[Delivery]" = set()
_lock = threading.Lock()
_is_listening = False
_is_ending = False
_process = os.getpid()
_waker: Optional[socket.socket] = None


def add(delivery: "Delivery") -> None:
    """Has a client's records sent before the process ends."""
    global _is_listening
    _deliveries.add(delivery)
    with _lock:
        if not _is_listening:
            _is_listening = True
            atexit.register(_at_exit)
        if delivery.options.flushes_on_termination:
            _catch()


def remove(delivery: "Delivery") -> None:
    """A client was closed."""
    _deliveries.discard(delivery)


def _catch() -> None:
    global _waker
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        return
    signal.signal(signal.SIGTERM, _terminated)
    # The handler runs between two instructions of the main thread, which may be busy elsewhere for long: a thread of its
    # own learns of the signal at once.
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    previous = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    if previous != -1:
        signal.set_wakeup_fd(previous)
        return
    _waker = writer
    threading.Thread(target=_listen, args=(reader,), name="holdfast-signals", daemon=True).start()


def _listen(reader: socket.socket) -> None:
    while True:
        try:
            data = reader.recv(64)
        except OSError:
            return
        if not data:
            return
        if signal.SIGTERM in data and signal.getsignal(signal.SIGTERM) is _terminated:
            _end_by(signal.SIGTERM)


def _terminated(number: int, frame: Any) -> None:
    # Not here: what this thread was doing may hold a lock that the end needs.
    threading.Thread(target=_end_by, args=(number,), name="holdfast-termination", daemon=True).start()


def _end_by(number: int) -> None:
    global _is_ending
    with _lock:
        if _is_ending or os.getpid() != _process:
            return
        _is_ending = True
    close_all(PATIENCE)
    _default_and_kill(number)


def _default_and_kill(number: int) -> None:
    # signal.signal is for the main thread only; the C library's is for all.
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.signal.argtypes, libc.signal.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
    libc.signal(int(number), None)
    os.kill(os.getpid(), number)


def close_all(timeout: float) -> None:
    """Closes every client at once; takes no longer than the time given, in seconds."""
    deadline = time.monotonic() + timeout
    threads: List[threading.Thread] = []
    for delivery in list(_deliveries):
        thread = threading.Thread(target=delivery.close, args=(timeout,), daemon=True)
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join(max(0.0, deadline + 0.5 - time.monotonic()))


def _failed() -> bool:
    """Whether the process ends by an exception that nobody caught."""
    return hasattr(sys, "last_type") and not hasattr(sys, "ps1") and not sys.flags.interactive


def _at_exit() -> None:
    if os.getpid() != _process:
        return
    status = "failed" if _failed() else "finished"
    for delivery in list(_deliveries):
        delivery.finish_runs(status)
    close_all(PATIENCE)


def _in_child() -> None:
    global _is_listening, _is_ending, _process, _lock
    _lock = threading.Lock()
    _is_listening = _is_ending = False
    _process = os.getpid()
    atexit.unregister(_at_exit)
    if _waker is not None and signal.getsignal(signal.SIGTERM) is _terminated:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
    for delivery in list(_deliveries):
        delivery.after_fork_in_child()
    _deliveries.clear()


os.register_at_fork(after_in_child=_in_child)
