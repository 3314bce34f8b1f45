"""The capture process with real parts: a sound server, PortAudio, and processes that are killed and stopped."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sound_server import RATE, SoundServer, sound_server  # noqa: F401  (the fixture is found by its name)

from visualizer.audio import devices, source
from visualizer.audio.device_capture import DeviceCapture
from visualizer.audio.devices import Device, DeviceError, find_input, parse_pulse_sources
from visualizer.audio.downmix import stereo
from visualizer.audio.files import SoundFileError, SoundFileWarning, open_sound
from visualizer.audio.parent import Parent
from visualizer.audio.resample import Resampler
from visualizer.audio.ring import RingReader, SoundRing
from visualizer.audio.source import Capture
from visualizer.audio.timed_writer import TimedWriter

LONG = os.environ.get("VISUALIZER_LONG") == "1"
MONITOR = "device:viz.monitor"


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[SoundRing]:
    with SoundRing.create(tmp_path / "ring", seconds=30, max_channels=2) as ring:
        yield ring


@pytest.fixture
def start(ring: SoundRing) -> Iterator[Callable[..., Capture]]:
    """Start a capture into the ring; it is stopped at the end."""
    started: list[Capture] = []

    def begin(source: str, once: bool = False) -> Capture:
        started.append(Capture(source, ring.path, once))
        return started[-1]

    yield begin
    for capture in started:
        capture.stop()


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SoundServer:
    """The tests' sound server, which captures started from here use."""
    server: SoundServer = request.getfixturevalue("sound_server")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server


def wait_until(capture: Capture, condition: Callable[[], object], seconds: float) -> float:
    """Poll until ``condition`` holds; the seconds that took. Fails the test when they run out."""
    begun = time.perf_counter()
    while not condition():
        capture.poll()
        if time.perf_counter() - begun > seconds:
            pytest.fail(f"not within {seconds} s: {capture.status}, {list(capture.events)}")
        time.sleep(0.01)
    return time.perf_counter() - begun


def written_since(ring: SoundRing, frame: int) -> Callable[[], bool]:
    return lambda: ring.written > frame


def errors(capture: Capture) -> list[str]:
    return [event["message"] for event in capture.events if event["event"] == "error"]


def assert_tied_to_time(ring: SoundRing, tolerance_s: float = 0.1) -> None:
    assert time.perf_counter() - ring.captured_at(ring.written) == pytest.approx(0, abs=tolerance_s)


# ── devices ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_played_arrives_bit_for_bit(server: SoundServer, ring: SoundRing, start: Callable[..., Capture]) -> None:
    seconds = 60 if LONG else 10
    played = np.random.default_rng(2).uniform(-1, 1, (RATE * seconds, 2)).astype(np.float32)
    capture = start(MONITOR)
    wait_until(capture, written_since(ring, 0), 10)
    for _ in range(3):
        reader = RingReader(ring)
        player = server.play(played)
        parts = []
        begun = time.perf_counter()
        while player.playing() or time.perf_counter() - begun < seconds + 1:
            capture.poll()
            parts.append(reader.read()[0])
            time.sleep(0.01)
        # Only the player's own word for it excuses another try.
        if not player.starved():
            break
    else:
        pytest.fail("The machine is too busy: paplay ran dry three times, by its own account.")
    heard = np.concatenate(parts)
    begins = np.flatnonzero((heard[:, 0] == played[0, 0]) & (heard[:, 1] == played[0, 1]))
    assert len(begins) == 1
    np.testing.assert_array_equal(heard[begins[0] : begins[0] + len(played)], played)
    stats = ring.stats()
    assert (reader.lost, stats.lost, stats.gap, stats.overflows) == (0, 0, 0, 0)
    assert reader.format.rate == RATE
    assert_tied_to_time(ring)


