"""A sound server of the tests' own: PulseAudio with one null sink, which the user's own sound never meets.

What is played into the sink comes out of its monitor, which is the default source, bit for bit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

RATE = 48_000
SINK = "viz"
INSTALL = "sudo apt-get install --no-install-recommends libportaudio2 libasound2-plugins pulseaudio pulseaudio-utils"


class SoundServer:
    """PulseAudio in a folder of its own. ``environment`` makes a process, and its PortAudio, use it and no other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "pulse.sock"
        alsa = folder / "alsa.conf"
        alsa.write_text("</usr/share/alsa/alsa.conf>\npcm.!default {type pulse}\nctl.!default {type pulse}\n")
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "ALSA_CONFIG_PATH": str(alsa),
            "PULSE_SERVER": f"unix:{self.socket}",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "pulseaudio.log"

    def start(self, seconds: float = 10) -> None:
        """Start it and wait until its monitor can be recorded; fails the test when that takes over ``seconds``."""
        self.socket.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--realtime=no"),
                    *("--high-priority=no", "--use-pid-file=no", "--disable-shm=yes"),
                    *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={self.socket}"),
                    # Without norewinds the first block comes more than a second late.
                    *("-L", f"module-null-sink sink_name={SINK} rate={RATE} channels=2 format=float32le norewinds=1"),
                ],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            if self.socket.exists() and self._pactl("set-default-source", f"{SINK}.monitor") == 0:
                return
            time.sleep(0.05)
        self.stop()
        pytest.fail(f"pulseaudio did not start within {seconds} s:\n{self._log.read_text()}")

    def _pactl(self, *arguments: str) -> int:
        return subprocess.run(["pactl", *arguments], env=self.environment, capture_output=True, timeout=10).returncode

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    stop = kill

    def play(self, sound: npt.NDArray[np.float32], rate: int = RATE) -> Player:
        """Play float32 samples of shape (frames, channels) into the sink; returns the player, which ends by itself."""
        return Player(self, sound, rate)


class Player:
    """One paplay. Two seconds are queued ahead; where a busy machine starves it all the same, the sink plays silence
    in between, and the player says so."""

    def __init__(self, server: SoundServer, sound: npt.NDArray[np.float32], rate: int) -> None:
        stem = f"play{time.perf_counter_ns()}"
        path = server.folder / f"{stem}.raw"
        sound.astype("<f4").tofile(path)
        self._log = server.folder / f"{stem}.log"
        form = ["--raw", "--format=float32le", f"--rate={rate}", f"--channels={sound.shape[1]}", "--latency-msec=2000"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["paplay", "--verbose", *form, f"--device={SINK}", str(path)], env=server.environment, stderr=log
            )

    def playing(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> None:
        """Wait for its end; raises TimeoutExpired after ``seconds``."""
        self._process.wait(seconds)

    def starved(self) -> bool:
        """Whether the player reports that it came too late with its sound."""
        return "underrun" in self._log.read_text(errors="replace").lower()


@pytest.fixture
def sound_server(tmp_path: Path) -> Iterator[SoundServer]:
    """A running sound server; the test's own environment variables are left as they are."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the sound server of the tests is PulseAudio, which runs on Linux only")
    missing = [name for name in ("pulseaudio", "paplay", "pactl") if not shutil.which(name)]
    if missing:
        pytest.fail(f"{', '.join(missing)} missing; install with: {INSTALL}")
    server = SoundServer(tmp_path)
    server.start()
    try:
        yield server
    finally:
        server.stop()
