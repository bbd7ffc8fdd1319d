"""Measurement rasters: plain TIFF, one strip a line, complex 16-bit integers, little end first, as ESA lays them out.

TIFF 6.0 (Aldus, 1992), section 2; tie points by GeoTIFF 1.1 (OGC 19-008), section 7.5.2.
"""

from __future__ import annotations

import struct

import numpy as np

from fringeworks.errors import OutOfRangeError
from fringeworks.simulate.scene.facts import TiePoints

_SHORT, _LONG, _DOUBLE, _ASCII = 3, 4, 12, 2
_GEOGRAPHIC = (1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326)
"""GeoTIFF keys: a geographic model in EPSG:4326, pixel is area."""
N_TIES = 210
"""Place is kept in the head for this many tie points."""


def head(n_lines: int, n_samples: int, description: str, ties: TiePoints | None = None) -> tuple[bytes, int]:
    """Return everything of a raster's file that comes before its samples, and its length.

    Raises
    ------
    OutOfRangeError
        The file would be longer than a plain TIFF can be.
    """
    text = description.encode() + b"\0"
    points = b""
    if ties is not None:
        table = np.zeros((ties.line.size, 6))
        table[:, 0], table[:, 1] = ties.sample.ravel() + 0.5, ties.line.ravel() + 0.5
        table[:, 3], table[:, 4], table[:, 5] = (
            ties.longitude.ravel(),
            ties.latitude.ravel(),
            ties.height.ravel(),
        )
        points = table.astype("<f8").tobytes()
    n_entries = 13 + (2 if points else 0)
    base = 8 + 2 + 12 * n_entries + 4
    keys = struct.pack(f"<{len(_GEOGRAPHIC)}H", *_GEOGRAPHIC)
    at_points = base + len(text) + len(text) % 2
    at_keys = at_points + len(points)
    at_offsets = at_keys + (len(keys) if points else 0)
    at_counts = at_offsets + 4 * n_lines
    first = at_counts + 4 * n_lines
    if first + 4 * n_lines * n_samples >= 2**32:
        raise OutOfRangeError(
            f"a raster of {n_lines} x {n_samples}",
            expected="less than 4 GiB",
            hint="put fewer bursts in a slice",
        )
    width = 4 * n_samples
    entries = [
        (256, _LONG, 1, n_samples),
        (257, _LONG, 1, n_lines),
        (258, _SHORT, 1, 32),
        (259, _SHORT, 1, 1),
        (262, _SHORT, 1, 1),
        (270, _ASCII, len(text), base),
        (273, _LONG, n_lines, at_offsets),
        (274, _SHORT, 1, 1),
        (277, _SHORT, 1, 1),
        (278, _LONG, 1, 1),
        (279, _LONG, n_lines, at_counts),
        (284, _SHORT, 1, 1),
        (339, _SHORT, 1, 5),
    ]
    if points:
        entries += [(33922, _DOUBLE, len(points) // 8, at_points), (34735, _SHORT, len(_GEOGRAPHIC), at_keys)]
    made = bytearray(struct.pack("<2sHIH", b"II", 42, 8, len(entries)))
    for tag, kind, count, value in entries:
        made += struct.pack("<HHII", tag, kind, count, value)
    made += struct.pack("<I", 0) + text + b"\0" * (len(text) % 2)
    if points:
        made += points + keys
    if n_lines == 1:
        # a single offset or count stands in the entry itself
        raise OutOfRangeError("a raster of one line", expected="at least two")
    made += (first + width * np.arange(n_lines)).astype("<u4").tobytes()
    made += np.full(n_lines, width, "<u4").tobytes()
    return bytes(made), first
