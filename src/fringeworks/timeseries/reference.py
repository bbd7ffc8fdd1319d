"""The place and the date where displacement is zero: chosen or given, kept as a record, applied as a view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, uniform_filter

from fringeworks.errors import ReferenceUnusableError, ShapeMismatchError
from fringeworks.model.arrays import ArraySource, BoolImage, FloatImage, FloatStack
from fringeworks.model.grids import MapGrid, Window
from fringeworks.model.options import option
from fringeworks.model.results import Reference
from fringeworks.timeseries.stability import average_lack, average_over_area, depart_from_mode

_STABILITY = 3.0
"""Stability counts as much as scatter and the two coherences together: a reference that moves spoils every pixel."""


@dataclass(frozen=True, slots=True)
class ReferenceOptions:
    """Where displacement is zero.

    Attributes
    ----------
    where : str or tuple of float
        ``auto``, or longitude and latitude in degrees.
    pixel : tuple of int
        Row and column, in place of ``where``.
    radius : int
        Half width of the area [pixels].
    minimum_temporal_coherence : float
        Candidates below it are passed over by the automatic choice.
    margin : int
        Least distance from the image's edge and from pixels without a value [pixels].
    """

    where: str | tuple[float, ...] = option(
        "auto",
        meaning="auto: a stable, coherent place is chosen; or [longitude, latitude] in degrees (WGS84).",
    )
    pixel: tuple[int, ...] = option(
        (), meaning="[row, column] counted from 0 at the upper left, in place of where."
    )
    radius: int = option(
        2,
        meaning="Half width of the reference area: 2 takes 5 x 5 pixels.",
        unit="pixels",
        minimum=0,
        maximum=500,
    )
    minimum_temporal_coherence: float = option(
        0.8,
        meaning="The automatic choice passes over pixels below this temporal coherence, as long as others are left.",
        minimum=0.0,
        maximum=1.0,
    )
    margin: int = option(
        3,
        meaning="Least distance of an automatically chosen area from the image's edge and from missing pixels.",
        unit="pixels",
        minimum=0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFields:
    """What the choice of a reference looks at, all (y, x).

    Attributes
    ----------
    usable : bool
        Pixels with a whole series, on land, without reason for doubt.
    velocity : float32
        Slope of each series, whatever it is relative to [m/yr].
    rmse : float32
        Scatter about the slope, after the median of each date was taken from all pixels [m].
    temporal_coherence : float32
        In [0, 1].
    coherence_mean : float32, optional
        In [0, 1].
    """

    usable: BoolImage
    velocity: FloatImage
    rmse: FloatImage
    temporal_coherence: FloatImage
    coherence_mean: FloatImage | None = None

    def __post_init__(self) -> None:
        for image in (self.velocity, self.rmse, self.temporal_coherence, self.coherence_mean):
            if image is not None and image.shape != self.usable.shape:
                raise ShapeMismatchError(
                    f"an image of {image.shape}", expected=f"{self.usable.shape} as usable"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A reference area before its series is known.

    Attributes
    ----------
    row, col : int
        Centre.
    radius : int
        Half width [pixels].
    how : str
        ``automatic`` or ``given``.
    reason : str
        One sentence with figures.
    """

    row: int
    col: int
    radius: int
    how: str
    reason: str

    def window(self, shape: tuple[int, int]) -> Window:
        """Return the window of the area, cut at the image's edge."""
        top, left = max(self.row - self.radius, 0), max(self.col - self.radius, 0)
        bottom, right = min(self.row + self.radius + 1, shape[0]), min(self.col + self.radius + 1, shape[1])
        return Window(top, left, bottom - top, right - left)


