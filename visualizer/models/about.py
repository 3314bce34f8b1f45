"""What an installed model is: its family, sizes, parameters, place and licence, read without loading it."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from engines.folder import linked, weights_of, where
from engines.model import NETWORKS, SECOND, ModelError, ModelInfo, inspect
from visualizer.models.library import gigabytes, source_of

HALF_BYTES = 2
LONGEST_HEADER = 100_000_000
CARD = "README.md"
LICENCES = ("LICENSE", "LICENSE.md", "LICENSE.txt")


@dataclass(frozen=True, slots=True)
class About:
    """What there is to say of a model. parameters: by network. bytes: on disk. licence: as its card states it, or its
    file; "" where there is neither."""

    info: ModelInfo
    parameters: dict[str, int]
    bytes: int
    licence: str

    @property
    def memory(self) -> int:
        """Bytes that the weights take on a graphics card: text encoders run in full precision, the rest in half."""
        texts = sum(count for name, count in self.parameters.items() if name.startswith("text"))
        return HALF_BYTES * (sum(self.parameters.values()) + texts)

    def text(self) -> str:
        """Lines for people."""
        info = self.info
        soft = "" if info.family.few_steps else ", made for many: what it paints live is soft"
        lines = {
            "family": info.family.title,
            "size": "{}x{} pixels".format(*info.native_size),
            "steps": f"{info.steps} a frame{soft}",
            **{name: f"{count / 1e6:.1f} million parameters" for name, count in self.parameters.items()},
            "memory": f"{gigabytes(self.memory)} for the weights on a graphics card, and what painting takes (estimated)",
            "on disk": gigabytes(self.bytes),
            "licence": self.licence or "not stated in its folder: look where it came from",
            "lies in": str(linked(info.path)),
            "came from": source_of(info.path) or "not known",
        }
        return "\n".join(f"{name:16} {value}" for name, value in lines.items())


def about(folder: Path) -> About:
    """What a model folder is. Raises ModelError."""
    info = inspect(folder)
    networks = [part for part in (*NETWORKS, *SECOND[:1]) if part in info.parts]
    parameters = {part: sum(parameters_in(path) for path in weights_of(info.parts[part])) for part in networks}
    files = {path for root in {folder, linked(folder)} for path in root.rglob("*") if path.is_file()}
    licence = licence_in(where(folder, CARD))
    if not licence:
        licence = next((f"see {where(folder, name)}" for name in LICENCES if where(folder, name).is_file()), "")
    return About(info, parameters, sum(path.stat().st_size for path in files), licence)


def parameters_in(weights: Path) -> int:
    """How many numbers a .safetensors file holds, by its header. Raises ModelError."""
    return sum(math.prod(shape) for shape in header_of(weights).values())


def header_of(weights: Path) -> dict[str, list[int]]:
    """The shapes of the tensors in a .safetensors file by name. Raises ModelError."""
    try:
        with weights.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > LONGEST_HEADER:
                raise ValueError("its header is too long")
            header = json.loads(file.read(length))
        return {name: [int(side) for side in entry["shape"]] for name, entry in header.items() if name != "__metadata__"}
    except (OSError, struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{weights} is no whole .safetensors file ({error}): copy or download it again") from None


def licence_in(card: Path) -> str:
    """The licence that a model card's front matter states, "" where it states none."""
    try:
        lines = card.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    if not lines or lines[0].strip() != "---":
        return ""
    said: dict[str, str] = {}
    for line in lines[1:]:
        if line.strip() == "---":
            break
        key, colon, value = line.partition(":")
        if colon and key in ("license", "license_name", "license_link"):
            said[key] = value.strip().strip("'\"")
    licence = said.get("license", "")
    if licence in ("", "other"):
        licence = said.get("license_name", licence)
    return f"{licence} ({said['license_link']})" if licence and "license_link" in said else licence
