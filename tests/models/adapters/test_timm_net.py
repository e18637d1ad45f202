"""A network of timm: its own input, weights from files, a sentence for whatever is wrong."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from brain_tumor.config.network import check_network
from brain_tumor.errors import ConfigError, WeightsError
from brain_tumor.models.gradcam import gradcam
from brain_tumor.models.network import LR_SCALE
from brain_tumor.models.registry import build_network

timm = pytest.importorskip("timm")
safetensors = pytest.importorskip("safetensors.torch")
TARGET = "brain_tumor.models.adapters.timm_net.TimmNet"


def build(name: str, **options: Any) -> Any:
    return build_network(4, name, _target_=TARGET, **options)


@pytest.fixture
def scans() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2, 1, 256, 256), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "resnet18.tv_in1k"])
def test_its_input_is_the_one_that_timm_says(name: str, scans: torch.Tensor) -> None:
    network = build(name)
    published = timm.get_pretrained_cfg(name).to_dict()
    data = timm.data.resolve_data_config(pretrained_cfg=published)
    images = network.preprocess(torch.full_like(scans, 51))
    assert images.shape == (2, *data["input_size"])
    wanted = (0.2 - torch.tensor(data["mean"])) / torch.tensor(data["std"])
    torch.testing.assert_close(images[0, :, 5, 5], wanted)
    assert network.preprocess.interpolation == data["interpolation"]


def test_it_is_timm_s_network_under_a_new_layer(scans: torch.Tensor) -> None:
    network = build("test_resnet").eval()
    plain = timm.create_model("test_resnet", num_classes=0).eval()
    plain.load_state_dict(network.backbone.state_dict())
    with torch.no_grad():
        pooled = plain(network.preprocess(scans))
        torch.testing.assert_close(network(scans), network.head(pooled))


@pytest.mark.parametrize(
    ("name", "options", "axes"),
    [
        ("test_vit", {"input_size": 160}, 3),
        ("swin_tiny_patch4_window7_224", {"input_size": 224}, 4),  # channels last inside
    ],
)
def test_maps_and_tokens(
    name: str, options: dict[str, Any], axes: int, scans: torch.Tensor
) -> None:
    network = build(name, **options).eval()
    with torch.no_grad():
        features = network.forward_features(scans[:1])
        assert features.ndim == axes
        assert network.pool_features(features).shape == (1, network.head[1].in_features)
    if axes == 4:
        assert gradcam(network, scans[:1], torch.tensor([1])).shape == (1, 256, 256)
    else:
        with pytest.raises(ConfigError, match=f"feature maps, which {name} does not have"):
            gradcam(network, scans[:1], torch.tensor([1]))


@pytest.mark.parametrize("in_chans", [1, 3])
@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_weights_from_a_file(tmp_path: Path, in_chans: int, ending: str) -> None:
    torch.manual_seed(1)
    published = timm.create_model("test_resnet")  # with its classifier, on colours
    file = tmp_path / f"weights.{ending}"
    if ending == "pth":
        torch.save(published.state_dict(), file)
    else:
        safetensors.save_file(published.state_dict(), file)
    network = build("test_resnet", in_chans=in_chans)
    network.load_pretrained(str(file))
    first, colour = network.backbone.conv1[0].weight, published.conv1[0].weight
    torch.testing.assert_close(first, colour if in_chans == 3 else colour.sum(1, keepdim=True))
    torch.testing.assert_close(
        network.backbone.state_dict()["layer4.0.conv1.weight"],
        published.state_dict()["layer4.0.conv1.weight"],
    )


def test_weights_that_do_not_fit_or_are_not_there(tmp_path: Path) -> None:
    other = tmp_path / "other.pth"
    torch.save(timm.create_model("test_efficientnet").state_dict(), other)
    network = build("test_resnet")
    with pytest.raises(WeightsError, match=r"keys of timm\.create_model\('test_resnet'\)"):
        network.load_pretrained(str(other))
    with pytest.raises(WeightsError, match="There is no weights file"):
        network.load_pretrained(str(tmp_path / "none.pth"))


def test_weights_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route. And more.")

    network = build("test_resnet")
    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(WeightsError, match=r"weights of test_resnet \(no route\): connect to"):
        network.load_pretrained("imagenet")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"name": "resnet1"}, "'resnet1': did you mean resnet18"),
        ({"name": "resnet18.a9_in1k"}, r"did you mean .*resnet18"),
        ({"name": "hf-hub:timm/resnet18.a1_in1k"}, "model.name"),
        ({"name": "../resnet18"}, "model.name"),
        ({"name": "test_resnet", "unfreeze": 99}, "test_resnet has .* blocks"),
        ({"name": "test_resnet", "input_size": 0}, "model.input_size must be"),
        ({"name": "test_resnet", "in_chans": 2}, "model.in_chans must be 1 or 3"),
        (
            {"name": "test_resnet", "widht": 1},
            "model.widht is unknown, test_resnet does not",
        ),
        ({"name": "crossvit_9_240"}, "crossvit_9_240 does not take 240 x 240"),
    ],
)
def test_what_is_wrong_is_one_sentence(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        check_network({"_target_": TARGET, **options}, 4, 256)
    assert "\n" not in str(caught.value)


def test_without_timm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ConfigError, match=r'pip install "brain-tumor\[timm\]"'):
        build("test_resnet")


def test_its_pretrained_part_learns_slower() -> None:
    head, slow = build("test_resnet", unfreeze=2).parameter_groups(0.1)
    assert slow[LR_SCALE] == 0.1
    assert {tuple(one.shape) for one in head["params"]} == {(4, 96), (4,)}
