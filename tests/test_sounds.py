"""The labelled set of free sounds: its tables, licences, splits and recipes, without network and without packages."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import fetch_sounds
from sounds import debian, labels, nature, patches, splits
from sounds.clips import RATE, Clip, Job, cut, run
from sounds.licences import read, terms

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-3+

Files: sounds/rain.wav
 sounds/cow*.wav
License: CC0-1.0

Files: game/mods/doors/sounds/*
License: CC-BY-3.0

Files: kits/Jazz.kit
License: CC-BY-SA-4.0
"""

TABLE = """
[mini]
source = "file"
[mini.classes]
rain_light = "sounds/rain"
cow = "sounds/cow"
door = "doors/sounds/"
"""


@pytest.fixture
def package(tmp_path: Path) -> tuple[labels.Pack, Path]:
    """A package as dpkg-deb lays it out, and its row of the table."""
    table = tmp_path / "mini.toml"
    table.write_text(TABLE)
    root = tmp_path / "trees" / "mini"
    wave = np.sin(np.arange(RATE) * 0.05) * 0.01
    for place in ("sounds/rain.wav", "sounds/cow-1.wav", "sounds/cow-2.wav", "sounds/other.wav",
                  "mods/doors/sounds/shut.wav", "sounds/rain/heavy.wav"):  # fmt: skip
        path = root / "usr/share/mini" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, wave, RATE)
    (root / "usr/share/doc/mini").mkdir(parents=True)
    (root / "usr/share/doc/mini/copyright").write_text(COPYRIGHT)
    return labels.packages(table)["mini"], root


def test_every_class_has_captions_in_two_wordings() -> None:
    sounds = labels.classes()
    assert len(sounds) >= 45
    train = {text.lower() for sound in sounds.values() for text in sound.train}
    test = {text.lower() for sound in sounds.values() for text in sound.test}
    assert not train & test


def test_a_caption_twice_is_told(tmp_path: Path) -> None:
    table = tmp_path / "classes.toml"
    table.write_text('[one]\ntrain = ["a", "b", "c", "d", "e", "f"]\ntest = ["g", "h", "A"]\n')
    with pytest.raises(labels.TableError, match="“A” is a caption of one and of one"):
        labels.classes(table)


def test_the_packages_table_is_read() -> None:
    packs = labels.packages()
    stamps = packs["tuxpaint-stamps-default"]
    assert stamps.label("usr/share/tuxpaint/stamps/animals/amphibians/frog.ogg") == "frog"
    assert stamps.label("usr/share/tuxpaint/stamps/animals/amphibians/frog_desc_fr.ogg") is None
    assert packs["openttd-opensfx"].label("unpacked/CC-BY-3.0/Heavy wind.wav") == "wind_strong"
    assert packs["openttd-opensfx"].label("unpacked/CC-BY-3.0/Wind.wav") == "wind_light"
    assert packs["hydrogen-data"].label("usr/share/hydrogen/data/drumkits/GMRockKit/HatOpen-Med.wav") == "hihat"
    assert packs["wesnoth-1.16-data"].label("usr/share/games/wesnoth/1.16/data/core/sounds/wolf-die-1.ogg") == "wolf"


def test_takes_of_one_recording_are_one_source() -> None:
    packs = labels.packages()
    kit = packs["hydrogen-drumkits"]
    assert kit.origin("kits/Jazz/kick.wav") == kit.origin("kits/Jazz/Snare-Hard.wav") != kit.origin("kits/Rock/kick.wav")
    game = packs["ufoai-sound"]
    assert game.origin("footsteps/grass1.ogg") == game.origin("footsteps/grass4.ogg") != game.origin("footsteps/sand1.ogg")
    trains = packs["openttd-opensfx"]
    one = trains.origin('unpacked/CC-BY-3.0/Wind. Original _wind1.wav".wav')
    assert one == trains.origin('unpacked/CC-BY-3.0/Heavy wind. Original _wind1.wav".wav')


@pytest.mark.parametrize(
    ("licence", "kind"),
    [("CC0-1.0", "permissive"), ("CC-BY-4.0", "permissive"), ("MIT", "permissive"), ("public-domain", "permissive"),
     ("BSD-3-clause", "permissive"), ("GPL-2+ with composition exception", "permissive"), ("GPL-3+ or MIT", "permissive"),
     ("CC-BY-SA-3.0", "copyleft"), ("GPL-2+", "copyleft"), ("LGPL-2.1+", "copyleft"), ("GFDL-1.3", "copyleft"),
     ("CC-BY-NC-3.0", "refused"), ("CC-BY-3.0 and GPL-2+", "refused"), ("all rights reserved", "refused")],
)  # fmt: skip
def test_terms(licence: str, kind: str) -> None:
    assert terms(licence) == kind


def test_a_file_finds_its_licence() -> None:
    known = read(COPYRIGHT, ".kit")
    assert known.licence("usr/share/mini/sounds/rain.wav") == "CC0-1.0"
    assert known.licence("usr/share/mini/mods/doors/sounds/shut.wav") == "CC-BY-3.0"
    # Only the folder's last name is the same.
    assert known.licence("usr/share/mini/mods/other/sounds/shut.wav") == "GPL-3+"
    assert known.licence("usr/share/mini/kits/Jazz/kick.wav") == "CC-BY-SA-4.0"


