"""Errors: one tree, numbered, saying what was found, what was expected and what to do."""

from __future__ import annotations

import pickle

import pytest

from fringeworks import errors
from fringeworks.errors import (
    CalculationError,
    DamagedFileError,
    DateOrderError,
    FringeworksError,
    InputRefusedError,
    MissingInputError,
    RequestError,
    RunError,
)

KINDS = sorted(
    (
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, FringeworksError) and kind is not FringeworksError
    ),
    key=lambda kind: kind.code,
)
ROOTS = (RequestError, InputRefusedError, RunError, CalculationError)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_lies_in_the_thousand_of_its_branch(kind):
    branch = next(root for root in ROOTS if issubclass(kind, root))
    assert kind.code // 1000 == ROOTS.index(branch) + 1
    assert kind.exit_status == {1: 2, 2: 3, 3: 4, 4: 4}[kind.code // 1000]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_says_its_number_and_survives_a_process_border(kind):
    error = kind("three apples", expected="four apples", hint="buy another")
    assert str(error) == f"[FW{kind.code}] three apples; expected: four apples; what to do: buy another"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (again.found, again.expected, again.hint) == ("three apples", "four apples", "buy another")
    assert str(again) == str(error)


def test_numbers_and_summaries_are_unique():
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    assert len({kind.summary for kind in KINDS}) == len(KINDS)
    assert "unspecified failure" not in {kind.summary for kind in KINDS}


def test_parts_that_say_nothing_are_left_out():
    assert str(RunError("it broke")) == "[FW3000] it broke"
    assert str(RunError("it broke", hint="run again")) == "[FW3000] it broke; what to do: run again"


@pytest.mark.parametrize(
    ("kind", "built_in"),
    [
        (RequestError, ValueError),
        (InputRefusedError, ValueError),
        (MissingInputError, FileNotFoundError),
        (DamagedFileError, OSError),
        (RunError, RuntimeError),
        (CalculationError, ValueError),
    ],
)
def test_an_error_is_also_the_built_in_a_caller_would_catch(kind, built_in):
    with pytest.raises(built_in, match=r"\[FW\d{4}\] found it"):
        raise kind("found it")


def test_an_os_error_keeps_its_message():
    # OSError rewrites its arguments when it gets two of them; ours must not be caught by that.
    error = MissingInputError("no file a.tif", expected="a raster", hint="look in the other folder")
    assert str(error).startswith("[FW2001] no file a.tif; expected: a raster")
    assert error.errno is None


def test_a_wrong_date_order_is_an_input_that_is_refused():
    assert issubclass(DateOrderError, InputRefusedError)
    assert DateOrderError("x").exit_status == 3
