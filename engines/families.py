"""The families of picture models that are painted with, how each is told from its files, and what each is made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engines.folder import ModelError

PIPELINES = (
    "StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "LatentConsistencyModelPipeline",
    "LatentConsistencyModelImg2ImgPipeline", "StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline",
)  # fmt: skip
CHOOSE = "choose a model of Stable Diffusion 1.5, 2.1 or XL, SD-Turbo, SDXL-Turbo or LCM"


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of model. steps: a frame. change: how far a frame is re-noised, 0–1. few_steps: whether it was distilled to
    paint in so few; others do paint, but softly. consistency: its answers are bounded as a consistency model's.
    guidance: the scale that is told to a UNet which takes one as a condition. text_scale: of classifier-free guidance, 1
    for none.
    """

    name: str
    title: str
    steps: int
    change: float = 0.6
    few_steps: bool = True
    consistency: bool = False
    guidance: float = 8.0
    text_scale: float = 1.0


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family("flow", "flow matching, made for live painting", 1),
        Family("sd-turbo", "SD-Turbo", 1),
        Family("sdxl-turbo", "SDXL-Turbo", 1),
        Family("lcm", "Stable Diffusion with LCM", 4, consistency=True),
        Family("sdxl-lcm", "Stable Diffusion XL with LCM", 4, consistency=True),
        Family("sd1", "Stable Diffusion 1.5", 8, few_steps=False, text_scale=7.5),
        Family("sd2", "Stable Diffusion 2", 8, few_steps=False, text_scale=7.5),
        Family("sdxl", "Stable Diffusion XL", 8, few_steps=False, text_scale=5.0),
    )
}
"""Live defaults, which a model's ``live.json`` may replace.

steps: 1 for the turbo models, as their cards and Sauer et al. 2023 (adversarial diffusion distillation) use them; 4 for
LCM, where Luo et al. 2023 find its pictures good (2 to 8); the undistilled are made for 20 to 50 with guidance, so they
get as many as a look can ask for. change: 0.6 for all, the stream's own; the share that keeps a scene and still moves.
guidance: 8, as the card of LCM_Dreamshaper_v7 uses it. text_scale: the undistilled were made for it, with the scales that
diffusers' pipelines have by default; what was distilled has it in its weights.
"""


def family_of(index: Mapping[str, Any], unet: Mapping[str, Any], scheduler: Mapping[str, Any]) -> Family:
    """The family that model_index.json, the UNet's configuration and the scheduler's tell of.

    Distilled weights look like those that they came from. The turbo models are known by the timesteps that they were
    published with, which begin at the last one ("trailing"), LCM by its scheduler. Raises ModelError, naming the class
    of what is not painted with.
    """
    check_pipeline(index)
    kind = str(unet.get("_class_name", "UNet2DConditionModel"))
    if kind != "UNet2DConditionModel":
        raise ModelError(f"its UNet is a {kind}, which this program does not paint with: {CHOOSE}")
    added = unet.get("addition_embed_type")
    if added not in (None, "text_time") or unet.get("encoder_hid_dim_type") is not None:
        raise ModelError(f"its UNet takes conditions that are not text ({added or unet['encoder_hid_dim_type']}): {CHOOSE}")
    way = str(scheduler.get("_class_name", ""))
    if way.startswith("FlowMatch"):
        return FAMILIES["flow"]
    xl = added == "text_time"
    if way == "LCMScheduler":
        return FAMILIES["sdxl-lcm" if xl else "lcm"]
    if scheduler.get("timestep_spacing") == "trailing" and scheduler.get("prediction_type", "epsilon") == "epsilon":
        return FAMILIES["sdxl-turbo" if xl else "sd-turbo"]
    if xl:
        return FAMILIES["sdxl"]
    return FAMILIES["sd2" if unet.get("use_linear_projection") else "sd1"]


def check_pipeline(index: Mapping[str, Any]) -> None:
    """Raises ModelError, naming its class, for a model of another kind."""
    pipeline = str(index.get("_class_name", PIPELINES[0]))
    if pipeline not in PIPELINES:
        raise ModelError(f"the model is a {pipeline}, which this program does not paint with: {CHOOSE}")
