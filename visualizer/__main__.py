"""The command line: ``visualizer`` opens the show; subcommands render, list and measure."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines import BACKENDS
from visualizer import __version__
from visualizer.failures import UsageError, is_expected
from visualizer.models.command import add_parser as add_models_parser
from visualizer.models.command import run as _models

if TYPE_CHECKING:
    from engines.model import ModelInfo
    from visualizer.osc.door import Osc
    from visualizer.osc.endpoint import Endpoint
    from visualizer.preset import Preset
    from visualizer.remote.target import Target
    from visualizer.show import LiveShow, ShowSettings
    from visualizer.ui.remembered import Remembered

LARGEST_SIDE = 2048
LIVE_FPS = 30.0
RENDER_FPS = 24.0
PRESET = "nebula"
HEADLESS_SECONDS = 20.0
UNREADABLE = (".m4a", ".aac", ".wma")
"""Endings of sound files that are not read; a name with one is no device, and what to do with the file is said."""


DEFAULTS = {
    "command": None, "preset": None, "prompt": None, "model": None, "size": None, "fps": None, "seconds": None,
    "backend": "", "input": None, "record": None, "encoder": None, "headless": False, "json": False,
    "minutes": None, "resume": False, "audio": None, "plot": None, "method": "live", "osc_out": None, "control": None,
    "fresh": False, "capability": None, "report": None,
}  # fmt: skip

PUBLISHED = {
    "steps": (int, "denoising steps a picture (50)"),
    "text_scale": (float, "of classifier-free guidance (7.5; 1 for models that were not made for it)"),
    "sound_scale": (float, "how strongly the sound leads (6; published: 4 to 10)"),
    "mask": (float, "share of what the sound changes, the weakest, that is left out (0.9; published: 0.8 to 0.95)"),
    "start": (float, "timestep of 1,000 below which the sound counts (900; published: 800 to 950)"),
}
"""Options of ``render --method tpos``, by their names in ``engines.tpos.Published``."""


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
    look.add_argument("--size", type=_size, help="width and height in pixels, such as 256x256")
    look.add_argument("--fps", type=_positive, help="frames a second")
    look.add_argument("--seconds", type=_positive, help="end after so many seconds")
    look.add_argument("--backend", choices=BACKENDS, help="instead of the machine's best")
    look.add_argument("--encoder", type=Path, metavar="FOLDER", help="a sound encoder that you trained")
    parser = argparse.ArgumentParser(prog="visualizer", description=__doc__, parents=[look])
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
    parser.add_argument("--headless", action="store_true", default=absent, help="no window")
    parser.add_argument("--fresh", action="store_true", default=absent, help="forget the last time")
    osc = parser.add_argument_group("OSC (see: visualizer osc)")
    osc.add_argument("--osc", type=_endpoint, default=absent, metavar="HOST:PORT", help="listen there (127.0.0.1:9000)")
    osc.add_argument("--no-osc", dest="osc", action="store_const", const=None, default=absent, help="do not listen")
    osc.add_argument("--osc-out", type=_endpoint, default=absent, metavar="HOST:PORT", help="send what is heard there")


def _preset(arguments: argparse.Namespace, info: ModelInfo) -> Preset:
    """The look asked for; what it leaves open is as the model is made for."""
    from visualizer.preset import find_preset

    preset = find_preset(arguments.preset or PRESET).on(info)
    return replace(preset, values={**preset.values, "picture/prompt": arguments.prompt}) if arguments.prompt else preset


def _model(arguments: argparse.Namespace) -> tuple[ModelInfo, tuple[int, int]]:
    """(model, size), both checked."""
    from engines.model import inspect
    from visualizer.models.library import find_model
    from visualizer.resources import embedded_model

    info = inspect(find_model(arguments.model) if arguments.model else embedded_model())
    size = arguments.size or info.native_size
    info.latent_shape(size)
    if max(size) > LARGEST_SIDE:
        raise UsageError(f"{size[0]}x{size[1]} is too large: the longest side is {LARGEST_SIDE}")
    return info, size


def _source(wanted: str | None) -> str:
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


def _show_settings(arguments: argparse.Namespace, source: str, model: ModelInfo, size: tuple[int, int]) -> ShowSettings:
    from visualizer.encoder.banks import bank_for
    from visualizer.resources import demo_track, sound_encoder, user_folder
    from visualizer.show import ShowSettings

    encoder = arguments.encoder or sound_encoder()
    return ShowSettings(
        source, _preset(arguments, model), model.path, size, arguments.fps or LIVE_FPS, user_folder("engines"),
        arguments.backend,
        stand_in=f"file:{demo_track()}" if source == "device:" else "",
        encoder=encoder, bank=bank_for(encoder) if encoder else None, banks=user_folder("banks"),
    )  # fmt: skip


def _show(arguments: argparse.Namespace) -> None:
    from visualizer.live import has_display, run_headless

    headless, seconds, record = arguments.headless, arguments.seconds or 0.0, arguments.record
    if not headless and not has_display():
        headless = True
        seconds = seconds or HEADLESS_SECONDS
        record = record or Path("out/show.mp4")
        print(f"No display: running the show without a window for {seconds:g} s, recorded to {record}.", file=sys.stderr)
    model, size = _model(arguments)
    if headless:
        kept, problems, source = None, list[str](), _source(arguments.input)
    else:
        kept, problems = _remembered(arguments)
        source = _source(arguments.input) if arguments.input else _source_again(kept.source, problems)
    settings = _show_settings(arguments, source, model, size)
    if kept is not None and kept.look is not None and not (arguments.preset or arguments.prompt):
        settings = replace(settings, preset=_look_again(kept.look, settings.preset, problems))
    from visualizer.control.outside import Outside
    from visualizer.looks import Looks
    from visualizer.midi.door import Midi
    from visualizer.remote.show_target import ShowTarget
    from visualizer.resources import user_folder
    from visualizer.show import LiveShow

    outside = Outside()
    show = LiveShow(settings, tempo_sources=outside.sources)
    outside.follow(show.sample_at)
    looks = Looks(show, lambda preset: preset.on(model))
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
                show, looks, lambda preset: preset.on(model), lambda: osc.state, kept, problems, default_file(), others,
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
    """The source of the last time if it is still there, else the default input."""
    from visualizer.audio.devices import DeviceError, find_input
    from visualizer.audio.files import SoundFileError, open_sound

    kind, _, name = source.partition(":")
    try:
        if kind == "file":
            open_sound(name).close()
        elif name:
            find_input(name)
        return source or "device:"
    except (DeviceError, SoundFileError, OSError) as error:
        problems.append(f"What was listened to the last time is not there: {error}")
        return "device:"


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
    from visualizer.osc.door import DEFAULT, Osc, OscSettings

    listen = arguments.osc if hasattr(arguments, "osc") else DEFAULT
    osc = Osc(target, show, OscSettings(listen, arguments.osc_out))
    for message in osc.state.messages:
        show.tell(message)
    return osc


def _render(arguments: argparse.Namespace) -> None:
    from visualizer.batch import Batch, Method
    from visualizer.offline import RenderSettings
    from visualizer.resources import sound_encoder, user_folder

    given = {name: getattr(arguments, name) for name in (*PUBLISHED, "segment") if hasattr(arguments, name)}
    if given and arguments.method == "live":
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"{names} set the published method: give --method tpos, too")
    method = Method()
    if arguments.method == "tpos":
        from engines.tpos import Published

        segment = {"segment_s": given.pop("segment")} if "segment" in given else {}
        try:
            method = Method(Published(**given), **segment)
        except ValueError as error:
            raise UsageError(str(error)) from None
    if arguments.control is not None:
        from visualizer.control.track import Track

        if arguments.method == "tpos" or arguments.prompt or len(arguments.inputs) > 1:
            raise UsageError("--control plays one live set as it was: give it one IN, and neither --method nor --prompt")
        method = Method(track=Track(arguments.control), evenly=arguments.fps is not None)
    model, size = _model(arguments)
    settings = RenderSettings(
        _preset(arguments, model), model.path, size, arguments.fps or RENDER_FPS, user_folder("engines"),
        arguments.backend, arguments.encoder or sound_encoder(), user_folder("banks"),
    )  # fmt: skip
    batch = Batch(settings, method, arguments.seconds or 0.0, lambda remark: print(remark, file=sys.stderr))
    failed = batch.run(arguments.inputs, arguments.output)
    if failed:
        raise UsageError(f"{failed} of {len(arguments.inputs)} sounds could not be rendered, for the reasons above")


def _prepare(arguments: argparse.Namespace) -> None:
    from engines.backends import open_networks
    from visualizer.resources import user_folder

    model, size = _model(arguments)
    networks = open_networks(model, size, arguments.backend, user_folder("engines"))
    print(f"{model.path.name} is ready at {size[0]}x{size[1]} on {networks.name} ({networks.precision}).")


def _engine(arguments: argparse.Namespace) -> None:
    from visualizer import engines_command
    from visualizer.resources import user_folder

    folder = user_folder("engines")
    arguments.model = arguments.folder or arguments.model
    if arguments.what == "list":
        engines_command.show(folder)
    elif arguments.what == "clean":
        engines_command.clean(folder)
    elif arguments.what == "build":
        engines_command.build(*_model(arguments), folder, arguments.capability)
    else:
        engines_command.check(*_model(arguments), folder, arguments.report)


def _bench(arguments: argparse.Namespace) -> None:
    if arguments.what == "hearing":
        _bench_hearing(arguments)
        return
    from visualizer.bench.frame import bench_frame
    from visualizer.bench.live import bench_live
    from visualizer.resources import demo_track, user_folder

    if arguments.what == "live":
        source = _source(arguments.input) if arguments.input else f"file:{demo_track()}"
        settings = _show_settings(arguments, source, *_model(arguments))
        figures = bench_live(settings, arguments.seconds or 40.0, not arguments.json)
    else:
        model, size = _model(arguments)
        figures = bench_frame(model.path, size, user_folder("engines"), arguments.backend, arguments.seconds or 10.0)
    if arguments.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{key:20} {value}" for key, value in figures.items()))


def _bench_hearing(arguments: argparse.Namespace) -> None:
    from tqdm import tqdm

    from visualizer.bench.hearing.measure import measure, print_report

    with tqdm(unit="stream", disable=arguments.json) as bar:

        def heard(name: str) -> None:
            bar.set_postfix_str(name, refresh=False)
            bar.update()

        report = measure(progress=heard)
    print_report(report, arguments.json)


def _measure(arguments: argparse.Namespace) -> None:
    from tqdm import tqdm

    from visualizer.measure.figures import measure
    from visualizer.measure.plot import check_plot, plot
    from visualizer.measure.report import as_json, as_table

    if arguments.plot:
        check_plot(arguments.plot)
    form = "{desc}{percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s [{elapsed}<{remaining}]"
    stage = ""
    with tqdm(total=1.0, desc="opening: ", bar_format=form, disable=arguments.json) as bar:

        def told(what: str, done: float, total: float | None) -> None:
            nonlocal stage
            if bar.disable:
                return
            if what != stage:
                stage = what
                bar.reset(total or done)
                bar.set_description(what)
            bar.total = max(done, bar.total)
            bar.update(done - bar.n)

        measured = measure(arguments.video, arguments.audio, told)
    if arguments.plot:
        plot(measured, arguments.plot)
    print(as_json(measured.figures) if arguments.json else as_table(measured.figures))


def _train(arguments: argparse.Namespace) -> None:
    if arguments.what == "bank":
        from visualizer.encoder.teacher import write_bank
        from visualizer.resources import prompt_bank, user_folder

        bank, table = write_bank(arguments.file, space=prompt_bank()), arguments.file.with_suffix(".safetensors")
        print(f"{len(bank)} texts are in {table}; the show reads what lies in {user_folder('banks')}.")
        return
    from visualizer.encoder.settings import load_settings
    from visualizer.encoder.train import train

    train(load_settings(arguments.file), arguments.minutes, arguments.resume)


def _list(arguments: argparse.Namespace) -> None:
    if arguments.command == "devices":
        from visualizer.audio.devices import list_inputs

        inputs = list_inputs()
        for device in inputs:
            print(device.label)
        if not inputs:
            print("There is no sound input here: the show would play its demo track as if it were live.")
    elif arguments.command == "presets":
        from visualizer.preset import PresetError, list_presets, load_preset
        from visualizer.resources import user_folder

        for path in list_presets().values():
            try:
                preset = load_preset(path)
            except PresetError as error:
                print(error, file=sys.stderr)
                continue
            print(f"{preset.name:14} {preset.title:28} {preset.prompt}")
        folder = user_folder("presets")
        print(f"Your own go into {folder}")
    elif arguments.command == "osc":
        from visualizer.osc.reference import reference as osc_reference

        print(osc_reference(), end="")
    else:
        from visualizer.parameters import reference

        print(reference())


def main() -> int:
    """Run the command line; every expected failure ends in one sentence and exit status 2."""
    arguments = argparse.Namespace(**{**DEFAULTS, **vars(_parser().parse_args())})
    command = arguments.command or "show"
    runs = {
        "show": _show, "render": _render, "prepare": _prepare, "engine": _engine, "bench": _bench, "measure": _measure,
        "train": _train, "models": _models,
    }  # fmt: skip
    run = runs.get(command, _list)
    try:
        run(arguments)
    except Exception as error:
        if not is_expected(error):
            raise
        print(f"visualizer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
