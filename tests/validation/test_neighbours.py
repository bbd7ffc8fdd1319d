"""The validation of similar samples runs and passes at a small size."""

from __future__ import annotations

import json

from validation.neighbours import measure


def test_it_passes_and_is_one_json_object():
    found = measure(size=60, dates=(5, 12))
    assert json.loads(json.dumps(found)) == found
    assert found["passed"], found
    # what counting every date as independent does to a town
    assert found["turned_away"]["high_12_dates"]["glrt"]["naive"] > 0.3
