"""Flow matching with text and sound factors; half of each batch learns to mend the stream's own stale feedback."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from . import checkpoint, feedback
from .cache import Latents
from .config import Config
from .networks import build_text_encoder, build_unet, last, parameters
from .tokenizer import load_tokenizer


class Prompts:
    """The frozen text encoder of a run: prompts to states (B, 24, 256)."""

    def __init__(self, config: Config, folder: Path) -> None:
        kept = checkpoint.load(folder / "text.pt")
        self.tokenizer: Tokenizer = load_tokenizer(folder / "tokenizer")
        encoder = build_text_encoder(config.model, self.tokenizer.get_vocab_size())
        prefix = "encoder."
        encoder.load_state_dict(
            {key[len(prefix) :]: value for key, value in kept["model"].items() if key.startswith(prefix)}
        )
        self.device = config.run.device
        self.encoder = encoder.to(self.device).eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, texts: list[str]) -> Tensor:
        """Last hidden states, float32."""
        ids = torch.tensor([entry.ids for entry in self.tokenizer.encode_batch(texts)], device=self.device)
        states: Tensor = self.encoder(input_ids=ids).last_hidden_state.float()
        return states


@dataclass
class Batch:
    """Clean pictures and what the stream held before each. latents (B, 4, h, w), factors (B, 7)."""

    clean: Tensor
    factors: Tensor
    captions: list[str]
    source: Tensor
    source_factors: Tensor
    source_captions: list[str]
    switched: Tensor  # (B,) bool: the source is of another scene


class Sampler:
    """Draws batches from the cached groups."""

    # What the stale source is: the previous frame, the other of the same moment, itself, another scene.
    KINDS = (0.42, 0.30, 0.16, 0.12)

    def __init__(self, data: Latents, rng: random.Random, drop: float) -> None:
        from .visuals import PALETTES

        self.data, self.rng, self.drop = data, rng, drop
        self.palettes = list(PALETTES)

    def _caption(self, group: int, row: int, factors: Tensor) -> str:
        from .visuals import caption

        if self.rng.random() < self.drop:
            return ""
        palette = self.palettes[int(self.data.palettes[group, row])]
        return caption(self.data.families[group], palette, self.rng, factors)

    def __call__(self, count: int, device: str) -> Batch:
        """One batch; captions are drawn anew each time."""
        rng, data = self.rng, self.data
        groups, _, rows = data.latents.shape[:3]
        places, sources, switched = [], [], []
        for _ in range(count):
            place = (rng.randrange(groups), rng.randrange(2), rng.randrange(rows))
            kind = rng.choices(range(4), self.KINDS)[0]
            source = place
            if kind == 0:
                source = (place[0], 1 - place[1], place[2])
            elif kind == 1:
                source = (place[0], place[1], place[2] ^ 1)
            elif kind == 3:
                source = (rng.randrange(groups), rng.randrange(2), rng.randrange(rows))
            places.append(place)
            sources.append(source)
            switched.append(kind == 3)

        def take(where: list[tuple[int, int, int]]) -> tuple[Tensor, Tensor, list[str]]:
            group, half, row = (torch.tensor(column) for column in zip(*where, strict=True))
            factors = data.factors[group, half, row]
            texts = [self._caption(place[0], place[2], factors[at]) for at, place in enumerate(where)]
            return data.latents[group, half, row].float().to(device), factors.to(device), texts

        return Batch(*take(places), *take(sources), torch.tensor(switched, device=device))


def draw_times(count: int, device: str) -> Tensor:
    """(count,) times in (0, 1): the logistic of a normal, a little late, where prompts decide; one in five uniform."""
    time = (torch.randn(count, device=device) + 0.3).sigmoid()
    plain = torch.rand(count, device=device) < 0.2
    return torch.where(plain, torch.rand(count, device=device), time).clamp(0.01, 1.0)


def predict(unet: nn.Module, noised: Tensor, time: Tensor, states: Tensor, factors: Tensor) -> Tensor:
    """The velocity ε − x (B, 4, h, w) for times (B,) in [0, 1], text states (B, 24, W) and sound factors (B, 7).

    The class embedding is given the factors and, beside them, the mean of the text states: (B, 7 + W).
    """
    labels = torch.cat([factors, states.mean(1)], 1)
    velocity: Tensor = unet(noised, time * 1000, states, class_labels=labels, return_dict=False)[0]
    return velocity


class Trainer:
    """One step of the loss; knows when the network's own output joins the feedback."""

    def __init__(self, config: Config, network: nn.Module, plain: nn.Module, prompts: Prompts, sampler: Sampler) -> None:
        # ``plain`` is the same network not compiled: it runs the small batches of its own output.
        self.config, self.network, self.plain, self.prompts, self.sampler = config, network, plain, prompts, sampler

    @torch.no_grad()
    def _own_output(self, batch: Batch, rows: Tensor, captions: list[str], noise: Tensor) -> Tensor:
        """What the network itself would show in place of the sources after one to three frames, (R, 4, h, w).

        A live stream walks its noise slowly, so its picture has already seen almost the noise it is given next; a
        network that never met such a picture lets the noise's imprint grow. Hence mostly the same ``noise`` in both.
        """
        held, states = batch.source[rows], self.prompts(captions)
        for _ in range(int(torch.randint(1, 4, ()))):
            time = torch.empty(len(held), device=held.device).uniform_(0.4, 0.75)
            noised = feedback.noise_to(feedback.degrade(held), noise, time)
            with checkpoint.autocast(self.config):
                velocity = predict(self.plain, noised, time, states, batch.source_factors[rows])
            held = noised - time[:, None, None, None] * velocity.float()
        return held

    def loss(self, progress: float) -> tuple[Tensor, Tensor]:
        """Losses of the plain half and the feedback half, at a progress of 0 to 1."""
        settings, device = self.config.unet, self.config.run.device
        batch = self.sampler(settings.batch, device)
        mended = round(settings.batch * settings.feedback)
        plain = settings.batch - mended
        noise = torch.randn_like(batch.clean)
        time = draw_times(settings.batch, device)
        low, high = feedback.TIMES
        time[plain:] = torch.empty(mended, device=device).uniform_(low, high)
        # A change of scene can only be obeyed where little of the old picture is left.
        late = batch.switched & (torch.arange(settings.batch, device=device) >= plain)
        time = torch.where(late, torch.empty_like(time).uniform_(0.5, 0.97), time)
        held = batch.clean.clone()
        if mended:
            stale = batch.source[plain:].clone()
            own = mended // 2 if progress >= settings.self_feedback_from else 0
            if own:
                rows = torch.arange(plain, plain + own, device=device)
                captions = batch.source_captions[plain : plain + own]
                stale[:own] = self._own_output(batch, rows, captions, noise[rows])
                noise[rows] = feedback.walk(noise[rows])
            held[plain:] = feedback.degrade(stale)
        noised = feedback.noise_to(held, noise, time)
        goal = feedback.target(noised, batch.clean, time)
        goal[:plain] = noise[:plain] - batch.clean[:plain]
        with checkpoint.autocast(self.config):
            velocity = predict(self.network, noised, time, self.prompts(batch.captions), batch.factors)
        error = (velocity.float() - goal).square().mean((1, 2, 3))
        scale = feedback.weight(time[plain:])
        return error[:plain].mean(), (error[plain:] * scale).mean() if mended else error.new_zeros(())


