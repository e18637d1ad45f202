"""The contract of a network: what each of ours keeps, and what a new one has to bring."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import hydra
import pytest
import torch
from omegaconf import DictConfig
from torch import Tensor, nn

import brain_tumor.models
from brain_tumor.arguments import check_arguments
from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.errors import ConfigError
from brain_tumor.evaluate.evaluate import evaluate
from brain_tumor.export.graph import trace
from brain_tumor.models import registry
from brain_tumor.models.adapters.plain import PlainNetwork
from brain_tumor.models.gradcam import gradcam
from brain_tumor.models.network import LR_SCALE, Network
from brain_tumor.models.options import Width
from brain_tumor.models.registry import build_network, network_names, register, with_defaults
from brain_tumor.predict.model import open_model
from brain_tumor.predict.predict import predict
from brain_tumor.train.train import train
from brain_tumor.trained.abstention import Abstention
from brain_tumor.trained.network import open_trained

NETWORKS = ("gbmnet", "mobilenetv2", "resnet18")

STRIPES = '''
"""Stripes: a network that somebody adds."""

from typing import Literal

from torch import Tensor, nn

from brain_tumor.models.network import Network
from brain_tumor.models.options import Width
from brain_tumor.models.preprocess import UnitRange
from brain_tumor.models.registry import register


@register("stripes")
class Stripes(Network):
    """One strided convolution, trained from scratch.

    Further down stands what no card needs.
    """

    def __init__(
        self, classes: int, width: Width = 4, padding: Literal["zeros", "reflect"] = "zeros"
    ) -> None:
        super().__init__()
        self.preprocess = UnitRange()
        self.features = nn.Conv2d(1, width, 16, stride=16, padding=8, padding_mode=padding)
        self.head = nn.Linear(width, classes)

    def forward_features(self, scans: Tensor) -> Tensor:
        return self.features(self.preprocess(scans))

    def forward_head(self, features: Tensor) -> Tensor:
        return self.head(self.pool_features(features).relu())
'''
FLAT = '''
from torch import nn

from brain_tumor.models.registry import register


@register("flat")
class Flat(nn.Module):
    """A linear layer on coarse pixels."""

    def __init__(self, classes: int, side: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(side), nn.Flatten(), nn.Linear(side * side, classes)
        )

    def forward(self, images):
        assert images.is_floating_point()
        return self.layers(images)
'''
SMALL = (
    *("trainer.max_epochs=1", "+trainer.limit_train_batches=1", "logger=none"),
    *("evaluation.resamples=100", "evaluation.figures=false"),
)


def composed(command: str, *overrides: str) -> DictConfig:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return hydra.compose(command, ["accelerator=cpu", *overrides])


@pytest.fixture
def scans() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2, 1, 256, 256), dtype=torch.uint8, generator=generator)


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget after the test which networks it registered."""
    network_names()
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))


@pytest.fixture
def add(
    entries: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str, str], str]:
    """Add a network as its author does, by a file each in two folders; give what finds the YAML."""
    folders = tmp_path / "models", tmp_path / "conf"
    (folders[1] / "model").mkdir(parents=True)
    folders[0].mkdir()
    monkeypatch.setattr(
        brain_tumor.models, "__path__", [*brain_tumor.models.__path__, str(folders[0])]
    )

    def added(name: str, code: str, values: str) -> str:
        (folders[0] / f"{name}.py").write_text(code, encoding="utf-8")
        (folders[1] / "model" / f"{name}.yaml").write_text(values, encoding="utf-8")
        monkeypatch.delitem(sys.modules, f"brain_tumor.models.{name}", raising=False)
        return f"hydra.searchpath=[file://{folders[1]}]"

    return added


