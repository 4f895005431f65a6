"""Settings of a client; the defaults suit a training process on the server's machine or near it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from .checks import seconds, truth, whole, wrong
from .delivery.problem import DeliveryProblem
from .version import VERSION

#: The least of each number. A spool has at least one segment; with fewer bytes than this each record would be a file.
_LEAST = {
    "batch_records": 1,
    "batch_bytes": 1,
    "largest_batch_records": 1,
    "spool_bytes": 64 << 10,
    "spool_segment_bytes": 64 << 10,
    "requests_in_flight": 1,
    "bytes_in_flight": 1,
}
#: Numbers of seconds above 0: without a pause between two attempts there would be time for nothing else.
_SECONDS = (
    "batch_delay", "request_timeout", "connect_timeout", "first_retry_delay", "longest_retry_delay", "heartbeat_interval",
)  # fmt: skip


@dataclass
class Options:
    """How records are batched, kept and sent; times in seconds, sizes in bytes.

    Raises HoldfastError for a setting that can't be.
    """

    #: What is logged is sent when so many records wait,
    batch_records: int = 100
    #: or when they take so many bytes; a request has about so many at most,
    batch_bytes: int = 8 << 20
    #: or when the oldest of them is this old.
    batch_delay: float = 5.0
    #: The most records of a request.
    largest_batch_records: int = 10_000

    #: How many bytes of records may wait in the spool.
    spool_bytes: int = 1 << 30
    #: The size of the spool's files.
    spool_segment_bytes: int = 8 << 20
    #: "block" waits while the spool is full, "drop" drops, counts and reports the record.
    metrics_when_full: str = "block"
    steps_when_full: str = "block"
    resources_when_full: str = "drop"
    #: Whether spools that other processes left for the same server are sent, too.
    sends_left_spools: bool = True

    #: How often what the machine and this process use is logged to open runs; None: not at all.
    resource_interval: Optional[float] = 1.0
    #: Whether SIGTERM, where the program leaves it to the system, ends the process only after what is in the spool was
    #: sent, or five seconds.
    flushes_on_termination: bool = True

    #: How many unanswered requests, and bytes of them, are on their way at once.
    requests_in_flight: int = 8
    bytes_in_flight: int = 24 << 20
    #: How long an answer, or any sign of progress, may take before the connection counts as dead.
    request_timeout: float = 30.0
    connect_timeout: float = 10.0
    #: How long the start of a run waits for the server.
    start_timeout: float = 5.0
    #: The bounds of the random delays before new attempts: the first, which doubles, and the last.
    first_retry_delay: float = 0.1
    longest_retry_delay: float = 30.0
    #: How often an open run tells the server that its process lives.
    heartbeat_interval: float = 15.0

    #: The name/version that the server's log shows.
    client_name: str = f"holdfast-python/{VERSION}"
    #: Told of each problem of delivery, on a thread of the client; it must return soon.
    on_problem: Optional[Callable[[DeliveryProblem], None]] = None

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            setattr(self, name, whole(f"Options.{name}", getattr(self, name), least))
        for name in _SECONDS:
            setattr(self, name, seconds(f"Options.{name}", getattr(self, name)))
        self.start_timeout = seconds("Options.start_timeout", self.start_timeout, 0.0, "it is a number of seconds from 0")
        if self.resource_interval is not None:
            expected = "it is a number of seconds above 0, or None: not at all"
            self.resource_interval = seconds("Options.resource_interval", self.resource_interval, expected=expected)
        for name in ("metrics_when_full", "steps_when_full", "resources_when_full"):
            if getattr(self, name) not in ("block", "drop"):
                raise wrong(f"Options.{name}", getattr(self, name), 'it is "block" or "drop"')
        for name in ("sends_left_spools", "flushes_on_termination"):
            setattr(self, name, truth(f"Options.{name}", getattr(self, name)))
        if not isinstance(self.client_name, str):
            raise wrong("Options.client_name", self.client_name, "it is a text such as name/version")
        if self.on_problem is not None and not callable(self.on_problem):
            raise wrong("Options.on_problem", self.on_problem, "it is a function that takes a DeliveryProblem, or None")

