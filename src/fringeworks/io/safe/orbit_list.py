"""The orbit that the annotation carries."""

from __future__ import annotations

from typing import Final

import numpy as np

from fringeworks.io.safe.tree import Node
from fringeworks.model.acquisition import StateVectors
from fringeworks.model.identity import Instant

_SPEED: Final = (6_900.0, 8_200.0)
"""Earth-fixed speeds a Sentinel-1 may have [m/s]; 7.4 to 7.7 km/s occur."""

_JERK_LIMIT: Final = 10.0
"""Largest gap between a step and its trapezoid of velocities [m]; a sound 10 s step leaves 0.7 m (h^3/12 |r'''|)."""


def read_orbit_list(root: Node, *, epoch: Instant) -> StateVectors:
    """Read the annotated state vectors and check that positions follow from velocities.

    Vectors repeated for the same instant (products assembled from several slices) are taken once.

    Parameters
    ----------
    root : Node
        Product annotation.
    epoch : Instant
        Epoch of the result's times, a whole second.

    Raises
    ------
    DamagedFileError
        Fewer than four vectors, or vectors no satellite can have.
    """
    records = {node.instant("time"): node for node in root.records("generalAnnotation/orbitList/orbit")}
    if len(records) < 4:
        raise root.refuse(f"{len(records)} state vectors", expected="at least 4")
    times = sorted(records)
    axes = ("x", "y", "z")
    position = np.array([[records[t].number(f"position/{a}") for a in axes] for t in times])
    velocity = np.array([[records[t].number(f"velocity/{a}") for a in axes] for t in times])
    time = np.array([t.seconds_since(epoch) for t in times])
    _check_motion(root, time, position, velocity)
    return StateVectors(
        epoch=epoch.iso,
        time=time,
        position=position,
        velocity=velocity,
        source="annotation",
        frame=records[times[0]].text("frame", default="Earth Fixed"),
    )


def _check_motion(
    root: Node,
    time: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    position: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    velocity: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> None:
    speed = np.linalg.norm(velocity, axis=1)
    if speed.min() < _SPEED[0] or speed.max() > _SPEED[1]:
        raise root.refuse(
            f"a satellite at {speed.min():.0f} to {speed.max():.0f} m/s", expected="7.4 to 7.7 km/s"
        )
    step = np.diff(time)[:, None]
    gap = np.linalg.norm(np.diff(position, axis=0) - 0.5 * step * (velocity[1:] + velocity[:-1]), axis=1)
    limit = _JERK_LIMIT * np.maximum(1.0, step[:, 0] / 10.0) ** 3
    if (gap > limit).any():
        worst = int(np.argmax(gap - limit))
        raise root.refuse(
            f"state vectors {worst} and {worst + 1} do not belong together: the step differs from the velocities by "
            f"{gap[worst]:.1f} m",
            expected=f"less than {limit[worst]:.0f} m",
        )
