"""Fringeworks: from Sentinel-1 radar images to trusted maps of how the ground moves."""

try:
    from fringeworks._version import __version__
except ImportError:  # a source tree that was never built
    __version__ = "0.1.0.dev0"

__all__ = ["__version__"]
