"""The small-baseline inversion: from interferograms to dates, pixel by pixel (NSBAS)."""

from fringeworks.timeseries.smallbaseline.covariance import date_covariance
from fringeworks.timeseries.smallbaseline.height import date_baselines, height_sensitivity
from fringeworks.timeseries.smallbaseline.inversion import invert
from fringeworks.timeseries.smallbaseline.options import InversionOptions
from fringeworks.timeseries.smallbaseline.series import Series, solve_series
from fringeworks.timeseries.smallbaseline.weights import phase_variance

__all__ = [
    "InversionOptions",
    "Series",
    "date_baselines",
    "date_covariance",
    "height_sensitivity",
    "invert",
    "phase_variance",
    "solve_series",
]
