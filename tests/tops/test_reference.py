"""The reference date: the middle of what is alike, and whole."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.tops.reference import choose_reference

DAYS = [date(2023, 1, 1) + timedelta(days=12 * k) for k in range(9)]


def choose(**changes):
    facts = {
        "baselines": np.zeros(9),
        "doppler": np.zeros(9),
        "n_bursts": np.full(9, 4),
    } | changes
    return choose_reference(DAYS, **facts)


def test_the_middle_of_the_time():
    assert choose().index == 4


def test_a_large_baseline_or_doppler_pushes_away():
    far = np.zeros(9)
    far[4] = 800.0
    assert choose(baselines=far).index in {3, 5}
    assert choose(doppler=far / 4).index in {3, 5}


def test_only_whole_dates_are_candidates():
    n = np.full(9, 4)
    n[[3, 4, 5]] = 3
    found = choose(n_bursts=n)
    assert found.index in {2, 6}
    assert "of 6 dates with 4 bursts" in found.reason


def test_a_whole_year_apart_is_alike():
    days = [date(2022, 1, 1), date(2022, 7, 1), date(2023, 1, 1)]
    found = choose_reference(days, baselines=np.zeros(3), doppler=np.zeros(3), n_bursts=np.ones(3, int))
    # the winter dates lose less to each other by season than the summer date to both
    loss = 1 - 365 / 1500
    assert found.score[0] == pytest.approx(
        loss + (1 - 181 / 1500) * (1 - 0.2 * np.sin(np.pi * 181 / 365.25) ** 2), abs=1e-4
    )


def test_the_user_decides():
    assert choose(wanted=DAYS[0]).index == 0
    with pytest.raises(OutOfRangeError, match="2024-01-01"):
        choose(wanted=date(2024, 1, 1))


def test_lengths_are_checked():
    with pytest.raises(ShapeMismatchError, match="one of each"):
        choose(baselines=np.zeros(3))
