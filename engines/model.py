"""A picture model is a folder in the diffusers layout; this file reads and loads it.

``inspect`` reads only JSON and file names, so it is quick and imports no deep-learning library; ``load`` brings the
networks as torch modules. Both raise ``ModelError`` with one sentence for the user.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
NETWORKS = ("unet", "vae", "text_encoder")
DIGEST_CHUNKS, DIGEST_BYTES = 32, 65_536
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


class ModelError(ValueError):
    """A model folder that cannot be used; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model folder says of itself.

    native_size: (width, height) in pixels. multiple: width and height must be multiples of it. steps: denoising steps a
    frame it is made for. change: how far a frame is re-noised by default, 0–1. sound_factors: names of the sound
    factors it takes as a condition, in order; empty for an ordinary text-to-picture model. prediction: "flow",
    "epsilon", "v_prediction" or "sample". residual: its network tells what ``call.velocity`` adds to a straight guess.
    latent_channels, latent_scale: shape of its latents. cold_steps: steps of the first frame. lexicon: words it knows for
    texts that it does not. fingerprint: changes with configurations and weights.
    """

    path: Path
    native_size: tuple[int, int]
    multiple: int
    steps: int
    change: float
    sound_factors: tuple[str, ...]
    prediction: str
    residual: bool
    latent_channels: int
    latent_scale: int
    cold_steps: int
    lexicon: Mapping[str, str]
    fingerprint: str

    def latent_shape(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Shape (1, channels, height, width) of the latent of a picture of ``size`` (width, height) in pixels."""
        width, height = size
        for side in size:
            if side < self.multiple or side % self.multiple:
                raise ModelError(
                    f"{self.path.name} does not paint {width}x{height}: "
                    f"choose a width and height that are multiples of {self.multiple}"
                )
        return 1, self.latent_channels, height // self.latent_scale, width // self.latent_scale


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path.parent} lacks {path.name}: copy the whole model folder again") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}): copy the whole model folder again") from None
    if not isinstance(found, dict):
        raise ModelError(f"{path} is not a JSON object: copy the whole model folder again")
    return found


def _check_weights(folder: Path) -> list[Path]:
    safe = sorted(folder.glob("*.safetensors"))
    if safe:
        return safe
    pickles = sorted(p for p in folder.iterdir() if p.suffix in PICKLES)
    if pickles:
        raise ModelError(
            f"{pickles[0]} is a pickle, which can run any code when loaded: convert it to .safetensors first"
        )
    raise ModelError(f"{folder} holds no .safetensors weights: copy the whole model folder again")


def inspect(folder: Path) -> ModelInfo:
    """Read what the folder says of itself and check that every part is there, without loading weights."""
    if not folder.is_dir():
        raise ModelError(f"there is no model folder {folder}: give a folder in the diffusers layout")
    _read_json(folder / "model_index.json")
    for part in PARTS:
        if not (folder / part).is_dir():
            raise ModelError(f"the model folder {folder} lacks its {part}: copy the whole model folder again")
    digest = hashlib.sha256()
    for part in NETWORKS:
        digest.update((folder / part / "config.json").read_bytes() if (folder / part / "config.json").exists() else b"")
        for weights in _check_weights(folder / part):
            _digest_file(digest, weights)
    try:
        return _describe(folder, digest.hexdigest()[:16])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"a configuration in {folder} makes no sense ({error}): copy the whole folder again") from error


def _describe(folder: Path, fingerprint: str) -> ModelInfo:
    """``ModelInfo`` from the folder's JSON files."""
    unet = _read_json(folder / "unet" / "config.json")
    vae = _read_json(folder / "vae" / "config.json")
    scheduler = _read_json(folder / "scheduler" / "scheduler_config.json")
    live = _read_json(folder / "live.json") if (folder / "live.json").exists() else {}
    scale = _latent_scale(vae)
    flow = scheduler.get("_class_name", "").startswith("FlowMatch")
    channels = int(vae.get("latent_channels", 4))
    side = int(unet.get("sample_size") or 64) * scale * patch_of(int(unet["in_channels"]), channels)
    native = live.get("native_size", [side, side])
    return ModelInfo(
        path=folder,
        native_size=(int(native[0]), int(native[1])),
        multiple=max(1, int(live.get("sizes_multiple", 64))),
        steps=int(live.get("steps", 4 if scheduler.get("_class_name") == "LCMScheduler" else 1)),
        change=float(live.get("renoise", 0.6)),
        sound_factors=tuple(live.get("sound_factors", ())),
        prediction="flow" if flow else str(scheduler.get("prediction_type", "epsilon")),
        residual=bool(live.get("residual", False)),
        latent_channels=channels,
        latent_scale=scale,
        cold_steps=int(live.get("cold_steps", 4)),
        lexicon=_lexicon(folder / "lexicon.json"),
        fingerprint=fingerprint,
    )


def _lexicon(path: Path) -> dict[str, str]:
    """The words of a model that knows few; an ordinary model has no such file and needs none."""
    words = _read_json(path) if path.exists() else {}
    if not all(isinstance(word, str) for word in words.values()):
        raise ModelError(f'{path} does not give one text for each text: write "a text": "words the model knows"')
    return words


