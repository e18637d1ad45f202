"""Finished runs, and audits, side by side: gathered by setting, pooled, written."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.errors import ConfigError, DataError
from brain_tumor.evaluation.folds import PooledScores, RunPredictions, pool_runs
from brain_tumor.report.comparison import (
    audit_labels,
    comparison_markdown,
    comparison_tables,
    distinguishing,
)
from brain_tumor.report.figures import confusion_figure
from brain_tumor.report.page import to_rich
from brain_tumor.runtime.finished import FinishedRun, find_folders, flatten, listed, read_run
from brain_tumor.runtime.run_folder import RunFolder, provenance


@dataclass(frozen=True)
class ComparedRun:
    """Where a run of a setting lies and what sets it apart from the others."""

    folder: str
    fold: int | None
    seed: int
    split_seed: int | None
    test_scans: int


@dataclass(frozen=True)
class ComparedSetting:
    """All runs that differ in nothing but fold and seed.

    Attributes:
        model: `model.name`.
        split: `split.name`.
        differs: Further values that tell it from the other settings, by dotted key.
        runs: Its runs, by seed and fold.
        seeds: How many pairs of `seed` and `split.seed` there are.
        folds: Which folds were tested; None where the split has none.
        folds_expected: How many the split has; None where it has none.
        missing: For each pair of seeds that lacks folds, which.
        same_scans: Whether all seeds were tested on the same scans.
        grouped: Whether `split.csv` tells which scans belong together.
        values: The configured values that make the setting.
        pooled: Scores of all runs together.
    """

    model: str
    split: str
    differs: Mapping[str, str]
    runs: tuple[ComparedRun, ...]
    seeds: int
    folds: tuple[int, ...] | None
    folds_expected: int | None
    missing: tuple[Mapping[str, Any], ...]
    same_scans: bool
    grouped: bool
    values: Mapping[str, Any]
    pooled: PooledScores


def compare(config: DictConfig) -> dict[str, Any]:
    """Lay runs and audits side by side: print the tables, write them and the confusion matrices.

    Args:
        config: As `conf/compare.yaml` composes it; `folder` must be given where Hydra does not
            run.

    Returns:
        What `comparison.json` holds.

    Raises:
        BrainTumorError: Anything that the user can mend; then nothing is written.
    """
    given, audited = listed(config.runs, "runs"), listed(config.audits, "audits")
    if not given and not audited:
        raise ConfigError(
            'Nothing to compare is given: name run folders as "runs=[FOLDER,...]", or audits as '
            '"audits=[FOLDER,...]".'
        )
    settings = compare_runs([read_run(path) for path in find_folders(given, "run.json", "run")])
    split = str(config.audit_split)
    audits = _read_audits(find_folders(audited, "audit.json", "audit"), split)
    content = provenance() | {
        "settings": [asdict(setting) for setting in settings],
        "audit_split": split,
        "audits": audits,
    }
    out = RunFolder(Path(str(config.folder)))
    out.claim("comparison.json", "folder")
    out.create("folder")
    out.write_json("comparison.json", content)
    (out.path / "comparison.md").write_text(comparison_markdown(content), encoding="utf-8")
    for number, setting in enumerate(settings, start=1):
        scores = setting.pooled.scores
        title = f"setting {number}: {scores.scans:,} predictions"
        figure = confusion_figure(scores.confusion, scores.classes, title)
        figure.savefig(out.path / f"confusion_{number}.png")
    console = Console(highlight=False)
    for table in comparison_tables(content):
        console.print(to_rich(table))
    for file in sorted(out.path.iterdir()):
        shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
        console.print(f"written: {shown}", soft_wrap=True, markup=False)
    return content


def compare_runs(runs: Sequence[FinishedRun]) -> list[ComparedSetting]:
    """Gather runs by setting and score each setting, in the order of first appearance.

    Raises:
        DataError: Runs know different classes, are the same fold and seed of one setting, are
            folds that share test scans, or disagree about groups.
    """
    for run in runs:
        if run.classes != runs[0].classes:
            raise DataError(
                f"{runs[0].folder} has the classes {', '.join(runs[0].classes)}, {run.folder} has "
                f"{', '.join(run.classes)}: compare runs of the same classes."
            )
    gathered: dict[str, list[FinishedRun]] = {}
    for run in runs:
        gathered.setdefault(json.dumps(run.setting, sort_keys=True), []).append(run)
    differences = distinguishing([members[0].setting for members in gathered.values()])
    return [
        _compared(sorted(members, key=_place), differs)
        for members, differs in zip(gathered.values(), differences, strict=True)
    ]


def _place(run: FinishedRun) -> tuple[tuple[int, int], int]:
    return run.seeds, -1 if run.fold is None else run.fold


def _compared(members: Sequence[FinishedRun], differs: Mapping[str, str]) -> ComparedSetting:
    _check_folds(members)
    first = members[0]
    passes: dict[tuple[int, int], list[FinishedRun]] = {}
    for run in members:
        passes.setdefault(run.seeds, []).append(run)
    tested = {frozenset(path for run in runs for path in run.test) for runs in passes.values()}
    expected = first.setting.get("split.folds")
    folds = {run.fold for run in members if run.fold is not None}
    missing = [
        {"seed": runs[0].seed, "split_seed": runs[0].split_seed, "folds": sorted(lacking)}
        for runs in passes.values()
        if (lacking := set(range(expected or 0)) - {run.fold for run in runs})
    ]
    groups = _groups(members)
    return ComparedSetting(
        model=first.setting["model.name"],
        split=first.setting["split.name"],
        differs=differs,
        runs=tuple(
            ComparedRun(str(run.folder), run.fold, run.seed, run.split_seed, len(run.test))
            for run in members
        ),
        seeds=len(passes),
        folds=tuple(sorted(folds)) or None,
        folds_expected=expected,
        missing=tuple(missing),
        same_scans=len(tested) == 1,
        grouped=groups is not None,
        values=first.setting,
        pooled=_pooled(members, list(passes), groups),
    )


def _pooled(
    members: Sequence[FinishedRun],
    passes: Sequence[tuple[int, int]],
    groups: Mapping[str, str] | None,
) -> PooledScores:
    paths = sorted({path for run in members for path in run.test})
    scans = {path: number for number, path in enumerate(paths)}
    names = sorted(set(groups.values())) if groups else paths
    numbers = {name: number for number, name in enumerate(names)}
    classes = {name: number for number, name in enumerate(members[0].classes)}

    def arrays(run: FinishedRun) -> RunPredictions:
        own = [groups[path] if groups else path for path in run.test]
        labels, predicted = zip(*run.test.values(), strict=True)
        return RunPredictions(
            passes.index(run.seeds),
            run.fold or 0,
            np.array([scans[path] for path in run.test], np.int64),
            np.array([numbers[name] for name in own], np.int64),
            np.array([classes[name] for name in labels], np.int64),
            np.array([classes[name] for name in predicted], np.int64),
        )

    return pool_runs([arrays(run) for run in members], members[0].classes)


def _check_folds(members: Sequence[FinishedRun]) -> None:
    places: dict[Any, FinishedRun] = {}
    testers: dict[Any, FinishedRun] = {}
    for run in members:
        twin = places.setdefault(_place(run), run)
        if twin is not run:
            fold = "" if run.fold is None else f"fold {run.fold} and "
            raise DataError(
                f"{twin.folder} and {run.folder} are both {fold}seed {run.seed} of one setting: "
                "leave one of them out."
            )
        for path in run.test:
            other = testers.setdefault((run.seeds, path), run)
            if other is not run:
                raise DataError(
                    f"{other.folder} and {run.folder} both tested {path}, so they are not folds "
                    "of one split: leave one of them out."
                )


def _groups(members: Sequence[FinishedRun]) -> dict[str, str] | None:
    """Join the groups of all runs; None where a run does not know them."""
    joined: dict[str, str] = {}
    for run in members:
        if run.groups is None:
            return None
        for path, group in run.groups.items():
            if joined.setdefault(path, group) != group:
                raise DataError(
                    f"{members[0].folder} and {run.folder} put {path} into different groups: "
                    "train both with the same version of the program."
                )
    return joined


def _read_audits(folders: Sequence[Path], split: str) -> list[dict[str, Any]]:
    """Read what audits found out about shortcuts under one split."""
    audits, harmonised = [], []
    for folder in folders:
        path = folder / "audit.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            data, entries = content["data"], content["shortcuts"]
            splits = list(dict.fromkeys(str(entry["split"]) for entry in entries))
            harmonised.append(flatten(data["harmonise"]))
            found = [entry for entry in entries if entry["split"] == split]
            named = {key: data[key] for key in ("name", "fingerprint", "harmonise")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path} cannot be read as an audit ({type(error).__name__}): make the audit again."
            ) from error
        if not found:
            raise DataError(
                f"{path} has no shortcut probes of split={split} (it has "
                f"{', '.join(splits) or 'none'}): choose another split as audit_split=..."
            )
        audits.append({"folder": str(folder), "data": named, "shortcuts": found})
    labels = audit_labels(harmonised)
    if len(set(labels)) < len(labels):
        labels = [f"{label} ({folder})" for label, folder in zip(labels, folders, strict=True)]
    return [{"label": label} | audit for label, audit in zip(labels, audits, strict=True)]
