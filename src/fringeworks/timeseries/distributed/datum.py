"""Links images to sums of older ones, ties their phases to the datum the sums carry, and sums them in turn."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fringeworks.timeseries.distributed.linking import TOO_FEW_SAMPLES, Linked, SimilarSamples, link
from fringeworks.timeseries.distributed.options import LinkingOptions
from fringeworks.timeseries.distributed.sequential_bins import (
    align_images,
    mean_groups,
    merged_groups,
    split_sizes,
    sum_groups,
)
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
    Without sums the reference date carries the datum, or the first date where it is not among the images.  With sums the
    link starts from the middle of the mini-stack before, and the datum is the mean of the sums' phases, weighted with one
    over the variance of the way from each to that mini-stack: long memory counts where the ground has one, and the
    youngest sums where it forgets.

    The variance of a difference of two dates has the noise of both.  Half of it, between dates side by side, is taken for
    one; what is left between a sum and the mini-stack is that of the way, t_c.  The mini-stack hangs on all sums,
    by something between the best way alone and all as if independent: ``sqrt(min t_c / sum 1/t_c)``.  To that comes
    what the sums share with the datum before them.
    """
    n_bins, n_images = len(state.bin_days), len(state.images)
    place = state.reference - state.first_image
    anchor = state.n_previous // 2 if n_bins else max(place, 0) % n_images
    candidates = [anchor, *(k for k in range(n_images) if k != anchor)]
    linked = _link_from(state, [n_bins + k for k in candidates], options, effective_share, similar)
    phase, variance = linked.phase[n_bins:], linked.phase_std[n_bins:] ** 2
    near = variance[max(anchor - 2, 0) : anchor + 3]
    own = np.float32(0.5) * _mean(np.where(near > 0.0, near, np.float32(np.nan)))
    variance = np.where(variance > 0.0, np.maximum(variance - own, np.float32(0.2) * own), own)
    variance = np.where(np.isfinite(phase), variance, np.float32(np.nan))
    if n_bins:
        datum, shared = _datum(linked, state, own)
        phase, variance = _wrap(phase - datum), variance + shared
    there = 0 <= place < n_images
    return replace(
        state,
        phase=phase,
        variance=variance,
        own_variance=own,
        reference_phase=phase[place] if there else state.reference_phase,
        reference_variance=variance[place] if there else state.reference_variance,
        quality=np.stack([linked.temporal_coherence, linked.coherence_mean, linked.looks]),
        flags=state.flags | linked.flags,
    )


def close_ministack(state: LinkState) -> LinkState:
    """Sum the images of the mini-stack before, make the full one the one before, and open the next.

    Parameters
    ----------
    state : LinkState
        With a full mini-stack; without one before, nothing is summed.
    """
    n = state.n_previous
    after = replace(
        state,
        n_previous=state.ministack,
        images=state.images[n:],
        phase=state.phase[n:],
        variance=state.variance[n:],
    )
    if n == 0:
        return after
    sizes = split_sizes(n)
    parts = tuple(slice(int(a), int(b)) for a, b in pairwise(np.cumsum([0, *sizes])))
    aligned = align_images(
        state.images[:n], state.phase[:n], strides=(state.strides.azimuth, state.strides.range)
    )
    days = state.days[state.first_image :]
    # what the dates of a bin share: no more than the best of them has but for its own noise
    shared = np.stack([np.fmin.reduce(state.variance[p], axis=0) for p in parts]) - state.own_variance
    shared = np.where(np.isfinite(shared), np.maximum(shared, np.float32(0.0)), np.float32(0.0))
    all_sizes = (*(int(k) for k in state.bin_sizes), *sizes)
    groups = merged_groups(all_sizes)
    counted = np.isfinite(state.quality[0]) * n
    past = state.past_quality + np.where(counted > 0, state.quality, np.float32(0.0)) * counted
    return replace(
        after,
        compressed=sum_groups(np.concatenate([state.compressed, sum_groups(aligned, parts)]), groups),
        bin_days=mean_groups(
            np.concatenate([state.bin_days, [days[p].mean() for p in parts]]), all_sizes, groups
        ).astype(np.float64),
        bin_sizes=np.array([sum(all_sizes[g]) for g in groups], np.int64),
        bin_variance=mean_groups(np.concatenate([state.bin_variance, shared]), all_sizes, groups).astype(
            np.float32
        ),
        past_quality=past.astype(np.float32),
        past_dates=state.past_dates + counted,
    )


def _link_from(
    state: LinkState,
    candidates: list[int],
    options: LinkingOptions,
    effective_share: float,
    similar: SimilarSamples | None,
) -> Linked:
    """Link from the first candidate that each cell has: where one is missing, the next."""
    nodes = np.concatenate([state.compressed, state.images])
    days = np.concatenate([state.bin_days, state.days[state.first_image :]])
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


def _datum(
    linked: Linked, state: LinkState, own: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the phase of the datum in a link's own phases [rad], and its variance, each (row, column)."""
    n_bins = len(state.bin_days)
    angle, variance = linked.phase[:n_bins], linked.phase_std[:n_bins] ** 2
    known = np.isfinite(angle)
    way = np.where(known, np.maximum(variance - own, np.float32(0.05) * variance), np.float32(np.inf))
    way = np.maximum(way, np.float32(1e-8))
    total = (1.0 / way).sum(axis=0)
    weight = np.where(total > 0.0, 1.0 / way / np.where(total > 0.0, total, 1.0), 0.0)
    phasor = (weight * np.exp(1j * np.where(known, angle, 0.0))).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        tie = np.sqrt(way.min(axis=0) / total)
    shared = tie + (weight * state.bin_variance).sum(axis=0)
    datum = np.where(total > 0.0, np.angle(phasor), np.nan)
    return datum.astype(np.float32), shared.astype(np.float32)


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean over dates of what is there; 0 where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, np.float32(0.0)).sum(axis=0)
    return np.asarray(total / np.maximum(known.sum(axis=0), 1), np.float32)


def _wrap(angle: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return angles in [-pi, pi)."""
    turn = np.float32(2.0 * np.pi)
    return np.asarray(angle - turn * np.floor(angle / turn + np.float32(0.5)), np.float32)
