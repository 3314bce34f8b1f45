"""Networks that see: a picture becomes the latent it would be decoded from, and a stream that follows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from moving_pictures import disc, likeness
from onnx_numbers import relative_error
from tiny_families import make_family, make_taesd

from engines.backends import BackendError, Build, Networks, open_networks
from engines.backends.onnx_export import export, network, wide_layers_of
from engines.backends.openvino_backend import OpenVinoNetworks
from engines.model import ModelInfo, inspect, load
from engines.stream import Stream, share_per_frame
from visualizer.snapshots import Picture

SIZE = (256, 256)
SEES = Build(sees=True)


@pytest.fixture(scope="module")
def seeing(embedded: Path, engine_cache: Path) -> tuple[ModelInfo, Networks]:
    """The model that ships, with its encoder."""
    info = inspect(embedded)
    return info, open_networks(info, SIZE, "openvino", engine_cache, SEES)


def _painted(info: ModelInfo, networks: Networks, prompt: str) -> Picture:
    stream = Stream(info, networks)
    stream.set_prompt(prompt)
    return [stream.paint({"picture/steps": 4.0, "picture/change": 0.9}, None, i / 24) for i in range(3)][-1]


@pytest.mark.parametrize("prompt", ["glowing violet nebula", "golden city skyline"])
def test_what_is_encoded_is_decoded_to_what_it_was(seeing: tuple[ModelInfo, Networks], prompt: str) -> None:
    info, networks = seeing
    picture = _painted(info, networks, prompt)
    again = networks.decode(networks.encode(picture), torch.eye(3), torch.zeros(3))
    psnr = 10 * np.log10(255**2 / np.mean((again.astype(float) - picture) ** 2))
    assert psnr > 33, psnr


def test_backends_encode_alike(embedded: Path, engine_cache: Path) -> None:
    info = inspect(embedded)
    reference = open_networks(info, SIZE, "torch", engine_cache, SEES)
    converted = OpenVinoNetworks(info, SIZE, engine_cache, precision="f32", build=SEES)
    expected = reference.encode(disc(0.3))
    assert expected.shape == reference.latent_shape and expected.dtype == torch.float32
    error = (converted.encode(disc(0.3)) - expected).abs().max() / expected.abs().max()
    assert float(error) < 2e-2, "the converted weights are stored in fp16"


def test_the_mean_of_a_distribution_is_scaled_as_the_decoder_takes_it(tiny_model: Path, engine_cache: Path) -> None:
    """AutoencoderKL, against diffusers itself."""
    info = inspect(tiny_model)
    picture = disc(0.3, 64)
    with torch.inference_mode():
        vae = load(info).vae
        seen = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
        wanted = vae.encode(seen).latent_dist.mode() * vae.config.scaling_factor  # type: ignore[operator, union-attr]
    for backend in ("torch", "openvino"):
        found = open_networks(info, (64, 64), backend, engine_cache, SEES).encode(picture)
        assert torch.allclose(found, wanted, atol=2e-3 if backend == "torch" else 5e-2), backend


def test_networks_that_are_not_to_see_say_so(painter: tuple[ModelInfo, Networks]) -> None:
    with pytest.raises(BackendError, match="sees=True"):
        painter[1].encode(disc(0.0))
    with pytest.raises(BackendError, match="sees=True"):
        stream = Stream(*painter)
        for time in (0.0, 0.04):
            stream.paint({}, None, time, disc(0.0))


def _exported(info: ModelInfo, path: Path, precision: str) -> float:
    wanted = network("encoder", load(info), info, (64, 64), precision)
    export(wanted, path)
    return relative_error(wanted, path, network("encoder", load(info), info, (64, 64), "fp32"))


def test_an_exported_encoder_computes_what_torch_computes(embedded: Path, tmp_path: Path) -> None:
    xl = make_family(tmp_path / "xl", "sdxl-turbo")
    lent = make_family(tmp_path / "lent", "sd1")
    make_taesd(lent / "vae_tiny")
    for name, folder in (("embedded", embedded), ("xl", xl), ("lent", lent)):
        assert _exported(inspect(folder), tmp_path / f"{name}.onnx", "fp32") <= 1e-4, name
    assert _exported(inspect(embedded), tmp_path / "half.onnx", "fp16") <= 1e-2
    assert wide_layers_of(tmp_path / "half.onnx") == []


def _run(
    seeing: tuple[ModelInfo, Networks], frames: int, sees: bool = True, fps: float = 24, **source: float
) -> list[Picture]:
    stream = Stream(*seeing)
    stream.set_prompt("glowing violet nebula")
    knobs = {"picture/change": 0.9, "picture/steps": 4.0, **{f"source/{name}": value for name, value in source.items()}}
    return [stream.paint(knobs, None, i / fps, disc(i / fps) if sees else None) for i in range(frames)]


def test_the_picture_follows_its_source_and_is_painted(seeing: tuple[ModelInfo, Networks]) -> None:
    painted = _run(seeing, 40)[8:]
    shown = [disc(i / 24) for i in range(8, 40)]
    true, shuffled = likeness(painted, shown), likeness(painted, shown[13:] + shown[:13])
    assert true > 0.7 and true > shuffled + 0.4, (true, shuffled)
    hues = painted[-1].reshape(-1, 3).mean(0)
    assert hues[2] > hues[1] * 1.15, "a violet nebula, though its source is yellow"


def test_a_source_is_seen_where_frames_are_few(seeing: tuple[ModelInfo, Networks]) -> None:
    assert likeness(_run(seeing, 16, fps=5)[4:], [disc(i / 5) for i in range(4, 16)]) > 0.7


def test_without_an_amount_it_is_as_without_a_source(seeing: tuple[ModelInfo, Networks]) -> None:
    alone = _run(seeing, 4, sees=False)
    assert np.array_equal(alone, _run(seeing, 4, amount=0.0))
    assert np.array_equal(alone, _run(seeing, 4, sees=False, amount=1.0))
    assert not np.array_equal(alone[-1], _run(seeing, 4, amount=0.3)[-1])


def test_a_mirrored_source_is_a_mirrored_picture(seeing: tuple[ModelInfo, Networks]) -> None:
    usual, mirrored = (_run(seeing, 12, amount=1.0, mirror=mirror)[-1] for mirror in (0.0, 1.0))
    shown = disc(11 / 24)
    assert likeness([mirrored], [shown[:, ::-1]]) > 0.8 > likeness([mirrored], [shown]) + 0.2
    assert likeness([usual], [shown]) > 0.8


def test_a_source_that_stays_is_encoded_once(seeing: tuple[ModelInfo, Networks], monkeypatch: pytest.MonkeyPatch) -> None:
    info, networks = seeing
    seen, encode = list[Picture](), networks.encode
    monkeypatch.setattr(networks, "encode", lambda picture: (seen.append(picture), encode(picture))[1])
    stream, still = Stream(info, networks), disc(0.0)
    for number, mirror in enumerate((0.0, 0.0, 0.0, 1.0, 1.0)):
        stream.paint({"source/mirror": mirror}, None, number / 24, still)
    assert len(seen) == 2
    stream.paint({"source/mirror": 1.0}, None, 1.0, disc(1.0))
    assert len(seen) == 3


def test_what_is_taken_of_a_source_in_a_second_does_not_depend_on_the_frame_rate() -> None:
    left = [(1 - share_per_frame(0.6, 1 / fps)) ** fps for fps in (15, 24, 30, 60)]
    assert np.allclose(left, 0.4**24, rtol=1e-9)
    assert share_per_frame(1.0, 1 / 60) == 1.0 and share_per_frame(0.0, 1 / 60) == 0.0
