"""`evaluate` on a run: again, on another checkpoint, in other batches, on scans of other origin."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import hydra
import numpy as np
import pytest
import torch
import yaml
from omegaconf import OmegaConf
from phantoms import PhantomTruth
from scipy.special import softmax
from sklearn import metrics

from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.compare.pooled_scores import compare_settings
from brain_tumor.compare.settings import gather
from brain_tumor.config.data_settings import data_settings
from brain_tumor.data.phantom import write_phantoms
from brain_tumor.data.prepared.prepare import fingerprint_before
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.errors import ConfigError, DataError, WeightsError
from brain_tumor.evaluate.evaluate import evaluate
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.predict.model import open_model
from brain_tumor.runs.finished import read_run
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS, Metrics
from brain_tumor.runs.results.run import RUN
from brain_tumor.train.train import train
from brain_tumor.trained.abstention import Abstention

Evaluate = Callable[..., Metrics]
WRITTEN = ("metrics.json", "predictions.csv", "figures/confusion_test.svg", "figures/roc_test.png")


@pytest.fixture(scope="module")
def trained(
    phantom_root: Path, prepared: PreparedSet, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Train once, with a validation part; each test works on a copy."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose(
            "train",
            [
                *(f"run_folder={folder}", "data=phantom", f"data.root={phantom_root}"),
                *("data.source=folder", f"data.prepared={prepared.folder.parent}"),
                f"data.patients={phantom_root / 'phantoms.csv'}",
                *("split=official", "split.validation_fraction=0.3", "trainer=cpu"),
                *("model.width=16", "trainer.max_epochs=2", "optimizer.lr=1e-3"),
                *("data.batch_size=16", "evaluation.resamples=100", "logger=none"),
            ],
        )
    train(config)
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.fixture
def again(run: Path, tmp_path: Path) -> Evaluate:
    def evaluated(*overrides: str) -> Metrics:
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            ours = [f"run={run}", "accelerator=cpu"]
            ours += [f"data.prepared={tmp_path / 'prepared'}"]
            return evaluate(hydra.compose("evaluate", [*ours, *overrides]))

    return evaluated


def probabilities(run: Path) -> np.ndarray:
    rows = RunFolder(run).read_rows("predictions.csv")
    names = [name for name in rows[0] if name.startswith("probability_")]
    return np.array([[float(row[name]) for name in names] for row in rows])


def test_evaluating_again_gives_the_same_bytes(run: Path, again: Evaluate) -> None:
    before = {name: (run / name).read_bytes() for name in WRITTEN}
    for name in before:
        (run / name).unlink()
    again()
    for name, content in before.items():
        assert (run / name).read_bytes() == content, name


def test_a_score_that_the_command_does_not_know_is_not_lost(run: Path, again: Evaluate) -> None:
    found = METRICS.read(RunFolder(run))
    test = found.parts["test"]
    kappa = replace(test, scores={**test.scores, "kappa": test.scores["accuracy"]})
    METRICS.write(RunFolder(run), replace(found, parts={**found.parts, "test": kappa}))
    before = (run / "metrics.json").read_bytes()
    with pytest.raises(ConfigError, match="does not know and would lose, kappa:"):
        again("evaluation.figures=false")
    assert (run / "metrics.json").read_bytes() == before
    (run / "metrics.json").rename(run / "before.json")
    again("evaluation.figures=false")


def test_what_a_run_was_scored_by_counts_unless_it_is_changed(run: Path, again: Evaluate) -> None:
    config = RunFolder(run).read_config()
    config.evaluation.healthy, config.evaluation.least_sensitivity = "pituitary", 0.9
    RunFolder(run).write_config(config)
    point = again("evaluation.figures=false").operating_point
    assert (point.healthy, point.least_sensitivity) == ("pituitary", 0.9)
    changed = again("evaluation.figures=false", "evaluation.healthy=glioma", "evaluation.bins=10")
    assert changed.operating_point.healthy == "glioma"


def test_a_run_of_an_older_version_is_scored_by_what_it_had_no_value_for(
    run: Path, again: Evaluate
) -> None:
    config = RunFolder(run).read_config()
    config.pop("evaluation")
    RunFolder(run).write_config(config)
    assert again("evaluation.figures=false").operating_point.healthy == "notumor"


def test_another_batch_size_gives_the_same_probabilities(run: Path, again: Evaluate) -> None:
    before = probabilities(run)
    again("batch_size=1", "evaluation.figures=false")
    np.testing.assert_allclose(probabilities(run), before, atol=1e-5)


def test_predictions_hold_every_scan_and_give_the_metrics_back(run: Path) -> None:
    split = {row["path"]: row["part"] for row in RunFolder(run).read_rows("split.csv")}
    predictions = RunFolder(run).read_rows("predictions.csv")
    assert {row["path"]: row["part"] for row in predictions} == split
    content = METRICS.read(RunFolder(run))
    scores = content.parts["test"]
    classes = scores.classes
    test = [row for row in predictions if row["part"] == "test"]
    labels = np.array([classes.index(row["label"]) for row in test])
    logits = np.array([[float(row[f"logit_{name}"]) for name in classes] for row in test])
    likely = softmax(logits, axis=1)
    np.testing.assert_allclose(likely, probabilities(run)[-len(test) :], atol=1e-6)
    assert [classes[i] for i in likely.argmax(axis=1)] == [row["predicted"] for row in test]
    found, after = scores.confidence.probabilities.scores, scores.confidence.calibrated
    assert scores.value("accuracy") == pytest.approx(
        metrics.accuracy_score(labels, likely.argmax(axis=1))
    )
    assert found["nll"].value == pytest.approx(metrics.log_loss(labels, likely), abs=1e-7)
    auc = metrics.roc_auc_score(labels, likely, multi_class="ovr")
    assert found["macro_roc_auc"].value == pytest.approx(auc)
    calibrated = softmax(logits / content.temperature.value, axis=1)
    expected = metrics.log_loss(labels, calibrated)
    assert after.scores["nll"].value == pytest.approx(expected, abs=1e-7)


def test_patients_are_pooled_as_their_table_names_them(
    run: Path, truth: PhantomTruth, again: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    again("evaluation.figures=false", "verbose=true")
    content = METRICS.read(RunFolder(run))
    classes = content.parts["test"].classes
    names = {scan.path: scan.patient for scan in truth.scans}
    rows = [row for row in RunFolder(run).read_rows("predictions.csv") if row["part"] == "test"]
    slices: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        slices.setdefault(names[row["path"]], []).append(row)
    assert all(len({row["patient"] for row in own}) == 1 for own in slices.values())
    labels, said = [], []
    for own in slices.values():
        logits = np.array([[float(row[f"logit_{name}"]) for name in classes] for row in own])
        labels.append(classes.index(own[0]["label"]))
        said.append(np.log(softmax(logits, axis=1)).mean(axis=0).argmax())
    found = content.parts["test"].patients
    assert (found.patients, found.slices) == (len(slices), len(rows))
    balanced = metrics.balanced_accuracy_score(labels, said)
    assert found.by_patient.balanced_accuracy.value == pytest.approx(balanced)
    accuracy = content.parts["test"].value("accuracy")
    assert found.by_slice.accuracy.value == pytest.approx(accuracy)
    assert "by patient: gbmnet, best.ckpt" in capsys.readouterr().out
    assert (
        f"By patient, where the patient is known ({len(slices)} patients"
        in (run / "MODEL_CARD.md").read_text()
    )


def test_what_validation_decides_is_decided_there(run: Path) -> None:
    content = METRICS.read(RunFolder(run))
    assert content.temperature.fitted_on == "validation"
    point = content.operating_point
    assert (point.healthy, point.chosen_on) == ("notumor", "validation")
    tumour = content.parts["validation"].confidence.tumour
    assert tumour.sensitivity.value >= 0.95
    assert tumour.threshold == point.threshold
    # The phantoms' published folders share mirrored copies of slices, as the real ones do.
    assert content.leakage.overlaps["any"].shared > 0


def test_a_comparison_decides_the_same_from_what_the_run_said(run: Path) -> None:
    content = METRICS.read(RunFolder(run))
    (run / "metrics.json").unlink()
    settings = ScoringSettings(100, 0.95, 0, 15, "notumor", 0.95, 24)
    members = gather([read_run(run)])
    (own,) = compare_settings(members, settings)[0].runs
    assert own.temperature == pytest.approx(content.temperature.value, rel=1e-6)
    assert own.threshold == pytest.approx(content.operating_point.threshold, rel=1e-6)
    (other,) = compare_settings(members, replace(settings, healthy=None))[0].runs
    assert other.threshold == own.threshold  # by the run's own healthy class


def test_the_card_says_what_it_has_to(run: Path) -> None:
    card = (run / "MODEL_CARD.md").read_text()
    _, head, body = card.split("---\n", 2)
    (entry,) = yaml.safe_load(head)["model-index"]
    found = {one["type"]: one["value"] for one in entry["results"][0]["metrics"]}
    scores = METRICS.read(RunFolder(run)).parts["test"]
    assert found["balanced_accuracy"] == scores.value("balanced_accuracy")
    for words in (
        *("## Uses", "## Bias, risks and limitations", "## Training details", "## Evaluation"),
        *("Not a medical device", "drawn, not measured", "sensitivity for a tumour"),
        *(f"{scores.scans:,} test slices", "in this order: glioma, meningioma, notumor"),
    ):
        assert words in body, words


def test_another_checkpoint_gets_a_folder_of_its_own(run: Path, again: Evaluate) -> None:
    before = (run / "metrics.json").read_bytes()
    assert RUN.read(RunFolder(run)).scored == "best.ckpt"
    content = again("checkpoint=last", "evaluation.figures=false")
    assert content.checkpoint == "last.ckpt"
    assert (run / "metrics.json").read_bytes() == before
    assert METRICS.read(RunFolder(run / "last")) == content


def test_a_diverged_checkpoint_is_refused(run: Path, again: Evaluate) -> None:
    path = run / "checkpoints" / "best.ckpt"
    content = torch.load(path, weights_only=True)
    content["state_dict"]["network.head.4.bias"][1] = float("nan")
    torch.save(content, path)
    with pytest.raises(WeightsError, match=r"no numbers .* scans, the first is .*optimizer\.lr"):
        again()


def test_evaluating_on_a_device_that_is_not_there_is_refused(again: Evaluate) -> None:
    with pytest.raises(ConfigError, match="auto takes the device"):
        again("accelerator=abacus")


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("batch_size=0", "batch_size"),
        ("evaluation.level=2", "evaluation.level"),
        ("data.root=nowhere", "nowhere"),
    ],
)
def test_what_cannot_be_is_said(again: Evaluate, override: str, told: str) -> None:
    with pytest.raises((ConfigError, DataError), match=told):
        again(override)


@pytest.fixture
def elsewhere(phantom_root: Path, tmp_path: Path) -> Path:
    """Make another hospital: three of the classes, other sizes, and two scans of the run's own."""
    write_phantoms(tmp_path / "drawn", patients_per_class=3, slices_per_patient=2, seed=77)
    folder = tmp_path / "hospital"
    for name in ("glioma", "meningioma", "notumor"):
        (folder / name).mkdir(parents=True)
        for number, path in enumerate(sorted((tmp_path / "drawn" / "Training" / name).iterdir())):
            scan = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            cv2.imwrite(str(folder / name / f"{number}.png"), cv2.resize(scan, (300, 280)))
    for path in sorted((phantom_root / "Training" / "glioma").iterdir())[:2]:
        shutil.copy(path, folder / "glioma" / f"known-{path.name}")
    return folder


