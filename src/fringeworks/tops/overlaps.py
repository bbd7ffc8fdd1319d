"""What two images of the same ground say about a stack: interferograms of one against those of the other.

Two bursts overlap in azimuth, two sub-swaths in range.  Ground, atmosphere and motion are the same in both images of an
overlap, so the *double difference*, an interferogram of the later image times the conjugate of the same interferogram
of the earlier one, holds what differs: misregistration times the difference of the Doppler frequencies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.tally import Tally
from fringeworks.numerics.compiled import in_threads
from fringeworks.tops.options import DiversityOptions
from fringeworks.tops.overlap_sums import BlockSums, sum_block

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapStatistics:
    """Sums over the blocks of one overlap.

    Attributes
    ----------
    name : str
        For people: ``IW2 3/4``.
    along : float
        Position along azimuth, in a unit of the caller's choice that all overlaps share.
    n_dates : int
        Dates of the stack, absent ones included.
    pairs : int64, (pair, 2)
        Numbers of the earlier and the later date.
    phasor : complex64, (block, pair)
        Double difference, lower times conjugate of upper; its magnitude is the product of the two coherences.  NaN
        where a date is absent.
    coherence : float32, (image, block, pair)
        Root mean square over windows, freed of its bias; upper, then lower.  NaN where a date is absent.
    separation : float64, (block)
        Doppler of lower minus upper [Hz]; 0 where nothing depends on it.
    looks, window_looks : float64, (block)
        Independent samples that speckle of the block, and of one of its windows, is worth: the former are more where
        the two images share speckle, whose noise then cancels; the product of the two is not.
    shared : float64, (block)
        Squared correlation of the two images' speckle: 0 for bursts, whose Doppler bands are far apart, more for strong
        reflectors and between sub-swaths.
    sample : float64, (block)
        Middle of the block along range.
    present : bool, (block, date)
        Whether a date holds the block in both images.
    tally : Tally
        Blocks.
    """

    name: str
    along: float
    n_dates: int
    pairs: NDArray[np.int64]
    phasor: NDArray[np.complex64]
    coherence: NDArray[np.float32]
    separation: Values
    looks: Values
    window_looks: Values
    shared: Values
    sample: Values
    present: NDArray[np.bool_]
    tally: Tally

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays, for storage; :meth:`from_arrays` gives the record again."""
        rejected = self.tally.rejected
        return {
            "name": np.array(self.name),
            "along": np.array(self.along),
            "n_dates": np.array(self.n_dates),
            **{name: getattr(self, name) for name in _ARRAYS},
            "tally": np.array(
                [self.tally.considered, self.tally.used, *(rejected.get(r, 0) for r in _REASONS)]
            ),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> OverlapStatistics:
        """Return the record that :meth:`to_arrays` gave."""
        considered, used, *rejected = np.asarray(arrays["tally"]).tolist()
        return cls(
            name=str(arrays["name"]),
            along=float(arrays["along"]),
            n_dates=int(arrays["n_dates"]),
            tally=Tally("blocks", considered, used, dict(zip(_REASONS, rejected, strict=True))),
            **{name: np.asarray(arrays[name]) for name in _ARRAYS},
        )


_ARRAYS = (
    "pairs",
    "phasor",
    "coherence",
    "separation",
    "looks",
    "window_looks",
    "shared",
    "sample",
    "present",
)
_REASONS = ("no two dates to compare", "too few samples")


def date_pairs(days: Sequence[float], *, reference: int, options: DiversityOptions) -> NDArray[np.int64]:
    """Return the pairs of dates that are compared.

    Parameters
    ----------
    days : float, (date)
        Days since any instant, ascending.
    reference : int
        Number of the reference date.
    options : DiversityOptions
        Mode and reach of the network.

    Returns
    -------
    int64, (pair, 2)
        Earlier and later date; empty if the mode is ``off``.

    Raises
    ------
    OutOfRangeError
        The dates do not ascend, or there is no such reference.
    """
    when = np.asarray(days, np.float64)
    if when.size > 1 and not bool((np.diff(when) > 0).all()):
        raise OutOfRangeError("dates that do not ascend", expected="each date later than the one before")
    if not 0 <= reference < when.size:
        raise OutOfRangeError(f"reference date {reference} of {when.size}", expected="the number of a date")
    i, j = np.triu_indices(when.size, 1)
    if options.diversity == "pair":
        chosen = (i == reference) | (j == reference)
    elif options.diversity == "network":
        chosen = (j - i <= options.neighbours) | (when[j] - when[i] <= options.neighbour_days)
    else:
        chosen = np.zeros(i.size, bool)
    return np.stack([i[chosen], j[chosen]], axis=1).astype(np.int64)


def overlap_statistics(
    upper: NDArray[np.complex64],
    lower: NDArray[np.complex64],
    *,
    separation: NDArray[Any] | float,
    pairs: NDArray[np.int64],
    fraction: float,
    options: DiversityOptions,
    name: str = "",
    along: float = 0.0,
    first_sample: int = 0,
) -> OverlapStatistics:
    """Sum the double differences of an overlap, block by block along range.

    Parameters
    ----------
    upper, lower : complex64, (date, line, sample)
        The earlier and the later image of the same ground (bursts b and b+1; or sub-swaths n and n+1), coregistered
        and flattened.  Zero or NaN where there is no data.
    separation : float, (sample) or (line, sample), or one number
        Doppler frequency of lower minus upper [Hz]; negative for Sentinel-1 bursts.
    pairs : int64, (pair, 2)
        From :func:`date_pairs`.
    fraction : float
        Independent samples per sample, azimuth times range (:func:`fringeworks.numerics.spectrum.independent_share`).
    options : DiversityOptions
        Sizes of blocks and windows.
    name, along : str, float
        Copied to the record.
    first_sample : int
        Number of the arrays' first sample, where an overlap is given in pieces; best a multiple of a block.

    Returns
    -------
    OverlapStatistics
        A few hundred numbers a pair.

    Raises
    ------
    ShapeMismatchError
        The arrays do not fit each other.
    OutOfRangeError
        The fraction is not in (0, 1], or a pair names no date.

    Notes
    -----
    A date belongs to a block if it holds half of the samples of the fullest date; the block then uses the samples that
    all its dates hold.  Time is one pass over pairs times samples; memory beside the input is one block's.
    """
    separations = _checked(upper, lower, separation, pairs, fraction)
    n_dates, _, n_samples = upper.shape
    edges = np.append(np.arange(0, n_samples, options.block_samples), n_samples)
    if edges.size > 2 and edges[-1] - edges[-2] < options.block_samples / 2:
        edges = np.delete(edges, -2)
    n_blocks = edges.size - 1
    sums = BlockSums.empty(n_blocks, len(pairs), n_dates)

    def work(first: int, last: int) -> None:
        for block in range(first, last):
            span = (int(edges[block]), int(edges[block + 1]))
            sum_block(
                upper,
                lower,
                separations,
                span,
                block=block,
                pairs=pairs,
                fraction=fraction,
                options=options,
                sums=sums,
            )

    in_threads(work, n_blocks)
    used = sums.figures[:, 0] > 0
    comparable = sums.present[:, pairs[:, 0]] & sums.present[:, pairs[:, 1]]
    n_absent = n_blocks - int(np.count_nonzero(comparable.any(axis=1)))
    rejected = {_REASONS[0]: n_absent, _REASONS[1]: n_blocks - int(used.sum()) - n_absent}
    shared = sums.figures[used, 3]
    return OverlapStatistics(
        name=name,
        along=along,
        n_dates=n_dates,
        pairs=pairs,
        phasor=sums.phasor[used],
        coherence=sums.coherence[:, used],
        separation=sums.figures[used, 2],
        looks=sums.figures[used, 0] / (1.0 - shared),
        window_looks=np.maximum(sums.figures[used, 1], 1.0) * (1.0 - shared),
        shared=shared,
        sample=first_sample + 0.5 * (edges[:-1] + edges[1:] - 1)[used],
        present=sums.present[used],
        tally=Tally("blocks", n_blocks, int(used.sum()), rejected),
    )


def join_statistics(pieces: Sequence[OverlapStatistics]) -> OverlapStatistics:
    """Put the pieces of one overlap together, which were cut along range.

    Raises
    ------
    ShapeMismatchError
        No piece is given, or the pieces differ in dates or pairs.
    """
    if not pieces:
        raise ShapeMismatchError("no piece of an overlap", expected="at least one")
    head = pieces[0]
    if any(p.n_dates != head.n_dates or not np.array_equal(p.pairs, head.pairs) for p in pieces):
        raise ShapeMismatchError(
            "pieces of an overlap with different pairs", expected="the same dates and pairs"
        )
    tally = head.tally
    for piece in pieces[1:]:
        tally = tally + piece.tally
    along_block = ("phasor", "separation", "looks", "window_looks", "shared", "sample", "present")
    return OverlapStatistics(
        name=head.name,
        along=head.along,
        n_dates=head.n_dates,
        pairs=head.pairs,
        coherence=np.concatenate([p.coherence for p in pieces], axis=1),
        tally=tally,
        **{name: np.concatenate([getattr(p, name) for p in pieces]) for name in along_block},
    )


def _checked(
    upper: NDArray[np.complex64],
    lower: NDArray[np.complex64],
    separation: NDArray[Any] | float,
    pairs: NDArray[np.int64],
    fraction: float,
) -> Values:
    if upper.ndim != 3 or upper.shape != lower.shape:
        raise ShapeMismatchError(
            f"upper {upper.shape} and lower {lower.shape}", expected="two equal shapes (date, line, sample)"
        )
    if 0 in upper.shape:
        raise ShapeMismatchError(f"an overlap of {upper.shape}", expected="dates, lines and samples")
    if upper.dtype != np.complex64 or lower.dtype != np.complex64:
        raise ShapeMismatchError(f"samples of {upper.dtype} and {lower.dtype}", expected="complex64")
    if not 0.0 < fraction <= 1.0:
        raise OutOfRangeError(
            f"a fraction of {fraction} of independent samples", expected="above 0, at most 1"
        )
    if len(pairs) and not (int(pairs.min()) >= 0 and int(pairs.max()) < upper.shape[0]):
        raise OutOfRangeError(
            f"pairs of {int(pairs.max()) + 1} dates", expected=f"at most {upper.shape[0]} dates"
        )
    values = np.asarray(separation, np.float64)
    try:
        return np.broadcast_to(values, upper.shape[1:])
    except ValueError as error:
        raise ShapeMismatchError(
            f"separation {values.shape}",
            expected=f"one number, (sample) or (line, sample) of {upper.shape[1:]}",
        ) from error