def choose_place(fields: ReferenceFields, *, options: ReferenceOptions) -> Place:
    """Choose a reference area: stable, quiet, coherent, away from edges; the same for the same input.

    Parameters
    ----------
    fields : ReferenceFields
        Quality of each pixel.
    options : ReferenceOptions
        Size and limits.

    Returns
    -------
    Place
        Where a weighted sum of ratios over the area is least: departure of the velocity from the scene's
        commonest against its spread; scatter against its median; incoherence against its median.

    Raises
    ------
    ReferenceUnusableError
        No usable pixel at all.

    Notes
    -----
    Limits give way in this order, and the reason says so: temporal coherence, margin, whole area usable.
    """
    usable = fields.usable & np.isfinite(fields.velocity) & np.isfinite(fields.temporal_coherence)
    if not usable.any():
        raise ReferenceUnusableError(
            "no pixel is usable as reference",
            expected="at least one land pixel with a whole series",
            hint="give a reference by hand, or lower the limits of the inversion",
        )
    candidates, relaxed = _candidates(usable, fields.temporal_coherence, options)
    departure, spread = depart_from_mode(fields.velocity, usable)
    rmse = np.where(usable, fields.rmse, np.nan)
    cost = (
        _STABILITY * average_over_area(np.abs(departure) / max(spread, 1e-9), usable, options.radius)
        + average_over_area(rmse / max(float(np.nanmedian(rmse)), 1e-9), usable, options.radius)
        + average_lack(fields.temporal_coherence, usable, options.radius)
        + (
            0.0
            if fields.coherence_mean is None
            else average_lack(fields.coherence_mean, usable, options.radius)
        )
    )
    flat = int(np.argmin(np.where(candidates & np.isfinite(cost), cost, np.inf)))
    row, col = (int(k) for k in np.unravel_index(flat, usable.shape))
    place = Place(row=row, col=col, radius=options.radius, how="automatic", reason="")
    return replace(place, reason=_describe(place, fields, usable, departure, spread) + relaxed)


def given_place(row: int, col: int, *, usable: BoolImage, options: ReferenceOptions) -> Place:
    """Accept a reference area that was given, or refuse it and name the nearest one that would do.

    Parameters
    ----------
    row, col : int
        Centre of the area; may lie outside the image.
    usable : bool, (y, x)
        Pixels with a whole series.
    options : ReferenceOptions
        Size of the area.

    Raises
    ------
    ReferenceUnusableError
        The point lies outside the image, or its area holds no usable pixel.
    """
    rows, cols = usable.shape
    nearest = _nearest(row, col, usable)
    if not (0 <= row < rows and 0 <= col < cols):
        raise ReferenceUnusableError(
            f"the reference at row {row}, column {col} lies outside the image of {rows} x {cols} pixels",
            expected="a point inside it",
            hint=nearest,
        )
    place = Place(row=row, col=col, radius=options.radius, how="given", reason="")
    count = int(np.count_nonzero(usable[place.window((rows, cols)).slices]))
    if count == 0:
        raise ReferenceUnusableError(
            f"the reference area at row {row}, column {col} (radius {options.radius}) holds no usable pixel",
            expected="at least one pixel with a value at every date",
            hint=nearest,
        )
    return replace(place, reason=f"given by the user; {count} usable pixels in the area")


def measure_reference(
    place: Place,
    area: FloatStack,
    *,
    usable: BoolImage,
    grid: MapGrid,
    dates: tuple[date, ...],
) -> Reference:
    """Make the record of a reference from the series of its area.

    Parameters
    ----------
    place : Place
        Chosen or given.
    area : float32, (date, y, x)
        Series inside the place's window, relative to anything [m].
    usable : bool, (y, x)
        Usable pixels inside the window.
    grid : MapGrid
        Grid of the whole image.
    dates : tuple of date
        Dates of the series.

    Raises
    ------
    ShapeMismatchError
        Area and window, or area and dates, do not fit.
    ReferenceUnusableError
        No pixel of the area has a value at every date.
    """
    window = place.window((grid.shape.rows, grid.shape.cols))
    if area.shape != (len(dates), window.rows, window.cols) or usable.shape != area.shape[1:]:
        raise ShapeMismatchError(
            f"series of {area.shape} and usable of {usable.shape}",
            expected=f"({len(dates)}, {window.rows}, {window.cols}), the place's window",
        )
    removed, count = reference_series(area, usable=usable)
    x, y = grid.centre_of(place.row, place.col)
    return Reference(
        row=place.row,
        col=place.col,
        x=x,
        y=y,
        radius=place.radius,
        n_pixels=count,
        when=dates[0],
        how=place.how,
        reason=place.reason,
        removed=removed,
    )


