"""What paints an offline render: the live method's stream, or the published method; the loop does not know which."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from engines.backends import Networks
from engines.folder import settings_files
from engines.guidance import Meant
from engines.model import ModelInfo
from engines.state import State
from engines.stream import Stream
from engines.tpos import Published, PublishedPictures
from visualizer.encoder.ear import Ear
from visualizer.picture_source.opening import PictureFile, digest_of
from visualizer.preset import Preset
from visualizer.segments import SEGMENT_S, Segments
from visualizer.snapshots import Controls, FloatArray, Picture


class Painter(Protocol):
    """Paints one sound. A frame is heard, then painted; one whose picture is known already is only heard."""

    def begin(self, preset: Preset, sound: FloatArray) -> None:
        """Paint this look to this sound, (n, 2) at 48 kHz."""
        ...

    def say(self, prompts: tuple[str, str], fade_s: float) -> None:
        """Paint other prompts from the next picture on, at both ends of their mix."""
        ...

    def hear(self, mel: FloatArray, dt: float) -> None:
        """Take in the mel (hops, bands) of the ``dt`` seconds up to the frame's end."""
        ...

    def paint(self, controls: Controls, time: float) -> Picture:
        """The picture at ``time`` s."""
        ...

    def state(self) -> State:
        """What the next pictures depend on, beside what is heard."""
        ...

    def restore(self, state: State) -> None:
        """Go on from a state; ``begin`` comes before."""
        ...

    def about(self) -> Mapping[str, Any]:
        """Whatever of the painter itself shapes its pictures, in plain values."""
        ...


class LivePainter:
    """The live show's method. ear: tells the stream what the sound means, if there is one. source: what is painted over."""

    def __init__(
        self, info: ModelInfo, networks: Networks, ear: Ear | None, source: PictureFile | None = None
    ) -> None:
        self.stream, self.ear, self._source = Stream(info, networks), ear, source
        self._about = {**_about("live", info, networks, ear), "source": "" if source is None else digest_of(source)}
        self._meant: Meant | None = None

    def begin(self, preset: Preset, sound: FloatArray) -> None:
        self.stream.set_prompt(*preset.prompts)

    def say(self, prompts: tuple[str, str], fade_s: float) -> None:
        self.stream.set_prompt(*prompts, fade_s)

    def hear(self, mel: FloatArray, dt: float) -> None:
        if self.ear is not None:
            self.ear.hear(mel)
            self._meant = self.ear.meant(dt)

    def paint(self, controls: Controls, time: float) -> Picture:
        source = None if self._source is None else self._source.at(time)
        return self.stream.paint(controls.values, self._meant, time, source)

    def state(self) -> State:
        return self.stream.whole_state()

    def restore(self, state: State) -> None:
        self.stream.restore(state)

    def about(self) -> Mapping[str, Any]:
        return self._about


class PublishedPainter:
    """The published method. Of a look it takes prompt and seed: routes, motion and light are the live method's own."""

    def __init__(
        self, info: ModelInfo, networks: Networks, ear: Ear, settings: Published, segment_s: float = SEGMENT_S
    ) -> None:
        self._info, self._networks, self._ear = info, networks, ear
        self._settings, self._segment_s = settings, segment_s

    def begin(self, preset: Preset, sound: FloatArray) -> None:
        seed = int(preset.numbers()["picture/seed"])
        self._pictures = PublishedPictures(self._info, self._networks, self._settings, preset.prompt, seed)
        self._segments = Segments(sound, self._ear, self._segment_s)

    def say(self, prompts: tuple[str, str], fade_s: float) -> None:
        """Nothing: the published method has one prompt."""

    def hear(self, mel: FloatArray, dt: float) -> None:
        """Nothing: the segments hear for themselves, half a segment ahead of the picture."""

    def paint(self, controls: Controls, time: float) -> Picture:
        return self._pictures.paint(self._segments.at(time))

    def state(self) -> State:
        return {}  # a picture depends on the sound alone

    def restore(self, state: State) -> None:
        """Nothing is kept from picture to picture."""

    def about(self) -> Mapping[str, Any]:
        settings = {**asdict(self._settings), "segment_s": self._segment_s}
        return {**_about("tpos", self._info, self._networks, self._ear), "settings": settings}


def _about(method: str, info: ModelInfo, networks: Networks, ear: Ear | None) -> dict[str, Any]:
    return {
        "method": method, "model": [info.fingerprint, _settings_of(info.path)],
        "networks": [networks.name, networks.precision, networks.batch, *networks.styles],
        "ear": ear.fingerprint if ear is not None else "",
    }  # fmt: skip


def _settings_of(model: Path) -> str:
    """A digest of all that a model's folder says in words: its fingerprint leaves out tokenizer, schedule and lexicon."""
    digest = hashlib.sha256()
    for name, path in settings_files(model).items():
        digest.update(f"{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()
