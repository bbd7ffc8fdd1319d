"""The indicator of biased short pairs."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, TooFewDataError
from fringeworks.interferometry.bias import find_ladders, indicate_bias
from fringeworks.interferometry.network import connect_nearest, connect_within

DATES = tuple(date(2021, 1, 3) + timedelta(days=12 * k) for k in range(30))
YEAR = 365.25


def biased(rng, bias, *, n_next=3, noise=0.2, shape=(20, 24)):
    """Phases of a common history; pairs of 12 days have ``bias`` rad too much, of 24 half, of 36 none."""
    network = connect_nearest(DATES, n_next=n_next)
    ends = network.endpoints()
    history = np.cumsum(rng.normal(0, 0.5, (30, *shape)), axis=0)
    more = {1: 1.0, 2: 0.5}
    phase = np.stack([history[j] - history[i] + bias * more.get(j - i, 0.0) for i, j in ends])
    return network, (phase + noise * rng.standard_normal(phase.shape)).astype(np.float32)


def test_the_closure_is_the_bias_of_the_short_pairs_over_the_long_one(rng):
    bias = np.where(np.arange(24) < 12, 0.25, 0.0)[None, :]
    network, phase = biased(rng, bias)
    found = indicate_bias(phase, network=network, length=3)
    # three times 0.25 rad; 27 closures of noise 0.2 rad sqrt(4), but neighbours share pairs: 0.15 rad
    assert float(found.closure[:, :12].mean()) == pytest.approx(0.75, abs=0.03)
    assert float(found.closure[:, 12:].mean()) == pytest.approx(0.0, abs=0.03)
    assert float(found.rate[:, :12].mean()) == pytest.approx(0.75 / (36 / YEAR), rel=0.05)
    assert np.all(found.n_closures == 27)
    # three sigmas of 27 random angles are 1.05 rad: 0.75 rad is hardly beyond them, twice as much is
    assert found.susceptible.mean() < 0.05
    network, phase = biased(rng, 2 * bias)
    found = indicate_bias(phase, network=network, length=3)
    assert found.susceptible[:, :12].mean() > 0.95
    assert not found.susceptible[:, 12:].any()
    assert found.strength.min() > 0.8
    assert found.tally.used == 480


def test_noise_alone_is_hardly_ever_susceptible(rng):
    network = connect_nearest(DATES, n_next=2)
    phase = rng.uniform(-np.pi, np.pi, (len(network.pairs), 60, 60)).astype(np.float32)
    assert indicate_bias(phase, network=network, length=2).susceptible.mean() < 0.01


def test_wrapping_and_gaps_change_nothing_else(rng):
    network, phase = biased(rng, 0.4)
    wrapped = np.angle(np.exp(1j * phase)).astype(np.float32)
    found, again = (indicate_bias(p, network=network, length=2) for p in (phase, wrapped))
    np.testing.assert_allclose(found.closure, again.closure, atol=1e-4)
    gaps = phase.copy()
    gaps[:, 3, 4] = np.nan
    gaps[0, 5, 6] = np.nan
    found = indicate_bias(gaps, network=network, length=2)
    assert np.isnan(found.closure[3, 4])
    assert not found.susceptible[3, 4]
    assert found.n_closures[5, 6] == 27
    assert found.n_closures[0, 0] == 28
    assert found.tally.rejected == {"no complete closure": 1}


def test_constants_of_the_pairs_are_taken_out(rng):
    network, phase = biased(rng, 0.2)
    constants = rng.normal(0, 5, len(network.pairs))
    moved = (phase + constants[:, None, None]).astype(np.float32)
    a = indicate_bias(phase, network=network)
    b = indicate_bias(moved, network=network, constants=constants)
    np.testing.assert_allclose(a.closure, b.closure, atol=1e-4)


def test_ladders():
    network = connect_nearest(DATES[:5], n_next=2)
    names = [str(pair) for pair in network.pairs]
    ladders = find_ladders(network, length=2)
    assert len(ladders) == 3
    assert [names[k] for k in ladders[0]] == ["20210103_20210115", "20210115_20210127", "20210103_20210127"]
    assert find_ladders(network, length=3).shape == (0, 4)


def test_bad_input_is_named(rng):
    network = connect_within(DATES[:6], maximum_days=12)
    phase = np.zeros((5, 2, 2), np.float32)
    with pytest.raises(TooFewDataError, match="no closure over 2 consecutive pairs"):
        indicate_bias(phase, network=network, length=2)
    with pytest.raises(OutOfRangeError, match="closures over 1 pairs"):
        indicate_bias(phase, network=network, length=1)
    with pytest.raises(ShapeMismatchError, match="5 pairs"):
        indicate_bias(phase[:4], network=network)
