"""Runs from images: what manifest, plan and status say of dates, bursts, products, timing, pairs."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import numpy as np
import pytest
from tests.workflow import made_scenes as made

from fringeworks.cli import main
from fringeworks.cli.images import image_lines, left_out_table
from fringeworks.cli.show import out, plan_values
from fringeworks.io.store import WorkingStore
from fringeworks.workflow import plan as planning
from fringeworks.workflow.image_records import (
    coregistration_values,
    interferogram_values,
    shift_rows,
    unwrapping_values,
)
from fringeworks.workflow.image_report import images_of, unwrapping_texts
from fringeworks.workflow.manifest import write_manifest
from fringeworks.workflow.plan import make_plan
from fringeworks.workflow.scenes.account import (
    EMPTY,
    NOT_HELD,
    OUTSIDE,
    baselines_of,
    burst_table,
    lost_days,
    scene_values,
)
from fringeworks.workflow.stage import StageContext
from fringeworks.workflow.stages import stages_for
from fringeworks.workflow.status import status

LACKING = ((2, "T107-228514-IW2"),)
REFUSED = (
    ("S1A_IW_SLC__1SDV_20230213T045956_20230213T050002_047079_6652F7_867D.zip", "FW2002: no zip"),
    ("noise.zip", "FW2002: no zip"),
)


@pytest.fixture
def patchy():
    """Give a stack in which a burst is missing, one outside the area, products unreadable, a date left out."""
    stack = made.scenes(missing=LACKING, outside=("T107-228513-IW1",))
    return replace(stack, missing=REFUSED, left_out=(("2023-01-02", "left out by the user"),))


@pytest.fixture
def store(tmp_path):
    """Give an empty working store."""
    return WorkingStore(tmp_path / "out" / "work")


def test_every_cell_of_the_table_is_used_or_has_its_reason(patchy):
    table = burst_table(patchy, empty={("2023-01-20", "T107-228514-IW1")})
    assert table.held.sum() == 3 * 4 - 1
    reasons = {(d.isoformat(), b): why for d, b, why in table.excluded}
    assert reasons["2023-02-01", "T107-228514-IW2"] == NOT_HELD
    assert reasons["2023-01-20", "T107-228514-IW1"] == EMPTY
    assert [reasons[d.isoformat(), "T107-228513-IW1"] for d in patchy.days] == [OUTSIDE] * 3
    assert len(reasons) == 5
    assert table.used.sum() + len(table.excluded) == table.used.size
    values = table.as_dict()
    assert len(values["used"]) + len(values["excluded"]) == len(values["requested"]) == 12
    assert set(values["used"]) <= set(values["found"]) <= set(values["requested"])
    assert np.sum(values["matrix"]) == len(values["used"])
    assert [c["n_dates"] for c in values["columns"]] == np.sum(values["matrix"], axis=0).tolist()


def test_baselines_of_dates_are_signed_as_those_of_pairs(tmp_path):
    stack = made.scenes()
    found = made.survey(stack, store=tmp_path)
    baselines = dict(zip(stack.days, baselines_of(stack), strict=True))
    for pair, value in zip(found.network.pairs, found.network.perpendicular_baseline, strict=True):
        assert baselines[pair.secondary] - baselines[pair.reference] == pytest.approx(value)
    assert str(baselines[stack.days[stack.reference]]) == "0.0"


def test_a_product_that_cannot_be_read_names_its_date(patchy):
    assert lost_days(patchy) == [("2023-02-13", "its product cannot be read: FW2002: no zip")]
    assert lost_days(replace(patchy, left_out=(("2023-02-13", "asked for"),))) == []


def test_what_is_settled_before_pixels_is_plain(patchy):
    values = scene_values(patchy)
    assert json.loads(json.dumps(values)) == values
    assert values["reference_date"] == "2023-01-20"
    assert [d["orbit"] for d in values["dates"]] == ["annotation", "precise", "precise"]
    assert [d["n_bursts"] for d in values["dates"]] == [4, 4, 3]
    assert values["looks"] == {"azimuth": 2, "range": 8}
    assert values["map"]["shape"] == [40, 60]
    assert {row["date"] for row in values["left_out"]} == {"2023-01-02", "2023-02-13"}


def test_records_of_steps_that_are_not_done_are_empty(store):
    stack = made.scenes()
    network = made.survey(stack, store=store.folder).network
    gates = made.config(store.folder).coregistration.gates
    found = coregistration_values(stack, store, gates=gates)
    assert (found["shifts"], found["overlaps"], found["verdicts"], found["joins"]) == ([], [], {}, {})
    assert found["limits"]["pass_rad"] == gates.pass_rad
    assert interferogram_values(network, store) == {}
    assert unwrapping_values(store) == {}
    assert unwrapping_texts({}) == ()


def test_records_of_steps_that_are_done(store):
    stack = made.scenes()
    survey = made.survey(stack, store=store.folder)
    made.aligned(stack, store)
    made.formed(survey, store)
    found = coregistration_values(stack, store, gates=made.config(store.folder).coregistration.gates)
    assert found["verdicts"] == {"fail": 1, "pass": 5}
    first = found["shifts"][0]
    assert (first["date"], first["swath"], first["lines"], first["samples_sigma"]) == (
        "2023-01-08",
        "IW1",
        0.0,
        None,
    )
    assert [r["swath"] for r in found["shifts"]] == ["IW1"] * 3 + ["IW2"] * 3
    assert set(found["joins"]) == {"phases", "seams", "platforms"}
    pairs = interferogram_values(survey.network, store)["pairs"]
    assert pairs[1]["coherence_mean"] == pytest.approx(0.6)
    assert pairs[1]["filter_change_rms_rad"] == pytest.approx(0.2)
    assert pairs[1]["days"] == 24
    assert pairs[1]["perpendicular_baseline_m"] == pytest.approx(-50.0)
    unwrapping = unwrapping_values(store)
    assert unwrapping["failed"] == [{"pair": "20230108_20230120", "cause": "solver", "message": "it stopped"}]
    assert unwrapping["n_bridges"] == 4
    texts = dict(unwrapping_texts(unwrapping))
    assert texts["unwrapped"] == "2 of 3 interferograms"
    assert texts["mended"].startswith("4 of 5 regions")
    assert shift_rows({}) == []


def planned(tmp_path, stack, **sections):
    config = made.config(tmp_path, **sections)
    store = WorkingStore(tmp_path / "out" / "work")
    (tmp_path / "out" / "work").mkdir(parents=True, exist_ok=True)
    return make_plan(config, survey=made.survey(stack, store=store.folder)), store


def test_the_manifest_accounts_for_dates_bursts_products_and_pairs(tmp_path, patchy):
    plan, store = planned(tmp_path, patchy)
    made.aligned(patchy, store)
    made.formed(plan.survey, store)
    found = json.loads(write_manifest(plan, store).read_text())
    assert found["manifest_version"] == 1
    dates = found["dates"]
    assert dates["requested"] == ["2023-01-02", "2023-01-08", "2023-01-20", "2023-02-01", "2023-02-13"]
    assert dates["found"] == dates["requested"][:-1]
    assert dates["used"] == ["2023-01-08", "2023-01-20", "2023-02-01"]
    assert {r["date"]: r["reason"] for r in dates["excluded"]} == {
        "2023-01-02": "left out by the user",
        "2023-02-13": "its product cannot be read: FW2002: no zip",
    }
    assert [d["platform"] for d in dates["images"]] == ["S1A", "S1C", "S1A"]
    assert dates["images"][1]["orbit_files"] == ["S1A_OPER_AUX_POEORB_V20230120.EOF"]
    bursts = found["bursts"]
    assert len(bursts["used"]) + len(bursts["excluded"]) == len(bursts["requested"])
    images = found["images"]
    assert len(images["used"]) + len(images["excluded"]) == len(images["requested"]) == 5
    pairs = found["pairs"]
    assert {r["pair"] for r in pairs["excluded"]} == {"20230108_20230120"}
    assert "it stopped" in pairs["excluded"][0]["reason"]
    assert len(pairs["used"]) + len(pairs["excluded"]) == len(pairs["requested"]) == 3
    assert found["coregistration"]["verdicts"] == {"fail": 1, "pass": 5}
    assert len(found["interferograms"]["pairs"]) == 3
    assert found["unwrapping"]["n_failed"] == 1


def test_the_manifest_of_a_run_that_stopped_early_is_whole(tmp_path):
    plan, store = planned(tmp_path, made.scenes())
    found = json.loads(write_manifest(plan, store, failure=ValueError("no")).read_text())
    assert found["failure"]["kind"] == "ValueError"
    assert found["interferograms"] == found["unwrapping"] == {}
    assert not found["complete"]
    assert found["inputs"]["source_format"] == "sentinel-1 slc"


def test_the_plan_draws_dates_and_bursts(patchy):
    text = "\n".join(image_lines(patchy))
    assert "3 images of track 107 descending, VV, 4 bursts of IW1, IW2" in text
    rows = [line.split() for line in text.splitlines() if line.startswith("2023")]
    assert [r[6:] for r in rows if r[4] == "reference"] == [["Hz", "o#", "##", "0"]]
    assert rows[2][-3:] == ["o#", "#.", "1"]
    assert "IW1: T107-228513-IW1 to T107-228514-IW1" in text
    assert "reference date 2023-01-20: in the middle of time and baseline" in text
    assert "looks 2 x 8" in text
    assert "map 40 x 60 pixels of 30 m, EPSG:32633" in text
    console = out()
    with console.capture() as capture:
        console.print(left_out_table(patchy))
    shown = " ".join(capture.get().split())
    for word in ("2023-01-02", "2023-02-13", "noise.zip", "2023-02-01 T107-228514-IW2", "3 bursts"):
        assert word in shown
    assert left_out_table(made.scenes()) is None


def test_the_plan_as_json_carries_the_same_facts(tmp_path, patchy):
    plan, _ = planned(tmp_path, patchy)
    values = plan_values(plan)
    assert values["images"] == scene_values(patchy)
    assert [p["pair"] for p in values["pairs"]] == [str(p) for p in plan.survey.network.pairs]
    assert values["pairs"][0]["perpendicular_baseline_m"] == pytest.approx(-25.0)
    assert json.loads(json.dumps(values)) == values


def test_plan_and_status_on_the_command_line(tmp_path, patchy, monkeypatch, capsys):
    found = made.survey(patchy, store=tmp_path / "out" / "work")
    monkeypatch.setattr(planning, "survey_inputs", lambda _: found)
    path = tmp_path / "run.yaml"
    path.write_text("inputs: {slc: ['slc/*.zip'], dem: dem.tif}\noutput: {directory: out}\n")
    assert main(["plan", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "bursts by date (# used, o outside the area, . missing)" in shown
    assert "Not used" in shown
    assert main(["status", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "8 of 12 bursts of dates used, aligned with 2023-01-20; 3 interferograms" in shown
    assert "s more" in shown
    assert main(["status", str(path), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["images"]["bursts_not_used"] == 4
    assert values["n_pairs"] == 3
    assert status(made.config(tmp_path))["seconds_left"] > 0


def context_of(plan, store, step="report"):
    return StageContext(
        config=plan.config,
        store=store,
        step=store.step(step),
        output=store.folder.parent,
        survey=plan.survey,
        events=lambda _: None,
        cancel=threading.Event(),
        cost=plan.steps[0].cost,
    )


def test_the_report_gets_images_seams_and_constants(tmp_path, patchy):
    plan, store = planned(tmp_path, patchy)
    made.aligned(patchy, store)
    images = images_of(context_of(plan, store))
    assert images.days == patchy.days
    assert images.states.shape == (3, 4)
    # outside the area, no valid sample (the first cell that was aligned), used; then the missing one
    assert images.states[0].tolist() == [2, 0, 3, 3]
    assert images.states[2].tolist() == [2, 3, 3, 1]
    assert {s.verdict for s in images.seams} == {"pass", "fail"}
    assert images.limits == (0.05, 0.15)
    assert [c.unit for c in images.constants] == ["lines", "rad"]
    assert images.boundaries[0].group == "IW1/IW2"
    assert np.isnan(images.shifts[0].samples_sigma)
    assert len(images.joins) == 6


def test_a_pair_ends_with_catalogue_and_page(tmp_path):
    names = [s.name for s in stages_for(made.config(tmp_path, method="pair"))]
    assert names[-4:] == ["geocode", "publish", "catalogue", "report"]
    assert names[-4:-1] != [s.name for s in stages_for(made.config(tmp_path))][-4:-1]
