"""The default unwrapper: minimum cost flow by the library whirlwind."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import whirlwind
from numpy.typing import NDArray

from fringeworks.errors import SolverError
from fringeworks.model.arrays import FloatImage
from fringeworks.unwrap.identity import congruent, empty_result, usable
from fringeworks.unwrap.options import UnwrapOptions
from fringeworks.unwrap.protocol import Unwrapped, WrappedPhase
from fringeworks.unwrap.thinness import repeats_for, thicken, thin

_MOST_LOOKS: Final = 300.0  # beyond, its table of costs ends and it takes this value, with a warning
_SMALLEST: Final = 2  # rows and columns it takes
_ALL: Final = np.iinfo(np.uint16).max
_SETTINGS: Final = MappingProxyType({"bridge": False, "min_size_px": 1, "max_ncomps": int(_ALL)})
"""Bridging and the smallest component are the house's own, alike for all methods."""


@dataclass(frozen=True, slots=True)
class WhirlwindUnwrapper:
    """Exact minimum cost flow with costs from coherence and number of looks, as SNAPHU's smooth mode.

    Notes
    -----
    Components are regions inside which a change of one cycle would cost more than noise of the coherence there
    explains.  Relative to one another they keep what the flow found; across pixels without data the level is arbitrary.
    """

    options: UnwrapOptions = field(default_factory=UnwrapOptions)

    @property
    def name(self) -> str:
        """Name in configuration and manifest."""
        return "whirlwind"

    @property
    def licence(self) -> str:
        """Licence of the solver."""
        return "BSD-3-Clause OR Apache-2.0"

    def unwrap(self, wrapped: WrappedPhase) -> Unwrapped:
        """Unwrap one interferogram.

        Raises
        ------
        SolverError
            The solver failed, or changed the phase by more than whole cycles.
        """
        valid = usable(wrapped)
        if not valid.any():
            return empty_result(wrapped)
        phasor = np.where(valid, wrapped.phasor, np.complex64(0))
        # a coherence of exactly zero would be taken for no data
        coherence = np.where(
            valid, np.clip(wrapped.coherence, np.float32(1e-6), np.float32(1)), np.float32(0)
        )
        repeats = repeats_for(valid.shape, least=_SMALLEST)
        phase, labels = _solve(
            *(thicken(image, repeats) for image in (phasor, coherence, valid)),
            looks=min(wrapped.effective_looks, _MOST_LOOKS),
        )
        components = thin(labels, repeats).astype(np.uint16)
        return congruent(wrapped, thin(phase, repeats), components=components, solver=self.name)


def _solve(
    phasor: NDArray[np.complex64], coherence: FloatImage, valid: NDArray[np.bool_], *, looks: float
) -> tuple[FloatImage, NDArray[np.uint32]]:
    """Call the solver; images have at least two rows and columns."""
    settings: dict[str, Any] = dict(_SETTINGS)
    try:
        phase, labels = whirlwind.unwrap(phasor, coherence, looks, valid, **settings)
    except (ValueError, RuntimeError) as error:
        raise _failure(error) from error
    except BaseException as error:
        # A panic in its compiled part is no Exception; anything else that is none (Ctrl-C) is not ours to stop.
        if type(error).__name__ != "PanicException":
            raise
        raise _failure(error) from error
    return phase, labels


def _failure(error: BaseException) -> SolverError:
    return SolverError(
        f"whirlwind stopped: {error}", hint="choose another method for this pair, or mask more of it"
    )
