"""Noise levels: how a clean latent is noised at a level, and what a network's prediction says of the clean latent.

A *level* is 0 (clean) to 1 (noise alone). For flow matching (Lipman et al. 2022) it is t of z = (1 − t)·x + t·ε; for
the DDPM family it is the timestep over the number of timesteps, with z = √ᾱ·x + √(1 − ᾱ)·ε.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from engines.folder import ModelError, read_json
from engines.model import ModelInfo

SIGMA_DATA = 0.5
"""Deviation of latents that consistency models are bounded for."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One model's noise schedule. alphas: ᾱ of every timestep, or None for flow matching.

    consistency: None, or for a latent consistency model (Luo et al. 2023) what timesteps are multiplied by in its boundary
    condition. every: timesteps from one that its network was trained at to the next; the last of all is one of them.
    """

    prediction: str
    alphas: torch.Tensor | None
    consistency: float | None = None
    every: int = 1

    @classmethod
    def of(cls, info: ModelInfo) -> Schedule:
        """The schedule that the model folder states."""
        if info.prediction == "flow":
            return cls(info.prediction, None)
        config = read_json(info.parts["scheduler"] / "scheduler_config.json")
        alphas = _alphas(config, info.path)
        if not info.family.consistency:
            return cls(info.prediction, alphas)
        every = max(1, len(alphas) // int(config.get("original_inference_steps", 50)))
        return cls(info.prediction, alphas, float(config.get("timestep_scaling", 10.0)), every)

    def levels(self, start: float, steps: int) -> list[float]:
        """Evenly falling levels from ``start`` towards 0, one a step; 0 itself is where the last step lands."""
        return [start * (1 - i / steps) for i in range(steps)]

    def timestep(self, level: float) -> float:
        """What the network is told of the level."""
        if self.alphas is None:
            return 1000.0 * level
        if self.every == 1:
            return float(round(level * (len(self.alphas) - 1)))
        return float(max(1, round(level * len(self.alphas) / self.every)) * self.every - 1)

    def _scales(self, level: float) -> tuple[float, float]:
        """(signal, noise) amplitudes at the level."""
        if self.alphas is None:
            return 1.0 - level, level
        if level <= 0:
            return 1.0, 0.0
        alpha = float(self.alphas[int(self.timestep(level))])
        return alpha**0.5, (1 - alpha) ** 0.5

    def noised(self, clean: torch.Tensor, noise: torch.Tensor, level: float) -> torch.Tensor:
        """Noise a clean latent to a level."""
        signal, sigma = self._scales(level)
        return signal * clean + sigma * noise

    def split(self, noised: torch.Tensor, predicted: torch.Tensor, level: float) -> tuple[torch.Tensor, torch.Tensor]:
        """(clean latent, noise) that the network's prediction implies."""
        clean, noise = self._split(noised, predicted, level)
        if self.consistency is None:
            return clean, noise
        scaled = self.consistency * self.timestep(level)
        power = scaled**2 + SIGMA_DATA**2
        bounded = scaled / power**0.5 * clean + SIGMA_DATA**2 / power * noised
        return bounded, self.noise_in(noised, bounded, level)

    def _split(self, noised: torch.Tensor, predicted: torch.Tensor, level: float) -> tuple[torch.Tensor, torch.Tensor]:
        signal, sigma = self._scales(level)
        if self.prediction == "flow":  # the network predicts ε − x
            return noised - sigma * predicted, noised + signal * predicted
        if self.prediction == "v_prediction":  # Salimans & Ho 2022: v = √ᾱ·ε − √(1 − ᾱ)·x
            return signal * noised - sigma * predicted, sigma * noised + signal * predicted
        if self.prediction == "sample":
            return predicted, self.noise_in(noised, predicted, level)
        return self.clean_in(noised, predicted, level), predicted

    def clean_in(self, noised: torch.Tensor, noise: torch.Tensor, level: float) -> torch.Tensor:
        """The clean latent under a noised one if this is its noise. Where noise is all there is, nothing tells it."""
        signal, sigma = self._scales(level)
        return (noised - sigma * noise) / max(signal, 1e-4)

    def noise_in(self, noised: torch.Tensor, clean: torch.Tensor, level: float) -> torch.Tensor:
        """The noise that a noised latent holds if this is its clean one."""
        signal, sigma = self._scales(level)
        return (noised - signal * clean) / max(sigma, 1e-4)


def _alphas(config: dict[str, Any], model: Path) -> torch.Tensor:
    """Cumulative alphas (T,) of a DDPM-like scheduler, float32. Raises ModelError for a schedule that is not known."""
    count = int(config.get("num_train_timesteps", 1000))
    low, high = float(config.get("beta_start", 0.00085)), float(config.get("beta_end", 0.012))
    kind = config.get("beta_schedule", "scaled_linear")
    if kind == "scaled_linear":
        betas = torch.linspace(low**0.5, high**0.5, count, dtype=torch.float64) ** 2
    elif kind == "linear":
        betas = torch.linspace(low, high, count, dtype=torch.float64)
    else:
        raise ModelError(f"the scheduler of {model} has betas of the kind {kind}: choose a model with scaled_linear ones")
    alphas = torch.cumprod(1 - betas, 0)
    if config.get("rescale_betas_zero_snr"):  # Lin et al. 2023: noise alone at the last timestep
        roots = alphas.sqrt()
        alphas = ((roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])).square()
    return alphas.float()
