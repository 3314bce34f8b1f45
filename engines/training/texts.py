"""The texts the text encoder learns from: words, phrases and glosses for breadth, prompts for the purpose."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
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


def coloured_captions(count: int, rng: random.Random) -> tuple[list[str], list[int]]:
    """Captions of the procedural pictures, with every family and palette; and which palette each is of."""
    from .visuals import FAMILIES, PALETTES, caption, sample_factors

    names, colours = list(FAMILIES), list(PALETTES)
    palettes = [rng.randrange(len(colours)) for _ in range(count)]
    texts = [
        caption(rng.choice(names), colours[palette], rng, factors)
        for palette, factors in zip(palettes, sample_factors(count, rng), strict=True)
    ]
    return texts, palettes


def captions(count: int, rng: random.Random) -> list[str]:
    """Captions of the procedural pictures."""
    return coloured_captions(count, rng)[0]


def teacher_words(vocabulary: Path) -> list[str]:
    """Whole alphabetic words of the teacher's own vocabulary file."""
    lines = vocabulary.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if re.fullmatch(r"[a-z]{3,}", line)]


def _entries(path: Path) -> Iterator[tuple[list[str], list[str], str]]:
    """The synsets of a data file: the fields, the lemmas as spelt, and the gloss with its examples."""
    for line in path.read_text(encoding="latin-1").splitlines():
        if not line.startswith("  ") and " | " in line:
            entry, gloss = line.split(" | ", 1)
            parts = entry.split()
            yield parts, [re.sub(r"\(.*\)", "", parts[4 + 2 * place]) for place in range(int(parts[3], 16))], gloss


