"""How far an exported network is from the one it was exported from, as ONNX Runtime computes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from engines.backends.onnx_export import Network


def some_inputs(network: Network) -> dict[str, torch.Tensor]:
    """Inputs like a stream's: noise, a text's states, sound factors, neutral light, ids of letters, bytes of a picture."""
    torch.manual_seed(1)
    made = {}
    for name, usual in network.inputs.items():
        if name == "ids":
            made[name] = torch.randint(0, 70, usual.shape)
        elif name == "picture":
            made[name] = torch.randint(0, 256, usual.shape, dtype=torch.uint8)
        else:
            made[name] = usual.clone() if name in ("matrix", "offset", "timestep") else torch.randn(usual.shape)
    return made


def relative_error(network: Network, exported: Path, reference: Network) -> float:
    """The largest difference from the reference (fp32, in torch), over the reference's largest value."""
    import onnxruntime

    inputs = some_inputs(reference)
    with torch.no_grad():
        wanted = reference.module(*inputs.values()).double().numpy()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(exported), options, providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {name: t.to(network.inputs[name].dtype).numpy() for name, t in inputs.items()})
    assert got.shape == wanted.shape
    return float(np.abs(got.astype(np.float64) - wanted).max() / np.abs(wanted).max())
