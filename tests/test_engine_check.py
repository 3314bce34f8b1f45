"""What ``visualizer engine check`` compares: the same networks in another precision agree, others do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engines.backends.torch_backend import TorchNetworks
from engines.model import inspect
from visualizer.bench.engines import agrees, measured, outputs


def test_the_same_networks_agree_and_others_do_not(tiny_model: Path) -> None:
    info, size = inspect(tiny_model), (64, 64)
    reference = outputs(info, TorchNetworks(info, size, precision="f32"))
    row = measured(info, TorchNetworks(info, size, precision="fp16"), reference, times=3)
    assert agrees(row) and row["unet_error"] > 0 and row["unet_ms"] > 0
    reference["unet"] = reference["unet"] * 1.1
    wrong = measured(info, TorchNetworks(info, size, precision="f32"), reference, times=3)
    assert wrong["text_error"] == 0 and not agrees(wrong)
    assert not agrees({**row, "unet_error": np.nan}), "what is not a number agrees with nothing"
