"""The stages of the chains: each reads named layers, calls one room, writes named layers, returns a tally."""

from __future__ import annotations

from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.stage import Stage
from fringeworks.workflow.stages import (
    adjusting,
    catalogue,
    coregistering,
    correcting,
    delivering,
    elevating,
    filtering,
    fitting,
    forming,
    importing,
    inverting,
    joining,
    mapping,
    overlapping,
    pairing,
    predicting,
    publishing,
    referencing,
    repairing,
    reporting,
    unwrapping,
)


def stages_for(config: RunConfig) -> tuple[Stage, ...]:
    """Return the stages of a configuration, in the order they run."""
    if "pair" in config.methods:
        return (*_opening(config)[:-1], delivering.STAGE, catalogue.OF_PAIR, reporting.OF_PAIR)
    chain = [*_opening(config), pairing.STAGE, inverting.STAGE]
    if config.corrections.names:
        chain.append(correcting.STAGE)
    after = chain[-1].name
    return (
        *chain,
        referencing.stage(after),
        fitting.stage(after),
        publishing.STAGE,
        catalogue.STAGE,
        reporting.STAGE,
    )


def _opening(config: RunConfig) -> tuple[Stage, ...]:
    """Return the stages up to interferograms on the map, in the house's units and signs."""
    if not config.inputs.slc_patterns:
        return (importing.STAGE,)
    predicted = (predicting.STAGE,) if config.corrections.before_filter else ()
    return (
        elevating.STAGE,
        overlapping.STAGE,
        adjusting.STAGE,
        coregistering.STAGE,
        joining.STAGE,
        forming.STAGE,
        mapping.LOOKUP,
        *predicted,
        filtering.stage(tuple(s.name for s in predicted)),
        unwrapping.STAGE,
        repairing.STAGE,
        mapping.GEOCODE,
        importing.FROM_IMAGES,
    )
