"""Architectures of torchvision, cut at their last feature maps."""

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models import get_model, get_model_weights

from brain_tumor.errors import ConfigError, WeightsError
from brain_tumor.models.adapters.torchvision_net import ARCHITECTURES, TorchvisionNet
from brain_tumor.models.registry import build_network, with_defaults

# One of each family that is quick to build.
FAMILIES = (
    *("resnet18", "efficientnet_b0", "convnext_tiny", "densenet121", "shufflenet_v2_x0_5"),
    *("mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small", "regnet_y_400mf", "googlenet", "swin_t"),
)


@pytest.fixture
def scans() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2, 1, 256, 256), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("name", FAMILIES)
def test_it_can_be_built_without_memory(name: str, scans: torch.Tensor) -> None:
    with torch.device("meta"):
        network = build_network(4, name, unfreeze=1).train()
        assert network(torch.zeros((2, 1, 256, 256), dtype=torch.uint8)).shape == (2, 4)
    assert all(parameter.is_meta for parameter in network.parameters())
    trained = {key for key, value in network.named_parameters() if value.requires_grad}
    assert {"head.1.weight", "head.1.bias"} < trained
    assert len(network.frozen_blocks) > 0


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "densenet121"])
def test_its_maps_are_torchvision_s(
    name: str, scans: torch.Tensor, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a head of its own, torchvision's whole network gives what ours gives."""
    torch.manual_seed(0)
    whole = get_model(name, weights=None).eval()
    torch.save(whole.state_dict(), tmp_path / "weights.pth")
    ours = build_network(4, name, dropout=0.0, input_size=96).eval()
    ours.load_pretrained(str(tmp_path / "weights.pth"))
    if hasattr(whole, "fc"):
        whole.fc = ours.head[1]
    else:
        whole.classifier = ours.head[1]
    with torch.no_grad():
        torch.testing.assert_close(ours(scans), whole(ours.preprocess(scans)))


def test_frozen_blocks_neither_learn_nor_count(scans: torch.Tensor) -> None:
    network = build_network(4, "resnet18", unfreeze=2, dropout=0.0, input_size=64).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    nn.functional.cross_entropy(network(scans), torch.tensor([0, 3])).backward()
    optimizer.step()
    moved = {key for key, value in network.state_dict().items() if not value.equal(before[key])}
    assert moved
    assert {key.split(".")[1] for key in moved if key.startswith("backbone")} == {"layer4"}
    # All residual blocks of layer4 are two.
    assert network.frozen_blocks[-2:] == ["layer3.0", "layer3.1"]


def test_nothing_but_the_head_is_trained_where_no_block_is(scans: torch.Tensor) -> None:
    network = build_network(4, "convnext_tiny", unfreeze=0).train()
    trained = {key for key, value in network.named_parameters() if value.requires_grad}
    assert trained == {"head.1.weight", "head.1.bias"}


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b3", "swin_v2_t"])
def test_its_input_is_that_of_the_weights(name: str, scans: torch.Tensor) -> None:
    preset = get_model_weights(name).DEFAULT.transforms()
    assert with_defaults({"name": name, "input_size": None, "unfreeze": 3}) == {
        "name": name,
        "unfreeze": 3,
        "input_size": preset.crop_size[0],
        "input_mean": preset.mean,
        "input_std": preset.std,
    }
    assert with_defaults({"name": name, "input_size": 64})["input_size"] == 64


@pytest.mark.parametrize("name", ["vit_b_16", "squeezenet1_0"])
def test_what_has_no_maps_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="does not end in feature maps"):
        build_network(4, name)


def test_more_blocks_than_there_are_is_refused() -> None:
    with pytest.raises(ConfigError, match="resnet18 has 10 blocks"):
        build_network(4, "resnet18", unfreeze=11)


def test_weights_of_another_architecture_are_named(tmp_path) -> None:
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), tmp_path / "w.pth")
    name = "mobilenet_v3_small"
    network = TorchvisionNet(4, name, **TorchvisionNet.default_options(name))
    with pytest.raises(WeightsError, match=r"keys of torchvision.models.mobilenet_v3_small"):
        network.load_pretrained(str(tmp_path / "w.pth"))


def test_its_own_networks_are_no_architectures() -> None:
    assert not {"gbmnet", "mobilenetv2"} & set(ARCHITECTURES)


def test_it_runs_as_configured(compose) -> None:
    from brain_tumor.train.check_config import check_training

    check_training(compose("model=torchvision", "model.name=resnet18", "model.weights=none"))
    with pytest.raises(ConfigError, match="did you mean resnet18"):
        check_training(compose("model=torchvision", "model.name=resnet1", "model.weights=none"))


def test_blocks_that_are_trained_are_in_training_mode() -> None:
    network = build_network(2, "resnet18", input_size=64, unfreeze=1)
    scans = torch.randint(0, 256, (4, 1, 256, 256), dtype=torch.uint8)
    before = {name: value.clone() for name, value in network.named_buffers()}
    network(scans)  # as Lightning finds it: it keeps the modes that a network was built with
    moved = {
        name.rsplit(".", 1)[0]
        for name, value in network.named_buffers()
        if name.endswith("running_mean") and not torch.equal(value, before[name])
    }
    assert moved and all("layer4.1" in name for name in moved)
