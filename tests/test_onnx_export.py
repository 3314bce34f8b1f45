"""What is exported to ONNX computes what torch computes, and in fp16 nothing strays into fp32."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
import torch
from onnx_numbers import relative_error
from tiny_families import make_family

from engines.backends import Build
from engines.backends.onnx_export import Network, export, network, wide_layers_of
from engines.model import inspect, load

LIMITS = {"fp32": 1e-4, "fp16": 1e-2}
"""Largest differences over the largest value."""
BYTE = 1.01 / 255
"""Pictures are bytes: one of them may round the other way."""


@pytest.fixture(scope="module")
def xl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of the XL families: two text encoders, and a vector of the whole text."""
    return make_family(tmp_path_factory.mktemp("families") / "xl", "sdxl-turbo")


@pytest.mark.parametrize(
    ("model", "precision", "names"),
    [
        ("embedded", "fp32", ("text", "unet", "decoder")),
        ("embedded", "fp16", ("unet", "decoder")),
        ("tiny_model", "fp16", ("decoder",)),
        ("xl", "fp16", ("unet",)),
    ],
)
def test_an_export_computes_what_torch_computes(
    model: str, precision: str, names: tuple[str, ...], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    info = inspect(request.getfixturevalue(model))
    size = (64, 64)
    reference, changed = load(info), load(info)
    for name in names:
        wanted = network(name, changed, info, size, precision)
        path = tmp_path / f"{name}.onnx"
        export(wanted, path)
        assert [i.name for i in onnx.load(path, load_external_data=False).graph.input] == list(wanted.inputs)
        limit = BYTE if name == "decoder" else LIMITS[precision]
        assert relative_error(wanted, path, network(name, reference, info, size, "fp32")) <= limit, name
        if precision == "fp16":
            assert wide_layers_of(path) == []


@pytest.mark.parametrize("model", ["embedded", "xl"])
def test_a_unet_for_several_latents_computes_what_torch_computes(
    model: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    info = inspect(request.getfixturevalue(model))
    wanted, path = network("unet", load(info), info, (64, 64), "fp32", Build(batch=3)), tmp_path / "unet.onnx"
    assert {len(tensor) for tensor in wanted.inputs.values()} == {3}
    export(wanted, path)
    assert relative_error(wanted, path, wanted) <= LIMITS["fp32"]


def test_a_layer_that_strays_into_fp32_is_found(tmp_path: Path) -> None:
    class Strays(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = torch.nn.Conv2d(4, 4, 3).half(), torch.nn.Conv2d(4, 4, 3)

        def forward(self, latent: torch.Tensor) -> torch.Tensor:
            return self.second(self.first(latent).float()).half()

    path = tmp_path / "strays.onnx"
    export(Network(Strays().eval(), {"latent": torch.zeros(1, 4, 8, 8, dtype=torch.float16)}, "out"), path)
    found = wide_layers_of(path)
    assert len(found) == 1 and "conv" in found[0].lower()
