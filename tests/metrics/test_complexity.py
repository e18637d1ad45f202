import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
import torchvision
from torch import Tensor, nn

from brain_tumor.metrics.complexity import measure_complexity, seconds_per_scan
from brain_tumor.models.gbmnet import GBMnet
from brain_tumor.models.mobilenetv2 import GBMMobileNetV2net


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Beside other programs, two threads spend their time waiting for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Small(nn.Module):
    """Every kind of layer that the project's networks have, with sizes to count by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.depthwise = nn.Conv2d(6, 6, 3, stride=2, groups=6, bias=False)
        self.dropout = nn.Dropout(0.5)
        self.linear = nn.Linear(6, 4)
        self.convolution.bias.requires_grad_(False)

    def forward(self, scans: Tensor) -> Tensor:
        maps = self.norm(self.convolution(scans / 255)).relu_()
        return self.linear(self.dropout(self.depthwise(maps).mean(dim=(2, 3))))


def test_a_small_network_is_counted_as_by_hand() -> None:
    cost = measure_complexity(Small(), (1, 9, 11))
    # 60 in the convolution (its 6 biases are fixed), 12 in the norm, 54 depthwise, 28 linear.
    assert cost.parameters == 60 + 12 + 54 + 28
    assert cost.trained_parameters == cost.parameters - 6
    # 9 x 11 stays, then 4 x 5.
    assert cost.multiply_accumulates == 9 * 11 * 6 * 9 + 4 * 5 * 6 * 9 + 6 * 4
    # Kept for the backward pass: the scan as float32, what the norm was given, what the
    # rectifier gave (in place of what the norm gave), the mask and the result of the dropout.
    assert cost.activation_bytes == 4 * (99 + 6 * 99 + 6 * 99 + 6 + 6)


@contextmanager
def counted_by_hooks(network: nn.Module) -> Iterator[list[int]]:
    """Count multiplications by the shapes of every convolution and linear layer that runs."""
    counts: list[int] = []

    def convolution(layer: nn.Conv2d, _: object, made: Tensor) -> None:
        height, width = layer.kernel_size
        counts.append(made[0].numel() * layer.in_channels // layer.groups * height * width)

    def linear(layer: nn.Linear, _: object, made: Tensor) -> None:
        counts.append(made[0].numel() * layer.in_features)

    kinds = ((nn.Conv2d, convolution), (nn.Linear, linear))
    handles = [
        layer.register_forward_hook(hook)
        for layer in network.modules()
        for kind, hook in kinds
        if isinstance(layer, kind)
    ]
    yield counts
    for handle in handles:
        handle.remove()


class Published(nn.Module):
    """A network of torchvision's that takes bytes."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, scans: Tensor) -> Tensor:
        return self.network(scans.float() / 255)


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v2_x0_5"])
def test_multiplications_are_those_that_torchvision_publishes(name: str) -> None:
    network = Published(torchvision.models.get_model(name, weights=None))
    weights = torchvision.models.get_model_weights(name).DEFAULT
    cost = measure_complexity(network, (3, 224, 224))
    assert cost.parameters == weights.meta["num_params"]
    # Published in 10^9 with three decimals; torchvision calls a multiply-accumulate an operation.
    assert round(cost.multiply_accumulates / 1e9, 3) == weights.meta["_ops"]
    with counted_by_hooks(network) as counts, torch.no_grad():
        network.eval()(torch.zeros(1, 3, 224, 224, dtype=torch.uint8))
    assert cost.multiply_accumulates == sum(counts)


def test_the_project_s_networks_cost_what_their_sizes_say() -> None:
    gbmnet = measure_complexity(GBMnet(), (1, 256, 256))
    assert gbmnet.parameters == gbmnet.trained_parameters == 8_415_796
    sides, channels = (256, 128, 64, 32), ((1, 8), (8, 16), (16, 32), (32, 64))
    blocks = zip(sides, channels, strict=True)
    convolutions = sum(side**2 * 9 * before * after for side, (before, after) in blocks)
    assert gbmnet.multiply_accumulates == convolutions + 64 * 16 * 16 * 512 + 512 * 4

    mobilenet = measure_complexity(GBMMobileNetV2net(), (1, 256, 256))
    assert (mobilenet.parameters, mobilenet.trained_parameters) == (2_306_116, 82_244)
    # Another head than ImageNet's thousand classes on the features of the published network.
    features = 300_774_272 - 1280 * 1000
    assert mobilenet.multiply_accumulates == features + 1280 * 64 + 64 * 4


