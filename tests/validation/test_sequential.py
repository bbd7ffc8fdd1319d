"""The validation of mini-stacks runs and passes at a small size."""

from __future__ import annotations

import json

from validation.sequential import measure


def test_it_passes_and_is_one_json_object():
    found = measure(n_dates=50, cells=6, long=150)
    assert json.loads(json.dumps(found)) == found
    assert found["passed"], found
    fading = found["fading_rad_per_year"]
    assert fading["network_of_three_next"] > 2.0
    assert abs(fading["mini_stacks"]["rate"]) < 0.1 * fading["network_of_three_next"]
    assert all(k["dates_lost"] == 0 for k in found["ground"].values())
