"""Real live streams, painted as fast as the machine can, from which frames are kept; and the generator's own frames."""

from __future__ import annotations

import multiprocessing
import os
import tomllib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from engines.backends import open_networks
from engines.model import inspect
from engines.stream import NEUTRAL, Stream

from ..visuals import PALETTES, Scene, render
from ..visuals.sounds import FPS, FloatArray

PRESET = Path(__file__).parents[3] / "presets" / "nebula.toml"
AHEAD = 4
"""Jobs handed to each worker before the first of them is asked for its result."""

Frames = npt.NDArray[np.uint8]


def shipped_controls(preset: Path = PRESET) -> dict[str, float]:
    """How a shipped preset changes and moves the picture, without sound; its light is left neutral for measuring."""
    values = tomllib.loads(preset.read_text(encoding="utf-8"))["values"]
    wanted = (name for name in NEUTRAL if name.startswith(("picture/", "motion/")))
    return {**NEUTRAL, **{name: float(values[name]) for name in wanted if name in values}}


@dataclass(frozen=True)
class Take:
    """One stream from its first frame on.

    prompts: (second from which it holds, text), the first at 0. factors: (frames, 7), one row a frame. keep: numbers of
    the frames wanted, ascending. family, palette: what the last prompt names, "" where it names none. steps: denoising
    steps a frame, None for what the model is made for.
    """

    prompts: tuple[tuple[float, str], ...]
    factors: FloatArray
    keep: tuple[int, ...]
    family: str = ""
    palette: str = ""
    seed: int = 1
    controls: Mapping[str, float] = field(default_factory=shipped_controls)
    steps: int | None = None

    @property
    def frames(self) -> int:
        """How many frames are painted."""
        return self.keep[-1] + 1


@dataclass(frozen=True)
class Original:
    """Pictures of the generator: one for each row of ``factors`` (N, 7), at ``moments`` (N,) in seconds.

    scenes: seeds, N for as many forms, one for a single form as time goes on.
    """

    family: str
    palette: str
    factors: FloatArray
    moments: FloatArray
    scenes: tuple[int, ...]

    @property
    def frames(self) -> int:
        """How many pictures are rendered."""
        return len(self.moments)


def frame_at(second: float) -> int:
    """Number of the frame that is painted at that second of stream time."""
    return round(second * FPS)


class Player:
    """A model brought up once, on the backend that is best for this machine, at its native size."""

    def __init__(self, model: Path, cache: Path) -> None:
        self._info = inspect(model)
        self._networks = open_networks(self._info, self._info.native_size, "", cache)

    def play(self, take: Take) -> Frames:
        """The frames that the take keeps, (N, H, W, 3)."""
        stream = Stream(self._info, self._networks)
        coming = list(take.prompts)
        names = [f"sound/{name}" for name in self._info.sound_factors]
        controls = {
            **take.controls, "picture/seed": float(take.seed), "picture/steps": float(take.steps or self._info.steps)
        }  # fmt: skip
        kept = []
        for number in range(take.frames):
            while coming and frame_at(coming[0][0]) <= number:
                stream.set_prompt(coming.pop(0)[1])
            sound = dict(zip(names, take.factors[number].tolist(), strict=False))
            picture = stream.paint({**controls, **sound}, None, number / FPS)
            if number in take.keep:
                kept.append(picture)
        return np.stack(kept)

    def frames_of(self, job: Job) -> Frames:
        """The frames of a job of either kind, at the model's native size."""
        return self.play(job) if isinstance(job, Take) else draw(job, self._info.native_size)


def draw(original: Original, size: tuple[int, int]) -> Frames:
    """The generator's pictures (N, H, W, 3) at ``size`` (width, height)."""
    pictures = []
    palette = torch.tensor([PALETTES.index(original.palette)])
    for number in range(original.frames):
        scene = Scene(original.family, palette, original.scenes[number % len(original.scenes)])
        moment = torch.from_numpy(original.moments[number : number + 1])
        factors = torch.from_numpy(original.factors[number : number + 1])
        pictures.append(render(scene, moment, factors, size=size[::-1]))
    made: Frames = torch.cat(pictures).clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).numpy()
    return made


Job = Take | Original
_player: Player | None = None


def _open(model: Path, cache: Path, places: Queue[int]) -> None:
    """Start a worker on a core of its own, so that the workers' threads do not fight for one."""
    global _player
    place = places.get()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[place]})
    torch.set_num_threads(1)
    _player = Player(model, cache)


def _work(job: Job) -> Frames:
    assert _player is not None
    return _player.frames_of(job)


class Studio:
    """Does many jobs, in order, on ``workers`` processes of one core each; with one worker, in this process."""

    def __init__(self, model: Path, cache: Path, workers: int = 1) -> None:
        self._player = Player(model, cache)  # in any case, and first: it converts the networks for the workers too
        self._workers = workers
        self._executor: ProcessPoolExecutor | None = None
        if workers > 1:
            spawn = multiprocessing.get_context("spawn")
            places: Queue[int] = spawn.Queue()
            for place in range(workers):
                places.put(place)
            self._executor = ProcessPoolExecutor(workers, spawn, _open, (model, cache, places))

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def frames(self, jobs: Iterable[Job]) -> Iterator[Frames]:
        """The frames (N, H, W, 3) of each job, in the order of the jobs."""
        if self._executor is None:
            yield from map(self._player.frames_of, jobs)
            return
        waiting: deque[Future[Frames]] = deque()
        for job in jobs:
            waiting.append(self._executor.submit(_work, job))
            if len(waiting) >= AHEAD * self._workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
