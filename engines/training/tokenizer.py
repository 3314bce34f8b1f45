"""A byte-level BPE tokenizer in CLIP's form, small, learned on the texts the model is taught with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

START, END, SUFFIX = "<|startoftext|>", "<|endoftext|>", "</w>"
# CLIP's own split: contractions, words, single digits, runs of anything else.
SPLIT = r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""


def _shell(model: BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train_tokenizer(texts: Iterable[str], vocabulary: int, positions: int = 24) -> Tokenizer:
    """Learn merges and lay the vocabulary out as CLIP does: bytes, bytes that end a word, merges, two marks.

    Any text can be written, since all 512 byte tokens are there. Sequences are cut and padded to ``positions``
    with the end mark, as CLIP's are.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner = _shell(BPE(unk_token=END, end_of_word_suffix=SUFFIX, fuse_unk=False))
    learner.train_from_iterator(
        texts,
        BpeTrainer(
            vocab_size=vocabulary, min_frequency=2, special_tokens=[START, END], initial_alphabet=alphabet,
            end_of_word_suffix=SUFFIX, show_progress=False,
        ),
    )  # fmt: skip
    learned = json.loads(learner.to_str())["model"]["merges"]
    vocab: dict[str, int] = {}
    for token in [*alphabet, *(letter + SUFFIX for letter in alphabet)]:
        vocab[token] = len(vocab)
    merges: list[tuple[str, str]] = []
    for left, right in learned:
        if len(vocab) >= vocabulary - 2:
            break
        merges.append((left, right))
        vocab.setdefault(left + right, len(vocab))
    for mark in (START, END):
        vocab[mark] = len(vocab)
    return assemble(vocab, merges, positions)


def assemble(vocab: dict[str, int], merges: list[tuple[str, str]], positions: int) -> Tokenizer:
    """The complete tokenizer, with marks, truncation and padding."""
    model = BPE(vocab, merges, unk_token=END, end_of_word_suffix=SUFFIX, fuse_unk=False, continuing_subword_prefix="")
    tokenizer = _shell(model)
    tokenizer.add_special_tokens([START, END])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, vocab[START]), (END, vocab[END])]
    )
    tokenizer.enable_truncation(positions)
    tokenizer.enable_padding(pad_id=vocab[END], pad_token=END, length=positions)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path, positions: int) -> None:
    """Write ``vocab.json``, ``merges.txt``, ``tokenizer.json`` and transformers' own configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    document = json.loads(tokenizer.to_str())
    vocab, merges = document["model"]["vocab"], document["model"]["merges"]
    compact = {"ensure_ascii": False, "separators": (",", ":")}
    (folder / "vocab.json").write_text(json.dumps(vocab, **compact), encoding="utf-8")  # type: ignore[arg-type]
    lines = ["#version: 0.2", *(f"{left} {right}" for left, right in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "tokenizer.json").write_text(json.dumps(document, **compact), encoding="utf-8")  # type: ignore[arg-type]
    marks = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
    (folder / "special_tokens_map.json").write_text(json.dumps(marks, indent=1), encoding="utf-8")
    settings = {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": positions, "do_lower_case": True,
        "add_prefix_space": False, "errors": "replace", "clean_up_tokenization_spaces": True, **marks,
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read ``tokenizer.json``."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))
