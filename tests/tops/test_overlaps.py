from dataclasses import replace

import numba
import numpy as np
import pytest
from tests.tops.speckle import decaying, draw, overlap

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.tops.options import DiversityOptions
from fringeworks.tops.overlaps import (
    OverlapStatistics,
    date_pairs,
    join_statistics,
    overlap_statistics,
)

OPTIONS = DiversityOptions(block_samples=128, window_lines=16, window_samples=32)


def all_pairs(n):
    return np.stack(np.triu_indices(n, 1), axis=1).astype(np.int64)


def statistics(upper, lower, separation=-4500.0, *, fraction=1.0, options=OPTIONS, **more):
    pairs = all_pairs(len(upper))
    return overlap_statistics(
        upper, lower, separation=separation, pairs=pairs, fraction=fraction, options=options, **more
    )


def plain_phasor(upper, lower, window_lines, window_samples):
    """Products of window interferograms, power evened out cell by cell: loops as in the text."""
    power = (np.abs(np.concatenate([upper, lower])) ** 2).mean(axis=0)
    weight = np.zeros_like(power)
    for top in range(0, power.shape[0], 8):
        for left in range(0, power.shape[1], 16):
            cell = power[top : top + 8, left : left + 16]
            level = np.exp(np.log(cell[cell > 0]).mean()) if (cell > 0).any() else 1.0
            weight[top : top + 8, left : left + 16] = np.where(
                cell > 0, 1 / np.maximum(level, cell / 2.0), 0.0
            )
    total, n_total = 0, 0
    for top in range(0, power.shape[0], window_lines):
        for left in range(0, power.shape[1], window_samples):
            inside = np.s_[:, top : top + window_lines, left : left + window_samples]
            both = []
            for image in (upper[inside], lower[inside]):
                pairs = np.einsum("ils,jls,ls->ij", image, image.conj(), weight[inside[1:]])
                power_of = np.sqrt(np.diag(pairs).real)
                both.append(pairs / np.outer(power_of, power_of))
            n = np.count_nonzero(weight[inside[1:]])
            total, n_total = total + n * both[1] * both[0].conj(), n_total + n
    i, j = np.triu_indices(len(upper), 1)
    return (total / n_total)[i, j]


def test_the_kernel_does_what_the_text_says(rng):
    upper, lower, _ = overlap(rng, decaying(4), rng.uniform(-4e-5, 4e-5, 4), shape=(32, 128))
    # float32 sums of 512 products
    expected = plain_phasor(upper.astype(complex), lower.astype(complex), 16, 32)
    np.testing.assert_allclose(statistics(upper, lower).phasor[0], expected, atol=2e-6)


def test_odd_sizes_leave_no_sample_out(rng):
    upper, lower, _ = overlap(rng, decaying(3), np.zeros(3), shape=(37, 301))
    found = statistics(upper, lower)
    # 301 samples: two blocks of 128 and 173, the rest being less than half a block
    assert found.sample.tolist() == [63.5, 214.0]
    # 37 lines in windows of 19 and 18, 173 samples in five of 35 or less
    np.testing.assert_allclose(
        found.phasor[1],
        plain_phasor(upper[..., 128:].astype(complex), lower[..., 128:].astype(complex), 19, 35),
        atol=2e-6,
    )


def test_phase_and_coherence_are_those_that_were_drawn(rng):
    gamma = decaying(5, first=0.7, floor=0.2)
    error = np.array([0.0, 2e-5, -3e-5, 1e-5, 4e-5])
    upper, lower, separation = overlap(rng, gamma, error, shape=(64, 2048))
    found = statistics(upper, lower, separation, options=DiversityOptions())
    i, j = found.pairs.T
    n = 64 * 2048
    phase = np.angle(found.phasor.mean(axis=0) * np.exp(2j * np.pi * 4500.0 * (error[j] - error[i])))
    sigma = np.sqrt((1 - gamma[i, j] ** 2) / gamma[i, j] ** 2 / n)
    assert (np.abs(phase) < 4 * sigma).all()
    np.testing.assert_allclose(np.abs(found.phasor).mean(axis=0), gamma[i, j] ** 2, atol=0.012)
    np.testing.assert_allclose(found.coherence.mean(axis=1), np.tile(gamma[i, j], (2, 1)), atol=0.02)
    # homogeneous speckle: nearly all looks are counted
    assert n * 0.93 < found.looks.sum() <= n
    assert found.window_looks.mean() == pytest.approx(32 * 64, rel=0.07)


