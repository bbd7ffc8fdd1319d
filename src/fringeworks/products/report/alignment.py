"""Pictures of how images were aligned: burst overlaps, timing of dates, dates x bursts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch

from fringeworks.products.report.images import (
    EMPTY,
    FAIL,
    MISSING,
    OUTSIDE,
    STATE_WORDS,
    USED,
    WARN,
    Images,
    Seam,
)
from fringeworks.products.report.networks import date_axis
from fringeworks.products.report.palette import (
    ACCENT,
    AWAY,
    INK,
    MUTED,
    NODATA,
    WARM,
    Picture,
    drawing,
    new_figure,
    render,
)
from fringeworks.products.report.words import plural

_SWATH_COLOURS: Final = (ACCENT, WARM, "#7b5ea7", "#5a7d2a", "#96526b")
_MOST_BARS: Final = 600
"""More points than this are drawn without error bars, as pixels rather than as shapes."""
_FEW: Final = 10
"""Up to this many dates each has its own label."""
_SPREAD: Final = 0.3
"""Share of the shortest gap between dates over which the points of one date are spread."""
_STATE_COLOURS: Final = {EMPTY: AWAY, MISSING: NODATA, OUTSIDE: "#9bbcc4", USED: ACCENT}


def alignment_pictures(images: Images) -> list[Picture]:
    """Draw all that is known of the alignment."""
    drawn = (
        seam_picture(images),
        shift_picture(images),
        join_picture(images),
        burst_picture(images),
    )
    return [picture for picture in drawn if picture is not None]


def _colours(names: Sequence[str]) -> dict[str, str]:
    order = sorted(set(names))
    return {name: _SWATH_COLOURS[k % len(_SWATH_COLOURS)] for k, name in enumerate(order)}


def seam_picture(images: Images) -> Picture | None:
    """Draw the double difference of every burst overlap and date, before and after; None without overlaps."""
    return _seams(
        images,
        images.seams,
        name="burst_overlaps",
        titles=("as orbits and elevation place the images", "after the shifts of each date and sub-swath"),
        alt="Double difference of phase in every burst overlap, by date, before and after the adjustment",
        caption="Two bursts see their overlap with Doppler frequencies some 4.5 kHz apart, so what is left between the "
        "interferograms of one and of the other is misregistration: 0.05 rad is about a thousandth of a line. Each point is one "
        "overlap of one date, against the other dates; bars are one sigma.",
    )


def join_picture(images: Images) -> Picture | None:
    """Draw the phase step of every boundary between sub-swaths and date, before and after; None without any."""
    return _seams(
        images,
        images.boundaries,
        name="swath_joins",
        titles=("as the images are", "after the phase of each date and sub-swath"),
        alt="Step of phase between sub-swaths, by date, before and after the adjustment",
        caption="Two sub-swaths show the ground of their range overlap within a second, so what is left between their interferograms "
        "is a constant of the instrument or the processor. Each point is two bursts of one date, against the other dates; bars are "
        "one sigma.",
    )


def _seams(
    images: Images, seams: Sequence[Seam], *, name: str, titles: tuple[str, str], alt: str, caption: str
) -> Picture | None:
    if not any(math.isfinite(s.before) or math.isfinite(s.after) for s in seams):
        return None
    colours = _colours([s.group for s in seams])
    places = _places(images, seams)
    with drawing(name):
        figure, axes = new_figure(11.0, 4.9, nrows=2, sharex=True)
        for group, colour in colours.items():
            rows = [k for k, s in enumerate(seams) if s.group == group]
            time = [places[k] for k in rows]
            label = f"{group} ({plural(len({seams[k].overlap for k in rows}), 'overlap')})"
            _points(axes[0], time, [seams[k].before for k in rows], None, colour=colour, label=label)
            sigma = [seams[k].sigma for k in rows]
            _points(axes[1], time, [seams[k].after for k in rows], sigma, colour=colour, label=label)
        _limit_lines(axes[1], seams, images.limits)
        _doubtful(axes[1], seams, places)
        _legend(axes[0], len(colours))
        for axis, title in zip(axes, titles, strict=True):
            axis.set_title(title)
            axis.axhline(0, color=MUTED, linewidth=0.7, zorder=1)
            axis.set_ylabel("double difference [rad]")
            axis.grid(axis="y")
            axis.set_axisbelow(True)
        _time_axis(axes[1], images)
        return render(name, figure, alt=alt, caption=caption + _seam_notes(images, seams), wide=True)


def _legend(axes: Axes, n: int) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=n, borderaxespad=0.2, handletextpad=0.1)


def _places(images: Images, seams: Sequence[Seam]) -> list[float]:
    """Return where along time each seam is drawn: those of a date stand side by side."""
    order = {name: k for k, name in enumerate(dict.fromkeys(s.overlap for s in seams))}
    shares = [(order[s.overlap] + 0.5) / len(order) for s in seams]
    return _beside(images, [s.day for s in seams], shares)


def _time_axis(axes: Axes, images: Images) -> None:
    """Label an axis of dates: each date where they are few."""
    axes.margins(x=0.04)
    if len(images.days) > _FEW:
        date_axis(axes)
        return
    days = list(images.days)
    axes.set_xticks(mdates.date2num(days), [d.isoformat() for d in days])


def _beside(images: Images, days: Sequence[date], shares: Sequence[float]) -> list[float]:
    """Return where along time points are drawn: those of one date stand side by side, their share running from 0 to 1."""
    numbers = dict(zip(images.days, np.atleast_1d(mdates.date2num(list(images.days))), strict=True))
    gap = float(np.diff(list(numbers.values())).min()) if len(numbers) > 1 else 12.0
    return [float(numbers[d]) + _SPREAD * gap * (s - 0.5) for d, s in zip(days, shares, strict=True)]


def _points(
    axes: Axes,
    time: Sequence[float],
    values: Sequence[float],
    sigma: Sequence[float] | None,
    *,
    colour: str,
    label: str,
) -> None:
    many = len(time) > _MOST_BARS
    how: dict[str, Any] = {"color": colour, "label": label, "markersize": 2.5 if many else 4.5, "zorder": 3}
    if sigma is None or many:
        axes.plot(time, values, "o", alpha=0.6 if many else 0.95, rasterized=many, **how)
        return
    bars = np.nan_to_num(np.asarray(sigma, float))
    axes.errorbar(time, values, bars, fmt="o", elinewidth=0.9, alpha=0.95, **how)


def _limit_lines(axes: Axes, seams: Sequence[Seam], limits: tuple[float, float]) -> None:
    low, high = limits
    known = [abs(s.after) + float(np.nan_to_num(s.sigma)) for s in seams if math.isfinite(s.after)]
    top = max([*known, *(v for v in limits if math.isfinite(v)), 1e-3]) * 1.15
    axes.set_ylim(-top, top)
    if math.isfinite(low):
        axes.axhspan(-low, low, color=NODATA, alpha=0.45, linewidth=0, zorder=0)
    if math.isfinite(high):
        for value in (-high, high):
            axes.axhline(value, color=AWAY, linewidth=1.0, linestyle=(0, (4, 2.5)), zorder=1)


def _doubtful(axes: Axes, seams: Sequence[Seam], places: Sequence[float]) -> None:
    for verdict, colour in ((WARN, WARM), (FAIL, AWAY)):
        rows = [k for k, s in enumerate(seams) if s.verdict == verdict and math.isfinite(s.after)]
        if rows:
            axes.plot(
                [places[k] for k in rows],
                [seams[k].after for k in rows],
                "o",
                markersize=9,
                markerfacecolor="none",
                markeredgecolor=colour,
                markeredgewidth=1.4,
                zorder=4,
            )


def _seam_notes(images: Images, seams: Sequence[Seam]) -> str:
    low, high = images.limits
    text = ""
    if math.isfinite(low) and math.isfinite(high):
        text += f" Inside the grey band (±{low:g} rad) a seam passes; beyond the dashed lines (±{high:g} rad) it fails."
    if any(s.verdict in {WARN, FAIL} for s in seams):
        text += " Rings: doubtful (orange), failed (red)."
    counts = Counter(group for group, _ in {(s.group, s.overlap) for s in seams})
    single = sorted(group for group, n in counts.items() if n == 1)
    if single:
        text += f" {' and '.join(single)}: one overlap alone determines the adjustment, so nothing is left there by construction."
    return text


def shift_picture(images: Images) -> Picture | None:
    """Draw the timing of each date and sub-swath with its sigma; None where nothing was estimated."""
    name = "timing_shifts"
    rows = images.shifts
    if not any(math.isfinite(s.lines_sigma) or math.isfinite(s.samples_sigma) for s in rows):
        return None
    colours = _colours([s.swath for s in rows])
    with drawing(name):
        figure, axes = new_figure(11.0, 4.6, nrows=2, sharex=True)
        for k, (swath, colour) in enumerate(colours.items()):
            of_swath = [s for s in rows if s.swath == swath]
            share = (k + 0.5) / len(colours)
            time = _beside(images, [s.day for s in of_swath], [share] * len(of_swath))
            for axis, values, sigma in (
                (axes[0], [s.lines for s in of_swath], [s.lines_sigma for s in of_swath]),
                (axes[1], [s.samples for s in of_swath], [s.samples_sigma for s in of_swath]),
            ):
                _points(axis, time, values, sigma, colour=colour, label=swath)
        axes[0].set_ylabel("azimuth [lines]")
        axes[1].set_ylabel("range [samples]")
        _legend(axes[0], len(colours))
        for axis in axes:
            axis.axhline(0, color=MUTED, linewidth=0.7, zorder=1)
            axis.grid(axis="y")
            axis.set_axisbelow(True)
            axis.axvline(
                float(mdates.date2num(images.days[images.reference])),
                color=INK,
                linewidth=0.8,
                linestyle=":",
                zorder=1,
            )
        _time_axis(axes[1], images)
        return render(
            name,
            figure,
            alt="Timing of each date and sub-swath along azimuth and range",
            caption="What was added to where orbits and elevation look for the samples of each date and sub-swath, with one sigma: "
            "along azimuth from burst overlaps, along range from amplitudes. The dotted line is the date all others are aligned with.",
            wide=True,
        )


def burst_picture(images: Images) -> Picture:
    """Draw dates x bursts: which are used, which are missing."""
    name = "bursts"
    n_dates, n_bursts = images.states.shape
    present = [state for state in _STATE_COLOURS if bool((images.states == state).any())]
    with drawing(name):
        figure, axes = new_figure(11.0, float(np.clip(0.9 + 0.22 * n_dates, 1.6, 7.5)))
        axes.pcolormesh(
            np.arange(n_bursts + 1) - 0.5,
            np.arange(n_dates + 1) - 0.5,
            images.states,
            cmap=ListedColormap([_STATE_COLOURS[k] for k in sorted(_STATE_COLOURS)]),
            norm=BoundaryNorm(np.arange(-0.5, len(_STATE_COLOURS)), len(_STATE_COLOURS)),
            edgecolors="#ffffff" if max(n_dates, n_bursts) <= 90 else "none",
            linewidth=0.8,
            rasterized=max(n_dates, n_bursts) > 90,
        )
        axes.invert_yaxis()
        _burst_ticks(axes, images)
        handles = [
            Patch(color=_STATE_COLOURS[k], label=STATE_WORDS[k]) for k in sorted(present, reverse=True)
        ]
        axes.legend(
            handles=handles,
            loc="lower right",
            bbox_to_anchor=(1, 1),
            ncols=len(handles),
            borderaxespad=0.2,
            handlelength=1,
        )
        share = float((images.states == USED).mean())
        return render(
            name,
            figure,
            alt="Dates by bursts: which bursts of which dates are used",
            caption=f"Rows are dates, columns are bursts in the order of flight, sub-swath by sub-swath; {share:.0%} of the cells are "
            "used. Pixels of a burst that a date lacks have no interferograms with that date.",
            wide=True,
        )


def _burst_ticks(axes: Axes, images: Images) -> None:
    n_dates, n_bursts = images.states.shape
    rows = np.unique(np.linspace(0, n_dates - 1, min(n_dates, 14)).round().astype(int))
    axes.set_yticks(rows, [images.days[k].isoformat() for k in rows])
    order = sorted(set(images.swaths))
    places = [[k for k, s in enumerate(images.swaths) if s == swath] for swath in order]
    for columns in places[1:]:
        axes.axvline(columns[0] - 0.5, color=INK, linewidth=1.2)
    if n_bursts <= 12:
        axes.set_xticks(range(n_bursts), list(images.bursts))
    else:
        labels = [
            f"{swath}: {images.bursts[c[0]]} to {images.bursts[c[-1]]}"
            for swath, c in zip(order, places, strict=True)
        ]
        axes.set_xticks([float(np.mean(c)) for c in places], labels)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
