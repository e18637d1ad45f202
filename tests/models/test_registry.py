import copy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from brain_tumor.errors import ConfigError, WeightsError
from brain_tumor.models.gbmnet import GBMnet
from brain_tumor.models.mobilenetv2 import IMAGENET_MEAN, IMAGENET_STD, GBMMobileNetV2net
from brain_tumor.models.preprocess import ImageNetInput
from brain_tumor.models.registry import build_network

NETWORKS = ("gbmnet", "mobilenetv2")


def parameters(network: nn.Module) -> tuple[int, int]:
    every = list(network.parameters())
    return sum(p.numel() for p in every), sum(p.numel() for p in every if p.requires_grad)


@pytest.fixture(scope="module")
def scans() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, 1, 256, 256), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize(("width", "count"), [(512, 8_415_796), (256, 4_220_212), (64, 1_073_524)])
def test_gbmnet_has_its_parameters(width: int, count: int) -> None:
    # 24,624 in the blocks; 16,384 x width + width; width x 4 + 4.
    assert 24_624 + 16_384 * width + width + 4 * width + 4 == count
    assert parameters(GBMnet(width=width)) == (count, count)


def test_gbmnet_with_pooled_maps_is_the_same_network_on_their_means(scans: torch.Tensor) -> None:
    network = GBMnet(head="gap").eval()
    assert 24_624 + 64 * 512 + 512 + 4 * 512 + 4 == 59_956
    assert parameters(network) == (59_956, 59_956)
    with torch.no_grad():
        means = network.features(network.preprocess(scans)).mean(dim=(2, 3))
        torch.testing.assert_close(network.head[2:](means), network(scans))


def test_gbmnet_s_head_is_the_report_s_where_none_is_named() -> None:
    networks = []
    for options in ({}, {"head": "flatten"}):
        torch.manual_seed(0)
        networks.append(build_network(4, "gbmnet", **options).state_dict())
    first, second = networks
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert [key for key in first if key.startswith("head")] == [
        *("head.1.weight", "head.1.bias", "head.4.weight", "head.4.bias")
    ]


def test_mobilenetv2_has_its_parameters() -> None:
    assert parameters(GBMMobileNetV2net()) == (2_306_116, 82_244)


def test_gbmnet_s_blocks_are_the_report_s() -> None:
    layers = [type(m).__name__ for m in GBMnet().modules() if not list(m.children())]
    block = ["Conv2d", "BatchNorm2d", "MaxPool2d", "ReLU"]
    assert layers == ["UnitRange", *block * 4, "Flatten", "Linear", "ReLU", "Dropout", "Linear"]
    convolutions = [m for m in GBMnet().modules() if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in convolutions] == [8, 16, 32, 64]
    assert {(m.kernel_size, m.stride, m.padding) for m in convolutions} == {
        ((3, 3), (1, 1), (1, 1))
    }


def test_gbmnet_is_the_network_in_the_report_s_order(scans: torch.Tensor) -> None:
    # In double precision, where no rounding decides which of four pixels is the largest.
    torch.manual_seed(0)
    network = GBMnet(dropout=0.0).double().train()
    plain, labels = copy.deepcopy(network), torch.tensor([0, 1, 3])
    images = network.preprocess(scans).double()

    ours = network.head(network.features(images))
    theirs = images.contiguous()
    for convolution, norm, *_ in plain.features:
        theirs = F.max_pool2d(F.relu(norm(convolution(theirs))), 2)
    theirs = plain.head(theirs)
    torch.testing.assert_close(ours, theirs)

    for logits in (ours, theirs):
        F.cross_entropy(logits, labels).backward()
    for (name, mine), (_, other) in zip(
        network.named_parameters(), plain.named_parameters(), strict=True
    ):
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-9, rtol=1e-7, msg=name)


