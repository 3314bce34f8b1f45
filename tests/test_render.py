"""Renders that are interrupted and go on, renders of many sounds, and the published method over a sound."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import torch

from engines.backends import open_networks
from engines.guidance import Meant
from engines.model import inspect
from engines.slerp import slerp
from engines.tpos import Published, PublishedPictures
from visualizer.__main__ import main
from visualizer.analysis.analyzer import Analyzer
from visualizer.analysis.mel import SHOW
from visualizer.batch import Batch, BatchError, Method, outputs_of
from visualizer.encoder.bank import read_table
from visualizer.encoder.config import SMALL
from visualizer.encoder.ear import Ear
from visualizer.encoder.network import AudioEncoder
from visualizer.encoder.weights import save_encoder
from visualizer.offline import RenderSettings, open_painter, read_sound, render
from visualizer.output.recorder import Recorder
from visualizer.painters import LivePainter, Painter, PublishedPainter
from visualizer.preset import Preset, find_preset
from visualizer.resources import prompt_bank
from visualizer.segments import Segments
from visualizer.snapshots import SAMPLE_RATE, FloatArray, Picture
from visualizer.unfinished import part as part_module
from visualizer.unfinished.digest import digest

FPS = 24.0


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds: a second of silence, then noise that beats."""
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.2, (3 * SAMPLE_RATE, 2)) * (np.arange(3 * SAMPLE_RATE) % 12_000 < 4000)[:, None]
    noise[:SAMPLE_RATE] = 0
    path = tmp_path_factory.mktemp("sounds") / "beats.wav"
    soundfile.write(path, noise.clip(-1, 1), SAMPLE_RATE)
    return path


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder that takes whatever it hears for heavy rain."""
    bank, folder = read_table(prompt_bank()), tmp_path_factory.mktemp("encoder")
    torch.manual_seed(1)
    network = AudioEncoder(SMALL, bank.space)
    assert isinstance(network.project, torch.nn.Linear)
    with torch.no_grad():
        network.project.weight.mul_(0.02)
        network.project.bias.copy_(torch.from_numpy(bank.vectors[bank.texts.index("heavy rain")]))
    save_encoder(folder, network)
    return folder


@pytest.fixture(scope="module")
def settings(tiny_model: Path, engine_cache: Path, encoder: Path) -> RenderSettings:
    preset = find_preset("nebula")
    return RenderSettings(preset, tiny_model, (64, 64), FPS, engine_cache, "torch", encoder)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is painted is kept every few pictures."""
    monkeypatch.setattr(part_module, "KEEP_S", 0.1)


