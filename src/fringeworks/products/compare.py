"""Compare the rasters of two runs, layer by layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import MissingInputError
from fringeworks.io.raster_source import RasterSource, open_raster
from fringeworks.io.rasters import pieces_of

_SAMPLE: Final = 2_000_000
"""Differences from which the median is taken, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDifference:
    """How one raster differs between two runs.

    Attributes
    ----------
    path : str
        Path below both folders.
    unit : str
        Unit of the differences.
    shape_first, shape_second : tuple of int
        Shapes; empty where the raster is absent.
    n_compared : int
        Values that both hold.
    n_only_first, n_only_second : int
        Values that only one holds (the other has its fill).
    maximum, median, rms : float
        Of the absolute difference; NaN where nothing could be compared. The median is that of at most two
        million values, taken at even steps.
    fraction_differing : float
        Share of all places whose values differ at all, absence counting as a value: for flags and counts.
    """

    path: str
    unit: str
    shape_first: tuple[int, ...]
    shape_second: tuple[int, ...]
    n_compared: int = 0
    n_only_first: int = 0
    n_only_second: int = 0
    maximum: float = math.nan
    median: float = math.nan
    rms: float = math.nan
    fraction_differing: float = math.nan

    @property
    def same(self) -> bool:
        """Whether both hold the same values everywhere."""
        return self.shape_first == self.shape_second != () and self.fraction_differing == 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; what could not be computed is null."""
        numbers = {
            name: value if math.isfinite(value) else None
            for name in ("maximum", "median", "rms", "fraction_differing")
            for value in [float(getattr(self, name))]
        }
        return {
            "path": self.path,
            "unit": self.unit,
            "shape_first": list(self.shape_first),
            "shape_second": list(self.shape_second),
            "n_compared": self.n_compared,
            "n_only_first": self.n_only_first,
            "n_only_second": self.n_only_second,
            **numbers,
            "same": self.same,
        }

    def text(self) -> str:
        """Return one line for a person."""
        if not (self.shape_first and self.shape_second):
            return f"{self.path}: only in the {'first' if self.shape_first else 'second'}"
        if self.shape_first != self.shape_second:
            return f"{self.path}: shapes {self.shape_first} and {self.shape_second}"
        if self.same:
            return f"{self.path}: same"
        return (
            f"{self.path}: differs at {self.fraction_differing:.4%}; absolute difference rms {self.rms:.4g}, "
            f"median {self.median:.4g}, maximum {self.maximum:.4g} {self.unit}; "
            f"{self.n_only_first} values only in the first, {self.n_only_second} only in the second"
        )


def compare(first: Path, second: Path) -> list[LayerDifference]:
    """Compare all rasters below two run folders.

    Parameters
    ----------
    first, second : Path
        Output folders of two runs; also two folders of rasters.

    Returns
    -------
    list of LayerDifference
        Sorted by path, rasters that only one holds included.

    Raises
    ------
    MissingInputError
        A folder holds no raster.
    DamagedFileError
        A raster cannot be decoded.
    """
    found = []
    for folder in (first, second):
        root = folder / "products" if (folder / "products").is_dir() else folder
        rasters = {p.relative_to(folder).as_posix(): p for p in sorted(root.rglob("*.tif"))}
        if not rasters:
            raise MissingInputError(
                f"{folder} holds no raster", hint="give the output folder of a finished run"
            )
        found.append({name.removeprefix("products/"): path for name, path in rasters.items()})
    return [_one(name, found[0].get(name), found[1].get(name)) for name in sorted({*found[0], *found[1]})]


def _one(name: str, first: Path | None, second: Path | None) -> LayerDifference:
    a, b = (None if p is None else open_raster(p) for p in (first, second))
    unit = next(s.units[0] for s in (a, b) if s is not None)
    shapes: dict[str, Any] = {
        "path": name,
        "unit": unit,
        "shape_first": () if a is None else a.shape,
        "shape_second": () if b is None else b.shape,
    }
    if a is None or b is None or a.shape != b.shape:
        return LayerDifference(**shapes)
    return _differences(a, b, shapes)


def _differences(a: RasterSource, b: RasterSource, shapes: dict[str, Any]) -> LayerDifference:
    n = {"compared": 0, "first": 0, "second": 0, "differing": 0}
    square, largest, sample = 0.0, 0.0, []
    step = max(math.prod(a.shape) // _SAMPLE, 1)
    for window, values in pieces_of(a, side=512):
        others = b[(..., *window.slices)]
        here, there = _present(values, a.fill), _present(others, b.fill)
        both = here & there
        delta = np.abs(values[both].astype(np.float64) - others[both])
        n["compared"] += delta.size
        n["first"] += int((here & ~there).sum())
        n["second"] += int((there & ~here).sum())
        n["differing"] += int((delta > 0).sum()) + int((here ^ there).sum())
        square += float((delta**2).sum())
        largest = max(largest, float(delta.max(initial=0.0)))
        sample.append(delta[::step].astype(np.float32))
    compared = n["compared"]
    return LayerDifference(
        **shapes,
        n_compared=compared,
        n_only_first=n["first"],
        n_only_second=n["second"],
        maximum=largest if compared else math.nan,
        median=float(np.median(np.concatenate(sample))) if compared else math.nan,
        rms=math.sqrt(square / compared) if compared else math.nan,
        fraction_differing=n["differing"] / max(math.prod(a.shape), 1),
    )


def _present(values: NDArray[Any], fill: float | None) -> NDArray[np.bool_]:
    if values.dtype.kind == "f":
        return np.asarray(np.isfinite(values), np.bool_)
    return np.ones(values.shape, np.bool_) if fill is None else np.asarray(values != fill, np.bool_)
