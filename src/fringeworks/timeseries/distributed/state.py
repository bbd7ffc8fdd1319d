"""What is kept of a linked series so that new dates can be linked to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.arrays import FloatImage, FloatStack
from fringeworks.model.grids import Looks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinkState:
    """Images and datum that an update needs; plain arrays and numbers, as :meth:`arrays` and :meth:`facts` give them.

    Attributes
    ----------
    strides : Looks
        Lines and samples of a cell.
    ministack : int
        Dates of a mini-stack.
    reference : int
        Index of the date whose phase is 0, among all dates.
    n_previous : int
        How many of the images kept belong to the mini-stack before the last; the others make up the last, still open.
    days : float64, (date)
        All dates linked so far [days].
    compressed : complex64, (bin, line, sample)
        Sums of older images, each turned back by its linked phase.
    bin_days : float64, (bin)
        Mean day of each bin.
    bin_sizes : int64, (bin)
        Dates of each bin.
    bin_variance : float32, (bin, row, column)
        Variance of the phase that all dates of a bin share, against the datum [rad^2].
    images : complex64, (date, line, sample)
        The youngest images.
    phase, variance : float32, (date, row, column)
        Their phases against the datum [rad], positive = toward the satellite, and variance [rad^2].
    own_variance : float32, (row, column)
        Variance of the noise of one of them alone [rad^2].
    reference_phase, reference_variance : float32, (row, column)
        Those of the reference date; NaN where it is missing, and until it is known.
    quality : float32, (3, row, column)
        Temporal coherence, mean coherence and looks of the images kept.
    past_quality : float32, (3, row, column)
        Sums of the same over the older dates.
    past_dates : int64, (row, column)
        How many dates these sums hold.
    flags : uint8, (row, column)
        Flags of all links so far.
    """

    strides: Looks
    ministack: int
    reference: int
    n_previous: int
    days: NDArray[np.float64]
    compressed: NDArray[np.complex64]
    bin_days: NDArray[np.float64]
    bin_sizes: NDArray[np.int64]
    bin_variance: FloatStack
    images: NDArray[np.complex64]
    phase: FloatStack
    variance: FloatStack
    own_variance: FloatImage
    reference_phase: FloatImage
    reference_variance: FloatImage
    quality: FloatStack
    past_quality: FloatStack
    past_dates: NDArray[np.int64]
    flags: NDArray[np.uint8]

    @property
    def n_open(self) -> int:
        """Images of the mini-stack that is still open."""
        return len(self.images) - self.n_previous

    @property
    def first_image(self) -> int:
        """Index of the oldest image kept, among all dates."""
        return len(self.days) - len(self.images)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, to be stored."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _FACTS}

    def facts(self) -> dict[str, Any]:
        """Return all else as plain values, to be stored."""
        return {
            "strides": [self.strides.azimuth, self.strides.range],
            **{name: int(getattr(self, name)) for name in _FACTS if name != "strides"},
        }

    def crop(self, *, rows: slice) -> LinkState:
        """Return the state of some rows of cells and their lines alone; the last rows keep lines beyond their cells.

        Blocks that were updated with a halo are cut to what they keep with this.
        """
        n_rows = self.flags.shape[0]
        first, stop, _ = rows.indices(n_rows)
        last_line = None if stop == n_rows else stop * self.strides.azimuth
        lines = slice(first * self.strides.azimuth, last_line)
        cut = {}
        for name, array in self.arrays().items():
            if name in {"compressed", "images"}:
                cut[name] = array[:, lines]
            elif name in _BY_CELL:
                cut[name] = array[..., first:stop, :]
        return rebuild(self.facts(), {**self.arrays(), **cut})


_FACTS = ("strides", "ministack", "reference", "n_previous")
_BY_CELL = {
    "bin_variance",
    "phase",
    "variance",
    "own_variance",
    "reference_phase",
    "reference_variance",
    "quality",
    "past_quality",
    "past_dates",
    "flags",
}


def rebuild(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LinkState:
    """Return the state that :meth:`LinkState.facts` and :meth:`LinkState.arrays` describe.

    Raises
    ------
    ShapeMismatchError
        Something is missing, or arrays do not belong together.
    """
    names = {f.name for f in fields(LinkState)}
    missing = names - set(facts) - set(arrays)
    if missing:
        raise ShapeMismatchError(
            f"a state without {', '.join(sorted(missing))}",
            expected="all that facts() and arrays() gave",
            hint="link the series again from its first date",
        )
    values: dict[str, Any] = {k: v for k, v in {**facts, **arrays}.items() if k in names and k != "strides"}
    azimuth, across = facts["strides"]
    state = LinkState(strides=Looks(int(azimuth), int(across)), **values)
    n_bins, n_images, grid = len(state.bin_days), len(state.images), state.flags.shape
    shapes = {
        "compressed": (n_bins, *state.images.shape[1:]),
        "bin_sizes": (n_bins,),
        "bin_variance": (n_bins, *grid),
        "phase": (n_images, *grid),
        "variance": (n_images, *grid),
        "own_variance": grid,
        "reference_phase": grid,
        "reference_variance": grid,
        "quality": (3, *grid),
        "past_quality": (3, *grid),
        "past_dates": grid,
    }
    for name, shape in shapes.items():
        if getattr(state, name).shape != shape:
            raise ShapeMismatchError(
                f"{name} of shape {getattr(state, name).shape}",
                expected=f"{shape}, as the other arrays of the state",
                hint="link the series again from its first date",
            )
    return state
