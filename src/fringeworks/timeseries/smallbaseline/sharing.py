"""Do interferograms share their noise?  What that does to the sigma of a velocity.

Interferograms are made of images.  Two that have an image in common share its noise, so they agree with each other
better than with the ground: triplets close, residuals are small, and a sigma taken from residuals as if every
interferogram were a measurement of its own comes out too small, by two to four for a usual network.  How much noise
is shared is seen in the residuals themselves: their *pattern*, not their size, tells one kind from the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.stack import PairNetwork
from fringeworks.model.tally import Finding

Values = NDArray[np.float64]
_N_BINS = 8
_FEWEST_PIXELS = 40
_FEWEST_LOOPS = 5
_SHARES = np.linspace(0.0, 1.0, 41)
_LEAST_COHERENCE = 0.05
_LEAST_REACHED = 0.3
"""Share of the interferograms that a pixel has to have, to be looked at."""
_ENOUGH_WHOLE = 0.5
"""Share of a level's pixels for which interferograms that they lack are passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseSharing:
    """By how much the variance that the inversion gives to a velocity has to grow, for each level of coherence.

    Attributes
    ----------
    coherence : float64, (bin)
        Mean coherence of the pixels looked at, increasing; empty = nothing could be learned.
    share : float64, (bin)
        Part of the noise that comes with the images, in [0, 1]; the rest comes with each interferogram.
    inflation : float64, (bin)
        Factor on the variance, at least 1.
    n_pixels : int
        Pixels it was learned from.
    finding : Finding
        One sentence for the report.
    """

    coherence: Values
    share: Values
    inflation: Values
    n_pixels: int
    finding: Finding

    def factor(self, mean_coherence: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the factor for pixels of given mean coherence, same shape; 1 where coherence is unknown."""
        if self.coherence.size == 0:
            return np.ones(mean_coherence.shape, np.float32)
        found = np.interp(mean_coherence, self.coherence, self.inflation)
        return np.where(np.isfinite(found), found, 1.0).astype(np.float32)


def nothing_shared(reason: str) -> NoiseSharing:
    """Return the record for interferograms whose sharing is not known: each counts as a measurement of its own."""
    empty = np.zeros(0)
    text = f"whether interferograms share noise was not looked at: {reason}; their own sigmas are taken as they are"
    return NoiseSharing(
        coherence=empty,
        share=empty,
        inflation=empty,
        n_pixels=0,
        finding=Finding("note", "shared noise", text),
    )


def estimate_sharing(
    phase: NDArray[np.float32],
    coherence: NDArray[np.float32],
    weight: NDArray[np.float32],
    *,
    network: PairNetwork,
    effective_looks: float,
) -> NoiseSharing:
    """Learn from residuals how much noise interferograms share.

    Parameters
    ----------
    phase : float32, (pair, pixel)
        Unwrapped phase of some hundred to thousand pixels spread over the image [rad].  On each level of coherence the
        interferograms that most pixels lack are passed over, and pixels with a gap in the others.
    coherence : float32, (pair, pixel)
        In [0, 1].
    weight : float32, (pair, pixel)
        Of the inversion [1/rad^2]; 0 = absent or rejected.
    network : PairNetwork
        Dates and pairs.
    effective_looks : float
        Independent samples behind a coherence.

    Returns
    -------
    NoiseSharing
        Per level of mean coherence.

    Raises
    ------
    ShapeMismatchError
        Arrays and network do not fit.

    Notes
    -----
    For images of correlation ``g`` the phases of the pairs (i,j) and (k,l) have the covariance
    ``(g_ik g_jl - g_il g_jk) / (2 L g_ij g_kl)`` (Samiei-Esfahany, Esteves Martins, van Leijen and Hanssen 2016, for
    many looks).  Coherence of pairs that were not formed is read off a line through log coherence against days.
    With residuals z whitened by the weights, restricted to the space that loops see, the share ``t`` maximises the
    likelihood of ``z ~ s^2 [(1 - t) 1 + t B]`` with a scale s of its own for each pixel: twice the noise gives the
    same share and twice the sigma.  The inflation is the ratio of the variance of the slope under that mixture to the
    variance that independent interferograms of the same residuals would give.
    """
    if phase.shape != coherence.shape or phase.shape != weight.shape or phase.shape[0] != len(network.pairs):
        raise ShapeMismatchError(
            f"phase {phase.shape}, coherence {coherence.shape}, weight {weight.shape}",
            expected=f"three times ({len(network.pairs)} pairs, pixel)",
        )
    if _loops(network) < _FEWEST_LOOPS:
        return nothing_shared(f"the network has {_loops(network)} loops")
    usable = np.isfinite(phase) & (weight > 0) & np.isfinite(coherence)
    reached = np.flatnonzero(usable.sum(axis=0) > _LEAST_REACHED * len(network.pairs))
    mean = np.sum(coherence, axis=0, where=usable) / np.maximum(usable.sum(axis=0), 1)
    order = reached[np.argsort(mean[reached], kind="stable")]
    rows, n_pixels = [], 0
    for part in np.array_split(order, max(min(_N_BINS, order.size // _FEWEST_PIXELS), 1)):
        pairs, pixels = _whole_part(usable[:, part], network)
        if pixels.size < _FEWEST_PIXELS:
            continue
        at = np.ix_(pairs, part[pixels])
        measured = coherence[at].astype(np.float64)
        truth = _unbiased(np.mean(measured**2, axis=1), effective_looks)
        prior = np.mean(weight[at].astype(np.float64), axis=1)
        share, inflation = _one_level(phase[at].astype(np.float64), truth, prior, network.select(pairs))
        rows.append((float(mean[part].mean()), share, inflation))
        n_pixels += pixels.size
    if not rows:
        return nothing_shared(f"too few of {order.size} pixels have the same interferograms")
    level, shares, inflations = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    text = (
        f"{100 * shares.min():.0f} to {100 * shares.max():.0f} % of the interferograms' noise comes with the images they "
        f"share; sigmas grow by {np.sqrt(inflations.min()):.2f} to {np.sqrt(inflations.max()):.2f} ({n_pixels} pixels)"
    )
    return NoiseSharing(
        coherence=level,
        share=shares,
        inflation=inflations,
        n_pixels=n_pixels,
        finding=Finding("note", "shared noise", text),
    )


def _loops(network: PairNetwork) -> int:
    """Return the independent loops of a network."""
    return len(network.pairs) - len(network.dates) + int(network.components().max()) + 1


def _whole_part(
    usable: NDArray[np.bool_], network: PairNetwork
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Choose interferograms, (pair), that many pixels have together, and these pixels.

    One after the other the interferogram that most pixels lack is left out, as long as what is left holds the dates
    together as before and has loops enough.
    """
    kept = np.ones(len(network.pairs), np.bool_)
    wanted = max(_ENOUGH_WHOLE * usable.shape[1], _FEWEST_PIXELS)
    together = int(network.components().max())
    spare = _loops(network) - _FEWEST_LOOPS
    for pair in np.argsort(usable.sum(axis=1), kind="stable"):
        if spare == 0 or np.count_nonzero(usable[kept].all(axis=0)) >= wanted:
            break
        kept[pair] = False
        if int(network.components(kept).max()) != together:
            kept[pair] = True
            continue
        spare -= 1
    return kept, np.flatnonzero(usable[kept].all(axis=0))


def _unbiased(square: Values, looks: float) -> Values:
    """Take the bias of estimated coherence out of its mean square (Touzi, Lopes, Bruniquel and Vachon 1999, to first order)."""
    if looks > 1.0:
        square = (looks * square - 1.0) / (looks - 1.0)
    return np.sqrt(np.clip(square, _LEAST_COHERENCE**2, 0.9999))


def _coherence_matrix(truth: Values, network: PairNetwork) -> Values:
    """Return the correlation of all images, (date, date): measured where a pair was formed, a fitted line elsewhere."""
    ends = network.endpoints()
    days = np.array([(d - network.dates[0]).days for d in network.dates], float)
    between = np.abs(days[ends[:, 1]] - days[ends[:, 0]])
    design = np.column_stack([np.ones(between.size), between])
    if np.ptp(between) > 0:
        first, slope = np.linalg.lstsq(design, np.log(truth), rcond=None)[0]
    else:
        first, slope = 0.0, float(np.mean(np.log(truth) / between))
    gaps = np.abs(days[:, None] - days[None, :])
    matrix = np.clip(np.exp(min(first, 0.0) + min(slope, 0.0) * gaps), _LEAST_COHERENCE, 0.9999)
    matrix[ends[:, 0], ends[:, 1]] = truth
    matrix[ends[:, 1], ends[:, 0]] = truth
    np.fill_diagonal(matrix, 1.0)
    values, vectors = np.linalg.eigh(matrix)
    # measured and fitted entries together need not be a correlation: the nearest one is
    matrix = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    size = np.sqrt(np.diag(matrix))
    return np.asarray(matrix / np.outer(size, size))


def _shared_correlation(matrix: Values, ends: NDArray[np.int64]) -> Values:
    """Return the correlation of the pairs' phases that the images cause, (pair, pair)."""
    i, j = ends[:, 0], ends[:, 1]
    direct = matrix[np.ix_(i, i)] * matrix[np.ix_(j, j)]
    crossed = matrix[np.ix_(i, j)] * matrix[np.ix_(j, i)]
    own = np.abs(matrix[i, j])
    covariance = (direct - crossed) / np.outer(own, own)
    size = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    return np.asarray(covariance / np.outer(size, size))


def _one_level(phase: Values, truth: Values, weight: Values, network: PairNetwork) -> tuple[float, float]:
    """Return share and inflation for pixels of alike coherence."""
    ends = network.endpoints()
    incidence = network.incidence().astype(np.float64)
    root = np.sqrt(weight)
    left, size, _ = np.linalg.svd(root[:, None] * incidence, full_matrices=True)
    rank = int(np.sum(size > 1e-9 * size[0]))
    reached, loops = left[:, :rank], left[:, rank:]
    shared = _shared_correlation(_coherence_matrix(truth, network), ends)
    values, vectors = np.linalg.eigh(loops.T @ shared @ loops)
    values = np.maximum(values, 1e-9)
    seen = (vectors.T @ (loops.T @ (root[:, None] * phase))) ** 2
    share = _likeliest(seen, values)
    line = _slope_row(network, root, incidence)
    along = reached.T @ line
    independent, images = float(along @ along), float(line @ shared @ line)
    expected = (1.0 - share) + share * float(values.mean())
    inflation = ((1.0 - share) * independent + share * images) / (independent * expected)
    return share, max(inflation, 1.0)


def _likeliest(seen: Values, values: Values) -> float:
    """Return the share that makes the squared residuals (loop, pixel) likeliest, each pixel with its own scale."""
    costs = []
    for share in _SHARES:
        spread = (1.0 - share) + share * values
        scale = np.sum(seen / spread[:, None], axis=0)
        costs.append(values.size * np.sum(np.log(scale[scale > 0])) + seen.shape[1] * np.sum(np.log(spread)))
    return float(_SHARES[int(np.argmin(costs))])


def _slope_row(network: PairNetwork, root: Values, incidence: Values) -> Values:
    """Return what turns whitened phases into the slope of the straight line through the inverted dates, (pair)."""
    years = network.years - network.years.mean()
    slope = years / np.sum(years**2)
    return np.asarray(slope @ np.linalg.pinv(root[:, None] * incidence))
