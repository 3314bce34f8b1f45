"""Words near each picture family that its own captions never use, as the teacher of the text encoder sees them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from . import checkpoint
from .config import Config
from .texts import Lexicon, lexicon, scene

Words = Mapping[str, tuple[str, ...]]
Teach = Callable[[list[str]], Tensor]

FLOOR = 0.27  # cosine to the family, both centred
RANK = 2.5  # standard deviations above what a family has in common with any noun; rarer words for thin families
RANK_THIN = 2.2
RANK_NAME = 3.4  # of proper names, which families like an Indian ornament draw by the hundred
MARGIN = 0.25  # standard deviations over the second best family that is not of kin
KIN, KIN_LEAD = 0.45, 0.6  # cosine of families that may share words, and how far behind the best one may lie
FEW, MOST = 30, 60  # words a family
SENTENCES = 40  # a family
_FUNCTION = frozenset((
    "a", "an", "the", "of", "in", "on", "at", "to", "and", "or", "for", "by", "with", "without", "from", "into", "over",
    "under", "as", "is", "are", "was", "be", "it", "its", "no", "not", "my", "her", "his", "our", "we", "us", "me", "i",
    "you", "s", "up", "down", "out", "off", "all", "any", "one", "how", "what", "where", "when", "has", "had", "been",
    "just", "so",
))  # fmt: skip


# Nothing to put on a screen before an audience, or of a kind no picture family shows.
_UNWANTED = frozenset(
    (
        "semen", "seminal", "sperm", "sex", "urine", "nude", "marijuana", "cannabis", "nuclear", "atomic", "atom", "fusion",
        "fission", "pipe", "shoe", "improvised", "weapon", "explosive", "gun", "bullet", "pistol", "genus", "family",
        "republic", "capital", "toilet", "detention", "prison", "killer", "cancer", "death", "bomb", "artery", "penis",
        "burial", "funeral", "police", "ghetto", "anatolia", "indonesia", "malaya", "malacca",
    )
)  # fmt: skip


def load(folder: Path, name: str = "related") -> dict[str, tuple[str, ...]]:
    """Words (or, by name 'related_sentences', sentences) a family from the run folder; empty where none were made."""
    path = folder / f"{name}.json"
    if not path.exists():
        return {}
    return {family: tuple(words) for family, words in json.loads(path.read_text(encoding="utf-8")).items()}


def save(folder: Path, words: Words, name: str = "related") -> None:
    """Write what `load` reads."""
    document = {family: list(entries) for family, entries in words.items()}
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def stem(word: str) -> str:
    """A word without its plural or possessive ending, so that singular and plural meet."""
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith("ves"):
        return word[:-3] + "f"
    if len(word) > 4 and re.search(r"(s|x|z|ch|sh|o)es$", word):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def stems(text: str) -> set[str]:
    """The stems of a text's words, function words left out."""
    found: set[str] = set()
    for word in re.findall(r"[^\W_]+(?:'s)?", text.lower()):
        if word not in _FUNCTION:
            # 'es' may end a plural ('boxes') or follow an e ('horses'): both readings count.
            found |= {stem(word), word.removesuffix("'s").removesuffix("s")}
    return found - _FUNCTION


def allowed(texts: Iterable[str], judged: Iterable[str]) -> list[str]:
    """The texts that share no word, singular or plural, with the captions kept for judging, and none unwanted."""
    forbidden = set[str]().union(*(stems(text) for text in judged))
    forbidden |= stems(" ".join(_UNWANTED))
    return [text for text in texts if not stems(text) & forbidden]


def family_vectors(phrases: Words, teach: Teach) -> tuple[Tensor, Tensor]:
    """Unit vectors of the families (F, W), centred, and the centre (W,): the mean over all phrases."""
    flat = [phrase for entries in phrases.values() for phrase in entries]
    vectors = teach(flat)
    centre = vectors.mean(0)
    parts = (vectors - centre).split([len(entries) for entries in phrases.values()])
    return F.normalize(torch.stack([part.mean(0) for part in parts]), dim=-1), centre


def similarities(vectors: Tensor, families: Tensor, centre: Tensor) -> Tensor:
    """Cosines (N, F) of centred text vectors (N, W) to the families (F, W)."""
    return F.normalize(vectors - centre, dim=-1) @ families.T


def standard(scores: Tensor) -> Tensor:
    """Scores (N, F) in standard deviations from each family's mean: some families are near to everything."""
    return (scores - scores.mean(0)) / scores.std(0)


def borrowed(word: str, own: set[str]) -> bool:
    """Whether a compound only starts like the family's own words: a fire door is no fire, a forest fire is one."""
    *first, last = (bool(stems(part) & own) for part in re.split(r"[ -]", word))
    return any(first) and not last


