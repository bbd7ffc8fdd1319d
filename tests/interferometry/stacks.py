"""Small stacks of interferograms of known phase, and the real one."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import numpy as np
import rasterio

from fringeworks.interferometry.network import connect_nearest
from fringeworks.model.stack import Pair, PairNetwork

TURN = 2.0 * np.pi


def consistent(rng, *, n_dates=12, n_next=4, shape=(30, 40), noise=0.0, constants=True):
    """Return a network and phases (pair, y, x) that close but for noise and a constant each."""
    dates = tuple(date(2021, 1, 3) + timedelta(days=12 * k) for k in range(n_dates))
    network = connect_nearest(dates, n_next=n_next)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    bowl = np.exp(-((rows - shape[0] / 2) ** 2 + (cols - shape[1] / 2) ** 2) / 50.0)
    images = np.cumsum(rng.normal(size=(n_dates, 1, 1)) * bowl + 0.3 * bowl, axis=0)
    ends = network.endpoints()
    phase = images[ends[:, 1]] - images[ends[:, 0]] + noise * rng.normal(size=(len(ends), *shape))
    if constants:
        phase = phase + 40.0 * rng.normal(size=(len(ends), 1, 1))
    return network, phase.astype(np.float32)


def mexico_city(folder):
    """Read the 30 real GAMMA interferograms: network, phase and mean coherence."""
    found = {}
    for path in sorted((folder / "interferograms-mexico-city" / "cropA" / "geotiffs").glob("*_unw.tif")):
        first, second = (
            datetime.strptime(text, "%Y%m%d").date()
            for text in re.search(r"(\d{8})-(\d{8})", path.name).groups()
        )
        with rasterio.open(path) as file:
            values = file.read(1)
        other = path.with_name(path.name.replace("_eqa_unw", "_flat_eqa_cc"))
        with rasterio.open(other) as file:
            coherence = file.read(1)
        found[Pair(first, second)] = (np.where(values == 0, np.nan, values), float(np.nanmean(coherence)))
    network = PairNetwork.of(list(found))
    phase = np.stack([found[pair][0] for pair in network.pairs]).astype(np.float32)
    return network, phase, np.array([found[pair][1] for pair in network.pairs])
