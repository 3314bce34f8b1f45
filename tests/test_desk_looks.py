"""The grid of looks: found, loaded, starred, saved, deleted, and read again when a file changes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from desk_hands import LEFT, shown, type_into, wait_for
from desk_show import PlayedShow
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton

from visualizer.control.route import Route
from visualizer.preset import Preset, find_preset, load_preset, save_preset
from visualizer.resources import presets_folder
from visualizer.snapshots import Frame
from visualizer.ui.changes import UNDO_FADE_S, Changes
from visualizer.ui.favourites import Favourites
from visualizer.ui.look_files import LookFiles
from visualizer.ui.look_saving import name_of
from visualizer.ui.looks_panel import LooksPanel

MADE_FOR = {"picture/steps": 3.0, "picture/change": 0.7}


def fitted(preset: Preset) -> Preset:
    """As a model does that is made for other steps."""
    return Preset(preset.name, preset.title, {**MADE_FOR, **preset.values}, preset.routes)


@pytest.fixture
def look(own_folders: Path) -> Preset:
    return fitted(find_preset("nebula"))


@pytest.fixture
def panel(show: PlayedShow, changes: Changes) -> LooksPanel:
    return shown(LooksPanel(show, changes, fitted))


@pytest.fixture
def told(panel: LooksPanel) -> list[str]:
    told: list[str] = []
    panel.told.connect(told.append)
    return told


def names(panel: LooksPanel) -> list[str]:
    """The looks in the grid."""
    rows = panel.grid.model()
    return [panel.grid.name_at(rows.index(row, 0)) for row in range(rows.rowCount())]


def click(panel: LooksPanel, name: str, star: bool = False) -> None:
    """Click on a look, or on its star."""
    card = panel.grid.place_of(name)
    panel.grid.scrollTo(panel.grid.indexAt(card.center()))
    place = panel.grid.star_place(card).center() if star else QPoint(card.left() + 20, card.center().y())
    QTest.mouseClick(panel.grid.viewport(), LEFT, pos=place)


def test_every_shipped_look_is_there_and_is_changed_to_by_a_click(
    panel: LooksPanel, show: PlayedShow, changes: Changes
) -> None:
    assert set(names(panel)) == {path.stem for path in presets_folder().glob("*.toml")}
    assert panel.grid.running == "nebula"
    type_into(panel.spins["show/fade"], "4")
    click(panel, "flames")
    show.hear()
    flames = find_preset("flames")
    assert show.preset.name == "flames" == panel.grid.running
    assert show.fades == [4.0] and show.routes == flames.routes
    assert show.values["picture/steps"] == 3.0, "what a look leaves open is as the model is made for"
    changes.stack.undo()
    show.hear()
    assert show.preset.name == "nebula" and show.routes == find_preset("nebula").routes
    assert show.fades[1:] == [UNDO_FADE_S]


def test_looks_are_found_by_title_and_prompt(panel: LooksPanel) -> None:
    QTest.keyClicks(panel.filter, "blazing")
    assert names(panel) == ["flames"]
    QTest.keyClicks(panel.filter, " nothing like it")
    assert names(panel) == [] and panel._nothing.isVisible()
    QTest.keyClick(panel.filter, Qt.Key.Key_Escape)
    assert "nebula" in names(panel)


def test_favourites_are_kept(panel: LooksPanel, show: PlayedShow, own_folders: Path) -> None:
    click(panel, "flames", star=True)
    show.hear()
    assert show.preset.name == "nebula", "a star does not change the look"
    QTest.mouseClick(panel.stars, LEFT)
    assert names(panel) == ["flames"]
    assert "flames" in Favourites(own_folders / "favourites.txt")
    click(panel, "flames", star=True)
    assert names(panel) == [] and "star" in panel._nothing.text()


def test_keys_choose_a_look(panel: LooksPanel, show: PlayedShow) -> None:
    panel.grid.setFocus()
    rows = panel.grid.model()
    panel.grid.setCurrentIndex(rows.index(names(panel).index("mandala"), 0))
    QTest.keyClick(panel.grid, Qt.Key.Key_Return)
    show.hear()
    assert show.preset.name == "mandala"


def test_saving_makes_the_users_own_and_leaves_the_shipped_one(
    panel: LooksPanel, show: PlayedShow, changes: Changes, own_folders: Path
) -> None:
    shipped = (presets_folder() / "nebula.toml").read_bytes()
    picture = np.zeros((144, 256, 3), np.uint8)
    picture[:, :, 0] = 200
    show.latest = Frame(picture, 0, 1)
    changes.set("light/hue", 77.0)
    changes.set_routes((*changes.routes, Route("bar", "light/hue", 10.0)))
    show.hear()
    QTest.mouseClick(panel.save_button, LEFT)
    show.hear()
    kept = load_preset(own_folders / "nebula.toml")
    assert kept.values["light/hue"] == 77.0 and kept.routes == show.routes
    assert "picture/steps" not in kept.values, "what the look left open stays open"
    assert not any(name.startswith(("show/", "output/")) for name in kept.values)
    assert fitted(kept).complete().items() <= show.values.items()
    thumbnail = QImage(str(own_folders / "nebula.jpg"))
    assert (thumbnail.width(), thumbnail.height()) == (320, 180)
    assert abs(thumbnail.pixelColor(100, 100).red() - 200) < 8
    assert (presets_folder() / "nebula.toml").read_bytes() == shipped
    assert names(panel).count("nebula") == 1 and panel.files.looks["nebula"].own
    assert changes.look_value("light/hue") == 77.0, "the look is now as it was saved"


def test_in_a_blackout_no_black_picture_is_kept(panel: LooksPanel, show: PlayedShow, own_folders: Path) -> None:
    show.latest, show.blackout = Frame(np.zeros((64, 64, 3), np.uint8), 0, 1), True
    QTest.mouseClick(panel.save_button, LEFT)
    assert (own_folders / "nebula.toml").is_file() and not (own_folders / "nebula.jpg").exists()


def test_save_as_checks_the_name_and_asks_before_it_replaces(
    panel: LooksPanel, show: PlayedShow, told: list[str], own_folders: Path
) -> None:
    save_preset(Preset("deep-sea", "Deep sea", {"light/hue": 5.0}), own_folders / "deep-sea.toml")
    assert wait_for(lambda: "deep-sea" in names(panel))
    QTest.mouseClick(panel.save_as_button, LEFT)
    assert panel.title.isVisible() and panel.title.text() == "Deep nebula"
    type_into(panel.title, "../")
    assert "letters or digits" in panel._warning.text()
    type_into(panel.title, "Deep sea")
    assert "replaces it" in panel._warning.text()
    assert load_preset(own_folders / "deep-sea.toml").values == {"light/hue": 5.0}
    QTest.keyClick(panel.title, Qt.Key.Key_Return)
    show.hear()
    assert load_preset(own_folders / "deep-sea.toml").prompt == find_preset("nebula").prompt
    assert not panel.title.isVisible() and show.preset.name == "deep-sea" == panel.grid.running
    assert told == ["Saved as “Deep sea”."]
    QTest.mouseClick(panel.save_as_button, LEFT)
    QTest.keyClick(panel.title, Qt.Key.Key_Escape)
    assert not panel.title.isVisible() and len(told) == 1


@pytest.mark.parametrize(
    ("title", "name"),
    [("Deep nebula", "deep-nebula"), (" Größe 2! ", "größe-2"), ("a/../b", "ab"), ("a_b", "a-b"), ("夜 の 海", "夜-の-海")],
)
def test_a_title_makes_a_name(title: str, name: str) -> None:
    assert name_of(title) == name


@pytest.mark.parametrize("title", ["", "   ", "..", "/\\", "CON", "lpt1", "x" * 61])
def test_what_cannot_name_a_file_is_refused(title: str) -> None:
    with pytest.raises(ValueError, match=r"\.$|another one"):
        name_of(title)


def test_a_folder_that_cannot_be_written_is_told(panel: LooksPanel, told: list[str], own_folders: Path) -> None:
    own_folders.rmdir()
    own_folders.write_text("in the way")
    QTest.mouseClick(panel.save_button, LEFT)
    assert len(told) == 1 and told[0].startswith("The look cannot be saved: ")


def test_a_broken_look_is_grey_and_says_why(
    panel: LooksPanel, show: PlayedShow, told: list[str], own_folders: Path
) -> None:
    (own_folders / "broken.toml").write_text('[values]\n"light/gain" = 99\n')
    assert wait_for(lambda: "broken" in names(panel))
    rows = panel.grid.model()
    tip = rows.index(names(panel).index("broken"), 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "line 2, light/gain: light/gain = 99 is out of range" in tip
    click(panel, "broken")
    show.hear()
    assert told == [tip] and show.preset.name == "nebula"


def test_the_running_look_is_loaded_anew_when_its_file_changes(
    panel: LooksPanel, show: PlayedShow, changes: Changes, told: list[str], own_folders: Path
) -> None:
    file = own_folders / "mine.toml"
    save_preset(Preset("mine", "Mine", {"light/hue": 5.0}), file)
    assert wait_for(lambda: "mine" in names(panel))
    click(panel, "mine")
    show.hear()
    with file.open("a") as text:  # in place, as some editors write
        text.write('"light/gain" = 1.5\n')
    assert wait_for(lambda: (show.hear(), show.values["light/gain"] == 1.5)[1])
    assert show.fades[-1] == UNDO_FADE_S and changes.stack.count() == 1
    part = file.with_suffix(".new")
    part.write_text('[values]\n"light/gain" = 2.5\n')
    part.replace(file)  # in its place, as others do
    assert wait_for(lambda: (show.hear(), show.values["light/gain"] == 2.5)[1])
    file.write_text('[values]\n"light/gain" = \n')
    assert wait_for(lambda: told)
    assert "this is not TOML" in told[0] and show.values["light/gain"] == 2.5 and len(told) == 1
    file.write_text('[values]\n"light/gain" = 0.5\n')
    assert wait_for(lambda: (show.hear(), show.values["light/gain"] == 0.5)[1])


def test_a_change_of_another_file_leaves_the_show_alone(
    panel: LooksPanel, show: PlayedShow, changes: Changes, own_folders: Path
) -> None:
    changes.set("light/hue", 99.0)
    QTest.mouseClick(panel.save_button, LEFT)
    changes.set("light/hue", 11.0)
    save_preset(Preset("mine", "Mine", {"light/hue": 5.0}), own_folders / "mine.toml")
    assert wait_for(lambda: "mine" in names(panel))
    QTest.qWait(400)
    show.hear()
    assert show.values["light/hue"] == 11.0, "what the desk itself saved is no change by others either"


def test_deleting_asks_and_takes_the_users_own_alone(
    panel: LooksPanel, show: PlayedShow, told: list[str], own_folders: Path
) -> None:
    assert not panel.delete_button.isEnabled()
    panel.ask_delete("nebula")
    assert told == ["Only your own looks can be deleted."]
    show.latest = Frame(np.zeros((64, 64, 3), np.uint8), 0, 1)
    QTest.mouseClick(panel.save_button, LEFT)
    show.hear()
    panel.follow()

    def answer(text: str) -> None:
        QTest.mouseClick(panel.delete_button, LEFT)
        box = panel.findChildren(QMessageBox)[-1]
        assert "Deep nebula" in box.text()
        QTest.mouseClick(next(button for button in box.findChildren(QPushButton) if text in button.text()), LEFT)
        QTest.qWait(10)

    answer("Cancel")
    assert (own_folders / "nebula.toml").is_file()
    answer("Delete")
    assert not list(own_folders.glob("nebula.*"))
    assert "nebula" in names(panel) and not panel.files.looks["nebula"].own, "the shipped one is there again"
    assert show.preset.name == "nebula"


def test_auto_change_is_set_and_followed(panel: LooksPanel, show: PlayedShow, changes: Changes) -> None:
    bars, seconds = panel.spins["show/auto_bars"], panel.spins["show/auto_seconds"]
    assert bars.text() == "off" == seconds.text()
    type_into(bars, "16")
    assert show.values["show/auto_bars"] == 16.0 and bars.text() == "16 bars"
    show.set("show/auto_seconds", 90.0)
    show.hear()
    assert wait_for(lambda: seconds.text() == "90 s")
    changes.stack.undo()
    show.hear()
    assert wait_for(lambda: bars.text() == "off") and show.values["show/auto_seconds"] == 90.0


def test_only_what_has_changed_is_read_again(own_folders: Path) -> None:
    QApplication.instance() or QApplication([])
    files = LookFiles()
    before = dict(files.looks)
    save_preset(Preset("mine", "Mine", {}), own_folders / "mine.toml")
    assert files.scan() == set()
    assert all(files.looks[name] is look for name, look in before.items()) and "mine" in files.looks
    save_preset(Preset("mine", "Mine indeed", {}), own_folders / "mine.toml")
    assert files.scan() == {"mine"}
