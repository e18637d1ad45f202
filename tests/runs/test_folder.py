import errno
import os
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.history import read_history
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.runs.results.run import RUN


def test_what_is_written_is_read(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.write_config(OmegaConf.create({"a": 1, "b": "${a}"}))
    assert run.read_config() == {"a": 1, "b": 1}
    run.write_json("x.json", {"scores": [0.5, None]})
    assert run.read_json("x.json") == {"scores": [0.5, None]}
    run.write_rows("x.csv", ["path", "part"], [["a, b.jpg", "train"]])
    assert run.read_rows("x.csv") == [{"path": "a, b.jpg", "part": "train"}]


def test_undefined_numbers_do_not_reach_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        RunFolder(tmp_path).write_json("x.json", {"score": float("nan")})


def test_the_best_checkpoint_comes_before_the_last(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    with pytest.raises(DataError, match="best or last"):
        run.checkpoint(None)
    run.checkpoints.mkdir()
    (run.checkpoints / "last.ckpt").touch()
    assert run.checkpoint(None).name == "last.ckpt"
    with pytest.raises(DataError, match="no checkpoint best"):
        run.checkpoint("best")
    (run.checkpoints / "best.ckpt").touch()
    assert run.checkpoint(None).name == "best.ckpt"
    assert run.checkpoint("last").name == "last.ckpt"


@pytest.mark.parametrize("read", ["read_config", "read_json", "read_rows"])
def test_a_folder_that_is_no_run_is_named(tmp_path: Path, read: str) -> None:
    arguments = [] if read == "read_config" else ["missing"]
    with pytest.raises(DataError, match=str(tmp_path)):
        getattr(RunFolder(tmp_path), read)(*arguments)


def test_a_damaged_configuration_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("a: [1")
    with pytest.raises(DataError, match="is damaged"):
        RunFolder(tmp_path).read_config()


class KilledError(Exception):
    """Comes where a process would be killed."""


def rows_until(killed: int | None) -> list[list[str]]:
    class Cell:
        def __init__(self, number: int) -> None:
            self.number = number

        def __str__(self) -> str:
            if self.number == killed:
                raise KilledError
            return f"{self.number}.jpg"

    return [[Cell(number), "test"] for number in range(1648)]  # type: ignore[list-item]


HEADER = ("path", "part")


def test_a_table_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.write_rows("split.csv", HEADER, rows_until(None))
    before = (tmp_path / "split.csv").read_bytes()
    with pytest.raises(KilledError):
        run.write_rows("split.csv", HEADER, rows_until(618))
    assert (tmp_path / "split.csv").read_bytes() == before
    assert len(run.read_rows("split.csv")) == 1648
    assert {path.name for path in tmp_path.iterdir()} == {"split.csv", "checksums.json"}


@pytest.mark.parametrize("replaced", range(3))
def test_a_kill_between_two_files_leaves_a_table_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaced: int
) -> None:
    run = RunFolder(tmp_path)
    run.write_rows("split.csv", HEADER, [["a.jpg", "test"]])
    replace, left = Path.replace, [replaced]

    def until(path: Path, target: Path) -> Path:
        if not left[0]:
            raise KilledError
        left[0] -= 1
        return replace(path, target)

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(Path, "replace", until)
        run.write_rows("split.csv", HEADER, [["b.jpg", "test"]])
    assert len(run.read_rows("split.csv")) == 1


def test_the_same_table_is_not_written_again(tmp_path: Path) -> None:
    run, place = RunFolder(tmp_path), tmp_path / "split.csv"
    run.write_rows("split.csv", HEADER, [["a.jpg", "test"]])
    files = {path: path.stat().st_ino for path in tmp_path.iterdir()}
    run.write_rows("split.csv", HEADER, [["a.jpg", "test"]])
    assert {path: path.stat().st_ino for path in tmp_path.iterdir()} == files
    (tmp_path / "checksums.json").unlink()  # as older versions left it
    run.write_rows("split.csv", HEADER, [["a.jpg", "test"]])
    assert place.stat().st_ino == files[place]
    assert (tmp_path / "checksums.json").exists()


def test_what_is_not_as_it_was_written_is_named(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.write_rows("split.csv", HEADER, [["a.jpg", "test"], ["b.jpg", "train"]])
    run.write_json("metrics.json", {"threshold": 0.25}, checked=True)
    run.write_json("run.json", {"status": "finished"})
    for name, old, new in (
        ("split.csv", "b.jpg,train", "b.jpg,test"),
        ("metrics.json", "0.25", "0.75"),
        ("run.json", "finished", "started"),
    ):
        path = tmp_path / name
        path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
    with pytest.raises(DataError, match=r"split\.csv is not as it was written\. Put back .* train"):
        run.read_rows("split.csv")
    with pytest.raises(
        DataError, match=r"metrics\.json is not as it was written.*evaluate the run"
    ):
        run.read_json("metrics.json")
    assert run.read_json("run.json") == {"status": "started"}  # a person may change it
    (tmp_path / "checksums.json").write_text("[]")
    with pytest.raises(DataError, match=r"checksums\.json is damaged .*delete it"):
        run.read_rows("split.csv")
    (tmp_path / "checksums.json").unlink()
    assert [row["part"] for row in run.read_rows("split.csv")] == ["test", "test"]


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_link_in_the_place_of_a_file_is_replaced(tmp_path: Path) -> None:
    own, run = tmp_path / "own", RunFolder(tmp_path / "run")
    own.write_text("mine")
    run.create()
    for name in ("a.csv", "a.json", "checksums.json", "config.yaml", "a.png"):
        (run.path / name).symlink_to(own)
    (run.path / "checksums.json").unlink()  # which is read before it is written
    run.write_rows("a.csv", HEADER, [["a.jpg", "test"]])
    run.write_json("a.json", {})
    run.write_config(OmegaConf.create({}))
    run.write("a.png", b"picture")
    assert own.read_text() == "mine"
    assert not [path for path in run.path.iterdir() if path.is_symlink()]


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("there", [True, False])
def test_no_folder_on_the_way_is_a_link(tmp_path: Path, there: bool) -> None:
    elsewhere, run = tmp_path / "elsewhere", RunFolder(tmp_path / "run")
    if there:
        elsewhere.mkdir()
    run.create()
    for name in ("figures", "external"):
        (run.path / name).symlink_to(elsewhere)
    outer = run.part("external", "set")
    for write in (
        lambda: run.write_figure("a.png", b"picture"),
        outer.create,
        lambda: outer.write_json("metrics.json", {}),
        lambda: outer.write_figure("a.png", b"picture"),
    ):
        with pytest.raises(DataError, match=r"(figures|external) is a link, .*: replace it by"):
            write()
    assert not (list(elsewhere.iterdir()) if there else elsewhere.exists())


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_run_folder_may_lie_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to("disk")
    (tmp_path / "disk" / "mine").mkdir()
    (tmp_path / "disk" / "latest").symlink_to("mine")
    run = RunFolder(tmp_path / "runs" / "latest")
    run.create()
    with run.locked():
        run.write_figure("a.png", b"picture")
        run.part("external", "set").write_json("metrics.json", {})
    assert (tmp_path / "disk" / "mine" / "figures" / "a.png").read_bytes() == b"picture"


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("name", [".lock", "checkpoints", "tensorboard/hparams.yaml"])
def test_nobody_trains_where_a_link_is(tmp_path: Path, name: str) -> None:
    own, run = tmp_path / "own", RunFolder(tmp_path / "run")
    own.write_text("mine")
    (run.path / name).parent.mkdir(parents=True)
    (run.path / name).symlink_to(own)
    with pytest.raises(DataError, match=rf"{name} is a link"), run.locked():
        pass
    assert own.read_text() == "mine"


def test_what_may_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("no folder")
    with pytest.raises(DataError, match=r"figures/a\.png cannot be written"):
        RunFolder(tmp_path).write_figure("a.png", b"picture")


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
@pytest.mark.parametrize("name", ["metrics.json", "metrics.csv", "config.yaml", "last.ckpt"])
def test_no_file_of_a_run_is_waited_for(tmp_path: Path, name: str) -> None:
    run = RunFolder(tmp_path)
    place = run.checkpoints / name if name == "last.ckpt" else tmp_path / name
    place.parent.mkdir(exist_ok=True)
    read = {
        "metrics.json": lambda: METRICS.read_if_there(run),
        "metrics.csv": lambda: read_history(place),
        "config.yaml": run.read_config,
        "last.ckpt": lambda: run.checkpoint(None),
    }[name]
    os.mkfifo(place)
    with pytest.raises((DataError, OSError)):
        read()
    place.unlink()
    place.symlink_to("/dev/zero")
    with pytest.raises((DataError, OSError)):
        read()


@pytest.mark.parametrize("content", ["[]", "{}", "null", "3", '{"version": []}', ""])
def test_a_record_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(DataError, match=r"run\.json") as caught:
        RUN.read(RunFolder(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_folder_of_somebody_else_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object, **named: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / ".lock"))

    monkeypatch.setattr("filelock.FileLock.acquire", refused)
    told = r"cannot be written \(Permission denied\): make the folder writable"
    with pytest.raises(DataError, match=told), RunFolder(tmp_path).locked():
        pass


def test_a_name_is_no_formula_of_a_spreadsheet(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    names = ["=1+1", "@x", "+a", "-b", "\x1b[2J", "'=c", "'d", "-1.5", "e=f"]
    run.write_rows("predictions.csv", ("path",), [[name] for name in names])
    written = (tmp_path / "predictions.csv").read_text().splitlines()[1:]
    assert written == ["'=1+1", "'@x", "'+a", "'-b", "'\x1b[2J", "''=c", "'d", "-1.5", "e=f"]
    assert [row["path"] for row in run.read_rows("predictions.csv")] == names


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
@pytest.mark.parametrize("name", ["run.json", "predictions.csv", "checksums.json"])
def test_what_does_not_end_is_not_read(tmp_path: Path, name: str) -> None:
    run = RunFolder(tmp_path)
    run.write_rows("predictions.csv", HEADER, [["a.jpg", "test"]])
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match=rf"{name} .*it is a pipe"):
        run.read_json(name) if name.endswith("n.json") else run.read_rows("predictions.csv")
