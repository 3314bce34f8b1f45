"""What OSC and MIDI play: anything that has values to set and actions to do."""

from __future__ import annotations

from typing import Protocol


class Target(Protocol):
    """Takes what came by OSC or MIDI. Called from their threads, so it must hand over to its own and not keep them waiting.

    Whatever cannot be done is an error whose message is one sentence for the sender.
    """

    def set(self, name: str, value: float | str) -> None:
        """Set a parameter; a number is in its own unit and within its range."""
        ...

    def act(self, name: str, value: float | str | bool | None) -> None:
        """Do an action; a trigger's value is None."""
        ...

    def get(self, name: str) -> float | str | bool:
        """The value now of a parameter or of an action that has one; raises KeyError for another."""
        ...
