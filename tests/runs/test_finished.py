import gzip
from collections.abc import Callable
from pathlib import Path

import finished_runs
import pytest

from brain_tumor.errors import DataError
from brain_tumor.runs.finished import find_folders, read_run

WriteRun = Callable[..., Path]
TEST = [("a.jpg", "glioma", "glioma", "7"), ("b.jpg", "notumor", "glioma", "8")]
TRAIN = [("c.jpg", "glioma", "glioma", "9")]


@pytest.fixture
def write_run(tmp_path: Path) -> WriteRun:
    return lambda name, *rows, **values: finished_runs.write_run(tmp_path / name, *rows, **values)


def test_a_run_is_read(write_run: WriteRun) -> None:
    run = read_run(write_run("run", TEST, TRAIN, fold=2, seed=5))
    assert (run.fold, run.seed, run.split_seed, run.seeds) == (2, 5, 0, (5, 0))
    assert run.classes == ("glioma", "meningioma", "notumor")
    assert run.test == {"a.jpg": ("glioma", "glioma"), "b.jpg": ("notumor", "glioma")}
    assert run.groups == {"a.jpg": "7", "b.jpg": "8", "c.jpg": "9"}
    assert read_run(write_run("old", TEST, grouped=False)).groups is None


def test_places_and_seeds_are_no_part_of_a_setting(write_run: WriteRun) -> None:
    first = read_run(write_run("a", TEST, seed=0, fold=0))
    moved = {
        "data.root": "/elsewhere",
        "logger": {"tensorboard": {"version": "1"}},
        "split.seed": 3,
        "callbacks.pictures": {"every": 5},
    }
    again = read_run(write_run("b", TEST, seed=1, fold=3, values=moved))
    assert first.setting == again.setting
    assert {"split.folds", "optimizer.lr", "callbacks.history.every"} <= first.setting.keys()


@pytest.mark.parametrize(
    "values",
    [{"optimizer.lr": 1e-4}, {"callbacks.history.every": 2}, {"model.weights": "mine.pth"}],
)
def test_everything_else_is(write_run: WriteRun, values: dict) -> None:
    first, second = write_run("a", TEST), write_run("b", TEST, values=values)
    assert read_run(first).setting != read_run(second).setting
    # What is null counts as not there.
    nothing = write_run("c", TEST, values={"scheduler": None})
    assert read_run(first).setting == read_run(nothing).setting


def test_what_could_not_be_chosen_yet_is_what_was_done(write_run: WriteRun) -> None:
    before = write_run("before", TEST)
    named = {"training.softmax_twice": False, "model.head": "flatten"}
    assert read_run(write_run("same", TEST, values=named)).setting == read_run(before).setting
    for name, value in {"training.softmax_twice": True, "model.head": "gap"}.items():
        other = read_run(write_run(name, TEST, values={name: value}))
        assert other.setting != read_run(before).setting


def test_other_scans_are_another_setting(write_run: WriteRun) -> None:
    first, second = write_run("a", TEST), write_run("b", TEST, fingerprint="d4e5f6")
    assert read_run(first).setting != read_run(second).setting


