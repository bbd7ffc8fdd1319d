"""One program's side of the benchmark of phase linking; runs in that program's own environment.

    python linking_worker.py PROGRAM METHOD FOLDER LINES_A_CELL SAMPLES_A_CELL

PROGRAM: fringeworks or dolphin; METHOD: emi, evd or (fringeworks) ml.  The images are read from FOLDER/stack.npy,
complex64 (date, line, sample); the linked phases, less those of the first date, go to FOLDER/phase_PROGRAM_METHOD.npy.
The window has 11 x 11 samples.
"""

import contextlib
import io
import resource
import sys
import time

import numpy as np

program, method, folder = sys.argv[1:4]
strides = tuple(int(word) for word in sys.argv[4:6])
stack = np.load(f"{folder}/stack.npy")
days = np.load(f"{folder}/days.npy")


def fringeworks():
    from fringeworks.model.grids import Looks
    from fringeworks.timeseries.distributed import LinkingOptions, link

    options = LinkingOptions(method=method, window_azimuth=11, window_range=11)
    return lambda: link(stack, days=days, options=options, strides=Looks(*strides)).phase


def dolphin():
    from dolphin import HalfWindow, Strides
    from dolphin.phase_link import run_phase_linking

    half, cells = HalfWindow(5, 5), Strides(*strides)

    def solve():
        found = run_phase_linking(stack, half, cells, use_evd=method == "evd", compute_crlb=False)
        return np.asarray(found.cpx_phase)

    return solve


def main():
    with contextlib.redirect_stdout(sys.stderr):
        solve = {"fringeworks": fringeworks, "dolphin": dolphin}[program]()
        result = solve()
    print("bench:ready", flush=True)
    for _ in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):
            start, busy = time.perf_counter(), time.process_time()
            result = solve()
            seconds, busy = time.perf_counter() - start, time.process_time() - busy
        print(f"bench:seconds {seconds} {busy}", flush=True)
    phase = np.angle(result * np.conj(result[0])) if np.iscomplexobj(result) else result
    np.save(f"{folder}/phase_{program}_{method}.npy", phase.astype(np.float32))
    print(f"bench:peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}", flush=True)


main()
