"""One door to the phase filters: options in, filtered interferogram out, by block as by image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fringeworks.errors import ShapeMismatchError, TooFewDataError
from fringeworks.interferometry.filters.goldstein import goldstein
from fringeworks.interferometry.filters.options import FilterOptions
from fringeworks.interferometry.filters.sliding import cascade, slide
from fringeworks.model.arrays import ComplexImage, FloatImage
from fringeworks.model.grids import Shape
from fringeworks.model.tally import Tally
from fringeworks.numerics.filters import gaussian_weights, local_mean


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filtered:
    """A filtered interferogram.

    Attributes
    ----------
    phasor : complex64, (row, col)
        Its angle is the filtered phase; NaN where the input is.
    tally : Tally
        Pixels considered, used, rejected.
    """

    phasor: ComplexImage
    tally: Tally


def filter_phase(
    phasor: ComplexImage,
    coherence: FloatImage | None,
    *,
    options: FilterOptions,
    row: int = 0,
    col: int = 0,
) -> Filtered:
    """Filter a wrapped interferogram.

    Parameters
    ----------
    phasor : complex64, (row, col)
        Interferogram, or a block of it with the halo of :func:`filter_halo`; NaN where there is no data.
    coherence : float32, (row, col), optional
        Needed where amplitude is ``coherence`` or the filter adaptive; NaN counts as 0.
    options : FilterOptions
        Method and strength.
    row, col : int
        Position of the block in the whole image: with it, blocks give the bits of the whole.

    Returns
    -------
    Filtered
        Same shape as the input.

    Raises
    ------
    TooFewDataError
        Coherence is needed and was not given.
    ShapeMismatchError
        Coherence has another shape.
    """
    needed = options.method != "none" and (
        options.amplitude == "coherence" or (options.adaptive and options.method == "goldstein")
    )
    if needed and coherence is None:
        raise TooFewDataError(
            f"no coherence for filter {options.method} with amplitude {options.amplitude}",
            expected="coherence of the interferogram",
            hint="give coherence, or set amplitude to unit and adaptive to false",
        )
    weighted = phasor if options.method == "none" else weigh(phasor, coherence, amplitude=options.amplitude)
    out = _apply(weighted, coherence if options.adaptive else None, options, (row, col))
    n_valid = int(np.isfinite(out).sum())
    return Filtered(phasor=out, tally=Tally("pixels", out.size, n_valid, {"no data": out.size - n_valid}))


def filter_halo(options: FilterOptions) -> Shape:
    """Return the rows and columns around a block that its filtered values depend on."""
    reach = {
        "none": 0,
        "goldstein": options.patch - 1,
        "sliding-window": options.windows[0] // 2 + 1,
        "cascade": sum(side // 2 + 1 for side in options.windows),
        "gaussian": len(gaussian_weights(options.sigma)) // 2,
    }[options.method]
    return Shape(reach, reach)


def weigh(phasor: ComplexImage, coherence: FloatImage | None, *, amplitude: str) -> ComplexImage:
    """Give each phasor the length that it is to weigh.

    Parameters
    ----------
    phasor : complex64, (row, col)
        NaN where there is no data.
    coherence : float32, (row, col), optional
        New length where amplitude is ``coherence``; NaN counts as 0.
    amplitude : str
        ``coherence``, ``unit`` or ``keep``.

    Raises
    ------
    ShapeMismatchError
        Coherence is missing or has another shape.
    """
    if amplitude == "keep":
        return phasor
    length = np.abs(phasor)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = np.where(length > 0, phasor / length, phasor).astype(np.complex64)
    if amplitude == "unit":
        return unit
    if coherence is None or coherence.shape != phasor.shape:
        raise ShapeMismatchError(
            f"coherence of {None if coherence is None else coherence.shape}", expected=f"{phasor.shape}"
        )
    return np.asarray(unit * np.nan_to_num(coherence).astype(np.float32), np.complex64)


def _apply(
    phasor: ComplexImage, coherence: FloatImage | None, options: FilterOptions, place: tuple[int, int]
) -> ComplexImage:
    if options.method == "goldstein":
        return goldstein(
            phasor,
            alpha=options.alpha,
            window=options.patch,
            step=options.step,
            smoothing=options.smoothing,
            coherence=coherence,
            least_alpha=min(options.least_alpha, options.alpha),
            row=place[0],
            col=place[1],
        )
    if options.method == "sliding-window":
        return slide(phasor, window=options.windows[0]).phasor
    if options.method == "cascade":
        return cascade(phasor, windows=options.windows)
    if options.method == "gaussian":
        weights = gaussian_weights(options.sigma)
        return local_mean(phasor, down=weights, across=weights)
    return phasor.copy()
