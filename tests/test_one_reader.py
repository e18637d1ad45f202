"""`predict`, `prepare`, `audit` and `evaluate data.root=` use the same files of a folder, alike."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytest
from conformance import folder_of
from scipy.special import softmax

from brain_tumor.audit.audit import audit
from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.data.prepared.manifest import UNUSABLE, read_manifest
from brain_tumor.evaluate.evaluate import evaluate
from brain_tumor.predict.predict import predict
from brain_tumor.prepare import prepare
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS

pytestmark = pytest.mark.slow
Reasons = dict[str, str]  # of every scan by name, empty where it can be used


def run_command(command: Callable[[Any], Any], name: str, *overrides: str) -> Any:
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return command(hydra.compose(name, list(overrides)))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def in_manifest(folder: Path) -> Reasons:
    rows = read_manifest(folder / "manifest.csv")
    return {row.path: row.reason if row.status == UNUSABLE else "" for row in rows}


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory, phantom_root: Path) -> Path:
    """Lay the files of packages into a class folder, and a few phantoms into another."""
    root = tmp_path_factory.mktemp("one") / "scans"
    shipped = {"pydicom": "data/test_files", "nibabel": ".", "matplotlib": "mpl-data"}
    shipped |= {"skimage": "data", "data_store": "."}  # these two are not part of the extra `test`
    for module, inside in shipped.items():
        folder = folder_of(module)
        if folder is None and module in ("pydicom", "nibabel"):
            pytest.skip(f"{module} is not installed")
        if folder is None:
            continue
        for path in sorted((folder / inside).rglob("*")):
            if (
                path.is_file()
                and {"data", "mpl-data"} & {*path.parts}
                and path.suffix not in (".py", ".pyc")
            ):
                place = root / "glioma" / module / path.relative_to(folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)
    (root / "notumor").mkdir()
    for path in sorted((phantom_root / "Training" / "notumor").iterdir())[:4]:
        shutil.copy(path, root / "notumor")
    return root


@pytest.fixture(scope="module")
def run(sweep: dict[float, Path]) -> Path:
    return sweep[1e-3]


@pytest.fixture(scope="module")
def predicted(scans: Path, run: Path) -> dict[str, dict[str, str]]:
    output = scans.parent / "out.csv"
    given = (f"run={run}", f"input={scans}", f"output={output}", "accelerator=cpu")
    run_command(predict, "predict", *given)
    return {str(Path(row["path"]).relative_to(scans)): row for row in rows_of(output)}


@pytest.fixture(scope="module")
def scored(scans: Path, run: Path) -> tuple[Reasons, dict[str, dict[str, str]]]:
    """Give what became of each file, and the row of each scored scan."""
    place = scans.parent / "scored"
    given = (f"run={run}", f"data.root={scans}", f"data.prepared={place}", "accelerator=cpu")
    run_command(evaluate, "evaluate", *given, "evaluation.figures=false")
    (folder,) = place.glob("external-scans-*")
    out = RunFolder(run).part("external", folder.name).path
    return in_manifest(folder), {row["path"]: row for row in rows_of(out / "predictions.csv")}


def test_the_files_hold_what_can_be_used_and_what_cannot(
    predicted: dict[str, dict[str, str]],
) -> None:
    reasons = [row["reason"] for row in predicted.values()]
    assert reasons.count("") > 100
    assert {reason.split(":")[0] for reason in reasons if reason} == {"undecodable", "blank"}
    assert any("nibabel" in name and not row["reason"] for name, row in predicted.items())
    assert any("#2" in name for name in predicted)


@pytest.mark.parametrize("name", ["prepare", "audit"])
def test_a_whole_set_s_manifest_says_of_each_file_what_predict_says(
    name: str, scans: Path, predicted: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    given = ["data=volumes", f"data.root={scans}", f"data.prepared={tmp_path / 'sets'}"]
    if name == "audit":
        run_command(audit, name, *given, f"folder={tmp_path / 'audit'}")
    else:
        run_command(prepare, name, *given)
    (folder,) = (tmp_path / "sets").glob("volumes-*")
    assert in_manifest(folder) == {one: row["reason"] for one, row in predicted.items()}


def test_evaluate_says_of_each_file_what_predict_says(
    scored: tuple[Reasons, Any], predicted: dict[str, dict[str, str]]
) -> None:
    assert scored[0] == {one: row["reason"] for one, row in predicted.items()}


def test_the_same_pixels_reach_the_network(
    run: Path, scored: tuple[Any, dict[str, dict[str, str]]], predicted: dict[str, dict[str, str]]
) -> None:
    temperature = METRICS.read(RunFolder(run)).temperature.value
    assert len(scored[1]) > 50
    for name, row in scored[1].items():
        classes = [key.removeprefix("logit_") for key in row if key.startswith("logit_")]
        logits = np.array([float(row[f"logit_{one}"]) for one in classes])
        shares = [float(predicted[name][f"probability_{one}"]) for one in classes]
        np.testing.assert_allclose(shares, softmax(logits / temperature), atol=1e-5)
