"""What is left out before unwrapping, and why."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.arrays import BoolImage
from fringeworks.model.tally import Tally
from fringeworks.unwrap.identity import usable
from fringeworks.unwrap.protocol import WrappedPhase


def leave_out(
    wrapped: WrappedPhase, reasons: Mapping[str, BoolImage], *, coherence_threshold: float = 0.0
) -> tuple[WrappedPhase, Tally]:
    """Take pixels out before unwrapping: their phasor becomes NaN.

    Water can be coherent by chance and shadow holds another place's phase: unwrapped across, they put whole cycles
    where there are none.

    Parameters
    ----------
    wrapped : WrappedPhase
        Left as it is.
    reasons : mapping of str to bool, (y, x)
        Why, and where: True = leave out.  For instance ``water``, ``shadow``, ``layover``.
    coherence_threshold : float
        Pixels of lower coherence are left out, too.

    Returns
    -------
    wrapped : WrappedPhase
        The same record where nothing has to go.
    tally : Tally
        Pixels; a pixel that several reasons hold for counts for the first: no data, then the reasons in their order,
        then low coherence.

    Raises
    ------
    ShapeMismatchError
        A reason's image is not as large as the phase.
    """
    shape = wrapped.phasor.shape
    for reason, image in reasons.items():
        if image.shape != shape:
            raise ShapeMismatchError(
                f"{reason!r} of {image.shape} for a phase of {shape}", expected="the same rows and columns"
            )
    valid = usable(wrapped)
    n_valid = int(np.count_nonzero(valid))
    rejected = {"no data": valid.size - n_valid}
    low = wrapped.coherence < coherence_threshold if coherence_threshold > 0 else None
    for reason, image in (*reasons.items(), *([("low coherence", low)] if low is not None else [])):
        valid &= ~image.astype(np.bool_, copy=False)
        n_left = int(np.count_nonzero(valid))
        rejected[reason] = n_valid - n_left
        n_valid = n_left
    tally = Tally("pixels", valid.size, n_valid, rejected)
    if n_valid == valid.size - rejected["no data"]:
        return wrapped, tally
    phasor = np.where(valid, wrapped.phasor, np.complex64(complex(np.nan, np.nan)))
    return (
        WrappedPhase(phasor=phasor, coherence=wrapped.coherence, effective_looks=wrapped.effective_looks),
        tally,
    )
