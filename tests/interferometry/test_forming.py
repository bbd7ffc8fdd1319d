"""Forming interferograms: product, geometric phase, looks."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fringeworks.errors import OutOfRangeError, ShapeMismatchError
from fringeworks.interferometry.forming import (
    GeometricPhase,
    Lattice,
    form_interferograms,
    line_multiple,
    sum_looks,
)
from fringeworks.interferometry.looks import finish, join_sums, look_down
from fringeworks.model.grids import Looks, Shape

NAN = complex(np.nan, np.nan)
WAVELENGTH = 0.05546576


def images(rng, shape, *, gaps=0.0, scale=100.0):
    """Two images of unrelated speckle, some samples without data."""
    pair = [
        (scale * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape))).astype(np.complex64)
        for _ in range(2)
    ]
    for image in pair:
        image[rng.random(shape) < gaps] = NAN
    return pair


def plain_sums(reference, secondary, phase, looks):
    """Sums over whole cells, cell by cell, in double precision."""
    rows, cols = reference.shape[0] // looks.azimuth, reference.shape[1] // looks.range
    out = np.zeros((4, rows, cols), complex)
    for row, col in np.ndindex(rows, cols):
        cell = (
            slice(row * looks.azimuth, (row + 1) * looks.azimuth),
            slice(col * looks.range, (col + 1) * looks.range),
        )
        r, s = reference[cell].astype(complex), secondary[cell].astype(complex)
        product = r * np.conj(s) * np.exp(-1j * phase[cell])
        good = np.isfinite(product)
        out[:, row, col] = (
            product[good].sum(),
            (abs(r[good]) ** 2).sum(),
            (abs(s[good]) ** 2).sum(),
            good.sum(),
        )
    return out


@pytest.mark.parametrize(
    "sets", [[Looks(1, 1)], [Looks(2, 8), Looks(5, 20)], [Looks(3, 7), Looks(7, 3), Looks(40, 900)]]
)
def test_compiled_equals_plain(rng, sets):
    shape = (41, 1100)
    reference, secondary = images(rng, shape, gaps=0.1)
    phase = rng.uniform(-400, 400, shape)
    for part, looks in zip(
        sum_looks(reference, secondary, looks=sets, geometric=GeometricPhase(values=phase)), sets, strict=True
    ):
        got = join_sums([part], shape=Shape(*shape))
        want = plain_sums(reference, secondary, phase, looks)
        # float32 sums down the lines, double along them: 1e-6 of the power
        np.testing.assert_allclose(got.product, want[0], atol=3e-6 * want[1].real.max())
        np.testing.assert_allclose(got.reference_power, want[1].real, rtol=3e-6)
        np.testing.assert_allclose(got.secondary_power, want[2].real, rtol=3e-6)
        np.testing.assert_array_equal(got.count, want[3].real)


def test_phase_is_that_of_the_path_the_secondary_is_farther(rng):
    # an image's phase is -4 pi R / lambda; the ground moves 3 mm away between the two
    farther = 0.003
    shape = (8, 64)
    ranges = 8.5e5 + rng.uniform(0, 500, shape)
    difference = rng.uniform(-80, 80, shape)
    reference = np.exp(-4j * np.pi / WAVELENGTH * ranges).astype(np.complex64)
    secondary = np.exp(-4j * np.pi / WAVELENGTH * (ranges + difference + farther)).astype(np.complex64)
    geometric = GeometricPhase.of_ranges(difference, wavelength=WAVELENGTH)
    (formed,) = form_interferograms(reference, secondary, looks=[Looks(2, 8)], geometric=geometric)
    np.testing.assert_allclose(np.angle(formed.phasor), 4 * np.pi / WAVELENGTH * farther, atol=2e-6)
    np.testing.assert_allclose(formed.coherence, 1.0, atol=1e-6)


def test_single_precision_phases_are_taken_as_they_are(rng):
    shape = (4, 600)
    reference, secondary = images(rng, shape)
    phase = rng.uniform(-3e4, 3e4, shape).astype(np.float32)
    (a,) = sum_looks(reference, secondary, looks=[Looks(2, 8)], geometric=GeometricPhase(values=phase))
    (b,) = sum_looks(
        reference, secondary, looks=[Looks(2, 8)], geometric=GeometricPhase(values=phase.astype(np.float64))
    )
    np.testing.assert_array_equal(a.product, b.product)


@pytest.mark.parametrize(
    "lattice",
    [
        Lattice(line=0.0, sample=0.0, line_step=2.0, sample_step=10.0),
        Lattice(line=-3.5, sample=-7.25, line_step=12.5, sample_step=33.3),
        # nodes that cover a part only: extended linearly
        Lattice(line=10.0, sample=100.0, line_step=4.0, sample_step=50.0),
    ],
)
def test_a_lattice_is_interpolated_bilinearly(rng, lattice):
    shape = (31, 777)
    reference, secondary = images(rng, shape)
    nodes = (16, 20)
    values = 40.0 * np.cumsum(rng.standard_normal(nodes), axis=1)
    y = (np.arange(shape[0]) - lattice.line) / lattice.line_step
    x = (np.arange(shape[1]) - lattice.sample) / lattice.sample_step
    i = np.clip(np.floor(y).astype(int), 0, nodes[0] - 2)[:, None]
    j = np.clip(np.floor(x).astype(int), 0, nodes[1] - 2)[None, :]
    fy, fx = y[:, None] - i, x[None, :] - j
    phase = (values[i, j] * (1 - fx) + values[i, j + 1] * fx) * (1 - fy)
    phase += (values[i + 1, j] * (1 - fx) + values[i + 1, j + 1] * fx) * fy
    sets = [Looks(1, 1), Looks(3, 8)]
    each = sum_looks(reference, secondary, looks=sets, geometric=GeometricPhase(values=phase))
    coarse = sum_looks(
        reference, secondary, looks=sets, geometric=GeometricPhase(values=values, lattice=lattice)
    )
    for a, b in zip(each, coarse, strict=True):
        # phases of up to 1e5 rad beyond the nodes, in double precision
        np.testing.assert_allclose(a.product, b.product, atol=1e-6 * np.abs(a.product).max())


def test_an_unknown_geometric_phase_leaves_the_sample_out(rng):
    reference, secondary = images(rng, (4, 40))
    phase = np.zeros((4, 40))
    phase[1, 3] = np.nan
    (part,) = sum_looks(reference, secondary, looks=[Looks(2, 8)], geometric=GeometricPhase(values=phase))
    assert part.count[0, 0] == 15
    assert part.count.sum() == 159
    assert np.isfinite(part.product).all()


@settings(max_examples=25, deadline=None)
@given(
    looks=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 9)), min_size=1, max_size=3),
    blocks=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_blocks_of_whole_cells_give_the_bits_of_the_whole(looks, blocks, seed):
    sets = [Looks(*size) for size in looks]
    reference, secondary = images(np.random.default_rng(seed), (73, 50), gaps=0.1)
    shape, step = Shape(73, 50), blocks * line_multiple(sets)
    whole = sum_looks(reference, secondary, looks=sets)
    pieces = [
        sum_looks(reference[k : k + step], secondary[k : k + step], looks=sets, line=k)
        for k in range(0, 73, step)
    ]
    for part, *cut in zip(whole, *pieces, strict=True):
        a, b = join_sums([part], shape=shape), join_sums(cut, shape=shape)
        np.testing.assert_array_equal(a.product, b.product)
        np.testing.assert_array_equal(a.reference_power, b.reference_power)
        np.testing.assert_array_equal(a.count, b.count)


def test_pieces_that_meet_inside_cells_add_up(rng):
    # two bursts and two sub-swaths, cut inside cells
    sets, shape = [Looks(2, 8), Looks(5, 20)], Shape(40, 160)
    reference, secondary = images(rng, tuple(shape))
    whole = sum_looks(reference, secondary, looks=sets)
    places = [(0, 23, 0, 93), (0, 23, 93, 160), (23, 40, 0, 93), (23, 40, 93, 160)]
    pieces = [
        sum_looks(reference[a:b, c:d], secondary[a:b, c:d], looks=sets, line=a, sample=c)
        for a, b, c, d in places
    ]
    for part, *cut in zip(whole, *pieces, strict=True):
        a, b = join_sums([part], shape=shape), join_sums(cut, shape=shape)
        np.testing.assert_allclose(a.product, b.product, atol=1e-6 * a.reference_power.max())
        np.testing.assert_array_equal(a.count, b.count)


def test_the_number_of_threads_changes_no_bit(rng):
    reference, secondary = images(rng, (60, 300), gaps=0.05)
    before = numba.get_num_threads()
    try:
        found = []
        for n in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(n)
            found.append(sum_looks(reference, secondary, looks=[Looks(2, 8)])[0])
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(found[0].product, found[1].product)


def test_samples_that_are_not_valid_are_not_used(rng):
    reference, secondary = images(rng, (6, 32))
    valid = rng.random((6, 32)) < 0.7
    (a,) = sum_looks(reference, secondary, looks=[Looks(2, 8)], valid=valid)
    (b,) = sum_looks(np.where(valid, reference, NAN).astype(np.complex64), secondary, looks=[Looks(2, 8)])
    np.testing.assert_array_equal(a.product, b.product)
    np.testing.assert_array_equal(a.count, b.count)


def test_inputs_stay_as_they_are(rng):
    reference, secondary = images(rng, (6, 32), gaps=0.1)
    phase = rng.standard_normal((6, 32))
    before = [a.copy() for a in (reference, secondary, phase)]
    for array in (reference, secondary, phase):
        array.flags.writeable = False
    sum_looks(reference, secondary, looks=[Looks(2, 8)], geometric=GeometricPhase(values=phase))
    for a, b in zip(before, (reference, secondary, phase), strict=True):
        np.testing.assert_array_equal(a, b)


def test_cells_with_too_few_samples_have_no_value(rng):
    reference, secondary = images(rng, (4, 8))
    reference[:2, :3] = NAN  # 6 of 8 samples of the first cell
    reference[2:, 4:] = 0.0
    (formed,) = form_interferograms(reference, secondary, looks=[Looks(2, 4)])
    assert np.isnan(formed.phasor[0, 0])
    assert np.isnan(formed.phasor[0, 0].imag)
    assert np.isnan(formed.coherence[1, 1])
    assert np.isnan(formed.amplitude[0, 0])
    assert formed.tally.as_dict() == {
        "what": "pixels",
        "considered": 4,
        "used": 2,
        "rejected": {"too few valid samples": 1, "no power in an image": 1},
    }
    loose = finish(sum_looks(reference, secondary, looks=[Looks(2, 4)])[0], least_fraction=0.25)
    assert np.isfinite(loose.phasor[0, 0])


def test_identical_images_have_coherence_one_and_their_amplitude(rng):
    reference, _ = images(rng, (20, 40))
    (formed,) = form_interferograms(reference, reference, looks=[Looks(5, 10)])
    np.testing.assert_allclose(formed.coherence, 1.0, atol=1e-6)
    np.testing.assert_array_equal(np.angle(formed.phasor), 0.0)
    np.testing.assert_allclose(formed.amplitude, 100 * np.sqrt(2), rtol=0.35)
    np.testing.assert_allclose(formed.phasor.real, formed.amplitude**2, rtol=1e-5)


def test_looking_down_further_is_looking_down_at_once(rng):
    reference, secondary = images(rng, (45, 170), gaps=0.05)
    fine, coarse = sum_looks(reference, secondary, looks=[Looks(2, 8), Looks(8, 16)])
    shape = Shape(45, 170)
    again = look_down(join_sums([fine], shape=shape), factor=Looks(4, 2))
    want = join_sums([coarse], shape=shape)
    assert again.looks == Looks(8, 16)
    np.testing.assert_allclose(again.product, want.product, atol=1e-6 * want.reference_power.max())
    np.testing.assert_array_equal(again.count, want.count)


def test_bad_input_is_named(rng):
    reference, secondary = images(rng, (6, 32))
    with pytest.raises(ShapeMismatchError, match=r"reference \(6, 32\), secondary \(6, 30\)"):
        sum_looks(reference, secondary[:, :30], looks=[Looks(2, 8)])
    with pytest.raises(ShapeMismatchError, match="at least one of each"):
        sum_looks(reference[:0], secondary[:0], looks=[Looks(2, 8)])
    with pytest.raises(OutOfRangeError, match="0 sets of looks"):
        sum_looks(reference, secondary, looks=[])
    with pytest.raises(OutOfRangeError, match="line -1"):
        sum_looks(reference, secondary, looks=[Looks(2, 8)], line=-1)
    with pytest.raises(ShapeMismatchError, match="one value for each of 6 x 32 pixels"):
        sum_looks(
            reference, secondary, looks=[Looks(2, 8)], geometric=GeometricPhase(values=np.zeros((3, 3)))
        )
    lattice = Lattice(line=0, sample=0, line_step=2, sample_step=2)
    with pytest.raises(ShapeMismatchError, match="at least 2 x 2"):
        sum_looks(
            reference,
            secondary,
            looks=[Looks(2, 8)],
            geometric=GeometricPhase(values=np.zeros((1, 3)), lattice=lattice),
        )
    with pytest.raises(OutOfRangeError, match="both above 0"):
        Lattice(line=0, sample=0, line_step=0, sample_step=2)
    with pytest.raises(OutOfRangeError, match="wavelength"):
        GeometricPhase.of_ranges(np.zeros((2, 2)), wavelength=0.0)
    parts = [sum_looks(reference, secondary, looks=[looks])[0] for looks in (Looks(2, 8), Looks(2, 4))]
    with pytest.raises(ShapeMismatchError, match="the same looks in all"):
        join_sums(parts, shape=Shape(6, 32))
    (part,) = sum_looks(reference, secondary, looks=[Looks(2, 8)], line=2)
    with pytest.raises(OutOfRangeError, match="first cell 1, 0"):
        look_down(part, factor=Looks(2, 1))
