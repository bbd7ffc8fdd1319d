"""Scenes by name."""

import pytest

from fringeworks.errors import OutOfRangeError
from fringeworks.simulate.scene.layout import lay_out
from fringeworks.simulate.scene.presets import PRESETS, preset_scene


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_can_be_laid_out(name):
    scenario = preset_scene(name, {"n_dates": 2, "seed": 3, "orbit_hours": 0.1})
    assert len(scenario.passes) == 2
    assert scenario.orbit_hours == 0.1
    layout = lay_out(scenario)
    assert len(layout.swaths) == len(scenario.swaths)
    assert scenario.passes[1] != preset_scene(name, {"n_dates": 2, "seed": 4}).passes[1]


def test_the_demonstration_has_what_its_chain_must_find():
    scenario = preset_scene("demo")
    assert 6 <= len(scenario.passes) <= 8
    assert (scenario.swaths, scenario.bursts) == (("IW1", "IW2"), 2)
    assert [motion.name for motion in scenario.motions] == ["volcano", "field"]
    assert scenario.turbulence is not None
    assert "water" in {cover.name for cover in scenario.land}
    assert len(scenario.reflectors) >= 12
    assert scenario.passes[0].azimuth_error == {}
    for flown in scenario.passes[1:]:
        errors = flown.azimuth_error
        assert 0.0 < abs(errors["IW1"] - errors["IW2"]) < 0.02
        # an overlap of full lines tells errors up to 0.05 lines apart from their repetitions
        assert max(abs(v) for v in errors.values()) < 0.05


def test_a_direction_turns_the_rows_of_reflectors():
    town = {d: preset_scene("town", {"pass_direction": d}) for d in ("ascending", "descending")}
    assert town["ascending"].reflectors[0].north == town["descending"].reflectors[0].north
    assert town["ascending"].reflectors[0].east != town["descending"].reflectors[0].east


def test_unknown_presets_are_refused():
    with pytest.raises(OutOfRangeError, match="preset 'city'"):
        preset_scene("city")
    with pytest.raises(OutOfRangeError, match="wind of a scene"):
        preset_scene("town", {"wind": 3.0})
