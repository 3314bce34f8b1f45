"""Procedural pictures: repeatable, in range, continuous in time and sound, and driven by both."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

torch = pytest.importorskip("torch")

from engines.training.visuals import (  # noqa: E402
    FACTORS,
    FAMILIES,
    PALETTES,
    Scene,
    caption,
    captions,
    render,
    sample_factors,
    sample_scene,
)
from engines.training.visuals.captions import LONGEST, WORDS  # noqa: E402
from engines.training.visuals.held_out import HELD_OUT  # noqa: E402
from engines.training.visuals.palettes import TABLE  # noqa: E402
from engines.training.visuals.riddles import RIDDLES  # noqa: E402

SIZE = (64, 64)


def scene_of(family: str, batch: int = 3) -> Scene:
    return sample_scene(batch, random.Random(4), family)


def test_counts_and_shapes() -> None:
    assert len(FAMILIES) == len(set(FAMILIES)) >= 24
    assert len(PALETTES) == 40
    factors = sample_factors(50, random.Random(0))
    assert factors.shape == (50, len(FACTORS))
    assert factors.min() >= 0 and factors.max() <= 1


@pytest.mark.parametrize("family", FAMILIES)
def test_repeatable_finite_and_neither_black_nor_white(family: str) -> None:
    scene, factors = scene_of(family), sample_factors(3, random.Random(1))
    time = torch.tensor([0.0, 3.0, 200.0])
    first = render(scene, time, factors, SIZE)
    assert first.shape == (3, 3, *SIZE) and first.dtype == torch.float32
    assert torch.equal(first, render(scene, time, factors, SIZE))
    assert torch.isfinite(first).all() and first.min() >= 0 and first.max() <= 1
    assert (first.mean((1, 2, 3)) < 0.85).all()
    assert (first.std((1, 2, 3)) > 0.01).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_neighbouring_moments_are_neighbouring_pictures(family: str) -> None:
    scene, factors = scene_of(family), torch.full((3, 7), 0.5)
    for start in (2.0, 61.3):
        time = torch.full((3,), start)
        here = render(scene, time, factors, SIZE)
        soon = render(scene, time + 0.04, factors, SIZE)
        later = render(scene, time + 1.0, factors, SIZE)
        louder = render(scene, time, factors + 0.02, SIZE)
        assert (soon - here).abs().mean() < 0.03
        assert (louder - here).abs().mean() < 0.04
        assert (later - here).abs().mean() > 2 * (soon - here).abs().mean() > 0


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("factor", range(7), ids=FACTORS)
def test_every_factor_changes_every_family(family: str, factor: int) -> None:
    scene, time = scene_of(family, 2), torch.tensor([5.0, 9.0])
    low, high = torch.full((2, 7), 0.5), torch.full((2, 7), 0.5)
    low[:, factor], high[:, factor] = 0, 1
    change = (render(scene, time, high, SIZE) - render(scene, time, low, SIZE)).abs().mean()
    assert change > (0.02 if FACTORS[factor] in ("energy", "bass") else 0.003)


def test_form_does_not_depend_on_size_or_palette() -> None:
    scene, factors = scene_of("ink"), torch.full((3, 7), 0.5)
    time = torch.ones(3)
    small = render(scene, time, factors, (64, 96))
    large = render(scene, time, factors, (128, 192))
    assert (torch.nn.functional.avg_pool2d(large, 2) - small).abs().mean() < 0.03
    grey = Scene("ink", torch.full((3,), PALETTES.index("monochrome")), scene.seed)
    blue = Scene("ink", torch.full((3,), PALETTES.index("blue")), scene.seed)
    both = torch.stack([render(s, time, factors, SIZE).mean(1).flatten() for s in (grey, blue)])
    assert torch.corrcoef(both)[0, 1] > 0.9


def test_palettes_are_distinguishable() -> None:
    count = len(PALETTES)
    pictures = [
        render(Scene("plasma", torch.tensor([k]), 7), torch.zeros(1), torch.full((1, 7), 0.6), SIZE).flatten()
        for k in range(count)
    ]
    apart = torch.cdist(torch.stack(pictures), torch.stack(pictures), p=1) / pictures[0].numel()
    apart += torch.eye(count)
    assert apart.min() > 0.02, [PALETTES[k] for k in divmod(int(apart.argmin()), count)]


def test_words() -> None:
    assert set(FAMILIES) <= set(WORDS) and len(WORDS) == 46
    assert all(len(words) >= 12 for words in WORDS.values())
    assert all(len(palette.words) >= 7 for palette in TABLE.values())
    phrases = [*WORDS.values(), *(palette.words for palette in TABLE.values())]
    assert [phrase for phrase, n in Counter(p for words in phrases for p in words).items() if n > 1] == []


def test_captions() -> None:
    rng = random.Random(2)
    for family in WORDS:
        for palette in PALETTES:
            for second in (None, "city"):
                text = caption(family, palette, rng, sample_factors(1, rng)[0], second=second)
                assert text == text.strip(" ,;") and "  " not in text and 0 < len(text.split()) <= LONGEST
                assert not re.search(r"[{}^]|,,|\bcolours colours\b", text)
    texts = [caption("nebula", "fire", rng).lower() for _ in range(1000)]
    without_family = sum(not any(w in t for w in WORDS["nebula"]) for t in texts)
    assert 50 < without_family < 160
    loud = " ".join(caption("nebula", "fire", rng, torch.ones(7)) for _ in range(300))
    assert "intense" in loud and "calm" not in loud
    assert caption("eye", "red", random.Random(3)) == caption("eye", "red", random.Random(3))


def test_captions_name_both_layers() -> None:
    rng = random.Random(5)
    texts = [caption("eye", "red", rng, second="rain").lower() for _ in range(500)]
    both = sum(all(any(w in t for w in WORDS[f]) for f in ("eye", "rain")) for t in texts)
    assert both > 350
    assert any(re.search(r"\beye over (a |the |some )?rain", t) for t in texts)


STOP_WORDS = """a an the of in on at to by for from with and or as is are was be has have had his her him its my our i
we us their them this that what where who how why which no not any all each one two three into out up down over under
after before behind between above against around own some there through during among within so but got s"""


def content(text: str) -> set[str]:
    """Stems of a text's words, stop words aside."""
    stems = set()
    for word in set(re.findall(r"[a-z0-9']+", text.lower())).difference(STOP_WORDS.split()):
        word = re.sub(r"('s?|s)$", "", word)
        stems.add(re.sub(r"(?<=.{4})(ing|ed|e|y)$", "", word))
    return stems


