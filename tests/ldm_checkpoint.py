"""A model of Stable Diffusion 1's family as one file, named as its first publication named things."""

from __future__ import annotations

import re
from pathlib import Path

RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip
ENDS = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2", "conv_norm_out": "out.0",
    "conv_in": "input_blocks.0.0", "conv_out": "out.2",
}  # fmt: skip
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def make_checkpoint(folder: Path, file: Path) -> Path:
    """Write the networks of a diffusers folder into one file."""
    from safetensors.torch import load_file, save_file

    weights = {}
    unet = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
    for key, value in unet.items():
        weights["model.diffusion_model." + _in_unet(key, unet)] = value
    for key, value in load_file(folder / "vae" / "diffusion_pytorch_model.safetensors").items():
        projects = ".mid_block.attentions.0.to_" in key and key.endswith("weight")
        weights["first_stage_model." + _in_vae(key)] = value[:, :, None, None] if projects else value
    for key, value in load_file(folder / "text_encoder" / "model.safetensors").items():
        weights["cond_stage_model.transformer.text_model." + key.removeprefix("text_model.")] = value
    save_file({key: value.contiguous() for key, value in weights.items()}, file)
    return file


def _in_unet(key: str, unet: dict[str, object]) -> str:
    """One residual block a layer: a level takes two places going down, and two going up."""
    for ours, theirs in ENDS.items():
        if key.startswith(ours + "."):
            return theirs + key.removeprefix(ours)
    if found := re.match(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", key):
        kind, layer, rest = found.groups()
        place = 1 if kind == "attentions" else 2 * int(layer)
        return f"middle_block.{place}.{_resnet(rest) if kind == 'resnets' else rest}"
    found = re.match(r"(down|up)_blocks\.(\d)\.(\w+)\.(\d)\.(.*)", key)
    assert found, key
    way, level, kind, layer, rest = found.groups()
    if kind == "downsamplers":
        return f"input_blocks.{2 * int(level) + 2}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        attends = any(other.startswith(f"up_blocks.{level}.attentions") for other in unet)
        return f"output_blocks.{2 * int(level) + 1}.{2 if attends else 1}.{rest}"
    place = 2 * int(level) + int(layer) + (1 if way == "down" else 0)
    side = "input" if way == "down" else "output"
    return f"{side}_blocks.{place}.{'0.' + _resnet(rest) if kind == 'resnets' else '1.' + rest}"


def _resnet(rest: str) -> str:
    name, _, end = rest.partition(".")
    return f"{RESNET[name]}.{end}"


def _in_vae(key: str) -> str:
    key = key.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    key = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", key)
    for ours, theirs in ATTENTION.items():
        key = key.replace(f"mid_block.attentions.0.{ours}.", f"mid.attn_1.{theirs}.")
    key = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", key)
    key = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", key)
    key = re.sub(r"up_blocks\.(\d)\.resnets", lambda found: f"up.{3 - int(found[1])}.block", key)
    return re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda found: f"up.{3 - int(found[1])}.upsample", key)
