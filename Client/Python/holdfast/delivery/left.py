"""The spools that other processes left in a directory, and what is wrong with some of them."""

from __future__ import annotations

import errno
from typing import Dict, Optional, Set, Tuple

from ..options import Options
from ..spool.folder import SpoolFolder
from ..spool.queue import SpoolQueue
from ..spool.records import SpoolDamage
from .problem import LOGGER, DeliveryProblem, Reporter


class LeftSpools:
    """What was found out about the spools of one directory."""

    def __init__(self, options: Options) -> None:
        self._reporter = Reporter(options.on_problem)
        self._told: Set[Tuple[str, str]] = set()
        #: How many were set aside, since they are damaged.
        self.damaged = 0
        #: The folders of those that can't be read, and why; they are let alone.
        self.unreadable: Dict[str, str] = {}

    def open(self, folder: SpoolFolder, server: Optional[str]) -> Optional[SpoolQueue]:
        """The sending end of a spool; None if it is not for this server, or someone sends it already, or it can't be read.

        With no server: whichever it is for.
        """
        if folder.path in self.unreadable:
            return None
        try:
            queue = SpoolQueue.left(folder, server)
            if queue is None or queue.follows_its_origin():
                return queue
            queue.close()
        except SpoolDamage as damage:
            self._give_up(folder, damage)
        except FileNotFoundError:  # somebody else has sent it meanwhile, and removed it
            pass
        except OSError as error:
            self.add_unreadable(folder, error)
        return None

    def add_unreadable(self, folder: SpoolFolder, error: Exception) -> None:
        """A spool that the system doesn't give, or that nothing can be made of."""
        reason = repr(error)
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            if error.errno in (errno.EACCES, errno.EPERM):
                reason += "; run this as its owner"
        self.unreadable[folder.path] = reason
        if (folder.path, reason) not in self._told:
            self._told.add((folder.path, reason))
            LOGGER.info("the spool %s can't be read: %s", folder.path, reason)

    def retry(self) -> None:
        """Those that can't be read may be readable by now."""
        self.unreadable.clear()

    def _give_up(self, folder: SpoolFolder, damage: SpoolDamage) -> None:
        """Of a spool whose state is lost nobody knows what was sent."""
        if not folder.is_abandoned():
            return
        if folder.is_blank():
            return folder.remove()
        try:
            place = folder.set_aside()
        except FileNotFoundError:  # somebody else was first
            return
        except OSError as error:
            return self.add_unreadable(folder, error)
        self.damaged += 1
        message = f"what was sent of a spool is not known any more, since {damage}; it was set aside as {place}"
        self._reporter.report(DeliveryProblem("damaged", 0, message))
