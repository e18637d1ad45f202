import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import finished_runs
import hydra
import numpy as np
import pytest
from finished_runs import CLASSES, Row
from omegaconf import DictConfig
from sample_audit import AUDIT, probe_score
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, recall_score

from brain_tumor.audit.results.audit import AUDIT as AUDIT_FILE
from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.compare import compare as comparing
from brain_tumor.compare.compare import compare
from brain_tumor.compare.compared import MissingFolds, PooledRunGroup
from brain_tumor.compare.comparison import COMPARISON
from brain_tumor.compare.pooled_scores import compare_settings
from brain_tumor.compare.settings import gather
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.runs.finished import read_run
from brain_tumor.runs.folder import RunFolder

WriteRun = Callable[..., Path]


@pytest.fixture
def write_run(tmp_path: Path) -> WriteRun:
    return lambda name, *rows, **values: finished_runs.write_run(tmp_path / name, *rows, **values)


def drawn(generator: np.random.Generator, scans: int = 48) -> list[Row]:
    """Draw scans of all classes, three to a group, two thirds of them predicted right."""
    rows = []
    for number in range(scans):
        label = CLASSES[number // 3 % 3]
        predicted = label if generator.random() < 0.67 else CLASSES[generator.integers(3)]
        rows.append((f"{number:03}.jpg", label, predicted, f"patient {number // 3}"))
    return rows


def folds(write_run: WriteRun, rows: list[Row], **values: Any) -> list[Path]:
    """Write a run for each of four folds; groups stay together."""
    parts = [[row for row in rows if int(row[3].split()[1]) % 4 == fold] for fold in range(4)]
    name = values.pop("name", "cv")
    return [
        write_run(
            f"{name}/{fold}",
            part,
            [row for row in rows if row not in part],
            fold=fold,
            **values,
        )
        for fold, part in enumerate(parts)
    ]


ASK = ScoringSettings(2000, 0.95, 0, 15, "notumor", 0.95, 24)


def asked(tmp_path: Path, *, different_scans: bool = False, **values: Any) -> DictConfig:
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("compare", [f"folder={tmp_path / 'out'}"])
    config.evaluation.resamples = 100  # these tests are not about widths
    for key, value in ({"different_scans": different_scans} | values).items():
        config[key] = value
    return config


def compared(*folders: Path) -> tuple[PooledRunGroup, ...]:
    return compare_settings(gather([read_run(folder) for folder in folders]), ASK)


def value(found: Interval | None) -> float | None:
    return None if found is None else found.value


def columns(rows: list[Row]) -> tuple[list[str], list[str]]:
    return [row[1] for row in rows], [row[2] for row in rows]


def test_folds_are_pooled_and_written(
    write_run: WriteRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = drawn(np.random.default_rng(0))
    runs = folds(write_run, rows)
    found = compare(asked(tmp_path, runs=[str(tmp_path / "cv")], verbose=True))

    (setting,) = found.settings
    labels, predicted = columns(rows)
    pooled, overall = setting.pooled, setting.pooled.intervals.overall
    assert pooled.scans == 48 and pooled.groups == 16
    assert np.array_equal(pooled.scores.confusion, confusion_matrix(labels, predicted))
    balanced = balanced_accuracy_score(labels, predicted)
    assert value(overall["balanced_accuracy"]) == pytest.approx(balanced)
    macro_f1 = f1_score(labels, predicted, average="macro")
    assert value(overall["macro_f1"]) == pytest.approx(macro_f1)
    recalls = recall_score(labels, predicted, average=None)
    assert list(map(value, pooled.intervals.recalls)) == pytest.approx(list(recalls))
    assert [run.folder for run in setting.runs] == [str(run) for run in runs]
    assert (setting.folds, setting.folds_expected, setting.missing) == ((0, 1, 2, 3), 4, ())

    out = tmp_path / "out"
    files = ["comparison.html", "comparison.json", "comparison.md", "figures"]
    assert sorted(file.name for file in out.iterdir()) == files
    drawn_now = {file.stem for file in (out / "figures").glob("*.svg")}
    assert drawn_now == {
        *("confusion_1", "reliability_1", "roc_1", "precision_recall_1", "risk_coverage"),
    }
    assert json.loads((out / "comparison.json").read_text())["version"] == 2
    assert COMPARISON.read(RunFolder(out)) == found
    markdown, shown = (out / "comparison.md").read_text(), capsys.readouterr().out
    assert f"{balanced:.3f} (" in markdown and f"{balanced:.3f}" in shown
    assert "4 of 4 folds" in markdown and "standard deviation" in markdown
    assert "missing" not in markdown
    # The calibration error of all folds together, and of each.
    assert setting.calibration_over_runs is not None
    each = setting.calibration_over_runs["ece_equal_width"].before
    assert len(each.values) == 4 and f"{each.mean:.3f}" in markdown
    for text in (markdown, shown, (out / "comparison.html").read_text()):
        assert "one by one" in text
    assert f"written: {out / 'comparison.md'}" in shown


def test_groups_of_split_csv_are_resampled(write_run: WriteRun) -> None:
    rows = drawn(np.random.default_rng(1))
    (setting,) = compared(*folds(write_run, rows))
    (old,) = compared(*folds(write_run, rows, name="old", grouped=False))
    labels, predicted = (np.array([CLASSES.index(n) for n in names]) for names in columns(rows))
    # By number, as evaluation numbers them: another order would be another resampling.
    groups = np.array([int(row[3].split()[1]) for row in rows])
    assert setting.grouped
    assert setting.pooled.intervals == bootstrap_scores(labels, predicted, groups, 3)
    assert not old.grouped
    assert old.pooled.intervals == bootstrap_scores(labels, predicted, np.arange(48), 3)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures out, where a test is about words and numbers."""
    monkeypatch.setattr(comparing, "draw_comparison", lambda *given: {})


@pytest.mark.usefixtures("undrawn")
def test_a_missing_fold_is_said(write_run: WriteRun, tmp_path: Path) -> None:
    runs = folds(write_run, drawn(np.random.default_rng(2)))
    del runs[2]
    (setting,) = compare(asked(tmp_path, runs=[str(run) for run in runs])).settings
    assert setting.missing == (MissingFolds(0, 0, (2,)),)
    markdown = (tmp_path / "out" / "comparison.md").read_text()
    assert "3 of 4 folds" in markdown
    assert "missing from these numbers: fold 2." in markdown


@pytest.mark.usefixtures("undrawn")
def test_seeds_on_the_same_scans(write_run: WriteRun, tmp_path: Path) -> None:
    drawings = [drawn(np.random.default_rng(seed)) for seed in range(3)]
    for seed, rows in enumerate(drawings):
        write_run(f"seeds/{seed}", rows, seed=seed)
    (setting,) = compare(asked(tmp_path, runs=str(tmp_path / "seeds"))).settings
    assert setting.seeds == 3 and setting.folds is None and setting.same_scans
    pooled = setting.pooled
    each = [balanced_accuracy_score(*columns(rows)) for rows in drawings]
    assert pooled.scans == 48 and pooled.scores.scans == 144
    assert pooled.over_folds is None and pooled.over_seeds is not None
    spread = pooled.over_seeds["balanced_accuracy"]
    assert spread is not None and spread.values == pytest.approx(each)
    assert value(pooled.intervals.overall["balanced_accuracy"]) == pytest.approx(np.mean(each))
    markdown = (tmp_path / "out" / "comparison.md").read_text()
    assert "3 seeds" in markdown and "counted once per seed" in markdown


def test_seeds_that_split_anew_are_no_folds(write_run: WriteRun) -> None:
    rows = drawn(np.random.default_rng(3))
    runs = [
        write_run("a", rows[:30], values={"split.seed": 0}),
        write_run("b", rows[18:], values={"split.seed": 1}),
    ]
    (setting,) = compared(*runs)
    assert setting.seeds == 2 and not setting.same_scans
    assert setting.pooled.scans == 48 and setting.pooled.scores.scans == 60


@pytest.mark.usefixtures("undrawn")
def test_settings_that_differ_stand_side_by_side(write_run: WriteRun, tmp_path: Path) -> None:
    rows = drawn(np.random.default_rng(4))
    write_run("runs/a", rows)
    write_run("runs/b", rows, values={"optimizer.lr": 1e-4})
    write_run("runs/c", rows, values={"model": {"name": "mobilenetv2", "frozen": True}})
    found = compare(asked(tmp_path, runs=[str(tmp_path / "runs" / "*")]))
    named = [(one.model, one.differs) for one in found.settings]
    assert named == [
        ("gbmnet", {"optimizer.lr": "0.001"}),
        ("gbmnet", {"optimizer.lr": "0.0001"}),
        ("mobilenetv2", {"optimizer.lr": "0.001"}),
    ]
    assert len(found.pairs) == 3 and found.differing == ()
    for pair in found.pairs:
        assert pair.mcnemar is not None and pair.mcnemar.p_holm >= pair.mcnemar.p_value
    for name in ("comparison.md", "comparison.html"):
        assert "p, Holm" in (tmp_path / "out" / name).read_text()
    assert "3 comparisons are made here" in (tmp_path / "out" / "comparison.html").read_text()


@pytest.mark.usefixtures("undrawn")
def test_each_run_is_scored_by_its_own_healthy_class(
    write_run: WriteRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = drawn(np.random.default_rng(9))
    write_run("runs/a", rows, values={"model.width": 64, "evaluation.healthy": "meningioma"})
    write_run("runs/b", rows)  # before it could be chosen: notumor
    first, second = compare(asked(tmp_path, runs=[str(tmp_path / "runs")])).settings
    assert (first.healthy, second.healthy) == ({"meningioma"}, {"notumor"})
    for setting, name in ((first, "meningioma"), (second, "notumor")):
        tumour = setting.confidence.tumour
        assert tumour is not None
        healthy = sum(row[1] == name for row in rows)
        assert tumour.true_negatives + tumour.false_positives == healthy
    told = " ".join(capsys.readouterr().out.split())
    page = (tmp_path / "out" / "comparison.html").read_text()
    for text in (told, page, (tmp_path / "out" / "comparison.md").read_text()):
        assert "different classes without a tumour" in text

    shutil.rmtree(tmp_path / "out")
    config = asked(tmp_path, runs=[str(tmp_path / "runs")])
    config.evaluation.healthy = "glioma"  # asked for: all by one
    found = compare(config)
    assert {name for one in found.settings for name in one.healthy} == {"glioma"}
    assert found.different_healthy == ""
    config.folder = str(tmp_path / "more")
    config.evaluation.healthy = "glima"
    with pytest.raises(ConfigError, match="healthy is 'glima', which is no class: did you mean"):
        compare(config)


@pytest.mark.usefixtures("undrawn")
def test_runs_of_one_setting_with_two_healthy_classes_have_no_tumour_scores(
    write_run: WriteRun, tmp_path: Path
) -> None:
    rows = drawn(np.random.default_rng(10))
    write_run("runs/a", rows, values={"evaluation.healthy": "meningioma"})
    write_run("runs/b", rows, seed=1)
    found = compare(asked(tmp_path, runs=[str(tmp_path / "runs")]))
    (setting,) = found.settings
    assert setting.confidence.tumour is None
    assert "meningioma and notumor" in found.different_healthy


def refused(tmp_path: Path, *runs: Path) -> str:
    with pytest.raises(DataError) as told:
        compare(asked(tmp_path, runs=[str(run) for run in runs]))
    assert not (tmp_path / "out").exists()
    return str(told.value)


def test_the_same_fold_and_seed_twice_is_refused(write_run: WriteRun, tmp_path: Path) -> None:
    rows = drawn(np.random.default_rng(5))
    runs = folds(write_run, rows)
    twin = folds(write_run, rows, name="again")[1]
    told = refused(tmp_path, *runs, twin)
    assert f"{runs[1]} and {twin} are both fold 1 and seed 0" in told
    told = refused(tmp_path, write_run("a", rows), write_run("b", rows))
    assert f"{tmp_path / 'a'} and {tmp_path / 'b'} are both seed 0" in told


def test_folds_that_share_test_scans_are_refused(write_run: WriteRun, tmp_path: Path) -> None:
    rows = drawn(np.random.default_rng(6))
    told = refused(tmp_path, write_run("a", rows[:30], fold=0), write_run("b", rows[29:], fold=1))
    assert "both tested 029.jpg" in told


def test_groups_that_disagree_are_refused(write_run: WriteRun, tmp_path: Path) -> None:
    rows = drawn(np.random.default_rng(7))
    other = [(*row[:3], f"other {row[3]}") for row in rows]
    told = refused(tmp_path, write_run("a", rows), write_run("b", other, seed=1))
    assert "different groups" in told


def test_other_classes_are_refused(write_run: WriteRun, tmp_path: Path) -> None:
    rows = drawn(np.random.default_rng(8))
    first = write_run("a", rows)
    second = write_run("b", rows, classes=(*CLASSES, "pituitary"))
    told = refused(tmp_path, first, second)
    assert str(first) in told and f"{second} has glioma, meningioma, notumor, pituitary" in told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "runs="),
        ({"runs": None}, "runs must be a list"),
        ({"audits": {"a": 1}}, "audits must be a list"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, values: dict, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        compare(asked(tmp_path, **values))


def write_sample(
    folder: Path, resolution: int | None, *values: float, split: str = "patient"
) -> Path:
    folder.mkdir(parents=True)
    scores = tuple(
        replace(
            probe_score(sees, "four classes", split, value),
            accuracy=Interval(value, value - 0.05, value + 0.05),
            balanced_accuracy=Interval(value / 2, 0.1, 0.9),
        )
        for sees, value in zip(("width and height", "the margin"), values, strict=False)
    )
    data = replace(AUDIT.data, harmonise={"resolution": resolution, "intensity": False})
    AUDIT_FILE.write(RunFolder(folder), replace(AUDIT, data=data, shortcuts=scores))
    return folder


def test_audits_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_sample(tmp_path / "audits" / "a", None, 0.8, 0.7)
    second = write_sample(tmp_path / "audits" / "b", 128, 0.6)
    given = [str(tmp_path / "audits"), str(second / "audit.json")]
    found = compare(asked(tmp_path, audits=given))
    assert [audit.label for audit in found.audits] == ["none", "resolution=128"]
    assert found.settings == ()
    written = json.loads((tmp_path / "out" / "comparison.json").read_text())["audits"]
    assert written[1]["data"]["harmonise"] == {"resolution": 128, "intensity": False}
    balanced = {"value": 0.3, "low": 0.1, "high": 0.9}
    assert written[1]["shortcuts"][0]["balanced_accuracy"] == balanced
    markdown = (tmp_path / "out" / "comparison.md").read_text()
    rows = [line for line in markdown.splitlines() if line.startswith(("| width", "| the margin"))]
    assert "0.800 (0.750 to 0.850) | 0.600 (0.550 to 0.650)" in rows[0]
    assert "0.700 (0.650 to 0.750) | –" in rows[1]  # noqa: RUF001 (the dash of rendering/numbers.py)
    assert "0.400 (0.100 to 0.900)" in rows[2]
    assert "resolution=128" in capsys.readouterr().out


def test_audits_harmonised_alike_are_named_by_their_folders(tmp_path: Path) -> None:
    folders = [write_sample(tmp_path / name, 128, 0.8) for name in ("a", "b")]
    found = compare(asked(tmp_path, audits=[str(folder) for folder in folders]))
    labels = [audit.label for audit in found.audits]
    assert labels == [f"resolution=128 ({folder})" for folder in folders]


def test_an_audit_that_does_not_tell_is_refused(tmp_path: Path) -> None:
    other = write_sample(tmp_path / "other", None, 0.8, split="report")
    with pytest.raises(DataError, match=r"split=patient \(it has report\)"):
        compare(asked(tmp_path, audits=[str(other)]))
    for damage in ("[1", "[1]", "{}", '{"data": {}, "shortcuts": []}'):
        (other / "audit.json").write_text(damage)
        with pytest.raises(DataError, match="make the audit again"):
            compare(asked(tmp_path, audits=[str(other)]))
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("undrawn")
def test_two_runs_take_a_screen(
    write_run: WriteRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = drawn(np.random.default_rng(3))
    for name in ("gbmnet", "mobilenetv2"):
        write_run(f"runs/{name}", rows, values={"model.name": name})
    compare(asked(tmp_path, runs=[str(tmp_path / "runs")]))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 40
    assert lines[0].startswith("Between") and "settings side by side" in lines[2]
    assert all(len(line) <= 80 for line in lines if str(tmp_path) not in line)
    assert "mobilenetv2" in "".join(lines)
