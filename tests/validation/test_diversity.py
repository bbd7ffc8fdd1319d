"""The validation of azimuth shifts gives figures of the kind it promises."""

from __future__ import annotations

import numpy as np

from validation import diversity


def test_a_case_is_right_and_its_sigmas_plausible():
    case = next(c for c in diversity.CASES if c.name == "3_dates_1_overlap")
    found = diversity.shifts_case(np.random.default_rng(3), case, 8)
    # sixteen shifts, pairs of which share the noise of one date
    assert 0.5 < found["standardised_rms"] < 1.6
    assert found["largest_over_asked"] < 1.5
    assert found["unknown"] == 0


def test_the_bound_is_that_of_a_double_difference():
    case = diversity.Case("", 2, 1, 0.5, 0.5, 60, 0.0)
    bound = diversity.bound_lines(case, diversity.coherence_of(case), 0, 1.0)
    looks = diversity.SHAPE[0] * diversity.SHAPE[1]
    phase = np.sqrt((1 - 0.25) / 0.25 / looks)
    np.testing.assert_allclose(bound, [0.0, phase / (2 * np.pi * 4500.0 * diversity.LINE)])
