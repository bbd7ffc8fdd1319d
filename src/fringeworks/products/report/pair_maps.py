"""The maps and the histogram of one interferogram."""

from __future__ import annotations

import math
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from numpy.typing import NDArray

from fringeworks.model.layers import layer_of
from fringeworks.products.report.curves import signed
from fringeworks.products.report.figures import MM, colour_limit
from fringeworks.products.report.maps import BELOW, BESIDE, COLOURS_MEAN, beyond, colour_bar, is_flat, paper
from fringeworks.products.report.pair_data import PairReportData
from fringeworks.products.report.pair_sampling import THINNED, SampledPair
from fringeworks.products.report.palette import (
    ACCENT,
    INK,
    MUTED,
    Picture,
    drawing,
    map_axes,
    new_figure,
    render,
)
from fringeworks.products.report.sampling import Frame

_WIDE: Final = 9.0
_NARROW: Final = 5.5
_DEGREE_KM: Final = 111.32
_CYCLE: Final = ((-math.pi, 0.0, math.pi), ("−π", "0", "π"))
_COMPONENTS: Final = 8
"""Regions with a colour of their own; smaller ones share one."""


def pair_pictures(data: PairReportData, sampled: SampledPair) -> list[Picture]:
    """Draw every map that the data allow, and the histogram of coherence."""
    layers = sampled.layers
    drawn = [
        displacement_map(data, sampled) if "displacement" in layers else None,
        phase_map("wrapped", data, sampled),
        phase_map("filtered", data, sampled) if "filtered" in layers else None,
        coherence_map(sampled),
        amplitude_map(sampled) if "amplitude" in layers else None,
        component_map(sampled) if "connected_components" in layers else None,
        coherence_histogram(sampled),
    ]
    return [picture for picture in drawn if picture is not None]


def _map(
    name: str,
    values: NDArray[Any],
    sampled: SampledPair,
    *,
    limits: tuple[float, float],
    label: str,
    caption: str,
    colours: mpl.colors.Colormap | None = None,
    ticks: tuple[tuple[float, ...], tuple[str, ...]] | None = None,
    width: float = _NARROW,
) -> Picture:
    layer, frame = layer_of(name), sampled.frame
    with drawing(name):
        figure, axes = new_figure(*paper(frame, width))
        image = axes.imshow(
            np.ma.masked_invalid(values),
            extent=frame.extent,
            origin=frame.origin,
            aspect=frame.aspect,
            interpolation="none",
            cmap=colours or mpl.colormaps[layer.colours],
            vmin=limits[0],
            vmax=limits[1],
        )
        map_axes(axes, frame)
        _scale_bar(axes, frame)
        place = BELOW if is_flat(frame) else BESIDE
        bar = colour_bar(figure, image, axes, label, extend=beyond(values, *limits), place=place)
        if ticks is not None:
            bar.set_ticks(list(ticks[0]), labels=list(ticks[1]))
        return render(
            name,
            figure,
            alt=f"Map of the {layer.long_name}",
            caption=caption + _how_small(name, sampled.step),
            wide=width > _NARROW,
        )


def _how_small(name: str, step: int) -> str:
    if step == 1:
        return ""
    verb = "is one of" if name in THINNED else "stands for"
    return f" Each pixel drawn {verb} {step} by {step} of the product."


def _scale_bar(axes: Axes, frame: Frame) -> None:
    """Draw a bar of a round length in the lower left corner."""
    left, right, bottom, top = frame.extent
    km = 1.0
    if frame.degrees:
        km = 1.0 / (_DEGREE_KM / max(frame.aspect, 1e-6))
    elif frame.unit != "km":
        return
    length = _round_below(abs(right - left) / km / 4.0)
    x = min(left, right) + 0.05 * abs(right - left)
    y = min(bottom, top) + 0.045 * abs(top - bottom)
    for colour, width in (("#ffffff", 5.0), ("#111111", 2.2)):
        axes.plot(
            [x, x + length * km], [y, y], color=colour, linewidth=width, solid_capstyle="butt", zorder=6
        )
    text = f"{length:g} km" if length >= 1 else f"{length * 1000:g} m"
    axes.annotate(
        text,
        (x + 0.5 * length * km, y),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color="#111111",
        fontsize=8.5,
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "#ffffff", "edgecolor": "none", "alpha": 0.75},
        zorder=6,
    )


