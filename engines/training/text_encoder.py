"""Distil a frozen sentence encoder into the small CLIP text encoder, so that far-off wording still lands near."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from . import checkpoint
from .config import Config
from .networks import TextEncoder, build_text_encoder, parameters
from .related import family_vectors, similarities
from .teacher import teacher_folder
from .texts import collect, coloured_captions
from .tokenizer import SUFFIX, load_tokenizer, save_tokenizer, train_tokenizer

TEACHER_WIDTH = 384
SHARPNESS = 0.1  # temperature of the choice among the texts of a batch
CHOICE = 0.5  # its weight in the loss
FAMILY = 1.0  # weight of the choice among the picture families
COLOUR, CAPTIONS, EVERY = 1.0, 64, 2  # telling which palette a caption is of: weight, captions, and once in so many steps
AVERAGE = 0.99  # decay of the moving average that is kept before the end


@torch.no_grad()
def teach(texts: list[str], config: Config, batch: int = 256) -> Tensor:
    """The teacher's sentence vectors (N, 384), unit length: mean over tokens, as the model card says."""
    from transformers import AutoModel, AutoTokenizer

    folder = teacher_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    teacher = AutoModel.from_pretrained(folder).to(config.run.device).eval()
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    vectors = torch.empty(len(texts), TEACHER_WIDTH)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        tokens = tokenizer([texts[row] for row in rows], padding=True, truncation=True, max_length=48,
                           return_tensors="pt").to(config.run.device)  # fmt: skip
        with checkpoint.autocast(config):
            states = teacher(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"][..., None].float()
        vectors[rows] = F.normalize((states * mask).sum(1) / mask.sum(1), dim=-1).cpu()
        if start // batch % 50 == 0:
            print(f"[text] teacher {start}/{len(texts)}", flush=True)
    return vectors


def first_end(tokens: Tensor, mark: int) -> Tensor:
    """Where each row of tokens (B, L) first holds the end mark: (B,)."""
    return torch.eq(tokens, mark).int().argmax(dim=1)


class Student(nn.Module):
    """The text encoder and, for training only, a projection to the teacher's space."""

    def __init__(self, encoder: TextEncoder, width: int) -> None:
        super().__init__()
        self.encoder = encoder
        # On a CPU the fused attention takes twice the time of all the rest at so few positions.
        self.encoder.set_attn_implementation("eager")
        self.project = nn.Linear(width, TEACHER_WIDTH, bias=False)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, 24) to two unit vectors (B, 384): from the first end mark, and from the mean of all positions.

        The UNet reads every position, so the padding must carry the meaning as well.
        """
        states = self.encoder(input_ids=tokens).last_hidden_state.float()
        end = first_end(tokens, self.encoder.config.eos_token_id)
        pooled = states[torch.arange(len(states), device=states.device), end]
        return self._point(pooled), self._point(states.mean(1))

    def _point(self, states: Tensor) -> Tensor:
        return F.normalize(self.project(states).float(), dim=-1)


class Families:
    """How near texts are to the picture families: what a prompt must keep above all."""

    def __init__(self, config: Config) -> None:
        from .visuals.captions import WORDS

        families, centre = family_vectors(WORDS, lambda texts: teach(texts, config))
        self.families, self.centre = families.to(config.run.device), centre.to(config.run.device)

    def choice(self, vectors: Tensor) -> Tensor:
        """Log probabilities (N, F) of the families for vectors (N, 384)."""
        return (similarities(vectors, self.families, self.centre) / SHARPNESS).log_softmax(-1)

    def distance(self, mine: Tensor, target: Tensor) -> Tensor:
        """Divergence of the choices of a family."""
        return F.kl_div(self.choice(mine), self.choice(target), reduction="batchmean", log_target=True)


class Colours(nn.Module):
    """Which palette a caption is of, told by one linear layer from the mean of its states; only training has it.

    A sentence encoder hardly cares for colours: without this a linear layer told 75 % of the palettes, with it 88 %, where
    captions name 90 %. Telling the families as well made far-off wording worse: they are left to the teacher.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        from .visuals import PALETTES

        self.tell = nn.Linear(width, len(PALETTES))

    def forward(self, states: Tensor, palette: Tensor) -> tuple[Tensor, Tensor]:
        """States (N, L, W) and palettes (N,): the loss, and the share told."""
        said = self.tell(states.mean(1).float())
        return F.cross_entropy(said, palette), (said.argmax(1) == palette).float().mean()


def distance(mine: Tensor, target: Tensor, relation: float) -> Tensor:
    """1 − cosine, plus the difference of all pairwise similarities in the batch: squared, and as choices.

    The choices, a softmax over the other texts, weigh the nearest ones most, and these decide what a prompt means.
    """
    cosine = 1 - (mine * target).sum(-1).mean()
    ours, theirs = mine @ target.T, target @ target.T
    choice = F.kl_div(
        (ours / SHARPNESS).log_softmax(-1), (theirs / SHARPNESS).log_softmax(-1), reduction="batchmean", log_target=True
    )
    return cosine + relation * F.mse_loss(mine @ mine.T, theirs) + CHOICE * choice


@torch.no_grad()
def agreement(student: Student, tokens: Tensor, target: Tensor, batch: int = 256) -> float:
    """Mean cosine to the teacher."""
    student.eval()
    parts = [student(tokens[at : at + batch])[0] for at in range(0, len(tokens), batch)]
    student.train()
    return float((torch.cat(parts) * target).sum(-1).mean())


