"""The command line: ``visualizer`` opens the show; subcommands render, list and measure."""

from __future__ import annotations

import argparse
import json
import sys

from visualizer.chosen import model_of, picture_of, preset_of, settings_of, source_of, styles_of
from visualizer.failures import UsageError, is_expected
from visualizer.models.command import run as _models
from visualizer.options import PUBLISHED, parse

RENDER_FPS = 24.0


def _show(arguments: argparse.Namespace) -> None:
    from visualizer import show_command

    show_command.run(arguments)


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
        if arguments.batch > 1:
            raise UsageError("--batch is of the live method: leave it out with --method tpos")
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
    model, size = model_of(arguments)
    settings = RenderSettings(
        preset_of(arguments, model), model.path, size, arguments.fps or RENDER_FPS, user_folder("engines"),
        arguments.backend, arguments.encoder or sound_encoder(), user_folder("banks"), styles_of(arguments),
        picture_of(arguments.picture), arguments.batch,
    )  # fmt: skip
    batch = Batch(settings, method, arguments.seconds or 0.0, lambda remark: print(remark, file=sys.stderr))
    failed = batch.run(arguments.inputs, arguments.output)
    if failed:
        raise UsageError(f"{failed} of {len(arguments.inputs)} sounds could not be rendered, for the reasons above")


def _prepare(arguments: argparse.Namespace) -> None:
    from engines.backends import Build, open_networks
    from visualizer.resources import user_folder

    model, size = model_of(arguments)
    build = Build(styles_of(arguments), batch=arguments.batch)
    networks = open_networks(model, size, arguments.backend, user_folder("engines"), build)
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
        engines_command.build(*model_of(arguments), folder, arguments.capability, arguments.batch)
    else:
        engines_command.check(*model_of(arguments), folder, arguments.report)


def _bench(arguments: argparse.Namespace) -> None:
    if arguments.what == "hearing":
        _bench_hearing(arguments)
        return
    from engines.backends import Build
    from visualizer.bench.frame import bench_frame
    from visualizer.bench.live import bench_live
    from visualizer.resources import demo_track, user_folder

    if arguments.what == "live":
        source = source_of(arguments.input) if arguments.input else f"file:{demo_track()}"
        settings = settings_of(arguments, source, *model_of(arguments))
        figures = bench_live(settings, arguments.seconds or 40.0, not arguments.json)
    else:
        model, size = model_of(arguments)
        seconds, build = arguments.seconds or 10.0, Build(styles_of(arguments), batch=arguments.batch)
        figures = bench_frame(model.path, size, user_folder("engines"), arguments.backend, seconds, build)
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
    arguments = parse()
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
