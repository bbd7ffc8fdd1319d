"""Links images to sums of older ones, and their phases to the datum that these sums carry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fringeworks.timeseries.distributed.linking import TOO_FEW_SAMPLES, Linked, SimilarSamples, link
from fringeworks.timeseries.distributed.options import LinkingOptions
from fringeworks.timeseries.distributed.state import LinkState


def link_images(
    state: LinkState, options: LinkingOptions, effective_share: float, similar: SimilarSamples | None
) -> LinkState:
    """Link the images of a state with one another and with its sums; return it with phases, variances and quality.

    Parameters
    ----------
    state : LinkState
        Its ``phase``, ``variance`` and ``quality`` are those of the link before, of any number of images.
    options, effective_share, similar
        As for :func:`fringeworks.timeseries.distributed.linking.link`.

    Notes
    -----
    Without sums the reference date, or where it is not there the first that is, carries the datum.  With sums the datum
    is the mean of their phases, weighted with one over the variance of the way from each to the images: a long memory
    counts where the ground has one, and the youngest sums where it forgets.  Variances are those of the link, of what
    the sums share, and of the reference date: to half of the mean variance of its mini-stack, for a difference of two
    dates has the noise of both.
    """
    n_bins = len(state.bin_days)
    nodes = np.concatenate([state.compressed, state.images])
    days = np.concatenate([state.bin_days, state.days[state.first_image :]])
    place = state.reference - state.first_image
    if n_bins:
        candidates: Iterable[int] = range(n_bins - 1, -1, -1)
    else:
        there = [place] if 0 <= place < len(state.images) else []
        candidates = [*there, *(k for k in range(len(nodes)) if k != place)]
    linked = _link_from(nodes, days, candidates, state, options, effective_share, similar)
    phase, variance = linked.phase[n_bins:], linked.phase_std[n_bins:] ** 2
    reference_phase, reference_variance = state.reference_phase, state.reference_variance
    if n_bins:
        datum, shared = _datum(linked, state)
        phase = _wrap(phase - datum)
        variance = variance + shared
    if 0 <= place < len(phase):
        reference_phase = phase[place]
        half = np.float32(0.5) * _mean(linked.phase_std[n_bins:] ** 2)
        reference_variance = np.where(np.isfinite(reference_phase), half, np.float32(np.nan))
        if n_bins == 0:
            variance = np.maximum(variance - reference_variance, np.float32(0.0))
    return replace(
        state,
        phase=phase,
        variance=variance,
        reference_phase=reference_phase,
        reference_variance=reference_variance,
        quality=np.stack([linked.temporal_coherence, linked.coherence_mean, linked.looks]),
        flags=state.flags | linked.flags,
    )


def _link_from(
    nodes: NDArray[np.complex64],
    days: NDArray[np.float64],
    candidates: Iterable[int],
    state: LinkState,
    options: LinkingOptions,
    effective_share: float,
    similar: SimilarSamples | None,
) -> Linked:
    """Link from the first candidate that each cell has: where one is missing, the next."""
    result: Linked | None = None
    for candidate in candidates:
        found = link(
            nodes,
            days=days,
            options=options,
            strides=state.strides,
            reference=candidate,
            effective_share=effective_share,
            similar=similar,
        )
        result = found if result is None else _filled(result, found)
        missing = ~np.isfinite(result.phase).any(axis=0)
        if not (missing & ((result.flags & TOO_FEW_SAMPLES) == 0)).any():
            break
    assert result is not None
    return result


def _filled(first: Linked, second: Linked) -> Linked:
    """Return the first result, and the second where the first has no phase."""
    empty = ~np.isfinite(first.phase).any(axis=0)
    names = ("phase", "phase_std", "temporal_coherence", "coherence_mean", "looks", "flags")
    return replace(first, **{k: np.where(empty, getattr(second, k), getattr(first, k)) for k in names})


def _datum(linked: Linked, state: LinkState) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the phase of the datum in a link's own phases [rad], and the variance the sums bring along, (row, column)."""
    n_bins = len(state.bin_days)
    angle, std = linked.phase[:n_bins], linked.phase_std[:n_bins]
    nearest = np.fmin.reduce(linked.phase_std[n_bins:] ** 2, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(np.isfinite(angle), 1.0 / np.maximum(std**2 + nearest, 1e-6), 0.0)
        weight = weight / weight.sum(axis=0)
    weight = np.where(np.isfinite(weight), weight, 0.0)
    phasor = (weight * np.exp(1j * np.where(np.isfinite(angle), angle, 0.0))).sum(axis=0)
    shared = (weight**2 * state.bin_variance).sum(axis=0)
    return np.angle(phasor).astype(np.float32), shared.astype(np.float32)


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over dates of what is there; 0 where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, np.float32(0.0)).sum(axis=0)
    return np.asarray(total / np.maximum(known.sum(axis=0), 1), np.float32)


def _wrap(angle: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return angles in [-pi, pi)."""
    turn = np.float32(2.0 * np.pi)
    return np.asarray(angle - turn * np.floor(angle / turn + np.float32(0.5)), np.float32)
