"""The texts the text encoder learns from: words, phrases and glosses for breadth, prompts for the purpose."""

from __future__ import annotations

import random
import re
from pathlib import Path


def _words(text: str) -> list[str]:
    return text.split()


COLOURS = _words(
    "red crimson scarlet vermilion orange amber golden gold yellow lime green emerald jade teal turquoise "
    "cyan azure blue navy indigo violet purple magenta pink rose coral peach brown copper bronze silver "
    "grey black white ivory pastel neon rainbow monochrome sepia earthy icy"
)
QUALITIES = _words(
    "glowing dark bright soft sharp slow fast calm wild dreamy cosmic ancient futuristic organic "
    "geometric liquid crystalline smoky electric burning frozen floating spinning pulsing swirling "
    "drifting exploding melting endless tiny giant delicate heavy abstract minimal ornate psychedelic "
    "hypnotic serene stormy misty shimmering iridescent translucent metallic velvet dusty rusty wet dry "
    "warm cold deep hollow dense sparse chaotic symmetrical"
)
THINGS = _words(
    "flames fire lava volcano embers smoke clouds sky storm lightning rain snow ice frost glacier aurora "
    "stars galaxy nebula planet moon sun eclipse comet ocean waves water river waterfall ripples bubbles "
    "underwater reef jellyfish fish forest trees leaves flowers petals roses garden grass moss vines "
    "mushrooms mountains hills desert dunes sand canyon cave crystals gems diamonds glass mirror "
    "kaleidoscope mandala labyrinth maze tunnel vortex spiral fractal grid lattice hexagons triangles "
    "squares circles rings dots stripes checkerboard plasma marble wood stone cells bacteria neurons "
    "veins feathers wings butterfly birds eye face skull heart city skyline streets neon signs circuit "
    "machine gears robots wires cables lasers spotlights stage fireworks sparks confetti ribbons silk "
    "paint ink watercolor oil painting graffiti lace mosaic stained glass cathedral temple bridge train "
    "road horizon sunset sunrise night city lights code glitch television static radio vinyl speakers "
    "drums guitar piano violin choir crowd dance festival rave club techno jazz ambient dub trance house "
    "orchestra"
)
PATTERNS = (
    "{q} {t}", "{t}", "{c} {t}", "{q} {c} {t}", "{t} in {c} and {d}", "{t} and {u}", "{t} of {u}", "a {q} {t}",
    "{t}, {c}", "{c} {t} on {d}", "{q} {t} with {c} light", "abstract {t}, {c} and {d}", "{u} over {t}",
    "{q} and {p} {t}", "{t} at night", "close up of {t}", "a painting of {q} {t}", "{c} and {d} {t}, {q}",
    "{t} made of {u}", "{q} {t}, {c} palette", "visuals of {t}, {q}, {c}",
)  # fmt: skip


def prompts(count: int, rng: random.Random) -> list[str]:
    """Prompts a VJ might type, from the lists above."""

    def one() -> str:
        return rng.choice(PATTERNS).format(
            q=rng.choice(QUALITIES), p=rng.choice(QUALITIES), t=rng.choice(THINGS), u=rng.choice(THINGS),
            c=rng.choice(COLOURS), d=rng.choice(COLOURS),
        )  # fmt: skip

    return [one() for _ in range(count)]


def captions(count: int, rng: random.Random) -> list[str]:
    """Captions of the procedural pictures, with every family and palette."""
    from .visuals import FAMILIES, PALETTES, caption, sample_factors

    families, palettes = list(FAMILIES), list(PALETTES)
    factors = sample_factors(count, rng)
    return [caption(rng.choice(families), rng.choice(palettes), rng, factors[row]) for row in range(count)]


def teacher_words(vocabulary: Path) -> list[str]:
    """Whole alphabetic words of the teacher's own vocabulary file."""
    lines = vocabulary.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if re.fullmatch(r"[a-z]{3,}", line)]


def wordnet(folder: Path) -> tuple[list[str], list[str]]:
    """Lemmas and glosses from WordNet's data files; two empty lists where the folder has none."""
    lemmas: set[str] = set()
    glosses: list[str] = []
    for path in sorted(folder.glob("data.*")):
        for line in path.read_text(encoding="latin-1").splitlines():
            if line.startswith("  ") or " | " not in line:
                continue
            entry, gloss = line.split(" | ", 1)
            parts = entry.split()
            for place in range(int(parts[3], 16)):
                lemma = re.sub(r"\(.*\)", "", parts[4 + 2 * place]).replace("_", " ").lower()
                if re.fullmatch(r"[a-z' -]{3,30}", lemma):
                    lemmas.add(lemma)
            words = gloss.split(";")[0].strip().strip("()").split()
            if 2 <= len(words) <= 14:
                glosses.append(" ".join(words))
    return sorted(lemmas), glosses


def collect(count: int, rng: random.Random, vocabulary: Path, wordnet_folder: str) -> list[str]:
    """About ``count`` different texts: words, lemmas, word pairs, glosses, prompts and, once there, captions."""
    words = teacher_words(vocabulary)
    texts = list(words) + prompts(count // 4, rng)
    try:
        texts += captions(count // 4, rng)
    except ImportError:
        print("[text] no procedural pictures yet: learning without their captions", flush=True)
    texts += [" ".join(rng.sample(words, rng.choice((2, 2, 3)))) for _ in range(count // 12)]
    if wordnet_folder:
        lemmas, glosses = wordnet(Path(wordnet_folder))
        texts += rng.sample(lemmas, min(len(lemmas), count // 5)) + rng.sample(glosses, min(len(glosses), count // 5))
    texts = sorted(set(texts))
    rng.shuffle(texts)
    return texts[:count]
