"""``visualizer`` alone: the live show is put together, with a window or without, and runs until its end."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines.folder import ModelError
from engines.styles.file import StyleError
from visualizer.chosen import model_of, picture_of, settings_of, source_of, styles_of
from visualizer.control.outside import Outside
from visualizer.failures import UsageError
from visualizer.fit import Fit
from visualizer.live import has_display, run_headless
from visualizer.looks import Looks
from visualizer.midi.door import Midi
from visualizer.models.library import LibraryError
from visualizer.osc.door import DEFAULT, Osc, OscSettings
from visualizer.picture_source.errors import PictureError
from visualizer.preset import Preset
from visualizer.remote.show_target import ShowTarget
from visualizer.remote.target import Target
from visualizer.resources import user_folder
from visualizer.show import LiveShow

if TYPE_CHECKING:
    from visualizer.ui.remembered import Remembered

HEADLESS_SECONDS = 20.0


def run(arguments: argparse.Namespace) -> None:
    """Carry the command out. Raises UsageError and the errors of what is asked for, one sentence each."""
    headless, seconds, record = arguments.headless, arguments.seconds or 0.0, arguments.record
    if not headless and not has_display():
        headless = True
        seconds = seconds or HEADLESS_SECONDS
        record = record or Path("out/show.mp4")
        print(f"No display: running the show without a window for {seconds:g} s, recorded to {record}.", file=sys.stderr)
    if headless:
        kept, problems, source = None, list[str](), source_of(arguments.input)
    else:
        kept, problems = _remembered(arguments)
        _paint_again(kept, arguments, problems)
        source = source_of(arguments.input) if arguments.input else _source_again(kept.source, problems)
    model, size = model_of(arguments)
    settings = settings_of(arguments, source, model, size)
    if kept is not None and kept.look is not None and not (arguments.preset or arguments.prompt):
        settings = replace(settings, preset=_look_again(kept.look, settings.preset, problems))
    outside = Outside()
    show = LiveShow(settings, tempo_sources=outside.sources)
    outside.follow(show.sample_at)
    fit = Fit(model)
    show.on_model = lambda painted: fit.follow(show, painted)
    looks = Looks(show, fit)
    target = ShowTarget(show, looks, user_folder("recordings"), outside.osc)
    osc = _osc(arguments, show, target)
    midi = Midi(target, outside.midi)
    recording = None
    try:
        if record:
            recording = show.start_recording(record)
        show.start()
        looks.start()
        osc.start()
        midi.start()
        if kept is None:
            run_headless(show, seconds, osc=osc.state.text)
        else:
            from visualizer.output.shares import shares
            from visualizer.ui.desk import run_desk
            from visualizer.ui.remembered import default_file
            from visualizer.ui.rig import Rig

            others = shares(show.add_sink, show.remove_sink, settings.size, settings.fps)
            run_desk(Rig(
                show, looks, fit, lambda: osc.state, kept, problems, default_file(), others,
                midi=midi, link=outside.link,
            ), seconds)  # fmt: skip
    finally:
        midi.stop()
        osc.stop()
        outside.close()
        looks.stop()
        show.stop()
    if recording is not None:
        if recording.error:
            raise UsageError(recording.error)
        print(f"Recorded {record}, and its control track beside it.", file=sys.stderr)


def _remembered(arguments: argparse.Namespace) -> tuple[Remembered, list[str]]:
    """What the desk remembers, and a sentence where it cannot be read."""
    from visualizer.ui.remembered import Remembered, RememberedError, default_file, load

    if arguments.fresh:
        return Remembered(), []
    try:
        return load(default_file()), []
    except RememberedError as error:
        return Remembered(), [str(error)]


def _source_again(source: str, problems: list[str]) -> str:
    """The source of the last time, the default input where that was a file that is gone.

    A sound system may hang while it lists its inputs; whether a device is still there is the input picker's to find out.
    """
    from visualizer.audio.files import SoundFileError, open_sound

    kind, _, name = source.partition(":")
    try:
        if kind == "file":
            open_sound(name).close()
        return source or "device:"
    except (SoundFileError, OSError) as error:
        problems.append(f"What was listened to the last time is not there: {error}")
        return "device:"


def _paint_again(kept: Remembered, arguments: argparse.Namespace, problems: list[str]) -> None:
    """What painted the last time paints again, unless something else is asked for or it is gone."""
    if kept.picture and not arguments.picture:
        try:
            arguments.picture = picture_of(kept.picture)
        except PictureError as error:
            problems.append(f"What was painted over the last time is not there: {error}")
    if arguments.model or arguments.size or arguments.backend or arguments.style:
        return
    again = argparse.Namespace(
        model=Path(kept.model) if kept.model else None, size=tuple(kept.pixels) or None, backend=kept.backend,
        style=tuple(kept.styles),
    )  # fmt: skip
    try:
        if again.size is not None and len(again.size) != 2:
            raise UsageError(f"{list(again.size)} is no size")
        model_of(again)
        styles_of(again)
    except (UsageError, LibraryError, ModelError, StyleError, TypeError) as error:
        problems.append(f"What painted the last time cannot paint again ({error}): the usual model paints.")
        return
    for name, value in vars(again).items():
        setattr(arguments, name, value)


def _look_again(plain: dict[str, Any], usual: Preset, problems: list[str]) -> Preset:
    """The look of the last time, else the usual one."""
    from visualizer.ui.remembered import RememberedError, look_of

    try:
        return look_of(plain)
    except RememberedError as error:
        problems.append(str(error))
        return usual


def _osc(arguments: argparse.Namespace, show: LiveShow, target: Target) -> Osc:
    """The show's OSC; what of it cannot be is among the show's messages."""
    listen = arguments.osc if hasattr(arguments, "osc") else DEFAULT
    osc = Osc(target, show, OscSettings(listen, arguments.osc_out))
    for message in osc.state.messages:
        show.tell(message)
    return osc
