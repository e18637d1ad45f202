"""The traced graph gives what network, temperature and softmax give, for any number of scans."""

import pytest
import torch
from scipy.special import softmax
from torch import nn

from brain_tumor.export.graph import Deployed
from brain_tumor.models.registry import build_network


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gbmnet", {"width": 8, "head": "gap"}),
        ("mobilenetv2", {"input_size": 64}),
        ("resnet18", {"input_size": 64}),
    ],
)
def test_the_traced_graph_gives_what_the_network_gives(name: str, options: dict[str, int]) -> None:
    generator = torch.Generator().manual_seed(5)
    network = build_network(3, name, **options).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # of a network that was trained
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
    scans = torch.randint(0, 256, (5, 1, 256, 256), dtype=torch.uint8, generator=generator)
    with torch.no_grad():
        expected = softmax(network(scans).double().numpy() / 0.4, axis=1)
        means = network.forward_features(scans).mean(dim=(2, 3))
    program = torch.export.export(
        Deployed(network, 0.4), (scans[:2],), dynamic_shapes=({0: torch.export.Dim("N")},)
    )
    if name != "resnet18":  # torchvision's stand beside each other, not in sequence
        assert not any("batch_norm" in str(node.target) for node in program.graph.nodes)
    for number in (1, 2, 5):
        found, features = program.module()(scans[:number])
        assert found.dtype == features.dtype == torch.float32
        assert abs(found.numpy() - expected[:number]).max() < 1e-5
        torch.testing.assert_close(features, means[:number])
