"""The live show with real processes: delay, supervision, and what the app process must not do."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from visualizer.control.route import Route
from visualizer.encoder.bank import Bank, read_table
from visualizer.encoder.config import PUBLISHED, SMALL, EncoderConfig, EncoderError
from visualizer.encoder.fit import check_fit
from visualizer.encoder.network import AudioEncoder
from visualizer.encoder.weights import save_encoder
from visualizer.parameters import defaults
from visualizer.preset import Preset, find_preset
from visualizer.resources import prompt_bank
from visualizer.show import LiveShow, ShowSettings
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, FloatArray, Frame

STILL = Preset(
    "still", "A still scene", {"picture/walk": 0.0, "motion/zoom": 0.0, "picture/steps": 1.0, "light/gain": 0.3}
)


@dataclass
class Seen:
    """A sink that notes the brightness of every frame and when it was handed over."""

    notes: list[tuple[float, int, float, float]] = field(default_factory=list)
    samples: int = 0
    closed: bool = False
    error: str | None = None

    def frame(self, frame: Frame) -> None:
        self.notes.append((time.perf_counter(), frame.sample, float(frame.picture.mean()), frame.trace.captured))

    def sound(self, block: FloatArray, sample: int) -> None:
        assert sample == self.samples
        self.samples += len(block)

    def close(self) -> None:
        self.closed = True


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> float:
    """Seconds until ``true``; fails the test after ``seconds``."""
    begun = time.perf_counter()
    while not true():
        assert time.perf_counter() - begun < seconds, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)
    return time.perf_counter() - begun


@contextmanager
def running(settings: ShowSettings, *sinks: Seen) -> Iterator[LiveShow]:
    show = LiveShow(settings, sinks)
    show.start()
    try:
        wait_until(lambda: show.latest is not None, 90, f"the first picture ({show.status.messages})")
        yield show
        assert show.failure is None
    finally:
        show.stop()


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of silence with a click every second, the first at 0.5 s."""
    sound = np.zeros((10 * SAMPLE_RATE, 2), np.float32)
    rng = np.random.default_rng(0)
    for second in range(10):
        start = second * SAMPLE_RATE + SAMPLE_RATE // 2
        sound[start : start + 480] = rng.uniform(-0.9, 0.9, (480, 1)) * np.linspace(1, 0, 480)[:, None]
    path = tmp_path_factory.mktemp("sounds") / "clicks.wav"
    soundfile.write(path, sound, SAMPLE_RATE, subtype="FLOAT")
    return path


@pytest.fixture
def settings(clicks: Path, embedded: Path, engine_cache: Path) -> ShowSettings:
    return ShowSettings(f"file:{clicks}", find_preset("nebula"), embedded, (256, 256), 24.0, engine_cache)


