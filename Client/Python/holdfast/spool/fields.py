"""Records as they are read from a spool."""

from __future__ import annotations

import json
import struct
from typing import Any, Dict, Tuple

from ..wire.array import DTYPES, Array
from .records import (
    GENERATION,
    IMAGE,
    METRIC,
    REQUEST,
    RESOURCE,
    STEP,
    GenerationRecord,
    MetricRecord,
    Record,
    RequestRecord,
    ResourceRecord,
    SpoolDamage,
    StepRecord,
)


class _Fields:
    """Reads fields one behind the other; what is not there is damage."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.place = 0

    def numbers(self, layout: str) -> Tuple[Any, ...]:
        try:
            values = struct.unpack_from("<" + layout, self.data, self.place)
        except struct.error as error:
            raise SpoolDamage(str(error)) from None
        self.place += struct.calcsize("<" + layout)
        return values

    def bytes(self, count: int) -> memoryview:
        if count > len(self.data) - self.place:
            raise SpoolDamage(f"{count} bytes are announced, {len(self.data) - self.place} are there")
        self.place += count
        return self.data[self.place - count : self.place]

    def text(self) -> str:
        try:
            return str(self.bytes(self.numbers("I")[0]), "utf-8")
        except UnicodeDecodeError as error:
            raise SpoolDamage(str(error)) from None

    def optional(self, layout: str, is_there: int) -> Any:
        return self.numbers(layout)[0] if is_there else None

    def array(self) -> Array:
        code, rank = self.numbers("BB")
        *shape, count = self.numbers(f"{rank}qQ")
        if code >= len(DTYPES):
            raise SpoolDamage(f"dtype {code}")
        return Array(DTYPES[code], shape, self.bytes(count))


def read(data: memoryview) -> Record:
    """The record of a payload; raises SpoolDamage."""
    fields = _Fields(data)
    (kind,) = fields.numbers("B")
    reader = _READERS.get(kind)
    if reader is None:
        raise SpoolDamage(f"a record of kind {kind}")
    try:
        record: Record = reader(fields)
    except SpoolDamage:
        raise
    except Exception as error:
        raise SpoolDamage(str(error)) from None
    return record


def _metric(fields: _Fields) -> MetricRecord:
    has, timestamp, value = fields.numbers("Bdd")
    step, round, epoch = (fields.optional("q", has & bit) for bit in (1, 2, 4))
    run_id, name = fields.text(), fields.text()
    return MetricRecord(run_id, name, value, timestamp, step, round, epoch, fields.text() if has & 8 else None)


def _resource(fields: _Fields) -> ResourceRecord:
    timestamp, value, process = fields.numbers("ddq")
    run_id, type, name, unit, host = (fields.text() for _ in range(5))
    return ResourceRecord(run_id, type, name, value, unit, host, process, timestamp)


def _generation(fields: _Fields) -> GenerationRecord:
    has, timestamp, duration, process = fields.numbers("Bddq")
    round, chunk, samples = (fields.optional("q", has & bit) for bit in (1, 2, 4))
    memory = fields.optional("d", has & 8)
    run_id, operation = fields.text(), fields.text()
    return GenerationRecord(run_id, operation, duration, process, timestamp, round, chunk, samples, memory)


def _step(fields: _Fields) -> StepRecord:
    has, timestamp, index, reward, terminated, truncated = fields.numbers("BdqdBB")
    run_id, episode = fields.text(), fields.text()
    record = StepRecord(run_id, episode, index, reward, terminated != 0, truncated != 0, timestamp)
    if has & 1:
        (kind,) = fields.numbers("B")
        if kind > 2:
            raise SpoolDamage(f"an action of kind {kind}")
        record.action = fields.array() if kind == 2 else fields.numbers("qd"[kind])[0]
    if has & 2:
        record.frame = fields.array()
    if has & 4:
        if fields.numbers("B")[0] == 1:
            (count,) = fields.numbers("I")
            record.observation = {fields.text(): fields.array() for _ in range(count)}
        else:
            record.observation = fields.array()
    if has & 8:
        record.info = bytes(fields.bytes(fields.numbers("I")[0]))
    return record


def _request(kind: int, fields: _Fields) -> RequestRecord:
    method = fields.text()
    (count,) = fields.numbers("I")
    params = json.loads(bytes(fields.bytes(fields.numbers("I")[0])))
    attachments = [fields.bytes(fields.numbers("I")[0]) for _ in range(count)]
    return RequestRecord(method, params, attachments, kind)


_READERS: Dict[int, Any] = {
    METRIC: _metric,
    RESOURCE: _resource,
    GENERATION: _generation,
    STEP: _step,
    IMAGE: lambda fields: _request(IMAGE, fields),
    REQUEST: lambda fields: _request(REQUEST, fields),
}
