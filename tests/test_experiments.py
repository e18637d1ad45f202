"""The tools of `experiments/`: what is kept says what the run said, tables are made of it."""

import csv
import gzip
import re
from pathlib import Path

import pytest
from finished_runs import CLASSES, Row, write_run
from omegaconf import OmegaConf

from brain_tumor.audit.results.audit import AUDIT
from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.compare.published import Results
from brain_tumor.config.arguments import parse_settings
from brain_tumor.errors import DataError
from brain_tumor.runs.finished import read_run
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.identity import flatten, setting_of
from brain_tumor.runs.results.run import RUN
from experiments.findings import HERE as ROOT
from experiments.findings import Findings, in_epoch, kept_runs
from experiments.front_picture import RECIPES
from experiments.heads import read_answers, together
from experiments.keep import keep
from experiments.longer_over_patients.schedule import ANSWERS as SCHEDULE
from experiments.results import compared, kept, made_pages


def rows(first: int, count: int) -> list[Row]:
    return [
        (f"{n:03}.jpg", CLASSES[n % 3], CLASSES[n * n % 3], f"patient {n // 2}")
        for n in range(first, first + count)
    ]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "a b" / "run", rows(0, 30), rows(30, 60))


def test_what_is_kept_says_what_the_run_said(run: Path, tmp_path: Path) -> None:
    (kept,) = keep(tmp_path / "kept", [str(run)])
    assert kept.name == "mine-gbmnet-report-seed0"
    before, after = read_run(run), read_run(kept)
    assert after.test == before.test
    assert after.groups == before.groups
    assert after.part_sizes == before.part_sizes
    assert after.predictions.keys() == {"train", "test"}
    for part, own in after.predictions.items():
        assert (own.logits == before.predictions[part].logits).all()
        assert own.paths == before.predictions[part].paths
    # Where data lie is no part of a setting, so both are the same one.
    assert after.setting == before.setting


def test_nothing_kept_tells_of_the_machine(run: Path, tmp_path: Path) -> None:
    (kept,) = keep(tmp_path / "kept", [str(run)])
    for path in kept.iterdir():
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
        assert str(tmp_path) not in text
        assert not re.search(r"(^|[\s\"'=\[])/\w", text), path


