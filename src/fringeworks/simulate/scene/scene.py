"""A whole scene on disk: products, orbits, DEM, truth."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from fringeworks.errors import OutputFolderError
from fringeworks.simulate.scene.eof import orbit_file
from fringeworks.simulate.scene.ground import Ground, lay_ground
from fringeworks.simulate.scene.lattice import check_bands
from fringeworks.simulate.scene.layout import BurstPlace, lay_out
from fringeworks.simulate.scene.points import strew
from fringeworks.simulate.scene.product import Seen, write_product
from fringeworks.simulate.scene.render import Renderer
from fringeworks.simulate.scene.scenario import SceneScenario
from fringeworks.simulate.scene.truth import describe, write_layers, write_points
from fringeworks.simulate.streams import Streams

Report = Callable[[str], None]
"""Takes one line about a product that was finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenScene:
    """A scene on disk.

    Attributes
    ----------
    folder : Path
        Holds ``slc``, ``orbits``, ``dem.tif`` and ``truth``.
    products : tuple of tuple of Path
        Zips of each date, by slice.
    orbits : tuple of Path
        Orbit file of each date.
    dem : Path
        GeoTIFF, heights above the WGS84 ellipsoid.
    n_samples : int
        Complex samples in all rasters.
    n_kept : int
        Products that were there already and were kept.
    """

    folder: Path
    products: tuple[tuple[Path, ...], ...]
    orbits: tuple[Path, ...]
    dem: Path
    n_samples: int
    n_kept: int


def simulate_scene(
    scenario: SceneScenario,
    folder: Path,
    *,
    rng: np.random.Generator,
    workers: int = 1,
    report: Report | None = None,
) -> WrittenScene:
    """Write a scene and its truth.

    Bursts and products that the same scenario and seed have already written to the folder are kept: a run that was stopped
    goes on where it was, one that was finished is not done again.

    Parameters
    ----------
    scenario : SceneScenario
        What to invent.
    folder : Path
        New, or of an earlier run of the same scenario.
    rng : numpy.random.Generator
        Source of all randomness; the same state gives the same bytes.
    workers : int
        Bursts rendered at a time; the bytes do not depend on it, memory does (about 24 bytes a sample of a burst each).
    report : callable, optional
        Called with one line for each product.

    Raises
    ------
    OutputFolderError
        The folder holds another scene.
    OutOfRangeError
        The scenario cannot be.
    """
    layout = lay_out(scenario)
    check_bands(layout)
    streams = Streams.rooted(rng)
    digest = hashlib.sha256(f"{scenario!r} {streams.root}".encode()).hexdigest()
    _claim(folder, digest)
    done = _finished(folder, report)
    if done is not None:
        return done
    ground = lay_ground(layout, streams)
    points = strew(layout, ground, streams)
    renderer = Renderer(layout=layout, ground=ground, points=points, streams=streams)
    orbits = tuple(_write_orbit(folder, *orbit_file(layout, o)) for o in layout.overflights)
    dem = _write_dem(folder, ground)
    products: list[tuple[Path, ...]] = []
    seen: list[tuple[int, Seen]] = []
    n_samples, n_kept = 0, 0
    for k in range(len(layout.overflights)):
        of_date = []
        for part in range(scenario.slices):
            made = _product(renderer, k, part, folder, workers=workers)
            n_samples, n_kept = n_samples + made.n_samples, n_kept + made.kept
            of_date.append(made.path)
            seen.extend((k, s) for s in made.seen)
            if report is not None:
                report(f"{'kept' if made.kept else 'wrote'} {made.path.name}")
        products.append(tuple(of_date))
    truth = folder / "truth"
    write_layers(layout, ground, truth)
    write_points(layout, points, seen, truth)
    names = [[path.name for path in of_date] for of_date in products]
    text = describe(layout, ground, names, [path.name for path in orbits])
    (truth / "truth.json").write_text(text, encoding="utf-8")
    shutil.rmtree(folder / "unfinished", ignore_errors=True)
    written = WrittenScene(
        folder=folder,
        products=tuple(products),
        orbits=orbits,
        dem=dem,
        n_samples=n_samples,
        n_kept=n_kept,
    )
    _finish(written)
    return written


