"""Consecutive records of a spool that travel together, and how they are cut into requests.

Whoever resumes a spool must cut its batches into the same requests as whoever began to send them: the server knows requests
by their numbers only. So this follows the Swift SDK's Batch and BatchSplitter to the byte of a request's size.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

from ..errors import HoldfastError
from ..wire.array import Array, Bytes
from ..wire.connection import Limits
from ..wire.values import request
from . import columns
from .reader import Entry
from .records import (
    IMAGE,
    Action,
    GenerationRecord,
    MetricRecord,
    Observation,
    RequestRecord,
    ResourceRecord,
    SpoolDamage,
    StepRecord,
)

#: Parameters and the bytes of their arrays.
Encoded = Tuple[str, Dict[str, Any], List[Bytes]]

_LONGEST_PRODUCER = "0" * 36
_LARGEST = 2**63 - 1


class Content:
    """Records of one kind that make one request, or a few when they are too large for one."""

    def __init__(self, records: Sequence[Any], encode: Callable[[Sequence[Any]], Encoded]) -> None:
        self.records = records
        self.encode = encode

    def halves(self) -> List["Content"]:
        """The same in two."""
        middle = len(self.records) // 2
        return [Content(half, self.encode) for half in (self.records[:middle], self.records[middle:])]


class OutgoingRequest:
    """A request of the outbox: what it says and which records it settles."""

    def __init__(self, encoded: Encoded, records: int, size: Limits) -> None:
        self.method, self.params, self.attachments = encoded
        self.records = records
        #: Payload and attachments, in bytes, with the longest stamp.
        self.size = size
        #: What its records take in the spool.
        self.bytes = 0
        #: Its batch, and its place among the batch's requests.
        self.ordinal = 0
        self.part = 0
        #: The record whose answer somebody waits for.
        self.sequence = 0
        #: Which step it begins with, for people; empty when it has none.
        self.first_step = ""

    def fits(self, limits: Limits) -> bool:
        """Whether the server accepts it."""
        return self.size.payload <= limits.payload and self.size.attachments <= limits.attachments

    def payload(self, id: int, producer: Optional[str] = None, seq: int = 0) -> bytes:
        """The JSON to send."""
        stamp = {} if producer is None else {"producer": producer, "seq": seq}
        return request(self.method, {**self.params, **stamp}, self.attachments, id)


class Unsendable:
    """Records that can't be sent at all, and why."""

    def __init__(self, records: int, reason: str) -> None:
        self.records = records
        self.reason = reason
        self.bytes = 0


class _Steps:
    """Steps of one run that fit in the same columns."""

    def __init__(self, first: StepRecord) -> None:
        self.records = [first]
        self._frame = first.frame
        self._observation = first.observation

    def admits(self, record: StepRecord) -> bool:
        if not _same_action(self.records[-1].action, record.action):
            return False
        if record.frame is not None and self._frame is not None and not record.frame.has_layout_of(self._frame):
            return False
        if record.observation is None or self._observation is None:
            return True
        return _same_observation(record.observation, self._observation)

    def add(self, record: StepRecord) -> None:
        self.records.append(record)
        self._frame = record.frame if record.frame is not None else self._frame
        self._observation = record.observation if record.observation is not None else self._observation


def _same_action(one: Optional[Action], two: Optional[Action]) -> bool:
    """An action column has a value for every step, all of one layout."""
    if isinstance(one, Array) and isinstance(two, Array):
        return one.has_layout_of(two)
    return type(one) is type(two)


def _same_observation(one: Observation, two: Observation) -> bool:
    if isinstance(one, Array) or isinstance(two, Array):
        return isinstance(one, Array) and isinstance(two, Array) and one.has_layout_of(two)
    return one.keys() == two.keys() and all(array.has_layout_of(two[name]) for name, array in one.items())


