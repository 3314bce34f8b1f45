"""What the command line's options mean: a look, a model, where the sound comes from, and a show of them."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from visualizer.failures import UsageError

if TYPE_CHECKING:
    from engines.model import ModelInfo
    from visualizer.preset import Preset
    from visualizer.show import ShowSettings

LIVE_FPS = 30.0
PRESET = "nebula"
UNREADABLE = (".m4a", ".aac", ".wma")
"""Endings of sound files that are not read; a name with one is no device, and what to do with the file is said."""


def preset_of(arguments: argparse.Namespace, info: ModelInfo) -> Preset:
    """The look asked for; what it leaves open is as the model is made for."""
    from visualizer.preset import find_preset

    preset = find_preset(arguments.preset or PRESET).on(info)
    return replace(preset, values={**preset.values, "picture/prompt": arguments.prompt}) if arguments.prompt else preset


def model_of(arguments: argparse.Namespace) -> tuple[ModelInfo, tuple[int, int]]:
    """(model, size), both checked."""
    from engines.model import inspect
    from visualizer.models.library import find_model
    from visualizer.models.sizes import LARGEST_SIDE
    from visualizer.resources import embedded_model

    info = inspect(find_model(arguments.model) if arguments.model else embedded_model())
    size = arguments.size or info.native_size
    info.latent_shape(size)
    if max(size) > LARGEST_SIDE:
        raise UsageError(f"{size[0]}x{size[1]} is too large: the longest side is {LARGEST_SIDE}")
    return info, size


def styles_of(arguments: argparse.Namespace) -> tuple[Path, ...]:
    """The files of the styles asked for; what of one is left out is said."""
    from visualizer.models.styles import chosen_styles

    return chosen_styles(arguments.style, lambda remark: print(remark, file=sys.stderr))


def source_of(wanted: str | None) -> str:
    """Where the sound comes from, checked as far as it can be before the show opens it."""
    from visualizer.audio.devices import DeviceError, find_input
    from visualizer.audio.files import READABLE, open_sound

    if not wanted:
        return "device:"
    if Path(wanted).is_file():
        open_sound(wanted).close()
        return f"file:{wanted}"
    try:
        found = find_input(wanted)
    except DeviceError:
        if Path(wanted).suffix.lower() in (*READABLE, *UNREADABLE):
            open_sound(wanted)  # says what is wrong with the file
        raise
    return f"device:{found.node or found.label}"


def picture_of(wanted: str | None) -> str:
    """What is painted over, checked as far as it can be; "" for nothing."""
    from visualizer.picture_source.opening import check

    return check(wanted) if wanted else ""


def settings_of(arguments: argparse.Namespace, source: str, model: ModelInfo, size: tuple[int, int]) -> ShowSettings:
    """A show of what was asked for, with the sound from ``source``."""
    from visualizer.encoder.banks import bank_for
    from visualizer.resources import demo_track, sound_encoder, user_folder
    from visualizer.show import ShowSettings

    encoder = arguments.encoder or sound_encoder()
    return ShowSettings(
        source, preset_of(arguments, model), model.path, size, arguments.fps or LIVE_FPS, user_folder("engines"),
        arguments.backend,
        stand_in=f"file:{demo_track()}" if source == "device:" else "",
        encoder=encoder, bank=bank_for(encoder) if encoder else None, banks=user_folder("banks"),
        picture=picture_of(arguments.picture),
        styles=styles_of(arguments),
        batch=arguments.batch,
    )  # fmt: skip
