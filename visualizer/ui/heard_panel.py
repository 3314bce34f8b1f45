"""What the show hears, drawn plainly: beat, loudness and bands, the last seconds' spectrum, and the words for the sound."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from visualizer.ui.beat_view import BeatView
from visualizer.ui.following import FollowingPanel
from visualizer.ui.hearing import Hearing, HearingShow, hearing
from visualizer.ui.meters import Meters
from visualizer.ui.spectrogram import Spectrogram
from visualizer.ui.theme import GAP_PX
from visualizer.ui.words_view import WORDS_SHOWN, WordsView

LEAST_HEIGHT, MOST_HEIGHT = 164, 260


class HeardPanel(FollowingPanel):
    """A strip under the picture. ``put`` it what is heard, or let it ``follow`` a show by itself.

    tapped, flipped, downbeat: the buttons.
    """

    tapped, flipped, downbeat = Signal(), Signal(), Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.refresh, parent=parent)
        self.setObjectName("panel")
        self.setAccessibleName("What is heard")
        self.setMinimumHeight(LEAST_HEIGHT)
        self.setMaximumHeight(MOST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.beat, self.meters, self.spectrogram, self.words = BeatView(), Meters(), Spectrogram(), WordsView()
        self.beat.tapped.connect(self.tapped)
        self.beat.flipped.connect(self.flipped)
        self.beat.downbeat.connect(self.downbeat)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, GAP_PX, 10, GAP_PX)
        layout.setSpacing(12)
        layout.addWidget(self.beat)
        layout.addWidget(self.meters)
        layout.addWidget(self.spectrogram, 6)
        layout.addWidget(self.words, 5)
        self._show: HearingShow | None = None
        self._drawn, self._drawn_at = 0, time.perf_counter()  # the newest hop drawn, and when

    def follow(self, show: HearingShow) -> None:
        """Draw what this show hears, while it is visible, and give it what the buttons say."""
        self._show = show
        self.tapped.connect(show.tap)
        self.flipped.connect(show.flip_beat)
        self.downbeat.connect(show.downbeat)

    def refresh(self) -> None:
        """Draw what the show has heard since the last call."""
        if self._show is None:
            return
        now = time.perf_counter()
        heard = hearing(self._show, self._drawn, WORDS_SHOWN)
        self.put(heard, now - self._drawn_at)
        self._drawn, self._drawn_at = heard.hops[-1].sample if heard.hops else self._drawn, now

    def put(self, heard: Hearing, seconds: float) -> None:
        """Take what was heard in the ``seconds`` since the last call."""
        self.beat.dial.put(heard.beat)
        self.meters.put(heard.hops, seconds)
        self.spectrogram.push(heard.hops)
        self.words.put(heard.words, heard.silence, heard.attention)
