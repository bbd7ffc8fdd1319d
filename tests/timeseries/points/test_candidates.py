import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.model.grids import Window
from fringeworks.timeseries.points import (
    CandidateOptions,
    candidate_halo,
    find_candidates,
    gather_phase,
    sum_amplitudes,
)

OPTIONS = CandidateOptions(dispersion=0.25)


def response(offset, oversampling, n=256, hamming=0.75):
    """Peak of a band-limited system with a Hamming window of Sentinel-1, at offsets in samples; 1 at 0."""
    frequency = (np.arange(n) + 0.5) / n - 0.5
    window = hamming + (1 - hamming) * np.cos(2 * np.pi * frequency)
    return (np.cos(2 * np.pi * np.multiply.outer(offset, frequency) / oversampling) * window).sum(
        -1
    ) / window.sum()


def scene(rng, points, *, n_dates=30, shape=(120, 160), clutter=1.0):
    """Invent a stack: oversampled speckle, new at each date, and steady points of given amplitudes."""
    lines, samples = np.arange(shape[0]), np.arange(shape[1])
    stack = np.empty((n_dates, *shape), np.complex64)
    spectrum = [np.abs(np.fft.fftfreq(size)) * 2 < 1 / 1.4 for size in shape]
    for date in range(n_dates):
        noise = np.fft.fft2(rng.normal(size=shape) + 1j * rng.normal(size=shape))
        noise = np.fft.ifft2(noise * np.outer(*spectrum))
        stack[date] = clutter * noise / np.sqrt((np.abs(noise) ** 2).mean())
    for line, sample, amplitude, phase in points:
        shapes = response(lines - line, 1.5), response(samples - sample, 1.4)
        stack += (amplitude * np.outer(*shapes) * np.exp(1j * phase)).astype(np.complex64)
    return stack


def test_a_scatterer_is_one_candidate_at_its_place(rng):
    points = [(30.3, 40.4, 12.0, 0.3), (80.0, 100.0, 12.0, 1.0), (60.45, 20.2, 12.0, 2.0)]
    found = find_candidates(sum_amplitudes(scene(rng, points)), options=OPTIONS)
    assert len(found) == 3
    order = np.argsort([p[0] for p in points])
    # a tenth of a sample: 1.4 m along track, 0.2 m in range, far below the 15 m a point may be off
    assert found.line == pytest.approx(np.array(points)[order, 0], abs=0.1)
    assert found.sample == pytest.approx(np.array(points)[order, 1], abs=0.1)
    assert found.tally.considered == found.tally.used + sum(found.tally.rejected.values())


def test_sigma_of_the_phase_is_that_of_the_stack(rng):
    points = [(20 + 40 * i, 20 + 30 * j, 6.0, 0.0) for i in range(3) for j in range(5)]
    stack = scene(rng, points, n_dates=100)
    found = find_candidates(sum_amplitudes(stack), options=OPTIONS)
    assert len(found) == len(points)
    phase = np.angle(stack[:, found.row, found.col])
    # 15 points of 100 dates: 2 % of scatter; 5 % because the clutter's median is not its mean
    assert np.median(found.phase_std) == pytest.approx(np.median(phase.std(axis=0)), rel=0.07)
    assert np.median(found.signal_to_clutter) == pytest.approx(36.0, rel=0.15)


def test_side_lobes_of_a_strong_scatterer_are_no_candidates(rng):
    stack = scene(rng, [(60.0, 80.0, 250.0, 0.0)])
    sums = sum_amplitudes(stack)
    bare = CandidateOptions(side_lobe_reach=0.0, signal_to_clutter=0.0)
    assert len(find_candidates(sums, options=bare)) > 5
    found = find_candidates(sums, options=OPTIONS)
    assert len(found) == 1
    assert found.tally.rejected["side lobe of a stronger one"] > 5


