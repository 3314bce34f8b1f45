"""A picture model is a folder in the diffusers layout; this file reads and loads it.

``inspect`` reads only JSON and file names, so it is quick and imports no deep-learning library; ``load`` brings the
networks as torch modules. Both raise ``ModelError`` with one sentence for the user.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines.families import Family, check_pipeline, family_of
from engines.folder import ModelError, digest_file, linked, read_json, variant_of, weights_of, where

if TYPE_CHECKING:
    import torch

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
NETWORKS = ("unet", "vae", "text_encoder")
SECOND = ("text_encoder_2", "tokenizer_2")
"""What a model of the XL families has beside them."""

TINY = "vae_tiny"
"""A quick decoder (TAESD), which stands in for the model's own where there is one."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model folder says of itself.

    native_size: (width, height) in pixels. multiple: width and height must be multiples of it. steps: denoising steps a
    frame it is made for. change: how far a frame is re-noised by default, 0–1. sound_factors: names of the sound
    factors it takes as a condition, in order; empty for an ordinary text-to-picture model. prediction: "flow",
    "epsilon", "v_prediction" or "sample". residual: its network tells what ``call.velocity`` adds to a straight guess.
    latent_channels, latent_scale: shape of its latents. cold_steps: steps of the first frame. lexicon: words it knows for
    texts that it does not. fingerprint: changes with configurations and weights. family: which kind it is. parts: the
    folder of each part; "vae" is the decoder that is used. guidance: the scale told to a UNet that takes one.
    text_scale: of classifier-free guidance, 1 for none. zeros_for_no_text: zeros stand for an empty negative prompt.
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
    family: Family
    parts: Mapping[str, Path]
    guidance: float
    text_scale: float
    zeros_for_no_text: bool

    @property
    def pooled(self) -> bool:
        """Whether two text encoders speak, the second of which also says one vector for the whole text."""
        return "text_encoder_2" in self.parts

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


def inspect(folder: Path) -> ModelInfo:
    """Read what the folder says of itself and check that every part is there, without loading weights."""
    if not folder.is_dir():
        raise ModelError(f"there is no model folder {folder}: give a folder in the diffusers layout")
    linked(folder)
    index = read_json(where(folder, "model_index.json"))
    check_pipeline(index)
    second = SECOND if isinstance(index.get(SECOND[0]), list) and index[SECOND[0]][0] else ()
    parts = {}
    for part in (*PARTS, *second):
        parts[part] = where(folder, part)
        if not parts[part].is_dir():
            raise ModelError(f"the model folder {folder} lacks its {part}: copy the whole model folder again")
    if where(folder, TINY).is_dir():
        parts["vae"] = where(folder, TINY)
    digest = hashlib.sha256()
    for part in (*NETWORKS, *second[:1]):
        config = parts[part] / "config.json"
        digest.update(config.read_bytes() if config.exists() else b"")
        for weights in weights_of(parts[part]):
            digest_file(digest, weights)
    try:
        return _describe(folder, index, parts, digest.hexdigest()[:16])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"a configuration in {folder} makes no sense ({error}): copy the whole folder again") from error


def _describe(folder: Path, index: Mapping[str, Any], parts: Mapping[str, Path], fingerprint: str) -> ModelInfo:
    """``ModelInfo`` from the folder's JSON files."""
    unet = read_json(parts["unet"] / "config.json")
    vae = read_json(parts["vae"] / "config.json")
    scheduler = read_json(parts["scheduler"] / "scheduler_config.json")
    live = read_json(where(folder, "live.json")) if where(folder, "live.json").exists() else {}
    family = family_of(index, unet, scheduler)
    if (unet.get("addition_embed_type") is not None) != ("text_encoder_2" in parts):
        raise ModelError(f"the UNet and the text encoders in {folder} are not of one family: copy the whole folder again")
    if unet.get("class_embed_type") and not live.get("sound_factors"):
        raise ModelError(f"the UNet in {folder} wants a class ({unet['class_embed_type']}), which no prompt gives")
    scale = _latent_scale(vae)
    channels = int(vae.get("latent_channels", 4))
    side = int(unet.get("sample_size") or 64) * scale * patch_of(int(unet["in_channels"]), channels)
    native = live.get("native_size", [side, side])
    return ModelInfo(
        path=folder,
        native_size=(int(native[0]), int(native[1])),
        multiple=max(1, int(live.get("sizes_multiple", 64))),
        steps=int(live.get("steps", family.steps)),
        change=float(live.get("renoise", family.change)),
        sound_factors=tuple(live.get("sound_factors", ())),
        prediction="flow" if family.name == "flow" else str(scheduler.get("prediction_type", "epsilon")),
        residual=bool(live.get("residual", False)),
        latent_channels=channels,
        latent_scale=scale,
        cold_steps=int(live.get("cold_steps", max(4, family.steps))),
        lexicon=_lexicon(where(folder, "lexicon.json")),
        fingerprint=fingerprint,
        family=family,
        parts=parts,
        guidance=float(live.get("guidance", family.guidance)),
        text_scale=float(live.get("text_scale", family.text_scale)),
        zeros_for_no_text=bool(index.get("force_zeros_for_empty_prompt", False)),
    )


def _lexicon(path: Path) -> dict[str, str]:
    """The words of a model that knows few; an ordinary model has no such file and needs none."""
    words = read_json(path) if path.exists() else {}
    if not all(isinstance(word, str) for word in words.values()):
        raise ModelError(f'{path} does not give one text for each text: write "a text": "words the model knows"')
    return words


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


@dataclass(slots=True)
class Modules:
    """The networks of a model as torch modules in evaluation mode, float32. second_encoder: of the XL families."""

    unet: torch.nn.Module
    vae: torch.nn.Module
    text_encoder: torch.nn.Module
    second_encoder: torch.nn.Module | None = None


def load(info: ModelInfo) -> Modules:
    """Load the networks. Raises ModelError if a weight does not fit its configuration."""
    import torch
    from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
    from diffusers.utils import logging as diffusers_logging
    from transformers import CLIPTextModel, CLIPTextModelWithProjection
    from transformers.utils import logging as transformers_logging

    diffusers_logging.set_verbosity_error()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    kind = read_json(info.parts["vae"] / "config.json").get("_class_name", "AutoencoderKL")
    autoencoder = AutoencoderTiny if kind == "AutoencoderTiny" else AutoencoderKL
    whole = {"torch_dtype": torch.float32, "low_cpu_mem_usage": False}

    def loaded(network: Any, part: str, **options: Any) -> torch.nn.Module:
        folder = info.parts[part]
        variant = variant_of(weights_of(folder)[0]).removeprefix(".") or None
        given = {"use_safetensors": True, "local_files_only": True, "variant": variant, **options}
        return network.from_pretrained(folder, **given).eval()

    try:
        return Modules(
            loaded(UNet2DConditionModel, "unet", **whole),
            loaded(autoencoder, "vae", **whole),
            loaded(CLIPTextModel, "text_encoder", dtype=torch.float32),
            loaded(CLIPTextModelWithProjection, SECOND[0], dtype=torch.float32) if info.pooled else None,
        )
    except Exception as error:  # safetensors and tokenizers raise plain exceptions
        first = str(error).strip().splitlines()[0]
        raise ModelError(f"the model in {info.path} cannot be loaded ({first}): copy the whole folder again") from error
