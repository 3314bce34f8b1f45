"""What a LoRA file holds, read from its header: no tensor is loaded, and torch is not needed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.folder import ModelError, digest_file

PAIR = re.compile(r"(.+?)(?:[._]lora(?:_linear_layer)?[._](down|up)|\.lora_([AB])(?:\.[\w-]+)?)\.weight")
ROLES = {"A": "down", "B": "up"}
ALPHA = ".alpha"
TEXTS = ("lora_te_", "lora_te1_", "lora_te2_", "text_encoder.", "text_encoder_2.", "base_model.model.text_model.")
OTHER_KINDS = {
    r"\bhada_": "LoHa", r"\blokr_": "LoKr", r"\boft_": "OFT", r"\b(dora_scale|lora_magnitude_vector)\b": "DoRA",
    r"\blora_mid\b": "LoRA in Tucker's form", r"\.diff(_b)?$": "file of whole differences",
    r"\blora_B\b.*\.bias$": "LoRA with biases",
}  # fmt: skip
SETTINGS = "lora_adapter_metadata"
"""Where diffusers writes alpha, which other files hold as a tensor beside each layer."""
LIMIT = 2.0
"""Styles weigh from −2 to 2."""


class StyleError(ModelError):
    """A LoRA file that cannot be used, or not with this model; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One layer's tensors by their names in the file, alpha "" where there is none. rank, taken: down's first two sides."""

    down: str
    up: str
    alpha: str
    rank: int
    taken: int


@dataclass(frozen=True, slots=True)
class StyleFile:
    """A LoRA. pairs: by the layer's name in the file, those of the UNet. texts: how many layers of text encoders it has
    beside them, which are left out. settings: what diffusers wrote of it.
    """

    path: Path
    pairs: Mapping[str, Pair]
    texts: int
    settings: Mapping[str, Any]

    @property
    def remark(self) -> str:
        """One sentence on what is left out; "" where nothing is."""
        if not self.texts:
            return ""
        return (
            f"{self.path.name} changes the text encoder, too, which is left out: a weight that moves would need every "
            "prompt encoded anew."
        )

    @property
    def ranks(self) -> tuple[int, int]:
        """The lowest and the highest rank."""
        ranks = [pair.rank for pair in self.pairs.values()]
        return min(ranks), max(ranks)

    @property
    def text_width(self) -> int:
        """The width of the text states that it was made for, which tells the family; 0 where it changes no such layer."""
        taken = [pair.taken for name, pair in self.pairs.items() if re.search(r"attn2[._](processor\.)?to_[kv]$", name)]
        return taken[0] if taken else 0

    def scale(self, layer: str, rank: int, alpha: float | None) -> float:
        """α/r of a layer. alpha: the tensor beside it, where there is one; else diffusers' settings, else r."""
        if alpha is not None:
            return alpha / rank
        patterns = self.settings.get("unet.alpha_pattern") or {}
        given = next((value for name, value in patterns.items() if re.fullmatch(rf"(.*\.)?{name}", layer)), None)
        known = float(given if given is not None else self.settings.get("unet.lora_alpha") or rank)
        return known / (rank**0.5 if self.settings.get("unet.use_rslora") else rank)


def read_style(path: Path) -> StyleFile:
    """What a .safetensors file of a LoRA holds. Raises StyleError for any other file, in one sentence."""
    shapes, settings = _header(path)
    kept: dict[str, dict[str, str]] = {}
    strange, texts = list[str](), set[str]()
    for key in shapes:
        pair = PAIR.fullmatch(key)
        layer = pair[1] if pair else key.removesuffix(ALPHA)
        if key.startswith(TEXTS):
            texts.add(layer)
        elif pair:
            kept.setdefault(layer, {})[pair[2] or ROLES[pair[3]]] = key
        elif key.endswith(ALPHA):
            kept.setdefault(layer, {})["alpha"] = key
        else:
            strange.append(key)
    kind = next((kind for key in strange if (kind := _other_kind(key))), "DoRA" if settings.get("unet.use_dora") else "")
    if kind:
        raise StyleError(f"{path.name} is a {kind}, which is not painted with: choose a plain LoRA")
    if strange or not (kept or texts):
        odd = f" (it holds {strange[0]})" if strange else ""
        raise StyleError(f"{path.name} is no LoRA of a picture model{odd}: choose another file")
    if not kept:
        raise StyleError(f"{path.name} changes the text encoder alone, which no style does here: choose another LoRA")
    return StyleFile(path, {layer: _pair(path, layer, keys, shapes) for layer, keys in kept.items()}, len(texts), settings)


def is_style(keys: Mapping[str, Any]) -> bool:
    """Whether tensors of these names are a LoRA's, or of a kind beside it, rather than a model's."""
    return any(PAIR.fullmatch(key) or _other_kind(key) for key in keys)


def _other_kind(key: str) -> str:
    """What a file is that has such a tensor and is no plain LoRA; "" where the name does not tell."""
    return next((kind for pattern, kind in OTHER_KINDS.items() if re.search(pattern, key)), "")


def fingerprint(path: Path) -> str:
    """Changes with the file's content. Raises StyleError."""
    digest = hashlib.sha256()
    try:
        digest_file(digest, path)
    except OSError as error:
        raise StyleError(f"the style {path} cannot be read ({error.strerror}): give another file") from None
    return digest.hexdigest()[:16]


def checked(weights: tuple[float, ...], count: int) -> tuple[float, ...]:
    """The weights if there is one for each of ``count`` styles and all are in range. Raises ValueError."""
    if len(weights) != count or not all(-LIMIT <= weight <= LIMIT for weight in weights):
        raise ValueError(f"{count} weights from {-LIMIT:g} to {LIMIT:g} are needed, not {weights}")
    return weights


def _header(path: Path) -> tuple[dict[str, list[int]], dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    if path.suffix.lower() != ".safetensors":
        raise StyleError(f"{path} is no .safetensors file: other files can run any code when loaded, choose another one")
    try:
        with safe_open(path, "np") as file:
            said = json.loads((file.metadata() or {}).get(SETTINGS, "{}"))
            return {key: list(file.get_slice(key).get_shape()) for key in file.keys()}, said  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise StyleError(f"{path} is no whole .safetensors file ({error}): copy or download it again") from None


def _pair(path: Path, layer: str, keys: Mapping[str, str], shapes: Mapping[str, list[int]]) -> Pair:
    lacking = next((role for role in ("down", "up") if role not in keys), None)
    if lacking is not None:
        raise StyleError(f"{path.name} lacks one half of {layer} (its {lacking} matrix): copy or download it again")
    down, up = shapes[keys["down"]], shapes[keys["up"]]
    if len(down) not in (2, 4) or len(up) not in (2, 4) or down[0] != up[1] or not down[0] or up[2:] not in ([], [1, 1]):
        raise StyleError(f"{path.name} has no two matching halves of {layer} ({down} and {up}): choose another LoRA")
    return Pair(keys["down"], keys["up"], keys.get("alpha", ""), down[0], down[1])
