"""Command line: ``python -m engines.training STAGE --config FILE [--minutes M] [--resume]``."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from .config import load_config

HERE = Path(__file__).parent
STAGES = ("text", "related", "pictures", "autoencoder", "cache", "unet", "pack", "unpack", "plot", "export", "judge",
          "evaluate")  # fmt: skip


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
    parser.add_argument("--worker", type=int, default=0, help="pictures: which of several workers this is")
    parser.add_argument("--only", default="", help="evaluate: parts, with commas between them")
    parser.add_argument("--workers", type=int, default=1, help="evaluate: processes of one core each")
    parser.add_argument("--half", action="store_true", help="pictures: at half the side")
    return parser


def main() -> int:
    """Run one stage; a missing file or a wrong key ends in one sentence."""
    arguments = _parser().parse_intermixed_args()
    try:
        config = load_config(arguments.config)
        run = dataclasses.replace(
            config.run, folder=arguments.run or config.run.folder, threads=arguments.threads or config.run.threads
        )
        text = dataclasses.replace(config.text, wordnet=arguments.wordnet or config.text.wordnet)
        config = dataclasses.replace(config, run=run, text=text)
        budget = {"minutes": arguments.minutes, "steps": arguments.steps, "resume": arguments.resume}
        if arguments.stage == "text":
            from . import text_encoder

            text_encoder.run(config, **budget)
        elif arguments.stage == "related":
            from . import related

            related.run(config)
        elif arguments.stage == "pictures":
            from . import pictures

            pictures.render_pictures(config, arguments.worker, arguments.minutes, arguments.half)
        elif arguments.stage == "autoencoder":
            from . import autoencoder

            autoencoder.run(config, **budget)
        elif arguments.stage == "cache":
            from . import cache

            cache.run(config)
        elif arguments.stage == "unet":
            from . import unet

            unet.run(config, **budget)
        elif arguments.stage in ("pack", "unpack"):
            from . import pieces

            (other,) = arguments.paths or [Path(config.run.folder) / "pieces"]
            if arguments.stage == "pack":
                print("\n".join(map(str, pieces.pack(Path(config.run.folder), other))))
            else:
                print(pieces.unpack(other, Path(config.run.folder)))
        elif arguments.stage == "plot":
            from .plots import plot

            plot(Path(config.run.folder), *(arguments.paths or [Path(config.run.folder) / "metrics.png"]))
        elif arguments.stage == "judge":
            from .evaluation.judge_training import train

            train(config, **budget)
        elif arguments.stage == "evaluate":
            from .evaluation.report import evaluate

            model, out = arguments.paths
            only = [name for name in arguments.only.split(",") if name]
            evaluate(model, Path(config.run.folder), out, only, workers=arguments.workers)
        else:
            from .export import export

            (target,) = arguments.paths or [HERE.parent / "embedded"]
            print(export(config, target))
    except (FileNotFoundError, ImportError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