@pytest.mark.parametrize(("held_out", "of_nine"), [(HELD_OUT, 24), (RIDDLES, 0)], ids=["plain", "riddles"])
def test_held_out_captions_are_in_other_words(held_out: tuple[tuple[str, str], ...], of_nine: int) -> None:
    families = Counter(family for _, family in held_out)
    assert set(families) == set(WORDS)
    assert Counter(families.values()) == Counter({5: len(WORDS) - of_nine, 9: of_nine})
    assert len(held_out) == len({text for text, _ in held_out})
    moods = [word for _, low, high in captions._MOODS for word in low + high]
    forms = [*captions._FULL, *captions._PLAIN, *captions._SHAPE_ONLY, *captions._COLOUR_ONLY, *captions._LAYERS]
    colours = [word for palette in TABLE.values() for word in palette.words]
    grammar = content(re.sub("{.}", "", " ".join([*moods, *captions._ANY, *captions._OPENINGS, *colours, *forms])))
    for text, family in held_out:
        assert content(text) and not content(text) & (grammar | content(" ".join(WORDS[family]))), (text, family)
    rng = random.Random(6)
    drawn = {caption(family, p, rng).lower() for family in WORDS for p in PALETTES for _ in range(4)}
    assert not drawn & {text for text, _ in held_out}


def test_held_out_sets_are_apart() -> None:
    assert not {text for text, _ in HELD_OUT} & {text for text, _ in RIDDLES}


def test_unknown_family_is_named() -> None:
    with pytest.raises(ValueError, match="zebra"):
        sample_scene(1, random.Random(0), "zebra")
