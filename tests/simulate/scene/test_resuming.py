"""Runs that stop and go on, several bursts at a time, and what readers of others make of the products."""

import zipfile
from datetime import date

import numpy as np
import pytest
import rasterio

from fringeworks.errors import OutOfRangeError
from fringeworks.io.safe.product import open_safe
from fringeworks.model.identity import Polarisation, Swath
from fringeworks.simulate.scene.render import Renderer
from fringeworks.simulate.scene.scenario import Pass, SceneScenario
from fringeworks.simulate.scene.scene import simulate_scene

SCENARIO = SceneScenario(
    title="small",
    centre=(15.0, 41.0),
    passes=(Pass(day=date(2023, 1, 8)), Pass(day=date(2023, 1, 20), platform="S1C", missing=(("IW2", 1),))),
    swaths=("IW1", "IW2"),
    samples=220,
    bursts=2,
    coarseness=4,
    arc_seconds=4.0,
    orbit_hours=0.1,
)


def write(folder, *, workers=1, scenario=SCENARIO):
    return simulate_scene(scenario, folder, rng=np.random.default_rng(4), workers=workers)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write(tmp_path_factory.mktemp("whole") / "scene")


def test_a_run_that_was_killed_goes_on_with_the_next_burst(whole, tmp_path, monkeypatch):
    honest, rendered = Renderer.burst, []

    def dying(self, *arguments, **named):
        if len(rendered) == 5:
            raise KeyboardInterrupt
        rendered.append(arguments[2].index)
        return honest(self, *arguments, **named)

    monkeypatch.setattr(Renderer, "burst", dying)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "scene")
    assert len(list((tmp_path / "scene" / "slc").glob("*.zip"))) == 1
    monkeypatch.setattr(Renderer, "burst", lambda *a, **k: rendered.append(a[3].index) or honest(*a, **k))
    resumed = write(tmp_path / "scene")
    # four bursts on the first date, three on the second: none twice
    assert len(rendered) == 7
    assert resumed.n_kept == 1
    assert not (tmp_path / "scene" / "unfinished").exists()
    assert_same(whole, resumed)


def assert_same(one, two):
    for first, second in zip(one.products, two.products, strict=True):
        assert [p.name for p in first] == [p.name for p in second]
        assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    for name in ("truth.json", "points.npz", "truth.npz"):
        assert (one.folder / "truth" / name).read_bytes() == (two.folder / "truth" / name).read_bytes()


def test_bursts_at_a_time_do_not_change_the_bytes(whole, tmp_path):
    assert_same(whole, write(tmp_path / "scene", workers=3))


def test_a_finished_scene_is_not_written_again(whole, monkeypatch):
    monkeypatch.setattr(Renderer, "burst", lambda *_, **__: pytest.fail("rendered again"))
    lines = []
    again = simulate_scene(SCENARIO, whole.folder, rng=np.random.default_rng(4), report=lines.append)
    assert (again.products, again.orbits, again.n_samples) == (whole.products, whole.orbits, whole.n_samples)
    assert again.n_kept == 2
    assert [line.split()[0] for line in lines] == ["kept", "kept"]


def test_platforms_mix_and_a_burst_is_missing(whole):
    products = [open_safe(of_date[0]) for of_date in whole.products]
    assert [p.name[:3] for p in products] == ["S1A", "S1C"]
    numbers = [
        [b.id.number for b in p.acquisition(Swath("IW2"), Polarisation("VV")).bursts] for p in products
    ]
    assert numbers[1] == numbers[0][:1]


def test_a_date_without_any_burst_is_refused(tmp_path):
    from dataclasses import replace

    gone = tuple((name, k) for name in ("IW1", "IW2") for k in (0, 1))
    nothing = replace(SCENARIO, passes=(Pass(day=date(2023, 1, 8), missing=gone),))
    with pytest.raises(OutOfRangeError, match="no burst is left"):
        write(tmp_path / "scene", scenario=nothing)


def _drivers():
    with rasterio.Env() as env:
        return env.drivers()


@pytest.mark.skipif("SAFE" not in _drivers(), reason="this GDAL has no SAFE driver")
@pytest.mark.parametrize("packed", [True, False], ids=["zip", "folder"])
def test_gdals_driver_reads_the_same_samples(whole, tmp_path, packed):
    product = whole.products[0][0]
    opened = open_safe(product)
    with zipfile.ZipFile(product) as archive:
        archive.extractall(tmp_path)
    folder = next(tmp_path.glob("*.SAFE"))
    place = f"/vsizip/{product}/{folder.name}" if packed else str(folder)
    with rasterio.open(place, driver="SAFE") as file:
        assert file.tags()["MISSION_ID"] == "S1A"
        assert file.tags()["MODE"] == "IW"
        names = [n for n in file.subdatasets if n.endswith(":COMPLEX") and ":IW2" in n]
    with rasterio.open(names[0]) as file:
        found = file.read(1)
        assert len(file.gcps[0]) == 63
    acquisition = opened.acquisition(Swath("IW2"), Polarisation("VV"))
    own = np.concatenate([opened.samples(burst)[:, :] for burst in acquisition.bursts])
    np.testing.assert_array_equal(found, own)
