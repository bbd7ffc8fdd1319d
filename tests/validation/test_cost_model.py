"""The estimate for a long strip is one JSON object, adds up, and grows as it should."""

from __future__ import annotations

import json

import pytest
from validation.cost_model import WORKERS, configuration, measure, table

from fringeworks.workflow.stages import stages_for


@pytest.fixture(scope="module")
def found():
    return measure()


def test_it_is_one_json_object_with_every_step(found):
    assert json.loads(json.dumps(found)) == found
    names = [step["step"] for step in found["steps"]]

    assert names == [stage.name for stage in stages_for(configuration(60.0, "sbas"))]
    assert found["strip"]["bursts"] == 162
    assert found["strip"]["dates"] == 150
    # every date with the next three, and long pairs of a season and a year against bias
    assert 150 * 3 < found["strip"]["pairs"] < 150 * 6
    assert found["strip"]["length_km"] == pytest.approx(1000, abs=20)
    lines = table(found)
    assert len(lines) > len(names)


def test_it_adds_up(found):
    for workers in map(str, WORKERS):
        assert found["hours"][workers] == pytest.approx(
            sum(s["hours"][workers] for s in found["steps"]), abs=0.01
        )
    assert found["disk_tib"] == pytest.approx(sum(s["disk_gib"] for s in found["steps"]) / 1024, abs=0.01)
    worst = max(found["steps"], key=lambda s: s["memory_per_worker_gib"])
    assert (found["memory_worst_step"], found["memory_per_worker_gib"]) == (
        worst["step"],
        worst["memory_per_worker_gib"],
    )


def test_more_workers_take_less_time_and_never_less_than_their_share(found):
    one, eight, many = (found["hours"][str(w)] for w in WORKERS)
    assert one > eight > many
    assert one / 8 <= eight
    # every burst of every date as two half-precision numbers
    largest = next(s for s in found["steps"] if s["step"] == "coregister")
    assert largest["disk_gib"] == pytest.approx(
        4 * found["strip"]["samples_of_a_date"] * 150 / 2**30, rel=0.01
    )


def test_half_the_dates_take_less_than_half_the_time():
    small, large = measure(n_dates=20), measure(n_dates=40)
    assert 1.8 < large["hours"]["1"] / small["hours"]["1"] < 4
    assert small["disk_tib"] < large["disk_tib"]
    fine = measure(n_dates=20, spacing=30.0)
    unwrap = {f["strip"]["spacing_m"]: f["steps"] for f in (small, fine)}
    hours = {k: next(s["hours"]["1"] for s in v if s["step"] == "unwrap") for k, v in unwrap.items()}
    # four times as many cells
    assert hours[30.0] / hours[60.0] == pytest.approx(4, rel=0.05)