def test_a_click_brightens_the_very_frame_that_claims_to_have_heard_it(settings: ShowSettings) -> None:
    only_click = (Route("onset", "light/gain", 1.5, 0.0, 0.1),)
    preset = Preset("click", "", STILL.values, only_click)
    seen = Seen()
    still = ShowSettings(settings.source, preset, settings.model, settings.size, 24.0, settings.cache)
    with running(still, seen) as show:
        time.sleep(8)
        intake = show._intake
        rises = []
        notes = seen.notes[24:]  # the first second settles
        for before, after in pairwise(notes):
            if after[2] > 1.5 * before[2] + 3:
                rises.append((before, after))
        assert len(rises) >= 4
        delays = []
        for before, after in rises:
            click = (after[1] // SAMPLE_RATE) * SAMPLE_RATE + SAMPLE_RATE // 2
            assert before[1] <= click + 480 < after[1] + 960, "a frame was bright before, or dark after, its click"
            # What the frame says of its sound is true: the sound's own place in the ring was captured then.
            truth = intake.captured_at(after[1])
            assert after[3] == pytest.approx(truth, abs=0.005)
            delays.append(after[0] - intake.captured_at(click))
    assert seen.closed
    assert seen.samples > 7 * SAMPLE_RATE
    assert 0 < np.median(delays) < 0.25, delays


def _processes(show: LiveShow) -> tuple[int, int]:
    assert show.renderer.pid is not None and show.capture.pid is not None
    return show.renderer.pid, show.capture.pid


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_hung_renderer_comes_back_with_its_state(settings: ShowSettings, how: signal.Signals) -> None:
    seen = Seen()
    with running(settings, seen) as show:
        show.set("picture/prompt", "blazing orange flames")
        wait_until(lambda: show.status.frames > 40, 30, "frames")
        renderer, capture = _processes(show)
        last = show.latest
        assert last is not None
        os.kill(renderer, how)
        wait_until(lambda: show.renderer.pid != renderer, 5, "a new renderer")
        held = show.latest
        assert held is not None and held.number >= last.number
        before = held.number
        took = wait_until(lambda: show.latest is not held, 20, "a new picture")
        fresh = show.latest
        assert fresh is not None and fresh.number > before, "the new renderer began anew instead of going on"
        # It goes on from the last picture: more alike than two unrelated pictures are.
        assert np.corrcoef(fresh.picture.ravel(), held.picture.ravel())[0, 1] > 0.5
        assert show.renderer.settings.prompt == "blazing orange flames"
        assert show.capture.pid == capture and show.status.lost_samples == 0
        assert took < 15
        sound = seen.samples
        wait_until(lambda: seen.samples > sound + SAMPLE_RATE // 10, 3, "sound")


def test_a_killed_capture_comes_back_and_the_pictures_go_on(settings: ShowSettings) -> None:
    with running(settings) as show:
        renderer, capture = _processes(show)
        wait_until(lambda: show.status.frames > 10, 20, "frames")
        os.kill(capture, signal.SIGKILL)
        heard, frames = show.heard, show.status.frames
        assert heard is not None
        wait_until(lambda: show.heard is not None and show.heard.sample > heard.sample + SAMPLE_RATE, 6, "sound")
        assert show.capture.pid not in (None, capture) and show.renderer.pid == renderer
        assert show.status.frames > frames + 5


def test_the_beat_is_known_at_the_moment_of_asking_and_put_right_by_hand(
    settings: ShowSettings, tmp_path: Path
) -> None:
    bpm, seconds = 120.0, 20
    sound = np.zeros((seconds * SAMPLE_RATE, 2), np.float32)
    beat = round(SAMPLE_RATE * 60 / bpm)
    thump = (0.8 * np.sin(2 * np.pi * 60 * np.arange(7200) / SAMPLE_RATE) * np.linspace(1, 0, 7200))[:, None]
    tick = np.random.default_rng(0).uniform(-0.5, 0.5, (960, 1)) * np.linspace(1, 0, 960)[:, None]
    for start in range(0, len(sound) - 7200, beat):
        sound[start : start + 7200] += thump
        sound[start + beat // 2 : start + beat // 2 + 960] += 0.3 * tick
    path = tmp_path / "beats.wav"
    soundfile.write(path, sound, SAMPLE_RATE, subtype="FLOAT")
    beats = ShowSettings(f"file:{path}", settings.preset, settings.model, settings.size, 24.0, settings.cache)
    with running(beats) as show:
        wait_until(lambda: show.beat is not None and show.beat.confidence > 0.7, 18, "a beat that is sure")
        now = show.beat
        assert now is not None and show.heard is not None
        assert now.source == "sound"
        assert now.bpm == pytest.approx(bpm, rel=0.02)
        begun, phase = time.perf_counter(), now.phase
        time.sleep(0.2)
        later = show.beat
        assert later is not None
        gone = (time.perf_counter() - begun) * bpm / 60
        assert abs((later.phase - phase - gone + 0.5) % 1 - 0.5) < 0.15, "the phase runs on between hops"
        show.flip_beat()
        time.sleep(0.2)
        flipped = show.beat
        assert flipped is not None
        gone = (time.perf_counter() - begun) * bpm / 60
        assert abs((flipped.phase - phase - gone - 0.5 + 0.5) % 1 - 0.5) < 0.15
        for _ in range(5):
            show.tap()
            time.sleep(60 / 100)
        wait_until(lambda: show.beat is not None and show.beat.source == "tap", 2, "the tapped tempo")
        tapped = show.beat
        assert tapped is not None and tapped.bpm == pytest.approx(100, rel=0.03)


def test_the_sound_gets_a_meaning_that_a_new_renderer_takes_up(settings: ShowSettings, tmp_path: Path) -> None:
    bank = read_table(prompt_bank())
    encoder, network = tmp_path / "encoder", AudioEncoder(SMALL, bank.space)
    assert isinstance(network.project, torch.nn.Linear)
    with torch.no_grad():  # whatever it hears, it means heavy rain
        network.project.weight.zero_()
        network.project.bias.copy_(torch.from_numpy(bank.vectors[bank.texts.index("heavy rain")]))
    save_encoder(encoder, network)
    banks = tmp_path / "banks"
    banks.mkdir()
    own = Bank(["laser fog"], ["club"], bank.vectors[:1], bank.teacher, bank.centre)
    own.save(banks / "mine.safetensors")
    Bank(["smoke"], ["club"], bank.vectors[:1], "someone else", bank.centre).save(banks / "strange.safetensors")
    bank = bank.joined(own)
    listening = replace(settings, encoder=encoder, bank=prompt_bank(), banks=banks)
    with running(listening) as show:
        wait_until(lambda: show.meaning is not None, 20, "a meaning")
        assert show.renderer.status.texts == bank.texts and bank.texts[-1] == "laser fog"
        assert any("strange.safetensors is left out" in message for message in show.status.messages)

        def behind() -> int:
            assert show.meaning is not None and show.heard is not None
            return show.heard.sample - show.meaning.sample

        # What was heard while the model was loading is caught up with, a second of it a frame.
        wait_until(lambda: 0 <= behind() < SAMPLE_RATE // 2, 20, "a meaning of the last moments")
        meaning = show.meaning
        assert meaning is not None
        assert meaning.weights.shape == (len(bank),) and np.linalg.norm(meaning.latent) == pytest.approx(1, abs=1e-3)
        words = show.words(5)
        assert len(words) == 5 and words[0][0] == "heavy rain" and words[0][1] > words[1][1] > 0
        renderer, _ = _processes(show)
        os.kill(renderer, signal.SIGKILL)
        wait_until(lambda: not show.words(5), 10, "the end of words that are no longer true")
        before = meaning.sample
        wait_until(lambda: show.meaning is not None and show.meaning.sample > before + 3 * SAMPLE_RATE, 30, "its return")


def test_an_encoder_that_cannot_be_used_is_told_and_the_show_goes_on(settings: ShowSettings, tmp_path: Path) -> None:
    with running(replace(settings, encoder=tmp_path / "none", bank=prompt_bank())) as show:
        wait_until(lambda: any("not an encoder" in message for message in show.status.messages), 20, "the refusal")
        frames = show.status.frames
        wait_until(lambda: show.status.frames > frames + 5, 5, "pictures")
        assert show.renderer.status.state == "running"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (replace(SMALL, mel=replace(SMALL.mel, bands=48)), "bands 48 instead of 64"),
        (replace(SMALL, mel=replace(SMALL.mel, fmin=50.0, window="hann")), "fmin 50.0 instead of 30.0, window hann"),
        (replace(SMALL, latent=24), "24 values"),
        (replace(PUBLISHED, mapper=()), "sample_rate 44100 instead of 48000"),
    ],
)
def test_an_encoder_for_another_ear_is_refused(config: EncoderConfig, words: str) -> None:
    bank = read_table(prompt_bank())
    with pytest.raises(EncoderError, match=words) as caught:
        check_fit(config, bank.space, bank, "mine")
    assert "mine" in str(caught.value) and "\n" not in str(caught.value)
    check_fit(SMALL, bank.space, bank, "mine")


def test_encoders_that_cannot_hear_the_show_do_not_stop_it(settings: ShowSettings, tmp_path: Path) -> None:
    """One is refused, one fails while it listens, and one is a published checkpoint: each is told, and painting goes on."""
    bank, bank_file = read_table(prompt_bank()), tmp_path / "bank.safetensors"
    wrong = replace(SMALL, mel=replace(SMALL.mel, bands=48))
    save_encoder(tmp_path / "wrong", AudioEncoder(wrong, bank.space))
    save_encoder(tmp_path / "small", AudioEncoder(SMALL, bank.space))
    texts = [f"a text that comes {number} times" for number in range(20_000)]  # more weights than a message holds
    vectors = np.tile(bank.vectors[:1], (len(texts), 1))
    Bank(texts, ["many"] * len(texts), vectors, bank.teacher, bank.centre).save(bank_file)
    torch.save({"lstm.weight_ih_l0": torch.zeros(1)}, tmp_path / "published.pth")
    with running(replace(settings, encoder=tmp_path / "wrong", bank=prompt_bank())) as show:

        def told(words: str) -> bool:
            return any(words in message for message in show.status.messages)

        wait_until(lambda: told("bands 48 instead of 64"), 20, "the refusal")
        hear = {"do": "hear", "bank": str(prompt_bank()), "banks": ""}
        show.renderer._worker.send({**hear, "encoder": str(tmp_path / "published.pth")})
        wait_until(lambda: told("lacks the weight"), 20, "what is wrong with the checkpoint")
        show.renderer._worker.send({**hear, "encoder": str(tmp_path / "small"), "bank": str(bank_file)})
        wait_until(lambda: told("sound encoder failed"), 20, "the failure")
        frames = show.status.frames
        wait_until(lambda: show.status.frames > frames + 5, 5, "pictures")
        assert show.status.renderer.state == "running" and show.status.renderer.restarts == 0


def test_a_show_without_any_sound_still_paints(settings: ShowSettings) -> None:
    silent = ShowSettings(
        "device:no such input", settings.preset, settings.model, settings.size, 24.0, settings.cache
    )
    with running(silent) as show:
        wait_until(lambda: show.status.frames > 20, 20, "pictures")
        wait_until(lambda: show.capture.status.state == "failed", 10, "the refusal")
        assert "no such input" in show.status.input


def test_three_threads_that_hog_the_interpreter_lose_no_sound(settings: ShowSettings) -> None:
    stop = threading.Event()

    def hog() -> None:
        n = 0
        while not stop.is_set():
            for _ in range(10_000):
                n += 1

    with running(settings) as show:
        hogs = [threading.Thread(target=hog) for _ in range(3)]
        frames = show.status.frames
        for thread in hogs:
            thread.start()
        time.sleep(5)
        status = show.status
        stop.set()
        for thread in hogs:
            thread.join()
        assert status.lost_samples == 0
        assert status.frames - frames > 15


def test_commands_are_obeyed_and_refused_in_one_sentence(
    settings: ShowSettings, tiny_model: Path, tmp_path: Path
) -> None:
    with running(settings) as show:
        show.change_picture(tmp_path / "nothing")
        wait_until(lambda: "no model folder" in show.renderer.status.message, 10, "a refusal")
        assert show.renderer.status.state == "running"
        assert show.renderer.settings.model == settings.model
        frames = show.status.frames
        wait_until(lambda: show.status.frames > frames + 5, 10, "the show to go on")
        show.set("light/gain", 0.0)
        show.set_preset(Preset("dark", "", {**defaults(), "light/gain": 0.0}))
        wait_until(lambda: show.latest is not None and int(show.latest.picture.max()) <= 2, 10, "darkness")
        show.change_picture(tiny_model)
        show.set_preset(find_preset("flames"))
        wait_until(lambda: show.latest is not None and int(show.latest.picture.max()) > 20, 30, "the other model")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")
def test_the_app_process_never_maps_torch(settings: ShowSettings, tmp_path: Path) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "visualizer", "--headless", "--seconds", "60", "--input", settings.source[5:]]
    process = subprocess.Popen([*command, "--record", str(tmp_path / "a.mp4")], stderr=subprocess.PIPE)
    try:
        wait_until(lambda: (tmp_path / "a.mp4").exists() and (tmp_path / "a.mp4").stat().st_size > 10_000, 90, "a file")
        maps = Path(f"/proc/{process.pid}/maps").read_text()
        assert "libav" in maps and "torch" not in maps and "openvino" not in maps
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_a_long_absence_is_neither_worked_through_nor_called_lost(settings: ShowSettings, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The ring fills an hour without a device with silence; the show takes up at its end within a moment."""
    show = LiveShow(settings)
    show.capture.stop()
    ring = show._ring
    ring.set_format(48_000, 2)
    now = time.perf_counter()
    monkeypatch.setattr(show.renderer, "send_controls", lambda *_: None)
    ring.write(np.ones((4800, 2), np.float32) * 0.1, now)
    assert show._hear(now)
    before = show.heard
    ring.write_silence(3600 * 48_000, now + 0.1)
    ring.count(gap=3600 * 48_000)
    ring.write(np.ones((4800, 2), np.float32) * 0.1, now + 3600.1)
    begun = time.perf_counter()
    while show._hear(now):
        pass
    assert time.perf_counter() - begun < 30  # 30 s of ring are worked through, not an hour
    assert before is not None and show.heard is not None
    assert 0 <= 3600 * 48_000 + 9600 - show.heard.sample < HOP_SAMPLES
    assert show.lost_samples == 0
    show.stop()
