import copy

import pytest
import torch
from torch import Tensor, nn

from brain_tumor.models.folding import FoldedFeatures
from brain_tumor.models.mobilenetv2 import GBMMobileNetV2net


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn((2, 3, 64, 64), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network() -> GBMMobileNetV2net:
    torch.manual_seed(0)
    network = GBMMobileNetV2net().eval()
    for module in network.features.modules():
        if isinstance(module, nn.BatchNorm2d):  # as if it had seen pictures
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network


def plain(network: GBMMobileNetV2net, images: Tensor) -> Tensor:
    with torch.no_grad():
        return network.features(images)


def test_folded_features_are_the_features(network: GBMMobileNetV2net, images: Tensor) -> None:
    ours, theirs = FoldedFeatures(network.features)(images), plain(network, images)
    assert theirs.std() > 0.01
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_no_batch_normalisation_runs(network: GBMMobileNetV2net, images: Tensor) -> None:
    ran = []
    hook = nn.modules.module.register_module_forward_hook(
        lambda module, given, made: ran.append(type(module))
    )
    try:
        network.pool(images[:, :1].abs() * 50)
    finally:
        hook.remove()
    assert nn.Conv2d in ran
    assert nn.BatchNorm2d not in ran


@pytest.mark.parametrize(
    "change",
    [
        lambda features: features[18][1].running_mean.add_(1.0),
        lambda features: features[18][0].weight.mul_(0.5),
        lambda features: features.load_state_dict(
            {name: value * 0.9 for name, value in features.state_dict().items()}
        ),
        lambda features: setattr(
            features[18][1], "bias", nn.Parameter(torch.ones(1280), requires_grad=False)
        ),
    ],
    ids=["statistics", "weights", "loaded", "replaced"],
)
def test_a_change_is_seen(network: GBMMobileNetV2net, images: Tensor, change) -> None:
    folded = FoldedFeatures(network.features)
    before = folded(images)
    with torch.no_grad():
        change(network.features)
    after = folded(images)
    assert not torch.allclose(before, after, atol=1e-3)
    torch.testing.assert_close(after, plain(network, images), atol=1e-4, rtol=1e-4)


def test_it_is_made_once(network: GBMMobileNetV2net, images: Tensor) -> None:
    folded = FoldedFeatures(network.features)
    folded(images)
    made = folded._folded
    with torch.inference_mode():
        folded(images)
    assert folded._folded is made


def test_made_in_inference_mode_it_serves_outside(
    network: GBMMobileNetV2net, images: Tensor
) -> None:
    folded = FoldedFeatures(network.features)
    with torch.inference_mode():
        inside = folded(images)
    assert not any(parameter.is_inference() for parameter in folded._folded.parameters())
    assert torch.equal(folded(images), inside)


def test_a_copied_network_has_features_of_its_own(
    network: GBMMobileNetV2net, images: Tensor
) -> None:
    scans = images[:, :1].abs() * 50
    before = network.pool(scans)
    copied = copy.deepcopy(network)
    with torch.no_grad():
        copied.features[18][0].weight.mul_(0.5)
    assert torch.equal(network.pool(scans), before)
    assert not torch.allclose(copied.pool(scans), before, atol=1e-3)


def test_it_adds_nothing_to_the_checkpoint(network: GBMMobileNetV2net, images: Tensor) -> None:
    before = list(network.state_dict())
    network.pool(images[:, :1].abs() * 50)
    assert list(network.state_dict()) == before
    assert sum(p.numel() for p in network.parameters()) == 2_306_116
