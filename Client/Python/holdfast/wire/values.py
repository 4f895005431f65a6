"""JSON with arrays: parameters to payloads, results to values."""

from __future__ import annotations

import base64
import json
import math
from typing import Any, Dict, List, Mapping, Sequence

from ..errors import HoldfastError
from ..optional import numpy
from .array import Array, Bytes, restored


def dumps(value: Any) -> bytes:
    """JSON as the SDKs write it: compact, sorted keys, UTF-8."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
        return text.encode()
    except (TypeError, ValueError) as error:  # UnicodeEncodeError is a ValueError: half of a surrogate pair
        raise HoldfastError("invalid_value", f"this can't be written as JSON: {error}") from None


def pack(value: Any, blobs: List[Bytes]) -> Any:
    """The JSON form of a value; the bytes of its arrays are added to `blobs`."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return packed_float(value)
    if isinstance(value, dict):
        return {str(key): pack(item, blobs) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [pack(item, blobs) for item in value]
    if isinstance(value, Array):
        blobs.append(value.data)
        return {"dtype": value.dtype, "shape": list(value.shape), "attachment": len(blobs) - 1}
    np = numpy()
    if np is not None:
        if isinstance(value, np.generic):
            return pack(value.item(), blobs)
        if isinstance(value, np.ndarray):
            return pack(Array.of(value), blobs)
    raise HoldfastError("invalid_value", f"a value of type {type(value).__name__} has no JSON: {str(value)[:100]}")


def packed_float(value: float) -> Any:
    """A number that JSON has, or one of the strings "NaN", "Infinity" and "-Infinity"."""
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def plain(value: Any) -> Any:
    """Any JSON, as of `config` and `info`: arrays become lists, whole floats integers, other objects their text."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else _large(value)
    if isinstance(value, float):
        # So that a client which decodes and encodes it again gets the same bytes.
        return int(value) if value.is_integer() and abs(value) < 2**63 else packed_float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    tolist = getattr(value, "tolist", None)
    return plain(tolist()) if callable(tolist) else str(value)


def _large(value: int) -> Any:
    """A whole number that no other language has."""
    try:
        return float(value)
    except OverflowError:
        return str(value)


def unpack(value: Any, blobs: Sequence[Bytes]) -> Any:
    """The value of its JSON form."""
    if isinstance(value, list):
        return [unpack(item, blobs) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("dtype"), str) and "shape" in value:
        if "attachment" in value:
            return restored(value["dtype"], value["shape"], blobs[value["attachment"]])
        if "base64" in value:
            return restored(value["dtype"], value["shape"], bytearray(base64.b64decode(value["base64"])))
    return {key: unpack(item, blobs) for key, item in value.items()}


def request(method: str, params: Dict[str, Any], blobs: Sequence[Bytes], id: int) -> bytes:
    """The payload of a request whose parameters are packed already."""
    message: Dict[str, Any] = {"jsonrpc": "2.0", "id": id, "method": method, "params": params}
    if blobs:
        message["attachments"] = [len(blob) for blob in blobs]
    return dumps(message)
