"""Tallies: what is considered is used or rejected with a reason."""

from __future__ import annotations

import json

import pytest

from fringeworks.model.tally import Finding, Tally


def test_blocks_add_up_reason_by_reason():
    first = Tally("pixels", 10, 7, {"water": 2, "no data": 1})
    second = Tally("pixels", 5, 1, {"water": 3, "low coherence": 1})
    both = first + second
    assert both.as_dict() == {
        "what": "pixels",
        "considered": 15,
        "used": 8,
        "rejected": {"low coherence": 1, "no data": 1, "water": 5},
    }
    assert both.considered == both.used + sum(both.rejected.values())
    assert first.rejected == {"water": 2, "no data": 1}


def test_reasons_without_a_case_are_left_out_and_counts_are_plain_numbers():
    tally = Tally("pairs", 3, 3, {"duplicate": 0})
    assert dict(tally.rejected) == {}
    assert json.loads(json.dumps(tally.as_dict()))["rejected"] == {}


def test_a_tally_does_not_follow_the_dictionary_it_was_made_from():
    reasons = {"water": 1}
    tally = Tally("pixels", 2, 1, reasons)
    reasons["water"] = 99
    assert tally.rejected["water"] == 1
    with pytest.raises(TypeError, match="does not support item assignment"):
        tally.rejected["water"] = 3  # type: ignore[index]


def test_a_finding_is_three_words_for_json():
    finding = Finding("warning", "disk", "3 GB are free, 4 GB are needed")
    assert finding.as_dict() == {
        "level": "warning",
        "topic": "disk",
        "text": "3 GB are free, 4 GB are needed",
    }
