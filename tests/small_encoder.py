"""What the tests of the sound encoder share: a tiny encoder, mel to hear, a bank, a teacher and labelled sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from visualizer.analysis.mel import MelConfig
from visualizer.encoder.augment import AugmentConfig
from visualizer.encoder.bank import Bank
from visualizer.encoder.bank_texts import make_bank, read_texts
from visualizer.encoder.config import EncoderConfig
from visualizer.encoder.data import StoredMel
from visualizer.encoder.network import AudioEncoder
from visualizer.encoder.settings import (
    DataConfig,
    RunConfig,
    SceneConfig,
    SegmentConfig,
    TrainConfig,
)
from visualizer.encoder.space import Teacher, normalised

MEL = MelConfig(sample_rate=16_000, window_samples=256, n_fft=256, hop=160, bands=16, fmin=50.0, fmax=7500.0)

TINY = EncoderConfig(
    mel=MEL, segment_frames=20, step_frames=5, widths=(4, 8), blocks=(1, 1), stem_stride=(1, 2), lstm=12, window=4,
    latent=24,
)  # fmt: skip


@pytest.fixture
def one_thread() -> None:
    torch.set_num_threads(1)


def sound(config: EncoderConfig, frames: int, seed: int = 1) -> np.ndarray:
    """Mel of bursts and pauses, some of it on the floor."""
    random = np.random.default_rng(seed)
    envelope = np.repeat(random.choice([-60.0, -25.0, 0.0], frames // 10 + 1), 10)[:frames, None]
    spectrum = random.uniform(-50, -15, config.mel.bands)
    mel = spectrum + envelope + random.normal(0, 3, (frames, config.mel.bands))
    return np.maximum(mel, config.mel.floor_db).astype(np.float32)


def network(config: EncoderConfig = TINY, seed: int = 3) -> AudioEncoder:
    torch.manual_seed(seed)
    made = AudioEncoder(config, "space")
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # statistics as after some training
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return made.eval()


def fake_teach(texts: list[str]) -> np.ndarray:
    """A sentence encoder that knows words: each word has a random direction, a text is their mean."""
    vectors = []
    for text in texts:
        words = [np.random.default_rng(abs(hash_of(word))).normal(size=24) for word in text.split()]
        vectors.append(np.mean(words, 0))
    return normalised(np.stack(vectors))


def hash_of(word: str) -> int:
    return int.from_bytes(word.encode(), "little") % (1 << 60)


TEACHER = Teacher("teacher", fake_teach)


def small_bank(width: int = 24, count: int = 12) -> Bank:
    random = np.random.default_rng(5)
    texts, groups = [f"text {i}" for i in range(count)], [f"group {i % 3}" for i in range(count)]
    vectors = random.normal(size=(count, width)).astype(np.float32)
    return Bank(texts, groups, vectors, "teacher", np.zeros(width, np.float32))


def tone(path: Path, hertz: float, seconds: float = 1.0, rate: int = 16_000, channels: int = 1, seed: int = 0) -> Path:
    random = np.random.default_rng(seed)
    time = np.arange(int(rate * seconds)) / rate
    wave = 0.3 * np.sin(2 * np.pi * hertz * time * random.uniform(0.95, 1.05)) + random.normal(0, 0.01, len(time))
    soundfile.write(path, np.repeat(wave[:, None], channels, 1), rate, subtype="FLOAT" if path.suffix == ".wav" else None)
    return path


def stored(folder: Path, name: str, mel: np.ndarray) -> StoredMel:
    np.save(folder / f"{name}.npy", mel.astype(np.float16))
    return StoredMel(folder / f"{name}.npy", len(mel))


KINDS = {
    "low": (200, ("low hum", "deep hum"), ("bottom drone", "subterranean moan")),
    "middle": (1200, ("middle tone", "average tone"), ("plain beep", "ordinary note")),
    "high": (5000, ("high whistle", "shrill whistle"), ("piercing squeak", "needle of sound")),
}
"""Classes: pitch in Hz, captions of training and of tests."""


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones of three pitches with a manifest, a small bank that gives the space, and a list of wordings."""
    folder = tmp_path_factory.mktemp("material")
    rows, words = ["path,caption,class,level,split"], ["class,split,caption"]
    for name, (hertz, train_words, test_words) in KINDS.items():
        for take in range(5):
            split = {4: "test", 3: "valid"}.get(take, "train")
            path = tone(folder / f"{name}-{take}.flac", hertz, seconds=0.6, seed=hertz + take)
            caption = test_words[0] if split == "test" else train_words[take % 2]
            rows.append(f"{path.name},{caption},{name},{int(name == 'low')},{split}")
        words += [f"{name},test,{word}" for word in test_words] + [f"{name},train,{word}" for word in train_words]
    (folder / "corrupt.wav").write_bytes(b"nothing")
    rows.append("corrupt.wav,low hum,low,1,train")
    (folder / "sounds.csv").write_text("\n".join(rows) + "\n")
    (folder / "words.csv").write_text("\n".join(words) + "\n")
    (folder / "bank.toml").write_text(
        '[g]\n"low hum" = []\n"green sea" = []\n"red sky" = []\n'
        '"piercing squeak" = ["shrieking"]\n"plain plain beep" = []\n'
    )
    make_bank(read_texts(folder / "bank.toml"), fake_teach, "teacher").save(folder / "bank.safetensors")
    return folder


def settings_for(folder: Path, run: Path, steps: int, device: str = "cpu") -> TrainConfig:
    stage = {"batch": 4, "steps": steps, "warmup": 1}
    return TrainConfig(
        RunConfig(folder=str(run), device=device, threads=1, minutes=5, log_every=1, tensorboard=False),
        DataConfig(
            manifest=str(folder / "sounds.csv"), wordings=str(folder / "words.csv"), bank=str(folder / "bank.safetensors"),
        ),
        TINY, AugmentConfig(), SegmentConfig(**stage, before_s=0.2),
        SceneConfig(**stage, scene_s=1.0, sound_s=(0.3, 0.6), ignored_s=0.1, reuse=2),
    )  # fmt: skip
