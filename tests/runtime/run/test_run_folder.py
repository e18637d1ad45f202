from pathlib import Path

import pytest
from omegaconf import OmegaConf

from brain_tumor.errors import DataError
from brain_tumor.runtime.run.run_folder import RunFolder


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
