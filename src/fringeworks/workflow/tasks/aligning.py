"""Tasks: samples of one date brought onto the common grid, deramped, resampled, reramped and flattened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fringeworks.geometry.orbit import orbit_curve
from fringeworks.model.acquisition import Burst, StateVectors
from fringeworks.model.arrays import ComplexImage
from fringeworks.model.grids import Window
from fringeworks.numerics.boxpolynomial import BoxPolynomial
from fringeworks.numerics.resample import CoarseField, ValidSamples, resample
from fringeworks.tops.alignment import Pass, fit_offsets
from fringeworks.tops.carrier import Carrier, carrier_of, taps_of
from fringeworks.tops.frame import RadarFrame
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.scenes.stack import BurstSource
from fringeworks.workflow.tasks.places import POSTING, STRIP, nodes_of, step_at, write_samples

STEP = "coregister"
_COARSER = 4
"""Offsets change so slowly that every fourth height is enough for them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatedBurst:
    """One burst of one date and what is needed to bring it onto the common grid.

    Attributes
    ----------
    store : str
        Working store.
    name : str
        Burst.
    date : int
        Index of the date.
    frame : RadarFrame
        Common grid.
    window : Window
        Part of the burst that is processed.
    source : BurstSource
        Where its samples lie.
    reference, secondary : Pass
        The reference date's flight and this date's.
    orbit : StateVectors
        This date's.
    heights : tuple of float
        Lowest and highest ground [m].
    wavelength : float
        [m].
    shift : tuple of float
        Lines and samples to add to where geometry looks for a sample.
    """

    store: str
    name: str
    date: int
    frame: RadarFrame
    window: Window
    source: BurstSource
    reference: Pass
    secondary: Pass
    orbit: StateVectors
    heights: tuple[float, float]
    wavelength: float
    shift: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class HeldLines:
    """Lines of a burst in memory: number of the first, and int16, (line, sample, 2)."""

    first: int
    integers: NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aligner:
    """A burst of one date, ready to give any window of the common grid."""

    spec: DatedBurst
    burst: Burst
    carrier: Carrier
    offsets: BoxPolynomial
    heights: NDArray[np.float32]

    def samples(self, window: Window, *, held: HeldLines | None = None) -> ComplexImage:
        """Return the flattened samples of a window of the common grid; NaN where there are none.

        Parameters
        ----------
        window : Window
            Lines and samples of the common grid.
        held : HeldLines, optional
            Lines of the burst that were read before, enough for the window; they are read otherwise.
        """
        spec = self.spec
        rows, cols, heights = self._nodes(window)
        some = (slice(None, None, _COARSER), slice(None, None, _COARSER))
        far_rows, far_cols = rows[::_COARSER], cols[::_COARSER]
        line = self.offsets.on_grid(0, x=far_rows, y=far_cols, z=heights[some])
        sample = self.offsets.on_grid(1, x=far_rows, y=far_cols, z=heights[some])
        line += spec.shift[0] - far_rows[:, None]
        sample += spec.shift[1] - far_cols[None]
        taps = taps_of(self.burst)
        if held is None:
            held = self.read(self._lines(line, far_rows, taps.azimuth.reach))
        if not len(held.integers):
            return np.full(tuple(window.shape), np.nan + 1j * np.nan, np.complex64)
        return resample(
            held.integers,
            window,
            row_offset=_field(line, far_rows, far_cols),
            col_offset=_field(sample, far_rows, far_cols),
            row_taps=taps.azimuth,
            col_taps=taps.range,
            carrier=self.carrier.chirp(),
            valid=ValidSamples(first=self.burst.first_valid, last=self.burst.last_valid),
            phase=_field(self.offsets.on_grid(2, x=rows, y=cols, z=heights), rows, cols),
            cycles_per_unit=2.0 / spec.wavelength,
            place=Window(held.first, 0, len(held.integers), self.burst.grid.shape.cols),
        )

    def read(self, lines: tuple[int, int]) -> HeldLines:
        """Read lines of the burst: first, and one past the last."""
        first, last = lines
        return HeldLines(first, self.spec.source.integers()[first : max(last, first), :, :])

    def lines_for(self, window: Window) -> tuple[int, int]:
        """Return the burst's own lines that a window of the common grid needs."""
        rows, cols, heights = self._nodes(window)
        some = (slice(None, None, _COARSER), slice(None, None, _COARSER))
        line = self.offsets.on_grid(0, x=rows[::_COARSER], y=cols[::_COARSER], z=heights[some])
        line += self.spec.shift[0] - rows[::_COARSER, None]
        return self._lines(line, rows[::_COARSER], taps_of(self.burst).azimuth.reach)

    def _nodes(self, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
        """Return lines, samples and heights that enclose a window, their number one more than a multiple of four."""
        rows, cols = nodes_of(self.spec.window)
        r0, r1 = _enclosing(window.row - self.spec.window.row, window.rows, POSTING[0])
        c0, c1 = _enclosing(window.col - self.spec.window.col, window.cols, POSTING[1])
        picked_rows = self.spec.window.row + POSTING[0] * np.arange(r0, r1)
        picked_cols = self.spec.window.col + POSTING[1] * np.arange(c0, c1)
        heights = self.heights[np.minimum(np.arange(r0, r1), len(rows) - 1)][
            :, np.minimum(np.arange(c0, c1), len(cols) - 1)
        ]
        return picked_rows.astype(np.float64), picked_cols.astype(np.float64), heights

    def _lines(self, offset: NDArray[np.float64], rows: NDArray[np.float64], reach: int) -> tuple[int, int]:
        """Return the burst's own lines that a window needs."""
        place = offset + rows[:, None]
        if not np.isfinite(place).any():
            return 0, 0
        low, high = float(np.nanmin(place)), float(np.nanmax(place))
        n_lines = self.burst.grid.shape.rows
        return max(int(low) - reach - 1, 0), min(int(high) + reach + 2, n_lines)


def _field(values: NDArray[np.float64], rows: NDArray[np.float64], cols: NDArray[np.float64]) -> CoarseField:
    """Return values at evenly spaced whole lines and samples as a field."""
    return CoarseField(
        values=values,
        row_start=int(rows[0]),
        row_step=int(rows[1] - rows[0]),
        col_start=int(cols[0]),
        col_step=int(cols[1] - cols[0]),
    )


def _enclosing(start: int, n: int, step: int) -> tuple[int, int]:
    """Return the first node and one past the last that enclose ``n`` places from ``start``; 4 k + 1 of them."""
    first = start // step
    first -= first % _COARSER
    count = -(-(start + n - 1 - first * step) // step) + 1
    count = -(-(count - 1) // _COARSER) * _COARSER + 1
    return first, first + max(count, _COARSER + 1)


def aligner_of(spec: DatedBurst, *, heights_step: str = "heights") -> Aligner:
    """Prepare a burst of one date: carrier, geometry, heights."""
    burst = spec.source.burst()
    window = next(b.window for b in spec.frame.bursts if b.name == spec.name)
    offsets = fit_offsets(
        spec.frame.grid,
        spec.reference,
        secondary=spec.secondary,
        secondary_grid=burst.grid,
        window=window,
        heights=spec.heights,
    )
    velocity = orbit_curve(spec.orbit.since(burst.grid.epoch)).velocity(np.array([burst.mid_time]))
    carrier = carrier_of(burst, speed=float(np.linalg.norm(velocity)))
    heights = np.asarray(step_at(spec.store, heights_step).array(spec.name)[:, :])
    return Aligner(spec=spec, burst=burst, carrier=carrier, offsets=offsets.polynomial, heights=heights)


def align(spec: DatedBurst) -> Payload:
    """Bring a burst of one date onto the common grid and keep it, strip by strip."""
    aligner = aligner_of(spec)
    step = step_at(spec.store, STEP)
    window, n_valid, n_zero = spec.window, 0, 0
    for row in range(0, window.rows, STRIP):
        n = min(STRIP, window.rows - row)
        values = aligner.samples(Window(window.row + row, window.col, n, window.cols))
        n_zero += take_zeros_out(values)
        n_valid += int(np.isfinite(values.real).sum())
        write_samples(step, spec.name, (spec.date, slice(row, row + n)), values)
    size = window.shape.size
    return {
        "tally": {
            "what": "samples",
            "considered": size,
            "used": n_valid,
            "rejected": {"no data": size - n_valid - n_zero, "zero": n_zero},
        }
    }


def take_zeros_out(values: ComplexImage) -> int:
    """Make samples that are exactly zero, which no radar measures, missing; returns how many."""
    zero = values == 0
    values[zero] = complex(np.nan, np.nan)
    return int(zero.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StripSpec:
    """Strips of one date in which two bursts overlap, or one strip of a burst that overlaps none.

    Attributes
    ----------
    array : str
        Where in the store; (date, burst, line, sample).
    step : str
        Step of the array.
    bursts : tuple of DatedBurst or None
        Upper and lower burst; None where the date lacks it.
    lines : tuple of int
        First line and number of lines on the common grid.
    columns : tuple of (int, int)
        First sample and number of samples of each piece; the array holds them one after the other.
    """

    step: str
    array: str
    date: int
    bursts: tuple[DatedBurst | None, ...]
    lines: tuple[int, int]
    columns: tuple[tuple[int, int], ...]
    shifts: Mapping[str, float] = field(default_factory=dict)


def align_strips(spec: StripSpec) -> Payload:
    """Bring the strips of one overlap and date onto the common grid and keep them."""
    store = next(b.store for b in spec.bursts if b is not None)
    step = step_at(store, spec.step)
    counts = []
    for place, dated in enumerate(spec.bursts):
        if dated is None:
            counts.append(0)
            continue
        aligner = aligner_of(dated)
        windows = [Window(spec.lines[0], col, spec.lines[1], n) for col, n in spec.columns]
        needs = [aligner.lines_for(w) for w in windows]
        # zips unpack whole lines: once for all pieces
        held = aligner.read((min(a for a, _ in needs), max(b for _, b in needs)))
        pieces = [aligner.samples(w, held=held) for w in windows]
        values = np.concatenate(pieces, axis=1)
        take_zeros_out(values)
        counts.append(int(np.isfinite(values.real).sum()))
        write_samples(step, spec.array, (spec.date, place, slice(None)), values)
    return {"n_valid": counts}
