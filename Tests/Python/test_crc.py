"""CRC-32C in all its forms against known values and each other."""

import os
import random
import struct

import pytest

from holdfast.spool import crc
from holdfast.spool.records import MetricRecord
from holdfast.spool.segment import MetricForm

# RFC 3720 appendix B.4, and the usual check value
VECTORS = [
    (b"", 0),
    (b"123456789", 0xE3069283),
    (bytes(32), 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (bytes(range(31, -1, -1)), 0x113FDB5C),
]
FORMS = [crc.crc32c, crc.crc32c_by_table, crc.crc32c_by_numpy]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("data, expected", VECTORS)
def test_known_values(form, data, expected):
    assert form(data) == expected


@pytest.mark.parametrize("size", [1, 63, 64, 65, 511, 512, 1000, 65_536, 65_537, 100_800])
def test_all_forms_agree_and_continue(size):
    data, seed = os.urandom(size), random.getrandbits(32)
    expected = crc.crc32c_by_table(data, seed)
    assert crc.crc32c_by_numpy(data, seed) == crc.crc32c(data, seed) == expected
    cut = size // 3
    assert crc.crc32c(data[cut:], crc.crc32c(data[:cut], seed)) == expected


@pytest.mark.parametrize("has_step", [True, False])
@pytest.mark.parametrize("phase", [None, "val"])
def test_a_metrics_checksum_is_made_of_what_changes(has_step, phase):
    form = MetricForm("run", "löss", phase, has_step)
    for sequence, step in ((1, 0), (2**32 - 1, 2**32 - 1), (77, 123_456)):
        record = MetricRecord("run", "löss", -1.25e300, 1.7e9 + 0.1, step if has_step else None, phase=phase)
        payload = b"".join(record.parts())
        numbers = (record.timestamp, record.value) + ((step,) if has_step else ())
        found = form.constant ^ form.sum(form.pack_changing(sequence, *numbers))
        assert found == crc.crc32c(struct.pack("<Q", sequence) + payload)