def test_a_fold_keeps_its_test_scans_and_not_its_training_scans(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", rows(0, 30), rows(30, 60), fold=2)
    (kept,) = keep(tmp_path / "kept", [str(folder)])
    assert kept.name == "mine-gbmnet-patient-fold2-seed0"
    found = read_run(kept)
    assert found.predictions.keys() == {"test"}
    assert found.part_sizes == read_run(folder).part_sizes


def test_runs_are_named_by_what_tells_them_apart(tmp_path: Path) -> None:
    places = [
        str(write_run(tmp_path / str(width), rows(0, 12), values={"model.width": width}))
        for width in (512, 64)
    ]
    places.append(str(write_run(tmp_path / "c", rows(0, 12), values={"name": "other"})))
    kept = keep(tmp_path / "kept", places)
    assert [path.name for path in kept] == [
        "mine-gbmnet-report-width512-seed0",
        "mine-gbmnet-report-width64-seed0",
        "other-gbmnet-report-seed0",
    ]


def test_a_kept_run_is_not_overwritten(run: Path, tmp_path: Path) -> None:
    keep(tmp_path / "kept", [str(run)])
    with pytest.raises(DataError, match="is there already"):
        keep(tmp_path / "kept", [str(run)])
    other = write_run(tmp_path / "b", rows(0, 30), rows(30, 60))
    with pytest.raises(DataError, match="leave one"):
        keep(tmp_path / "more", [str(run), str(other)])
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize(("name", "harm"), [("split", b"\x1f\x8b\x08junk"), ("predictions", b"")])
def test_a_damaged_table_is_told(run: Path, tmp_path: Path, name: str, harm: bytes) -> None:
    (kept,) = keep(tmp_path / "kept", [str(run)])
    (kept / f"{name}.csv.gz").write_bytes(harm)
    with pytest.raises(DataError, match=rf"{name}\.csv"):
        read_run(kept)


def test_a_table_with_a_cell_without_end_is_told(run: Path) -> None:
    # As where the power went: the end of the file is all zero bytes.
    with (run / "predictions.csv").open("ab") as file:
        file.write(bytes(2**18))
    (run / "checksums.json").unlink()  # as older versions left it
    with pytest.raises(DataError, match=r"predictions\.csv cannot be read .*field larger"):
        read_run(run)


def test_a_table_that_unpacks_to_too_much_is_told(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept,) = keep(tmp_path / "kept", [str(run)])
    monkeypatch.setattr("brain_tumor.runs.folder.MAX_UNPACKED", 100)
    with pytest.raises(DataError, match="it unpacks to more"):
        read_run(kept)


def test_the_short_way_to_200_epochs_leads_where_the_training_does() -> None:
    runs = [run for run in kept_runs("as_reported") if run.setting["model.name"] == "mobilenetv2"]
    with (ROOT / "open_settings" / "long_head.csv").open(encoding="utf-8") as file:
        kind = {"augment": "report", "softmax_twice": "False", "frozen_statistics": "True"}
        lines = [line for line in csv.DictReader(file) if kind.items() <= line.items()]
    names = {"train/accuracy": "accuracy", "train/loss": "cost", "test/accuracy": "test_accuracy"}
    assert runs
    for epoch in (20, 100, 200):
        for theirs, ours in names.items():
            short = [float(line[ours]) for line in lines if line["epoch"] == str(epoch)]
            assert len(short) == 3
            for run in runs:
                mean = pytest.approx(sum(short) / 3, abs=0.01)
                assert in_epoch(run, epoch, theirs) == mean, (ours, epoch, run.seed)


def test_few_augmented_passes_lead_near_to_where_the_training_does() -> None:
    (run,) = [run for run in kept_runs("as_reported") if run.setting["model.name"] == "mobilenetv2"]
    short = together(read_answers(SCHEDULE)[1], "report")
    assert float((short.labels == short.predicted).mean()) == pytest.approx(
        in_epoch(run, 200, "test/accuracy"), abs=0.01
    )


def test_the_class_that_the_report_finds_least_is_that_of_its_scans() -> None:
    results = OmegaConf.load(conf_folder() / "published" / "results.yaml")
    published = {name: parse_settings(Results, own) for name, own in results.items()}
    audit = AUDIT.read(RunFolder(ROOT / "leakage"))
    found = Findings({}, published, audit)
    # "No tumor": recall 0.26 of 383 scans, which are as many as the folder meningioma gives.
    assert found.weak_class() == "meningioma"
    assert found.published_recall("mobilenetv2", "test", "meningioma") == 0.26
    assert found.published_recall("gbmnet", "train", "notumor") == 0.99  # its "Glioma"


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_front_picture_changes_nothing_but_the_split(recipe: str) -> None:
    """A recipe's runs under both splits differ in what cuts the split, and in its name."""
    network, experiments = RECIPES[recipe]
    found = []
    for split, experiment in experiments.items():
        runs = sorted((ROOT / experiment / "runs").glob(f"*-{network}-{split}-*"))
        folds = {"report": [None], "patient": [0, 1, 2, 3]}[split]
        seeds = (0, 1) if experiment == "best_patient" else (0,)
        places = []
        for run in runs:
            record = RUN.read(RunFolder(run))
            config = flatten(OmegaConf.to_container(RunFolder(run).read_config()))
            places.append((config["seed"], config.get("split.fold")))
            config["trainer.accelerator"] = record.device  # `auto` took it
            config["data.fingerprint"] = record.data.fingerprint
            found.append({**setting_of(config), "name": None})
        assert sorted(places, key=str) == [(seed, fold) for seed in seeds for fold in folds]
    assert all(
        own.get(key) == found[0].get(key)
        for own in found
        for key in own.keys() | found[0].keys()
        if not key.startswith("split.")
    )


@pytest.mark.slow
def test_the_committed_tables_are_what_is_made_of_the_committed_runs() -> None:
    register_resolvers()
    experiments = {folder.name: compared(folder) for folder in kept()}
    assert experiments
    for path, text in made_pages(experiments).items():
        assert path.read_text(encoding="utf-8") == text, f"make results: {path}"
    for name in experiments:
        for page in (ROOT / name).glob("*.md"):
            text = page.read_text(encoding="utf-8")
            for picture in re.findall(r"\]\((figures/\w+\.png)\)", text):
                assert (ROOT / name / picture).is_file(), picture
