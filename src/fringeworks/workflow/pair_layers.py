"""The layers of one interferogram formed from images, as they are published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fringeworks.model.arrays import ArraySource
from fringeworks.workflow.stage import StageContext

_NAMES = {
    "phase": "unwrapped",
    "coherence": "coherence",
    "components": "connected_components",
    "wrapped": "wrapped",
    "filtered": "filtered",
    "amplitude": "amplitude",
    "model_phase": "model_phase",
}
"""Array of the map step, and layer."""


@dataclass(frozen=True, slots=True)
class OfPair:
    """One pair's part of an array of pairs, its angle where it is complex (an ArraySource)."""

    source: ArraySource
    index: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return tuple(self.source.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32, or the source's integers."""
        kind = np.dtype(self.source.dtype)
        return np.dtype(np.float32) if kind.kind == "c" else kind

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """Read a basic slice of rows and columns."""
        keys = key if isinstance(key, tuple) else (key,)
        values = np.asarray(self.source[(self.index, *keys)])
        if values.dtype.kind == "c":
            return np.asarray(
                np.where(np.isnan(values.real), np.float32(np.nan), np.angle(values)), np.float32
            )
        return values


def interferogram_layers(context: StageContext, index: int) -> dict[str, ArraySource]:
    """Return the layers of a pair by the names of the layer table; ``displacement`` is made at the door."""
    step = context.upstream("geocode")
    return {layer: OfPair(step.array(name), index) for name, layer in _NAMES.items() if step.has(name)}
