"""The stage: the picture and nothing else, on a screen of its own."""

from __future__ import annotations

import time
from collections import deque
from typing import Protocol

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QResizeEvent, QScreen
from PySide6.QtWidgets import QWidget

from visualizer.snapshots import Frame
from visualizer.ui.gl_surface import GlSurface, why_no_opengl
from visualizer.ui.keys import key_name
from visualizer.ui.painter_surface import PainterSurface
from visualizer.ui.placement import Mode

LOOK_MS = 4
"""How often the stage looks for a new frame. It draws only where there is one, so a swap hardly ever waits."""

LEAST_BLACK_S = 0.5
"""A blackout is at once and lasts this long at least: switched faster, it would flash past the flash limiter."""

WINDOW_SIZE = (960, 540)
SHOWN_KEPT = 240


class StageShow(Protocol):
    """What the stage needs of a show."""

    @property
    def latest(self) -> Frame | None:
        """The newest frame that left the flash limiter."""
        ...

    @property
    def blackout(self) -> bool:
        """Whether black is asked for."""
        ...

    @property
    def frozen(self) -> bool:
        """Whether the picture is held."""
        ...

    @property
    def limiter(self) -> str:
        """How strictly flashes are limited: "wcag", "strict" or "off"."""
        ...

    def set_blackout(self, on: bool) -> None:
        """Ask for black, or the picture."""
        ...

    def set_freeze(self, on: bool) -> None:
        """Hold the picture, or let it go."""
        ...


