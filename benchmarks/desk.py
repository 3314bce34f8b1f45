"""What the desk costs: ``python -m benchmarks.desk [--seconds S] [--rounds N] [--fps N] [--json]``.

The same show, on the demo track with the sound encoder, alternately without a window and under the desk, each in a process
of its own; frames a second of both and their ratio. It needs a display, such as ``xvfb-run -s "-screen 0 1920x1080x24"``:
there the processor draws what a graphics card would. Run it with nothing else beside.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

from tqdm import tqdm

from engines.model import inspect
from visualizer.encoder.banks import bank_for
from visualizer.looks import Looks
from visualizer.preset import find_preset
from visualizer.resources import demo_track, embedded_model, sound_encoder, user_folder
from visualizer.show import LiveShow, ShowSettings

SETTLE_S = 4.0
TABS = {"looks": 0, "controls": 1, "routes": 2}


def started(fps: float) -> LiveShow:
    """A show that runs."""
    info, encoder = inspect(embedded_model()), sound_encoder()
    assert encoder is not None
    show = LiveShow(ShowSettings(
        f"file:{demo_track()}", find_preset("nebula").on(info), info.path, info.native_size, fps, user_folder("engines"),
        encoder=encoder, bank=bank_for(encoder),
    ))  # fmt: skip
    show.start()
    return show


def rate(show: LiveShow, seconds: float) -> float:
    """Frames a second over the last ``seconds``."""
    at = [handed.at for handed in tuple(show.history) if handed.at > time.perf_counter() - seconds]
    return (len(at) - 1) / (at[-1] - at[0])


def one(where: str, seconds: float, fps: float) -> None:
    """Run one show and print its rate."""
    show = started(fps)
    try:
        if where == "headless":
            while show.latest is None or show.meaning is None:
                time.sleep(0.05)
            time.sleep(SETTLE_S + seconds)
            print(rate(show, seconds))
            return
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication

        from visualizer.ui.desk import Desk
        from visualizer.ui.rig import Rig
        from visualizer.ui.theme import STYLE

        application = QApplication([])
        application.setStyleSheet(STYLE)
        info = inspect(embedded_model())
        desk = Desk(Rig(show, Looks(show, lambda look: look.on(info)), lambda look: look.on(info)))
        desk.side.tabs.setCurrentIndex(TABS[where])
        desk.show()

        def begin() -> None:
            if show.latest is None or show.meaning is None:
                QTimer.singleShot(50, begin)
            else:
                QTimer.singleShot(round(1000 * (SETTLE_S + seconds)), end)

        def end() -> None:
            print(rate(show, seconds))
            application.quit()

        begin()
        application.exec()
        desk.close()
    finally:
        show.stop()


def main() -> None:
    """Alternate, and print medians."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--seconds", type=float, default=15.0)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--fps", type=float, default=60.0, help="asked for: more than can be had shows the cost best")
    asked.add_argument("--tab", nargs="+", choices=TABS, default=list(TABS))
    asked.add_argument("--one", choices=("headless", *TABS))
    asked.add_argument("--json", action="store_true")
    options = asked.parse_args()
    if options.one:
        one(options.one, options.seconds, options.fps)
        return
    found: dict[str, list[float]] = {"headless": [], **{tab: [] for tab in options.tab}}
    for where in tqdm([where for _ in range(options.rounds) for where in found], unit="show", disable=options.json):
        command = [sys.executable, "-m", "benchmarks.desk", "--one", where, "--seconds", str(options.seconds)]
        done = subprocess.run([*command, "--fps", str(options.fps)], capture_output=True, text=True, check=True)
        found[where].append(float(done.stdout.split()[-1]))
    medians = {where: round(statistics.median(rates), 2) for where, rates in found.items()}
    ratios = {where: round(medians[where] / medians["headless"], 3) for where in options.tab}
    if options.json:
        print(json.dumps({"fps": medians, "to_headless": ratios}))
        return
    for where, median in medians.items():
        print(f"{where:10} {median:6.2f} frames/s  {median / medians['headless']:.3f} of headless  {found[where]}")


if __name__ == "__main__":
    main()
