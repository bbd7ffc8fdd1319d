"""Speckle where bursts and sub-swaths show the same ground, and between dates of different Doppler."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.simulate.scene.conftest import CENTRE
from validation._scene_measures import overlap_lines, read_bursts
from validation.scene import shared

from fringeworks.errors import OutOfRangeError
from fringeworks.simulate.scene.scenario import LandCover, Pass, SceneScenario
from fringeworks.simulate.scene.scene import simulate_scene

DOPPLER = 18.0
"""Of the second date against the first [Hz]: a quarter of the band of coarse lines."""


@pytest.fixture(scope="module")
def scenario():
    """Bare ground that never changes, without noise: all that differs between images is what they see of it."""
    return SceneScenario(
        title="speckle",
        centre=CENTRE,
        passes=(Pass(day=date(2023, 1, 8)), Pass(day=date(2023, 1, 20), doppler=DOPPLER)),
        swaths=("IW1", "IW2", "IW3"),
        samples=700,
        overlap=300,
        coarseness=4,
        arc_seconds=4.0,
        orbit_hours=0.1,
        deflated=False,
        noise=None,
        land=(LandCover(name="rock", share=1.0, sigma0=-3.0, initial=1.0, floor=1.0),),
    )


@pytest.fixture(scope="module")
def bursts(scenario, tmp_path_factory):
    written = simulate_scene(
        scenario, tmp_path_factory.mktemp("speckle") / "scene", rng=np.random.default_rng(4)
    )
    return {
        (k, name): read_bursts(products[0], name)
        for k, products in enumerate(written.products)
        for name in scenario.swaths
    }


def overlaps(bursts):
    """Return lines, columns and bursts that show the same ground twice, each of the first and the second look."""
    found = []
    for name in ("IW1", "IW2", "IW3"):
        upper, lower = bursts[0, name]
        top, below = overlap_lines(upper, lower)
        columns = np.arange(12, 688)
        found.append((name, (upper, top, columns), (lower, below, columns)))
    for near, far in (("IW1", "IW2"), ("IW2", "IW3")):
        for first in bursts[0, near]:
            for second in bursts[0, far]:
                step = first.burst.grid.azimuth_step
                gap = round((second.burst.grid.azimuth_start - first.burst.grid.azimuth_start) / step)
                count, other = first.samples.shape[0], second.samples.shape[0]
                lines = np.arange(max(7, gap + 7), min(count - 7, gap + other - 7))
                if lines.size > 10:
                    columns = np.arange(412, 688)
                    found.append(
                        (f"{near} {far}", (first, lines, columns), (second, lines - gap, columns - 400))
                    )
    return found


def test_looks_at_the_same_ground_lie_in_bands_apart(bursts):
    names = []
    for name, (one, lines, columns), (two, others, places) in overlaps(bursts):
        first = one.frequency(lines[:, None].astype(float), one.ranges[None, columns])
        second = two.frequency(others[:, None].astype(float), two.ranges[None, places])
        gap = np.abs(second - first)
        # the widest full band is 327 Hz; coarse bursts show a quarter of it, at the same frequencies
        assert gap.min() > 2.0 * 327.0
        if " " not in name:
            assert 3_900.0 < gap.min() < gap.max() < 4_800.0
        names.append(name)
    assert {"IW1", "IW2", "IW3", "IW1 IW2", "IW2 IW3"} == set(names)


def test_speckle_of_bands_apart_is_independent(bursts):
    for name, (one, lines, columns), (two, others, places) in overlaps(bursts):
        first, second = one.samples[np.ix_(lines, columns)], two.samples[np.ix_(others, places)]
        power = [np.abs(v) ** 2 for v in (first, second)]
        # the bands hold 0.58 of the sampling along each axis (Hamming windows included), all sub-swaths about alike
        n = 0.58**2 * first.size
        product = first * np.conj(second)
        whole = abs(product.sum()) / np.sqrt(power[0].sum() * power[1].sum())
        # by chance once in exp(16); line by line, for the beat of the two bands would hide a likeness in the whole
        assert whole < 4.0 / np.sqrt(n), name
        line = np.abs(product.sum(axis=1)) / np.sqrt(power[0].sum(axis=1) * power[1].sum(axis=1))
        expected = np.sqrt(np.pi / 4.0 / (0.58 * len(columns)))
        assert line.mean() == pytest.approx(expected, rel=5.0 * 0.52 / np.sqrt(0.58 * len(lines))), name
        # nor is the brightness of one a hint at the other's
        assert abs(np.corrcoef(power[0].ravel(), power[1].ravel())[0, 1]) < 4.0 / np.sqrt(n), name


def test_dates_share_the_speckle_of_their_common_band(bursts):
    for name in ("IW1", "IW2", "IW3"):
        one, two = bursts[0, name][0], bursts[1, name][0]
        inside = (slice(12, -12), slice(20, -20))
        first, second = one.samples[inside], two.samples[inside]
        moment = np.sum(first * np.conj(second))
        found = abs(moment) / np.sqrt(np.sum(np.abs(first) ** 2) * np.sum(np.abs(second) ** 2))
        band = one.burst.radar.azimuth_bandwidth
        # 60 thousand independent samples leave 0.003
        assert found == pytest.approx(shared(DOPPLER, band), abs=0.015), name


def test_dates_of_too_different_doppler_are_refused(scenario, tmp_path):
    far = replace(scenario, passes=(Pass(day=date(2023, 1, 8)), Pass(day=date(2023, 1, 20), doppler=-60.0)))
    with pytest.raises(OutOfRangeError, match="60 Hz"):
        simulate_scene(far, tmp_path / "scene", rng=np.random.default_rng(4))
    assert not (tmp_path / "scene").exists()
