"""What an unwrapper promises.

Others add one by naming it in the entry-point group ``fringeworks.unwrappers``; the conformance suite is
``tests/contracts/unwrapper.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.arrays import ComplexImage, FloatImage


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedPhase:
    """What is unwrapped.

    Attributes
    ----------
    phasor : complex64, (y, x)
        Reference times conjugate of secondary; its angle is the wrapped phase.  NaN in both parts where there is
        no data.
    coherence : float32, (y, x)
        In [0, 1]; NaN where there is no data.
    effective_looks : float
        Independent samples behind one coherence value, at least 1.

    Raises
    ------
    ShapeMismatchError
        Phase and coherence are not two images of one shape.
    OutOfRangeError
        ``effective_looks`` below 1 or not finite.
    """

    phasor: ComplexImage
    coherence: FloatImage
    effective_looks: float

    def __post_init__(self) -> None:
        if self.phasor.shape != self.coherence.shape or self.phasor.ndim != 2:
            raise ShapeMismatchError(
                f"phase of {self.phasor.shape}, coherence of {self.coherence.shape}",
                expected="the same rows and columns",
            )
        if not 1.0 <= self.effective_looks < math.inf:
            raise OutOfRangeError(
                f"{self.effective_looks} effective looks",
                expected="at least 1",
                hint="one look is a single sample",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwrapped:
    """What comes back.

    Attributes
    ----------
    phase : float32, (y, x)
        Unwrapped phase [rad], equal to the wrapped one but for whole cycles; NaN where there is no data and where
        ``components`` is 0.  One arbitrary number of cycles for each component.
    components : uint16, (y, x)
        Regions unwrapped as one, numbered from 1; 0 = none.
    cost : float
        What the solver minimised, in its own units; NaN where it does not say.
    """

    phase: FloatImage
    components: NDArray[np.uint16]
    cost: float = float("nan")


@runtime_checkable
class Unwrapper(Protocol):
    """Finds the whole cycles of an interferogram."""

    @property
    def name(self) -> str:
        """Name in configuration and manifest."""
        ...

    @property
    def licence(self) -> str:
        """Licence of the solver behind it, as an SPDX expression or in words."""
        ...

    def unwrap(self, wrapped: WrappedPhase) -> Unwrapped:
        """Unwrap one interferogram; the argument is left as it is, and the same input gives the same output."""
        ...
