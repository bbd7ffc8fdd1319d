"""One pair, from wrapped phase to a result or a recorded failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fringeworks.errors import CancelledError, MissingExtraError, UnknownNameError
from fringeworks.model.arrays import BoolImage
from fringeworks.model.tally import Tally
from fringeworks.numerics.phase import TURN
from fringeworks.unwrap.bridging import Bridge, GivenBridge, bridge_components
from fringeworks.unwrap.identity import TOLERANCE, largest_deviation
from fringeworks.unwrap.masking import leave_out as take_out
from fringeworks.unwrap.options import UnwrapOptions
from fringeworks.unwrap.protocol import Unwrapped, Unwrapper, WrappedPhase
from fringeworks.unwrap.regions import number_by_size
from fringeworks.unwrap.registry import unwrapper_named
from fringeworks.unwrap.tile_kernels import add_cycles
from fringeworks.unwrap.tiles import SeamReport, TiledUnwrapper

_LISTED: Final = 20  # bridges that a record lists
_NOTHING: Mapping[str, BoolImage] = MappingProxyType({})
_NO_OPTIONS: Final = UnwrapOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrappedPair:
    """A pair that was unwrapped.

    Attributes
    ----------
    unwrapped : Unwrapped
        Components numbered from the largest.  Half of the largest one's pixels have a phase within the cycle around
        zero or below, half within it or above.
    tally : Tally
        Pixels considered, used, rejected by reason.
    bridges : tuple of Bridge
        How components lie to each other, used or not.
    seams : SeamReport, optional
        How tiles fitted together; None where the image was unwrapped in one piece.
    method, licence : str
        Of the unwrapper.
    """

    unwrapped: Unwrapped
    tally: Tally
    bridges: tuple[Bridge, ...]
    seams: SeamReport | None
    method: str
    licence: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without the images and with at most 20 bridges."""
        used = [bridge for bridge in self.bridges if bridge.used]
        return {
            "method": self.method,
            "licence": self.licence,
            "n_components": int(self.unwrapped.components.max(initial=0)),
            "tally": self.tally.as_dict(),
            "bridges": {
                "considered": len(self.bridges),
                "used": len(used),
                "listed": [bridge.as_dict() for bridge in used[:_LISTED]],
            },
            "seams": None if self.seams is None else self.seams.as_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPair:
    """A pair that could not be unwrapped; others go on without it.

    Attributes
    ----------
    cause : str
        ``nothing to unwrap`` (no data, or all left out), ``no component`` (all smaller than the smallest),
        ``solver`` (it stopped), ``memory`` (there was not enough) or ``whole cycles`` (the result was not the input
        plus whole cycles, and is not used).
    message : str
        What to read, with what to do.
    tally : Tally
        Pixels considered and rejected.
    method : str
        Name of the unwrapper.
    """

    cause: str
    message: str
    tally: Tally
    method: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "method": self.method,
            "cause": self.cause,
            "message": self.message,
            "tally": self.tally.as_dict(),
        }


def unwrap_pair(
    wrapped: WrappedPhase,
    *,
    options: UnwrapOptions = _NO_OPTIONS,
    unwrapper: Unwrapper | None = None,
    leave_out: Mapping[str, BoolImage] = _NOTHING,
    workers: int = 1,
) -> UnwrappedPair | FailedPair:
    """Unwrap one interferogram, or say why not.

    Parameters
    ----------
    wrapped : WrappedPhase
        Left as it is.
    options : UnwrapOptions
        What a person may change.
    unwrapper : Unwrapper, optional
        That of ``options.method`` by default.
    leave_out : mapping of str to bool, (y, x)
        Pixels to leave out before unwrapping, by reason: True = leave out.
    workers : int
        Tiles unwrapped at the same time.

    Returns
    -------
    UnwrappedPair or FailedPair
        Whatever happens inside the solver is a failure of this pair and no exception.

    Raises
    ------
    ShapeMismatchError
        An image of ``leave_out`` is not as large as the phase.
    UnknownNameError, MissingExtraError
        The method is not at hand.
    OutOfRangeError
        A bridge given in the options lies outside of the image.
    """
    solver = unwrapper_named(options.method, options) if unwrapper is None else unwrapper
    masked, tally = take_out(_plain(wrapped), leave_out, coherence_threshold=options.coherence_threshold)
    if tally.used == 0:
        return _failed(
            "nothing to unwrap", f"none of {tally.considered} pixels can be unwrapped", tally, solver
        )
    try:
        found, seams = _solve(masked, solver, options, workers)
    except (CancelledError, MissingExtraError, UnknownNameError):
        raise
    except MemoryError as error:
        text = f"not enough memory: {error}; what to do: a smaller unwrap.tile_size"
        return _failed("memory", text, tally, solver)
    except Exception as error:  # any failure of a solver is this pair's alone
        return _failed("solver", f"{type(error).__name__}: {error}", tally, solver)
    deviation = largest_deviation(masked, found)
    if not deviation <= TOLERANCE:
        text = f"the result differs from the wrapped phase by {deviation:.3g} rad besides whole cycles"
        return _failed("whole cycles", text, tally, solver)
    return _finish(found, tally, seams, solver, options)