class OutputWindow(QWidget):
    """Shows what ``show.latest`` holds, in its own aspect, on black. It asks nobody but itself when to draw.

    software: take OpenGL even where no graphics card is behind it, which is slow.

    mode: "fit" or "fill". method: how pictures are scaled, and why the processor does it where it does. shown: (number of
    the frame, when it was on the screen in seconds of ``time.perf_counter``), the newest last.

    Its own keys: B blackout, Z freeze, F full screen and window, Esc leaves full screen, then closes; any other key of
    ``keys.KEYS`` is handed on as ``pressed``. ``lost`` says in a sentence that its screen is gone; ``closed`` that it is.
    """

    pressed = Signal(str)
    lost = Signal(str)
    closed = Signal()

    def __init__(self, show: StageShow, mode: Mode = "fit", software: bool = False) -> None:
        super().__init__()
        self._show = show
        self.mode: Mode = mode
        self.setWindowTitle("TPoS Live – stage")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAutoFillBackground(True)
        black = self.palette()
        black.setColor(self.backgroundRole(), Qt.GlobalColor.black)
        self.setPalette(black)
        self.shown: deque[tuple[int, float]] = deque(maxlen=SHOWN_KEPT)
        self._own: QScreen | None = None  # which it covers, or covered before it became a window
        self._awaited = ""  # the name of a screen that went away while it was the stage's
        self._drawn: tuple[Frame | None, Mode] | None = None
        self._black_since: float | None = None
        self._surface = self._make_surface(why_no_opengl(software))
        self._look = QTimer(self)
        self._look.setTimerType(Qt.TimerType.PreciseTimer)
        self._look.timeout.connect(self._draw)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenRemoved.connect(self._screen_removed)
        application.screenAdded.connect(self._screen_added)

    @property
    def method(self) -> str:
        """How pictures are scaled."""
        return self._surface.method

    @property
    def fps(self) -> float:
        """Pictures a second on the screen over the last two seconds."""
        now = time.perf_counter()
        recent = [at for _, at in self.shown if at > now - 2]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 else 0.0

    def shown_at(self, number: int) -> float | None:
        """When the frame of that number was first on the screen; None where it was not, or long ago."""
        return next((at for shown, at in self.shown if shown == number), None)

    def show_on(self, screen: QScreen) -> None:
        """Cover this screen."""
        self._awaited = ""
        self._own = screen
        self._become(Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint, screen, screen.geometry())
        self.setCursor(Qt.CursorShape.BlankCursor)
        self.showFullScreen()
        self._begin()

    def show_as_window(self, screen: QScreen | None = None) -> None:
        """Become a window that can be moved, on ``screen`` or where it is."""
        screen = screen or self.screen()
        free = screen.availableGeometry()
        width, height = min(WINDOW_SIZE[0], free.width()), min(WINDOW_SIZE[1], free.height())
        middle = QRect(0, 0, width, height)
        middle.moveCenter(free.center())
        self._become(Qt.WindowType.Window, screen, middle)
        self.unsetCursor()
        self.showNormal()
        self._begin()

    def toggle_full_screen(self) -> None:
        """From full screen to a window, or back to where it stands."""
        if self.isFullScreen():
            self.show_as_window()
        else:
            self.show_on(self.screen())

    def _make_surface(self, why: str) -> GlSurface | PainterSurface:
        surface = PainterSurface(self, why) if why else GlSurface(self)
        if isinstance(surface, GlSurface):
            surface.failed.connect(self._without_gpu, Qt.ConnectionType.QueuedConnection)
        surface.frameSwapped.connect(self._swapped)
        surface.setGeometry(self.rect())
        surface.show()
        return surface

    def _without_gpu(self, why: str) -> None:
        self._surface.hide()
        self._surface.deleteLater()
        self._surface = self._make_surface(why)
        self._drawn = None

    def _become(self, kind: Qt.WindowType, screen: QScreen, place: QRect) -> None:
        if self.windowFlags() & Qt.WindowType.FramelessWindowHint != kind & Qt.WindowType.FramelessWindowHint:
            self.setWindowFlags(kind)
        self.winId()  # a window that was never shown knows no screen to be moved to
        handle = self.windowHandle()
        if handle is not None and handle.screen() is not screen:
            handle.setScreen(screen)
        self.setGeometry(place)

    def _begin(self) -> None:
        self._drawn = None
        self._look.start(LOOK_MS)
        self.activateWindow()

    def _is_black(self, now: float) -> bool:
        if self._show.blackout:
            self._black_since = now if self._black_since is None else self._black_since
        elif self._black_since is not None and (now - self._black_since > LEAST_BLACK_S or self._show.limiter == "off"):
            self._black_since = None
        return self._black_since is not None

    def _draw(self) -> None:
        frame = None if self._is_black(time.perf_counter()) else self._show.latest
        if self._drawn is None or self._drawn[0] is not frame or self._drawn[1] != self.mode:
            self._drawn = frame, self.mode
            self._surface.put(frame, self.mode)

    def _swapped(self) -> None:
        frame = self._drawn[0] if self._drawn else None
        if frame is not None and (not self.shown or self.shown[-1][0] != frame.number):
            self.shown.append((frame.number, time.perf_counter()))

    def _screen_removed(self, screen: QScreen) -> None:
        """Stay in sight: a window on the first screen, until its own is back."""
        if screen is not self._own:
            return
        self._own = None
        if not self.isFullScreen():
            return
        left = [other for other in (QGuiApplication.primaryScreen(), *QGuiApplication.screens()) if other is not screen]
        first = next(filter(None, left), screen)
        self._awaited = screen.name()
        self.show_as_window(first)
        self.lost.emit(f"The screen {screen.name()} is gone; the stage is a window on {first.name()} until it is back.")

    def _screen_added(self, screen: QScreen) -> None:
        if self.isVisible() and screen.name() == self._awaited:
            self.show_on(screen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The picture has all of the window."""
        self._surface.setGeometry(self.rect())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The stage's own keys here, the desk's own there."""
        name = key_name(event)
        if name == "blackout":
            self._show.set_blackout(not self._show.blackout)
        elif name == "freeze":
            self._show.set_freeze(not self._show.frozen)
        elif name == "fullscreen":
            self.toggle_full_screen()
        elif name == "leave" and self.isFullScreen():
            self.show_as_window()
        elif name == "leave":
            self.close()
        elif name:
            self.pressed.emit(name)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask the show for nothing more."""
        self._look.stop()
        self._awaited = ""
        self._surface.release()
        super().closeEvent(event)
        self.closed.emit()
