"""Real TOPS samples: the Doppler centroid that a crop shows, the annotation's prediction, and what deramping leaves."""

from __future__ import annotations

import json

import numpy as np
import pytest
import zarr

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.geometry.orbit import orbit_curve
from fringeworks.model.acquisition import RangePolynomial, StateVectors
from fringeworks.model.grids import RadarGrid, Shape, Window
from fringeworks.model.identity import Instant
from fringeworks.tops.carrier import Carrier, deramp, reramp

pytestmark = pytest.mark.data

EPOCH = "2023-03-31T05:50:00"
BURST_START = 33.935118  # s after the epoch: annotated time of the burst's first line
N_LINES = 1524
THIRDS = (slice(0, 28), slice(28, 56), slice(56, 84))
NOMINAL = 486.49  # Hz, line rate


def attributes(element):
    return {a["name"]: a["data"]["elems"] for a in element.get("attributes", [])}


def child(element, *names):
    for name in names:
        element = next(e for e in element["elements"] if e["name"] == name)
    return element


def children(element, name):
    return [e for e in element["elements"] if e["name"] == name]


def seconds(text):
    return Instant.parse(text).seconds_since(EPOCH)


def polynomials(records, name):
    """Turn two-way coefficients per second into one-way coefficients per metre."""
    for record in records:
        facts, values = attributes(record), attributes(child(record, name))[name]
        yield RangePolynomial(
            azimuth_time=seconds(facts["azimuthTime"]),
            range_origin=0.5 * SPEED_OF_LIGHT * float(facts["t0"]),
            coefficients=tuple(float(c) * (2.0 / SPEED_OF_LIGHT) ** k for k, c in enumerate(values.split())),
        )


def speed_of(product, middle):
    records = [
        (attributes(o), attributes(child(o, "position")), attributes(child(o, "velocity")))
        for o in children(child(product, "generalAnnotation", "orbitList"), "orbit")
    ]
    vectors = StateVectors(
        epoch=EPOCH,
        time=np.array([seconds(facts["time"]) for facts, _, _ in records]),
        position=np.array([[float(p[k]) for k in "xyz"] for _, p, _ in records]),
        velocity=np.array([[float(v[k]) for k in "xyz"] for _, _, v in records]),
        source="annotation",
    )
    return float(np.linalg.norm(orbit_curve(vectors).velocity(middle)))


@pytest.fixture(scope="module")
def crop(helper_data):
    folder = helper_data / "slc-pair-amsterdam" / "zarrs" / "20230331-coreg.znap"
    tree = json.loads((folder / "SNAP/product_metadata.json").read_text(encoding="utf-8"))
    facts = attributes(tree[0])
    parts = [zarr.open_array(str(folder / f"{k}_VV_31Mar2023"), mode="r")[:] for k in "iq"]
    samples = (parts[0] + 1j * parts[1]).astype(np.complex64)
    product = child(tree[1], "annotation")["elements"][0]["elements"][0]
    step = facts["line_time_interval"][0]
    range_step = SPEED_OF_LIGHT / (2e6 * facts["range_sampling_rate"][0])
    middle = BURST_START + 0.5 * (N_LINES - 1) * step

    def nearest(records, name):
        return min(polynomials(records, name), key=lambda p: abs(p.azimuth_time - middle))

    general = child(product, "generalAnnotation")
    rate = np.radians(float(attributes(child(general, "productInformation"))["azimuthSteeringRate"]))
    wavelength = SPEED_OF_LIGHT / (1e6 * facts["radar_frequency"][0])
    col = facts["subset_offset_x"][0]
    carrier = Carrier(
        grid=RadarGrid(
            EPOCH,
            BURST_START,
            step,
            facts["slant_range_to_first_pixel"][0] - col * range_step,
            range_step,
            Shape(N_LINES, 25_000),
        ),
        sweep=2.0 * speed_of(product, middle) * rate / wavelength,
        fm_rate=nearest(
            children(child(general, "azimuthFmRateList"), "azimuthFmRate"), "azimuthFmRatePolynomial"
        ),
        doppler=nearest(
            children(child(product, "dopplerCentroid", "dcEstimateList"), "dcEstimate"), "dataDcPolynomial"
        ),
        # the archive gives one-way seconds
        reference_range=SPEED_OF_LIGHT * facts["slrTimeToFirstValidPixel"][0],
    )
    tag = seconds("2023-03-31T05:50:35.812250")
    return samples, carrier, Window(facts["subset_offset_y"][0], col, *samples.shape), tag


