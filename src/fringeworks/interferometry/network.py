"""Networks of pairs: how to choose them, and what they can tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.model.stack import Pair, PairNetwork
from fringeworks.model.tally import Finding

_RIDGE = 1e-9


def connect_nearest(dates: tuple[date, ...], *, n_next: int) -> PairNetwork:
    """Pair every date with the ``n_next`` dates that follow it."""
    days = _sorted(dates)
    pairs = [
        Pair(days[i], days[j])
        for i in range(len(days))
        for j in range(i + 1, i + 1 + n_next)
        if j < len(days)
    ]
    return PairNetwork.of(pairs)


def connect_within(
    dates: tuple[date, ...],
    *,
    maximum_days: float,
    baselines: NDArray[np.float64] | None = None,
    maximum_baseline: float = np.inf,
) -> PairNetwork:
    """Form every pair inside a span of time and of perpendicular baseline.

    Parameters
    ----------
    dates : tuple of date
        Acquisitions, without repeats.
    maximum_days : float
        Longest time between the two dates [days].
    baselines : float64, (date), optional
        Perpendicular baseline of each date, from any common origin [m].
    maximum_baseline : float
        Largest difference of the two baselines [m].
    """
    days = _sorted(dates)
    height = _of_dates(dates, baselines)
    pairs = [
        Pair(a, b)
        for a, b in combinations(days, 2)
        if (b - a).days <= maximum_days and abs(height[b] - height[a]) <= maximum_baseline
    ]
    return _with_baselines(pairs, dates, baselines)


def connect_long(dates: tuple[date, ...], *, spans: tuple[int, ...], tolerance_days: int) -> PairNetwork:
    """Pair every date with the one nearest to each of some long spans later, against the bias of short pairs.

    Parameters
    ----------
    dates : tuple of date
        Acquisitions.
    spans : tuple of int
        Wanted times between the two dates [days]; three months and a year after FLATSIM: ``(91, 365)``.
    tolerance_days : int
        A pair further off than this is not formed [days].
    """
    days = _sorted(dates)
    pairs: set[Pair] = set()
    for first in days:
        for span in spans:
            later = [d for d in days if d > first and abs((d - first).days - span) <= tolerance_days]
            if later:
                pairs.add(Pair(first, min(later, key=lambda d: (abs((d - first).days - span), d))))
    return PairNetwork.of(sorted(pairs))


def connect_single(dates: tuple[date, ...], *, reference: date) -> PairNetwork:
    """Pair every date with one reference date.

    Raises
    ------
    OutOfRangeError
        The reference is none of the dates.
    """
    days = _sorted(dates)
    if reference not in days:
        raise OutOfRangeError(
            f"reference date {reference.isoformat()}",
            expected=f"one of the {len(days)} dates, {days[0].isoformat()} to {days[-1].isoformat()}",
        )
    return PairNetwork.of([Pair(min(d, reference), max(d, reference)) for d in days if d != reference])


def connect_delaunay(
    dates: tuple[date, ...], baselines: NDArray[np.float64], *, days_per_metre: float
) -> PairNetwork:
    """Form the pairs of a Delaunay triangulation of time and perpendicular baseline.

    Parameters
    ----------
    dates : tuple of date
        Acquisitions, at least three that do not lie on one line.
    baselines : float64, (date)
        Perpendicular baseline of each date [m].
    days_per_metre : float
        How many days weigh as much as a metre of baseline.

    Raises
    ------
    TooFewDataError
        Fewer than three dates.
    """
    if len(dates) < 3:
        raise TooFewDataError(f"{len(dates)} dates", expected="at least 3 for a triangulation")
    time = np.array([(d - min(dates)).days for d in dates], float)
    triangles = Delaunay(np.stack([time, _checked(dates, baselines) * days_per_metre], axis=1)).simplices
    edges = {
        tuple(sorted((dates[int(t[a])], dates[int(t[b])])))
        for t in triangles
        for a, b in ((0, 1), (1, 2), (0, 2))
    }
    return _with_baselines(sorted(Pair(a, b) for a, b in edges), dates, baselines)


def unite(*networks: PairNetwork) -> PairNetwork:
    """Return the network of all pairs of some networks; baselines are kept where every network has them."""
    known: dict[Pair, float] = {}
    for network in networks:
        baseline = network.perpendicular_baseline
        for k, pair in enumerate(network.pairs):
            known.setdefault(pair, np.nan if baseline is None else float(baseline[k]))
    pairs = sorted(known)
    complete = all(network.perpendicular_baseline is not None for network in networks)
    return PairNetwork.of(pairs, np.array([known[p] for p in pairs]) if complete else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateBaselines:
    """Perpendicular baseline of each date, from those of the pairs.

    Attributes
    ----------
    baseline : float64, (date)
        Against the first date [m]; NaN where no known pair reaches.
    misfit : float64, (pair)
        What a pair says minus what all others say of it [m]; NaN where no loop of pairs checks it.
    rms : float
        Root mean square of the least-squares residuals [m].
    findings : tuple of Finding
        Pairs that contradict the others, with the likely reason.
    """

    baseline: NDArray[np.float64]
    misfit: NDArray[np.float64]
    rms: float
    findings: tuple[Finding, ...]


def date_baselines(network: PairNetwork, *, tolerance: float = 5.0) -> DateBaselines:
    """Adjust the baselines of the pairs to one baseline for each date, by least squares.

    Parameters
    ----------
    network : PairNetwork
        With baselines of the pairs.
    tolerance : float
        A pair is called contradictory where it misses the others by more than this [m].  Baselines of a pair
        are given for the scene centre of *its* reference, which moves them by a metre or so in a scene.

    Raises
    ------
    TooFewDataError
        The network has no baselines.
    """
    pair_baseline = network.perpendicular_baseline
    if pair_baseline is None or not np.isfinite(pair_baseline).any():
        raise TooFewDataError(
            "no baselines in the network", expected="a perpendicular baseline for each pair"
        )
    used = np.isfinite(pair_baseline)
    suspects = np.zeros(used.shape, bool)
    while True:
        baseline, misfit, revealed, rms = _adjust(network, pair_baseline, used & ~suspects)
        # the pair that stands out most against its own expected residual, after Baarda's data snooping
        checked = np.where(suspects | np.isnan(misfit), 0.0, np.abs(misfit))
        worst = int(np.argmax(checked * np.sqrt(revealed)))
        if checked[worst] <= tolerance:
            break
        suspects[worst] = True
    findings = [
        _contradiction(network.pairs[k], float(pair_baseline[k]), float(misfit[k]))
        for k in np.flatnonzero(suspects)
    ]
    return DateBaselines(baseline=baseline, misfit=misfit, rms=rms, findings=tuple(findings))


def find_triplets(network: PairNetwork) -> NDArray[np.int64]:
    """Return the closed triplets of a network, (triplet, 3): indices of the pairs (1,2), (2,3) and (1,3)."""
    ends = network.endpoints()
    index = {(int(i), int(j)): k for k, (i, j) in enumerate(ends)}
    later: dict[int, list[int]] = {}
    for i, j in sorted(index):
        later.setdefault(i, []).append(j)
    rows = [
        (index[i, j], index[j, k], index[i, k])
        for i, j in sorted(index)
        for k in later.get(j, [])
        if (i, k) in index
    ]
    return np.array(rows, np.int64).reshape(-1, 3)


def pairs_per_date(network: PairNetwork) -> NDArray[np.int64]:
    """Return the number of pairs each date takes part in, (date)."""
    counts = np.bincount(network.endpoints().ravel(), minlength=len(network.dates))
    return np.asarray(counts, np.int64)


def rank(network: PairNetwork) -> int:
    """Return the number of independent differences of dates the pairs determine: dates minus subsets."""
    return len(network.dates) - int(network.components().max(initial=-1)) - 1


def redundancy(network: PairNetwork) -> NDArray[np.float64]:
    """Return the part of each pair's error that the other pairs reveal, (pair), in [0, 1].

    0 = no loop of pairs checks it; the sum is the number of pairs minus the rank (Baarda 1968).
    """
    return np.asarray(1.0 - np.diag(_hat(network.incidence().astype(float), np.ones(len(network.pairs)))))


def _hat(incidence: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    half = incidence * np.sqrt(weight)[:, None]
    return np.asarray(half @ np.linalg.pinv(half, rcond=_RIDGE))


def _adjust(
    network: PairNetwork, pair_baseline: NDArray[np.float64], used: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    matrix = network.incidence().astype(float)
    solution = np.linalg.pinv(matrix[used], rcond=_RIDGE) @ pair_baseline[used]
    subsets = network.components(used)
    baseline = np.where(subsets == subsets[0], solution - solution[0], np.nan)
    residual = pair_baseline - matrix @ solution
    leverage = np.zeros(used.shape)
    leverage[used] = np.diag(_hat(matrix[used], np.ones(int(used.sum()))))
    ends = network.endpoints()
    apart = subsets[ends[:, 0]] != subsets[ends[:, 1]]
    revealed = np.maximum(1.0 - leverage, 0.0)
    alone = (revealed < 1e-6) | apart | np.isnan(residual)
    misfit = np.where(alone, np.nan, residual / np.where(alone, 1.0, revealed))
    return baseline, misfit, revealed, float(np.sqrt(np.mean(residual[used] ** 2)))


def _contradiction(pair: Pair, said: float, misfit: float) -> Finding:
    others = said - misfit
    text = f"pair {pair} has a perpendicular baseline of {said:.1f} m, the other pairs say {others:.1f} m"
    if abs(said + others) < 0.2 * abs(misfit):
        text += ": its sign, or the order of its dates, is the other way round"
    return Finding("warning", "baselines", text)


def _sorted(dates: tuple[date, ...]) -> list[date]:
    if len(set(dates)) < 2:
        raise TooFewDataError(f"{len(set(dates))} dates", expected="at least 2 to form a pair")
    return sorted(set(dates))


def _checked(dates: tuple[date, ...], baselines: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.asarray(baselines, float)
    if values.shape != (len(dates),):
        raise ShapeMismatchError(f"{values.shape} baselines", expected=f"one for each of {len(dates)} dates")
    return values


def _of_dates(dates: tuple[date, ...], baselines: NDArray[np.float64] | None) -> dict[date, float]:
    if baselines is None:
        return dict.fromkeys(dates, 0.0)
    return dict(zip(dates, _checked(dates, baselines).tolist(), strict=True))


def _with_baselines(
    pairs: list[Pair], dates: tuple[date, ...], baselines: NDArray[np.float64] | None
) -> PairNetwork:
    if baselines is None:
        return PairNetwork.of(pairs)
    height = _of_dates(dates, baselines)
    return PairNetwork.of(pairs, np.array([height[p.secondary] - height[p.reference] for p in pairs]))
