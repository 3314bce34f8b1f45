"""A text-to-picture model folder as hubs lay it out (AutoencoderKL, ε-prediction, vocab and merges), made here, tiny."""

from __future__ import annotations

import json
from pathlib import Path


def make_tiny_model(folder: Path, prediction: str = "epsilon") -> Path:
    """Write a model of random weights that paints 64×64 upwards, in the layout of Stable Diffusion 1.5."""
    import torch
    from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(3)
    UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(32, 64),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32, attention_head_dim=4, norm_num_groups=8,
    ).save_pretrained(folder / "unet")  # fmt: skip
    AutoencoderKL(
        block_out_channels=(16, 16, 32, 32), down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, norm_num_groups=8, latent_channels=4, sample_size=64,
    ).save_pretrained(folder / "vae")  # fmt: skip
    CLIPTextModel(
        CLIPTextConfig(
            vocab_size=300, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            bos_token_id=0, eos_token_id=1,
        )
    ).save_pretrained(folder / "text_encoder")  # fmt: skip
    DDPMScheduler(beta_schedule="scaled_linear", prediction_type=prediction).save_pretrained(folder / "scheduler")
    tokenizer = folder / "tokenizer"
    tokenizer.mkdir()
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(c + "</w>" for c in letters), "re", "red</w>"]
    (tokenizer / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (tokenizer / "merges.txt").write_text("#version: 0.2\nr e\nre d</w>\n")
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77}
    (tokenizer / "tokenizer_config.json").write_text(json.dumps(config))
    index = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.36.0"}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder
