"""Command line: ``python -m engines.training STAGE --config FILE [--minutes M] [--resume]``."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .config import Config, load_config

HERE = Path(__file__).parent

# Stages import what they need themselves: none should wait for, or ask for, the packages of another.


def _budget(options: argparse.Namespace) -> dict[str, Any]:
    return {"minutes": options.minutes, "steps": options.steps, "resume": options.resume}


def _place(options: argparse.Namespace, usual: Path) -> Path:
    """The one path given, or the usual one."""
    if len(options.paths) > 1:
        raise ValueError(f"the stage '{options.stage}' takes one path")
    return options.paths[0] if options.paths else usual


def _text(config: Config, options: argparse.Namespace) -> None:
    from . import text_encoder

    text_encoder.run(config, **_budget(options), start=options.start)


def _related(config: Config, options: argparse.Namespace) -> None:
    from . import related

    related.run(config)


def _pictures(config: Config, options: argparse.Namespace) -> None:
    from . import pictures

    pictures.render_pictures(config, options.worker, options.minutes)


def _autoencoder(config: Config, options: argparse.Namespace) -> None:
    from . import autoencoder

    autoencoder.run(config, **_budget(options), start=options.start)


def _cache(config: Config, options: argparse.Namespace) -> None:
    from . import cache

    cache.run(config)


def _unet(config: Config, options: argparse.Namespace) -> None:
    from . import unet

    unet.run(config, **_budget(options))


def _critic(config: Config, options: argparse.Namespace) -> None:
    from . import critic

    critic.run(config, **_budget(options))


def _tune(config: Config, options: argparse.Namespace) -> None:
    from . import tune

    tune.run(config, **_budget(options))


def _pack(config: Config, options: argparse.Namespace) -> None:
    from . import pieces

    run = Path(config.run.folder)
    print("\n".join(map(str, pieces.pack(run, _place(options, run / "pieces")))))


def _unpack(config: Config, options: argparse.Namespace) -> None:
    from . import pieces

    run = Path(config.run.folder)
    print(pieces.unpack(_place(options, run / "pieces"), run))


def _plot(config: Config, options: argparse.Namespace) -> None:
    from .plots import plot

    run = Path(config.run.folder)
    plot(run, _place(options, run / "metrics.png"))


def _export(config: Config, options: argparse.Namespace) -> None:
    from .export import export

    print(export(config, _place(options, HERE.parent / "embedded")))


def _judge(config: Config, options: argparse.Namespace) -> None:
    from .evaluation.judge_training import train

    train(config, **_budget(options))


def _evaluate(config: Config, options: argparse.Namespace) -> None:
    from .evaluation.report import evaluate

    if len(options.paths) != 2:
        raise ValueError("the stage 'evaluate' takes two paths: the model's folder, and one for the figures")
    model, out = options.paths
    only = [name for name in options.only.split(",") if name]
    evaluate(model, Path(config.run.folder), out, only, workers=options.workers)


STAGES: dict[str, Callable[[Config, argparse.Namespace], None]] = {
    "text": _text, "related": _related, "pictures": _pictures, "autoencoder": _autoencoder, "cache": _cache,
    "unet": _unet, "critic": _critic, "tune": _tune, "pack": _pack, "unpack": _unpack, "plot": _plot,
    "export": _export, "judge": _judge, "evaluate": _evaluate,
}  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engines.training", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("paths", nargs="*", type=Path, help="export, pack, plot: OUT; unpack: FOLDER; evaluate: MODEL OUT")
    parser.add_argument("--config", type=Path, default=HERE / "configs" / "cpu.toml")
    parser.add_argument("--run", help="run folder, instead of the configuration's")
    parser.add_argument("--minutes", type=float, help="wall-clock budget of this call")
    parser.add_argument("--steps", type=int, help="stop after so many steps")
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's checkpoint")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--wordnet", help="folder with WordNet's data.* files")
    parser.add_argument("--start", type=Path, help="text, autoencoder: a run whose network is the beginning")
    parser.add_argument("--worker", type=int, default=0, help="pictures: which of several workers this is")
    parser.add_argument("--only", default="", help="evaluate: parts, with commas between them")
    parser.add_argument("--workers", type=int, default=1, help="evaluate: processes of one core each")
    return parser


def main() -> int:
    """Run one stage; a missing file or a wrong key ends in one sentence."""
    options = _parser().parse_intermixed_args()
    try:
        config = load_config(options.config)
        run = dataclasses.replace(
            config.run, folder=options.run or config.run.folder, threads=options.threads or config.run.threads
        )
        text = dataclasses.replace(config.text, wordnet=options.wordnet or config.text.wordnet)
        STAGES[options.stage](dataclasses.replace(config, run=run, text=text), options)
    except (FileNotFoundError, ImportError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
