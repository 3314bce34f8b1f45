"""What is painted of a render is kept, taken up again, and never mistaken for something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engines.state import State, number
from visualizer.output.recorder import RecordingError
from visualizer.unfinished import part as part_module
from visualizer.unfinished.chunks import packed, unpacked
from visualizer.unfinished.part import Part, UnfinishedError


@pytest.fixture(autouse=True)
def never_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_module, "KEEP_S", 1e9)


def pictures(count: int, size: tuple[int, int] = (64, 128), seed: int = 0) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, *size, 3), dtype=np.uint8))


def state(at: int) -> State:
    return {"latent": torch.full((1, 4, 2, 2), float(at)), "time": number(at / 24)}


def fill(part: Part, frames: list[np.ndarray], every: int) -> None:
    for place, frame in enumerate(frames, part.count + 1):
        part.keep(frame, state(place))
        if place % every == 0:
            part.commit()


@pytest.mark.parametrize("size", [(64, 64), (192, 320)])
def test_a_chunk_loses_nothing(size: tuple[int, int]) -> None:
    frames = pictures(3, size) + [np.full((*size, 3), value, np.uint8) for value in (0, 1, 254, 255)]
    assert np.array_equal(list(unpacked(packed(frames))), frames)


def test_what_is_kept_is_taken_up_in_order_with_its_state(tmp_path: Path) -> None:
    frames, told = pictures(11), list[str]()
    part = Part(tmp_path / "a.mp4", "digest", told.append)
    assert part.count == 0 and not list(part.pictures())
    fill(part, frames, 4)
    part.video.write_bytes(b"half a video")
    killed = Part(tmp_path / "a.mp4", "digest", told.append)  # as after a kill: what was not written is gone
    assert killed.count == 8 and float(killed.state["latent"].mean()) == 8 and float(killed.state["time"]) == 8 / 24
    assert np.array_equal(list(killed.pictures()), frames[:8])
    assert not part.video.exists(), "half a video is no use"
    fill(killed, frames[8:10], 100)
    killed.leave()
    left = Part(tmp_path / "a.mp4", "digest", told.append)
    assert left.count == 10 and float(left.state["latent"].mean()) == 10
    assert np.array_equal(list(left.pictures()), frames[:10])
    left.video.write_bytes(b"the video")
    assert not left.finished
    left.finish()
    assert (tmp_path / "a.mp4").read_bytes() == b"the video" and left.finished
    again = Part(tmp_path / "a.mp4", "digest", told.append)
    assert again.finished and again.count == 0 and not Part(tmp_path / "a.mp4", "other").finished
    (tmp_path / "a.mp4").write_bytes(b"another video")
    assert not again.finished
    again.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"] and not told


@pytest.mark.parametrize("ending", ["mkv", "safetensors"])
@pytest.mark.parametrize("harm", ["torn", "changed", "empty", "gone"])
def test_a_torn_stretch_is_painted_again(ending: str, harm: str, tmp_path: Path) -> None:
    frames = pictures(9)
    part = Part(tmp_path / "a.mp4", "digest")
    fill(part, frames, 3)
    path = part.folder / f"0001.{ending}"
    content = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes({"torn": content[:-7], "changed": content[:-1] + b"\x99", "empty": b""}[harm])
    again = Part(tmp_path / "a.mp4", "digest")
    assert again.count == 3 and float(again.state["latent"].mean()) == 3
    fill(again, frames[3:], 3)
    assert np.array_equal(list(Part(tmp_path / "a.mp4", "digest").pictures()), frames)


def test_what_another_command_painted_is_not_used_and_not_lost(tmp_path: Path) -> None:
    frames, told = pictures(4), list[str]()
    fill(Part(tmp_path / "a.mp4", "one", told.append), frames, 2)
    other = Part(tmp_path / "a.mp4", "another", told.append)
    assert other.count == 0 and len(told) == 1 and "a.mp4.part" in told[0] and "not used" in told[0]
    other.leave()
    assert Part(tmp_path / "a.mp4", "one", told.append).count == 4 and len(told) == 1
    last = Part(tmp_path / "a.mp4", "another", told.append)
    last.video.write_bytes(b"the video")
    last.finish()
    last.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_what_is_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.mp4.part").mkdir()
    (tmp_path / "a.mp4.part" / "letter.txt").write_text("dear")
    (tmp_path / "b.mp4.part").write_text("a file")
    (tmp_path / "d.mp4").mkdir()
    for name, kind, words in (
        ("a.mp4", UnfinishedError, "a.mp4.part is in the way"), ("b.mp4", UnfinishedError, "b.mp4.part is in the way"),
        ("c.gif", RecordingError, "c.gif: give it a name"), ("no/such.mp4", RecordingError, "folder"),
        ("d.mp4", RecordingError, "it is a folder"),
    ):  # fmt: skip
        with pytest.raises(kind, match=words) as caught:
            Part(tmp_path / name, "digest")
        assert "\n" not in str(caught.value)
    assert (tmp_path / "a.mp4.part" / "letter.txt").read_text() == "dear"


def test_stretches_are_kept_by_time_and_by_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = Part(tmp_path / "a.mp4", "digest")
    monkeypatch.setattr(part_module, "KEEP_BYTES", 5 * 64 * 128 * 3)
    for place, frame in enumerate(pictures(6), 1):
        part.keep(frame, state(place))
        assert part.count == (6 if place == 6 else 0)
    monkeypatch.setattr(part_module, "KEEP_S", 0.0)
    part.keep(pictures(1)[0], state(7))
    assert part.count == 7
    part.keep(pictures(1)[0], {})  # a painter that keeps nothing has an empty state
    assert Part(tmp_path / "a.mp4", "digest").count == 8
