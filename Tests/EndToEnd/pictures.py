"""Real DICOM pictures that pydicom ships inside its package, and plain numpy versions of their thumbnails."""

import functools
import io
import warnings
from pathlib import Path

import numpy
import pydicom
from PIL import Image

NAMES = (
    "CT_small.dcm",
    "MR_small.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_rgb_rle.dcm",
    "SC_rgb_rle_16bit.dcm",
    "examples_overlay.dcm",
    "examples_palette.dcm",
    "examples_rgb_color.dcm",
    "liver_1frame.dcm",
    "image_dfl.dcm",
    "rtdose_1frame.dcm",
    "693_J2KI.dcm",
)


@functools.cache
def dicom_pictures():
    """(file name, study, pixels) of each file that is there and can be decoded without further libraries."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    pictures = []
    for name in NAMES:
        if not (folder / name).exists():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(folder / name)
            pixels = data.pixel_array
        pictures.append((name, str(data.StudyInstanceUID), pixels.astype(pixels.dtype.newbyteorder("<"))))
    assert {picture[2].dtype.name for picture in pictures} >= {"uint8", "uint16", "int16"}
    return pictures


def as_bytes_of_gray(pixels):
    """Anything but uint8 is scaled from its smallest and largest value to 0…255."""
    if pixels.dtype == numpy.uint8:
        return pixels
    low, high = float(pixels.min()), float(pixels.max())
    return numpy.round((pixels.astype(float) - low) * 255 / (high - low)).astype(numpy.uint8)


def area_average(pixels, factor):
    """A picture made smaller by a whole factor."""
    height, width = pixels.shape[0] // factor, pixels.shape[1] // factor
    blocks = pixels.reshape(height, factor, width, factor, *pixels.shape[2:])
    return blocks.mean(axis=(1, 3))


def decoded(png):
    return numpy.asarray(Image.open(io.BytesIO(png)))


def largest_difference(first, second):
    assert first.shape == second.shape, f"expected a picture of {second.shape}, got {first.shape}"
    return float(numpy.abs(first.astype(float) - second.astype(float)).max())
