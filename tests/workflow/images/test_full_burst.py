"""A burst of full width and a hundred dates below the memory cap: coregistered samples to linked phases and candidates."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.soak

PROGRAM = """
import json, resource, sys, threading
from pathlib import Path
import numpy as np
from fringeworks.io.store import WorkingStore
from fringeworks.model.grids import Looks, Shape, Window
from fringeworks.timeseries.distributed.neighbours_options import NeighbourOptions
from fringeworks.timeseries.distributed.options import LinkingOptions
from fringeworks.timeseries.points.options import CandidateOptions
from fringeworks.workflow.stages.linking import rows_of_strip
from fringeworks.workflow.tasks.cells import halo_of, strips
from fringeworks.workflow.tasks.dispersing import DisperseSpec, disperse
from fringeworks.workflow.tasks.linking import LinkSpec, create_linked, link_strip
from fringeworks.workflow.tasks.places import STRIP, create_samples, write_samples

folder, lines, cols, n, cap = Path(sys.argv[1]), *(int(a) for a in sys.argv[2:6])
store = WorkingStore(folder)
step = store.step("coregister")
step.begin({"digest": "made"})
create_samples(step, "burst", (n, lines, cols))
rng = np.random.default_rng(1)
ground = (rng.standard_normal((STRIP, cols, 2)) @ [1, 1j]).astype(np.complex64)
own = (rng.standard_normal((STRIP, cols, 2)) @ [1, 1j]).astype(np.complex64)
for date in range(n):
    image = 100 * (0.8 * ground + 0.6 * np.roll(own, 977 * date, axis=1)) * np.exp(0.01j * date)
    for first in range(0, lines, STRIP):
        last = min(first + STRIP, lines)
        write_samples(step, "burst", (date, slice(first, last)), image[: last - first].astype(np.complex64))
looks, options = Looks(5, 20), LinkingOptions()
halo = halo_of(Shape(options.window_azimuth, options.window_range), looks)
stored, cells = Window(0, 0, lines, cols), Window(0, 0, lines // 5, cols // 20)
rows = rows_of_strip(cap, n_dates=n, cols=cols + 2 * halo.cols, halo=halo.rows, azimuth=looks.azimuth)
out = store.step("linking")
out.begin({"digest": "made"})
create_linked(out, "burst", n_dates=n, cells=cells, rows=rows)
found = strips(store=str(folder), name="burst", stored=stored, cells=cells, dates=tuple(range(n)), looks=looks, halo=halo, rows=rows)
used = 0
for strip in found:
    spec = LinkSpec(strip=strip, first_row=strip.cells.row, days=tuple(12.0 * k for k in range(n)), reference=0,
                    effective_share=0.6, options=options, neighbours=NeighbourOptions(), sequential=None)
    used += link_strip(spec)["tally"]["used"]
dispersed = store.step("dispersion")
dispersed.begin({"digest": "made"})
disperse(DisperseSpec(store=str(folder), name="burst", stored=stored, cells=cells, looks=looks, dates=tuple(range(n)),
                      rows=STRIP, options=CandidateOptions()))
phase = np.asarray(out.array("phase-burst")[n - 1, :, :])
wanted = np.angle(np.exp(0.01j * (n - 1)))
print(json.dumps({
    "cells": cells.shape.size, "used": used,
    "error_rad": float(np.nanmedian(np.angle(np.exp(1j * (phase - wanted))))),
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def test_a_hundred_dates_of_a_full_burst_stay_below_eight_gibibytes(tmp_path):
    """Made samples of coherence 0.64: phases are found, and the process stays below the cap."""
    lines, cols, dates, cap = 1500, 21000, 100, 8 * 2**30
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), *(str(v) for v in (lines, cols, dates, cap))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["used"] == found["cells"]
    assert abs(found["error_rad"]) < 0.01
    assert found["peak_mib"] < 8 * 1024
