"""Pictures of scatterers: where they are and move, how dense, their arcs, their amplitudes, their noise."""

from __future__ import annotations

from typing import Final

import matplotlib as mpl
import matplotlib.dates as mdates
import numpy as np
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from fringeworks.model.layers import layer_of
from fringeworks.products.report.data import ReportData
from fringeworks.products.report.figures import MM, colour_limit, rounded_up
from fringeworks.products.report.maps import BELOW, BESIDE, beyond, colour_bar, is_flat, paper
from fringeworks.products.report.networks import date_axis
from fringeworks.products.report.palette import (
    ACCENT,
    MUTED,
    WARM,
    Picture,
    drawing,
    map_axes,
    new_figure,
    render,
)
from fringeworks.products.report.sampling import Frame, Sampled
from fringeworks.products.report.scatterers import ScattererFacts

_WIDTH: Final = 5.5


def scatterer_pictures(data: ReportData, sampled: Sampled) -> list[Picture | None]:
    """Draw all that is known of the scatterers of a run; nothing for a run without."""
    found = data.scatterers
    if found is None:
        return []
    return [
        points_picture(found, sampled),
        density_picture(found, sampled),
        arc_picture(found, sampled),
        dispersion_picture(found),
        sigma_picture(found),
    ]


def _scale(frame: Frame) -> float:
    return 1e-3 if frame.unit == "km" else 1.0


def _frame_axes(axes: object, frame: Frame) -> None:
    left, right, low, high = frame.extent
    axes.set_xlim(min(left, right), max(left, right))  # type: ignore[attr-defined]
    axes.set_ylim(min(low, high), max(low, high))  # type: ignore[attr-defined]


def points_picture(found: ScattererFacts, sampled: Sampled) -> Picture | None:
    """Draw the velocity of points: persistent ones as discs over the squares of distributed ones."""
    name = "points"
    if not found.x.size:
        return None
    values, frame = found.velocity * MM, sampled.frame
    limit = colour_limit(values)
    norm, colours = mpl.colors.Normalize(-limit, limit), mpl.colormaps[layer_of("velocity").colours]
    with drawing(name):
        figure, axes = new_figure(*paper(frame, 11.0 if is_flat(frame) else 9.0))
        size = _marker(found, frame)
        for chosen, marker, edge in ((~found.persistent, "s", 0.0), (found.persistent, "o", 0.25)):
            axes.scatter(
                found.x[chosen] * _scale(frame),
                found.y[chosen] * _scale(frame),
                c=values[chosen],
                s=size * (1.0 if marker == "s" else 1.8),
                marker=marker,
                linewidths=edge,
                edgecolors="#333333",
                norm=norm,
                cmap=colours,
                rasterized=True,
            )
        map_axes(axes, frame)
        _frame_axes(axes, frame)
        mapped = mpl.cm.ScalarMappable(norm, colours)
        place = BELOW if is_flat(frame) else BESIDE
        label = "mm/yr:  negative = away,  positive = toward"
        colour_bar(figure, mapped, axes, label, extend=beyond(values, -limit, limit), place=place)
        return render(
            name,
            figure,
            alt="Map of scatterers coloured by velocity",
            caption="Velocity of single scatterers along the line of sight, relative to the reference area. Discs are persistent "
            "scatterers (one object outshines its cell), squares are distributed ones (ground whose samples were averaged).",
            wide=True,
        )


def _marker(found: ScattererFacts, frame: Frame) -> float:
    """Return the area of a marker [points squared] at which markers about cover the ground that has points."""
    wide, high = paper(frame, 11.0 if is_flat(frame) else 9.0)
    covered = float(np.mean(np.isfinite(found.density))) if found.density.size else 1.0
    return float(np.clip(0.8 * covered * wide * high * 72.0**2 / max(found.x.size, 1), 1.0, 36.0))


