"""A score that somebody adds to the registry stands everywhere, without another edit."""

import csv
import json
from dataclasses import asdict
from pathlib import Path

import finished_runs
import hydra
import numpy as np
import pytest
import yaml
from sklearn.metrics import cohen_kappa_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.cli.sweep.record import JobRecord
from brain_tumor.cli.sweep.results import read_sweep
from brain_tumor.cli.sweep.table import job_table, sweep_rows
from brain_tumor.compare.compare import compare
from brain_tumor.metrics.arrays import Labels, Values
from brain_tumor.metrics.registry import SCORES, Confusions, Score, accuracy
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.train.check_config import check_training
from brain_tumor.train.train import train
from brain_tumor.tune.settings import study_settings

SMALL = (
    *("split=official", "split.validation_fraction=0.3", "model.width=16", "trainer.max_epochs=2"),
    *("optimizer.lr=1e-3", "data.batch_size=16", "evaluation.resamples=100"),
    "evaluation.figures=false",
)


def kappa(confusions: Confusions) -> Values:
    """Cohen's kappa (1960, doi 10.1177/001316446002000104)."""
    true, predicted = confusions.sum(axis=2), confusions.sum(axis=1)
    by_chance = (true * predicted).sum(axis=1) / true.sum(axis=1) ** 2
    return (accuracy(confusions) - by_chance) / (1 - by_chance)


def spherical(labels: Labels, logits: Values) -> Values:
    """The spherical score (Good 1971, in Foundations of Statistical Inference, 337-339)."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds[np.arange(len(labels)), labels] / np.linalg.norm(odds, axis=1)


@pytest.fixture(autouse=True)
def more_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    for score in (
        Score("kappa", "Cohen kappa", "kappa", "higher", "labels", kappa),
        Score("spherical", "spherical score", "spherical", "higher", "probabilities", spherical),
    ):
        monkeypatch.setitem(SCORES, score.key, score)


def test_it_stands_in_all_that_a_training_leaves(
    compose, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    train(compose(*SMALL, "callbacks.best.monitor=val/kappa"))
    assert "Cohen kappa" in capsys.readouterr().out

    # After every epoch.
    with (run / "metrics.csv").open() as file:
        epochs = list(csv.DictReader(file))
    assert len(epochs) == 2
    for epoch in epochs:
        assert all(-1 <= float(epoch[f"{part}/kappa"]) <= 1 for part in ("train", "val"))
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    curve = [event.value for event in events.Scalars("val/kappa")]
    assert curve == pytest.approx([float(epoch["val/kappa"]) for epoch in epochs])

    # In the evaluation, with its interval.
    metrics = METRICS.read(RunFolder(run))
    with (run / "predictions.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == "test"]
    expected = cohen_kappa_score([r["label"] for r in rows], [r["predicted"] for r in rows])
    test = metrics.parts["test"]
    value = test.value("kappa")
    assert value == pytest.approx(expected)
    low, high = test.scores["kappa"].low, test.scores["kappa"].high
    assert low <= value <= high
    assert events.Scalars("final/test/kappa")[0].value == pytest.approx(expected)
    logits = np.array([[float(row[f"logit_{name}"]) for name in test.classes] for row in rows])
    own = spherical(np.array([test.classes.index(row["label"]) for row in rows]), logits)
    found = test.confidence.probabilities.scores["spherical"]
    assert found.value == pytest.approx(own.mean(), rel=1e-4)

    # On the card: in its metadata and in its tables.
    card = (run / "MODEL_CARD.md").read_text()
    named = {"type": "kappa", "value": value, "name": "Cohen kappa"}
    assert named in yaml.safe_load(card.split("---")[1])["model-index"][0]["results"][0]["metrics"]
    lines = [line for line in card.splitlines() if line.startswith("| Cohen kappa ")]
    assert len(lines) == 2  # with its interval beside the other parts, and below the classes
    shown = f"{value:.3f} ({low:.3f} to {high:.3f})"
    assert all(shown in line for line in lines)
    assert "| spherical score " in card and "| spherical score, after temperature " in card
    assert "Of the spherical score, higher is better." in card

    # In the tables of a sweep.
    sweep = read_sweep(tmp_path, [JobRecord(0, (), str(run), "finished")])
    table = dict(zip(job_table(sweep).columns, job_table(sweep).rows[0], strict=True))
    assert table["val kappa"] == f"{metrics.parts['validation'].value('kappa'):.4f}"
    header, (row,) = sweep_rows(sweep)
    assert row[header.index("test_kappa")] == value


def test_it_stands_in_a_comparison(tmp_path: Path) -> None:
    generator, classes = np.random.default_rng(0), finished_runs.CLASSES
    labels = [classes[number // 3 % 3] for number in range(48)]
    said = {}
    for name, right in (("narrow", 0.5), ("wide", 0.8)):
        said[name] = [
            label if generator.random() < right else str(generator.choice(classes))
            for label in labels
        ]
        rows = [
            (f"{number:02}.jpg", *both, f"patient {number // 3}")
            for number, both in enumerate(zip(labels, said[name], strict=True))
        ]
        width = {"model.width": 16 if name == "narrow" else 512}
        finished_runs.write_run(tmp_path / "runs" / name, rows, values=width)
    words = [f"folder={tmp_path / 'out'}", f"runs=[{tmp_path / 'runs'}]"]
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("compare", [*words, "evaluation.resamples=100"])
    found = compare(config)

    expected = [cohen_kappa_score(labels, predicted) for predicted in said.values()]
    pooled = [setting.pooled for setting in found.settings]
    assert [one.scores.overall["kappa"] for one in pooled] == pytest.approx(expected)
    values = [getattr(one.intervals.overall["kappa"], "value", None) for one in pooled]
    assert values == pytest.approx(expected)
    (pair,) = found.pairs
    gain = pair.differences["kappa"]
    assert gain is not None and gain.value == pytest.approx(expected[1] - expected[0])
    kept = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert kept["pairs"][0]["differences"]["kappa"] == asdict(gain)
    for name in ("comparison.md", "comparison.html"):
        page = (tmp_path / "out" / name).read_text()
        # As a column of the settings and of the pairs; as a row with intervals and by class.
        assert page.count("Cohen kappa") >= 5 and "spherical score" in page, name
        assert f"{gain.value:+.3f}" in page


def test_a_study_may_search_by_it(compose_in, tmp_path: Path, monkeypatch) -> None:
    words = ("split=patient", f"study.folder={tmp_path}", "study.objective=val/kappa")
    settings = study_settings(compose_in(tmp_path / "run", *words, name="tune"))
    assert settings.objective == "val/kappa" and settings.sign == -1
    assert settings.training.callbacks.best.mode == "max"
    check_training(settings.training)
    less = Score("kappa", "disagreement", "kappa", "lower", "labels", lambda c: 1 - kappa(c))
    monkeypatch.setitem(SCORES, "kappa", less)
    settings = study_settings(compose_in(tmp_path / "run", *words, name="tune"))
    assert settings.sign == 1 and settings.training.callbacks.best.mode == "min"
