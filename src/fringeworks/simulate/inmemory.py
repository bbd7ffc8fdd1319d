"""A simulated stack as the record that readers give, without files."""

from __future__ import annotations

import numpy as np

from fringeworks.model.stack import InterferogramStack, StackFacts
from fringeworks.simulate.gamma_headers import flight_heading
from fringeworks.simulate.stack import WAVELENGTH, SimulatedStack


def interferogram_stack(stack: SimulatedStack) -> InterferogramStack:
    """Return a simulated stack, all in memory, as a reader would.

    Parameters
    ----------
    stack : SimulatedStack
        What to compute.

    Returns
    -------
    InterferogramStack
        Coherence holds estimates over water too; geometry and baselines are exact for every pixel.
    """
    whole, scenario = stack.whole(), stack.scenario
    rows = slice(0, scenario.grid.shape.rows)
    look = stack.look(rows)
    # The record's sign makes the phase of a point above the height used follow the baseline; GAMMA's is the other one.
    baselines = np.stack(
        [-look.perpendicular(stack.pair_baseline(pair)).astype(np.float32) for pair in stack.network.pairs]
    )
    return InterferogramStack(
        grid=scenario.grid,
        network=stack.network,
        wavelength=WAVELENGTH,
        phase=whole.phase,
        coherence=whole.coherence,
        height=stack.height,
        incidence=look.incidence.astype(np.float32),
        los_enu=look.los_enu.astype(np.float32),
        slant_range=look.slant_range.astype(np.float32),
        perpendicular_baseline=baselines,
        facts=StackFacts(
            source_format="simulated",
            sign_reason="made as reference times conjugate of secondary",
            platforms=("S1A",),
            pass_direction=scenario.acquisition.pass_direction,
            relative_orbit=scenario.acquisition.track,
            heading=flight_heading(stack.geometry.orbit),
            looks=scenario.looks,
            effective_looks=float(scenario.effective_looks),
            title=scenario.title,
        ),
    )
