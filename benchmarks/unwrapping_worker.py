"""One program's side of the unwrapping benchmark.

    python unwrapping_worker.py PROGRAM FOLDER

PROGRAM: fringeworks (the default method through the protocol: masks, sizes, bridges, checks), growing or tiled (the
same, by another method or in tiles), or whirlwind (that library alone).  Phasor and coherence are read from FOLDER;
phase and components go to FOLDER/PROGRAM.npz.
"""

import resource
import sys
import time

import numpy as np

program, folder = sys.argv[1:3]
phasor, coherence = np.load(f"{folder}/phasor.npy"), np.load(f"{folder}/coherence.npy")
looks = float(np.load(f"{folder}/looks.npy"))


def alone():
    import whirlwind

    return lambda: whirlwind.unwrap(phasor, coherence, looks)


def ours(**options):
    from fringeworks.unwrap import UnwrapOptions, WrappedPhase, unwrap_pair

    chosen = UnwrapOptions(**options)
    wrapped = WrappedPhase(phasor=phasor, coherence=coherence, effective_looks=looks)
    part = WrappedPhase(
        phasor=phasor[:200, :200].copy(), coherence=coherence[:200, :200].copy(), effective_looks=looks
    )
    unwrap_pair(part, options=chosen)

    def solve():
        done = unwrap_pair(wrapped, options=chosen, workers=2)
        return done.unwrapped.phase, done.unwrapped.components

    return solve


PROGRAMS = {
    "whirlwind": alone,
    "fringeworks": ours,
    "growing": lambda: ours(method="growing"),
    "tiled": lambda: ours(tile_size=phasor.shape[0] // 2 + 128),
}


def main():
    solve = PROGRAMS[program]()
    print("bench:ready", flush=True)
    result = None
    for _ in sys.stdin:
        start, busy = time.perf_counter(), time.process_time()
        result = solve()
        print(f"bench:seconds {time.perf_counter() - start} {time.process_time() - busy}", flush=True)
    np.savez(f"{folder}/{program}.npz", phase=result[0], components=result[1])
    print(f"bench:peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}", flush=True)


main()
