"""A client of the TCP protocol with nothing of the project in it: sockets, struct, json and numpy."""

import base64
import contextlib
import itertools
import json
import socket
import struct
import uuid

import numpy

from codecs_of_rows import CompressedRows

DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")


class RpcError(Exception):
    """A JSON-RPC error; its shape is checked on arrival because every error must have it."""

    def __init__(self, error):
        super().__init__(json.dumps(error)[:2000])
        assert isinstance(error.get("code"), int), f"an error needs an integer code: {error}"
        assert isinstance(error.get("message"), str) and error["message"], f"an error needs a message: {error}"
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")
        assert isinstance(self.data, dict), f"an error needs data: {error}"
        self.kind, self.final = self.data.get("kind"), self.data.get("final")
        assert isinstance(self.kind, str) and self.kind == self.kind.lower(), f"data.kind is snake_case: {error}"
        assert isinstance(self.final, bool), f"data.final is a boolean: {error}"
        standard = {-32700, -32600, -32601, -32602, -32603}
        assert self.code in standard or self.code == -32000, f"unexpected error code: {error}"


class Closed(Exception):
    """The server closed the connection."""


class Strings:
    """A dictionary-coded string column; None is null."""

    def __init__(self, values):
        self.values = list(values)

    def column(self):
        distinct = list(dict.fromkeys(value for value in self.values if value is not None))
        place = {value: code for code, value in enumerate(distinct)}
        codes = [len(distinct) if value is None else place[value] for value in self.values]
        dtype = numpy.uint8 if len(distinct) < 256 else numpy.uint16 if len(distinct) < 65536 else numpy.uint32
        return {"values": distinct, "codes": numpy.array(codes, dtype)}


def little_endian(array):
    """C-order little-endian bytes of an array."""
    array = numpy.ascontiguousarray(array)
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def encode(value, attachments):
    """Replaces arrays and columns in a tree by their JSON form; `attachments` None means base64."""
    if isinstance(value, Strings):
        return encode(value.column(), attachments)
    if isinstance(value, CompressedRows):
        attachments.append(b"".join(value.rows))
        return {
            "dtype": value.array.dtype.name,
            "shape": list(value.array.shape),
            "attachment": len(attachments) - 1,
            "encoding": value.encoding,
            "row_bytes": [len(row) for row in value.rows],
        }
    if isinstance(value, numpy.ndarray):
        described = {"dtype": value.dtype.name, "shape": list(value.shape)}
        if attachments is None:
            return described | {"base64": base64.b64encode(little_endian(value)).decode()}
        attachments.append(little_endian(value))
        return described | {"attachment": len(attachments) - 1}
    if isinstance(value, dict):
        return {key: encode(item, attachments) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item, attachments) for item in value]
    return value.item() if isinstance(value, numpy.generic) else value


def decode(value, attachments=()):
    """Replaces the JSON form of arrays in a tree by numpy arrays."""
    if isinstance(value, list):
        return [decode(item, attachments) for item in value]
    if not isinstance(value, dict):
        return value
    if {"dtype", "shape"} <= value.keys() and ("attachment" in value or "base64" in value):
        raw = attachments[value["attachment"]] if "attachment" in value else base64.b64decode(value["base64"])
        dtype = numpy.dtype(value["dtype"]).newbyteorder("<")
        return numpy.frombuffer(raw, dtype).reshape(value["shape"])
    return {key: decode(item, attachments) for key, item in value.items()}


def frame(message, attachments=()):
    """The bytes of one frame; `message` may be bytes already."""
    if not isinstance(message, bytes):
        if attachments:
            message = message | {"attachments": [len(attachment) for attachment in attachments]}
        message = json.dumps(message, separators=(",", ":")).encode()
    return struct.pack(">I", len(message)) + message + b"".join(attachments)


def request(method, params=None, id=1):
    """One request as the bytes of a frame, arrays as attachments."""
    attachments = []
    params = encode(params or {}, attachments)
    return frame({"jsonrpc": "2.0", "id": id, "method": method, "params": params}, attachments)


class Connection:
    """One TCP connection, over TLS with a context; `hello=False` leaves the first request to the caller."""

    def __init__(self, address, hello=True, producer=None, token=None, timeout=60, context=None):
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname=address[0])
        self.ids = itertools.count(1)
        self.answers = {}
        self.order = []
        self.buffer = bytearray()
        self.welcome = self.hello(producer=producer, token=token) if hello else None

    def hello(self, protocol=1, **optional):
        params = {"protocol": protocol, "client": "end-to-end/1"}
        return self.call("hello", params | {name: value for name, value in optional.items() if value is not None})

    def send(self, method, params=None):
        """Sends a request without waiting; returns its id."""
        id = next(self.ids)
        self.socket.sendall(request(method, params, id))
        return id

    def send_bytes(self, data):
        """Sends raw bytes; a connection that the server has closed meanwhile is no error here."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def receive(self):
        """The next message as it came, arrays decoded; raises Closed at the end of the stream."""
        payload = json.loads(self._exactly(struct.unpack(">I", self._exactly(4))[0]))
        attachments = [self._exactly(size) for size in payload.get("attachments", [])]
        assert payload.get("jsonrpc") == "2.0", f"not a JSON-RPC 2.0 response: {payload}"
        assert ("result" in payload) != ("error" in payload), f"needs exactly one of result, error: {payload}"
        if "error" in payload:
            RpcError(payload["error"])
        else:
            payload["result"] = decode(payload["result"], attachments)
        return payload

    def wait(self, id):
        """The result of the request `id`, keeping answers to others for later."""
        while id not in self.answers:
            message = self.receive()
            self.answers[message["id"]] = message
            self.order.append(message["id"])
        message = self.answers.pop(id)
        if "error" in message:
            raise RpcError(message["error"])
        return message["result"]

    def call(self, method, params=None):
        return self.wait(self.send(method, params))

    def refusal(self, method, params=None):
        """The error that a request must get."""
        try:
            result = self.call(method, params)
        except RpcError as error:
            return error
        raise AssertionError(f"{method} must be refused, but was answered {str(result)[:500]}")

    def is_closed(self):
        """Reads what is left; true when the server ends the stream before the socket's timeout."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _exactly(self, size):
        while len(self.buffer) < size:
            try:
                data = self.socket.recv(max(65536, size - len(self.buffer)))
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed("the server closed the connection")
            self.buffer += data
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data


class Producer:
    """Numbers the writes of one producer over whatever connection is given."""

    def __init__(self, connection, id=None, seq=0):
        self.connection, self.id, self.seq = connection, id or str(uuid.uuid4()), seq

    def send(self, method, params):
        self.seq += 1
        return self.connection.send(method, params | {"producer": self.id, "seq": self.seq})

    def call(self, method, params):
        return self.connection.wait(self.send(method, params))
