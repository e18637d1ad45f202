"""`predict` on a run of phantoms: what it says is what the run's own evaluation says."""

import csv
import importlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hostile
import numpy as np
import pytest
import torch
from PIL import Image
from scipy.special import softmax

from brain_tumor.cli import command
from brain_tumor.errors import BrainTumorError, ConfigError, DataError
from brain_tumor.export.exported import Exported
from brain_tumor.export.metadata import gather_facts
from brain_tumor.files.source import Scan
from brain_tumor.predict import predict as predicting
from brain_tumor.predict.predictions import Prediction
from brain_tumor.predict.reader import Reader
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.trained.network import open_trained
from brain_tumor.trained.out_of_distribution import open_ood_detector

Predict = Callable[..., predicting.Outcome]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_s_own_test_scans_get_the_answers_of_its_evaluation(
    run: Path, phantom_root: Path, predicted: Predict, tmp_path: Path
) -> None:
    known = {row["path"]: row for row in RunFolder(run).read_rows("predictions.csv")}
    metrics = json.loads((run / "metrics.json").read_text())
    temperature, point = metrics["temperature"]["value"], metrics["operating_point"]
    test = [path for path, row in known.items() if row["part"] == "test"]
    names = [name.removeprefix("logit_") for name in known[test[0]] if "logit_" in name]
    for kind in ("csv", "json"):
        predicted([phantom_root / path for path in test], output=tmp_path / f"out.{kind}")
    found = rows_of(tmp_path / "out.csv")
    whole = json.loads((tmp_path / "out.json").read_text())
    assert whole["temperature"] == temperature and whole["classes"] == names
    assert len(found) == len(whole["scans"]) == len(test) > 10
    healthy = names.index(point["healthy"])
    for path, row, plain in zip(test, found, whole["scans"], strict=True):
        logits = np.array([float(known[path][f"logit_{name}"]) for name in names])
        expected = softmax(logits / temperature)
        assert row["path"] == plain["path"] == str(phantom_root / path)
        assert row["class"] == plain["class"] == known[path]["predicted"]
        shares = [float(row[f"probability_{name}"]) for name in names]
        np.testing.assert_allclose(shares, expected, atol=1e-6)
        np.testing.assert_allclose([plain["probabilities"][n] for n in names], shares, atol=1e-8)
        if abs(1 - expected[healthy] - point["threshold"]) > 1e-6:
            tumour = bool(1 - expected[healthy] >= point["threshold"])
            assert (row["tumour"] == "true") == plain["tumour"] == tumour
        assert (row["out_of_distribution"] == "true") == (float(row["ood_score"]) > 0.5)
        assert row["reason"] == row["overlay"] == ""


def test_unsure_is_what_validation_answers_wrongly_too_often(
    run: Path, phantom_root: Path, predicted: Predict, tmp_path: Path
) -> None:
    rows = [r for r in RunFolder(run).read_rows("predictions.csv") if r["part"] == "validation"]
    names = [name for name in rows[0] if name.startswith("logit_")]
    temperature = json.loads((run / "metrics.json").read_text())["temperature"]["value"]
    logits = np.array([[float(row[name]) for name in names] for row in rows])
    confidence = softmax(logits / temperature, axis=1).max(axis=1)
    wrong = np.array([row["label"] != row["predicted"] for row in rows])
    error = float(wrong.mean()) / 2
    assert 0 < error < 1  # else nothing is tried
    kept = [c for c in confidence if wrong[confidence >= c].mean() <= error]
    least = min(kept) if kept else np.inf
    given = [phantom_root / row["path"] for row in rows]
    outcome = predicted(given, f"abstention.error={error}", output=tmp_path / "a.csv")
    flags = np.array([row["low_confidence"] == "true" for row in rows_of(tmp_path / "a.csv")])
    at_the_edge = np.abs(confidence - least) < 1e-6
    assert np.array_equal(flags[~at_the_edge], (confidence < least)[~at_the_edge])
    assert outcome.low_confidence == flags.sum() > 0


