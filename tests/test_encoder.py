"""The sound encoder: streaming, causality, silence, level."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_encoder import MEL, TINY, network, small_bank, sound

from visualizer.encoder.config import PUBLISHED, SMALL, EncoderConfig
from visualizer.encoder.network import AudioEncoder, parameters
from visualizer.encoder.streaming import Encoded, StreamingEncoder, meaning
from visualizer.encoder.weights import save_encoder

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("config", [TINY, replace(TINY, level_s=0.0, unit_outputs=True), SMALL])
def test_streaming_gives_what_offline_gives_however_the_mel_is_cut(config: EncoderConfig) -> None:
    model = network(config)
    mel = sound(config, 238)
    with torch.inference_mode():
        latents, attention = (value[0].numpy() for value in model(torch.from_numpy(mel)[None]))
    assert len(latents) == 238 // config.step_frames
    random = np.random.default_rng(2)
    cuts = [[238], [1] * 238, [7] * 34, list(random.integers(0, 60, 30))]
    for sizes in cuts if config is not SMALL else cuts[2:]:
        encoder = StreamingEncoder(model)
        steps: list[Encoded] = []
        at = 0
        for size in [*sizes, 238]:
            steps += encoder.push(mel[at : at + size])
            at = min(238, at + size)
        assert np.abs(np.stack([step.latent for step in steps]) - latents).max() < 1e-4
        assert np.abs(np.stack([step.attention for step in steps]) - attention).max() < 1e-4
        assert [step.sample for step in steps] == [config.step_samples * (i + 1) for i in range(len(steps))]


def test_the_benchmark_compares_a_stream_with_the_whole_and_judges_the_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    from benchmarks import encoder as benchmark

    found = benchmark.check(network(), 8.0)
    assert found["steps"] == 160 and 100 < found["blocks"] < 1000
    assert found["latent_difference"] < 1e-4 and found["attention_difference"] < 1e-4
    figures = benchmark.measure(network(), 20 / 3600)
    assert figures["sound_h"] == pytest.approx(20 / 3600) and figures["times_real_time"] > 0
    assert figures["memory_growth_mb"] == pytest.approx(figures["memory_mb_end"] - figures["memory_mb_start"], nan_ok=True)
    for median, late, words in ((1, 2, "holds for 99 %"), (1, 9, "holds for half"), (9, 9, "is missed")):
        assert words in benchmark.verdict({"step_ms_p50": median, "step_ms_p99": late})


def test_a_reset_begins_anew() -> None:
    encoder = StreamingEncoder(network())
    mel = sound(TINY, 60)
    first = encoder.push(mel)
    assert np.abs(encoder.push(mel)[-1].latent - first[-1].latent).max() > 1e-5
    encoder.reset(8000)
    again = encoder.push(mel)[-1]
    assert np.allclose(again.latent, first[-1].latent, atol=1e-6) and again.sample == 8000 + 60 * MEL.hop


def test_what_a_stream_carries_does_not_grow() -> None:
    encoder = StreamingEncoder(network())
    sizes = set()
    for _ in range(30):
        encoder.push(sound(TINY, 10))
        state = encoder._state
        held = (encoder._mel, state.level, state.hidden, state.cell, state.past, state.known)
        sizes.add(sum(value.untyped_storage().nbytes() for value in held))
    assert len(sizes) == 1


def test_silence_means_nothing() -> None:
    bank, encoder = small_bank(), StreamingEncoder(network())
    quiet = encoder.push(np.full((40, 16), MEL.floor_db, np.float32))
    assert all(step.silent for step in quiet)
    assert meaning(quiet[-1], bank, 0.07, margin=-1).weights.sum() == 0
    (loud,) = encoder.push(sound(TINY, 5))
    said = meaning(loud, bank, 0.07, top=3, margin=-1)
    assert not loud.silent and np.count_nonzero(said.weights) == 3 and said.weights.sum() == pytest.approx(1)
    assert said.sample == 45 * MEL.hop and said.attention.shape == (4,)


def test_mel_that_is_not_finite_or_of_another_shape_is_refused() -> None:
    encoder = StreamingEncoder(network())
    mel = sound(TINY, 10)
    mel[3, 2] = math.nan
    with pytest.raises(ValueError, match="finite"):
        encoder.push(mel)
    with pytest.raises(ValueError, match="16"):
        encoder.push(np.zeros((4, 17), np.float32))
    assert len(encoder.push(sound(TINY, 5))) == 1


def test_the_shipped_shape_is_small(tmp_path: Path) -> None:
    model = AudioEncoder(SMALL)
    assert parameters(model) <= 4e6
    save_encoder(tmp_path, model)
    assert (tmp_path / "model.safetensors").stat().st_size <= 8e6
    assert SMALL.step_ms == 100 and PUBLISHED.step_ms <= 100


def test_steps_do_not_answer_to_what_comes_after_them() -> None:
    model = network()
    mel = torch.from_numpy(sound(TINY, 100))[None]
    other = mel.clone()
    other[:, 60:] = torch.from_numpy(sound(TINY, 40, 9))
    with torch.inference_mode():
        latents, attention = model(mel)
        changed, _ = model(other)
    assert torch.allclose(latents[:, :12], changed[:, :12], atol=1e-6)
    assert (latents[:, 12:] - changed[:, 12:]).abs().max() > 1e-4
    assert torch.allclose(attention.sum(-1), torch.ones(1, 20))
    assert torch.equal(attention[0, 0], torch.tensor([0.0, 0.0, 0.0, 1.0]))
    assert (attention[0, 3:] > 0).all()
    assert torch.allclose(latents.norm(dim=-1), torch.ones(1, 20), atol=1e-5)


def test_the_level_is_taken_out_of_the_spectrum_and_kept_beside_it() -> None:
    model = network()
    loud = torch.from_numpy(np.random.default_rng(4).uniform(-40, -20, (1, 120, 16)).astype(np.float32))
    quiet = loud - 20
    with torch.inference_mode():
        features, measures, _ = model.see(model.from_silence(loud), model.begin().level)
        softer, softer_measures, _ = model.see(model.from_silence(quiet), model.begin().level)
        assert (model(loud)[0] - model(quiet)[0]).abs().max() > 1e-3
    assert torch.allclose(features[:, 8:], softer[:, 8:], atol=0.02)
    assert torch.allclose((measures - softer_measures)[:, 8:, 0], torch.tensor(20 / 30), atol=0.02)


def test_a_pause_does_not_make_the_next_sound_seem_loud() -> None:
    model = network()
    pause = torch.full((1, 300, 16), MEL.floor_db)
    tone = torch.full((1, 300, 16), -40.0)
    with torch.inference_mode():
        _, after, _ = model.see(model.from_silence(torch.cat([pause, tone], 1)), model.begin().level)
        _, alone, _ = model.see(model.from_silence(tone), model.begin().level)
    assert torch.allclose(after[:, 64:, :2], alone[:, 4:, :2], atol=0.05)
