"""The working store: Zarr arrays written block by block, each step with its record.

Layout of a store (``store_version`` 1)::

    work/store.json               version and identity of the run
    work/<step>/begun.json        digest and ingredients of the step being computed
    work/<step>/data.zarr/<name>  arrays, Zarr v3 with named dimensions (readable by xarray)
    work/<step>/blocks/<n>.json   one small file for each finished block: its tally and sums
    work/<step>/values/<name>.json  small results
    work/<step>/record.json       written last: the step is whole

Every JSON file appears by rename, so it is there whole or not at all.  A process killed at any moment
loses at most the block in hand.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import DTypeLike
from zarr.codecs import BloscCodec

from fringeworks.errors import DamagedFileError, DiskFullError, OutputFolderError, StoreVersionError
from fringeworks.model.arrays import ArraySink, ArraySource

STORE_VERSION = 1
_CHUNK = 128


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file so that it is there whole or not at all.

    Parameters
    ----------
    path : Path
        File to write; its folder must exist.
    value : any
        Plain values; mappings are written with sorted keys.

    Raises
    ------
    DiskFullError
        No space is left.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    with disk_full_is_named(path):
        try:
            with draft.open("w", encoding="utf-8") as stream:
                json.dump(value, stream, indent=1, sort_keys=True, allow_nan=True)
                stream.write("\n")
                stream.flush()
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    DamagedFileError
        The file does not parse.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DamagedFileError(
            f"{path} does not parse as JSON: {error}", hint="delete the file and run again"
        ) from error


@contextmanager
def disk_full_is_named(path: Path) -> Iterator[None]:
    """Turn 'no space left' of the operating system into our own error, which says where and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DiskFullError(
                f"no space left while writing {path}",
                hint="free space or choose another output.directory, then run again: finished blocks are kept",
            ) from error
        raise


