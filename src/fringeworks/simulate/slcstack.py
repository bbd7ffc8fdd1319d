"""Stacks of single-look images whose coherence matrix and phase history are known, for phase linking and scatterers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.errors import OutOfRangeError, TooFewDataError
from fringeworks.model.grids import Shape
from fringeworks.simulate.covariance import CoherenceModel, cholesky_factor, circular_gaussian
from fringeworks.simulate.fields import PowerLaw, patches
from fringeworks.simulate.streams import Streams

SLC_STRIP_ROWS = 16
"""Lines drawn together; blocks are made of whole strips, so blocks do not change the numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeckleClass:
    """A kind of ground of distributed scatterers: coherence, amplitude (root of mean power), and share of the area."""

    coherence: CoherenceModel
    share: float = 1.0
    amplitude: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlcScenario:
    """What a stack of single-look images is made of.

    Attributes
    ----------
    dates : tuple of date
        Sorted, at least two.
    shape : Shape
        Lines and samples.
    spacing : tuple of float
        Size of a pixel along azimuth and ground range [m].
    classes : tuple of SpeckleClass
        Kinds of ground; shares sum to 1.
    edges : str
        ``patches``: smooth random patches; ``stripes``: straight edges along azimuth, in the order of the classes.
    bowl_rate : float
        Rate of the phase at the centre of a bowl in the middle of the scene [rad/year].
    gradient : tuple of float
        Constant gradient of the rate along line and sample [rad/year per pixel].
    screen : PowerLaw, optional
        Random phase of every date [rad]; smooth for exponents near 4.
    persistent_share : float
        Share of pixels with one stable scatterer in them.
    persistent_amplitude : float
        Its amplitude, as a multiple of the ground's.
    """

    dates: tuple[date, ...]
    shape: Shape
    spacing: tuple[float, float] = (14.0, 3.7)
    classes: tuple[SpeckleClass, ...] = (SpeckleClass(coherence=CoherenceModel()),)
    edges: str = "patches"
    bowl_rate: float = 0.0
    gradient: tuple[float, float] = (0.0, 0.0)
    screen: PowerLaw | None = None
    persistent_share: float = 0.0
    persistent_amplitude: float = 8.0

    def __post_init__(self) -> None:
        if len(self.dates) < 2 or list(self.dates) != sorted(set(self.dates)):
            raise TooFewDataError(
                f"{len(self.dates)} dates", expected="at least two, sorted, without repeats"
            )
        if self.edges not in {"patches", "stripes"}:
            raise OutOfRangeError(f"edges {self.edges!r}", expected="'patches' or 'stripes'")


