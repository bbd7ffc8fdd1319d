"""When a series is long enough to hold short pairs against long ones."""

from __future__ import annotations

import numpy as np
import pytest

from fringeworks.workflow.stages.linking import fading_text
from fringeworks.workflow.tasks.linking import has_long_pairs


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([0, 12], False),
        ([0, 12, 24], False),
        ([0, 24, 48], True),
        ([0, 12, 24, 36, 48], True),
        ([0, 400, 800], False),
    ],
)
def test_long_pairs_have_a_date_in_between(days, expected):
    assert has_long_pairs(np.array(days, float)) is expected


def test_what_is_said_of_fading():
    assert "no bias" in fading_text({"share": 0.004, "short_m_per_year": 0.1, "linked_m_per_year": 0.0})
    text = fading_text({"share": 0.31, "short_m_per_year": 0.0123, "linked_m_per_year": 0.002})
    assert "31 %" in text
    assert "12.3 mm/yr" in text
    assert "2.0 mm/yr" in text
