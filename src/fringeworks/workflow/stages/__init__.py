"""The stages of the chains: each reads named layers, calls one room, writes named layers, returns a tally."""

from __future__ import annotations

from dataclasses import replace

from fringeworks.workflow.config import RunConfig
from fringeworks.workflow.stage import Stage
from fringeworks.workflow.stages import (
    adjusting,
    catalogue,
    coregistering,
    correcting,
    delivering,
    dispersing,
    elevating,
    filtering,
    fitting,
    forming,
    gathering,
    importing,
    inverting,
    joining,
    linked_mapping,
    linking,
    mapping,
    networking,
    overlapping,
    pairing,
    pointing,
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
    linked = config.rasters_linked
    chain = [*_opening(config), pairing.STAGE, inverting.OF_LINKED if linked else inverting.STAGE]
    if config.corrections.names:
        chain.append(correcting.STAGE)
    after = chain[-1].name
    return (
        *chain,
        referencing.stage(after),
        fitting.stage(after),
        publishing.STAGE,
        *_of_points(config),
        *(_telling_points(s) if config.links_phases else s for s in (catalogue.STAGE, reporting.STAGE)),
    )


def _telling_points(stage: Stage) -> Stage:
    """Return a stage that tells of the products, after the points were written."""
    return replace(stage, after=(*stage.after, "points"))


def _of_points(config: RunConfig) -> tuple[Stage, ...]:
    """Return the stages that make points; they need the rasters' reference."""
    if not config.links_phases:
        return ()
    first = (dispersing.STAGE,) if config.seeks_persistent else ()
    return (*first, gathering.stage(config), networking.STAGE, pointing.STAGE)


def _opening(config: RunConfig) -> tuple[Stage, ...]:
    """Return the stages up to interferograms on the map, in the house's units and signs."""
    if not config.inputs.slc_patterns:
        return (importing.STAGE,)
    linked = config.rasters_linked
    predicted = (predicting.STAGE,) if config.corrections.before_filter else ()
    return (
        elevating.STAGE,
        overlapping.STAGE,
        adjusting.STAGE,
        coregistering.STAGE,
        joining.STAGE,
        *((linking.STAGE,) if config.links_phases else ()),
        forming.FROM_LINKED if linked else forming.STAGE,
        mapping.LOOKUP,
        *((linked_mapping.STAGE,) if linked else ()),
        *predicted,
        filtering.stage(tuple(s.name for s in predicted)),
        unwrapping.STAGE,
        repairing.STAGE,
        mapping.GEOCODE,
        importing.FROM_IMAGES,
    )
