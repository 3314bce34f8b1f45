"""The texts that teach the text encoder, and the words near each family."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from engines.training import related
from engines.training.texts import Lexicon, collect, lexicon, scene

WORDS = ["candle", "lamp", "street", "river", "burn", "burning", "burns", "burned", "shine", "red", "spaniel", "paris"]


@pytest.fixture
def wordnet(tmp_path: Path) -> tuple[Path, Path]:
    """A WordNet of five words, and the teacher's vocabulary."""
    folder = tmp_path / "wordnet"
    folder.mkdir()
    nouns = {"candle": (6, "stick of wax; burns"), "spaniel": (5, "a dog"), "Paris": (15, "the capital of France"),
             "idea": (9, "a thought")}  # fmt: skip
    _write(folder, "noun", nouns)
    _write(folder, "verb", {"burn": (30, "be on fire")})
    _write(folder, "adj", {"red": (0, "like blood")})
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join([*WORDS, "idea"]), encoding="utf-8")
    return folder, vocabulary


def _write(folder: Path, kind: str, entries: dict[str, tuple[int, str]]) -> None:
    data, index = "  licence\n", "  licence\n"
    for place, (word, (file, gloss)) in enumerate(entries.items()):
        data += f"{place:08d} {file:02d} {kind[0]} 01 {word} 0 000 | {gloss}\n"
        index += f"{word.lower()} {kind[0]} 1 0 1 0 {place:08d}  \n"
    (folder / f"data.{kind}").write_text(data)
    (folder / f"index.{kind}").write_text(index)


def test_lexicon_takes_what_one_can_see(wordnet: tuple[Path, Path]) -> None:
    words = lexicon(*wordnet)
    assert words.things["artifact"] == ["candle"] and words.things["animal"] == ["spaniel"]
    assert not words.things["place"] and words.names == {"paris"}
    assert words.candidates == {"candle": "stick of wax", "spaniel": "a dog", "paris": "the capital of France"}
    assert (words.doing, words.does, words.done) == (["burning"], ["burns"], ["burned"])


def test_scenes_are_short_and_about_their_subject(wordnet: tuple[Path, Path]) -> None:
    words, rng = lexicon(*wordnet), random.Random(1)
    for _ in range(200):
        text = scene(words, rng, "owl")
        assert "owl" in text and 4 <= len(text.split()) <= 14 and "{" not in text and "a owl" not in text.split(" of")
    assert len({scene(words, rng) for _ in range(50)}) > 40


def test_collect_gives_different_texts(wordnet: tuple[Path, Path]) -> None:
    folder, vocabulary = wordnet
    texts = collect(400, random.Random(1), vocabulary, str(folder), ["an extra text"])
    assert len(texts) == len(set(texts)) <= 400 and "candle" in texts


def test_judged_words_stay_out() -> None:
    judged = ["the logs on Heidi's hearth", "two boxes of berries"]
    assert related.allowed(["log fire", "the box", "berry", "heidi", "a boxer", "on the wall"], judged) == [
        "a boxer", "on the wall",
    ]  # fmt: skip


def test_compounds_that_only_start_alike_are_borrowed() -> None:
    own = related.stems("open fires")
    assert related.borrowed("fire door", own) and not related.borrowed("forest fire", own)
    assert not related.borrowed("hearth", own)


def test_related_words_and_sentences() -> None:
    axes = {"ember": 0, "fire": 0, "flame": 0, "sea": 1, "surf": 1, "brine": 1}

    def teach(texts: list[str]) -> torch.Tensor:
        rows = torch.zeros(len(texts), 3)
        for row, text in enumerate(texts):
            for word in text.replace(",", "").split():
                if word in axes:
                    rows[row, axes[word]] += 1
        rows[:, 2] += 0.1
        return torch.nn.functional.normalize(rows, dim=-1)

    phrases = {"flames": ("fire", "flame"), "ocean": ("sea", "sea surf")}
    candidates = {"ember": "a piece of fire", "brine": "water of the sea", "fire door": "a door"}
    candidates |= {f"thing {letter}": "a thing" for letter in "abcdefghijklmnop"}
    words = Lexicon({"artifact": ["table"]}, ["old"], ["falling"], ["falls"], ["fallen"], candidates, frozenset())
    found = related.related_words(words, phrases, [], teach)
    assert found == {"flames": ("ember",), "ocean": ("brine",)}
    lines = related.related_sentences(found, words, phrases, ["the surf"], teach, random.Random(1), 5)
    assert len(lines["flames"]) == 5 and not any("surf" in line.split() for line in lines["ocean"])


def test_related_words_are_kept_in_the_run_folder(tmp_path: Path) -> None:
    assert related.load(tmp_path) == {}
    related.save(tmp_path, {"ocean": ("brine", "été")})
    assert related.load(tmp_path) == {"ocean": ("brine", "été")}
