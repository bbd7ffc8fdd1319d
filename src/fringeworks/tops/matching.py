"""Range and azimuth shifts from the amplitudes of patches: coarse in azimuth, to a hundredth of a sample in range.

Patches are freed of their azimuth carrier, interpolated twofold before their amplitude is taken (squaring doubles the
band), and correlated by Fourier transform.  The correlation of all patches together is a sum of sines, whose peak is
found without interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from fringeworks.errors import ShapeMismatchError
from fringeworks.model.tally import Finding, Tally
from fringeworks.tops.options import MatchingOptions

Values = NDArray[np.float64]
Patches = NDArray[np.complex64]

LEAST_FILLED: Final = 0.9
"""A patch with a smaller share of samples with data in both images is left out."""

LEAST_PATCHES: Final = 3
"""With fewer patches their scatter says nothing of the sigma."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Where a secondary image's amplitudes lie against the reference image's.

    Attributes
    ----------
    lines, samples : float
        To be **added** to the position at which the secondary is sampled; 0 where nothing was found.
    lines_sigma, samples_sigma : float
        From the scatter of patches; NaN where nothing was found.
    correlation : float
        Of the amplitudes, at the peak.
    signal : float
        Peak over the standard deviation of its surroundings.
    is_found : bool
        Whether the peak is believed.
    tally : Tally
        Patches.
    findings : tuple of Finding
        Why nothing was found.
    """

    lines: float
    samples: float
    lines_sigma: float
    samples_sigma: float
    correlation: float
    signal: float
    is_found: bool
    tally: Tally
    findings: tuple[Finding, ...] = ()


def estimate_match(reference: Patches, secondary: Patches, *, options: MatchingOptions) -> Match:
    """Estimate the shift of a secondary image from patches of amplitudes.

    Parameters
    ----------
    reference, secondary : complex64, (patch, line, sample)
        Samples at the same places of the common grid, spread over a sub-swath; 0 or NaN where there is no data.  A
        patch lies inside one burst.
    options : MatchingOptions
        Search and thresholds.

    Returns
    -------
    Match
        Not found where patches are too few or amplitudes too little alike.

    Raises
    ------
    ShapeMismatchError
        The two differ in shape, or patches are smaller than four times the search.

    Notes
    -----
    With cross-spectra G_p of the patches, the correlation C(x) = sum_p w_p Re sum_f G_p(f) exp(2 pi i f x) is largest
    at the shift.  Each patch pulls there with the gradient s_p of its own term; the covariance of the shift is
    H^-1 (sum w_p^2 s_p s_p') H^-1, H being the curvature.  Patches are weighted by their own correlation at the peak,
    whose noise is independent of that of the gradient.  The expected sigma for N independent samples of coherence g
    is some sqrt(3 / (10 N)) sqrt(2 + 5 g^2 - 7 g^4) / (pi g^2) of a resolution cell [Bamler2005].
    """
    _check(reference, secondary, options)
    n_patches = len(reference)
    filled = (_has_data(reference) & _has_data(secondary)).mean(axis=(1, 2)) >= LEAST_FILLED
    n_empty = n_patches - int(filled.sum())
    if int(filled.sum()) < LEAST_PATCHES:
        tally = Tally("patches", n_patches, 0, {"no data": n_empty, "too few": n_patches - n_empty})
        return _not_found(f"{int(filled.sum())} of {n_patches} patches hold data", tally)
    spectra = _CrossSpectra.of(_clean(reference[filled]), _clean(secondary[filled]), options)
    weight = np.ones(spectra.n_patches)
    start, correlation, signal = spectra.peak(weight)
    rejected = np.zeros(spectra.n_patches, bool)
    if signal >= options.minimum_signal:
        place = start
        for _ in range(4):
            place = spectra.climb(weight, place)
            value, gradient = spectra.values(place), spectra.gradients(place)
            rejected = _outliers(gradient, options.rejection_sigma)
            weight = np.where(rejected, 0.0, np.maximum(value, 0.0) + 0.1 * max(value.mean(), 0.0))
        covariance = spectra.covariance(weight, place)
        is_inside = bool((np.abs(place) < spectra.search).all() and (np.abs(place - start) < 1.0).all())
        if is_inside and np.isfinite(covariance).all() and (~rejected).sum() >= LEAST_PATCHES:
            n_rejected = int(rejected.sum())
            used = n_patches - n_empty - n_rejected
            sigma = np.sqrt(np.diag(covariance))
            return Match(
                lines=float(place[0]),
                samples=float(place[1]),
                lines_sigma=float(sigma[0]),
                samples_sigma=float(sigma[1]),
                correlation=correlation,
                signal=signal,
                is_found=True,
                tally=Tally("patches", n_patches, used, {"no data": n_empty, "disagrees": n_rejected}),
            )
    tally = Tally("patches", n_patches, 0, {"no data": n_empty, "too little alike": n_patches - n_empty})
    text = f"the correlation of amplitudes peaks at {correlation:.3f}, {signal:.1f} times its noise"
    return _not_found(text, tally, correlation=correlation, signal=signal)


def _check(reference: Patches, secondary: Patches, options: MatchingOptions) -> None:
    if reference.ndim != 3 or reference.shape != secondary.shape:
        raise ShapeMismatchError(
            f"patches {reference.shape} and {secondary.shape}",
            expected="two equal shapes (patch, line, sample)",
        )
    least = (4 * options.search_lines, 4 * options.search_samples)
    if reference.shape[1] < least[0] or reference.shape[2] < least[1]:
        raise ShapeMismatchError(
            f"patches of {reference.shape[1]} lines and {reference.shape[2]} samples",
            expected=f"at least {least[0]} and {least[1]}, four times the search",
        )


def _not_found(why: str, tally: Tally, *, correlation: float = 0.0, signal: float = 0.0) -> Match:
    return Match(
        lines=0.0,
        samples=0.0,
        lines_sigma=float("nan"),
        samples_sigma=float("nan"),
        correlation=correlation,
        signal=signal,
        is_found=False,
        tally=tally,
        findings=(Finding("warning", "matching", f"{why}: shifts stay as orbits have them"),),
    )


def _has_data(patches: Patches) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(patches) & (patches != 0))


def _clean(patches: Patches) -> Patches:
    return np.where(np.isfinite(patches), patches, np.complex64(0.0))


def _outliers(gradient: Values, threshold: float) -> NDArray[np.bool_]:
    scale: Values = 1.4826 * np.median(np.abs(gradient), axis=0)
    beyond: NDArray[np.bool_] = np.any(np.abs(gradient) > threshold * scale, axis=1)
    return beyond


def remove_carrier(*images: Patches) -> list[Patches]:
    """Free patches of their azimuth carrier, estimated from the samples: one sweep for all, a centre for each patch.

    Parameters
    ----------
    images : complex64, (patch, line, sample)
        Of one sub-swath.

    Notes
    -----
    The phase from line to line, averaged along samples, is 2 pi times the Doppler centroid over the line rate; a beam
    that sweeps makes it grow linearly.
    """
    step = np.zeros((len(images[0]), images[0].shape[1] - 1), np.complex128)
    for image in images:
        step += np.einsum("pls,pls->pl", image[:, 1:], image[:, :-1].conj())
    sweep = float(np.angle((step[:, 1:] * step[:, :-1].conj()).sum()))
    line = np.arange(step.shape[1])
    centre = np.angle((step * np.exp(-1j * sweep * line)).sum(axis=1))
    line = np.arange(images[0].shape[1])
    phase = centre[:, None] * line + 0.5 * sweep * line * (line - 1)
    turn = np.exp(-1j * phase).astype(np.complex64)[:, :, None]
    return [image * turn for image in images]


def _power(patches: Patches) -> NDArray[np.float32]:
    """Return the power of patches interpolated twofold in both directions.

    Power needs no more than twice the band of the samples; amplitude, or any other function of power, needs more and
    would draw shifts toward whole half samples (by 0.004 samples at a tenth of a sample).
    """
    spectrum = fft.fft2(patches)
    n_lines, n_samples = patches.shape[1:]
    wide = np.zeros((len(patches), 2 * n_lines, 2 * n_samples), np.complex64)
    top, left = n_lines // 2, n_samples // 2
    for lines, from_lines in (
        (slice(0, n_lines - top), slice(0, n_lines - top)),
        (slice(-top, None), slice(-top, None)),
    ):
        wide[:, lines, : n_samples - left] = spectrum[:, from_lines, : n_samples - left]
        wide[:, lines, -left:] = spectrum[:, from_lines, -left:]
    found = fft.ifft2(wide)
    return np.asarray(found.real**2 + found.imag**2)


def _template_window(length: int, margin: int) -> NDArray[np.float32]:
    """Return a window that is zero within ``margin`` of the ends and rises over as much again."""
    place = np.minimum(np.arange(length), np.arange(length)[::-1])
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip((place - margin) / margin, 0.0, 1.0)), np.float32)


@dataclass(frozen=True, slots=True)
class _CrossSpectra:
    """Normalised cross-spectra: ``spectra`` (patch, frequency) at ``frequency`` (frequency, 2) [1/line, 1/sample]."""

    spectra: NDArray[np.complex128]
    frequency: Values
    shape: tuple[int, int]
    search: Values

    @classmethod
    def of(cls, reference: Patches, secondary: Patches, options: MatchingOptions) -> _CrossSpectra:
        """Correlate the inner part of the reference with the whole secondary, which leaves the peak unbiased."""
        first, second = (_power(image) for image in remove_carrier(reference, secondary))
        n_lines, n_samples = first.shape[1:]
        window = np.outer(
            _template_window(n_lines, 2 * options.search_lines),
            _template_window(n_samples, 2 * options.search_samples),
        )
        second = second - second.mean(axis=(1, 2), keepdims=True)
        template = first - (first * window).sum(axis=(1, 2), keepdims=True) / window.sum()
        power = np.sqrt(
            (window * template**2).sum(axis=(1, 2)) * (second**2).mean(axis=(1, 2)) * window.sum()
        )
        cross = fft.fft2(template * window).conj() * fft.fft2(second)
        cross /= np.maximum(power, 1e-30)[:, None, None] * n_lines * n_samples
        lines, samples = np.meshgrid(fft.fftfreq(n_lines, 0.5), fft.fftfreq(n_samples, 0.5), indexing="ij")
        return cls(
            cross.reshape(len(cross), -1).astype(np.complex128),
            np.stack([lines.ravel(), samples.ravel()], axis=1),
            (n_lines, n_samples),
            np.array([options.search_lines, options.search_samples], np.float64),
        )

    @property
    def n_patches(self) -> int:
        return len(self.spectra)

    def peak(self, weight: Values) -> tuple[Values, float, float]:
        """Return the highest place of the summed correlation, its height, and height over noise."""
        total = (weight @ self.spectra / weight.sum()).reshape(self.shape)
        surface = fft.ifft2(total).real * total.size
        reach = (2 * self.search).astype(int)
        rows, cols = np.arange(-reach[0], reach[0] + 1), np.arange(-reach[1], reach[1] + 1)
        near = surface[np.ix_(rows, cols)]
        row, col = np.unravel_index(int(np.argmax(near)), near.shape)
        apart = np.hypot(rows[:, None] - rows[row], cols[None, :] - cols[col])
        # two resolution cells away, in half samples
        far = near[apart > 5.0]
        noise = float(np.sqrt(np.mean((far - np.median(far)) ** 2)))
        height = float(near[row, col])
        signal = (height - float(np.median(far))) / noise if noise > 0 else 0.0
        return np.array([rows[row], cols[col]]) / 2.0, height, signal

    def _waves(self, place: Values) -> NDArray[np.complex128]:
        return np.asarray(self.spectra * np.exp(2j * np.pi * (self.frequency @ place)))

    def values(self, place: Values) -> Values:
        """Return each patch's correlation, (patch)."""
        return np.asarray(self._waves(place).real.sum(axis=1))

    def gradients(self, place: Values) -> Values:
        """Return the derivative of each patch's correlation, (patch, 2)."""
        return np.asarray(-2.0 * np.pi * (self._waves(place).imag @ self.frequency))

    def curvature(self, weight: Values, place: Values) -> Values:
        """Return minus the second derivative of the weighted correlation, (2, 2)."""
        wave = weight @ self._waves(place).real
        return np.asarray(4.0 * np.pi**2 * (self.frequency.T * wave) @ self.frequency)

    def climb(self, weight: Values, place: Values) -> Values:
        """Return the peak near a place, by Newton's method with steps below half a sample."""
        for _ in range(20):
            curvature = self.curvature(weight, place)
            if np.linalg.eigvalsh(curvature)[0] <= 0:
                return np.full(2, np.nan)
            step = np.linalg.solve(curvature, weight @ self.gradients(place))
            place = place + np.clip(step, -0.5, 0.5)
            if float(np.abs(step).max()) < 1e-6:
                break
        return place

    def covariance(self, weight: Values, place: Values) -> Values:
        """Return the covariance of the peak from the scatter of patches, (2, 2)."""
        inverse = np.linalg.pinv(self.curvature(weight, place))
        pull = weight[:, None] * self.gradients(place)
        n = int(np.count_nonzero(weight))
        return np.asarray(inverse @ (pull.T @ pull) @ inverse * n / max(n - 1, 1))
