"""Pixels of files: PNG by hand and by Pillow, DICOM through its window."""

import io
import zlib

import numpy
import pydicom
import pytest
from PIL import Image

from holdfast import HoldfastError
from holdfast.pictures import decode_png, dicom_pixels, pixels_of

import pictures


def png(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **options)
    return file.getvalue()


@pytest.mark.parametrize("shape", [(1, 1), (17, 31), (20, 9, 3), (33, 40, 4)])
def test_a_png_is_decoded(shape):
    smooth = numpy.add.outer(numpy.arange(shape[0]), numpy.arange(shape[1])) * 3
    pixels = numpy.broadcast_to(smooth.reshape(*shape[:2], *[1] * (len(shape) - 2)), shape).astype(numpy.uint8)
    noise = numpy.random.default_rng(1).integers(0, 256, shape, numpy.uint8)
    for picture in (pixels, noise):
        assert numpy.array_equal(decode_png(png(picture)), picture)
        assert numpy.array_equal(pixels_of(png(picture)), picture)


@pytest.mark.parametrize("kind", range(5))
def test_each_filter_of_png_is_undone(kind):
    """Rows filtered by the specification's words."""
    pixels = numpy.random.default_rng(kind).integers(0, 256, (6, 5, 3), numpy.uint8).astype(int)
    raw = b""
    for y, row in enumerate(pixels):
        raw += bytes([kind])
        for x in range(5):
            for c in range(3):
                left = row[x - 1, c] if x else 0
                up = pixels[y - 1, x, c] if y else 0
                corner = pixels[y - 1, x - 1, c] if x and y else 0
                p = left + up - corner
                paeth = min((left, up, corner), key=lambda value: abs(p - value))
                guess = (0, left, up, (left + up) // 2, paeth)[kind]
                raw += bytes([(row[x, c] - guess) % 256])
    data = png(pixels.astype(numpy.uint8))
    place = data.index(b"IDAT") - 4
    body = zlib.compress(raw)
    chunk = len(body).to_bytes(4, "big") + b"IDAT" + body + zlib.crc32(b"IDAT" + body).to_bytes(4, "big")
    made = data[:place] + chunk + (0).to_bytes(4, "big") + b"IEND" + zlib.crc32(b"IEND").to_bytes(4, "big")
    assert numpy.array_equal(decode_png(made), pixels)


def test_a_damaged_or_unusual_png_is_an_error():
    data = png(numpy.zeros((9, 9), numpy.uint8))
    for broken in (data[:-20], data[:40] + b"\xff" + data[41:], data.replace(b"IDAT", b"IDAX"), b"\x89PNG\r\n\x1a\n", b"x"):
        with pytest.raises(HoldfastError):
            decode_png(broken)
    with pytest.raises(HoldfastError, match="Pillow"):
        decode_png(png(numpy.zeros((9, 9), numpy.uint16)))


def test_real_dicom_files_look_as_a_viewer_shows_them():
    for name, _, stored in pictures.dicom_pictures():
        folder = pictures.Path(pydicom.__file__).parent / "data" / "test_files"
        dataset = pydicom.dcmread(folder / name)
        shown = pixels_of(str(folder / name))
        assert shown.dtype == numpy.uint8 and shown.shape == stored.shape, name
        if dataset.PhotometricInterpretation.startswith("MONOCHROME2"):
            flat, other = stored.ravel().astype(float), shown.ravel().astype(float)
            order = numpy.argsort(flat, kind="stable")
            assert (numpy.diff(other[order]) >= 0).all(), f"{name}: brighter stays brighter"


def test_the_window_and_inversion_of_dicom():
    class Dataset:
        PhotometricInterpretation = "MONOCHROME2"
        pixel_array = numpy.array([[0, 100, 200, 300, 1000]], numpy.int16)

    data = Dataset()
    assert dicom_pixels(data).tolist() == [[0, 26, 51, 76, 255]]
    data.WindowCenter, data.WindowWidth = ["200", "40"], ["201", "400"]
    assert dicom_pixels(data).tolist() == [[0, 1, 128, 255, 255]]
    data.PhotometricInterpretation = "MONOCHROME1"
    assert dicom_pixels(data).tolist() == [[255, 254, 127, 0, 0]]
    data.RescaleSlope, data.RescaleIntercept = 0.5, 150
    assert dicom_pixels(data)[0, 1] == 127


def test_pictures_of_all_kinds_are_inserted(client, tmp_path):
    gray = numpy.arange(30, dtype=numpy.uint8).reshape(5, 6)
    (tmp_path / "file.png").write_bytes(png(gray))
    dicom = pictures.Path(pydicom.__file__).parent / "data" / "test_files" / "MR_small.dcm"
    images = {"array": gray, "bytes": png(gray), "path": str(tmp_path / "file.png"), "scan.dcm": dicom.read_bytes()}
    ids = client.images.insert(images)["ids"]
    kept = [image for image in (client.labels.get(id) for id in ids) if not image["is_holdout"]]
    assert len(kept) >= 2
    for image in (image["image"] for image in kept):
        found = client.resolve([image["frame_ref"]])[0]
        assert numpy.array_equal(found, pixels_of(images[image["filename"]]))
