"""SNAPHU, by the library of that name (extra ``snaphu``); its solver is free for non-commercial use only."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import MissingExtraError, SolverError
from fringeworks.model.arrays import ComplexImage, FloatImage
from fringeworks.unwrap.identity import congruent, empty_result, usable
from fringeworks.unwrap.options import UnwrapOptions
from fringeworks.unwrap.protocol import Unwrapped, WrappedPhase
from fringeworks.unwrap.thinness import repeats_for, thicken, thin

LICENCE: Final = "SNAPHU: free for non-commercial use only (Stanford University; its CS2 solver, IG Systems)"
_SMALLEST: Final = 4  # rows and columns it takes
_WORKER: Final = "snaphu_worker.py"


@dataclass(frozen=True, slots=True)
class SnaphuUnwrapper:
    """Statistical-cost network flow (Chen2001).

    Raises
    ------
    MissingExtraError
        The library is not installed.

    Notes
    -----
    It labels at most 32 components, the largest; the rest of the image counts as in none.  It runs as a process of
    its own, in a scratch folder that is removed, so that a crash of it ends one pair and not the run.
    """

    options: UnwrapOptions = field(default_factory=UnwrapOptions)

    def __post_init__(self) -> None:
        if find_spec("snaphu") is None:
            raise MissingExtraError(
                "unwrapping method 'snaphu', whose library is not installed",
                expected="the extra snaphu: pip install 'fringeworks[snaphu]'",
                hint=f"mind its licence - {LICENCE} - or choose another method",
            )

    @property
    def name(self) -> str:
        """Name in configuration and manifest."""
        return "snaphu"

    @property
    def licence(self) -> str:
        """Licence of the solver."""
        return LICENCE

    def unwrap(self, wrapped: WrappedPhase) -> Unwrapped:
        """Unwrap one interferogram.

        Raises
        ------
        SolverError
            The solver failed, or changed the phase by more than whole cycles.
        """
        valid = usable(wrapped)
        if not valid.any():
            return empty_result(wrapped)
        length = np.abs(np.where(valid, wrapped.phasor, np.complex64(1)))
        phasor = np.where(valid, wrapped.phasor, np.complex64(0)) / length
        coherence = np.where(valid, np.clip(wrapped.coherence, 0, 1), np.float32(0))
        repeats = repeats_for(valid.shape, least=_SMALLEST)
        phase, labels = self._solve(
            *(thicken(image, repeats) for image in (phasor, coherence, valid)), looks=wrapped.effective_looks
        )
        components = thin(labels, repeats).astype(np.uint16)
        return congruent(wrapped, thin(phase, repeats), components=components, solver=self.name)

    def _solve(
        self, phasor: ComplexImage, coherence: FloatImage, valid: NDArray[np.bool_], *, looks: float
    ) -> tuple[FloatImage, NDArray[np.uint32]]:
        with tempfile.TemporaryDirectory(prefix="fringeworks-snaphu-") as folder:
            for name, image in (("phasor", phasor), ("coherence", coherence), ("valid", valid)):
                np.save(f"{folder}/{name}.npy", image)
            worker = os.path.join(os.path.dirname(__file__), _WORKER)  # noqa: PTH118, PTH120
            done = subprocess.run(
                [sys.executable, "-P", worker, folder, repr(float(looks)), self.options.snaphu_cost],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                check=False,
            )
            if done.returncode != 0:
                last = (done.stderr.strip() or f"ended with status {done.returncode}").splitlines()[-1]
                raise SolverError(
                    f"snaphu stopped: {last}", hint="choose another method for this pair, or mask more of it"
                )
            return np.load(f"{folder}/phase.npy"), np.load(f"{folder}/labels.npy")
