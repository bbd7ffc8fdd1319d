"""A product, read piece by piece as it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from fringeworks.errors import MissingInputError
from fringeworks.io.safe.annotation import check_header, read_acquisition
from fringeworks.io.safe.antenna import AntennaPattern, read_antenna_patterns
from fringeworks.io.safe.archive import Archive, open_archive
from fringeworks.io.safe.bursts import BurstSamples, Invalid, SampleKind
from fringeworks.io.safe.calibration import read_calibration
from fringeworks.io.safe.geolocation import read_geolocation_grid
from fringeworks.io.safe.manifest import Manifest, read_manifest
from fringeworks.io.safe.measurement import Measurement, open_measurement
from fringeworks.io.safe.noise import read_noise
from fringeworks.io.safe.rfi import RfiReport, read_rfi
from fringeworks.io.safe.tree import Node, parse_xml
from fringeworks.model.acquisition import Acquisition, Burst, GeolocationGrid
from fringeworks.model.grids import Shape
from fringeworks.model.identity import Polarisation, Swath
from fringeworks.model.radiometric import CalibrationTable, NoiseTable
from fringeworks.model.tally import Finding

T = TypeVar("T")
_ROOTS = {"annotation": "product", "calibration": "calibration", "noise": "noise", "rfi": "rfi"}


class SafeProduct:
    """A Sentinel-1 SLC product in SAFE format; made by :func:`open_safe`.

    Only the manifest is read at first; everything else when it is asked for, and then once.  Any number of threads may
    use one product; it keeps no file open, and crosses process borders as its path.

    Parameters
    ----------
    archive : Archive
        The folder or zip.
    manifest : Manifest
        Its manifest.
    """

    def __init__(self, archive: Archive, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest
        self._lock = threading.RLock()
        self._cache: dict[tuple[str, Swath, Polarisation], Any] = {}

    def __reduce__(self) -> tuple[Callable[[Path], SafeProduct], tuple[Path]]:
        """Cross a process border as the path."""
        return open_safe, (self._archive.path,)

    def __repr__(self) -> str:
        """Return the product's name."""
        return f"SafeProduct({self.name})"

    @property
    def path(self) -> Path:
        """Folder or zip."""
        return self._archive.path

    @property
    def name(self) -> str:
        """Name without suffix."""
        return self.manifest.product

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the manifest's checks found; those of a sub-swath stand in its acquisition."""
        return self.manifest.findings

    @property
    def listed(self) -> tuple[tuple[Swath, Polarisation], ...]:
        """Sub-swaths and polarisations the manifest lists."""
        return tuple(sorted({(s, p) for kind, s, p in self.manifest.files if kind == "annotation"}))

    @property
    def available(self) -> tuple[tuple[Swath, Polarisation], ...]:
        """Sub-swaths and polarisations whose annotation is really there."""
        names = self._archive.names
        return tuple((s, p) for s, p in self.listed if self.manifest.files["annotation", s, p] in names)

    def holds(self, kind: str, swath: Swath, polarisation: Polarisation) -> bool:
        """Return whether a file is listed and there.

        Parameters
        ----------
        kind : {"annotation", "calibration", "noise", "rfi", "measurement"}
            Which file.
        swath, polarisation : Swath, Polarisation
            Of what.
        """
        name = self.manifest.files.get((kind, swath, polarisation))
        return name is not None and name in self._archive.names

    def acquisition(self, swath: Swath, polarisation: Polarisation) -> Acquisition:
        """Return the facts of one sub-swath and polarisation.

        Raises
        ------
        MissingInputError
            The product does not hold it.
        DamagedFileError, MetadataMismatchError, UnsafeInputError
            Its annotation cannot be used.
        """

        def read() -> Acquisition:
            root = self._parse("annotation", swath, polarisation)
            return read_acquisition(root, manifest=self.manifest, swath=swath, polarisation=polarisation)

        return self._once("acquisition", swath, polarisation, read)

    def bursts(
        self, *, swaths: Iterable[Swath] | None = None, polarisations: Iterable[Polarisation] | None = None
    ) -> tuple[Burst, ...]:
        """Return the bursts of what is there, by sub-swath and time.

        Parameters
        ----------
        swaths, polarisations : iterables, optional
            Limit to these; a pair that is asked for by both and is not there is an error.
        """
        wanted = self.available
        if swaths is not None and polarisations is not None:
            polarisations = tuple(polarisations)
            wanted = tuple((s, p) for s in swaths for p in polarisations)
        elif swaths is not None:
            kept = frozenset(swaths)
            wanted = tuple((s, p) for s, p in wanted if s in kept)
        elif polarisations is not None:
            kept_too = frozenset(polarisations)
            wanted = tuple((s, p) for s, p in wanted if p in kept_too)
        return tuple(burst for s, p in wanted for burst in self.acquisition(s, p).bursts)

    def samples(
        self, burst: Burst, *, kind: SampleKind = "complex64", invalid: Invalid = "keep"
    ) -> BurstSamples:
        """Return the samples of a burst as an array that reads when it is sliced.

        Parameters
        ----------
        burst : Burst
            One of this product's bursts.
        kind : {"complex64", "int16"}
            complex64, (line, sample); or int16, (line, sample, 2), as they stand in the file.
        invalid : {"keep", "nan"}
            What to do with samples outside the valid ones: give what the file holds (zeros), or NaN in both parts.

        Raises
        ------
        MissingInputError
            The measurement is not in the product.
        DamagedFileError, MetadataMismatchError, UnsafeInputError
            It cannot be used.
        """
        measurement = self.measurement(burst.swath, burst.polarisation)
        return BurstSamples(measurement, burst, kind=kind, invalid=invalid)

    def measurement(self, swath: Swath, polarisation: Polarisation) -> Measurement:
        """Return the whole raster of a sub-swath; errors as in :meth:`samples`."""

        def read() -> Measurement:
            bursts = self.acquisition(swath, polarisation).bursts
            name = self._name("measurement", swath, polarisation)
            if not bursts:
                raise MissingInputError(f"{self.name}: {swath} {polarisation} holds no burst")
            shape = Shape(sum(b.grid.shape.rows for b in bursts), bursts[0].grid.shape.cols)
            return open_measurement(self._archive, name, shape=shape)

        return self._once("measurement", swath, polarisation, read)

    def geolocation_grid(self, swath: Swath, polarisation: Polarisation) -> GeolocationGrid:
        """Return the tie points between radar and ground; errors as in :meth:`acquisition`."""
        root = self._parse("annotation", swath, polarisation)
        return read_geolocation_grid(root, epoch=self.manifest.key.start.whole_second)

    def antenna_patterns(self, swath: Swath, polarisation: Polarisation) -> tuple[AntennaPattern, ...]:
        """Return the antenna elevation patterns; errors as in :meth:`acquisition`."""
        return read_antenna_patterns(self._parse("annotation", swath, polarisation))

    def calibration(self, swath: Swath, polarisation: Polarisation) -> CalibrationTable:
        """Return the calibration table; errors as in :meth:`acquisition`."""
        return self._once(
            "calibration",
            swath,
            polarisation,
            lambda: read_calibration(self._parse("calibration", swath, polarisation)),
        )

    def noise(self, swath: Swath, polarisation: Polarisation) -> NoiseTable:
        """Return the noise table; errors as in :meth:`acquisition`."""
        return self._once(
            "noise", swath, polarisation, lambda: read_noise(self._parse("noise", swath, polarisation))
        )

    def rfi(self, swath: Swath, polarisation: Polarisation) -> RfiReport | None:
        """Return the interference report, or None where the processor wrote none (before 3.40)."""
        if ("rfi", swath, polarisation) not in self.manifest.files:
            return None
        return read_rfi(self._parse("rfi", swath, polarisation))

    def _name(self, kind: str, swath: Swath, polarisation: Polarisation) -> str:
        name = self.manifest.files.get((kind, swath, polarisation))
        if name is None:
            held = ", ".join(f"{s} {p}" for s, p in self.listed)
            raise MissingInputError(
                f"{self.name}: its manifest lists no {kind} of {swath} {polarisation}",
                expected=f"one of {held}",
                hint="ask for what the product holds, or fetch a product that holds it",
            )
        return name

    def _parse(self, kind: str, swath: Swath, polarisation: Polarisation) -> Node:
        name = self._name(kind, swath, polarisation)
        root = parse_xml(self._archive.read(name), file=f"{self.name}/{name}", root=_ROOTS[kind])
        check_header(root, manifest=self.manifest, swath=swath, polarisation=polarisation)
        return root

    def _once(self, kind: str, swath: Swath, polarisation: Polarisation, read: Callable[[], T]) -> T:
        key = (kind, swath, polarisation)
        with self._lock:
            if key not in self._cache:
                self._cache[key] = read()
            value: T = self._cache[key]
            return value


def open_safe(path: str | Path) -> SafeProduct:
    """Open a Sentinel-1 SLC product: a SAFE folder, its manifest, or a zip, of any processor version.

    Parameters
    ----------
    path : str or Path
        The product; also in the naming of the cloud-optimised archives, and as ASF's bursts packed as SAFE.

    Returns
    -------
    SafeProduct
        With its manifest read and checked, and nothing else.

    Raises
    ------
    MissingInputError
        There is nothing at the path, or no manifest in it.
    UnsupportedInputError
        It is not an SLC of IW, EW or strip map.
    DamagedFileError, MetadataMismatchError, UnsafeInputError
        The archive or its manifest cannot be used.
    """
    archive = open_archive(path)
    return SafeProduct(archive, read_manifest(archive))
