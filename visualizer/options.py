"""What can be asked for on the command line: every command's options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from engines import BACKENDS
from visualizer import __version__
from visualizer.models.command import add_parser as add_models_parser

if TYPE_CHECKING:
    from visualizer.osc.endpoint import Endpoint

ABOUT = "The command line: ``visualizer`` opens the show; subcommands render, list and measure."

DEFAULTS = {
    "command": None, "preset": None, "prompt": None, "model": None, "size": None, "fps": None, "seconds": None,
    "backend": "", "input": None, "record": None, "encoder": None, "headless": False, "json": False,
    "minutes": None, "resume": False, "audio": None, "plot": None, "method": "live", "osc_out": None, "control": None,
    "fresh": False, "capability": None, "report": None, "style": (), "picture": None, "batch": 1,
}  # fmt: skip

PUBLISHED = {
    "steps": (int, "denoising steps a picture (50)"),
    "text_scale": (float, "of classifier-free guidance (7.5; 1 for models that were not made for it)"),
    "sound_scale": (float, "how strongly the sound leads (6; published: 4 to 10)"),
    "mask": (float, "share of what the sound changes, the weakest, that is left out (0.9; published: 0.8 to 0.95)"),
    "start": (float, "timestep of 1,000 below which the sound counts (900; published: 800 to 950)"),
}
"""Options of ``render --method tpos``, by their names in ``engines.tpos.Published``."""

BATCH = "steps of N pictures share a pass (2 to 8): more frames a second on a graphics card, N - 1 frames later"


def parse() -> argparse.Namespace:
    """What the program was called with, every option named; ends the program, as argparse does, where it makes no sense."""
    return argparse.Namespace(**{**DEFAULTS, **vars(_parser().parse_args())})


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size: write WIDTHxHEIGHT, such as 256x256") from None
    return width, height


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return number


def _endpoint(text: str) -> Endpoint:
    from visualizer.osc.endpoint import Endpoint, EndpointError

    try:
        return Endpoint.parse(text)
    except EndpointError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parser() -> argparse.ArgumentParser:
    absent = argparse.SUPPRESS
    # What is not given is left out of the result, so that an option counts before and after the command's name.
    look = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    look.add_argument("--preset", help="a preset's name or a .toml file (see: visualizer presets)")
    look.add_argument("--prompt", help="what the picture shows, in words, instead of the preset's")
    look.add_argument("--model", type=Path, help="a model's folder or name (see: visualizer models), for the shipped one")
    look.add_argument(
        "--style", action="append", metavar="NAME|FILE", help="a style (LoRA), up to three times (see: visualizer models)"
    )
    look.add_argument("--size", type=_size, help="width and height in pixels, such as 256x256")
    look.add_argument("--fps", type=_positive, help="frames a second")
    look.add_argument("--seconds", type=_positive, help="end after so many seconds")
    look.add_argument("--backend", choices=BACKENDS, help="instead of the machine's best")
    look.add_argument("--batch", type=int, choices=range(1, 9), metavar="N", help=BATCH)
    look.add_argument("--encoder", type=Path, metavar="FOLDER", help="a sound encoder that you trained")
    parser = argparse.ArgumentParser(prog="visualizer", description=ABOUT, parents=[look])
    parser.add_argument("--version", action="version", version=__version__)
    _live_options(parser)
    commands = parser.add_subparsers(dest="command", title="commands (none: the live show)", metavar="")
    _live_options(commands.add_parser("show", parents=[look], help="the live show (the default)"))
    render = commands.add_parser("render", parents=[look], help="paint a sound file into a video, exactly")
    render.add_argument("inputs", type=Path, metavar="IN", nargs="+", help="a sound file, or several")
    render.add_argument(
        "output", type=Path, metavar="OUT", help="a video file: .mp4, .mov or .mkv; for several sounds a folder"
    )
    render.add_argument(
        "--control", type=Path, default=absent, metavar="TRACK",
        help="play a recorded live set again; IN is its video or its sound from the recording's beginning",
    )  # fmt: skip
    render.add_argument("--picture", default=absent, metavar="FILE", help="a video or picture file that is painted over")
    _method_options(render)
    commands.add_parser("devices", help="list sound inputs")
    commands.add_parser("presets", help="list the looks")
    commands.add_parser("parameters", help="list every controllable value")
    commands.add_parser("osc", help="print the reference of OSC")
    commands.add_parser("prepare", parents=[look], help="convert a model for this machine ahead of the first show")
    engine = commands.add_parser("engine", help="TensorRT engines for an NVIDIA GPU: build, list, check, clean")
    engine.add_argument("what", choices=("build", "list", "check", "clean"))
    engine.add_argument("folder", type=Path, nargs="?", metavar="MODEL", help="a model folder (the one that ships)")
    engine.add_argument("--size", type=_size, default=absent, help="width and height in pixels, such as 512x512")
    engine.add_argument("--for", dest="capability", type=int, default=absent, metavar="SM", help="another GPU: 89 for 8.9")
    engine.add_argument("--batch", type=int, choices=range(1, 9), default=absent, metavar="N", help=BATCH)
    engine.add_argument("--report", type=Path, default=absent, metavar="FILE", help="where check writes to (.json)")
    bench = commands.add_parser("bench", parents=[look], help="measure this machine")
    bench.add_argument("what", choices=("live", "frame", "hearing"))
    bench.add_argument("--input", default=argparse.SUPPRESS, help="a sound input's name or a sound file")
    bench.add_argument("--json", action="store_true", help="print one JSON object")
    measure = commands.add_parser("measure", help="measure how tightly a video follows its sound")
    measure.add_argument("video", type=Path, metavar="VIDEO", help="any video file")
    measure.add_argument("--audio", type=Path, default=absent, metavar="FILE", help="a sound, instead of the video's own")
    measure.add_argument("--json", action="store_true", default=absent, help="print one JSON object")
    measure.add_argument("--plot", type=Path, default=absent, metavar="OUT.png", help="draw sound, onsets and motion")
    add_models_parser(commands)
    train = commands.add_parser("train", help="train a sound encoder, or make the vectors of a prompt bank")
    train.add_argument("what", choices=("encoder", "bank"))
    train.add_argument("file", type=Path, metavar="FILE", help="a .toml file: the training's configuration, or the texts")
    train.add_argument("--minutes", type=_positive, default=absent, help="of training, instead of the configuration's")
    train.add_argument("--resume", action="store_true", default=absent, help="go on from the run's checkpoints")
    return parser


def _method_options(parser: argparse.ArgumentParser) -> None:
    absent = argparse.SUPPRESS
    parser.add_argument(
        "--method", choices=("live", "tpos"), default=absent,
        help="live: as the show paints (the default); tpos: as The Power of Sound was published, many steps a picture",
    )  # fmt: skip
    published = parser.add_argument_group("the published method (--method tpos)")
    for name, (kind, text) in PUBLISHED.items():
        published.add_argument(f"--{name.replace('_', '-')}", type=kind, default=absent, metavar="N", help=text)
    published.add_argument("--segment", type=_positive, default=absent, metavar="S", help="seconds of a segment (1.78)")


def _live_options(parser: argparse.ArgumentParser) -> None:
    absent = argparse.SUPPRESS
    parser.add_argument("--input", default=absent, help="a sound input's name, or a sound file to play as if it were live")
    parser.add_argument("--record", type=Path, default=absent, metavar="FILE", help="record to an .mp4, .mov or .mkv file")
    parser.add_argument(
        "--picture", default=absent, metavar="SOURCE",
        help="what is painted over: a video or picture file, camera: for the first camera, camera:1 for the next",
    )  # fmt: skip
    parser.add_argument("--headless", action="store_true", default=absent, help="no window")
    parser.add_argument("--fresh", action="store_true", default=absent, help="forget the last time")
    osc = parser.add_argument_group("OSC (see: visualizer osc)")
    osc.add_argument("--osc", type=_endpoint, default=absent, metavar="HOST:PORT", help="listen there (127.0.0.1:9000)")
    osc.add_argument("--no-osc", dest="osc", action="store_const", const=None, default=absent, help="do not listen")
    osc.add_argument("--osc-out", type=_endpoint, default=absent, metavar="HOST:PORT", help="send what is heard there")
