"""A noise that walks and moves: along great circles from one Gaussian sample to the next, and across the picture.

What a re-noised frame shows lies where its noise has put it. A picture that is to move has to take its noise along; a noise
that stands still holds it back, however its last frame is warped.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from engines.state import State, number, part, under
from engines.warp import Motion, source_points

QUARTER = math.pi / 2

GRAINS = 4
"""Grains of noise along a latent cell's side. A cell's noise is the sum of its grains, so noise can move by parts of a cell
and stay white (Chang et al. 2024, "How I warped your noise")."""

LARGEST_STRETCH = 0.15
"""Grains may be drawn apart or sheared by so much (a share of 1) before they are dealt out anew."""

TURN_STRETCH, PAN_STRETCH = 0.2, 0.1
"""What a radian and a width count of that: they stretch nothing, but what comes in at the edges has to be made up."""


class NoiseWalk:
    """Noise of one shape (1, C, h, w) as a function of a phase in radians and of how it has been moved, fixed by a seed.

    At every quarter turn the walk stands on a fresh sample; between two it goes along their great circle (slerp of
    orthogonal vectors: cos φ·a + sin φ·b), so it stays unit Gaussian and repeats only after 2³¹ quarter turns.
    """

    def __init__(self, shape: tuple[int, int, int, int], seed: int, device: torch.device | None = None) -> None:
        """device: where the noise lies; each kind of device has its own, the same whenever the seed is."""
        _, self._channels, height, width = shape
        self._device = device or torch.device("cpu")
        self._height, self._width = height * GRAINS, width * GRAINS
        self._seed = seed
        self._corners: dict[int, torch.Tensor] = {}
        self._home = source_points(self._height, self._width, Motion(), self._device)
        self._size = torch.tensor([self._width, self._height], dtype=torch.float32, device=self._device)
        self._shift: torch.Tensor | None = None  # (H, W, 2): where each grain comes from, less where it is; in −1…1
        self._stretch = 0.0
        self._dealt = 0

    def _corner(self, index: int) -> torch.Tensor:
        """The grains (1, C, H, W) of one standing point of the walk."""
        if index not in self._corners:
            for old in [known for known in self._corners if abs(known - index) > 1]:
                del self._corners[old]
            self._corners[index] = self._grains(0, index)
        return self._corners[index]

    def _grains(self, purpose: int, index: int) -> torch.Tensor:
        seed = ((self._seed * 2 + purpose) * 1_000_003 + index) % 2**63
        generator = torch.Generator(self._device).manual_seed(seed)
        shape = (1, self._channels, self._height, self._width)
        return torch.randn(shape, generator=generator, device=self._device)

    def move(self, motion: Motion) -> None:
        """Move the noise as ``warp`` moves a picture."""
        if motion.none:
            return
        source = source_points(self._height, self._width, motion, self._device)
        if self._shift is None:
            self._shift = source - self._home
        else:
            shift = self._shift.permute(2, 0, 1)[None]
            before = F.grid_sample(shift, source[None], padding_mode="border", align_corners=False)
            self._shift = source - self._home + before[0].permute(1, 2, 0)
        self._stretch += abs(motion.zoom) * math.log(2) + abs(motion.swirl)
        self._stretch += TURN_STRETCH * abs(math.radians(motion.rotate))
        self._stretch += PAN_STRETCH * (abs(motion.pan_x) + abs(motion.pan_y))
        if self._stretch > LARGEST_STRETCH:
            self._deal()

    def _deal(self) -> None:
        """Put every grain where it has moved to. One that two places want goes to one of them, the other gets a new one."""
        assert self._shift is not None
        x, y = (((self._home + self._shift) + 1) / 2).unbind(-1)
        column = (x * self._width).floor().long() % self._width
        row = (y * self._height).floor().long() % self._height
        source = (row * self._width + column).view(-1)
        places = torch.arange(len(source), device=self._device)
        # The last place wins. Plain assignment would leave it to the threads which of two places does.
        owner = torch.full_like(source, -1).scatter_reduce(0, source, places, "amax")
        new = owner[source] != places
        self._dealt += 1
        for index, grains in self._corners.items():
            moved = grains.view(self._channels, -1)[:, source]
            fresh = self._grains(1, index * 65_537 + self._dealt)  # more than is needed: to count would keep a GPU waiting
            self._corners[index] = torch.where(new, fresh.view_as(moved), moved).view_as(grains)
        self._shift, self._stretch = None, 0.0

    def state(self) -> State:
        """What a walk of the same shape and seed needs to go on from here."""
        state = {"stretch": number(self._stretch), "dealt": number(self._dealt)}
        if self._shift is not None:
            state["shift"] = self._shift
        return state | under("corner", {str(index): grains for index, grains in self._corners.items()})

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._stretch, self._dealt = float(state["stretch"]), int(state["dealt"])
        shift = state.get("shift")
        self._shift = None if shift is None else shift.to(self._device)
        self._corners = {int(index): grains.to(self._device) for index, grains in part("corner", state).items()}

    def at(self, phase: float) -> torch.Tensor:
        """The noise (1, C, h, w) at a phase (rad), float32 on the device."""
        index = math.floor(phase / QUARTER)
        angle = phase - index * QUARTER
        grains = math.cos(angle) * self._corner(index) + math.sin(angle) * self._corner(index + 1)
        if self._shift is None:
            return F.avg_pool2d(grains, GRAINS) * GRAINS
        # The grains lie on a torus: what leaves on one side comes in on the other. One column and row more join its ends.
        unit, size = (self._home + self._shift + 1) / 2, self._size
        place = ((unit * size - 0.5) % size + 0.5) * 2 / (size + 1) - 1
        joined = F.pad(grains, (0, 1, 0, 1), mode="circular")
        read = F.grid_sample(joined, place[None], padding_mode="border", align_corners=False)
        cells = F.avg_pool2d(read, GRAINS)
        return cells / cells.std()  # reading between grains takes a little of their strength
