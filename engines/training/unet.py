"""Flow matching with text and sound factors; part of each batch learns to mend the stream's own stale feedback.

Guidance is learned instead of paid for while the show runs (after Tang et al. 2025, "Diffusion models without
classifier-free guidance"): the target leans away from what the network itself would paint without text and sound, by a
strength that the network is told. Exporting fixes one strength.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.attention_processor import AttnProcessor
from tokenizers import Tokenizer
from torch import Tensor, nn

from engines.call import in_patches, power, velocity
from engines.model import patch_of

from . import checkpoint, feedback, muon, related
from .cache import Latents
from .config import Config
from .networks import build_text_encoder, build_unet, last, parameters
from .perception import Perception
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
        self.config, self.device = config, config.run.device
        self.encoder = encoder.to(self.device).eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, texts: list[str]) -> Tensor:
        """Last hidden states, float32."""
        ids = torch.tensor([entry.ids for entry in self.tokenizer.encode_batch(texts)], device=self.device)
        with checkpoint.autocast(self.config):
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
    families: list[str]
    palettes: Tensor  # (B,) long


class Sampler:
    """Draws batches from the cached groups."""

    # What the stale source is: the previous frame, the other of the same moment, itself, another scene.
    KINDS = (0.42, 0.25, 0.16, 0.17)

    def __init__(self, data: Latents, rng: random.Random, drop: float, words: related.Words, share: float) -> None:
        from .visuals import PALETTES

        self.data, self.rng, self.drop, self.words, self.share = data, rng, drop, words, share
        self.palettes = list(PALETTES)

    def _caption(self, group: int, row: int, factors: Tensor) -> str:
        from .visuals import caption

        if self.rng.random() < self.drop:
            return ""
        data = self.data
        palette, family = self.palettes[int(data.palettes[group, row])], data.families[group]
        far = self.words.get(family, ())
        word = self.rng.choice(far) if far and self.rng.random() < self.share else None
        return caption(family, palette, self.rng, factors, second=data.seconds[group] or None, word=word)

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

        families = [data.families[group] for group, _, _ in places]
        palettes = torch.stack([data.palettes[group, row] for group, _, row in places]).to(device)
        return Batch(*take(places), *take(sources), torch.tensor(switched, device=device), families, palettes)


SPREAD = 1.2  # of the times before the logistic


def draw_times(count: int, mean: float, device: str) -> Tensor:
    """(count,) times in (0, 1]: the logistic of a normal about ``mean``, one in five uniform, one in twenty pure noise."""
    time = (SPREAD * torch.randn(count, device=device) + mean).sigmoid()
    kind = torch.rand(count, device=device)
    time = torch.where(kind < 0.2, torch.rand(count, device=device), time)
    return torch.where(kind > 0.95, torch.ones_like(time), time).clamp(0.01, 1.0)


NOTHING = -1.0
"""The value of every sound factor where the network is asked what it would paint without text and sound."""


def predict(
    unet: nn.Module, noised: Tensor, time: Tensor, states: Tensor, factors: Tensor, guidance: Tensor | None = None
) -> Tensor:
    """The velocity ε − x (B, 4, h, w) for times (B,) in [0, 1], text states (B, 24, W) and sound factors (B, 7).

    The class embedding is given the factors, the mean of the text states and, by a network in training, the strength of
    guidance (B,): (B, 7 + W + 1). An exported network has its strength inside.
    """
    parts = [factors, states.mean(1)]
    if guidance is not None:
        parts.append(guidance[:, None])
    labels = torch.cat(parts, 1)
    settings: Any = unet.config
    patch = patch_of(settings.in_channels, noised.shape[1])
    return velocity(noised, time, in_patches(unet, noised, time * 1000, states, labels, patch).float())


class Trainer:
    """One step of the loss; knows when guidance begins and when the network's own output joins the feedback."""

    def __init__(self, config: Config, network: nn.Module, plain: nn.Module, prompts: Prompts) -> None:
        # ``plain`` is the same network not compiled: it runs the small batches of its own output.
        self.config, self.network, self.plain, self.prompts = config, network, plain, prompts
        wanted = max(config.unet.features, config.unet.names, config.unet.sound) > 0
        self.perception = Perception(config) if wanted else None
        self.silence = prompts([""])

    def _states(self, captions: list[str]) -> Tensor:
        """Text states, with noise of each position and of the whole: words never met land beside words that were.

        The noise of the whole is measured by how far the means of different prompts lie apart.
        """
        states, settings = self.prompts(captions), self.config.unet
        means = states.mean(1, keepdim=True)
        apart = (means - means.mean(0)).std()

        def amount() -> Tensor:
            return torch.rand(len(states), 1, 1, device=states.device)

        spread: Tensor = states + settings.text_noise * amount() * states.std() * torch.randn_like(states)
        return spread + settings.text_spread * amount() * apart * torch.randn_like(means)

    @torch.no_grad()
    def _own_output(self, batch: Batch, rows: Tensor, captions: list[str], noise: Tensor, guidance: Tensor) -> Tensor:
        """What the network itself would show in place of the sources after one or two frames, (R, 4, h, w).

        A live stream walks its noise slowly, so its picture has already seen almost the noise it is given next; a
        network that never met such a picture lets the noise's imprint grow. Hence mostly the same ``noise`` in both.
        """
        held, states = batch.source[rows], self.prompts(captions)
        for _ in range(int(torch.randint(1, 3, ()))):
            time = torch.empty(len(held), device=held.device).uniform_(0.45, 0.85)
            noised = feedback.noise_to(feedback.degrade(held), noise, time)
            for at in (time, time / 2):
                with checkpoint.autocast(self.config):
                    found = predict(self.plain, noised, at, states, batch.source_factors[rows], guidance).float()
                noised = noised - (time / 2)[:, None, None, None] * found
            held = noised
        return held

    @torch.no_grad()
    def _without(self, noised: Tensor, time: Tensor) -> Tensor:
        """The velocity without text, sound and guidance, (B, 4, h, w)."""
        count = len(noised)
        factors = noised.new_full((count, self.config.model.sound_factors), NOTHING)
        with checkpoint.autocast(self.config):
            return predict(
                self.network, noised, time, self.silence.expand(count, -1, -1), factors, noised.new_zeros(count)
            ).float()

    def _perceived(self, batch: Batch, noised: Tensor, time: Tensor, found: Tensor, asked: Tensor) -> tuple[Tensor, ...]:
        """What the critic says of the clean guesses of some rows, plain and feedback alike; asked (B,): for anything."""
        if self.perception is None:
            return 3 * (found.new_zeros(()),)
        rows = torch.arange(0, len(found), round(1 / self.config.unet.perceived), device=found.device)
        guess = noised[rows] - time[rows, None, None, None] * found[rows]
        families = [batch.families[place] for place in rows.tolist()]
        return self.perception(
            guess, batch.clean[rows], families, batch.palettes[rows], batch.factors[rows], asked[rows]
        )

    def loss(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        """The parts of the loss at a progress of 0 to 1.

        plain and feedback: squared errors of those rows; features, names, sound: what the critic says of clean guesses.
        """
        settings, device = self.config.unet, batch.clean.device
        count = len(batch.clean)
        mended = round(count * settings.feedback) if progress >= settings.feedback_from else 0
        plain = count - mended
        row = torch.arange(count, device=device)
        noise = torch.randn_like(batch.clean)
        time = draw_times(count, settings.time_mean, str(device))
        low, high = feedback.TIMES
        time[plain:] = torch.empty(mended, device=device).uniform_(low, high)
        # A change of scene can only be obeyed where little of the old picture is left.
        late = batch.switched & (row >= plain)
        time = torch.where(late, torch.empty_like(time).uniform_(0.5, 0.97), time)

        wordless = torch.tensor([not text for text in batch.captions], device=device)
        nothing = wordless & (torch.rand_like(time) < 0.7)
        factors = torch.where(nothing[:, None], torch.full_like(batch.factors, NOTHING), batch.factors)
        guided = progress >= settings.guidance_from
        strength = torch.rand_like(time) * settings.guidance_most * (row % 4 != 0) * ~nothing * guided

        held = batch.clean.clone()
        if mended:
            stale = batch.source[plain:].clone()
            own = mended // 2 if progress >= settings.self_feedback_from else 0
            if own:
                rows = row[plain : plain + own]
                captions = batch.source_captions[plain : plain + own]
                stale[:own] = self._own_output(batch, rows, captions, noise[rows], strength[rows])
                noise[rows] = feedback.walk(noise[rows])
            held[plain:] = feedback.degrade(stale)
        noised = feedback.noise_to(held, noise, time)
        goal = feedback.target(noised, batch.clean, time)
        goal[:plain] = noise[:plain] - batch.clean[:plain]
        states = self._states(batch.captions)
        with checkpoint.autocast(self.config):
            found = predict(self.network, noised, time, states, factors, strength).float()
        if guided:
            lean = found.detach() - self._without(noised, time)
            goal = goal + strength[:, None, None, None] * lean
        error = (found - goal).square().mean((1, 2, 3))
        # The network's own error, in units of what it is asked for.
        asked = power(time[:plain])
        scale = feedback.weight(time[plain:])
        features, names, sound = self._perceived(batch, noised, time, found, ~wordless)
        return {
            "plain": (error[:plain] * asked).mean(),
            "feedback": (error[plain:] * scale).mean() if mended else error.new_zeros(()),
            "features": features,
            "names": names,
            "sound": sound,
        }


def sampler(config: Config, folder: Path, seed: int) -> Sampler:
    """Batches from the run's cache, with captions in the grammar's words and in words related to them."""
    words, sentences = related.load(folder), related.load(folder, "related_sentences")
    both = {name: words.get(name, ()) + sentences.get(name, ()) for name in {*words, *sentences}}
    data = Latents.load(folder, config.model.size)
    print(f"[unet] {data.latents.shape[:3].numel()} latents", flush=True)
    return Sampler(data, random.Random(seed), config.unet.text_drop, both, config.unet.related)


def run(config: Config, minutes: float | None = None, steps: int | None = None, resume: bool = False) -> None:
    """Train until this call's ``minutes`` or the configuration's in all are spent; keeps ``unet.pt`` all the while.

    Rates, sizes and recipes go by the minutes trained in all, so that many short calls make one run.
    """
    folder, settings, device = checkpoint.prepare(config), config.unet, config.run.device
    path = folder / "unet.pt"
    unet = last(build_unet(config.model).to(device))
    # Plain attention is faster than the fused kernel on so few positions, backwards above all.
    unet.set_attn_processor(AttnProcessor())
    average = checkpoint.Average(unet, settings.ema)
    learning = muon.optimizers(unet, settings.rate, settings.weight_decay)
    step, spent, samples = 0, 0.0, 0
    if resume and path.exists():
        kept = checkpoint.load(path, device)
        unet.load_state_dict(kept["model"])
        average.state, average.count = kept["average"], kept["step"]
        for optimizer, state in zip(learning, kept["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        step, spent, samples = kept["step"], kept["minutes"], kept["samples"]
    draw = sampler(config, folder, config.run.seed + step)
    network: Any = torch.compile(unet, dynamic=False) if settings.compiled else unet
    trainer = Trainer(config, network, unet, Prompts(config, folder))
    whole = settings.minutes
    log, clock = checkpoint.Log(folder, "unet"), checkpoint.Clock(min(minutes or whole, whole - spent), steps)
    print(f"[unet] {parameters(unet):.2f} M parameters, {spent:.1f} of {whole:.0f} minutes done", flush=True)

    def keep() -> None:
        checkpoint.save(path, model=unet.state_dict(), average=average.state, step=step, samples=samples,
                        optimizers=[optimizer.state_dict() for optimizer in learning],
                        minutes=spent + clock.seconds / 60)  # fmt: skip

    weights = {
        "plain": 1.0, "feedback": 1.0, "features": settings.features, "names": settings.names, "sound": settings.sound,
    }  # fmt: skip
    saved, sums, since, seen = clock.seconds, torch.zeros(len(weights)), clock.seconds, samples
    for tick in clock.ticks():
        trained = spent + clock.seconds / 60
        progress = clock.progress if steps else trained / whole
        batch = draw(settings.batch, device)
        parts = trainer.loss(batch, progress)
        whole_loss = torch.stack([weight * parts[name] for name, weight in weights.items()]).sum()
        factor = checkpoint.rate(step, settings.warmup, progress, settings.decay_part)
        checkpoint.descend(whole_loss, learning, settings.rate * factor, settings.clip)
        average.update(unet)
        step, samples = step + 1, samples + len(batch.clean)
        sums += torch.stack([parts[name].detach() for name in weights]).cpu()
        if (tick + 1) % config.run.log_every == 0:
            means = dict(zip(weights, (sums / config.run.log_every).tolist(), strict=True))
            speed = (samples - seen) / (clock.seconds - since)
            log.row(clock, minutes=trained, step=step, samples=samples, **means, samples_per_s=speed,
                    rate=learning[0].param_groups[0]["lr"])  # fmt: skip
            since, seen = clock.seconds, samples
            sums.zero_()
        if clock.seconds - saved > config.run.checkpoint_minutes * 60:
            keep()
            saved = clock.seconds
    keep()
