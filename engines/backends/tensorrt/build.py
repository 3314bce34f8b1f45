"""An engine of an ONNX graph: parsed, and built strongly typed for one compute capability."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.backends.base import BackendError
from engines.backends.tensorrt.bindings import Binding, of_network
from engines.backends.tensorrt.library import Library

Step = tuple[str, int, int]
Progress = Callable[[str, int, int], None]
"""Called with a phase's name, the steps of it that are done, and their number, from the thread that asked for a build."""

LOOK_S = 0.1
MEMORY_WORDS = ("out of memory", "outofmemory", "bad_alloc", "insufficient memory", "could not allocate")


@dataclass(frozen=True, slots=True)
class Built:
    """plan: the engine. timing: what the builder learnt by timing, for its next build, nothing
    from TensorRT for RTX; giving it to TensorRT itself has not been run yet. Times in seconds."""

    plan: bytes
    bindings: tuple[Binding, ...]
    layers: int
    parse_s: float
    build_s: float
    timing: bytes


def check_target(library: Library, capability: int, here: int | None) -> None:
    """Raise BackendError unless the library builds for a compute capability. here: that of the GPU at hand, if any."""
    able = library.targets()
    if able and capability not in able:
        raise BackendError(
            f"{library.flavour} {library.version} does not build for compute capability {capability}: "
            f"choose one of {', '.join(map(str, able))}{_other(library)}"
        )
    if not able and capability != here:
        at_hand = f"is {here}" if here else "is not there"
        raise BackendError(
            f"{library.flavour} builds for the GPU at hand, which {at_hand}, not for {capability}: "
            "build there, or with tensorrt-rtx"
        )


def _other(library: Library) -> str:
    return ", or pip install tensorrt for other GPUs" if library.is_rtx else ""


def build(
    library: Library, graph: Path, capability: int, timing: bytes = b"", progress: Progress | None = None,
    refittable: bool = False,
) -> Built:  # fmt: skip
    """Build an engine of an .onnx file. timing: of an earlier build, or nothing.

    The builder works in a thread of its own, so that Ctrl-C ends it at its next step; KeyboardInterrupt is then raised.
    Raises BackendError where the graph is not understood, nothing can be built of it, or memory runs out.
    """
    work = _Work(library, graph, capability, timing, refittable)
    thread = threading.Thread(target=work.run, name="engine build", daemon=True)
    thread.start()
    told: Step | None = None
    try:
        while thread.is_alive():
            thread.join(LOOK_S)
            if progress is not None and work.step is not None and work.step != told:
                told = work.step
                progress(*told)
    except KeyboardInterrupt:
        work.stop.set()
        thread.join()
        raise
    if work.error is not None:
        raise work.error
    assert work.built is not None
    return work.built


class _Work:
    """One build, run in a thread."""

    def __init__(self, library: Library, graph: Path, capability: int, timing: bytes, refittable: bool) -> None:
        self._library, self._graph, self._capability = library, graph, capability
        self._timing, self._refittable = timing, refittable
        self._said: list[str] = []
        self.stop = threading.Event()
        self.step: Step | None = None
        self.built: Built | None = None
        self.error: BackendError | None = None

    def run(self) -> None:
        try:
            self.built = self._build()
        except BackendError as error:
            self.error = error
        except MemoryError:
            self.error = BackendError(_no_memory(self._graph))
        except Exception as error:  # the bindings raise RuntimeError and TypeError for whatever the library says
            self._said.append(str(error))
            self.error = self._failed("building")

    def _build(self) -> Built:
        trt = self._library.trt
        logger = _logger(trt, self._said)
        builder = trt.Builder(logger)
        network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
        parser = trt.OnnxParser(network, logger)
        begun = time.perf_counter()
        if not parser.parse_from_file(str(self._graph)) or not network.num_outputs:
            self._said += [parser.get_error(i).desc() for i in range(parser.num_errors)]
            raise self._failed("reading")
        parsed = time.perf_counter()
        config = builder.create_builder_config()
        config.clear_flag(trt.BuilderFlag.TF32)
        if self._refittable:
            config.set_flag(trt.BuilderFlag.REFIT)
        if self._library.targets():
            config.num_compute_capabilities = 1
            config.set_compute_capability(getattr(trt.ComputeCapability, f"SM{self._capability}"), 0)
        monitor = _monitor(trt, self)
        config.progress_monitor = monitor
        if not self._library.is_rtx:  # which times nothing at the build
            config.set_timing_cache(config.create_timing_cache(self._timing), False)
        plan = builder.build_serialized_network(network, config)
        if self.stop.is_set():
            raise BackendError("the build was interrupted; what was built before it is kept")
        if plan is None:
            raise self._failed("building")
        return Built(
            bytes(plan), of_network(network), network.num_layers, parsed - begun, time.perf_counter() - parsed,
            b"" if self._library.is_rtx else bytes(config.get_timing_cache().serialize()),
        )  # fmt: skip

    def _failed(self, doing: str) -> BackendError:
        said = " ".join(self._said)
        if any(word in said.lower() for word in MEMORY_WORDS):
            return BackendError(_no_memory(self._graph))
        why = " ".join(self._said[-1].split()) if self._said else "it does not say why"
        return BackendError(f"{self._library.flavour} failed at {doing} {self._graph.stem} ({why}): use another backend")


def _no_memory(graph: Path) -> str:
    return f"there is too little memory to build the engine of {graph.stem}: close other programs, or choose a smaller size"


def _logger(trt: Any, said: list[str]) -> Any:
    """A TensorRT logger that keeps the errors."""

    class Logger(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                said.append(message)

    return Logger()


def _monitor(trt: Any, work: _Work) -> Any:
    """A TensorRT progress monitor that notes each step, and ends the build when it is told to stop."""

    class Monitor(trt.IProgressMonitor):
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._steps: dict[str, int] = {}

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            self._steps[phase] = steps
            work.step = (phase, 0, steps)

        def step_complete(self, phase: str, step: int) -> bool:
            work.step = (phase, step + 1, self._steps.get(phase, step + 1))
            return not work.stop.is_set()

        def phase_finish(self, phase: str) -> None:
            self._steps.pop(phase, None)

    return Monitor()
