"""The reference: how it is chosen, refused, applied and taken back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.timeseries.models.twin import regular_dates

from fringeworks.errors import ReferenceUnusableError, ShapeMismatchError
from fringeworks.model.grids import MapGrid, Shape
from fringeworks.timeseries.reference import (
    Place,
    ReferencedSeries,
    ReferenceFields,
    ReferenceOptions,
    apply_reference,
    choose_place,
    given_place,
    measure_reference,
    reference_series,
)

DATES = regular_dates(9)
GRID = MapGrid("EPSG:32614", 500_000.0, 2_000_000.0, 30.0, -30.0, Shape(60, 80))


def scene(rng):
    """A scene that sinks in one place, is tilted, and is noisier on its right half."""
    y, x = np.mgrid[:60, :80]
    sinking = -0.2 * np.exp(-((y - 30) ** 2 + (x - 20) ** 2) / 200.0)
    velocity = sinking + 0.01 * y / 60 + 0.001 * rng.normal(size=y.shape)
    return ReferenceFields(
        usable=np.ones(y.shape, bool),
        velocity=velocity.astype(np.float32),
        rmse=np.where(x < 40, 0.004, 0.008).astype(np.float32),
        temporal_coherence=np.full(y.shape, 0.9, np.float32),
        coherence_mean=np.full(y.shape, 0.6, np.float32),
    )


def reference_of(rng, series, row=10, col=50, radius=2):
    place = Place(row=row, col=col, radius=radius, how="given", reason="here")
    at = place.window(series.shape[1:]).slices
    grid = replace(GRID, shape=Shape(*series.shape[1:]))
    usable = np.ones(series.shape[1:], bool)[at]
    return measure_reference(place, series[(slice(None), *at)], usable=usable, grid=grid, dates=DATES)


def test_a_stable_quiet_place_is_chosen(rng):
    place = choose_place(scene(rng), options=ReferenceOptions())
    assert place.how == "automatic"
    # the quiet half, and where the sinking (peak: 200) is lost in the scene's tilt of 10 mm a year, within which
    # nothing tells stable ground from moving ground
    assert place.col < 40
    assert 0.2 * np.exp(-((place.row - 30) ** 2 + (place.col - 20) ** 2) / 200.0) < 0.010
    # margin 3 and radius 2 from the edge
    assert 4 < place.row < 55
    assert place.col > 4
    assert "25 of 25 pixels usable" in place.reason
    assert "mm/yr" in place.reason


def test_stable_ground_is_found_beside_a_wide_bowl():
    # two thirds of the scene sink by up to 0.3 m a year: median and plane lie on the slope, the mode on the plateau
    x = np.linspace(0.0, 1.0, 90)
    profile = np.where(x < 1 / 3, 0.0, -0.3 * (x - 1 / 3) * 1.5)
    velocity = np.tile(profile, (60, 1)).astype(np.float32)
    flat = np.full(velocity.shape, 0.9, np.float32)
    fields = ReferenceFields(
        usable=np.ones(velocity.shape, bool), velocity=velocity, rmse=flat * 0.01, temporal_coherence=flat
    )
    assert choose_place(fields, options=ReferenceOptions()).col < 30


def test_the_choice_is_deterministic(rng):
    fields = scene(rng)
    assert choose_place(fields, options=ReferenceOptions()) == choose_place(
        fields, options=ReferenceOptions()
    )


def test_incoherent_and_unusable_places_are_passed_over(rng):
    fields = scene(rng)
    coherence, usable = fields.temporal_coherence.copy(), fields.usable.copy()
    coherence[:, :60] = 0.5
    usable[:30] = False
    place = choose_place(
        replace(fields, temporal_coherence=coherence, usable=usable), options=ReferenceOptions()
    )
    assert place.row >= 30 + 3
    assert place.col >= 60 - 2


def test_limits_give_way_and_the_reason_says_so(rng):
    fields = scene(rng)
    low = replace(fields, temporal_coherence=np.full((60, 80), 0.4, np.float32))
    assert "no place reaches the temporal coherence" in choose_place(low, options=ReferenceOptions()).reason
    speckled = np.zeros((60, 80), bool)
    speckled[::7, ::7] = True
    assert (
        "no area is wholly usable"
        in choose_place(replace(fields, usable=speckled), options=ReferenceOptions()).reason
    )
    narrow = np.zeros((60, 80), bool)
    narrow[20:26, 40:46] = True
    assert (
        "no place keeps the margin"
        in choose_place(replace(fields, usable=narrow), options=ReferenceOptions()).reason
    )


def test_one_usable_pixel_is_enough(rng):
    usable = np.zeros((60, 80), bool)
    usable[17, 33] = True
    place = choose_place(replace(scene(rng), usable=usable), options=ReferenceOptions())
    assert (place.row, place.col) == (17, 33)


def test_nothing_usable_is_refused(rng):
    with pytest.raises(ReferenceUnusableError, match="no pixel is usable"):
        choose_place(replace(scene(rng), usable=np.zeros((60, 80), bool)), options=ReferenceOptions())


def test_fields_of_other_shapes_are_refused(rng):
    with pytest.raises(ShapeMismatchError, match="as usable"):
        replace(scene(rng), velocity=np.zeros((3, 3), np.float32))


def test_a_given_place_outside_names_the_nearest():
    usable = np.zeros((60, 80), bool)
    usable[5:, :70] = True
    with pytest.raises(
        ReferenceUnusableError, match=r"lies outside the image of 60 x 80 pixels.*row 5, column 69"
    ):
        given_place(-4, 90, usable=usable, options=ReferenceOptions())


def test_a_masked_given_place_names_the_nearest():
    usable = np.ones((60, 80), bool)
    usable[10:30, 10:30] = False
    with pytest.raises(
        ReferenceUnusableError, match=r"holds no usable pixel.*nearest usable pixel is row 20, column 30"
    ):
        given_place(20, 24, usable=usable, options=ReferenceOptions())


def test_a_given_place_in_an_empty_image_says_so():
    with pytest.raises(ReferenceUnusableError, match="no pixel of the image is usable"):
        given_place(20, 24, usable=np.zeros((60, 80), bool), options=ReferenceOptions())


def test_a_good_given_place_is_taken():
    place = given_place(0, 79, usable=np.ones((60, 80), bool), options=ReferenceOptions(radius=3))
    assert (place.row, place.col, place.how) == (0, 79, "given")
    # a corner: 4 x 4 of 7 x 7
    assert "16 usable pixels" in place.reason


def test_the_area_is_zero_after_applying(rng):
    series = rng.normal(size=(9, 60, 80)).astype(np.float32)
    reference = reference_of(rng, series)
    assert reference.n_pixels == 25
    # centre of row 10, column 50
    assert (reference.x, reference.y) == (500_000.0 + 50.5 * 30, 2_000_000.0 - 10.5 * 30)
    relative = apply_reference(series, reference)
    mean = relative[:, 8:13, 48:53].astype(float).mean(axis=(1, 2))
    np.testing.assert_allclose(mean, 0.0, atol=1e-7)


def test_only_pixels_with_a_whole_series_count(rng):
    area = np.ones((9, 3, 3), np.float32)
    area[4, 0, 0] = np.nan
    area[:, 1, 1] = 100.0
    usable = np.ones((3, 3), bool)
    usable[1, 1] = False
    mean, count = reference_series(area, usable=usable)
    assert count == 7
    np.testing.assert_array_equal(mean, 1.0)


def test_an_area_without_a_whole_series_is_refused():
    area = np.full((9, 3, 3), np.nan, np.float32)
    with pytest.raises(ReferenceUnusableError, match="a value at every date"):
        reference_series(area, usable=np.ones((3, 3), bool))


def test_an_area_that_does_not_fit_is_refused(rng):
    place = Place(row=10, col=50, radius=2, how="given", reason="here")
    with pytest.raises(ShapeMismatchError, match="the place's window"):
        measure_reference(
            place, np.zeros((9, 4, 5), np.float32), usable=np.ones((4, 5), bool), grid=GRID, dates=DATES
        )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 11), st.integers(0, 13), st.integers(0, 3))
def test_going_to_another_reference_and_back_changes_no_bit(seed, row, col, radius):
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(9, 12, 14)).astype(np.float32)
    first, second = reference_of(rng, series, 4, 5, 1), reference_of(rng, series, row, col, radius)
    view = ReferencedSeries(series, first)
    back = view.relative_to(second).relative_to(first)
    np.testing.assert_array_equal(back[:], view[:])
    np.testing.assert_array_equal(view[:], apply_reference(series, first))
    # a second reference applied to the view's values is the second view, but for one rounding to float32
    again = reference_of(rng, view[:], row, col, radius)
    np.testing.assert_allclose(apply_reference(view[:], again), view.relative_to(second)[:], atol=1e-6)


def test_a_view_slices_like_an_array(rng):
    series = rng.normal(size=(9, 12, 14)).astype(np.float32)
    view = ReferencedSeries(series, reference_of(rng, series, 4, 5, 1))
    whole = apply_reference(series, view.reference)
    assert view.shape == (9, 12, 14)
    assert view.dtype == np.float32
    np.testing.assert_array_equal(view[3], whole[3])
    np.testing.assert_array_equal(view[2:5, 1:3, 4], whole[2:5, 1:3, 4])
    np.testing.assert_array_equal(view[3, 2, 1:4], whole[3, 2, 1:4])


def test_dates_are_checked(rng):
    series = rng.normal(size=(9, 12, 14)).astype(np.float32)
    reference = reference_of(rng, series, 4, 5, 1)
    with pytest.raises(ShapeMismatchError, match="as in the reference"):
        apply_reference(series[:8], reference)


def test_inputs_are_left_alone(rng):
    series = rng.normal(size=(9, 12, 14)).astype(np.float32)
    before = series.copy()
    apply_reference(series, reference_of(rng, series, 4, 5, 1))
    np.testing.assert_array_equal(series, before)
