"""What several tests share: model folders and a place for converted engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_model import make_tiny_model

from visualizer.resources import embedded_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model in Stable Diffusion's own layout."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def engine_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh folder for converted engines, shared by the tests so that each conversion happens once."""
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="session")
def embedded() -> Path:
    """The model that ships."""
    return embedded_model()
