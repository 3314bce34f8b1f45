"""A contact sheet: sixteen prompts from noise, the same prompts as running streams, and a change of prompt."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from PIL import Image, ImageDraw
from tokenizers import Tokenizer
from torch import Tensor
from transformers import CLIPTextModel

from .networks import decode, last
from .sampling import paint, stream

PROMPTS = (
    "burning flames in fire colours", "aurora over a night sky, emerald", "mandala, gold and violet",
    "hyperspace tunnel, cyan", "spiral galaxy, cosmic", "synthwave grid landscape, neon", "night sea, moonlit, ocean",
    "ink in water, pink", "crystals, ice", "labyrinth, acid green", "flowers, tropical", "lightning, blue",
    "nebula, sunset", "op art stripes, monochrome", "volcano erupting at midnight", "a slow underwater dream",
)  # fmt: skip
FRAMES = (1, 30, 100, 300)
SWITCHED = (3, 15)
CELL, LABEL = 112, 34


def beat(frames: int, count: int) -> Tensor:
    """Factors (frames, count, 7) of a steady beat of 15 frames over a slow swell."""
    rows = []
    for frame in range(frames):
        swell, onset = 0.5 + 0.3 * math.sin(frame / 40), math.exp(-(frame % 15) / 3)
        rows.append([swell, 0.3 + 0.6 * onset, 0.5, 0.4 + 0.2 * math.sin(frame / 23), onset, 0.5, 0.4])
    return torch.tensor(rows)[:, None].repeat(1, count, 1)


class Folder:
    """A model folder, read with diffusers and transformers only."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer" / "tokenizer.json"))
        self.text = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32).eval()
        self.unet = last(UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32).eval())
        self.vae = AutoencoderTiny.from_pretrained(folder / "vae", torch_dtype=torch.float32).eval()
        config = self.unet.config
        self.latent = int(config.sample_size)
        self.factors = int(config.projection_class_embeddings_input_dim) - int(self.text.config.hidden_size)

    @torch.no_grad()
    def states(self, prompts: tuple[str, ...]) -> Tensor:
        """Text states (B, 24, W)."""
        ids = torch.tensor([entry.ids for entry in self.tokenizer.encode_batch(list(prompts))])
        states: Tensor = self.text(input_ids=ids).last_hidden_state.float()
        return states

    @torch.no_grad()
    def pictures(self, latents: Tensor) -> np.ndarray:
        """uint8 (B, H, W, 3)."""
        made = decode(self.vae, latents).float().clamp(-1, 1).add(1).mul(127.5)
        return made.round().byte().permute(0, 2, 3, 1).numpy()


@torch.no_grad()
def contact(folder: Path, out: Path, prompts: tuple[str, ...] = PROMPTS, last_frame: int = FRAMES[-1]) -> None:
    """Write the sheet to ``out`` and print, for each shown frame, the streams' latent statistics and motion."""
    model = Folder(folder)
    states, count, size = model.states(prompts), len(prompts), model.latent
    generator = torch.Generator().manual_seed(7)
    rows: list[tuple[str, np.ndarray]] = []
    middle = torch.full((count, model.factors), 0.5)
    first = torch.empty(0)
    with torch.autocast("cpu", torch.bfloat16):
        for seed in range(4):
            made = paint(model.unet, torch.randn(count, 4, size, size, generator=generator), states, middle)
            first = made if seed == 0 else first
            rows.append((f"seed {seed}", model.pictures(made)))
        factors = beat(60, count)[..., : model.factors]
        before = first
        for number, held in enumerate(stream(model.unet, first, states, factors, generator=generator), start=1):
            if number in FRAMES or number == last_frame:
                motion = float((held - before).abs().mean())
                print(f"frame {number}: mean {held.mean((0, 2, 3)).tolist()} std {held.std((0, 2, 3)).tolist()} "
                      f"motion {motion:.4f}", flush=True)  # fmt: skip
                rows.append((f"frame {number}", model.pictures(held)))
            before = held
            if number >= last_frame:
                break
        switched = stream(model.unet, before, states.roll(-1, 0), factors, generator=generator)
        for number, held in enumerate(switched, start=1):
            if number in SWITCHED:
                rows.append((f"switch +{number}", model.pictures(held)))
            if number >= SWITCHED[-1]:
                break
    sheet = Image.new("RGB", (count * CELL + 60, len(rows) * CELL + LABEL))
    pen = ImageDraw.Draw(sheet)
    for column, prompt in enumerate(prompts):
        words, line = prompt.split(), ["", "", ""]
        for word in words:
            place = next((at for at in range(3) if len(line[at]) + len(word) < 18), 2)
            line[place] += word + " "
        pen.multiline_text((60 + column * CELL + 2, 0), "\n".join(line), fill="white", font_size=10, spacing=1)
    for row, (name, pictures) in enumerate(rows):
        pen.text((2, LABEL + row * CELL + CELL // 2), name, fill="white", font_size=10)
        for column, picture in enumerate(pictures):
            small = Image.fromarray(picture).resize((CELL, CELL), Image.Resampling.LANCZOS)
            sheet.paste(small, (60 + column * CELL, LABEL + row * CELL))
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out)
    print(f"{out}: {sheet.width}x{sheet.height}")
