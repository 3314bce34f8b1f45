"""What is being played: a look's values and routes under the sound, its prompts, and the moves that change them.

The live show and the offline render drive this same object. It has no thread and reads no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from visualizer.control.modulation import Modulator
from visualizer.control.moves import ChangeLook, LimitSteps, Move, SetRoutes
from visualizer.control.route import Route
from visualizer.parameters import NUMBERS, defaults
from visualizer.snapshots import Beat, Controls, Heard

PROMPTS = ("picture/prompt", "picture/prompt_b")


class Playing:
    """Values by parameter name and routes, to begin with; what is not given has its default."""

    def __init__(self, values: Mapping[str, float | str], routes: tuple[Route, ...] = ()) -> None:
        whole = {**defaults(), **values}
        self.modulator = Modulator({name: float(whole[name]) for name in NUMBERS}, routes)
        self.prompts: tuple[str, str] = str(whole[PROMPTS[0]]), str(whole[PROMPTS[1]])
        self.prompt_fade_s = 0.0
        self.most_steps: int | None = None

    @property
    def values(self) -> dict[str, float | str]:
        """Every value of the look without the sound."""
        return {**self.modulator.base, **dict(zip(PROMPTS, self.prompts, strict=True))}

    def hear(self, heard: Heard, beat: Beat | None) -> None:
        """Run the envelopes over one hop. beat: from whichever source is trusted."""
        self.modulator.push(heard, beat)

    def move(self, move: Move) -> None:
        """Do what a hand asked for; prompts come over in ``prompt_fade_s``."""
        if isinstance(move, SetRoutes):
            self.modulator.set_routes(move.routes)
        elif isinstance(move, ChangeLook):
            whole = {**defaults(), **move.values}
            self.modulator.fade_to({name: float(whole[name]) for name in NUMBERS}, move.routes, move.fade_s)
            self.prompts = str(whole[PROMPTS[0]]), str(whole[PROMPTS[1]])
            self.prompt_fade_s = move.fade_s
        elif isinstance(move, LimitSteps):
            self.most_steps = move.most
        elif move.name in PROMPTS:
            first, second = self.prompts
            self.prompts = (str(move.value), second) if move.name == PROMPTS[0] else (first, str(move.value))
            self.prompt_fade_s = 0.0
        else:
            self.modulator.set_base(move.name, float(move.value))

    def at(self, sample: int, keep: bool = False) -> Controls:
        """Every numeric value at a sample index; see ``Modulator.at``."""
        controls = self.modulator.at(sample, keep)
        if self.most_steps is None or controls.values["picture/steps"] <= self.most_steps:
            return controls
        return replace(controls, values={**controls.values, "picture/steps": float(self.most_steps)})