def wordnet(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """Lemmas, glosses and example phrases from WordNet's data files; empty lists where the folder has none."""
    lemmas: set[str] = set()
    glosses: list[str] = []
    examples: list[str] = []
    for path in sorted(folder.glob("data.*")):
        for _, spelt, gloss in _entries(path):
            plain = (word.replace("_", " ").lower() for word in spelt)
            lemmas.update(lemma for lemma in plain if re.fullmatch(r"[a-z' -]{3,30}", lemma))
            words = gloss.split(";")[0].strip().strip("()").split()
            if 2 <= len(words) <= 14:
                glosses.append(" ".join(words))
            examples += [text for text in re.findall(r'"([^"]+)"', gloss) if 2 <= len(text.split()) <= 16]
    return sorted(lemmas), glosses, examples


# WordNet's lexicographer files whose nouns one can see, and those whose verbs one can.
_NOUNS = {5: "animal", 6: "artifact", 8: "body", 11: "event", 13: "food", 15: "place", 17: "object", 18: "person",
          19: "phenomenon", 20: "plant", 27: "substance", 28: "time"}  # fmt: skip
_VERBS = frozenset((29, 30, 35, 36, 38, 39, 43))  # body, change, contact, creation, motion, perception, weather


@dataclass(frozen=True)
class Lexicon:
    """Common words for scenes.

    things: nouns by kind ('animal', 'artifact', ...); doing, does and done: the forms of verbs ('falling', 'falls',
    'fallen'); candidates: every noun one can see, with the first words of its gloss; names: those which are proper names.
    """

    things: Mapping[str, Sequence[str]]
    adjectives: Sequence[str]
    doing: Sequence[str]
    does: Sequence[str]
    done: Sequence[str]
    candidates: Mapping[str, str]
    names: Set[str]


def _senses(folder: Path, kind: str) -> dict[str, list[tuple[int, str, str]]]:
    """For each lemma of one data file its senses, most used first: lexicographer file, gloss, the lemma as spelt."""
    synsets: dict[str, tuple[int, str, dict[str, str]]] = {}
    for parts, spelt, gloss in _entries(folder / f"data.{kind}"):
        synsets[parts[0]] = int(parts[1]), gloss.split(";")[0].strip(), {word.lower(): word for word in spelt}
    senses = {}
    for line in (folder / f"index.{kind}").read_text(encoding="latin-1").splitlines():
        if not line.startswith("  "):
            parts = line.split()
            found = [synsets[offset] for offset in parts[-int(parts[2]) :] if offset in synsets]
            senses[parts[0].replace("_", " ")] = [(file, gloss, names.get(parts[0], "")) for file, gloss, names in found]
    return senses


def _forms(verb: str, known: frozenset[str]) -> tuple[str, str, str] | None:
    """'-ing', '-s' and '-ed' forms; None where the common words do not have all three."""
    stem = verb[:-1] if verb.endswith("e") else verb
    soft = verb[:-1] + "i" if verb.endswith("y") else verb
    for root in (stem + stem[-1], stem, verb):
        doing, done = root + "ing", soft + "ed" if soft != verb else root + "ed"
        for does in (verb + "s", verb + "es", soft + "es"):
            if {doing, does, done} <= known:
                return doing, does, done
    return None


def lexicon(folder: Path, vocabulary: Path) -> Lexicon:
    """Scene words from WordNet, only those made of words which the teacher's vocabulary has whole: they are common."""
    known = frozenset(teacher_words(vocabulary)) | {"a", "of", "in"}

    def common(lemma: str) -> bool:
        return len(lemma) > 2 and all(word in known for word in re.split(r"[ -]", lemma))

    things: dict[str, list[str]] = {kind: [] for kind in _NOUNS.values()}
    candidates: dict[str, str] = {}
    names: set[str] = set()
    for lemma, senses in _senses(folder, "noun").items():
        if not common(lemma):
            continue
        file, _, spelt = senses[0]
        if not spelt.islower():
            names.add(lemma)
        if file in _NOUNS and spelt.islower() and lemma.count(" ") < 2:
            things[_NOUNS[file]].append(lemma)
        for file, gloss, _ in senses[:2]:
            if file in _NOUNS and _NOUNS[file] != "person":
                candidates[lemma] = " ".join(re.sub(r"\([^)]*\)", "", gloss).split()[:8])
                break
    # A plural is a word of its own in the vocabulary; a verb needs all its forms there.
    forms = [
        found
        for lemma, senses in _senses(folder, "verb").items()
        if senses[0][0] in _VERBS and common(lemma) and (found := _forms(lemma, known))
    ]
    adjectives = [lemma for lemma in _senses(folder, "adj") if common(lemma) and lemma.isalpha()]
    doing, does, done = ([form[place] for form in forms] for place in range(3))
    return Lexicon(things, adjectives, doing, does, done, candidates, names)


# {n} is the subject; {o} and {u} further things, {w} a place or object, {y} somebody, {l} an animal, {m} stuff or food;
# {g} 'falling', {s} 'falls', {e} 'fallen'; {j} and {k} adjectives, {t} when, {c} a colour.
_SCENES = tuple(
    """a {j} {n} {g} in the {w}
a {n} {g} {t}
the {n} of a {o} {t}
a {j} {n} on a {k} {o}
the {n} {s} over the {w}
{j} {n} and {k} {o} by the {w}
somebody left a {n} on the {o}
the {y} {s} beside a {j} {n}
a {y} looks at the {n}
what the {y} saw in the {w}
the {y}'s {j} {n}
a {l} {g} near the {n}
the {l} {s} past a {n} and a {o}
inside a {j} {n}
under the {n}, between {o} and {u}
a {n} full of {m}
a {n} made of {j} {m}
{m} {g} from a {n}
{m} on the {n} {t}
the smell of {m} in a {j} {w}
a {j} {n} seen from the {w}
we {g} towards the {n} {t}
i remember the {n} and its {j} {o}
{t} a {n} {s} above the {w}
a {n} waits for the {y}
an old {n} {e} by the {y}
the {w} where a {n} {s}
the {w} is {j} and the {n} is {k}
behind the {n} a {j} {o} {s}
a {c} {n} in front of a {d} {o}
{c} {m} and a {j} {n}
a {n} {e} with {m}
the {j} {n} of the {w}
a {n} and its {o} {g} through the {w}
through the {n} one sees a {j} {w}
my {n} is {j}
there is a {n} in the {o}
a thousand {j} {n} over the {w}
the last {n} before the {w}
{g} into a {j} {n}
where the {l} meets the {n}
no {n} without a {o}
like a {n} {g} in {m}
the {y} and the {l} share a {n}
a {n}, a {o} and a {u} {t}
the {n} breaks and the {o} {s}
a day at the {w} with {m}
nothing but {m} and a {j} {n}
the sound of a {n} {g} {t}
somewhere in the {w} a {l} {s}
two {j} {n} facing each other
a {n} turning into a {o}
the {n} is {e} {t}
how a {n} {s} when {j}
the edge of the {w} in {c}
a {k} dream about a {n}
the inside of a {j} {n} lit by a {o}
from the {w} to the {n}
close to the {n}, far from the {w}
a {w} covered in {m}""".splitlines()
)
_WHEN = (
    "at dusk", "at dawn", "at night", "at midnight", "in the morning", "in the evening", "in winter", "in summer",
    "in autumn", "in spring", "in the dark", "in the sunlight", "in the moonlight", "in the rain", "in the wind",
    "in the fog", "by candlelight", "after dark", "before sunrise", "after the storm", "on a cold day", "on a hot night",
    "far away", "up close", "from above", "from below", "in slow motion", "all night long", "once more", "in silence",
    "in the city", "in the countryside", "underwater", "in the distance", "under the stars", "at the end of the day",
)  # fmt: skip


def scene(words: Lexicon, rng: random.Random, subject: str | None = None) -> str:
    """A short natural sentence of 4 to 14 words about the subject, or about any thing."""
    pick, things = rng.choice, words.things

    def thing(kinds: Sequence[str]) -> str:
        filled = [kind for kind in kinds if things.get(kind)]
        if not filled:
            return pick(THINGS)
        drawn = [pick(things[pick(filled)]) for _ in range(3)]
        # Compounds outnumber single words in WordNet, but not in what people say.
        return next((word for word in drawn if word.isalpha()), drawn[0])

    def adjective() -> str:
        return pick(QUALITIES if rng.random() < 0.4 or not words.adjectives else words.adjectives)

    seen = ("artifact", "artifact", "object", "phenomenon", "plant", "animal", "body", "food", "event")
    forms = _SCENES if subject is None else [form for form in _SCENES if "{n}" in form]
    while True:
        text = pick(forms).format(
            n=subject or thing(seen), o=thing(seen), u=thing(seen), w=thing(("place", "object", "artifact")),
            y=thing(("person",)), l=thing(("animal",)), m=thing(("substance", "food", "phenomenon")),
            g=pick(words.doing), s=pick(words.does), e=pick(words.done), j=adjective(), k=adjective(), t=pick(_WHEN),
            c=pick(COLOURS), d=pick(COLOURS),
        )  # fmt: skip
        text = re.sub(r"\ba (?=[aeiou])", "an ", text)
        if 3 < len(text.split()) < 15:
            return text


def collect(count: int, rng: random.Random, vocabulary: Path, wordnet_folder: str,
            extra: Sequence[str] = ()) -> list[str]:  # fmt: skip
    """About ``count`` different texts: scenes, captions, glosses, lemmas, prompts, words, examples and ``extra``.

    Without WordNet's folder the scenes, glosses and lemmas are left out.
    """
    words = teacher_words(vocabulary)
    texts = [*words, *extra, *prompts(count // 10, rng)]
    texts += captions(count // 4, rng)
    texts += [" ".join(rng.sample(words, rng.choice((2, 2, 3)))) for _ in range(count // 40)]
    if wordnet_folder:
        folder = Path(wordnet_folder)
        lemmas, glosses, examples = wordnet(folder)
        texts += rng.sample(lemmas, min(len(lemmas), count // 8)) + rng.sample(glosses, min(len(glosses), count * 3 // 20))
        scenes = lexicon(folder, vocabulary)
        # Common nouns are worth more than rare ones, which the draw above takes by the thousand.
        texts += list(scenes.candidates)
        texts += [scene(scenes, rng) for _ in range(count * 3 // 10)]
        texts += rng.sample(examples, min(len(examples), count // 4))
    texts = sorted(set(texts))
    rng.shuffle(texts)
    return texts
