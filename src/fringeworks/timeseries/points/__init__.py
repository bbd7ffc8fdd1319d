"""Persistent and distributed scatterers as one set of points, and the network of arcs between them."""

from fringeworks.timeseries.points.candidates import (
    Candidates,
    candidate_halo,
    find_candidates,
    gather_phase,
)
from fringeworks.timeseries.points.dispersion import (
    AmplitudeDispersion,
    AmplitudeLevels,
    AmplitudeSums,
    amplitude_dispersion,
    measure_levels,
    sum_amplitudes,
)
from fringeworks.timeseries.points.network import solve_network
from fringeworks.timeseries.points.options import CandidateOptions, NetworkOptions
from fringeworks.timeseries.points.pointset import DISTRIBUTED, PERSISTENT, PointSet, join_points
from fringeworks.timeseries.points.solution import ArcRecord, NetworkSolution

__all__ = [
    "DISTRIBUTED",
    "PERSISTENT",
    "AmplitudeDispersion",
    "AmplitudeLevels",
    "AmplitudeSums",
    "ArcRecord",
    "CandidateOptions",
    "Candidates",
    "NetworkOptions",
    "NetworkSolution",
    "PointSet",
    "amplitude_dispersion",
    "candidate_halo",
    "find_candidates",
    "gather_phase",
    "join_points",
    "measure_levels",
    "solve_network",
    "sum_amplitudes",
]