def _digest_file(digest: hashlib._Hash, path: Path) -> None:
    """Take in a file's size and an even sample of its content: a change of weights shows, and gigabytes cost nothing."""
    size = path.stat().st_size
    digest.update(f"{path.name}/{size}".encode())
    with path.open("rb") as file:
        for i in range(DIGEST_CHUNKS):
            file.seek(max(0, size - DIGEST_BYTES) * i // (DIGEST_CHUNKS - 1))
            digest.update(file.read(DIGEST_BYTES))


def patch_of(channels: int, latent_channels: int) -> int:
    """The side p of the patches that a UNet of so many input channels sees; 1 for an ordinary one.

    Raises ValueError if they are no square number of times the latent's.
    """
    patch = math.isqrt(max(channels // latent_channels, 1))
    if channels != latent_channels * patch**2:
        raise ValueError(f"its UNet takes {channels} channels, which are no patches of {latent_channels} latent channels")
    return patch


def _latent_scale(vae: dict[str, Any]) -> int:
    """Pixels a latent cell is wide: one halving a block of the encoder but its first."""
    blocks = vae.get("encoder_block_out_channels") or vae.get("block_out_channels") or (1, 1, 1, 1)
    return int(2 ** (len(blocks) - 1))


def load_scheduler_alphas(folder: Path) -> torch.Tensor:
    """Cumulative alphas (T,) of a DDPM-like scheduler, float32."""
    import torch

    config = _read_json(folder / "scheduler" / "scheduler_config.json")
    count = int(config.get("num_train_timesteps", 1000))
    low, high = float(config.get("beta_start", 0.00085)), float(config.get("beta_end", 0.012))
    if config.get("beta_schedule", "scaled_linear") == "scaled_linear":
        betas = torch.linspace(low**0.5, high**0.5, count, dtype=torch.float64) ** 2
    else:
        betas = torch.linspace(low, high, count, dtype=torch.float64)
    return torch.cumprod(1 - betas, 0).float()


@dataclass(slots=True)
class Modules:
    """The networks of a model as torch modules in evaluation mode, float32."""

    unet: torch.nn.Module
    vae: torch.nn.Module
    text_encoder: torch.nn.Module


def load(info: ModelInfo) -> Modules:
    """Load the networks. Raises ModelError if a weight does not fit its configuration."""
    import torch
    from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
    from diffusers.utils import logging as diffusers_logging
    from transformers import CLIPTextModel
    from transformers.utils import logging as transformers_logging

    diffusers_logging.set_verbosity_error()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    kind = _read_json(info.path / "vae" / "config.json").get("_class_name", "AutoencoderKL")
    autoencoder = AutoencoderTiny if kind == "AutoencoderTiny" else AutoencoderKL
    options = {"use_safetensors": True, "local_files_only": True}
    whole = {**options, "torch_dtype": torch.float32, "low_cpu_mem_usage": False}
    try:
        unet = UNet2DConditionModel.from_pretrained(info.path / "unet", **whole)
        vae = autoencoder.from_pretrained(info.path / "vae", **whole)
        text = CLIPTextModel.from_pretrained(info.path / "text_encoder", dtype=torch.float32, **options)
    except Exception as error:  # safetensors and tokenizers raise plain exceptions
        first = str(error).strip().splitlines()[0]
        raise ModelError(f"the model in {info.path} cannot be loaded ({first}): copy the whole folder again") from error
    return Modules(unet.eval(), vae.eval(), text.eval())


class Tokenizer:
    """Words to token ids of a fixed length, from ``tokenizer.json`` where there is one (quick), else vocab and merges."""

    def __init__(self, folder: Path) -> None:
        config_path = folder / "tokenizer_config.json"
        config = _read_json(config_path) if config_path.exists() else {}
        self.length = min(int(config.get("model_max_length", 77)), 77)
        self._fast: Any = None
        self._slow: Any = None
        if (folder / "tokenizer.json").exists():
            from tokenizers import Tokenizer as Fast

            try:
                self._fast = Fast.from_file(str(folder / "tokenizer.json"))
            except Exception as error:  # the library raises nothing narrower
                raise ModelError(f"{folder}/tokenizer.json cannot be read ({error}): copy the folder again") from error
            pad = str(config.get("pad_token") or "<|endoftext|>")
            self._fast.enable_truncation(self.length)
            self._fast.enable_padding(
                length=self.length, pad_id=self._fast.token_to_id(pad) or 0, pad_token=pad
            )
        else:
            from transformers import CLIPTokenizer

            try:
                self._slow = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
            except Exception as error:
                raise ModelError(f"{folder} holds no usable tokenizer ({error}): copy the folder again") from error

    def __call__(self, text: str) -> list[int]:
        """Token ids, ``length`` of them."""
        text = text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
        if self._fast is not None:
            return list(self._fast.encode(text).ids)
        return list(self._slow(text, padding="max_length", truncation=True, max_length=self.length).input_ids)
