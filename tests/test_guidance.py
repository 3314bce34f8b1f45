"""Semantic guidance against slow references in float64, written from the formulas; and its effect on a stream."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch

from engines.backends import Networks
from engines.guidance import (
    MEMORY_S,
    ConditionGuidance,
    Meant,
    OutputGuidance,
    PublishedGuidance,
    Strength,
    strongest,
)
from engines.model import ModelInfo
from engines.schedule import Schedule
from engines.stream import Stream

Array = npt.NDArray[np.float64]


def masked(values: Array, mask: float) -> Array:
    """The entries of a flat list whose size is at least the quantile of the sizes, found by sorting."""
    sizes = sorted(abs(value) for value in values.tolist())
    place = mask * (len(sizes) - 1)
    below = math.floor(place)
    above = min(below + 1, len(sizes) - 1)
    bar = sizes[below] + (place - below) * (sizes[above] - sizes[below])
    return np.array([value if abs(value) >= bar - 1e-12 else 0.0 for value in values.tolist()])


def by_channel(values: Array, mask: float) -> Array:
    return np.stack([masked(channel.ravel(), mask).reshape(channel.shape) for channel in values[0]])[None]


def tensor(values: Array) -> torch.Tensor:
    return torch.from_numpy(values)


@pytest.mark.parametrize("mask", [0.0, 0.3, 0.5, 0.8, 0.95])
def test_the_strongest_are_those_above_the_quantile(mask: float) -> None:
    values = np.random.default_rng(3).normal(size=(1, 4, 6, 7))
    found = strongest(tensor(values), mask, (2, 3)).numpy()
    assert np.allclose(found, by_channel(values, mask), atol=0)
    whole = strongest(tensor(values), mask, (1, 2, 3)).numpy()
    assert np.allclose(whole.ravel(), masked(values.ravel(), mask), atol=0)
    kept = np.count_nonzero(whole) / whole.size
    assert kept == pytest.approx(1 - mask, abs=0.01)


def test_the_condition_moves_as_the_formula_says() -> None:
    rng = np.random.default_rng(1)
    text, neutral = rng.normal(size=(2, 1, 5, 8))
    guidance = ConditionGuidance()
    past = np.zeros_like(text)
    for dt in (0.0, 0.03, 0.05, 0.2, 0.01):
        sound, presence = rng.normal(size=(1, 5, 8)), float(rng.uniform())
        scale, mask, momentum = 0.8, 0.6, 0.3
        led = guidance.lead(
            tensor(text), Meant(tensor(sound), tensor(neutral), presence), Strength(scale, mask, momentum), dt
        )
        difference = masked((scale * presence * (sound - neutral)).ravel(), mask).reshape(text.shape)
        past = past + (1 - math.exp(-dt / MEMORY_S)) * (difference - past)
        expected = text + (1 - momentum) * difference + momentum * past
        assert np.allclose(led.numpy(), expected, atol=1e-12)


def test_what_stays_is_reached_exactly_whatever_the_momentum_and_the_frame_rate() -> None:
    rng = np.random.default_rng(2)
    text, sound, neutral = (tensor(values) for values in rng.normal(size=(3, 1, 5, 8)))
    meant = Meant(sound, neutral)
    for fps in (15, 60):
        for momentum in (0.0, 0.5, 0.9):
            guidance = ConditionGuidance()
            for _ in range(8 * fps):
                led = guidance.lead(text, meant, Strength(0.7, 0.0, momentum), 1 / fps)
            assert torch.allclose(led, text + 0.7 * (sound - neutral), atol=1e-6)
    halfway = []
    for fps in (10, 50):
        guidance = ConditionGuidance()
        for _ in range(round(0.4 * fps)):
            led = guidance.lead(text, meant, Strength(1.0, 0.0, 0.9), 1 / fps)
        halfway.append(led)
    assert torch.allclose(halfway[0], halfway[1], atol=1e-9)
    silent = ConditionGuidance()
    assert torch.equal(silent.lead(text, None, Strength(1.0), 0.1), text)


def test_the_output_moves_as_the_formula_says() -> None:
    rng = np.random.default_rng(4)
    guidance, past = OutputGuidance(), [np.zeros((1, 4, 6, 6))] * 2
    shifts = [np.zeros((1, 4, 6, 6))] * 2
    strength, seconds = Strength(1.3, 0.7, 0.4, refresh=3), 0.0
    looks = 0
    for frame in range(9):
        dt = 0.02 + 0.01 * frame
        seconds += dt
        due = guidance.due(strength.refresh, dt)
        assert due == (frame in (0, 3, 6))
        looks += due
        for step in range(2):
            clean, sound = rng.normal(size=(2, 1, 4, 6, 6))
            if due:
                guidance.look(step, tensor(clean), tensor(sound), strength)
                difference = by_channel(sound - clean, strength.mask)
                past[step] = past[step] + (1 - math.exp(-seconds / MEMORY_S)) * (difference - past[step])
                shifts[step] = (1 - strength.momentum) * difference + strength.momentum * past[step]
            led = guidance.lead(step, tensor(clean), strength.scale * 0.5)
            assert np.allclose(led.numpy(), clean + strength.scale * 0.5 * shifts[step], atol=1e-12)
        if due:
            guidance.looked()
            seconds = 0.0
    assert looks == 3


def test_the_published_form_is_the_published_one() -> None:
    rng = np.random.default_rng(5)
    guidance = PublishedGuidance(scale=6.0, mask=0.9, start=850.0)
    past = np.zeros((1, 4, 8, 8))
    for timestep in (990.0, 900.0, 840.0, 700.0, 300.0, 20.0):
        nothing, text, sound = rng.normal(size=(3, 1, 4, 8, 8))
        led = guidance.lead(timestep, tensor(nothing), tensor(text), tensor(sound)).numpy()
        expected = nothing + 7.5 * (text - nothing)
        if timestep < 850:
            shift = by_channel(6.0 * (sound - nothing), 0.9) + 0.3 * past
            past = 0.6 * past + 0.4 * shift
            expected = expected + shift
        assert np.allclose(led, expected, atol=1e-12)


@pytest.mark.parametrize("prediction", ["flow", "epsilon", "v_prediction"])
def test_a_shift_of_the_clean_latent_is_a_shift_of_the_noise(prediction: str) -> None:
    """x0 and ε go on explaining the same noised latent: ε moves by −(signal/σ)·γ."""
    rng = np.random.default_rng(6)
    alphas = torch.tensor(np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2))
    schedule = Schedule(prediction, None if prediction == "flow" else alphas)
    clean, noise, shift = (tensor(values) for values in rng.normal(size=(3, 1, 4, 4, 4)))
    for level in (0.3, 0.8):
        noised = schedule.noised(clean, noise, level)
        moved = schedule.noise_in(noised, clean + shift, level)
        assert torch.allclose(schedule.noised(clean + shift, moved, level), noised, atol=1e-6)


def colours(painter: tuple[ModelInfo, Networks], prompt: str, meant: Meant | None, **guide: float) -> Array:
    """Mean colour of a stream after a second."""
    stream = Stream(*painter)
    stream.set_prompt(prompt)
    knobs = {"picture/steps": 4.0, "picture/change": 0.9, **{f"guide/{name}": value for name, value in guide.items()}}
    pictures = [stream.paint(knobs, meant, frame / 24) for frame in range(24)]
    return np.asarray(pictures[-1].astype(float).mean((0, 1)))


@pytest.mark.parametrize("refresh", [0, 1, 3])
def test_what_a_sound_means_is_painted(painter: tuple[ModelInfo, Networks], refresh: int) -> None:
    encode = painter[1].encode_text
    prompt = "a blue nebula"
    meant = Meant(encode("blazing orange flames"), encode(prompt))
    plain = colours(painter, prompt, None, strength=1.0)
    led = colours(painter, prompt, meant, strength=1.0, refresh=refresh)
    assert plain[2] > plain[0] and led[0] > led[2], "blue becomes orange"
    still = colours(painter, prompt, meant, strength=0.0, refresh=refresh)
    assert np.abs(still - plain).max() < 2, "without strength the sound leads nothing"
    absent = colours(painter, prompt, Meant(meant.states, meant.neutral, 0.0), strength=1.0, refresh=refresh)
    assert np.abs(absent - plain).max() < 2, "what is not present leads nothing"