def test_fringes_that_both_images_share_do_no_harm(rng):
    # four fringes over the block: the average over the whole block would be lost
    gamma = decaying(2, first=0.9, floor=0.9)
    upper, lower, _ = overlap(rng, gamma, [0.0, 2e-5], shape=(64, 256))
    ramp = np.exp(2j * np.pi * 4 * np.arange(256) / 256).astype(np.complex64)
    upper[1] *= ramp
    lower[1] *= ramp
    found = statistics(upper, lower, options=replace(OPTIONS, block_samples=256))
    assert np.angle(found.phasor[0, 0]) == pytest.approx(-2 * np.pi * 4500.0 * 2e-5, abs=0.03)
    # half a fringe across a window leaves sinc(1/2) of coherence in each image
    assert abs(found.phasor[0, 0]) == pytest.approx(0.81 * np.sinc(0.5) ** 2, abs=0.04)


def test_uneven_power_costs_looks_and_a_reflector_does_not_rule(rng):
    gamma = decaying(4)
    upper, lower, _ = overlap(rng, gamma, np.zeros(4), shape=(64, 128))
    even = statistics(upper, lower)
    reflector = 1000.0 * np.exp(2j * np.pi * 0.3 * np.arange(4))
    upper[:, 20, 40] += reflector
    bright = statistics(upper, lower)
    assert 0.9 * even.looks[0] < bright.looks[0] <= even.looks[0] * 1.01
    assert np.abs(bright.phasor - even.phasor).max() < 0.02
    within = rng.lognormal(0.0, 0.8, (64, 128)).astype(np.float32)
    uneven = statistics(upper * within, lower * within)
    assert 0.3 * even.looks[0] < uneven.looks[0] < 0.8 * even.looks[0]
    # power that varies over hundreds of metres is evened out and costs nothing
    slow = np.repeat(rng.lognormal(0.0, 1.0, 8), 16).astype(np.float32)
    assert statistics(upper * slow, lower * slow).looks[0] == pytest.approx(bright.looks[0], rel=1e-3)


def test_speckle_that_both_images_share_counts_for_more_looks(rng):
    # Shared speckle has the same noise in both interferograms: the double difference loses it.
    gamma = decaying(5)
    upper, own = draw(rng, gamma, (48, 512)), draw(rng, gamma, (48, 512))
    apart = statistics(upper, own)
    assert (apart.shared < 0.02).all()
    turn = np.exp(2j * np.pi * rng.random((48, 512)))
    lower = (np.sqrt(0.5) * (upper * turn + own)).astype(np.complex64)
    found = statistics(upper, lower)
    # toned-down samples make the share a little small: sigmas then are a little large
    np.testing.assert_allclose(found.shared, 0.45, atol=0.07)
    np.testing.assert_allclose(found.looks * (1 - found.shared), apart.looks, rtol=0.05)
    i, j = found.pairs.T
    np.testing.assert_allclose(np.abs(found.phasor).mean(axis=0), gamma[i, j] ** 2, atol=0.02)


def test_a_strip_of_few_lines_has_more_independent_samples(rng):
    # sqrt(0.36) along each axis: neighbours share 1/0.6 - 1; the first and last have one neighbour only
    upper, lower, _ = overlap(rng, decaying(2), np.zeros(2), shape=(2, 128))
    thin = statistics(upper, lower, fraction=0.36)
    expected = 256 / (1 + 0.667 / 2) / (1 + 0.667 * 127 / 128)
    assert thin.looks[0] * (1 - thin.shared[0]) == pytest.approx(expected, rel=0.1)
    upper, lower, _ = overlap(rng, decaying(2), np.zeros(2), shape=(400, 128))
    wide = statistics(upper, lower, fraction=0.36)
    assert wide.looks[0] * (1 - wide.shared[0]) == pytest.approx(400 * 128 * 0.36, rel=0.04)


@pytest.mark.parametrize("missing", [np.nan, 0.0, np.inf])
def test_a_date_without_data_is_absent_and_changes_nothing_else(rng, missing):
    upper, lower, _ = overlap(rng, decaying(4), np.zeros(4))
    lower[2] = missing
    found = statistics(upper, lower)
    others = [0, 1, 3]
    alone = statistics(upper[others], lower[others])
    assert not found.present[:, 2].any()
    assert found.present[:, others].all()
    with_it = (found.pairs == 2).any(axis=1)
    assert np.isnan(found.phasor[:, with_it]).all()
    np.testing.assert_array_equal(found.phasor[:, ~with_it], alone.phasor)


def test_pixels_that_one_date_lacks_are_left_out_for_all(rng):
    upper, lower, _ = overlap(rng, decaying(3), np.zeros(3), shape=(48, 128))
    cut = statistics(upper[:, 10:], lower[:, 10:])
    upper[1, :10] = np.nan
    found = statistics(upper, lower)
    assert found.present.all()
    assert found.looks[0] == pytest.approx(cut.looks[0], rel=0.02)


def test_a_block_without_two_dates_or_samples_is_left_out_and_counted(rng):
    upper, lower, _ = overlap(rng, decaying(3), np.zeros(3), shape=(48, 384))
    upper[1:, :, :128] = np.nan
    upper[:, :, 128:256] = np.nan
    upper[:, 0, 128:160] = 1.0
    found = statistics(upper, lower)
    assert found.tally.as_dict() == {
        "what": "blocks",
        "considered": 3,
        "used": 1,
        "rejected": {"no two dates to compare": 1, "too few samples": 1},
    }
    assert found.sample.tolist() == [319.5]


