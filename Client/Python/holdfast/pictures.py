"""Pictures from files: PNG, DICOM, and whatever Pillow reads.

DICOM becomes uint8: where the file has a window (VOI LUT module, Window Center and Window Width) values are taken through it,
else from their smallest to their largest; MONOCHROME1 is inverted, so that bright is always bright; colour stays as it is. So
a picture looks as a viewer shows it. To keep the stored values, give `dataset.pixel_array` instead.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from typing import Any, List, Tuple

from .errors import HoldfastError
from .optional import numpy, require
from .wire.array import Array

_PNG = b"\x89PNG\r\n\x1a\n"


def pixels_of(picture: Any) -> Any:
    """The pixels of an array, of the bytes of a picture file, of the path of one, or of a pydicom dataset.

    Raises HoldfastError for what is none.
    """
    if isinstance(picture, (str, os.PathLike)):
        with open(picture, "rb") as file:
            picture = file.read()
    if hasattr(picture, "pixel_array") and hasattr(picture, "PhotometricInterpretation"):
        return dicom_pixels(picture)
    if not isinstance(picture, (bytes, bytearray)):
        return picture
    try:
        return _decoded(bytes(picture))
    except HoldfastError:
        raise
    except Exception as error:  # each of the packages has errors of its own
        # Pillow's names an object of its own.
        reason = "" if type(error).__name__ == "UnidentifiedImageError" else f" ({error})"
        raise HoldfastError("invalid_value", f"these {len(picture)} bytes are no picture that can be read{reason}") from None


def _decoded(data: bytes) -> Any:
    if data[128:132] == b"DICM":
        return dicom_pixels(require("pydicom", "reading DICOM files").dcmread(io.BytesIO(data)))
    try:
        image: Any = require("PIL.Image", "reading this kind of picture")
    except HoldfastError:
        if not data.startswith(_PNG):
            raise
        return decode_png(data)
    opened = image.open(io.BytesIO(data))
    if opened.mode not in ("L", "RGB", "RGBA", "I;16"):
        opened = opened.convert("RGBA" if opened.info.get("transparency") is not None else "RGB")
    return require("numpy", "reading pictures with Pillow").asarray(opened)


def dicom_pixels(dataset: Any) -> Any:
    """A pydicom dataset as uint8 (H, W) or (H, W, 3), windowed as described above."""
    np = require("numpy", "reading DICOM files")
    pixels = dataset.pixel_array
    if str(dataset.PhotometricInterpretation).startswith(("RGB", "YBR", "PALETTE")) and pixels.dtype == np.uint8:
        return pixels
    values = pixels.astype(np.float64)
    values = values * float(getattr(dataset, "RescaleSlope", 1) or 1) + float(getattr(dataset, "RescaleIntercept", 0) or 0)
    center, width = _first(getattr(dataset, "WindowCenter", None)), _first(getattr(dataset, "WindowWidth", None))
    if center is not None and width is not None and width >= 1:
        # DICOM PS3.3 C.11.2.1.2.1, linear
        shown = ((values - (center - 0.5)) / max(width - 1, 1e-9) + 0.5) * 255
    else:
        low, high = float(values.min()), float(values.max())
        shown = (values - low) * 255 / (high - low) if high > low else np.zeros_like(values)
    shown = np.clip(np.round(shown), 0, 255).astype(np.uint8)
    return 255 - shown if dataset.PhotometricInterpretation == "MONOCHROME1" else shown


def _first(value: Any) -> Any:
    """Several windows may be given; viewers begin with the first."""
    if value is None or value == "":
        return None
    try:
        return float(value)
    except TypeError:
        return float(value[0]) if len(value) else None


def decode_png(data: bytes) -> Any:
    """A PNG of 8 bits, gray, RGB or RGBA and not interlaced, as uint8 (H, W), (H, W, 3) or (H, W, 4); others need Pillow."""
    try:
        width, height, channels, pixels = _inflate_png(data)
    except (struct.error, zlib.error, IndexError) as error:
        raise HoldfastError("invalid_value", f"this PNG is damaged: {error}") from None
    shape = (height, width) if channels == 1 else (height, width, channels)
    np = numpy()
    return Array("uint8", shape, pixels) if np is None else np.frombuffer(pixels, np.uint8).reshape(shape)


def _inflate_png(data: bytes) -> Tuple[int, int, int, bytearray]:
    if not data.startswith(_PNG):
        raise HoldfastError("invalid_value", "this is no PNG")
    place, compressed, header = len(_PNG), b"", b""
    while place < len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        content = data[place + 8 : place + 8 + size]
        if zlib.crc32(kind + content) != struct.unpack_from(">I", data, place + 8 + size)[0]:
            raise HoldfastError("invalid_value", f"this PNG is damaged: wrong checksum of {kind.decode('latin-1')}")
        if kind == b"IHDR":
            header = content
        elif kind == b"IDAT":
            compressed += content
        elif kind == b"IEND":
            break
        place += 12 + size
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    channels = {0: 1, 2: 3, 6: 4}.get(color)
    if depth != 8 or channels is None or interlaced:
        raise HoldfastError(
            "missing_package", f"a PNG of {depth} bits and colour type {color} needs Pillow: pip install pillow"
        )
    row_size = width * channels
    raw = zlib.decompress(compressed)
    if len(raw) != height * (row_size + 1):
        raise HoldfastError("invalid_value", f"this PNG is damaged: {len(raw)} bytes for {width}x{height}x{channels}")
    pixels, previous = bytearray(), bytearray(row_size)
    for start in range(0, len(raw), row_size + 1):
        previous = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + row_size]), previous, channels)
        pixels += previous
    return width, height, channels, pixels


def _unfiltered(kind: int, row: bytearray, above: bytearray, step: int) -> bytearray:
    """PNG specification 9.2"""
    if kind == 2:
        return bytearray((value + up) & 255 for value, up in zip(row, above))
    if kind > 4:
        raise HoldfastError("invalid_value", f"this PNG is damaged: filter {kind}")
    for index in range(len(row) if kind else 0):
        left = row[index - step] if index >= step else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + above[index]) // 2
        else:
            guess = _paeth(left, above[index], above[index - step] if index >= step else 0)
        row[index] = (row[index] + guess) & 255
    return row


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    distances: List[Tuple[int, int]] = [(abs(estimate - value), value) for value in (left, up, corner)]
    return min(distances, key=lambda pair: pair[0])[1]
