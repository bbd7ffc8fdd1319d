import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from fringeworks.errors import OutOfRangeError, ShapeMismatchError, UnitError
from fringeworks.io.safe import open_safe
from fringeworks.model.grids import Window
from fringeworks.model.identity import Polarisation, Swath
from fringeworks.model.radiometric import CalibrationTable, NoiseBlock, NoiseTable, NoiseVector
from fringeworks.tops.radiometry import backscatter, calibration_factor, noise_power, scale_noise

# float32 holds a factor of 300 to 1.5e-5; bilinear weights add as much again
FLOAT32 = 3e-7


def calibration(rng, line=(-10.0, 30, 47, 100), sample=(0.0, 10, 25, 60)):
    shape = (len(line), len(sample))
    values = {name: rng.uniform(200, 400, shape) for name in ("sigma0", "beta0", "gamma0", "dn")}
    return CalibrationTable(line=np.array(line), sample=np.array(sample), **values)


def noise(rng, *, blocks=()):
    vectors = tuple(
        NoiseVector(
            line=float(line), sample=np.array(sample, float), value=rng.uniform(300, 500, len(sample))
        )
        for line, sample in ((0, (0, 20, 60)), (24, (0, 10, 30, 60)), (48, (0, 60)))
    )
    return NoiseTable(vectors=vectors, blocks=blocks, is_calibrated=True)


@pytest.mark.parametrize("quantity", ["sigma0", "beta0", "gamma0", "dn"])
def test_calibration_is_bilinear(rng, quantity):
    table = calibration(rng)
    window = Window(5, 3, 70, 50)
    truth = RegularGridInterpolator((table.line, table.sample), getattr(table, quantity))
    rows, cols = np.mgrid[5:75, 3:53]
    got = calibration_factor(table, window=window, quantity=quantity)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, truth((rows, cols)), rtol=FLOAT32)


def test_a_plane_is_reproduced_and_edges_are_held(rng):
    table = calibration(rng)
    plane = 300 + 0.1 * table.sample + 0.02 * table.line[:, None]
    table = CalibrationTable(
        line=table.line, sample=table.sample, sigma0=plane, beta0=plane, gamma0=plane, dn=plane
    )
    got = calibration_factor(table, window=Window(0, 0, 101, 70))
    rows, cols = np.mgrid[0:101, 0:70]
    np.testing.assert_allclose(got, 300 + 0.1 * np.minimum(cols, 60) + 0.02 * rows, rtol=FLOAT32)
    beyond = calibration_factor(table, window=Window(500, 0, 3, 5))
    np.testing.assert_allclose(beyond, np.broadcast_to(302 + 0.1 * np.arange(5), (3, 5)), rtol=FLOAT32)


def test_one_vector_holds_everywhere(rng):
    table = calibration(rng, line=(40.0,))
    got = calibration_factor(table, window=Window(0, 0, 80, 60))
    expected = np.interp(np.arange(60), table.sample, table.sigma0[0])
    np.testing.assert_allclose(got, np.broadcast_to(expected, (80, 60)), rtol=FLOAT32)


def test_pieces_are_the_whole(rng):
    table, noisy = calibration(rng), noise(rng)
    whole, pieces = Window(0, 0, 60, 50), [Window(r, c, 20, 25) for r in (0, 20, 40) for c in (0, 25)]
    for function in (lambda w: calibration_factor(table, window=w), lambda w: noise_power(noisy, window=w)):
        full = function(whole)
        for piece in pieces:
            np.testing.assert_array_equal(function(piece), full[piece.slices])


def test_empty_windows(rng):
    table = calibration(rng)
    assert calibration_factor(table, window=Window(4, 4, 0, 6)).shape == (0, 6)
    assert calibration_factor(table, window=Window(4, 4, 6, 0)).shape == (6, 0)