def test_the_separation_of_a_block_is_the_mean_over_its_samples(rng):
    upper, lower, separation = overlap(rng, decaying(2), np.zeros(2), shape=(48, 256), spread=0.05)
    found = statistics(upper, lower, separation)
    np.testing.assert_allclose(found.separation, [separation[:128].mean(), separation[128:].mean()])
    image = np.broadcast_to(separation, (48, 256))
    np.testing.assert_array_equal(statistics(upper, lower, image).separation, found.separation)


def test_pieces_are_the_whole_to_the_bit(rng):
    upper, lower, separation = overlap(rng, decaying(3), np.zeros(3), shape=(48, 512), spread=0.02)
    whole = statistics(upper, lower, separation, name="IW1 1/2", along=3.0)
    pieces = [
        statistics(
            upper[..., s], lower[..., s], separation[s], name="IW1 1/2", along=3.0, first_sample=s.start
        )
        for s in (slice(0, 256), slice(256, 512))
    ]
    joined = join_statistics(pieces).to_arrays()
    for name, value in whole.to_arrays().items():
        np.testing.assert_array_equal(joined[name], value, err_msg=name)


def test_results_do_not_depend_on_the_number_of_threads(rng):
    upper, lower, _ = overlap(rng, decaying(3), np.zeros(3), shape=(48, 1024))
    before, threads = [upper.copy(), lower.copy()], numba.get_num_threads()
    several = statistics(upper, lower)
    numba.set_num_threads(1)
    try:
        one = statistics(upper, lower)
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(one.phasor, several.phasor)
    np.testing.assert_array_equal(before, [upper, lower])


def test_a_record_survives_storage(rng, tmp_path):
    upper, lower, _ = overlap(rng, decaying(3), np.zeros(3))
    found = statistics(upper, lower, name="IW3 7/8", along=12.5)
    np.savez(tmp_path / "overlap.npz", **found.to_arrays())
    with np.load(tmp_path / "overlap.npz") as stored:
        back = OverlapStatistics.from_arrays(stored)
    assert (back.name, back.along, back.n_dates, back.tally) == ("IW3 7/8", 12.5, 3, found.tally)
    np.testing.assert_array_equal(back.phasor, found.phasor)


def test_pairs_reach_so_many_dates_or_days():
    days = [0.0, 12.0, 24.0, 120.0, 126.0]
    near = DiversityOptions(neighbours=1)
    assert date_pairs(days, reference=2, options=near).tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]
    wide = DiversityOptions(neighbours=1, neighbour_days=30.0)
    assert date_pairs(days, reference=2, options=wide).tolist() == [[0, 1], [0, 2], [1, 2], [2, 3], [3, 4]]
    star = DiversityOptions(diversity="pair")
    assert date_pairs(days, reference=2, options=star).tolist() == [[0, 2], [1, 2], [2, 3], [2, 4]]
    assert date_pairs(days, reference=2, options=DiversityOptions(diversity="off")).shape == (0, 2)


def test_bad_arguments_are_refused(rng):
    z = draw(rng, decaying(2), (40, 64))
    with pytest.raises(ShapeMismatchError, match="two equal shapes"):
        statistics(z, z[:, 1:])
    with pytest.raises(ShapeMismatchError, match="complex64"):
        statistics(z.astype(complex), z.astype(complex))
    with pytest.raises(ShapeMismatchError, match="dates, lines and samples"):
        statistics(z[:, :0], z[:, :0])
    with pytest.raises(ShapeMismatchError, match="separation"):
        statistics(z, z, np.zeros(7))
    with pytest.raises(OutOfRangeError, match="independent samples"):
        statistics(z, z, fraction=1.2)
    with pytest.raises(OutOfRangeError, match="pairs of 3 dates"):
        overlap_statistics(z, z, separation=-1.0, pairs=np.array([[0, 2]]), fraction=1.0, options=OPTIONS)
    with pytest.raises(OutOfRangeError, match="ascend"):
        date_pairs([0.0, 0.0], reference=0, options=OPTIONS)
    with pytest.raises(OutOfRangeError, match="reference date 5"):
        date_pairs([0.0, 1.0], reference=5, options=OPTIONS)
    with pytest.raises(OutOfRangeError, match="one of network, pair, off"):
        DiversityOptions(diversity="esd")
    with pytest.raises(ShapeMismatchError, match="no piece"):
        join_statistics([])
    with pytest.raises(ShapeMismatchError, match="different pairs"):
        join_statistics([statistics(z, z), statistics(np.repeat(z, 2, axis=0), np.repeat(z, 2, axis=0))])
