"""Stage `diversity`: the timing of every date and sub-swath from burst overlaps and amplitudes, and its gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import SeamError
from fringeworks.model.identity import Swath
from fringeworks.model.tally import Finding, Tally
from fringeworks.tops.diversity import AzimuthShifts, estimate_shifts
from fringeworks.tops.gates import judge
from fringeworks.tops.overlaps import date_pairs
from fringeworks.tops.platforms import platform_constants
from fringeworks.workflow.config import RunConfig, plain
from fringeworks.workflow.engines import Payload
from fringeworks.workflow.scenes.stack import SceneStack
from fringeworks.workflow.seams import comparing_seconds, seam_rows
from fringeworks.workflow.stage import Cost, Scale, Stage, StageContext
from fringeworks.workflow.tasks.matching import MatchSpec, match
from fringeworks.workflow.tasks.measuring import MeasureSpec, measure, read_statistics
from fringeworks.workflow.tasks.specs import dated_burst

_EXPECTED_SCATTER = 0.003
"""Scatter of dates' timing about their platform's that is expected anyway [lines]: orbits of 4 cm."""
_SURE = 0.016
"""Sigma of an azimuth shift by amplitudes that tells turns of double differences apart [lines]."""


def _parameters(config: RunConfig) -> Mapping[str, Any]:
    values = dict(plain(config.coregistration))
    for key in ("reference_date", "joins", "gate"):
        values.pop(key)
    return values


def _cost(scale: Scale) -> Cost:
    scenes = scale.scenes
    if scenes is None:
        return Cost()
    n_samples = min(scenes.largest.cols * 160, 1_500_000)
    return Cost(
        disk_bytes=1e6 * scenes.n_overlaps,
        seconds=0.5
        + scenes.n_overlaps * comparing_seconds(n_samples, n_dates=scale.n_dates)
        + scenes.n_swaths * (scale.n_dates - 1) * 0.8,
        n_tasks=scenes.n_overlaps,
        task_bytes=24.0 * n_samples * scale.n_dates + 5e7,
    )


def day_numbers(scenes: SceneStack) -> list[float]:
    """Return the dates in days since the first."""
    return [float((d - scenes.days[0]).days) for d in scenes.days]


def _work(context: StageContext) -> tuple[Tally, ...]:
    scenes, options = context.scenes, context.config.coregistration
    strips = context.upstream("overlaps").get("strips")
    overlaps = [row for row in strips if len(row["bursts"]) == 2 and options.diversity != "off"]
    pairs = date_pairs(day_numbers(scenes), reference=scenes.reference, options=options)
    measures = [spec for row in overlaps if (spec := _spec(context, row, pairs)) is not None]
    matches = _match_specs(context, strips) if options.range_matching else []
    specs: list[Any] = [*measures, *(spec for _, _, spec in matches)]
    payloads = context.each(run_either, specs)[len(measures) :]
    matched = {(swath, date): row for (swath, date, _), row in zip(matches, payloads, strict=True)}
    rows: dict[str, dict[str, Any]] = {}
    tally, seams = Tally("dates of sub-swaths", 0, 0), Tally("seams", 0, 0)
    tables: list[dict[str, Any]] = []
    known: dict[str, tuple[AzimuthShifts, float]] = {}
    fails = False
    for swath in scenes.frame.swaths():
        of_swath = [s for s in measures if s.label.startswith(f"{swath.value} ")]
        coarse = _coarse(scenes, swath, matched)
        shifts = _adjusted(context, of_swath, coarse)
        tally = tally + _note_swath(context, swath, shifts, rows)
        _note_ranges(context, swath, matched, rows)
        if shifts is not None:
            known[swath.value] = shifts, _separation(context, of_swath)
            judged, counts, failing = _judged(context, shifts)
            tables, seams, fails = tables + judged, seams + counts, fails or failing
    context.step.put("shifts", rows)
    context.step.put("overlaps", tables)
    context.step.put("platforms", _platforms(context, known))
    if fails and options.gate == "stop":
        raise SeamError(
            f"{sum(r['verdict'] == 'fail' for r in tables)} burst overlaps do not agree after adjustment",
            expected=f"steps below {options.gates.fail_rad} rad at every seam",
            hint="look at the dates the messages name; leave them out with inputs.exclude_dates, or set "
            "coregistration.gate to warn",
        )
    return tally, seams


def run_either(spec: MeasureSpec | MatchSpec) -> Payload:
    """Carry out either kind of task."""
    return measure(spec) if isinstance(spec, MeasureSpec) else match(spec)


def _match_specs(context: StageContext, strips: list[dict[str, Any]]) -> list[tuple[Swath, int, MatchSpec]]:
    scenes = context.scenes
    found = []
    for swath in scenes.frame.swaths():
        places = tuple(
            (row["array"], len(row["bursts"]), int(row["lines"][1]), sum(n for _, n in row["columns"]))
            for row in strips
            if row["label"].startswith(f"{swath.value} ")
        )
        for date in range(len(scenes.dates)):
            if date != scenes.reference and places:
                spec = MatchSpec(
                    store=str(context.store.folder),
                    strips=places,
                    date=date,
                    reference=scenes.reference,
                    options=context.config.coregistration.matching,
                )
                found.append((swath, date, spec))
    return found


def _coarse(
    scenes: SceneStack, swath: Swath, matched: Mapping[tuple[Swath, int], Payload]
) -> NDArray[np.float64]:
    """Return azimuth shifts by amplitudes [s], good enough to tell whole turns of the double differences apart."""
    step = scenes.frame.grid.azimuth_step
    result = np.zeros(len(scenes.dates))
    for (of_swath, date), row in matched.items():
        sigma = row["lines_sigma"]
        # a turn is 0.11 line: what is known to a seventh of it tells turns apart, and only a shift that is sure moves
        if (
            of_swath == swath
            and row["found"]
            and sigma is not None
            and sigma < _SURE
            and abs(row["lines"]) > 4 * sigma
        ):
            result[date] = row["lines"] * step
    return result


def _note_ranges(
    context: StageContext,
    swath: Swath,
    matched: Mapping[tuple[Swath, int], Payload],
    rows: dict[str, dict[str, Any]],
) -> None:
    """Take range shifts that amplitudes show; a date without one keeps that of the orbits, and that is said."""
    for (of_swath, date), row in matched.items():
        if of_swath != swath:
            continue
        day = context.scenes.days[date].isoformat()
        if not row["found"]:
            text = f"{day} {swath.value}: no range shift from amplitudes ({row['why']}): that of the orbits is kept"
            context.note(Finding("note", "range matching", text))
            continue
        rows[f"{day} {swath.value}"] |= {
            "samples": row["samples"],
            "samples_sigma": row["samples_sigma"],
            "matched_lines": row["lines"],
            "matched_lines_sigma": row["lines_sigma"],
        }


def _spec(context: StageContext, row: dict[str, Any], pairs: NDArray[np.int64]) -> MeasureSpec | None:
    scenes = context.scenes
    holders = set.intersection(*(set(scenes.holders(name)) for name in row["bursts"]))
    if len(holders) < 2:
        text = f"overlap {row['label']}: fewer than two dates hold both bursts; it says nothing of timing"
        context.note(Finding("warning", "overlaps", text))
        return None
    date = scenes.reference if scenes.reference in holders else min(holders)
    upper, lower = (
        dated_burst(scenes, store=str(context.store.folder), name=name, date=date) for name in row["bursts"]
    )
    if upper is None or lower is None:
        return None
    return MeasureSpec(
        store=str(context.store.folder),
        array=row["array"],
        label=row["label"],
        bursts=(upper, lower),
        lines=tuple(row["lines"]),
        columns=tuple(tuple(c) for c in row["columns"]),
        pairs=pairs,
        fraction=scenes.effective_share,
        options=context.config.coregistration,
    )


def _adjusted(
    context: StageContext, specs: list[MeasureSpec], coarse: NDArray[np.float64]
) -> AzimuthShifts | None:
    if not specs:
        return None
    statistics = [read_statistics(str(context.store.folder), s.array) for s in specs]
    return estimate_shifts(
        statistics,
        reference=context.scenes.reference,
        options=context.config.coregistration,
        coarse=coarse,
    )


def _separation(context: StageContext, specs: list[MeasureSpec]) -> float:
    """Return the mean distance of the two Dopplers in the overlaps of a sub-swath [Hz]."""
    store = str(context.store.folder)
    values = [read_statistics(store, s.array).separation for s in specs]
    joined = np.concatenate([*values, np.zeros(0)])
    return float(np.abs(joined).mean()) if joined.size else float("nan")


def _note_swath(
    context: StageContext, swath: Swath, shifts: AzimuthShifts | None, rows: dict[str, dict[str, Any]]
) -> Tally:
    scenes = context.scenes
    step = scenes.frame.grid.azimuth_step
    n = len(scenes.dates)
    lines, sigmas = (np.zeros(n), np.full(n, np.nan)) if shifts is None else shifts.in_lines(step)
    for k, scene in enumerate(scenes.dates):
        rows[f"{scene.day.isoformat()} {swath.value}"] = {
            "lines": float(lines[k]),
            "lines_sigma": _number(sigmas[k]),
            "samples": 0.0,
            "samples_sigma": None,
            "bursts": _by_burst(scenes, swath, shifts, k),
        }
    if shifts is None:
        if context.config.coregistration.diversity != "off":
            text = f"{swath}: no two bursts overlap: azimuth timing is that of the orbits (about 0.005 line)"
            context.note(Finding("note", "diversity", text))
        return Tally("dates of sub-swaths", n, 0, {"no overlap": n})
    for finding in shifts.findings:
        context.note(Finding(finding.level, finding.topic, f"{swath}: {finding.text}"))
    known = int(np.isfinite(sigmas).sum())
    return Tally("dates of sub-swaths", n, known, {"no usable overlap": n - known})


def _by_burst(scenes: SceneStack, swath: Swath, shifts: AzimuthShifts | None, date: int) -> dict[str, float]:
    """Return the shift at the middle of each burst [lines], where it varies along the sub-swath."""
    if shifts is None or shifts.terms.shape[1] == 1:
        return {}
    step = scenes.frame.grid.azimuth_step
    found = {}
    for index in scenes.frame.of_swath(swath):
        burst = scenes.frame.bursts[index]
        middle = (burst.window.row + 0.5 * burst.window.rows) * step
        found[burst.name] = float(shifts.at(middle)[date] / step)
    return found


def _number(value: float) -> Any:
    return float(value) if np.isfinite(value) else None


def _judged(context: StageContext, shifts: AzimuthShifts) -> tuple[list[dict[str, Any]], Tally, bool]:
    """Return the rows of a sub-swath's overlaps, their tally, and whether one fails."""
    days = [d.isoformat() for d in context.scenes.days]
    verdicts = judge(shifts.table, dates=days, options=context.config.coregistration.gates)
    for finding in verdicts.findings:
        context.note(finding)
    rows = seam_rows(shifts.table, verdicts, days)
    return rows, verdicts.tally, any(row["verdict"] == "fail" for row in rows)


