"""Tables that turn the numbers of an image into backscatter, and say how much of it is noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibrationTable:
    """Absolute calibration of one sub-swath and polarisation: backscatter = |DN|^2 / A^2.

    Attributes
    ----------
    line : float64, (m)
        Lines of the raster at which vectors stand, increasing; may lie outside the raster.
    sample : float64, (n)
        Samples of each vector, increasing.
    sigma0, beta0, gamma0, dn : float64, (m, n)
        A for sigma nought, beta nought, gamma nought, and for the digital number itself.

    Raises
    ------
    ShapeMismatchError
        The arrays do not belong together.
    OutOfRangeError
        Lines or samples do not increase, or a value is not above zero.
    """

    line: NDArray[np.float64]
    sample: NDArray[np.float64]
    sigma0: NDArray[np.float64]
    beta0: NDArray[np.float64]
    gamma0: NDArray[np.float64]
    dn: NDArray[np.float64]

    def __post_init__(self) -> None:
        expected = (self.line.size, self.sample.size)
        for name in ("sigma0", "beta0", "gamma0", "dn"):
            values = getattr(self, name)
            if values.shape != expected:
                raise ShapeMismatchError(f"{name} {values.shape}", expected=f"{expected}")
            if not (values > 0).all():
                raise OutOfRangeError(f"{name} of {values.min()}", expected="values above zero")
        for name in ("line", "sample"):
            if getattr(self, name).size == 0 or (np.diff(getattr(self, name)) <= 0).any():
                raise OutOfRangeError(f"{name}s that do not increase", expected="increasing positions")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoiseVector:
    """Noise power along range at one line.

    Attributes
    ----------
    line : float
        Line of the raster.
    sample : float64, (n)
        Samples, increasing.
    value : float64, (n)
        Noise power in |DN|^2, to be multiplied by the azimuth factor where there is one.
    """

    line: float
    sample: NDArray[np.float64]
    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoiseBlock:
    """Factor of the noise along azimuth over one rectangle of the raster (limits included).

    Attributes
    ----------
    first_line, last_line, first_sample, last_sample : int
        The rectangle.
    line : float64, (m)
        Lines at which the factor is given, increasing.
    value : float64, (m)
        Factor.
    """

    first_line: int
    last_line: int
    first_sample: int
    last_sample: int
    line: NDArray[np.float64]
    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseTable:
    """Thermal noise of one sub-swath and polarisation.

    Attributes
    ----------
    vectors : tuple of NoiseVector
        Along range, in order of lines.
    blocks : tuple of NoiseBlock
        Along azimuth; empty before processor 2.90.
    is_calibrated : bool
        Whether values are in the unit of |DN|^2.  Processors of 2014 and early 2015 wrote them in a unit of
        their own (around 1e-9), of which no factor to |DN|^2 of an SLC is published.
    """

    vectors: tuple[NoiseVector, ...]
    blocks: tuple[NoiseBlock, ...]
    is_calibrated: bool
