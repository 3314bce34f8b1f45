"""The benchmark for GPUs, at small size on a processor: the one command runs, and its figures mean what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.full_size import KINDS, unet_of
from engines.backends.graphed import Graphed


def test_the_one_command_runs_without_a_gpu(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    command = [sys.executable, "-m", "benchmarks.gpu", "--model", "small", "--steps", "1", "4", "--rounds", "2"]
    command += ["--size", "192x128"]
    done = subprocess.run([*command, "--json", "--out", str(out)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report == json.loads(out.read_text()) and report["matrix_tflops"] > 0
    assert [(run["backend"], run["steps"]) for run in report["runs"]] == [
        ("eager", 1), ("eager", 4), ("graphed", 1), ("graphed", 4),
    ]  # fmt: skip
    for run in report["runs"]:
        assert run["size"] == [192, 128]
        assert 0 < run["frame"]["p50_ms"] <= run["frame"]["p99_ms"] and run["floor_ms"] > 0
        assert any("flash_attention" in name for name in run["attention"]), run["attention"]
        assert run["of_floor"] == pytest.approx(run["floor_ms"] / run["frame"]["p50_ms"], abs=1e-3)


def test_changes_are_measured_without_a_gpu() -> None:
    command = [sys.executable, "-m", "benchmarks.gpu_changes", "--model", "small", "--seconds", "0.3", "--endure", "0.02"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert set(report["gaps"]) == {"nothing", "knobs", "prompts", "style weight", "looks"}
    assert all(gaps["frames"] >= 1 and gaps["ratio"] >= 1 for gaps in report["gaps"].values())
    assert report["frames_until_seen"]["a knob"] == 1 and 1 <= report["frames_until_seen"]["a prompt"] <= 2
    assert all(error < 1e-3 for error in report["relative_to_f32"].values()), "on a processor both are float32"
    assert len(report["memory_mb"]) > 2


def test_it_stops_in_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.gpu", "--model", "small", "--minutes", "0", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert json.loads(done.stdout.splitlines()[-1])["left_out"] == 4


def test_the_full_models_have_the_shapes_of_the_real_ones() -> None:
    with torch.device("meta"):
        for name, millions in (("sd-turbo", 865.9), ("sd-1.5", 859.5)):
            unet = unet_of(KINDS[name], torch.device("meta"))
            assert sum(part.numel() for part in unet.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)


def test_without_cuda_a_call_is_made_as_it_is() -> None:
    layer = torch.nn.Linear(4, 3)
    graphed = Graphed(layer, (torch.zeros(2, 4),))
    given = torch.randn(2, 4)
    first, second = graphed(given), graphed(2 * given)
    assert torch.allclose(first, layer(given)) and torch.allclose(second, layer(2 * given))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_a_graph_gives_what_the_call_gives() -> None:
    layer = torch.nn.Linear(4, 3).cuda()
    graphed = Graphed(layer, (torch.zeros(2, 4, device="cuda"),))
    for _ in range(3):
        given = torch.randn(2, 4, device="cuda")
        assert torch.allclose(graphed(given), layer(given), atol=1e-6)