def centroid(samples):
    """Lag-one azimuth correlation [Hz], in the interval of the line rate about zero."""
    return NOMINAL * np.angle(np.vdot(samples[:-1], samples[1:])) / (2.0 * np.pi)


def in_band(frequency):
    return (frequency + 0.5 * NOMINAL) % NOMINAL - 0.5 * NOMINAL


def test_the_crop_shows_its_doppler(crop):
    samples = crop[0]
    assert samples.shape == (84, 338)
    # recorded for these samples
    np.testing.assert_allclose([centroid(samples[k]) for k in THIRDS], [66.0, 151.0, 227.0], atol=0.6)


def test_the_annotation_predicts_it(crop):
    samples, carrier, window, tag = crop
    distance = carrier.grid.range_start + (window.col + 169) * carrier.grid.range_step
    assert carrier.ramp(distance) == pytest.approx(1538.0, abs=2.0)
    assert carrier.doppler.at(np.array(distance)) == pytest.approx(27.0, abs=0.6)
    middles = np.array([14, 42, 70]) - 0.5
    by_tag = carrier.frequency(tag + middles * carrier.grid.azimuth_step, distance)
    # recorded with the archive's time tag, which is 1.2 lines late (docs/explanation/amsterdam-azimuth-offset.md)
    np.testing.assert_allclose(in_band(by_tag), [64.0, 152.0, 241.0], atol=1.5)
    by_count = carrier.frequency(
        carrier.grid.azimuth_start + (window.row + middles) * carrier.grid.azimuth_step, distance
    )
    np.testing.assert_allclose(by_count, by_tag - 1.2 * 1538.0 / 486.49, atol=0.2)
    # 28 lines of 338 samples, about 5600 independent: 3 Hz of scatter; the centroid estimates themselves scatter by 10 Hz
    np.testing.assert_allclose([centroid(samples[k]) for k in THIRDS], in_band(by_count), atol=15.0)


def test_deramping_leaves_no_doppler(crop):
    samples, carrier, window, _ = crop
    free = deramp(samples, carrier, window=window)
    left = [centroid(free[k]) for k in THIRDS]
    # asked for: within 15 Hz of zero
    assert np.abs(left).max() < 15.0
    # the wrong sign doubles the ramp instead: 1538 Hz/s over 56 lines is 177 Hz each way
    wrong = [centroid(reramp(samples, carrier, window=window)[k]) for k in THIRDS]
    assert np.ptp(np.unwrap(np.array(wrong) * 2 * np.pi / NOMINAL)) * NOMINAL / (2 * np.pi) > 250.0


def test_a_carrier_of_another_time_would_be_seen(crop):
    samples, carrier, window, _ = crop
    late = Window(window.row + 40, window.col, window.rows, window.cols)
    left = [centroid(deramp(samples, carrier, window=late)[k]) for k in THIRDS]
    # 40 lines late: 126 Hz too much are taken away
    assert min(left) < -100.0


def test_reramping_is_the_inverse(crop):
    samples, carrier, window, _ = crop
    again = reramp(deramp(samples, carrier, window=window), carrier, window=window)
    turned = np.angle(again[samples != 0] * samples[samples != 0].conj())
    assert np.abs(turned).max() < 1e-5
