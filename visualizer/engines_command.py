"""``visualizer engine``: TensorRT engines are built ahead, listed, checked on the user's GPU, and removed."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visualizer.failures import UsageError

if TYPE_CHECKING:
    from engines.backends.tensorrt.library import Library
    from engines.backends.tensorrt.make import Target
    from engines.model import ModelInfo

FORM = "{desc} {bar}| {n:.0f}/{total:.0f} [{elapsed}]"


def build(info: ModelInfo, size: tuple[int, int], folder: Path, capability: int | None, batch: int = 1) -> None:
    """Build a model's engines at (width, height) for a compute capability, None for the GPU at hand, and say how long.

    batch: latents that a second UNet takes at once. Raises BackendError, ModelError or UsageError with one sentence;
    KeyboardInterrupt, after telling what is kept.
    """
    from tqdm import tqdm

    from engines.backends.base import Build
    from engines.backends.tensorrt.make import engines
    from engines.backends.tensorrt.store import Store

    made_for = Build(batch=batch)
    library, target = _target(capability)
    print(f"{info.path.name} at {size[0]}x{size[1]} for {target.named(library)}, by {library.flavour} {library.version}")
    begun = time.perf_counter()
    with tqdm(total=1, bar_format=FORM, leave=False, disable=not sys.stderr.isatty()) as bar:

        def step(phase: str, done: int, steps: int) -> None:
            bar.set_description_str(f"{phase:32.32}", refresh=False)
            bar.total, bar.n = steps, done
            bar.refresh()

        def ready(line: str) -> None:
            bar.clear()
            print(line, flush=True)

        try:
            made = engines(info, size, Store(folder), library, target, tell=ready, progress=step, build=made_for)
        except KeyboardInterrupt:
            bar.clear()
            print("Interrupted: engines that were ready are kept, and the next build goes on from there.", file=sys.stderr)
            raise
    whole = sum(header.size_bytes for _, header in made.values()) / 1e6
    print(f"{len(made)} engines, {whole:.1f} MB, in {time.perf_counter() - begun:.1f} s. They lie in {folder}")


def _target(capability: int | None) -> tuple[Library, Target]:
    """The package and what to build for."""
    from engines.backends.base import BackendError
    from engines.backends.tensorrt.device import gpu
    from engines.backends.tensorrt.library import find, find_for
    from engines.backends.tensorrt.make import Target

    library = find()  # that it is missing is said before anything else
    try:
        here = gpu()
    except BackendError as error:
        if capability is None:
            able = ", ".join(map(str, library.targets()))
            if not able:
                raise
            raise UsageError(f"{error}; or build for another machine's GPU with --for and one of {able}") from error
        return library, Target(capability)
    if capability is None or capability == here.capability:
        return find_for(here.capability), Target(here.capability, here.name)
    return library, Target(capability)


def show(folder: Path) -> None:
    """Print a line for each engine that is kept."""
    from engines.backends.tensorrt.store import Store

    headers = Store(folder).headers()
    for h in headers:
        size = f"{h.key.size[0]}x{h.key.size[1]}"
        mb, by = h.size_bytes / 1e6, f"{h.key.flavour} {h.key.version}"
        print(f"{h.model:20} {h.key.network:8} {size:>9} {h.key.precision} {h.key.target:8} {mb:8.1f} MB  {by}")
    if not headers:
        print(f"There are no engines in {folder}: visualizer engine build makes some.")


def clean(folder: Path) -> None:
    """Remove every engine and say how much became free."""
    from engines.backends.tensorrt.store import Store

    print(f"{Store(folder).clean() / 1e6:.1f} MB became free in {folder}")


def check(info: ModelInfo, size: tuple[int, int], folder: Path, report: Path | None) -> None:
    """Compare the engines' numbers and times with PyTorch's on the GPU at hand, and write what was found into a file.

    Has not been run on a GPU yet; the comparison itself is tested with other backends. Raises BackendError with what is
    missing, UsageError where the numbers do not agree or the report cannot be written.
    """
    from engines.backends.tensorrt.device import gpu
    from engines.backends.tensorrt.library import find
    from visualizer.bench.engines import check_engines

    find()
    gpu()
    found = check_engines(info, size, folder)
    for name, rows in found["networks"].items():
        print(f"{name:14} " + "  ".join(f"{key} {value}" for key, value in rows.items()))
    path = report or Path(f"engine-check-{_plain(found['gpu'])}.json")
    _write(path, found)
    print(f"All of it is in {path}: please send that file in.")
    if not found["agrees"]:
        raise UsageError("the engines' numbers are not PyTorch's: use --backend torch on this GPU until that is mended")


def _plain(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name).split()) or "gpu"


def _write(path: Path, found: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): give another with --report") from error
