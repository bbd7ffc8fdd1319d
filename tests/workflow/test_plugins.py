"""What others add: a reader without coherence or geometry, a correction, a product family."""

from __future__ import annotations

import json
from datetime import date, datetime
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import rasterio

from fringeworks.corrections.protocol import Delay, LookGeometry
from fringeworks.errors import MissingInputError, UnknownNameError
from fringeworks.io.importers import ReaderOptions
from fringeworks.io.rasters import ProductFile, write_raster
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.model.layers import LAYERS
from fringeworks.model.stack import InterferogramStack, Pair, PairNetwork, StackFacts
from fringeworks.products.family import Family, FamilyInput
from fringeworks.workflow import plugins
from fringeworks.workflow.config import load as load_module
from fringeworks.workflow.run import run

WAVELENGTH = 0.0555
DAYS = tuple(date(2020, 1, 1 + 7 * k) for k in range(4)) + tuple(date(2020, 2, 1 + 7 * k) for k in range(4))


class Sinking:
    """A stack that sinks by 10 mm a year, more and more to the right; no coherence, no geometry."""

    format = "sinking"
    description = "for tests"

    def find(self, path: Path, /) -> bool:
        return False

    def read(self, path: Path, /, *, options: ReaderOptions) -> InterferogramStack:
        pairs = [
            Pair(DAYS[i], DAYS[j]) for i in range(len(DAYS)) for j in range(i + 1, min(i + 3, len(DAYS)))
        ]
        network = PairNetwork.of(pairs)
        away = 0.010 * network.incidence() @ network.years
        phase = 4 * np.pi / WAVELENGTH * away[:, None, None] * np.linspace(0, 1, 30)[None, None, :]
        return InterferogramStack(
            grid=MapGrid("EPSG:4326", 10.0, 45.0, 0.001, -0.001, Shape(20, 30)),
            network=network,
            wavelength=WAVELENGTH,
            phase=np.broadcast_to(phase, (len(pairs), 20, 30)).astype(np.float32),
            facts=StackFacts(source_format="sinking", sign_reason="made so"),
        )


class Weather:
    """A delay that grows with the day of the month, and has no data on one date."""

    name = "weather"
    needs = frozenset()

    def delay(self, when: datetime, look: LookGeometry, fields) -> Delay:
        if when.date() == DAYS[2]:
            raise MissingInputError("no map of that day")
        flat = np.full(look.shape, 0.001 * when.day, np.float32)
        return Delay(flat, np.zeros_like(flat))


class Millimetres:
    """Velocity in a file of its own."""

    name = "millimetres"

    def write(self, folder: Path, data: FamilyInput, /) -> list[ProductFile]:
        return [
            write_raster(
                folder / "velocity.tif", data.layers["velocity"], layer=LAYERS["velocity"], grid=data.grid
            )
        ]


@pytest.fixture
def installed(monkeypatch):
    """Install the three as another package would."""
    here = "tests.workflow.test_plugins"
    points = {
        "fringeworks.readers": [EntryPoint("sinking", f"{here}:Sinking", "fringeworks.readers")],
        "fringeworks.corrections": [EntryPoint("weather", f"{here}:Weather", "fringeworks.corrections")],
        "fringeworks.products": [EntryPoint("millimetres", f"{here}:Millimetres", "fringeworks.products")],
    }

    def offered(*, group: str):
        return points.get(group, [])

    from fringeworks.io.importers import registry

    for module in (plugins, load_module, registry):
        monkeypatch.setattr(module, "entry_points", offered)


def configuration(configured, tmp_path, **sections):
    stack = {"interferograms": {"format": "sinking", "path": str(tmp_path)}}
    return configured(tmp_path, inputs=stack, reference={"pixel": [10, 2]}, **sections)


def test_a_reader_without_coherence_or_geometry_runs_with_equal_weights(installed, configured, tmp_path):
    outcome = run(configuration(configured, tmp_path))
    with rasterio.open(outcome.output / "products/standard/velocity.tif") as file:
        velocity = file.read(1)
    # 10 mm a year more than the reference, away; relative to columns 0 to 4, whose mean is 2/29 of it
    assert velocity[5, 29] == pytest.approx(-0.010 * (1 - 2 / 29), abs=1e-6)
    manifest = json.loads((outcome.output / "manifest.json").read_text())
    findings = [f["text"] for step in manifest["steps"] for f in step["findings"]]
    assert any("no coherence" in text for text in findings)


def test_height_error_without_geometry_is_refused_in_the_plan(installed, configured, tmp_path):
    config = configuration(configured, tmp_path, series={"inversion": {"dem_error": True}})
    with pytest.raises(MissingInputError, match="needs slant range and incidence"):
        run(config)


def test_a_family_gets_a_folder_of_its_own(installed, configured, tmp_path):
    config = configuration(configured, tmp_path, products={"families": ["standard", "millimetres"]})
    outcome = run(config)
    own = outcome.output / "products/millimetres/velocity.tif"
    assert own.is_file()
    assert isinstance(Millimetres(), Family)


def test_a_correction_without_geometry_is_refused(installed, configured, tmp_path):
    config = configuration(configured, tmp_path, corrections={"names": ["weather"]})
    with pytest.raises(MissingInputError, match="no line-of-sight vectors"):
        run(config)


def test_a_correction_is_taken_out_and_what_it_lacks_is_said(installed, configured, exact_stack, tmp_path):
    plain = run(configured(exact_stack / "stack", reference={"pixel": [10, 10]}), until="publish")
    config = configured(
        exact_stack / "stack",
        reference={"pixel": [10, 10]},
        corrections={"names": ["weather"]},
        output={"directory": str(tmp_path / "corrected")},
    )
    outcome = run(config)
    # the same delay everywhere is taken out by the reference again
    for name in ("velocity", "displacement"):
        first, second = (
            rasterio.open(o.output / f"products/standard/{name}.tif").read() for o in (plain, outcome)
        )
        np.testing.assert_allclose(first, second, atol=1e-6)
    series = outcome.output / "work" / "correct"
    assert (series / "data.zarr" / "correction_weather").is_dir()
    manifest = json.loads((outcome.output / "manifest.json").read_text())
    assert manifest["corrections"]["used"] == ["weather"]


def test_names_nobody_offers(installed):
    with pytest.raises(UnknownNameError, match="did you mean 'weather'"):
        plugins.correction_named("wether")
    with pytest.raises(UnknownNameError, match="expected: one of millimetres"):
        plugins.family_named("inches")
