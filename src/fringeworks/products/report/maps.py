"""The maps of the report."""

from __future__ import annotations

from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fringeworks.model.layers import layer_of
from fringeworks.products.report.data import ReportData
from fringeworks.products.report.figures import MM, colour_limit, rounded_up
from fringeworks.products.report.palette import (
    ACCENT,
    INK,
    NODATA,
    WARM,
    Picture,
    drawing,
    map_axes,
    new_figure,
    render,
)
from fringeworks.products.report.sampling import Frame, Sampled

COLOURS_MEAN: Final = (
    "Blue: the ground moves toward the satellite. Red: it moves away from it; where motion is vertical, red is "
    "subsidence and blue is uplift."
)
_WIDTH: Final = 5.5
_FLAT: Final = 0.45
"""A flatter area has its colour bar below."""
_TALLEST: Final = 1.5
"""Height over width of the paper a map may take; a longer area is drawn narrower."""


def paper(frame: Frame, width: float) -> tuple[float, float]:
    """Return width and height of the figure of a map [inches], its colour bar and labels included."""
    ratio = min(frame.ratio, _TALLEST)
    if is_flat(frame):
        return width, (width - 0.9) * ratio + 1.3
    return width, (width - 1.6) * ratio + 0.85


def is_flat(frame: Frame) -> bool:
    """Return whether an area is so flat that its colour bar goes below."""
    return frame.ratio < _FLAT


def _colours(name: str) -> Colormap:
    return mpl.colormaps[layer_of(name).colours]


def _image(axes: Axes, values: NDArray[Any], sampled: Sampled, **how: Any) -> Any:
    frame = sampled.frame
    return axes.imshow(
        values if values.ndim == 3 else np.ma.masked_invalid(values),
        extent=frame.extent,
        origin=frame.origin,
        aspect=frame.aspect,
        interpolation="none",
        **how,
    )


BESIDE: Final = {"location": "right", "shrink": 0.85, "aspect": 28, "pad": 0.02}
BELOW: Final = {"location": "bottom", "shrink": 0.6, "aspect": 40, "pad": 0.04}


def colour_bar(
    figure: Figure, image: Any, axes: Any, label: str, *, extend: str = "neither", place: Any = None
) -> Any:
    """Draw and return the colour bar of a map, beside it or below."""
    bar = figure.colorbar(image, ax=axes, extend=extend, **(place or BESIDE))
    bar.set_label(label)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2)
    if label == "triplets":
        bar.long_axis.set_major_locator(MaxNLocator(6, integer=True))
    return bar


def beyond(values: NDArray[Any], low: float, high: float) -> str:
    """Return at which ends of a colour scale values lie beyond it, in matplotlib's words."""
    under, over = bool((values < low).any()), bool((values > high).any())
    return {(True, True): "both", (True, False): "min", (False, True): "max"}.get((under, over), "neither")


def _mark_reference(axes: Axes, data: ReportData, sampled: Sampled) -> None:
    if data.reference is None:
        return
    scale = 1e-3 if sampled.frame.unit == "km" else 1.0
    x, y = data.reference.x * scale, data.reference.y * scale
    axes.plot(
        x, y, marker="s", markersize=8, markerfacecolor="none", markeredgecolor="#ffffff", markeredgewidth=3
    )
    axes.plot(
        x, y, marker="s", markersize=8, markerfacecolor="none", markeredgecolor="#111111", markeredgewidth=1.3
    )


