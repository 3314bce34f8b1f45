"""The labelled set of free sounds: its tables, licences, splits and recipes, without network and without packages."""

from __future__ import annotations

import gzip
import re
import shutil
import struct
import sys
import tarfile
import tomllib
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import fetch_sounds
from sounds import clips, debian, fonts, labels, nature, patches, registries, report, splits, twins, voices
from sounds.clips import RATE, SYNTHETIC, Clip, Job, cut, run
from sounds.licences import read, terms

from visualizer.audio import remarks
from visualizer.encoder import data
from visualizer.encoder.manifest import read_manifest, read_wordings
from visualizer.encoder.material import check_sources
from visualizer.encoder.settings import DataConfig

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


def test_no_word_of_the_tests_is_in_the_bank() -> None:
    """The bank's texts stand beside the captions in training: what is there has been seen."""

    def plain(text: str) -> str:
        return re.sub(r"^(an?|the|some) ", "", text.lower())

    bank = tomllib.loads((Path(data.__file__).parent / "bank.toml").read_text(encoding="utf-8"))
    told = {plain(text) for group in bank.values() for key, words in group.items() for text in (key, *words)}
    assert len(told) > 400
    assert not [text for sound in labels.classes().values() for text in sound.test if plain(text) in told]


def test_classes_that_are_told_by_their_loudness_are_marked() -> None:
    marked = {name for name, sound in labels.classes().items() if sound.level}
    assert marked == {"rain_light", "rain_heavy", "wind_light", "wind_strong", "whisper"}


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
    assert one == trains.origin('unpacked/CC-BY-3.0/Heavy wind. Original _wind1.wav".wav') == "original/wind1.wav"
    # Whoever passes it on, under whichever licence, and with any signs in its name.
    other = labels.Pack("another", (), source="folder")
    assert other.origin("some/place/Bus. Original _t_start1.mp3.wav") == "original/t_start1.mp3"
    assert trains.origin("unpacked/CC0-1.0/Truck. Original _t_start1.mp3.wav") == "original/t_start1.mp3"


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
    again = replace(job, make=lambda: pytest.fail("made twice"))
    assert run(again, tmp_path) == [clip]


def test_clips_are_made_anew_when_anything_about_them_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = [0]

    def make() -> list[tuple[str, str, np.ndarray]]:
        count[0] += 1
        return [("cow", "a/cow", np.full(RATE, 0.1, np.float32))]

    job = Job("a:cow.wav", "a", "MIT", make, "", "cow|a/cow")
    for changed in (job, replace(job, licence="CC0-1.0"), replace(job, split="test"), replace(job, about="bull|a/cow")):
        before = count[0]
        (clip,) = run(changed, tmp_path)
        assert count[0] == before + 1 and run(changed, tmp_path) == [clip]
        assert (clip.licence, clip.split) == (changed.licence, changed.split) and count[0] == before + 1
    for loss in ("", None):
        path = tmp_path / run(job, tmp_path)[0].path
        path.unlink() if loss is None else path.write_text(loss)
        before = count[0]
        assert run(job, tmp_path) and count[0] == before + 1 and path.stat().st_size > 100, "what is gone is made again"
    (tmp_path / "jobs" / f"{job.name}.json").write_text("[{")
    before = count[0]
    assert run(job, tmp_path) and count[0] == before + 1
    monkeypatch.setattr(clips.inspect, "getsource", lambda module: "another program")
    assert run(job, tmp_path) and count[0] == before + 2, "what another program made is made again"


