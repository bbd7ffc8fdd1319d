"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def rng() -> np.random.Generator:
    """Give a generator with a fixed seed; tests draw from it and from nothing else."""
    return np.random.default_rng(20_251_120)


@pytest.fixture(scope="session")
def helper_data() -> Path:
    """Give the folder of real data, or skip by name where it is absent."""
    folder = Path(os.environ.get("FRINGEWORKS_DATA", ROOT / ".." / "shared" / "data")).resolve()
    if not (folder / "INVENTORY.md").is_file():
        pytest.skip(f"helper data absent: no INVENTORY.md in {folder} (set FRINGEWORKS_DATA)")
    return folder
