"""Noise annotation in both its forms: from one XML to one :class:`~fringeworks.model.radiometric.NoiseTable`."""

from __future__ import annotations

from typing import Final

import numpy as np

from fringeworks.io.safe.tree import Node
from fringeworks.model.radiometric import NoiseBlock, NoiseTable, NoiseVector

_UNCALIBRATED_BELOW: Final = 1e-3
"""Largest value of a table in the unit of the first processors; calibrated noise of an SLC is 100 to 1000 |DN|^2."""


def read_noise(root: Node) -> NoiseTable:
    """Read the noise vectors, along range only (before 2.90) or along range and azimuth.

    Parameters
    ----------
    root : Node
        Root of the document.

    Raises
    ------
    DamagedFileError
        A vector is missing, of the wrong length, or holds a value that cannot be.
    """
    if root.optional("noiseRangeVectorList") is not None:
        path, values = "noiseRangeVectorList/noiseRangeVector", "noiseRangeLut"
    else:
        path, values = "noiseVectorList/noiseVector", "noiseLut"
    vectors = {v.line: v for v in (_vector(node, values) for node in root.records(path))}
    if not vectors:
        raise root.refuse("no noise vector", expected="at least one")
    blocks: tuple[NoiseBlock, ...] = ()
    if root.optional("noiseAzimuthVectorList") is not None:
        blocks = tuple(_block(node) for node in root.records("noiseAzimuthVectorList/noiseAzimuthVector"))
    largest = max(float(v.value.max()) for v in vectors.values())
    return NoiseTable(
        vectors=tuple(vectors[line] for line in sorted(vectors)),
        blocks=blocks,
        is_calibrated=largest == 0.0 or largest > _UNCALIBRATED_BELOW,
    )


def _vector(node: Node, name: str) -> NoiseVector:
    sample = node.numbers("pixel")
    value = node.numbers(name, length=sample.size)
    if sample.size == 0 or (np.diff(sample) <= 0).any() or (value < 0).any():
        raise node.refuse("noise samples that do not increase, or noise below zero")
    return NoiseVector(line=node.number("line"), sample=sample, value=value)


def _block(node: Node) -> NoiseBlock:
    """Read one rectangle; in strip map some limits are absent, and the rectangle is the whole raster."""
    line = node.numbers("line")
    value = node.numbers("noiseAzimuthLut", length=line.size)
    if line.size == 0 or (np.diff(line) <= 0).any() or (value < 0).any():
        raise node.refuse("azimuth noise lines that do not increase, or a factor below zero")
    whole = {"firstAzimuthLine": 0, "firstRangeSample": 0, "lastAzimuthLine": 2**31, "lastRangeSample": 2**31}
    limits = {
        name: node.integer(name) if node.optional(name) is not None else default
        for name, default in whole.items()
    }
    return NoiseBlock(
        first_line=limits["firstAzimuthLine"],
        last_line=limits["lastAzimuthLine"],
        first_sample=limits["firstRangeSample"],
        last_sample=limits["lastRangeSample"],
        line=line,
        value=value,
    )
