"""What the steps on images recorded, gathered for manifest and report: timing, seams, joins, pairs, unwrapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from fringeworks.io.store import StepFolder, WorkingStore, read_json
from fringeworks.model.stack import PairNetwork
from fringeworks.tops.options import GateOptions
from fringeworks.workflow.scenes import SceneStack


def recorded(store: WorkingStore, step: str, name: str) -> Any:
    """Return a value of a finished step; an empty mapping where the step is not done or left no such value."""
    folder = store.step(step)
    if folder.record() is None or not _path(folder, name).is_file():
        return {}
    return folder.get(name)


def _path(folder: StepFolder, name: str) -> Any:
    return folder.folder / "values" / f"{name}.json"


def everything(store: WorkingStore, step: str) -> dict[str, Any]:
    """Return all values of a finished step by name."""
    folder = store.step(step)
    if folder.record() is None:
        return {}
    return {path.stem: read_json(path) for path in sorted((folder.folder / "values").glob("*.json"))}


def coregistration_values(scenes: SceneStack, store: WorkingStore, *, gates: GateOptions) -> dict[str, Any]:
    """Return how the images were aligned, as plain values for JSON.

    Returns
    -------
    dict
        ``reference_date``, ``reference_reason``; ``shifts``: for each date and sub-swath lines and samples added to
        where geometry looks for a sample, with sigma (None: not known); ``overlaps``: double difference of each burst
        overlap and date before and after [rad], its sigma and its verdict; ``verdicts``: how many of each; ``limits``:
        of the verdicts; ``platforms``: what all dates of a platform share; ``joins``: ``phases``, ``seams`` and
        ``platforms`` between sub-swaths.
    """
    rows = recorded(store, "diversity", "overlaps") or []
    return {
        "reference_date": scenes.dates[scenes.reference].day.isoformat(),
        "reference_reason": scenes.reference_reason,
        "line_interval_s": scenes.frame.grid.azimuth_step,
        "sample_spacing_m": scenes.frame.grid.range_step,
        "shifts": shift_rows(recorded(store, "diversity", "shifts")),
        "overlaps": rows,
        "verdicts": dict(sorted(Counter(row["verdict"] for row in rows).items())),
        "limits": {name: getattr(gates, name) for name in ("pass_rad", "fail_rad", "sigmas")},
        "platforms": recorded(store, "diversity", "platforms"),
        "joins": everything(store, "joins"),
    }


def shift_rows(shifts: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row for each date and sub-swath, by sub-swath and date."""
    rows = []
    for key, values in shifts.items():
        day, _, swath = key.partition(" ")
        rows.append({"date": day, "swath": swath, **values})
    return sorted(rows, key=lambda row: (row["swath"], row["date"]))


def interferogram_values(network: PairNetwork, store: WorkingStore) -> dict[str, Any]:
    """Return what is known of every interferogram formed: coherence, baseline, filter.

    Returns
    -------
    dict
        ``coherence_window`` (lines, samples), ``effective_looks``, and ``pairs``: pair, days, perpendicular baseline
        [m], mean coherence, cells with a value, and by how much the filter turned the phase [rad].
    """
    formed = recorded(store, "interferograms", "pairs")
    if not formed:
        return {}
    baseline = network.perpendicular_baseline
    filtered = {row["pair"]: row for row in recorded(store, "filter", "pairs").get("pairs", [])}
    known = {str(pair): k for k, pair in enumerate(network.pairs)}
    rows = []
    for row in formed["pairs"]:
        k = known.get(row["pair"])
        rows.append(
            {
                **row,
                "days": None if k is None else network.pairs[k].days,
                "perpendicular_baseline_m": None if k is None or baseline is None else float(baseline[k]),
                "filter_change_rms_rad": filtered.get(row["pair"], {}).get("change_rms_rad"),
            }
        )
    return {**{k: v for k, v in formed.items() if k != "pairs"}, "pairs": rows}


def unwrapping_values(store: WorkingStore) -> dict[str, Any]:
    """Return how the interferograms were unwrapped: by what, which failed and why, parts and bridges of each.

    Returns
    -------
    dict
        ``methods``, ``n_pairs``, ``n_failed``, ``failed`` (pair, cause, message), ``n_bridges``, ``pairs`` (all that
        the step recorded), and ``repair``: what the closure of triplets changed afterwards.
    """
    rows = recorded(store, "unwrap", "pairs").get("pairs", [])
    if not rows:
        return {}
    failed = [row for row in rows if row.get("failed")]
    return {
        "methods": sorted({row["method"] for row in rows if row.get("method")}),
        "n_pairs": len(rows),
        "n_failed": len(failed),
        "failed": [{k: row.get(k, "") for k in ("pair", "cause", "message")} for row in failed],
        "n_bridges": sum(row.get("bridges", {}).get("used", 0) for row in rows),
        "pairs": rows,
        "repair": everything(store, "repair"),
    }
