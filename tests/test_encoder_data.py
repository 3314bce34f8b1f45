"""Sounds to learn from: files, manifests, classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_encoder import MEL, tone

from visualizer.analysis.analyzer import LOUDEST
from visualizer.encoder.data import ClipError, MelCache, Skipped, read_clip
from visualizer.encoder.files import put_in_place
from visualizer.encoder.manifest import Clip, ManifestError, read_manifest, read_wordings

pytestmark = pytest.mark.usefixtures("one_thread")


def test_bad_sound_files_are_one_sentence_each_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = tone(tmp_path / "good.wav", 500)
    (tmp_path / "corrupt.wav").write_bytes(b"RIFF not really")
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    tone(tmp_path / "low.wav", 500, rate=8000)
    tone(tmp_path / "eight.wav", 500, channels=8)
    broken, rate = soundfile.read(good, dtype="float32")
    broken[100] = np.nan
    soundfile.write(tmp_path / "nan.wav", broken, rate, subtype="FLOAT")
    huge = np.full(16_000, 1e30, np.float32)
    soundfile.write(tmp_path / "huge.wav", huge, 16_000, subtype="FLOAT")
    assert np.abs(read_clip(Clip(tmp_path / "huge.wav", "a bang"))[0]).max() == LOUDEST, "cut as in the show"
    tone(tmp_path / "short.wav", 500, seconds=0.05)
    tone(tmp_path / "click.wav", 500, seconds=0.1)
    names = {
        "corrupt": "not a sound file", "silent": "silent", "low": "8000 Hz", "eight": "8 channels", "nan": "not numbers",
        "short": "only", "missing": "no sound file",
    }  # fmt: skip
    skipped = Skipped()
    cache = MelCache(tmp_path / "mels", MEL)
    assert len(cache.mel(Clip(tmp_path / "click.wav", "a click"))) == 10, "a tenth of a second is enough"
    clips = [Clip(tmp_path / f"{name}.wav", "a tone") for name in ("good", *names)]
    found = cache.mels([*clips, Clip(good, "a tone", start=5.0)], skipped)
    assert [clip.path.stem for clip, _ in found] == ["good"]
    mel = found[0][1].read()
    assert mel.shape == (100, 16) and len(found[0][1]) == 100
    assert np.array_equal(found[0][1].read(40, 9), mel[40:49]) and found[0][1].read(95, 20).shape == (5, 16)
    assert len(skipped.reasons) == len(names) + 1
    for (name, words), reason in zip(names.items(), skipped.reasons, strict=False):
        assert name in reason and words in reason and "\n" not in reason
    assert "before its clip begins" in skipped.reasons[-1]
    assert len(capsys.readouterr().err.strip().splitlines()) == len(names) + 1
    for content in (b"broken off", found[0][1].path.read_bytes()[:-50]):
        found[0][1].path.write_bytes(content)
        assert np.array_equal(cache.mel(clips[0]).read(), mel)
    assert not list((tmp_path / "mels").rglob("*.part"))
    cache.mels([*clips], silent := Skipped(speaks=False))
    assert len(silent.reasons) == len(names) and not capsys.readouterr().err
    with pytest.raises(ClipError):
        read_clip(clips[2])


def test_manifests(tmp_path: Path) -> None:
    rows = tmp_path / "a.csv"
    rows.write_text(
        'path,start,duration,caption,class,level,source,split\nx/1.wav,0.5,2,"a dog, barking",dog,1,s1,test\n'
        "2.wav,,,rain,,,,\n"
    )
    first, second = read_manifest(rows)
    assert first == Clip(tmp_path / "x/1.wav", "a dog, barking", 0.5, 2.0, "s1", "test", "dog", True)
    assert second.split == "train" and second.source == str(tmp_path / "2.wav") and second.duration == 0
    assert first.label == "dog" and second.label == "rain" and not second.level
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"path": "1.wav", "caption": "rain"}\n\n{"path": "2.wav", "caption": "wind", "start": 1}\n')
    assert [clip.caption for clip in read_manifest(lines, tmp_path / "f")] == ["rain", "wind"]
    assert read_manifest(lines, tmp_path / "f")[0].path == tmp_path / "f" / "1.wav"
    vgg, folder = tmp_path / "vggsound.csv", tmp_path / "vgg"
    folder.mkdir()
    for name in ("--0PQM4-hqg_000030.flac", "0aB_7.wav", "0aB_7.json", "--0PQM4-hqg_000030.txt"):
        (folder / name).write_bytes(b"")
    vgg.write_text('--0PQM4-hqg,30,waterfall burbling,train\n0aB,7,"people crowd, cheering",test\ngone,1,rain,train\n')
    found = read_manifest(vgg, folder)
    assert [(clip.path.name, clip.caption, clip.split) for clip in found] == [
        ("--0PQM4-hqg_000030.flac", "waterfall burbling", "train"), ("0aB_7.wav", "people crowd, cheering", "test"),
    ]  # fmt: skip
    for path, text, words in (
        (rows, "path,caption\n,rain\n", "line 2 lacks"), (rows, "path,caption,start\na,b,x\n", "line 2: start"),
        (vgg, "a,b\n", "line 1 is neither"), (lines, "[1]\n", "line 1 is not"),
        (vgg, "gone,1,rain,train\n", "names no clip"),
        (rows, 'path,caption\na,"light\nrain"\n', "line 3: a value goes over several lines"),
        (rows, 'path,caption\na,"rain" b\n', "line 2 is no CSV"), (rows, 'path,caption\na,"rain\n', "no CSV"),
        (rows, "path,caption\n" + "a" * 200_000 + ",b\n", "line 2 is no CSV"),
        (rows, "path,caption,level\na,b,loud\n", "line 2: level is 1"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(ManifestError, match=words) as caught:
            read_manifest(path, folder)
        assert "\n" not in str(caught.value)
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "none.csv")
    rows.write_text("class,split,caption\nrain,test,a drizzle\nrain,test,wet\nrain,train,rain\n")
    assert read_wordings(rows) == {"test": {"rain": ("a drizzle", "wet")}, "train": {"rain": ("rain",)}}
    for text, words in (("class,caption\n", "does not begin"), ("class,split,caption\na,,b\n", "line 2")):
        rows.write_text(text)
        with pytest.raises(ManifestError, match=words):
            read_wordings(rows)


def test_a_file_that_two_write_at_once_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "mel.npy"
    with put_in_place(path) as first, put_in_place(path) as second:
        assert first != second
        first.write_text("one")
        second.write_text("two")
    assert path.read_text() in ("one", "two")
    with pytest.raises(KeyboardInterrupt), put_in_place(path) as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() != "half" and list(path.parent.iterdir()) == [path]
