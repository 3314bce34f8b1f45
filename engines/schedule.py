"""Noise levels: how a clean latent is noised at a level, and what a network's prediction says of the clean latent.

A *level* is 0 (clean) to 1 (noise alone). For flow matching (Lipman et al. 2022) it is t of z = (1 − t)·x + t·ε; for
the DDPM family it is the timestep over the number of timesteps, with z = √ᾱ·x + √(1 − ᾱ)·ε.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from engines.model import ModelInfo, load_scheduler_alphas


@dataclass(frozen=True, slots=True)
class Schedule:
    """One model's noise schedule. alphas: ᾱ of every timestep, or None for flow matching."""

    prediction: str
    alphas: torch.Tensor | None

    @classmethod
    def of(cls, info: ModelInfo) -> Schedule:
        """The schedule that the model folder states."""
        return cls(info.prediction, None if info.prediction == "flow" else load_scheduler_alphas(info.path))

    def levels(self, start: float, steps: int) -> list[float]:
        """Evenly falling levels from ``start`` towards 0, one a step; 0 itself is where the last step lands."""
        return [start * (1 - i / steps) for i in range(steps)]

    def timestep(self, level: float) -> float:
        """What the network is told of the level."""
        if self.alphas is None:
            return 1000.0 * level
        return float(round(level * (len(self.alphas) - 1)))

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
