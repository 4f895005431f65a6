"""Sends the spools that other processes left for the same server, or that forked children fill."""

from __future__ import annotations

import threading
import time
from typing import Dict, Optional

from ..address import Address
from ..errors import ServerError
from ..options import Options
from ..spool.folder import SpoolFolder
from .left import LeftSpools
from .problem import DeliveryStatistics
from .sender import Sender

#: How many spools are sent at once, and how often the folder is looked through, in seconds.
_MOST, _INTERVAL = 16, 5.0


class Drains:
    """The senders of one directory's left spools."""

    def __init__(
        self,
        directory: str,
        server: Optional[str],
        address: Address,
        token: Optional[str],
        options: Options,
        left: Optional[LeftSpools] = None,
    ) -> None:
        """`server`: whose spools, as host:port or tls://host:port; None: everyone's, all sent to the address. `left`: of those
        who send spools of the same directory to other servers."""
        self._directory, self._server = directory, server
        self._address, self._token, self._options = address, token, options
        self._changed = threading.Condition()
        self._senders: Dict[str, Sender] = {}
        self._is_stopped = False
        self._thread: Optional[threading.Thread] = None
        #: Of spools that are finished.
        self.counts = DeliveryStatistics()
        self._left = left or LeftSpools(options)

    def start(self) -> None:
        """Looks through the folder now and every few seconds from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="holdfast-drains", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._is_stopped:
            self._left.retry()
            self.scan()
            with self._changed:
                self._changed.wait(_INTERVAL)

    def scan(self) -> None:
        """Begins to send what nobody sends."""
        SpoolFolder.remove_unfinished(self._directory)
        for folder in SpoolFolder.all(self._directory):
            with self._changed:
                if self._is_stopped or len(self._senders) >= _MOST:
                    return
                if folder.path in self._senders:
                    continue
                queue = self._left.open(folder, self._server)
                if queue is None:
                    continue
                try:
                    sender = Sender(self._address, self._token, self._options, queue=queue, on_done=self._finished)
                except Exception as error:
                    queue.close()
                    self._left.add_unreadable(folder, error)
                    continue
                self._senders[folder.path] = sender
            sender.start()

    def _finished(self, sender: Sender) -> None:
        with self._changed:
            for path, other in list(self._senders.items()):
                if other is sender:
                    del self._senders[path]
                    if sender.trouble:
                        self._left.add_unreadable(SpoolFolder(path), sender.trouble)
            if sender.is_damaged:
                self._left.damaged += 1
            self.counts.acknowledged += sender.counts.acknowledged
            self.counts.rejected += sender.counts.rejected
            self._changed.notify_all()

    def wait(self, timeout: float, for_living: bool) -> None:
        """Waits until no spool is left to send; those that a living process still fills only if asked for."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.scan()
            with self._changed:
                senders = list(self._senders.values())
                if not senders or not (for_living or any(sender.folder_is_abandoned for sender in senders)):
                    return
                if self.refusal:
                    return
                self._changed.wait(min(0.05, max(0.0, deadline - time.monotonic())))

    @property
    def refusal(self) -> Optional[ServerError]:
        """That the token lacks the role, so that nothing comes of trying again."""
        return next((sender.refusal for sender in list(self._senders.values()) if sender.refusal), None)

    def stop(self, timeout: float) -> None:
        """Gives up; what is not sent stays where it is."""
        deadline = time.monotonic() + timeout
        with self._changed:
            self._is_stopped = True
            senders = list(self._senders.values())
            self._changed.notify_all()
        for sender in senders:
            sender.stop(deadline - time.monotonic())

    def close_in_child(self) -> None:
        """After fork(): the connections are the parent's."""
        self._is_stopped = True
        for sender in self._senders.values():
            sender.close_in_child()