def frames_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def stretches(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.safetensors"))


def batch(settings: RenderSettings, method: Method = Method(), told: list[str] | None = None) -> Batch:  # noqa: B008
    return Batch(settings, method, 0.0, (told if told is not None else []).append)


@pytest.fixture(scope="module")
def uninterrupted(settings: RenderSettings, sound: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The frames of a render that simply paints and records."""
    out = tmp_path_factory.mktemp("plain") / "plain.mp4"
    with Recorder(out, settings.size, FPS, drop=False) as recorder:
        render(read_sound(sound), open_painter(settings), settings, recorder)
    return frames_of(out)


def test_a_render_that_is_kept_is_the_one_that_is_not(
    settings: RenderSettings, sound: Path, uninterrupted: np.ndarray, tmp_path: Path, often: None
) -> None:
    batch(settings).run([sound], tmp_path / "a.mp4")
    found = frames_of(tmp_path / "a.mp4")
    assert len(found) == 3 * FPS and np.array_equal(found, uninterrupted)
    assert not np.array_equal(found[40], found[60]), "nothing moves"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_killed_render_goes_on_frame_by_frame(
    settings: RenderSettings, sound: Path, uninterrupted: np.ndarray, tmp_path: Path
) -> None:
    out, folder = tmp_path / "a.mp4", tmp_path / "a.mp4.part"
    program = (
        "import sys, visualizer.unfinished.part as part; part.KEEP_S = 0.1\n"
        "from visualizer.batch import Batch, Method; from visualizer.offline import RenderSettings\n"
        "from visualizer.preset import find_preset; from pathlib import Path\n"
        f"settings = RenderSettings(find_preset('nebula'), Path({str(settings.model)!r}), (64, 64), {FPS}, "
        f"Path({str(settings.cache)!r}), 'torch', Path({str(settings.encoder)!r}))\n"
        f"Batch(settings, Method(), 0.0, print).run([Path({str(sound)!r})], Path({str(out)!r}))\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    child = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while len(stretches(folder)) < 3 and child.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
    finally:
        child.kill()
        child.wait()
    assert not out.exists() and len(stretches(folder)) >= 3
    stretches(folder)[-1].with_suffix(".mkv").write_bytes(b"torn")
    painted: list[int] = []
    told: list[str] = []
    going_on = batch(settings, told=told)
    painter = going_on._painter()
    paint = painter.paint

    def counted(*arguments: object) -> Picture:
        painted.append(1)
        return paint(*arguments)  # type: ignore[arg-type]

    painter.paint = counted  # type: ignore[method-assign]
    going_on._painter = lambda: painter  # type: ignore[method-assign]
    going_on.run([sound], out)
    assert 0 < len(painted) < 3 * FPS, "painted all over again"
    assert np.array_equal(frames_of(out), uninterrupted) and not folder.exists() and not told


@pytest.fixture
def interrupted_at(tmp_path: Path) -> Iterator[threading.Thread]:
    """This process gets SIGTERM as soon as two stretches of any render in the folder are kept."""

    def watch() -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if len([path for folder in tmp_path.glob("*.part") for path in stretches(folder)]) >= 2:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            time.sleep(0.002)

    thread = threading.Thread(target=watch)
    yield thread
    thread.join()


def test_an_interrupted_render_keeps_every_picture_and_says_so(
    settings: RenderSettings, sound: Path, tmp_path: Path, interrupted_at: threading.Thread, often: None,
    encoder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The published method by its command, which is given three times: interrupted, with another scale, and again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(settings.cache))
    out = tmp_path / "a.mp4"

    def command(output: Path, *more: str) -> int:
        words = ["render", sound, output, "--method", "tpos", "--steps", "2", "--segment", "0.8", "--fps", "12"]
        given = ["visualizer", *words, "--model", settings.model, "--encoder", encoder, "--backend", "torch", *more]
        monkeypatch.setattr(sys, "argv", [str(word) for word in given])
        return main()

    interrupted_at.start()
    assert command(out) == 130
    told = capsys.readouterr().err
    assert f"of 36 frames of {out}: the same command goes on there." in told and "Traceback" not in told
    done = int(told.split("Interrupted after ")[1].split()[0])
    kept = part_module.Part(out, stretches(tmp_path / "a.mp4.part")[0].parent.name)
    assert kept.count in (done, done + 1), "what was painted is not kept"
    assert not out.exists()
    assert command(tmp_path / "b.mp4") == 0 and command(out) == 0
    assert np.array_equal(frames_of(out), frames_of(tmp_path / "b.mp4"))
    assert "not used" not in capsys.readouterr().err


def test_whatever_shapes_the_pictures_is_in_the_digest(
    settings: RenderSettings, sound: Path, tmp_path: Path
) -> None:
    samples, preset = read_sound(sound), settings.preset
    info = inspect(settings.model)
    networks = open_networks(info, settings.size, "torch", settings.cache)
    assert settings.encoder is not None
    ear = Ear(settings.encoder, None, info, networks, settings.cache)

    def look(**values: float | str) -> Preset:
        return replace(preset, values={**preset.values, **{f"picture/{name}": value for name, value in values.items()}})

    def of(
        sound: FloatArray = samples, preset: Preset = preset, size: tuple[int, int] = (64, 64), fps: float = FPS,
        painter: Painter | None = None,
    ) -> str:  # fmt: skip
        return digest(sound, preset, size, fps, (painter or LivePainter(info, networks, ear)).about())

    published = Published()
    ones = [
        of(), of(samples[:-1]), of(samples * np.float32(0.5)), of(preset=look(seed=7.0)), of(preset=look(prompt="a")),
        of(preset=replace(preset, routes=preset.routes[1:])), of(size=(64, 128)), of(fps=25.0),
        of(painter=LivePainter(replace(info, fingerprint="other"), networks, ear)),
        of(painter=LivePainter(info, networks, None)), of(painter=PublishedPainter(info, networks, ear, published)),
        of(painter=PublishedPainter(info, networks, ear, replace(published, mask=0.8))),
        of(painter=PublishedPainter(info, networks, ear, published, 2.0)),
    ]  # fmt: skip
    assert len(set(ones)) == len(ones)
    again = Ear(settings.encoder, None, info, networks, settings.cache)
    again.hear(np.zeros((50, SHOW.bands), np.float32))
    moved = tmp_path / "moved"
    shutil.copytree(info.path, moved)
    assert of(painter=LivePainter(inspect(moved), networks, again)) == ones[0]
    schedule = moved / "scheduler" / "scheduler_config.json"
    schedule.write_text(schedule.read_text().replace('"beta_end": 0.02', '"beta_end": 0.012'))
    assert of(painter=LivePainter(inspect(moved), networks, ear)) not in ones


def test_an_interrupted_batch_does_not_begin_anew(
    settings: RenderSettings, sound: Path, tmp_path: Path, interrupted_at: threading.Thread, often: None
) -> None:
    short, told = tmp_path / "short.wav", list[str]()
    soundfile.write(short, np.zeros((SAMPLE_RATE // 24, 1)), SAMPLE_RATE)
    interrupted_at.start()
    with pytest.raises(KeyboardInterrupt):
        batch(settings).run([short, sound], tmp_path)
    made = (tmp_path / "short.mp4").stat()
    assert not (tmp_path / "beats.mp4").exists()
    assert batch(settings, told=told).run([short, sound], tmp_path) == 0
    assert f"{tmp_path / 'short.mp4'} is whole already." in told
    assert (tmp_path / "short.mp4").stat().st_mtime_ns == made.st_mtime_ns
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beats.mp4", "short.mp4", "short.wav"]


def test_many_sounds_with_a_bad_one_between(
    settings: RenderSettings, sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    bad, short, folder = tmp_path / "bad.wav", tmp_path / "short.wav", tmp_path / "new" / "videos"
    bad.write_text("this is not sound")
    soundfile.write(short, np.zeros((SAMPLE_RATE // 4, 1)), SAMPLE_RATE)
    given = ["visualizer", "render", short, bad, tmp_path / "none.wav", sound, folder, "--seconds", "0.5"]
    monkeypatch.setattr(sys, "argv", [str(word) for word in [*given, "--model", settings.model, "--backend", "torch"]])
    assert main() == 2
    told = capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["beats.mp4", "short.mp4"]
    assert len(frames_of(folder / "beats.mp4")) == 12 and len(frames_of(folder / "short.mp4")) == 6
    assert f"visualizer: {bad} is not a sound file" in told and "none.wav; check the path" in told
    assert told.strip().splitlines()[-1] == "visualizer: 2 of 4 sounds could not be rendered, for the reasons above"
    assert "4/4 beats.wav" in told and "Traceback" not in told


def test_names_of_videos(tmp_path: Path) -> None:
    one, two, three = Path("x/one.wav"), Path("y/two.flac"), Path("z/one.ogg")
    assert outputs_of([one], tmp_path / "a.mkv") == [tmp_path / "a.mkv"]
    assert outputs_of([one], tmp_path) == [tmp_path / "one.mp4"]
    assert outputs_of([one, two], tmp_path / "new") == [tmp_path / "new/one.mp4", tmp_path / "new/two.mp4"]
    with pytest.raises(BatchError, match="rename"):
        outputs_of([one, two, three], tmp_path)
    with pytest.raises(BatchError, match="name a folder"):
        outputs_of([one, two], tmp_path / "a.mp4")


def test_the_published_method_needs_an_encoder_and_its_options_need_it(
    settings: RenderSettings, sound: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BatchError, match="--encoder"):
        batch(replace(settings, encoder=None), Method(Published()))
    for words, say in ((["--steps", "20"], "--method tpos"), (["--method", "tpos", "--mask", "1"], "not 1")):
        monkeypatch.setattr(sys, "argv", ["visualizer", "render", str(sound), "out.mp4", *words])
        assert main() == 2
        assert say in capsys.readouterr().err


def test_segments_are_slerped_from_middle_to_middle(settings: RenderSettings, sound: Path) -> None:
    """Against every segment's meaning, taken by a loop of its own."""
    info = inspect(settings.model)
    networks = open_networks(info, settings.size, "torch", settings.cache)

    def ear() -> Ear:
        assert settings.encoder is not None
        return Ear(settings.encoder, None, info, networks, settings.cache)

    samples, length = read_sound(sound), 0.7
    cuts = [*(round(length * SAMPLE_RATE) * number for number in range(5)), len(samples)]
    analyzer, own, marks = Analyzer(), ear(), [(0.0, None)]
    for begin, end in itertools.pairwise(cuts):
        own.hear(np.stack([heard.mel for heard in analyzer.push(samples[begin:end])]))
        marks.append(((begin + end) / 2 / SAMPLE_RATE, own.meant((end - begin) / SAMPLE_RATE)))  # type: ignore[arg-type]
    meanings = [meant for _, meant in marks]
    assert meanings[1] is None and isinstance(meanings[2], Meant) and isinstance(meanings[4], Meant)
    segments = Segments(samples, ear(), length)
    assert segments.at(0.0) is None
    assert segments.at(0.3) is None, "silence means nothing"
    for place, share in ((1, 0.5), (2, 0.25), (3, 0.75), (4, 0.5), (5, 1.0), (5, 1.5)):
        (begin, first), (end, second) = marks[place], (*marks, (99.0, None))[place + 1]
        if place == 5:
            found, expected = segments.at(begin + 0.1 * share), first
        else:
            found, expected = segments.at(begin + share * (end - begin)), second
        assert isinstance(found, Meant) and isinstance(expected, Meant)
        if isinstance(first, Meant) and isinstance(second, Meant) and place < 5:
            assert torch.allclose(found.states, slerp(first.states, second.states, share), atol=1e-6)
            assert found.presence == pytest.approx(first.presence + share * (second.presence - first.presence))
        else:
            assert torch.equal(found.states, expected.states)
    painter = PublishedPainter(info, networks, ear(), Published(steps=2), length)
    shown: list[Picture] = []
    slowly = replace(settings, fps=8.0)
    render(samples[: 3 * SAMPLE_RATE // 2], painter, slowly, None, lambda done, total, picture: shown.append(picture))
    seed = int(settings.preset.numbers()["picture/seed"])
    alone = PublishedPictures(info, networks, Published(steps=2), settings.preset.prompt, seed).paint(None)
    assert np.array_equal(shown[0], alone), "the first picture is the text's"
    assert not np.array_equal(shown[-1], alone)
