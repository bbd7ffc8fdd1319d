"""Dates x bursts from facts whose answer is known by construction."""

from __future__ import annotations

from pathlib import Path

import pytest

from fringeworks.errors import MixedStackError, TooFewDataError
from fringeworks.model.burst_cycle import numbers_in_cycle
from fringeworks.model.identity import (
    AcquisitionKey,
    BurstId,
    Instant,
    PassDirection,
    Platform,
    Polarisation,
    Swath,
)
from fringeworks.workflow.inventory import take_inventory
from fringeworks.workflow.scene_facts import BurstFacts, ProductFacts

VV, VH, HH = Polarisation.VV, Polarisation.VH, Polarisation.HH


def made(
    name,
    *,
    start="2023-01-08T13:52:56",
    datatake="0598D3",
    numbers=range(100, 104),
    swaths=("IW1",),
    polarisations=(VV,),
    track=71,
    tracks=None,
    mode="IW",
    version="3.52",
    processed=None,
    path=None,
    direction=PassDirection.DESCENDING,
    burst_track=None,
):
    begin = Instant.parse(start)
    bursts = tuple(
        BurstFacts(
            id=BurstId(burst_track or track, n, Swath(s)),
            swath=Swath(s),
            polarisations=tuple(polarisations),
            start=begin.plus(2.758 * k),
            n_lines=1500,
            n_samples=20000,
        )
        for s in swaths
        for k, n in enumerate(numbers)
    )
    pairs = tuple((Swath(s), p) for s in swaths for p in polarisations)
    return ProductFacts(
        name=name,
        path=Path(path or f"/nowhere/{name}.zip"),
        key=AcquisitionKey(begin, Platform.named("S1A"), 46693, datatake),
        stop=begin.plus(27.0),
        mode=mode,
        tracks=tracks or (track, track),
        pass_direction=direction,
        processor_version=version,
        processed=Instant.parse(processed) if processed else None,
        footprint={},
        available=pairs,
        measured=pairs,
        bursts=bursts,
        findings=(),
    )


SECOND = {"start": "2023-01-20T13:52:56", "datatake": "05ACCC"}


def test_two_dates_of_the_same_ground():
    found = take_inventory([made("b", **SECOND), made("a")])
    assert [d.date for d in found.dates] == ["2023-01-08", "2023-01-20"]
    assert found.matrix() == ((True,) * 4, (True,) * 4)
    assert (found.track, found.mode, found.polarisations) == (71, "IW", (VV,))
    assert found.findings == ()


def test_slices_of_a_pass_are_one_date_whatever_their_order():
    slices = [
        made("s3", start="2023-01-08T13:53:18", numbers=range(108, 112)),
        made("s1", numbers=range(100, 104)),
        made("s2", start="2023-01-08T13:53:07", numbers=range(104, 108)),
    ]
    found = take_inventory(slices)
    (date,) = found.dates
    assert date.slices == ("s1", "s2", "s3")
    assert date.gaps() == ()
    assert [c.number for c in found.columns] == list(range(100, 112))
    assert any("3 slices" in f.text for f in found.findings)


def test_a_pass_over_midnight_is_one_date():
    found = take_inventory(
        [
            made("s1", start="2023-01-08T23:59:50"),
            made("s2", start="2023-01-09T00:00:01", numbers=range(104, 108)),
        ]
    )
    assert [(d.date, d.slices) for d in found.dates] == [("2023-01-08", ("s1", "s2"))]


def test_a_missing_slice_is_a_gap_and_the_bursts_are_missing():
    whole = made("whole", numbers=range(100, 112))
    torn = [
        made("t1", **SECOND, numbers=range(100, 104)),
        made("t3", start="2023-01-20T13:53:18", datatake="05ACCC", numbers=range(108, 112)),
    ]
    found = take_inventory([whole, *torn])
    assert found.dates[1].gaps() == ((Swath.IW1, 104, 107),)
    assert [g.number for g, _ in found.missing(found.dates[1])] == [104, 105, 106, 107]
    assert found.matrix()[1] == (True,) * 4 + (False,) * 4 + (True,) * 4
    plain = found.as_dict()
    assert plain["dates"][1]["gaps"] == [{"swath": "IW1", "first": 104, "last": 107}]
    assert plain["bursts"][4] == {
        "esa": "071_000104_IW1",
        "opera": "T071-000104-IW1",
        "swath": "IW1",
        "n_dates": 1,
    }
    assert any(f.topic == "gaps" and "104 to 107" in f.text for f in found.findings)


def test_a_gap_that_every_date_has_is_still_seen():
    found = take_inventory([made("a", numbers=(100, 101, 104))])
    assert found.dates[0].gaps() == ((Swath.IW1, 102, 103),)