@dataclass(frozen=True, slots=True)
class SlcStrip:
    """Some lines of all images: ``slc`` complex64 and true ``phase`` float32 [rad], each (date, line, sample)."""

    lines: slice
    slc: NDArray[np.complex64]
    phase: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlcCovarianceStack:
    """Single-look images with a known covariance; strips are computed when asked for and always the same.

    Attributes
    ----------
    scenario : SlcScenario
        What was asked for.
    classes : uint8, (line, sample)
        Index into ``scenario.classes``.
    persistent : bool, (line, sample)
        Where a stable scatterer lies.
    coherence : float64, (class, date, date)
        True coherence of the distributed ground.
    screens : float32, (date, line, sample), or None
        Random phase of each date [rad].
    streams : Streams
        Randomness.
    """

    scenario: SlcScenario
    classes: NDArray[np.uint8]
    persistent: NDArray[np.bool_]
    coherence: NDArray[np.float64]
    screens: NDArray[np.float32] | None
    streams: Streams

    def phase(self, lines: slice) -> NDArray[np.float32]:
        """Return the true interferometric phase of every date against the first, (date, line, sample) [rad].

        It is that of first times conjugate of date: positive = away.  The images carry its negative.
        """
        scenario = self.scenario
        rows, cols = scenario.shape
        line = np.arange(rows)[lines][:, None].astype(float)
        sample = np.arange(cols)[None, :].astype(float)
        distance = ((line - rows / 2) / (rows / 4)) ** 2 + ((sample - cols / 2) / (cols / 4)) ** 2
        rate = scenario.bowl_rate * np.exp(-distance)
        rate = rate + scenario.gradient[0] * (line - rows / 2) + scenario.gradient[1] * (sample - cols / 2)
        days = np.array([(day - scenario.dates[0]).days for day in scenario.dates], float)
        total = (days / DAYS_PER_YEAR)[:, None, None] * rate
        if self.screens is not None:
            total = total + (self.screens[:, lines] - self.screens[:1, lines])
        return total.astype(np.float32)

    def strips(self, *, lines: int = SLC_STRIP_ROWS) -> Iterator[SlcStrip]:
        """Iterate the scene from top to bottom, in blocks of ``lines`` lines (a multiple of 16)."""
        if lines < 1 or lines % SLC_STRIP_ROWS:
            raise OutOfRangeError(
                f"blocks of {lines} lines", expected=f"a positive multiple of {SLC_STRIP_ROWS}"
            )
        rows = self.scenario.shape.rows
        for start in range(0, rows, lines):
            stop = min(start + lines, rows)
            parts = [self._strip(first) for first in range(start, stop, SLC_STRIP_ROWS)]
            yield SlcStrip(
                slice(start, stop),
                np.concatenate([part.slc for part in parts], axis=1),
                np.concatenate([part.phase for part in parts], axis=1),
            )

    def whole(self) -> SlcStrip:
        """Return all lines at once, in memory."""
        return next(self.strips(lines=-(-self.scenario.shape.rows // SLC_STRIP_ROWS) * SLC_STRIP_ROWS))

    def _strip(self, first: int) -> SlcStrip:
        lines = slice(first, min(first + SLC_STRIP_ROWS, self.scenario.shape.rows))
        kinds = self.classes[lines].ravel()
        slc = np.empty((len(self.scenario.dates), kinds.size), np.complex64)
        for index in np.unique(kinds):
            here = np.flatnonzero(kinds == index)
            factor = cholesky_factor(self.coherence[index])
            rng = self.streams.of("speckle", first, int(index))
            drawn = circular_gaussian(factor, here.size, rng=rng)
            slc[:, here] = np.float32(self.scenario.classes[index].amplitude) * drawn
        self._add_persistent(slc, lines, kinds)
        phase = self.phase(lines)
        slc = slc.reshape(phase.shape) * np.exp(np.complex64(-1j) * phase)
        return SlcStrip(lines, slc, phase)

    def _add_persistent(self, slc: NDArray[np.complex64], lines: slice, kinds: NDArray[np.uint8]) -> None:
        """Add to the ground a constant scatterer of random phase, where there is one."""
        here = np.flatnonzero(self.persistent[lines])
        if here.size == 0:
            return
        ground = np.array([kind.amplitude for kind in self.scenario.classes], np.float32)[kinds[here]]
        angle = self.streams.of("persistent phase", lines.start).uniform(0.0, 2 * math.pi, here.size)
        steady = np.exp(1j * angle).astype(np.complex64)
        slc[:, here] += np.float32(self.scenario.persistent_amplitude) * ground * steady


def simulate_slc_stack(scenario: SlcScenario, *, rng: np.random.Generator) -> SlcCovarianceStack:
    """Invent a coregistered, flattened stack of single-look images.

    Parameters
    ----------
    scenario : SlcScenario
        What is to be invented.
    rng : numpy.random.Generator
        Source of randomness; four numbers are drawn from it, everything else follows from them.

    Returns
    -------
    SlcCovarianceStack
        Truth, and images on demand.

    Notes
    -----
    Each pixel of a class is ``amplitude * (L w) * exp(-i phase)`` with w complex circular Gaussian, independent from pixel
    to pixel, and L the Cholesky factor of the class's coherence matrix.
    """
    streams = Streams.rooted(rng)
    shape = scenario.shape
    shares = tuple(kind.share for kind in scenario.classes)
    if scenario.edges == "patches":
        classes = patches(shape, shares, scenario.spacing, rng=streams.of("classes"))
    else:
        limits = np.round(np.cumsum(shares)[:-1] * shape.cols)
        across = np.searchsorted(limits, np.arange(shape.cols), side="right").astype(np.uint8)
        classes = np.broadcast_to(across, tuple(shape)).copy()
    screens = None
    if scenario.screen is not None:
        screens = np.stack(
            [
                scenario.screen.draw(shape, scenario.spacing, rng=streams.of("screen", k))
                for k in range(len(scenario.dates))
            ]
        )
    return SlcCovarianceStack(
        scenario=scenario,
        classes=classes,
        persistent=streams.of("persistent").random(tuple(shape)) < scenario.persistent_share,
        coherence=np.stack([kind.coherence.matrix(scenario.dates) for kind in scenario.classes]),
        screens=screens,
        streams=streams,
    )


def linking_bound(coherence: NDArray[np.float64], *, looks: float) -> NDArray[np.float64]:
    """Return the least standard deviation of linked phases against the first date, (date - 1) [rad].

    Parameters
    ----------
    coherence : float64, (date, date)
        True coherence.
    looks : float
        Independent samples.

    Notes
    -----
    Cramer-Rao bound: the Fisher information of the phases is ``2 L (G * inv(G) - I)``, elementwise product, without the
    row and column of the first date (Guarnieri and Tebaldini 2007).
    """
    information = 2.0 * looks * (coherence * np.linalg.inv(coherence) - np.eye(len(coherence)))
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(information[1:, 1:]))), float)
