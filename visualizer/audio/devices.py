"""Sound inputs: what there is to listen to, and how a remembered name finds its device again.

PortAudio's indices change whenever a device comes or goes, so a device is remembered by host API and name. PortAudio
does not list what a Linux sound server (PulseAudio, PipeWire) can record, system sound among it; those sources are
asked of ``pactl`` and opened through the ALSA plug-in.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

MAX_CHANNELS = 2
"""Channels that capture keeps: the first two of a device that has more."""

PULSE = "PulseAudio"
PULSE_ALSA_NAMES = ("pulse", "pipewire", "default")
PULSE_TIMEOUT_S = 3.0

# One microphone appears under several Windows APIs; the first of these is taken unless the API is named.
HOST_API_ORDER = (PULSE, "ALSA", "JACK Audio Connection Kit", "Core Audio", "Windows WASAPI", "ASIO",
                  "Windows DirectSound", "MME", "Windows WDM-KS")  # fmt: skip

_LOOPBACK_WORDS = ("loopback", "monitor of", ".monitor", "stereo mix", "blackhole", "what u hear", "soundflower")


class DeviceError(RuntimeError):
    """No such input, or none that opens; the message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Device:
    """One sound input.

    name, hostapi: as the system calls them. channels: how many it has; capture keeps MAX_CHANNELS at most. rate: its
    own sample rate in Hz. is_loopback: it records what the computer plays. node: the sound server's own name of the
    source, empty for what PortAudio lists itself.
    """

    name: str
    hostapi: str
    channels: int
    rate: int
    is_loopback: bool
    node: str = ""

    @property
    def label(self) -> str:
        """The text to remember the device by; ``find_input`` takes it."""
        return f"{self.hostapi}: {self.name}"


def portaudio() -> Any:
    """The sounddevice module. Raises DeviceError where it, or PortAudio below it, is missing."""
    try:
        import sounddevice
    except OSError:
        how = "install it with: sudo apt-get install libportaudio2"
        if not sys.platform.startswith("linux"):
            how = "install it again with: pip install --force-reinstall sounddevice"
        raise DeviceError(f"PortAudio, which reads the sound input, is missing; {how}.") from None
    except Exception as error:
        if not isinstance(error, ImportError):  # PortAudio is initialised by the import
            raise DeviceError(f"PortAudio does not start ({error}); look at the sound system's set-up.") from None
        raise DeviceError("The package sounddevice is missing; install it with: pip install sounddevice.") from None
    return sounddevice


def list_inputs() -> list[Device]:
    """All inputs, those of the sound server first. Raises DeviceError where PortAudio is missing.

    PortAudio sees devices plugged in since it was loaded only after ``refresh``.
    """
    sd = portaudio()
    apis = [api["name"] for api in sd.query_hostapis()]
    found = [
        Device(
            info["name"],
            apis[info["hostapi"]],
            info["max_input_channels"],
            round(info["default_samplerate"]),
            _is_loopback(info["name"]),
        )
        for info in sd.query_devices()
        if info["max_input_channels"] > 0
    ]
    served = _pulse_sources() if _pulse_alsa_name(found) else []
    return served + found


def refresh() -> None:
    """Make PortAudio look again. All its streams in this process end, so only the capture process may do it live."""
    sd = portaudio()
    sd._terminate()
    sd._initialize()


def find_input(wanted: str = "", inputs: list[Device] | None = None) -> Device:
    """The input that ``wanted`` means: a label, a name, a part of one in any case, or an index of ``list_inputs``.

    Empty or "default" is the system's default input. Raises DeviceError with the nearest names where nothing, or more
    than one thing, fits.
    """
    devices = list_inputs() if inputs is None else inputs
    wanted = wanted.strip()
    if is_default(wanted):
        return _default_input(devices)
    if not devices:
        raise DeviceError(f"There is no sound input for {wanted!r}; plug one in or start the sound server.")
    for fits in (
        lambda device: wanted in (device.label, device.node),
        lambda device: wanted == device.name,
        lambda device: wanted.lower() in (device.label.lower(), device.name.lower(), device.node.lower()),
        lambda device: wanted.lower() in device.label.lower() or wanted.lower() in device.node.lower(),
    ):
        matches = sorted(filter(fits, devices), key=_api_order)
        names = {device.name for device in matches}
        # Windows' MME cuts names at 31 characters, so one name may begin another.
        if len(names) == 1 or (matches and all(matches[0].name.startswith(name[:31]) for name in names)):
            return matches[0]
        if matches:
            some = ", ".join(repr(device.label) for device in matches[:5])
            raise DeviceError(f"The sound input {wanted!r} may mean {some}; name one of them in full.")
    if wanted.isdecimal() and int(wanted) < len(devices):
        return devices[int(wanted)]
    by_text = {text.lower(): device.label for device in devices for text in (device.label, device.name, device.node)}
    near = difflib.get_close_matches(wanted.lower(), list(by_text), n=5, cutoff=0.4) or list(by_text)
    some = ", ".join(repr(label) for label in list(dict.fromkeys(by_text[text] for text in near if text))[:5])
    raise DeviceError(f"There is no sound input {wanted!r}; the nearest are {some}.")


