"""Which earlier runs a sweep's job takes for its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from brain_tumor.config.source import fill_classes
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.runs import identity
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.identity import run_fingerprint
from brain_tumor.runs.provenance import provenance
from brain_tumor.runs.results.run import RUN, ParameterCounts, RunData, RunRecord
from brain_tumor.train.sweep_job import find_earlier

Plant = Callable[..., RunFolder]


@pytest.fixture
def plant(compose_in: Callable[..., DictConfig], prepared: PreparedSet, tmp_path: Path) -> Plant:
    """Write a finished run into an earlier sweep."""

    def planted() -> RunFolder:
        run = RunFolder(tmp_path / "runs" / "custom" / "sweep-earlier" / "0")
        config = compose_in(run.path, f"runs={tmp_path / 'runs'}")
        fill_classes(config, "train")
        run.create()
        record = RunRecord(
            **vars(provenance()),
            started="2026-01-01T00:00:00+00:00",
            device="CPU",
            threads=1,
            seed=config.seed,
            data=RunData("phantom", prepared.fingerprint, str(prepared.folder)),
            parameters=ParameterCounts(1, 1),
            fingerprint=run_fingerprint(config),
            status="finished",
        )
        RUN.write(run, record)
        (run.path / "metrics.json").write_text("{}")
        return run

    return planted


def test_a_finished_run_of_the_same_configuration_is_found(
    plant: Plant, compose_in: Callable[..., DictConfig], tmp_path: Path
) -> None:
    run = plant()
    asked = compose_in(tmp_path / "new", f"runs={tmp_path / 'runs'}")
    assert find_earlier(asked) == (run, True)


@pytest.mark.parametrize(
    "words",
    [
        ["loss=focal"],
        ["loss.class_weights=balanced"],
        ["data.sampler=balanced"],
        ["augment.per_batch=true"],
        ["seed=1"],
        ["optimizer.lr=0.5"],
    ],
)
def test_another_setting_is_another_run(
    plant: Plant, compose_in: Callable[..., DictConfig], tmp_path: Path, words: list[str]
) -> None:
    plant()
    assert find_earlier(compose_in(tmp_path / "new", f"runs={tmp_path / 'runs'}", *words)) is None


def test_another_package_may_come_to_other_numbers(
    plant: Plant,
    compose_in: Callable[..., DictConfig],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant()
    monkeypatch.setattr(identity, "installed", lambda name: "another")
    assert find_earlier(compose_in(tmp_path / "new", f"runs={tmp_path / 'runs'}")) is None