def test_pooling_before_relu_gives_the_same_bits() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn((2, 8, 64, 64), generator=generator).round(decimals=1)  # with ties
    before, after = maps.clone().requires_grad_(), maps.clone().requires_grad_()
    weights = torch.randn((2, 8, 32, 32), generator=generator)
    pooled_last, pooled_first = F.max_pool2d(F.relu(before), 2), F.relu(F.max_pool2d(after, 2))
    assert torch.equal(pooled_last, pooled_first)
    (pooled_last * weights).sum().backward()
    (pooled_first * weights).sum().backward()
    assert before.grad is not None
    assert after.grad is not None
    assert torch.equal(before.grad, after.grad)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_cpu_gets_channels_side_by_side(name: str, scans: torch.Tensor) -> None:
    network = build_network(4, name).eval()
    layouts = set()
    for module in network.features.modules():
        if isinstance(module, nn.MaxPool2d):
            module.register_forward_hook(lambda _, given, made: layouts.add(made.stride(1)))
    images = network.preprocess(scans)
    with torch.no_grad():
        network(scans)
    assert images.stride(1) == 1
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert layouts <= {1}


@pytest.mark.parametrize("name", NETWORKS)
def test_uint8_and_float_scans_give_the_same_logits(name: str, scans: torch.Tensor) -> None:
    network = build_network(4, name).eval()
    with torch.no_grad():
        logits = network(scans)
        assert logits.shape == (3, 4)
        assert logits.dtype == torch.float32
        torch.testing.assert_close(network(scans.float()), logits)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_runs_in_double_precision(name: str, scans: torch.Tensor) -> None:
    network = build_network(4, name).eval()
    with torch.no_grad():
        single = network(scans)
        network.double()
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)  # as a Trainer of this precision does for a step
        try:
            double = network(scans)
        finally:
            torch.set_default_dtype(before)
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), single, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_trained_parameter_gets_a_gradient(name: str, scans: torch.Tensor) -> None:
    network = build_network(4, name, dropout=0.0).train()
    # Logits against different classes, so that no gradient cancels.
    nn.functional.cross_entropy(network(scans), torch.tensor([0, 1, 3])).backward()
    for key, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert parameter.grad.abs().sum() > 0, key
        else:
            assert parameter.grad is None, key


def test_frozen_features_stay_in_evaluation_mode() -> None:
    network = GBMMobileNetV2net().train()
    assert network.training
    assert network.head.training
    assert not any(module.training for module in network.features.modules())


@pytest.mark.parametrize(("unfreeze", "trained"), [(0, 0), (1, 1), (16, 16), ("all", 19)])
def test_the_last_blocks_of_mobilenetv2_can_be_trained(
    scans: torch.Tensor, unfreeze: int | str, trained: int
) -> None:
    torch.manual_seed(0)
    network = build_network(4, "mobilenetv2", unfreeze=unfreeze, dropout=0.0).train()
    frozen, free = network.features[: 19 - trained], network.features[19 - trained :]
    before = {key: value.clone() for key, value in network.state_dict().items()}
    F.cross_entropy(network(scans), torch.tensor([0, 1, 3])).backward()
    assert not any(module.training for module in frozen.modules() if module is not frozen)
    assert all(module.training for module in free.modules())
    assert all(parameter.grad is None for parameter in frozen.parameters())
    assert all(parameter.grad is not None for parameter in free.parameters())
    moved = {key for key, value in network.state_dict().items() if not value.equal(before[key])}
    statistics = {f"features.{key}" for key in free.state_dict() if "running" in key}
    assert {key for key in moved if "running" in key} == statistics


def test_free_statistics_follow_the_batches_as_in_a_network_without_gradients(
    scans: torch.Tensor,
) -> None:
    torch.manual_seed(0)
    network = build_network(4, "mobilenetv2", frozen_statistics=False, dropout=0.0).train()
    theirs = copy.deepcopy(network.features).train().requires_grad_(False)
    before = {key: value.clone() for key, value in network.features.state_dict().items()}
    images = network.preprocess(scans)
    with torch.no_grad():  # folded once, before the statistics move
        network.eval()(scans)
    network.train()
    for _ in range(2):
        torch.testing.assert_close(network.forward_features(scans), theirs(images))
    F.cross_entropy(network(scans), torch.tensor([0, 1, 3])).backward()
    theirs(images)
    torch.testing.assert_close(network.features.state_dict(), theirs.state_dict())
    after = network.features.state_dict()
    moved = {key for key in after if not torch.equal(after[key], before[key])}
    assert moved == {key for key in after if "running" in key or "batches" in key}
    assert all(parameter.grad is None for parameter in network.features.parameters())
    # What is scored and saved are the statistics that were followed.
    network.eval()
    with torch.no_grad():
        torch.testing.assert_close(
            network.forward_features(scans), theirs.eval()(images), atol=1e-4, rtol=1e-3
        )


