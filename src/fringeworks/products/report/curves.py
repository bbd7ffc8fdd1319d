"""Series of single pixels, and histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from fringeworks.constants import DAYS_PER_YEAR
from fringeworks.products.report.data import ReportData
from fringeworks.products.report.figures import MM, PointSeries
from fringeworks.products.report.networks import date_axis
from fringeworks.products.report.palette import (
    ACCENT,
    AWAY,
    INK,
    MUTED,
    TOWARD,
    WARM,
    Picture,
    drawing,
    new_figure,
    render,
)
from fringeworks.products.report.sampling import Sampled

_POINT_COLOURS: Final = {"strongest motion away": AWAY, "strongest motion toward": TOWARD, "reference": INK}


def signed(value: float, digits: int = 1) -> str:
    """Write a number with its sign, a true minus, and no sign for zero."""
    text = f"{abs(value):.{digits}f}"
    sign = "" if float(text) == 0 else "−" if value < 0 else "+"
    return sign + text


def series_picture(data: ReportData, points: Sequence[PointSeries]) -> Picture | None:
    """Draw the series of the pixels that stand for the map; None without any."""
    name = "series"
    if not points:
        return None
    with drawing(name):
        rows = -(-len(points) // 2)
        figure, axes = new_figure(11.0, 2.7 * rows + 0.1, nrows=rows, ncols=2, sharex=True, squeeze=False)
        flat = list(axes.flat)
        for axis, point in zip(flat, points, strict=False):
            _series(axis, data, point)
        for axis in flat[len(points) :]:
            axis.set_axis_off()
        return render(
            name,
            figure,
            alt="Displacement series of representative pixels",
            caption="Displacement of single pixels, each with the straight line of its published velocity and the velocity's one sigma; "
            "bars are one sigma of each date, from the noise of the interferograms alone. The scales differ.",
            wide=True,
        )


def line_of(point: PointSeries, years: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the straight line of a point's published velocity through the mean of its series [m], (date)."""
    valid = np.isfinite(point.series)
    if not valid.any() or not math.isfinite(point.velocity):
        return np.full(len(years), np.nan)
    offset = float(point.series[valid].mean() - point.velocity * years[valid].mean())
    return offset + point.velocity * years


def _series(axes: Axes, data: ReportData, point: PointSeries) -> None:
    time = mdates.date2num(list(data.dates))
    years = (time - time[0]) / DAYS_PER_YEAR
    colour = _POINT_COLOURS.get(point.label, ACCENT)
    bars = None if not np.isfinite(point.series_std).any() else np.nan_to_num(point.series_std) * MM
    axes.plot(time, line_of(point, years) * MM, color=MUTED, linewidth=1.2, zorder=1)
    axes.errorbar(
        time,
        point.series * MM,
        bars,
        fmt="o",
        markersize=3.6,
        color=colour,
        elinewidth=0.8,
        alpha=0.95,
        zorder=3,
    )
    sigma = f" ± {point.sigma * MM:.1f}" if math.isfinite(point.sigma) else ""
    rate = f"{signed(point.velocity * MM)}{sigma} mm/yr" if math.isfinite(point.velocity) else "no velocity"
    axes.set_title(f"{point.label}:  {rate}")
    axes.set_ylabel("mm toward satellite")
    axes.grid(axis="y")
    axes.margins(x=0.03, y=0.12)
    low, high = axes.get_ylim()
    if high - low < 4:  # a flat series shows as flat
        axes.set_ylim((low + high) / 2 - 2, (low + high) / 2 + 2)
    date_axis(axes)


def histogram_picture(sampled: Sampled) -> Picture:
    """Draw how velocity and its sigma are distributed over the recommended pixels."""
    name = "histogram"
    velocity = sampled.layers["velocity"][sampled.recommended] * MM
    sigma = sampled.layers.get("velocity_std")
    chosen = np.empty(0) if sigma is None else sigma[sampled.recommended] * MM
    with drawing(name):
        figure, axes = new_figure(11.0, 2.9, ncols=2)
        _bars(axes[0], velocity, color=ACCENT, label="velocity [mm/yr], negative = away")
        _bars(axes[1], chosen, color=WARM, label="one sigma of the velocity [mm/yr]")
        axes[0].axvline(0, color=MUTED, linewidth=0.8)
        return render(
            name,
            figure,
            alt="Histograms of velocity and of its standard deviation",
            caption=f"Over {velocity.size:,} recommended pixels; the outermost 0.5 % on each side are left out of the drawing.".replace(
                ",", " "
            ),
            wide=True,
        )


def _bars(axes: Axes, values: NDArray[Any], *, color: str, label: str) -> None:
    finite = values[np.isfinite(values)]
    axes.set_xlabel(label)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if not finite.size:
        axes.text(0.5, 0.5, "no value", transform=axes.transAxes, ha="center", color=MUTED)
        return
    low, high = np.percentile(finite, [0.5, 99.5])
    if high <= low:
        low, high = low - 0.5, high + 0.5
    axes.hist(finite, bins=80, range=(float(low), float(high)), color=color)
    middle = float(np.median(finite))
    axes.axvline(middle, color=INK, linewidth=1.1)
    axes.annotate(
        f"median {middle:.2g}".replace("-", "−"),
        (middle, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -3),
        textcoords="offset points",
        va="top",
        color=INK,
    )


def truth_picture(sampled: Sampled) -> Picture | None:
    """Draw velocity error over its sigma against the normal distribution; None without a truth."""
    name = "truth"
    if "truth_velocity" not in sampled.layers or "velocity_std" not in sampled.layers:
        return None
    error = standardised_error(sampled)
    if not error.size:
        return None
    with drawing(name):
        figure, axes = new_figure(5.5, 3.2)
        edges = np.linspace(-5, 5, 81)
        axes.hist(np.clip(error, -5, 5), bins=edges, density=True, color=ACCENT, label="error / sigma")
        axes.plot(
            edges,
            np.exp(-(edges**2) / 2) / np.sqrt(2 * np.pi),
            color=INK,
            linewidth=1.3,
            label="what sigma promises",
        )
        axes.set_xlabel("velocity error / its reported sigma")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.legend(loc="upper right")
        rms = float(np.sqrt(np.mean(error.astype(np.float64) ** 2)))
        return render(
            name,
            figure,
            alt="Histogram of the velocity error in units of its reported sigma",
            caption=f"Error against the known truth, in units of the reported sigma: root mean square {rms:.2f} "
            "(1 = the sigma is honest; 0.8 to 1.2 is what we promise).",
        )


def standardised_error(sampled: Sampled) -> NDArray[np.float32]:
    """Return velocity error over its sigma at the recommended pixels where both are known, (pixel)."""
    use = sampled.recommended & (np.nan_to_num(sampled.layers["velocity_std"]) > 0)
    error = sampled.layers["velocity"][use] - sampled.layers["truth_velocity"][use]
    ratio = error / sampled.layers["velocity_std"][use]
    return np.asarray(ratio[np.isfinite(ratio)], np.float32)
