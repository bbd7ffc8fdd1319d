"""What the two images of a pair have both seen: their common band in range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.interferometry.coherence import Band
from fringeworks.interferometry.commonband import keep_common_band, spectral_shift
from fringeworks.workflow.scenes.stack import SceneStack
from fringeworks.workflow.scenes.standing import stand_on

_NODES: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeBand:
    """Spectrum of a burst in range, and how a baseline moves it.

    Attributes
    ----------
    band : Band
        Bandwidth, sampling rate, window.
    cols : tuple of float
        Samples of the common grid, increasing.
    per_metre : tuple of float
        Spectral shift by a metre of perpendicular baseline at these samples [Hz/m], on level ground.
    """

    band: Band
    cols: tuple[float, ...]
    per_metre: tuple[float, ...]

    def centre(self, baseline: float, cols: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return where the spectrum of a flattened image of a baseline [m] has its middle at samples [Hz]."""
        return baseline * np.interp(cols.astype(np.float64), self.cols, self.per_metre)

    def lost(self, baselines: tuple[float, float]) -> float:
        """Return the largest share of the band that two images do not share."""
        return abs(baselines[1] - baselines[0]) * max(abs(v) for v in self.per_metre) / self.band.bandwidth


def range_band(scenes: SceneStack, name: str) -> RangeBand:
    """Return the spectrum of a burst of the frame, with the shift on level ground of the scene's mean height."""
    burst = scenes.dates[scenes.reference].bursts[name].burst()
    window, seen_by = scenes.stored[name], scenes.dates[scenes.reference].seen_by
    cols = np.linspace(window.col, window.col + window.cols - 1, _NODES)
    lines = np.full(_NODES, window.row + 0.5 * window.rows)
    height = 0.5 * (scenes.heights[0] + scenes.heights[1])
    at = stand_on(scenes.frame.grid, lines, cols, seen_by=seen_by, height=height)
    shift = spectral_shift(
        1.0, wavelength=scenes.wavelength, slant_range=at.slant_range, incidence=at.incidence
    )
    radar = burst.radar
    return RangeBand(
        band=Band(
            bandwidth=radar.range_bandwidth,
            sampling_rate=radar.range_sampling_rate,
            window=radar.range_window_coefficient,
        ),
        cols=tuple(float(v) for v in cols),
        per_metre=tuple(float(v) for v in shift),
    )


def narrowed(
    images: tuple[NDArray[np.complex64], NDArray[np.complex64]],
    *,
    band: RangeBand,
    baselines: tuple[float, float],
    first_col: int,
) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Filter two flattened images to the band that both have seen.

    Parameters
    ----------
    images : two complex64, (line, sample)
        Geometric phase taken out, which moves each spectrum by its own shift.
    band : RangeBand
        Of the burst.
    baselines : (float, float)
        Of both dates from the date of the common grid [m].
    first_col : int
        Sample of the common grid that the images begin at.
    """
    cols = first_col + np.arange(images[0].shape[1])
    found = keep_common_band(
        *images,
        axis=1,
        band=band.band,
        reference_centre=band.centre(baselines[0], cols),
        secondary_centre=band.centre(baselines[1], cols),
    )
    return found.reference, found.secondary