def is_default(wanted: str) -> bool:
    """Whether ``wanted`` means the system's default input."""
    return wanted.strip().lower() in ("", "default")


def stream_settings(device: Device) -> dict[str, Any]:
    """What to hand to ``sounddevice.InputStream`` for ``device``: its index now, channels, rate in Hz, float32.

    Sets PULSE_SOURCE for a source of the sound server, which holds for the process. Raises DeviceError where the device
    is gone.
    """
    sd = portaudio()
    apis = [api["name"] for api in sd.query_hostapis()]
    name, hostapi = device.name, device.hostapi
    if device.node:
        os.environ["PULSE_SOURCE"] = device.node
        inputs = list_inputs()
        present = any(other.node == device.node for other in inputs)
        name, hostapi = _pulse_alsa_name(inputs) if present else "", "ALSA"
    indices = [
        index
        for index, info in enumerate(sd.query_devices())
        if info["name"] == name and apis[info["hostapi"]] == hostapi and info["max_input_channels"] > 0
    ]
    if not indices:
        raise DeviceError(f"The sound input {device.label!r} is gone; plug it in again or choose another.")
    rate = device.rate
    settings = {"device": indices[0], "channels": min(device.channels, MAX_CHANNELS), "dtype": "float32"}
    if hostapi == "ALSA" and not device.node and rate != 48_000:
        # PortAudio names 44.1 kHz for ALSA's own plug-ins, whatever is behind them.
        try:
            sd.check_input_settings(**settings, samplerate=48_000)
            rate = 48_000
        except sd.PortAudioError:
            pass
    return {**settings, "samplerate": rate}


def _default_input(devices: list[Device]) -> Device:
    sd = portaudio()
    try:
        info = sd.query_devices(kind="input")
    except (sd.PortAudioError, ValueError):
        raise DeviceError("There is no default sound input; plug one in or start the sound server.") from None
    hostapi = sd.query_hostapis(info["hostapi"])["name"]
    for device in devices:
        if device.name == info["name"] and device.hostapi == hostapi:
            return device
    raise DeviceError("There is no default sound input; choose one by name.")


def _api_order(device: Device) -> int:
    return HOST_API_ORDER.index(device.hostapi) if device.hostapi in HOST_API_ORDER else len(HOST_API_ORDER)


def _is_loopback(name: str) -> bool:
    return any(word in name.lower() for word in _LOOPBACK_WORDS)


def _pulse_alsa_name(devices: list[Device]) -> str:
    """The ALSA plug-in through which the sound server's sources are opened, or nothing."""
    names = {device.name for device in devices if device.hostapi == "ALSA"}
    return next((name for name in PULSE_ALSA_NAMES if name in names), "")


def _pulse_sources() -> list[Device]:
    """The sources of PulseAudio, or PipeWire in its guise; none where there is no server or no pactl."""
    if not sys.platform.startswith("linux") or not shutil.which("pactl"):
        return []
    try:
        answer = subprocess.run(
            ["pactl", "list", "sources"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PULSE_TIMEOUT_S,
            env={**os.environ, "LC_ALL": "C"},
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return parse_pulse_sources(answer)


def parse_pulse_sources(text: str) -> list[Device]:
    """The devices in the answer of ``pactl list sources`` (C locale)."""
    devices = []
    for part in re.split(r"^Source #", text, flags=re.MULTILINE)[1:]:
        node = re.search(r"^\s*Name: (.+)$", part, re.MULTILINE)
        name = re.search(r"^\s*Description: (.+)$", part, re.MULTILINE)
        form = re.search(r"^\s*Sample Specification: \S+ (\d+)ch (\d+)Hz$", part, re.MULTILINE)
        if node and form:
            title = name[1] if name else node[1]
            devices.append(Device(title, PULSE, int(form[1]), int(form[2]), node[1].endswith(".monitor"), node[1]))
    return devices