def _plain(wrapped: WrappedPhase) -> WrappedPhase:
    """Return the images in the types and order that kernels were compiled for; the same ones where they are so."""
    return WrappedPhase(
        phasor=np.ascontiguousarray(wrapped.phasor, np.complex64),
        coherence=np.ascontiguousarray(wrapped.coherence, np.float32),
        effective_looks=float(wrapped.effective_looks),
    )


def _solve(
    wrapped: WrappedPhase, solver: Unwrapper, options: UnwrapOptions, workers: int
) -> tuple[Unwrapped, SeamReport | None]:
    if options.tile_size == 0 or max(wrapped.phasor.shape) <= options.tile_size:
        return solver.unwrap(wrapped), None
    tiled = TiledUnwrapper(
        inner=solver,
        tile_size=options.tile_size,
        overlap=options.tile_overlap,
        smallest_piece=max(1, options.minimum_component_size // 4),
        workers=workers,
    )
    return tiled.unwrap_with_report(wrapped)


def _finish(
    found: Unwrapped, tally: Tally, seams: SeamReport | None, solver: Unwrapper, options: UnwrapOptions
) -> UnwrappedPair | FailedPair:
    """Drop small components, bridge the others, and number and level what is there."""
    unreliable = tally.used - int(np.count_nonzero(found.components))
    components, sizes = number_by_size(found.components, minimum=options.minimum_component_size)
    n_used = int(sizes.sum())
    small = tally.used - unreliable - n_used
    rejected = {**tally.rejected, "not in a component": unreliable, "in a small component": small}
    tally = Tally("pixels", tally.considered, n_used, rejected)
    if n_used == 0:
        text = f"no component has {options.minimum_component_size} pixels (unwrap.minimum_component_size)"
        return _failed("no component", text, tally, solver)
    phase = found.phase.copy() if small == 0 else np.where(components > 0, found.phase, np.float32(np.nan))
    unwrapped, bridges = bridge_components(
        Unwrapped(phase=phase, components=components, cost=found.cost),
        widest=options.bridge_gap,
        reliability=options.bridge_reliability,
        given=[
            GivenBridge(row=b[0], col=b[1], other_row=b[2], other_col=b[3], cycles=b[4])
            for b in options.bridges
        ],
    )
    _level(unwrapped)
    return UnwrappedPair(
        unwrapped=unwrapped,
        tally=tally,
        bridges=bridges,
        seams=seams,
        method=solver.name,
        licence=solver.licence,
    )


def _level(unwrapped: Unwrapped) -> None:
    """Shift all components by the whole cycles that bring the largest one's median next to zero, in place."""
    inside = unwrapped.phase[unwrapped.components == 1]
    cycles = -int(np.rint(float(np.median(inside)) / TURN))
    n = int(unwrapped.components.max(initial=0))
    table = np.full(n + 1, cycles, np.int64)
    table[0] = 0
    add_cycles(unwrapped.phase, unwrapped.components, table)


def _failed(cause: str, message: str, tally: Tally, solver: Unwrapper) -> FailedPair:
    rejected = {**tally.rejected, "pair failed": tally.used}
    return FailedPair(
        cause=cause,
        message=message,
        tally=Tally(tally.what, tally.considered, 0, rejected),
        method=solver.name,
    )
