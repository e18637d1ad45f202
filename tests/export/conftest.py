"""One tiny trained run of each network, and the files that were made of them."""

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hydra
import pytest
from omegaconf import DictConfig

from brain_tumor.cli.command import conf_folder
from brain_tumor.export import comparison as measuring
from brain_tumor.export.comparison import ExportResult
from brain_tumor.export.export import export
from brain_tumor.train.train import train

ExportRun = Callable[..., ExportResult]
SMALL = (
    *("trainer.max_epochs=1", "data.batch_size=16", "evaluation.resamples=100", "logger=none"),
    *("evaluation.figures=false", "optimizer.lr=1e-3"),
)
OF = {
    # With a validation part, so that there is a temperature.
    "gbmnet": ("model.width=16", "split=official", "split.validation_fraction=0.25"),
    # Without: a temperature was never fitted.
    "mobilenetv2": (
        *("model=mobilenetv2", "model.weights=none", "model.input_size=64", "split=report"),
    ),
    **{
        name: (
            *("model=torchvision", f"model.name={name}", "model.weights=none"),
            *("model.input_size=64", "split=official", "split.validation_fraction=0.25"),
        )
        for name in ("resnet18", "efficientnet_b0")
    },
}


@pytest.fixture(scope="session")
def export_run() -> Iterator[ExportRun]:
    """Export a run as the command does, with little to calibrate by and one quick round."""

    def exported(run: Path, *overrides: str) -> ExportResult:
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            ours = [f"run={run}", "rounds=1", "calibration=16"]
            return export(hydra.compose("export", [*ours, *overrides]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "SETTLE_SECONDS", 0.0)
        yield exported


@pytest.fixture(scope="session")
def exports(
    compose_in: Callable[..., DictConfig],
    export_run: ExportRun,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Path]:
    """Train a network by its name, move its run, and export it in both formats; each once."""
    folder = tmp_path_factory.mktemp("exports")

    @functools.cache
    def moved(name: str) -> Path:
        train(compose_in(folder / "before" / name, *SMALL, *OF[name]))
        return Path(shutil.move(folder / "before" / name, folder / name))

    @functools.cache
    def exported(name: str) -> Path:
        run = moved(name)
        for form in ("onnx", "pt2"):
            export_run(run, f"format={form}", "overwrite=true")
        return run

    return exported


@pytest.fixture
def gbmnet(exports: Callable[[str], Path]) -> Path:
    """Give the exported run of GBMnet; it stays as it is."""
    return exports("gbmnet")
