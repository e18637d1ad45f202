"""What every command does with a network it does for each: ours, a library's, and a stranger's."""

import csv
import functools
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hydra
import pytest
import torch
from omegaconf import DictConfig, OmegaConf

from brain_tumor.config.arguments import plain_values
from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.config.network import check_network
from brain_tumor.errors import ConfigError, WeightsError
from brain_tumor.evaluate.evaluate import evaluate
from brain_tumor.export.export import export
from brain_tumor.export.graph import trace
from brain_tumor.models.gradcam import gradcam
from brain_tumor.models.network import Network
from brain_tumor.models.registry import build_network, network_names, with_defaults
from brain_tumor.predict.predict import predict
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.train.train import train
from brain_tumor.trained.network import open_trained
from brain_tumor.trust import trusting
from brain_tumor.tune.settings import study_settings

NETS = '''
from torch import Tensor, nn

from brain_tumor.models.network import Network
from brain_tumor.models.preprocess import UnitRange


class Own(Network):
    """Two strided convolutions."""

    def __init__(self, classes: int, width: int = 8) -> None:
        super().__init__()
        self.preprocess = UnitRange()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 8, stride=8), nn.ReLU(), nn.Conv2d(width, width, 3), nn.ReLU()
        )
        self.head = nn.Linear(width, classes)

    def forward_features(self, scans: Tensor) -> Tensor:
        return self.features(self.preprocess(scans))

    def forward_head(self, features: Tensor) -> Tensor:
        return self.head(self.pool_features(features))


class Plain(nn.Module):
    """Knows nothing of this package."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 8, stride=8), nn.BatchNorm2d(8), nn.ReLU(inplace=True)
        )
        self.fc = nn.Linear(8, num_classes)

    def forward(self, images):
        return self.fc(self.body(images).mean(dim=(2, 3)))
'''
TRUST = "trust=[strangers]"
NETWORKS: dict[str, tuple[str, ...]] = {
    "gbmnet": ("model=gbmnet", "model.width=16"),
    "mobilenetv2": ("model=mobilenetv2", "model.weights=none", "model.input_size=32"),
    "shufflenet_v2_x0_5": (
        *("model=torchvision", "model.name=shufflenet_v2_x0_5", "model.weights=none"),
        "model.input_size=64",
    ),
    "test_resnet": (
        *("model=timm", "model.name=test_resnet", "model.weights=none", "model.input_size=64"),
    ),
    "Own": ("model=own", "model._target_=strangers.nets.Own", TRUST),
    "Plain": ("model=own", "model._target_=strangers.nets.Plain", "model.input_size=64", TRUST),
}
STRANGERS = ("Own", "Plain")
SMALL = (
    *("trainer.max_epochs=1", "+trainer.limit_train_batches=1", "data.batch_size=16"),
    *("evaluation.resamples=100", "evaluation.figures=false", "logger=none", "optimizer.lr=1e-3"),
    *("split=official", "split.validation_fraction=0.25"),
)
LONG = ("mobilenetv2", "shufflenet_v2_x0_5")  # many layers; other tests train them, too
every = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in NETWORKS],
)


