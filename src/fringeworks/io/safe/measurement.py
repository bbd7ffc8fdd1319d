"""Windows of a measurement raster, from any thread, with nothing kept open."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from typing import Final, Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as RasterWindow

from fringeworks.errors import (
    DamagedFileError,
    MetadataMismatchError,
    UnsafeInputError,
    UnsupportedInputError,
)
from fringeworks.io.safe.archive import Archive
from fringeworks.io.safe.members import Member, PlainMember
from fringeworks.io.safe.tiff import TiffFacts, read_tiff_facts
from fringeworks.model.grids import Shape, Window

CHUNK_BYTES: Final = 32 * 2**20
"""Largest piece that is read and converted at once; bounds the memory beyond the result."""


_OPENING: Final = threading.Lock()
"""Filters of warnings belong to the process: one thread at a time may change them."""


class Measurement(Protocol):
    """A raster of complex samples."""

    @property
    def shape(self) -> Shape:
        """Lines and samples."""
        ...

    def integers(self, window: Window) -> NDArray[np.int16]:
        """Return a window as int16, (line, sample, 2): real and imaginary part."""
        ...

    def complexes(self, window: Window) -> NDArray[np.complex64]:
        """Return a window as complex64, (line, sample)."""
        ...


class StripMeasurement:
    """A plain TIFF: uncompressed strips of complex integers, read at their offsets.

    Parameters
    ----------
    member : Member
        The file.
    facts : TiffFacts
        Its directory.
    """

    __slots__ = ("_facts", "_member", "shape")

    def __init__(self, member: Member, facts: TiffFacts) -> None:
        self._member = member
        self._facts = facts
        self.shape = Shape(facts.lines, facts.samples)

    @property
    def is_direct(self) -> bool:
        """Whether a line can be read without unpacking what lies before it."""
        return isinstance(self._member, PlainMember)

    def integers(self, window: Window) -> NDArray[np.int16]:
        """Return a window as int16, (line, sample, 2)."""
        out = np.empty((window.rows, window.cols, 2), np.int16)
        for row, piece in self._pieces(window):
            out[row : row + len(piece)] = piece
        return out

    def complexes(self, window: Window) -> NDArray[np.complex64]:
        """Return a window as complex64, (line, sample)."""
        out = np.empty((window.rows, window.cols), np.complex64)
        parts = out.view(np.float32).reshape(window.rows, window.cols, 2)
        for row, piece in self._pieces(window):
            parts[row : row + len(piece)] = piece
        return out

    def _pieces(self, window: Window) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """Iterate (first row in the window, rows of samples)."""
        if window.rows == 0 or window.cols == 0:
            return
        samples, height = self._facts.samples, self._facts.rows_per_strip
        stop_row = window.row + window.rows
        strip, last = window.row // height, (stop_row - 1) // height
        while strip <= last:
            end = self._run_end(strip, last)
            low, high = max(strip * height, window.row), min(end * height, stop_row)
            data = self._strips(strip, end)
            rows = np.frombuffer(data, f"{self._facts.byte_order}i2").reshape(-1, samples, 2)
            cut = rows[low - strip * height : high - strip * height]
            yield low - window.row, cut[:, window.col : window.col + window.cols]
            strip = end

    def _run_end(self, strip: int, last: int) -> int:
        """Return the end of the run of strips that lie one after the other, and are read at once."""
        offsets, counts = self._facts.offsets, self._facts.counts
        end, size = strip + 1, int(counts[strip])
        while end <= last and size < CHUNK_BYTES and counts[strip]:
            if offsets[end] != offsets[end - 1] + counts[end - 1]:
                break
            size += int(counts[end])
            end += 1
        return end

    def _strips(self, strip: int, end: int) -> bytes | bytearray:
        start = int(self._facts.offsets[strip])
        length = int(self._facts.counts[strip:end].sum())
        if length == 0:
            rows = min(self._facts.rows_per_strip, self._facts.lines - strip * self._facts.rows_per_strip)
            return bytes(rows * self._facts.samples * 4)
        return self._member.read(start, length)


class OtherMeasurement:
    """A raster in any other layout (tiled, compressed, floating point), read by GDAL; opened for each window.

    Parameters
    ----------
    location : str
        Path as GDAL spells it, into a zip too.
    shape : Shape
        Lines and samples.
    name : str
        Path in the product, for messages.
    """

    __slots__ = ("_location", "_name", "shape")

    def __init__(self, location: str, *, shape: Shape, name: str) -> None:
        self._location = location
        self._name = name
        self.shape = shape

    def integers(self, window: Window) -> NDArray[np.int16]:
        """Return a window as int16, (line, sample, 2); refuse samples that are no integers."""
        values = self.complexes(window)
        parts = values.view(np.float32).reshape(window.rows, window.cols, 2)
        whole = np.rint(parts)
        if (whole != parts).any() or (np.abs(parts) > 32_767).any():
            raise UnsupportedInputError(
                f"{self._name} holds samples that are no 16-bit integers",
                expected="integers",
                hint="ask for complex64",
            )
        return whole.astype(np.int16)

    def complexes(self, window: Window) -> NDArray[np.complex64]:
        """Return a window as complex64, (line, sample)."""
        if window.rows == 0 or window.cols == 0:
            return np.empty((window.rows, window.cols), np.complex64)
        try:
            with _open(self._location) as dataset:
                if (dataset.height, dataset.width) != tuple(self.shape) or dataset.count != 1:
                    raise DamagedFileError(f"{self._name} changed while it was read")
                cut = RasterWindow(window.col, window.row, window.cols, window.rows)
                values = dataset.read(1, window=cut)
        except rasterio.errors.RasterioError as error:
            raise DamagedFileError(
                f"{self._name}: {error}"[:300], expected="a sound GeoTIFF", hint="fetch the product again"
            ) from error
        return np.ascontiguousarray(values, np.complex64)


def _open(location: str) -> rasterio.DatasetReader:
    """Open a raster; radar geometry has no map coordinates, so a warning about their absence says nothing."""
    with _OPENING, warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        return rasterio.open(location)


def open_measurement(archive: Archive, name: str, *, shape: Shape) -> Measurement:
    """Open a measurement raster and check its size.

    Parameters
    ----------
    archive : Archive
        The product.
    name : str
        The raster's path in it.
    shape : Shape
        Lines and samples by the annotation.

    Raises
    ------
    MissingInputError
        The raster is not in the product.
    MetadataMismatchError
        It is of another size than the annotation says.
    DamagedFileError
        It is truncated, or no TIFF.
    UnsafeInputError
        It is far larger than its samples can be.
    """
    member = archive.member(name)
    limit = 16 * shape.size + 64 * 2**20
    if member.size > limit:
        raise UnsafeInputError(
            f"{name} unpacks to {member.size} bytes", expected=f"at most {limit} for {shape.size} samples"
        )
    facts = read_tiff_facts(member)
    found = Shape(facts.lines, facts.samples)
    if found != shape:
        raise MetadataMismatchError(
            f"{name} holds {found.rows} lines of {found.cols} samples",
            expected=f"{shape.rows} lines of {shape.cols} samples, as the annotation says",
            hint="fetch the product again",
        )
    if facts.is_plain:
        return StripMeasurement(member, facts)
    return OtherMeasurement(archive.gdal_location(name), shape=shape, name=name)
