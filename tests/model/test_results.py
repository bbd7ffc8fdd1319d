"""Records of results: complete or not at all, and closed for changes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import date

import numpy as np
import pytest

from fringeworks.model.results import Inversion, ModelFit, Reference
from fringeworks.model.tally import Tally


def test_a_reference_is_a_record_of_where_when_and_what_was_removed():
    reference = Reference(
        row=3,
        col=4,
        x=-99.1,
        y=19.4,
        radius=2,
        n_pixels=25,
        when=date(2018, 1, 6),
        how="given",
        reason="given as a point",
        removed=np.zeros(3),
    )
    assert reference.when == date(2018, 1, 6)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'row'"):
        reference.row = 5  # type: ignore[misc]


def test_an_inversion_cannot_be_half_made():
    with pytest.raises(TypeError, match=r"missing \d+ required keyword-only arguments: 'displacement'"):
        Inversion(tally=Tally("pixels", 0, 0))  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", [Inversion, ModelFit, Reference])
def test_every_field_of_a_record_is_described(kind):
    for field in fields(kind):
        assert field.name in kind.__doc__


def test_a_fit_holds_its_layers_by_name():
    fit = ModelFit(
        layers={"velocity": np.zeros((2, 2), np.float32)},
        residual_square_sum=np.zeros(3),
        residual_count=np.zeros(3, np.int64),
        tally=Tally("pixels", 4, 4),
    )
    assert set(fit.layers) == {"velocity"}