def test_numbers_go_on_past_the_end_of_the_cycle():
    last = numbers_in_cycle("IW")
    found = take_inventory([made("a", numbers=(last - 1, last, 1, 2), track=175)])
    assert [c.number for c in found.columns] == [last - 1, last, 1, 2]
    assert found.dates[0].gaps() == ()
    torn = take_inventory([made("a", numbers=(last - 1, 2), track=175)])
    assert torn.dates[0].gaps() == ((Swath.IW1, last, 1),)


def test_the_newest_processor_serves_duplicated_bursts_and_it_is_said():
    old = made("old", version="3.9", processed="2023-02-01T00:00:00")
    new = made("new", version="3.40", processed="2023-01-09T00:00:00", numbers=range(101, 104))
    found = take_inventory([new, old])
    (date,) = found.dates
    served = {g.number: dict(cell)[VV] for g, cell in date.held.items()}
    # 3.40 is newer than 3.9: parts of a version are numbers
    assert served == {100: "old", 101: "new", 102: "new", 103: "new"}
    (twice,) = date.duplicates
    assert (twice.used, twice.unused, twice.n_bursts) == ("new", "old", 3)
    assert "3.40 is newer than 3.9" in twice.reason
    assert any("new is used, old is not" in f.text for f in found.findings)


def test_of_one_processor_the_later_processing_wins_and_an_unused_product_is_no_slice():
    first = made("z-first", processed="2023-01-09T00:00:00")
    again = made("a-again", processed="2023-03-09T00:00:00")
    (date,) = take_inventory([first, again]).dates
    assert date.slices == ("a-again",)
    assert "processed on 2023-03-09" in date.duplicates[0].reason


def test_the_same_product_twice():
    (date,) = take_inventory([made("a", path="/x/a.zip"), made("a", path="/y/a.SAFE")]).dates
    assert date.duplicates[0].n_bursts == 4
    assert "given twice" in date.duplicates[0].reason


def test_order_of_products_does_not_matter():
    products = [
        made("a", version="3.40"),
        made("b"),
        made("c", **SECOND, numbers=range(101, 106)),
        made("d", start="2023-01-08T13:53:07", numbers=range(104, 108), swaths=("IW1", "IW2")),
    ]
    wanted = take_inventory(products).as_dict()
    for order in ((3, 2, 1, 0), (1, 3, 0, 2)):
        assert take_inventory([products[k] for k in order]).as_dict() == wanted


def test_a_polarisation_that_one_date_lacks_is_left_out_and_said():
    found = take_inventory([made("a", polarisations=(VV, VH)), made("b", **SECOND)])
    assert found.polarisations == (VV,)
    assert any("VH is on 1 of 2 dates" in f.text for f in found.findings)


def test_a_burst_without_one_of_the_polarisations_is_missing_in_it():
    part = made("b", **SECOND, polarisations=(VV, VH), numbers=(100, 101, 102))
    rest = made("c", start="2023-01-20T13:53:04", datatake="05ACCC", numbers=(103,), polarisations=(VV,))
    found = take_inventory([made("a", polarisations=(VV, VH)), part, rest])
    assert found.missing(found.dates[1]) == ((found.columns[3], (VH,)),)
    assert found.matrix()[1] == (True, True, True, False)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"track": 52}, "of track 71, b of track 52"),
        ({"mode": "EW", "swaths": ("EW1",)}, "of mode IW, b of EW"),
        ({"polarisations": (HH,)}, "no polarisation is common to all dates: 2023-01-08 VV, 2023-01-20 HH"),
        ({"direction": PassDirection.ASCENDING}, "direction of flight"),
    ],
)
def test_what_is_no_stack_is_refused_with_the_reason(change, reason):
    with pytest.raises(MixedStackError, match=reason) as caught:
        take_inventory([made("a"), made("b", **SECOND, **change)])
    assert caught.value.exit_status == 3


def test_a_pass_that_crosses_the_equator_lies_on_two_tracks():
    north = made("n", start="2023-01-08T13:53:07", numbers=(104, 105), track=72)
    cross = made("x", tracks=(71, 72), numbers=(102, 103), burst_track=71)
    other = made("o", **SECOND, track=72, numbers=(104, 105))
    found = take_inventory([north, cross, other])
    assert found.track == 72
    assert len(found.dates) == 2


def test_two_passes_on_one_date_are_said():
    found = take_inventory([made("a"), made("b", start="2023-01-08T20:00:00", datatake="111111")])
    assert any(f.topic == "dates" and "2 passes" in f.text for f in found.findings)


def test_nothing_is_an_error():
    with pytest.raises(TooFewDataError, match="no product"):
        take_inventory([])
