"""What is measured of networks: the measure itself, and one figure of each kind."""

from __future__ import annotations

import numpy as np
from validation.spacetime import TURN, invent, unwrap, wrong_share


def test_wrong_cycles_are_counted_and_the_reference_point_is_no_error():
    network = invent(n_points=200, n_dates=6, missing=0.1)
    found = network.truth.copy()
    found += np.random.default_rng(1).normal(0.0, 3.0, (6, 1)).astype(np.float32)
    assert wrong_share(network, found) == 0.0
    right = np.flatnonzero(np.isfinite(found[2]))[:10]
    found[2, right] += np.float32(TURN)
    assert np.isclose(wrong_share(network, found), 10 / np.isfinite(found).sum())


def test_a_quiet_network_is_unwrapped_nearly_without_error():
    figures, seconds = unwrap(invent(n_points=400, n_dates=12, noise=0.2, air=0.8), "flow")
    assert figures["wrong"] < 1e-3
    assert seconds >= 0.0
