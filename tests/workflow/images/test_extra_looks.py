"""Further sets of looks from the same pass: the same interferogram, averaged otherwise, on the same map."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio

from fringeworks.errors import ConfigurationError
from fringeworks.interferometry.looks import LookSums, look_down
from fringeworks.io.store import WorkingStore
from fringeworks.model.grids import Looks
from fringeworks.workflow.run import run


@pytest.fixture(scope="module")
def several(scene, finished, tmp_path_factory):
    """Give a run of one pair with two more sets of looks: the run's own in range halved, and doubled both ways."""
    looks = finished.plan.survey.scenes.looks
    extra = [[looks.azimuth, looks.range * 2], [looks.azimuth * 2, looks.range * 2]]
    first, second, _ = scene.products
    config = scene.config(
        tmp_path_factory.mktemp("looks") / "out",
        inputs={"slc": [str(first), str(second)]},
        method="pair",
        coregistration={"reference_date": "2023-01-20"},
        pairs={"extra_looks": extra},
    )
    return run(config), [Looks(*each) for each in extra]


def test_own_looks_are_what_they_are_without_others(scene, several, tmp_path):
    outcome, _ = several
    first, second, _ = scene.products
    alone = run(
        scene.config(
            tmp_path / "out",
            inputs={"slc": [str(first), str(second)]},
            method="pair",
            coregistration={"reference_date": "2023-01-20"},
        ),
        until="interferograms",
    )
    one, two = (WorkingStore(o.output / "work").step("interferograms") for o in (outcome, alone))
    for name in ("phasor", "coherence", "amplitude"):
        np.testing.assert_array_equal(np.asarray(one.array(name)[:]), np.asarray(two.array(name)[:]))


def test_coarser_cells_are_the_means_of_finer_ones(several):
    outcome, sizes = several
    step = WorkingStore(outcome.output / "work").step("interferograms")
    own = outcome.plan.survey.scenes.looks
    fine = np.asarray(step.array("phasor")[0])
    for looks in sizes:
        coarse = np.asarray(step.array(f"phasor_{looks.azimuth}x{looks.range}")[0])
        factor = Looks(looks.azimuth // own.azimuth, looks.range // own.range)
        zero = np.zeros(fine.shape, np.float32)
        sums = LookSums(
            looks=own, row=0, col=0, product=fine, reference_power=zero, secondary_power=zero, count=zero
        )
        means = look_down(sums, factor=factor).product / (factor.azimuth * factor.range)
        rows, cols = (min(a, b) for a, b in zip(means.shape, coarse.shape, strict=True))
        both = np.isfinite(means[:rows, :cols]) & np.isfinite(coarse[:rows, :cols])
        assert both.sum() > 500
        # sums in single precision, added in another order; cells at a border hold fewer samples and weigh less
        turned = np.abs(np.angle(means[:rows, :cols][both] * np.conj(coarse[:rows, :cols][both])))
        assert np.quantile(turned, 0.95) < 1e-4


def test_they_lie_on_the_same_map(several):
    outcome, sizes = several
    pair = "20230108_20230120"
    base = outcome.output / "products"
    with rasterio.open(base / "interferograms" / pair / "wrapped.tif") as file:
        own, place = file.read(1), file.transform
    for looks in sizes:
        folder = base / f"interferograms_{looks.azimuth}x{looks.range}" / pair
        assert sorted(p.name for p in folder.iterdir()) == ["amplitude.tif", "coherence.tif", "wrapped.tif"]
        with rasterio.open(folder / "wrapped.tif") as file:
            found = file.read(1)
            assert file.transform == place
            assert file.tags()["LOOKS"] == f"{looks.azimuth} azimuth, {looks.range} range"
        both = np.isfinite(own) & np.isfinite(found)
        assert both.sum() > 0.7 * np.isfinite(own).sum()
        # the mean of more cells differs by noise: no ramp between them, which a shift of half a cell would leave
        turn = np.exp(1j * (own[both] - found[both]))
        assert abs(np.angle(turn.mean())) < 0.05


def test_what_are_no_looks(scene, tmp_path):
    for wrong in ([[2]], [[2, 8], [2, 8]]):
        with pytest.raises(ConfigurationError, match=r"pairs\.extra_looks"):
            scene.config(tmp_path / "out", pairs={"extra_looks": wrong})
