"""Models of others are added, listed, described and removed; what breaks off leaves nothing half."""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hub_server import Hub, serve
from ldm_checkpoint import make_checkpoint
from safetensors.torch import save_file
from some_styles import kohya, some_parts
from tiny_families import make_family, make_taesd

from engines.families import FAMILIES
from engines.model import ModelError, inspect, load
from visualizer import resources
from visualizer.models import command
from visualizer.models import hub as hub_module
from visualizer.models.about import about, licence_in
from visualizer.models.checkpoint import add_checkpoint
from visualizer.models.folders import add_folder
from visualizer.models.hub import chosen
from visualizer.models.library import LibraryError, find_model, installed, library, remove
from visualizer.models.progress import bar

CARD = "---\nlicense: other\nlicense_name: a-research-licence\nlicense_link: LICENSE\n---\n# A model\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of somebody else's, with a card."""
    folder = make_family(tmp_path_factory.mktemp("others") / "tiny-turbo", "sd-turbo")
    (folder / "README.md").write_text(CARD)
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's library, empty."""
    monkeypatch.setattr(resources, "user_folder", lambda kind: tmp_path / "home" / kind)
    return tmp_path / "home" / "models"


def test_a_folder_is_remembered_by_its_place(model: Path, home: Path) -> None:
    added = add_folder(model, "turbo", False, bar)
    assert (added, list(installed())) == (home / "turbo", ["turbo"])
    assert inspect(find_model(Path("turbo"))).fingerprint == inspect(model).fingerprint
    assert sum(path.stat().st_size for path in added.rglob("*")) < 10_000
    remove("turbo")
    assert not installed()
    inspect(model)


def test_a_copy_holds_what_is_needed_and_no_more(model: Path, home: Path, tmp_path: Path) -> None:
    """Of two precisions only the one that is loaded; the original may then go."""
    folder = tmp_path / "original"
    shutil.copytree(model, folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    shutil.copy(weights, weights.with_suffix(".fp16.safetensors"))
    fingerprint = inspect(folder).fingerprint
    added = add_folder(folder, "copied", True, bar)
    shutil.rmtree(folder)
    assert inspect(added).fingerprint == fingerprint
    assert [path.name for path in (added / "unet").iterdir() if path.suffix == ".safetensors"] == [weights.name]
    assert about(added).licence == "a-research-licence (LICENSE)"


def test_a_quick_decoder_is_lent_to_a_linked_model(model: Path, home: Path, tmp_path: Path) -> None:
    added = add_folder(model, "quick", False, bar, make_taesd(tmp_path / "taesd"))
    assert inspect(added).parts["vae"] == added / "vae_tiny"
    with pytest.raises(LibraryError, match="AutoencoderTiny"):
        add_folder(model, "other", False, bar, model / "vae")
    assert list(installed()) == ["quick"]


def test_about_counts_what_torch_counts(model: Path, home: Path) -> None:
    found = about(add_folder(model, "turbo", False, bar))
    modules = load(inspect(model))
    assert found.parameters == {
        "unet": sum(p.numel() for p in modules.unet.parameters()),
        "vae": sum(p.numel() for p in modules.vae.parameters()),
        "text_encoder": sum(p.numel() for p in modules.text_encoder.parameters()),
    }
    assert FAMILIES["sd-turbo"].title in found.text()
    assert str(model) in found.text()


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: creativeml-openrail-m\ntags:\n- x\n---\n", "creativeml-openrail-m"),
        ("---\ntags: x\n---\nlicense: not here\n", ""),
        ("no front matter\n", ""),
    ],
)
def test_a_licence_is_read_from_the_card(tmp_path: Path, card: str, licence: str) -> None:
    (tmp_path / "README.md").write_text(card)
    assert licence_in(tmp_path / "README.md") == licence
    assert licence_in(tmp_path / "nowhere.md") == ""


