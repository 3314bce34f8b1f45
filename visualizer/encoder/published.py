"""Weights in the layout of the TPoS publication (arXiv 2309.04509), read into the same architecture made causal.

The layout is what the paper fixes, with torchvision's and torch's own names for the parts; ``REMAP`` is the one place
that knows it. Such checkpoints come as .pth: here alone one is read, as tensors and nothing else.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from visualizer.encoder.config import PUBLISHED, EncoderError
from visualizer.encoder.network import AudioEncoder
from visualizer.encoder.weights import build, load_encoder, read_tensors

REMAP = (
    ("audio_encoder.conv.", "expand."),
    ("audio_encoder.resnet.", "resnet."),
    ("lstm.", "lstm."),
    ("attention.conv1d.", "attend."),
    ("mapper.0.", "mapper.0."),
    ("mapper.2.", "mapper.2."),
)
"""Prefixes there and here. Conv 1→3; ResNet-18 as torchvision names it, fc → 768; LSTM 768, one layer; Conv1d 768→1;
Linear 768→7680 and Linear 7680→58368 as 76×768 tokens, without which the encoder alone is read. A GELU follows each of
the two, also the last, for which there is no weight to tell it. The mapper is given the unit latent."""

WRAPPERS = ("module.", "model.")
"""Prefixes that training wrappers put before everything."""

INSIDE = ("state_dict", "model")
"""Where a checkpoint that also holds an optimizer keeps its weights."""

PICKLES = (".pth", ".pt")


def open_encoder(path: Path) -> AudioEncoder:
    """The encoder of a folder, or of a published checkpoint, whose text space has no name here. Raises EncoderError."""
    return load_published(path, "") if path.suffix in (*PICKLES, ".safetensors") else load_encoder(path)


def load_published(path: Path, space: str) -> AudioEncoder:
    """The encoder of a checkpoint file. space: fingerprint of CLIP's text space. Raises EncoderError, one sentence."""
    return from_published(_pickled(path) if path.suffix in PICKLES else read_tensors(path), space, str(path))


def _pickled(path: Path) -> dict[str, Tensor]:
    """The tensors of a .pth file, by torch's reader that makes nothing but tensors and plain values."""
    if not path.is_file():
        raise EncoderError(f"there is no checkpoint {path}; check the path")
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError):
        raise EncoderError(
            f"{path} holds more than tensors, or is damaged, and is left unread: save its state_dict as .safetensors"
        ) from None
    for name in INSIDE:
        if isinstance(held, Mapping) and isinstance(held.get(name), Mapping):
            held = held[name]
    if not isinstance(held, Mapping) or not all(isinstance(value, Tensor) for value in held.values()):
        raise EncoderError(f"{path} is not a checkpoint of weights by name: save its state_dict as .safetensors")
    return dict(held)


def from_published(state: Mapping[str, Tensor], space: str, source: str = "the checkpoint") -> AudioEncoder:
    """The encoder of a state in the published layout. Raises EncoderError that names, as published, a missing key."""
    taken: dict[str, Tensor] = {}
    for name, value in state.items():
        plain = name
        for wrapper in WRAPPERS:
            plain = plain.removeprefix(wrapper)
        for theirs, ours in REMAP:
            if plain.startswith(theirs):
                taken[ours + plain.removeprefix(theirs)] = value
                break
        else:
            raise EncoderError(f"{source} holds {name!r}, which the published encoder does not have")
    mapper = any(name.startswith("mapper.") for name in taken)
    config = replace(PUBLISHED, mapper_gelu=True) if mapper else replace(PUBLISHED, mapper=())
    expand = taken.get("expand.weight")
    if expand is not None and expand.ndim == 4:
        config = replace(config, expand_kernel=expand.shape[-1])  # the paper leaves its size open
    try:
        return build(config, taken, space, source)
    except EncoderError as error:
        raise EncoderError(_as_published(str(error))) from None


def _as_published(sentence: str) -> str:
    """A sentence with the weight that it quotes under its published name."""
    for theirs, ours in REMAP:
        sentence = sentence.replace(f"'{ours}", f"'{theirs}")
    return sentence
