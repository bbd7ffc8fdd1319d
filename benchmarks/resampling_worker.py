"""One program's side of the resampling benchmark; runs in that program's own environment.

    python resampling_worker.py PROGRAM FOLDER

PROGRAM: fringeworks, opencv, or burst (ours with all that a TOPS burst needs).  Arrays are read from FOLDER; what is
found goes to FOLDER/found_PROGRAM.npy.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

program, folder = sys.argv[1], Path(sys.argv[2])
BANDS = (0.67, 0.85)


def fringeworks():
    from fringeworks.model.grids import Window
    from fringeworks.numerics.resample import CoarseField, resample
    from fringeworks.numerics.taps import design_taps

    image, offsets = np.load(folder / "image.npy"), np.load(folder / "offsets.npy")
    row_taps, col_taps = (design_taps(b) for b in BANDS)
    fields = [CoarseField(values=o) for o in offsets]
    out = np.empty_like(image)

    def work():
        return resample(
            image,
            Window(0, 0, *image.shape),
            row_offset=fields[0],
            col_offset=fields[1],
            row_taps=row_taps,
            col_taps=col_taps,
            out=out,
        )

    return work, {"taps": [len(row_taps), len(col_taps)]}


def opencv():
    import cv2

    cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))
    image, offsets = np.load(folder / "image.npy"), np.load(folder / "offsets.npy")
    channels = image.view(np.float32).reshape(*image.shape, 2)
    row = np.arange(image.shape[0], dtype=np.float32)[:, None] + offsets[0]
    col = np.arange(image.shape[1], dtype=np.float32) + offsets[1]
    out = np.empty_like(channels)

    def work():
        cv2.remap(channels, col, row, cv2.INTER_LANCZOS4, dst=out)
        return out.view(np.complex64)[..., 0]

    return work, {"version": cv2.__version__}


def burst():
    from fringeworks.model.grids import Shape, Window
    from fringeworks.numerics.resample import CoarseField, RowChirp, ValidSamples, resample
    from fringeworks.numerics.taps import design_taps

    rows, cols = 1500, 21_000
    samples = np.random.default_rng(0).integers(-200, 200, (rows, cols, 2), dtype=np.int16)
    i, j = np.arange(0, rows + 8, 8)[:, None], np.arange(0, cols + 16, 16)
    relief = 0.05 * np.sin(j / 300.0) * np.cos(i / 100.0)
    grid = {"row_step": 8, "col_step": 16}
    row_taps, col_taps = design_taps(0.705), design_taps(0.75)
    valid = ValidSamples.all_of(Shape(rows, cols))
    out = np.empty((rows, cols), np.complex64)
    line, distance = 2.0555563e-3, np.arange(cols) / cols
    arguments = {
        "row_offset": CoarseField(values=1.3 + 1e-5 * i + 2e-6 * j, **grid),
        "col_offset": CoarseField(values=-7.2 + 1e-5 * i + 3e-5 * j + relief, **grid),
        "phase": CoarseField(values=2.33 * (-7.2 + 3e-5 * j + relief), **grid),
        "cycles_per_unit": 2.0 / 0.05546576,
        "carrier": RowChirp(
            frequency=(40.0 - 30.0 * distance) * line,
            rate=(1480.0 - 40.0 * distance) * line**2,
            middle=0.5 * (rows - 1),
        ),
        "valid": valid,
        "row_taps": row_taps,
        "col_taps": col_taps,
        "out": out,
    }

    def work():
        return resample(samples, Window(0, 0, rows, cols), **arguments)

    return work, {"taps": [len(row_taps), len(col_taps)]}


def main():
    work, facts = {"fringeworks": fringeworks, "opencv": opencv, "burst": burst}[program]()
    (folder / f"{program}.json").write_text(json.dumps(facts))
    found = work()
    print("bench:ready", flush=True)
    for _ in sys.stdin:
        start, busy = time.perf_counter(), time.process_time()
        found = work()
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        print(f"bench:seconds {seconds} {busy}", flush=True)
    if program != "burst":
        np.save(folder / f"found_{program}.npy", found)
    print(f"bench:peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}", flush=True)


main()
