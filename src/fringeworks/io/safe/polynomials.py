"""Polynomials along range in annotation: from two-way seconds to one-way metres."""

from __future__ import annotations

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.io.safe.tree import Node
from fringeworks.model.acquisition import DopplerEstimate, RangePolynomial
from fringeworks.model.identity import Instant

_SECONDS_PER_METRE = 2.0 / SPEED_OF_LIGHT


def in_range(
    coefficients: tuple[float, ...], *, time: Instant, origin: float, epoch: Instant
) -> RangePolynomial:
    """Turn a polynomial in two-way time into one in one-way range.

    Parameters
    ----------
    coefficients : tuple of float
        c_k of sum c_k (tau - tau_0)^k, tau in seconds.
    time : Instant
        Azimuth time it belongs to.
    origin : float
        tau_0 [s].
    epoch : Instant
        Epoch of the result's times.
    """
    return RangePolynomial(
        azimuth_time=time.seconds_since(epoch),
        range_origin=0.5 * SPEED_OF_LIGHT * origin,
        coefficients=tuple(c * _SECONDS_PER_METRE**k for k, c in enumerate(coefficients)),
    )


def read_fm_rates(root: Node, *, epoch: Instant) -> tuple[RangePolynomial, ...]:
    """Read the azimuth FM rates [Hz/s], in the form of any processor version.

    Before 2.43 each coefficient has an element of its own; later one element holds three numbers.
    """
    records = []
    for node in root.records("generalAnnotation/azimuthFmRateList/azimuthFmRate"):
        if node.optional("azimuthFmRatePolynomial") is not None:
            values = tuple(node.numbers("azimuthFmRatePolynomial", length=3).tolist())
        else:
            values = tuple(node.number(c) for c in ("c0", "c1", "c2"))
        if values[0] >= 0:
            raise node.refuse(f"an azimuth FM rate of {values[0]} Hz/s", expected="a negative rate")
        records.append(
            in_range(values, time=node.instant("azimuthTime"), origin=node.positive("t0"), epoch=epoch)
        )
    return _in_order(tuple(records))


def read_doppler(root: Node, *, epoch: Instant) -> tuple[DopplerEstimate, ...]:
    """Read every Doppler centroid estimate [Hz], from data and from geometry."""
    records = []
    for node in root.records("dopplerCentroid/dcEstimateList/dcEstimate"):
        time, origin = node.instant("azimuthTime"), node.positive("t0")
        data, geometry = (
            in_range(tuple(node.numbers(name).tolist()), time=time, origin=origin, epoch=epoch)
            for name in ("dataDcPolynomial", "geometryDcPolynomial")
        )
        if not data.coefficients or not geometry.coefficients:
            raise node.refuse("a Doppler polynomial without coefficients")
        records.append(
            DopplerEstimate(
                data=data,
                geometry=geometry,
                data_rms=node.number("dataDcRmsError"),
                data_is_reliable=not node.flag("dataDcRmsErrorAboveThreshold"),
            )
        )
    return tuple(sorted(records, key=lambda d: d.data.azimuth_time))


def doppler_in_force(estimates: tuple[DopplerEstimate, ...], *, method: str) -> tuple[RangePolynomial, ...]:
    """Return the polynomials the processor focused with.

    Parameters
    ----------
    estimates : tuple of DopplerEstimate
        All of them.
    method : str
        ``dcMethod`` of the processing information: ``Data Analysis`` takes the estimate from the data, every other
        one (``Orbit and Attitude``, ``Pre-defined``) that from geometry.
    """
    from_data = method.strip().lower() == "data analysis"
    return tuple(e.data if from_data else e.geometry for e in estimates)


def _in_order(polynomials: tuple[RangePolynomial, ...]) -> tuple[RangePolynomial, ...]:
    return tuple(sorted(polynomials, key=lambda p: p.azimuth_time))
