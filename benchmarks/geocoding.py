"""Map to radar on an elevation model: pixels per second and accuracy, ours against published programs.

Both sides get the same orbit (analytic, 21 state vectors), the same geographic grid (80 km x 20 km in the right-looking
swath, 0 to 3 km of relief, float64) and the same two threads, and give zero-Doppler time and slant range of every
pixel.  Runs are interleaved; figures are medians of five.  Peers live in ``.bench/sarsen`` and
``.bench/insardev-pygmtsar`` (both BSD or Apache licensed, from the Python package index); the faster one that is
installed is the peer.  ``python -m benchmarks.geocoding --json``
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "2")
os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
from numba import njit, prange

from fringeworks.geometry.orbit import orbit_curve
from fringeworks.geometry.radar import locate_grid
from fringeworks.model.acquisition import StateVectors

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("insardev-pygmtsar", "sarsen")
REPEATS = 5
LINE = 1.0 / 486.486
EARTH_RATE, GRAVITY, RADIUS, INCLINATION = 7.292115e-5, 3.986004418e14, 7.0707e6, np.radians(98.18)


def state(time_s):
    """Give position and velocity of a circular orbit over a turning Earth; time 0 is at 36 degrees north."""
    t = np.asarray(time_s, float)
    rate = np.sqrt(GRAVITY / RADIUS**3)
    u, ci, si = np.radians(36.0) + rate * t, np.cos(INCLINATION), np.sin(INCLINATION)
    p = RADIUS * np.stack([np.cos(u), np.sin(u) * ci, np.sin(u) * si], -1)
    v = RADIUS * rate * np.stack([-np.sin(u), np.cos(u) * ci, np.cos(u) * si], -1)
    c, s = np.cos(EARTH_RATE * t), np.sin(EARTH_RATE * t)
    position = np.stack([c * p[..., 0] + s * p[..., 1], -s * p[..., 0] + c * p[..., 1], p[..., 2]], -1)
    velocity = np.stack([c * v[..., 0] + s * v[..., 1], -s * v[..., 0] + c * v[..., 1], v[..., 2]], -1)
    velocity += EARTH_RATE * np.stack([position[..., 1], -position[..., 0], 0 * p[..., 2]], -1)
    return position, velocity


def make_scene(rows, cols):
    """Lay the grid to the right of the track; heights in metres."""
    position, _ = state(0.0)
    lon0 = np.degrees(np.arctan2(position[1], position[0]))
    lat0 = np.degrees(np.arcsin(position[2] / np.linalg.norm(position)))
    lon, lat = lon0 + np.linspace(5.2, 6.0, cols), np.linspace(lat0 + 0.09, lat0 - 0.09, rows)
    height = 1500 + 900 * np.sin(lon[None, :] * 40) * np.cos(lat[:, None] * 55)
    return lon, lat, height


def truth(lon, lat, height):
    """Solve the zero-Doppler equation on the analytic orbit by bisection."""
    a, e2 = 6378137.0, (2 - 1 / 298.257223563) / 298.257223563
    lo, la = np.radians(lon)[None, :], np.radians(lat)[:, None]
    normal = a / np.sqrt(1 - e2 * np.sin(la) ** 2)
    xyz = np.stack(
        [
            (normal + height) * np.cos(la) * np.cos(lo),
            (normal + height) * np.cos(la) * np.sin(lo),
            (normal * (1 - e2) + height) * np.sin(la) * np.ones_like(lo),
        ],
        -1,
    )
    low, high = np.full(height.shape, -90.0), np.full(height.shape, 90.0)
    for _ in range(55):
        middle = 0.5 * (low + high)
        position, velocity = state(middle)
        ahead = np.sum((xyz - position) * velocity, -1) > 0
        low, high = np.where(ahead, middle, low), np.where(ahead, high, middle)
    return middle, np.linalg.norm(xyz - state(middle)[0], axis=-1)


class Peer:
    """A program in its own environment that times one run each time it is asked."""

    def __init__(self, name, scene_file):
        self.name = name
        python = ROOT / ".bench" / name / "bin" / "python"
        script = ROOT / "benchmarks" / "peers" / "geocoding.py"
        environment = {**os.environ, "PYTHONPATH": ""}
        self.process = subprocess.Popen(
            [str(python), str(script), name, str(scene_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.seconds = []
        self.alive = self.run() is not None

    def run(self):
        """Ask for one run; None where the peer failed."""
        try:
            self.process.stdin.write("run\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line.startswith("seconds "):
                    return float(line.split()[1])
        except OSError:
            pass
        return None

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)


@njit(parallel=True)
def _stream(source, target):
    for i in prange(source.size):
        target[i] = 2.0 * source[i]


def memory_ceiling(pixels):
    """Pixels per second if only reading a height and writing two values took time."""
    source, target = np.ones(3 * pixels), np.empty(3 * pixels)
    _stream(source, target)
    start = time.perf_counter()
    _stream(source, target)
    # three values each read and written: twice the traffic of one read and two writes
    return 2.0 * pixels / (time.perf_counter() - start)


def measure(rows, cols):
    lon, lat, height = make_scene(rows, cols)
    knots = np.arange(-100.0, 101.0, 10.0)
    position, velocity = state(knots)
    curve = orbit_curve(
        StateVectors(
            epoch="2020-06-01T14:00:00", time=knots, position=position, velocity=velocity, source="precise"
        )
    )
    pick = slice(None, None, max(1, rows // 100)), slice(None, None, max(1, cols // 100))
    exact = truth(lon[pick[1]], lat[pick[0]], height[pick])

    def ours():
        start = time.perf_counter()
        found = locate_grid(curve, longitude=np.radians(lon), latitude=np.radians(lat), height=height)
        return time.perf_counter() - start, found

    with tempfile.TemporaryDirectory() as folder:
        scene_file = Path(folder) / "scene.npz"
        np.savez(
            scene_file,
            lon=lon,
            lat=lat,
            height=height,
            knots=knots,
            position=position,
            velocity=velocity,
            time=exact[0],
            range=exact[1],
            row_step=pick[0].step,
            col_step=pick[1].step,
        )
        peers = [
            Peer(name, scene_file) for name in PEERS if (ROOT / ".bench" / name / "bin" / "python").is_file()
        ]
        peers = [p for p in peers if p.alive]
        ours()
        own = []
        for _ in range(REPEATS):
            seconds, found = ours()
            own.append(seconds)
            for peer in peers:
                peer.seconds.append(peer.run() or float("inf"))
        for peer in peers:
            peer.close()
        accuracies = {p.name: _read_accuracy(scene_file, p.name) for p in peers}
    return _result(rows * cols, own, found, exact, pick, peers, accuracies, f"{rows} x {cols}")


def _read_accuracy(scene_file, name):
    path = scene_file.with_name(f"{name}.json")
    return json.loads(path.read_text()) if path.is_file() else None


def _result(pixels, own, found, exact, pick, peers, accuracies, size):
    rate = pixels / statistics.median(own)
    best = min(peers, key=lambda p: statistics.median(p.seconds), default=None)
    peer_rate = None if best is None else pixels / statistics.median(best.seconds)
    ceiling = memory_ceiling(pixels)
    error = (found.azimuth_time[pick] - exact[0]) / LINE
    return {
        "name": "geocoding",
        "size": size,
        "ours": rate,
        "peer": peer_rate,
        "peer_name": None if best is None else best.name,
        "ratio": None if peer_rate is None else rate / peer_rate,
        "ceiling": ceiling,
        "share_of_ceiling": rate / ceiling,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "accuracy_ours": {
            "azimuth_max_lines": float(np.abs(error).max()),
            "range_max_m": float(np.abs(found.slant_range[pick] - exact[1]).max()),
        },
        "accuracy_peer": None if best is None else accuracies[best.name],
        "all_peers": {p.name: pixels / statistics.median(p.seconds) for p in peers},
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--cols", type=int, default=4000)
    options = parser.parse_args(arguments)
    result = measure(options.rows, options.cols)
    print(json.dumps(result, separators=(",", ":")) if options.json else json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
