"""A real pair written by another program: range, azimuth (its time tag explained) and baselines."""

from __future__ import annotations

import json

import numpy as np
import pytest
import zarr

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.geometry.baseline import find_baselines, height_of_ambiguity
from fringeworks.geometry.ellipsoid import geodetic_to_ecef
from fringeworks.geometry.orbit import orbit_curve
from fringeworks.geometry.radar import locate
from fringeworks.model.acquisition import StateVectors
from fringeworks.model.identity import Instant

pytestmark = pytest.mark.data


def attributes(element):
    return {a["name"]: a["data"]["elems"] for a in element.get("attributes", [])}


def instant(days_seconds_micros):
    days, seconds, micros = days_seconds_micros
    start = Instant.parse("2000-01-01T00:00:00")
    return Instant(start.nanoseconds + (days * 86400 + seconds) * 10**9 + micros * 1000)


def orbit_of(metadata):
    vectors = next(e for e in metadata["elements"] if e["name"] == "Orbit_State_Vectors")["elements"]
    rows = [attributes(v) for v in vectors]
    epoch = instant(rows[0]["time"]).whole_second
    return orbit_curve(
        StateVectors(
            epoch=epoch.iso,
            time=np.array([instant(r["time"]).seconds_since(epoch) for r in rows]),
            position=np.array([[r[f"{k}_pos"][0] for k in "xyz"] for r in rows]),
            velocity=np.array([[r[f"{k}_vel"][0] for k in "xyz"] for r in rows]),
            source="precise",
        )
    )


@pytest.fixture(scope="module")
def crop(helper_data):
    folder = helper_data / "slc-pair-amsterdam" / "zarrs"
    tree = json.loads((folder / "20230331-coreg.znap/SNAP/product_metadata.json").read_text())
    other = json.loads((folder / "20230319-coreg.znap/SNAP/product_metadata.json").read_text())
    secondary = next(e for e in other if e["name"] == "Slave_Metadata")["elements"][0]
    bands = {
        name: zarr.open_array(str(folder / "20230331-coreg.znap" / f"{name}_VV"), mode="r")[:].astype(float)
        for name in ("longitude", "latitude", "elevation")
    }
    return attributes(tree[0]), orbit_of(tree[0]), orbit_of(secondary), bands


@pytest.fixture(scope="module")
def placed(crop):
    _, orbit, _, bands = crop
    return locate(
        orbit,
        longitude=np.radians(bands["longitude"]),
        latitude=np.radians(bands["latitude"]),
        height=bands["elevation"],
    )


def test_range_residual(crop, placed):
    facts = crop[0]
    step = SPEED_OF_LIGHT / (2e6 * facts["range_sampling_rate"][0])
    sample = (placed.slant_range - facts["slant_range_to_first_pixel"][0]) / step
    residual = sample - np.arange(338)
    # recorded for this crop: 0.0003 mean, 0.006 scatter; rounding of 4-byte latitudes, 0.12 m rms, is 0.006 samples
    assert abs(residual.mean()) < 0.001
    assert residual.std() < 0.007


def test_azimuth_offset_is_a_time_tag(crop, placed):
    facts = crop[0]
    interval = facts["line_time_interval"][0]
    burst_start = Instant.parse("2023-03-31T05:50:33.935118")
    lines = facts["subset_offset_y"][0]
    assert lines == 912

    tag = instant(facts["first_line_time"])
    stretch = tag.seconds_since(burst_start) / (lines * interval)
    # the tag is rounded to a microsecond in 1.877 s
    assert stretch == pytest.approx(1523 / 1521, abs=5e-7)

    time = placed.azimuth_time - tag.seconds_since(placed.epoch)
    by_tag = time / interval - np.arange(84)[:, None]
    time = placed.azimuth_time - burst_start.seconds_since(placed.epoch)
    by_count = time / interval - lines - np.arange(84)[:, None]
    assert by_tag.mean() == pytest.approx(-1.198, abs=0.001)
    # one line is 14 m; rounding of 4-byte latitudes, 0.12 m rms, is 0.0088 lines, and far less in the mean
    assert abs(by_count.mean()) < 0.002
    assert by_count.std() < 0.010
    assert abs(np.polyfit(np.arange(84), by_count.mean(axis=1), 1)[0]) * 84 < 0.005


def test_baseline(crop):
    _, reference, secondary, bands = crop
    centre = tuple(float(np.radians(bands[k][42, 169])) for k in ("longitude", "latitude"))
    found = find_baselines(
        reference, secondary, points=geodetic_to_ecef(*centre, bands["elevation"][42, 169])
    )
    # SNAP says 33.90 m for the middle of the burst; its orbit is a cubic fit
    assert float(found.perpendicular) == pytest.approx(33.75, abs=0.05)
    ranges = float(found.reference.slant_range - found.secondary.slant_range)
    # parallel differs from the range difference by B^2 / 2R = 1 mm
    assert float(found.parallel) == pytest.approx(ranges, abs=0.002)


def test_height_of_ambiguity_has_the_sign_of_the_phase(crop):
    """Lift the ground by a metre: the change of range difference is what the formula says."""
    _, reference, secondary, bands = crop
    lon, lat = (np.radians(bands[k][42, 169]) for k in ("longitude", "latitude"))
    low = find_baselines(reference, secondary, points=geodetic_to_ecef(lon, lat, 0.0))
    from fringeworks.geometry.ground import project_at_height

    lifted = project_at_height(
        reference,
        azimuth_time=low.reference.azimuth_time,
        slant_range=low.reference.slant_range,
        height=10.0,
    )
    high = find_baselines(
        reference, secondary, points=geodetic_to_ecef(lifted.longitude, lifted.latitude, lifted.height)
    )
    wavelength = 0.05546576
    differences = [b.secondary.slant_range - b.reference.slant_range for b in (low, high)]
    phase = 4 * np.pi / wavelength * float(differences[1] - differences[0])
    from fringeworks.geometry.look import incidence_angle, look_vectors

    look = look_vectors(
        reference, azimuth_time=low.reference.azimuth_time, longitude=lon, latitude=lat, height=0.0
    )
    height = height_of_ambiguity(
        low.perpendicular,
        wavelength=wavelength,
        slant_range=low.reference.slant_range,
        incidence=incidence_angle(look),
    )
    # the baseline turns by 10 m / 900 km over the lift, and the formula takes the Earth as flat: 1 %
    assert phase == pytest.approx(2 * np.pi * 10.0 / float(height), rel=0.01)
