"""A run's working store made by hand: two sub-swaths, three bursts, three dates, known numbers in every step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fringeworks.io.store import StepFolder, WorkingStore
from fringeworks.model.grids import Looks, Shape, Window
from fringeworks.workflow.tasks.places import POSTING, create_samples, nodes_of, write_samples

DATES = ("2021-03-01", "2021-03-13", "2021-03-25")
PAIRS = ("20210301_20210313", "20210301_20210325", "20210313_20210325")
WAVELENGTH = 0.0555
FRAME = Shape(40, 64)
LOOKS = Looks(2, 4)
LOOKED = Shape(20, 16)
MAP = Shape(30, 34)
STEPS = {"IW1": (0.0, 0.3, -0.2), "IW2": (0.0, -0.3, 0.2)}
"""Phase between sub-swaths of each date [rad]."""


@dataclass(frozen=True)
class MadeBurst:
    """A burst of the made frame."""

    name: str
    swath: str
    keep: Window
    stored: Window


BURSTS = (
    MadeBurst("T001-000001-IW1", "IW1", Window(1, 0, 17, 32), Window(1, 0, 20, 36)),
    MadeBurst("T001-000002-IW1", "IW1", Window(18, 0, 21, 32), Window(15, 0, 24, 36)),
    MadeBurst("T001-000001-IW2", "IW2", Window(2, 32, 36, 30), Window(2, 28, 36, 34)),
)


def samples_of(burst: MadeBurst) -> NDArray[np.complex64]:
    """Return samples, (date, line, sample), that half precision holds exactly; the last date lacks the last burst."""
    rng = np.random.default_rng(len(burst.name) + burst.stored.row)
    shape = (len(DATES), *burst.stored.shape)
    values = (rng.integers(-100, 100, shape) + 1j * rng.integers(-100, 100, shape)).astype(np.complex64)
    values[:, 0, 0] = complex(np.nan, np.nan)
    if burst.swath == "IW2":
        values[2] = complex(np.nan, np.nan)
    return values


def height_at(line: NDArray[np.float64], sample: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ground's height, linear so that interpolation between nodes is exact."""
    return 100.0 + 2.0 * line - 0.5 * sample


def looked_values() -> NDArray[np.complex64]:
    """Return phasors, (pair, line, sample)."""
    rng = np.random.default_rng(3)
    return np.exp(1j * rng.uniform(-3, 3, (len(PAIRS), *LOOKED))).astype(np.complex64)


def unwrapped_values() -> NDArray[np.float32]:
    """Return unwrapped phases, (pair, line, sample) [rad]."""
    return np.random.default_rng(4).uniform(-30, 30, (len(PAIRS), *LOOKED)).astype(np.float32)


def looked_position(
    row: NDArray[np.float64], col: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where the map's pixels lie in the averaged image: the map is the image, turned, with a margin."""
    return LOOKED.rows - 1 - 0.7 * row + 0.0 * col, 0.5 * col - 0.3 + 0.0 * row


def make_run(output: Path) -> Path:
    """Make the store of a run under a folder."""
    store = WorkingStore(output / "work")
    store.claim({"inputs.slc": ["made"]})
    for name, fill in (
        ("heights", _heights),
        ("coregister", _coregister),
        ("joins", _joins),
        ("interferograms", _interferograms),
        ("lookup", _lookup),
        ("filter", _filter),
        ("unwrap", _unwrap),
        ("geocode", _geocode),
    ):
        step = store.step(name)
        step.begin({"digest": name})
        fill(step)
        step.finish({"digest": name})
    return output


def _layout() -> dict[str, object]:
    grid = {
        "epoch": "2021-03-13T05:00:00",
        "azimuth_start_s": 1.25,
        "azimuth_step_s": 0.002,
        "range_start_m": 800_000.0,
        "range_step_m": 2.33,
        "shape": list(FRAME),
    }
    windows = {b.name: [[w.row, w.col, w.rows, w.cols] for w in (b.keep, b.stored)] for b in BURSTS}
    return {
        "grid": grid,
        "wavelength_m": WAVELENGTH,
        "dates": list(DATES),
        "reference": DATES[1],
        "polarisation": "VV",
        "bursts": [
            {"name": b.name, "swath": b.swath, "keep": windows[b.name][0], "stored": windows[b.name][1]}
            for b in BURSTS
        ],
    }


def _heights(step: StepFolder) -> None:
    step.put("layout", _layout())
    for burst in BURSTS:
        rows, cols = nodes_of(burst.stored)
        assert rows[1] - rows[0] == POSTING[0]
        values = height_at(rows[:, None].astype(float), cols[None].astype(float)).astype(np.float32)
        step.create_chunked(burst.name, values.shape, dtype="float32", chunks=values.shape)
        step.sink(burst.name)[:, :] = values


def _coregister(step: StepFolder) -> None:
    for burst in BURSTS:
        values = samples_of(burst)
        create_samples(step, burst.name, values.shape)
        for day in range(len(DATES)):
            write_samples(step, burst.name, (day, slice(0, burst.stored.rows)), values[day])


def _joins(step: StepFolder) -> None:
    step.put("phases", {f"{d} {s}": STEPS[s][k] for k, d in enumerate(DATES) for s in STEPS})


def _interferograms(step: StepFolder) -> None:
    step.put("pairs", {"looks": [LOOKS.azimuth, LOOKS.range], "pairs": [{"pair": p} for p in PAIRS]})
    _keep(step, "phasor", looked_values())
    _keep(step, "coherence", np.abs(looked_values()).astype(np.float32) * 0.5)


def _filter(step: StepFolder) -> None:
    _keep(step, "filtered", looked_values() * np.complex64(1j))


def _unwrap(step: StepFolder) -> None:
    _keep(step, "phase", unwrapped_values())
    _keep(step, "components", np.ones((len(PAIRS), *LOOKED), np.uint16))


def _lookup(step: StepFolder) -> None:
    rows, cols = np.meshgrid(
        np.arange(MAP.rows, dtype=float), np.arange(MAP.cols, dtype=float), indexing="ij"
    )
    row, col = looked_position(rows, cols)
    values = {"row": row, "col": col, "height": np.full(tuple(MAP), 250.0)}
    for name, image in values.items():
        step.create(name, tuple(MAP), dtype="float32", dims=("y", "x"))
        step.sink(name)[:, :] = image.astype(np.float32)
    looks = [LOOKS.azimuth, LOOKS.range]
    step.put(
        "grid",
        {"crs": "EPSG:32630", "transform": [40.0, 0, 5e5, 0, -40.0, 4e6], "shape": list(MAP), "looks": looks},
    )


def _geocode(step: StepFolder) -> None:
    values = np.arange(len(PAIRS) * MAP.size, dtype=np.float32).reshape(len(PAIRS), *MAP)
    _keep(step, "phase", values)
    _keep(step, "los_enu", np.broadcast_to(np.float32([0.6, -0.1, 0.79])[:, None, None], (3, *MAP)))


def _keep(step: StepFolder, name: str, values: NDArray) -> None:
    step.create_chunked(name, values.shape, dtype=values.dtype, chunks=(1, *values.shape[1:]))
    step.sink(name)[:, :, :] = values
