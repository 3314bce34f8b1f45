"""What comes out: the manifest, the table of licences, and the counts by class."""

from __future__ import annotations

import csv
import zlib
from collections import Counter, defaultdict
from pathlib import Path

from sounds.clips import SYNTHETIC, Clip
from sounds.labels import Sound

COLUMNS = ("path", "start", "duration", "caption", "class", "level", "source", "licence", "split")
SPLITS = ("train", "valid", "test")


def manifest(clips: list[Clip], sounds: dict[str, Sound], path: Path) -> None:
    """One row a clip; its caption is one of its class's, by the split: tests use words that training never does."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for clip in clips:
            sound = sounds[clip.name]
            texts = words(sound, clip.split)
            caption = texts[zlib.crc32(clip.path.encode()) % len(texts)]
            facts = (clip.name, int(sound.level), clip.source, clip.licence, clip.split)
            writer.writerow((clip.path, "0", f"{clip.seconds:.3f}", caption, *facts))


def words(sound: Sound, split: str) -> tuple[str, ...]:
    """The words for a class in a split: validation hears other sources, but tests alone use other words."""
    return sound.test if split == "test" else sound.train


def wordings(sounds: dict[str, Sound], path: Path) -> None:
    """All the words for every class in every split: a class is tested with all of them, however few its clips are."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("class", "split", "caption"))
        for name, sound in sounds.items():
            writer.writerows((name, split, text) for split in SPLITS for text in words(sound, split))


def licences(clips: list[Clip], notes: list[str], path: Path) -> None:
    """A table of what every package gave under which licence, and what was left out."""
    rows: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in clips:
        rows[clip.pack, clip.licence].append(clip)
    lines = ["# Licences of the sounds", "", "| package | licence | clips | seconds | classes |", "|---|---|---|---|---|"]
    for (pack, licence), group in sorted(rows.items()):
        names = ", ".join(sorted({clip.name for clip in group}))
        lines.append(f"| {pack} | {licence} | {len(group)} | {sum(clip.seconds for clip in group):.0f} | {names} |")
    lines += ["", "## Left out", "", *(f"- {note}" for note in notes)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def table(clips: list[Clip], sounds: dict[str, Sound]) -> str:
    """By class: sources, clips and seconds to train, to validate and to test; and how many of these are synthetic."""
    lines = ["| class | train sources (synthetic) | clips | s | valid sources | test sources (synthetic) | clips | s |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for name in sounds:
        cells = [name]
        for split in SPLITS:
            group = [clip for clip in clips if clip.name == name and clip.split == split]
            sources = {clip.source for clip in group}
            made = sum(source.startswith(SYNTHETIC) for source in sources)
            told = f"{len(sources)}" + (f" ({made})" if made else "")
            cells += [told] if split == "valid" else [told, str(len(group)), f"{sum(clip.seconds for clip in group):.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def weak(clips: list[Clip], sounds: dict[str, Sound]) -> list[str]:
    """Classes with fewer than two sources to learn from, or none to test with."""
    count = Counter((name, split) for name, split, _ in {(clip.name, clip.split, clip.source) for clip in clips})
    return [name for name in sounds if count[name, "train"] < 2 or count[name, "test"] < 1]
