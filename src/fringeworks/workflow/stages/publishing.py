"""Stage `publish`: layers become Cloud-Optimised GeoTIFFs with unit, sign and meaning."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from fringeworks.io.rasters import ProductFile, write_raster
from fringeworks.io.warp import WarpedSource, warped_grid
from fringeworks.model.arrays import ArraySource
from fringeworks.model.grids import MapGrid
from fringeworks.model.layers import layer_of
from fringeworks.model.tally import Tally
from fringeworks.products.family import FamilyInput
from fringeworks.products.publish import Converted, band_names_of
from fringeworks.products.standard import STANDARD_FOLDER, publish_interferogram, publish_standard
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.extra_looks import ingredients, publish_extra
from fringeworks.workflow.pair_layers import interferogram_layers
from fringeworks.workflow.plugins import family_named
from fringeworks.workflow.records import reference_of, series_network
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext

_FROM_IMPORT = ("height", "incidence", "los_enu", "coherence_mean")
_FROM_PAIRS = ("closure_rms", "closure_bias", "closure_coherence", "n_unwrapping_errors")
_FROM_INVERT = (
    "displacement_std",
    "misclosure_rms",
    "n_interferograms",
    "n_dates",
    "n_subsets",
    "bias_rate",
    "bias_susceptible",
)
_HEIGHT_ERROR = ("dem_error", "dem_error_std")


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    products = config.products
    return {
        "families": list(products.families),
        "spacing_m": products.spacing_m,
        "crs": products.crs,
        "interferograms": products.interferograms,
        **ingredients(config),
    }


def _cost(scale: Scale) -> Cost:
    layers = 2 * scale.n_dates + 20
    return Cost(
        disk_bytes=4.0 * layers * scale.shape.size * 1.4, seconds=3 + layers * scale.shape.size / 12e6
    )


def layer_sources(context: StageContext) -> dict[str, ArraySource]:
    """Gather every layer of the standard family from the steps that made them."""
    fitted = context.upstream("fit")
    sources: dict[str, ArraySource] = {name: fitted.array(name) for name in fitted.get("fit")["layers"]}
    for step, names in (("import", _FROM_IMPORT), ("pairs", _FROM_PAIRS), ("invert", _FROM_INVERT)):
        folder = context.upstream(step)
        sources |= {name: folder.array(name) for name in names if folder.has(name)}
    if context.config.series.inversion.dem_error:
        folder = context.upstream("invert")
        sources |= {name: folder.array(name) for name in _HEIGHT_ERROR}
        sources["dem_error"] = _relative(context, folder.array("dem_error"))
    return sources


def _relative(context: StageContext, source: ArraySource) -> ArraySource:
    """Take the reference area's mean away, as from the displacement: only differences of height errors are known."""
    reference = reference_of(context.upstream("reference").get("reference"))
    rows = slice(max(reference.row - reference.radius, 0), reference.row + reference.radius + 1)
    cols = slice(max(reference.col - reference.radius, 0), reference.col + reference.radius + 1)
    area = np.asarray(source[rows, cols], np.float64)
    mean = np.float32(area[np.isfinite(area)].mean()) if np.isfinite(area).any() else np.float32(0)
    return Converted(source, lambda values: values - mean, np.dtype(np.float32))


def _work(context: StageContext) -> tuple[Tally, ...]:
    dates = list(series_network(context)[0].dates)
    sources = layer_sources(context)
    tags, layer_tags = _tags(context)
    wanted = context.config.products
    # images were brought onto the wanted grid to begin with
    warps = context.survey.scenes is None and (wanted.spacing_m is not None or wanted.crs != "auto")
    native = context.step.folder / "native" if warps else context.output
    shutil.rmtree(context.output / STANDARD_FOLDER, ignore_errors=True)
    shutil.rmtree(context.output / "products" / "interferograms", ignore_errors=True)
    context.progress(0, 2)
    files = publish_standard(
        native, layers=sources, grid=context.grid, dates=dates, tags=tags, layer_tags=layer_tags
    )
    context.progress(1, 2)
    context.check_cancel()
    if warps:
        grid = warped_grid(context.grid, crs=wanted.crs, spacing_m=wanted.spacing_m)
        files = [_warped(context.output / STANDARD_FOLDER, f, grid, dates, tags, layer_tags) for f in files]
        shutil.rmtree(native)
    files += _interferograms(context, tags) if wanted.interferograms else []
    if context.survey.scenes is not None:
        files += publish_extra(context, {name: tags[name] for name in ("CONFIG_HASH", "DATA_NOTICE")})
    files += _families(context, sources)
    context.written.extend(f.path for f in files)
    context.step.put(
        "products",
        {
            str(f.path.relative_to(context.output)): {
                "sha256": f.sha256,
                "size": f.size,
                "unit": f.unit,
                "dtype": f.dtype,
                "fill": repr(f.fill),
                "bands": list(f.band_names),
                "name": f.name,
            }
            for f in files
        },
    )
    context.progress(2, 2)
    return (Tally("files", len(files), len(files)),)