def test_a_weaker_scatterer_off_the_arms_and_an_alike_one_on_them_stay(rng):
    points = [(60.0, 80.0, 40.0, 0.0), (60.0, 88.0, 30.0, 0.0), (69.0, 93.0, 8.0, 0.0)]
    found = find_candidates(sum_amplitudes(scene(rng, points)), options=OPTIONS)
    assert sorted(zip(found.row.tolist(), found.col.tolist(), strict=True)) == [(60, 80), (60, 88), (69, 93)]


def test_speckle_gives_hardly_any_candidate(rng):
    found = find_candidates(sum_amplitudes(scene(rng, [], n_dates=30)), options=OPTIONS)
    # a dispersion of 0.52 +- 0.07 below 0.25 is a matter of four sigmas; and the power is that of the ground around
    assert len(found) == 0
    assert found.tally.rejected["amplitude varies"] > 0.99 * found.tally.considered


def test_blocks_with_their_halo_are_the_whole(rng):
    points = [(rng.uniform(0, 120), rng.uniform(0, 160), a, 0.0) for a in rng.uniform(3, 60, 60)]
    sums = sum_amplitudes(scene(rng, points, n_dates=20))
    options = CandidateOptions(dispersion=0.4)
    whole = find_candidates(sums, options=options)
    assert len(whole) > 20
    halo = candidate_halo(options)
    parts = []
    for first in (0, 50, 100):
        last = min(first + 50, 120)
        top, bottom = max(first - halo.rows, 0), min(last + halo.rows, 120)
        block = type(sums)(*(getattr(sums, name)[top:bottom] for name in ("total", "squares", "count")))
        keep = Window(first - top, 0, last - first, 160)
        parts.append((find_candidates(block, options=options, keep=keep), top))
    assert np.array_equal(np.concatenate([p.row + top for p, top in parts]), whole.row)
    for name in ("col", "sample", "dispersion", "signal_to_clutter", "phase_std"):
        assert np.array_equal(np.concatenate([getattr(p, name) for p, _ in parts]), getattr(whole, name)), (
            name
        )
    assert np.concatenate([p.line + top for p, top in parts]) == pytest.approx(whole.line, abs=1e-9)
    tally = parts[0][0].tally + parts[1][0].tally + parts[2][0].tally
    assert tally == whole.tally


def test_water_and_missing_dates_are_counted():
    stack = np.zeros((5, 6, 7), np.complex64)
    stack[:2] = 1.0
    found = find_candidates(sum_amplitudes(stack), options=OPTIONS)
    assert len(found) == 0
    assert found.tally.rejected == {"too few dates": 42}
    empty = find_candidates(sum_amplitudes(np.zeros((5, 0, 7), np.complex64)), options=OPTIONS)
    assert empty.tally.considered == 0


def test_phase_is_relative_to_the_reference_date():
    stack = np.exp(1j * np.array([0.5, 1.5, 3.0]))[:, None, None] * np.ones((1, 2, 2))
    stack[2, 1, 1] = np.nan
    phase = gather_phase(stack.astype(np.complex64), np.array([0, 1]), np.array([1, 1]), reference=1)
    assert phase[:, 0] == pytest.approx([-1.0, 0.0, 1.5], abs=1e-6)
    assert np.isnan(phase[2, 1])


def test_wrong_arguments_are_named():
    sums = sum_amplitudes(np.ones((3, 4, 4), np.complex64))
    with pytest.raises(OutOfRangeError, match="to keep"):
        find_candidates(sums, options=OPTIONS, keep=Window(0, 0, 5, 4))
    with pytest.raises(OutOfRangeError, match="dispersion"):
        CandidateOptions(dispersion=2.0)
    with pytest.raises(ShapeMismatchError, match="date, line, sample"):
        gather_phase(np.ones((2, 2)), np.zeros(1, int), np.zeros(1, int))
    with pytest.raises(OutOfRangeError, match="reference date"):
        gather_phase(np.ones((2, 2, 2)), np.zeros(1, int), np.zeros(1, int), reference=2)
