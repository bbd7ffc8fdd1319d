"""The one table of layers holds what a reader of a file needs, and no contradiction."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError
from fringeworks.model.layers import AWAY, LAYERS, NOT_RECOMMENDED, QUALITY_MEANING, TOWARD, Quality, layer_of

SIGNED_UNITS = {"m/year", "m/year^2"}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS.keys())
def test_a_layer_can_be_written_and_read(layer):
    dtype = np.dtype(layer.dtype)
    if dtype.kind == "f":
        assert np.isnan(layer.fill)
    else:
        limits = np.iinfo(dtype)
        assert limits.min <= layer.fill <= limits.max
        assert layer.fill == int(layer.fill)
    assert layer.long_name
    assert layer.unit
    assert layer.meaning.endswith(".")
    assert layer.axis in {"", "date", "enu"}
    assert layer.colours in mpl.colormaps


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS.keys())
def test_the_fill_value_lies_outside_the_valid_range(layer):
    if layer.valid_range is None:
        return
    low, high = layer.valid_range
    assert low < high
    assert not low <= layer.fill <= high


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS.keys())
def test_what_moves_says_which_way_is_positive(layer):
    moves = layer.unit in SIGNED_UNITS and not layer.name.endswith("_std")
    assert not moves or layer.sign == TOWARD
    if layer.unit == "rad" and layer.valid_range is None:
        assert layer.sign == AWAY
    if layer.name.endswith("_std"):
        assert layer.sign == ""
        assert layer.valid_range == (0.0, np.inf)
        assert LAYERS[layer.name.removesuffix("_std")].unit == layer.unit


def test_motion_toward_the_satellite_is_blue_and_away_is_red():
    # One choice for every signed layer: red = away = subsiding, blue = toward = rising.
    for layer in LAYERS.values():
        if layer.sign == TOWARD:
            assert layer.colours == "RdBu"
        if layer.name == "unwrapped":
            assert layer.colours == "RdBu_r"


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("velocity", "velocity"),
        ("step_20200101", "step"),
        ("step_20200101_std", "step_std"),
        ("postseismic_log_20200101", "postseismic"),
        ("postseismic_exp_20200101_std", "postseismic_std"),
    ],
)
def test_a_file_stem_finds_its_layer(name, layer):
    assert layer_of(name) is LAYERS[layer]


def test_an_unknown_layer_is_named():
    with pytest.raises(OutOfRangeError, match=r"layer 'speed'; expected: a name of the layer table"):
        layer_of("speed")


def test_every_quality_bit_is_one_bit_with_a_meaning_that_fits_the_type():
    assert set(QUALITY_MEANING) == set(Quality)
    for bit in Quality:
        assert int(bit).bit_count() == 1
    everything = sum(Quality)
    assert everything < LAYERS["quality_flags"].fill


def test_the_table_cannot_be_changed_by_accident():
    with pytest.raises(TypeError, match="does not support item assignment"):
        LAYERS["velocity"] = LAYERS["height"]  # type: ignore[index]


def test_doubts_that_do_not_forbid_use_are_few_and_named():
    kept = Quality(sum(Quality)) & ~NOT_RECOMMENDED
    assert kept == (
        Quality.UNWRAPPING_ERROR | Quality.CLOSURE_BIAS | Quality.DATES_MISSING | Quality.NOT_CONVERGED
    )
