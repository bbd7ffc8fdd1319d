from dataclasses import replace

import numpy as np
import pytest

from fringeworks.model.stack import PairNetwork
from fringeworks.products.report.curves import line_of, signed, standardised_error
from fringeworks.products.report.figures import representatives, rounded_up, summarise
from fringeworks.products.report.networks import baseline_of_dates
from fringeworks.products.report.sampling import sample
from fringeworks.products.report.words import number, plural, triplet_rows


def test_summary_counts_and_percentiles(full):
    found = summarise(full, sample(full, longest=100))
    velocity = full.layers["velocity"]
    use = np.isfinite(velocity) & (full.layers["recommended_mask"] == 1)
    assert (found.n_found, found.n_used, found.n_excluded, found.n_down_weighted) == (11, 10, 1, 1)
    assert found.n_recommended == use.sum()
    assert found.velocity_median == pytest.approx(np.median(velocity[use]) * 1000, rel=1e-6)
    assert found.years == pytest.approx(72 / 365.25)


def test_representatives_are_pixels_of_the_product(full):
    points = {p.label: p for p in representatives(full, sample(full, longest=100))}
    assert list(points) == ["strongest motion away", "strongest motion toward", "reference", "typical pixel"]
    for point in points.values():
        at = (point.row, point.col)
        assert point.velocity == pytest.approx(float(full.layers["velocity"][at]), nan_ok=True)
        np.testing.assert_array_equal(point.series, full.layers["displacement"][(slice(None), *at)])
        assert point.longitude == pytest.approx(-99.2 + 0.001 * (point.col + 0.5))
    assert (points["reference"].row, points["reference"].col) == (2, 30)
    # the field falls from west to east by 100 mm/yr with 2 mm/yr of noise
    assert points["strongest motion away"].col > 38
    assert points["strongest motion toward"].col < 6


def test_one_wild_pixel_does_not_speak_for_the_map(full):
    velocity = full.layers["velocity"].copy()
    velocity[20, 20] = -5.0
    full.layers["recommended_mask"][20, 20] = 1
    wild = replace(full, layers={**full.layers, "velocity": velocity})
    point = representatives(wild, sample(wild, longest=100))[0]
    assert (point.row, point.col) != (20, 20)


def test_line_runs_through_the_mean_with_the_published_slope(full):
    point = representatives(full, sample(full, longest=100))[0]
    years = np.array([(d - full.dates[0]).days for d in full.dates]) / 365.25
    line = line_of(point, years)
    # the series is exactly linear: float32 of 0.02 m rounds to 1e-9
    np.testing.assert_allclose(line, point.series, atol=5e-9)


def test_baselines_of_dates_come_back_from_those_of_pairs(full, rng):
    truth = np.concatenate([[0], rng.normal(scale=80, size=6)])
    ends = full.network.endpoints()
    network = PairNetwork(full.network.dates, full.network.pairs, truth[ends[:, 1]] - truth[ends[:, 0]])
    np.testing.assert_allclose(baseline_of_dates(replace(full, network=network)), truth, atol=1e-9)
    broken = network.perpendicular_baseline.copy()
    broken[(ends == 3).any(axis=1)] = np.nan
    lost = PairNetwork(network.dates, network.pairs, broken)
    assert baseline_of_dates(replace(full, network=lost)) is None


def test_standardised_error_is_error_over_sigma(full):
    found = standardised_error(sample(full, longest=100))
    use = np.isfinite(full.layers["velocity"]) & (full.layers["recommended_mask"] == 1)
    # velocities near 0.1 in float32 hold a difference of 0.001 to 1e-8
    np.testing.assert_allclose(found, -0.001 / full.layers["velocity_std"][use], rtol=2e-5)


@pytest.mark.parametrize(
    ("value", "limit"), [(0.0, 1.0), (0.9, 1.0), (1.0, 1.0), (1.2, 1.5), (43, 50), (81, 100), (0.021, 0.03)]
)
def test_limits_of_colours_are_round(value, limit):
    assert rounded_up(value) == pytest.approx(limit)


def test_numbers_in_words():
    assert signed(-3.04) == "−3.0"
    assert signed(3.04) == "+3.0"
    assert signed(-0.04) == "0.0"
    assert number(-0.04) == "0.0"
    assert number(float("nan")) == "–"
    assert plural(1, "date") == "1 date"
    assert plural(1200, "date") == "1\u202f200 dates"


def test_the_worst_triplets_come_first(full):
    rows, rest = triplet_rows(full)
    assert rows[0]["cycles"] == "20.0%"
    assert rest == ""
    many = replace(full, triplets=full.triplets * 4)
    rows, rest = triplet_rows(many)
    assert len(rows) == 15
    assert rest == "5 triplets that close better are not listed."


def test_a_few_odd_pixels_do_not_make_a_triplet_the_worst(full):
    first, second = full.triplets[:2]
    noisy = replace(first, cycle_fraction=0.0, std=1.2)
    quiet = replace(second, cycle_fraction=0.0004, std=0.2)
    rows, _ = triplet_rows(replace(full, triplets=(quiet, noisy)))
    assert [row["std"] for row in rows] == ["1.20", "0.20"]
