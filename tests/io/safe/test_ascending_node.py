import numpy as np
import pytest
from tests.io.safe.made_safe import orbit_after_node

from fringeworks.errors import CalculationError
from fringeworks.io.safe.ascending_node import _legendre, _rate, time_of_node
from fringeworks.model.acquisition import StateVectors


def vectors(low, high, *, shift=0.0):
    time, states = orbit_after_node()
    near = (time >= low) & (time <= high)
    return StateVectors(
        epoch="2023-01-08T13:12:46",
        time=time[near] + shift,
        position=states[near, :3],
        velocity=states[near, 3:],
        source="annotation",
    )


@pytest.mark.parametrize(("low", "high", "before"), [(300, 420, 360.0), (700, 800, 733.7), (-60, 60, 25.0)])
def test_node_of_an_orbit_integrated_by_another_program(low, high, before):
    # SciPy integrates J2 alone; J3 to J6 move the node of this orbit by less than 5 ms in these minutes
    assert abs(time_of_node(vectors(low, high), before=before)) < 5e-3


def test_only_nodes_before_the_instant_count():
    # 25 s before the node the last one lies an orbit back (5925 s; 20 s for the difference between this and S1's)
    late = time_of_node(vectors(-60, 60), before=-25.0)
    assert -5925 - 20 < late < -5925 + 20


def test_the_epoch_only_shifts_the_answer():
    plain = time_of_node(vectors(300, 420), before=360.0)
    assert time_of_node(vectors(300, 420, shift=0.25), before=360.25) == pytest.approx(plain + 0.25, abs=1e-6)


def test_vectors_far_from_the_instant_are_refused():
    with pytest.raises(CalculationError, match="380 s away"):
        time_of_node(vectors(300, 420), before=800.0)


def test_a_satellite_in_another_kind_of_orbit_is_refused():
    high = StateVectors(
        epoch="2023-01-08T13:12:46",
        time=np.array([0.0, 10.0]),
        position=np.array([[26.56e6, 0, -1e5], [26.56e6, 5e3, -7e4]]),
        velocity=np.array([[0, 0.0, 3870.0], [0, 0.0, 3870.0]]),
        source="annotation",
    )
    with pytest.raises(CalculationError, match="no ascending node within 7000 s"):
        time_of_node(high, before=0.0)


def test_acceleration_is_the_gradient_of_the_potential():
    from fringeworks.io.safe.ascending_node import _GRAVITY, _ZONAL

    def potential(p):
        r = np.linalg.norm(p)
        value, _ = _legendre(p[2] / r)
        zonal = sum(j * (6378137.0 / r) ** n * value[n] for n, j in enumerate(_ZONAL, start=2))
        return _GRAVITY / r * (1 - zonal)

    point = np.array([4.1e6, -3.3e6, 4.7e6])
    step = 50.0  # metres: the difference quotient is good to (50 / 7e6)^2 of 8 m/s^2
    numeric = [(potential(point + step * e) - potential(point - step * e)) / (2 * step) for e in np.eye(3)]
    np.testing.assert_allclose(_rate(np.concatenate([point, np.zeros(3)]))[3:], numeric, atol=1e-8)


def test_legendre_polynomials_are_numpys():
    for x in (-0.9, 0.0, 0.31):
        value, slope = _legendre(x)
        for n in range(7):
            series = np.polynomial.Legendre.basis(n)
            assert value[n] == pytest.approx(series(x), abs=1e-14)
            assert slope[n] == pytest.approx(series.deriv()(x) if n else 0.0, abs=1e-13)
