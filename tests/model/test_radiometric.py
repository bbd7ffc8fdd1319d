import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.radiometric import CalibrationTable


def table(**changes):
    facts = {name: np.full((2, 3), 237.0) for name in ("sigma0", "beta0", "gamma0", "dn")}
    facts |= {"line": np.array([0.0, 10]), "sample": np.array([0.0, 40, 80])}
    return CalibrationTable(**{**facts, **changes})


def test_a_sound_table_is_kept():
    assert table().beta0.shape == (2, 3)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"sigma0": np.ones((3, 2))}, ShapeMismatchError, r"sigma0 \(3, 2\); expected: \(2, 3\)"),
        ({"dn": np.zeros((2, 3))}, OutOfRangeError, "dn of 0.0"),
        ({"gamma0": np.full((2, 3), np.nan)}, OutOfRangeError, "gamma0 of nan"),
        ({"line": np.array([10.0, 0])}, OutOfRangeError, "lines that do not increase"),
        ({"sample": np.array([0.0, 0, 80])}, OutOfRangeError, "samples that do not increase"),
    ],
)
def test_a_table_that_cannot_be_is_refused(changes, error, match):
    with pytest.raises(error, match=match):
        table(**changes)
