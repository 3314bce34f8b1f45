"""Audio semantic guidance: what a sound means leads what is painted (after TPoS, Jeong et al. 2023, and SEGA).

Text, too, leads by what a step finds (classifier-free guidance, Ho & Salimans 2022): x0 = x0_text + (w − 1)·(x0_text −
x0_negative), which is ε_negative + w·(ε_text − ε_negative) in x0. ``OutputGuidance`` keeps that difference as it keeps a
sound's, so that it may be seen anew in every k-th frame only.

Of the sound there are three forms, from the cheapest to the published one. s is the strength, mask_λ(ψ) keeps the
entries of ψ whose size is at least the λ quantile of all sizes, and momentum runs from frame to frame, not from step to
step: a live frame has one step or a few, but a show has many frames.

1. ``ConditionGuidance``: the condition moves, c′ = c_text + s·m(mask_λ(E_audio − E_neutral)). No further pass of the UNet.
2. ``OutputGuidance``: what a step takes for the clean latent moves, x0′ = x0_text + s·m(mask_λ(x0_audio − x0_text)), the
   quantile per channel. A second pass, which every k-th frame may do. It is measured in x0 because a shift γ of ε moves
   x0 by (σ/α)·γ, and σ/α is 14.6 at the first of 1,000 timesteps: in one step the published form has the wrong scale.
3. ``PublishedGuidance``: the paper's, in ε, for many steps.

m is momentum, m(ψ) = (1 − μ)·ψ + μ·v with v ← v + (1 − e^(−dt/τ))·(ψ − v): what stays is reached exactly, whatever μ, so
strength keeps its meaning and frames a second do not matter. (The published sum ψ + 0.3·v grows to 1.3·ψ.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from engines.state import State, number, part, under
from engines.warp import Motion, warp

MEMORY_S = 0.4
"""τ of the momentum."""

PUBLISHED_MOMENTUM, PUBLISHED_MEMORY = 0.3, 0.6
PUBLISHED_TEXT_SCALE = 7.5


@dataclass(frozen=True, slots=True)
class Meant:
    """What a sound means to one model.

    states, neutral: (1, tokens, width), of the sound and of no sound in particular, in the model's own text encoder.
    presence: 0–1, how much is meant at all.
    """

    states: Tensor
    neutral: Tensor
    presence: float = 1.0

    def on(self, device: torch.device) -> Meant:
        """The same on a device."""
        if self.states.device == device:
            return self
        return Meant(self.states.to(device), self.neutral.to(device), self.presence)


@dataclass(frozen=True, slots=True)
class Strength:
    """How sound leads. scale: s. mask: λ, 0 keeps all, below 1. momentum: μ, 0 has none, below 1.

    refresh: 0 is form 1; k is form 2, seen anew in every k-th frame.
    """

    scale: float
    mask: float = 0.0
    momentum: float = 0.0
    refresh: int = 0


def strongest(difference: Tensor, mask: float, dims: tuple[int, ...]) -> Tensor:
    """mask_λ: the entries whose size is at least the λ quantile of the sizes over ``dims``, zeros for the rest."""
    if mask <= 0.0:
        return difference
    size = difference.abs()
    kept = [dim for dim in range(size.ndim) if dim not in dims]
    rows = size.permute(*kept, *dims).flatten(len(kept))
    # The quantile lies between two sizes: what reaches it reaches the upper one. Choosing that costs a tenth of sorting.
    bar = rows.kthvalue(1 + math.ceil(mask * (rows.shape[-1] - 1)), dim=-1).values
    shape = [1 if dim in dims else size.shape[dim] for dim in range(size.ndim)]
    return torch.where(size >= bar.view(shape), difference, torch.zeros_like(difference))


class Momentum:
    """m: a part of what is followed is what was."""

    def __init__(self) -> None:
        self._past: Tensor | None = None

    def state(self) -> State:
        """What was."""
        return {} if self._past is None else {"past": self._past}

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._past = state.get("past")

    def follow(self, value: Tensor, share: float, dt: float) -> Tensor:
        """Take in a value after ``dt`` seconds and give what leads; share: μ."""
        if self._past is None or self._past.shape != value.shape:
            self._past = torch.zeros_like(value)
        self._past = torch.lerp(self._past, value, 1.0 - math.exp(-dt / MEMORY_S))
        return torch.lerp(value, self._past, share)


class ConditionGuidance:
    """Form 1: the sound's meaning is added to the text's states."""

    def __init__(self) -> None:
        self._momentum = Momentum()

    def state(self) -> State:
        """What led."""
        return self._momentum.state()

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._momentum.restore(state)

    def lead(self, text: Tensor, meant: Meant | None, strength: Strength, dt: float) -> Tensor:
        """The states (1, tokens, width) to paint under; ``text`` itself while nothing was ever meant."""
        if meant is None or strength.scale == 0.0:
            difference = torch.zeros_like(text)
        else:
            difference = strength.scale * meant.presence * (meant.states - meant.neutral)
        return text + self._momentum.follow(strongest(difference, strength.mask, (1, 2)), strength.momentum, dt)


class OutputGuidance:
    """Form 2: the clean latents that the steps of a frame find are moved by what they differ in under another condition."""

    def __init__(self) -> None:
        self._momenta: dict[int, Momentum] = {}
        self._shifts: dict[int, Tensor] = {}
        self._frames, self._seconds = 0, 0.0  # since the last look

    def due(self, refresh: int, dt: float, steps: int = 1) -> bool:
        """Whether this frame of so many steps, ``dt`` seconds after the last, is to be seen under both conditions."""
        self._frames += 1
        self._seconds += dt
        return self._frames >= refresh or len(self._shifts) < steps

    def look(self, step: int, plain: Tensor, other: Tensor, strength: Strength | None = None) -> None:
        """Take in what a step found (1, C, h, w) under both conditions; without a strength all that they differ in."""
        if strength is None:
            self._shifts[step] = other - plain
            return
        momentum = self._momenta.setdefault(step, Momentum())
        masked = strongest(other - plain, strength.mask, (2, 3))
        self._shifts[step] = momentum.follow(masked, strength.momentum, self._seconds)

    def looked(self) -> None:
        """All steps of a frame have been seen."""
        self._frames, self._seconds = 0, 0.0

    def forget(self) -> None:
        """Nothing was seen."""
        self._shifts, self._momenta = {}, {}
        self.looked()

    def move(self, motion: Motion) -> None:
        """What was seen moves on with the picture."""
        self._shifts = {step: warp(shift, motion) for step, shift in self._shifts.items()}

    def state(self) -> State:
        """What was last seen at each step, and when."""
        state = {"frames": number(self._frames), "seconds": number(self._seconds)}
        state |= under("shift", {str(step): shift for step, shift in self._shifts.items()})
        for step, momentum in self._momenta.items():
            state |= under(f"momentum.{step}", momentum.state())
        return state

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._frames, self._seconds = int(state["frames"]), float(state["seconds"])
        self._shifts = {int(step): shift for step, shift in part("shift", state).items()}
        self._momenta = {}
        for step in self._shifts:
            self._momenta[step] = Momentum()
            self._momenta[step].restore(part(f"momentum.{step}", state))

    def lead(self, step: int, clean: Tensor, scale: float) -> Tensor:
        """The clean latent of a step, led by what was last seen at it, ``scale`` times."""
        shift = self._shifts.get(step)
        return clean if shift is None else clean + scale * shift


class PublishedGuidance:
    """Form 3: ε = ε_u + 7.5·(ε_text − ε_u) + γ, where γ = ψ + 0.3·v, ψ = mask_λ(s·(ε_audio − ε_u)), v ← 0.6·v + 0.4·γ."""

    def __init__(self, scale: float, mask: float, start: float, text_scale: float = PUBLISHED_TEXT_SCALE) -> None:
        """scale: s, 4 to 10 as published. mask: λ, 0.8 to 0.95. start: t_start of 1,000, 800 to 950."""
        self._scale, self._mask, self._start, self._text_scale = scale, mask, start, text_scale
        self._past: Tensor | None = None

    def listens(self, timestep: float) -> bool:
        """Whether the sound counts at a timestep, 0 to 1,000."""
        return timestep < self._start

    def lead(self, timestep: float, unconditioned: Tensor, text: Tensor, sound: Tensor | None) -> Tensor:
        """ε (1, C, h, w) of one step from the three that the network predicts; sound: None where there is none to count."""
        led = unconditioned + self._text_scale * (text - unconditioned)
        if sound is None or not self.listens(timestep):
            return led
        shift = strongest(self._scale * (sound - unconditioned), self._mask, (2, 3))
        past = torch.zeros_like(shift) if self._past is None else self._past
        shift = shift + PUBLISHED_MOMENTUM * past
        self._past = PUBLISHED_MEMORY * past + (1 - PUBLISHED_MEMORY) * shift
        return led + shift
