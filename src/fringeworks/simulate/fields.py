"""Random and regular fields of the ground and the air: turbulence, layered air, terrain, land cover."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len

from fringeworks.errors import OutOfRangeError
from fringeworks.model.grids import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLaw:
    """A Gaussian random field whose two-dimensional power spectrum falls as wavenumber to a power.

    Attributes
    ----------
    exponent : float
        Power density is proportional to ``k**-exponent``.  8/3 and 11/3 are those of turbulence over distances longer
        and shorter than its depth (Hanssen 2001, section 4.7); 0 is white.
    rms_difference : float
        Root mean square difference of the field between two points ``distance`` apart [unit of the field].
    distance : float
        Along the x axis [m].
    """

    rms_difference: float
    distance: float
    exponent: float = 8.0 / 3.0

    def draw(
        self, shape: Shape, spacing: tuple[float, float], *, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Draw one field.

        Parameters
        ----------
        shape : Shape
            Rows and columns.
        spacing : tuple of float
            Size of a pixel along y and x [m].
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        float32, (y, x)
            Zero mean over the ensemble, not over the scene: scales up to twice the scene are in it.

        Raises
        ------
        OutOfRangeError
            ``distance`` is longer than the domain, which is at least twice the scene.

        Notes
        -----
        The field is made by the Fourier transform of white noise on a square domain at least twice as long as the scene,
        so that its periodicity is cut off and its longest waves run in all directions; the scale follows from the
        structure function of the discrete spectrum, ``D(r) = 2 sum S(k) (1 - cos(k r))``, not from the realisation.
        """
        side = 2.0 * max(shape.rows * spacing[0], shape.cols * spacing[1])
        rows, cols = (next_fast_len(math.ceil(side / step), real=True) for step in spacing)
        if not 0.0 < self.distance <= cols * spacing[1]:
            raise OutOfRangeError(
                f"distance {self.distance:g} m", expected=f"more than 0 and at most {cols * spacing[1]:.0f} m"
            )
        ky = np.fft.fftfreq(rows, spacing[0]).astype(np.float32)[:, None]
        kx = np.fft.rfftfreq(cols, spacing[1]).astype(np.float32)[None, :]
        k = np.hypot(ky, kx)
        k[0, 0] = np.inf if self.exponent > 0 else 1.0
        amplitude = k ** np.float32(-0.5 * self.exponent)
        amplitude[0, 0] = 0.0
        scale = self._scale(amplitude, kx, cols)
        noise = rng.standard_normal((2, *amplitude.shape), dtype=np.float32)
        # Columns without a mirror image keep only the real part of what they transform to: half of their power.
        noise[:, :, 0] *= np.float32(math.sqrt(2.0))
        if cols % 2 == 0:
            noise[:, :, -1] *= np.float32(math.sqrt(2.0))
        spectrum = amplitude * (noise[0] + 1j * noise[1])
        field = irfft2(spectrum, s=(rows, cols), overwrite_x=True, workers=2)[: shape.rows, : shape.cols]
        return np.asarray(field * scale, np.float32)

    def _scale(self, amplitude: NDArray[np.float32], kx: NDArray[np.float32], cols: int) -> float:
        """Return the factor that gives the transformed noise its rms difference."""
        power = np.sum(amplitude.astype(np.float64) ** 2, axis=0) * 2.0
        twice = np.full(power.shape, 2.0)
        twice[0] = 1.0
        if cols % 2 == 0:
            twice[-1] = 1.0
        rows = amplitude.shape[0]
        structure = 2.0 * np.sum(twice * power * (1.0 - np.cos(2 * np.pi * kx[0] * self.distance)))
        return float(self.rms_difference * rows * cols / math.sqrt(structure))


@dataclass(frozen=True, slots=True, kw_only=True)
class LayeredAir:
    """Delay that falls exponentially with height, with a yearly course and a random part.

    Attributes
    ----------
    seasonal : float
        Amplitude of the yearly change of the zenith delay at sea level [m].
    random : float
        Standard deviation of its change from date to date [m].
    peak : float
        Fraction of the calendar year of the largest delay.
    scale_height : float
        Height over which the delay falls to 1/e [m].
    """

    seasonal: float = 0.03
    random: float = 0.015
    peak: float = 0.58
    scale_height: float = 2_000.0

    def zenith(self, fractions: NDArray[np.float64], *, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the change of zenith delay at sea level [m], (date), for dates given as decimal years."""
        course = self.seasonal * np.cos(2 * np.pi * (fractions - self.peak))
        return np.asarray(course + self.random * rng.standard_normal(fractions.shape))

    def profile(self, height: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the share of the sea level's zenith delay that is left at a height [m], same shape."""
        return np.asarray(np.exp(-height / np.float32(self.scale_height)), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cone:
    """A volcano: a Gaussian-flanked cone of the terrain, placed in metres from the centre of the scene."""

    east: float
    north: float
    height: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ellipse:
    """A region of the ground: half axes and centre in metres east and north of the centre of the scene."""

    east: float
    north: float
    half_east: float
    half_north: float

    def holds(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return where points (metres from the centre of the scene) lie inside."""
        inside: NDArray[np.bool_] = ((x - self.east) / self.half_east) ** 2 + (
            (y - self.north) / self.half_north
        ) ** 2 <= 1.0
        return inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """Heights of the ground.

    Attributes
    ----------
    base : float
        Height of the plain above the ellipsoid [m].
    roughness : PowerLaw, optional
        Hills.
    cones : tuple of Cone
        Volcanoes.
    lowest : float
        No ground lies deeper [m].
    """

    base: float = 300.0
    roughness: PowerLaw | None = None
    cones: tuple[Cone, ...] = ()
    lowest: float = 2.0

    def draw(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        spacing: tuple[float, float],
        *,
        rng: np.random.Generator,
    ) -> NDArray[np.float32]:
        """Draw heights [m], (y, x), on a grid of metres east (x) and north (y) of the centre, broadcastable."""
        shape = np.broadcast_shapes(x.shape, y.shape)
        height = np.full(shape, self.base, np.float32)
        if self.roughness is not None:
            height += self.roughness.draw(Shape(*shape), spacing, rng=rng)
        for cone in self.cones:
            square = (x - cone.east) ** 2 + (y - cone.north) ** 2
            height += np.asarray(cone.height * np.exp(-square / (2 * cone.width**2)), np.float32)
        return np.maximum(height, np.float32(self.lowest))


def patches(
    shape: Shape, shares: tuple[float, ...], spacing: tuple[float, float], *, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Cut a scene into smooth patches of several classes.

    Parameters
    ----------
    shape : Shape
        Rows and columns.
    shares : tuple of float
        Share of the area of each class; must sum to 1.
    spacing : tuple of float
        Size of a pixel along y and x [m].
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    uint8, (y, x)
        Index of the class: bands between the quantiles of a smooth random field (spectrum k^-4).

    Raises
    ------
    OutOfRangeError
        The shares do not sum to 1.
    """
    if not math.isclose(sum(shares), 1.0, abs_tol=1e-6) or min(shares) < 0.0:
        raise OutOfRangeError(f"shares {shares}", expected="shares of at least 0 that sum to 1")
    if len(shares) == 1:
        return np.zeros(tuple(shape), np.uint8)
    law = PowerLaw(exponent=4.0, rms_difference=1.0, distance=shape.cols * spacing[1] / 4)
    field = law.draw(shape, spacing, rng=rng)
    limits = np.quantile(field, np.cumsum(shares)[:-1])
    return np.searchsorted(limits, field.ravel()).astype(np.uint8).reshape(tuple(shape))
