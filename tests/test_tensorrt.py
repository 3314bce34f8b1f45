"""TensorRT engines are built for a GPU that is not here, kept under all they depend on, and never loaded when amiss."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from some_styles import kohya, some_parts

from engines.backends import BackendError, Build, open_networks
from engines.backends.tensorrt import build as building
from engines.backends.tensorrt.bindings import Binding, Buffers
from engines.backends.tensorrt.build import build, check_target
from engines.backends.tensorrt.library import Library, find, find_for
from engines.backends.tensorrt.make import BATCHED, Target, engines, key
from engines.backends.tensorrt.store import Key, Store
from engines.model import ModelInfo, inspect, load
from visualizer import engines_command

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="TensorRT for RTX has no package for macOS")
SIZE = (64, 64)
ADA = Target(89)


@pytest.fixture(scope="module")
def rtx() -> Library:
    return find("tensorrt-rtx")


@pytest.fixture(scope="module")
def tiny(tiny_model: Path) -> ModelInfo:
    return inspect(tiny_model)


@pytest.fixture(scope="module")
def kept(tiny: ModelInfo, rtx: Library, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with the tiny model's three engines for compute capability 8.9."""
    store, lines = Store(tmp_path_factory.mktemp("kept")), list[str]()
    steps: list[tuple[str, int, int]] = []
    made = engines(tiny, SIZE, store, rtx, ADA, tell=lines.append, progress=lambda *step: steps.append(step))
    assert list(made) == ["unet", "decoder", "text"] and all("built in" in line for line in lines)
    assert {"export unet", "export decoder", "export text"} < {phase for phase, _, _ in steps}, "and the builder's own"
    return store


def test_a_batch_has_a_unet_of_its_own(kept: Store, tiny: ModelInfo, rtx: Library, tmp_path: Path) -> None:
    """What one latent needs is found again; beside it stands a UNet for two, under a key of its own."""
    store, lines = copied(kept, tmp_path), list[str]()
    made = engines(tiny, SIZE, store, rtx, ADA, tell=lines.append, build=Build(batch=2))
    assert list(made) == ["unet", "decoder", "text", BATCHED]
    assert ["built in" in line for line in lines] == [False, False, False, True]
    shapes = {binding.name: binding.shape for binding in made[BATCHED][1].bindings}
    assert shapes == {"latent": (2, 4, 8, 8), "timestep": (2,), "text": (2, 77, 32), "prediction": (2, 4, 8, 8)}


def key_of(name: str, tiny: ModelInfo, rtx: Library) -> Key:
    return key(name, tiny, SIZE, rtx, ADA, "fp16", False)


def copied(store: Store, folder: Path) -> Store:
    for path in store.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return Store(folder)


def small_key(**changes: object) -> Key:
    made = Key("unet", "0123", SIZE, "fp16", "tensorrt-rtx", "1.7", "sm89")
    return replace(made, **changes)  # type: ignore[arg-type]


def test_engines_are_built_without_a_gpu_and_found_again(kept: Store, tiny: ModelInfo, rtx: Library) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in kept.folder.iterdir()}
    lines = list[str]()
    again = engines(tiny, SIZE, kept, rtx, ADA, tell=lines.append)
    assert all("was there" in line for line in lines)
    assert before == {path.name: path.stat().st_mtime_ns for path in kept.folder.iterdir()}
    shapes = {name: {b.name: (b.shape, b.type) for b in header.bindings} for name, (_, header) in again.items()}
    assert shapes["unet"] == {
        "latent": ((1, 4, 8, 8), "HALF"), "timestep": ((1,), "FLOAT"), "text": ((1, 77, 32), "HALF"),
        "prediction": ((1, 4, 8, 8), "HALF"),
    }  # fmt: skip
    assert shapes["decoder"]["picture"] == ((64, 64, 3), "UINT8")
    assert shapes["text"] == {"ids": ((1, 77), "INT64"), "states": ((1, 77, 32), "FLOAT")}
    assert not list(kept.folder.glob("*making-*")) and not list(kept.folder.glob("*.part"))
    assert [header.key.network for header in kept.headers()] == ["decoder", "text", "unet"]


