"""The noise that the interferograms leave in the series, as a covariance per pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.timeseries.models import PairCovariance
from fringeworks.timeseries.smallbaseline import date_covariance, height_sensitivity
from fringeworks.workflow.records import series_network
from fringeworks.workflow.stage import StageContext


def covariance_in(context: StageContext, at: tuple[slice, slice], *, step: int = 1) -> PairCovariance:
    """Return the covariance of the series in a window, read from what the inversion kept.

    Parameters
    ----------
    context : StageContext
        Of a step after the inversion.
    at : slices
        Rows and columns of the window.
    step : int
        Every which pixel of the window, in both directions.

    Returns
    -------
    callable
        ``f(rows, cols)`` gives float32 (pixel, date, date) [m^2] for slices inside the (thinned) window.
    """
    invert = context.upstream("invert")
    network, _ = series_network(context)
    options, wavelength = context.config.series.inversion, context.survey.stack.wavelength
    thin = (slice(None, None, step), slice(None, None, step))
    weight = np.asarray(invert.array("weight")[(slice(None), *at)])[(slice(None), *thin)]
    images = {
        name: np.asarray(invert.array(name)[at])[thin]
        for name in ("variance_factor", "bridge_scatter", "dem_error_std")
    }
    sensitivity = _sensitivity(context, at, step) if options.dem_error else None

    def of(rows: slice, cols: slice) -> NDArray[np.float32]:
        def flat(name: str) -> NDArray[np.float32]:
            return np.ascontiguousarray(images[name][rows, cols].reshape(-1), np.float32)

        part = weight[:, rows, cols]
        height = None
        if sensitivity is not None:
            height = np.ascontiguousarray(sensitivity[:, rows, cols].reshape(sensitivity.shape[0], -1))
        found: NDArray[np.float32] = date_covariance(
            np.ascontiguousarray(part.reshape(part.shape[0], -1)),
            network=network,
            wavelength=wavelength,
            variance_factor=flat("variance_factor"),
            sensitivity=height,
            dem_error_std=flat("dem_error_std"),
            bridge_scatter=flat("bridge_scatter"),
            options=options,
        )
        return found

    return of


def _sensitivity(context: StageContext, at: tuple[slice, slice], step: int) -> NDArray[np.float32]:
    """Phase of one metre of height error, with the baselines of the scene's centre: they serve a sigma only."""
    imported = context.upstream("import")
    network, _ = series_network(context)
    thin = (slice(None, None, step), slice(None, None, step))
    return height_sensitivity(
        network,
        wavelength=context.survey.stack.wavelength,
        slant_range=np.asarray(imported.array("slant_range")[at])[thin],
        incidence=np.asarray(imported.array("incidence")[at])[thin],
    )