def nearest(words: Sequence[str], names: Set[str], bare: Tensor, told: Tensor, families: Tensor,
            phrases: Words) -> dict[str, tuple[str, ...]]:  # fmt: skip
    """For each family up to 60 of the words that mean it, the nearest first.

    names: those of the words which are proper names; bare, told: cosines (N, F) of the words alone and with their
    glosses, of which the lower counts: the gloss settles the meaning, the word is what a prompt will say.
    """
    ours, theirs = standard(bare), standard(told)
    rank, mean, cosine = torch.minimum(ours, theirs), (ours + theirs) / 2, torch.minimum(bare, told)
    kin = families @ families.T > KIN
    chosen: dict[str, tuple[str, ...]] = {}
    for index, (family, own_phrases) in enumerate(phrases.items()):
        own = set[str]().union(*(stems(phrase) for phrase in own_phrases))
        lead = mean[:, index] - mean.masked_fill(kin[index], -torch.inf).amax(1)
        near = (lead > MARGIN) & (mean[:, index] > mean.amax(1) - KIN_LEAD) & (cosine[:, index] > FLOOR)
        rows = (near & (rank[:, index] > RANK_THIN)).nonzero()[:, 0]
        order = rows[(rank[:, index] + 0.5 * lead)[rows].argsort(descending=True)].tolist()
        good = [row for row in order if not borrowed(words[row], own)]
        good = [row for row in good if words[row] not in names or rank[row, index] > RANK_NAME]
        sure = [words[row] for row in good if rank[row, index] > RANK]
        chosen[family] = tuple((sure if len(sure) >= FEW else [words[row] for row in good][:FEW])[:MOST])
    return chosen


def related_words(lexicon: Lexicon, phrases: Words, judged: Sequence[str], teach: Teach) -> dict[str, tuple[str, ...]]:
    """Nouns near each family, judged by the noun alone and together with the first words of its gloss."""
    families, centre = family_vectors(phrases, teach)
    own = set[str]().union(*(set(entries) for entries in phrases.values()))
    words = [word for word in allowed(lexicon.candidates, judged) if word not in own]
    bare = similarities(teach(words), families, centre)
    told = similarities(teach([f"{word}, {lexicon.candidates[word]}" for word in words]), families, centre)
    return nearest(words, lexicon.names, bare, told, families, phrases)


def related_sentences(words: Words, lexicon: Lexicon, phrases: Words, judged: Sequence[str], teach: Teach,
                      rng: random.Random, count: int = SENTENCES) -> dict[str, tuple[str, ...]]:  # fmt: skip
    """Short scenes about each family's words, its own phrases where it has few; only those the teacher gives to it."""
    families, centre = family_vectors(phrases, teach)
    drafts: dict[str, list[str]] = {}
    for family, own in phrases.items():
        subjects = words.get(family, ())
        subjects = subjects if len(subjects) >= FEW else (*subjects, *own)
        drafts[family] = sorted(set(allowed((scene(lexicon, rng, rng.choice(subjects)) for _ in range(6 * count)), judged)))
    scores = similarities(teach([text for texts in drafts.values() for text in texts]), families, centre)
    kept: dict[str, tuple[str, ...]] = {}
    parts = scores.split([len(texts) for texts in drafts.values()])
    for index, ((family, texts), part) in enumerate(zip(drafts.items(), parts, strict=True)):
        order = part[:, index].argsort(descending=True).tolist()
        kept[family] = tuple(texts[row] for row in order if part[row].argmax() == index)[:count]
    return kept


def run(config: Config) -> None:
    """Write ``related.json`` and ``related_sentences.json`` into the run folder; needs WordNet and the teacher."""
    from .teacher import teacher_folder
    from .text_encoder import teach
    from .visuals.captions import WORDS
    from .visuals.held_out import HELD_OUT
    from .visuals.riddles import RIDDLES

    if not config.text.wordnet:
        raise ValueError("the stage 'related' needs WordNet: give its folder with --wordnet")
    folder = checkpoint.prepare(config)
    words = lexicon(Path(config.text.wordnet), teacher_folder() / "vocab.txt")
    judged = [text for text, _ in (*HELD_OUT, *RIDDLES)]

    def taught(texts: list[str]) -> Tensor:
        return teach(texts, config)

    near = related_words(words, WORDS, judged, taught)
    save(folder, near)
    scenes = related_sentences(near, words, WORDS, judged, taught, random.Random(config.run.seed))
    save(folder, scenes, "related_sentences")
    print(f"[related] {sum(map(len, near.values()))} words, {sum(map(len, scenes.values()))} sentences", flush=True)
