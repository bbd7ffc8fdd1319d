"""The validation of velocity sigmas runs and passes at a small size."""

from __future__ import annotations

import json

from validation.velocity_sigma import measure


def test_it_passes_and_is_one_json_object():
    found = measure(n_dates=40, n_pixels=1500)
    assert found["passed"], found
    assert json.loads(json.dumps(found)) == found
