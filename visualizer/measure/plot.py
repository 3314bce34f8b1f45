"""A picture of a measured video: pictures, sound, onsets and motion on one time axis, and r over lags."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from visualizer.analysis.bands import HOP_S
from visualizer.measure.curve import Array
from visualizer.measure.errors import MeasureError
from visualizer.measure.figures import Measured
from visualizer.measure.film import Film
from visualizer.snapshots import Picture

LONGEST_S, STRETCH_S = 25.0, 20.0
"""Of a longer video, a stretch is drawn, the one with the strongest onsets: more would not be readable."""

SIZE_INCHES, DPI = (14.0, 7.4), 120
KINDS = (".png", ".pdf", ".svg")
GROUND, PANEL, INK, FAINT = "#101318", "#171b22", "#d8dde6", "#5b6472"
SOUND, ONSET, MOTION, PEAK, BEAT = "#5ad1ff", "#ffb454", "#a5e887", "#ff8fb3", "#8f7bff"


def check_plot(out: Path) -> None:
    """Raise MeasureError where a plot cannot be drawn into ``out``, before any work is done."""
    if find_spec("matplotlib") is None:
        raise MeasureError('--plot draws with matplotlib, which is missing; install it with: pip install "matplotlib>=3.8"')
    if out.suffix.lower() not in KINDS:
        raise MeasureError(f"A plot cannot be written to {out}; give it a name that ends in one of {', '.join(KINDS)}.")
    if not out.absolute().parent.is_dir():
        raise MeasureError(f"There is no folder {out.parent} to write the plot into; make it first.")


def plot(measured: Measured, out: Path) -> None:
    """Draw ``measured`` into ``out``, a .png, .pdf or .svg. Raises OSError where it cannot be written."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    begin, end = stretch(measured)
    look: Any = {
        "figure.facecolor": GROUND, "axes.facecolor": PANEL, "axes.edgecolor": PANEL, "text.color": INK,
        "text.parse_math": False, "axes.labelcolor": INK, "xtick.color": FAINT, "ytick.color": FAINT,
        "xtick.labelcolor": INK, "ytick.labelcolor": FAINT, "font.size": 9, "savefig.facecolor": GROUND,
    }  # fmt: skip
    with pyplot.rc_context(look):
        figure = pyplot.figure(figsize=SIZE_INCHES)
        grid = figure.add_gridspec(
            4, 2, width_ratios=(4, 1), height_ratios=(0.75, 1, 1, 1), hspace=0.12, wspace=0.12,
            left=0.065, right=0.98, top=0.9, bottom=0.075,
        )  # fmt: skip
        strip = figure.add_subplot(grid[0, 0])
        rows = [strip] + [figure.add_subplot(grid[row, 0], sharex=strip) for row in (1, 2, 3)]
        strip.set_xlim(begin, end)
        _pictures(strip, measured.film, begin, end)
        _sound(rows[1], measured, begin, end)
        _onsets(rows[2], measured, begin, end)
        _motion(rows[3], measured, begin, end)
        for axis in rows[:-1]:
            axis.tick_params(labelbottom=False, bottom=False)
        rows[-1].set_xlabel("seconds")
        figure.align_ylabels(rows)
        _lags(figure.add_subplot(grid[1:3, 1]), measured)
        _told(figure.add_subplot(grid[0, 1]), measured)
        _legend(figure.add_subplot(grid[3, 1]))
        whole = float(measured.edges[-1])
        part = f", {begin:.0f} to {end:.0f} s of {whole:.0f} s (the strongest onsets)" if end - begin < whole - 0.1 else ""
        figure.text(0.065, 0.935, measured.film.path.name, fontsize=14, weight="bold")
        figure.text(0.985, 0.935, f"how the picture follows its sound{part}", ha="right", color=FAINT, fontsize=10)
        figure.savefig(out, dpi=DPI)
        pyplot.close(figure)


def stretch(measured: Measured) -> tuple[float, float]:
    """From when to when to draw, s: the whole, or the ``STRETCH_S`` in which the sound rises most."""
    first, last = float(measured.edges[0]), float(measured.edges[-1])
    cell_s = float(measured.edges[1] - measured.edges[0])
    if last <= LONGEST_S:
        return 0.0, last
    cells = min(len(measured.rises), round(STRETCH_S / cell_s))
    total = np.concatenate([[0.0], np.cumsum(measured.rises)])
    at = int(np.argmax(total[cells:] - total[:-cells]))
    return first + at * cell_s, first + (at + cells) * cell_s


