"""What a renderer is asked for, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class RendererSettings:
    """What a renderer is started with. size: (width, height). backend: "" for the machine's best.

    second: the prompt at the other end of the mix. styles: LoRA files whose weights the controls move.
    sees: whether it paints over what the show's picture source shows. batch: slots of the stream, 1 for none;
    a model of one step is painted without.
    encoder, bank: of the sound, None for a renderer that does not listen. banks: folder of the user's own, None for none.
    """

    model: Path
    size: tuple[int, int]
    fps: float
    prompt: str
    cache: Path
    backend: str = ""
    encoder: Path | None = None
    bank: Path | None = None
    banks: Path | None = None
    second: str = ""
    styles: tuple[Path, ...] = ()
    sees: bool = False
    batch: int = 1

    def wanted(self) -> dict[str, Any]:
        """Which networks, in plain values: what ``Wanted.of`` reads in the renderer."""
        return {
            "model": str(self.model), "width": self.size[0], "height": self.size[1], "backend": self.backend,
            "cache": str(self.cache), "styles": [str(style) for style in self.styles],
            "sees": self.sees, "batch": self.batch,
        }  # fmt: skip

    @property
    def named(self) -> str:
        """Model, size and backend, for people."""
        on = f" on {self.backend}" if self.backend else ""
        return f"{self.model.name} at {self.size[0]}×{self.size[1]}{on}"


@dataclass(frozen=True, slots=True)
class RendererStatus:
    """state: "starting", "running", "restarting" or "failed". message: one sentence when there is something to say.

    texts: the prompt bank's, once the renderer listens. preparing: what is being made ready beside the renderer that
    paints, and how far that is; "" for nothing. delay_frames: the most frames from a picture's beginning to its showing.
    """

    state: str
    backend: str = ""
    precision: str = ""
    size: tuple[int, int] = (0, 0)
    message: str = ""
    restarts: int = 0
    texts: tuple[str, ...] = ()
    preparing: str = ""
    delay_frames: int = 0