def _finish(written: WrittenScene) -> None:
    """Note that a scene is complete."""
    note = {
        "products": [[path.name for path in of_date] for of_date in written.products],
        "orbits": [path.name for path in written.orbits],
        "n_samples": written.n_samples,
    }
    (written.folder / "truth" / "finished.json").write_text(json.dumps(note) + "\n", encoding="utf-8")


def _finished(folder: Path, report: Report | None) -> WrittenScene | None:
    """Return the scene that an earlier run finished, None where anything of it is missing."""
    mark = folder / "truth" / "finished.json"
    if not mark.exists():
        return None
    note = json.loads(mark.read_text(encoding="utf-8"))
    products = tuple(tuple(folder / "slc" / name for name in of_date) for of_date in note["products"])
    orbits = tuple(folder / "orbits" / name for name in note["orbits"])
    truth = [folder / "truth" / name for name in ("truth.json", "truth.npz", "points.npz")]
    flat = [path for of_date in products for path in of_date]
    if not all(path.exists() for path in (*flat, *orbits, *truth, folder / "dem.tif")):
        return None
    if report is not None:
        for path in flat:
            report(f"kept {path.name}")
    return WrittenScene(
        folder=folder,
        products=products,
        orbits=orbits,
        dem=folder / "dem.tif",
        n_samples=note["n_samples"],
        n_kept=len(flat),
    )


def _claim(folder: Path, digest: str) -> None:
    """Make the folders, or check that they are of the same scene."""
    mark = folder / "truth" / "scenario.sha256"
    if mark.exists() and mark.read_text(encoding="ascii").strip() == digest:
        return
    if folder.exists() and any(folder.iterdir()):
        raise OutputFolderError(
            f"{folder} holds something else than this scene",
            expected="a new folder, or one of the same scenario and seed",
        )
    for name in ("slc", "orbits", "truth", "truth/seen"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    mark.write_text(digest + "\n", encoding="ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Product:
    path: Path
    seen: tuple[Seen, ...]
    n_samples: int
    kept: bool


def _product(
    renderer: Renderer, date_index: int, slice_index: int, folder: Path, *, workers: int
) -> _Product:
    """Write one product, or read what an earlier run noted of it."""
    note = folder / "truth" / "seen" / f"{date_index:03d}_{slice_index:02d}.json"
    places = note.with_suffix(".npy")
    if note.exists() and places.exists():
        noted = json.loads(note.read_text(encoding="utf-8"))
        path = folder / "slc" / noted["name"]
        if path.exists():
            seen = tuple(
                Seen(
                    swath=entry["swath"],
                    polarisation=entry["polarisation"],
                    burst=BurstPlace(**entry["burst"]),
                    slice_index=slice_index,
                    index_in_product=entry["index"],
                    place=place,
                )
                for entry, place in zip(noted["bursts"], np.load(places), strict=True)
            )
            return _Product(path=path, seen=seen, n_samples=noted["n_samples"], kept=True)
    work = folder / "unfinished" / f"{date_index:03d}_{slice_index:02d}"
    made = write_product(renderer, date_index, slice_index, folder / "slc", work=work, workers=workers)
    entries = [
        {
            "swath": s.swath,
            "polarisation": s.polarisation,
            "index": s.index_in_product,
            "burst": {
                "index": s.burst.index,
                "number": s.burst.number,
                "start": s.burst.start,
                "sensing": s.burst.sensing,
            },
        }
        for s in made.seen
    ]
    np.save(places, np.stack([s.place for s in made.seen]), allow_pickle=False)
    text = json.dumps({"name": made.path.name, "n_samples": made.n_samples, "bursts": entries})
    note.write_text(text, encoding="utf-8")
    return _Product(path=made.path, seen=made.seen, n_samples=made.n_samples, kept=False)


def _write_orbit(folder: Path, name: str, content: bytes) -> Path:
    path = folder / "orbits" / name
    path.write_bytes(content)
    return path


def _write_dem(folder: Path, ground: Ground) -> Path:
    path = folder / "dem.tif"
    grid = ground.grid
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": 1,
        "width": grid.shape.cols,
        "height": grid.shape.rows,
        "crs": grid.crs,
        "transform": Affine(*grid.transform),
        "compress": "deflate",
        "predictor": 3,
        "tiled": True,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(ground.height, 1)
        file.update_tags(VERTICAL_DATUM="ellipsoid", AREA_OR_POINT="Area")
        file.set_band_unit(1, "m")
    return path
