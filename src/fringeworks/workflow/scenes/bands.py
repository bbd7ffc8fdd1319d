"""Spectra of bursts in range, and how baselines move them."""

from __future__ import annotations

from typing import Final

import numpy as np

from fringeworks.geometry.ground import project_at_height
from fringeworks.geometry.look import incidence_angle, look_vectors
from fringeworks.interferometry.coherence import Band
from fringeworks.interferometry.commonband import spectral_shift
from fringeworks.tops.alignment import radar_coordinates
from fringeworks.workflow.banding import RangeBand
from fringeworks.workflow.scenes.stack import SceneStack

_NODES: Final = 9


def range_band(scenes: SceneStack, name: str) -> RangeBand:
    """Return the spectrum of a burst of the frame, with the shift on level ground of the scene's mean height."""
    burst = scenes.dates[scenes.reference].bursts[name].burst()
    window, seen_by = scenes.stored[name], scenes.dates[scenes.reference].seen_by
    cols = np.linspace(window.col, window.col + window.cols - 1, _NODES)
    lines = np.full(_NODES, window.row + 0.5 * window.rows)
    time, distance = radar_coordinates(scenes.frame.grid, lines, cols, seen_by=seen_by)
    height = 0.5 * (scenes.heights[0] + scenes.heights[1])
    ground = project_at_height(seen_by.orbit, azimuth_time=time, slant_range=distance, height=height)
    look = look_vectors(
        seen_by.orbit,
        azimuth_time=time,
        longitude=ground.longitude,
        latitude=ground.latitude,
        height=ground.height,
    )
    shift = spectral_shift(
        1.0, wavelength=scenes.wavelength, slant_range=distance, incidence=incidence_angle(look)
    )
    radar = burst.radar
    return RangeBand(
        band=Band(
            bandwidth=radar.range_bandwidth,
            sampling_rate=radar.range_sampling_rate,
            window=radar.range_window_coefficient,
        ),
        cols=tuple(float(v) for v in cols),
        per_metre=tuple(float(v) for v in shift),
    )