def _pictures(axis: Any, film: Film, begin: float, end: float) -> None:
    """A strip of pictures in their own proportions, cut at the sides to fill it; each stands where its middle was shown."""
    box = axis.get_window_extent()
    width, height = film.size
    count = max(1, math.ceil(box.width / (box.height * width / height)))
    slot = (end - begin) / count
    kept = min(width, max(1, round(height * box.width / count / box.height)))
    cut = slice((width - kept) // 2, (width - kept) // 2 + kept)
    moments = np.asarray(begin + (np.arange(count) + 0.5) * slot, np.float64)
    for number, picture in enumerate(_shown_at(film, moments)):
        middle = begin + (number + 0.5) * slot
        extent = (middle - 0.49 * slot, middle + 0.49 * slot, 0, 1)
        axis.imshow(picture[:, cut], extent=extent, aspect="auto", interpolation="lanczos")
    axis.set_xlim(begin, end)
    axis.set_ylim(0, 1)
    axis.set_yticks([])
    axis.set_facecolor(GROUND)


def _shown_at(film: Film, moments: Array) -> list[Picture]:
    """The picture that is shown at each of ``moments``, s, ascending."""
    found: list[Picture] = []
    last = None
    for shown in film.pictures(float(moments[0])):
        while last is not None and len(found) < len(moments) and shown.time > moments[len(found)]:
            found.append(last.small)
        last = shown
        if len(found) == len(moments):
            break
    if last is not None:
        found += [last.small] * (len(moments) - len(found))
    return found


def _sound(axis: Any, measured: Measured, begin: float, end: float) -> None:
    heard = measured.listened
    starts = heard.hop_starts
    seen = (starts >= begin - HOP_S) & (starts < end)
    top = max(1e-6, float(np.abs(heard.outline).max())) * 1.05
    for beat in heard.beats[(heard.beats >= begin) & (heard.beats < end)]:
        axis.axvline(beat, color=BEAT, linewidth=0.9, alpha=0.7)
    low, high = heard.outline[seen].T
    axis.fill_between(starts[seen], low, high, color=SOUND, linewidth=0.3)
    axis.set_ylim(-top, top)
    axis.set_ylabel("sound")
    axis.set_yticks([])


def _onsets(axis: Any, measured: Measured, begin: float, end: float) -> None:
    _curve(axis, measured, measured.rises, begin, end, SOUND)
    axis.set_ylabel("onsets, dB / s")


def _motion(axis: Any, measured: Measured, begin: float, end: float) -> None:
    _curve(axis, measured, measured.motion, begin, end, MOTION)
    peaks = measured.peaks[(measured.peaks >= begin) & (measured.peaks < end)]
    cell_s = float(measured.edges[1] - measured.edges[0])
    heights = measured.motion[np.round((peaks - measured.edges[0]) / cell_s).astype(np.intp)]
    axis.plot(peaks + cell_s / 2, heights, "o", color=PEAK, markersize=3.5)
    axis.set_ylabel("motion, diagonals / s")


def _curve(axis: Any, measured: Measured, values: Array, begin: float, end: float, colour: str) -> None:
    """A curve over the cells, and the onsets: a triangle on top of a line that does not hide it."""
    inside = values[(measured.edges[:-1] >= begin) & (measured.edges[:-1] < end)]
    # One cut or bang would press all the rest to the ground.
    top = 1.2 * max(1e-6, min(float(inside.max()), 3 * float(np.percentile(inside, 98)) + 1e-6))
    onsets = measured.onsets[(measured.onsets >= begin) & (measured.onsets < end)]
    axis.vlines(onsets, 0, top, color=ONSET, linewidth=0.7, alpha=0.35)
    axis.plot(onsets, np.full(len(onsets), 0.965 * top), "v", color=ONSET, markersize=4)
    axis.stairs(values, measured.edges, color=colour, fill=True, alpha=0.35)
    axis.stairs(values, measured.edges, color=colour, linewidth=1.1)
    axis.set_ylim(0, top)


def _lags(axis: Any, measured: Measured) -> None:
    found = measured.correlation
    axis.axhline(0, color=FAINT, linewidth=0.6)
    axis.axvline(0, color=FAINT, linewidth=0.6)
    axis.plot(1000 * found.lags, found.r, color=MOTION, linewidth=1.6)
    r, lag = measured.figures["r"], measured.figures["lag_ms"]
    if r is not None and lag is not None:
        axis.plot([lag], [r], "o", color=PEAK, markersize=6)
        chance = measured.figures["r_shuffled"]
        if chance is not None:
            axis.axhline(chance, color=FAINT, linewidth=0.8, linestyle=":")
            where = axis.get_yaxis_transform()
            axis.text(0.98, chance, "chance", transform=where, ha="right", va="bottom", color=FAINT, fontsize=8)
        told = f"r = {r:.2f} at {lag:.0f} ms"
        axis.text(0.96, 0.95, told, transform=axis.transAxes, ha="right", va="top", color=PEAK, fontsize=10, weight="bold")
    axis.set_xlim(1000 * found.lags[0], 1000 * found.lags[-1])
    axis.set_ylim(min(-0.3, float(np.nanmin(found.r, initial=0.0)) - 0.05), 1.05)
    axis.set_xlabel("picture later than sound, ms")
    axis.set_ylabel("r of onsets and motion", labelpad=1)


def _told(axis: Any, measured: Measured) -> None:
    axis.axis("off")
    lines = (
        ("AV-Align", "av_align", "av_align_shuffled"),
        ("beat alignment", "beat_alignment", "beat_alignment_shuffled"),
        ("stillness in silence", "silence_flicker", None),
        ("warping error", "warping_error", None),
    )
    for row, (name, key, chance) in enumerate(lines):
        value = measured.figures[key]
        told = "–" if value is None else f"{value:.2g}" if key == "warping_error" else f"{value:.3f}"
        axis.text(0.02, 0.9 - 0.24 * row, name, va="center")
        axis.text(0.72, 0.9 - 0.24 * row, told, va="center", ha="right", weight="bold")
        if chance and measured.figures[chance] is not None:
            told = f"chance {measured.figures[chance]:.2f}"
            axis.text(0.76, 0.9 - 0.24 * row, told, va="center", color=FAINT, fontsize=8)


def _legend(axis: Any) -> None:
    axis.axis("off")
    marks = (ONSET, "v", "an onset in the sound"), (PEAK, "o", "a maximum of the motion"), (BEAT, "|", "a sure beat")
    for row, (colour, mark, text) in enumerate(marks):
        axis.plot([0.1], [0.55 - 0.2 * row], mark, color=colour, markersize=11 if mark == "|" else 5, markeredgewidth=1.5)
        axis.text(0.17, 0.55 - 0.2 * row, text, va="center")
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
