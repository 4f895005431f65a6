"""The payloads of records, as PROTOCOL.md describes them."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Union

from ..wire.array import CODES, Array, Bytes
from ..wire.values import dumps

METRIC, RESOURCE, GENERATION, STEP, IMAGE, REQUEST = 1, 2, 3, 4, 5, 6

#: What a payload is made of: written one behind the other.
Parts = List[Bytes]
Observation = Union[Array, Dict[str, Array]]
Action = Union[int, float, Array]

# What the server takes for a time: the years 1 to 9999.
_EARLIEST, _LATEST = -62_135_596_800.0, 253_402_300_799.0


class SpoolDamage(Exception):
    """A spool has bytes that are not what was written."""


def text(value: str) -> bytes:
    """A text with its byte count ahead."""
    data = value.encode()
    return struct.pack("<I", len(data)) + data


def _integers(values: Sequence[Optional[int]]) -> bytes:
    return b"".join(struct.pack("<q", value) for value in values if value is not None)


def _bits(values: Sequence[object]) -> int:
    return sum(1 << place for place, value in enumerate(values) if value is not None)


@dataclass
class MetricRecord:
    """One value of one training metric."""

    run_id: str
    name: str
    value: float
    timestamp: float
    step: Optional[int] = None
    round: Optional[int] = None
    epoch: Optional[int] = None
    phase: Optional[str] = None

    def parts(self) -> Parts:
        """The payload."""
        numbers = (self.step, self.round, self.epoch)
        head = struct.pack("<BBdd", METRIC, _bits((*numbers, self.phase)), self.timestamp, self.value)
        phase = b"" if self.phase is None else text(self.phase)
        return [head + _integers(numbers) + text(self.run_id) + text(self.name) + phase]


@dataclass
class ResourceRecord:
    """One reading of one system resource."""

    run_id: str
    type: str
    name: str
    value: float
    unit: str
    hostname: str
    process_id: int
    timestamp: float

    def parts(self) -> Parts:
        """The payload."""
        head = struct.pack("<Bddq", RESOURCE, self.timestamp, self.value, self.process_id)
        return [head + b"".join(map(text, (self.run_id, self.type, self.name, self.unit, self.hostname)))]


@dataclass
class GenerationRecord:
    """One finished piece of data generation; the duration in seconds, the memory in MB of 2^20 bytes."""

    run_id: str
    operation: str
    duration: float
    process_id: int
    timestamp: float
    round: Optional[int] = None
    chunk: Optional[int] = None
    samples: Optional[int] = None
    memory: Optional[float] = None

    def parts(self) -> Parts:
        """The payload."""
        numbers = (self.round, self.chunk, self.samples)
        bits = _bits((*numbers, self.memory))
        head = struct.pack("<BBddq", GENERATION, bits, self.timestamp, self.duration, self.process_id)
        memory = b"" if self.memory is None else struct.pack("<d", self.memory)
        return [head + _integers(numbers) + memory + text(self.run_id) + text(self.operation)]


@dataclass
class StepRecord:
    """One step of an environment."""

    run_id: str
    episode_id: str
    index: int
    reward: float
    terminated: bool
    truncated: bool
    timestamp: float
    action: Optional[Action] = None
    frame: Optional[Array] = None
    observation: Optional[Observation] = None
    #: JSON
    info: Optional[bytes] = None

    def parts(self) -> Parts:
        """The payload."""
        bits = _bits((self.action, self.frame, self.observation, self.info))
        flags = (bool(self.terminated), bool(self.truncated))
        head = struct.pack("<BBdqd??", STEP, bits, self.timestamp, self.index, self.reward, *flags)
        parts: Parts = [head + text(self.run_id) + text(self.episode_id) + _action(self.action)]
        if isinstance(self.action, Array):
            parts += _array(self.action)
        if self.frame is not None:
            parts += _array(self.frame)
        if isinstance(self.observation, Array):
            parts += [b"\0", *_array(self.observation)]
        elif self.observation is not None:
            parts.append(struct.pack("<BI", 1, len(self.observation)))
            for name, array in sorted(self.observation.items()):
                parts += [text(name), *_array(array)]
        if self.info is not None:
            parts += [struct.pack("<I", len(self.info)), self.info]
        return parts

    def fault(self) -> Optional[str]:
        """Why the server would refuse the step for itself, so that it does not take its whole batch along."""
        size = len(self.episode_id.encode())
        if not 1 <= size <= 512 or "\0" in self.episode_id:
            return "an episode id has 1 to 512 bytes, none of them 0"
        if not 0 <= self.index < 2**63:
            return f"the step index is {self.index}; it must be at least 0"
        if math.isnan(self.reward):
            return "the reward is NaN"
        if not _EARLIEST <= self.timestamp <= _LATEST:
            return f"the timestamp is {self.timestamp}; it must be in UNIX seconds"
        if self.info is not None and len(self.info) > 1 << 20:
            return "its info takes more than 1 MiB"
        if isinstance(self.observation, dict) and len(self.observation) > 64:
            return "its observation has more than 64 arrays"
        if isinstance(self.action, int) and not -(2**31) <= self.action < 2**31:
            return f"the action {self.action} does not fit 32 bits"
        return None


def _action(action: Optional[Action]) -> bytes:
    if action is None:
        return b""
    if isinstance(action, Array):
        return b"\2"
    if isinstance(action, float):
        return struct.pack("<Bd", 1, action)
    return struct.pack("<Bq", 0, action)


def _array(array: Array) -> Parts:
    shape = array.shape
    head = struct.pack(f"<BB{len(shape)}qQ", CODES[array.dtype], len(shape), *shape, len(array.data))
    return [head, array.data]


@dataclass
class RequestRecord:
    """A request that travels among the records, or as kind 5 an image to label."""

    method: str
    params: Dict[str, Any]
    attachments: Sequence[Bytes] = field(default_factory=list)
    kind: int = REQUEST

    def parts(self) -> Parts:
        """The payload."""
        head = struct.pack("<B", self.kind) + text(self.method) + struct.pack("<I", len(self.attachments))
        parts: Parts = [head]
        for data in (dumps(self.params), *self.attachments):
            parts += [struct.pack("<I", len(data)), data]
        return parts


Record = Union[MetricRecord, ResourceRecord, GenerationRecord, StepRecord, RequestRecord]
