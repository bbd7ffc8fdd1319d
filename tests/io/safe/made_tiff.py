"""Plain TIFF files of complex integers, written byte by byte."""

from __future__ import annotations

import struct

import numpy as np


def plain_tiff(pixels: np.ndarray, *, byte_order: str, rows_per_strip: int, big_tiff: bool) -> bytes:
    """Return a TIFF of complex 16-bit integers, (line, sample, 2), in either byte order, classic or big."""
    order = byte_order
    lines, samples = pixels.shape[:2]
    data = pixels.astype(f"{order}i2").tobytes()
    n_strips = -(-lines // rows_per_strip)
    head = 16 if big_tiff else 8
    row = samples * 4
    offsets = [head + k * rows_per_strip * row for k in range(n_strips)]
    counts = [min(rows_per_strip, lines - k * rows_per_strip) * row for k in range(n_strips)]
    word = "Q" if big_tiff else "I"
    tables = head + len(data)
    lists = struct.pack(f"{order}{n_strips}{word}", *offsets) + struct.pack(
        f"{order}{n_strips}{word}", *counts
    )
    directory = tables + len(lists)
    size = struct.calcsize(f"{order}{word}")
    kind = 16 if big_tiff else 4
    inline = n_strips == 1
    fields = [
        (256, samples),
        (257, lines),
        (258, 32),
        (259, 1),
        (262, 1),
        (273, offsets[0] if inline else tables),
        (277, 1),
        (278, rows_per_strip),
        (279, counts[0] if inline else tables + n_strips * size),
        (339, 5),
    ]
    entry = f"{order}HH{word}{word}"
    entries = b"".join(
        struct.pack(entry, tag, kind, n_strips if tag in {273, 279} else 1, value) for tag, value in fields
    )
    mark = b"II" if order == "<" else b"MM"
    if big_tiff:
        start = mark + struct.pack(f"{order}HHHQ", 43, 8, 0, directory)
        ifd = struct.pack(f"{order}Q", len(fields)) + entries + struct.pack(f"{order}Q", 0)
    else:
        start = mark + struct.pack(f"{order}HI", 42, directory)
        ifd = struct.pack(f"{order}H", len(fields)) + entries + struct.pack(f"{order}I", 0)
    return start + data + lists + ifd
