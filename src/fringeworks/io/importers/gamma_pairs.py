"""The rasters of a GAMMA stack, opened pair by pair: each is whole, on the common grid, and holds something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import (
    DamagedFileError,
    EmptyPairError,
    GridMismatchError,
    InputRefusedError,
    MetadataMismatchError,
    MissingInputError,
    TooFewDataError,
    UnitError,
)
from fringeworks.io.importers.cubes import FilledRaster
from fringeworks.io.importers.gamma_files import GammaFiles, PairFiles
from fringeworks.io.importers.gamma_headers import ImageHeader
from fringeworks.io.importers.stack_checks import PairSample, sample_rows
from fringeworks.io.importers.tiff_extent import check_whole
from fringeworks.io.raster_source import RasterSource, open_raster
from fringeworks.model.grids import MapGrid
from fringeworks.model.stack import Pair
from fringeworks.model.tally import Finding

_STRIP = 64
_FILLS = (0.0,)
"""GAMMA's rasters hold 0 where there is no data."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What to do with a pair that cannot be used by itself: refuse all, or leave it out and write down why.

    Attributes
    ----------
    keep_going : bool
        Leave it out.
    excluded : dict of Pair to str
        Pairs left out, and why.
    """

    keep_going: bool
    excluded: dict[Pair, str] = field(default_factory=dict)

    def guard(self, pair: Pair, check: Callable[[], None]) -> bool:
        """Run a check; return whether the pair passed, or raise."""
        try:
            check()
        except (DamagedFileError, MissingInputError, EmptyPairError) as error:
            self.refuse(pair, error)
            return False
        return True

    def refuse(self, pair: Pair, error: InputRefusedError) -> None:
        """Raise an error, or write it down as the reason why the pair is left out."""
        if not self.keep_going:
            raise error
        self.excluded.setdefault(pair, str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPair:
    """One pair that passed its checks."""

    files: PairFiles
    phase: FilledRaster
    coherence: FilledRaster | None
    sample: PairSample


def open_pairs(
    files: GammaFiles, *, ledger: Ledger, headers: dict[date, ImageHeader], damaged: dict[date, str]
) -> tuple[OpenPair, ...]:
    """Open the rasters of all pairs lazily and check each.

    Parameters
    ----------
    files : GammaFiles
        What the folder holds.
    ledger : Ledger
        What to do with a pair that cannot be used; takes down what was left out.
    headers : dict of date to ImageHeader
        Dates with a header.
    damaged : dict of date to str
        Dates whose header cannot be read, with the reason.

    Raises
    ------
    MissingInputError, DamagedFileError, EmptyPairError
        A pair cannot be used, and the ledger does not keep going.
    GridMismatchError, MetadataMismatchError, UnitError
        A pair contradicts the others or its own name.
    TooFewDataError
        No pair is left.
    """
    wants_coherence = any(pair.coherence is not None for pair in files.pairs)
    sources: dict[Path, RasterSource] = {}
    known = {**damaged, **dict.fromkeys(headers, "")}
    usable = [
        pair
        for pair in files.pairs
        if ledger.guard(pair.pair, partial(_open, pair, sources, known, wants_coherence=wants_coherence))
    ]
    grid = common_grid([sources[pair.unwrapped] for pair in usable])
    opened = []
    for pair in usable:
        coherence = sources[pair.coherence] if pair.coherence is not None else None
        for source in (sources[pair.unwrapped], coherence):
            if source is not None:
                check_grid(source, grid)
        check_tags(sources[pair.unwrapped], pair.pair)
        try:
            opened.append(_sampled(pair, sources[pair.unwrapped], coherence))
        except (DamagedFileError, EmptyPairError) as error:
            ledger.refuse(pair.pair, error)
    if not opened:
        reasons = "; ".join(list(ledger.excluded.values())[:3])
        raise TooFewDataError(
            f"none of {len(files.pairs)} pairs can be used: {reasons}", expected="at least one"
        )
    return tuple(opened)


def _open(
    files: PairFiles, sources: dict[Path, RasterSource], known: dict[date, str], *, wants_coherence: bool
) -> None:
    for day in (files.pair.reference, files.pair.secondary):
        if known.get(day):
            raise DamagedFileError(f"the header of {day} is damaged: {known[day]}")
        if day not in known:
            raise MissingInputError(
                f"{files.unwrapped} names the date {day}, which has no usable image parameter file",
                expected=f"a file such as r{day:%Y%m%d}_VV_8rlks_mli.par",
                hint="put the header beside the others, or leave the date out",
            )
    if wants_coherence and files.coherence is None:
        raise MissingInputError(
            f"pair {files.pair} has no coherence, other pairs have",
            expected=f"a file such as {files.pair.reference:%Y%m%d}-{files.pair.secondary:%Y%m%d}_eqa_cc.tif",
            hint="add it, or leave the pair out",
        )
    for path in (files.unwrapped, files.coherence):
        if path is not None:
            check_whole(path)
            sources[path] = open_raster(path)


def common_grid(sources: list[RasterSource]) -> MapGrid:
    """Return the grid that most rasters have; the first of them where several are equally frequent.

    Raises
    ------
    TooFewDataError
        There is no raster.
    """
    if not sources:
        raise TooFewDataError("no interferogram can be read", expected="at least one")
    counts = Counter(source.grid for source in sources)
    return max(counts, key=lambda grid: counts[grid])


def check_grid(source: RasterSource, grid: MapGrid) -> None:
    """Refuse a raster of another grid, or without one.

    Raises
    ------
    GridMismatchError
        Shape, transform or CRS differ by more than 0.001 pixel.
    """
    if not source.grid.crs:
        raise GridMismatchError(f"{source.path} has no coordinate reference system", expected=_words(grid))
    if not source.grid.agrees_with(grid):
        raise GridMismatchError(
            f"{source.path} lies on another grid: {_words(source.grid)}",
            expected=_words(grid),
            hint="export it again on the grid of the others",
        )


def _words(grid: MapGrid) -> str:
    return (
        f"{grid.shape.rows} x {grid.shape.cols} pixels, transform {tuple(round(v, 9) for v in grid.transform)}, "
        f"{grid.crs[:40]}"
    )


def check_tags(source: RasterSource, pair: Pair) -> None:
    """Refuse a raster whose tags contradict its name or the unit.

    Raises
    ------
    MetadataMismatchError
        The dates in the tags are others than those of the name, or in the other order.
    UnitError
        The tag of the unit is not radians.
    """
    tagged = (source.tags.get("FIRST_DATE", "")[:10], source.tags.get("SECOND_DATE", "")[:10])
    named = (pair.reference.isoformat(), pair.secondary.isoformat())
    if all(tagged) and tagged != named:
        raise MetadataMismatchError(
            f"{source.path} is named {named[0]} to {named[1]}, but its tags say {tagged[0]} to {tagged[1]}",
            expected="name and tags that agree",
            hint="the two dates were swapped or the file was renamed: find out which, and mend it",
        )
    unit = _unit(source)
    if unit and not says_radians(source):
        raise UnitError(
            f"{source.path} says that its unit is {unit!r}",
            expected="radians",
            hint="export the unwrapped phase",
        )


def _unit(source: RasterSource) -> str:
    return source.tags.get("DATA_UNITS", "") or source.units[0]


def says_radians(source: RasterSource) -> bool:
    """Return whether a raster itself says that its unit is the radian."""
    return _unit(source).lower() in {"radians", "radian", "rad"}


def _sampled(files: PairFiles, phase_source: RasterSource, coherence_source: RasterSource | None) -> OpenPair:
    phase = FilledRaster(raster=phase_source, fills=_FILLS)
    coherence = None if coherence_source is None else FilledRaster(raster=coherence_source, fills=_FILLS)
    rows = sample_rows(phase_source.grid.shape)
    values = _rows_of(phase, rows)
    if not np.isfinite(values).any() and not _holds_data(phase):
        raise EmptyPairError(
            f"{files.unwrapped} holds no valid pixel (all are 0, NaN or no data)",
            expected="an unwrapped interferogram",
            hint="unwrap the pair again, or leave it out",
        )
    quality = None if coherence is None else _rows_of(coherence, rows)
    if quality is not None and np.isfinite(quality).any():
        low, high = float(np.nanmin(quality)), float(np.nanmax(quality))
        if low < 0 or high > 1.001:
            raise UnitError(f"{files.coherence} holds coherence from {low:g} to {high:g}", expected="0 to 1")
    sample = PairSample(pair=files.pair, name=files.unwrapped.name, phase=values, coherence=quality)
    return OpenPair(files=files, phase=phase, coherence=coherence, sample=sample)


def _rows_of(raster: FilledRaster, bands: tuple[range, ...]) -> NDArray[np.float32]:
    cols = range(raster.shape[1])
    return np.concatenate([raster.window(rows, cols) for rows in bands])


def _holds_data(raster: FilledRaster) -> bool:
    n_rows, n_cols = raster.shape
    return any(
        bool(np.isfinite(raster.window(range(row, min(row + _STRIP, n_rows)), range(n_cols))).any())
        for row in range(0, n_rows, _STRIP)
    )


def wavelength_tags(pairs: tuple[OpenPair, ...], *, wavelength: float) -> list[Finding]:
    """Compare the wavelength that rasters carry as a tag with that of the headers, which is used."""
    said = sorted({float(t) for p in pairs if (t := p.phase.raster.tags.get("WAVELENGTH_METRES"))})
    off = [value for value in said if abs(value / wavelength - 1) > 1e-5]
    if not off:
        return []
    return [
        Finding(
            "warning",
            "wavelength",
            f"tags of the rasters say {off[0]:.7f} m, {100 * (off[0] / wavelength - 1):+.3f} % against the headers' "
            f"{wavelength:.7f} m; the headers are used, because they come from the processor itself",
        )
    ]
