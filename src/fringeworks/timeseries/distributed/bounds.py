"""How well phases can be known: the Cramer-Rao bound of linked phases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fringeworks.errors import OutOfRangeError, ShapeMismatchError


def cramer_rao_bound(
    coherence: NDArray[np.float64], *, looks: float, reference: int = 0
) -> NDArray[np.float64]:
    """Return the least standard deviation of phases that any unbiased estimator has.

    Parameters
    ----------
    coherence : float64, (date, date)
        True coherence of all pairs of dates, ones on the diagonal.
    looks : float
        Independent samples.
    reference : int
        Index of the date whose phase is 0.

    Returns
    -------
    float64, (date)
        Standard deviation of each date's phase less that of the reference [rad]; 0 at the reference.

    Raises
    ------
    ShapeMismatchError
        The matrix is not square.
    OutOfRangeError
        It is not positive definite, or the looks are not positive.

    Notes
    -----
    Fisher's information is ``2 looks (G o G^-1 - 1)``, with o the element-wise product [Guarnieri2008].
    """
    if coherence.ndim != 2 or coherence.shape[0] != coherence.shape[1]:
        raise ShapeMismatchError(f"coherence of shape {coherence.shape}", expected="(date, date)")
    if looks <= 0.0:
        raise OutOfRangeError(f"{looks} looks", expected="a positive number")
    n_dates = len(coherence)
    if n_dates and np.linalg.eigvalsh(coherence)[0] <= 0.0:
        raise OutOfRangeError(
            "a coherence matrix that is not positive definite", expected="the coherence of some set of images"
        )
    information = 2.0 * looks * (coherence * np.linalg.inv(coherence) - np.eye(n_dates))
    others = np.delete(np.arange(n_dates), reference)
    std = np.zeros(n_dates)
    std[others] = np.sqrt(np.diag(np.linalg.inv(information[np.ix_(others, others)])))
    return std
