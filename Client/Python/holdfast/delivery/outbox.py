"""The requests on their way, numbered: what to send next, and what an answer or a cut means.

It knows neither sockets nor time; its owner carries out what it returns. A number, once given, stays with its request until
the server settles it, so that sending it again does nothing twice; only when the server has forgotten acknowledged numbers
(it was restored from a backup) does the outbox take a new producer id.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Callable, Generic, List, NamedTuple, Optional, Tuple, TypeVar

Item = TypeVar("Item")


def new_producer() -> str:
    """An id under which requests are numbered."""
    return str(uuid.uuid4())


@dataclass
class _Entry(Generic[Item]):
    seq: int
    item: Item
    was_sent: bool = False
    #: Its id while an answer is outstanding on the present connection.
    id: Optional[int] = None


@dataclass
class Dispatch(Generic[Item]):
    """A request to send now: its id on the connection, its number, and whether it has never been sent."""

    id: int
    seq: int
    item: Item
    is_first: bool


class Consequence(NamedTuple):
    """What follows from an answer: a request that is done with, and whether to pause and then `resume`."""

    settled: Optional[object] = None
    pauses: bool = False


class Outbox(Generic[Item]):
    """A producer's requests that are not settled."""

    def __init__(self, producer: str, last_seq: int = 0, make: Callable[[], str] = new_producer) -> None:
        self.producer = producer
        #: The number given last.
        self.last_seq = last_seq
        self._make = make
        self._last_id = 0
        self._entries: List[_Entry[Item]] = []
        self._phase = "offline"  # then sending; stopping: answers are waited for; paused: until resumed
        self._needs_new_producer = False

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def is_empty(self) -> bool:
        """Whether all is settled."""
        return not self._entries

    def items(self) -> List[Item]:
        """The requests that are not settled, in order."""
        return [entry.item for entry in self._entries]

    def numbered(self) -> List[Tuple[int, Item]]:
        """The same with their numbers."""
        return [(entry.seq, entry.item) for entry in self._entries]

    @property
    def is_awaiting_answer(self) -> bool:
        """Whether an answer is outstanding."""
        return any(entry.id is not None for entry in self._entries)

    def add(self, item: Item) -> None:
        """Numbers a request; it is sent after all others."""
        self.last_seq += 1
        self._entries.append(_Entry(self.last_seq, item))

    def skip(self, through: int) -> None:
        """Numbers that are not given any more."""
        self.last_seq = max(self.last_seq, through)

    def next(self) -> Optional[Dispatch[Item]]:
        """The next request to send, if one may be sent."""
        if self._phase != "sending":
            return None
        for entry in self._entries:
            if entry.id is None:
                self._last_id += 1
                is_first, entry.id, entry.was_sent = not entry.was_sent, self._last_id, True
                return Dispatch(entry.id, entry.seq, entry.item, is_first)
        return None

    def connected(self, server_last_seq: int) -> bool:
        """A connection is up, and the server has answered `hello`; true when a new producer id had to be taken."""
        self._forget_ids()
        self._phase = "sending"
        settled = self._entries[0].seq - 1 if self._entries else self.last_seq
        # Behind what it settled: restored. Ahead of what was ever numbered: someone else wrote under this id.
        if settled <= server_last_seq <= self.last_seq:
            return False
        self._renumber()
        return True

    def discard(self, server_last_seq: int, fits: Callable[[Item], bool]) -> Tuple[List[Item], List[Item]]:
        """Takes out requests that a server with lower limits than before can't be sent, under a new producer id.

        Returns what the server knows already, which is settled without its answer, and what is lost.
        """
        known = [entry.item for entry in self._entries if entry.seq <= server_last_seq]
        rest = [entry for entry in self._entries if entry.seq > server_last_seq]
        lost = [entry.item for entry in rest if not fits(entry.item)]
        self._entries = [entry for entry in rest if fits(entry.item)]
        self._renumber()
        return known, lost

    def disconnected(self) -> None:
        """The connection is gone, and with it the answers to whatever was on its way."""
        self._forget_ids()
        self._phase = "offline"

    def settled(self, id: int) -> Consequence:
        """The server accepted the request with this id, or refused it for its content."""
        for index, entry in enumerate(self._entries):
            if entry.id == id:
                del self._entries[index]
                return Consequence(entry.item, self._pauses_now())
        return Consequence()

    def postponed(self, id: int, expected: Optional[int]) -> Consequence:
        """The server refused the request for its state, or expects another number."""
        for entry in self._entries:
            if entry.id == id:
                entry.id = None
                if expected is not None and expected < self._entries[0].seq:
                    self._needs_new_producer = True
                self._phase = "stopping"
                return Consequence(None, self._pauses_now())
        return Consequence()

    def resume(self) -> bool:
        """Sends again, in order, from the first request that is not settled; true when a new producer id had to be taken."""
        if self._phase != "paused":
            return False
        self._phase = "sending"
        if not self._needs_new_producer:
            return False
        self._renumber()
        return True

    def _pauses_now(self) -> bool:
        if self._phase != "stopping" or self.is_awaiting_answer:
            return False
        self._phase = "paused"
        return True

    def _forget_ids(self) -> None:
        for entry in self._entries:
            entry.id = None

    def _renumber(self) -> None:
        self.producer = self._make()
        self._needs_new_producer = False
        for index, entry in enumerate(self._entries):
            entry.seq = index + 1
        self.last_seq = len(self._entries)
