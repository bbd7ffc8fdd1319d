"""Persistent and distributed scatterers as one set of points, and the network of arcs between them."""

from fringeworks.timeseries.points.network import solve_network
from fringeworks.timeseries.points.options import CandidateOptions, NetworkOptions
from fringeworks.timeseries.points.pointset import DISTRIBUTED, PERSISTENT, PointSet, join_points
from fringeworks.timeseries.points.solution import ArcRecord, NetworkSolution

__all__ = [
    "DISTRIBUTED",
    "PERSISTENT",
    "ArcRecord",
    "CandidateOptions",
    "NetworkOptions",
    "NetworkSolution",
    "PointSet",
    "join_points",
    "solve_network",
]
