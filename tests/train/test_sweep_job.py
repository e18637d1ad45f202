"""Which earlier runs a sweep's job takes for its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf, open_dict

from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.provenance import installed, provenance
from brain_tumor.runs.results.run import RUN, ParameterCounts, RunData, RunRecord
from brain_tumor.train.sweep_job import find_earlier

# What configurations of 0.6 did not have.
LATER = ("data.names", "data.sampler", "data.healthy", "augment.per_batch", "loss", "trust")
LATER += ("verbose",)
Plant = Callable[..., RunFolder]


@pytest.fixture
def plant(compose_in: Callable[..., DictConfig], prepared: PreparedSet, tmp_path: Path) -> Plant:
    """Write a finished run of version 0.6 into an earlier sweep."""

    def planted(version: str | None, *overrides: str) -> RunFolder:
        run = RunFolder(tmp_path / "runs" / "custom" / "sweep-earlier" / "0")
        config = compose_in(run.path, f"runs={tmp_path / 'runs'}", *overrides)
        with open_dict(config):
            for key in LATER:
                parent, _, name = key.rpartition(".")
                del (OmegaConf.select(config, parent) if parent else config)[name]
            config.augment._target_ = "brain_tumor.data.augment.BatchAugment"
        run.create()
        run.write_config(config)
        record = RunRecord(
            **vars(provenance()) | {"versions": {"brain-tumor": version}},
            started="2026-01-01T00:00:00+00:00",
            device="CPU",
            threads=1,
            seed=config.seed,
            data=RunData("phantom", prepared.fingerprint, str(prepared.folder)),
            parameters=ParameterCounts(1, 1),
            fingerprint="of another form",
            status="finished",
        )
        RUN.write(run, record)
        (run.path / "metrics.json").write_text("{}")
        return run

    return planted


def test_a_run_of_an_earlier_version_of_the_configuration_is_found(
    plant: Plant, compose_in: Callable[..., DictConfig], tmp_path: Path
) -> None:
    run = plant(installed("brain-tumor"))
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
    plant(installed("brain-tumor"))
    assert find_earlier(compose_in(tmp_path / "new", f"runs={tmp_path / 'runs'}", *words)) is None


@pytest.mark.parametrize("version", [None, "0.5.0"])
def test_another_package_may_come_to_other_numbers(
    plant: Plant, compose_in: Callable[..., DictConfig], tmp_path: Path, version: str | None
) -> None:
    plant(version)
    assert find_earlier(compose_in(tmp_path / "new", f"runs={tmp_path / 'runs'}")) is None
