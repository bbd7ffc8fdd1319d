"""A set of scatterers with their phase at every date: the input of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError

PERSISTENT = 0
"""Kind of a point that one scatterer dominates."""
DISTRIBUTED = 1
"""Kind of a point that stands for many alike scatterers, linked into one history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSet:
    """Persistent and distributed scatterers, as one set.

    Attributes
    ----------
    line, sample : float64, (point)
        Where the point lies in the image, first sample 0.
    x, y : float64, (point)
        Where it lies on the ground [m], in any plane that keeps lengths over the scene.
    kind : uint8, (point)
        :data:`PERSISTENT` or :data:`DISTRIBUTED`.
    area : float32, (point)
        Ground that the point stands for [m^2]; 0 where it is a single scatterer.
    phase : float32, (date, point)
        Phase of the date minus that of the reference date [rad], wrapped or not; positive toward the satellite; NaN
        where missing.
    phase_std : float32, (point) or (date, point)
        Sigma of the phase [rad]; 0 at a date means that it was set relative to that date, and is taken as the
        smallest of the point's other dates.

    Raises
    ------
    ShapeMismatchError
        The arrays do not belong to the same number of points.
    OutOfRangeError
        A position is not finite, a kind is unknown, or a sigma is negative or infinite.
    """

    line: NDArray[np.float64]
    sample: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    kind: NDArray[np.uint8]
    area: NDArray[np.float32]
    phase: NDArray[np.float32]
    phase_std: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.phase.ndim != 2:
            raise ShapeMismatchError(f"phase of shape {self.phase.shape}", expected="(date, point)")
        n = self.phase.shape[1]
        for name in ("line", "sample", "x", "y", "kind", "area"):
            _check_length(name, getattr(self, name), n)
        if self.phase_std.shape not in {(n,), self.phase.shape}:
            raise ShapeMismatchError(
                f"phase_std of shape {self.phase_std.shape}", expected=f"({n},) or {self.phase.shape}"
            )
        for name in ("line", "sample", "x", "y"):
            if not np.isfinite(getattr(self, name)).all():
                raise OutOfRangeError(f"{name} of a point is not finite", expected="a place for each point")
        if not np.isin(self.kind, (PERSISTENT, DISTRIBUTED)).all():
            raise OutOfRangeError(
                f"kind {int(self.kind.max())}",
                expected=f"{PERSISTENT} (persistent) or {DISTRIBUTED} (distributed)",
            )
        if np.isinf(self.phase_std).any() or (self.phase_std < 0).any():
            raise OutOfRangeError("phase_std negative or infinite", expected="zero or above [rad]")

    def __len__(self) -> int:
        return int(self.phase.shape[1])

    @property
    def n_dates(self) -> int:
        """Number of dates."""
        return int(self.phase.shape[0])

    def select(self, which: NDArray[Any]) -> PointSet:
        """Return the points of an index or of a True/False array, in that order."""
        fields = {name: getattr(self, name)[which] for name in ("line", "sample", "x", "y", "kind", "area")}
        return PointSet(**fields, phase=self.phase[:, which], phase_std=self.phase_std[..., which])

    def variance(self) -> NDArray[np.float32]:
        """Return the variance of the phase, (date, point) [rad^2]; NaN where the phase is.

        Notes
        -----
        The sigma of a phase relative to the reference date is 0 at that date, although the noise of that date is in
        all others: it is shared out as if each date had its own, by giving the reference date the smallest of the
        point's other sigmas.  A point without any usable sigma has none, and is not used.
        """
        std = np.array(np.broadcast_to(self.phase_std, self.phase.shape), np.float32)
        usable = (std > 0) & np.isfinite(std)
        least = np.where(usable, std, np.inf).min(axis=0, initial=np.inf)
        std = np.where(usable, std, least)
        return np.where(np.isfinite(self.phase) & np.isfinite(std), std * std, np.nan).astype(np.float32)


def join_points(first: PointSet, second: PointSet) -> PointSet:
    """Put two sets behind one another: persistent and distributed scatterers in one network.

    Parameters
    ----------
    first, second : PointSet
        Over the same dates.

    Returns
    -------
    PointSet
        The points of the first, then those of the second.

    Raises
    ------
    ShapeMismatchError
        The numbers of dates differ.
    """
    if first.n_dates != second.n_dates:
        raise ShapeMismatchError(
            f"{first.n_dates} and {second.n_dates} dates", expected="the same dates in both sets"
        )
    names = ("line", "sample", "x", "y", "kind", "area")
    fields = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in names}
    stds = [np.broadcast_to(points.phase_std, points.phase.shape) for points in (first, second)]
    return PointSet(
        **fields,
        phase=np.concatenate([first.phase, second.phase], axis=1),
        phase_std=np.concatenate(stds, axis=1),
    )


def _check_length(name: str, values: NDArray[Any], n: int) -> None:
    if values.shape != (n,):
        raise ShapeMismatchError(
            f"{name} of shape {values.shape}", expected=f"({n},), as the points of phase"
        )
