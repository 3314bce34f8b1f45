"""The published method against slow float64 loops written from the formulas, on a small random model."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from test_guidance import by_channel

from engines.backends import Networks, open_networks
from engines.backends.torch_backend import TorchNetworks
from engines.backends.wrappers import UNetCall
from engines.guidance import Meant
from engines.model import ModelInfo, inspect, load
from engines.slerp import slerp
from engines.stream import Stream
from engines.tpos import FIRST_LEVEL, Published, PublishedPictures, between

Array = npt.NDArray[np.float64]


def slow_slerp(first: Array, second: Array, share: float) -> Array:
    """Slerp of two vectors, from its formula."""
    angle = math.acos(float(first @ second / np.linalg.norm(first) / np.linalg.norm(second)))
    return np.asarray((math.sin((1 - share) * angle) * first + math.sin(share * angle) * second) / math.sin(angle))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_slerp_is_the_formula_for_every_vector_apart(share: float) -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 1, 5, 9))
    second *= 3
    found = slerp(torch.from_numpy(first), torch.from_numpy(second), share).numpy()
    for token in range(5):
        assert np.allclose(found[0, token], slow_slerp(first[0, token], second[0, token], share), atol=1e-12)


def test_slerp_keeps_unit_length_and_takes_a_straight_line_where_there_is_no_arc() -> None:
    generator = torch.Generator().manual_seed(2)
    first, second = torch.randn((2, 20, 16), generator=generator)
    first, second = (vectors / vectors.norm(dim=-1, keepdim=True) for vectors in (first, second))
    assert torch.allclose(slerp(first, second, 0.3).norm(dim=-1), torch.ones(20), atol=1e-5)
    for other in (first, 2 * first, -first, torch.zeros_like(first), first + 1e-5 * second):
        for pair in ((first, other), (other, first)):
            found = slerp(*pair, 0.25)
            assert bool(found.isfinite().all())
            assert torch.allclose(found, torch.lerp(*pair, 0.25), atol=1e-5)
    assert torch.equal(slerp(first, second, 0.0), first) and torch.equal(slerp(first, second, 1.0), second)


def test_between_two_meanings_states_turn_and_presence_fades() -> None:
    generator = torch.Generator().manual_seed(3)
    states, other, neutral = torch.randn((3, 1, 4, 8), generator=generator)
    first, second = Meant(states[None], neutral[None], 0.8), Meant(other[None], neutral[None], 0.2)
    found = between(first, second, 0.25)
    assert found is not None and found.presence == pytest.approx(0.65)
    assert torch.equal(found.states, slerp(first.states, second.states, 0.25))
    for pair, presence in (((None, first), 0.2), ((first, None), 0.6)):
        alone = between(*pair, 0.25)
        assert alone is not None and torch.equal(alone.states, first.states)
        assert alone.presence == pytest.approx(presence)
    assert between(None, None, 0.5) is None


@pytest.fixture(scope="module")
def tiny(tiny_model: Path, engine_cache: Path) -> tuple[ModelInfo, Networks]:
    info = inspect(tiny_model)
    return info, open_networks(info, (64, 64), "torch", engine_cache)


class Exact(TorchNetworks):
    """The same networks in float64, so that no rounding decides what is just above a quantile."""

    def __init__(self, info: ModelInfo, size: tuple[int, int]) -> None:
        super().__init__(info, size)
        self.device = torch.device("cpu")
        self._exact, self._text = UNetCall(load(info).unet, info).double(), self._text.to(self.device)

    @torch.inference_mode()
    def unet(
        self, latent: torch.Tensor, timestep: float, text: torch.Tensor, factors: torch.Tensor | None
    ) -> torch.Tensor:
        return self._exact(latent.double(), torch.tensor([timestep], dtype=torch.float64), text.double())


def reference(info: ModelInfo, networks: Networks, settings: Published, prompt: str, start: Array, meant: Meant) -> Array:
    """The paper's loop, step by step: DDIM with ᾱ, or Euler from pure noise to the picture."""
    betas = np.linspace(0.0001**0.5, 0.02**0.5, 1000) ** 2  # as the tiny model's scheduler states
    alphas = np.cumprod(1 - betas)
    text, nothing = networks.encode_text(prompt), networks.encode_text("")
    latent, past = start, np.zeros(start.shape)
    levels = [FIRST_LEVEL * (1 - step / settings.steps) for step in range(settings.steps)] + [0.0]
    for level, following in itertools.pairwise(levels):
        flow = info.prediction == "flow"
        timestep = 1000 * level if flow else round(999 * level)

        def scales(level: float, flow: bool = flow) -> tuple[float, float]:
            if flow:
                return 1 - level, level
            alpha = float(alphas[round(999 * level)]) if level > 0 else 1.0
            return math.sqrt(alpha), math.sqrt(1 - alpha)

        signal, sigma = scales(level)

        def epsilon(states: torch.Tensor) -> Array:
            given = networks.unet(torch.from_numpy(latent), timestep, states, None).numpy()  # noqa: B023
            if info.prediction == "epsilon":
                return np.asarray(given)
            if info.prediction == "flow":  # dz/dt = ε − x, z = (1 − t)·x + t·ε
                return np.asarray(latent + signal * given)  # noqa: B023
            return np.asarray(sigma * latent + signal * given)  # noqa: B023

        unconditioned = epsilon(nothing)
        noise = unconditioned + settings.text_scale * (epsilon(text) - unconditioned)
        if timestep < settings.start:
            shift = settings.sound_scale * meant.presence * (epsilon(meant.states) - unconditioned)
            shift = by_channel(shift, settings.mask) + 0.3 * past
            past = 0.6 * past + 0.4 * shift
            noise = noise + shift
        clean = (latent - sigma * noise) / signal
        signal, sigma = scales(following)
        latent = signal * clean + sigma * noise
    return np.asarray(clean)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "flow"])
