"""The records of a stack of images: dates, bursts, the common grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from fringeworks.geometry.orbit import orbit_curve
from fringeworks.io.safe import SafeProduct, open_safe
from fringeworks.io.safe.bursts import BurstSamples
from fringeworks.model.acquisition import Burst, StateVectors
from fringeworks.model.elevation import ElevationModel
from fringeworks.model.grids import Looks, MapGrid, Shape, Window
from fringeworks.model.identity import Polarisation, Swath
from fringeworks.model.tally import Finding
from fringeworks.tops.alignment import Pass
from fringeworks.tops.frame import RadarFrame


@lru_cache(maxsize=64)
def _kept_open(path: str, stamp: int) -> SafeProduct:
    del stamp  # a product that was replaced is another one
    return open_safe(path)


def opened(path: str | Path) -> SafeProduct:
    """Open a product, or return the one opened before: its metadata is parsed once in a process."""
    found = Path(path)
    return _kept_open(str(found), found.stat().st_mtime_ns if found.exists() else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstSource:
    """Where the samples of one burst of one date lie; crosses process borders.

    Attributes
    ----------
    product : str
        Folder or zip.
    swath, polarisation : Swath, Polarisation
        Which raster of it.
    index : int
        Which burst of the raster, from 0.
    """

    product: str
    swath: Swath
    polarisation: Polarisation
    index: int

    def burst(self) -> Burst:
        """Return the burst's facts."""
        acquisition = opened(self.product).acquisition(self.swath, self.polarisation)
        return acquisition.bursts[self.index]

    def integers(self) -> BurstSamples:
        """Return the burst's samples as they stand in the file: int16, (line, sample, 2) when sliced."""
        return opened(self.product).samples(self.burst(), kind="int16")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneDate:
    """One acquisition date of the stack.

    Attributes
    ----------
    day : date
        UTC day of the first slice's start.
    platform : str
        ``S1A`` ...
    bursts : mapping of str to BurstSource
        By the burst's name in the frame; only those the date holds.
    orbit : StateVectors
        Chosen state vectors, which cover the pass.
    reference_range : float
        Range of the processor's bulk bistatic correction [m].
    baseline : float
        Perpendicular baseline from the reference date at the scene's centre [m], positive toward growing look angle.
    doppler : float
        Doppler centroid at the scene's centre [Hz].
    products : tuple of str
        Products it is read from.
    orbit_files : tuple of str
        Names of the files its orbit is read from; empty for the annotated one.
    """

    day: date
    platform: str
    bursts: Mapping[str, BurstSource]
    orbit: StateVectors
    reference_range: float
    baseline: float
    doppler: float
    products: tuple[str, ...]
    orbit_files: tuple[str, ...] = ()

    @property
    def seen_by(self) -> Pass:
        """Flight and timing."""
        return Pass(orbit=orbit_curve(self.orbit), reference_range=self.reference_range)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneStack:
    """A coregisterable stack of images.

    Attributes
    ----------
    frame : RadarFrame
        Common grid and bursts.
    stored : mapping of str to Window
        Part of each burst that is processed: its valid samples inside the area.
    dates : tuple of SceneDate
        In order of time.
    reference : int
        Index of the date whose grid the frame is.
    reference_reason : str
        Why that one.
    polarisation : Polarisation
        Of all samples.
    wavelength : float
        [m].
    dem : ElevationModel
        Heights above the ellipsoid, covering the frame.
    heights : tuple of float
        Lowest and highest ground, with a margin [m].
    looks : Looks
        Samples averaged for interferograms.
    looked : Shape
        Shape of the averaged images.
    grid : MapGrid
        Grid of the products, before any crop.
    effective_share : float
        Independent samples behind one sample: bandwidth over sampling rate, in azimuth times range.
    files : mapping of str to str
        Every input file and the digest of its content.
    track : int
        Relative orbit.
    pass_direction : str
        ``ascending`` or ``descending``.
    heading : float
        Direction of flight, clockwise from north [rad].
    centre_time : str
        UTC time of day of the frame's middle line.
    findings : tuple of Finding
        What a person should know.
    missing : tuple of (str, str)
        Products that were asked for and cannot be used, with the reason.
    left_out : tuple of (str, str)
        ISO dates that products hold and that are not processed, with the reason.
    """

    frame: RadarFrame
    stored: Mapping[str, Window]
    dates: tuple[SceneDate, ...]
    reference: int
    reference_reason: str
    polarisation: Polarisation
    wavelength: float
    dem: ElevationModel
    heights: tuple[float, float]
    looks: Looks
    looked: Shape
    grid: MapGrid
    effective_share: float
    files: Mapping[str, str]
    track: int
    pass_direction: str
    heading: float
    centre_time: str
    findings: tuple[Finding, ...]
    missing: tuple[tuple[str, str], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def days(self) -> tuple[date, ...]:
        """Dates in order."""
        return tuple(d.day for d in self.dates)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bursts that are processed."""
        return tuple(b.name for b in self.frame.bursts if b.name in self.stored)

    def place_of(self, name: str) -> int:
        """Return a burst's index in the frame."""
        return next(k for k, b in enumerate(self.frame.bursts) if b.name == name)

    def holders(self, name: str) -> tuple[int, ...]:
        """Return the indices of the dates that hold a burst."""
        return tuple(k for k, d in enumerate(self.dates) if name in d.bursts)


def product_paths(patterns: tuple[str, ...], *, folder: Path) -> tuple[Path, ...]:
    """Expand paths and patterns; a folder that is no product stands for the products in it."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern).expanduser()
        base = path if path.is_absolute() else folder / path
        hits = [base] if base.exists() else sorted(base.parent.parent.glob(f"{base.parent.name}/{base.name}"))
        if not base.exists() and not hits:
            hits = [base]
        for hit in hits:
            inside = _products_in(hit)
            found.update(dict.fromkeys(inside or [hit]))
    return tuple(found)


def _products_in(path: Path) -> list[Path]:
    """Return the products in a plain folder; nothing for a product itself."""
    if not path.is_dir() or (path / "manifest.safe").exists():
        return []
    return sorted(
        p
        for p in path.iterdir()
        if p.suffix.lower() == ".zip" or (p.is_dir() and p.suffix.upper() == ".SAFE")
    )
