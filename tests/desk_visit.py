"""A first visit to the program, by mouse and keys on its real window: ``python desk_visit.py SOUND [again]``.

Prints what it saw as JSON. With "again" it only looks at what is remembered.

Run with a virtual screen. The whole program runs, as from the command line; the hands are QTest's.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget

from visualizer import __main__ as program
from visualizer.ui.desk import Desk
from visualizer.ui.output_window import OutputWindow

SEEN: dict[str, object] = {}


def until(true: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for something, the window alive meanwhile."""
    begun = time.perf_counter()
    while not true():
        assert time.perf_counter() - begun < seconds, f"waited {seconds} s in vain for {what}"
        QTest.qWait(30)


def found(kind: type[QWidget]) -> QWidget | None:
    """The window of that kind that is open."""
    windows = [window for window in QApplication.topLevelWidgets() if isinstance(window, kind) and window.isVisible()]
    return windows[0] if windows else None


def brightest(image: QImage) -> int:
    """0 to 255, of an image thinned to 64 × 64."""
    small = image.scaled(64, 64)
    return max(max(small.pixelColor(x, y).getRgb()[:3]) for x in range(64) for y in range(64))


def of_stage() -> int:
    """How bright the screen is now."""
    return brightest(QGuiApplication.primaryScreen().grabWindow(0).toImage())


def click(widget: QWidget, place: QPoint | None = None) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place or widget.rect().center())


def pick_file(desk: Desk, sound: Path) -> None:
    """Choose "a sound file …" and name it in the dialog."""

    def answer() -> None:
        dialog = found(QFileDialog)
        if not isinstance(dialog, QFileDialog):
            QTimer.singleShot(50, answer)
            return
        field = dialog.findChild(QLineEdit)
        assert field is not None
        field.setText(str(sound))
        QTest.keyClick(field, Qt.Key.Key_Return)

    QTimer.singleShot(100, answer)
    box = desk.picker.list
    row = next(row for row in range(box.count()) if box.itemText(row).startswith("a sound file"))
    box.activated.emit(row)


def visit(desk: Desk, sound: Path) -> None:
    """What somebody does who has just installed it."""
    show = desk._rig.show
    until(lambda: show.latest is not None, 120, "a picture")
    pick_file(desk, sound)
    until(lambda: sound.name in show.status.input and show.status.input_state == "running", 20, "the file to play")
    click(desk.prompts.first)
    desk.prompts.first.selectAll()
    QTest.keyClicks(desk.prompts.first, "a golden city skyline")
    QTest.keyClick(desk.prompts.first, Qt.Key.Key_Return)
    until(lambda: show.values["picture/prompt"] == "a golden city skyline", 5, "the prompt")
    QTest.keyClick(desk, Qt.Key.Key_Escape)
    before = show.preset.name
    QTest.keyClick(desk, Qt.Key.Key_Space)
    until(lambda: show.preset.name != before, 5, "another look")
    SEEN["look"] = show.preset.name
    desk.side.tabs.setCurrentWidget(desk.side.controls)
    slider = desk.side.controls.rows["light/saturation"].slider
    assert slider is not None
    middle = slider.height() // 2
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(int(slider.x_of(slider.value)), middle))
    for share in (0.5, 0.9, 1.6):
        QTest.mouseMove(slider, QPoint(int(slider.x_of(share)), middle))
        QTest.qWait(40)
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(int(slider.x_of(1.6)), middle))
    until(lambda: abs(float(show.values["light/saturation"]) - 1.6) < 0.05, 5, "the slider's value")
    SEEN["saturation"] = show.values["light/saturation"]
    desk.side.tabs.setCurrentWidget(desk.side.routes)
    desk.side.routes.add("motion/zoom")
    card = desk.side.routes.cards[-1]
    card.source.setCurrentIndex(card.source.findData("bass"))
    card.source.activated.emit(card.source.currentIndex())
    until(lambda: any((route.source, route.target) == ("bass", "motion/zoom") for route in show.routes), 5, "the route")
    QTest.keyClick(desk, Qt.Key.Key_F)
    until(lambda: found(OutputWindow), 10, "the stage")
    stage = found(OutputWindow)
    assert stage is not None
    until(lambda: of_stage() > 40, 20, "a picture on the stage")
    SEEN["stage"] = [stage.width(), stage.height(), stage.isFullScreen()]
    QTest.keyClick(stage, Qt.Key.Key_B)
    until(lambda: of_stage() == 0, 5, "black")
    SEEN["black"] = of_stage()
    QTest.keyClick(stage, Qt.Key.Key_B)
    until(lambda: of_stage() > 40, 10, "the picture again")
    QTest.keyClick(stage, Qt.Key.Key_R)
    until(lambda: show.recording is not None, 5, "the recording")
    SEEN["recording"] = str(show.recording)
    frames = show.status.frames
    QTest.qWait(5000)
    SEEN["frames"] = show.status.frames - frames
    QTest.keyClick(stage, Qt.Key.Key_R)
    until(lambda: show.recording is None, 5, "its end")
    desk.stage.close_stage()


def come_back(desk: Desk) -> None:
    """What is remembered the next time."""
    show = desk._rig.show
    until(lambda: show.latest is not None, 120, "a picture")
    until(lambda: show.status.input_state == "running", 20, "the input")
    SEEN["input"] = show.status.input
    SEEN["look"] = show.preset.name
    SEEN["values"] = {name: show.values[name] for name in ("picture/prompt", "light/saturation")}
    SEEN["routed"] = any((route.source, route.target) == ("bass", "motion/zoom") for route in show.routes)
    SEEN["picker"] = desk.picker.source
    SEEN["told"] = show.status.messages


def main() -> None:
    """Run the program, and the visit in it."""
    sound = Path(sys.argv[1])
    again = sys.argv[2:] == ["again"]
    sys.argv = ["visualizer", "--no-osc"]
    QApplication([])

    def begin() -> None:
        desk = found(Desk)
        if not isinstance(desk, Desk):
            QTimer.singleShot(50, begin)
            return
        try:
            (come_back if again else lambda it: visit(it, sound))(desk)
        except AssertionError as error:
            SEEN["failed"] = str(error)
        desk.close()
        QApplication.quit()

    QTimer.singleShot(0, begin)
    SEEN["status"] = program.main()
    print(json.dumps(SEEN))


if __name__ == "__main__":
    main()