def test_jobs_tell_what_decides_what_comes_out(package: tuple[labels.Pack, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    pack, root = package
    names = {job.key: job.name for job in fetch_sounds.recordings(pack, root, True, [])}
    bulls = replace(pack, classes=tuple(("horse" if name == "cow" else name, told) for name, told in pack.classes))
    other = {job.key: job.name for job in fetch_sounds.recordings(bulls, root, True, [])}
    assert {key for key in names if names[key] != other[key]} == {key for key in names if "cow" in key}

    def synthetic() -> list[str]:
        nothing = re.compile("synthesis")
        return [job.name for job in fetch_sounds.jobs(root, labels.classes(), False, nothing, [])]

    before = synthetic()
    assert before == synthetic() and len(set(before)) == len(before) == sum(map(len, nature.RECIPES.values()))
    monkeypatch.setattr(fetch_sounds, "version", lambda *modules: "another recipe")
    assert not set(before) & set(synthetic())


def test_what_is_cut_is_what_the_trainer_takes(tmp_path: Path) -> None:
    assert clips.SHORTEST_S is data.SHORTEST_S and pytest.approx(10 ** (remarks.SILENT_DB / 20)) == clips.SILENT
    wave = np.full(int(data.SHORTEST_S * RATE), 2 * clips.SILENT, np.float32)
    (piece,) = cut(wave, 1)
    job = Job("click", "a", "MIT", lambda: [("click", "a/click", piece)])
    done = run(job, tmp_path)
    report.manifest([replace(clip, split="train") for clip in done], labels.classes(), tmp_path / "manifest.csv")
    (clip,) = read_manifest(tmp_path / "manifest.csv")
    assert len(data.read_clip(clip)[0]) == len(wave)
    assert not list(cut(wave[:-1], 1)) and not list(cut(wave / 4, 1))


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
    done = splits.assign(clips)
    assert "twin" not in {clip.path for clip in done}
    of_source: dict[str, set[str]] = {}
    for clip in done:
        of_source.setdefault(clip.source, set()).add(clip.split)
    assert all(len(found) == 1 for found in of_source.values())
    for name in ("cow", "dog", "cat", "frog"):
        assert {"train", "test"} <= {clip.split for clip in done if clip.name == name}, name
    # A recording is what tests a class, not a recipe.
    assert {clip.split for clip in done if clip.source.startswith("synthesis/")} == {"train"}
    assert done == splits.assign(list(reversed(clips)))


def test_packages_that_tell_their_split_come_on_top_of_the_draw() -> None:
    drawn = [stand_in(name, f"a/{name}/{number}") for name in ("cow", "dog") for number in range(3)]
    drawn += [stand_in("rain_light", f"{SYNTHETIC}{number}", "synthesis") for number in range(3)]
    before = splits.assign(drawn)
    learnt = [stand_in(name, f"b/{name}", "b", "train") for name in ("cow", "dog", "rain_light")]
    tested = [stand_in(name, f"c/{name}", "c", "test") for name in ("cow", "dog", "rain_light")]
    # The same sound as one that is drawn: that one stays.
    copies = [replace(learnt[0], path="copy", digest=drawn[0].digest)]
    after = splits.assign(drawn + learnt + tested + copies, frozenset("bc"))
    assert [clip for clip in after if clip.pack not in "bc"] == before
    assert {clip.path: clip.split for clip in after if clip.pack in "bc"} == {
        clip.path: clip.split for clip in learnt + tested
    }


def stand_in(name: str, source: str, pack: str = "a", split: str = "", mel: str = "", take: int = 0) -> Clip:
    return Clip(f"{name}-{source}-{take}", name, source, pack, "MIT", 1.0, -20.0, f"{name}{source}{take}", split, mel)


def test_a_function_is_one_source_and_never_on_both_sides() -> None:
    functions: dict[str, set[str]] = {}
    for name, recipes in nature.RECIPES.items():
        for recipe in recipes:
            functions.setdefault(nature.generator(recipe), set()).add(name)
    assert functions["pad"] == {"ambient_music", "synth_pad"} and functions["sea"] == {"sea_waves"}
    assert functions["wash"] == functions["patter"] == {"rain_light", "rain_heavy"}
    wave = next(iter(nature.make("sea_waves", 0, 1)))
    assert wave[1] == "synthesis/sea" == next(iter(nature.make("sea_waves", 2, 1)))[1]
    made = [
        stand_in(name, f"{SYNTHETIC}{nature.generator(recipe)}", "synthesis", take=number)
        for name, recipes in nature.RECIPES.items()
        for number, recipe in enumerate(recipes)
    ]
    done = splits.assign(made)
    for function in functions:
        assert len({clip.split for clip in done if clip.source == SYNTHETIC + function}) == 1, function
    of = {name: {clip.split for clip in done if clip.name == name} for name in nature.RECIPES}
    assert of["sea_waves"] == of["chiptune"] == {"train"}, "with one function there is nothing to test with"
    assert of["rain_light"] == of["rain_heavy"] == {"train", "test"}
    assert of["insects"] == {"train"}, "crickets alone would not teach bees"
    # Nothing is learnt from classes that share a function which another one tests with.
    assert all("train" in found for found in of.values())


def test_bands_of_two_fonts_never_play_the_same_notes() -> None:
    families = {font.family for font in fonts.FONTS}
    played = [(family, style, take) for family in families for style in ("rock", "house") for take in range(3)]
    seeds = [fonts.band_seed(*one) for one in played]
    assert len(set(seeds)) == len(seeds) == 6 * len(families)
    style, grid = fonts.STYLES["techno"], fonts.steady(130, 0.1, 8)
    sheets = [fonts.play(style, grid, 8, fonts.band_seed(family, "techno", 0)).sheet for family in ("fluidr3", "freepats")]
    assert sheets[0].notes != sheets[1].notes


def test_whispers_and_crowds_are_of_one_make_and_of_voices_that_are_learnt() -> None:
    def speak(voice: voices.Voice, name: str, language: str, text: str) -> np.ndarray:
        return np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)

    of_key = {job.key: job for job in fetch_sounds._voices(speak)}
    held = [voice.family for voice in voices.VOICES if voice.split != "train"]
    assert held and not [key for key in of_key if key.startswith("whisper") and any(family in key for family in held)]
    whisper = next(iter(of_key["whisper:flite-rms:male_speech"].make()))
    own = next(iter(of_key["whisper:espeak-ng-whisper"].make()))
    assert whisper[:2] == ("whisper", "synthesis/whispered") and own[:2] == ("whisper", "espeak-ng-whisper")
    assert np.std(own[2]) == pytest.approx(0.2 * np.std(speak(voices.VOICES[0], "", "", "")), rel=1e-3)
    for program in ("espeak-ng", "flite"):
        job = of_key[f"crowd:{program}"]
        assert not {voice.family for voice in job.make.args[0]} & set(held)  # type: ignore[attr-defined]
        assert next(iter(job.make()))[1] == "synthesis/crowds"


def encoded(wave: np.ndarray, folder: Path, gain: float = 0.5) -> np.ndarray:
    """A sound as another package might have it: quieter, at another rate, through Vorbis, with some silence before it."""
    import soxr

    soundfile.write(folder / "copy.ogg", soxr.resample(wave * gain, RATE, 44_100), 44_100, format="OGG", subtype="VORBIS")
    copy = clips.load(folder / "copy.ogg")
    return next(iter(cut(np.pad(copy, (500, 0)), 1)))


@pytest.mark.parametrize(
    ("name", "recipe"), [("rain_heavy", 0), ("fire", 1), ("alarm", 0), ("synth_lead", 0), ("whoosh", 1), ("laser", 0)]
)
def test_a_recording_that_was_encoded_anew_is_known(name: str, recipe: int, tmp_path: Path) -> None:
    one, other = (wave for _, _, wave in nature.make(name, recipe, 2))
    prints = [twins.cells(twins.fingerprint(wave)) for wave in (one, encoded(one, tmp_path), other)]
    assert prints[0].shape == (60, 12)
    assert twins.same(prints[0], prints[1]) and twins.same(prints[1], prints[0])
    assert not twins.same(prints[0], prints[2]), "two takes of one kind of sound are two"


def test_copies_of_what_is_tested_are_not_learnt(tmp_path: Path) -> None:
    one, other = (wave for _, _, wave in nature.make("fire", 0, 2))
    marks = [twins.fingerprint(wave) for wave in (one, encoded(one, tmp_path), other)]
    made = [
        stand_in("fire", "kit/fire", "a", "test", marks[0]), stand_in("fire", "game/fire", "b", "train", marks[1]),
        stand_in("fire", "game/other", "b", "train", marks[2]), stand_in("fire", "old/fire", "c", "train", ""),
    ]  # fmt: skip
    done = splits.assign(made)
    assert {clip.source for clip in done} == {"kit/fire", "game/other", "old/fire"}
    short = [replace(clip, seconds=0.5) if clip.source == "game/fire" else clip for clip in made]
    assert len(splits.assign(short, set())) == 4, "of another length it is another sound"


def test_the_trainer_reads_what_comes_out(tmp_path: Path) -> None:
    sounds = labels.classes()
    made = [
        stand_in(name, f"{pack}/{name}", pack, split)
        for name in ("cow", "rain_light") for pack, split in (("a", "train"), ("b", "test"), ("c", "valid"))
    ]  # fmt: skip
    report.manifest(made, sounds, tmp_path / "manifest.csv")
    report.wordings(sounds, tmp_path / "wordings.csv")
    found, words = read_manifest(tmp_path / "manifest.csv"), read_wordings(tmp_path / "wordings.csv")
    assert [(clip.kind, clip.level) for clip in found] == [("cow", False)] * 3 + [("rain_light", True)] * 3
    for clip in found:
        assert clip.caption in (sounds[clip.kind].test if clip.split == "test" else sounds[clip.kind].train)
    assert words["test"]["cow"] == sounds["cow"].test
    assert words["train"]["cow"] == words["valid"]["cow"] == sounds["cow"].train
    check_sources(found, DataConfig(manifest="manifest.csv"))


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


def group(entries: dict[str, bytes], inner: tuple[str, ...] = ()) -> bytes:
    """One of OpenClonk's groups, not yet compressed."""
    head = bytearray(struct.pack("<28siii", b"RedWolf Design GrpFolder", 1, 2, len(entries)).ljust(204, b"\0"))
    for place in range(0, 202, 3):
        head[place], head[place + 2] = head[place + 2], head[place]
    table, offset = b"", 0
    for name, content in entries.items():
        row = struct.pack("<260s5i", name.encode(), 0, name in inner, len(content), 0, offset)
        table += row.ljust(316, b"\0")
        offset += len(content)
    return bytes(byte ^ 237 for byte in head) + table + b"".join(entries.values())


def test_groups_of_openclonk_are_laid_out(tmp_path: Path) -> None:
    inner = group({"Thunder1.ogg": b"one", "../Thunder2.ogg": b"two"})
    packed = gzip.compress(group({"authors.txt": b"all", "Lightning.ocg": inner}, ("Lightning.ocg",)))
    (tmp_path / "Sound.ocg").write_bytes(b"\x1e\x8c" + packed[2:])
    pack = labels.packages()["openclonk-data"]
    debian.unpack(pack, tmp_path)
    found = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.glob("unpacked/**/*.ogg")}
    # Nothing leads out of the folder.
    place = "unpacked/Lightning.ocg/Thunder1.ogg"
    assert found == {place: b"one", "unpacked/Lightning.ocg/Thunder2.ogg": b"two"}
    assert pack.label(place) == "thunder" and pack.part(place) == "train"


