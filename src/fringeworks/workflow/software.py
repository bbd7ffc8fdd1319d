"""Versions of the program, the interpreter and the libraries that decide results."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Final

from fringeworks import __version__

_LIBRARIES: Final = ("numpy", "scipy", "numba", "zarr", "rasterio", "pyproj", "matplotlib")


def versions() -> dict[str, str]:
    """Return the versions of the program, the interpreter and the libraries that decide results."""
    found = {"fringeworks": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found
