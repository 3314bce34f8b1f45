"""Outputs to other programs: the worker they share, their switches, and what each makes of a picture."""

from __future__ import annotations

import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from visualizer.output.camera import MAKE_A_DEVICE, CameraPort
from visualizer.output.pixels import fitted, rgba
from visualizer.output.port import HOLD_SAMPLES, MOST_SAMPLES, Port, PortError, PortSink
from visualizer.output.shares import Share, shares
from visualizer.output.sink import Sink
from visualizer.output.spout import SpoutPort
from visualizer.output.syphon import SyphonPort
from visualizer.snapshots import Frame

COLOURS = np.array([[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (200, 120, 60)]], np.uint8)


def frame(number: int, sample: int = 0) -> Frame:
    return Frame(np.full((4, 6, 3), number, np.uint8), sample, number)


def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.perf_counter() + seconds
    while not true():
        assert time.perf_counter() < end, "it has not happened in time"
        time.sleep(0.002)


class Kept:
    """A port that keeps what it is given, in ``log``; each step goes on when its gate is open."""

    name = "The keeper"
    takes_sound = True

    def __init__(self, failure: Exception | None = None) -> None:
        self.log: list[tuple[str, int]] = []
        self.opening, self.sending = threading.Event(), threading.Event()
        self.opening.set()
        self.sending.set()
        self.failure = failure
        self.threads: set[str] = set()

    def _note(self, what: str, value: int, gate: threading.Event) -> None:
        self.log.append((what, value))
        self.threads.add(threading.current_thread().name)
        assert gate.wait(10)

    def open(self) -> str:
        self._note("open", 0, self.opening)
        if self.failure is not None:
            raise self.failure
        return "here"

    def picture(self, picture: np.ndarray) -> None:
        self._note("picture", int(picture[0, 0, 0]), self.sending)

    def sound(self, block: np.ndarray) -> None:
        self._note("sound", int(block[0, 0]), self.sending)

    def close(self) -> None:
        self._note("close", 0, self.sending)


def test_the_newest_picture_wins_and_nobody_waits() -> None:
    """While the port is busy with one picture, of all others only the last is sent; all on one thread of its own."""
    port = Kept()
    port.sending.clear()
    sink = PortSink(port)
    until(lambda: sink.state == "open")
    sink.frame(frame(1))
    until(lambda: ("picture", 1) in port.log)
    begun = time.perf_counter()
    for number in range(2, 51):
        sink.frame(frame(number))
    assert time.perf_counter() - begun < 0.1
    port.sending.set()
    until(lambda: sink.sent == 2)
    sink.close()
    assert port.log == [("open", 0), ("picture", 1), ("picture", 50), ("close", 0)]
    assert sink.dropped == 48 and sink.state == "closed" and sink.error is None
    assert port.threads == {"output The keeper"}


def test_sound_leaves_with_the_picture_it_shaped() -> None:
    """Sound that a picture has not heard yet waits for the next."""
    port = Kept()
    sink = PortSink(port)
    until(lambda: sink.state == "open")
    for number in range(4):
        sink.sound(np.full((480, 2), number, np.float32), 480 * number)
    time.sleep(0.05)
    assert len(port.log) == 1
    sink.frame(frame(7, 960))
    until(lambda: sink.sent == 1)
    sink.frame(frame(8, 1920))
    until(lambda: sink.sent == 2)
    sink.close()
    expected = [("sound", 0), ("sound", 1), ("picture", 7), ("sound", 2), ("sound", 3), ("picture", 8)]
    assert port.log == [("open", 0), *expected, ("close", 0)]


def test_sound_goes_on_without_pictures() -> None:
    """Where no picture comes, sound waits a quarter of a second and not for ever."""
    port = Kept()
    sink = PortSink(port)
    until(lambda: sink.state == "open")
    blocks = HOLD_SAMPLES // 480 + 10
    for number in range(blocks):
        sink.sound(np.full((480, 2), number, np.float32), 480 * number)
    until(lambda: len(port.log) == 11)
    time.sleep(0.05)
    sink.close()
    assert port.log[1:-1] == [("sound", number) for number in range(10)]


