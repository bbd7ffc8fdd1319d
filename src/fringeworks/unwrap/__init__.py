"""Whole cycles: from wrapped to unwrapped phase."""

from fringeworks.unwrap.bridging import Bridge, GivenBridge, bridge_components
from fringeworks.unwrap.masking import leave_out
from fringeworks.unwrap.options import UnwrapOptions
from fringeworks.unwrap.pair import FailedPair, UnwrappedPair, unwrap_pair
from fringeworks.unwrap.protocol import Unwrapped, Unwrapper, WrappedPhase
from fringeworks.unwrap.registry import unwrapper_named, unwrapper_names
from fringeworks.unwrap.tiles import SeamReport, TiledUnwrapper

__all__ = [
    "Bridge",
    "FailedPair",
    "GivenBridge",
    "SeamReport",
    "TiledUnwrapper",
    "UnwrapOptions",
    "Unwrapped",
    "UnwrappedPair",
    "Unwrapper",
    "WrappedPhase",
    "bridge_components",
    "leave_out",
    "unwrap_pair",
    "unwrapper_named",
    "unwrapper_names",
]
