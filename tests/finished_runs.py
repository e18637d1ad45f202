"""Finished run folders, written by hand: what a comparison reads of them, and nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from brain_tumor.runs.folder import RunFolder

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
    status: str = "finished",
    fingerprint: str = "a1b2c3",
    grouped: bool = True,
    confidence: float = 2.0,
    patients: Mapping[str, int] | None = None,
    device: str | None = None,
    **files: Mapping[str, Any],
) -> Path:
    """Write a run folder with one training behind it, and give its path.

    The logit of the predicted class is `confidence`, the others 0. `patients` numbers the patients
    of paths, of some at least; None leaves the column out, as older versions did. `device` is where
    it ran, as run.json names it. `files` are the content of further JSON files, by their name
    without the ending.
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
    data = {"name": "phantom", "fingerprint": fingerprint, "prepared": "gone"}
    ran = {} if device is None else {"device": device}
    run.write_json("run.json", {"status": status, "seed": seed, "data": data} | ran)
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
