"""Colours, lettering, and how a figure becomes a picture for page and folder.

A figure is drawn once.  For the page it becomes SVG whose ink, grid and paper follow the page's theme, light
or dark; for the folder it becomes PNG on white paper.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import matplotlib as mpl
import matplotlib.image
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox

from fringeworks.products.report.sampling import Frame

INK: Final = "#1d2330"
MUTED: Final = "#5c6575"
RULE: Final = "#d5dae2"
NODATA: Final = "#d3d8e0"
AWAY: Final = "#c8372d"
TOWARD: Final = "#2f77b8"
ACCENT: Final = "#2a7f8e"
WARM: Final = "#d98324"
_THEMED: Final = {INK: "var(--ink)", MUTED: "var(--muted)", RULE: "var(--rule)", NODATA: "var(--nodata)"}
_DPI: Final = 150
_PIXELS_PER_POINT: Final = 1.42
"""A wide figure of 11 inches then fills the page; a narrow one keeps the same lettering."""
_STYLE: Final = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of the report.

    Attributes
    ----------
    name : str
        File stem in ``pictures``, and anchor on the page.
    alt : str
        What it shows, for who cannot see it.
    caption : str
        How to read it.
    svg : str
        For the page; follows its theme.
    png : bytes
        For the folder; white paper.
    wide : bool
        Takes the whole width of the page.
    """

    name: str
    alt: str
    caption: str
    svg: str
    png: bytes
    wide: bool = False


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Set the house's lettering while a figure is drawn and rendered, and no longer."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        yield


def render(name: str, figure: Figure, *, alt: str, caption: str, wide: bool = False) -> Picture:
    """Turn a figure into a picture; call it inside :func:`drawing`.

    Notes
    -----
    The figure is laid out once and drawn once for each kind of file; both are then cut to what is drawn.
    """
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    box = figure.get_tightbbox(canvas.get_renderer()).padded(0.05)
    png = _png(figure, box)
    svg = _themed(_svg(figure), alt, box=box, height=figure.get_figheight())
    return Picture(name=name, alt=alt, caption=caption, svg=svg, png=png, wide=wide)


def _png(figure: Figure, box: Bbox) -> bytes:
    """Draw on white paper; cut out the box [inches from the lower left corner]."""
    figure.set_dpi(_DPI)
    canvas, paper = FigureCanvasAgg(figure), figure.get_facecolor()
    figure.set_facecolor("white")
    canvas.draw()
    figure.set_facecolor(paper)
    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
    top, bottom = (round((figure.get_figheight() - y) * _DPI) for y in (box.y1, box.y0))
    left, right = (round(x * _DPI) for x in (box.x0, box.x1))
    part = pixels[max(top, 0) : bottom, max(left, 0) : right]
    stream = io.BytesIO()
    nothing: Any = {"Software": None}
    mpl.image.imsave(stream, np.ascontiguousarray(part), format="png", dpi=_DPI, metadata=nothing)
    return stream.getvalue()


def _svg(figure: Figure) -> str:
    figure.set_dpi(_DPI)  # of images inside; the drawing itself counts in points
    stream = io.StringIO()
    FigureCanvasSVG(figure).print_svg(stream, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return stream.getvalue()


def _themed(svg: str, alt: str, *, box: Bbox, height: float) -> str:
    """Return the part of a drawing inside the box, its ink and paper those of the page's theme."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    opening = re.match(r"<svg [^>]*>", svg)
    if opening is None:
        return svg
    left, top, wide, high = (72.0 * v for v in (box.x0, height - box.y1, box.width, box.height))
    shown = f"{left:.2f} {top:.2f} {wide:.2f} {high:.2f}"
    width = wide * _PIXELS_PER_POINT
    head = f'<svg viewBox="{shown}" style="max-width:{width:.0f}px" role="img" aria-label="{escape(alt)}">'
    svg = head + svg[opening.end() :]
    svg = re.sub(r"font: ([^;\"']*?px) [^;\"]*", r"font: \1 var(--sans)", svg)
    for colour, variable in _THEMED.items():
        svg = svg.replace(colour, variable)
    return re.sub(r"\s*\n\s*", "\n", svg).strip()


def new_figure(
    width: float, height: float, *, nrows: int = 1, ncols: int = 1, sharex: bool = False, squeeze: bool = True
) -> tuple[Figure, Any]:
    """Make a figure that stays inside its paper, and its axes, as ``subplots`` does."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(nrows=nrows, ncols=ncols, sharex=sharex, squeeze=squeeze)


def map_axes(axes: Axes, frame: Frame, *, title: str = "", labels: bool = True) -> None:
    """Give an axes the look of a map: paper for no data, ticks in degrees or kilometres."""
    axes.set_facecolor(NODATA)
    axes.set_aspect(frame.aspect)
    axes.set_title(title)
    for side in axes.spines.values():
        side.set_visible(False)
    for axis, n in ((axes.xaxis, 4 if frame.ratio < 1.5 else 2), (axes.yaxis, 5 if frame.ratio > 0.5 else 2)):
        axis.set_major_locator(MaxNLocator(n, steps=[1, 2, 2.5, 5, 10]))
    axes.tick_params(length=3)
    if not labels:
        axes.set_xticks([])
        axes.set_yticks([])
        return
    if frame.degrees:
        span = min(abs(frame.extent[1] - frame.extent[0]), abs(frame.extent[3] - frame.extent[2]))
        digits = 0 if span > 8 else 1 if span > 0.8 else 2 if span > 0.08 else 3
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda v, _: _degrees((v + 180) % 360 - 180, "EW", digits))
        )
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: _degrees(v, "NS", digits)))
    else:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axes.set_xlabel(f"easting [{frame.unit}]")
        axes.set_ylabel(f"northing [{frame.unit}]")


def _degrees(value: float, names: str, digits: int) -> str:
    return f"{abs(value):.{digits}f}°{names[0] if value >= 0 else names[1]}"
