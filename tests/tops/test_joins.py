import numpy as np
import pytest
from tests.tops.speckle import decaying, draw

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.tops.joins import estimate_joins
from fringeworks.tops.options import DiversityOptions, JoinOptions
from fringeworks.tops.overlaps import date_pairs, overlap_statistics

NETWORK = DiversityOptions(block_samples=128)


def boundaries(rng, phases, *, coherence=None, n_overlaps=2, shape=(64, 256)):
    """Range overlaps of images whose sub-swaths carry ``phases`` (date, swath)."""
    n_dates, n_swaths = phases.shape
    gamma = decaying(n_dates, first=0.7, floor=0.3) if coherence is None else coherence
    pairs = date_pairs(12.0 * np.arange(n_dates), reference=0, options=NETWORK)
    found = []
    for s in range(n_swaths - 1):
        pieces = []
        for k in range(n_overlaps):
            near, far = (
                draw(rng, gamma, shape) * np.exp(1j * phases[:, s + d])[:, None, None].astype(np.complex64)
                for d in (0, 1)
            )
            pieces.append(
                overlap_statistics(
                    near,
                    far,
                    separation=0.0,
                    pairs=pairs,
                    fraction=1.0,
                    options=NETWORK,
                    name=f"IW{s + 1}/{s + 2} {k}",
                )
            )
        found.append(pieces)
    return found


def estimate(found, *, n_dates, datum="mean", reference=0):
    names = [f"IW{k + 1}" for k in range(len(found) + 1)]
    options = JoinOptions(datum=datum)
    return estimate_joins(
        found, names=names, reference=reference, n_dates=n_dates, options=options, network=NETWORK
    )


def test_adding_the_phase_takes_the_step_out(rng):
    phases = np.array([[0, 0, 0], [0.3, -0.2, 0.1], [1.9, -1.0, 0.4]])
    found = estimate(boundaries(rng, phases), n_dates=3)
    # what is added, relative to the mean of each date
    np.testing.assert_allclose(
        found.phase, -(phases - phases.mean(axis=1, keepdims=True)), atol=5 * np.nanmax(found.sigma)
    )
    assert found.sigma[1:].max() < 0.02
    assert not found.phase[0].any()
    corrected = phases + found.phase
    again = estimate(boundaries(rng, corrected), n_dates=3)
    assert (np.abs(again.step[1:]) < 5 * again.step_sigma[1:]).all()
    assert found.tally.used == found.tally.considered == 2 * 2 * 2 * 3
    assert found.table.names == ("IW1/2 0", "IW1/2 1", "IW2/3 0", "IW2/3 1")


def test_datums_differ_by_a_constant_of_each_date(rng):
    phases = rng.uniform(-1, 1, (4, 3))
    phases[0] = 0.0
    found = boundaries(rng, phases)
    mean, first = (estimate(found, n_dates=4, datum=d) for d in ("mean", "first"))
    np.testing.assert_allclose(first.phase[:, 0], 0.0)
    np.testing.assert_allclose(mean.phase.mean(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.diff(mean.phase, axis=1), mean.step, atol=1e-12)
    np.testing.assert_allclose(np.diff(first.phase, axis=1), mean.step, atol=1e-12)
    assert (mean.sigma[1:] < first.sigma[1:].max()).all()


def test_sigmas_are_honest(rng):
    ratios = []
    for _ in range(120):
        phases = rng.uniform(-0.5, 0.5, (5, 3))
        phases[0] = 0.0
        found = estimate(boundaries(rng, phases, n_overlaps=1, shape=(32, 128)), n_dates=5, datum="first")
        ratios.append(
            ((found.phase + phases - phases[:, :1]) / np.where(found.sigma > 0, found.sigma, 1))[1:, 1:]
        )
    # 240 steps of four dates that share the reference date's noise: rms known to some 5 %
    assert 0.8 < np.sqrt(np.mean(np.square(ratios))) < 1.2


def test_a_boundary_without_data_leaves_a_step_unknown(rng):
    phases = np.array([[0, 0, 0], [0.3, -0.2, 0.1]])
    found = boundaries(rng, phases)
    result = estimate([found[0], []], n_dates=2, datum="first")
    assert result.step[1, 0] == pytest.approx(0.5, abs=0.1)
    assert result.phase[1, 2] == result.phase[1, 1]
    assert np.isfinite(result.sigma[1, :2]).all()
    assert np.isnan(result.sigma[1, 2])
    assert "IW2/IW3" in result.findings[0].text


def test_what_is_not_known_well_enough_is_left_alone(rng):
    gamma = np.array([[1, 0.06], [0.06, 1]])
    found = estimate(
        boundaries(rng, np.array([[0, 0], [1.0, 0.0]]), coherence=gamma, shape=(20, 128)), n_dates=2
    )
    assert found.step[1, 0] == 0.0
    assert np.isnan(found.step_sigma[1, 0])
    assert "date 1: phase step IW1/IW2" in found.findings[0].text


def test_one_sub_swath_has_no_steps():
    found = estimate([], n_dates=3)
    assert found.phase.tolist() == [[0.0]] * 3
    assert found.table.residual.shape == (0, 3)


def test_bad_arguments_are_refused(rng):
    found = boundaries(rng, np.zeros((2, 2)))
    options = JoinOptions()
    with pytest.raises(ShapeMismatchError, match="3 sub-swaths with 1 boundaries"):
        estimate_joins(found, names=["a", "b", "c"], reference=0, n_dates=2, options=options, network=NETWORK)
    with pytest.raises(ShapeMismatchError, match="another stack"):
        estimate(found, n_dates=3)
    with pytest.raises(OutOfRangeError, match="reference date 2"):
        estimate(found, n_dates=2, reference=2)
    with pytest.raises(OutOfRangeError, match="one of mean, first"):
        JoinOptions(datum="last")
