"""The bits of ``quality_flags``: why a pixel is doubted or has no value."""

from __future__ import annotations

from enum import IntFlag
from types import MappingProxyType
from typing import Final


class Quality(IntFlag):
    """Bits of ``quality_flags``: the reasons why a pixel is doubted or has no value."""

    NO_DATA = 1
    TOO_FEW_INTERFEROGRAMS = 2
    NETWORK_DISCONNECTED = 4
    LOW_TEMPORAL_COHERENCE = 8
    HIGH_MISCLOSURE = 16
    UNWRAPPING_ERROR = 32
    CLOSURE_BIAS = 64
    LOW_COHERENCE = 128
    DATES_MISSING = 256
    NOT_CONVERGED = 512
    WATER = 1024
    LAYOVER_OR_SHADOW = 2048


QUALITY_MEANING: Final = MappingProxyType(
    {
        Quality.NO_DATA: "no interferogram holds a valid value here",
        Quality.TOO_FEW_INTERFEROGRAMS: "fewer interferograms than asked for remain here",
        Quality.NETWORK_DISCONNECTED: "the interferograms that remain here fall into subsets without a common date; "
        "the series crosses the gap by a smoothing constraint, or has no value",
        Quality.LOW_TEMPORAL_COHERENCE: "temporal coherence is below the limit: the interferograms contradict each other",
        Quality.HIGH_MISCLOSURE: "the residual of the network inversion is above the limit",
        Quality.UNWRAPPING_ERROR: "triplets of interferograms close on whole cycles other than zero",
        Quality.CLOSURE_BIAS: "triplets close on a phase other than zero on average: short pairs are biased here",
        Quality.LOW_COHERENCE: "mean coherence is below the limit",
        Quality.DATES_MISSING: "one or more dates have no value here",
        Quality.NOT_CONVERGED: "the robust iteration did not settle",
        Quality.WATER: "water, by the given mask",
        Quality.LAYOVER_OR_SHADOW: "layover or shadow, by the geometry",
    }
)

NOT_RECOMMENDED: Final = (
    Quality.NO_DATA
    | Quality.TOO_FEW_INTERFEROGRAMS
    | Quality.NETWORK_DISCONNECTED
    | Quality.LOW_TEMPORAL_COHERENCE
    | Quality.HIGH_MISCLOSURE
    | Quality.LOW_COHERENCE
    | Quality.WATER
    | Quality.LAYOVER_OR_SHADOW
)
"""Any of these bits makes ``recommended_mask`` 0; the others are doubts to know of."""
