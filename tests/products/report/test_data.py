import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError


def test_the_report_needs_velocity_and_displacement(full):
    with pytest.raises(OutOfRangeError, match="no layer displacement for the report"):
        type(full)(**{**fields(full), "layers": {"velocity": full.layers["velocity"]}})


def test_dates_pairs_and_residuals_have_to_fit(full):
    with pytest.raises(ShapeMismatchError, match=r"displacement of shape \(7, 30, 44\).*\(6, 30, 44\)"):
        type(full)(**{**fields(full), "dates": full.dates[:6]})
    with pytest.raises(ShapeMismatchError, match=r"10 summaries of pairs.*one for each of 11, in order"):
        type(full)(**{**fields(full), "pairs": full.pairs[:10]})
    with pytest.raises(ShapeMismatchError, match=r"residuals of dates.*\(7,\)"):
        type(full)(**{**fields(full), "date_residuals": np.zeros(3)})


def fields(data):
    return {name: getattr(data, name) for name in data.__dataclass_fields__}