def velocity_map(data: ReportData, sampled: Sampled) -> Picture:
    """Draw the velocity, doubtful pixels paler, with a symmetric scale around zero."""
    name = "velocity"
    values = sampled.layers[name] * MM
    limit = colour_limit(np.where(sampled.recommended, values, np.nan))
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(-limit, limit), _colours(name))
    painted = scale.to_rgba(np.ma.masked_invalid(values), bytes=True)
    painted[np.isfinite(values) & ~sampled.recommended, 3] = 72
    painted[~np.isfinite(values)] = 0
    with drawing(name):
        width = 11.0 if is_flat(sampled.frame) else 9.0
        figure, axes = new_figure(*paper(sampled.frame, width))
        _image(axes, painted, sampled)
        map_axes(axes, sampled.frame)
        _mark_reference(axes, data, sampled)
        label = "mm/yr:  negative = away,  positive = toward"
        place = BELOW if is_flat(sampled.frame) else BESIDE
        colour_bar(figure, scale, axes, label, extend=beyond(values, -limit, limit), place=place)
        return render(
            name,
            figure,
            alt="Map of the mean line-of-sight velocity",
            caption=f"Mean velocity along the line of sight, relative to the reference area (square). {COLOURS_MEAN} "
            "Faded pixels have a value but are not recommended; grey ones have none." + _how_thin(sampled),
            wide=True,
        )


def _how_thin(sampled: Sampled) -> str:
    if sampled.step == 1:
        return ""
    return f" Each pixel drawn is one of {sampled.step} by {sampled.step} of the product."


def _plain_map(
    name: str,
    values: NDArray[Any],
    sampled: Sampled,
    *,
    limits: tuple[float, float],
    label: str,
    caption: str,
    colours: Colormap | None = None,
) -> Picture:
    with drawing(name):
        figure, axes = new_figure(*paper(sampled.frame, _WIDTH))
        image = _image(axes, values, sampled, cmap=colours or _colours(name), vmin=limits[0], vmax=limits[1])
        map_axes(axes, sampled.frame)
        place = BELOW if is_flat(sampled.frame) else BESIDE
        colour_bar(figure, image, axes, label, extend=beyond(values, *limits), place=place)
        title = layer_of(name).long_name
        return render(name, figure, alt=f"Map of the {title}", caption=caption + _how_thin(sampled))


def sigma_map(sampled: Sampled) -> Picture:
    """Draw the standard deviation of the velocity."""
    values = sampled.layers["velocity_std"] * MM
    finite = values[np.isfinite(values)]
    top = rounded_up(float(np.percentile(finite, 98))) if finite.size else 1.0
    return _plain_map(
        "velocity_std",
        values,
        sampled,
        limits=(0.0, top),
        label="mm/yr, one sigma",
        caption="How well the velocity is known: one standard deviation. Dark is good.",
    )


def coherence_map(sampled: Sampled) -> Picture:
    """Draw the temporal coherence."""
    return _plain_map(
        "temporal_coherence",
        sampled.layers["temporal_coherence"],
        sampled,
        limits=(0.0, 1.0),
        label="temporal coherence",
        caption="How well the interferograms agree with the series: 1 = fully, 0 = not at all. Bright is good.",
    )


def mask_map(sampled: Sampled) -> Picture:
    """Draw what is recommended for use."""
    name = "recommended_mask"
    state = np.where(sampled.recommended, 2.0, np.where(np.isfinite(sampled.layers["velocity"]), 1.0, 0.0))
    share = [(state == k).mean() for k in range(3)]
    colours = (NODATA, WARM, ACCENT)
    with drawing(name):
        width, height = paper(sampled.frame, _WIDTH)
        figure, axes = new_figure(width, height)
        _image(
            axes,
            np.where(state == 0, np.nan, state),
            sampled,
            cmap=ListedColormap(colours[1:]),
            norm=BoundaryNorm([0.5, 1.5, 2.5], 2),
        )
        map_axes(axes, sampled.frame)
        words = ("no value", "not recommended", "recommended")
        handles = [
            Patch(color=c, label=f"{w}  {s:.0%}")
            for c, w, s in zip(colours, words, share, strict=True)
            if s > 0
        ]
        figure.legend(handles=handles[::-1], loc="outside lower center", ncols=3, handlelength=1)
        return render(
            name,
            figure,
            alt="Map of the pixels recommended for use",
            caption="Use the recommended pixels; quality_flags says for each other one why it is doubted."
            + _how_thin(sampled),
        )


