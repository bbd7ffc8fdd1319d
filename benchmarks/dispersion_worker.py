"""One program's side of the benchmark of amplitude dispersion; runs in that program's own environment.

    python dispersion_worker.py PROGRAM FOLDER

PROGRAM: fringeworks or dolphin.  The stack is read from FOLDER/stack.npy, complex64 (date, line, sample); mean and
dispersion go to FOLDER/found_PROGRAM.npy.  Both begin with the complex images.
"""

import contextlib
import io
import resource
import sys
import time

import numpy as np

program, folder = sys.argv[1:3]
stack = np.load(f"{folder}/stack.npy")


def fringeworks():
    from fringeworks.timeseries.points import amplitude_dispersion

    def solve():
        found = amplitude_dispersion(stack)
        return found.mean, found.dispersion

    return solve


def dolphin():
    from dolphin.ps import calc_ps_block

    return lambda: calc_ps_block(np.abs(stack), 0.25)[:2]


def main():
    with contextlib.redirect_stdout(sys.stderr):
        solve = {"fringeworks": fringeworks, "dolphin": dolphin}[program]()
        solve()
    print("bench:ready", flush=True)
    result = None
    for _ in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):
            start, busy = time.perf_counter(), time.process_time()
            result = solve()
            seconds, busy = time.perf_counter() - start, time.process_time() - busy
        print(f"bench:seconds {seconds} {busy}", flush=True)
    np.save(f"{folder}/found_{program}.npy", np.stack([np.asarray(a, np.float32) for a in result]))
    print(f"bench:peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}", flush=True)


main()
