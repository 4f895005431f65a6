"""What a batch is going to do, and what it did."""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable, Dict, Iterator, List, Optional, Union

from .combinations import Location

#: In a plan: run, hit and missing; in a report also done, failed and skipped.
STATUSES = ("run", "hit", "missing", "done", "failed", "skipped")


class Entry:
    """One combination: its metadata, its status, and why."""

    def __init__(self, metadata: Location, status: str, why: Union[str, Callable[[], str]]) -> None:
        self.metadata = metadata
        self.status = status
        self._why = why
        #: What was raised, in a report.
        self.error: Optional[BaseException] = None
        #: The outputs' records, as far as they are known.
        self.record_ids: List[str] = []
        #: Seconds that it took.
        self.duration = 0.0

    @property
    def why(self) -> str:
        """The reason; of what is to run again it is asked for when it is first looked at."""
        if not isinstance(self._why, str):
            self._why = self._why()
        return self._why

    @why.setter
    def why(self, reason: str) -> None:
        self._why = reason

    def __str__(self) -> str:
        where = ", ".join(f"{name}={value}" for name, value in self.metadata.items())
        return f"{self.status:8}{where}" + (f": {self.why}" if self.why else "")

    def __repr__(self) -> str:
        return f"<{self}>"


class Report:
    """The entries of all combinations, in their order."""

    def __init__(self, entries: List[Entry], is_dry: bool = False) -> None:
        self.entries = entries
        self.is_dry = is_dry

    @property
    def counts(self) -> Dict[str, int]:
        """How many there are of each status."""
        counted = Counter(entry.status for entry in self.entries)
        return {status: counted[status] for status in STATUSES if counted[status]}

    def of(self, status: str) -> List[Entry]:
        """The entries of a status."""
        return [entry for entry in self.entries if entry.status == status]

    @property
    def is_complete(self) -> bool:
        """Whether every combination's outputs are there."""
        return all(entry.status in ("done", "hit") for entry in self.entries)

    def raise_first(self) -> None:
        """Raises the first error there was, if any."""
        for entry in self.of("failed"):
            if entry.error is not None:
                raise entry.error

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __str__(self) -> str:
        head = ", ".join(f"{count} {status}" for status, count in self.counts.items()) or "no combinations"
        return "\n".join([head, *map(str, self.entries)])


def first_line(error: BaseException) -> str:
    """An error in one line."""
    text: Any = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text}"
