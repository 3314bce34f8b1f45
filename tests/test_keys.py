"""One table of keys: what is pressed, and what is shown."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget

from visualizer.ui.keys import CAPS, KEYS, key_name
from visualizer.ui.keys_overlay import CAP_WIDTH, COLUMN_WIDTH, KeysOverlay
from visualizer.ui.lettering import lettering
from visualizer.ui.theme import TEXT_PX

NONE, SHIFT, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def pressed(key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE, text: str = "", held: bool = False) -> str:
    return key_name(QKeyEvent(QEvent.Type.KeyPress, key, modifiers, text, held))


@pytest.mark.parametrize(
    ("name", "key", "modifiers", "text"),
    [("tap", Qt.Key.Key_T, NONE, "t"), ("next", Qt.Key.Key_Space, NONE, " "), ("previous", Qt.Key.Key_Space, SHIFT, " "),
     ("undo", Qt.Key.Key_Z, CTRL, "\x1a"), ("redo", Qt.Key.Key_Z, CTRL | SHIFT, "\x1a"),
     ("freeze", Qt.Key.Key_Z, NONE, "z"), ("keys", Qt.Key.Key_Question, SHIFT, "?"),
     ("search", Qt.Key.Key_Slash, NONE, "/"), ("search", Qt.Key.Key_Slash, SHIFT, "/"),
     ("leave", Qt.Key.Key_Escape, NONE, "\x1b")],
)  # fmt: skip
def test_a_key_is_known_on_every_keyboard(name: str, key: Qt.Key, modifiers: Qt.KeyboardModifier, text: str) -> None:
    """On German and French keyboards "/" takes Shift."""
    assert pressed(key, modifiers, text) == name


def test_what_is_no_key_of_the_desk_is_nothing() -> None:
    assert pressed(Qt.Key.Key_T, CTRL, "\x14") == "" and pressed(Qt.Key.Key_B, SHIFT, "B") == ""
    assert pressed(Qt.Key.Key_Z, Qt.KeyboardModifier.AltModifier, "z") == "" and pressed(Qt.Key.Key_X, NONE, "x") == ""


def test_a_key_that_is_held_counts_once_but_undo_goes_on() -> None:
    assert pressed(Qt.Key.Key_T, NONE, "t", held=True) == "" and pressed(Qt.Key.Key_B, NONE, "b", held=True) == ""
    assert pressed(Qt.Key.Key_Z, CTRL, "\x1a", held=True) == "undo"


def test_no_key_means_two_things() -> None:
    assert len({key.name for key in KEYS}) == len({key.cap for key in KEYS}) == len(KEYS) == len(CAPS)


def test_the_overlay_covers_the_desk_until_any_key() -> None:
    QApplication.instance() or QApplication([])
    desk = QWidget()
    button = QPushButton("a button")
    QVBoxLayout(desk).addWidget(button)
    overlay = KeysOverlay(desk)
    desk.resize(1280, 800)
    desk.show()
    button.setFocus()
    overlay.toggle()
    assert overlay.isVisible() and overlay.geometry() == desk.rect()
    desk.resize(700, 500)
    QApplication.processEvents()
    assert overlay.geometry() == desk.rect()
    QTest.keyClick(overlay, Qt.Key.Key_Shift)
    assert overlay.isVisible(), "the first half of a key with Shift"
    QTest.keyClick(overlay, Qt.Key.Key_X)
    assert not overlay.isVisible()
    assert desk.focusWidget() is button, "the keys go where they went before"
    desk.close()


def test_every_line_of_the_overlay_has_room() -> None:
    QApplication.instance() or QApplication([])
    bold, plain = (QFontMetrics(lettering(QApplication.font(), TEXT_PX, is_bold)) for is_bold in (True, False))
    for key in KEYS:
        assert bold.horizontalAdvance(key.cap) < CAP_WIDTH
        assert plain.horizontalAdvance(key.does) < COLUMN_WIDTH - CAP_WIDTH - 12
