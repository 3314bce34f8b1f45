"""Fresh networks from the configuration; every one a stock class, so that any diffusers program loads them."""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from diffusers import AutoencoderTiny, FlowMatchEulerDiscreteScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from .config import ModelConfig

# diffusers and transformers carry no types that a checker can follow.
Autoencoder: TypeAlias = Any
Unet: TypeAlias = Any
TextEncoder: TypeAlias = Any


def build_text_encoder(model: ModelConfig, vocabulary: int) -> TextEncoder:
    """The text encoder; the start and end marks are the last two tokens."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=model.text_width,
            intermediate_size=model.text_intermediate,
            num_hidden_layers=model.text_layers,
            num_attention_heads=model.text_heads,
            max_position_embeddings=model.text_positions,
            projection_dim=model.text_width,
            hidden_act="gelu",
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 1,
        )
    )


def build_autoencoder(model: ModelConfig) -> Autoencoder:
    """An 8-fold autoencoder whose decoder gives ``3·shuffle²`` channels for ``pixel_shuffle`` to unfold."""
    return AutoencoderTiny(
        in_channels=3,
        out_channels=3 * model.decoder_shuffle**2,
        latent_channels=4,
        encoder_block_out_channels=(model.encoder_width,) * len(model.encoder_blocks),
        decoder_block_out_channels=(model.decoder_width,) * len(model.decoder_blocks),
        num_encoder_blocks=model.encoder_blocks,
        num_decoder_blocks=model.decoder_blocks,
        scaling_factor=1.0,
        shift_factor=0.0,
    )


def build_unet(model: ModelConfig, told: bool = True) -> Unet:
    """The UNet on patches of latents: attention only at the lowest level and in the middle.

    It sees ``unet_patch``² latents as one position of so many times the channels (``engines.call``): a CPU spends most
    of its time at the highest level, and patches quarter it.

    The class embedding, which scales and shifts every level, takes the sound factors, the mean of the text states and,
    if it is ``told``, as in training, the strength of guidance (last column).
    """
    plain = len(model.unet_widths) - 1
    return UNet2DConditionModel(
        sample_size=model.size // 8 // model.unet_patch,
        in_channels=4 * model.unet_patch**2,
        out_channels=4 * model.unet_patch**2,
        block_out_channels=model.unet_widths,
        layers_per_block=1,
        down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * plain,
        cross_attention_dim=model.text_width,
        attention_head_dim=model.unet_heads,
        norm_num_groups=model.unet_groups,
        class_embed_type="projection",
        projection_class_embeddings_input_dim=model.sound_factors + model.text_width + told,
        resnet_time_scale_shift="scale_shift",
    )


@torch.no_grad()
def with_guidance(state: dict[str, Tensor], strength: float) -> dict[str, Tensor]:
    """The weights of a network in training as those of a network that is not told: one strength for good."""
    name = "class_embedding.linear_1"
    weight = state[f"{name}.weight"]
    fixed = {f"{name}.weight": weight[:, :-1].clone(), f"{name}.bias": state[f"{name}.bias"] + strength * weight[:, -1]}
    return {**state, **fixed}


def build_scheduler() -> Any:
    """Straight paths: z_t = (1 − t) x + t ε; the network is given 1000·t and predicts ε − x."""
    return FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=1.0)


def encode(autoencoder: Autoencoder, pictures: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) in [−1, 1] to latents (B, 4, H/8, W/8)."""
    latents: Tensor = autoencoder.encoder(pictures)
    return latents


def decode(autoencoder: Autoencoder, latents: Tensor) -> Tensor:
    """Latents (B, 4, H/8, W/8) to pictures (B, 3, H, W) in about [−1, 1] (not clamped)."""
    wide: Tensor = autoencoder.decoder(latents)
    return nn.functional.pixel_shuffle(wide, round((wide.shape[1] // 3) ** 0.5))


def parameters(module: nn.Module) -> float:
    """Millions of parameters."""
    return sum(value.numel() for value in module.parameters()) / 1e6


def last(module: Any) -> Any:
    """Channels-last memory, which the CPU's and GPU's convolutions like best."""
    return module.to(memory_format=torch.channels_last)