@pytest.fixture
def mixture(phantom_root: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "given" / "a" / "mixture"
    folder.mkdir(parents=True)
    for number, path in enumerate(sorted((phantom_root / "Testing").glob("*/*"))[::4]):
        shutil.copy(path, folder / f"{number:02d}{path.suffix}")
    for name in ("text.jpg", "bomb.png", "black.png", "two\nlines\r.png", "[red]no markup.png"):
        hostile.FILES[name][0](folder / name)
    return folder


def test_bad_files_are_named_and_stop_no_others(
    mixture: Path, predicted: Predict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = predicted(mixture, "batch_size=3", output=tmp_path / "a.json")
    assert {Path(name).name: reason.split(":")[0] for name, reason in outcome.unusable} == {
        "text.jpg": "undecodable",
        "bomb.png": "undecodable",
        "black.png": "blank",
    }
    files = list(mixture.iterdir())
    assert outcome.predicted == len(files) - 3
    scans = json.loads((tmp_path / "a.json").read_text())["scans"]
    assert [scan["path"] for scan in scans] == sorted(str(path) for path in files)
    for scan in scans:
        assert bool(scan["reason"]) == (scan["class"] is None) == (scan["low_confidence"] is None)
    shown = capsys.readouterr().out
    assert "3 files were left out, the others are used:" in shown
    assert "black.png: blank: one grey value everywhere" in shown
    assert "two\\nlines\\r.png" in "".join(shown.split()).replace("│", "")
    assert f"{outcome.predicted} scans predicted" in shown


def test_other_batches_give_the_same_answers(mixture: Path, predicted: Predict) -> None:
    one, many = (predicted(mixture, f"batch_size={size}").predictions for size in (1, 64))
    assert [p.label for p in one] == [p.label for p in many]
    for first, second in zip(one, many, strict=True):
        assert first.probabilities == pytest.approx(dict(second.probabilities), abs=1e-6)


def test_the_table_is_bounded_and_says_how_many_more(
    mixture: Path, predicted: Predict, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = predicted(mixture, "shown=2")
    assert len(outcome.predictions) == 2
    shown = capsys.readouterr().out
    assert f"and {outcome.predicted - 2} more." in shown
    assert "For research, not for diagnosis." in " ".join(shown.split())


def test_the_folder_of_all_scans_stands_in_the_title_alone(
    mixture: Path,
    predicted: Predict,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(mixture.parent)
    monkeypatch.setenv("COLUMNS", "200")
    predicted(["mixture/0*"])
    shown = capsys.readouterr().out
    assert "gbmnet, best.ckpt: scans of mixture/" in shown and shown.count("mixture") == 1
    twin = str(mixture / next(mixture.glob("0*")).name)
    assert predicted(["mixture/0*", twin]).place == ""  # absolute and relative share none
    assert twin in capsys.readouterr().out


def test_nothing_is_overwritten_unless_asked(
    mixture: Path, predicted: Predict, tmp_path: Path
) -> None:
    out = tmp_path / "a.csv"
    out.write_text("precious")
    with pytest.raises(DataError, match=r"is there already, .* overwrite=true"):
        predicted(mixture, output=out)
    assert out.read_text() == "precious"
    predicted(mixture, "overwrite=true", output=out)
    assert len(rows_of(out)) == len(list(mixture.iterdir()))
    # Its own output inside a given folder is no scan.
    predicted(mixture, output=mixture / "b.csv")
    again = predicted(mixture, "overwrite=true", output=mixture / "b.csv")
    assert len(again.unusable) == 3


def test_a_call_that_is_stopped_leaves_no_half_file(
    mixture: Path, predicted: Predict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = predicting.predict_files

    def stopped(*given: Any) -> Any:
        yield next(iter(whole(*given)))
        raise KeyboardInterrupt

    monkeypatch.setattr(predicting, "predict_files", stopped)
    for name in ("a.csv", "a.json"):
        with pytest.raises(KeyboardInterrupt):
            predicted(mixture, "batch_size=2", output=tmp_path / "out" / name)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_overlay_for_each_scan_under_a_name_of_its_own(
    mixture: Path, predicted: Predict, tmp_path: Path
) -> None:
    twin = mixture / "deep" / "00.png"
    twin.parent.mkdir()
    shutil.copy(next(mixture.glob("00.*")), twin)
    out, folder = tmp_path / "a.csv", tmp_path / "overlays"
    outcome = predicted(mixture, "batch_size=3", output=out, overlays=folder)
    files = sorted(path.name for path in folder.iterdir())
    assert len(files) == outcome.predicted
    assert sorted(row["overlay"] for row in rows_of(out) if row["class"]) == files
    assert all(not row["overlay"] for row in rows_of(out) if not row["class"])
    coloured = 0
    for name in files:
        with Image.open(folder / name) as picture:
            assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (512, 300))
            pixels = np.array(picture)
            assert (pixels[:, :256, 0] == pixels[:, :256, 2]).all()  # the scan as it is
            assert pixels[256:].any()  # its class and probability
            coloured += bool((pixels[..., 0] != pixels[..., 2]).any())
    assert coloured > len(files) / 2  # where nothing speaks for the class, a map is empty
    with pytest.raises(DataError, match="holds something already"):
        predicted(mixture, overlays=folder)


def test_no_patient_s_identity_leaves_a_file(
    predicted: Predict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pydicom")
    import dicom_files

    place = tmp_path / "in"
    place.mkdir()
    frames = np.stack([hostile.phantom(seed, 120) for seed in range(2)])
    (place / "IM0001").write_bytes(dicom_files.written(dicom_files.made(frames)))
    (place / "b.dcm").write_bytes(dicom_files.compressed(frames[0], "rle"))
    (place / "bad.dcm").write_bytes(dicom_files.written(dicom_files.made(frames))[:-20_000])
    (place / "none.dcm").write_bytes(
        dicom_files.written(dicom_files.made(frames, RescaleSlope=0, ImageComments="Zebedee"))
    )
    for kind in ("csv", "json"):
        outcome = predicted(place, output=tmp_path / f"o.{kind}", overlays=tmp_path / f"{kind}-o")
    assert outcome.predicted >= 3
    said = capsys.readouterr()
    everything = (said.out + said.err).encode()
    for path in tmp_path.rglob("*"):
        if path.is_file() and place not in path.parents:
            everything += path.name.encode() + path.read_bytes()
    assert b"IM0001#2" in everything
    for value in (*dicom_files.IDENTITY.values(), "Zebedee", "Quux"):
        assert value.encode() not in everything
        for path in place.iterdir():
            assert value != "Quux" or b"Quux" in path.read_bytes()  # it was there to be found


MISTAKES = [
    ("output=a.txt", "output must end in .csv or .json"),
    ("batch_size=0", "batch_size must be a whole number in 1..1024"),
    ("shown=0", "shown must be"),
    ("abstention.error=1", "abstention.error must be a number between 0 and 1"),
    ("abstention.eror=1", "abstention.eror is unknown"),
    ("input=''", "input is empty"),
    ("input=[]", "input is empty"),
    ("input=3", "input must be"),
    ("accelerator=abacus", "auto takes the device"),
    ("checkpoint=first", "checkpoint must be best or last or null"),
    ("overwrite=maybe", "overwrite must be true or false"),
    ("run=nowhere", "nowhere is no run folder"),
    ("imput=a", "imput is unknown: did you mean input?"),
]


@pytest.mark.parametrize(("words", "told"), MISTAKES)
def test_a_mistake_is_answered_in_one_sentence(
    words: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (tmp_path / "scan.png").write_bytes(b"x")
    status, said = typed(
        [f"run={tmp_path}", "input=scan.png", words], tmp_path, monkeypatch, capsys
    )
    assert status == 2
    assert said.startswith("brain_tumor: ") and said.count("\n") == 1
    assert told in said
    assert {path.name for path in tmp_path.iterdir()} == {"scan.png"}


def typed(words: list[str], place: Path, monkeypatch: Any, capsys: Any) -> tuple[int, str]:
    monkeypatch.chdir(place)
    monkeypatch.setattr(command, "keep_freed_memory", lambda: None)  # of the tests' own process
    monkeypatch.delenv(command.TRACEBACKS, raising=False)
    last = {word.partition("=")[0]: word for word in words}
    monkeypatch.setattr("sys.argv", ["predict", *last.values()])
    try:
        importlib.import_module("brain_tumor.predict.__main__").main()
    except SystemExit as ended:
        return int(ended.code or 0), capsys.readouterr().err
    return 0, capsys.readouterr().err


def test_the_exit_status_says_whether_all_some_or_none_were_predicted(
    run: Path, mixture: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    given = {"good": ["0*"], "some": ["*"], "none": ["text.jpg", "black.png"]}
    found = {}
    for name, patterns in given.items():
        words = [str(mixture / pattern) for pattern in patterns]
        argv = [f"run={run}", f"input=[{','.join(words)}]", "accelerator=cpu"]
        found[name] = typed(argv, tmp_path, monkeypatch, capsys)
    assert [status for status, _ in found.values()] == [0, 1, 2]
    assert found["good"][1] == found["some"][1] == ""
    assert "Nothing could be used of 2 given, the first is" in found["none"][1]
    words = [f"run={run}", f"input=[{','.join(str(mixture / n) for n in given['none'])}]"]
    status, told = typed(
        [*words, "accelerator=cpu", f"output={tmp_path / 'all.csv'}"], tmp_path, monkeypatch, capsys
    )
    assert status == 2 and f"{tmp_path / 'all.csv'} has the reason of each" in " ".join(
        told.split()
    )
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = {Path(row["path"]).name: row["reason"] for row in csv.DictReader(file)}
    assert set(rows) == {"text.jpg", "black.png"} and all(rows.values())
    assert os.environ.get(command.TRACEBACKS) is None


def test_an_exported_file_says_what_its_run_says_but_shows_no_overlays(
    mixture: Path, predicted: Predict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Path
) -> None:
    trained = open_trained(run)
    facts = gather_facts(trained)
    file = tmp_path / "model.onnx"
    file.write_bytes(b"")

    def run_it(scans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.inference_mode():
            maps: torch.Tensor = trained.network.forward_features(torch.from_numpy(scans))
            logits = trained.network.forward_head(maps).double().numpy()
        likely = softmax(logits / (facts.temperature or 1), axis=1).astype(np.float32)
        return likely, maps.mean(dim=(2, 3)).numpy()

    detector = open_ood_detector(trained.scored)
    monkeypatch.setattr("brain_tumor.predict.model.open_ood_detector", lambda scored: detector)
    made = Exported(file, facts, detector, run_it)
    monkeypatch.setattr("brain_tumor.predict.model.load_exported", lambda path, trusted: made)
    own, exported = predicted(mixture), predicted(mixture, run=file)
    for ours, theirs in zip(own.predictions, exported.predictions, strict=True):
        assert (ours.label, ours.tumour) == (theirs.label, theirs.tumour)
        assert ours.probabilities == pytest.approx(dict(theirs.probabilities), abs=1e-5)
        assert ours.out_of_distribution is not None
        assert (ours.out_of_distribution, ours.low_confidence) == (
            theirs.out_of_distribution,
            theirs.low_confidence,
        )
        assert ours.ood_score == pytest.approx(theirs.ood_score, rel=1e-3, abs=1e-2)
    with pytest.raises(ConfigError, match="overlays need the network itself"):
        predicted(mixture, run=file, overlays=tmp_path / "o")


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_healthy_class_that_is_called_a_tumour_is_explained(
    run: Path,
    mixture: Path,
    predicted: Predict,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    threshold: float,
) -> None:
    label = predicted(mixture).predictions[0].label
    copy = RunFolder(shutil.copytree(run, tmp_path / "run"))
    metrics = METRICS.read(copy)
    point = replace(metrics.operating_point, healthy=label, threshold=threshold)
    METRICS.write(copy, replace(metrics, operating_point=point))
    capsys.readouterr()
    found = predicted(mixture, run=copy.path).predictions
    assert (found[0].label, found[0].tumour) == (label, threshold == 0)
    shown = " ".join(capsys.readouterr().out.split())
    assert (f"{label} beside tumour yes" in shown) == (threshold == 0)


def test_results_are_plain_values(mixture: Path, predicted: Predict) -> None:
    for one in predicted(mixture).predictions:
        assert isinstance(one, Prediction)
        assert sum(one.probabilities.values()) == pytest.approx(1)
        assert type(one.tumour) is type(one.out_of_distribution) is type(one.low_confidence) is bool
        assert one.label == max(one.probabilities, key=lambda name: one.probabilities[name])


def test_a_file_where_nothing_was_given_is_told(predicted: Predict) -> None:
    with pytest.raises(BrainTumorError, match="matches nothing"):
        predicted("nowhere/*.png")


def test_strangeness_is_that_of_the_run_s_own_reference(
    run: Path, mixture: Path, predicted: Predict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brain_tumor.predict.model.open_ood_detector", open_ood_detector)
    trained, detector = open_trained(run), open_ood_detector(RunFolder(run))
    assert detector is not None
    reader = Reader(trained.crop, trained.harmonise)
    found = predicted(mixture, "batch_size=5").predictions
    scans = np.array([reader.read(Scan(str(one.source), "")).pixels for one in found[:9]])
    with torch.inference_mode():
        maps: torch.Tensor = trained.network.forward_features(torch.from_numpy(scans).unsqueeze(1))
    expected = detector.score(scans, maps.mean(dim=(2, 3)).numpy())
    np.testing.assert_allclose([one.ood_score for one in found[:9]], expected, rtol=1e-4)
    assert [one.out_of_distribution for one in found[:9]] == (
        expected > detector.threshold
    ).tolist()
