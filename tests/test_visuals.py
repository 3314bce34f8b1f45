"""Procedural pictures: repeatable, in range, continuous in time and sound, and driven by both."""

from __future__ import annotations

import random

import pytest

torch = pytest.importorskip("torch")

from engines.training.visuals import (  # noqa: E402
    FACTORS,
    FAMILIES,
    PALETTES,
    Scene,
    caption,
    render,
    sample_factors,
    sample_scene,
)
from engines.training.visuals.captions import WORDS  # noqa: E402
from engines.training.visuals.palettes import TABLE  # noqa: E402

SIZE = (64, 64)


def scene_of(family: str, batch: int = 3) -> Scene:
    return sample_scene(batch, random.Random(4), family)


def test_counts_and_shapes() -> None:
    assert len(FAMILIES) == 24 and len(set(FAMILIES)) == 24
    assert len(PALETTES) == 20
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


def test_captions() -> None:
    rng = random.Random(2)
    assert set(WORDS) == set(FAMILIES)
    assert all(len(set(words)) >= 6 for words in WORDS.values())
    assert all(len(set(palette.words)) >= 4 for palette in TABLE.values())
    for family in FAMILIES:
        for palette in PALETTES:
            text = caption(family, palette, rng, sample_factors(1, rng)[0])
            assert text == text.strip(" ,") and "  " not in text and len(text) > 2
    texts = [caption("nebula", "fire", rng) for _ in range(1000)]
    without_family = sum(not any(w in t for w in WORDS["nebula"]) for t in texts)
    assert 50 < without_family < 160
    loud = " ".join(caption("nebula", "fire", rng, torch.ones(7)) for _ in range(300))
    assert "intense" in loud and "calm" not in loud


def test_unknown_family_is_named() -> None:
    with pytest.raises(ValueError, match="zebra"):
        sample_scene(1, random.Random(0), "zebra")
