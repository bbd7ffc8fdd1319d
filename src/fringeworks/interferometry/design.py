"""Design a network of pairs: which to form, why, and never in pieces without saying so."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import DisconnectedNetworkError, OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.interferometry.network import (
    connect_delaunay,
    connect_long,
    connect_nearest,
    connect_single,
    connect_within,
    find_triplets,
    pairs_per_date,
)
from fringeworks.model.options import option
from fringeworks.model.stack import Pair, PairNetwork
from fringeworks.model.tally import Finding, Tally


@dataclass(frozen=True, slots=True)
class PairOptions:
    """Options of :func:`design_network`.

    Raises
    ------
    OutOfRangeError
        A word is not one of those listed in its meaning, a long span is not above 0, or the reference is no date.
    """

    design: str = option(
        "small-baseline",
        meaning="small-baseline: pairs close in time and baseline, and some long ones against the bias of short "
        "pairs; delaunay: the triangles of time and baseline; single: every date with one reference.",
    )
    reference: str = option(
        "",
        meaning="ISO date all others are paired with, for single; empty: the one in the middle of time and baseline.",
    )
    n_next: int = option(
        3,
        meaning="Pair every date with this many that follow it; 0: with none.",
        minimum=0,
        maximum=100,
    )
    maximum_days: int = option(
        0,
        meaning="Pair all dates within this time, too; 0: none but those that other options ask for.",
        unit="days",
        minimum=0,
        maximum=20000,
    )
    maximum_baseline: float = option(
        300.0,
        meaning="Largest perpendicular baseline of a pair, unless it is needed to join subsets. Sentinel-1 stays "
        "within 200 m but for its first year.",
        unit="m",
        minimum=1.0,
        maximum=100000.0,
    )
    long_spans: tuple[int, ...] = option(
        (91, 365),
        meaning="Pair every date with the one nearest to each of these times later: a season and a year after "
        "FLATSIM, against the bias of short pairs.",
        unit="days",
    )
    long_tolerance: int = option(
        18,
        meaning="A long pair may miss its span by this much.",
        unit="days",
        minimum=0,
        maximum=200,
    )
    long_every: int = option(1, meaning="Long pairs begin at every n-th date only.", minimum=1, maximum=1000)
    minimum_pairs: int = option(
        2,
        meaning="Each date takes part in at least this many pairs, whatever the limits.",
        minimum=1,
        maximum=100,
    )
    triangles: bool = option(
        default=True,
        meaning="Add pairs until every pair is part of a triangle, so that its cycle errors can be seen.",
    )
    subsets: str = option(
        "join",
        meaning="Where limits leave subsets of dates without a common date. join: by the pairs least long in time "
        "and baseline; refuse: stop with an error that names them.",
    )
    days_per_metre: float = option(
        0.5,
        meaning="How many days count as much as a metre of baseline, where pairs are compared.",
        unit="days/m",
        minimum=0.0,
        maximum=100.0,
    )

    def __post_init__(self) -> None:
        for name, words in _WORDS.items():
            value = getattr(self, name)
            if value not in words:
                raise OutOfRangeError(f"{name} {value!r}", expected=f"one of {', '.join(words)}")
        if any(span < 1 for span in self.long_spans):
            raise OutOfRangeError(f"long_spans {list(self.long_spans)}", expected="days above 0")
        if self.reference:
            try:
                date.fromisoformat(self.reference)
            except ValueError:
                raise OutOfRangeError(
                    f"reference {self.reference!r}", expected="an ISO date such as 2023-03-19, or nothing"
                ) from None


_WORDS = {"design": ("small-baseline", "delaunay", "single"), "subsets": ("join", "refuse")}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkDesign:
    """A network and why it is what it is.

    Attributes
    ----------
    network : PairNetwork
        Connected; with baselines where they were given.
    reasons : tuple of str
        Why each pair is formed, in the network's order.
    tally : Tally
        All possible pairs: considered, used, rejected by reason.
    findings : tuple of Finding
        What a person should know: subsets that were joined, dates with too few pairs, pairs in no triangle.
    """

    network: PairNetwork
    reasons: tuple[str, ...]
    tally: Tally
    findings: tuple[Finding, ...]


def design_network(
    dates: tuple[date, ...], baselines: NDArray[np.float64] | None, *, options: PairOptions
) -> NetworkDesign:
    """Choose the pairs to form.

    Parameters
    ----------
    dates : tuple of date
        Acquisitions, without repeats, in any order.
    baselines : float64, (date), optional
        Perpendicular baseline of each date, in the order of ``dates`` and from any common origin [m], signed as
        :class:`~fringeworks.model.stack.PairNetwork` says; NaN where unknown: such pairs are not held against the
        limit.
    options : PairOptions
        Design and limits.

    Returns
    -------
    NetworkDesign
        Every date is part of it, and all are connected.

    Raises
    ------
    TooFewDataError
        Fewer than two dates; for Delaunay fewer than three, or no baselines.
    ShapeMismatchError
        Dates repeat, or baselines do not fit them.
    OutOfRangeError
        The reference is none of the dates.
    DisconnectedNetworkError
        The limits leave subsets, and they are not to be joined.
    """
    plan = _Plan(dates, baselines, options)
    if options.design == "single":
        reference = date.fromisoformat(options.reference) if options.reference else plan.middle()
        plan.take(connect_single(plan.dates, reference=reference), "with the reference date", limited=False)
        return plan.finished()
    if options.design == "delaunay":
        plan.take(plan.delaunay(), "side of a triangle of time and baseline")
    elif options.n_next:
        plan.take(
            connect_nearest(plan.dates, n_next=options.n_next), f"one of the next {options.n_next} dates"
        )
    if options.maximum_days:
        within = connect_within(plan.dates, maximum_days=options.maximum_days)
        plan.take(within, f"within {options.maximum_days} days")
    for span in options.long_spans:
        long = connect_long(plan.dates, spans=(span,), tolerance_days=options.long_tolerance)
        starts = set(plan.dates[:: options.long_every])
        kept = [pair for pair in long.pairs if pair.reference in starts]
        plan.take(PairNetwork.of(kept), f"about {span} days, against the bias of short pairs")
    plan.join_subsets()
    plan.raise_pairs_per_date()
    if options.triangles:
        plan.close_triangles()
    return plan.finished()


class _Plan:
    """Pairs chosen so far, each with its reason."""

    def __init__(
        self, dates: tuple[date, ...], baselines: NDArray[np.float64] | None, options: PairOptions
    ) -> None:
        if len(set(dates)) != len(dates):
            twice = sorted(day.isoformat() for day, n in Counter(dates).items() if n > 1)
            raise ShapeMismatchError(f"dates given twice: {', '.join(twice)}", expected="each date once")
        if len(dates) < 2:
            raise TooFewDataError(f"{len(dates)} dates", expected="at least 2 to form a pair")
        values = np.zeros(len(dates)) if baselines is None else np.asarray(baselines, np.float64)
        if values.shape != (len(dates),):
            raise ShapeMismatchError(
                f"{values.shape} baselines", expected=f"one for each of {len(dates)} dates"
            )
        self.options, self.known = options, baselines is not None
        self.baseline: dict[date, float] = dict(zip(dates, values.tolist(), strict=True))
        self.dates = tuple(sorted(dates))
        self.reasons: dict[Pair, str] = {}
        self.findings: list[Finding] = []

    def middle(self) -> date:
        """Return the date whose pairs with all others are shortest in the mean."""
        return min(
            self.dates,
            key=lambda day: (sum(self.cost(Pair(*sorted((day, d)))) for d in self.dates if d != day), day),
        )

    def delaunay(self) -> PairNetwork:
        values = np.array([self.baseline[day] for day in self.dates])
        if not self.known or not np.isfinite(values).all():
            raise TooFewDataError(
                "design delaunay without a perpendicular baseline for every date",
                expected="baselines, or another design",
            )
        time = np.array([day.toordinal() for day in self.dates], float)
        spread = np.stack([time - time.mean(), (values - values.mean()) * self.options.days_per_metre])
        if len(self.dates) > 2 and np.linalg.matrix_rank(spread, tol=1e-6 * np.abs(spread).max()) < 2:
            raise TooFewDataError(
                "all dates lie on one line of time and baseline, which has no triangles",
                expected="baselines that differ, and days_per_metre above 0",
                hint="use design small-baseline",
            )
        return connect_delaunay(self.dates, values, days_per_metre=self.options.days_per_metre)

    def across(self, pair: Pair) -> float:
        """Return the baseline of a pair [m]; NaN where unknown."""
        return self.baseline[pair.secondary] - self.baseline[pair.reference]

    def cost(self, pair: Pair) -> float:
        across = self.across(pair)
        return pair.days + self.options.days_per_metre * (0.0 if math.isnan(across) else abs(across))

    def take(self, network: PairNetwork, reason: str, *, limited: bool = True) -> None:
        for pair in network.pairs:
            if not (limited and abs(self.across(pair)) > self.options.maximum_baseline):
                self.reasons.setdefault(pair, reason)

    def network(self) -> PairNetwork:
        pairs = tuple(sorted(self.reasons))
        across = np.array([self.across(pair) for pair in pairs]) if self.known else None
        return PairNetwork(self.dates, pairs, across)

    def candidates(self) -> Iterator[Pair]:
        """Iterate the pairs not yet chosen, the least long first."""
        others = (Pair(a, b) for a, b in combinations(self.dates, 2))
        return iter(sorted((p for p in others if p not in self.reasons), key=lambda p: (self.cost(p), p)))

    def join_subsets(self) -> None:
        """Join subsets by the least long pairs (Kruskal's rule), or refuse."""
        label = dict(zip(self.dates, self.network().components().tolist(), strict=True))
        n_subsets = len(set(label.values()))
        if n_subsets == 1:
            return
        spans = [sorted(day for day in self.dates if label[day] == k) for k in range(n_subsets)]
        named = "; ".join(f"{s[0].isoformat()} to {s[-1].isoformat()} ({len(s)} dates)" for s in spans[:6])
        if self.options.subsets == "refuse":
            raise DisconnectedNetworkError(
                f"the pairs fall into {n_subsets} subsets without a common date: {named}",
                expected="one",
                hint="allow longer times or baselines, or set pairs.subsets to join",
            )
        for pair in self.candidates():
            old, new = label[pair.secondary], label[pair.reference]
            if old != new:
                label = {day: new if k == old else k for day, k in label.items()}
                self.reasons[pair] = "joins subsets"
                text = f"{pair} joins subsets that the limits leave apart: {pair.days} days"
                text += f", {self.across(pair):.0f} m" if self.known else ""
                self.findings.append(Finding("warning", "network", text))

    def raise_pairs_per_date(self) -> None:
        """Add the least long pairs of dates that have too few."""
        wanted = min(self.options.minimum_pairs, len(self.dates) - 1)
        counts = dict(zip(self.dates, pairs_per_date(self.network()).tolist(), strict=True))
        for pair in list(self.candidates()):
            if min(counts[pair.reference], counts[pair.secondary]) < wanted:
                self.reasons[pair] = f"each date takes part in at least {wanted} pairs"
                counts[pair.reference] += 1
                counts[pair.secondary] += 1
        if wanted < self.options.minimum_pairs:
            text = f"{len(self.dates)} dates allow {wanted} pairs each, not {self.options.minimum_pairs}"
            self.findings.append(Finding("note", "network", text))

    def close_triangles(self) -> None:
        """Add, for each pair in no triangle, the least long pair that makes one."""
        for pair in sorted(self.reasons):
            if self._thirds(pair, 0):
                continue
            missing = self._thirds(pair, 1)
            if missing:
                best = min(missing, key=lambda p: (self.cost(p), p))
                self.reasons[best] = "closes a triangle"

    def _thirds(self, pair: Pair, n_missing: int) -> list[Pair]:
        """Return the missing side (or the pair itself) of each triangle over a pair that lacks so many sides."""
        found = []
        for day in self.dates:
            if day in (pair.reference, pair.secondary):
                continue
            sides = [Pair(*sorted((end, day))) for end in (pair.reference, pair.secondary)]
            lacking = [side for side in sides if side not in self.reasons]
            if len(lacking) == n_missing:
                found.append(lacking[0] if lacking else pair)
        return found

    def finished(self) -> NetworkDesign:
        network = self.network()
        n_possible = len(self.dates) * (len(self.dates) - 1) // 2
        rejected = Counter(self._why_not(pair) for pair in self.candidates())
        alone = set(range(len(network.pairs))) - set(find_triplets(network).ravel().tolist())
        if alone:
            text = f"{len(alone)} of {len(network.pairs)} pairs are in no triangle: their cycle errors cannot be seen"
            self.findings.append(Finding("note", "network", text))
        return NetworkDesign(
            network=network,
            reasons=tuple(self.reasons[pair] for pair in network.pairs),
            tally=Tally("pairs", n_possible, len(network.pairs), dict(rejected)),
            findings=tuple(self.findings),
        )

    def _why_not(self, pair: Pair) -> str:
        if self.options.design != "single" and abs(self.across(pair)) > self.options.maximum_baseline:
            return "baseline above maximum_baseline"
        return "not asked for by the design"