def test_mobilenetv2_is_the_same_network_whatever_is_frozen(scans: torch.Tensor) -> None:
    frozen = build_network(4, "mobilenetv2").eval()
    for unfreeze in (5, "all"):
        free = build_network(4, "mobilenetv2", unfreeze=unfreeze).eval()
        free.load_state_dict(frozen.state_dict())
        with torch.no_grad():
            torch.testing.assert_close(free(scans), frozen(scans), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_its_maps_and_what_classifies_them(name: str, scans: torch.Tensor) -> None:
    network = build_network(4, name).eval()
    with torch.no_grad():
        maps = network.forward_features(scans)
        assert maps.ndim == 4
        assert torch.equal(network.forward_head(maps), network(scans))


def test_the_input_is_torchvision_s_preset(scans: torch.Tensor) -> None:
    ours = ImageNetInput(224, IMAGENET_MEAN, IMAGENET_STD)(scans)
    preset = torchvision.models.MobileNet_V2_Weights.IMAGENET1K_V1.transforms()
    assert (preset.mean, preset.std) == (list(IMAGENET_MEAN), list(IMAGENET_STD))
    unit = scans.expand(-1, 3, -1, -1).float() / 255
    resized = nn.functional.interpolate(unit, (224, 224), mode="bilinear")
    theirs = torchvision.transforms.functional.normalize(resized, preset.mean, preset.std)
    torch.testing.assert_close(ours, theirs)


def test_features_and_pooling_are_torchvision_s(scans: torch.Tensor, tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = torchvision.models.mobilenet_v2(weights=None).eval()
    torch.save(theirs.state_dict(), tmp_path / "weights.pth")
    ours = GBMMobileNetV2net().eval()
    ours.load_pretrained(str(tmp_path / "weights.pth"))
    theirs.classifier = ours.head
    with torch.no_grad():
        torch.testing.assert_close(ours(scans), theirs(ours.preprocess(scans)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no weights file"),
        (b"no checkpoint", "cannot be read"),
        ({"features.0.0.weight": torch.zeros(1)}, "do not fit"),
        ([1, 2], "no state_dict"),
    ],
)
def test_unusable_weights_are_named(tmp_path: Path, content: object, message: str) -> None:
    path = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(WeightsError, match=message):
        GBMMobileNetV2net().load_pretrained(str(path))


def test_imagenet_goes_through_torchvision_and_names_the_way_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = torchvision.models.MobileNet_V2_Weights
    state = torchvision.models.mobilenet_v2(weights=None).state_dict()
    # The class is an enum: patch the method that fetches.
    monkeypatch.setattr(weights, "get_state_dict", lambda self, **options: state)
    network = GBMMobileNetV2net()
    network.load_pretrained("imagenet")
    torch.testing.assert_close(network.features[0][0].weight, state["features.0.0.weight"])

    def refuse(self: object, **options: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(weights, "get_state_dict", refuse)
    with pytest.raises(WeightsError, match=r"model\.weights=PATH"):
        network.load_pretrained("imagenet")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnett", {}, "did you mean"),
        ("mobilenetv2", {"unfreeze": 20}, "MobileNetV2 has 19 blocks"),
        ("mobilenetv2", {"unfreeze": -1}, r"model\.unfreeze"),
        ("mobilenetv2", {"unfreeze": True}, r"model\.unfreeze"),
        ("gbmnet", {"width": 0}, r"model\.width"),
        ("gbmnet", {"width": "512"}, r"model\.width"),
        ("gbmnet", {"dropout": 1.0}, r"model\.dropout"),
        ("gbmnet", {"dropout": 10**400}, r"model\.dropout must be a number in .*: 10{59}\.\.\."),
        ("gbmnet", {"depth": 3}, "depth"),
        ("gbmnet", {"head": "gmp"}, r"model\.head must be flatten or gap: 'gmp'"),
        ("resnet18", {"architecture": "resnet50"}, r"model\.architecture is set by"),
        (
            "resnet18",
            {"input_size": 4096},
            r"model\.input_size must be a whole number in 1",
        ),
        ("mobilenetv2", {"input_std": [0.0, 1.0, 1.0]}, r"model\.input_std"),
    ],
)
def test_a_wrong_option_is_named(name: str, options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_network(4, name, **options)
