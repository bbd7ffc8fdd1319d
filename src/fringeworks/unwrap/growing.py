"""Region growing from good coherence to poor, in the way of NSBAS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, uniform_filter

from fringeworks.errors import OutOfRangeError
from fringeworks.model.arrays import BoolImage, ComplexImage, FloatImage
from fringeworks.numerics.compiled import in_threads
from fringeworks.unwrap import growing_kernels as kernels
from fringeworks.unwrap.identity import congruent, empty_result, usable
from fringeworks.unwrap.options import UnwrapOptions
from fringeworks.unwrap.protocol import Unwrapped, WrappedPhase
from fringeworks.unwrap.regions import number_by_size

_SLOPE_WINDOW: Final = 21  # pixels over which the local slope is estimated
_LEAST_EVIDENCE: Final = 14.0  # noise alone passes for a signal with a chance of exp(-14), one in a million
_MOST_RESIDUAL: Final = (
    2.2  # rad from the local mean beyond which a pixel's own cycle is a guess (pi is the border)
)
_MOST_PIXELS: Final = 2**30 - 1


@dataclass(frozen=True, slots=True)
class GrowingUnwrapper:
    """Joins neighbours from the most to the least reliable pair (Grandin2012, Herraez2002).

    Notes
    -----
    What grows is the phase of a window's mean, with the local slope taken out of the sum, so that steep fringes
    survive; each pixel is then placed within half a cycle of it.  Reliability falls with coherence, with the scatter
    inside the window and with the step between the two neighbours, and is lowest beside residues.  Taking the pairs
    in this order is the same as growing every region from its best pixel while the threshold on reliability sinks.

    Components are regions whose windows hold a signal that noise does not explain, without the pixels whose own
    cycle is a guess.  Time is proportional to the number of pixels; it takes 50 bytes for each.
    """

    options: UnwrapOptions = field(default_factory=UnwrapOptions)

    @property
    def name(self) -> str:
        """Name in configuration and manifest."""
        return "growing"

    @property
    def licence(self) -> str:
        """Licence of the solver."""
        return "Apache-2.0"

    def unwrap(self, wrapped: WrappedPhase) -> Unwrapped:
        """Unwrap one interferogram.

        Raises
        ------
        OutOfRangeError
            More than a billion pixels in one piece.
        """
        valid = usable(wrapped)
        if not valid.any():
            return empty_result(wrapped)
        if valid.size > _MOST_PIXELS:
            raise OutOfRangeError(
                f"{valid.size} pixels in one piece",
                expected=f"at most {_MOST_PIXELS}",
                hint="unwrap in tiles: unwrap.tile_size above 0",
            )
        unit, mean, quality, evidence = self._local_mean(wrapped, valid)
        parent, cycles = _grow(mean, quality, valid)
        phase, trusted = np.empty_like(mean), np.empty_like(valid)
        kernels.place_pixels(
            unit,
            mean,
            evidence,
            valid,
            least_evidence=_LEAST_EVIDENCE,
            most_residual=_MOST_RESIDUAL,
            parent=parent,
            cycles=cycles,
            phase=phase,
            trusted=trusted,
        )
        regions, _ = label(trusted)
        components, _ = number_by_size(regions, minimum=1)
        return congruent(wrapped, phase, components=components, solver=self.name)

    def _local_mean(
        self, wrapped: WrappedPhase, valid: BoolImage
    ) -> tuple[ComplexImage, FloatImage, FloatImage, FloatImage]:
        shape, looks = valid.shape, float(wrapped.effective_looks)
        unit, weight = np.empty(shape, np.complex64), np.empty(shape, np.float32)
        coherence = np.where(valid, np.clip(wrapped.coherence, 0, 1), np.float32(0))
        kernels.unit_and_weight(wrapped.phasor, coherence, valid, looks=looks, unit=unit, weight=weight)
        along_rows, along_cols = np.empty((2, *shape), np.float32), np.empty((2, *shape), np.float32)
        kernels.neighbour_products(unit, weight, along_rows, along_cols)
        for part in (*along_rows, *along_cols):
            uniform_filter(part, _SLOPE_WINDOW, output=part, mode="constant")
        mean, quality, evidence = (np.empty(shape, np.float32) for _ in range(3))

        def work(first: int, last: int) -> None:
            kernels.mean_phase(
                unit,
                weight,
                coherence,
                along_rows,
                along_cols,
                half=self.options.smoothing // 2,
                looks=looks,
                first=first,
                last=last,
                phase=mean,
                quality=quality,
                evidence=evidence,
            )

        in_threads(work, shape[0])
        return unit, mean, quality, evidence


def _grow(
    mean: FloatImage, quality: FloatImage, valid: BoolImage
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return each pixel's parent and its cycles relative to it."""
    levels, counts = np.empty((*valid.shape, 2), np.uint16), np.zeros(kernels.LEVELS, np.int64)
    kernels.edge_levels(mean, quality, valid, levels, counts)
    order = np.empty(int(counts.sum()), np.int32)
    kernels.sort_edges(levels, valid, np.cumsum(counts) - counts, order)
    del levels
    parent, cycles = np.arange(valid.size, dtype=np.int32), np.zeros(valid.size, np.int32)
    kernels.merge(mean.ravel(), order, valid.shape[1], parent, cycles, np.ones(valid.size, np.int32))
    return parent, cycles