def _round_below(value: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above a value."""
    power = 10.0 ** math.floor(math.log10(value))
    return float(next(step for step in (5, 2, 1) if step * power <= value * (1 + 1e-9)) * power)


def displacement_map(data: PairReportData, sampled: SampledPair) -> Picture:
    """Draw the displacement, its median taken as zero: of one interferogram only differences are known."""
    values = sampled.layers["displacement"] * MM
    finite = values[np.isfinite(values)]
    middle = float(np.median(finite)) if finite.size else 0.0
    shown = values - np.float32(middle)
    limit = colour_limit(shown)
    cycle = 0.5 * data.wavelength * MM
    return _map(
        "displacement",
        shown,
        sampled,
        limits=(-limit, limit),
        label="mm:  negative = away,  positive = toward",
        caption=f"Displacement along the line of sight between the two dates, from the unwrapped phase. {COLOURS_MEAN} The zero of "
        f"one interferogram is free: here the median of the map, {signed(middle)} mm in the file, is taken as zero. It holds the "
        f"difference of the weather of two days, and whole cycles of {cycle:.1f} mm where unwrapping failed.",
        width=_WIDE,
    )


def phase_map(name: str, data: PairReportData, sampled: SampledPair) -> Picture:
    """Draw wrapped phase in a cyclic scale."""
    texts = {
        "wrapped": f"Phase of the interferogram, topography and flat earth removed, before any filter. One cycle of colours is half a "
        f"wavelength, {0.5 * data.wavelength * MM:.1f} mm; growing phase is motion away.",
        "filtered": "The same phase after the filter; where it differs in more than noise, the filter has invented something.",
    }
    return _map(
        name,
        sampled.layers[name],
        sampled,
        limits=(-math.pi, math.pi),
        label="rad, positive = away",
        caption=texts[name],
        ticks=_CYCLE,
    )


def coherence_map(sampled: SampledPair) -> Picture:
    """Draw the coherence."""
    return _map(
        "coherence",
        sampled.layers["coherence"],
        sampled,
        limits=(0.0, 1.0),
        label="coherence",
        caption="How alike the two images are, freed of its bias: bright ground keeps its phase, dark ground (water, forest, fields that "
        "changed) holds noise.",
    )


def amplitude_map(sampled: SampledPair) -> Picture:
    """Draw the amplitude in decibels."""
    with np.errstate(divide="ignore", invalid="ignore"):
        decibel = 20.0 * np.log10(sampled.layers["amplitude"])
    finite = decibel[np.isfinite(decibel)]
    low, high = np.percentile(finite, [2, 98]) if finite.size else (0.0, 1.0)
    if high - low < 1e-3:
        low, high = low - 0.5, high + 0.5
    return _map(
        "amplitude",
        np.where(np.isfinite(decibel), decibel, np.nan),
        sampled,
        limits=(float(low), float(high)),
        label="dB, not calibrated",
        caption="Mean amplitude of the two images: to find one's way, and to see that roads and shores lie where they should.",
    )


def component_shares(sampled: SampledPair) -> list[tuple[int, float]]:
    """Return label and share of the map of each region that was unwrapped as one, largest first."""
    labels = sampled.layers["connected_components"]
    found, number = np.unique(labels[np.isfinite(labels) & (labels > 0)], return_counts=True)
    order = np.argsort(-number, kind="stable")
    return [(int(found[k]), float(number[k] / labels.size)) for k in order]


def component_map(sampled: SampledPair) -> Picture | None:
    """Draw the regions that were unwrapped as one; None where there is one or none."""
    shares = component_shares(sampled)
    if len(shares) < 2:
        return None
    labels = sampled.layers["connected_components"]
    shown = np.full(labels.shape, np.nan, np.float32)
    named = shares[:_COMPONENTS]
    for place, (label, _) in enumerate(named):
        shown[labels == label] = place
    rest = np.isfinite(labels) & (labels > 0) & ~np.isfinite(shown)
    shown[rest] = len(named)
    n = len(named) + int(rest.any())
    words = [str(label) for label, _ in named] + (["rest"] if rest.any() else [])
    colours = ListedColormap([*mpl.colormaps["tab10"](range(len(named))), "#8d8d8d"][:n])
    return _map(
        "connected_components",
        shown,
        sampled,
        limits=(-0.5, n - 0.5),
        label="region",
        caption="Regions that were unwrapped by themselves. Between two regions the whole cycles are not known, unless a bridge joined "
        "them; grey ground was not unwrapped.",
        colours=colours,
        ticks=(tuple(float(k) for k in range(n)), tuple(words)),
    )


def coherence_histogram(sampled: SampledPair) -> Picture:
    """Draw how coherence is distributed over the map."""
    name = "coherence_histogram"
    values = sampled.layers["coherence"]
    finite = values[np.isfinite(values)]
    with drawing(name):
        figure, axes = new_figure(_NARROW, 3.4)
        axes.set_xlabel("coherence")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlim(0, 1)
        if finite.size:
            axes.hist(finite, bins=np.linspace(0, 1, 81), color=ACCENT)
            middle = float(np.median(finite))
            axes.axvline(middle, color=INK, linewidth=1.1)
            axes.annotate(
                f"median {middle:.2f}",
                (middle, 1),
                xycoords=("data", "axes fraction"),
                xytext=(4, -3),
                textcoords="offset points",
                va="top",
                color=INK,
            )
        else:
            axes.text(0.5, 0.5, "no value", transform=axes.transAxes, ha="center", color=MUTED)
        share = float((finite > 0.3).mean()) if finite.size else 0.0
        return render(
            name,
            figure,
            alt="Histogram of the coherence",
            caption=f"Distribution of the coherence; {share:.0%} of the map with a value lies above 0.3.",
        )
