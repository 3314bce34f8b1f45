"""The shape of a sound encoder: one frozen value, of which the published encoder and the shipped one are two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from visualizer.analysis.mel import PUBLISHED as PUBLISHED_MEL
from visualizer.analysis.mel import SHOW, MelConfig

LONGEST_STEP_MS = 100.0


class EncoderError(ValueError):
    """An encoder that cannot be used; the message is one sentence that says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """Everything that decides an encoder's networks.

    mel: the front end. segment_frames: mel frames that the ResNet sees at once. step_frames: mel frames between two
    segments, at most 100 ms. expand_channels: channels of a convolution before the ResNet (0: none), and its kernel.
    widths, blocks: of the ResNet's four stages; stem_kernel, stem_stride (bands, frames), stem_pool: of its beginning.
    pool: "mean" or "mean+max" over the last map. feature: width of a linear layer after it (0: none).
    level_s: time constant in s of the slow level that is taken out of a segment and given after the ResNet; 0 leaves
    the level in the mel, which is then brought to 0–1 by ``MelConfig.unit``. level_dropout: of what is given after.
    lstm: its width; unit_outputs: its outputs are brought to unit length. window: steps that attention looks back,
    the present one included. latent: width of the text space. project: a linear layer leads there from the LSTM's
    width. mapper: (hidden, tokens, width) of a network from the latent to a text encoder's states; () for none;
    mapper_gelu: it ends in a GELU, as the published weights were trained, and so gives nothing below −0.17.
    Raises ValueError where values do not fit together.
    """

    mel: MelConfig = SHOW
    segment_frames: int = 100
    step_frames: int = 10
    expand_channels: int = 0
    expand_kernel: int = 3
    widths: tuple[int, ...] = (24, 48, 96, 192)
    blocks: tuple[int, ...] = (1, 1, 1, 1)
    stem_kernel: int = 3
    stem_stride: tuple[int, int] = (2, 2)
    stem_pool: bool = False
    pool: str = "mean+max"
    feature: int = 0
    level_s: float = 3.0
    level_dropout: float = 0.3
    lstm: int = 256
    unit_outputs: bool = False
    window: int = 16
    latent: int = 384
    project: bool = True
    mapper: tuple[int, ...] = ()
    mapper_gelu: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.step_frames <= self.segment_frames or self.step_ms > LONGEST_STEP_MS:
            raise ValueError(f"a step is 1 to segment_frames frames and at most {LONGEST_STEP_MS:g} ms, not as in {self}")
        if not self.widths or len(self.widths) != len(self.blocks) or min(*self.widths, *self.blocks) < 1:
            raise ValueError(f"widths and blocks must be as many and above 0, not as in {self}")
        if self.pool not in ("mean", "mean+max"):
            raise ValueError(f"pool is 'mean' or 'mean+max', not {self.pool!r}")
        if min(self.lstm, self.window, self.latent) < 1 or self.level_s < 0 or not 0 <= self.level_dropout < 1:
            raise ValueError(f"lstm, window, latent are above 0, level_s at least 0, level_dropout 0–1, not as in {self}")
        if not self.project and self.latent != self.lstm:
            raise ValueError(f"without a projection latent must be {self.lstm}, the LSTM's width, not {self.latent}")
        if len(self.mapper) not in (0, 3):
            raise ValueError(f"mapper is (hidden, tokens, width) or empty, not {self.mapper}")

    @property
    def step_samples(self) -> int:
        """Samples, at the mel's rate, between two steps."""
        return self.step_frames * self.mel.hop

    @property
    def step_ms(self) -> float:
        """Milliseconds between two steps."""
        return 1000 * self.step_samples / self.mel.sample_rate

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EncoderConfig:
        """The inverse of ``to_dict``; what is left out has its default. Raises EncoderError that names a wrong key."""
        known = {entry.name for entry in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise EncoderError(f"an encoder's configuration does not know {', '.join(unknown)}")
        plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
        try:
            if "mel" in plain:
                plain["mel"] = MelConfig(**plain["mel"])
            return cls(**plain)
        except (TypeError, ValueError) as error:
            raise EncoderError(f"an encoder's configuration makes no sense: {error}") from error


SMALL = EncoderConfig()
"""What ships: about 1.5 M parameters, on the mel that the show's analysis computes anyway."""

PUBLISHED = EncoderConfig(
    mel=PUBLISHED_MEL, segment_frames=153, step_frames=8, expand_channels=3,
    widths=(64, 128, 256, 512), blocks=(2, 2, 2, 2), stem_kernel=7, stem_stride=(2, 2), stem_pool=True, pool="mean",
    feature=768, level_s=0.0, level_dropout=0.0, lstm=768, unit_outputs=True, window=16, latent=768, project=False,
    mapper=(7680, 76, 768),
)  # fmt: skip
"""TPoS (arXiv 2309.04509) as an architecture: 1×128×153 → convolution to 3 channels → ResNet-18 → LSTM → attention →
76 tokens of 768. It differs where the published one cannot hear live or loses something: absolute level instead of
``ref=max``, segments that overlap, attention over the last 16 steps instead of the whole clip, and signed tokens, for
which published weights have their GELU back (``published``)."""
