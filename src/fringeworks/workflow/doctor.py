"""Look whether this machine can do the work: versions, libraries, memory, disk, plug-ins."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import psutil

from fringeworks.model.tally import Finding
from fringeworks.workflow.software import versions
from fringeworks.workflow.stage import PROGRAM_BYTES

GROUPS: Final = ("readers", "corrections", "unwrappers", "products")
"""Entry-point groups ``fringeworks.<group>`` by which others add to the house."""


def examine(folder: Path) -> tuple[Finding, ...]:
    """Check the machine and the installation.

    Parameters
    ----------
    folder : Path
        Where output would go.

    Returns
    -------
    tuple of Finding
        One for each check; level ``error`` where nothing can work, ``warning`` where something cannot.
    """
    checks: tuple[Callable[[Path], list[Finding]], ...] = (
        _python,
        _libraries,
        _memory,
        _disk,
        _rasters,
        _kernels,
        _plugins,
    )
    return tuple(finding for check in checks for finding in check(folder))


def _python(_: Path) -> list[Finding]:
    good = sys.version_info >= (3, 11)
    return [
        Finding(
            "ok" if good else "error", "python", f"Python {sys.version.split()[0]} (3.11 or later is needed)"
        )
    ]


def _libraries(_: Path) -> list[Finding]:
    found = versions()
    absent = [name for name, version in found.items() if version == "absent"]
    text = ", ".join(f"{name} {version}" for name, version in found.items())
    return [Finding("error" if absent else "ok", "libraries", text)]


def _memory(_: Path) -> list[Finding]:
    free = psutil.virtual_memory().available
    level = "ok" if free > 2 * PROGRAM_BYTES else "warning"
    return [Finding(level, "memory", f"{free / 2**30:.1f} GiB are free, {os.cpu_count()} processors")]


def _disk(folder: Path) -> list[Finding]:
    place = next(p for p in (folder.resolve(), *folder.resolve().parents) if p.exists())
    free = shutil.disk_usage(place).free
    writable = os.access(place, os.W_OK)
    text = f"{free / 2**30:.1f} GiB are free at {place}" + ("" if writable else ", which cannot be written")
    return [Finding("ok" if writable and free > 2**30 else "warning", "disk", text)]


def _rasters(_: Path) -> list[Finding]:
    import numpy as np  # noqa: PLC0415
    import rasterio  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "trial.tif"
        profile = {
            "driver": "GTiff",
            "width": 2,
            "height": 2,
            "count": 1,
            "dtype": "float32",
            "crs": "EPSG:4326",
        }
        transform = rasterio.transform.from_origin(10, 50, 0.1, 0.1)
        with rasterio.open(path, "w", transform=transform, **profile) as target:
            target.write(np.ones((2, 2), np.float32), 1)
        with rasterio.open(path) as source:
            good = bool((source.read(1) == 1).all()) and source.crs is not None
    drivers = rasterio.drivers.raster_driver_extensions()
    return [
        Finding(
            "ok" if good else "error", "rasters", f"GDAL {rasterio.__gdal_version__}, {len(drivers)} formats"
        )
    ]


def _kernels(_: Path) -> list[Finding]:
    import numba  # noqa: PLC0415

    return [Finding("ok", "kernels", f"Numba {numba.__version__} with {numba.get_num_threads()} threads")]


def plugins() -> Mapping[str, tuple[str, ...]]:
    """Return the names installed in each entry-point group."""
    return {
        group: tuple(sorted(e.name for e in entry_points(group=f"fringeworks.{group}"))) for group in GROUPS
    }


def _plugins(_: Path) -> list[Finding]:
    return [
        Finding("ok", group, f"{group}: {', '.join(names) if names else 'none beyond the built-in'}")
        for group, names in plugins().items()
    ]
