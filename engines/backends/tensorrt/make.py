"""A model's engines, built where the store lacks them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from engines.backends.base import PLAIN, BackendError, Build
from engines.backends.onnx_export import ENCODER, NETWORKS, export, network, wide_layers_of
from engines.backends.tensorrt.build import Progress, check_target
from engines.backends.tensorrt.build import build as build_engine
from engines.backends.tensorrt.library import Library
from engines.backends.tensorrt.store import Header, Key, Store
from engines.folder import read_json
from engines.model import ModelInfo, Modules, load
from engines.styles.file import fingerprint

BATCHED = "unet of a batch"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Target:
    """What engines are built for. capability: 89 for 8.9. gpu: the name of the GPU at hand, "" for another's or none."""

    capability: int
    gpu: str = ""

    def named(self, library: Library) -> str:
        """Its name in an engine's key: TensorRT's own engines run on the very GPU that they were timed on."""
        return f"sm{self.capability}" if library.is_rtx else f"sm{self.capability} {self.gpu}"


def precision_of(name: str, info: ModelInfo, precision: str) -> str:
    """That of one network, as on other backends: the text encoder, which runs once a prompt, is always in fp32, and so is a
    autoencoder of the XL families that says of itself that it leaves the range of half precision.
    """
    if name in ("decoder", ENCODER) and info.pooled:
        config = read_json(info.parts["vae"] / "config.json")
        usual = config.get("_class_name") != "AutoencoderTiny"  # what diffusers takes where nothing is said
        return "fp32" if config.get("force_upcast", usual) else precision
    return "fp32" if name == "text" else precision


def key(
    name: str, info: ModelInfo, size: tuple[int, int], library: Library, target: Target, precision: str, refittable: bool,
    build: Build = PLAIN,
) -> Key:  # fmt: skip
    """What the engine of one network is kept under; styles are the UNet's alone."""
    styles = "".join(f" {fingerprint(style)}" for style in build.styles if name == "unet")
    return Key(
        name, f"{info.fingerprint} {info.guidance:g}{styles}", size, precision_of(name, info, precision), library.flavour,
        library.version, target.named(library), refittable, batch=build.batch,
    )  # fmt: skip


def engines(
    info: ModelInfo, size: tuple[int, int], store: Store, library: Library, target: Target, *, precision: str = "fp16",
    refittable: bool = False, tell: Tell | None = None, progress: Progress | None = None, build: Build = PLAIN,
) -> dict[str, tuple[bytes, Header]]:  # fmt: skip
    """Plans and headers of a model's engines by network, at (width, height), those that are missing built first.

    Where more than one latent is to be taken at once, ``BATCHED`` is a second UNet for so many.

    tell: is told each engine in a line as it is ready. Each is kept as soon as it is built, so that an interrupted build
    goes on where it stopped. refittable: see ``Runner.refit``; TensorRT for RTX builds such engines beside their GPU only,
    and so none has been built yet. Raises BackendError, ModelError, or KeyboardInterrupt.
    """
    if refittable and library.is_rtx and not target.gpu:
        raise BackendError("an engine that can be refitted is built beside its GPU only: build it there, or without that")
    check_target(library, target.capability, target.capability if target.gpu else None)
    modules: Modules | None = None
    ready: dict[str, tuple[bytes, Header]] = {}
    plain = (*NETWORKS, ENCODER) if build.sees else NETWORKS
    for name in (*plain, BATCHED) if build.batch > 1 else plain:
        kind, made_for = ("unet", build) if name == BATCHED else (name, replace(build, batch=1))
        wanted = key(kind, info, size, library, target, precision, refittable, made_for)
        found = store.load(wanted)
        if found is None:
            modules = modules or load(info)
            found = _make(wanted, modules, info, store, library, target, tell, progress, made_for)
            told = f"built in {found[1].seconds:.1f} s"
        else:
            told = "was there"
        ready[name] = found
        if tell is not None:
            tell(f"{name:8} {wanted.precision}  {found[1].size_bytes / 1e6:8.1f} MB  {told}")
    return ready


def _make(
    wanted: Key, modules: Modules, info: ModelInfo, store: Store, library: Library, target: Target,
    tell: Tell | None, progress: Progress | None, build: Build,
) -> tuple[bytes, Header]:  # fmt: skip
    begun = time.perf_counter()
    timing = f"{library.flavour} {library.version} {target.named(library)}"
    if progress is not None:
        progress(f"export {wanted.network}", 0, 1)
    with store.making() as making:
        graph = making / f"{wanted.network}.onnx"
        export(network(wanted.network, modules, info, wanted.size, wanted.precision, build), graph)
        if tell is not None and wanted.precision == "fp16" and (wide := wide_layers_of(graph)):
            tell(f"{wanted.network}: {len(wide)} layers compute in fp32, which is slower, the first of them {wide[0]}")
        learnt = store.learnt("timing", timing)
        built = build_engine(library, graph, target.capability, learnt, progress, wanted.refittable)
    if built.timing:
        store.keep_learnt("timing", timing, built.timing)
    header = store.save(wanted, built.plan, built.bindings, info.path.name, time.perf_counter() - begun)
    return built.plan, header
