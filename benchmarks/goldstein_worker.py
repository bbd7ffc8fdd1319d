"""One program's side of the benchmark of Goldstein's filter; runs in that program's own environment.

    python goldstein_worker.py PROGRAM FOLDER

PROGRAM: fringeworks, whirlwind or dolphin.  The interferogram is read from FOLDER/phasor.npy; the filtered one goes to
FOLDER/filtered_PROGRAM.npy.  Patches of 32 pixels, strength 0.5, half overlap, as the programs have it.
"""

import contextlib
import io
import os
import resource
import sys
import time

os.environ.setdefault("RAYON_NUM_THREADS", os.environ.get("NUMBA_NUM_THREADS", "2"))

import numpy as np

program, folder = sys.argv[1:3]
phasor = np.load(f"{folder}/phasor.npy")
ALPHA, PATCH = 0.5, 32


def fringeworks():
    from fringeworks.interferometry.filters import goldstein

    return lambda: goldstein(phasor, alpha=ALPHA, window=PATCH, step=PATCH // 2, smoothing=1)


def whirlwind():
    import whirlwind

    return lambda: whirlwind.goldstein(phasor, ALPHA, PATCH)


def dolphin():
    from dolphin.goldstein import goldstein

    return lambda: goldstein(phasor, ALPHA, PATCH)


def main():
    with contextlib.redirect_stdout(sys.stderr):
        solve = {"fringeworks": fringeworks, "whirlwind": whirlwind, "dolphin": dolphin}[program]()
        solve()
    print("bench:ready", flush=True)
    result = None
    for _ in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):
            start, busy = time.perf_counter(), time.process_time()
            result = solve()
            seconds, busy = time.perf_counter() - start, time.process_time() - busy
        print(f"bench:seconds {seconds} {busy}", flush=True)
    np.save(f"{folder}/filtered_{program}.npy", np.asarray(result, np.complex64))
    print(f"bench:peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}", flush=True)


main()
