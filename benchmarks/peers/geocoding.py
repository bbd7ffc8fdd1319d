"""Run a published program's map-to-radar search on the scene of ``benchmarks.geocoding``; one run for each line read.

Runs in the peer's own environment and imports nothing of ours.
"""

import contextlib
import json
import sys
import time
from pathlib import Path

import numpy as np

LINE = 1.0 / 486.486


def earth_fixed(lon, lat, height):
    a, e2 = 6378137.0, (2 - 1 / 298.257223563) / 298.257223563
    lo, la = np.radians(lon)[None, :], np.radians(lat)[:, None]
    normal = a / np.sqrt(1 - e2 * np.sin(la) ** 2)
    return np.stack(
        [
            (normal + height) * np.cos(la) * np.cos(lo),
            (normal + height) * np.cos(la) * np.sin(lo),
            (normal * (1 - e2) + height) * np.sin(la) * np.ones_like(lo),
        ]
    )


def sarsen_job(scene):
    import xarray as xr
    from sarsen import geocoding, orbit

    epoch = np.datetime64("2020-06-01T14:00:00", "ns")
    position = xr.DataArray(
        scene["position"].T,
        dims=("axis", "azimuth_time"),
        coords={
            "axis": [0, 1, 2],
            "azimuth_time": epoch + (scene["knots"] * 1e9).astype("timedelta64[ns]"),
        },
    )
    curve = orbit.OrbitPolyfitInterpolator.from_position(position)

    def job():
        # the conversion to Earth-fixed coordinates is part of our own time, so it is of this one's
        xyz = xr.DataArray(
            earth_fixed(scene["lon"], scene["lat"], scene["height"]),
            dims=("axis", "y", "x"),
            coords={"axis": [0, 1, 2], "y": scene["lat"], "x": scene["lon"]},
        )
        when, distance, _ = geocoding.backward_geocode_simple(xyz, curve, 0.0, method="newton")
        axis = distance.dims.index("axis")
        return np.asarray(when), np.sqrt((np.asarray(distance) ** 2).sum(axis))

    return job


def pygmtsar_job(scene):
    import pandas as pd
    from insardev_pygmtsar.utils_satellite import satellite_llt2rat

    names = ("px", "py", "pz", "vx", "vy", "vz")
    columns = np.concatenate([scene["position"], scene["velocity"]], axis=1)
    day = 153.5
    table = pd.DataFrame(
        {"clock": day * 86400 + scene["knots"], **{n: columns[:, i] for i, n in enumerate(names)}}
    )
    lon, lat = np.meshgrid(scene["lon"], scene["lat"])
    start, stop = float(scene["time"].min()), float(scene["time"].max())
    n_lines = int((stop - start) / LINE) // 4 * 4 + 4

    def job():
        found = np.asarray(
            satellite_llt2rat(
                lon,
                lat,
                scene["height"],
                table,
                clock_start=day + start / 86400,
                prf=1.0 / LINE,
                near_range=scene["range"].min(),
                rng_samp_rate=64345238.0,
                num_valid_az=n_lines,
                num_patches=1,
                nrows=n_lines,
                earth_radius=6371000.0,
            )
        )
        return start + found[:, 1].reshape(lon.shape) * LINE, found[:, 2].reshape(lon.shape)

    return job


def main():
    name, path = sys.argv[1], Path(sys.argv[2])
    scene = dict(np.load(path))
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        job = {"sarsen": sarsen_job, "insardev-pygmtsar": pygmtsar_job}[name](scene)
        for _ in sys.stdin:
            start = time.perf_counter()
            when, distance = job()
            seconds = time.perf_counter() - start
            print(f"seconds {seconds:.6f}", file=answers, flush=True)
    pick = slice(None, None, int(scene["row_step"])), slice(None, None, int(scene["col_step"]))
    error = (when[pick] - scene["time"]) / LINE
    # a constant, half a line or the clock's origin, is the peer's convention and not its error
    error -= np.median(error)
    accuracy = {
        "azimuth_max_lines": float(np.abs(error).max()),
        "azimuth_rms_lines": float(np.sqrt((error**2).mean())),
        "range_max_m": float(np.abs(distance[pick] - scene["range"]).max()),
    }
    path.with_name(f"{name}.json").write_text(json.dumps(accuracy))


if __name__ == "__main__":
    main()
