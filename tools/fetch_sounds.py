"""Make a labelled set of free sounds for the audio–text encoder.

``python tools/fetch_sounds.py FOLDER [--copyleft] [--only PATTERN] [--minutes M]``, from the repository's root, on Debian,
with fluidsynth, espeak-ng, pip and npm installed; it needs no root. Packages are kept in FOLDER/debs, archives and trees,
clips in FOLDER/clips (48 kHz, mono, FLAC, the level as recorded); what is there is not made again, and it can be broken off
at any time. FOLDER/manifest.csv (manifest-copyleft.csv) lists the clips, FOLDER/wordings.csv the words for every class,
FOLDER/licences.md whose the clips are.

By default only sounds that ask no more than a credit are used: CC0, public domain, MIT, BSD, CC-BY, and samples whose
GPL frees what is played with them. ``--copyleft`` adds CC-BY-SA, GPL, LGPL and GFDL: whether weights trained on those are
bound by them is not settled, so what ships is trained without. What is only tested with may be under these, too.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sounds import debian, fonts, nature, patches, registries, report, splits, voices
from sounds.clips import LONGEST_S, Clip, Job, Wave, cut, load, run, version
from sounds.labels import ENDINGS, Pack, Sound, classes, packages
from sounds.licences import OWN, terms

from visualizer.bench.hearing import band, styles

LONGEST_SOURCE_S = 150.0
"""Of one source no more than this a class, so that one long recording does not make the class."""


def recordings(pack: Pack, root: Path, copyleft: bool, notes: list[str]) -> Iterator[Job]:
    """A job for each labelled file of a package; what is dropped is counted into ``notes``."""
    known = debian.copyright_of(pack, root)
    dropped: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root).as_posix()
        if not place.lower().endswith(ENDINGS) or path.is_symlink() or not path.is_file():
            continue
        name = pack.label(place)
        if name is None:
            dropped["no pattern"] += 1
            continue
        licence = debian.licence(pack, root, place, known)
        split = pack.part(place)
        if not _free(licence, split, copyleft):
            dropped[f"{name}: {licence or 'no licence told'}"] += 1
            continue
        origin = pack.origin(place)
        taken[origin] += 1
        if taken[origin] > pack.clips:
            dropped["enough of this source"] += 1
            continue
        make = _file(path, name, origin)
        yield Job(f"{pack.name}:{place}", pack.name, licence, make, split, f"{name}|{origin}")
    notes += [f"{pack.name}: {count} × {why}" for why, count in sorted(dropped.items())]


def _free(licence: str, split: str, copyleft: bool) -> bool:
    """Whether something under this licence may be used for a split."""
    kind = terms(licence) if licence else "refused"
    # Of what is only tested with nothing ends in the weights: there any free licence will do.
    return kind == "permissive" or (kind == "copyleft" and (copyleft or split == "test"))


def _file(path: Path, name: str, origin: str) -> Callable[[], Iterator[tuple[str, str, Wave]]]:
    def make() -> Iterator[tuple[str, str, Wave]]:
        for piece in cut(load(path), int(LONGEST_SOURCE_S / LONGEST_S)):
            yield name, origin, piece

    return make


def jobs(out: Path, sounds: dict[str, Sound], copyleft: bool, only: re.Pattern[str], notes: list[str]) -> Iterator[Job]:
    """All the work, the quickest first. A package that cannot be had is named and skipped."""
    for name, recipes in nature.RECIPES.items():
        for recipe in range(len(recipes)):
            if only.search("synthesis"):
                made = partial(nature.make, name, recipe)
                yield Job(f"synthesis:{name}:{recipe}", "synthesis", OWN, made, "", version(nature))
    for font in fonts.FONTS:
        if not only.search(font.package) or not _free(font.licence, font.split, copyleft):
            continue
        if root := _tree(font.package, out, notes):
            played = partial(fonts.clips, font, root, sounds)
            played_of = [replace(one, train=(), test=()) for one in sounds.values()]
            about = version(fonts, patches, band, styles) + repr(played_of)
            yield Job(f"font:{font.family}", font.package, font.licence, played, font.split, about)
    if only.search("voices") and _tree("libflite1", out, notes) and (flite := _tree("flite", out, notes)):
        yield from _voices(voices.speaker(flite))
    for pack in packages().values():
        if not only.search(pack.name):
            continue
        if root := _tree(pack.name, out, notes, pack.client, pack.version):
            debian.unpack(pack, root)
            yield from recordings(pack, root, copyleft, notes)


def _voices(speak: voices.Speak) -> Iterator[Job]:
    about = version(voices)
    for voice in voices.VOICES:
        said = partial(voices.said, voice, speak)
        yield Job(f"voice:{voice.family}:{voice.kind}", voice.program, voice.licence, said, voice.split, about)
    # What is made of voices is made of those that are learnt: the others are to be heard in their tests only.
    learnt = [voice for voice in voices.VOICES if voice.split == "train"]
    for voice in learnt:
        whispered = partial(voices.whispers, voice, speak, 1)
        yield Job(f"whisper:{voice.family}:{voice.kind}", voice.program, voice.licence, whispered, "", about)
    own = voices.WHISPERER
    yield Job(f"whisper:{own.family}", own.program, own.licence, partial(voices.own_whispers, own, speak), "", about)
    for program in ("espeak-ng", "flite"):
        group = [voice for voice in learnt if voice.program == program]
        yield Job(f"crowd:{program}", program, group[0].licence, partial(voices.crowds, group, speak, 2), "", about)


def _tree(name: str, out: Path, notes: list[str], client: str = "apt", version: str = "") -> Path | None:
    try:
        return debian.tree(name, out) if client == "apt" else registries.tree(client, name, version, out)
    except debian.PackageError as error:
        notes.append(str(error))
        print(f"\n{error}", file=sys.stderr)
        return None


def build(out: Path, copyleft: bool, only: re.Pattern[str], minutes: float) -> tuple[list[Clip], list[str]]:
    """All clips, with their splits, and what was left out. Stops after ``minutes``, or at Ctrl-C, with what there is."""
    sounds, notes = classes(), list[str]()
    clips: list[Clip] = []
    end = time.monotonic() + 60 * minutes
    try:
        for number, job in enumerate(jobs(out, sounds, copyleft, only, notes)):
            if time.monotonic() > end:
                notes.append(f"The time was up at {job.key}: what follows is missing; start again to go on.")
                break
            try:
                clips += run(job, out)
            except (RuntimeError, OSError, ValueError) as error:
                notes.append(f"{job.key}: {str(error).replace(str(out), '…')}")
            if number % 25 == 0 and sys.stderr.isatty():
                print(f"\r{number} {job.key[:90]:90}", end="", file=sys.stderr, flush=True)
            elif number % 500 == 0:
                print(f"{number} jobs, {len(clips)} clips, at {job.key[:80]}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        notes.append("Broken off: start again to go on.")
    told = frozenset(pack.name for pack in packages().values() if pack.split)
    return splits.assign(clips, told), notes


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copyleft", action="store_true", help="also sounds under CC-BY-SA, GPL, LGPL and GFDL")
    told = "only the packages, “synthesis” or “voices” that this pattern is found in"
    parser.add_argument("--only", type=re.compile, default=re.compile(""), help=told)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long")
    chosen = parser.parse_args(arguments)
    out: Path = chosen.folder.resolve()
    out.mkdir(parents=True, exist_ok=True)
    clips, notes = build(out, chosen.copyleft, chosen.only, chosen.minutes)
    sounds = classes()
    name = "-copyleft" if chosen.copyleft else ""
    report.manifest(clips, sounds, out / f"manifest{name}.csv")
    report.wordings(sounds, out / "wordings.csv")
    report.licences(clips, notes, out / f"licences{name}.md")
    print(report.table(clips, sounds))
    weak = report.weak(clips, sounds)
    print(f"\n{len(clips)} clips, {sum(clip.seconds for clip in clips):.0f} s.")
    strong = len(sounds) - len(weak)
    print(f"{strong} classes of {len(sounds)} have two sources to learn from and one to test with.")
    print(f"Weak: {', '.join(weak) or 'none'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
