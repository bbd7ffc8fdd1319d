"""Distributed scatterers: similar samples, covariance, linked phases, in batch and date by date."""

from fringeworks.timeseries.distributed.bounds import linking_bound
from fringeworks.timeseries.distributed.covariance import covariance_at
from fringeworks.timeseries.distributed.fading import FadingBias, fading_bias, nearest_closures
from fringeworks.timeseries.distributed.linking import Linked, halo, link
from fringeworks.timeseries.distributed.neighbours import Similar, similar_samples
from fringeworks.timeseries.distributed.neighbours_looks import effective_looks, sample_correlation
from fringeworks.timeseries.distributed.neighbours_options import NeighbourOptions
from fringeworks.timeseries.distributed.options import LinkingOptions

__all__ = [
    "FadingBias",
    "Linked",
    "LinkingOptions",
    "NeighbourOptions",
    "Similar",
    "covariance_at",
    "effective_looks",
    "fading_bias",
    "halo",
    "link",
    "linking_bound",
    "nearest_closures",
    "sample_correlation",
    "similar_samples",
]