def test_a_picture_is_the_papers_loop(tiny: tuple[ModelInfo, Networks], prediction: str) -> None:
    info = replace(tiny[0], prediction=prediction)
    networks = Exact(info, (64, 64))
    settings = Published(steps=7, sound_scale=5.0, mask=0.8, start=850.0)
    pictures = PublishedPictures(info, networks, settings, "red", seed=5)
    states = 30 * torch.randn((1, 77, 32), generator=torch.Generator().manual_seed(4))  # small random weights hear no less
    meant = Meant(states, networks.encode_text(""), 0.7)
    start = pictures._noise.double().numpy()
    expected = reference(info, networks, settings, "red", start, meant)
    found = pictures.denoise(meant).double().numpy()
    silent = reference(info, networks, settings, "red", start, replace(meant, presence=0.0))
    led = np.abs(silent - expected).max()
    assert np.abs(found - expected).max() < 1e-3 * led and led > 0.01 * np.abs(expected).max()


def test_the_first_picture_is_the_text_alone_and_all_start_from_one_noise(tiny: tuple[ModelInfo, Networks]) -> None:
    info, networks = tiny
    settings = Published(steps=4)
    pictures = PublishedPictures(info, networks, settings, "red", seed=5)
    rain = Meant(networks.encode_text("rain"), networks.encode_text(""))
    alone = pictures.paint(None)
    assert alone.shape == (64, 64, 3) and alone.dtype == np.uint8
    led = pictures.paint(rain)
    assert not np.array_equal(alone, led)
    assert np.array_equal(pictures.paint(replace(rain, presence=0.0)), alone), "a sound that is absent leads nothing"
    assert np.array_equal(pictures.paint(rain), led), "a picture remembers nothing"
    assert np.array_equal(pictures.paint(None), alone)
    assert not np.array_equal(PublishedPictures(info, networks, settings, "red", seed=6).paint(None), alone)
    stream = Stream(info, networks)  # the live method's first picture grows from the same noise
    stream.paint({"picture/seed": 5.0}, None, 0.0)
    assert stream._walk is not None and torch.equal(stream._walk.at(0.0), pictures._noise)


def test_settings_that_cannot_be_are_refused() -> None:
    for wrong in ({"steps": 0}, {"mask": 1.0}, {"mask": -0.1}):
        with pytest.raises(ValueError, match="not"):
            Published(**wrong)  # type: ignore[arg-type]
