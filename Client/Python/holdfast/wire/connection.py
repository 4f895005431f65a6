"""One TCP connection: frames out, frames in, `hello` first."""

from __future__ import annotations

import json
import math
import mmap
import select
import socket
import struct
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Deque, Dict, List, NamedTuple, Optional, Sequence, Tuple, Type, Union

from ..address import Address
from ..errors import HoldfastError, ServerError
from .array import Bytes
from .values import request

if TYPE_CHECKING:
    from .tls import Certificate

_LENGTH = struct.Struct(">I")
_LARGE = 4 << 20
_LONGEST_WAIT = 3_600_000  # milliseconds
#: The longest payload that a server sends, and the longest with which it answers `hello`, in bytes.
_LONGEST, _LONGEST_GREETING = 1 << 30, 1 << 20


def block(size: int) -> Union[bytearray, mmap.mmap]:
    """Memory to receive into. Much of it comes in large pages where there are such, and without zeros being written to it
    first: both take longer than to receive."""
    if size < _LARGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return bytearray(size)
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        block.madvise(mmap.MADV_HUGEPAGE)
    except OSError:  # A kernel without them.
        pass
    return block


class Limits(NamedTuple):
    """The largest frame that the server accepts, in bytes."""

    payload: int = 16 << 20
    attachments: int = 256 << 20


class Response(NamedTuple):
    """An answer: a result with its arrays' bytes, or an error."""

    id: Optional[int]
    result: Dict[str, Any]
    attachments: Sequence[Bytes]
    error: Optional[ServerError]


class Greeting(NamedTuple):
    """Who calls, and whose last seq is asked for."""

    client: str
    token: Optional[str] = None
    producer: Optional[str] = None