def test_runs_are_found_below_folders_and_by_globs(
    write_run: WriteRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [write_run(f"sweep/{number}", TEST) for number in range(3)]
    (tmp_path / "sweep" / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    sweep = str(tmp_path / "sweep")
    for given in ([sweep], [f"{sweep}/*"], [f"{tmp_path}/**"], [sweep, str(runs[1])]):
        assert sorted(find_folders(given, "run.json", "run")) == runs
    assert find_folders([str(runs[2] / "run.json")], "run.json", "run") == [runs[2]]
    monkeypatch.chdir(tmp_path)
    assert find_folders(["sw*/1", str(runs[1])], "run.json", "run") == [Path("sweep/1")]
    for wrong in ("nowhere", "nowhere/*", "empty", "sweep/*.txt"):
        with pytest.raises(DataError, match=f"{wrong[:7]}.*give run folders"):
            find_folders([wrong], "run.json", "run")


@pytest.mark.parametrize("status", ["started", "failed", "interrupted", "fast_dev_run"])
def test_an_unfinished_run_is_refused(write_run: WriteRun, status: str) -> None:
    folder = write_run("run", TEST, status=status)
    with pytest.raises(DataError, match=f"{folder} is not finished .*{status}"):
        read_run(folder)


def test_a_run_without_test_predictions_is_refused(write_run: WriteRun) -> None:
    with pytest.raises(DataError, match="run predicted no test part"):
        read_run(write_run("run", [], TRAIN))


def drop_the_seed(folder: Path) -> None:
    lines = (folder / "config.yaml").read_text().splitlines()
    kept = [line for line in lines if not line.startswith("seed:")]
    (folder / "config.yaml").write_text("\n".join(kept))


def rename_a_class(folder: Path) -> None:
    path = folder / "predictions.csv"
    path.write_text(path.read_text().replace("test,glioma", "test,gloima"))


def repeat_a_prediction(folder: Path) -> None:
    path = folder / "predictions.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[-1] + "\n")


def lose_a_prediction(folder: Path) -> None:
    path = folder / "predictions.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")


def empty_the_split(folder: Path) -> None:
    (folder / "split.csv").write_text("path,label,part,group\n")


def forget_the_folds(folder: Path) -> None:
    path = folder / "config.yaml"
    path.write_text(path.read_text().replace("  folds: 4\n", ""))


@pytest.mark.parametrize(
    "damage",
    [
        drop_the_seed,
        rename_a_class,
        repeat_a_prediction,
        lose_a_prediction,
        empty_the_split,
        forget_the_folds,
    ],
)
def test_a_damaged_run_is_refused(write_run: WriteRun, damage: Callable[[Path], None]) -> None:
    folder = write_run("run", TEST, TRAIN, fold=0)
    read_run(folder)
    damage(folder)
    (folder / "checksums.json").unlink()  # as older versions left it
    with pytest.raises(DataError, match=f"in {folder} are incomplete or do not fit together"):
        read_run(folder)


def test_a_table_that_is_no_text_is_named(write_run: WriteRun) -> None:
    folder = write_run("run", TEST, TRAIN, fold=0)
    (folder / "predictions.csv").write_bytes(b"path,part\n\xff\xfe,test\n")
    (folder / "checksums.json").unlink()
    with pytest.raises(DataError, match=r"predictions\.csv cannot be read .*take a whole run"):
        read_run(folder)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("split.csv", r"it has 2 rows, 3 were written\. .*or train again"),
        ("predictions.csv", r"it has 2 rows, 3 were written\. .*or evaluate the run again"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_a_table_that_is_cut_between_two_rows_is_named(
    write_run: WriteRun, name: str, told: str, compressed: bool
) -> None:
    # Both tables, so that they fit together: what a comparison checks besides.
    folder = write_run("run", TEST, TRAIN, fold=0)
    path = folder / name
    content = b"".join(path.read_bytes().splitlines(keepends=True)[:-1])
    if compressed:
        path.unlink()
        path = folder / f"{name}.gz"
        content = gzip.compress(content)
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"{path} is not as it was written: {told}"):
        read_run(folder)


def test_compressed_tables_are_those_that_were_written(write_run: WriteRun) -> None:
    folder = write_run("run", TEST, TRAIN, fold=0)
    plain = read_run(folder)
    for name in ("split.csv", "predictions.csv"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
        (folder / name).unlink()
    assert read_run(folder).test == plain.test


@pytest.mark.parametrize("name", ["config.yaml", "predictions.csv", "split.csv"])
def test_a_missing_file_is_named(write_run: WriteRun, name: str) -> None:
    folder = write_run("run", TEST)
    (folder / name).unlink()
    with pytest.raises(DataError, match=name):
        read_run(folder)


@pytest.mark.parametrize(
    ("device", "asked"), [("CPU", "cpu"), ("MPS", "mps"), ("NVIDIA H100 80GB HBM3", "gpu")]
)
def test_what_auto_picked_is_one_setting_with_what_was_asked_for(
    write_run: WriteRun, device: str, asked: str
) -> None:
    auto, told = (
        read_run(write_run(name, TEST, values={"trainer": {"accelerator": name}}, device=device))
        for name in ("auto", asked)
    )
    assert auto.setting == told.setting
    assert auto.setting["trainer.accelerator"] == asked
