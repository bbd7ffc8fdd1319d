"""Filters of wrapped phase: Goldstein's spectra, sliding windows and their cascade, Gaussian means, colinearity."""

from fringeworks.interferometry.filters.filtering import Filtered, filter_halo, filter_phase, weigh
from fringeworks.interferometry.filters.goldstein import goldstein
from fringeworks.interferometry.filters.options import FilterOptions
from fringeworks.interferometry.filters.sliding import SlidingMean, cascade, measure_colinearity, slide

__all__ = [
    "FilterOptions",
    "Filtered",
    "SlidingMean",
    "cascade",
    "filter_halo",
    "filter_phase",
    "goldstein",
    "measure_colinearity",
    "slide",
    "weigh",
]
