"""Styles: LoRA files change a model by a weight that acts in the very next frame, alike on every backend."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from diffusers.loaders import lora_conversion_utils as theirs
from diffusers.models import UNet2DConditionModel
from onnx_numbers import relative_error
from safetensors.torch import load_file, save_file
from some_styles import Parts, first, kohya, merged, old_diffusers, peft, some_parts
from tiny_families import make_family

from engines.backends import Build, Networks, open_networks
from engines.backends.onnx_export import export, network, wide_layers_of
from engines.backends.wrappers import UNetCall
from engines.model import ModelInfo, inspect, load
from engines.styles.file import PAIR, StyleError, read_style
from engines.styles.names import Names, first_names

SIZE = (64, 64)
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
EVERYTHING = (
    *ATTENTION, "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2", "conv_shortcut", "time_emb_proj",
    "samplers.0.conv", "conv_in", "conv_out", "linear_1", "linear_2",
)  # fmt: skip

Folders = Callable[[str], ModelInfo]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A family's tiny model, made once."""
    root = tmp_path_factory.mktemp("families")

    def found(family: str) -> ModelInfo:
        path = root / family
        return inspect(path if path.exists() else make_family(path, family))

    return found


def asked(info: ModelInfo, networks: Networks) -> tuple[torch.Tensor, float, torch.Tensor, None]:
    """One question to a UNet, the same for all."""
    latent = torch.randn(info.latent_shape(SIZE), generator=torch.Generator().manual_seed(4))
    return latent, 400.0, networks.encode_text("red"), None


def by_hand(info: ModelInfo, networks: Networks, *styles: tuple[Parts, float]) -> torch.Tensor:
    """What the UNet predicts with the styles in its weights, merged in float64."""
    unet = load(info).unet
    for parts, weight in styles:
        merged(unet, parts, weight)
    latent, timestep, text, _ = asked(info, networks)
    with torch.no_grad():
        prediction: torch.Tensor = UNetCall(unet, info)(latent, torch.tensor([timestep]), text)
    return prediction


def off(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).abs().max() / wanted.abs().max())


@pytest.mark.parametrize(
    ("family", "naming"),
    [("sd1", "kohya"), ("sd2", "peft"), ("lcm", "old"), ("sdxl-turbo", "kohya"), ("sdxl", "first")],
)
def test_a_style_is_what_it_is_by_hand(models: Folders, tmp_path: Path, family: str, naming: str) -> None:
    """Every layer, linear and convolution, in every naming, at several weights one after another and back."""
    info = models(family)
    parts = some_parts(load(info).unet, EVERYTHING if naming != "old" else (*ATTENTION, "proj_in", "ff.net.2"))
    written = {"kohya": kohya, "peft": peft, "old": old_diffusers, "first": partial(first, unet=load(info).unet)}[naming]
    file = written(parts, tmp_path / "style.safetensors")
    networks = open_networks(info, SIZE, "torch", tmp_path, Build((file,)))
    plain = by_hand(info, networks)
    for weight in (-0.5, 2.0):
        networks.set_styles((weight,))
        wanted = by_hand(info, networks, (parts, weight))
        assert off(networks.unet(*asked(info, networks)), wanted) < 1e-4
        assert off(plain, wanted) > 1e-2, "the test would see nothing"
    networks.set_styles((0.0,))
    assert torch.equal(networks.unet(*asked(info, networks)), open_networks(info, SIZE, "torch", tmp_path).unet(
        *asked(info, networks)
    ))  # fmt: skip


def test_styles_add_up(models: Folders, tmp_path: Path) -> None:
    """Two that change some of the same layers, of other ranks, each by its own weight; α may stand in the metadata."""
    info = models("sd2")
    unet = load(info).unet
    first, second = some_parts(unet, ATTENTION), some_parts(unet, ("to_q", "conv1"), rank=5, seed=2, alpha=10.0)
    said = {"lora_adapter_metadata": json.dumps({"unet.r": 5, "unet.lora_alpha": 10, "unet.alpha_pattern": {}})}
    files = kohya(first, tmp_path / "first.safetensors"), peft(second, tmp_path / "second.safetensors", said)
    networks = open_networks(info, SIZE, "torch", tmp_path, Build(files))
    assert len(set(networks.styles)) == 2
    for weights in ((1.0, 1.0), (-1.0, 0.4), (0.0, 1.5)):
        if weights != (1.0, 1.0):  # which is how it begins
            networks.set_styles(weights)
        wanted = by_hand(info, networks, (first, weights[0]), (second, weights[1]))
        assert off(networks.unet(*asked(info, networks)), wanted) < 1e-4
    with pytest.raises(ValueError, match="2 weights"):
        networks.set_styles((1.0,))


def test_openvino_has_the_style_in_its_graph(models: Folders, tmp_path: Path) -> None:
    """The same as by hand at any weight, as far as weights kept in fp16 are, and one conversion for these files."""
    from engines.backends.openvino_backend import OpenVinoNetworks

    info = models("sd1")
    parts = some_parts(load(info).unet, EVERYTHING)
    build = Build((kohya(parts, tmp_path / "style.safetensors"),))
    networks = OpenVinoNetworks(info, SIZE, tmp_path, "f32", build)
    for weight in (1.0, -0.5, 0.0):
        networks.set_styles((weight,))
        assert off(networks.unet(*asked(info, networks)), by_hand(info, networks, (parts, weight))) < 1e-2
    OpenVinoNetworks(info, SIZE, tmp_path, "f32", build)
    assert len(list(tmp_path.glob("openvino-*"))) == 1


