"""Which networks a renderer is to run, as the app asks for them: read the same by who builds and by who paints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.backends import Build, Networks, build, open_networks
from engines.model import ModelInfo, inspect


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model at (width, height) on a backend, "" for the machine's best. cache: where what is built is kept.

    build: what the networks are made for beside.
    """

    info: ModelInfo
    size: tuple[int, int]
    backend: str
    cache: Path
    build: Build

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Wanted:
        """From ``RendererSettings.wanted``. Raises ModelError where the folder holds no model."""
        size = int(plain["width"]), int(plain["height"])
        info = inspect(Path(plain["model"]))
        batch = int(plain["batch"]) if info.steps > 1 else 1  # one step has nothing to share, and the show must go on
        build = Build(tuple(map(Path, plain["styles"])), bool(plain["sees"]), batch)
        return cls(info, size, str(plain["backend"]), Path(plain["cache"]), build)

    def make(self, tell: Callable[[str], None]) -> None:
        """Build and keep what ``open`` would have to build. tell: as ``engines.backends.build``. Raises as ``open``."""
        build(self.info, self.size, self.backend, self.cache, tell, self.build)

    def open(self) -> Networks:
        """The networks, built first where that was not done before. Raises BackendError or ModelError."""
        return open_networks(self.info, self.size, self.backend, self.cache, self.build)