def test_resources_of_qt_are_laid_out(tmp_path: Path) -> None:
    names, contents, nodes = b"", b"", []
    pressed = struct.pack(">I", 4) + zlib.compress(b"miaw")
    for name, flags, first, second in (("", 2, 1, 1), ("animals", 2, 2, 2), ("cat.ogg", 1, 0, 0), ("cow.ogg", 0, 0, 1)):
        nodes.append(struct.pack(">IHIIQ", len(names), flags, first, len(contents) if flags < 2 else second, 0))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
        if flags < 2:
            body = pressed if flags else b"moo"
            contents += struct.pack(">I", len(body)) + body
    start = 20
    tree, data = start, start + sum(map(len, nodes))
    head = b"qres" + struct.pack(">4I", 2, tree, data, data + len(contents))
    (tmp_path / "farm.rcc").write_bytes(head + b"".join(nodes) + contents + names)
    debian.unpack(labels.packages()["gcompris-qt-data"], tmp_path)
    found = {path.name: path.read_bytes() for path in (tmp_path / "unpacked" / "animals").iterdir()}
    assert found == {"cat.ogg": b"miaw", "cow.ogg": b"moo"}


def test_what_only_tests_may_be_copyleft(package: tuple[labels.Pack, Path]) -> None:
    pack, root = package
    for name, split in (("CC0-1.0", "train"), ("GPL-3", "test")):
        one = replace(pack, licence=name, split="train", tests=re.compile("cow") if split == "test" else None)
        made = list(fetch_sounds.recordings(one, root, False, []))
        assert {job.split for job in made} == {split} and made, name
        told = {"cow"} if split == "test" else {"cow", "door", "rain_light"}
        assert {job.about.split("|")[0] for job in made} == told
    # Takes of one recording are never parted, whatever the pattern says of one of them.
    one = replace(pack, split="train", tests=re.compile("cow-1"))
    assert {one.part(f"sounds/cow-{take}.wav") for take in (1, 2)} == {"train"}


@pytest.mark.parametrize(("client", "ending"), [("pip", ".whl"), ("npm", ".tgz")])
def test_packages_of_other_indices_are_laid_out_and_not_fetched_again(client: str, ending: str, tmp_path: Path) -> None:
    folder = tmp_path / "archives" / "farm-1.0"
    folder.mkdir(parents=True)
    archive = folder / f"farm-1.0{ending}"
    if client == "pip":
        with zipfile.ZipFile(archive, "w") as wheel:
            wheel.writestr("farm/cow.ogg", b"moo")
    else:
        (tmp_path / "cow.ogg").write_bytes(b"moo")
        with tarfile.open(archive, "w:gz") as pack:
            pack.add(tmp_path / "cow.ogg", "farm/cow.ogg")
    root = registries.tree(client, "farm", "1.0", tmp_path)
    assert (root / "farm" / "cow.ogg").read_bytes() == b"moo"
    archive.write_bytes(b"broken")
    assert registries.tree(client, "farm", "1.0", tmp_path) == root
    shutil.rmtree(root)
    with pytest.raises(debian.PackageError, match="remove it to fetch it again"):
        registries.tree(client, "farm", "1.0", tmp_path)
