"""What the renderer understands of the sound: it listens, and says what is meant to whichever model paints."""

from __future__ import annotations

import math
from pathlib import Path

from engines.backends import Networks
from engines.guidance import Meant
from engines.model import ModelInfo
from visualizer.encoder.translator import Translator
from visualizer.renderer.listener import Listener
from visualizer.snapshots import Meaning

MEANING_HOLDS_S = 1.0
"""What was meant fades when no sound has been heard for so long."""

TEXTS_AT_ONCE = 2
"""Of the bank, encoded between two frames: a new model must not stop the picture."""


class Understanding:
    """A sound encoder and a picture model that come and go each by itself."""

    def __init__(self) -> None:
        self._listener: Listener | None = None
        self._model: tuple[ModelInfo, Networks, Path] | None = None
        self._translator: Translator | None = None
        self._meant_at = self._asked_at = -math.inf

    def hear(self, listener: Listener | None) -> None:
        """Take up a sound encoder; None lets go of it."""
        self._listener = listener
        self._introduce()

    def speak_to(self, info: ModelInfo, networks: Networks, cache: Path) -> None:
        """From now on this model paints."""
        self._model = info, networks, cache
        self._introduce()

    def _introduce(self) -> None:
        self._translator = None
        if self._listener is None or self._model is None:
            return
        info, networks, cache = self._model
        self._translator = Translator(self._listener.bank, networks.encode_text, info.fingerprint, info.lexicon, cache)

    @property
    def behind(self) -> bool:
        """Whether there is more to be heard of the past, or to be said to the model, before it can go by the sound."""
        listener, translator = self._listener, self._translator
        return listener is not None and translator is not None and not (listener.caught_up and translator.ready)

    def listen(self, now: float) -> Meaning | None:
        """Take the sound that has come; what it means if that is new. now: monotonic seconds."""
        if self._listener is None or not self._listener.listen():
            return None
        self._meant_at = now
        return self._listener.meaning

    def meant(self, now: float) -> Meant | None:
        """What the sound means to the model that paints, at the beginning of a frame."""
        if self._listener is None or self._translator is None or not self._translator.prepare(TEXTS_AT_ONCE):
            return None
        meaning = self._listener.meaning if now - self._meant_at <= MEANING_HOLDS_S else None
        dt, self._asked_at = now - self._asked_at, now
        return self._translator.translate(None if meaning is None else meaning.weights, dt)
