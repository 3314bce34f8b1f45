"""What is measured of files of all kinds, and what the command says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import soundfile
from known_videos import (
    BEATS,
    CHANCE,
    RATE,
    SECONDS,
    clicks,
    disc,
    film,
    lossless,
    number,
    pulsing,
    steady,
)

from visualizer.measure import plot as plots
from visualizer.measure.envelope import RANGE_DB
from visualizer.measure.errors import MeasureError
from visualizer.measure.figures import Figures, Measured, measure
from visualizer.measure.listening import Listened, listen
from visualizer.measure.matching import pairs
from visualizer.measure.soundtrack import Soundtrack


def test_the_envelope_is_librosas(folder: Path) -> None:
    librosa = pytest.importorskip("librosa")
    time = np.arange(int(SECONDS * RATE)) / RATE
    sound = clicks(BEATS) + 0.1 * np.sin(2 * np.pi * (200 + 40 * time) * time)
    soundfile.write(folder / "librosa.wav", sound.astype(np.float32), RATE)
    ours = listen(Soundtrack(folder / "librosa.wav"), 0.0)
    theirs = librosa.onset.onset_strength(
        y=sound.astype(np.float32), sr=RATE, hop_length=480, n_fft=1024, n_mels=64, fmin=30, fmax=16_000
    )
    length = min(len(ours.rises), len(theirs))
    best = max(
        float(np.corrcoef(ours.rises[max(0, -k) : length - max(0, k)], theirs[max(0, k) : length + min(0, k)])[0, 1])
        for k in range(-3, 4)
    )
    assert best > 0.8
    found = librosa.onset.onset_detect(onset_envelope=theirs, sr=RATE, hop_length=480, units="time")
    assert len(pairs(ours.onsets, found, 0.03)) > 0.9 * max(len(found), len(ours.onsets))


def test_how_loud_a_recording_is_does_not_matter(folder: Path) -> None:
    def heard(gain: float) -> Listened:
        soundfile.write(folder / "gain.wav", gain * clicks(CHANCE), RATE, subtype="FLOAT")
        return listen(Soundtrack(folder / "gain.wav"), 0.0)

    loud, soft = heard(1.0), heard(0.01)
    assert soft.rises == pytest.approx(loud.rises, abs=0.01) and np.array_equal(soft.onsets, loud.onsets)
    assert loud.rises.max() < RANGE_DB
    assert np.abs(loud.onsets - CHANCE).max() <= 0.0051


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (8000, 1), (96_000, 8)])
def test_sound_of_any_rate_and_channels(folder: Path, rate: int, channels: int) -> None:
    """Eight channels, of which one alone sounds; and what is not a number."""
    import soxr

    sound = np.zeros((int(SECONDS * rate), channels), np.float32)
    sound[:, -1] = soxr.resample(clicks(CHANCE), RATE, rate)[: len(sound)]
    sound[rate // 10 : rate // 10 + 5] = np.nan
    sound[rate // 9] = np.inf
    path = lossless(folder / f"{rate}.mkv", [disc(20)] * 16, 2, sound, rate)
    found = listen(Soundtrack(path), 0.0)
    assert np.isfinite(found.rises).all()
    assert found.end == pytest.approx(SECONDS, abs=0.011)
    assert len(pairs(found.onsets, CHANCE, 0.012)) == len(CHANCE) >= len(found.onsets) - 1


def test_a_gap_in_the_sound_is_silence(folder: Path) -> None:
    """A sound that begins two seconds late, and has a hole where packets are missing."""
    path = folder / "gap.mkv"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for first in (2, 6):
            block = (32_000 * clicks(np.array([0.25]), 1.0)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(block[None], format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), first * RATE
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    track = Soundtrack(path)
    heard = listen(track, track.start)
    assert (heard.start, heard.end) == pytest.approx((2.0, 7.0), abs=0.02)
    assert heard.onsets == pytest.approx([2.25, 6.25], abs=0.02)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "visualizer", "measure", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_command_prints_and_draws(pulse: Path, folder: Path, with_sound: Figures) -> None:
    pytest.importorskip("matplotlib")
    done = run(pulse, "--json", "--plot", folder / "plot.png")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == with_sound and not done.stderr
    drawn = cv2.imread(str(folder / "plot.png"))
    assert drawn is not None and drawn.shape[1] > 1200 and drawn.std() > 20
    short = film(folder / "short.mp4", pulsing(CHANCE, 1 / 10), steady(10, 2.5), clicks(CHANCE[:3], 2.5))
    done = run(short)
    assert done.returncode == 0 and "watching" in done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(with_sound)


def test_a_long_video_is_drawn_in_part(measured: Measured) -> None:
    assert plots.stretch(measured) == (0.0, pytest.approx(SECONDS))
    edges = np.arange(1801) / 30
    rises = np.where((edges[:-1] > 31) & (edges[:-1] < 49), 5.0, 1.0)
    begin, end = plots.stretch(replace(measured, edges=edges, rises=rises))
    assert end - begin == pytest.approx(20) and begin <= 31 and end >= 49


def test_what_cannot_be_measured_is_one_sentence(folder: Path, pulse: Path) -> None:
    mute = lossless(folder / "mute.mkv", [disc(20), disc(24)] * 20, 10, None)
    single = lossless(folder / "single.mkv", [disc(20)], 10, clicks(CHANCE)[:, None])
    sound = folder / "sound.wav"
    soundfile.write(sound, clicks(CHANCE), RATE)
    short = folder / "short.wav"
    soundfile.write(short, clicks(CHANCE, 1.5), RATE)
    text = folder / "text.mp4"
    text.write_text("this is no video")
    brief = lossless(folder / "brief.mkv", [disc(20), disc(24)] * 5, 10, clicks(CHANCE)[:, None])
    cases: list[tuple[tuple[Path, ...], str]] = [
        ((mute,), r"mute\.mkv has no sound; .* --audio FILE"),
        ((single,), r"single\.mkv holds a single picture"),
        ((sound,), r"sound\.wav has no moving picture"),
        ((pulse, short), r"short\.wav lasts 1\.5 s"),
        ((text,), r"text\.mp4 is no video or sound"),
        ((folder / "none.mp4",), r"There is no file .*none\.mp4"),
        ((pulse, folder / "none.wav"), r"There is no file .*none\.wav"),
        ((folder,), "is a folder"),
        ((brief,), r"brief\.mkv and its sound run together for 1\.0 s"),
    ]
    for arguments, words in cases:
        with pytest.raises(MeasureError, match=words) as caught:
            measure(*arguments)
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    with pytest.raises(MeasureError, match=r"\.png"):
        plots.check_plot(Path("out.xyz"))
    with pytest.raises(MeasureError, match="no folder"):
        plots.check_plot(folder / "no" / "out.png")
    done = run(mute)
    assert done.returncode == 2 and "--audio" in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


def test_without_matplotlib_a_plot_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    with pytest.raises(MeasureError, match=r"pip install .*matplotlib"):
        plots.check_plot(Path("out.png"))


def test_a_silent_sound_measures_what_it_can(folder: Path) -> None:
    path = lossless(folder / "silent.mkv", [disc(18 + i % 7) for i in range(60)], 20, np.zeros((3 * RATE, 2), np.float32))
    figures = measure(path).figures
    for key in ("r", "lag_ms", "av_align", "av_align_shuffled", "beat_alignment"):
        assert figures[key] is None
    assert 0.5 < number(figures, "silence_flicker") < 1 and figures["warping_error"] is not None


def test_a_file_that_breaks_off_is_measured_as_far_as_it_goes(pulse: Path, folder: Path) -> None:
    whole = folder / "whole.mkv"
    film(whole, pulsing(CHANCE, 1 / 15), steady(15), clicks(CHANCE))
    torn = folder / "torn.mkv"
    torn.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    figures = measure(torn).figures
    assert 60 < number(figures, "frames") < 120 and number(figures, "r") > 0.7


def test_measuring_needs_no_torch() -> None:
    code = "import sys, visualizer.measure.figures, visualizer.measure.plot; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