class Connection:
    """A connection that is greeted; it writes and reads only in `pump`, so that neither side ever waits for the other."""

    def __init__(self, address: Address, greeting: Greeting, connect_timeout: float, timeout: float) -> None:
        self._address = address
        self._outgoing: Deque[memoryview] = deque()
        self._ready: List[Response] = []
        self._stage = "length"
        self._payload: Dict[str, Any] = {}
        self._longest = _LONGEST_GREETING
        self._expect(4)
        try:
            self._socket = socket.create_connection((address.host, address.port), timeout=connect_timeout)
        except (OSError, UnicodeError) as error:  # UnicodeError: of a host whose name none can have
            hint = "; is holdfast serve running there?" if isinstance(error, ConnectionRefusedError) else ""
            raise HoldfastError("unreachable", f"no connection to the server at {address}: {error}{hint}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        #: What the server showed; None without TLS.
        self.certificate: Optional[Certificate] = None
        self._would_block: Tuple[Type[OSError], ...] = (BlockingIOError,)
        if address.is_secure:
            self._secure()
        self._socket.setblocking(False)
        self.last_progress = time.monotonic()
        try:
            self._greet(greeting, timeout)
        except BaseException:
            self.close()
            raise

    def _secure(self) -> None:
        from . import tls  # Most have none, and its import takes time.

        self._would_block += tls.WOULD_BLOCK
        secure = tls.secured(self._socket, self._address)
        self.certificate = tls.certificate(secure)
        self._socket = secure

    def _greet(self, greeting: Greeting, timeout: float) -> None:
        hello: Dict[str, Any] = {"protocol": 1, "client": greeting.client}
        if greeting.token is not None:
            hello["token"] = greeting.token
        if greeting.producer is not None:
            hello["producer"] = greeting.producer
        self.send(request("hello", hello, [], 0), [])
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise HoldfastError("timeout", f"the server at {self._address} has not answered in time")
            answers = self.pump(left)
            if answers:
                break
        if answers[0].error:
            raise answers[0].error
        try:
            limits = answers[0].result["limits"]
            self.limits = Limits(int(limits["payload"]), int(limits["attachments"]))
            self.server = str(answers[0].result["server"])
            producer = answers[0].result.get("producer") or {}
            self.last_seq = int(producer.get("last_seq", 0))
        except (KeyError, TypeError, ValueError):
            raise self._violation() from None
        self._longest = _LONGEST

    def fileno(self) -> int:
        """Of the socket; -1 when it is closed."""
        return self._socket.fileno()

    @property
    def has_outgoing(self) -> bool:
        """Whether something is to be written yet."""
        return bool(self._outgoing)

    def send(self, payload: bytes, attachments: Sequence[Bytes]) -> None:
        """Queues a frame; `pump` writes it."""
        self._outgoing.append(memoryview(_LENGTH.pack(len(payload)) + payload))
        for data in attachments:
            if len(data):
                self._outgoing.append(memoryview(data).cast("B"))
        self.last_progress = time.monotonic()

    def pump(self, timeout: float, wake: Optional[socket.socket] = None) -> List[Response]:
        """Writes and reads what is possible; waits at most so long for the first byte, or for a byte on `wake`.

        Raises HoldfastError when the connection has ended, or who is there does not speak the protocol.
        """
        try:
            if self._outgoing:
                self._write()
            # Not select(): a training process may have more than 1 024 files open.
            poll = select.poll()
            poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._outgoing else 0))
            if wake is not None:
                poll.register(wake, select.POLLIN)
            for descriptor, event in poll.poll(max(0, min(math.ceil(1000 * timeout), _LONGEST_WAIT))):
                if descriptor != self._socket.fileno():
                    drain(wake)
                    continue
                if event & select.POLLOUT:
                    self._write()
                if event & ~select.POLLOUT:
                    self._read()
        except (OSError, ValueError) as error:
            # What was answered before the end, such as why, comes first; the next call raises.
            if not self._ready:
                raise HoldfastError("unreachable", f"the connection to {self._address} broke: {error}") from None
        ready, self._ready = self._ready, []
        return ready

    def _write(self) -> None:
        while self._outgoing:
            try:
                count = self._socket.send(self._outgoing[0])
            except self._would_block:
                return
            self.last_progress = time.monotonic()
            rest = self._outgoing[0][count:]
            if len(rest):
                self._outgoing[0] = rest
            else:
                self._outgoing.popleft()

    def _expect(self, size: int) -> None:
        self._buffer = block(size)
        self._filled = 0

    def _read(self) -> None:
        while True:
            if self._filled < len(self._buffer):
                try:
                    count = self._socket.recv_into(memoryview(self._buffer)[self._filled :])
                except self._would_block:
                    return
                if count == 0:
                    raise OSError("the server closed it")
                self._filled += count
                self.last_progress = time.monotonic()
            if self._filled == len(self._buffer):
                self._advance()

    def _advance(self) -> None:
        if self._stage == "length":
            self._stage = "payload"
            size = _LENGTH.unpack(self._buffer)[0]
            if not 1 <= size <= self._longest:
                raise self._violation()
            return self._expect(size)
        if self._stage == "payload":
            try:
                self._payload = json.loads(bytes(self._buffer))
            except ValueError:
                raise self._violation() from None
            if not isinstance(self._payload, dict):
                raise self._violation()
            sizes = self._payload.get("attachments") or []
            if sizes:
                self._stage = "attachments"
                return self._expect(sum(sizes))
            self._buffer = bytearray()
        self._finish()

    def _violation(self) -> HoldfastError:
        message = (
            f"{self._address} does not speak the protocol; is it the HTTP door? Training code and commands use the other one, "
            "7411 by default"
        )
        return HoldfastError("protocol_violation", message)

    def _finish(self) -> None:
        blobs, place, whole = [], 0, memoryview(self._buffer)
        for size in self._payload.get("attachments") or []:
            blobs.append(whole[place : place + size])
            place += size
        error = self._payload.get("error")
        failure = ServerError(error) if isinstance(error, dict) else None
        self._ready.append(Response(self._payload.get("id"), self._payload.get("result") or {}, blobs, failure))
        self._stage = "length"
        self._expect(4)

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()


def drain(wake: Optional[socket.socket]) -> None:
    """Takes the bytes that woke somebody."""
    try:
        while wake and wake.recv(4096):
            pass
    except (BlockingIOError, OSError):
        pass
