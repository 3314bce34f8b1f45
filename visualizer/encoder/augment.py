"""Augmentation of log-mels: what mixing, distance, rooms and cheap microphones do to a sound, seen in band powers.

It works on cached mels, so that a sound is never decoded twice. Powers add where sounds do (their phases are random);
rooms and filters multiply. Mixing two sounds with mixed targets follows between-class learning (Tokozume et al. 2018),
masks SpecAugment (Park et al. 2019), styles Freq-MixStyle (Schmid et al. 2022). Sounds that are what they are by their
loudness keep it: light rain that is made louder would be heavy rain. All draws come from one seeded generator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

Range = tuple[float, float]

KEPT_GAIN_DB: Range = (-3.0, 3.0)
"""Of a sound whose class is told by its level, instead of ``gain_db``."""


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """How often, and how much: shares are 0–1, ranges in dB or s, from low to high.

    warp: share of sounds that are played at another pitch, up to so many semitones, and at another speed, by up to this
    share. mix: two sounds, their levels so many dB apart, the target mixed. background: another sound so many dB below,
    the target unchanged. style: a sound takes on up to half of another one's balance of bands and their liveliness.
    equalizer_db: of a smooth curve over the bands. low_pass: all above a random band falls away. floor_db: level of a
    noise floor. room_s: reverberation time. masks: bands and frames, at most. Raises ValueError for what makes no sense.
    """

    gain_db: Range = (-30.0, 6.0)
    warp: float = 0.5
    pitch: float = 2.0
    speed: float = 0.1
    mix: float = 0.5
    mix_db: Range = (-6.0, 6.0)
    background: float = 0.3
    background_db: Range = (0.0, 20.0)
    style: float = 0.4
    equalizer: float = 0.5
    equalizer_db: float = 6.0
    low_pass: float = 0.15
    noise: float = 0.5
    floor_db: Range = (-90.0, -45.0)
    room: float = 0.3
    room_s: Range = (0.1, 0.8)
    masked: float = 0.5
    mask_bands: int = 10
    mask_frames: int = 20

    def __post_init__(self) -> None:
        for name in ("gain_db", "mix_db", "background_db", "floor_db", "room_s"):
            bounds = getattr(self, name)
            if len(bounds) != 2 or not all(_number(value) for value in bounds) or bounds[0] > bounds[1]:
                raise ValueError(f"{name} is two numbers, the lower one first, not {list(bounds)}")
        for name in ("warp", "mix", "background", "style", "equalizer", "low_pass", "noise", "room", "masked"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share of 0 to 1, not {getattr(self, name)}")
        if not self.room_s[0] > 0:
            raise ValueError(f"room_s is above 0 s, not {list(self.room_s)}")
        if not 0 <= self.speed <= 0.5 or not 0 <= self.pitch <= 12:
            raise ValueError(f"speed is 0 to 0.5 and pitch 0 to 12 semitones, not {self.speed} and {self.pitch}")
        if min(self.mask_bands, self.mask_frames) < 0 or self.equalizer_db < 0:
            raise ValueError("mask_bands, mask_frames and equalizer_db are at least 0")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True)
class Augmented:
    """mel: (B, T, bands). partner: (B,), which row was mixed into each. share: (B,), how much of the target stays.

    kept: (B,), rows with a sound whose level tells its class.
    """

    mel: Tensor
    partner: Tensor
    share: Tensor
    kept: Tensor

    def mixed(self, targets: Tensor) -> Tensor:
        """Targets (B, …) after the mixing of sounds."""
        share = self.share.view(-1, *[1] * (targets.ndim - 1))
        return share * targets + (1 - share) * targets[self.partner]


TO_POWER = math.log(10) / 10
ROOM_FRAMES = 60
LOW_PASS_DB = 6.0
"""Fall a band above a low-pass filter's corner."""

HEARD_DB = 10.0
"""Above the floor: what is quieter has no style, and gets none."""

MOST_APART_DB = 30.0
"""Two sounds that keep their levels differ by no more in the share that each has of the target."""


