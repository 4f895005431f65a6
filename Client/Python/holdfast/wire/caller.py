"""Requests that are answered one by one, over a connection that is made again when it is lost."""

from __future__ import annotations

import os
import threading
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional, Sequence

from ..address import Address
from ..errors import HoldfastError, ServerError
from .array import Bytes
from .connection import Connection, Greeting, Response
from .values import pack, request, unpack

if TYPE_CHECKING:
    from .tls import Certificate

#: Methods that change something: they are numbered, so that one which got no answer is sent again and done once.
WRITES = frozenset(
    "runs.start runs.heartbeat runs.finish runs.delete runs.seal refs.repair steps.append episodes.finish metrics.append metrics.prune "
    "images.insert labels.release labels.set labels.set_many labels.import labels.undo labels.skip labels.update_predictions labels.update_scores "
    "tokens.create tokens.revoke holdout.next holdout.evaluate snapshots.create server.vacuum variables.schema variables.save variables.save_many variables.upload "
    "variables.delete variables.tag variables.untag variables.collect variables.compact lineage.save lineage.renew lineage.release".split()
)


class Caller:
    """A caller of one server; may be used from several threads, which take turns."""

    def __init__(self, address: Address, token: Optional[str], client: str, connect_timeout: float, timeout: float) -> None:
        self.address = address
        self.token = token
        self._greeting = Greeting(client, token)
        self._connect_timeout = connect_timeout
        self.timeout = timeout
        self._lock = threading.Lock()
        self._connection: Optional[Connection] = None
        self._last_id = 0
        #: How long the present call may take.
        self._limit = timeout
        self._new_producer()
        _callers.add(self)
        #: holdfast/x.y.z, once it was reached, and its certificate, if it has one.
        self.server: Optional[str] = None
        self.certificate: Optional[Certificate] = None

    def _new_producer(self) -> None:
        self._producer, self._seq = str(uuid.uuid4()), 1

    def call(self, method: str, params: Dict[str, Any], timeout: Optional[float] = None) -> Dict[str, Any]:
        """The result of a method, arrays in it as NumPy's.

        Reads are tried once more when the connection was lost, writes until the time is over: they are numbered, so that
        none is done twice. Raises ServerError when the server refuses, HoldfastError when there was no answer in time.
        """
        blobs: List[Bytes] = []
        packed = {name: _packed(name, value, blobs) for name, value in params.items() if value is not None}
        limit = self.timeout if timeout is None else timeout
        deadline = time.monotonic() + limit
        with self._lock:
            self._limit = limit
            if method in WRITES:
                response = self._write(method, packed, blobs, deadline)
            else:
                response = self._read(method, packed, blobs, deadline)
        result: Dict[str, Any] = unpack(response.result, response.attachments)
        return result

    def after_fork_in_child(self) -> None:
        """The connection is the parent's, and so is the producer."""
        self._lock = threading.Lock()
        self.drop_connection()
        self._new_producer()

    def _read(self, method: str, params: Dict[str, Any], blobs: Sequence[Bytes], deadline: float) -> Response:
        is_fresh = self._connection is None
        try:
            return self._try(method, params, blobs, deadline)
        except HoldfastError as error:
            if is_fresh or error.code != "unreachable":
                raise
        return self._try(method, params, blobs, deadline)

    def _write(self, method: str, params: Dict[str, Any], blobs: Sequence[Bytes], deadline: float) -> Response:
        pause, was_sent = 0.05, False
        while True:
            stamped = {**params, "producer": self._producer, "seq": self._seq}
            try:
                # Without a connection nothing can have been done, and whoever calls should learn that soon.
                self._connected()
                was_sent = True
                response = self._try(method, stamped, blobs, deadline)
                self._seq += 1
                return response
            except ServerError as error:
                if error.final and was_sent:
                    self._seq += 1
                if error.kind != "sequence_gap" or self._seq == 1:
                    raise
                # The server was restored to an older state; of this write it has stored nothing.
                self._new_producer()
            except HoldfastError as error:
                if not was_sent or error.code == "too_large":
                    raise
                if error.code != "unreachable" or time.monotonic() + pause > deadline:
                    self._new_producer()
                    raise
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(self.address, self._greeting, self._connect_timeout, self.timeout)
            self.server, self.certificate = self._connection.server, self._connection.certificate
        return self._connection

    def _try(self, method: str, params: Dict[str, Any], blobs: Sequence[Bytes], deadline: float) -> Response:
        connection = self._connected()
        self._last_id += 1
        payload, attached = request(method, params, blobs, self._last_id), sum(len(blob) for blob in blobs)
        limits = connection.limits
        if len(payload) > limits.payload or attached > limits.attachments:
            raise HoldfastError(
                "too_large",
                f"{method} takes {len(payload)} bytes of JSON and {attached} of attachments; the server accepts "
                f"{limits.payload} and {limits.attachments}: send less at a time",
            )
        try:
            connection.send(payload, blobs)
            return self._answer(connection, method, deadline)
        except ServerError:
            raise
        except BaseException:
            # An answer that comes later must not be taken for another's.
            self.drop_connection()
            raise

    def _answer(self, connection: Connection, method: str, deadline: float) -> Response:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise HoldfastError("timeout", f"{method} was not answered by {self.address} in {self._limit:g} s")
            for response in connection.pump(left):
                if response.error and response.id in (None, self._last_id):
                    if response.id is None:
                        self.drop_connection()  # the server could not read what came, and closes
                    raise response.error
                if response.id == self._last_id:
                    return response

    def drop_connection(self) -> None:
        """The next call makes a new connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def close(self) -> None:
        """Ends the connection."""
        with self._lock:
            self.drop_connection()


def _packed(name: str, value: Any, blobs: List[Bytes]) -> Any:
    try:
        return pack(value, blobs)
    except RecursionError:
        raise HoldfastError("invalid_value", f"{name} contains itself, or is nested too deeply for JSON") from None
    except HoldfastError as error:
        raise HoldfastError(error.code, f"{name}: {error}") from None


_callers: "weakref.WeakSet[Caller]" = weakref.WeakSet()


def _in_child() -> None:
    for caller in list(_callers):
        caller.after_fork_in_child()


os.register_at_fork(after_in_child=_in_child)


def pages(ask: Callable[[Optional[str]], Dict[str, Any]], members: Sequence[str]) -> Iterator[Dict[str, Any]]:
    """The rows of a list, page by page as they are asked for by cursor: those of each member, in order."""
    cursor: Optional[str] = None
    while True:
        page = ask(cursor)
        for member in members:
            yield from page.get(member, ())
        cursor = page.get("cursor")
        if cursor is None:
            return