def run(config: Config, minutes: float | None = None, steps: int | None = None, resume: bool = False) -> None:
    """Train until the budget is spent; keeps ``unet.pt`` every few minutes and at the end."""
    folder, settings, device = checkpoint.prepare(config), config.unet, config.run.device
    path = folder / "unet.pt"
    unet = last(build_unet(config.model).to(device))
    average = checkpoint.Average(unet, settings.ema)
    optimizer = torch.optim.AdamW(unet.parameters(), lr=settings.rate, weight_decay=settings.weight_decay, fused=True)
    step, spent = 0, 0.0
    if resume and path.exists():
        kept = checkpoint.load(path, device)
        unet.load_state_dict(kept["model"])
        average.state, average.count = kept["average"], kept["step"]
        optimizer.load_state_dict(kept["optimizer"])
        step, spent = kept["step"], kept["minutes"]
    data = Latents.load(folder)
    sampler = Sampler(data, random.Random(config.run.seed + step), settings.text_drop)
    network: Any = torch.compile(unet, dynamic=False) if settings.compiled else unet
    trainer = Trainer(config, network, unet, Prompts(config, folder), sampler)
    log, clock = checkpoint.Log(folder, "unet"), checkpoint.Clock(minutes or settings.minutes, steps)
    print(f"[unet] {parameters(unet):.2f} M parameters, {data.latents.shape[:3].numel()} latents", flush=True)

    def keep() -> None:
        checkpoint.save(path, model=unet.state_dict(), average=average.state, optimizer=optimizer.state_dict(),
                        step=step, minutes=spent + clock.seconds / 60)  # fmt: skip

    saved, sums, since = clock.seconds, torch.zeros(2), clock.seconds
    for tick in clock.ticks():
        plain, mended = trainer.loss(clock.progress)
        for group in optimizer.param_groups:
            group["lr"] = settings.rate * clock.rate(step, settings.warmup, settings.decay_part)
        optimizer.zero_grad(set_to_none=True)
        (plain + mended).backward()
        nn.utils.clip_grad_norm_(unet.parameters(), settings.clip)
        optimizer.step()
        average.update(unet)
        step += 1
        sums += torch.stack([plain.detach(), mended.detach()]).cpu()
        if (tick + 1) % config.run.log_every == 0:
            speed = config.run.log_every * settings.batch / (clock.seconds - since)
            since = clock.seconds
            mean = sums / config.run.log_every
            log.row(clock, step=step, plain=float(mean[0]), feedback=float(mean[1]), samples_per_s=speed,
                    rate=optimizer.param_groups[0]["lr"])  # fmt: skip
            sums.zero_()
        if clock.seconds - saved > config.run.checkpoint_minutes * 60:
            keep()
            saved = clock.seconds
    keep()