_CLOSURE: Final = {
    "closure_rms": "Spread of the closure of all triplets. Noise gives a few tenths of a radian; patches of several "
    "radians are unwrapping errors.",
    "closure_bias": "Mean closure after whole cycles are taken out. Large areas of one colour mean that short pairs "
    "are biased there, and the velocity with them.",
    "bias_rate": "Velocity that interferograms of consecutive dates show beyond longer ones over the same time. Where it is "
    "not zero, plants and soil water bias the short ones, and the velocity with them; nothing is corrected by it.",
    "closure_coherence": "How alike the closures of all triplets are, whole cycles aside: 1 = all the same. Bright is good.",
    "n_unwrapping_errors": "Triplets that close on a whole number of cycles other than zero. Zero is good.",
}


def closure_maps(sampled: Sampled) -> list[Picture]:
    """Draw how triplets close, as far as it is known."""
    return [_closure_map(name, sampled) for name in _CLOSURE if name in sampled.layers]


def _closure_map(name: str, sampled: Sampled) -> Picture:
    values = sampled.layers[name] * np.float32(MM if name == "bias_rate" else 1.0)
    finite = np.abs(values[np.isfinite(values)])
    top = rounded_up(float(np.percentile(finite, 98))) if finite.size else 1.0
    limits = {
        "closure_bias": (-top, top),
        "bias_rate": (-top, top),
        "closure_coherence": (0.0, 1.0),
        "n_unwrapping_errors": (0.0, max(np.ceil(top), 1.0)),
    }
    unit = "mm/yr toward the satellite" if name == "bias_rate" else layer_of(name).unit
    counted = name == "n_unwrapping_errors"
    return _plain_map(
        name,
        values,
        sampled,
        limits=limits.get(name, (0.0, top)),
        label="triplets" if counted else "closure coherence" if unit == "1" else unit,
        caption=_CLOSURE[name],
        colours=mpl.colormaps["magma"] if counted else None,
    )


def misclosure_map(sampled: Sampled) -> Picture:
    """Draw the residual of the network inversion."""
    values = sampled.layers["misclosure_rms"]
    finite = values[np.isfinite(values)]
    return _plain_map(
        "misclosure_rms",
        values,
        sampled,
        limits=(0.0, rounded_up(float(np.percentile(finite, 98))) if finite.size else 1.0),
        label="rad",
        caption="What is left of the interferograms after the inversion. Dark is good.",
    )


def displacement_maps(data: ReportData, sampled: Sampled) -> Picture:
    """Draw the displacement at dates spread over the series, all with one scale."""
    name, values = "displacement", sampled.maps * MM
    limit = colour_limit(values)
    n = len(sampled.chosen_dates)
    ratio = min(sampled.frame.ratio, _TALLEST)
    cols = min(n, next(c for c, up_to in ((2, 0.25), (3, _FLAT), (4, 1.0), (6, np.inf)) if ratio < up_to))
    rows = -(-n // cols)
    with drawing(name):
        figure, axes = new_figure(
            11.0, rows * ((11.0 - 1.2) / cols * ratio + 0.32) + 0.1, nrows=rows, ncols=cols, squeeze=False
        )
        flat, image = list(axes.flat), None
        for axis, when, panel in zip(flat, sampled.chosen_dates, values, strict=False):
            image = _image(axis, panel, sampled, cmap=_colours(name), vmin=-limit, vmax=limit)
            map_axes(axis, sampled.frame, labels=False)
            axis.set_title(data.dates[when].isoformat(), fontsize=9, fontweight="normal", color=INK)
        for axis in flat[n:]:
            axis.set_axis_off()
        colour_bar(figure, image, axes, "mm since the first date", extend=beyond(values, -limit, limit))
        return render(
            name,
            figure,
            alt=f"Small maps of the displacement at {n} dates",
            caption=f"Displacement since {data.dates[0].isoformat()} at {n} of {len(data.dates)} dates, one scale for "
            f"all. {COLOURS_MEAN}",
            wide=True,
        )