def test_a_port_that_hangs_holds_nobody_up_and_no_memory() -> None:
    """Sound beyond a second is left out and counted; closing gives up waiting."""
    port = Kept()
    port.sending.clear()
    sink = PortSink(port)
    until(lambda: sink.state == "open")
    sink.frame(frame(1, 10**9))
    until(lambda: ("picture", 1) in port.log)
    for number in range(3 * MOST_SAMPLES // 4800):
        sink.sound(np.zeros((4800, 2), np.float32), 4800 * number)
    assert sink.lost_samples == 2 * MOST_SAMPLES
    sink.end()
    assert not sink.wait(0.05)
    port.sending.set()
    assert sink.wait()


@pytest.mark.parametrize("failure", [PortError("There is no such thing: make one."), OSError("it\nbroke")])
def test_a_failure_is_one_sentence(failure: Exception) -> None:
    """A library's many lines become one; the show goes on handing over, to nobody."""
    sink = PortSink(Kept(failure))
    assert sink.wait(5) and sink.state == "failed"
    assert sink.error is not None and "\n" not in sink.error
    assert sink.error == str(failure) or sink.error == "The keeper has stopped (it broke): switch it off and on again."
    sink.frame(frame(1))
    sink.sound(np.zeros((480, 2), np.float32), 0)
    sink.close()


class Show:
    """The two doors of a show."""

    def __init__(self) -> None:
        self.sinks: list[Sink] = []

    def share(self, port: Callable[[], Port], why_not: str = "") -> Share:
        return Share("The keeper", why_not, port, self.sinks.append, self.sinks.remove)


def test_a_switch_never_waits() -> None:
    """Opening and closing take their time elsewhere, and the state tells; the next one opens when the last has let go."""
    show, ports = Show(), [Kept(), Kept()]
    for port in ports:
        port.opening.clear()
    left = iter(ports)
    share = show.share(lambda: next(left))
    assert share.state == "off" and not share.running and share.available
    begun = time.perf_counter()
    share.start()
    share.start()
    assert time.perf_counter() - begun < 0.1
    assert share.state == "opening" and share.running and len(show.sinks) == 1 and share.where == ""
    ports[0].opening.set()
    until(lambda: share.state == "on")
    assert share.where == "here"
    ports[0].sending.clear()
    share.stop()
    assert share.state == "closing" and not share.running and show.sinks == []
    share.start()
    time.sleep(0.05)
    assert share.state == "opening" and ports[1].log == []  # not before the first has closed
    ports[0].sending.set()
    ports[1].opening.set()
    until(lambda: share.state == "on")
    assert ports[0].log[-1] == ("close", 0)
    share.stop()
    until(lambda: share.state == "off")
    assert show.sinks == []


def test_a_failed_share_says_why_and_can_be_started_again() -> None:
    """Until then it is not running; a new start forgets the old failure."""
    show, left = Show(), iter([Kept(PortError("Plug it in.")), Kept()])
    share = show.share(lambda: next(left))
    share.start()
    until(lambda: share.state == "failed")
    assert share.error == "Plug it in." and not share.running
    share.start()
    until(lambda: share.state == "on")
    assert share.error is None and len(show.sinks) == 1
    share.stop()
    until(lambda: share.state == "off")


def test_a_share_that_cannot_be_had_does_not_start() -> None:
    """It adds nothing to the show."""
    show = Show()
    share = show.share(Kept, "It is for another system.")
    share.start()
    assert not share.available and share.state == "off" and show.sinks == []


@pytest.mark.parametrize(
    ("system", "spout", "syphon"), [("Linux", False, False), ("Windows", True, False), ("Darwin", False, True)]
)
def test_each_system_has_its_own(monkeypatch: pytest.MonkeyPatch, system: str, spout: bool, syphon: bool) -> None:
    """The others are listed with the reason; a package that is missing with the command that adds it."""
    monkeypatch.setattr(platform, "system", lambda: system)
    for package in ("cyndilib", "pyvirtualcam", "SpoutGL", "syphon"):
        monkeypatch.setitem(sys.modules, package, None)
    listed = {share.name: share.why_not for share in shares(list().append, list().remove, (256, 256), 24)}
    assert list(listed) == ["NDI", "Virtual camera", "Spout", "Syphon"]
    assert 'pip install "tpos-live[ndi]"' in listed["NDI"] and 'pip install "tpos-live[camera]"' in listed["Virtual camera"]
    assert (listed["Spout"] == "Spout is for Windows.") == (not spout)
    assert ('"tpos-live[spout]"' in listed["Spout"]) == spout
    assert (listed["Syphon"] == "Syphon is for macOS.") == (not syphon)
    assert ('"tpos-live[syphon]"' in listed["Syphon"]) == syphon


def test_listing_imports_nothing() -> None:
    """The window asks at its start; a GPL package and NDI's library are loaded only when they are wanted."""
    code = (
        "import sys; from visualizer.output.shares import shares; "
        "names = [s.name for s in shares(print, print, (256, 256), 24)]; "
        "assert len(names) == 4 and not {'cyndilib', 'pyvirtualcam', 'SpoutGL', 'syphon', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pixels_keep_colours_and_proportions() -> None:
    """Alpha is opaque; a picture fits into another size with black beside or above it."""
    with_alpha = rgba(COLOURS)
    np.testing.assert_array_equal(with_alpha[..., :3], COLOURS)
    assert (with_alpha[..., 3] == 255).all() and rgba(COLOURS, with_alpha) is with_alpha
    square = np.full((64, 64, 3), (200, 120, 60), np.uint8)
    wide = fitted(square, (320, 180))
    assert wide.shape == (180, 320, 3) and (wide[:, 70:250] == (200, 120, 60)).all()
    assert not wide[:, :70].any() and not wide[:, 250:].any()
    tall = fitted(square, (90, 160), np.full((160, 90, 3), 9, np.uint8))
    assert (tall[35:125] == (200, 120, 60)).all() and not tall[:35].any() and not tall[125:].any()
    assert fitted(square, (64, 64)) is square


# The virtual camera


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """pyvirtualcam itself, with a device in memory; the frames that the device got."""
    pyvirtualcam = pytest.importorskip("pyvirtualcam")
    got: list[np.ndarray] = []

    class Memory:
        def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None) -> None:
            self.shape = (height, width, 3)

        def send(self, pixels: np.ndarray) -> None:
            got.append(pixels.reshape(self.shape).copy())

        def device(self) -> str:
            return "memory"

        def native_fourcc(self) -> None:
            return None

        def close(self) -> None:
            got.append(np.zeros(0, np.uint8))

    monkeypatch.setattr(pyvirtualcam.camera, "BACKENDS", {"memory": Memory})
    return got


def test_the_camera_gets_the_picture_with_its_proportions(camera: list[np.ndarray]) -> None:
    """A square fills a camera's height, upright, RGB; the size of the picture may change."""
    sink = PortSink(CameraPort((320, 180), 24))
    for number, side in enumerate((2, 90), 1):
        picture = np.repeat(np.repeat(COLOURS, side, 0), side, 1)
        sink.frame(Frame(picture, 0, number))
        until(lambda: sink.sent == number)  # noqa: B023
    assert sink.where == "memory"
    sink.close()
    assert sink.error is None and len(camera) == 3 and camera[-1].size == 0  # and it was closed
    for whole in camera[:2]:
        np.testing.assert_array_equal(whole[[20, 20, 160, 160], [80, 239, 80, 239]], COLOURS.reshape(4, 3))
        assert not whole[:, :70].any() and not whole[:, 250:].any()


@pytest.mark.skipif(platform.system() != "Linux", reason="asks for the device by its Linux name")
def test_where_there_is_no_camera_one_sentence_says_what_to_do() -> None:
    """By pyvirtualcam's own words, and the command that makes a device."""
    pytest.importorskip("pyvirtualcam")
    sink = PortSink(CameraPort((320, 180), 24, "/dev/video250"))
    assert sink.wait(5)
    assert sink.error and "sudo modprobe v4l2loopback" in sink.error and "\n" not in sink.error


def test_every_system_is_told_how_to_get_a_camera() -> None:
    """And an odd size, which cameras do not have, is refused."""
    assert set(MAKE_A_DEVICE) == {"Linux", "Windows", "Darwin"}
    assert "OBS" in MAKE_A_DEVICE["Windows"] and "OBS" in MAKE_A_DEVICE["Darwin"]
    with pytest.raises(PortError, match="321 × 180"):
        CameraPort((321, 180), 24).open()


# Spout and Syphon, whose systems are not at hand: they refuse elsewhere, and their calls are held against the signatures of
# the libraries' own bindings.


@pytest.mark.parametrize(("port", "system"), [(SpoutPort, "Windows"), (SyphonPort, "macOS")])
def test_elsewhere_they_refuse_in_one_sentence(
    port: Callable[[], Any], system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is imported."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    sink = PortSink(port())
    assert sink.wait(5) and sink.error == f"{port.name} is for {system}."


def test_spout_is_called_as_its_binding_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """sendImage(buffer, width, height, format, invert, host FBO), by position, on the thread that has the context."""
    calls: list[tuple[Any, ...]] = []

    class SpoutSender:
        def createOpenGL(self) -> bool:
            calls.append(("context", threading.current_thread().name))
            return True

        def closeOpenGL(self) -> bool:
            calls.append(("context closed", threading.current_thread().name))
            return True

        def setSenderName(self, name: str, /) -> None:
            calls.append(("name", name))

        def sendImage(self, pixels: Any, width: int, height: int, gl: int, invert: bool, fbo: int, /) -> bool:
            seen = np.frombuffer(memoryview(pixels).cast("B"), np.uint8).reshape(height, width, 4).copy()
            calls.append(("image", seen, gl, invert, fbo))
            return True

        def setFrameSync(self, name: str, /) -> None:
            calls.append(("sync", name))

        def releaseSender(self) -> None:
            calls.append(("released",))

    binding = ModuleType("SpoutGL")
    binding.SpoutSender, binding.enums = SpoutSender, SimpleNamespace(GL_RGBA=0x1908)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "SpoutGL", binding)
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    sink = PortSink(SpoutPort())
    sink.frame(Frame(np.repeat(COLOURS, 3, 1), 0, 1))
    until(lambda: sink.sent == 1)
    sink.close()
    assert sink.error is None
    assert [call[0] for call in calls] == ["context", "name", "image", "sync", "released", "context closed"]
    _, seen, gl, invert, fbo = calls[2]
    assert (gl, invert, fbo) == (0x1908, False, 0) and calls[0][1] == calls[-1][1] == "output Spout"
    np.testing.assert_array_equal(seen, rgba(np.repeat(COLOURS, 3, 1)))


def test_syphon_is_called_as_its_wrapper_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A texture of the picture's size for as long as it has this size, published the right way up."""
    made: list[tuple[int, int]] = []
    published: list[tuple[tuple[int, int], np.ndarray]] = []
    copied: dict[tuple[int, int], np.ndarray] = {}
    stopped: list[bool] = []

    class SyphonMetalServer:
        device = "card"

        def __init__(self, name: str) -> None:
            self.name = name

        def publish_frame_texture(self, texture: tuple[int, int], *, is_flipped: bool) -> None:
            assert is_flipped
            published.append((texture, copied[texture]))

        def stop(self) -> None:
            stopped.append(True)

    def create(device: str, width: int, height: int) -> tuple[int, int]:
        made.append((width, height))
        return made[-1]

    def copy(image: np.ndarray, texture: tuple[int, int]) -> None:
        assert image.shape == (texture[1], texture[0], 4)
        copied[texture] = image.copy()

    for name, content in {
        "objc": {"autorelease_pool": nullcontext},
        "syphon": {"SyphonMetalServer": SyphonMetalServer},
        "syphon.utils": {},
        "syphon.utils.numpy": {"copy_image_to_mtl_texture": copy},
        "syphon.utils.raw": {"create_mtl_texture": create},
    }.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    sink = PortSink(SyphonPort())
    for number, picture in enumerate((COLOURS, COLOURS, np.repeat(COLOURS, 3, 1)), 1):
        sink.frame(Frame(picture, 0, number))
        until(lambda: sink.sent == number or sink.error is not None)  # noqa: B023
    sink.close()
    assert sink.error is None and made == [(2, 2), (6, 2)] and stopped
    np.testing.assert_array_equal(published[-1][1], rgba(np.repeat(COLOURS, 3, 1)))