def test_an_export_has_the_style_as_an_input(models: Folders, tmp_path: Path) -> None:
    """In half precision throughout, with the numbers of float32 by hand."""
    import onnx

    info = models("sd1")
    build = Build((kohya(some_parts(load(info).unet, EVERYTHING), tmp_path / "style.safetensors"),))
    wanted, path = network("unet", load(info), info, SIZE, "fp16", build), tmp_path / "unet.onnx"
    export(wanted, path)
    assert [i.name for i in onnx.load(path, load_external_data=False).graph.input] == [*wanted.inputs]
    assert list(wanted.inputs)[-1] == "styles"
    assert relative_error(wanted, path, network("unet", load(info), info, SIZE, "fp32", build)) <= 1e-2
    assert wide_layers_of(path) == []


def test_layers_are_found_where_diffusers_finds_them() -> None:
    """All of a UNet with XL's blocks, by the names of the first implementation, as XL's LoRAs have, and by old ones."""
    unet = UNet2DConditionModel(
        block_out_channels=(8, 8, 16), layers_per_block=2, norm_num_groups=4, cross_attention_dim=8, attention_head_dim=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"), use_linear_projection=True,
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=(1, 2, 3),
        addition_embed_type="text_time", addition_time_embed_dim=4, projection_class_embeddings_input_dim=32,
    )  # fmt: skip
    firsts, given = list(first_names(unet).items()), {}
    assert {name for _, name in firsts} >= {"output_blocks.2.2.conv", "input_blocks.3.0.op", "label_emb.0.2", "out.2"}
    for number, (_, name) in enumerate(firsts):
        stem = "lora_unet_" + name.replace(".", "_")
        given |= {f"{stem}.lora_down.weight": torch.tensor([number]), f"{stem}.lora_up.weight": torch.tensor([-1])}
    known, _ = theirs._convert_non_diffusers_lora_to_diffusers(
        theirs._maybe_map_sgm_blocks_to_diffusers(given, unet.config)
    )
    found = {PAIR.fullmatch(name)[1]: int(number) for name, number in known.items() if number >= 0}
    assert len(found) == len(firsts) > 200
    names = Names(unet)
    for old, number in found.items():
        path, name = firsts[number]
        assert names.find(old) == names.find("lora_unet_" + name.replace(".", "_")) == names.find(name) == path
    assert names.find("lora_unet_down_blocks_9_resnets_0_conv1") is None


def test_what_does_not_fit_is_said_in_one_sentence(models: Folders, tmp_path: Path) -> None:
    """Another family, another width, a part of the layers, half a pair, other kinds, text alone, and what is no LoRA."""
    info, file = models("sd1"), tmp_path / "style.safetensors"
    parts = some_parts(load(info).unet, ("attn2.to_k",))
    kohya(parts, file)
    good = load_file(file)
    name = next(iter(good)).split(".")[0]

    def refused(tensors: dict[str, torch.Tensor], said: str) -> None:
        save_file(tensors, file)
        with pytest.raises(StyleError, match=said) as caught:
            open_networks(info, SIZE, "torch", tmp_path, Build((file,)))
        assert "\n" not in str(caught.value) and "style.safetensors" in str(caught.value)

    kohya(some_parts(load(models("sdxl-turbo")).unet, ("attn2.to_k",)), file)
    refused(load_file(file), r"not made for sd1, which is Stable Diffusion 1.5: .*")
    kohya(some_parts(load(models("sd1")).unet, ("attn2.to_k",)), file)
    wide = {key: torch.zeros(3, 1024) if "lora_down" in key else value for key, value in good.items()}
    refused(wide, r"is 32x1024 and the model's 32x32")
    stray = {key.replace("down_blocks_0", "down_blocks_7"): value for key, value in good.items()}
    refused(stray, r"of its \d+ layers \d+ are not in that model")
    refused({key: value for key, value in good.items() if key != f"{name}.lora_up.weight"}, "its up matrix")
    refused({**good, f"{name}.dora_scale": torch.ones(1)}, "is a DoRA")
    refused({f"{name}.hada_w1_a": torch.ones(2, 2)}, "is a LoHa")
    refused({f"{name}.lokr_w1": torch.ones(2, 2)}, "is a LoKr")
    refused({key.replace("unet", "te"): value for key, value in good.items()}, "text encoder alone")
    refused({"conv_in.weight": torch.ones(2, 2)}, r"no LoRA of a picture model \(it holds conv_in.weight\)")
    refused({**good, f"{name}.lora_up.weight": torch.full((32, 3), torch.nan)}, "no numbers")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(StyleError, match="no whole"):
        read_style(file)
    with pytest.raises(StyleError, match=r"no \.safetensors file"):
        read_style(tmp_path / "style.pt")


def test_the_text_encoders_part_is_left_out_and_said(models: Folders, tmp_path: Path) -> None:
    info, file = models("sd1"), tmp_path / "style.safetensors"
    parts = some_parts(load(info).unet, ATTENTION, rank=2)
    kohya(parts, file)
    assert read_style(file).remark == ""
    text = "lora_te_text_model_encoder_layers_0_self_attn_q_proj"
    also = {f"{text}.lora_down.weight": torch.ones(2, 32), f"{text}.lora_up.weight": torch.ones(32, 2)}
    save_file({**load_file(file), **also, f"{text}.alpha": torch.tensor(1.0)}, file)
    style = read_style(file)
    assert (style.texts, style.ranks, style.text_width, len(style.pairs)) == (1, (2, 2), 32, len(parts))
    assert "text encoder" in style.remark and "\n" not in style.remark
    networks = open_networks(info, SIZE, "torch", tmp_path, Build((file,)))
    assert off(networks.unet(*asked(info, networks)), by_hand(info, networks, (parts, 1.0))) < 1e-4
