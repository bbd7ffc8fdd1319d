"""One SAFE product: all its files, in a zip."""

from __future__ import annotations

import binascii
import hashlib
import shutil
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError
from fringeworks.simulate.scene.annotation import annotation
from fringeworks.simulate.scene.facts import SwathFacts
from fringeworks.simulate.scene.layout import BurstPlace, Overflight, SwathPlace
from fringeworks.simulate.scene.manifest import Listed, manifest, mode_of
from fringeworks.simulate.scene.measurement import head
from fringeworks.simulate.scene.radiometric import calibration, interference, noise
from fringeworks.simulate.scene.render import RenderedBurst, Renderer
from fringeworks.simulate.scene.splat import Map

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Where the points of a scene lie in one burst: (point, 2) lines and samples, NaN-free, also outside."""

    swath: str
    polarisation: str
    burst: BurstPlace
    slice_index: int
    index_in_product: int
    place: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WrittenProduct:
    """A product that was written."""

    path: Path
    seen: tuple[Seen, ...]
    n_samples: int
    n_clipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Sums over the samples of a burst or raster, for the annotation."""

    total: complex = 0.0
    square: tuple[float, float] = (0.0, 0.0)
    count: int = 0
    clipped: int = 0

    @classmethod
    def of(cls, made: RenderedBurst) -> _Sums:
        samples = made.samples
        lit = (samples != 0).any(axis=-1)
        real, imaginary = samples[..., 0][lit].astype(float), samples[..., 1][lit].astype(float)
        return cls(
            total=complex(real.sum(), imaginary.sum()),
            square=(float(real @ real), float(imaginary @ imaginary)),
            count=int(lit.sum()),
            clipped=made.n_clipped,
        )

    def plus(self, other: _Sums) -> _Sums:
        return _Sums(
            total=self.total + other.total,
            square=(self.square[0] + other.square[0], self.square[1] + other.square[1]),
            count=self.count + other.count,
            clipped=self.clipped + other.clipped,
        )

    @property
    def mean(self) -> complex:
        return self.total / max(self.count, 1)

    @property
    def deviation(self) -> tuple[float, float]:
        n = max(self.count, 1)
        return (self.square[0] / n) ** 0.5, (self.square[1] / n) ** 0.5


def write_product(
    renderer: Renderer, date_index: int, slice_index: int, folder: Path, *, work: Path, workers: int = 1
) -> WrittenProduct:
    """Render and write one product as a zip in ESA's naming.

    Parameters
    ----------
    renderer : Renderer
        Of the scene.
    date_index, slice_index : int
        Which date and slice.
    folder : Path
        Gets the zip.
    work : Path
        Folder for what is not finished: bursts that an interrupted run left there are taken over; removed at the end.
    workers : int
        Bursts rendered at a time; the product does not depend on it.
    """
    layout = renderer.layout
    overflight = layout.overflights[date_index]
    work.mkdir(parents=True, exist_ok=True)
    world = renderer.world(date_index)
    facts, seen, clipped = [], [], 0
    kinds = [(p, swath) for p in sorted(layout.scenario.polarisations) for swath in layout.swaths]
    for number, (polarisation, swath) in enumerate(kinds, start=1):
        bursts = _bursts(renderer, overflight, swath, slice_index)
        if not bursts:
            continue
        made = replace(
            _facts(renderer, overflight, swath, bursts),
            polarisation=polarisation,
            slice_index=slice_index,
            image_number=number,
        )
        made, found, sums = _render(renderer, date_index, made, work, world=world, workers=workers)
        facts.append(made)
        seen.extend(found)
        clipped += sums.clipped
    if not facts:
        raise OutOfRangeError(
            f"no burst is left in slice {slice_index} of {overflight.flown.day}",
            expected="at least one burst in each product",
        )
    path = _pack(facts, work, folder, deflated=layout.scenario.deflated)
    shutil.rmtree(work)
    n_samples = sum(f.n_lines * f.swath.samples for f in facts)
    return WrittenProduct(path=path, seen=tuple(seen), n_samples=n_samples, n_clipped=clipped)


def _bursts(
    renderer: Renderer, overflight: Overflight, swath: SwathPlace, slice_index: int
) -> tuple[BurstPlace, ...]:
    per_slice = renderer.layout.scenario.bursts
    wanted = range(slice_index * per_slice, (slice_index + 1) * per_slice)
    missing = {index for name, index in overflight.flown.missing if name == swath.beam.name}
    return tuple(
        b for b in renderer.layout.bursts(overflight, swath) if b.index in wanted and b.index not in missing
    )


def _facts(
    renderer: Renderer, overflight: Overflight, swath: SwathPlace, bursts: tuple[BurstPlace, ...]
) -> SwathFacts:
    seed = f"{overflight.flown.platform} {overflight.absolute_orbit}".encode()
    return SwathFacts(
        layout=renderer.layout,
        overflight=overflight,
        ground=renderer.ground,
        swath=swath,
        polarisation="VV",
        slice_index=0,
        bursts=bursts,
        carriers=tuple(renderer.carrier(overflight, swath, burst) for burst in bursts),
        image_number=1,
        datatake=binascii.crc32(seed) % 0xF00000 + 0x10000,
        byte_offsets=(),
        mean=0.0,
        deviation=(0.0, 0.0),
    )


def stem_of(facts: SwathFacts) -> str:
    """Return the name of a sub-swath's files, without suffix."""
    start, stop = (_stamp(facts.utc(t)).lower() for t in (facts.start, facts.stop))
    parts = [
        facts.overflight.flown.platform.lower(),
        facts.swath.beam.name.lower(),
        "slc",
        facts.polarisation.lower(),
        start,
        stop,
        f"{facts.overflight.absolute_orbit:06d}",
        f"{facts.datatake:06x}",
        f"{facts.image_number:03d}",
    ]
    return "-".join(parts)


