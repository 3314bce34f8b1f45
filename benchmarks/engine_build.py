"""How long a TensorRT engine takes to make: a UNet of full size and random weights, in fp16, without a GPU.

``nice -n 10 python -m benchmarks.engine_build [--model sd-turbo] [--for SM] [--json]``

Prints the times of the export to ONNX, of reading it and of the strongly typed build, for compute capability 8.9 where
nothing else is asked for. SD-Turbo's 866 million parameters take about 10 GB of memory, and 2 GB in the folder for
temporary files. A build depends on shapes, not on weights.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.full_size import KINDS, Kind, info_of, unet_of
from engines.backends.onnx_export import Network, export, wide_layers_of
from engines.backends.tensorrt.build import build, check_target
from engines.backends.tensorrt.library import find
from engines.backends.wrappers import UNetCall


def measure(kind: Kind, capability: int) -> dict[str, Any]:
    """Times in seconds and sizes of one build."""
    library = find()
    check_target(library, capability, None)
    info = info_of(kind)
    unet = unet_of(kind, torch.device("cpu"), torch.float16)
    inputs = {
        "latent": torch.zeros(info.latent_shape(info.native_size), dtype=torch.float16), "timestep": torch.tensor([500.0]),
        "text": torch.zeros(1, kind.tokens, kind.width, dtype=torch.float16),
    }  # fmt: skip
    parameters = sum(part.numel() for part in unet.parameters())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "unet.onnx"
        begun = time.perf_counter()
        export(Network(UNetCall(unet, info), inputs, "prediction"), path)
        exported = time.perf_counter() - begun
        strayed = wide_layers_of(path)
        built = build(library, path, capability)
    return {
        "library": f"{library.flavour} {library.version}", "target": f"sm{capability}", "model": kind.name,
        "parameters_m": round(parameters / 1e6, 1), "layers": built.layers, "layers_in_fp32": len(strayed),
        "export_s": round(exported, 1), "parse_s": round(built.parse_s, 1), "build_s": round(built.build_s, 1),
        "engine_mb": round(len(built.plan) / 1e6, 1),
    }  # fmt: skip


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=KINDS, default="sd-turbo")
    parser.add_argument("--for", dest="capability", type=int, default=89, metavar="SM")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(KINDS[options.model], options.capability)
    print(json.dumps(found) if options.json else "\n".join(f"{key:16} {value}" for key, value in found.items()))


if __name__ == "__main__":
    main()
