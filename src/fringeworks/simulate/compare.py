"""How near published products come to the truth of a simulated stack."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from fringeworks.errors import GridMismatchError, MissingInputError, TooFewDataError
from fringeworks.simulate.stack import WATER
from fringeworks.simulate.truth import Truth, read_truth

Image = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceArea:
    """A disc of pixels to whose mean a run's products refer."""

    row: int
    col: int
    radius: float

    def holds(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return which pixels' centres lie within ``radius`` pixels, (y, x)."""
        row, col = np.ogrid[: shape[0], : shape[1]]
        inside: NDArray[np.bool_] = (row - self.row) ** 2 + (col - self.col) ** 2 <= self.radius**2
        return inside


def compare_with_truth(
    products_folder: Path, truth_folder: Path, *, reference: ReferenceArea
) -> dict[str, Any]:
    """Compare the rasters of a run with the truth of its input.

    Parameters
    ----------
    products_folder : Path
        Holds ``velocity.tif``, ``velocity_std.tif``, ``displacement.tif``, ``recommended_mask.tif`` and perhaps
        ``dem_error.tif``.
    truth_folder : Path
        Written by :func:`~fringeworks.simulate.truth.write_truth`.
    reference : ReferenceArea
        Of the run; the truth's mean over its recommended pixels is removed from the truth.

    Returns
    -------
    dict
        Plain numbers, ready for JSON.  Errors are product minus truth over recommended pixels.
        ``displacement_error_rms_m`` holds the atmosphere against the run; ``displacement_plus_atmosphere_error_rms_m``
        compares with motion and atmosphere together, which is what interferograms can show.
        ``velocity_standardised_error_rms`` is the rms of error over ``velocity_std``: 1 where sigmas tell the truth.

    Raises
    ------
    MissingInputError
        A product is not there.
    GridMismatchError
        Products and truth lie on different grids or have other dates.
    TooFewDataError
        No pixel is recommended, or none in the reference area.
    """
    truth = read_truth(truth_folder)
    valid = _read(products_folder, "recommended_mask", truth) == 1.0
    velocity = _read(products_folder, "velocity", truth)
    valid &= np.isfinite(velocity)
    within = reference.holds(valid.shape) & valid
    if not within.any():
        raise TooFewDataError(
            f"{int(valid.sum())} recommended pixels, none within {reference.radius:g} pixels of row {reference.row}, "
            f"column {reference.col}",
            expected="recommended pixels in the reference area",
            hint="give the reference of the run's manifest",
        )
    land = truth.layer("land") != WATER
    figures: dict[str, Any] = {
        "n_pixels": int(valid.size),
        "n_recommended": int(valid.sum()),
        "recommended_share_of_land": float(np.mean(valid[land])),
        "recommended_share_of_water": float(np.mean(valid[~land])) if (~land).any() else 0.0,
        "n_reference_pixels": int(within.sum()),
    }

    def relative(image: NDArray[Any]) -> Image:
        wide = np.asarray(image, np.float64)
        return np.asarray(wide - wide[within].mean(), np.float64)

    figures |= _velocity(products_folder, truth, velocity, valid, relative)
    figures |= _displacement(products_folder, truth, valid, relative)
    if (products_folder / "dem_error.tif").is_file():
        found, known = _read(products_folder, "dem_error", truth), truth.layer("dem_error")
        error = (found - relative(known))[valid & np.isfinite(found)]
        figures["dem_error_error_rms_m"] = _rms(error)
        figures["dem_error_rms_m"] = _rms(relative(known)[valid])
        figures["dem_error_correlation"] = _correlation(found[valid], known[valid])
    return figures


def _velocity(
    folder: Path,
    truth: Truth,
    velocity: Image,
    valid: NDArray[np.bool_],
    relative: Callable[[NDArray[Any]], Image],
) -> dict[str, float]:
    known = relative(truth.layer("velocity"))
    error = (velocity - known)[valid]
    sigma = _read(folder, "velocity_std", truth)[valid]
    usable = np.isfinite(sigma) & (sigma > 0.0)
    standardised = error[usable] / sigma[usable]
    return {
        "velocity_error_median_m_per_year": float(np.median(error)),
        "velocity_error_rms_m_per_year": _rms(error),
        "velocity_error_p95_m_per_year": float(np.percentile(np.abs(error), 95)),
        "velocity_correlation": _correlation(velocity[valid], known[valid]),
        "velocity_truth_least_m_per_year": float(known[valid].min()),
        "velocity_truth_greatest_m_per_year": float(known[valid].max()),
        "velocity_std_median_m_per_year": float(np.median(sigma[usable])) if usable.any() else math.nan,
        "velocity_standardised_error_rms": _rms(standardised),
        "velocity_standardised_error_robust": float(1.4826 * np.median(np.abs(standardised)))
        if usable.any()
        else math.nan,
    }


def _displacement(
    folder: Path, truth: Truth, valid: NDArray[np.bool_], relative: Callable[[NDArray[Any]], Image]
) -> dict[str, Any]:
    first = truth.atmosphere(0)
    by_date: list[float] = []
    sums = np.zeros(3)
    with rasterio.open(_path(folder, "displacement")) as file:
        _same_grid(file, truth, "displacement")
        days = [day.isoformat() for day in truth.dates]
        if list(file.descriptions) != days:
            raise GridMismatchError(
                f"displacement.tif has the bands {file.descriptions[0]} ... {file.descriptions[-1]} ({file.count})",
                expected=f"the {len(days)} dates {days[0]} ... {days[-1]} of the truth",
            )
        for index in range(len(days)):
            known = truth.displacement(index)
            seen = known - (truth.atmosphere(index) - first)
            found = file.read(index + 1).astype(np.float64)
            usable = valid & np.isfinite(found)
            error = (found - relative(known))[usable]
            by_date.append(_rms(error))
            sums += [error.size, np.sum(error**2), np.sum((found - relative(seen))[usable] ** 2)]
    return {
        "displacement_error_rms_m": math.sqrt(sums[1] / max(sums[0], 1.0)),
        "displacement_plus_atmosphere_error_rms_m": math.sqrt(sums[2] / max(sums[0], 1.0)),
        "displacement_error_rms_by_date_m": by_date,
    }


def _path(folder: Path, name: str) -> Path:
    path = folder / f"{name}.tif"
    if not path.is_file():
        raise MissingInputError(
            f"no {name}.tif in {folder}", hint="give the folder products/standard of a finished run"
        )
    return path


def _read(folder: Path, name: str, truth: Truth) -> Image:
    with rasterio.open(_path(folder, name)) as file:
        _same_grid(file, truth, name)
        values: Image = file.read(1, masked=True).astype(np.float64).filled(np.nan)
    return values


def _same_grid(file: Any, truth: Truth, name: str) -> None:
    found = tuple(file.transform)[:6]
    wanted = truth.grid.transform
    near = all(abs(a - b) <= 1e-9 for a, b in zip(found, wanted, strict=True))
    if (file.height, file.width) != tuple(truth.grid.shape) or not near:
        raise GridMismatchError(
            f"{name}.tif has {file.height} x {file.width} pixels, transform {found}",
            expected=f"{truth.grid.shape.rows} x {truth.grid.shape.cols} pixels, transform {wanted}, as the truth",
            hint="compare a run that keeps the grid of its input",
        )


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else math.nan


def _correlation(found: NDArray[Any], known: NDArray[Any]) -> float:
    both = np.isfinite(found) & np.isfinite(known)
    a, b = found[both] - found[both].mean(), known[both] - known[both].mean()
    power = math.sqrt(float(np.sum(a * a)) * float(np.sum(b * b)))
    return float(np.sum(a * b)) / power if power > 0.0 else math.nan