def test_a_new_network_is_two_files(
    add: Callable[[str, str, str], str],
    compose: Callable[..., DictConfig],
    tmp_path: Path,
    scans: Tensor,
) -> None:
    place = add("stripes", STRIPES, "name: stripes\nwidth: 3\npadding: reflect\n")
    run = tmp_path / "run"
    scores = train(compose(place, "model=stripes", *SMALL))
    assert 0 <= scores.parts["test"].value("accuracy") <= 1
    card = (run / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "- **Network**: Stripes: One strided convolution, trained from scratch\n" in card

    metrics = (run / "metrics.json").read_bytes()
    again = (f"data.prepared={tmp_path / 'prepared'}", "evaluation.resamples=100")
    evaluate(composed("evaluate", f"run={run}", *again))
    assert (run / "metrics.json").read_bytes() == metrics

    trained = open_trained(run)
    assert trained.network.name == trained.model == "stripes"
    assert trained.network.features.weight.shape == (3, 1, 16, 16)
    probabilities, features = trace(trained).module()(scans)
    assert probabilities.shape == (2, 4)
    assert features.shape == (2, 3)
    model = open_model(run, Abstention(0.05))
    assert model.cam is not None
    assert model.cam(scans[:, 0].numpy(), torch.tensor([0, 1]).numpy()).shape == (2, 256, 256)

    for wrong, message in {
        "model.width=0": r"model\.width must be a whole number in 1\.\.16384: 0",
        "model.padding=mirror": r"model\.padding must be zeros or reflect: 'mirror'",
        "+model.paddin=zeros": r"model\.paddin is unknown, stripes .*: did you mean model.padding",
        "+model.weights=none": "stripes has no pretrained part",
        "model.name=stripe": "'stripe': did you mean stripes",
    }.items():
        with pytest.raises(ConfigError, match=message):
            train(compose(place, "model=stripes", *SMALL, wrong, f"run_folder={tmp_path / 'b'}"))


def test_a_plain_module_is_a_network_without_maps(
    add: Callable[[str, str, str], str],
    compose: Callable[..., DictConfig],
    phantom_root: Path,
    tmp_path: Path,
) -> None:
    place = add("flat", FLAT, "name: flat\n")
    run = tmp_path / "run"
    train(compose(place, "model=flat", *SMALL))
    assert "Flat: A linear layer on coarse pixels" in (run / "MODEL_CARD.md").read_text()
    assert open_model(run, Abstention(0.05)).cam is None
    asked = (f"run={run}", f"input={phantom_root}", f"overlays={tmp_path / 'overlays'}")
    with pytest.raises(ConfigError, match=r"overlays need feature maps, which flat"):
        predict(composed("predict", *asked))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_keeps_the_contract(name: str, scans: Tensor) -> None:
    network = build_network(3, name).eval()
    assert isinstance(network, Network)
    assert network.name == name
    assert network.describe()
    assert "\n" not in network.describe()
    with torch.no_grad():
        features = network.forward_features(scans)
        assert (features.ndim == 4) == network.has_maps
        assert torch.equal(network.forward_head(features), network(scans))
        assert torch.equal(network.pool_features(features), features.mean(dim=(2, 3)))
    assert with_defaults({"name": name}) == {"name": name, **type(network).default_options(name)}


@pytest.mark.parametrize("name", ["mobilenetv2", "resnet18"])
def test_a_pretrained_part_learns_slower(name: str) -> None:
    network = build_network(3, name, unfreeze=2)
    head, slow = network.parameter_groups(0.1)
    assert slow[LR_SCALE] == 0.1
    assert LR_SCALE not in head
    part = {id(p) for p in network.pretrained_part().parameters()}
    assert {id(p) for p in slow["params"]} < part
    assert not {id(p) for p in head["params"]} & part
    trained = [p for p in network.parameters() if p.requires_grad]
    assert len(head["params"]) + len(slow["params"]) == len(trained)
    frozen = build_network(3, name, unfreeze=0)
    assert frozen.parameter_groups(0.1) == [p for p in frozen.parameters() if p.requires_grad]


class Partly(Network):
    """Has a frozen part with batch normalisation."""

    def __init__(self, frozen_statistics: bool) -> None:
        super().__init__()
        self.frozen_statistics = frozen_statistics
        self.backbone = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
        self.head = nn.Linear(2, 2)
        self.freeze()

    def frozen_parts(self) -> Sequence[nn.Module]:
        return [self.backbone]

    def forward_features(self, scans: Tensor) -> Tensor:
        return self.backbone(scans.float())

    def forward_head(self, features: Tensor) -> Tensor:
        return self.head(self.pool_features(features))


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_parts_neither_learn_nor_follow_the_batches(frozen: bool, scans: Tensor) -> None:
    network = Partly(frozen)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    for _ in range(2):
        network.train()(scans).sum().backward()
    moved = {key for key, value in network.state_dict().items() if not value.equal(before[key])}
    assert bool(moved) == (not frozen)
    assert all("running" in key or "batches" in key for key in moved)
    assert all(p.grad is None for p in network.backbone.parameters())
    assert all(p.grad is not None for p in network.head.parameters())
    assert not network.eval().head.training


class Parted(nn.Module):
    """As timm's networks are: parted like ours, without our base class."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 2, 32, stride=32)

    def forward_features(self, images: Tensor) -> Tensor:
        return self.layer(images)

    def forward_head(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images))


def test_a_plain_module_that_is_parted_has_maps(scans: Tensor) -> None:
    network = PlainNetwork(Parted()).eval()
    torch.testing.assert_close(network(scans), network.module(scans.float() / 255))
    assert gradcam(network, scans, torch.tensor([0, 1])).shape == (2, 256, 256)


def test_grad_cam_says_that_there_are_no_maps(scans: Tensor) -> None:
    network = PlainNetwork(nn.Sequential(nn.AvgPool2d(128), nn.Flatten())).eval()
    assert network(scans).shape == (2, 4)
    assert torch.equal(network.pool_features(network.forward_features(scans)), network(scans))
    with pytest.raises(ConfigError, match=r"needs feature maps, which PlainNetwork does not have"):
        gradcam(network, scans, torch.tensor([0, 1]))


def test_two_networks_cannot_have_one_name(entries: None) -> None:
    with pytest.raises(ValueError, match=r"Two networks are called gbmnet: .*GBMnet and .*Parted"):
        register("gbmnet")(Parted)


class Many(Network):
    """Takes options of every plain type."""

    def __init__(
        self,
        classes: int,
        sizes: Sequence[int],
        deep: bool = False,
        scale: float = 1.0,
        depth: int | None = None,
        width: Width = 3,
        kind: Literal["a", 2] = "a",
        act: "str | int" = "relu",
    ) -> None:
        super().__init__()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"model\.sizes is not given: add \+model\.sizes=VALUE"),
        ({"sizes": [1], "deep": 1}, r"model\.deep must be true or false: 1"),
        ({"sizes": [1], "scale": "x"}, r"model\.scale must be a number: 'x'"),
        ({"sizes": [1], "depth": 1.5}, r"model\.depth must be a whole number or null: 1\.5"),
        ({"sizes": [1], "width": True}, r"model\.width must be a whole number in 1\.\.16384: True"),
        ({"sizes": [1], "kind": "2"}, r"model\.kind must be a or 2: '2'"),
        ({"sizes": [1], "act": 1.5}, r"model\.act must be text or a whole number: 1\.5"),
        ({"sizes": [1], "classes": 9}, r"model\.classes is set by the program"),
    ],
)
def test_options_are_what_the_signature_says(entries: None, options: dict, message: str) -> None:
    register("many")(Many)
    with pytest.raises(ConfigError, match=message):
        check_arguments(Many, options, "model", ["classes"])
    built = build_network(3, "many", sizes=[1], deep=True, scale=2, depth=None, kind=2, act=1)
    assert isinstance(built, Many)
