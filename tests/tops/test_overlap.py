"""Two bursts of an independent scene, resampled and crossed: the overlap gives the injected azimuth error back."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio

from fringeworks.constants import SPEED_OF_LIGHT
from fringeworks.geometry.ground import project_on_dem
from fringeworks.geometry.orbit import orbit_curve
from fringeworks.geometry.radar import locate
from fringeworks.geometry.timing import bistatic_residual
from fringeworks.io.orbits import choose_orbit, list_orbit_files
from fringeworks.io.safe.product import open_safe
from fringeworks.model.grids import MapGrid, Shape, Window
from fringeworks.numerics.resample import CoarseField, ValidSamples, resample
from fringeworks.tops.carrier import carrier_of, spectral_separation, taps_of

pytestmark = [pytest.mark.data, pytest.mark.slow]

STEP = 20  # samples between nodes; the overlap's phase cancels what lies between


class Date:
    def __init__(self, folder, entry):
        product = open_safe(folder / "slc" / entry["zip"])
        which = product.available[0]
        self.acquisition = product.acquisition(*which)
        self.measurement = product.measurement(*which)
        key = self.acquisition.key
        chosen = choose_orbit(
            list_orbit_files(folder / "orbits"),
            platform=key.platform,
            start=key.start,
            stop=key.start.plus(30.0),
        )
        self.orbit = orbit_curve(chosen.states.since(self.acquisition.epoch))
        self.azimuth_error = entry["az_error_px"]

    def carrier(self, burst):
        return carrier_of(burst, speed=float(np.linalg.norm(self.orbit.velocity(burst.mid_time))))


@pytest.fixture(scope="module")
def scene(helper_data):
    folder = helper_data / "scene-sandiego"
    truth = json.loads((folder / "truth/truth.json").read_text(encoding="utf-8"))
    with rasterio.open(folder / "dem_wgs84_ellipsoidal.tif") as source:
        t = source.transform
        grid = MapGrid("EPSG:4326", t.c, t.f, t.a, t.e, Shape(source.height, source.width))
        dem = source.read(1).astype(float)
    return truth, [Date(folder, e) for e in truth["dates"]], dem, grid


def offsets_of(scene, reference, secondary, burst, window):
    """Place nodes over a window of the reference burst in the secondary burst, by orbits and elevation."""
    truth, _, dem, dem_grid = scene
    mid_range = 0.5 * SPEED_OF_LIGHT * truth["bist_tau"]
    grid = reference.acquisition.bursts[burst].grid
    rows = np.arange(window.row, window.row + window.rows + 8, 8)
    cols = np.arange(window.col, window.col + window.cols + STEP, STEP)
    distance = grid.range_start + cols * grid.range_step
    ground = project_on_dem(
        reference.orbit,
        azimuth_time=grid.azimuth_start + rows * grid.azimuth_step,
        slant_range=distance,
        dem=dem,
        dem_grid=dem_grid,
        start_height=300.0,
    )
    found = locate(
        secondary.orbit, longitude=ground.longitude, latitude=ground.latitude, height=ground.height
    )
    line, sample = found.line_and_sample(secondary.acquisition.bursts[burst].grid)
    # both line times lack the residual bistatic delay; nodes lie up to 0.06 line beside their row, where offsets are alike
    late = [
        bistatic_residual(r, reference_range=mid_range) / grid.azimuth_step
        for r in (distance, found.slant_range)
    ]
    line = line - late[1] + late[0]
    nodes = {"row_start": int(rows[0]), "row_step": 8, "col_start": int(cols[0]), "col_step": STEP}
    return (
        CoarseField(values=line - rows[:, None], **nodes),
        CoarseField(values=sample - cols, **nodes),
        CoarseField(values=found.slant_range - distance, **nodes),
    )


def crossed(scene, reference, secondary, burst, window):
    """Form reference times conj(secondary), flattened, over a window of the reference burst."""
    first, second = (d.acquisition.bursts[burst] for d in (reference, secondary))
    row_offset, col_offset, away = offsets_of(scene, reference, secondary, burst, window)
    taps = taps_of(second)
    shape = second.grid.shape
    found = resample(
        secondary.measurement.integers(Window(second.first_line, 0, shape.rows, shape.cols)),
        window,
        row_offset=row_offset,
        col_offset=col_offset,
        row_taps=taps.azimuth,
        col_taps=taps.range,
        carrier=secondary.carrier(second).chirp(),
        valid=ValidSamples(first=second.first_valid, last=second.last_valid),
        phase=away,
        cycles_per_unit=2.0 / second.radar.wavelength,
    )
    own = reference.measurement.complexes(
        Window(first.first_line + window.row, window.col, window.rows, window.cols)
    )
    valid = first.valid_samples()[window.slices]
    return np.where(valid, own, np.nan) * found.conj()


@pytest.mark.parametrize("index", [1, 2])
def test_the_overlap_shows_the_injected_error(scene, index):
    _, dates, _, _ = scene
    reference, secondary = dates[0], dates[index]
    earlier, later = reference.acquisition.bursts
    step = earlier.grid.azimuth_step
    shift = round((later.grid.azimuth_start - earlier.grid.azimuth_start) / step)
    rows, cols = earlier.grid.shape.rows - shift, earlier.grid.shape.cols
    above = crossed(scene, reference, secondary, 0, Window(shift, 0, rows, cols))
    below = crossed(scene, reference, secondary, 1, Window(0, 0, rows, cols))
    double = below * above.conj()
    # phases of blocks weigh alike: bright targets would count a hundredfold in one sum
    blocks = [np.angle(np.nansum(b)) for b in np.array_split(double, 25, axis=1)]
    found, sigma = np.mean(blocks), np.std(blocks) / 5.0
    separation = spectral_separation(
        reference.carrier(earlier),
        reference.carrier(later),
        azimuth_time=later.grid.azimuth_start + 0.5 * rows * step,
        slant_range=earlier.grid.range_start + 0.5 * cols * earlier.grid.range_step,
    )
    expected = 2.0 * np.pi * float(separation) * secondary.azimuth_error * step
    assert expected < -0.15
    # asked for: 2e-4 of a line, 0.0105 rad; what scatters are 25 blocks of 8000 independent samples each
    assert abs(found - expected) < max(0.0105, 3.0 * sigma)
    assert sigma < 0.01
