"""The lens against the warp of latents, and its mirrors against one another."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from engines.lens import Lens
from engines.warp import Motion, warp


def picture(height: int, width: int) -> np.ndarray:
    """Smooth blobs of colour."""
    noise = np.random.default_rng(1).uniform(0, 255, (height // 8, width // 8, 3)).astype(np.float32)
    grown = torch.nn.functional.interpolate(torch.from_numpy(noise).permute(2, 0, 1)[None], (height, width), mode="bicubic")
    return grown[0].permute(1, 2, 0).clamp(0, 255).round().numpy().astype(np.uint8)


@pytest.mark.parametrize("size", [(64, 64), (64, 128), (128, 64)])
def test_the_lens_shows_what_the_warp_would_make(size: tuple[int, int]) -> None:
    height, width = size
    shown, lens = picture(height, width), Lens(width, height)
    assert lens.look(shown, Motion()) is shown
    for motion in (Motion(zoom=0.4), Motion(rotate=25), Motion(pan_x=0.1, pan_y=-0.05), Motion(-0.2, 10, 0.03, 0.02, 0.6)):
        latent = torch.from_numpy(shown.astype(np.float32)).permute(2, 0, 1)[None]
        expected = warp(latent, motion)[0].permute(1, 2, 0).numpy()
        assert np.abs(lens.look(shown, motion) - expected).mean() < 2


def test_mirrors_mirror() -> None:
    shown, lens = picture(128, 128), Lens(128, 128)
    for mirrors in (2, 3, 4, 6, 8, 12):
        seen = lens.look(shown, Motion(), mirrors).astype(int)
        assert np.abs(seen - seen[:, ::-1]).mean() < 1.5, "left and right of the vertical"
        turned = lens.look(seen.astype(np.uint8), Motion(rotate=360 / mirrors)).astype(int)
        y, x = np.mgrid[:128, :128] - 63.5
        disc = np.hypot(x, y) < 60
        assert np.abs(turned - seen)[disc].mean() < 4, "turned by a wedge it is the same"
        assert np.abs(seen - shown.astype(int)).mean() > 10
    assert lens.look(shown, Motion(), 1) is shown


def test_other_mirrors_come_without_a_jump() -> None:
    shown = np.random.default_rng(5).integers(0, 256, (64, 96, 3), np.uint8)
    lens, straight = Lens(96, 64), Lens(96, 64)
    assert lens.look(shown, Motion(), 0, 0.0) is shown
    seen = [lens.look(shown, Motion(), 6, 0.05).astype(int) for _ in range(12)]
    mirrored = straight.look(shown, Motion(), 6).astype(int)
    steps = [np.abs(later - sooner).mean() for sooner, later in pairwise([shown.astype(int), *seen])]
    assert max(steps) < 0.12 * np.abs(mirrored - shown.astype(int)).mean() / 0.95
    assert np.array_equal(seen[-1], mirrored)
    other = Lens(96, 64)
    other.restore(lens.state())
    assert np.array_equal(other.look(shown, Motion(), 6, 0.0), mirrored)
