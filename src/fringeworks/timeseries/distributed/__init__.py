"""Distributed scatterers: similar samples, covariance, linked phases, in batch and date by date."""

from fringeworks.timeseries.distributed.bounds import cramer_rao_bound
from fringeworks.timeseries.distributed.covariance import cell_window, covariance_at
from fringeworks.timeseries.distributed.linking import Linked, SimilarSamples, halo, link
from fringeworks.timeseries.distributed.options import LinkingOptions

__all__ = [
    "Linked",
    "LinkingOptions",
    "SimilarSamples",
    "cell_window",
    "covariance_at",
    "cramer_rao_bound",
    "halo",
    "link",
]
