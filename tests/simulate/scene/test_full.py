"""A burst as wide as a real one: too long for the suite."""

import pytest

from validation import scene


@pytest.mark.soak
def test_a_full_burst_is_as_exact_as_a_narrow_one(tmp_path):
    found = scene.full(tmp_path)
    assert found["passed"], found
    assert found["reflectors"]["n"] >= 20
    # from edge to edge: 21 thousand samples
    assert found["reflectors"]["last_sample"] - found["reflectors"]["first_sample"] > 18_000
    # 0.2 GiB of samples and their transform
    assert found["peak_rss_mib"] < 3_000