def test_sound_comes_back_after_the_server_died(
    server: SoundServer, ring: SoundRing, start: Callable[..., Capture]
) -> None:
    capture = start(MONITOR)
    wait_until(capture, written_since(ring, 4800), 10)
    pid = capture.pid
    server.kill()
    wait_until(capture, lambda: capture.status.state == "lost", 2)
    silent_from = ring.written
    time.sleep(1)
    assert ring.written == silent_from
    server.start()
    took = wait_until(capture, written_since(ring, silent_from), 3)
    wait_until(capture, lambda: capture.status.state == "running", 1)
    print(f"back {took:.2f} s after the sound server")
    assert capture.pid == pid
    assert ring.stats().gap > 0.9 * RATE
    assert ring.stats().lost == 0
    time.sleep(0.3)
    assert_tied_to_time(ring)
    played = np.random.default_rng(3).uniform(-1, 1, (RATE, 2)).astype(np.float32)
    reader = RingReader(ring)
    server.play(played).wait(10)
    time.sleep(0.5)
    heard = reader.read()[0]
    begins = np.flatnonzero(heard[:, 0] == played[0, 0])
    np.testing.assert_array_equal(heard[begins[0] : begins[0] + len(played)], played)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("signal_name", ["SIGKILL", "SIGSTOP"])
def test_a_capture_that_dies_or_hangs_is_replaced(
    server: SoundServer, ring: SoundRing, start: Callable[..., Capture], signal_name: str
) -> None:
    capture = start(MONITOR)
    wait_until(capture, written_since(ring, 4800), 10)
    pid = capture.pid
    assert pid is not None
    os.kill(pid, getattr(signal, signal_name))
    begun = time.perf_counter()
    wait_until(capture, lambda: capture.pid not in (None, pid), 5)
    at = ring.written
    wait_until(capture, written_since(ring, at), 5 - (time.perf_counter() - begun))
    print(f"{signal_name}: back after {time.perf_counter() - begun:.2f} s")
    assert capture.restarts == 1
    assert any(event["event"] == "restart" and event["hung"] == (signal_name == "SIGSTOP") for event in capture.events)
    time.sleep(0.3)
    assert_tied_to_time(ring)
    wait_until(capture, lambda: capture.status.state == "running", 1)


