"""The manifest: what was requested, found, used and excluded, with reasons; times, memory, versions, figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fringeworks.errors import FringeworksError
from fringeworks.io.store import StepFolder, WorkingStore, read_json, write_json
from fringeworks.workflow.config import resolved
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
    imported, pairs = _values(store, "import", "stack"), _values(store, "pairs", "verdicts")
    known = read_json(path) if path.is_file() else {}
    write_json(
        path,
        {
            "manifest_version": MANIFEST_VERSION,
            "software": versions(),
            "configuration": resolved(plan.config),
            "configuration_hash": plan.config_hash,
            "inputs": imported.get("facts", {}),
            "dates": _dates(plan, pairs),
            "pairs": _pairs(plan, pairs),
            "bursts": {"requested": [], "found": [], "used": [], "excluded": []},
            "corrections": _corrections(plan, store),
            "checks": [f.as_dict() for f in plan.findings],
            "steps": [_step(store.step(s.stage.name)) for s in plan.steps],
            "closure": pairs.get("closure", {}),
            "inversion": _values(store, "invert", "residuals"),
            "reference": _values(store, "reference", "reference"),
            "models": _values(store, "fit", "fit"),
            "products": _values(store, "publish", "products"),
            "accuracy": known.get("accuracy", {}),
            "complete": failure is None and all(store.step(s.stage.name).record() for s in plan.steps),
            "failure": _failure(failure),
        },
    )
    return path


def add_accuracy(output: Path, accuracy: dict[str, Any]) -> None:
    """Add accuracy figures against a known truth to a manifest."""
    path = output / "manifest.json"
    content = read_json(path)
    content["accuracy"] = accuracy
    write_json(path, content)


def _values(store: WorkingStore, step: str, name: str) -> dict[str, Any]:
    folder = store.step(step)
    if folder.record() is None or not (folder.folder / "values" / f"{name}.json").is_file():
        return {}
    content: dict[str, Any] = folder.get(name)
    return content


def _dates(plan: Plan, pairs: dict[str, Any]) -> dict[str, Any]:
    found = [d.isoformat() for d in plan.survey.stack.network.dates]
    used = [d.isoformat() for d in plan.survey.network.dates]
    lost = {row["date"]: row["reason"] for row in pairs.get("lost_dates", [])}
    excluded = [{"date": d, "reason": "no pair that is used reaches it"} for d in found if d not in used]
    excluded += [{"date": d, "reason": reason} for d, reason in lost.items() if d in used]
    return {
        "requested": found,
        "found": found,
        "used": [d for d in used if d not in lost],
        "excluded": excluded,
    }


def _pairs(plan: Plan, pairs: dict[str, Any]) -> dict[str, Any]:
    survey = plan.survey
    rows = pairs.get("pairs", [])
    weighted = [r for r in rows if r["verdict"] != "good"]
    excluded = [{"pair": name, "reason": why} for name, why in (*survey.missing, *survey.left_out)]
    excluded += [{"pair": r["pair"], "reason": r["reason"]} for r in weighted if r["verdict"] == "excluded"]
    gone = {row["pair"] for row in excluded}
    found = [str(p) for p in survey.stack.network.pairs]
    return {
        "requested": sorted({*found, *(name for name, _ in survey.missing)}),
        "found": found,
        "used": [name for name in found if name not in gone],
        "down_weighted": [
            {"pair": r["pair"], "reason": r["reason"], "factor": r["factor"]}
            for r in weighted
            if r["verdict"] == "suspect"
        ],
        "excluded": excluded,
    }


def _corrections(plan: Plan, store: WorkingStore) -> dict[str, Any]:
    asked = list(plan.config.corrections.names)
    done = _values(store, "correct", "corrections")
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
