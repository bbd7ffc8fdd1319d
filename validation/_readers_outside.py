"""Open a product with xarray-sentinel and place points with sarsen; prints one JSON object.

Runs in the environment of these programs and imports nothing of ours:
``python validation/_readers_outside.py REQUEST.json``, where the request names the product, sub-swath, polarisation and points
(Earth-fixed, metres).
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def opened(product: str, swath: str, polarisation: str) -> dict[str, Any]:
    """Read every burst with xarray-sentinel: its shape, a digest of its samples, and the axes it gives them.

    Strip map is read as one burst.
    """
    import xarray_sentinel

    group = f"{swath}/{polarisation}"
    top = xarray_sentinel.open_sentinel1_dataset(product)
    measurement = xarray_sentinel.open_sentinel1_dataset(product, group=group)
    bursts = []
    count = measurement.attrs.get("number_of_bursts", 0)
    for index in range(max(count, 1)):
        burst = xarray_sentinel.crop_burst_dataset(measurement, burst_index=index) if count else measurement
        samples = np.asarray(burst.measurement)
        plain = np.stack([samples.real, samples.imag], axis=-1).astype("<i2")
        bursts.append(
            {
                "shape": list(samples.shape),
                "digest": hashlib.md5(plain.tobytes(), usedforsecurity=False).hexdigest(),
                "line_time": [str(burst.azimuth_time.values[0]), str(burst.azimuth_time.values[-1])],
                "two_way": [float(burst.slant_range_time[0]), float(burst.slant_range_time[-1])],
            }
        )
    others = {}
    for name in ("orbit", "attitude", "gcp", "dc_estimate", "azimuth_fm_rate", "calibration", "noise_range"):
        found = xarray_sentinel.open_sentinel1_dataset(product, group=f"{group}/{name}")
        others[name] = {str(k): int(v) for k, v in found.sizes.items()}
    return {"groups": list(top.attrs["subgroups"]), "bursts": bursts, "records": others}


def placed(product: str, swath: str, polarisation: str, points: list[list[float]]) -> dict[str, Any]:
    """Place points with sarsen's orbit and range-Doppler search: UTC and two-way time of each."""
    import sarsen
    import xarray as xr
    from sarsen import geocoding, orbit

    made = sarsen.Sentinel1SarProduct(product, measurement_group=f"{swath}/{polarisation}")
    curve = orbit.OrbitPolyfitInterpolator.from_position(made.state_vectors())
    xyz = xr.DataArray(
        np.array(points).T[:, None, :],
        dims=("axis", "y", "x"),
        coords={"axis": [0, 1, 2], "y": [0], "x": np.arange(len(points))},
    )
    when, distance, _ = geocoding.backward_geocode_simple(
        xyz, curve, 0.0, method="newton", zero_doppler_distance=1e-4
    )
    utc = orbit.orbit_time_to_azimuth_time(when, curve.epoch).values.ravel()
    far = np.sqrt((np.asarray(distance) ** 2).sum(distance.dims.index("axis"))).ravel()
    return {"utc": [str(t) for t in utc], "two_way": [float(2.0 * r / 299_792_458.0) for r in far]}


def main() -> None:
    """Answer one request."""
    import sarsen
    import xarray_sentinel

    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    keys = (request["product"], request["swath"], request["polarisation"])
    answer = {
        "versions": {"xarray_sentinel": xarray_sentinel.__version__, "sarsen": sarsen.__version__},
        "opened": opened(*keys),
        "placed": placed(*keys, request["points"]),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
