from dataclasses import replace

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.acquisition import RangePolynomial, StateVectors


def states(**changes):
    facts = {
        "epoch": "2023-01-08T13:52:00",
        "time": np.arange(4.0) * 10,
        "position": np.arange(12.0).reshape(4, 3),
        "velocity": np.ones((4, 3)),
        "source": "precise",
    }
    return StateVectors(**{**facts, **changes})


def test_state_vectors_are_read_only_and_keep_the_input():
    time = np.arange(4.0) * 10
    record = states(time=time)
    with pytest.raises(ValueError, match="read-only"):
        record.time[0] = 5
    time[0] = -1  # the caller's own array stays writeable
    assert len(record) == 4


def test_first_last_and_another_epoch():
    record = states()
    moved = record.since("2023-01-08T13:51:00")
    assert (record.first.iso, record.last.iso) == ("2023-01-08T13:52:00", "2023-01-08T13:52:30")
    assert (moved.first, moved.last) == (record.first, record.last)
    np.testing.assert_array_equal(moved.time, record.time + 60)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"position": np.ones((3, 3))}, ShapeMismatchError, "expected: \\(n\\)"),
        ({"velocity": np.ones((4, 2))}, ShapeMismatchError, "velocity \\(4, 2\\)"),
        ({"epoch": "2023-01-08T13:52:00.5"}, OutOfRangeError, "a whole second"),
        ({"time": np.array([0.0, 10, 10, 20])}, OutOfRangeError, "not in order"),
        ({"time": np.array([0.0, 10, np.nan, 20])}, OutOfRangeError, "not finite"),
    ],
)
def test_state_vectors_that_cannot_be_are_refused(changes, error, match):
    with pytest.raises(error, match=match):
        states(**changes)


def test_a_range_polynomial_is_a_polynomial_in_range():
    polynomial = RangePolynomial(azimuth_time=1.0, range_origin=850e3, coefficients=(2.0, -3e-4, 5e-9))
    distance = np.array([[-1000.0, 0.0], [2000.0, 30_000.0]])
    expected = 2.0 - 3e-4 * distance + 5e-9 * distance**2
    np.testing.assert_allclose(polynomial.at(850e3 + distance), expected, rtol=1e-12)
    assert polynomial.at(np.array([])).size == 0


def test_the_nearest_polynomial_and_the_valid_samples_of_a_burst(made_burst):
    burst = made_burst
    assert burst.mid_time == pytest.approx(burst.grid.azimuth_start + 11.5 * burst.grid.azimuth_step)
    early = RangePolynomial(azimuth_time=burst.mid_time - 1, range_origin=0, coefficients=(1.0,))
    late = replace(early, azimuth_time=burst.mid_time + 0.9)
    assert burst.nearest((early, late)) is late
    valid = burst.valid_samples()
    slow = np.array(
        [
            [
                burst.first_valid[i] >= 0 and burst.first_valid[i] <= j <= burst.last_valid[i]
                for j in range(40)
            ]
            for i in range(24)
        ]
    )
    np.testing.assert_array_equal(valid, slow)
    assert valid[burst.valid.slices].all()


@pytest.fixture
def made_burst(tmp_path):
    from tests.io.safe.made_safe import Recipe, write_folder

    from fringeworks.io.safe import open_safe

    return open_safe(write_folder(tmp_path, Recipe())).bursts()[0]