def test_styles_are_an_input_of_an_engine_of_their_own(
    kept: Store, tiny: ModelInfo, rtx: Library, tmp_path: Path
) -> None:
    """The UNet's alone, which another file of the same name would not share; the other networks are there."""
    file, lines = tmp_path / "ink.safetensors", list[str]()
    unet = load(tiny).unet
    kohya(some_parts(unet, ("to_q", "conv1", "proj_in")), file)
    store = copied(kept, tmp_path)
    made = engines(tiny, SIZE, store, rtx, ADA, tell=lines.append, build=Build((file,)))
    assert [line.split()[0] for line in lines if "built in" in line] == ["unet"]
    shapes = {binding.name: (binding.shape, binding.type) for binding in made["unet"][1].bindings}
    assert shapes["styles"] == ((1,), "HALF") and shapes["latent"] == ((1, 4, 8, 8), "HALF")
    kohya(some_parts(unet, ("to_q", "conv1", "proj_in"), seed=2), file)
    assert store.load(key("unet", tiny, SIZE, rtx, ADA, "fp16", False, Build((file,)))) is None


def test_the_encoder_of_pictures_is_built_where_it_is_asked_for(
    kept: Store, tiny: ModelInfo, rtx: Library, tmp_path: Path
) -> None:
    lines = list[str]()
    made = engines(tiny, SIZE, copied(kept, tmp_path), rtx, ADA, tell=lines.append, build=Build(sees=True))
    assert [line.split()[0] for line in lines if "built in" in line] == ["encoder"]
    shapes = {b.name: (b.shape, b.type) for b in made["encoder"][1].bindings}
    assert shapes == {"picture": ((64, 64, 3), "UINT8"), "latent": ((1, 4, 8, 8), "HALF")}


def test_a_corrupt_engine_is_built_anew_and_alone(kept: Store, tiny: ModelInfo, rtx: Library) -> None:
    wanted = key_of("text", tiny, rtx)
    path = kept.folder / f"{wanted.name}.plan"
    whole = path.read_bytes()
    path.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    assert kept.load(wanted) is None
    lines = list[str]()
    engines(tiny, SIZE, kept, rtx, ADA, tell=lines.append)
    assert [line.split()[0] for line in lines if "built in" in line] == ["text"]
    assert kept.load(wanted) is not None


@pytest.mark.parametrize(
    "change",
    [{"network": "text"}, {"fingerprint": "4567"}, {"size": (128, 64)}, {"precision": "fp32"}, {"flavour": "tensorrt"},
     {"version": "1.8"}, {"target": "sm86"}, {"refittable": True}, {"layout": 0}],
)  # fmt: skip
def test_an_engine_of_another_key_is_never_loaded(change: dict[str, object], tmp_path: Path) -> None:
    store, mine, foreign = Store(tmp_path), small_key(), small_key(**change)
    store.save(foreign, b"plan", (), "m", 1.0)
    assert store.load(foreign) is not None and store.load(mine) is None
    for ending in (".plan", ".json"):  # also when somebody gives it my engine's name
        (tmp_path / f"{foreign.name}{ending}").rename(tmp_path / f"{mine.name}{ending}")
    assert store.load(mine) is None and store.headers() == []


@pytest.mark.parametrize("header", [b"", b"[]", b"{}", b'{"key": {}}', b"\xff\xfe", b"null"])
def test_a_torn_header_is_no_engine(header: bytes, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(small_key(), b"plan", (), "m", 1.0)
    (tmp_path / f"{small_key().name}.json").write_bytes(header)
    assert store.load(small_key()) is None and store.headers() == []


def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.save(small_key(), b"old", (), "m", 1.0)
    before = sorted(tmp_path.iterdir())

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackendError, match=r"is full \(2 MB are needed\): free some, or visualizer engine clean"):
        store.save(small_key(), bytes(2_000_000), (), "m", 1.0)
    assert sorted(tmp_path.iterdir()) == before
    assert store.load(small_key())[0] == b"old"  # type: ignore[index]