def reference_series(area: FloatStack, *, usable: BoolImage) -> tuple[NDArray[np.float64], int]:
    """Return the mean series of an area's usable pixels [m], (date), and how many they are.

    Raises
    ------
    ReferenceUnusableError
        No usable pixel has a value at every date.
    """
    whole = usable & np.isfinite(area).all(axis=0)
    count = int(whole.sum())
    if count == 0:
        raise ReferenceUnusableError(
            "no pixel of the reference area has a value at every date",
            expected="at least one",
            hint="move the reference, widen its radius, or let gaps be bridged by the smoothing constraint",
        )
    return area[:, whole].astype(np.float64).mean(axis=1), count


def apply_reference(displacement: FloatStack, reference: Reference) -> FloatStack:
    """Return a series relative to a reference, float32 (date, y, x) [m]; the input is left as it is.

    Raises
    ------
    ShapeMismatchError
        Series and record have different numbers of dates.
    """
    if displacement.shape[0] != reference.removed.size:
        raise ShapeMismatchError(
            f"{displacement.shape[0]} dates", expected=f"{reference.removed.size}, as in the reference"
        )
    shape = (-1,) + (1,) * (displacement.ndim - 1)
    return np.asarray(displacement - reference.removed.reshape(shape), np.float32)


@dataclass(frozen=True, slots=True)
class ReferencedSeries:
    """A series seen relative to a reference; what lies below is not touched.

    Attributes
    ----------
    source : ArraySource
        float32, (date, y, x): series relative to anything [m].
    reference : Reference
        What is taken away when it is read.
    """

    source: ArraySource
    reference: Reference

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return np.dtype(np.float32)

    def __getitem__(self, key: Any, /) -> NDArray[np.float32]:
        """Return the values of a slice, relative to the reference."""
        values = np.asarray(self.source[key])
        first = key[0] if isinstance(key, tuple) else key
        removed = self.reference.removed[first]
        trailing = values.ndim - np.ndim(removed)
        return np.asarray(values - np.reshape(removed, np.shape(removed) + (1,) * trailing), np.float32)

    def relative_to(self, reference: Reference) -> ReferencedSeries:
        """Return the same series relative to another reference; going back gives the same values bit by bit."""
        return ReferencedSeries(self.source, reference)


def _candidates(usable: BoolImage, coherence: FloatImage, options: ReferenceOptions) -> tuple[BoolImage, str]:
    width = 2 * options.radius + 1
    full = uniform_filter(usable.astype(float), width, mode="constant") > 1.0 - 0.5 / width**2
    padded = np.pad(usable, 1)
    away = distance_transform_edt(padded)[1:-1, 1:-1] > options.margin + options.radius
    coherent = usable & (coherence >= options.minimum_temporal_coherence)
    for chosen, said in (
        (coherent & full & away, ""),
        (usable & full & away, "; no place reaches the temporal coherence asked for"),
        (usable & full, "; no place keeps the margin asked for"),
    ):
        if chosen.any():
            return chosen, said
    return usable, "; no area is wholly usable"


def _describe(
    place: Place,
    fields: ReferenceFields,
    usable: BoolImage,
    departure: NDArray[np.float64],
    spread: float,
) -> str:
    at = place.window(usable.shape).slices
    inside = usable[at]
    text = (
        f"velocity {1e3 * float(np.mean(departure[at][inside])):+.1f} mm/yr from the scene's commonest (spread "
        f"{1e3 * spread:.1f}), scatter {1e3 * float(np.nanmean(fields.rmse[at][inside])):.1f} mm, temporal coherence "
        f"{float(np.mean(fields.temporal_coherence[at][inside])):.2f}"
    )
    if fields.coherence_mean is not None:
        text += f", mean coherence {float(np.nanmean(fields.coherence_mean[at][inside])):.2f}"
    return f"{text}; {int(inside.sum())} of {inside.size} pixels usable"


def _nearest(row: int, col: int, usable: BoolImage) -> str:
    rows, cols = np.nonzero(usable)
    if rows.size == 0:
        return "no pixel of the image is usable"
    k = int(np.argmin((rows - row) ** 2 + (cols - col) ** 2))
    return f"the nearest usable pixel is row {rows[k]}, column {cols[k]}"
