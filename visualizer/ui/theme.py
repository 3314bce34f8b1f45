"""How everything on the desk looks: dark and calm, readable at arm's length, told apart by every kind of colour vision."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette

# Surfaces, from the deepest.
GROUND, PANEL, TRACK, EDGE = "#0b0c10", "#12141b", "#242835", "#323848"
# Words. Faint is 5.6:1 on a panel: still readable where WCAG asks 4.5.
TEXT, FAINT, WARN = "#e8eaf0", "#949aa8", "#ffb454"
ACCENT, ACCENT_DEEP = "#6b7cff", "#3d49a8"
# Marks (after Okabe and Ito): low, middle and high, the beat, and what is wrong.
BLUE, ORANGE, GREEN, YELLOW, RED = "#56b4e9", "#e69f00", "#2fbf8f", "#f0e442", "#ff6b5e"

LOW_MID_HIGH = (ORANGE, BLUE, GREEN)
"""Of the bands, everywhere."""

SMALL_PX, TEXT_PX, LARGE_PX, NUMBER_PX = 12, 14, 17, 22
GAP_PX, RADIUS_PX = 8, 6

STYLE = f"""
QWidget {{ color: {TEXT}; font-size: {TEXT_PX}px; }}
QWidget#desk, QMainWindow, QDialog, QScrollArea, QScrollArea > QWidget > QWidget {{ background: {GROUND}; }}
QFrame#panel {{ background: {PANEL}; border-radius: {RADIUS_PX}px; }}
QLabel {{ background: transparent; }}
QLabel#title {{ color: {FAINT}; font-size: {SMALL_PX}px; }}
QLabel#faint {{ color: {FAINT}; }}
QLabel#notice {{ color: {WARN}; }}
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox {{
    background: {PANEL}; border: 1px solid {EDGE}; border-radius: {RADIUS_PX}px; padding: 5px 8px;
    selection-background-color: {ACCENT_DEEP}; }}
QLineEdit:disabled, QComboBox:disabled {{ color: {FAINT}; border-color: {TRACK}; }}
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus {{ border-color: {ACCENT}; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{
    image: none; width: 0; height: 0; border-left: 4px solid {PANEL}; border-right: 4px solid {PANEL};
    border-top: 5px solid {FAINT}; }}
QComboBox QAbstractItemView {{ background: {PANEL}; border: 1px solid {EDGE}; selection-background-color: {ACCENT_DEEP}; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; background: transparent; width: 16px; }}
QAbstractSpinBox::up-arrow, QAbstractSpinBox::down-arrow {{
    image: none; width: 0; height: 0; border-left: 4px solid {PANEL}; border-right: 4px solid {PANEL}; }}
QAbstractSpinBox::up-arrow {{ border-bottom: 5px solid {FAINT}; }}
QAbstractSpinBox::down-arrow {{ border-top: 5px solid {FAINT}; }}
QAbstractSpinBox::up-arrow:hover {{ border-bottom-color: {TEXT}; }}
QAbstractSpinBox::down-arrow:hover {{ border-top-color: {TEXT}; }}
QPushButton, QToolButton {{
    background: {TRACK}; border: 1px solid {EDGE}; border-radius: {RADIUS_PX}px; padding: 5px 10px; }}
QPushButton:hover, QToolButton:hover {{ border-color: {ACCENT}; }}
QPushButton:checked, QToolButton:checked {{ background: {ACCENT_DEEP}; border-color: {ACCENT}; }}
QPushButton#danger:checked {{ background: {RED}; border-color: {RED}; color: {GROUND}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {FAINT}; background: {PANEL}; border-color: {TRACK}; }}
QTabWidget::pane {{ border: none; }}
QTabBar::tab {{ background: transparent; color: {FAINT}; padding: 6px 5px; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {TEXT}; border-bottom-color: {ACCENT}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; }}
QScrollBar::handle:vertical {{ background: {EDGE}; border-radius: 5px; min-height: 30px; }}
QScrollBar::handle:vertical:disabled {{ background: transparent; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background: none; height: 0; }}
QToolTip {{ background: {PANEL}; color: {TEXT}; border: 1px solid {EDGE}; padding: 4px; }}
QMenu {{ background: {PANEL}; border: 1px solid {EDGE}; }}
QMenu::item {{ padding: 5px 18px; }}
QMenu::item:selected {{ background: {ACCENT_DEEP}; }}
"""
"""The style sheet of the whole program. A frame named "panel" is a raised surface, a label named "title" a heading."""


def colour(name: str, opacity: float = 1.0) -> QColor:
    """One of the colours above for a painter; opacity: 0–1."""
    found = QColor(name)
    found.setAlphaF(opacity)
    return found


def palette() -> QPalette:
    """For the application: what Qt draws itself, as the edges of lists and dialogs, is dark where the system is not."""
    made = QPalette(QColor(TRACK), QColor(GROUND))
    for role, name in (
        (QPalette.ColorRole.Base, PANEL), (QPalette.ColorRole.Text, TEXT), (QPalette.ColorRole.WindowText, TEXT),
        (QPalette.ColorRole.ButtonText, TEXT), (QPalette.ColorRole.Highlight, ACCENT_DEEP),
        (QPalette.ColorRole.PlaceholderText, FAINT), (QPalette.ColorRole.ToolTipBase, PANEL),
        (QPalette.ColorRole.ToolTipText, TEXT), (QPalette.ColorRole.Link, ACCENT),
    ):  # fmt: skip
        made.setColor(role, QColor(name))
    return made