def test_a_package_is_labelled(package: tuple[labels.Pack, Path]) -> None:
    pack, root = package
    notes: list[str] = []
    free = {(job.key.split("/")[-1], job.licence) for job in fetch_sounds.recordings(pack, root, False, notes)}
    assert free == {("rain.wav", "CC0-1.0"), ("cow-1.wav", "CC0-1.0"), ("cow-2.wav", "CC0-1.0"), ("shut.wav", "CC-BY-3.0")}
    assert notes == ["mini: 1 × no pattern", "mini: 1 × rain_light: GPL-3+"]
    assert len(list(fetch_sounds.recordings(pack, root, True, []))) == 5


def test_clips_keep_their_level_and_are_made_once(package: tuple[labels.Pack, Path], tmp_path: Path) -> None:
    pack, root = package
    job = next(iter(fetch_sounds.recordings(pack, root, False, [])))
    (clip,) = run(job, tmp_path)
    wave, rate = soundfile.read(tmp_path / clip.path)
    assert rate == RATE and abs(np.abs(wave).max() - 0.01) < 1e-3
    again = Job(job.key, job.pack, job.licence, lambda: pytest.fail("made twice"))
    assert run(again, tmp_path) == [clip]


def test_cutting_leaves_out_silence_and_keeps_to_ten_seconds() -> None:
    wave = np.zeros(35 * RATE, np.float32)
    wave[5 * RATE : 33 * RATE] = 0.1
    assert [len(piece) // RATE for piece in cut(wave, 40)] == [9, 9, 9]
    assert len(list(cut(wave, 2))) == 2
    assert not list(cut(np.zeros(RATE, np.float32), 2))


def test_no_source_is_in_two_splits() -> None:
    clips = [
        Clip(f"{name}-{pack}-{source}-{i}", name, f"{pack}/{name if source % 3 else 'both'}/{source}", pack, "MIT", 1.0,
             -20.0, f"{name}{pack}{source}{i}")
        for name, many in (("cow", 9), ("dog", 3), ("cat", 2), ("frog", 2))
        for source in range(many)
        for pack in (("a", "b") if name == "cow" else ("a",))
        for i in range(4)
    ]  # fmt: skip
    clips += [Clip(f"s{i}", "frog", f"synthesis/frog/{i}", "synthesis", "MIT", 1.0, -20.0, f"s{i}") for i in range(3)]
    clips += [Clip("twin", "dog", "z/dog/twin", "z", "MIT", 1.0, -20.0, "cowa00")]
    done = splits.assign(clips, {"b"})
    assert "twin" not in {clip.path for clip in done}
    of_source: dict[str, set[str]] = {}
    for clip in done:
        of_source.setdefault(clip.source, set()).add(clip.split)
    assert all(len(found) == 1 for found in of_source.values())
    for name in ("cow", "dog", "cat", "frog"):
        assert {"train", "test"} <= {clip.split for clip in done if clip.name == name}, name
    # A recording is what tests a class, not a recipe.
    assert {clip.split for clip in done if clip.source.startswith("synthesis/")} == {"train"}
    assert done == splits.assign(list(reversed(clips)), {"b"})


def test_recipes_are_the_same_by_seed_and_differ_from_each_other() -> None:
    first = next(iter(nature.make("rain_light", 0, 1)))[2]
    again = next(iter(nature.make("rain_light", 0, 1)))[2]
    other = next(iter(nature.make("rain_light", 1, 1)))[2]
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert set(nature.RECIPES) <= set(labels.classes())


def test_heavy_rain_is_louder_than_light_rain() -> None:
    light, heavy = (np.std(next(iter(nature.make(name, 2, 1)))[2]) for name in ("rain_light", "rain_heavy"))
    assert 20 * np.log10(heavy / light) > 15


def test_a_gravis_patch_is_played_at_pitch(tmp_path: Path) -> None:
    rate, hertz = 44_100, 441.0
    wave = (np.sin(2 * np.pi * hertz * np.arange(1000) / rate) * 30_000).astype("<i2").tobytes()
    head = b"GF1PATCH110\0ID#000002\0".ljust(129, b"\0") + bytes(63)
    layer = bytes([0, 0]) + struct.pack("<I", len(wave) + 96) + bytes([1]) + bytes(40)
    sample = b"sine".ljust(7, b"\0") + bytes(1) + struct.pack("<III", len(wave), 0, len(wave))
    sample += struct.pack("<HIII", rate, 20_000, 20_000_000, int(hertz * 1000))
    sample = sample.ljust(55, b"\0") + bytes([1 | 4])
    path = tmp_path / "sine.pat"
    path.write_bytes(head + layer + sample.ljust(96, b"\0") + wave)
    (read_back,) = patches.read(path)
    assert read_back.loop == (0, 1000) and read_back.root == pytest.approx(441)
    note = patches.note([read_back], 882.0, 1.0, 127, None)
    spectrum = np.abs(np.fft.rfft(note[: RATE // 2]))
    assert spectrum.argmax() * 2 == pytest.approx(882, abs=3)


def test_a_catalogue_of_opensfx_is_laid_out(tmp_path: Path) -> None:
    told = '"Cow". Original "Cow - Moan 2.wav" by "Somebody". Edited by "Else". License: Creative Commons Zero 1.0.'
    name = told.encode() + b"\0"
    data = bytes([len(name)]) + name + b"RIFF" + bytes(2000)
    (tmp_path / "opensfx.cat").write_bytes(struct.pack("<II", 8, 2004) + data)
    pack = labels.packages()["openttd-opensfx"]
    debian.unpack(pack, tmp_path)
    (made,) = (tmp_path / "unpacked").rglob("*.wav")
    place = made.relative_to(tmp_path).as_posix()
    assert pack.label(place) == "cow"
    assert terms(debian.licence(pack, tmp_path, place, read(""))) == "permissive"
