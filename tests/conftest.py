"""What several tests share: model folders and a place for converted engines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tiny_model import make_tiny_model

from engines.backends import Networks, open_networks
from engines.model import ModelInfo, inspect
from visualizer.resources import embedded_model

# Read when NDI's library is loaded: tests are seen by this machine alone.
os.environ.setdefault("NDI_CONFIG_DIR", str(Path(__file__).with_name("ndi")))

pytest_plugins = ["desk_show", "jack_server", "known_videos", "small_encoder"]  # their fixtures serve several modules


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


@pytest.fixture(scope="module")
def painter(embedded: Path, engine_cache: Path) -> tuple[ModelInfo, Networks]:
    """The model that ships, its networks opened at its own size."""
    info = inspect(embedded)
    return info, open_networks(info, (256, 256), "openvino", engine_cache)
