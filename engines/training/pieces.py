"""A run's UNet as small files, so that training can move between machines that exchange only such."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from . import checkpoint

PIECE_BYTES = 15 * 2**20
HALF = torch.bfloat16


def _cast(value: Any, wide: torch.dtype, narrow: torch.dtype) -> Any:
    """Every tensor of ``wide`` in nested dicts and lists as ``narrow``."""
    if isinstance(value, torch.Tensor):
        return value.to(narrow) if value.dtype == wide else value
    if isinstance(value, dict):
        return {key: _cast(entry, wide, narrow) for key, entry in value.items()}
    if isinstance(value, list):
        return [_cast(entry, wide, narrow) for entry in value]
    return value


def pack(folder: Path, out: Path) -> list[Path]:
    """``unet.pt`` of a run folder as ``unet.000``, ``unet.001`` … of at most 15 MiB in ``out``; returns them.

    The moving average and the optimizers' moments are kept in bfloat16 and the weights start again from the average,
    which costs the run a few steps and halves what travels.
    """
    kept = checkpoint.load(folder / "unet.pt")
    state = {key: value for key, value in kept.items() if key != "model"}
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("unet.[0-9][0-9][0-9]"):
        old.unlink()
    whole = out / "unet.whole"
    checkpoint.save(whole, **_cast(state, torch.float32, HALF))
    content = whole.read_bytes()
    whole.unlink()
    made = []
    for number, start in enumerate(range(0, len(content), PIECE_BYTES)):
        made.append(out / f"unet.{number:03d}")
        made[-1].write_bytes(content[start : start + PIECE_BYTES])
    return made


def unpack(pieces: Path, folder: Path) -> Path:
    """Put the pieces of a folder together as ``unet.pt`` of the run ``folder``; FileNotFoundError where there are none."""
    found = sorted(pieces.glob("unet.[0-9][0-9][0-9]"))
    if not found:
        raise FileNotFoundError(f"{pieces} holds no unet.000: pack a run first")
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "unet.whole"
    whole.write_bytes(b"".join(path.read_bytes() for path in found))
    state = _cast(checkpoint.load(whole), HALF, torch.float32)
    whole.unlink()
    target = folder / "unet.pt"
    checkpoint.save(target, **{**state, "model": state["average"]})
    return target
