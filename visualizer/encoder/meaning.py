"""What a sound means, as states of the picture model's own text encoder.

``Mixer``: the bank's texts are encoded once by whichever text encoder the picture model has, and a sound becomes the
mixture of their states. ``Mapper``: a trained network from the latent straight to states, as TPoS has it, which serves
the one text encoder that it was trained for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from visualizer.encoder.bank import Bank
from visualizer.encoder.config import EncoderError
from visualizer.encoder.files import put_in_place
from visualizer.encoder.network import build_mapper
from visualizer.snapshots import FloatArray

SMOOTH_S = 0.7
TOP = 8
FAINT = 1e-6
"""Weights below it are none."""

MAPPER_FORMAT = "tpos-live mapper 1"

EncodeText = Callable[[str], Tensor]
"""A text to the picture model's states, (1, tokens, width)."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """states: (1, tokens, width), the weighted mean of the texts' states. presence: 0–1, how much is meant at all."""

    states: Tensor
    presence: float


class BankStates:
    """A bank's texts in one picture model's text encoder, each encoded once.

    encode_text: of the model. model: its fingerprint. cache: a folder where all states together are kept, by the
    model's and the bank's fingerprints; None keeps them in memory only.
    """

    def __init__(self, bank: Bank, encode_text: EncodeText, model: str, cache: Path | None = None) -> None:
        self.bank, self._encode = bank, encode_text
        self._path = None if cache is None else cache / f"bank-{model}-{bank.fingerprint}.safetensors"
        self._rows: dict[int, Tensor] = {}
        if self._path is not None and self._path.exists():
            self._read(self._path)

    @property
    def left(self) -> int:
        """How many texts are not encoded yet."""
        return len(self.bank) - len(self._rows)

    def fill(self, count: int) -> int:
        """Encode up to ``count`` more texts, in idle moments of a show; how many are left after that."""
        for row in range(len(self.bank)):
            if count <= 0:
                break
            if row not in self._rows:
                self.row(row)
                count -= 1
        return self.left

    def row(self, row: int) -> Tensor:
        """The states (tokens, width) of one text, encoded now if it has not been."""
        if row not in self._rows:
            self._rows[row] = self._encode(self.bank.texts[row])[0].detach().clone()
            if not self.left:
                self._write()
        return self._rows[row]

    def _read(self, path: Path) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            states = load_file(path)["states"]
        except (SafetensorError, OSError, KeyError):
            return  # a cache that cannot be read is made again
        if states.ndim == 3 and len(states) == len(self.bank):
            self._rows = dict(enumerate(states))

    def _write(self) -> None:
        from safetensors.torch import save_file

        if self._path is None:
            return
        with put_in_place(self._path) as part:
            save_file({"states": torch.stack([self._rows[row] for row in range(len(self.bank))]).cpu()}, part)


class Mixer:
    """Bank weights, smoothed in time, to a mixture of text states.

    smooth_s: time constant in s, 0.5 to 1 for a calm picture. top: texts that take part, the heaviest, renormalised.
    """

    def __init__(self, states: BankStates, smooth_s: float = SMOOTH_S, top: int = TOP) -> None:
        if smooth_s < 0 or top < 1:
            raise ValueError(f"smooth_s is at least 0 and top at least 1, not {smooth_s} and {top}")
        self.states, self._smooth_s, self._top = states, smooth_s, top
        self._weights = torch.zeros(len(states.bank))

    @property
    def weights(self) -> Tensor:
        """The smoothed weights (N,); their sum, at most 1, is the presence."""
        return self._weights

    def mix(self, weights: FloatArray, dt: float) -> Mixture | None:
        """Move towards ``weights`` (N,), as ``Bank.weights`` gives them, for ``dt`` seconds, and mix.

        None while nothing has been meant. Where the bank abstains the presence fades and the states stay.
        """
        if weights.shape != (len(self._weights),):
            raise ValueError(f"the bank has {len(self._weights)} texts, the weights are of shape {weights.shape}")
        share = 1.0 if self._smooth_s == 0 else 1 - math.exp(-max(dt, 0.0) / self._smooth_s)
        self._weights = torch.lerp(self._weights, torch.tensor(weights, dtype=torch.float32), share)
        heaviest = self._weights.topk(min(self._top, len(self._weights)))
        chosen = [(row, weight) for row, weight in zip(*_lists(heaviest), strict=True) if weight > FAINT]
        if not chosen:
            return None
        total = sum(weight for _, weight in chosen)
        mean = torch.stack([self.states.row(row) * (weight / total) for row, weight in chosen]).sum(0)
        return Mixture(mean[None], min(1.0, float(self._weights.sum())))


def _lists(found: torch.return_types.topk) -> tuple[list[int], list[float]]:
    return found.indices.tolist(), found.values.tolist()


class Mapper:
    """The direct form: a trained network from latents to states of one text encoder.

    Its file holds "0.weight", "0.bias", "2.weight", "2.bias" of Linear, GELU, Linear, and where the text encoder's first
    token is the same for every text "first" (1, width); its metadata: format, space, text_encoder, tokens, width, and
    gelu, "1" where the last layer is followed by one.
    """

    def __init__(self, path: Path, space: str, text_encoder: str) -> None:
        """space: the sound encoder's. text_encoder: fingerprint of the picture model's. Raises EncoderError."""
        from safetensors import SafetensorError, safe_open

        if not path.is_file():
            raise EncoderError(f"there is no mapper {path}; check the path")
        try:
            with safe_open(path, "pt") as file:
                about = file.metadata() or {}
                tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  # no mapping
        except (SafetensorError, OSError) as error:
            raise EncoderError(f"the mapper {path} cannot be read ({error}); copy the file again") from None
        if about.get("format") != MAPPER_FORMAT:
            raise EncoderError(f"{path} does not say that it is a mapper ({MAPPER_FORMAT}); choose another file")
        if about.get("space") != space:
            raise EncoderError(
                f"the mapper {path} was trained on the text space {about.get('space')}, the sound encoder speaks "
                f"{space or 'none'}; load the encoder it was trained with"
            )
        if about.get("text_encoder") != text_encoder:
            raise EncoderError(
                f"the mapper {path} was trained for the text encoder {about.get('text_encoder')}, the picture model has "
                f"{text_encoder}; use the prompt bank, which serves every model"
            )
        try:
            hidden, latent = tensors["0.weight"].shape
            self.tokens, self.width = int(about["tokens"]), int(about["width"])
            self._first = tensors.pop("first", torch.empty(0, self.width))
            shape = (hidden, self.tokens, self.width)
            self._network = build_mapper(latent, shape, about.get("gelu") == "1").eval()
            self._network.load_state_dict(tensors)
        except (KeyError, ValueError, RuntimeError) as error:
            first = str(error).splitlines()[0]
            raise EncoderError(f"the mapper {path} is not whole ({first}); copy the file again") from None

    @torch.inference_mode()
    def states(self, latent: FloatArray) -> Tensor:
        """The states (1, tokens, width) that a latent (latent,) means, the constant first token, if any, before them."""
        mapped = self._network(torch.from_numpy(latent)[None]).view(self.tokens, self.width)
        return torch.cat([self._first, mapped])[None]


def save_mapper(
    path: Path, network: torch.nn.Sequential, shape: tuple[int, int], space: str, text_encoder: str,
    first: Tensor | None = None,
) -> None:  # fmt: skip
    """Write what ``Mapper`` reads. shape: (tokens, width). first: (1, width), the text encoder's constant first token."""
    from safetensors.torch import save_file

    tensors = {name: value.detach().half().contiguous() for name, value in network.state_dict().items()}
    if first is not None:
        tensors["first"] = first.detach().half().contiguous()
    tokens, width = map(str, shape)
    gelu = "1" if isinstance(network[-1], torch.nn.GELU) else "0"
    about = {
        "format": MAPPER_FORMAT, "space": space, "text_encoder": text_encoder, "tokens": tokens, "width": width,
        "gelu": gelu,
    }  # fmt: skip
    with put_in_place(path) as part:
        save_file(tensors, part, about)