def test_another_hospital_s_scans(
    run: Path, elsewhere: Path, again: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in run.iterdir() if path.is_file()}
    content = again(f"data.root={elsewhere}")
    own = METRICS.read(RunFolder(run))
    assert content.temperature == own.temperature
    assert content.operating_point == own.operating_point
    (scores,) = content.parts.values()
    assert scores.present == ("glioma", "meningioma", "notumor")
    assert scores.scores["accuracy"] is None and scores.scores["macro_f1"] is None
    recall = scores.per_class["notumor"].recall
    assert 0 <= recall.low <= recall.value <= recall.high <= 1
    assert scores.per_class["pituitary"].recall is None
    assert content.scans.seen >= 2
    assert content.scans.kept == scores.scans
    (out,) = (run / "external").iterdir()
    seen = RunFolder(out).read_rows("seen.csv")
    assert {"glioma/known-" in row["path"] for row in seen} == {True}
    assert len(RunFolder(out).read_rows("predictions.csv")) == scores.scans
    assert (out / "figures" / "confusion_test.png").exists()
    shown = capsys.readouterr().out
    assert "no scan of pituitary" in shown and "left out" in shown
    # The run itself stays as it was.
    assert {path: path.read_bytes() for path in before} == before


def test_a_shared_run_is_scored_without_the_scans_that_it_was_trained_on(
    run: Path, elsewhere: Path, again: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    here = again(f"data.root={elsewhere}", "evaluation.figures=false")
    (before,) = (run / "external").iterdir()
    same = {row["path"]: row for row in RunFolder(before).read_rows("predictions.csv")}

    folder = RunFolder(run)  # as it is on another machine
    record, config = RUN.read(folder), folder.read_config()
    RUN.write(folder, replace(record, data=replace(record.data, prepared=str(run / "gone"))))
    config.data.root = str(run / "nowhere")
    folder.write_config(config)
    capsys.readouterr()
    asked = [f"data.root={elsewhere}", "evaluation.figures=false"]
    with pytest.raises(DataError, match=r"was trained on.*nowhere.*add data\.check_seen=false"):
        again(*asked)
    with pytest.raises(DataError, match=r"was never scored.*leave checkpoint out"):
        again(*asked, "data.check_seen=false", "checkpoint=last")
    again(*asked, "data.check_seen=false", "verbose=true")
    unchecked = "ot checked: whether the run was trained on any of the"
    assert unchecked in " ".join(capsys.readouterr().out.split())
    content = again(*asked, "data.check_seen=false")
    assert content.scans.seen is None
    assert content.scans.kept >= here.scans.kept + 2  # those that the run knows count as well
    assert content.temperature.value == pytest.approx(here.temperature.value, rel=1e-3)
    assert content.operating_point.threshold == pytest.approx(
        here.operating_point.threshold, rel=1e-3
    )
    shown = capsys.readouterr().out
    assert unchecked in " ".join(shown.split())
    (out,) = (place for place in (run / "external").iterdir() if place != before)
    assert not (out / "seen.csv").exists()
    found = {row["path"]: row for row in RunFolder(out).read_rows("predictions.csv")}
    assert found.keys() > same.keys()
    for path, row in same.items():
        assert found[path]["predicted"] == row["predicted"]
    with pytest.raises(ConfigError, match="scans of another origin"):
        again("data.check_seen=false")


def test_it_is_told_how_many_do_not_look_like_the_training_scans(
    run: Path, elsewhere: Path, again: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in sorted((elsewhere / "notumor").iterdir())[:3]:
        # Turned inside out within the head, so that the crop still finds it.
        scan = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(path), np.where(scan > 45, 255 - scan // 2, 0))
    content = again(f"data.root={elsewhere}", "evaluation.figures=false")
    (out,) = (run / "external").iterdir()
    rows = RunFolder(out).read_rows("predictions.csv")
    found = np.array([float(row["ood_score"]) for row in rows])
    assert content.ood.threshold == 1.0
    (share,) = content.ood.flagged.values()
    assert share == np.mean(found > 1) > 0
    told = f"{share:.1%}".replace("%", " %")
    assert f"out of distribution: {told} of the test scans" in capsys.readouterr().out
    # As predict says it of the same files.
    model = open_model(run, Abstention(0.05), accelerator="cpu")
    prepared = np.load(run.parent / "prepared" / out.name / "images.npy")
    seen = model.predict(prepared)
    assert seen.ood_score is not None
    np.testing.assert_allclose(found, seen.ood_score, rtol=1e-3, atol=1e-2)
    assert "ood_score" not in RunFolder(run).read_rows("predictions.csv")[0]

    (run / "ood.npz").unlink()
    content = again(f"data.root={elsewhere}", "evaluation.figures=false")
    assert content.ood is None
    assert "ood_score" not in RunFolder(out).read_rows("predictions.csv")[0]
    assert "out of distribution: not known" in capsys.readouterr().out


def test_a_run_of_version_0_6_is_scored_again(run: Path, again: Evaluate, tmp_path: Path) -> None:
    """Its thresholds of near-duplicates mean nothing today, and its set had another fingerprint."""
    thresholds = {"frame": 0.98, "head": 0.96}
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    settings = data_settings(OmegaConf.create(config).data)
    root = Path(config["data"]["root"])
    config["data"]["near_duplicates"] = thresholds
    (run / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    gone = str(tmp_path / "gone")
    record["data"] |= {
        "fingerprint": fingerprint_before(
            FolderSource(root), settings.preparation(settings.classes or ()), thresholds
        ),
        "prepared": gone,
    }
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    before = METRICS.read(RunFolder(run))
    assert again().parts == before.parts
    record["data"]["fingerprint"] = "another"
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(DataError, match="is not the prepared set of"):
        again()


def test_what_it_prints_fits_a_screen(
    run: Path, again: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    again("evaluation.figures=false")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 25
    assert lines[0].startswith("balanced accuracy ")
    assert all(len(line) <= 80 for line in lines if str(run) not in line)
    again("evaluation.figures=false", "verbose=true")
    assert len(capsys.readouterr().out.splitlines()) > 25
