"""Stage `reference`: the place and the date where displacement is zero, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from fringeworks.model.arrays import ArraySource
from fringeworks.model.quality import Quality
from fringeworks.model.tally import Tally
from fringeworks.timeseries.models import ModelOptions, fit
from fringeworks.timeseries.reference import (
    Place,
    ReferenceFields,
    choose_place,
    given_place,
    measure_reference,
)
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.records import reference_values, series_network
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext

_DOUBTFUL = (
    Quality.NO_DATA
    | Quality.TOO_FEW_INTERFEROGRAMS
    | Quality.NETWORK_DISCONNECTED
    | Quality.DATES_MISSING
    | Quality.NOT_CONVERGED
    | Quality.WATER
    | Quality.LAYOVER_OR_SHADOW
)
_BRIDGED = _DOUBTFUL & ~Quality.NETWORK_DISCONNECTED
"""What still counts where no pixel's network is connected: series that cross a gap by the constraint serve then."""
_MOST_PIXELS = 2_000_000
"""The automatic choice looks at every pixel up to this many, and at a lattice of them beyond."""


def stage(after: str) -> Stage:
    """Return the stage; ``after`` names the step whose series it reads."""
    return Stage(
        name="reference",
        version=2,
        after=tuple(dict.fromkeys(("import", "pairs", "invert", after))),
        meaning="choose or check the reference area, and record what it takes away",
        parameters=_parameters,
        work=lambda context: _work(context, after),
        cost=_cost,
    )


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    return {"reference": plain(config.reference)}


def _cost(scale: Scale) -> Cost:
    return Cost(
        bytes_per_pixel=4.0 * (3 * scale.n_dates + 20),
        seconds=2 + scale.shape.size * scale.n_dates / 60e6,
    )


def _work(context: StageContext, after: str) -> tuple[Tally, ...]:
    network, _ = series_network(context)
    series = context.upstream(after).array("displacement")
    stride = max(int(np.ceil(np.sqrt(context.grid.shape.size / _MOST_PIXELS))), 1)
    options = context.config.reference
    if options.where == "auto" and not options.pixel:
        place = _chosen(context, series, stride)
    else:
        place = _given(context)
    window = place.window((context.grid.shape.rows, context.grid.shape.cols))
    area = np.asarray(series[(slice(None), *window.slices)], np.float32)
    usable = _first_with_any(_levels(context, window.slices))
    reference = measure_reference(place, area, usable=usable, grid=context.grid, dates=network.dates)
    context.step.put("reference", reference_values(reference))
    n = window.rows * window.cols
    return (Tally("pixels", n, reference.n_pixels, {"not usable": n - reference.n_pixels}),)


def _levels(context: StageContext, at: tuple[slice, slice]) -> tuple[NDArray[np.bool_], ...]:
    """Return which pixels may serve, from the strictest demand to the mildest: the first that leaves any is taken.

    No doubt and no cycle errors; no doubt; a whole series, be it across a gap of the network.
    """
    flags = np.asarray(context.upstream("invert").array("flags")[at])
    errors = np.asarray(context.upstream("pairs").array("n_unwrapping_errors")[at])
    certain = np.asarray((flags & np.uint16(_DOUBTFUL)) == 0, np.bool_)
    whole = np.asarray((flags & np.uint16(_BRIDGED)) == 0, np.bool_)
    return np.asarray(certain & (errors <= 0), np.bool_), certain, whole


def _first_with_any(levels: tuple[NDArray[np.bool_], ...]) -> NDArray[np.bool_]:
    return next((level for level in levels if level.any()), levels[-1])


def _chosen(context: StageContext, series: ArraySource, stride: int) -> Place:
    """Look at every pixel of a small image, at a lattice of a large one, strip by strip."""
    network, _ = series_network(context)
    plan = context.blocks()
    parts: dict[str, list[np.ndarray]] = {}
    options = ModelOptions(minimum_dates=min(ModelOptions().minimum_dates, len(network.dates)))
    medians = _date_medians(series, context.grid.shape.rows)
    for number, block in enumerate(plan):
        context.check_cancel()
        context.progress(number, len(plan))
        first = -block.keep.row % stride
        lattice = (slice(first, None, stride), slice(None, None, stride))
        values = np.asarray(series[(slice(None), *block.keep.slices)], np.float32)[(slice(None), *lattice)]
        result = fit(values - medians[:, None, None], dates=network.dates, options=options)
        at = block.keep.slices
        images = {
            **{f"level {k}": level[lattice] for k, level in enumerate(_levels(context, at))},
            "velocity": result.layers["velocity"],
            "rmse": result.layers["rmse"],
            "temporal_coherence": np.asarray(context.upstream("invert").array("temporal_coherence")[at])[
                lattice
            ],
            "coherence_mean": np.asarray(context.upstream("import").array("coherence_mean")[at])[lattice],
        }
        for name, image in images.items():
            parts.setdefault(name, []).append(image)
    whole = {name: np.concatenate(images, axis=0) for name, images in parts.items()}
    usable = _first_with_any(tuple(whole[name] for name in sorted(whole) if name.startswith("level")))
    coherence = whole["coherence_mean"]
    fields = ReferenceFields(
        usable=usable,
        velocity=whole["velocity"],
        rmse=whole["rmse"],
        temporal_coherence=whole["temporal_coherence"],
        coherence_mean=coherence if np.isfinite(coherence).any() else None,
    )
    place = choose_place(fields, options=context.config.reference)
    return Place(
        row=place.row * stride,
        col=place.col * stride,
        radius=place.radius,
        how=place.how,
        reason=place.reason,
    )


def _date_medians(series: ArraySource, n_rows: int) -> NDArray[np.float32]:
    """Return the median of each date over a sample of the image: its common signal, which no pixel is blamed for."""
    step = max(n_rows // 24, 1)
    rows = [np.asarray(series[:, r : r + 1, :], np.float32)[:, 0, :] for r in range(step // 2, n_rows, step)]
    sample = np.concatenate(rows, axis=1)
    sample = sample[:, np.isfinite(sample).any(axis=0)]
    if sample.size == 0:
        return np.zeros(series.shape[0], np.float32)
    found = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 0.0 for row in sample]
    return np.asarray(found, np.float32)


def _given(context: StageContext) -> Place:
    options, grid = context.config.reference, context.grid
    if options.pixel:
        row, col = int(options.pixel[0]), int(options.pixel[1])
    else:
        longitude, latitude = (float(v) for v in options.where)
        x, y = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True).transform(longitude, latitude)
        row, col = grid.index_of(x, y)
    rows, cols = grid.shape
    usable = _first_with_any(_levels(context, (slice(0, rows), slice(0, cols)))[1:])
    return given_place(row, col, usable=usable, options=options)
