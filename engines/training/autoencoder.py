"""The f8 autoencoder: encoder and decoder together, then latents normalised for good, then the decoder alone.

Latents pass a batch normalisation without parameters while both learn, so that noise added to them means the same
everywhere and no channel can cheat by growing. Its statistics are folded into the encoder's last convolution at the end of
the first phase; from then on the encoder is frozen and the cache may be built while the decoder goes on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from . import checkpoint
from .config import Config
from .networks import Autoencoder, build_autoencoder, decode, encode, last, parameters
from .pictures import shards, to_model

FILE = "autoencoder.pt"
EMBEDDED = Path(__file__).parents[1] / "embedded"

class Pictures:
    """A random-access view of the rendered shards; newly finished shards join on ``refresh``."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size
        self.first: list[np.ndarray] = []
        self.maps: list[np.ndarray] = []
        self.refresh()
        if not self.maps:
            raise FileNotFoundError(f"{folder / 'pictures'} holds nothing: run the stage 'pictures' first")

    def refresh(self) -> None:
        """Map every finished shard; the first is held out, unless it is the only one."""
        maps = [np.load(path, mmap_mode="r") for path in shards(self.folder, self.size)]
        self.first, self.maps = maps[:1], maps[1:] or maps

    def batch(self, count: int, crop: int) -> Tensor:
        """(count, 3, crop, crop) in [−1, 1], cropped at random and mirrored half the time."""
        parts = []
        for _ in range(count):
            shard = self.maps[int(torch.randint(len(self.maps), ()))]
            groups, each, _, height, width = shard.shape
            group, row = int(torch.randint(groups, ())), int(torch.randint(each, ()))
            # Crops start on the latent grid of 8 pixels.
            top = int(torch.randint((height - crop) // 8 + 1, ())) * 8
            left = int(torch.randint((width - crop) // 8 + 1, ())) * 8
            picture = torch.from_numpy(shard[group, row, :, top : top + crop, left : left + crop].copy())
            parts.append(picture.flip(-1) if torch.rand(()) < 0.5 else picture)
        return to_model(torch.stack(parts))

    def held_out(self, count: int) -> Tensor:
        """Whole pictures for measuring, one a group from the first shard: (count, 3, S, S) in [−1, 1]."""
        shard = self.first[0]
        rows = [shard[place % len(shard), place // len(shard) % shard.shape[1]] for place in range(count)]
        return to_model(torch.from_numpy(np.stack(rows)))


def reconstruction_loss(made: Tensor, real: Tensor, gradient: float, square: float) -> Tensor:
    """L1, plus L1 of the horizontal and vertical differences, plus a little squared error."""
    error = made - real
    across = error[..., :, 1:] - error[..., :, :-1]
    down = error[..., 1:, :] - error[..., :-1, :]
    return error.abs().mean() + gradient * (across.abs().mean() + down.abs().mean()) + square * error.square().mean()


@torch.no_grad()
def psnr(vae: Autoencoder, pictures: Tensor, config: Config) -> float:
    """Mean peak signal-to-noise ratio in dB over pictures in [−1, 1]."""
    values = []
    for part in pictures.split(16):
        with checkpoint.autocast(config):
            made = decode(vae, encode(vae, part))
        error = (made.float().clamp(-1, 1) - part).div(2).square().mean((1, 2, 3))
        values.append(-10 * error.clamp(min=1e-8).log10())
    return float(torch.cat(values).mean())


@torch.no_grad()
def fold(encoder: Autoencoder, mean: Tensor, std: Tensor) -> None:
    """Fold (z − mean)/std, each (4,), into the encoder's last convolution."""
    final = encoder.layers[-1]
    assert isinstance(final, nn.Conv2d) and final.bias is not None
    final.weight.div_(std[:, None, None, None])
    final.bias.sub_(mean).div_(std)


def restore(config: Config, folder: Path) -> Autoencoder:
    """The averaged autoencoder of a run, on the configured device, for use only."""
    vae = build_autoencoder(config.model)
    vae.load_state_dict(checkpoint.load(folder / FILE)["average"])
    frozen: Autoencoder = vae.to(config.run.device).eval().requires_grad_(False)
    return frozen


def shipped(config: Config) -> Autoencoder:
    """The autoencoder that ships, on the configured device, for use only; it must be of the configured form."""
    vae = build_autoencoder(config.model)
    state = load_file(EMBEDDED / "vae" / "diffusion_pytorch_model.safetensors")
    vae.load_state_dict({name: value.float() for name, value in state.items()})
    frozen: Autoencoder = vae.to(config.run.device).eval().requires_grad_(False)
    return frozen


def _latents(vae: Autoencoder, pictures: Tensor, frozen: bool) -> tuple[Tensor, Tensor]:
    """Latents as the decoder sees them (unit variance a channel), and as the encoder gave them."""
    if frozen:
        with torch.no_grad():
            raw = encode(vae, pictures)
        return raw.float(), raw
    raw = encode(vae, pictures).float()
    return F.batch_norm(raw, None, None, training=True), raw


@torch.no_grad()
def _freeze(vae: Autoencoder, average: checkpoint.Average, data: Pictures, config: Config) -> None:
    """Take the averaged encoder, measure its latents, and fold their mean and deviation."""
    vae.load_state_dict(average.state)
    latents = []
    for _ in range(16):
        with checkpoint.autocast(config):
            pictures = data.batch(32, config.model.size).to(config.run.device)
            latents.append(encode(vae, pictures.contiguous(memory_format=torch.channels_last)).float())
    flat = torch.cat(latents).transpose(0, 1).flatten(1)
    fold(vae.encoder, flat.mean(1), flat.std(1))
    average.state = {name: value.detach().clone() for name, value in vae.state_dict().items()}


def run(
    config: Config,
    minutes: float | None = None,
    steps: int | None = None,
    resume: bool = False,
    start: Path | None = None,
) -> None:
    """First call: both parts, then fold. With ``resume`` after that: the decoder alone. Keeps ``autoencoder.pt``.

    start: folder of an earlier run whose autoencoder of the same shape this one begins with.
    """
    folder, settings, device = checkpoint.prepare(config), config.autoencoder, config.run.device
    path = folder / FILE
    data = Pictures(folder, config.model.size)
    held = data.held_out(64).to(device).contiguous(memory_format=torch.channels_last)
    vae = last(build_autoencoder(config.model).to(device))
    if start:
        vae.load_state_dict(checkpoint.load(start / FILE)["average"])
    average = checkpoint.Average(vae, settings.ema)
    step, frozen = 0, False
    if resume and path.exists():
        kept = checkpoint.load(path, device)
        vae.load_state_dict(kept["model"])
        average.state, average.count = kept["average"], kept["step"]
        step, frozen = kept["step"], kept["frozen"]
    learning = list((vae.decoder if frozen else vae).parameters())
    optimizer = torch.optim.AdamW(learning, lr=settings.rate, weight_decay=0.0, betas=(0.9, 0.99))
    print(f"[autoencoder] {parameters(vae):.2f} M parameters, {'decoder only' if frozen else 'both'}", flush=True)
    planned = settings.decoder_minutes if frozen else settings.minutes
    log, clock = checkpoint.Log(folder, "autoencoder"), checkpoint.Clock(minutes or planned, steps)
    shown = build_autoencoder(config.model).to(device)

    def report(loss: Tensor) -> None:
        shown.load_state_dict(average.state)
        # Before folding, the average decoder expects normalised latents, so measure the plain pair only after it.
        quality = psnr(last(shown), held, config) if frozen else float("nan")
        log.row(clock, step=step, loss=float(loss.detach()), psnr=quality)

    loss = torch.zeros(())
    for tick in clock.ticks():
        if tick % 100 == 0:
            data.refresh()
        real = data.batch(settings.batch, settings.crop).to(device).contiguous(memory_format=torch.channels_last)
        with checkpoint.autocast(config):
            latents, _ = _latents(vae, real, frozen)
            made = decode(vae, latents + settings.noise * torch.randn_like(latents))
        loss = reconstruction_loss(made.float(), real, settings.gradient, settings.square)
        factor = checkpoint.rate(tick, settings.warmup, clock.progress, settings.decay_part)
        checkpoint.descend(loss, [optimizer], settings.rate * factor)
        average.update(vae)
        step += 1
        if tick % 100 == 0:
            report(loss)
    if not frozen:
        _freeze(vae, average, data, config)
        frozen = True
    else:
        vae.load_state_dict(average.state)
    checkpoint.save(path, model=vae.state_dict(), average=average.state, step=step, frozen=frozen)
    report(loss)
