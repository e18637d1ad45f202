"""Several runs scored together: never by what one of them learned from."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax

from brain_tumor import api
from brain_tumor.data.phantom import write_phantoms
from brain_tumor.data.split import TEST, VALIDATION
from brain_tumor.errors import BrainTumorError, DataError
from brain_tumor.evaluate.ensemble.evaluate import predict_together
from brain_tumor.evaluate.ensemble.members import Members, open_members
from brain_tumor.runs.finished import read_run
from brain_tumor.runs.folder import RunFolder
from brain_tumor.trained.ensemble import average, open_ensemble

PART = {"train": "test", "test": "train"}


@pytest.fixture
def runs(sweep: dict[float, Path], tmp_path: Path) -> list[str]:
    """Copy two runs of one split, so that they may be changed."""
    return [
        str(shutil.copytree(run, tmp_path / name))
        for name, run in zip("ab", sweep.values(), strict=True)
    ]


def opened(runs: list[str]) -> Members:
    return open_members(runs, None, None, "data/prepared", None)


def move(run: str, scans: int | None) -> int:
    """Let test scans of a run be training scans, and the other way round; say how many moved."""
    path = Path(run, "split.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    tested = [row for row in rows if row["part"] == TEST][:scans]
    for row in tested if scans is not None else rows:
        row["part"] = PART.get(row["part"], row["part"])
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    Path(run, "checksums.json").unlink()
    return len(tested)


def test_runs_of_one_split_are_scored_on_its_test_part(runs: list[str]) -> None:
    members = opened(runs)
    own = read_run(Path(runs[0]))
    assert members.left_out == 0
    assert len(members.datamodule.split.test) == len(own.test)
    together, alone = predict_together(members, members.datamodule, (VALIDATION, TEST), "cpu")
    said = [
        log_softmax(one[TEST].logits / (member.chosen.temperature or 1.0), axis=1)
        for one, member in zip(alone, members.trained, strict=True)
    ]
    np.testing.assert_allclose(together[TEST].logits, average(said))
    np.testing.assert_array_equal(together[TEST].labels, alone[0][TEST].labels)


def test_what_one_run_was_trained_on_is_left_out(runs: list[str]) -> None:
    moved = move(runs[1], 3)
    members = opened(runs)
    split = members.datamodule.split
    assert moved == members.left_out == 3
    assert not set(split.test) & set(split.train)
    assert not set(split.test) & set(split.validation)


def test_runs_that_learned_from_each_other_s_test_scans_are_refused(
    runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(runs[1], None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"data.root=FOLDER.*compare"):
        api.evaluate(runs, device="cpu")


def test_they_are_scored_written_and_told(
    runs: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    moved = move(runs[1], 2)
    words = ["evaluation.figures=false", "evaluation.resamples=100"]
    metrics = api.evaluate(runs, device="cpu", overrides=words)
    assert metrics.parts.keys() == {VALIDATION, TEST}
    shown = capsys.readouterr().out
    assert f"{moved} test scans of some runs left out" in shown
    # What predict fits, it fits on what the runs wrote; here they were asked again.
    chosen = open_ensemble(runs).chosen
    assert metrics.temperature.value == pytest.approx(chosen.temperature, rel=1e-5)
    assert metrics.operating_point.threshold == pytest.approx(chosen.threshold, rel=1e-5)
    assert f"on the {open_ensemble(runs).validation} validation scans" in shown
    (folder,) = Path(runs[0]).glob("together/*")
    assert (folder / "metrics.json").is_file()
    first = (folder / "predictions.csv").read_bytes()
    api.evaluate(runs, device="cpu", overrides=words)
    assert (folder / "predictions.csv").read_bytes() == first


def test_another_hospital_s_scans(
    runs: list[str],
    phantom_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_phantoms(tmp_path / "drawn", patients_per_class=2, slices_per_patient=2, seed=77)
    hospital = Path(shutil.copytree(tmp_path / "drawn" / "Training", tmp_path / "hospital"))
    known = next((phantom_root / "Training" / "glioma").iterdir())
    shutil.copy(known, hospital / "glioma" / f"known-{known.name}")
    words = ["evaluation.figures=false", "evaluation.resamples=100", f"data.root={hospital}"]
    metrics = api.evaluate(runs, device="cpu", overrides=words)
    assert metrics.scans.seen >= 1
    (out,) = Path(runs[0]).glob("together/*/external/*")
    seen = RunFolder(out).read_rows("seen.csv")
    assert f"glioma/known-{known.name}" in {row["path"] for row in seen}
    shown = capsys.readouterr().out
    assert "manifest.csv" in shown
    # No run of them can be asked how many are out of distribution together.
    assert shown.count("out of distribution:") == 1 and "evaluate the run" not in shown


def test_corruptions_take_one_run(
    runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BrainTumorError, match="robustness takes one run"):
        api.evaluate(runs, overrides=["robustness=test"])
