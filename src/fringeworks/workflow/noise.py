"""The noise that the interferograms leave in the series, as a covariance per pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.grids import Shape
from fringeworks.timeseries.models import PairCovariance
from fringeworks.timeseries.smallbaseline import date_covariance, height_sensitivity
from fringeworks.timeseries.smallbaseline.sharing import NoiseSharing, estimate_sharing, nothing_shared
from fringeworks.workflow.records import reference_of, series_network
from fringeworks.workflow.stage import StageContext

DEFAULT_EFFECTIVE_LOOKS: Final = 10.0
"""Used where the stack does not say how many independent samples stand behind a coherence value."""
_SHARING_SAMPLE = 4000
_TILE = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesNoise:
    """What the interferograms' noise does to the series of a run.

    Attributes
    ----------
    sharing : NoiseSharing
        How much of it interferograms share.
    common : float32, (date, date)
        Covariance of the reference area's mean series, which is in every pixel's [m^2].
    linked : bool
        Whether phases were linked: their sigmas then come from linking, not from misclosures, which are zero.
    """

    sharing: NoiseSharing
    common: NDArray[np.float32]
    linked: bool = False

    def covariance(self, context: StageContext, at: tuple[slice, slice], *, step: int = 1) -> PairCovariance:
        """Return the covariance of the series in a window against the reference area.

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
        own = (
            _linked_in(context, at, step) if self.linked else _covariance_in(context, at, step, self.sharing)
        )
        common = self.common

        def of(rows: slice, cols: slice) -> NDArray[np.float32]:
            found = own(rows, cols)
            found += common
            return found

        return of


def series_noise(context: StageContext) -> SeriesNoise:
    """Learn from a sample of the run what its interferograms' noise does to the series."""
    linked = context.config.rasters_linked
    sharing = nothing_shared("phases are linked: every date has its own") if linked else _sharing(context)
    reference = reference_of(context.upstream("reference").get("reference"))
    rows = slice(max(reference.row - reference.radius, 0), reference.row + reference.radius + 1)
    cols = slice(max(reference.col - reference.radius, 0), reference.col + reference.radius + 1)
    found = (
        _linked_in(context, (rows, cols), 1) if linked else _covariance_in(context, (rows, cols), 1, sharing)
    )
    inside = found(slice(None), slice(None))
    whole = np.isfinite(inside).all(axis=(1, 2))
    n_dates = inside.shape[1]
    if not whole.any():
        return SeriesNoise(sharing=sharing, common=np.zeros((n_dates, n_dates), np.float32), linked=linked)
    # the noise of neighbouring cells is independent: the mean of n has an n-th of their variance
    n_independent = max(int(whole.sum()) / (_shared_windows(context) if linked else 1.0), 1.0)
    common = inside[whole].mean(axis=0) / n_independent
    return SeriesNoise(sharing=sharing, common=np.asarray(common, np.float32), linked=linked)


def sample_tiles(shape: Shape, wanted: int) -> list[tuple[slice, slice, int]]:
    """Return at most 36 tiles spread over an image, and the stride inside them that gives about ``wanted`` pixels."""
    tiles = [(r, c) for r in range(0, shape.rows, _TILE) for c in range(0, shape.cols, _TILE)]
    chosen = [tiles[k] for k in np.unique(np.linspace(0, len(tiles) - 1, min(len(tiles), 36)).astype(int))]
    pixels = min(shape.size, len(chosen) * _TILE**2)
    step = max(int(np.ceil(np.sqrt(pixels / max(wanted, 1)))), 1)
    return [
        (slice(r, min(r + _TILE, shape.rows)), slice(c, min(c + _TILE, shape.cols)), step) for r, c in chosen
    ]


def _sharing(context: StageContext) -> NoiseSharing:
    imported, invert = context.upstream("import"), context.upstream("invert")
    if not imported.has("coherence"):
        return nothing_shared("the stack holds no coherence")
    network, index = series_network(context)
    verdicts = context.upstream("pairs").get("verdicts")["pairs"]
    zero = np.array([verdicts[int(k)]["constant_rad"] for k in index], np.float32)[:, None]
    n_pairs = len(verdicts)
    phases, coherences, weights = [], [], []
    for rows, cols, step in sample_tiles(context.grid.shape, _SHARING_SAMPLE):
        context.check_cancel()
        at = (slice(None), rows, cols)
        thin = (slice(None), slice(None, None, step), slice(None, None, step))
        phases.append(np.asarray(imported.array("phase")[at])[thin].reshape(n_pairs, -1)[index] - zero)
        coherences.append(np.asarray(imported.array("coherence")[at])[thin].reshape(n_pairs, -1)[index])
        weights.append(np.asarray(invert.array("weight")[at])[thin].reshape(len(index), -1))
    return estimate_sharing(
        np.concatenate(phases, axis=1),
        np.concatenate(coherences, axis=1),
        np.concatenate(weights, axis=1),
        network=network,
        effective_looks=context.survey.stack.facts.effective_looks or DEFAULT_EFFECTIVE_LOOKS,
    )


def _covariance_in(
    context: StageContext, at: tuple[slice, slice], step: int, sharing: NoiseSharing
) -> PairCovariance:
    imported, invert = context.upstream("import"), context.upstream("invert")
    network, _ = series_network(context)
    options, wavelength = context.config.series.inversion, context.survey.stack.wavelength
    thin = (slice(None, None, step), slice(None, None, step))
    weight = np.asarray(invert.array("weight")[(slice(None), *at)])[(slice(None), *thin)]
    names = ("variance_factor", "bridge_scatter", "dem_error_std")
    images = {name: np.asarray(invert.array(name)[at])[thin] for name in names}
    images["variance_factor"] *= sharing.factor(np.asarray(imported.array("coherence_mean")[at])[thin])
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


def _linked_in(context: StageContext, at: tuple[slice, slice], step: int) -> PairCovariance:
    """Covariance of series of linked phases, from the variance of every date against the first.

    Half the smaller variance is taken for what two dates share: exact where all dates are alike and independent (they
    share the first date's noise), too little where coherence is lost step by step.
    """
    invert = context.upstream("invert")
    sigma = np.asarray(invert.array("displacement_std")[(slice(None), *at)])[:, ::step, ::step]

    def of(rows: slice, cols: slice) -> NDArray[np.float32]:
        part = sigma[:, rows, cols].reshape(sigma.shape[0], -1).T
        variance = np.asarray(part**2, np.float32)
        found = np.float32(0.5) * np.minimum(variance[:, :, None], variance[:, None, :])
        day = np.arange(part.shape[1])
        found[:, day, day] = variance
        return found

    return of


def _shared_windows(context: StageContext) -> float:
    """Return how many cells share the samples of one window."""
    linking, scenes = context.config.linking, context.scenes
    window = linking.window_shape
    return max(window.rows / scenes.looks.azimuth, 1.0) * max(window.cols / scenes.looks.range, 1.0)


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
