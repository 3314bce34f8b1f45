"""Which screen is the stage, and whether it is open."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from visualizer.ui.keys import CAPS
from visualizer.ui.output_window import OutputWindow, StageShow
from visualizer.ui.placement import Mode
from visualizer.ui.segments import Segments
from visualizer.ui.theme import SMALL_PX

ASPECTS = (
    ("fit", "Fit", "All of the picture, black beside it"),
    ("fill", "Fill", "All of the screen, what hangs over is cut"),
)


def screen_name(screen: QScreen, number: int) -> str:
    """How a screen stands in the list."""
    size = screen.size() * screen.devicePixelRatio()
    return f"{number}: {screen.name()}  {size.width()}×{size.height()}"


class ScreenRow(QWidget):
    """Opens, moves and closes the stage. ``pressed``: a key of the desk, pressed on the stage. ``said``: what happened to
    its screen, in a sentence.
    """

    pressed = Signal(str)
    said = Signal(str)

    def __init__(self, show: StageShow) -> None:
        super().__init__()
        self._show = show
        self.output: OutputWindow | None = None
        self.list = QComboBox()
        self.list.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.list.setAccessibleName("Screen")
        self.list.setToolTip("The screen that the audience sees")
        self.list.activated.connect(self._choose)
        self.button = QPushButton()
        self.button.setCheckable(True)
        self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.button.setToolTip(f"Show the picture alone, full screen (key {CAPS['fullscreen']}; Esc there leaves it)")
        self.button.clicked.connect(self.toggle)
        self.aspect = Segments(ASPECTS, "Aspect")
        self.aspect.put("fit")
        self.aspect.chosen.connect(lambda mode: self.set_mode("fill" if mode == "fill" else "fit"))
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setObjectName("faint")
        self.note.setStyleSheet(f"font-size: {SMALL_PX}px;")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list, 0, 0, 1, 2)
        layout.addWidget(self.button, 1, 0)
        layout.addWidget(self.aspect, 1, 1)
        layout.addWidget(self.note, 2, 0, 1, 2)
        layout.setColumnStretch(0, 1)
        layout.setColumnStretch(1, 1)
        self._mode: Mode = "fit"
        self._lost = ""
        self._fill()
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenAdded.connect(self._fill)
        application.screenRemoved.connect(self._fill)
        self.refresh()

    @property
    def is_open(self) -> bool:
        """Whether there is a stage, as a full screen or a window."""
        return self.output is not None and self.output.isVisible()

    @property
    def mode(self) -> Mode:
        """How the picture lies on the screen."""
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """Fit or fill from now on."""
        self._mode = mode
        self.aspect.put(mode)
        if self.output is not None:
            self.output.mode = mode

    @property
    def screen_chosen(self) -> str:
        """The name of the screen that the stage takes, to be remembered."""
        screen = self._chosen()
        return screen.name() if screen is not None else ""

    def choose_screen(self, name: str) -> None:
        """Take the screen of that name, where there is one."""
        for row, screen in enumerate(QGuiApplication.screens()):
            if screen.name() == name:
                self.list.setCurrentIndex(row)

    def toggle(self) -> None:
        """Open the stage on its screen, bring it back to full screen, or close it."""
        if self.output is not None and self.output.isFullScreen() and self.is_open:
            self.close_stage()
        else:
            self.open_stage()

    def open_stage(self) -> None:
        """Cover the chosen screen."""
        screen = self._chosen()
        if screen is None:
            return
        if self.output is None:
            self.output = OutputWindow(self._show, self._mode)
            self.output.pressed.connect(self.pressed)
            self.output.lost.connect(self._was_lost)
            self.output.closed.connect(self.refresh)
        self._lost = ""
        self.output.show_on(screen)
        self.refresh()

    def close_stage(self) -> None:
        """Close it; call this when the desk closes, or the program goes on behind a full screen."""
        if self.output is not None:
            self.output.close()
        self.refresh()

    def refresh(self) -> None:
        """Show whether it is open, and how it does."""
        self.button.setChecked(self.is_open)
        self.button.setText(f"{'Close the stage' if self.is_open else 'Open the stage'}   {CAPS['fullscreen']}")
        window = self.output
        if window is not None and self.is_open:
            if window.isFullScreen():
                self._lost = ""
            self.note.setText(self._lost or f"{window.fps:.0f} frames/s, {window.method}")
        else:
            self.note.setText("")
        self.note.setVisible(bool(self.note.text()))

    def _chosen(self) -> QScreen | None:
        screens, row = QGuiApplication.screens(), self.list.currentIndex()
        return screens[row] if 0 <= row < len(screens) else QGuiApplication.primaryScreen()

    def _choose(self) -> None:
        screen = self._chosen()
        if self.is_open and self.output is not None and screen is not None:
            self.output.show_on(screen)

    def _was_lost(self, sentence: str) -> None:
        self._lost = sentence
        self.refresh()
        self.said.emit(sentence)

    def _fill(self) -> None:
        """List the screens; where nothing was chosen yet, the first that is not the desk's."""
        chosen = self.list.currentData()
        screens = QGuiApplication.screens()
        self.list.clear()
        for number, screen in enumerate(screens, 1):
            self.list.addItem(screen_name(screen, number), screen.name())
        names = [screen.name() for screen in screens]
        other = next((row for row, screen in enumerate(screens) if screen is not self.screen()), 0)
        self.list.setCurrentIndex(names.index(chosen) if chosen in names else other)
