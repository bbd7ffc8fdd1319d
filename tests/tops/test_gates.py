import numpy as np
import pytest

from fringeworks.errors import OutOfRangeError
from fringeworks.tops.diversity import OverlapTable
from fringeworks.tops.gates import VERDICTS, judge
from fringeworks.tops.options import GateOptions

DATES = ["2024-01-01", "2024-01-13", "2024-01-25"]


def table(residual, sigma):
    residual = np.asarray(residual, float)
    names = tuple(f"IW1 {k + 1}/{k + 2}" for k in range(len(residual)))
    return OverlapTable(
        names=names, before=residual + 1.0, residual=residual, sigma=np.broadcast_to(sigma, residual.shape)
    )


@pytest.mark.parametrize(
    ("residual", "sigma", "verdict"),
    [
        (0.0, 0.0, "pass"),
        (0.049, 0.001, "pass"),
        (-0.06, 0.001, "warn"),
        (-0.06, 0.01, "pass"),
        (0.149, 0.01, "warn"),
        (0.2, 0.01, "fail"),
        (-0.2, 0.01, "fail"),
        (0.2, 0.04, "warn"),
        (0.0, 0.06, "warn"),
        (3.0, 0.06, "fail"),
        (np.nan, 0.01, "none"),
        (0.01, np.nan, "none"),
    ],
)
def test_a_step_is_judged_by_how_far_it_exceeds_its_noise(residual, sigma, verdict):
    found = judge(table([[residual]], sigma), dates=DATES[:1], options=GateOptions())
    assert VERDICTS[found.verdict[0, 0]] == verdict


def test_each_date_has_the_worst_of_its_verdicts_and_its_figure():
    found = judge(
        table([[0.01, 0.08, -0.4], [0.0, 0.01, -0.5], [0.02, np.nan, 0.01]], 0.005),
        dates=DATES,
        options=GateOptions(),
    )
    assert [VERDICTS[k] for k in found.worst] == ["pass", "warn", "fail"]
    assert [f.level for f in found.findings] == ["warning", "error"]
    assert found.findings[1].text == "2024-01-25: 2 of 3 seams fail, the worst -0.500 +- 0.005 rad in IW1 2/3"
    assert found.tally.as_dict()["rejected"] == {"fail": 2, "no data": 1, "warn": 1}
    assert found.tally.used == 5
    rows = found.rows(DATES)
    assert len(rows) == 8
    assert rows[0] == {
        "overlap": "IW1 1/2",
        "date": "2024-01-01",
        "before_rad": 1.01,
        "residual_rad": 0.01,
        "sigma_rad": 0.005,
        "verdict": "pass",
    }


def test_no_seam_is_no_verdict():
    empty = np.empty((0, 3))
    found = judge(
        OverlapTable(names=(), before=empty, residual=empty, sigma=empty), dates=DATES, options=GateOptions()
    )
    assert found.worst.tolist() == [0, 0, 0]
    assert not found.findings
    assert found.rows(DATES) == []


def test_limits_have_an_order():
    with pytest.raises(OutOfRangeError, match="at least pass_rad"):
        GateOptions(pass_rad=0.2, fail_rad=0.1)