def _stamp(utc: str) -> str:
    return utc[:19].replace("-", "").replace(":", "")


def _render(
    renderer: Renderer, date_index: int, facts: SwathFacts, work: Path, *, world: Map, workers: int
) -> tuple[SwathFacts, list[Seen], _Sums]:
    """Render a sub-swath's bursts into its raster, those that are not there yet."""
    description = f"Sentinel-1 {mode_of(facts)} SLC L1"
    start, first = head(facts.n_lines, facts.swath.samples, description, facts.tie_points)
    path = work / f"{stem_of(facts)}.tiff"
    if not path.exists():
        path.write_bytes(start)
    size = facts.swath.beam.lines * facts.swath.samples * 4
    offsets = tuple(first + k * size for k in range(len(facts.bursts)))
    notes = [path.with_suffix(f".{k}.npz") for k in range(len(facts.bursts))]

    def render(k: int) -> None:
        made = renderer.burst(date_index, facts.swath, facts.bursts[k], facts.polarisation, world=world)
        with path.open("r+b") as file:
            file.seek(offsets[k])
            file.write(np.ascontiguousarray(made.samples, "<i2").tobytes())
        _note(notes[k], made)

    todo = [k for k, note in enumerate(notes) if not note.exists()]
    with ThreadPoolExecutor(max_workers=max(workers, 1)) as pool:
        list(pool.map(render, todo))
    sums, seen = _Sums(), []
    for k, note in enumerate(notes):
        own, place = _noted(note)
        sums = sums.plus(own)
        seen.append(
            Seen(
                swath=facts.swath.beam.name,
                polarisation=facts.polarisation,
                burst=facts.bursts[k],
                slice_index=facts.slice_index,
                index_in_product=k,
                place=place,
            )
        )
    return (
        replace(facts, byte_offsets=offsets, mean=sums.mean, deviation=sums.deviation),
        seen,
        sums,
    )


def _note(path: Path, made: RenderedBurst) -> None:
    """Note that a burst is in its raster, with what the annotation and the truth need of it."""
    sums = _Sums.of(made)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            total=sums.total,
            square=sums.square,
            counts=[sums.count, sums.clipped],
            points=made.points,
        )
    unfinished.replace(path)


def _noted(path: Path) -> tuple[_Sums, NDArray[np.float64]]:
    with np.load(path) as note:
        count, clipped = (int(n) for n in note["counts"])
        square = (float(note["square"][0]), float(note["square"][1]))
        return _Sums(total=complex(note["total"]), square=square, count=count, clipped=clipped), note[
            "points"
        ]


def _pack(facts: Sequence[SwathFacts], work: Path, folder: Path, *, deflated: bool) -> Path:
    """Write annotation and manifest beside the rasters and zip it all; the same content gives the same bytes."""
    files, contents = [], {}
    for made in facts:
        stem = stem_of(made)
        for kind, path, content in [
            ("annotation", f"annotation/{stem}.xml", annotation(made)),
            ("noise", f"annotation/calibration/noise-{stem}.xml", noise(made)),
            ("rfi", f"annotation/rfi/rfi-{stem}.xml", interference(made)),
            ("calibration", f"annotation/calibration/calibration-{stem}.xml", calibration(made)),
        ]:
            digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
            files.append(Listed(kind=kind, stem=stem, path=path, size=len(content), digest=digest))
            contents[path] = content
        raster = work / f"{stem}.tiff"
        with raster.open("rb") as source:
            digest = hashlib.file_digest(source, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        files.append(
            Listed(
                kind="measurement",
                stem=stem,
                path=f"measurement/{stem}.tiff",
                size=raster.stat().st_size,
                digest=digest,
            )
        )
    text = manifest(facts, files)
    name = _product_name(facts, binascii.crc_hqx(text, 0xFFFF))
    unfinished = work / "product.zip"
    with zipfile.ZipFile(unfinished, "w") as archive:
        _add(archive, f"{name}.SAFE/manifest.safe", text, deflated=deflated)
        for file in files:
            origin = work / f"{file.stem}.tiff" if file.kind == "measurement" else contents[file.path]
            _add(archive, f"{name}.SAFE/{file.path}", origin, deflated=deflated)
    return unfinished.rename(folder / f"{name}.zip")


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path, *, deflated: bool) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    # an entry that is given ready-made does not take the level of its archive
    info._compresslevel = 1  # type: ignore[attr-defined]  # noqa: SLF001
    info.external_attr = 0o644 << 16
    if isinstance(content, bytes):
        archive.writestr(info, content)
        return
    info.file_size = content.stat().st_size
    with content.open("rb") as source, archive.open(info, "w") as target:
        while piece := source.read(2**22):
            target.write(piece)


def _product_name(facts: Sequence[SwathFacts], unique: int) -> str:
    first = facts[0]
    start, stop = min(f.start for f in facts), max(f.stop for f in facts)
    code = "1SDV" if len({f.polarisation for f in facts}) == 2 else "1SSV"
    return "_".join(
        [
            first.overflight.flown.platform,
            f"{first.swath.beam.name if first.swath.beam.is_stripmap else 'IW'}_SLC_",
            code,
            _stamp(first.utc(start)),
            _stamp(first.utc(stop)),
            f"{first.overflight.absolute_orbit:06d}",
            f"{first.datatake:06X}",
            f"{unique:04X}",
        ]
    )