def _platforms(context: StageContext, known: dict[str, tuple[AzimuthShifts, float]]) -> dict[str, Any]:
    """Report what all dates of a platform share: constants of timing; the shifts of dates hold them already."""
    scenes = context.scenes
    platforms = [d.platform for d in scenes.dates]
    if len(set(platforms)) < 2 or not known:
        return {}
    step = scenes.frame.grid.azimuth_step
    columns = list(known)
    turns = [2.0 * np.pi * separation for _, separation in known.values()]
    constants = platform_constants(
        np.stack([shifts.shift for shifts, _ in known.values()], axis=1),
        np.stack([shifts.sigma for shifts, _ in known.values()], axis=1),
        platforms=platforms,
        reference=scenes.reference,
        columns=columns,
        significance=context.config.coregistration.join.platform_significance,
        least_scatter=_EXPECTED_SCATTER * step,
        what="azimuth shift",
        units={"line": 1.0 / step, "rad from burst to burst": turns},
    )
    for finding in constants.findings:
        context.note(finding)
    return {
        f"{platform} {column}": {
            "lines": _number(constants.constant[p, c] / step),
            "sigma_lines": _number(constants.sigma[p, c] / step),
            "burst_step_rad": _number(constants.constant[p, c] * turns[c]),
            "significant": bool(constants.is_significant[p, c]),
            "n_dates": int(constants.n_dates[p, c]),
        }
        for p, platform in enumerate(constants.platforms)
        for c, column in enumerate(columns)
    }


STAGE = Stage(
    name="diversity",
    version=1,
    after=("overlaps",),
    meaning="find each date's timing from burst overlaps and amplitudes",
    parameters=_parameters,
    work=_work,
    cost=_cost,
)
