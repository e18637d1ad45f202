"""What a module of torch does not say of itself has a default, or is said in the configuration."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from brain_tumor.config.network import check_network
from brain_tumor.errors import ConfigError, WeightsError
from brain_tumor.models.adapters.plain import PlainNetwork
from brain_tumor.models.gradcam import gradcam
from brain_tumor.models.registry import build_network
from brain_tumor.trust import trusting


class Coloured(nn.Module):
    """Takes three channels."""

    def __init__(self, num_classes: int, widths: tuple[int, ...] = (4, 6)) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, widths[0], 8, stride=8)
        self.second = nn.Conv2d(widths[0], widths[1], 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.fc = nn.Linear(widths[1], num_classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.act(self.second(self.act(self.first(images)))).mean(dim=(2, 3)))


class Fixed(nn.Module):
    """Has ten classes, whatever is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 10, 8, stride=8)

    def forward(self, images: Tensor) -> Tensor:
        return self.layer(images).mean(dim=(2, 3))


class Maps(Fixed):
    """Gives a number for each place."""

    def forward(self, images: Tensor) -> Tensor:
        return self.layer(images)


class Looking(Fixed):
    """Looks at its values, which hold nothing where there is no memory."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, classes, 8, stride=8)

    def forward(self, images: Tensor) -> Tensor:
        if float(images.max()) > 1:
            raise ValueError("not in 0-1")
        return super().forward(images)


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this file be a trusted module."""
    monkeypatch.setitem(sys.modules, "strangers", sys.modules[__name__])
    for made in (Coloured, Fixed, Maps, Looking):
        monkeypatch.setattr(made, "__module__", "strangers")
    monkeypatch.setattr("brain_tumor.trust.find_spec", lambda _: True)
    with trusting(["strangers"]):
        yield


@pytest.fixture
def scans() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2, 1, 256, 256), dtype=torch.uint8, generator=generator)


def options(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "_target_": f"strangers.{name}", **more}


def test_channels_are_those_of_the_first_convolution(scans: Tensor) -> None:
    network: Any = build_network(3, **options("Coloured")).eval()
    images = (scans / 255).expand(-1, 3, -1, -1)
    torch.testing.assert_close(network.preprocess(scans), images)
    torch.testing.assert_close(network(scans), network.module(images))


def test_size_and_normalisation_are_said_in_the_configuration(scans: Tensor) -> None:
    more = {"input_size": 64, "input_mean": [0.5, 0.4, 0.3], "input_std": [0.2, 0.2, 0.1]}
    network: Any = build_network(3, **options("Coloured", **more))
    found = network.preprocess(torch.full_like(scans, 255))
    assert found.shape == (2, 3, 64, 64)
    torch.testing.assert_close(found[0, :, 0, 0], torch.tensor([2.5, 3.0, 7.0]))


@pytest.mark.parametrize("layer", [None, "first", "act"])
def test_grad_cam_explains_a_layer(layer: str | None, scans: Tensor) -> None:
    torch.manual_seed(0)
    network: Any = build_network(3, **options("Coloured", cam_layer=layer)).eval()
    found = gradcam(network, scans, torch.tensor([0, 2]))
    # Without our hook: the module by hand, from its first convolution on.
    module, images = network.module, network.preprocess(scans)
    first = module.first(images)
    second = module.second(first.relu())
    maps = {None: second, "first": first, "act": second.relu()}[layer]
    logits = module.fc((maps if layer == "act" else second.relu()).mean(dim=(2, 3)))
    chosen = logits[[0, 1], [0, 2]].sum()
    (slopes,) = torch.autograd.grad(chosen, maps)
    wanted = nn.functional.interpolate(
        (slopes * maps).sum(1, keepdim=True).relu(), (256, 256), mode="bilinear"
    )[:, 0]
    most = wanted.amax(dim=(1, 2), keepdim=True)
    torch.testing.assert_close(found, (wanted / most).nan_to_num(), atol=1e-5, rtol=1e-4)
    assert all(one.grad is None for one in network.parameters())


def test_a_layer_without_maps_is_refused(scans: Tensor) -> None:
    network = build_network(3, **options("Coloured", cam_layer="fc")).eval()
    with pytest.raises(ConfigError, match=r"cam_layer is fc, which gives no maps"):
        gradcam(network, scans, torch.tensor([0, 1]))


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("Coloured", {"cam_layer": "secnd"}, "did you mean second"),
        ("Coloured", {"in_chans": 2}, "model.in_chans must be 1 or 3"),
        ("Coloured", {"in_chans": 1}, "does not take scans .*3 channels"),
        (
            "Coloured",
            {"width": 3},
            "model.width is unknown, Coloured .*: did you mean .model.widths",
        ),
        ("Coloured", {"widths": 3}, "model.widths must be a list"),
        ("Coloured", {"unfreeze": 9}, "Coloured has 3 blocks"),
        ("Fixed", {}, r"gives \(1, 10\) for a scan, where logits \(1, 4\) .* number of classes"),
        ("Maps", {"input_size": 64}, r"gives \(1, 10, 8, 8\) .* one number per class"),
        ("Coloured", {"in_chans": 1, "input_size": 64}, "does not take scans of 64 x 64 pixels"),
        ("Looking", {"input_mean": [-3, -3, -3]}, "does not take scans .*not in 0-1"),
    ],
)
def test_what_is_wrong_is_one_sentence(name: str, more: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        check_network(options(name, **more), 4, 256)
    assert "\n" not in str(caught.value)


def test_code_of_others_is_tried_with_memory() -> None:
    check_network(options("Looking"), 4, 256)


def test_weights_from_a_file_leave_a_last_layer_of_other_classes(tmp_path: Path) -> None:
    ten, file = Coloured(10), tmp_path / "weights.pth"
    torch.save(ten.state_dict(), file)
    network: Any = build_network(3, **options("Coloured"))
    network.load_pretrained(str(file))
    torch.testing.assert_close(network.module.second.weight, ten.second.weight)
    assert network.module.fc.weight.shape == (3, 6)
    torch.save(Coloured(10, (4, 5)).state_dict(), file)
    with pytest.raises(WeightsError, match="do not fit: give a state_dict with the keys of Colour"):
        network.load_pretrained(str(file))
    with pytest.raises(WeightsError, match="no weights are published"):
        network.load_pretrained("imagenet")


def test_its_docstring_describes_it() -> None:
    assert PlainNetwork(Fixed()).describe() == "Fixed: Has ten classes, whatever is asked for"
