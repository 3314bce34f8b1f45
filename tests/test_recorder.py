"""The recorder: what it writes is read back by a decoder."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import av
import numpy as np
import pytest

from visualizer.output.recorder import Recorder, RecordingError

RATE = 48_000


def square(number: int, size: tuple[int, int] = (160, 120)) -> np.ndarray:
    frame = np.full((size[1], size[0], 3), 20, np.uint8)
    x = 4 * number % (size[0] - 20)
    frame[40:60, x : x + 20] = (230, 60, 40)
    return frame


def record(
    path: Path, seconds: float = 3.0, fps: int = 30, size: tuple[int, int] = (160, 120), **options: object
) -> Recorder:
    recorder = Recorder(path, size=size, fps=fps, drop=False, **options)  # type: ignore[arg-type]
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE).astype(np.float32)
    for number in range(int(seconds * fps)):
        recorder.video(square(number, size), number / fps)
        first = number * RATE // fps
        recorder.sound(np.stack([tone[first : (number + 1) * RATE // fps]] * 2, 1), first / RATE)
    recorder.close()
    return recorder


def pictures(path: Path, cut: bool = False) -> tuple[list[float], list[np.ndarray]]:
    """Times and frames; ``cut``: the last packet of a cut-off file may be torn, as players take it."""
    frames = []
    with av.open(str(path)) as container, contextlib.suppress(*([av.error.InvalidDataError] if cut else [])):
        for frame in container.decode(video=0):
            frames.append((float(frame.time), frame.to_ndarray(format="rgb24")))
    return [t for t, _ in frames], [f for _, f in frames]


def sound(path: Path) -> tuple[float, np.ndarray]:
    """Start in seconds and the samples, (n, channels)."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    return float(frames[0].time), np.concatenate([f.to_ndarray().T for f in frames])


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_codecs_duration_and_content(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"show{suffix}"
    recorder = record(path)
    assert recorder.error is None and recorder.dropped == 0
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert video.codec_context.pix_fmt == "yuv420p"
        assert (audio.rate, audio.channels) == (RATE, 2)
        assert container.duration / av.time_base == pytest.approx(3, abs=0.06)
    times, frames = pictures(path)
    np.testing.assert_allclose(times, np.arange(90) / 30, atol=1.5e-3)  # Matroska counts whole milliseconds
    assert np.abs(frames[40].astype(int) - square(40)).mean() < 4
    spectrum = np.abs(np.fft.rfft(sound(path)[1][RATE : 2 * RATE, 0]))
    assert spectrum.argmax() == 440


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_flash_and_a_click_stay_together(tmp_path: Path, suffix: str) -> None:
    path, fps, at = tmp_path / f"sync{suffix}", 60, 1.5
    recorder = Recorder(path, size=(64, 64), fps=fps, drop=False)
    click = np.zeros((3 * RATE, 2), np.float32)
    click[int(at * RATE) : int(at * RATE) + 96] = 0.9
    for number in range(3 * fps):
        recorder.video(np.full((64, 64, 3), 255 if number >= at * fps else 0, np.uint8), number / fps)
    for first in range(0, len(click), 480):
        recorder.sound(click[first : first + 480], first / RATE)
    recorder.close()
    times, frames = pictures(path)
    seen = next(t for t, f in zip(times, frames, strict=True) if f.mean() > 128)
    start, samples = sound(path)
    heard = start + np.abs(samples[:, 0]).argmax() / RATE
    assert abs(seen - at) < 2e-3 and abs(heard - at) < 1 / fps


def test_frames_keep_their_own_times(tmp_path: Path) -> None:
    path = tmp_path / "uneven.mp4"
    times = [0.0, 0.03, 0.031, 0.2, 0.2, 0.9, 1.0]
    with Recorder(path, size=(64, 48), fps=30, drop=False) as recorder:
        recorder.video(square(0, (80, 64)), -0.1)
        for number, at in enumerate(times):
            recorder.video(square(number, (80, 64)), at)  # and another size is scaled
    np.testing.assert_allclose(pictures(path)[0], times, atol=1e-4)


def test_sound_gaps_are_silent_and_overlaps_cut(tmp_path: Path) -> None:
    path = tmp_path / "gaps.mp4"
    loud = np.full((RATE // 2, 1), 0.5, np.float32) * np.sin(np.arange(RATE // 2) * 0.1)[:, None].astype(
        np.float32
    )
    with Recorder(path, size=(64, 64), fps=30, channels=1, drop=False) as recorder:
        for number in range(60):
            recorder.video(square(number, (64, 64)), number / 30)
        recorder.sound(loud, -0.25)
        recorder.sound(loud, 1.0)
        recorder.sound(loud, 1.25)
    _, samples = sound(path)
    power = [
        float(np.abs(samples[int(a * RATE) : int(b * RATE)]).mean())
        for a, b in ((0.05, 0.2), (0.3, 0.95), (1.05, 1.7))
    ]
    assert power[0] > 0.2 and power[1] < 0.01 and power[2] > 0.2
    assert len(samples) / RATE == pytest.approx(1.75, abs=0.06)


@pytest.mark.parametrize("size", [(161, 121), (1, 1), (63, 64)])
def test_odd_sizes_are_padded(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "odd.mp4"
    recorder = Recorder(path, size=size, fps=30, drop=False)
    for number in range(10):
        recorder.video(np.full((size[1], size[0], 3), 90, np.uint8), number / 30)
    recorder.close()
    assert recorder.error is None
    frames = pictures(path)[1]
    assert frames[0].shape == (size[1] + size[1] % 2, size[0] + size[0] % 2, 3) and len(frames) == 10


def test_a_bad_name_folder_or_size_is_one_sentence(tmp_path: Path) -> None:
    for path, what in ((tmp_path / "show.gif", ".mp4"), (tmp_path / "none" / "show.mp4", "folder")):
        with pytest.raises(RecordingError, match=what) as caught:
            Recorder(path, size=(64, 64), fps=30)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(RecordingError, match="size"):
        Recorder(tmp_path / "show.mp4", size=(0, 64), fps=30)


def test_wrong_input_stops_the_recording_not_the_caller(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "mono.mp4", size=(64, 64), fps=30)
    recorder.sound(np.zeros((480, 1), np.float32), 0.0)
    recorder.close()
    assert recorder.error and "channels" in recorder.error
    recorder.video(square(0, (64, 64)), 0.0)
    recorder.close()


def test_live_drops_and_counts_instead_of_waiting(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "live.mp4", size=(640, 480), fps=60)
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    for number in range(120):
        recorder.video(frame, number / 60)
    recorder.close()
    assert recorder.error is None and recorder.dropped > 0
    assert len(pictures(tmp_path / "live.mp4")[0]) == 120 - recorder.dropped


def fill(path: Path, seconds: int = 20) -> Recorder:
    """Record noise, which does not compress, until the disk is full."""
    recorder = Recorder(path, size=(320, 240), fps=30, drop=False)
    rng = np.random.default_rng(0)
    for number in range(seconds * 30):
        recorder.video(rng.integers(0, 256, (240, 320, 3), dtype=np.uint8), number / 30)
        recorder.sound(np.zeros((1600, 2), np.float32), number / 30)
        if recorder.error:
            break
    recorder.close()
    return recorder


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "full.mp4").symlink_to("/dev/full")
    error = fill(tmp_path / "full.mp4").error
    assert error and "disk is full" in error and "full.mp4" in error and "\n" not in error


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_what_fits_on_a_full_disk_plays(tmp_path: Path, suffix: str) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = (
        sys.platform == "linux"
        and os.geteuid() == 0
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(small)], capture_output=True, check=False
        ).returncode
        == 0
    )
    if not mounted:
        pytest.skip("needs to mount a small tmpfs")
    try:
        recorder = fill(small / f"show{suffix}")
        assert recorder.error and "disk is full" in recorder.error
        times, _ = pictures(small / f"show{suffix}", cut=True)
        assert len(times) >= 30
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_killed_recording_plays(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"killed{suffix}"
    script = textwrap.dedent(f"""
        import time, numpy as np
        from visualizer.output.recorder import Recorder
        r = Recorder({str(path)!r}, size=(64, 64), fps=30, drop=False)
        for n in range(150):
            r.video(np.full((64, 64, 3), n, np.uint8), n / 30)
            r.sound(np.zeros((1600, 2), np.float32), n / 30)
        while r._jobs.qsize(): time.sleep(0.05)
        time.sleep(0.5)
        print("written", flush=True)
        time.sleep(60)
    """)
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout and child.stdout.readline() == "written\n"
    child.kill()
    child.wait()
    times, _ = pictures(path, cut=True)
    assert len(times) >= 60


def test_the_caller_is_not_held_up(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "quick.mp4", size=(640, 480), fps=60)
    frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    start = time.perf_counter()
    for number in range(200):
        recorder.video(frame, number / 60)
    spent = time.perf_counter() - start
    recorder.close()
    assert spent < 1.5  # encoding 200 frames of noise takes far longer