def test_noise_is_range_vector_times_azimuth_factor(rng):
    blocks = (
        NoiseBlock(
            first_line=0,
            last_line=29,
            first_sample=0,
            last_sample=59,
            line=np.array([0.0, 29]),
            value=np.array([1.0, 1.3]),
        ),
        NoiseBlock(
            first_line=30,
            last_line=59,
            first_sample=10,
            last_sample=59,
            line=np.array([40.0]),
            value=np.array([2.0]),
        ),
    )
    table = noise(rng, blocks=blocks)
    got = noise_power(table, window=Window(0, 0, 60, 60))
    slow = np.full((60, 60), np.nan)
    lines = [v.line for v in table.vectors]
    for i in range(60):
        for j in range(60):
            across = [np.interp(j, v.sample, v.value) for v in table.vectors]
            value = np.interp(i, lines, across)
            for b in blocks:
                if b.first_line <= i <= b.last_line and b.first_sample <= j <= b.last_sample:
                    slow[i, j] = value * np.interp(i, b.line, b.value)
    np.testing.assert_allclose(got, slow, rtol=2 * FLOAT32)
    assert np.isnan(got[30:, :10]).all()


def test_noise_without_azimuth_factor_is_the_range_vector(rng):
    table = noise(rng)
    got = noise_power(table, window=Window(24, 0, 1, 60))
    np.testing.assert_allclose(
        got[0], np.interp(np.arange(60), table.vectors[1].sample, table.vectors[1].value), rtol=FLOAT32
    )


def test_backscatter_is_power_less_noise_over_the_factor_squared(rng):
    cal, noisy, window = calibration(rng), noise(rng), Window(3, 5, 40, 30)
    samples = (rng.normal(0, 30, (40, 30)) + 1j * rng.normal(0, 30, (40, 30))).astype(np.complex64)
    samples[2, 3] = complex(np.nan, np.nan)
    kept = samples.copy()
    raw = backscatter(samples, cal, window=window)
    clean = backscatter(samples, cal, window=window, noise=noisy)
    power = np.abs(samples.astype(np.complex128)) ** 2
    factor = calibration_factor(cal, window=window).astype(float)
    np.testing.assert_allclose(raw.value, power / factor**2, rtol=1e-6)
    left = power - noise_power(noisy, window=window)
    np.testing.assert_allclose(clean.value, np.maximum(left, 0) / factor**2, rtol=1e-5, atol=1e-8)
    below = int((left < 0).sum())
    assert below > 0
    assert clean.tally.as_dict() == {
        "what": "pixels",
        "considered": 1200,
        "used": 1199 - below,
        "rejected": {"below the noise": below, "no data": 1},
    }
    assert np.isnan(clean.value[2, 3])
    assert (clean.value[np.isfinite(clean.value)] >= 0).all()
    np.testing.assert_array_equal(samples, kept)


def test_integers_at_their_limit_do_not_overflow(rng):
    cal = calibration(rng)
    samples = np.full((2, 2), -32768 - 32768j, np.complex64)
    got = backscatter(samples, cal, window=Window(0, 0, 2, 2), quantity="beta0")
    factor = calibration_factor(cal, window=Window(0, 0, 2, 2), quantity="beta0")
    np.testing.assert_allclose(got.value * factor**2, 2.0 * 32768**2, rtol=1e-6)


def test_what_cannot_be_is_refused(rng):
    cal, window = calibration(rng), Window(0, 0, 4, 4)
    with pytest.raises(ShapeMismatchError, match=r"samples \(3, 4\); expected: \(4, 4\)"):
        backscatter(np.ones((3, 4), np.complex64), cal, window=window)
    with pytest.raises(OutOfRangeError, match="one of sigma0, beta0, gamma0, dn"):
        calibration_factor(cal, window=window, quantity="line")
    old = NoiseTable(vectors=noise(rng).vectors, blocks=(), is_calibrated=False)
    with pytest.raises(UnitError, match="leave thermal noise in"):
        noise_power(old, window=window)
    with pytest.raises(OutOfRangeError, match="a noise factor"):
        scale_noise(old, 0.0)


