"""Pictures of dates and pairs: network, coherence matrix, residuals, triplets."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import matplotlib as mpl
import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from fringeworks.products.report.data import DOWN_WEIGHTED, EXCLUDED, USED, ReportData
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

_MOST_BARS: Final = 150


def date_axis(axes: Axes) -> None:
    """Label an axis of dates without crowding."""
    locator = mdates.AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))


def baseline_of_dates(data: ReportData) -> NDArray[np.float64] | None:
    """Return each date's perpendicular baseline against the first [m], or None where pairs do not say it.

    Least squares over the pairs with a known baseline; None if those do not join all dates.
    """
    network = data.network
    pairs = network.perpendicular_baseline
    if pairs is None:
        return None
    known = np.isfinite(pairs)
    if not len(network.dates) or network.components(known).max(initial=0) > 0:
        return None
    matrix = network.incidence()[known][:, 1:].astype(np.float64)
    solution = np.linalg.lstsq(matrix, pairs[known], rcond=None)[0]
    return np.concatenate([[0.0], solution])


def network_picture(data: ReportData) -> Picture:
    """Draw dates against perpendicular baseline, and which pairs join them."""
    name = "network"
    baseline = baseline_of_dates(data)
    time = mdates.date2num(list(data.network.dates))
    ends = data.network.endpoints()
    coherence = np.array([p.coherence for p in data.pairs])
    with drawing(name):
        figure, axes = new_figure(11.0, 4.4)
        height = np.zeros(len(time)) if baseline is None else baseline
        shade = mpl.colormaps["viridis"]
        for verdict, style in _PAIR_STYLES.items():
            rows = [k for k, p in enumerate(data.pairs) if p.verdict == verdict]
            lines = [_line(time[ends[k]], height[ends[k]], arc=baseline is None) for k in rows]
            colours = style.get("color") or [
                shade(0.1 + 0.85 * coherence[k]) if np.isfinite(coherence[k]) else MUTED for k in rows
            ]
            rest = {key: value for key, value in style.items() if key != "color"}
            axes.add_collection(LineCollection(lines, colors=colours, **rest))
        axes.plot(
            time,
            height,
            "o",
            color=INK,
            markersize=4.5,
            zorder=5,
            markeredgecolor="#ffffff",
            markeredgewidth=0.6,
        )
        axes.margins(0.03, 0.08)
        axes.autoscale_view()
        date_axis(axes)
        axes.grid(axis="y")
        axes.set_ylabel("time between dates [days]" if baseline is None else "perpendicular baseline [m]")
        if baseline is None:
            axes.set_ylim(bottom=-0.04 * axes.get_ylim()[1])
        _network_legend(figure, axes, data, coherent=bool(np.isfinite(coherence).any()))
        return render(
            name,
            figure,
            alt="Network of interferograms in time and perpendicular baseline",
            caption=_network_caption(data, known=baseline is not None),
            wide=True,
        )


_PAIR_STYLES: Final[dict[str, dict[str, Any]]] = {
    USED: {"linewidths": 1.3, "alpha": 0.9},
    DOWN_WEIGHTED: {"color": WARM, "linewidths": 2.0, "zorder": 3},
    EXCLUDED: {"color": AWAY, "linewidths": 1.8, "linestyles": (0, (4, 2.5)), "zorder": 4},
}


def _line(time: NDArray[Any], height: NDArray[Any], *, arc: bool) -> NDArray[np.float64]:
    if not arc:
        return np.column_stack([time, height])
    angle = np.linspace(np.pi, 0, 25)
    days = time[1] - time[0]
    return np.column_stack([time[0] + days * (1 + np.cos(angle)) / 2, days * np.sin(angle)])


def _network_legend(figure: Any, axes: Axes, data: ReportData, *, coherent: bool) -> None:
    counts = [p.verdict for p in data.pairs]
    handles = [
        Line2D([], [], color=WARM, linewidth=2, label=f"down-weighted ({counts.count(DOWN_WEIGHTED)})"),
        Line2D(
            [],
            [],
            color=AWAY,
            linewidth=1.8,
            linestyle=(0, (4, 2.5)),
            label=f"excluded ({counts.count(EXCLUDED)})",
        ),
    ]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    if coherent:
        scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, 1), _slice_of_viridis())
        bar = figure.colorbar(scale, ax=axes, shrink=0.8, aspect=24, pad=0.01)
        bar.set_label("mean coherence of the pair")
        bar.outline.set_visible(False)


def _slice_of_viridis() -> mpl.colors.Colormap:
    return mpl.colors.ListedColormap(mpl.colormaps["viridis"](np.linspace(0.1, 0.95, 128)))


def _network_caption(data: ReportData, *, known: bool) -> str:
    n_parts = (
        int(data.network.components(np.array([p.verdict != EXCLUDED for p in data.pairs])).max(initial=0)) + 1
    )
    text = f"Each dot is a date, each line an interferogram: {len(data.pairs)} in all. "
    if not known:
        text += "Perpendicular baselines are not known, so arcs show the time each pair spans. "
    joined = (
        "all dates in one piece" if n_parts == 1 else f"the dates in {n_parts} pieces without a common date"
    )
    return f"{text}The pairs that carry weight hold {joined}."


def coherence_matrix(data: ReportData) -> Picture | None:
    """Draw the mean coherence of every pair of dates that was formed; None where no coherence is known."""
    name = "coherence_matrix"
    coherence = np.array([p.coherence for p in data.pairs])
    if not np.isfinite(coherence).any():
        return None
    n = len(data.network.dates)
    matrix = np.full((n, n), np.nan)
    ends = data.network.endpoints()
    matrix[ends[:, 0], ends[:, 1]] = matrix[ends[:, 1], ends[:, 0]] = coherence
    with drawing(name):
        figure, axes = new_figure(5.5, 5.0)
        axes.set_facecolor(NODATA)
        image = axes.imshow(
            np.ma.masked_invalid(matrix), vmin=0, vmax=1, cmap="viridis", interpolation="none"
        )
        out = np.array([ends[k] for k, p in enumerate(data.pairs) if p.verdict == EXCLUDED]).reshape(-1, 2)
        size = float(np.clip(150 / n, 2.5, 8))
        for x, y in (out.T, out.T[::-1]):
            axes.plot(x, y, "x", color=AWAY, markersize=size, markeredgewidth=1.6)
        ticks = np.unique(np.linspace(0, n - 1, min(n, 8)).round().astype(int))
        labels = [data.network.dates[k].isoformat() for k in ticks]
        axes.set_xticks(ticks, labels, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(ticks, labels)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=26, pad=0.02)
        bar.set_label("mean coherence")
        bar.outline.set_visible(False)
        return render(
            name,
            figure,
            alt="Matrix of the mean coherence of every pair of dates",
            caption="Mean coherence of each interferogram, by its two dates; grey was not formed"
            + (", a red cross was excluded." if len(out) else "."),
        )


def coherence_in_time(data: ReportData) -> Picture | None:
    """Draw coherence against the time a pair spans; None where no coherence is known."""
    name = "coherence_in_time"
    coherence = np.array([p.coherence for p in data.pairs])
    if not np.isfinite(coherence).any():
        return None
    days = np.array([p.pair.days for p in data.pairs])
    with drawing(name):
        figure, axes = new_figure(5.5, 4.4)
        for verdict, colour, marker in (
            (USED, ACCENT, "o"),
            (DOWN_WEIGHTED, WARM, "D"),
            (EXCLUDED, AWAY, "X"),
        ):
            rows = np.array([p.verdict == verdict for p in data.pairs]) & np.isfinite(coherence)
            if rows.any():
                axes.plot(
                    days[rows], coherence[rows], marker, color=colour, markersize=5, alpha=0.8, label=verdict
                )
        axes.set_ylim(0, 1)
        axes.set_xlim(left=0)
        axes.grid(axis="y")
        axes.set_xlabel("days between the two dates")
        axes.set_ylabel("mean coherence")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.2, handletextpad=0.1)
        return render(
            name,
            figure,
            alt="Mean coherence of each pair against the time it spans",
            caption="How coherence falls with time. Pairs far below their neighbours may have seen snow, rain or harvest between their dates.",
        )


def residual_picture(data: ReportData) -> Picture | None:
    """Draw the residual of the inversion by date and by pair; None where neither is known."""
    name = "residuals"
    by_pair = np.array([p.residual_rms for p in data.pairs])
    by_date = data.date_residuals
    if not np.isfinite(by_pair).any() and (by_date is None or not np.isfinite(by_date).any()):
        return None
    with drawing(name):
        figure, axes = new_figure(11.0, 4.6, nrows=2)
        _date_bars(axes[0], data.dates, by_date)
        _pair_bars(axes[1], data, by_pair)
        return render(
            name,
            figure,
            alt="Residual of the network inversion by date and by pair",
            caption="What is left of the interferograms after the inversion, root mean square over all pixels used. "
            f"One radian is {data.wavelength / (4 * np.pi) * 1e3:.1f} mm along the line of sight. A date or pair that stands out has "
            "strong weather, snow, or unwrapping errors.",
            wide=True,
        )


def _date_bars(axes: Axes, dates: tuple[date, ...], values: NDArray[np.float64] | None) -> None:
    axes.set_title("by date")
    axes.set_ylabel("residual [rad]")
    date_axis(axes)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    if values is None:
        axes.text(0.5, 0.5, "not known", transform=axes.transAxes, ha="center", color=MUTED)
        return
    width = max(min((dates[-1] - dates[0]).days / max(len(dates), 1) * 0.55, 9.0), 2.0)
    axes.bar(mdates.date2num(list(dates)), np.nan_to_num(values), width=width, color=ACCENT)


def _pair_bars(axes: Axes, data: ReportData, values: NDArray[np.float64]) -> None:
    order = np.argsort(np.where(np.isfinite(values), -values, np.inf), kind="stable")
    order = order[: int(np.isfinite(values).sum())][:_MOST_BARS]
    axes.set_title(
        "by pair, largest first"
        + (f" ({_MOST_BARS} of {len(values)})" if len(order) < np.isfinite(values).sum() else "")
    )
    axes.set_ylabel("residual [rad]")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    colours = [WARM if data.pairs[k].verdict == DOWN_WEIGHTED else ACCENT for k in order]
    axes.bar(np.arange(len(order)), values[order], width=0.75, color=colours)
    axes.set_xlim(-0.7, max(len(order), 8) - 0.3)
    axes.set_xticks([])
    if len(order):
        worst = "\n".join(f"{str(data.pairs[k].pair).replace('_', '–')}: {values[k]:.2f}" for k in order[:3])
        axes.text(
            0.995, 0.96, f"largest\n{worst}", transform=axes.transAxes, ha="right", va="top", fontsize=8.5
        )


def triplet_picture(data: ReportData) -> Picture | None:
    """Draw mean and spread of each triplet's closure in order of time; None without triplets."""
    name = "triplets"
    if not data.triplets:
        return None
    ordered = sorted(data.triplets, key=lambda t: t.dates)
    mean, std = np.array([t.mean for t in ordered]), np.array([t.std for t in ordered])
    share = np.array([t.cycle_fraction for t in ordered])
    bad = share > 0.01
    with drawing(name):
        figure, axes = new_figure(11.0, 4.6, nrows=2, sharex=True)
        x = np.arange(len(ordered))
        for rows, colour, label in (
            (~bad, ACCENT, "closes"),
            (bad, AWAY, "whole-cycle errors on more than 1 %"),
        ):
            if rows.any():
                axes[0].errorbar(
                    x[rows],
                    mean[rows],
                    std[rows],
                    fmt="o",
                    markersize=3,
                    linewidth=0.9,
                    color=colour,
                    label=label,
                )
                axes[1].bar(x[rows], 100 * share[rows], width=0.8, color=colour)
        axes[0].axhline(0, color=MUTED, linewidth=0.7)
        axes[0].set_ylabel("closure [rad]")
        axes[0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
        axes[1].set_ylabel("pixels with\nwhole cycles [%]")
        axes[1].set_ylim(0, max(100 * float(np.nanmax(share, initial=0.0)) * 1.1, 1.0))
        for axis in axes:
            axis.grid(axis="y")
            axis.set_axisbelow(True)
        axes[1].set_xlim(-0.8, max(len(ordered), 8) - 0.2)
        _triplet_ticks(axes[1], [t.dates[0] for t in ordered])
        return render(
            name,
            figure,
            alt="Closure of each triplet of interferograms",
            caption="Three interferograms of three dates must add up to zero. Above: mean and one standard deviation of what they "
            "add up to. Below: share of the pixels that are off by whole cycles, which is an unwrapping error.",
            wide=True,
        )


def _triplet_ticks(axes: Axes, first: list[date]) -> None:
    ticks = np.unique(np.linspace(0, len(first) - 1, min(len(first), 9)).round().astype(int))
    axes.set_xticks(ticks, [first[k].isoformat() for k in ticks])
    axes.set_xlabel("first date of the triplet")
