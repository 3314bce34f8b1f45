"""An encoder is a folder: ``config.json`` and ``model.safetensors``, float16 on disk, float32 in memory; no pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from visualizer.encoder.config import EncoderConfig, EncoderError
from visualizer.encoder.files import put_in_place
from visualizer.encoder.network import AudioEncoder

FORMAT = "tpos-live encoder 1"
CONFIG, WEIGHTS = "config.json", "model.safetensors"

_COUNTS = "num_batches_tracked"
_STATISTICS = ("running_mean", "running_var")
"""Of batch norm: kept in float32, for a variance may leave float16's range."""


def save_encoder(folder: Path, network: AudioEncoder, notes: Mapping[str, Any] | None = None) -> None:
    """Write an encoder's folder; the weights come before the configuration that makes it one.

    notes: anything of its training that a reader should know, plain values.
    """
    from safetensors.torch import save_file

    state = {
        name: value.detach().cpu().to(torch.float32 if name.endswith(_STATISTICS) else torch.float16).contiguous()
        for name, value in network.state_dict().items()
        if not name.endswith(_COUNTS)
    }
    with put_in_place(folder / WEIGHTS) as part:
        save_file(state, part, {"format": FORMAT})
    about = {
        "format": FORMAT, "space": network.space, "temperature": network.temperature, "config": network.config.to_dict(),
        "notes": dict(notes or {}),
    }  # fmt: skip
    with put_in_place(folder / CONFIG) as part:
        part.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def load_encoder(folder: Path) -> AudioEncoder:
    """The encoder of a folder, in evaluation mode. Raises EncoderError, one sentence."""
    about = _about(folder)
    space, temperature = about.get("space"), about.get("temperature")
    if not isinstance(about.get("config"), dict) or not isinstance(space, str):
        raise EncoderError(f"{folder / CONFIG} lacks the encoder's config or space: copy the whole folder again")
    if not isinstance(temperature, float) or not temperature > 0:
        raise EncoderError(f"{folder / CONFIG} lacks a temperature above 0: copy the whole folder again")
    try:
        config = EncoderConfig.from_dict(about["config"])
    except EncoderError as error:
        raise EncoderError(f"{folder / CONFIG}: {error}") from None
    network = build(config, read_tensors(folder / WEIGHTS), space, str(folder / WEIGHTS))
    network.temperature = temperature
    return network


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file. Raises EncoderError where it is missing, damaged or a pickle."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if path.suffix != ".safetensors":
        raise EncoderError(f"{path} may be a pickle, which can run any code when loaded: convert it to .safetensors first")
    if not path.is_file():
        raise EncoderError(f"there are no weights at {path}: copy the whole folder again")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise EncoderError(f"the weights {path} cannot be read ({error}): copy the file again") from None


def build(config: EncoderConfig, state: Mapping[str, Tensor], space: str, source: str) -> AudioEncoder:
    """An encoder of this configuration with these weights, in evaluation mode.

    source: named in the EncoderError for a weight that is missing, too many, of a wrong shape or not finite.
    """
    with torch.device("meta"):  # no time for random weights that are replaced at once
        network = AudioEncoder(config, space)
    taken: dict[str, Tensor] = {}
    for name, empty in network.state_dict().items():
        if name.endswith(_COUNTS):
            taken[name] = torch.zeros((), dtype=torch.long)
            continue
        if name not in state:
            raise EncoderError(f"{source} lacks the weight {name!r}: it is of another encoder or not whole")
        if state[name].shape != empty.shape:
            raise EncoderError(
                f"{source} has {name!r} of shape {tuple(state[name].shape)} where the configuration asks for "
                f"{tuple(empty.shape)}: configuration and weights are of two encoders"
            )
        taken[name] = state[name].float()
        if not bool(taken[name].isfinite().all()):
            raise EncoderError(f"{source} holds values that are not numbers in {name!r}: copy the file again")
    extra = sorted(name for name in set(state) - set(taken) if not name.endswith(_COUNTS))
    if extra:
        raise EncoderError(f"{source} holds {extra[0]!r}, which this encoder does not have: it is of another encoder")
    network.load_state_dict(taken, assign=True)
    return network.eval()


def _about(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        raise EncoderError(f"{folder} is not an encoder's folder: it lacks {CONFIG}")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EncoderError(f"{path} cannot be read ({error}): copy the whole folder again") from None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise EncoderError(f"{path} does not say that it is an encoder ({FORMAT}): choose another folder")
    return about
