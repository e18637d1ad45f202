"""Finished run folders, written by hand: what a comparison reads of them, and nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.provenance import Provenance
from brain_tumor.runs.results.run import RUN, ParameterCounts, RunData, RunRecord, Status

CLASSES = ("glioma", "meningioma", "notumor")
Row = tuple[str, str, str, str]  # path, class, predicted class, group


def write_run(
    folder: Path,
    test: Sequence[Row],
    train: Sequence[Row] = (),
    *,
    values: Mapping[str, Any] | None = None,
    seed: int = 0,
    fold: int | None = None,
    classes: Sequence[str] = CLASSES,
    status: Status = "finished",
    fingerprint: str = "a1b2c3",
    grouped: bool = True,
    confidence: float = 2.0,
    patients: Mapping[str, int] | None = None,
    device: str = "CPU",
    **files: Mapping[str, Any],
) -> Path:
    """Write a run folder with one training behind it, and give its path.

    The logit of the predicted class is `confidence`, the others 0. `patients` numbers the patients
    of paths, of some at least; None leaves the column out, as older versions did. `files` are the
    content of further JSON files, by their name without the ending.
    """
    run = RunFolder(folder)
    run.create()
    config = OmegaConf.create(
        {
            "name": "mine",
            "seed": seed,
            "run_folder": str(run.path),
            "runs": "runs",
            "data": {"name": "phantom", "root": str(run.path.parent), "num_workers": 0},
            "split": {"name": "report", "seed": 0, "test_fraction": 0.25},
            "model": {"name": "gbmnet", "width": 512},
            "optimizer": {"_target_": "torch.optim.Adam", "lr": 1e-3},
            "callbacks": {"history": {"path": "${run_folder}/metrics.csv", "every": 1}},
        }
    )
    if fold is not None:
        config.split = {"name": "patient", "seed": 0, "folds": 4, "fold": fold}
    for key, value in (values or {}).items():
        OmegaConf.update(config, key, value)
    run.write_config(config)
    record = RunRecord(
        **vars(Provenance(("train.py",), {}, "Linux x86_64", {}, None, None)),
        started="2026-11-26T00:00:00+00:00",
        device=device,
        threads=1,
        seed=seed,
        data=RunData("phantom", fingerprint, "gone"),
        parameters=ParameterCounts(2, 1),
        status=status,
    )
    RUN.write(run, record)
    parts = [(row, "train") for row in train] + [(row, "test") for row in test]
    known = [] if patients is None else ["patient"]
    run.write_rows(
        "predictions.csv",
        ["path", "part", "label", "predicted", *known, *(f"logit_{name}" for name in classes)],
        [
            [
                *(row[0], part, row[1], row[2]),
                *([] if patients is None else [patients.get(row[0], "")]),
                *(confidence * (row[2] == name) for name in classes),
            ]
            for row, part in parts
        ],
    )
    run.write_rows(
        "split.csv",
        ["path", "label", "part", *(["group"] if grouped else [])],
        [[row[0], row[1], part, *([row[3]] if grouped else [])] for row, part in parts],
    )
    for name, content in files.items():
        run.write_json(f"{name}.json", content)
    return run.path
