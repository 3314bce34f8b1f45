"""All that a desk plays on: the show, and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from visualizer.control.link import Link
from visualizer.looks import Looks
from visualizer.midi.door import Midi
from visualizer.osc.door import OscState
from visualizer.preset import Preset
from visualizer.resources import user_folder
from visualizer.show import LiveShow
from visualizer.ui.remembered import Remembered
from visualizer.ui.shares_list import Share


@dataclass(frozen=True, slots=True)
class Rig:
    """show: started. looks: of that show. fitted: a preset as its model wants it. osc: the state of its OSC.

    remembered: of the last time; problems: sentences on what of it could not be taken up. keep: where it is kept, None for
    nowhere. shares: outputs to other programs. midi, link: of that show, None where it has none. recordings: where new ones
    go.
    """

    show: LiveShow
    looks: Looks
    fitted: Callable[[Preset], Preset]
    osc: Callable[[], OscState | None] = lambda: None
    remembered: Remembered = field(default_factory=Remembered)
    problems: Sequence[str] = ()
    keep: Path | None = None
    shares: Sequence[Share] = ()
    midi: Midi | None = None
    link: Link | None = None
    recordings: Path = field(default_factory=lambda: user_folder("recordings"))