def inherit(student: Student, elder: dict[str, Tensor], old: Tokenizer, new: Tokenizer) -> None:
    """Start from a student with another vocabulary: a token's vector is the mean of what the old one made of it."""
    table = "encoder.embeddings.token_embedding.weight"
    if table not in elder:
        table = next(name for name in elder if name.endswith("token_embedding.weight"))
    vectors, known = elder[table], old.get_vocab()
    ours = student.state_dict()[table].clone()
    for token, place in new.get_vocab().items():
        if token in known:
            ours[place] = vectors[known[token]]
        elif token.endswith(SUFFIX):
            pieces = old.encode(token.removesuffix(SUFFIX), add_special_tokens=False).ids
            real = [piece for piece in pieces if piece < len(known) - 2]
            if real:
                ours[place] = vectors[real].mean(0)
    student.load_state_dict({**elder, table: ours})


def _taught(texts: list[str], kept: Path, config: Config) -> Tensor:
    """The teacher's vectors (N, 384); those of an earlier call are used again."""
    old: dict[str, Any] = {"texts": [], "targets": torch.empty(0, TEACHER_WIDTH)}
    if kept.exists():
        old = checkpoint.load(kept)
    known = {text: row for row, text in enumerate(old["texts"])}
    new = [text for text in texts if text not in known]
    table = torch.cat([old["targets"], teach(new, config)]) if new else old["targets"]
    known |= {text: len(old["texts"]) + row for row, text in enumerate(new)}
    return table[[known[text] for text in texts]]


def run(config: Config, minutes: float | None = None, steps: int | None = None, resume: bool = False,
        start: Path | None = None) -> None:  # fmt: skip
    """Tokenizer, teacher vectors (both kept in the run folder), then distillation into ``text.pt``.

    start: another run's folder whose encoder is the beginning, whatever its tokenizer.
    """
    folder, settings = checkpoint.prepare(config), config.text
    path, device = folder / "text.pt", config.run.device
    positions = config.model.text_positions
    taught = folder / "text_targets.pt"
    words = teacher_folder() / "vocab.txt"
    texts = collect(settings.texts, random.Random(config.run.seed), words, settings.wordnet)
    if not (resume and (folder / "tokenizer").exists()):
        tokenizer = train_tokenizer(texts, config.model.vocabulary, positions)
        save_tokenizer(tokenizer, folder / "tokenizer", positions)
    targets = _taught(texts, taught, config)
    checkpoint.save(taught, texts=texts, targets=targets)
    tokenizer = load_tokenizer(folder / "tokenizer")
    tokens = torch.tensor([entry.ids for entry in tokenizer.encode_batch(texts)]).to(device)
    targets = targets.to(device)
    held = min(settings.held_out, len(texts) // 5)
    families = Families(config)

    student = Student(build_text_encoder(config.model, tokenizer.get_vocab_size()), config.model.text_width).to(device)
    if start is not None:
        inherit(student, checkpoint.load(start / "text.pt")["model"], load_tokenizer(start / "tokenizer"), tokenizer)
    colours, rng = Colours(config.model.text_width).to(device), random.Random(config.run.seed)
    learned = [*student.parameters(), *colours.parameters()]
    optimizer = torch.optim.AdamW(learned, lr=settings.rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    average = checkpoint.Average(student, AVERAGE)
    step = 0
    if resume and path.exists():
        kept = checkpoint.load(path, device)
        student.load_state_dict(kept["model"])
        colours.load_state_dict(kept["colours"])
        optimizer.load_state_dict(kept["optimizer"])
        average = checkpoint.Average(student, AVERAGE)
        step = kept["step"]
    print(f"[text] {len(texts)} texts, {parameters(student.encoder):.2f} M parameters", flush=True)
    end = first_end(tokens, student.encoder.config.eos_token_id)
    fitting = {length: held + (end[held:] < length).nonzero()[:, 0] for length in (8, 12, positions)}
    log, clock = checkpoint.Log(folder, "text"), checkpoint.Clock(minutes or settings.minutes, steps)

    def report() -> None:
        cosine = agreement(student, tokens[:held], targets[:held])
        log.row(clock, step=step, loss=float(loss.detach()), cosine=cosine, palettes=float(told))

    def keep(model: dict[str, Tensor]) -> None:
        checkpoint.save(path, model=model, colours=colours.state_dict(), optimizer=optimizer.state_dict(), step=step)

    loss, told, kept_at = torch.zeros(()), torch.zeros(()), 0.0
    for tick in clock.ticks():
        # Short texts in short batches: twice as fast; one batch in four is of full length.
        length = random.choices((8, 12, positions), (0.4, 0.35, 0.25))[0]
        pool = fitting[length]
        rows = pool[torch.randint(len(pool), (settings.batch,), device=device)]
        with checkpoint.autocast(config):
            at_end, mean = student(tokens[rows, :length])
        aim = targets[rows]
        loss = distance(at_end, aim, settings.relation) + distance(mean, aim, settings.relation)
        loss = loss + FAMILY * (families.distance(at_end, aim) + families.distance(mean, aim))
        if tick % EVERY == 0:
            captions, palette = coloured_captions(CAPTIONS, rng)
            ids = torch.tensor([entry.ids for entry in tokenizer.encode_batch(captions)], device=device)
            with checkpoint.autocast(config):
                states = student.encoder(input_ids=ids).last_hidden_state
            telling, told = colours(states, torch.tensor(palette, device=device))
            loss = loss + COLOUR * telling
        checkpoint.descend(loss, [optimizer], settings.rate * checkpoint.rate(step, settings.warmup, clock.progress, 0.5))
        average.update(student)
        step += 1
        if tick % 200 == 0:
            report()
        if clock.seconds - kept_at > 60 * config.run.checkpoint_minutes:
            # Before the rate has decayed the average is much better than the last step.
            keep(average.state)
            kept_at = clock.seconds
    keep(student.state_dict())
    report()