class Batch:
    """Records from one place to another."""

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self.records = 0
        #: What they take in the spool.
        self.bytes = 0
        self.last_sequence = 0
        self._steps: List[_Steps] = []
        self._last_of_run: Dict[str, _Steps] = {}
        self._metrics: List[MetricRecord] = []
        self._resources: List[ResourceRecord] = []
        self._generations: List[GenerationRecord] = []
        self._images: List[RequestRecord] = []
        self._request: Optional[RequestRecord] = None

    def add(self, entry: Entry) -> bool:
        """Adds a record; false if it does not belong in this batch but in the next."""
        record = entry.record
        if self._request is not None:
            return False
        if isinstance(record, MetricRecord):
            self._metrics.append(record)
        elif isinstance(record, StepRecord):
            self._add_step(record)
        elif isinstance(record, ResourceRecord):
            self._resources.append(record)
        elif isinstance(record, GenerationRecord):
            self._generations.append(record)
        elif record.kind == IMAGE:
            self._images.append(record)
        elif self.records:
            return False
        else:
            self._request = record
        self.records += 1
        self.bytes += entry.size
        self.end = entry.end
        self.last_sequence = entry.sequence
        return True

    def _add_step(self, record: StepRecord) -> None:
        last = self._last_of_run.get(record.run_id)
        if last is not None and last.admits(record):
            last.add(record)
        else:
            self._last_of_run[record.run_id] = added = _Steps(record)
            self._steps.append(added)

    def contents(self) -> List[Content]:
        """The same for the same records, whoever reads them."""
        if self._request is not None:
            return [Content([self._request], _request)]
        contents = [Content(steps.records, columns.steps) for steps in self._steps]
        for records, encode in (
            (self._metrics, columns.metrics),
            (self._resources, columns.resources),
            (self._generations, columns.generations),
            (self._images, _images),
        ):
            if records:
                contents.append(Content(records, encode))
        return contents

    def split(self, limits: Limits) -> Tuple[List[OutgoingRequest], List[Unsendable]]:
        """The requests in order, none larger than the server accepts, and what can't be sent at all."""
        parts: List[Union[OutgoingRequest, Unsendable]] = []
        for content in self.contents():
            _cut(content, limits, parts)
        share, left = self.bytes // max(self.records, 1), self.bytes
        requests: List[OutgoingRequest] = []
        unsendable: List[Unsendable] = []
        for index, part in enumerate(parts):
            # The last part takes the rest, so that the parts add up to the batch.
            part.bytes = left if index == len(parts) - 1 else part.records * share
            left -= part.bytes
            if isinstance(part, Unsendable):
                unsendable.append(part)
            else:
                part.part = len(requests)
                part.sequence = self.last_sequence if self._request is not None else 0
                requests.append(part)
        return requests, unsendable


def _cut(content: Content, limits: Limits, parts: List[Union[OutgoingRequest, Unsendable]]) -> None:
    count = len(content.records)
    try:
        encoded = content.encode(content.records)
        size = _size(encoded)
        if size.payload <= limits.payload and size.attachments <= limits.attachments:
            outgoing = OutgoingRequest(encoded, count, size)
            first = content.records[0]
            if isinstance(first, StepRecord):
                outgoing.first_step = f'step {first.index} of episode "{first.episode_id}"'
            parts.append(outgoing)
            return
        reason = (
            f"{encoded[0]} takes {size.payload} bytes of JSON and {size.attachments} of attachments; the server accepts "
            f"{limits.payload} and {limits.attachments}"
        )
    except (HoldfastError, SpoolDamage) as error:
        reason = str(error)
    if count <= 1:
        parts.append(Unsendable(count, reason))
    else:
        for half in content.halves():
            _cut(half, limits, parts)


def _size(encoded: Encoded) -> Limits:
    """The size of a request under the longest stamp."""
    method, params, attachments = encoded
    stamp = {"producer": _LONGEST_PRODUCER, "seq": _LARGEST}
    payload = request(method, {**params, **stamp}, attachments, _LARGEST)
    return Limits(len(payload), sum(len(data) for data in attachments))


def _request(records: Sequence[RequestRecord]) -> Encoded:
    return records[0].method, records[0].params, list(records[0].attachments)


def _images(records: Sequence[RequestRecord]) -> Encoded:
    images: List[Dict[str, Any]] = []
    blobs: List[Bytes] = []
    for record in records:
        try:
            image = dict(record.params["images"][0])
            if isinstance(image.get("image"), dict):
                data = record.attachments[image["image"]["attachment"]]
                blobs.append(data)
                image["image"] = {**image["image"], "attachment": len(blobs) - 1}
        except (KeyError, IndexError, TypeError) as error:
            raise SpoolDamage(f"an image that is none: {error!r}") from None
        images.append(image)
    return "images.insert", {"images": images}, blobs
