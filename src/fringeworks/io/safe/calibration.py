"""Calibration annotation: from one XML to one :class:`~fringeworks.model.radiometric.CalibrationTable`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import CalculationError
from fringeworks.io.safe.tree import Node
from fringeworks.model.radiometric import CalibrationTable

_NAMES = {"sigma0": "sigmaNought", "beta0": "betaNought", "gamma0": "gamma", "dn": "dn"}


def read_calibration(root: Node) -> CalibrationTable:
    """Read the calibration vectors.

    Vectors whose samples differ from those of the first are brought onto them by linear interpolation, which is how
    the product defines values between its samples.

    Parameters
    ----------
    root : Node
        Root of the document.

    Raises
    ------
    DamagedFileError
        A vector is missing, of the wrong length, or holds a value that cannot be.
    """
    nodes = {node.number("line"): node for node in root.records("calibrationVectorList/calibrationVector")}
    if not nodes:
        raise root.refuse("no calibration vector", expected="at least one")
    lines = sorted(nodes)
    sample = _samples(nodes[lines[0]])
    tables: dict[str, NDArray[np.float64]] = {
        key: np.empty((len(lines), sample.size), np.float64) for key in _NAMES
    }
    for row, line in enumerate(lines):
        own = _samples(nodes[line])
        same = own.size == sample.size and bool((own == sample).all())
        for key, name in _NAMES.items():
            values = nodes[line].numbers(name, length=own.size)
            tables[key][row] = values if same else np.interp(sample, own, values)
    try:
        return CalibrationTable(line=np.array(lines), sample=sample, **tables)
    except CalculationError as error:
        raise root.refuse(error.found, expected=error.expected) from error


def _samples(node: Node) -> NDArray[np.float64]:
    sample = node.numbers("pixel")
    if sample.size == 0 or (np.diff(sample) <= 0).any():
        raise node.refuse("samples that do not increase")
    return sample
