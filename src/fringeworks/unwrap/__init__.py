"""Whole cycles: from wrapped to unwrapped phase."""

from fringeworks.unwrap.options import UnwrapOptions
from fringeworks.unwrap.protocol import Unwrapped, Unwrapper, WrappedPhase
from fringeworks.unwrap.registry import unwrapper_named, unwrapper_names

__all__ = [
    "UnwrapOptions",
    "Unwrapped",
    "Unwrapper",
    "WrappedPhase",
    "unwrapper_named",
    "unwrapper_names",
]
