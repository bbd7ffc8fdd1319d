"""Fixtures of the SAFE reader's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.io.safe.made_safe import Recipe, write_folder

from fringeworks.io.safe import SafeProduct, open_safe


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """Give the standard made product's recipe."""
    return Recipe()


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory: pytest.TempPathFactory, recipe: Recipe) -> Path:
    """Give the standard made product as a folder."""
    return write_folder(tmp_path_factory.mktemp("made"), recipe)


@pytest.fixture
def made(made_folder: Path) -> SafeProduct:
    """Give the standard made product, opened."""
    return open_safe(made_folder)
