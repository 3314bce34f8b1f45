"""The TensorRT package that is installed: ``tensorrt``, or ``tensorrt_rtx`` for RTX cards."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from engines.backends.base import BackendError

FLAVOURS = {"tensorrt-rtx": ("tensorrt_rtx", "tensorrt_rtx_bindings"), "tensorrt": ("tensorrt",)}
"""Flavours by name, each with the names of the modules that it comes in. The first that is there is taken."""

INSTALL = "pip install tensorrt-rtx-cu13 onnx onnxscript (GeForce and RTX cards), or pip install tensorrt onnx onnxscript"


@dataclass(frozen=True, slots=True)
class Library:
    """A TensorRT package. flavour: a key of FLAVOURS. version: as the package says. trt: its module."""

    flavour: str
    version: str
    trt: Any

    @property
    def is_rtx(self) -> bool:
        """Whether it is TensorRT for RTX, which builds without a GPU and captures CUDA graphs by itself."""
        return self.flavour == "tensorrt-rtx"

    def targets(self) -> tuple[int, ...]:
        """Compute capabilities (89 for 8.9) that it can be told to build for; none where it builds for the GPU at hand."""
        names = self.trt.ComputeCapability.__members__ if self.is_rtx else {}
        return tuple(sorted(int(name[2:]) for name in names if name.startswith("SM") and name[2:].isdigit()))


def find(flavour: str = "") -> Library:
    """The installed package, of one flavour where it is given. Raises BackendError with how to install it."""
    why = "none is installed"
    for name in (flavour,) if flavour else FLAVOURS:
        for module in FLAVOURS[name]:
            try:
                trt = importlib.import_module(module)
                return Library(name, str(trt.__version__), trt)
            except ModuleNotFoundError as error:
                if error.name != module:
                    why = f"{module} needs {error.name}"
            except (ImportError, OSError, RuntimeError, AttributeError) as error:
                first = (str(error).strip().splitlines() or [type(error).__name__])[0]
                why = f"{module} cannot be loaded: {first}"
    raise BackendError(f"TensorRT is not there ({why}): {INSTALL}")


def find_for(capability: int) -> Library:
    """The installed package that builds for a compute capability. Raises BackendError with what to install."""
    unable: BackendError | None = None
    for flavour in FLAVOURS:
        try:
            library = find(flavour)
        except BackendError as error:
            unable = unable or error
            continue
        if not library.targets() or capability in library.targets():
            return library
        unable = BackendError(
            f"{flavour} {library.version} builds for compute capabilities {', '.join(map(str, library.targets()))}, "
            f"not for {capability}: pip install tensorrt onnx onnxscript, or use another backend"
        )
    assert unable is not None
    raise unable