def test_a_licence_that_no_card_states_is_a_file(model: Path, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "licensed"
    shutil.copytree(model, folder)
    (folder / "README.md").unlink()
    assert about(folder).licence == ""
    (folder / "LICENSE.md").write_text("Terms.")
    added = add_folder(folder, "licensed", True, bar)
    assert about(added).licence == f"see {added / 'LICENSE.md'}"


def test_a_full_disk_leaves_nothing(model: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is seen before, or while the files are copied."""
    usage = shutil.disk_usage(model)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
        with pytest.raises(LibraryError, match="make room"):
            add_folder(model, "turbo", True, bar)
    assert not list(library().iterdir())

    def full(total: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(LibraryError, match="the disk is full"):
        add_folder(model, "turbo", True, full)  # type: ignore[arg-type]
    assert not list(library().iterdir())

    def interrupted(total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_folder(model, "turbo", True, interrupted)  # type: ignore[arg-type]
    assert not list(library().iterdir())


def test_a_disk_that_fills_up_keeps_a_download(model: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came is kept for when there is room; the model is not there before, and can be given up."""
    files = {path.relative_to(model).as_posix(): path.stat().st_size for path in model.rglob("*") if path.is_file()}

    def download(repo: str, names: list[str], part: Path) -> None:
        for name in names:
            if name.endswith(".safetensors"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(model / name, part / name)

    monkeypatch.setattr(hub_module, "_files", lambda repo: files)
    monkeypatch.setattr(hub_module, "_download", download)
    with pytest.raises(LibraryError, match="is full before some/turbo was whole: make room"):
        hub_module.add_from_hub("some/turbo", "turbo", bar)
    assert not installed()
    assert [path.name for path in home.iterdir()] == ["turbo.part"]
    remove("turbo")
    assert not list(home.iterdir())


def test_a_model_that_is_gone_is_listed_as_such(
    model: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there"
    shutil.copytree(model, there)
    add_folder(there, "lost", False, bar)
    add_folder(model, "turbo", False, bar)
    shutil.rmtree(there)
    command.run(argparse.Namespace(models="list"))
    listed = capsys.readouterr()
    assert "turbo" in listed.out
    assert "lost" not in listed.out.split()
    assert "cannot be used" in listed.err
    command.run(argparse.Namespace(models="remove", name="lost"))
    assert list(installed()) == ["turbo"]


@pytest.mark.parametrize("name", ["../up", "", ".hidden", "a/b", "x.part", "turbo"])
def test_a_name_that_cannot_be_is_refused(model: Path, home: Path, name: str) -> None:
    add_folder(model, "turbo", False, bar)
    with pytest.raises(LibraryError, match="--name"):
        add_folder(model, name, False, bar)
    assert list(installed()) == ["turbo"]


def test_a_name_that_is_not_installed_says_what_is(model: Path, home: Path, tmp_path: Path) -> None:
    add_folder(model, "turbo", False, bar)
    with pytest.raises(LibraryError, match="installed are turbo"):
        find_model(Path("tubro"))
    with pytest.raises(LibraryError, match="installed are turbo"):
        remove("../turbo")
    assert find_model(tmp_path / "nowhere") == tmp_path / "nowhere"  # which then says that it is not there


SIZES = {
    "model_index.json": 1, "README.md": 1, "LICENSE.md": 1, "sd_turbo.safetensors": 9, "unet/config.json": 1,
    "vae/config.json": 1,
    "unet/diffusion_pytorch_model.safetensors": 8, "unet/diffusion_pytorch_model.fp16.safetensors": 4,
    "unet/diffusion_pytorch_model.bin": 8, "vae/diffusion_pytorch_model.safetensors": 2, "tokenizer/vocab.json": 1,
    "tokenizer/merges.txt": 1, "text_encoder/model.safetensors": 3, "text_encoder/model.non_ema.safetensors": 3,
    "scheduler/scheduler_config.json": 1, "safety_checker/model.safetensors": 9, "scripts/run.py": 1, "image.png": 5,
}  # fmt: skip


def test_only_what_is_needed_of_a_repository_is_chosen() -> None:
    """One precision, no pickle, no script, no whole checkpoint beside the parts, no safety checker."""
    words, weights = chosen(SIZES, "a/b")
    assert sorted(words) == [
        "LICENSE.md", "README.md", "model_index.json", "scheduler/scheduler_config.json", "tokenizer/merges.txt",
        "tokenizer/vocab.json", "unet/config.json", "vae/config.json",
    ]  # fmt: skip
    assert weights == [
        "unet/diffusion_pytorch_model.fp16.safetensors", "vae/diffusion_pytorch_model.safetensors",
        "text_encoder/model.safetensors",
    ]  # fmt: skip
    pickled = {name: size for name, size in SIZES.items() if not name.startswith("unet/diffusion") or name.endswith(".bin")}
    with pytest.raises(ModelError, match=r"its unet only as a pickle"):
        chosen(pickled, "a/b")
    with pytest.raises(LibraryError, match=r"download sd_turbo\.safetensors"):
        chosen({"sd_turbo.safetensors": 9, "README.md": 1}, "a/b")


@pytest.fixture
def hub(model: Path, tmp_path: Path) -> Iterator[Hub]:
    """A hub with one good model, one of another kind and a gated one."""
    flux = tmp_path / "flux"
    shutil.copytree(model, flux)
    (flux / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
    with serve(Hub({"some/tiny-turbo": model, "some/flux": flux, "some/gated": model}, ("some/gated",))) as hub:
        yield hub


def _models(hub: Hub, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, with a library of its own."""
    environment = {
        **os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(home / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1",
        "XDG_DATA_HOME": str(home), "HF_HUB_ETAG_TIMEOUT": "5", "HF_HUB_DOWNLOAD_TIMEOUT": "5",
    }  # fmt: skip
    command = [sys.executable, "-m", "visualizer", "models", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_a_model_is_downloaded_by_its_id(hub: Hub, model: Path, tmp_path: Path) -> None:
    """Only what is needed comes, it is listed, and without the hub it is still there."""
    added = _models(hub, tmp_path, "add", "some/tiny-turbo")
    assert added.returncode == 0, added.stderr
    assert "a-research-licence" in added.stdout
    folder = tmp_path / "tpos-live" / "models" / "tiny-turbo"
    assert inspect(folder).fingerprint == inspect(model).fingerprint
    assert not (folder / ".cache").exists()
    hub.repos.clear()
    assert "tiny-turbo" in _models(hub, tmp_path, "list").stdout
    assert "hub:some/tiny-turbo" in _models(hub, tmp_path, "info", "tiny-turbo").stdout
    assert _models(hub, tmp_path, "remove", "tiny-turbo").returncode == 0
    assert not folder.exists()


def test_a_download_that_breaks_off_goes_on(hub: Hub, model: Path, tmp_path: Path) -> None:
    """Nothing is installed meanwhile, and files that had come whole are not sent again."""
    whole, broken = (f"{part}/diffusion_pytorch_model.safetensors" for part in ("vae", "unet"))
    hub.breaks_at = broken
    first = _models(hub, tmp_path, "add", "some/tiny-turbo")
    assert first.returncode == 2
    assert "add it again to go on" in first.stderr.splitlines()[-1]
    assert "tiny-turbo" not in _models(hub, tmp_path, "list").stdout
    assert hub.bytes_of(whole) == (model / whole).stat().st_size
    hub.breaks_at, hub.sent = "", []
    again = _models(hub, tmp_path, "add", "some/tiny-turbo")
    assert again.returncode == 0, again.stderr
    assert (hub.bytes_of(whole), hub.bytes_of(broken)) == (0, (model / broken).stat().st_size)
    assert inspect(tmp_path / "tpos-live" / "models" / "tiny-turbo").fingerprint == inspect(model).fingerprint


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "some/nothing"), "there is no model some/nothing on the hub"),
        (("add", "some/gated"), "some/gated is gated: accept its licence"),
        (("add", "some/flux"), "FluxPipeline"),
        (("add", "no such thing"), "neither a model folder nor"),
        (("info", "nothing"), "there is no model nothing"),
    ],
)
def test_what_cannot_be_is_one_sentence(hub: Hub, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    result = _models(hub, tmp_path, *words)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not any(name.endswith(".safetensors") for name, _ in hub.sent)
    assert not list(tmp_path.glob("tpos-live/models/*"))


def test_without_a_network_a_download_says_so(tmp_path: Path) -> None:
    nobody = Hub({})
    nobody.url = "http://127.0.0.1:9"
    result = _models(nobody, tmp_path, "add", "some/model")
    assert result.returncode == 2
    assert "check the network" in result.stderr.splitlines()[-1]


def test_a_style_comes_from_the_hub(model: Path, tmp_path: Path) -> None:
    """By its repository where that is a LoRA's, or by its file; what is no style is not downloaded."""
    repo, alone = tmp_path / "repo", tmp_path / "alone"
    for folder in (repo / "sub", alone):
        folder.mkdir(parents=True)
    style = kohya(some_parts(load(inspect(model)).unet, ("to_q",)), repo / "sub" / "ink.safetensors")
    shutil.copy(style, alone / "pytorch_lora_weights.safetensors")
    save_file({"model.diffusion_model.weight": torch.zeros(300_000)}, repo / "dream.safetensors")
    with serve(Hub({"some/styles": repo, "some/lcm-lora": alone})) as hub:
        assert _models(hub, tmp_path, "add", "some/lcm-lora").returncode == 0
        result = _models(hub, tmp_path, "add", "some/styles/sub/ink.safetensors")
        assert result.returncode == 0, result.stderr
        assert "visualizer --style ink" in result.stdout and "hub:some/styles/sub/ink.safetensors" in result.stdout
        refused = _models(hub, tmp_path, "add", "some/styles/dream.safetensors")
        assert refused.returncode == 2 and "is no style" in refused.stderr.splitlines()[-1]
        listed = _models(hub, tmp_path, "list").stdout
    assert [line.split()[0] for line in listed.splitlines()[:-1]] == ["ink", "lcm-lora"]
    (kept,) = tmp_path.rglob("ink/ink.safetensors")
    assert kept.read_bytes() == style.read_bytes()
    assert {path.name for path in kept.parent.iterdir()} == {kept.name, "source.json"}


def test_a_checkpoint_file_becomes_the_model_that_it_was(home: Path, tmp_path: Path) -> None:
    """Its tokenizer and configuration are those of the model that it is like; in half precision, nothing left out."""
    other = make_family(tmp_path / "other", "sd1", seed=1)
    original = load(inspect(make_family(tmp_path / "original", "sd1")))
    file = make_checkpoint(tmp_path / "original", tmp_path / "dream.safetensors")
    like = add_folder(other, "like", False, bar)
    added = add_checkpoint(file, "dream", like, bar)
    info = inspect(added)
    assert (info.family.name, sorted(installed())) == ("sd1", ["dream", "like"])
    found = load(info)
    for theirs, ours in zip(
        (original.unet, original.vae, original.text_encoder), (found.unet, found.vae, found.text_encoder), strict=True
    ):
        expected = theirs.state_dict()
        assert expected.keys() == ours.state_dict().keys()
        for key, value in ours.state_dict().items():
            assert torch.equal(value.float(), expected[key].half().float()), key


def test_a_checkpoint_that_cannot_be_is_one_sentence(model: Path, home: Path, tmp_path: Path) -> None:
    """A pickle, none that it is like, a UNet alone, another family; nothing is left of any."""
    one = make_family(tmp_path / "one", "sd1")
    file = make_checkpoint(one, tmp_path / "one.safetensors")
    pickle, torn = tmp_path / "one.ckpt", tmp_path / "torn.safetensors"
    pickle.write_bytes(b"x")
    torn.write_bytes(file.read_bytes()[:1000])
    alone = one / "unet" / "diffusion_pytorch_model.safetensors"
    xl = make_family(tmp_path / "xl", "sdxl-turbo")
    for path, like, said in (
        (pickle, one, "no .safetensors file"), (file, None, "--like"), (alone, one, "lacks a UNet"), (file, xl, "--like"),
    ):  # fmt: skip
        with pytest.raises(LibraryError, match=said) as caught:
            add_checkpoint(path, "new", like, bar)
        assert "\n" not in str(caught.value)
    with pytest.raises(ModelError, match="no whole"):
        add_checkpoint(torn, "new", one, bar)
    assert not home.exists() or not list(home.iterdir())
