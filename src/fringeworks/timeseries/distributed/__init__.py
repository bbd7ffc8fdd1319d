"""Distributed scatterers: similar samples, covariance, linked phases, in batch and date by date."""

from fringeworks.timeseries.distributed.bounds import cramer_rao_bound
from fringeworks.timeseries.distributed.covariance import cell_window, covariance_at
from fringeworks.timeseries.distributed.fading import FadingBias, fading_bias, nearest_closures
from fringeworks.timeseries.distributed.linking import Linked, SimilarSamples, halo, link
from fringeworks.timeseries.distributed.neighbours import Similar, similar_samples
from fringeworks.timeseries.distributed.neighbours_looks import effective_looks, sample_correlation
from fringeworks.timeseries.distributed.neighbours_options import NeighbourOptions
from fringeworks.timeseries.distributed.options import LinkingOptions
from fringeworks.timeseries.distributed.sequential import (
    Difference,
    compare_linked,
    link_sequential,
    sequential_halo,
)
from fringeworks.timeseries.distributed.state import LinkState, rebuild
from fringeworks.timeseries.distributed.update import SequentialOptions, Update, begin

__all__ = [
    "Difference",
    "FadingBias",
    "LinkState",
    "Linked",
    "LinkingOptions",
    "NeighbourOptions",
    "SequentialOptions",
    "Similar",
    "SimilarSamples",
    "Update",
    "begin",
    "cell_window",
    "compare_linked",
    "covariance_at",
    "cramer_rao_bound",
    "effective_looks",
    "fading_bias",
    "halo",
    "link",
    "link_sequential",
    "nearest_closures",
    "rebuild",
    "sample_correlation",
    "sequential_halo",
    "similar_samples",
]