def _families(context: StageContext, sources: Mapping[str, ArraySource]) -> list[ProductFile]:
    """Write the product families that others have added, each into a folder of its own."""
    files: list[ProductFile] = []
    network, _ = series_network(context)
    stack = context.survey.stack
    for name in context.config.products.families:
        if name == "standard":
            continue
        folder = context.output / "products" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        data = FamilyInput(
            layers=sources,
            grid=context.grid,
            dates=network.dates,
            network=network,
            wavelength=stack.wavelength,
            facts=stack.facts,
            reference=reference_of(context.upstream("reference").get("reference")),
            config_hash=context.config_hash,
        )
        files += family_named(name).write(folder, data)
    return files


def _notice(title: str) -> str:
    invented = title.lower().startswith("simulated")
    return "Simulated: invented data" if invented else "Contains modified Copernicus Sentinel data"


def _tags(context: StageContext) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    reference = context.upstream("reference").get("reference")
    facts = context.upstream("import").get("stack")["facts"]
    tags = {
        "CONFIG_HASH": context.config_hash,
        "REFERENCE_AREA": f"x {reference['x']:.6f}, y {reference['y']:.6f}, {reference['n_pixels']} pixels",
        "REFERENCE_DATE": reference["when"],
        "WAVELENGTH_M": repr(facts["wavelength_m"]),
        "DATA_NOTICE": _notice(context.survey.stack.facts.title),
    }
    datum = (
        context.config.inputs.dem_datum
        or context.survey.stack.facts.height_datum
        or "unknown: the stack does not say what its heights are measured from"
    )
    return tags, {"height": {"VERTICAL_DATUM": datum}}


def _warped(
    folder: Path,
    file: ProductFile,
    grid: MapGrid,
    dates: list[date],
    tags: Mapping[str, str],
    layer_tags: Mapping[str, Mapping[str, str]],
) -> ProductFile:
    layer = layer_of(file.name)
    source = WarpedSource(
        path=file.path,
        grid=grid,
        nearest=np.dtype(layer.dtype).kind != "f" or layer.unit == "year",
        n_bands=len(file.band_names),
        dtype=np.dtype(layer.dtype),
        fill=layer.fill,
    )
    return write_raster(
        folder / file.path.name,
        source,
        layer=layer,
        grid=grid,
        band_names=band_names_of(file.name, dates),
        tags={**tags, **layer_tags.get(file.name, {})},
    )


def _interferograms(context: StageContext, tags: Mapping[str, str]) -> list[ProductFile]:
    folder = context.upstream("import")
    phase, coherence = folder.array("phase"), folder.array("coherence") if folder.has("coherence") else None
    files = []
    pairs = context.survey.network.pairs
    for k, pair in enumerate(pairs):
        context.check_cancel()
        context.progress(k, len(pairs))
        layers: dict[str, ArraySource] = {"unwrapped": phase[k]}
        if coherence is not None:
            layers["coherence"] = coherence[k]
        if context.survey.scenes is not None:
            layers = interferogram_layers(context, k)
        files += publish_interferogram(
            context.output,
            pair=pair,
            layers=layers,
            grid=context.grid,
            wavelength=context.survey.stack.wavelength,
            tags={"CONFIG_HASH": tags["CONFIG_HASH"], "DATA_NOTICE": tags["DATA_NOTICE"]},
        )
    return files


STAGE = Stage(
    name="publish",
    version=2,
    after=("import", "pairs", "invert", "reference", "fit"),
    meaning="write the products as Cloud-Optimised GeoTIFFs",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
