"""The looks: find one, change to it, keep what was made."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMessageBox, QPushButton, QToolButton, QVBoxLayout, QWidget

from visualizer.preset import Preset
from visualizer.ui import theme
from visualizer.ui.bound_spin import BoundSpin
from visualizer.ui.changes import Changes
from visualizer.ui.controls_panel import FilterField
from visualizer.ui.favourites import Favourites
from visualizer.ui.following import FollowingPanel
from visualizer.ui.look_cards import LookGrid
from visualizer.ui.look_files import LookFile, LookFiles
from visualizer.ui.look_saving import name_of, present_look, save_look
from visualizer.ui.playable import Playable

Fitted = Callable[[Preset], Preset]
"""A preset as the show's model wants it."""


class TitleField(QLineEdit):
    """Asks for a look's title in the panel itself, so that the show goes on. Enter saves, Esc leaves."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class LooksPanel(FollowingPanel):
    """All looks as pictures. What goes wrong is ``told`` in one sentence, and the look that runs goes on."""

    told = Signal(str)

    def __init__(self, show: Playable, changes: Changes, fitted: Fitted, parent: QWidget | None = None) -> None:
        super().__init__(self.follow, parent=parent)
        self._show, self._changes, self._fitted = show, changes, fitted
        self.files = LookFiles(self)
        self.favourites = Favourites(self.files.folder / "favourites.txt")
        self._own_running = False
        self.filter = FilterField("Find a look")
        self.filter.textChanged.connect(self._put)
        self.stars = self._button("★", "Show favourites alone.")
        self.stars.setCheckable(True)
        self.stars.toggled.connect(self._put)
        self.grid = LookGrid()
        self.grid.favourites = self.favourites
        self.grid.chosen.connect(self.load)
        self.grid.starred.connect(self._star)
        self.grid.delete_asked.connect(self.ask_delete)
        self._nothing = QLabel("No look is called that.")
        self._nothing.setObjectName("faint")
        self.spins = {
            "show/fade": BoundSpin("show/fade", changes, 0.5),
            "show/auto_bars": BoundSpin("show/auto_bars", changes, 4.0, "off"),
            "show/auto_seconds": BoundSpin("show/auto_seconds", changes, 10.0, "off"),
        }
        self.save_button = QPushButton("Save")
        self.save_button.clicked.connect(self.save)
        self.save_as_button = QPushButton("Save as …")
        self.save_as_button.setCheckable(True)
        self.save_as_button.setToolTip("Keep the look as it is now under another name, with the picture that is shown.")
        self.save_as_button.toggled.connect(self._ask_title)
        self.delete_button = QPushButton("Delete …")
        self.delete_button.clicked.connect(lambda: self.ask_delete(self._changes.look.name))
        self.folder_button = QPushButton("Folder")
        self.folder_button.setToolTip(f"Open {self.files.folder}")
        self.folder_button.clicked.connect(self.open_folder)
        self.title = TitleField()
        self.title.setPlaceholderText("Its name. Enter saves it.")
        self.title.returnPressed.connect(self._save_as)
        self.title.left.connect(lambda: self.save_as_button.setChecked(False))
        self.title.textEdited.connect(lambda: self._warn(""))
        self.title.hide()
        self._warning = QLabel()
        self._warning.setObjectName("notice")
        self._warning.setWordWrap(True)
        self._warning.hide()
        self._lay_out()
        self.files.changed.connect(self._put)
        self.files.rewritten.connect(self._load_anew)
        changes.look_changed.connect(lambda: self.follow())
        self._put()

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        above, times, below = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.filter, 1)
        above.addWidget(self.stars)
        for text, name in (("Fade", "show/fade"), ("Auto", "show/auto_bars"), ("or", "show/auto_seconds")):
            label = QLabel(text)
            label.setObjectName("faint")
            times.addWidget(label)
            times.addWidget(self.spins[name], 1)
        for button in (self.save_button, self.save_as_button, self.delete_button, self.folder_button):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            below.addWidget(button, 1)
        for line in (times, below):
            line.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.GAP_PX, 0, 0)
        layout.setSpacing(theme.GAP_PX)
        layout.addLayout(above)
        layout.addWidget(self._nothing)
        layout.addWidget(self.grid, 1)
        layout.addLayout(times)
        layout.addWidget(self.title)
        layout.addWidget(self._warning)
        layout.addLayout(below)

    def follow(self) -> None:
        """Show which look runs, and the times."""
        name = self._changes.look.name
        running = self.files.looks.get(name)
        own = running is not None and running.own
        if (name, own) != (self.grid.running, self._own_running):
            self.grid.running, self._own_running = name, own
            self.grid.viewport().update()
            self.delete_button.setEnabled(own)
            self.delete_button.setToolTip("" if own else "Only your own looks can be deleted.")
        values = self._changes.values
        for spin_of, spin in self.spins.items():
            spin.follow(values[spin_of])

    def _put(self) -> None:
        words, stars = self.filter.words, self.stars.isChecked()
        looks = [look for look in self.files.looks.values() if not stars or look.name in self.favourites]
        looks = [look for look in looks if all(word in _said(look) for word in words)]
        self.grid.put(sorted(looks, key=lambda look: look.title.lower()))
        self._nothing.setText("No look has a star yet." if stars and not words else "No look is called that.")
        self._nothing.setVisible(not looks)
        self.follow()

    def load(self, name: str) -> None:
        """Change to a look in the show's fade time; one that is broken is told, and the one that runs goes on."""
        look = self.files.looks[name]
        if look.preset is None:
            self.told.emit(look.wrong)
        else:
            self._changes.load_look(self._fitted(look.preset))

    def _load_anew(self, name: str) -> None:
        if name != self._changes.look.name:
            return
        look = self.files.looks[name]
        if look.preset is None:
            self.told.emit(f"{look.wrong}; the look goes on as it was.")
        else:
            self._changes.settle(self._fitted(look.preset))

    def _star(self, name: str) -> None:
        try:
            self.favourites.toggle(name)
        except OSError as error:
            self.told.emit(f"The favourites cannot be kept: {error}")
        self._put()

    # Keeping what was made.

    def save(self) -> None:
        """Keep the look that runs, as it is now, as the user's own of its name."""
        look = self._changes.look
        self._keep(present_look(self._changes, self._named(), self._fitted, look.title), look.name)

    def _ask_title(self, shown: bool) -> None:
        self.title.setVisible(shown)
        self._warn("")
        if shown:
            self.title.setText(self._changes.look.title)
            self.title.selectAll()
            self.title.setFocus()
        else:
            self.title.clearFocus()

    def _save_as(self) -> None:
        try:
            name = name_of(self.title.text())
        except ValueError as error:
            self._warn(str(error))
            return
        there = self.files.looks.get(name)
        if there is not None and there.own and not self._warning.text():
            self._warn(f"You have a look “{there.title}” already. Enter again replaces it.")
            return
        if self._keep(present_look(self._changes, self._named(), self._fitted, self.title.text()), name):
            self.save_as_button.setChecked(False)

    def _named(self) -> Preset | None:
        """The running look's file as it was read; None where there is none, or it is broken."""
        running = self.files.looks.get(self._changes.look.name)
        return running.preset if running is not None else None

    def _keep(self, preset: Preset, name: str) -> bool:
        look = Preset(name, preset.title, preset.values, preset.routes)
        frame = None if self._show.blackout else self._show.latest
        try:
            save_look(look, self.files.folder, frame.picture if frame is not None else None)
        except OSError as error:
            self.told.emit(f"The look cannot be saved: {error}")
            return False
        self.files.scan()  # at once, so that what was written here is not taken for a change by others
        self._changes.settle(self._fitted(look))
        self.told.emit(f"Saved as “{look.title}”.")
        return True

    def _warn(self, sentence: str) -> None:
        self._warning.setText(sentence)
        self._warning.setVisible(bool(sentence))

    def ask_delete(self, name: str) -> None:
        """Ask whether a look of the user's own shall go; the show goes on meanwhile."""
        look = self.files.looks.get(name)
        if look is None or not look.own:
            self.told.emit("Only your own looks can be deleted.")
            return
        box = QMessageBox(QMessageBox.Icon.Question, "TPoS Live", f"Delete the look “{look.title}” for ever?", parent=self)
        delete = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.buttonClicked.connect(lambda button: self._delete(look) if button is delete else None)
        box.open()

    def _delete(self, look: LookFile) -> None:
        try:
            look.path.unlink(missing_ok=True)
            if look.picture is not None:
                look.picture.unlink(missing_ok=True)
        except OSError as error:
            self.told.emit(f"The look cannot be deleted: {error}")
        self.files.scan()

    def open_folder(self) -> None:
        """Show the folder of the user's looks in the system's file manager."""
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.files.folder))):
            self.told.emit(f"No file manager shows {self.files.folder}: open it by hand.")


def _said(look: LookFile) -> str:
    """What a search looks through."""
    return f"{look.title} {look.name} {look.preset.prompt if look.preset is not None else ''}".lower()
