"""What a sweeper of Hydra gets from a job, such as one that searches."""

import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hydra.core.plugins import Plugins

from brain_tumor.cli import command
from brain_tumor.errors import ConfigError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.train import sweep_job
from brain_tumor.train.__main__ import main

LAUNCHER = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
SMALL = ["model.width=16", "trainer.max_epochs=1", "trainer=cpu", "evaluation.figures=false"]
SMALL += ["evaluation.resamples=100", "split=official", "split.validation_fraction=0.25"]


def test_it_gets_the_validation_score_and_nan_of_a_job_that_failed(
    phantom_root: Path, prepared: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[Any] = []
    # Hydra imports its plugins by itself: the class that a test would import is another one.
    launcher = Plugins.instance().class_name_to_class[LAUNCHER]
    launch = launcher.launch

    def watched(self: Any, *arguments: Any, **named: Any) -> Any:
        jobs = launch(self, *arguments, **named)
        got.extend(job.return_value for job in jobs)
        return jobs

    monkeypatch.setattr(launcher, "launch", watched)
    monkeypatch.setattr(command, "keep_freed_memory", lambda: None)
    monkeypatch.chdir(tmp_path)
    words = ["-m", *SMALL, "data.batch_size=16,0", "data=phantom", "data.source=folder"]
    words += [f"data.root={phantom_root}", f"data.prepared={prepared.folder.parent}"]
    words += [f"data.patients={phantom_root}/phantoms.csv"]
    monkeypatch.setattr(sys, "argv", ["train", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1  # for the job that failed
    (metrics,) = (tmp_path / "runs").glob("*/*/*/metrics.json")
    part = METRICS.read(RunFolder(metrics.parent)).parts["validation"]
    assert got[0] == part.value("balanced_accuracy")
    assert math.isnan(got[1])


def test_a_search_needs_a_validation_part(compose, monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(sweeper: str) -> None:
        runtime = SimpleNamespace(choices={"hydra/sweeper": sweeper})
        asked = SimpleNamespace(get=lambda: SimpleNamespace(runtime=runtime))
        monkeypatch.setattr(sweep_job, "HydraConfig", asked)

    chosen("optuna")
    with pytest.raises(ConfigError, match=r"hydra/sweeper=optuna .* split\.validation_fraction"):
        sweep_job.check_sweeper(compose("split=report"))
    sweep_job.check_sweeper(compose("split=official"))
    chosen("basic")
    sweep_job.check_sweeper(compose("split=report"))
