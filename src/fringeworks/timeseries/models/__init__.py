"""Temporal models of displacement series: velocity, acceleration, seasons, events, with their sigmas."""

from fringeworks.timeseries.models.fit import PairCovariance, fit, layer_names, predict
from fringeworks.timeseries.models.noise import NO_MEMORY, TemporalCorrelation, estimate_correlation
from fringeworks.timeseries.models.terms import Design, ModelOptions, Term, build_design

__all__ = [
    "NO_MEMORY",
    "Design",
    "ModelOptions",
    "PairCovariance",
    "TemporalCorrelation",
    "Term",
    "build_design",
    "estimate_correlation",
    "fit",
    "layer_names",
    "predict",
]