def test_a_known_factor_makes_old_noise_usable(rng):
    table = noise(rng)
    old = NoiseTable(
        vectors=tuple(NoiseVector(line=v.line, sample=v.sample, value=v.value / 4e11) for v in table.vectors),
        blocks=(),
        is_calibrated=False,
    )
    window = Window(0, 0, 50, 50)
    np.testing.assert_allclose(
        noise_power(scale_noise(old, 4e11), window=window), noise_power(table, window=window), rtol=FLOAT32
    )


REAL = {
    "safe-pair-morocco/data/S1/*20230904*.SAFE": [Swath.IW1, Swath.IW2, Swath.IW3],
    "safe-annotations-ipf/*20220929*.zip": [Swath.IW1, Swath.IW2, Swath.IW3],
    "safe-annotations-ipf/*20141004*.zip": [Swath.IW1, Swath.IW2, Swath.IW3],
}


@pytest.mark.data
@pytest.mark.parametrize("pattern", REAL)
def test_real_tables_obey_the_definitions_of_backscatter(helper_data, pattern):
    """sigma = beta sin(incidence) and gamma = sigma / cos(incidence).

    Tolerances: A has seven digits, which leave 1e-4 deg of incidence.  For which height the processor computes the
    calibration no field states (over the sea off Morocco it is some 2600 m); at a range r a height h turns the incidence
    by h / (r sin), so that heights the Earth has bound the difference from the geolocation grid.
    """
    (path,) = helper_data.glob(pattern)
    product = open_safe(path)
    for swath in REAL[pattern]:
        table = product.calibration(swath, Polarisation.VV)
        by_sigma = np.arcsin((table.beta0 / table.sigma0) ** 2)
        by_gamma = np.arccos((table.gamma0 / table.sigma0) ** 2)
        assert np.degrees(np.abs(by_sigma - by_gamma)).max() < 1e-4
        grid = product.geolocation_grid(swath, Polarisation.VV)
        k = grid.line.shape[0] // 2
        window = Window(int(grid.line[k, 0]), 0, 1, int(grid.sample.max()) + 1)
        at = grid.sample[k].astype(int)
        sigma, beta = (
            calibration_factor(table, window=window, quantity=q)[0][at] for q in ("sigma0", "beta0")
        )
        turn = np.arcsin((beta / sigma) ** 2) - grid.incidence[k]
        height = grid.height[k] + turn * grid.slant_range[k] * np.sin(grid.incidence[k])
        assert height.min() > -500
        assert height.max() < 9000


@pytest.mark.data
def test_real_noise_lies_below_the_specification(helper_data):
    """Noise-equivalent sigma nought of IW is specified to stay below -22 dB; it is known to reach -30 dB mid swath."""
    for pattern in list(REAL)[:2]:
        (path,) = helper_data.glob(pattern)
        product = open_safe(path)
        for swath in REAL[pattern]:
            burst = product.bursts(swaths=[swath])[2]
            window = Window(burst.first_line + burst.grid.shape.rows // 2, 0, 20, burst.grid.shape.cols)
            power = noise_power(product.noise(swath, Polarisation.VV), window=window)
            factor = calibration_factor(product.calibration(swath, Polarisation.VV), window=window)
            level = 10 * np.log10(
                (power / factor**2)[:, burst.valid.col : burst.valid.col + burst.valid.cols]
            )
            assert -33 < level.min() < level.max() < -20
            assert np.median(level) < -22


@pytest.mark.data
def test_the_scene_of_san_diego_has_the_brightness_of_land(helper_data):
    (path,) = helper_data.glob("scene-sandiego/slc/*20230108*.zip")
    product = open_safe(path)
    burst = product.bursts()[0]
    values = product.samples(burst, invalid="nan")[200:600]
    window = Window(burst.first_line + 200, 0, 400, burst.grid.shape.cols)
    got = backscatter(values, product.calibration(burst.swath, burst.polarisation), window=window)
    assert -25 < 10 * np.log10(np.nanmedian(got.value)) < 0
    assert got.tally.rejected["no data"] == int(np.isnan(values).sum())
