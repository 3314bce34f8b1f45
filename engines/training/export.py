"""Write a run as a model folder in the diffusers layout, half precision, replaced as a whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import diffusers
from torch import nn

from . import checkpoint
from .config import Config, ModelConfig
from .networks import build_autoencoder, build_scheduler, build_text_encoder, build_unet, with_guidance
from .tokenizer import load_tokenizer, save_tokenizer
from .visuals import FACTORS, FAMILIES

MODEL_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": diffusers.__version__,
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderTiny"],
}


def live(model: ModelConfig, steps: dict[str, int], families: tuple[str, ...]) -> dict[str, object]:
    """What the live stream must know beyond diffusers' own files."""
    return {
        "native_size": [model.size, model.size],
        "sizes_multiple": 64,
        "steps": 4,
        "cold_steps": 8,
        "renoise": 0.9,
        "sound_factors": list(FACTORS)[: model.sound_factors],
        "prediction": "flow",
        "residual": True,
        "decoder_pixel_shuffle": model.decoder_shuffle,
        "pixel_range": [-1, 1],
        "text_positions": model.text_positions,
        "families": list(families),
        "trained_steps": steps,
    }


def networks(config: Config, folder: Path) -> tuple[dict[str, nn.Module], dict[str, int]]:
    """The three networks with the weights of the run; a stage not yet run leaves fresh weights, and says so."""
    vocabulary = load_tokenizer(folder / "tokenizer").get_vocab_size()
    built: dict[str, nn.Module] = {
        "text_encoder": build_text_encoder(config.model, vocabulary),
        "vae": build_autoencoder(config.model),
        "unet": build_unet(config.model, told=False),
    }
    steps = {}
    # Post-training is left out where it has not been done.
    painter = "tune" if (folder / "tune.pt").exists() else "unet"
    for name, stage in (("text_encoder", "text"), ("vae", "autoencoder"), ("unet", painter)):
        path = folder / f"{stage}.pt"
        steps[stage] = 0
        if not path.exists():
            print(f"[export] {path} is not there: {name} goes out untrained", flush=True)
            continue
        kept = checkpoint.load(path)
        steps[stage] = int(kept["step"])
        if stage == "text":
            prefix = "encoder."
            state = {key[len(prefix) :]: value for key, value in kept["model"].items() if key.startswith(prefix)}
        else:
            state = kept["average"]
        if name == "unet":
            state = with_guidance(state, config.unet.guidance)
        built[name].load_state_dict(state)
    return built, steps


def export(config: Config, target: Path) -> str:
    """Write ``target`` whole; a README.md already there stays. Returns one line with its size."""
    folder = Path(config.run.folder)
    built, steps = networks(config, folder)
    fresh, old = target.with_name(target.name + ".new"), target.with_name(target.name + ".old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, network in built.items():
        network.half().save_pretrained(fresh / name, safe_serialization=True)  # type: ignore[operator]
    # diffusers writes this key for itself and then warns about it on every load.
    vae = fresh / "vae" / "config.json"
    settings = json.loads(vae.read_text(encoding="utf-8"))
    settings.pop("block_out_channels", None)
    vae.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    build_scheduler().save_pretrained(fresh / "scheduler")
    positions = config.model.text_positions
    save_tokenizer(load_tokenizer(folder / "tokenizer"), fresh / "tokenizer", positions)
    (fresh / "model_index.json").write_text(json.dumps(MODEL_INDEX, indent=2) + "\n", encoding="utf-8")
    told = live(config.model, steps, config.cache.families or FAMILIES)
    (fresh / "live.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if (target / "README.md").exists():
        shutil.copy2(target / "README.md", fresh / "README.md")
    for path in fresh.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    if target.exists():
        target.replace(old)
    fresh.replace(target)
    shutil.rmtree(old, ignore_errors=True)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    return f"{target}: {size / 1e6:.2f} MB, steps {steps}"
