"""The manifest: what was requested, found, used and excluded, with reasons; times, memory, versions, figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fringeworks.errors import FringeworksError
from fringeworks.io.store import StepFolder, WorkingStore, read_json, write_json
from fringeworks.workflow.config import resolved
from fringeworks.workflow.image_records import (
    coregistration_values,
    interferogram_values,
    recorded,
    unwrapping_values,
)
from fringeworks.workflow.records import stack_values
from fringeworks.workflow.scenes.account import (
    burst_table,
    date_values,
    empty_bursts,
    lost_days,
    product_values,
)
from fringeworks.workflow.software import versions

if TYPE_CHECKING:
    from fringeworks.workflow.plan import Plan

MANIFEST_VERSION: Final = 1


def write_manifest(plan: Plan, store: WorkingStore, *, failure: BaseException | None = None) -> Path:
    """Write ``manifest.json`` into the output folder from the records of the steps.

    Parameters
    ----------
    plan : Plan
        What was to be done.
    store : WorkingStore
        Records of what was done.
    failure : exception, optional
        What stopped the run.
    """
    path = Path(plan.config.output.directory) / "manifest.json"
    pairs = recorded(store, "pairs", "verdicts")
    known = read_json(path) if path.is_file() else {}
    write_json(
        path,
        {
            "manifest_version": MANIFEST_VERSION,
            "software": versions(),
            "configuration": resolved(plan.config),
            "configuration_hash": plan.config_hash,
            "inputs": _inputs(plan, store),
            "dates": _dates(plan, pairs),
            "pairs": _pairs(plan, pairs, unwrapping_values(store)),
            "bursts": _bursts(plan, store),
            "corrections": _corrections(plan, store),
            "checks": [f.as_dict() for f in plan.findings],
            "steps": [_step(store.step(s.stage.name)) for s in plan.steps],
            "closure": pairs.get("closure", {}),
            "inversion": recorded(store, "invert", "residuals"),
            "reference": recorded(store, "reference", "reference"),
            "models": recorded(store, "fit", "fit"),
            "products": recorded(store, "publish", "products"),
            "points": recorded(store, "points", "points"),
            "accuracy": known.get("accuracy", {}),
            "complete": failure is None and all(store.step(s.stage.name).record() for s in plan.steps),
            "failure": _failure(failure),
            **_of_images(plan, store),
        },
    )
    return path


def add_accuracy(output: Path, accuracy: dict[str, Any]) -> None:
    """Add accuracy figures against a known truth to a manifest."""
    path = output / "manifest.json"
    content = read_json(path)
    content["accuracy"] = accuracy
    write_json(path, content)


def _inputs(plan: Plan, store: WorkingStore) -> dict[str, Any]:
    """Return what is known of the stack: as it was taken in, or as it is to be where only a pair is formed."""
    imported = recorded(store, "import", "stack")
    if imported or plan.survey.scenes is None:
        return dict(imported.get("facts", {}))
    return stack_values(plan.survey.stack, plan.survey.grid)


def _of_images(plan: Plan, store: WorkingStore) -> dict[str, Any]:
    """Return what only runs that start from images have to tell."""
    scenes = plan.survey.scenes
    if scenes is None:
        return {}
    return {
        "images": product_values(scenes),
        "coregistration": coregistration_values(scenes, store, gates=plan.config.coregistration.gates),
        "interferograms": interferogram_values(plan.survey.network, store),
        "unwrapping": unwrapping_values(store),
    }


def _bursts(plan: Plan, store: WorkingStore) -> dict[str, Any]:
    scenes = plan.survey.scenes
    if scenes is None:
        return {"requested": [], "found": [], "used": [], "excluded": []}
    empty = empty_bursts(recorded(store, "coregister", "bursts") or [])
    return burst_table(scenes, empty=empty).as_dict()


def _dates(plan: Plan, pairs: dict[str, Any]) -> dict[str, Any]:
    scenes = plan.survey.scenes
    found = [d.isoformat() for d in plan.survey.stack.network.dates]
    unpaired = "no pair that is used reaches it"
    excluded: list[dict[str, str]] = []
    lost_inputs: list[tuple[str, str]] = []
    if scenes is not None:
        found = sorted({*found, *(d.isoformat() for d in scenes.days), *(day for day, _ in scenes.left_out)})
        lost_inputs = lost_days(scenes)
        excluded = [{"date": day, "reason": why} for day, why in (*scenes.left_out, *lost_inputs)]
    used = [d.isoformat() for d in plan.survey.network.dates]
    lost = {row["date"]: row["reason"] for row in pairs.get("lost_dates", [])}
    named = {row["date"] for row in excluded}
    excluded += [{"date": d, "reason": unpaired} for d in found if d not in used and d not in named]
    excluded += [{"date": d, "reason": reason} for d, reason in lost.items() if d in used]
    return {
        "requested": sorted({*found, *(day for day, _ in lost_inputs)}),
        "found": found,
        "used": [d for d in used if d not in lost],
        "excluded": excluded,
        **({} if scenes is None else {"images": date_values(scenes)}),
    }


def _pairs(plan: Plan, pairs: dict[str, Any], unwrapping: dict[str, Any]) -> dict[str, Any]:
    survey = plan.survey
    failed = {r["pair"]: f"it could not be unwrapped: {r['message']}" for r in unwrapping.get("failed", [])}
    rows = pairs.get("pairs", [])
    weighted = [r for r in rows if r["verdict"] != "good"]
    missing = survey.missing if survey.scenes is None else ()  # of images these are products, no pairs
    excluded = [{"pair": name, "reason": why} for name, why in (*missing, *survey.left_out, *failed.items())]
    excluded += [
        {"pair": r["pair"], "reason": r["reason"]}
        for r in weighted
        if r["verdict"] == "excluded" and r["pair"] not in failed
    ]
    gone = {row["pair"] for row in excluded}
    found = [str(p) for p in survey.stack.network.pairs]
    return {
        "requested": sorted({*found, *(name for name, _ in missing)}),
        "found": found,
        "used": [name for name in found if name not in gone],
        "down_weighted": [
            {"pair": r["pair"], "reason": r["reason"], "factor": r["factor"]}
            for r in weighted
            if r["verdict"] == "suspect" and r["pair"] not in failed
        ],
        "excluded": excluded,
    }


def _corrections(plan: Plan, store: WorkingStore) -> dict[str, Any]:
    asked = list(plan.config.corrections.names)
    done = recorded(store, "correct", "corrections")
    return {
        "requested": asked,
        "found": asked,
        "used": done.get("used", []),
        "excluded": done.get("excluded", []),
    }


def _step(folder: StepFolder) -> dict[str, Any]:
    record = folder.record()
    if record is None:
        return {"name": folder.name, "state": "not finished", "blocks_done": folder.n_blocks_done()}
    keep = ("digest", "seconds", "peak_memory_bytes", "n_blocks", "resumed", "tallies", "findings", "outputs")
    return {"name": folder.name, "state": "done", **{k: record[k] for k in keep}}


def _failure(failure: BaseException | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    code = failure.code if isinstance(failure, FringeworksError) else 0
    return {"code": code, "kind": type(failure).__name__, "text": str(failure)}
