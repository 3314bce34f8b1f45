"""Every key of the desk, declared once: the windows act by this table, and the overlay shows it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent


@dataclass(frozen=True, slots=True)
class Key:
    """One key. name: what the windows know it by. cap: what is on the key, as "Ctrl+Shift+Z". does: in a few words.

    group: under which heading it stands. repeats: whether holding it counts as pressing it again.
    """

    name: str
    cap: str
    does: str
    group: str
    repeats: bool = False


KEYS = (
    Key("blackout", "B", "black, and back", "Stage"),
    Key("freeze", "Z", "hold the picture, and let go", "Stage"),
    Key("fullscreen", "F", "the stage on its screen, and back", "Stage"),
    Key("record", "R", "record, and stop", "Stage"),
    Key("next", "Space", "the next look", "Looks"),
    Key("previous", "Shift+Space", "the look before", "Looks"),
    Key("search", "/", "search the looks", "Looks"),
    Key("save", "Ctrl+S", "save the look", "Looks"),
    Key("tap", "T", "a beat is now; two are a tempo", "Beat"),
    Key("flip", "H", "move the beat by a half", "Beat"),
    Key("downbeat", "D", "this beat is the first of its bar", "Beat"),
    Key("undo", "Ctrl+Z", "undo", "Desk", repeats=True),
    Key("redo", "Ctrl+Shift+Z", "do it again", "Desk", repeats=True),
    Key("keys", "?", "these keys", "Desk"),
    Key("leave", "Esc", "leave a field, or full screen", "Desk"),
)

CAPS = {key.name: key.cap for key in KEYS}
"""What is on the key, by its name: for tool tips and buttons."""

_MODIFIERS = {
    "Ctrl": Qt.KeyboardModifier.ControlModifier,  # the command key on a Mac
    "Shift": Qt.KeyboardModifier.ShiftModifier,
}
_NAMED = {"Space": Qt.Key.Key_Space, "Esc": Qt.Key.Key_Escape}


def key_name(event: QKeyEvent) -> str:
    """The name of the key that was pressed; "" for one that is not in ``KEYS``, or is merely held."""
    for key in KEYS:
        if _fits(key.cap, event):
            return "" if event.isAutoRepeat() and not key.repeats else key.name
    return ""


def _fits(cap: str, event: QKeyEvent) -> bool:
    *held, last = cap.split("+")
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if not last.isalnum():  # where a sign lies, and whether it takes Shift, is the keyboard's own affair
        return event.text() == last and not modifiers & Qt.KeyboardModifier.ControlModifier
    wanted = Qt.KeyboardModifier.NoModifier
    for name in held:
        wanted |= _MODIFIERS[name]
    return modifiers == wanted and event.key() == (_NAMED.get(last) or Qt.Key(ord(last)))
