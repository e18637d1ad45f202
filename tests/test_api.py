"""The commands from Python, as someone types them into a notebook."""

import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.version import VersionBase
from omegaconf import OmegaConf

import brain_tumor
from brain_tumor import BrainTumorError, Run
from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.train.train import train

COMMANDS = ("audit", "compare", "evaluate", "predict", "prepare", "train")
SMALL = [
    *("model.width=16", "callbacks.sheet.scans=2"),
    *("evaluation.resamples=100", "evaluation.figures=false"),
]


@pytest.fixture
def ours(phantom_root: Path, prepared: PreparedSet) -> list[str]:
    """Give the words that name the session's phantoms."""
    return [
        "data.source=folder",
        f"data.root={phantom_root}",
        f"data.prepared={prepared.folder.parent}",
        "data.name=phantom",
        f"data.patients={phantom_root / 'phantoms.csv'}",
    ]


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert not HydraConfig.initialized()


def trained(ours: list[str], **named: object) -> Run:
    return brain_tumor.train(
        model="gbmnet", max_epochs=1, device="cpu", overrides=[*ours, *SMALL], **named
    )


def test_dir_lists_what_there_is() -> None:
    assert {*COMMANDS, "load_classifier", "Run"} <= set(dir(brain_tumor))
    assert set(brain_tumor.__all__) <= set(dir(brain_tumor))


def test_importing_waits_for_nothing() -> None:
    run = "import sys, brain_tumor; dir(brain_tumor); brain_tumor.train; print(*sys.modules)"
    python = [sys.executable, "-c", run]
    shown = subprocess.run(python, capture_output=True, text=True, check=True).stdout
    assert not set(shown.split()) & {"torch", "hydra", "omegaconf", "numpy", "rich"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_a_documented_function_and_still_its_folder(name: str) -> None:
    function = getattr(brain_tumor.api, name)
    command = getattr(brain_tumor, name)
    assert command.__doc__ == function.__doc__
    assert "BrainTumorError" in command.__doc__
    assert inspect.signature(command) == inspect.signature(function)
    assert command is sys.modules[f"brain_tumor.{name}"]


def test_a_run_is_trained_scored_and_used_twice_in_a_process(
    ours: list[str], phantom_root: Path
) -> None:
    first, second = trained(ours, seed=1), trained(ours, seed=2, lr=1e-4)
    assert first.folder.parent == second.folder.parent == Path.cwd() / "runs" / "custom" / "gbmnet"
    assert first.folder != second.folder
    config = OmegaConf.load(second.folder / "config.yaml")
    assert (config.seed, config.optimizer.lr, config.trainer.max_epochs) == (2, 1e-4, 1)
    assert METRICS.to_plain(first.metrics) == json.loads(
        (first.folder / "metrics.json").read_text()
    )
    scan = next((phantom_root / "Testing" / "glioma").iterdir())
    one = first.predict(scan)
    assert one.label in first.classifier.classes
    both = first.predict([scan, scan.read_bytes()])
    # In a batch of two, sums are made in another order.
    assert both[1].probabilities == pytest.approx(one.probabilities, abs=1e-6)
    again = brain_tumor.evaluate("last", device="cpu")
    assert METRICS.to_plain(again) == METRICS.to_plain(second.metrics)
    out = brain_tumor.predict(second, scan.parent, overrides=["shown=1"], output="said.csv")
    assert len(out.predictions) == len(list(scan.parent.iterdir())) > 1
    assert Path("said.csv").is_file()
    found = brain_tumor.compare([first, second.folder], overrides=["evaluation.resamples=100"])
    assert len(found.settings) == 2


def test_a_run_with_a_network_of_the_users_is_used_without_saying_trust_again(
    ours: list[str], phantom_root: Path
) -> None:
    Path("its_nets.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, classes: int) -> None:\n"
        "        super().__init__()\n"
        "        self.all = nn.Conv2d(1, classes, 8, stride=8)\n"
        "    def forward(self, scans):\n"
        "        return self.all(scans).mean((2, 3))\n"
    )
    words = ["model=own", "model._target_=its_nets.Net", "trust=[its_nets]", *ours, *SMALL[1:]]
    run = brain_tumor.train(max_epochs=1, device="cpu", overrides=words)
    scan = next((phantom_root / "Testing" / "glioma").iterdir())
    assert run.predict(scan).label == brain_tumor.predict(run, scan).predictions[0].label
    assert METRICS.to_plain(brain_tumor.evaluate(run)) == METRICS.to_plain(run.metrics)
    with pytest.raises(brain_tumor.BrainTumorError, match=r"trust=\[its_nets\]"):
        Run(run.folder).predict(scan)  # a folder may be somebody else's


@pytest.mark.slow
def test_a_run_is_resumed_with_more_epochs(ours: list[str]) -> None:
    run = trained(ours)
    more = brain_tumor.train(resume=run.folder, max_epochs=2, overrides=["allow_changes=true"])
    assert more.folder == run.folder
    assert json.loads((run.folder / "run.json").read_text())["epochs"] == 2


def test_scans_are_prepared_and_audited(ours: list[str], prepared: PreparedSet) -> None:
    assert brain_tumor.prepare(overrides=ours).fingerprint == prepared.fingerprint
    found = brain_tumor.audit(overrides=[*ours, "report_seeds=1"])
    assert found.leakage
    assert list(Path("runs/audit").glob("*/audit.html"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: brain_tumor.train(model="gbmnt"), "did you mean gbmnet?"),
        (lambda: brain_tumor.train(batch_size=0), "data.batch_size must be"),
        (lambda: brain_tumor.train(overrides=["modle=gbmnet"]), "did you mean model?"),
        (lambda: brain_tumor.train(overrides=["seed=1,2"]), "seed"),
        (lambda: brain_tumor.train(overrides=["trainer=ddp"]), "python -m brain_tumor.train"),
        (lambda: brain_tumor.train(root="no [such] 'folder'/a=b"), "no [such] 'folder'/a=b"),
        (lambda: brain_tumor.evaluate("nowhere"), "nowhere"),
        (lambda: brain_tumor.evaluate("last"), "no finished run"),
        (lambda: brain_tumor.compare([]), "Nothing to compare"),
        (lambda: Run("nowhere").metrics, "nowhere"),
        (lambda: Run("nowhere").predict("scan.jpg"), "nowhere"),
    ],
)
def test_a_mistake_is_an_error_of_ours_and_leaves_nothing(
    call: Callable[[], object], message: str
) -> None:
    with pytest.raises(BrainTumorError) as raised:
        call()
    assert message in str(raised.value)
    assert list(Path.cwd().iterdir()) == []


def test_a_composed_configuration_without_a_job_is_told_what_it_lacks() -> None:
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("train", ["data=phantom"])
    with pytest.raises(BrainTumorError, match="run_folder=FOLDER"):
        train(config)


def test_hydra_of_the_caller_is_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "train.yaml").write_text("mine: 1\n")
    with hydra.initialize_config_dir(str(tmp_path / "conf"), version_base="1.2"):
        config = hydra.compose("train", return_hydra_config=True)
        HydraConfig.instance().set_config(config)
        outer, version = GlobalHydra.instance().hydra, VersionBase.instance().getbase()
        with pytest.raises(BrainTumorError, match="nowhere"):
            brain_tumor.evaluate("nowhere")
        assert GlobalHydra.instance().hydra is outer
        assert VersionBase.instance().getbase() == version
        assert HydraConfig.get().job.config_name == "train"
        assert hydra.compose("train").mine == 1
    HydraConfig.instance().cfg = None