def levels(mel: Tensor) -> Tensor:
    """Mean level (B,) in dB of mels (B, T, bands): the mean over frames of all bands' power."""
    return (torch.logsumexp(mel.flatten(1) * TO_POWER, 1) - math.log(mel.shape[1])) / TO_POWER


def added(mel: Tensor, other: Tensor) -> Tensor:
    """Two sounds at once: their band powers added, in dB."""
    return torch.logaddexp(mel * TO_POWER, other * TO_POWER) / TO_POWER


class Augment:
    """Augments batches of mels in dB that have a common floor; seeded, on the CPU or wherever the mels are.

    frame_s: seconds between two frames.
    """

    def __init__(self, config: AugmentConfig, floor_db: float, frame_s: float, seed: int) -> None:
        self._config, self._floor, self._frame_s = config, floor_db, frame_s
        self._random = torch.Generator().manual_seed(seed)

    def __call__(self, mel: Tensor, kept: Tensor | None = None) -> Augmented:
        """Augment mels (B, T, bands); rows serve as one another's partners and backgrounds.

        kept: (B,), rows whose level tells what they are. They are mixed at the levels that both sounds have, and what they
        are mixed into is as loud as it was, give or take 3 dB.
        """
        config = self._config
        whole = mel.new_zeros(len(mel), dtype=torch.bool) if kept is None else kept.to(mel.device)
        mel = self._some(config.style, self._style(mel), mel)
        mixed = self._mix(mel, whole)
        mel = self._background(mixed.mel)
        mel = self._some(config.room, self._room(mel), mel)
        mel = self._some(config.equalizer, mel + self._curve(mel), mel)
        mel = self._some(config.low_pass, mel + self._corner(mel), mel)
        gain, little = self._draw(mel, config.gain_db), self._draw(mel, KEPT_GAIN_DB)
        mel = mel + torch.where(mixed.kept[:, None, None], little, gain)
        mel = self._some(config.noise, added(mel, self._noise(mel)), mel)
        mel = self._some(config.masked, self._masks(mel), mel)
        return Augmented(mel.clamp_min(self._floor), mixed.partner, mixed.share, mixed.kept)

    def _uniform(self, mel: Tensor, *shape: int) -> Tensor:
        return torch.rand(len(mel), *shape, generator=self._random).to(mel.device)

    def _draw(self, mel: Tensor, bounds: Range) -> Tensor:
        """One value a row, (B, 1, 1)."""
        return bounds[0] + (bounds[1] - bounds[0]) * self._uniform(mel, 1, 1)

    def _some(self, share: float, changed: Tensor, mel: Tensor) -> Tensor:
        """The changed form for so large a share of the rows."""
        return torch.where(self._uniform(mel, 1, 1) < share, changed, mel)

    def _partners(self, mel: Tensor) -> Tensor:
        """Another row for each; itself in a batch of one."""
        count = len(mel)
        away = torch.randint(1, max(count, 2), (count,), generator=self._random).to(mel.device)
        return (torch.arange(count, device=mel.device) + away) % count

    def _mix(self, mel: Tensor, kept: Tensor) -> Augmented:
        partner, wanted = self._partners(mel), self._draw(mel, self._config.mix_db)[:, 0, 0]
        loud = levels(mel)
        own = loud - loud[partner]
        apart = torch.where(kept | kept[partner], own.clamp(-MOST_APART_DB, MOST_APART_DB), wanted)
        change = torch.where(kept | kept[partner], 0.0, own - wanted)
        # Tokozume's share by amplitude: two sounds as loud as one another count half each.
        share = 1 / (1 + 10 ** (-apart / 20))
        chosen = self._uniform(mel) < self._config.mix
        both = added(mel, mel[partner] + change[:, None, None])
        return Augmented(
            torch.where(chosen[:, None, None], both, mel), partner, torch.where(chosen, share, torch.ones_like(share)),
            kept | (chosen & kept[partner]),
        )  # fmt: skip

    def _style(self, mel: Tensor) -> Tensor:
        """Each band's mean and deviation over time drawn towards another row's, the level as it was; silence stays."""
        heard = mel > self._floor + HEARD_DB
        count = heard.sum(1, keepdim=True).clamp_min(1)
        mean = (mel * heard).sum(1, keepdim=True) / count
        spread = (((mel - mean) * heard).square().sum(1, keepdim=True) / count).sqrt().clamp_min(1.0)
        partner = self._partners(mel)
        known = heard.any(1, keepdim=True)
        shared = (known & known[partner]).float()
        # Only the balance of the bands, not how loud the other sound is.
        louder = ((mean - mean[partner]) * shared).sum(2, keepdim=True) / shared.sum(2, keepdim=True).clamp_min(1)
        part = 0.5 * self._uniform(mel, 1, 1) * shared
        centre = torch.lerp(mean, mean[partner] + louder, part)
        width = torch.lerp(spread, spread[partner], part)
        styled = torch.where(heard, (mel - mean) / spread * width + centre, mel)
        return torch.where(heard, styled + (levels(mel) - levels(styled))[:, None, None], mel)

    def _background(self, mel: Tensor) -> Tensor:
        partner = self._partners(mel)
        below = (levels(mel) - levels(mel)[partner])[:, None, None] - self._draw(mel, self._config.background_db)
        return self._some(self._config.background, added(mel, mel[partner] + below), mel)

    def _room(self, mel: Tensor) -> Tensor:
        """A diffuse tail: power that decays by 60 dB in the reverberation time, in sum 0–12 dB under the direct sound."""
        frames = torch.arange(1, ROOM_FRAMES + 1, device=mel.device)
        decay = -6 * math.log(10) * frames * self._frame_s / self._draw(mel, self._config.room_s)
        wet = 10 ** (self._draw(mel, (-12.0, 0.0)) / 10)
        tail = decay.softmax(-1) * wet
        kernel = torch.cat([tail.flip(-1), torch.ones_like(tail[..., :1])], -1)
        # One group a row: each row has a room of its own, the same for all its bands.
        power = (mel * TO_POWER).exp().permute(2, 0, 1)
        heard = F.conv1d(F.pad(power, (ROOM_FRAMES, 0)), kernel, groups=len(mel)).permute(1, 2, 0)
        return heard.clamp_min(1e-12).log() / TO_POWER

    def _curve(self, mel: Tensor) -> Tensor:
        """A smooth equalizer, (B, 1, bands): the first cosines over the bands."""
        bands = torch.arange(mel.shape[2], device=mel.device) / mel.shape[2]
        waves = torch.cos(math.pi * bands * torch.arange(1, 5, device=mel.device)[:, None])
        return ((2 * self._uniform(mel, 1, 4) - 1) * self._config.equalizer_db / 2) @ waves

    def _corner(self, mel: Tensor) -> Tensor:
        bands = torch.arange(mel.shape[2], device=mel.device)
        corner = self._draw(mel, (0.35, 0.95)) * mel.shape[2]
        return -LOW_PASS_DB * (bands - corner).clamp_min(0)

    def _noise(self, mel: Tensor) -> Tensor:
        """Noise whose colour is a slope over the bands, and whose powers tremble as those of short windows do."""
        slope = self._draw(mel, (-20.0, 10.0)) * torch.linspace(0, 1, mel.shape[2], device=mel.device)
        shape = slope - (torch.logsumexp(slope * TO_POWER, -1, keepdim=True) / TO_POWER)
        tremble = 2 * torch.randn(mel.shape, generator=self._random).to(mel.device)
        return self._draw(mel, self._config.floor_db) + shape + tremble

    def _masks(self, mel: Tensor) -> Tensor:
        """A stretch of bands falls to the floor, a stretch of frames to each band's mean."""
        config = self._config
        time = self._stretch(mel, mel.shape[1], config.mask_frames)[:, :, None]
        bands = self._stretch(mel, mel.shape[2], config.mask_bands)[:, None]
        mel = torch.where(time, mel.mean(1, keepdim=True), mel)
        return mel.masked_fill(bands, self._floor)

    def _stretch(self, mel: Tensor, size: int, longest: int) -> Tensor:
        """(B, size), true on a random stretch of each row."""
        length = self._uniform(mel, 1) * min(longest, size)
        start = self._uniform(mel, 1) * (size - length)
        place = torch.arange(size, device=mel.device)
        return (place >= start) & (place < start + length)
