"""Presets are valid configurations, and what a user writes wins over them."""

from __future__ import annotations

import pytest

from fringeworks.errors import ConfigurationError, UnknownNameError
from fringeworks.workflow.config import config_from
from fringeworks.workflow.config.presets import PRESETS

INPUTS = {"slc": "slc", "dem": "dem.tif"}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_a_configuration(name, tmp_path):
    config = config_from({"preset": name, "inputs": INPUTS}, folder=tmp_path)
    assert config.links_phases
    assert config.linking.window_azimuth % 2 == 1
    assert config.linking.window_range % 2 == 1


def test_what_is_written_wins(tmp_path):
    values = {"preset": "urban", "inputs": INPUTS, "linking": {"window_range": 9}, "method": "ds"}
    config = config_from(values, folder=tmp_path)
    assert (config.linking.window_azimuth, config.linking.window_range) == (7, 9)
    assert config.methods == ("ds",)
    assert config.linking.neighbours.method == PRESETS["urban"].values["linking"]["neighbours"]["method"]
    assert PRESETS["urban"].values["linking"]["window_range"] == 21


def test_unknown_presets_are_named(tmp_path):
    with pytest.raises(UnknownNameError, match="suburban"):
        config_from({"preset": "suburban", "inputs": INPUTS}, folder=tmp_path)


@pytest.mark.parametrize("method", [[], ["ds", "ds"], ["pair", "sbas"], ["ds", "ps+ds"]])
def test_methods_that_exclude_each_other(method, tmp_path):
    with pytest.raises(ConfigurationError):
        config_from({"method": method, "inputs": INPUTS}, folder=tmp_path)


def test_scatterers_need_images(tmp_path):
    with pytest.raises(ConfigurationError, match="ps\\+ds"):
        config_from({"method": "ps+ds", "inputs": {"interferograms": {"path": "stack"}}}, folder=tmp_path)
