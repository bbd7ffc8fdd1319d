"""A stack of images made up here: records alone, no file behind them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from fringeworks.io.store import WorkingStore
from fringeworks.model.acquisition import StateVectors
from fringeworks.model.elevation import ElevationModel
from fringeworks.model.grids import Looks, MapGrid, RadarGrid, Shape, Window
from fringeworks.model.identity import Polarisation, Swath
from fringeworks.model.stack import Pair, PairNetwork
from fringeworks.model.tally import Finding
from fringeworks.tops.frame import FrameBurst, RadarFrame
from fringeworks.workflow.area import Area
from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.config.load import config_from
from fringeworks.workflow.scenes import BurstSource, SceneDate, SceneStack
from fringeworks.workflow.scenes.virtual import stack_to_be
from fringeworks.workflow.survey import Survey

FIRST = date(2023, 1, 8)
LINES, SAMPLES = 200, 400
GRID = MapGrid("EPSG:32633", 490_000.0, 4_570_000.0, 30.0, -30.0, Shape(40, 60))


def frame(*, swaths: tuple[str, ...] = ("IW1", "IW2"), n_bursts: int = 2) -> RadarFrame:
    """Return bursts that overlap by 20 lines, sub-swaths by 40 samples."""
    bursts = []
    for s, swath in enumerate(swaths):
        for b in range(n_bursts):
            window = Window(b * (LINES - 20), s * (SAMPLES - 40), LINES, SAMPLES)
            name = f"T107-{228513 + b:06d}-{swath}"
            bursts.append(
                FrameBurst(name=name, id=None, swath=Swath(swath), window=window, valid=window, keep=window)
            )
    shape = Shape(LINES + (n_bursts - 1) * (LINES - 20), SAMPLES + (len(swaths) - 1) * (SAMPLES - 40))
    grid = RadarGrid("2023-01-20T04:59:56", 0.5, 0.002, 850_000.0, 2.33, shape)
    return RadarFrame(grid=grid, bursts=tuple(bursts))


def orbit(source: str) -> StateVectors:
    """Return state vectors that nobody flies."""
    return StateVectors(
        epoch="2023-01-20T04:59:00",
        time=np.array([0.0, 10.0]),
        position=np.array([[7e6, 0.0, 0.0], [7e6, 7e4, 0.0]]),
        velocity=np.full((2, 3), 7.5e3),
        source=source,
    )


def scenes(
    *,
    n_dates: int = 3,
    missing: tuple[tuple[int, str], ...] = (),
    outside: tuple[str, ...] = (),
    **changes: object,
) -> SceneStack:
    """Return a stack; ``missing`` names bursts that a date lacks, ``outside`` those that the area leaves out."""
    of_frame = frame()
    dates = []
    for k in range(n_dates):
        day = FIRST + timedelta(days=12 * k)
        held = {
            b.name: BurstSource(
                product=f"S1A_{day:%Y%m%d}.zip", swath=b.swath, polarisation=Polarisation.VV, index=0
            )
            for b in of_frame.bursts
            if (k, b.name) not in missing
        }
        dates.append(
            SceneDate(
                day=day,
                platform="S1A" if k % 2 == 0 else "S1C",
                bursts=held,
                orbit=orbit("precise" if k else "annotation"),
                reference_range=870_000.0,
                baseline=25.0 * (k - 1),
                doppler=10.0 + k,
                products=(f"S1A_IW_SLC__1SDV_{day:%Y%m%d}T045956_{day:%Y%m%d}T050002_046729_22D752_02A9",),
                orbit_files=(f"S1A_OPER_AUX_POEORB_V{day:%Y%m%d}.EOF",) if k else (),
            )
        )
    known = {
        "frame": of_frame,
        "stored": {b.name: b.window for b in of_frame.bursts if b.name not in outside},
        "dates": tuple(dates),
        "reference": 1,
        "reference_reason": "in the middle of time and baseline",
        "polarisation": Polarisation.VV,
        "wavelength": 0.0554658,
        "dem": ElevationModel(
            grid=MapGrid("EPSG:4326", 14.0, 42.0, 0.001, -0.001, Shape(4, 4)),
            height=np.zeros((4, 4), np.float32),
            datum="ellipsoid",
            stated_by="configuration",
            geoid="",
            geoid_digest="",
            sources=("dem.tif",),
        ),
        "heights": (-20.0, 480.0),
        "looks": Looks(azimuth=2, range=8),
        "looked": Shape(of_frame.grid.shape.rows // 2, of_frame.grid.shape.cols // 8),
        "grid": GRID,
        "effective_share": 0.4,
        "files": {"S1A_1.zip": "a", "dem.tif": "b"},
        "track": 107,
        "pass_direction": "descending",
        "heading": math.radians(-168.0),
        "centre_time": "04:59:58.5",
        "findings": (Finding("ok", "orbit", "precise"),),
    }
    return SceneStack(**{**known, **changes})


def survey(found: SceneStack, *, store: Path, pairs: list[Pair] | None = None) -> Survey:
    """Return what a run from these images would start with: every pair of consecutive dates and one across."""
    days = found.days
    chosen = pairs or [Pair(a, b) for k, a in enumerate(days) for b in days[k + 1 : k + 3]]
    stack = stack_to_be(found, PairNetwork.of(chosen), store=store)
    return Survey(
        stack=stack,
        area=Area(window=Window(0, 0, *GRID.shape), inside=None),
        grid=stack.grid,
        network=stack.network,
        index=tuple(range(len(chosen))),
        left_out=(),
        missing=found.missing,
        scenes=found,
    )


def config(folder: Path, **sections: object) -> RunConfig:
    """Return a configuration that starts from images."""
    values = {
        "inputs": {"slc": ["slc/*.zip"], "dem": "dem.tif"},
        "output": {"directory": str(folder / "out")},
        **sections,
    }
    return config_from(values, folder=folder)


def finish(store: WorkingStore, step: str, **values: object) -> None:
    """Write a step as if it had run: its values, and the record that says that it is whole."""
    folder = store.step(step)
    folder.begin({"digest": step, "n_blocks": 1})
    for name, value in values.items():
        folder.put(name, value)
    folder.finish(
        {
            "digest": step,
            "seconds": 1.0,
            "peak_memory_bytes": 1,
            "n_blocks": 1,
            "resumed": False,
            "tallies": [{"what": "things", "considered": 2, "used": 1, "rejected": {"bad": 1}}],
            "findings": [{"level": "note", "topic": step, "text": f"{step} said so"}],
            "outputs": {},
        }
    )


def aligned(found: SceneStack, store: WorkingStore) -> None:
    """Write what the steps of the alignment would have recorded."""
    days = [d.isoformat() for d in found.days]
    shifts = {
        f"{day} {swath}": {
            "lines": 0.01 * k,
            "lines_sigma": 0.0002,
            "samples": -0.03 * k,
            "samples_sigma": None,
        }
        for k, day in enumerate(days)
        for swath in ("IW1", "IW2")
    }
    overlaps = [
        {
            "overlap": f"{swath} {a}-{a + 1}",
            "date": day,
            "before_rad": 0.6 * (k - 1),
            "residual_rad": 0.2 if (k, swath) == (2, "IW2") else 0.01,
            "sigma_rad": 0.005,
            "verdict": "fail" if (k, swath) == (2, "IW2") else "pass",
        }
        for swath, a in (("IW1", 0), ("IW2", 2))
        for k, day in enumerate(days)
    ]
    platforms = {
        "S1C IW1": {
            "lines": 0.02,
            "sigma_lines": 0.001,
            "burst_step_rad": 1.2,
            "significant": True,
            "n_dates": 1,
        }
    }
    finish(store, "diversity", shifts=shifts, overlaps=overlaps, platforms=platforms)
    cells = [{"date": d, "burst": b, "n_valid": 10} for d in days for b in found.names]
    cells[0]["n_valid"] = 0
    finish(store, "coregister", bursts=cells)
    name = " / ".join(b.name for b in found.frame.bursts[::2])
    seam = {"overlap": name, "before_rad": 0.3, "residual_rad": 0.01, "sigma_rad": 0.004, "verdict": "pass"}
    finish(
        store,
        "joins",
        phases={f"{day} {swath}": 0.1 for day in days for swath in ("IW1", "IW2")},
        seams=[{**seam, "date": day} for day in days],
        platforms={
            "S1C IW1/IW2": {"phase_step_rad": 0.3, "sigma_rad": 0.01, "significant": False, "n_dates": 1}
        },
    )


def formed(found: Survey, store: WorkingStore, *, failed: int | None = 0) -> None:
    """Write what forming and unwrapping would have recorded; pair number ``failed`` failed."""
    names = [str(p) for p in found.network.pairs]
    rows = [{"pair": n, "n_valid": 100, "coherence_mean": 0.5 + 0.1 * k} for k, n in enumerate(names)]
    finish(
        store, "interferograms", pairs={"coherence_window": [6, 24], "effective_looks": 48.0, "pairs": rows}
    )
    finish(
        store, "filter", pairs={"pairs": [{"pair": n, "n_valid": 9, "change_rms_rad": 0.2} for n in names]}
    )
    good = {
        "failed": False,
        "method": "whirlwind",
        "licence": "BSD-3-Clause",
        "n_components": 3,
        "bridges": {"considered": 4, "used": 2, "listed": []},
    }
    bad = {"failed": True, "method": "whirlwind", "cause": "solver", "message": "it stopped"}
    unwrapped = [{"pair": n, **(bad if k == failed else good)} for k, n in enumerate(names)]
    finish(store, "unwrap", pairs={"pairs": unwrapped})
    finish(store, "repair", repair={"n_regions": 5, "n_repaired": 4, "regions": []})


def with_orbit(stack: SceneStack, index: int, source: str) -> SceneStack:
    """Return the stack with the orbit of one date from another source."""
    dates = list(stack.dates)
    dates[index] = replace(dates[index], orbit=orbit(source))
    return replace(stack, dates=tuple(dates))
