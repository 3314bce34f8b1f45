"""Models of every family that is painted with, in the layout of their repositories, of random weights, made here, tiny.

File names, classes and configuration keys are those that the published models have; only widths and depths differ, so
that one is made in a second. What a configuration leaves out, the published one leaves at the same default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
WORDS = ["!", *LETTERS, *(c + "</w>" for c in LETTERS), "!</w>", "re", "red</w>", "<|startoftext|>", "<|endoftext|>"]

SCHEDULERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "sd1": ("PNDMScheduler", {"set_alpha_to_one": False, "skip_prk_steps": True}),
    "sd2": ("DDIMScheduler", {"set_alpha_to_one": False, "clip_sample": False, "prediction_type": "v_prediction"}),
    "sd-turbo": ("EulerDiscreteScheduler", {"timestep_spacing": "trailing", "prediction_type": "epsilon"}),
    "lcm": ("LCMScheduler", {"original_inference_steps": 50, "set_alpha_to_one": True}),
    "sdxl": ("EulerDiscreteScheduler", {"timestep_spacing": "leading", "prediction_type": "epsilon"}),
    "sdxl-turbo": ("EulerAncestralDiscreteScheduler", {"timestep_spacing": "trailing", "prediction_type": "epsilon"}),
}
PIPELINES = {"lcm": "LatentConsistencyModelPipeline", "sdxl": "StableDiffusionXLPipeline"}
PIPELINES |= {"sdxl-turbo": PIPELINES["sdxl"]}


def make_family(folder: Path, family: str, seed: int = 7) -> Path:
    """Write the folder of a tiny model of a family, which paints 64×64 upwards. seed: of its weights."""
    import diffusers
    import torch

    torch.manual_seed(seed)
    xl, second = family.startswith("sdxl"), family in ("sd2", "sd-turbo")
    _text_encoder(folder / "text_encoder", 32, "gelu" if second else "quick_gelu")
    _tokenizer(folder / "tokenizer", "!" if second else "<|endoftext|>")
    if xl:
        _text_encoder(folder / "text_encoder_2", 48, "gelu", projection=24)
        _tokenizer(folder / "tokenizer_2", "!")
    unet: dict[str, Any] = {"cross_attention_dim": 32, "attention_head_dim": 8}
    if second:
        unet |= {"attention_head_dim": (4, 8), "use_linear_projection": True}
    if family == "lcm":
        unet |= {"time_cond_proj_dim": 16}
    if xl:
        unet = {
            "cross_attention_dim": 32 + 48, "attention_head_dim": (4, 8), "use_linear_projection": True,
            "transformer_layers_per_block": (1, 2), "addition_embed_type": "text_time", "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 24 + 6 * 8,
        }  # fmt: skip
    diffusers.UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(32, 64), norm_num_groups=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D") if xl else ("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D") if xl else ("UpBlock2D", "CrossAttnUpBlock2D"), **unet,
    ).save_pretrained(folder / "unet")  # fmt: skip
    diffusers.AutoencoderKL(
        block_out_channels=(8, 8, 16, 16), down_block_types=("DownEncoderBlock2D",) * 4, norm_num_groups=4,
        up_block_types=("UpDecoderBlock2D",) * 4, latent_channels=4, sample_size=64,
        scaling_factor=0.13025 if xl else 0.18215, force_upcast=xl,
    ).save_pretrained(folder / "vae")  # fmt: skip
    name, config = SCHEDULERS[family]
    getattr(diffusers, name)(**BETAS, **config).save_pretrained(folder / "scheduler")
    _index(folder, PIPELINES.get(family, "StableDiffusionPipeline"), name, xl)
    return folder


def make_taesd(folder: Path) -> Path:
    """Write a tiny AutoencoderTiny in the layout of TAESD."""
    import torch
    from diffusers import AutoencoderTiny

    torch.manual_seed(8)
    AutoencoderTiny(
        encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4, num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1), scaling_factor=1.0,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def _text_encoder(folder: Path, width: int, act: str, projection: int = 0) -> None:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(WORDS), hidden_size=width, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        hidden_act=act, projection_dim=projection or width, bos_token_id=0, pad_token_id=1, eos_token_id=2,
    )  # fmt: skip
    (CLIPTextModelWithProjection if projection else CLIPTextModel)(config).save_pretrained(folder)


def _tokenizer(folder: Path, pad: str) -> None:
    """Vocabulary and merges, as in the older repositories, which keep no tokenizer.json."""
    folder.mkdir(parents=True)
    marks = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(WORDS)}))
    (folder / "merges.txt").write_text("#version: 0.2\nr e\nre d</w>\n")
    (folder / "special_tokens_map.json").write_text(json.dumps({**marks, "pad_token": pad}))
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True, **marks}
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "pad_token": "<|endoftext|>"}))


def _index(folder: Path, pipeline: str, scheduler: str, xl: bool) -> None:
    text, words = ["transformers", "CLIPTextModel"], ["transformers", "CLIPTokenizer"]
    index: dict[str, Any] = {
        "_class_name": pipeline, "_diffusers_version": "0.24.0.dev0", "scheduler": ["diffusers", scheduler],
        "text_encoder": text, "tokenizer": words, "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }  # fmt: skip
    if xl:
        index |= {"text_encoder_2": ["transformers", "CLIPTextModelWithProjection"], "tokenizer_2": words}
        index |= {"force_zeros_for_empty_prompt": True}
    else:
        nothing = [None, None]
        index |= {"safety_checker": nothing, "feature_extractor": nothing, "requires_safety_checker": False}
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))