def test_an_unknown_device_is_one_sentence_with_near_names(
    server: SoundServer, ring: SoundRing, start: Callable[..., Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = start("device:viz.monitr")
    wait_until(capture, lambda: errors(capture), 10)
    (message,) = errors(capture)
    assert "viz.monitr" in message
    assert "Monitor of" in message
    assert "\n" not in message
    assert capture.status.state == "failed"
    # It may yet be plugged in, so the process keeps looking, and is not taken for a hung one.
    monkeypatch.setattr(source, "START_S", 1.0)
    pid, until = capture.pid, time.perf_counter() + 4
    while time.perf_counter() < until:
        capture.poll()
        time.sleep(0.05)
    assert (capture.pid, capture.restarts) == (pid, 0)
    assert pid is not None
    assert len(errors(capture)) == 1


def test_a_bad_switch_leaves_the_sound_as_it_was(
    server: SoundServer, ring: SoundRing, start: Callable[..., Capture], tmp_path: Path
) -> None:
    capture = start(MONITOR)
    wait_until(capture, lambda: ring.written > 0 and capture.status.state == "running", 10)
    pid = capture.pid
    for bad in ("device:nothing like it", f"file:{tmp_path / 'none.wav'}"):
        known = len(errors(capture))
        capture.switch(bad)
        wait_until(capture, lambda known=known: len(errors(capture)) > known, 10)
        assert (capture.pid, capture.source, capture.status.state) == (pid, MONITOR, "running")
    at = ring.written
    wait_until(capture, written_since(ring, at + 4800), 2)
    soundfile.write(tmp_path / "good.wav", np.full((44_100, 1), 0.5), 44_100, subtype="FLOAT")
    good = f"file:{tmp_path / 'good.wav'}"
    capture.switch(good)
    wait_until(capture, lambda: capture.source == good and capture.status.text.startswith("good.wav"), 10)
    wait_until(capture, lambda: ring.format.rate == 44_100 and ring.written > ring.format.start + 441, 2)
    assert capture.pid != pid
    assert_tied_to_time(ring)


def test_the_process_ends_with_its_parent(server: SoundServer, ring: SoundRing, start: Callable[..., Capture]) -> None:
    capture = start(MONITOR)
    wait_until(capture, written_since(ring, 0), 10)
    process = capture._process
    assert process is not None and process.popen.stdin is not None
    process.popen.stdin.close()
    assert process.popen.wait(5) == 0


def test_the_servers_sources_are_listed_and_found(server: SoundServer, tmp_path: Path) -> None:
    import subprocess

    listing = subprocess.run(
        ["pactl", "list", "sources"], env={**server.environment, "LC_ALL": "C"}, capture_output=True, text=True
    ).stdout
    (monitor,) = parse_pulse_sources(listing)
    assert (monitor.node, monitor.channels, monitor.rate, monitor.is_loopback) == ("viz.monitor", 2, RATE, True)
    assert find_input(monitor.label, [monitor]) == monitor


MICROPHONES = [
    Device("Line In (Scarlett 2i2)", "MME", 2, 44_100, False),
    Device("Line In (Scarlett 2i2)", "Windows WASAPI", 2, 48_000, False),
    Device("Microphone Array", "Windows WASAPI", 4, 48_000, False),
    Device("Microphone (Webcam)", "Windows WASAPI", 1, 16_000, False),
]


def test_an_input_is_found_by_label_name_part_and_index() -> None:
    wasapi = MICROPHONES[1]
    assert find_input("Windows WASAPI: Line In (Scarlett 2i2)", MICROPHONES) == wasapi
    assert find_input("scarlett", MICROPHONES) == wasapi
    assert find_input("MME: Line In (Scarlett 2i2)", MICROPHONES) == MICROPHONES[0]
    assert find_input("webcam", MICROPHONES) == MICROPHONES[3]
    assert find_input("2", MICROPHONES) in (MICROPHONES[1], MICROPHONES[2])
    with pytest.raises(DeviceError, match=r"may mean .*Array.*Webcam"):
        find_input("microphone", MICROPHONES)
    with pytest.raises(DeviceError, match="nearest are 'Windows WASAPI: Microphone Array'"):
        find_input("Microphon Aray", MICROPHONES)
    with pytest.raises(DeviceError, match="plug one in"):
        find_input("any", [])


def test_missing_portaudio_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(DeviceError, match="libportaudio2"):
        devices.list_inputs()


# ── the writer's clock ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_overflow_is_counted_and_filled(ring: SoundRing) -> None:
    writer = TimedWriter(ring)
    writer.start(48_000, 1)
    block = np.ones((480, 1), np.float32)
    for number in range(10):
        writer.write(block, 50 + number * 0.01)
    writer.write(block, 50 + 0.10 + 0.02, overflow=True)
    stats = ring.stats()
    assert (stats.overflows, stats.lost, stats.gap, stats.written) == (1, 960, 0, 4800 + 960 + 480)
    assert ring.captured_at(stats.written) == pytest.approx(50.13, abs=1e-6)


def test_a_new_writer_fills_the_gap_its_forerunner_left(ring: SoundRing) -> None:
    first = TimedWriter(ring)
    first.start(48_000, 2)
    first.write(np.ones((480, 2), np.float32), 50.0)
    second = TimedWriter(ring)
    second.start(48_000, 2)
    second.write(np.ones((480, 2), np.float32), 51.01)
    stats = ring.stats()
    assert (stats.gap, stats.lost, stats.written) == (48_000, 0, 48_960)
    assert ring.captured_at(48_480) == pytest.approx(51.01)


def test_jitter_does_not_shake_the_clock_and_drift_is_followed(ring: SoundRing) -> None:
    writer = TimedWriter(ring)
    writer.start(48_000, 1)
    random = np.random.default_rng(1)
    block = np.zeros((256, 1), np.float32)
    true = 10.0
    times = []
    for _ in range(4000):
        writer.write(block, true + random.uniform(-0.003, 0.003))
        times.append(ring.captured_at(ring.written - 256) - true)
        true += 256 / 48_000 * (1 + 100e-6)
    assert np.abs(times[400:]).max() < 0.001
    assert ring.stats().gap == 0


def test_a_quiet_loopback_device_keeps_the_clock_running(ring: SoundRing) -> None:
    writer = TimedWriter(ring)
    writer.start(48_000, 1)
    writer.write(np.ones((480, 1), np.float32), 5.0)
    writer.silence_until(7.01)
    assert ring.written == 480 + 96_000
    writer.write(np.ones((480, 1), np.float32), 7.01)
    assert ring.stats().gap == 0


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_plays_in_real_time_and_loops_without_a_seam(
    ring: SoundRing, start: Callable[..., Capture], tmp_path: Path
) -> None:
    sound = np.random.default_rng(4).uniform(-1, 1, (44_100 * 3 // 4, 2)).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", sound, 44_100, subtype="FLOAT")
    capture = start(f"file:{tmp_path / 'noise.wav'}")
    wait_until(capture, written_since(ring, 0), 10)
    first, begun = ring.written, time.perf_counter()
    for _ in range(30):
        time.sleep(0.1)
        capture.poll()
        assert_tied_to_time(ring)
    rate = (ring.written - first) / (time.perf_counter() - begun)
    assert rate == pytest.approx(44_100, rel=0.02)
    heard, index = RingReader(ring, back=np.inf).read()
    assert (index, ring.origin) == (0, 0)
    np.testing.assert_array_equal(heard, np.resize(sound, heard.shape))
    assert len(heard) > 2 * len(sound)
    # A replaced process goes on where the file would be by now.
    process = capture._process
    assert process is not None
    process.popen.kill()
    wait_until(capture, lambda: capture.restarts == 1 and capture.status.state == "running", 5)
    time.sleep(0.2)
    heard, index = RingReader(ring, back=0.1).read()
    np.testing.assert_array_equal(heard, sound[(index + np.arange(len(heard))) % len(sound)])
    assert ring.stats().gap > 0


def test_a_file_played_once_ends(ring: SoundRing, start: Callable[..., Capture], tmp_path: Path) -> None:
    sound = np.random.default_rng(4).uniform(-1, 1, (12_345, 3)).astype(np.float32)
    soundfile.write(tmp_path / "three.wav", sound, 48_000, subtype="FLOAT")
    capture = start(f"file:{tmp_path / 'three.wav'}", once=True)
    wait_until(capture, lambda: capture.status.state == "ended", 10)
    heard, _ = RingReader(ring, back=np.inf).read()
    np.testing.assert_array_equal(heard, stereo(sound))
    time.sleep(0.3)
    capture.poll()
    assert (capture.restarts, capture.status.state) == (0, "ended")


def bad_files(folder: Path) -> dict[str, Path]:
    (folder / "empty.wav").touch()
    (folder / "text.mp3").write_text("no sound here\n" * 100)
    (folder / "folder.wav").mkdir()
    soundfile.write(folder / "nothing.wav", np.zeros((0, 2)), 48_000)
    return {
        "missing": folder / "missing.wav",
        "empty": folder / "empty.wav",
        "text": folder / "text.mp3",
        "folder": folder / "folder.wav",
        "nothing": folder / "nothing.wav",
    }


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "folder", "nothing"])
def test_a_bad_file_is_one_sentence_that_names_it(tmp_path: Path, kind: str) -> None:
    path = bad_files(tmp_path)[kind]
    with pytest.raises(SoundFileError) as caught:
        open_sound(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    if kind == "text":
        assert "ffmpeg" in message


def test_a_bad_file_fails_the_capture_with_that_sentence(start: Callable[..., Capture], tmp_path: Path) -> None:
    path = bad_files(tmp_path)["text"]
    capture = start(f"file:{path}")
    wait_until(capture, lambda: capture.status.state == "failed" and capture.pid is None, 10)
    assert str(path) in capture.status.text
    time.sleep(0.5)
    capture.poll()
    assert capture.restarts == 0


def test_an_unknown_kind_of_source_is_one_sentence(start: Callable[..., Capture]) -> None:
    capture = start("radio:4")
    wait_until(capture, lambda: capture.status.state == "failed", 10)
    assert "radio:4" in capture.status.text


def test_values_that_are_not_numbers_become_silence(tmp_path: Path) -> None:
    sound = np.ones((1000, 2), np.float32)
    sound[10, 0], sound[20, 1], sound[30, 0] = np.nan, np.inf, -np.inf
    soundfile.write(tmp_path / "nan.wav", sound, 48_000, subtype="FLOAT")
    with pytest.warns(SoundFileWarning, match=r"nan\.wav") as caught, open_sound(tmp_path / "nan.wav") as opened:
        read = np.concatenate([opened.read(15), opened.read()])
    assert len(caught) == 1, "said once"
    assert np.isfinite(read).all()
    assert read.sum() == 2000 - 3


def test_a_file_read_in_blocks_is_the_whole_file(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, (10_001, 1)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 22_050, subtype="FLOAT")
    with open_sound(tmp_path / "a.wav") as opened:
        assert (opened.rate, opened.channels, opened.frames) == (22_050, 1, 10_001)
        blocks = [opened.read(777) for _ in range(len(sound) // 777 + 1)]
        np.testing.assert_array_equal(np.concatenate(blocks), sound)
        opened.seek(5000)
        np.testing.assert_array_equal(opened.read(), sound[5000:])


# ── resampling ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_at_48_khz_samples_pass_bit_for_bit() -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, (5000, 3)).astype(np.float32)
    np.testing.assert_array_equal(Resampler(48_000, 2).push(sound[:, :2]), sound[:, :2])
    np.testing.assert_array_equal(Resampler(48_000, 1).push(sound[:, :1]), sound[:, [0, 0]])


@pytest.mark.parametrize("channels", [3, 6, 8])
def test_every_channel_is_heard(channels: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (20_000, channels)).astype(np.float32)
    for only in range(channels):
        alone = np.zeros_like(noise)
        alone[:, only] = noise[:, only]
        heard = (stereo(alone) ** 2).mean(0)
        assert heard[only % 2] > 1e-3 > heard[1 - only % 2]
    assert (stereo(noise) ** 2).mean(0) == pytest.approx(0.01, rel=0.1), "unlike sounds together are as loud as one"


@pytest.mark.parametrize("rate", [16_000, 32_000, 44_100, 88_200, 96_000, 192_000])
def test_a_click_keeps_its_moment(rate: int) -> None:
    resampler = Resampler(rate, 2, first_input=1000, first_output=77)
    sound = np.zeros((rate, 2), np.float32)
    sound[rate // 2] = 1
    parts = [resampler.push(sound[start : start + 256]) for start in range(0, rate, 256)]
    late_ms = 1000 * (resampler.pushed / rate - resampler.produced / 48_000)
    parts.append(resampler.push(sound[:0], last=True))
    out = np.concatenate(parts)
    assert len(out) == 48_000
    assert late_ms < 15
    peak = 77 + int(np.argmax(np.abs(out[:, 0])))
    assert resampler.to_input(peak) == pytest.approx(1000 + rate // 2, abs=rate / 48_000 + 0.01)
    assert resampler.next_output == 77 + 48_000


def test_a_tone_survives_resampling_in_odd_blocks() -> None:
    seconds = np.arange(44_100) / 44_100
    tone = np.sin(2 * np.pi * 997 * seconds).astype(np.float32)[:, None]
    resampler = Resampler(44_100, 1)
    random = np.random.default_rng(1)
    parts, start = [], 0
    while start < len(tone):
        size = int(random.integers(1, 700))
        parts.append(resampler.push(tone[start : start + size]))
        start += size
    out = np.concatenate(parts)[2000:46_000]
    expected = np.sin(2 * np.pi * 997 * np.arange(2000, 46_000)[: len(out)] / 48_000)
    np.testing.assert_allclose(out[:, 0], expected, atol=2e-4)


def test_the_capture_process_imports_no_more_than_it_needs() -> None:
    import subprocess

    modules = ", ".join(f"visualizer.audio.{name}" for name in ("capture", "device_capture", "file_capture"))
    code = f"import sys, {modules}; print([m for m in ('torch', 'soxr', 'PySide6') if m in sys.modules])"
    root = Path(__file__).resolve().parents[1]
    assert subprocess.check_output([sys.executable, "-c", code], cwd=root, text=True).strip() == "[]"
    assert DeviceCapture and Parent
