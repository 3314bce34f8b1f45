"""What is painted over: files by time, sources that are lost and come back, and a render and a show that follow a video."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import soundfile
from moving_pictures import LAP_S, disc, likeness, write_video

from visualizer.__main__ import main
from visualizer.batch import Batch, BatchError, Method
from visualizer.offline import RenderSettings
from visualizer.painters import LivePainter
from visualizer.picture_source.box import STALE_S, Sight
from visualizer.picture_source.camera import number_of
from visualizer.picture_source.errors import PictureError
from visualizer.picture_source.fitting import fitted, to_size
from visualizer.picture_source.opening import check, open_file
from visualizer.picture_source.process import RETRY_S
from visualizer.picture_source.source import HUNG_S, PictureSource
from visualizer.preset import find_preset
from visualizer.show import LiveShow, ShowSettings
from visualizer.snapshots import SAMPLE_RATE, Picture
from visualizer.unfinished import part as part_module

FPS = 24
SIZE = (64, 64)
GREYS = [np.full((64, 64, 3), 12 * number, np.uint8) for number in range(20)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One lap of the disc."""
    pictures = [disc(number / FPS) for number in range(int(LAP_S * FPS))]
    return write_video(tmp_path_factory.mktemp("videos") / "disc.mp4", pictures, FPS)


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty pictures, each a grey of its own: 0, 12, 24 …"""
    return write_video(tmp_path_factory.mktemp("videos") / "counting.mp4", GREYS, FPS)


def _number(picture: Picture) -> int:
    return round(float(picture.mean()) / 12)


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    begun = time.perf_counter()
    while not true():
        assert time.perf_counter() - begun < seconds, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)


def test_every_time_has_its_picture_and_the_video_begins_anew(counting: Path) -> None:
    file = open_file(str(counting), to_size(SIZE))
    asked = [0, 0, 1, 2, 5, 6, 19, 20, 21, 39, 40, 47, 60, 119, 123, 3, 2]
    assert [_number(file.at(number / FPS)) for number in asked] == [number % 20 for number in asked]
    assert _number(file.at((7 + 0.5) / FPS)) == 7
    assert file.at(7.6 / FPS) is file.at(7.9 / FPS), "the very array as long as it is shown"
    fresh = open_file(str(counting), to_size(SIZE))
    assert np.array_equal(fresh.at(65 / FPS), file.at(65 / FPS)), "what was asked for before does not count"


def test_times_in_whole_milliseconds_are_understood(tmp_path: Path) -> None:
    file = open_file(str(write_video(tmp_path / "counting.mkv", GREYS, FPS)), to_size(SIZE))
    assert [_number(file.at(number / FPS)) for number in range(20)] == list(range(20))


def test_frames_count_by_their_times_not_their_number(tmp_path: Path) -> None:
    path = tmp_path / "uneven.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, at in enumerate((500, 600, 1500)):  # the first half second has none
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 60 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    file = open_file(str(path), to_size(SIZE))
    assert [round(float(file.at(at).mean()) / 60) for at in (0.0, 0.09, 0.1, 0.99, 1.0)] == [0, 0, 1, 1, 2]


def test_the_middle_is_taken_and_shrunk_without_shimmering() -> None:
    wide = np.zeros((90, 300, 3), np.uint8)
    wide[:, 105:195] = 200
    assert fitted(wide, (60, 60)).shape == (60, 60, 3) and fitted(wide, (60, 60)).min() == 200
    assert fitted(wide.transpose(1, 0, 2).copy(), (64, 64)).min() == 200
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.ptp(fitted(stripes, (64, 64))) == 0, "averaged, not picked"
    assert fitted(np.zeros((10, 7, 3), np.uint8), (128, 64)).shape == (64, 128, 3)


def test_pictures_are_turned_as_the_camera_was_held(tmp_path: Path, video: Path) -> None:
    """A track's matrix, as telephones write it, that turns clockwise."""
    content, matrix = bytearray(video.read_bytes()), struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    place = content.index(b"tkhd") + 4 + 40
    content[place : place + len(matrix)] = matrix
    (tmp_path / "turned.mp4").write_bytes(content)
    usual, upright = (open_file(str(path), to_size(SIZE)).at(0.3) for path in (video, tmp_path / "turned.mp4"))
    assert likeness([upright], [np.rot90(usual, -1)]) > 0.98 > 0.9 > likeness([upright], [np.rot90(usual)])