class Attention(nn.Module):
    def forward(self, scans: Tensor) -> Tensor:
        tokens = scans.flatten(2).float()
        return nn.functional.scaled_dot_product_attention(tokens, tokens, tokens).mean(dim=1)


def test_attention_is_two_matrix_products() -> None:
    # 3 tokens of 8 values: each with each, once for the weights and once for the sum.
    assert measure_complexity(Attention(), (3, 2, 4)).multiply_accumulates == 2 * 3 * 3 * 8


def test_what_is_frozen_is_not_kept() -> None:
    network = Small()
    whole = measure_complexity(network, (1, 8, 8)).activation_bytes
    for layer in (network.convolution, network.norm, network.depthwise):
        layer.requires_grad_(False)
    # The mask of the dropout is not needed either, as nothing before it is trained.
    assert measure_complexity(network, (1, 8, 8)).activation_bytes == 4 * 6 < whole


def test_the_network_and_the_random_numbers_stay_as_they_were() -> None:
    torch.manual_seed(3)
    network = Small().train()
    network.norm.eval()
    network(torch.zeros(2, 1, 8, 8, dtype=torch.uint8)).sum().backward()
    state = copy.deepcopy(network.state_dict())
    gradients = {name: p.grad for name, p in network.named_parameters()}
    copies = {name: None if g is None else g.clone() for name, g in gradients.items()}
    modes = [layer.training for layer in network.modules()]
    random = torch.get_rng_state()

    measure_complexity(network, (1, 8, 8))
    seconds_per_scan(network, (1, 8, 8), "cpu", repeats=3)

    torch.testing.assert_close(network.state_dict(), state, rtol=0, atol=0)
    assert [layer.training for layer in network.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random)
    for name, parameter in network.named_parameters():
        assert parameter.grad is gradients[name]
        if parameter.grad is not None:
            assert torch.equal(parameter.grad, copies[name])


class Slow(nn.Module):
    """Takes as many seconds of a clock of its own as it is told, and notes how it was called."""

    clock = 0.0
    takes: Iterator[float] = iter(())
    calls: list[tuple[int, bool, bool]] = []  # noqa: RUF012 (shared with copies, as is meant)

    def forward(self, scans: Tensor) -> Tensor:
        Slow.clock += next(Slow.takes)
        self.calls.append((len(scans), self.training, torch.is_inference_mode_enabled()))
        return scans


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    Slow.calls.clear()
    monkeypatch.setattr(time, "perf_counter", lambda: Slow.clock)
    return Slow()


def test_seconds_are_the_median_without_the_first_pass(slow: Slow) -> None:
    Slow.takes = iter([100.0, 0.1, 0.5, 0.2, 0.9, 200.0, 0.6, 3.0, 0.9, 0.9])
    seconds = seconds_per_scan(slow, (1, 2, 2), "cpu", batch_sizes=(1, 3), repeats=4, limit=9.0)
    assert seconds == pytest.approx({1: 0.35, 3: 0.3})
    assert Slow.calls == [(1, False, True)] * 5 + [(3, False, True)] * 5


def test_time_is_bounded_but_for_three_passes(slow: Slow) -> None:
    Slow.takes = iter([9.0] * 4)
    assert seconds_per_scan(slow, (1, 2, 2), "cpu", (2,), repeats=50) == {2: 4.5}
    Slow.takes = iter([9.0] + [0.3] * 4)
    assert seconds_per_scan(slow, (1, 2, 2), "cpu", (1,), repeats=50) == pytest.approx({1: 0.3})