class StepFolder:
    """The folder of one step: its arrays, finished blocks, small values and record.

    Parameters
    ----------
    folder : Path
        Folder of the step; made when the step begins.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """Name of the step."""
        return self.folder.name

    # ------------------------------------------------------------ life of a step

    def record(self) -> dict[str, Any] | None:
        """Return the record of a finished step, or None."""
        return self._json("record.json")

    def begun(self) -> dict[str, Any] | None:
        """Return the ingredients of the step last begun, or None."""
        return self._json("begun.json")

    def begin(self, ingredients: Mapping[str, Any]) -> bool:
        """Open the step for work; keep finished blocks only if they were made from the same ingredients.

        Returns
        -------
        bool
            True where finished blocks of an interrupted attempt are kept.
        """
        before = self.begun()
        if before is not None and before.get("digest") == ingredients["digest"] and self.record() is None:
            return True
        self.remove()
        with disk_full_is_named(self.folder):
            (self.folder / "blocks").mkdir(parents=True)
            (self.folder / "values").mkdir()
        write_json(self.folder / "begun.json", dict(ingredients))
        return False

    def finish(self, record: Mapping[str, Any]) -> None:
        """Write the record: from now on the step is whole."""
        write_json(self.folder / "record.json", dict(record))

    def remove(self) -> None:
        """Delete all of the step; the record goes first, so a half-deleted step is never taken for whole."""
        (self.folder / "record.json").unlink(missing_ok=True)
        (self.folder / "begun.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------ arrays

    def create(
        self,
        name: str,
        shape: tuple[int, ...],
        *,
        dtype: DTypeLike,
        dims: tuple[str, ...],
        fill: float = np.nan,
        block_rows: int = _CHUNK,
    ) -> zarr.Array[Any]:
        """Create an array, or open it where an interrupted attempt has made it.

        Parameters
        ----------
        name : str
            Name of the array.
        shape : tuple of int
            Length of each axis; the last two are (y, x).
        dtype : dtype
            Type of the values.
        dims : tuple of str
            Name of each axis.
        fill : float
            Value where nothing was written.
        block_rows : int
            Rows of the blocks that will be written: a chunk never spans two blocks, so a write that is cut
            short cannot harm a block finished before.
        """
        path = self.folder / "data.zarr" / name
        if (path / "zarr.json").exists():
            return zarr.open_array(str(path), mode="r+")
        kind = np.dtype(dtype)
        chunks = (*shape[:-2], min(_CHUNK, block_rows, shape[-2]), min(_CHUNK, shape[-1]))
        with disk_full_is_named(path):
            return zarr.create_array(
                store=str(path),
                shape=shape,
                chunks=tuple(max(c, 1) for c in chunks),
                dtype=kind,
                fill_value=fill if kind.kind in "fc" else int(fill) if np.isfinite(fill) else 0,
                compressors=BloscCodec(cname="lz4", clevel=1, shuffle="shuffle", typesize=kind.itemsize),
                dimension_names=dims,
            )

    def create_chunked(
        self,
        name: str,
        shape: tuple[int, ...],
        *,
        dtype: DTypeLike,
        chunks: tuple[int, ...],
        fill: float = np.nan,
    ) -> None:
        """Create an array with chunks of a given shape, uncompressed, or keep the one an interrupted attempt has made.

        Parameters
        ----------
        name : str
            Name of the array.
        shape, chunks : tuple of int
            Of the array and of its chunks; tasks that write side by side must not share a chunk.
        dtype : dtype
            Type of the values.
        fill : float
            Value where nothing was written.
        """
        path = self.folder / "data.zarr" / name
        if (path / "zarr.json").exists():
            return
        kind = np.dtype(dtype)
        with disk_full_is_named(path):
            zarr.create_array(
                store=str(path),
                shape=shape,
                chunks=tuple(max(c, 1) for c in chunks),
                dtype=kind,
                fill_value=fill if kind.kind in "fc" else int(fill) if np.isfinite(fill) else 0,
                compressors=None,
            )

    def array(self, name: str) -> ArraySource:
        """Open an array for reading.

        Raises
        ------
        DamagedFileError
            The array is not there although the step is said to be finished.
        """
        path = self.folder / "data.zarr" / name
        if not (path / "zarr.json").exists():
            raise DamagedFileError(
                f"array {name!r} of step {self.name!r} is not in {self.folder}",
                hint=f"run again with --from {self.name}",
            )
        opened: ArraySource = zarr.open_array(str(path), mode="r")
        return opened

    def sink(self, name: str) -> ArraySink:
        """Open an array made by :meth:`create` for writing."""
        opened: ArraySink = zarr.open_array(str(self.folder / "data.zarr" / name), mode="r+")
        return opened

    def has(self, name: str) -> bool:
        """Return whether an array is there."""
        return (self.folder / "data.zarr" / name / "zarr.json").exists()

    # ------------------------------------------------------------ blocks and values

    def block(self, index: int) -> dict[str, Any] | None:
        """Return what a finished block left, or None where it is not finished."""
        return self._json(f"blocks/{index:06d}.json")

    def finish_block(self, index: int, payload: Mapping[str, Any]) -> None:
        """Mark a block as finished; its arrays must have been written before."""
        write_json(self.folder / "blocks" / f"{index:06d}.json", dict(payload))

    def n_blocks_done(self) -> int:
        """Return the number of finished blocks."""
        return len(list((self.folder / "blocks").glob("*.json"))) if self.folder.is_dir() else 0

    def put(self, name: str, value: Any) -> None:
        """Keep a small result as JSON."""
        write_json(self.folder / "values" / f"{name}.json", value)

    def get(self, name: str) -> Any:
        """Return a small result.

        Raises
        ------
        DamagedFileError
            It is not there.
        """
        path = self.folder / "values" / f"{name}.json"
        if not path.is_file():
            raise DamagedFileError(f"{path} is not there", hint=f"run again with --from {self.name}")
        return read_json(path)

    def _json(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        if not path.is_file():
            return None
        value: dict[str, Any] = read_json(path)
        return value


class WorkingStore:
    """All steps of one run, under ``<output>/work``.

    Parameters
    ----------
    folder : Path
        The ``work`` folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def identity(self) -> dict[str, Any] | None:
        """Return what the store says it belongs to, or None for a new one.

        Raises
        ------
        StoreVersionError
            A newer version of Fringeworks wrote the store.
        """
        path = self.folder / "store.json"
        if not path.is_file():
            return None
        content: dict[str, Any] = read_json(path)
        if int(content.get("store_version", 0)) > STORE_VERSION:
            raise StoreVersionError(
                f"{path} has store_version {content['store_version']}",
                expected=f"at most {STORE_VERSION}",
                hint="use the newer Fringeworks that wrote it, or another output.directory",
            )
        identity: dict[str, Any] = content["identity"]
        return identity

    def claim(self, identity: Mapping[str, Any]) -> None:
        """Make the store ours, or refuse one that belongs to other inputs.

        Raises
        ------
        OutputFolderError
            The store was made from other inputs, or the folder holds foreign files.
        """
        known = self.identity()
        if known is None:
            parent = self.folder.parent
            foreign = (
                sorted(p.name for p in parent.iterdir() if not p.name.startswith("."))
                if parent.is_dir()
                else []
            )
            if foreign and foreign != ["work"]:
                raise OutputFolderError(
                    f"{parent} is not empty and is not a run of ours (it holds {', '.join(foreign[:4])})",
                    hint="choose an empty or new output.directory",
                )
            with disk_full_is_named(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
            write_json(
                self.folder / "store.json", {"store_version": STORE_VERSION, "identity": dict(identity)}
            )
            return
        differing = sorted(k for k in {*known, *identity} if known.get(k) != identity.get(k))
        if differing:
            key = differing[0]
            raise OutputFolderError(
                f"{self.folder.parent} holds a run of another configuration: {key} was {known.get(key)!r}",
                expected=f"{key} = {identity.get(key)!r}",
                hint="choose another output.directory, or delete this one",
            )

    def step(self, name: str) -> StepFolder:
        """Return the folder of a step."""
        return StepFolder(self.folder / name)