def test_a_still_picture_is_a_source(tmp_path: Path) -> None:
    path = tmp_path / "größe.png"
    cv2.imencode(".png", disc(0.2, 100)[..., ::-1])[1].tofile(path)
    file = open_file(str(path), to_size(SIZE))
    assert file.at(0.0) is file.at(99.0)
    assert np.abs(file.at(0.0).astype(int) - fitted(disc(0.2, 100), SIZE)).max() <= 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("nothing.mp4", None, "there is no file"), ("text.mp4", b"hello", "no video that can be read"),
     ("torn.png", b"\x89PNG\r\n", "no picture that can be read"), ("empty.mkv", b"", "no video that can be read"),
     ("folder", None, "is a folder"), ("sound.wav", None, "no moving picture")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_one_sentence(name: str, content: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name == "sound.wav":
        soundfile.write(path, np.zeros((4800, 2)), SAMPLE_RATE)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(PictureError, match=said) as caught:
        check(str(path))
    assert "\n" not in str(caught.value)


def test_cameras_have_names() -> None:
    assert [number_of(name) for name in ("camera:", "camera:0", "camera:12", "camera:/dev/video3")] == [0, 0, 12, 3]
    for wrong in ("camera:front", "camera:/dev/sda", "camera:-1", "camera:/dev/video"):
        with pytest.raises(PictureError, match="no camera here"):
            check(wrong)


@contextmanager
def looking(folder: Path, source: str) -> Iterator[tuple[PictureSource, Sight, Callable[[], list[str]]]]:
    """A source with its sight, and a function that gives all it has told so far."""
    found, told = PictureSource(folder), list[str]()
    sight = Sight(folder, SIZE)
    found.switch(source)
    try:
        yield found, sight, lambda: (told.extend(found.poll()), told)[1]
    finally:
        found.stop()
        sight.close()


def test_a_source_that_goes_is_told_once_and_taken_up_when_it_is_back(counting: Path, tmp_path: Path) -> None:
    """A file of less than a second that is removed: its next lap finds it gone."""
    path = tmp_path / "coming.mp4"
    shutil.copyfile(counting, path)
    with looking(tmp_path, str(path)) as (found, sight, told):
        wait_until(lambda: not told() and sight.picture() is not None, 15, "a picture")
        wait_until(lambda: not told() and found.status.state == "running", 1, "its being told")
        numbers = set[int]()
        wait_until(lambda: numbers.add(_number(sight.picture())) or len(numbers) > 10, 3, "pictures in their time")  # type: ignore[arg-type, func-returns-value]
        path.rename(tmp_path / "gone.mp4")
        wait_until(lambda: bool(told()) and sight.picture() is None, 4, "the loss")
        assert found.status.state == "lost"
        time.sleep(RETRY_S * 1.3)
        (sentence,) = told()
        assert sentence.startswith(f"There is no file {path}") and "every 2 s" in sentence and "\n" not in sentence
        (tmp_path / "gone.mp4").rename(path)
        wait_until(lambda: sight.picture() is not None, RETRY_S + 2, "the pictures")
        wait_until(lambda: len(told()) == 1 and found.status.state == "running", 1, "its being told")


def test_a_camera_that_is_not_there_is_told_and_another_source_is_taken(video: Path, tmp_path: Path) -> None:
    with looking(tmp_path, "camera:77") as (found, sight, told):
        wait_until(lambda: bool(told()), 20, "a sentence")
        assert told()[0].startswith("There is no camera 77") and sight.picture() is None
        assert found.status.state == "lost" and found.pid is not None
        found.switch(str(video))
        wait_until(lambda: not told()[1:] and sight.picture() is not None, 15, "a picture")
        found.switch("")
        assert sight.picture() is None and found.pid is None and found.status.state == "none"


@pytest.mark.skipif(sys.platform == "win32", reason="no signal stops a process there")
@pytest.mark.parametrize("how", ["SIGSTOP", "SIGKILL"])
def test_what_hangs_or_dies_is_replaced_and_seen_no_more_meanwhile(how: str, video: Path, tmp_path: Path) -> None:
    with looking(tmp_path, str(video)) as (found, sight, told):
        wait_until(lambda: not told() and sight.picture() is not None and found.status.state == "running", 15, "a picture")
        first = found.pid
        assert first is not None
        os.kill(first, getattr(signal, how))
        wait_until(lambda: sight.picture() is None, STALE_S + 1, "nothing to be seen")
        wait_until(lambda: bool(told()), HUNG_S + 1, "a sentence")
        wait_until(lambda: not told()[1:] and sight.picture() is not None, RETRY_S + 10, "the pictures")
        assert found.pid != first


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of soft noise."""
    path = tmp_path_factory.mktemp("sounds") / "quiet.wav"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.01, (2 * SAMPLE_RATE, 2)), SAMPLE_RATE)
    return path


@pytest.fixture(scope="module")
def settings(embedded: Path, engine_cache: Path, video: Path) -> RenderSettings:
    return RenderSettings(find_preset("nebula"), embedded, (256, 256), FPS, engine_cache, picture=str(video))


def _frames(path: Path) -> list[Picture]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_render_follows_its_video_is_exact_twice_and_goes_on_where_it_was_interrupted(
    settings: RenderSettings, quiet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def batch() -> Batch:
        return Batch(settings, Method(), 0.0, lambda remark: None)

    batch().run([quiet], tmp_path / "once.mp4")
    once = _frames(tmp_path / "once.mp4")
    shown = [disc(number / FPS) for number in range(len(once))]
    late, middle = once[8:], shown[8:]
    true, shuffled = likeness(late, middle), likeness(late, middle[24:] + middle[:24])
    assert true > 0.7 and true > shuffled + 0.4, (true, shuffled)
    monkeypatch.setattr(part_module, "KEEP_S", 0.1)
    painted, paint = 0, LivePainter.paint

    def interrupted(*arguments: object) -> Picture:
        nonlocal painted
        painted += 1
        if painted == 25:
            raise KeyboardInterrupt
        return paint(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(LivePainter, "paint", interrupted)
    with pytest.raises(KeyboardInterrupt):
        batch().run([quiet], tmp_path / "twice.mp4")
    batch().run([quiet], tmp_path / "twice.mp4")
    assert painted < 25 + 40, "what was painted before was painted again"
    assert np.array_equal(_frames(tmp_path / "twice.mp4"), once)


@pytest.mark.parametrize("command", [["--headless"], ["render", "{quiet}", "{out}"]])
def test_the_command_line_says_what_is_wrong_before_it_begins(
    command: list[str], quiet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.format(quiet=quiet, out=tmp_path / "out.mp4") for word in command]
    for source, said in ((str(tmp_path / "no.mp4"), "there is no file"), (str(quiet), "no moving picture")):
        monkeypatch.setattr(sys, "argv", ["visualizer", *words, "--picture", source])
        assert main() == 2
        told = capsys.readouterr().err
        assert told.startswith("visualizer: ") and said in told and len(told.splitlines()) == 1
    assert not (tmp_path / "out.mp4").exists()


def test_no_render_has_a_camera_and_the_published_method_no_picture(
    settings: RenderSettings, quiet: Path, tmp_path: Path
) -> None:
    with pytest.raises(PictureError, match="record it"):
        Batch(replace(settings, picture="camera:"), Method(), 0.0, print).run([quiet], tmp_path / "a.mp4")
    from engines.tpos import Published

    with pytest.raises(BatchError, match="--picture"):
        Batch(replace(settings, encoder=Path()), Method(published=Published()), 0.0, print)


def test_a_show_follows_a_video_that_comes_while_it_runs(
    settings: RenderSettings, quiet: Path, video: Path, tmp_path: Path
) -> None:
    show = LiveShow(ShowSettings(f"file:{quiet}", settings.preset, settings.model, settings.size, 24.0, settings.cache))

    sight = Sight(show._folder, settings.size)

    def likeness_to_video() -> float:
        picture, frame = sight.picture(), show.latest
        return 0.0 if frame is None or picture is None else likeness([frame.picture], [picture])

    show.start()
    try:
        wait_until(lambda: show.latest is not None, 90, "the first picture")
        with pytest.raises(PictureError, match="no file"):
            show.set_picture_source(str(tmp_path / "nothing.mp4"))
        assert not show.renderer.settings.sees
        show.set_picture_source(str(video))
        wait_until(lambda: show.renderer.settings.sees, 150, f"networks that see ({show.status.messages})")
        wait_until(lambda: likeness_to_video() > 0.6, 30, "a picture that follows")
        assert show.picture_source.status.state == "running"
        painted, shown = list[Picture](), list[Picture]()
        for _ in range(60):  # most of a lap
            time.sleep(0.05)
            picture, frame = sight.picture(), show.latest
            assert picture is not None and frame is not None
            painted.append(frame.picture)
            shown.append(picture)
        true, shuffled = likeness(painted, shown), likeness(painted, shown[30:] + shown[:30])
        assert true > shuffled + 0.2, (true, shuffled, show.status.fps)
        show.set("source/amount", 0.0)
        wait_until(lambda: likeness_to_video() < 0.35, 20, "a picture of its own")
        show.set("source/amount", 0.8)
        show.set_picture_source("")
        wait_until(lambda: show.picture_source.status.state == "none", 5, "no source")
        number = show.status.frames
        wait_until(lambda: show.status.frames > number + 24, 10, "pictures that go on by themselves")
        assert show.failure is None
    finally:
        sight.close()
        show.stop()