def density_picture(found: ScattererFacts, sampled: Sampled) -> Picture | None:
    """Draw how many points there are to a square kilometre."""
    name = "point_density"
    if not found.density.size or not found.x.size:
        return None
    frame = sampled.frame
    finite = found.density[np.isfinite(found.density)]
    top = rounded_up(float(np.percentile(finite, 98))) if finite.size else 1.0
    left, right, low, high = frame.extent
    with drawing(name):
        figure, axes = new_figure(*paper(frame, _WIDTH))
        image = axes.imshow(
            found.density,
            extent=(left, right, min(low, high), max(low, high)),
            origin="upper",
            aspect=frame.aspect,
            interpolation="none",
            cmap="viridis",
            vmin=0.0,
            vmax=max(top, 1.0),
        )
        map_axes(axes, frame)
        colour_bar(
            figure,
            image,
            axes,
            "points / km²",
            extend=beyond(finite, 0.0, top),
            place=BELOW if is_flat(frame) else BESIDE,
        )
        return render(
            name,
            figure,
            alt="Map of the density of points",
            caption="Points to a square kilometre, both kinds together. Distributed scatterers share samples with their "
            "neighbours where windows overlap.",
        )


def arc_picture(found: ScattererFacts, sampled: Sampled) -> Picture | None:
    """Draw the arcs of the network by how well their model explains the phases."""
    name = "arcs"
    if not found.arc_coherence.size:
        return None
    frame = sampled.frame
    lines = found.arcs.reshape(-1, 2, 2) * _scale(frame)
    with drawing(name):
        figure, axes = new_figure(*paper(frame, _WIDTH))
        drawn = LineCollection(
            list(lines), cmap="cividis", norm=mpl.colors.Normalize(0.0, 1.0), linewidths=0.5
        )
        drawn.set_array(found.arc_coherence)
        drawn.set_rasterized(True)
        axes.add_collection(drawn)
        map_axes(axes, frame)
        _frame_axes(axes, frame)
        place = BELOW if is_flat(frame) else BESIDE
        colour_bar(figure, drawn, axes, "temporal coherence of arcs", place=place)
        return render(
            name,
            figure,
            alt="Map of the arcs between points",
            caption="Arcs between neighbouring points, by how well velocity and height difference explain the phase "
            "differences along them. Holes are ground that is joined across, or not at all.",
        )


def dispersion_picture(found: ScattererFacts) -> Picture | None:
    """Draw how amplitudes scatter in time, and which samples became candidates."""
    name = "amplitude_dispersion"
    if not found.dispersion_all.sum():
        return None
    with drawing(name):
        figure, axes = new_figure(_WIDTH, 3.0)
        edges = found.dispersion_edges
        for counts, colour, label in (
            (found.dispersion_all, MUTED, "all samples"),
            (found.dispersion_chosen, WARM, "candidates"),
        ):
            axes.stairs(
                np.where(counts > 0, counts, np.nan),
                edges,
                color=colour,
                label=label,
                fill=False,
                linewidth=1.4,
            )
        axes.set_yscale("log")
        axes.set_xlabel("amplitude dispersion")
        axes.set_ylabel("samples")
        axes.legend(loc="upper right")
        return render(
            name,
            figure,
            alt="Histogram of amplitude dispersion",
            caption="Amplitude dispersion: standard deviation over mean of a sample's calibrated amplitude. Pure speckle lies "
            "at 0.52; below 0.25 the phase noise of a persistent scatterer is about the dispersion in radians.",
        )


def sigma_picture(found: ScattererFacts) -> Picture | None:
    """Draw the noise that linking leaves in each date."""
    name = "linked_noise"
    sigma: NDArray[np.float64] = found.sigma_by_date
    if not sigma.size or not np.isfinite(sigma).any():
        return None
    with drawing(name):
        figure, axes = new_figure(_WIDTH, 3.0)
        axes.plot(
            mdates.date2num(list(found.dates)), sigma, marker="o", markersize=3.5, color=ACCENT, linewidth=1.0
        )
        date_axis(axes)
        axes.set_ylim(bottom=0.0)
        axes.set_ylabel("rad")
        return render(
            name,
            figure,
            alt="Standard deviation of linked phases by date",
            caption="Median standard deviation of the linked phase of each date against the first, over the cells of the "
            "map: dates far from all others, or over changed ground, are noisier.",
        )