def test_ctrl_c_ends_a_build_and_what_was_ready_is_kept(
    kept: Store, tiny: ModelInfo, rtx: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, phases = copied(kept, tmp_path), list[str]()
    for ending in ("plan", "json"):
        (tmp_path / f"{key_of('text', tiny, rtx).name}.{ending}").unlink()
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(building, "LOOK_S", 0.001)  # a quarter of a second's build is looked at in time

    def pressed(phase: str, done: int, steps: int) -> None:
        phases.append(phase)
        if not phase.startswith("export"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engines(tiny, SIZE, store, rtx, ADA, progress=pressed)
    assert len(phases) == 2 and phases[0] == "export text"
    assert sorted(tmp_path.iterdir()) == before and len(store.headers()) == 2


def test_a_graph_that_is_none_is_one_sentence(rtx: Library, tmp_path: Path) -> None:
    (tmp_path / "unet.onnx").write_bytes(b"this is no graph")
    with pytest.raises(BackendError, match="failed at reading unet") as caught:
        build(rtx, tmp_path / "unet.onnx", 89)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_built_for_is_said_with_what_can(rtx: Library) -> None:
    with pytest.raises(BackendError, match=r"does not build for compute capability 90: choose one of 75, .*89"):
        check_target(rtx, 90, None)
    check_target(rtx, 120, None)
    timing = Library("tensorrt", "11.0", None)
    check_target(timing, 89, 89)
    with pytest.raises(BackendError, match="builds for the GPU at hand, which is 86, not for 89"):
        check_target(timing, 89, 86)
    assert find_for(89).is_rtx


def test_an_engine_to_be_refitted_asks_for_its_gpu(tiny: ModelInfo, rtx: Library, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="is built beside its GPU only"):
        engines(tiny, SIZE, Store(tmp_path), rtx, ADA, refittable=True)


def test_a_missing_package_is_said_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("tensorrt_rtx", "tensorrt_rtx_bindings", "tensorrt"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BackendError, match=r"TensorRT is not there .*pip install tensorrt-rtx-cu13 onnx onnxscript"):
        find()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_backend_is_refused_in_one_sentence(tiny: ModelInfo, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"TensorRT needs an NVIDIA GPU .* use another backend") as caught:
        open_networks(tiny, SIZE, "tensorrt", tmp_path)
    assert "\n" not in str(caught.value)


def test_buffers_lie_still_and_take_only_what_fits() -> None:
    bindings = (
        Binding("latent", (1, 4, 8, 8), "HALF", True), Binding("timestep", (1,), "FLOAT", True),
        Binding("prediction", (1, 4, 8, 8), "FLOAT", False),
    )  # fmt: skip
    buffers = Buffers(bindings, torch.device("cpu"))
    addresses = buffers.addresses
    latent = torch.randn(1, 4, 8, 8)
    buffers.put({"latent": latent, "timestep": torch.tensor([999.0], dtype=torch.float64)})
    assert buffers.addresses == addresses and len(set(addresses.values())) == 3
    assert list(buffers.outputs) == ["prediction"] and buffers.outputs["prediction"].data_ptr() == addresses["prediction"]
    there = buffers.held("latent")
    assert there.dtype == torch.float16 and torch.equal(there, latent.half())
    with pytest.raises(BackendError, match=r"latent is 1×4×8×8, and was given 1×4×16×8"):
        buffers.put({"latent": torch.zeros(1, 4, 16, 8), "timestep": torch.zeros(1)})
    with pytest.raises(BackendError, match="takes latent, timestep, and was given latent"):
        buffers.put({"latent": latent})


def test_the_command_lists_and_cleans(kept: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = copied(kept, tmp_path)
    (tmp_path / "openvino-of-others").mkdir()
    engines_command.show(tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and all("64x64" in line and "sm89" in line and "tensorrt-rtx" in line for line in lines)
    engines_command.clean(tmp_path)
    assert "MB became free" in capsys.readouterr().out
    assert copy.headers() == [] and [path.name for path in tmp_path.iterdir()] == ["openvino-of-others"]
    engines_command.show(tmp_path)
    assert "visualizer engine build" in capsys.readouterr().out


def test_the_command_builds_what_is_missing(kept: Store, tiny: ModelInfo, capsys: pytest.CaptureFixture[str]) -> None:
    engines_command.build(tiny, SIZE, kept.folder, 89)
    told = capsys.readouterr().out
    assert told.count("was there") == 3 and "for sm89, by tensorrt-rtx" in told and str(kept.folder) in told


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build", "--for", "90"), "choose one of 75"),
        (("build",), "or build for another machine's GPU with --for and one of 75"),
        (("check",), "TensorRT needs an NVIDIA GPU"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    command = [sys.executable, "-m", "visualizer", "engine", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and words in done.stderr, done.stderr
