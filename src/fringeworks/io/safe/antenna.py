"""Antenna elevation patterns of the annotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.io.safe.tree import MAX_NUMBER, Node
from fringeworks.model.identity import Instant


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AntennaPattern:
    """Elevation pattern at one azimuth time.

    Attributes
    ----------
    time : Instant
        Azimuth time it belongs to.
    slant_range : float64, (n)
        One-way [m].
    elevation, incidence : float64, (n)
        Angles [rad] as annotated.
    pattern : complex128, (n)
        Two-way pattern, complex where the processor writes its phase (2.43 and later), in the product's own scale.
    is_complex : bool
        Whether the phase is written.
    roll : float
        Roll of the platform [rad]; NaN where it is not written.
    """

    time: Instant
    slant_range: NDArray[np.float64]
    elevation: NDArray[np.float64]
    incidence: NDArray[np.float64]
    pattern: NDArray[np.complex128]
    is_complex: bool
    roll: float


def read_antenna_patterns(root: Node) -> tuple[AntennaPattern, ...]:
    """Read the elevation patterns of a product annotation.

    Parameters
    ----------
    root : Node
        Root of the document.

    Raises
    ------
    DamagedFileError
        A vector is missing or of the wrong length.
    """
    return tuple(_pattern(node) for node in root.records("antennaPattern/antennaPatternList/antennaPattern"))


def _pattern(node: Node) -> AntennaPattern:
    time = node.numbers("slantRangeTime")
    n = time.size
    # the pattern's count attribute is that of complex values, its text holds two numbers for each
    words = node.node("elevationPattern").own_text().split()
    is_complex = len(words) == 2 * n
    if n == 0 or len(words) not in {n, 2 * n}:
        raise node.refuse(f"an elevation pattern of {len(words)} numbers", expected=f"{n} or {2 * n}")
    try:
        values = np.array(words, np.float64)
    except ValueError as error:
        raise node.refuse("an elevation pattern of what is no number") from error
    if not (np.abs(values) < MAX_NUMBER).all():
        raise node.refuse("an elevation pattern that is not finite")
    roll = node.optional("roll")
    return AntennaPattern(
        time=node.instant("azimuthTime"),
        slant_range=0.5 * SPEED_OF_LIGHT * time,
        elevation=np.radians(node.numbers("elevationAngle", length=n)),
        incidence=np.radians(node.numbers("incidenceAngle", length=n)),
        pattern=values.view(np.complex128) if is_complex else values.astype(np.complex128),
        is_complex=is_complex,
        roll=float("nan") if roll is None else float(np.radians(node.number("roll"))),
    )