@pytest.fixture(scope="module", autouse=True)
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Put the strangers' package beside the user, who trusts it."""
    place = tmp_path_factory.mktemp("project")
    (place / "strangers").mkdir()
    (place / "strangers" / "nets.py").write_text(NETS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(place))
        with trusting(["strangers"]):
            yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "strangers"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def run_of(
    compose_in: Callable[..., DictConfig], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Train a network by its name for a step; once."""
    folder = tmp_path_factory.mktemp("networks")

    @functools.cache
    def trained(name: str) -> Path:
        train(compose_in(folder / name, *SMALL, *NETWORKS[name]))
        return folder / name

    return trained


def composed(command: str, *overrides: str) -> DictConfig:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return hydra.compose(command, overrides)


def drawn(scans: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (scans, 1, 256, 256), dtype=torch.uint8, generator=generator)


def options_of(name: str) -> dict[str, Any]:
    """Give a network's options as a run's checkpoint keeps them."""
    model = plain_values(composed("train", *NETWORKS[name]).model)
    return {key: value for key, value in model.items() if key != "weights" and value is not None}


@every
def test_it_trains_and_scores_the_same_again(run_of: Callable[[str], Path], name: str) -> None:
    run = run_of(name)
    record = json.loads((run / "run.json").read_text())
    network = load_classifier(run / "checkpoints" / record["scored"]).network
    assert network.name == name
    assert json.loads((run / "complexity.json").read_text())["parameters"] == sum(
        one.numel() for one in network.parameters()
    )
    assert network.describe() in (run / "MODEL_CARD.md").read_text().replace("\\", "")
    metrics = (run / "metrics.json").read_bytes()
    evaluate(composed("evaluate", f"run={run}", "accelerator=cpu", "evaluation.figures=false"))
    assert (run / "metrics.json").read_bytes() == metrics


@every
def test_it_is_resumed(compose, run_of: Callable[[str], Path], name: str, tmp_path: Path) -> None:
    run = Path(shutil.copytree(run_of(name), tmp_path / "again"))
    config = OmegaConf.load(run / "config.yaml")
    config.trainer.max_epochs = 2
    (run / "config.yaml").write_text(OmegaConf.to_yaml(config))
    train(compose(f"resume={run}", "allow_changes=true"))
    assert [row["epoch"] for row in csv.DictReader((run / "metrics.csv").open())] == ["1", "2"]


@every
def test_it_predicts_and_explains(
    run_of: Callable[[str], Path], phantom_root: Path, tmp_path: Path, name: str
) -> None:
    scan = sorted(phantom_root.rglob("*.png"))[0]
    words = (f"run={run_of(name)}", f"input={scan}", f"overlays={tmp_path / 'overlays'}")
    outcome = predict(composed("predict", *words, "accelerator=cpu"))
    assert outcome.predicted == 1
    assert len(list((tmp_path / "overlays").iterdir())) == 1
    network = open_trained(run_of(name)).network
    cam = gradcam(network, drawn(2), torch.tensor([0, 1]))
    assert cam.shape == (2, 256, 256)
    assert {float(one) for one in cam.amax(dim=(1, 2))} <= {0.0, 1.0}


@every
def test_its_graph_says_what_it_says(run_of: Callable[[str], Path], name: str) -> None:
    trained, scans = open_trained(run_of(name)), drawn(3)
    probabilities, features = trace(trained).module()(scans)
    with torch.no_grad():
        logits = trained.network(scans) / (trained.chosen.temperature or 1.0)
        pooled = trained.network.pool_features(trained.network.forward_features(scans))
    torch.testing.assert_close(probabilities, logits.softmax(1), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(features, pooled, atol=1e-4, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["onnx", "pt2"])
@every
def test_it_is_exported(
    run_of: Callable[[str], Path], tmp_path: Path, name: str, form: str
) -> None:
    place = tmp_path / f"{name}.{form}"  # kept only if it says what the checkpoint says
    export(composed("export", f"run={run_of(name)}", f"format={form}", f"path={place}", "rounds=1"))
    assert place.is_file()


@every
def test_a_study_of_it_can_begin(compose, name: str) -> None:
    own = tuple(word for word in NETWORKS[name] if word != "model.width=16")
    settings = study_settings(
        compose(*SMALL, *own, "study.folder=none", "callbacks=default", name="tune")
    )
    assert "optimizer.lr" in settings.space


@pytest.mark.parametrize("name", ["mobilenetv2", "test_resnet", "Plain"])
def test_its_last_blocks_alone_are_trained(name: str) -> None:
    network = build_network(3, **options_of(name) | {"unfreeze": 1}).train()
    before = {key: one.clone() for key, one in network.state_dict().items()}
    parts = [part.state_dict().values() for part in network.frozen_parts()]
    frozen = {one.data_ptr() for part in parts for one in part}
    optimizer = torch.optim.SGD([one for one in network.parameters() if one.requires_grad], lr=1.0)
    network(drawn(2)).square().sum().backward()
    optimizer.step()
    after = network.state_dict()
    moved = {one.data_ptr() for key, one in after.items() if not one.equal(before[key])}
    assert frozen
    assert moved
    assert not moved & frozen


@every
def test_a_checkpoint_keeps_what_its_weights_decide(run_of, name: str) -> None:
    run = run_of(name)
    content = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    kept = content["hyper_parameters"]["network"]
    assert kept["name"] == name
    assert kept == with_defaults(options_of(name))


@pytest.mark.parametrize("name", STRANGERS)
def test_a_checkpoint_of_others_says_what_to_type(
    run_of, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(name)
    monkeypatch.setattr("brain_tumor.trust._trusted", ())
    words = (f"run={run}", "accelerator=cpu")
    for ask in (
        lambda: evaluate(composed("evaluate", *words)),
        lambda: predict(composed("predict", *words, f"input={conf_folder() / 'train.yaml'}")),
        lambda: export(composed("export", f"run={run}")),
    ):
        with pytest.raises(
            WeightsError,
            match=r"of strangers\.nets\.\w+, code of others, .*add "
            r"trust=\[strangers\]\.$",
        ):
            ask()


@pytest.mark.slow
@pytest.mark.parametrize("name", network_names())
def test_every_registered_network_keeps_the_contract(name: str) -> None:
    options = {} if name in ("gbmnet", "mobilenetv2") else {"input_size": 96}
    if name.startswith(("maxvit", "vit")):  # their windows and positions fit no other size
        options = {"input_size": 224}
    try:
        check_network({"name": name, **options}, 3, 256)
    except ConfigError as error:  # those that end in no maps say so
        assert "does not end in feature maps" in str(error) or "cannot be taken apart" in str(error)
        return
    network = build_network(3, name, **options).eval()
    assert isinstance(network, Network)
    assert gradcam(network, drawn(1), torch.tensor([2])).shape == (1, 256, 256)
