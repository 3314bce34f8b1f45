"""What the desk draws of what is heard: one immutable piece for each refresh."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from visualizer.snapshots import SAMPLE_RATE, Beat, FloatArray, Heard, Meaning

ATTENDS_FOR_S = 1.5
"""An attention that is older is no longer drawn: the encoder comes up, has failed, or nothing is captured."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the panel draws. hops: those heard since it was drawn last; words: the bank's heaviest texts with weights.
    silence: what stands there while there are no words. attention: over the encoder's last steps, (window,), the newest
    last; None where it does not listen.
    """

    hops: Sequence[Heard]
    beat: Beat | None
    words: Sequence[tuple[str, float]] = ()
    silence: str = ""
    attention: FloatArray | None = None


class HearingShow(Protocol):
    """What is asked of a show."""

    @property
    def hops(self) -> deque[Heard]:
        """The last seconds."""
        ...

    @property
    def heard(self) -> Heard | None:
        """The newest hop."""
        ...

    @property
    def beat(self) -> Beat | None:
        """The beat of this moment."""
        ...

    @property
    def meaning(self) -> Meaning | None:
        """What the sound encoder understood last."""
        ...

    @property
    def no_words(self) -> str:
        """Why there are no words."""
        ...

    def words(self, count: int) -> list[tuple[str, float]]:
        """The heaviest texts with their weights."""
        ...

    def tap(self) -> None:
        """A beat is now."""
        ...

    def flip_beat(self) -> None:
        """The beat is half a beat off."""
        ...

    def downbeat(self) -> None:
        """This beat is the first of its bar."""
        ...


def hearing(show: HearingShow, after: int, words: int) -> Hearing:
    """What the show has heard since the hop whose sample is ``after``, with so many words."""
    hops = [hop for hop in tuple(show.hops) if hop.sample > after]
    meaning, newest = show.meaning, show.heard
    fresh = meaning is not None and newest is not None and newest.sample - meaning.sample < ATTENDS_FOR_S * SAMPLE_RATE
    attention = meaning.attention if meaning is not None and fresh else None
    return Hearing(hops, show.beat, show.words(words), show.no_words, attention)
