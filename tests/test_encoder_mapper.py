"""CLIP as the teacher, the mapper, and the published form in training."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from small_encoder import TEACHER, settings_for

from visualizer.encoder.bank import read_table
from visualizer.encoder.clip_teacher import ClipText
from visualizer.encoder.config import PUBLISHED
from visualizer.encoder.meaning import Mapper
from visualizer.encoder.settings import (
    MapperConfig,
    TrainingError,
    load_settings,
)
from visualizer.encoder.train import train
from visualizer.encoder.weights import load_encoder

pytestmark = pytest.mark.usefixtures("one_thread")


def clip_folder(folder: Path, width: int) -> Path:
    """A CLIP text encoder of random weights, one layer, in the diffusers layout."""
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(3)
    config = CLIPTextConfig(
        vocab_size=300, hidden_size=width, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, bos_token_id=0,
        eos_token_id=1, max_position_embeddings=12,
    )  # fmt: skip
    CLIPTextModel(config).save_pretrained(folder / "text_encoder")
    tokenizer = folder / "tokenizer"
    tokenizer.mkdir()
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters)]
    (tokenizer / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (tokenizer / "merges.txt").write_text("#version: 0.2\n")
    (tokenizer / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer"}))
    return folder


def test_clip_is_read_from_a_local_folder_in_either_layout(tmp_path: Path) -> None:
    diffusers = clip_folder(tmp_path / "model", 24)
    text = ClipText(diffusers)
    vectors = text.teach(["low hum", "red sky"])
    assert vectors.shape == (2, 24) and np.allclose(np.linalg.norm(vectors, axis=1), 1) and abs(vectors[0] @ vectors[1]) < 1
    assert text.states(["low hum", "red sky"]).shape == (2, 12, 24)
    plain = tmp_path / "clip"
    shutil.copytree(diffusers / "text_encoder", plain)
    shutil.copytree(diffusers / "tokenizer", plain, dirs_exist_ok=True)
    again = ClipText(plain)
    assert again.fingerprint == text.fingerprint and np.allclose(again.teach(["red sky"]), vectors[1:], atol=1e-6)
    (diffusers / "text_encoder" / "model.safetensors").write_bytes(b"nothing")
    weights = load_file(plain / "model.safetensors")
    short = {name: value for name, value in weights.items() if "final" not in name}
    save_file(short, plain / "model.safetensors", {"format": "pt"})
    for folder, words in ((diffusers, "cannot be read"), (tmp_path, "holds no text encoder"), (plain, "lacks 'final")):
        with pytest.raises(TrainingError, match=words) as caught:
            ClipText(folder)
        assert "\n" not in str(caught.value)


def test_a_mapper_is_trained_and_written(material: Path, tmp_path: Path) -> None:
    folder = clip_folder(tmp_path / "model", 24)
    config = settings_for(material, tmp_path, 2)
    mapper = MapperConfig(share=0.1, batch=32, steps=60, rate=1e-2, warmup=1, text_encoder=str(folder), hidden=32)
    train(replace(config, mapper=mapper), teacher=TEACHER)
    space, text = load_encoder(tmp_path / "encoder").space, ClipText(folder)
    made = Mapper(tmp_path / "mapper.safetensors", space, text.fingerprint)
    found = made.states(np.eye(24, dtype=np.float32)[0])
    assert found.shape == (1, 12, 24)
    assert torch.allclose(found[0, 0], text.states(["anything"])[0, 0], atol=2e-3), "the first token is CLIP's own"
    with (tmp_path / "mapper.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 60 and np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_the_published_form_is_trained_where_the_space_is_as_wide(material: Path, tmp_path: Path) -> None:
    clip_folder(tmp_path / "model", 768)
    path = tmp_path / "train.toml"
    stage = 'batch = 2\nsteps = 1\noptimizer = "adamw"\n'
    path.write_text(
        f'[run]\nfolder = "run"\nthreads = 1\ntensorboard = false\n[data]\nmanifest = "{material / "sounds.csv"}"\n'
        f'bank = "{material / "bank.toml"}"\nteacher = "model"\n[encoder]\nform = "published"\n[loss]\ncontrast = "batch"\n'
        f"[segments]\n{stage}before_s = 0.1\n[scenes]\n{stage}scene_s = 1.0\nignored_s = 0.1\n"
    )
    train(load_settings(path))
    loaded = load_encoder(tmp_path / "run" / "encoder")
    assert loaded.config == replace(PUBLISHED, mapper=())
    bank = read_table(tmp_path / "run" / "bank.safetensors")
    bank.check(loaded.space)
    assert bank.teacher.startswith("CLIP text encoder ") and bank.vectors.shape == (5, 768)
