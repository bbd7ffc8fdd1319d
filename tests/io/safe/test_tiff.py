import struct

import pytest
from tests.io.safe.made_safe import Recipe, tiff

from fringeworks.errors import DamagedFileError
from fringeworks.io.safe.members import PlainMember
from fringeworks.io.safe.tiff import read_tiff_facts


def facts_of(tmp_path, data):
    path = tmp_path / "x.tiff"
    path.write_bytes(data)
    return read_tiff_facts(PlainMember(path, offset=0, size=len(data), name="x.tiff"))


@pytest.mark.parametrize("big_tiff", [False, True])
@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("rows_per_strip", [1, 7, 72])
def test_every_layout_is_understood(tmp_path, big_tiff, byte_order, rows_per_strip):
    recipe = Recipe(big_tiff=big_tiff, byte_order=byte_order, rows_per_strip=rows_per_strip)
    facts = facts_of(tmp_path, tiff(recipe, "IW2"))
    assert (facts.lines, facts.samples, facts.is_plain) == (72, 40, True)
    assert (facts.byte_order, facts.rows_per_strip) == (byte_order, rows_per_strip)
    assert int(facts.counts.sum()) == 72 * 40 * 4
    assert facts.offsets[0] == (16 if big_tiff else 8)


def patched(data, tag, value):
    """Return a little-endian classic TIFF with one field's value replaced."""
    start = struct.unpack("<I", data[4:8])[0]
    for k in range(struct.unpack("<H", data[start : start + 2])[0]):
        place = start + 2 + 12 * k
        if struct.unpack("<H", data[place : place + 2])[0] == tag:
            return data[: place + 8] + struct.pack("<I", value) + data[place + 12 :]
    raise AssertionError(tag)


@pytest.mark.parametrize(("tag", "value"), [(259, 5), (258, 64), (277, 2), (339, 6)])
def test_other_layouts_are_left_to_another_reader(tmp_path, tag, value):
    assert not facts_of(tmp_path, patched(tiff(Recipe(), "IW2"), tag, value)).is_plain


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d[:-200], "bytes .* are wanted|beyond its end"),
        (lambda d: b"PK" + d[2:], "no TIFF"),
        (lambda d: d[:2] + b"\x07\x00" + d[4:], "no TIFF"),
        (lambda d: d[:10], "no TIFF"),
        (lambda d: d[:0], "no TIFF"),
        (lambda d: d[:4] + struct.pack("<I", 2**31) + d[8:], "are wanted"),
        (lambda d: d[:4] + struct.pack("<I", 8) + d[8:], "directory of|field|strips|no TIFF|wanted"),
        (lambda d: patched(d, 257, 73), "strips"),
        (lambda d: patched(d, 256, 41), "another size"),
        (lambda d: patched(d, 278, 2), "strips"),
        (lambda d: patched(d, 273, 2**31), "are wanted"),
        (lambda d: patched(d, 279, 4), "another size|beyond"),
    ],
)
def test_what_cannot_be_is_damaged(tmp_path, change, match):
    with pytest.raises(DamagedFileError, match=match):
        facts_of(tmp_path, change(tiff(Recipe(), "IW2")))


def test_a_missing_field_is_damaged(tmp_path):
    data = tiff(Recipe(), "IW2")
    start = struct.unpack("<I", data[4:8])[0]
    # rename the width
    data = data[: start + 2] + struct.pack("<H", 999) + data[start + 4 :]
    with pytest.raises(DamagedFileError, match="field 256 is missing"):
        facts_of(tmp_path, data)
